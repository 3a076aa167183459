"""Graph, weights and inputs -> the value of every node, in numpy: what a figure with numbers shows.

Only steps whose units can be drawn one by one are known here; any other raises Uncomputed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from netspec.figure.maps import of_maps
from netspec.figure.weights import Arrays
from netspec.ir.graph import Graph, Node


class Uncomputed(Exception):
    """A step that is not computed here."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.word)
        self.node = node


def _sigmoid(x: Any, np: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _erf(x: Any, np: Any) -> Any:
    return np.vectorize(math.erf, otypes=[float])(x)


def _softplus(x: Any, np: Any) -> Any:
    return np.logaddexp(0, x)


_ACTIVATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "identity": lambda x, np: x,
    "stop": lambda x, np: x,
    "sigmoid": _sigmoid,
    "tanh": lambda x, np: np.tanh(x),
    "relu": lambda x, np: np.maximum(x, 0),
    "relu6": lambda x, np: np.clip(x, 0, 6),
    "silu": lambda x, np: x * _sigmoid(x, np),
    "gelu": lambda x, np: x * 0.5 * (1 + _erf(x / math.sqrt(2), np)),
    "mish": lambda x, np: x * np.tanh(_softplus(x, np)),
    "softplus": _softplus,
    "elu": lambda x, np: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "hardsigmoid": lambda x, np: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x, np: x * np.clip(x / 6 + 0.5, 0, 1),
    "step": lambda x, np: (x > 0).astype(x.dtype),
    "exp": lambda x, np: np.exp(x),
    "log": lambda x, np: np.log(x),
    "abs": lambda x, np: np.abs(x),
    "sqrt": lambda x, np: np.sqrt(x),
    "square": lambda x, np: np.square(x),
}
# nothing happens to a value outside of training
_PASSED = frozenset(("port", "dropout", "droppath", "reshape", "flatten"))


def compute(graph: Graph, weights: Arrays, inputs: Mapping[str, Any]) -> dict[int, Any]:
    """The flattened value of output 0 of each node, float64. `inputs`: arrays by the labels of the input lines.

    Raises Uncomputed for a step whose values are not known here (attention, delayed reads, …).
    """
    import numpy as np

    values: dict[int, Any] = {}
    for node in graph.nodes:
        read = [values[edge.node] for edge in node.inputs if edge.output == 0 and edge.node in values]
        if len(read) != len(node.inputs):
            raise Uncomputed(node)
        values[node.index] = _value(node, read, weights, inputs, graph, np)
    return values


def _value(node: Node, read: list[Any], weights: Arrays, inputs: Mapping[str, Any], graph: Graph, np: Any) -> Any:
    name, op = node.op.name, node.op
    if node.kind == "input":
        return np.asarray(inputs[graph.layers[node.layer].label], dtype=np.float64).reshape(-1)
    if name == "perceptrons":
        return _perceptrons(node, read[0], weights, np)
    if name == "gaussian":
        return -np.square(read[0] - weights[node.stored("prototypes")].astype(np.float64)).sum(-1)
    if name == "gelu" and getattr(op, "approximate", "none") == "tanh":
        return read[0] * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (read[0] + 0.044715 * read[0] ** 3)))
    if name in _ACTIVATIONS and (not op.options or name == "gelu"):
        return _ACTIVATIONS[name](read[0], np)
    if name == "leaky":
        slope = float(next(iter(op.__dict__.values())))
        return np.where(read[0] > 0, read[0], slope * read[0])
    if name == "softmax" and not node.type.space and getattr(op, "role", None) in (None, "maps"):
        shifted = np.exp(read[0] - read[0].max())
        return shifted / shifted.sum()
    if name in _PASSED:
        return read[0]
    if name in ("add", "subtract", "multiply") and len({value.shape for value in read}) == 1:
        function = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}[name]
        return function(*read)
    if name == "join" and not node.type.space and getattr(op, "role", "maps") == "maps":
        return np.concatenate(read)
    if len(read) == 1:
        edge = node.inputs[0]
        found = of_maps(node, read[0], graph.nodes[edge.node].types[edge.output], weights)
        if found is not None:
            return found
    raise Uncomputed(node)


def _perceptrons(node: Node, x: Any, weights: Arrays, np: Any) -> Any:
    """w_0 + w x; borrowed weights may be stored the other way round."""
    matrix = weights[node.stored()].astype(np.float64)
    if getattr(node.op, "tie", None) == "turned":
        matrix = matrix.T
    total = matrix @ x
    if getattr(node.op, "bias", False):
        total = total + weights[node.stored("bias")].astype(np.float64)
    return total
