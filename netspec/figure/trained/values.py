"""Graph, weights and inputs -> the value of every node: what a figure with numbers shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.compute.arrays import given
from netspec.compute.evaluate import evaluate_numpy
from netspec.figure.trained import Arrays
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.ir.values import values_of


def compute(graph: Graph, weights: Arrays, inputs: Mapping[str, Any]) -> dict[int, Any]:
    """The values of one example at one time step.

    Parameters:
        graph: the net; no size is open.
        weights: every stored array by its key.
        inputs: the numbers of each input line by its label, in reading order.

    Returns:
        For each node the flattened value of its first output, float64.

    Raises:
        Uncomputed: a step does not say what it computes, or needs other time steps.
    """
    arrays, numbers = {}, {}
    for index in graph.inputs:
        node = graph.nodes[index]
        label = graph.layers[node.layer].label
        arrays[label] = given(_shape(node.type), f"input {label}")
        numbers[f"input {label}"] = inputs[label]
    stored = {item.key: given(tuple(item.weight.shape), item.key) for item in graph.stored}  # type: ignore[arg-type]
    values = values_of(graph, arrays, stored.__getitem__, one_step=True)
    first = {edge.node: array for edge, array in values.edges.items() if edge.output == 0}
    found = evaluate_numpy(list(first.values()), numbers | {key: weights[key] for key in stored})
    return {index: value.reshape(-1) for index, value in zip(first, found, strict=True)}


def _shape(own: Type) -> tuple[int, ...]:
    """(1, C, *space); class indices have no axis C."""
    sizes: Any = (1, *own.space) if own.classes is not None else (1, own.maps, *own.space)
    return tuple(sizes)
