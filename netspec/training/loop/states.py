"""Make stateful batches for nets with `start z: carried`: each batch begins with the states that the batch before left.

Gradients do not flow from a batch to the batch before. Row 3 of a batch continues row 3 of the batch before. So the
examples are divided into as many stretches of consecutive examples as a batch has rows, and each batch takes the next
example of every stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from netspec.ir.graph import Graph
from netspec.training.loop.parallel import Processes

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Array = np.ndarray[Any, np.dtype[Any]]


def stateful_batches(count: int, batch: int) -> tuple[Array, list[tuple[int, int]]]:
    """Return the order of the examples in stateful batches.

    Only the last row of a batch can run out of examples, so the last batches may have one row less.

    Parameters:
        count: how many examples there are.
        batch: how many rows a batch has at most.

    Returns:
        the order of the examples (count,), and for each batch, its begin and end in that order.
    """
    import numpy as np

    length = -(-count // batch)
    width = -(-count // length)
    grid = np.arange(width * length).reshape(width, length)
    order = grid.T.reshape(-1)
    order = order[order < count]
    full = count - (width - 1) * length  # how many batches have the last row
    ends = np.cumsum([width if step < full else width - 1 for step in range(length)])
    return order, list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True))


class CarriedStates:
    """The states that a net carries from batch to batch: tensors (B, …) by their path in the module's state."""

    def __init__(self, graph: Graph) -> None:
        self.names = _carried(graph)
        self.state: dict[str, Tensor] = {}

    def __bool__(self) -> bool:
        return bool(self.names)

    def reset(self) -> None:
        """Forget the states, so that the next batch begins with zeros."""
        self.state = {}

    def before(self, rows: int) -> dict[str, Any]:
        """Return the states with which a batch of `rows` rows begins, nested as the module takes them."""
        found: dict[str, Any] = {}
        for path, value in self.state.items():
            *scopes, name = path.split("/")
            level = found
            for scope in scopes:
                level = level.setdefault(scope, {})
            level[name] = value[:rows]
        return _with_tuples(found)

    def whole(self, processes: Processes) -> dict[str, Tensor]:
        """Return the states of the rows of all processes, for a checkpoint. Every process must call this method."""
        return {path: processes.rows(value) for path, value in self.state.items()}

    def restore(self, whole: Mapping[str, Tensor], processes: Processes, rows: int | None, device: str) -> None:
        """Take this process's rows of the states in a checkpoint."""
        self.state = {}
        for path, value in whole.items():
            begin, end = processes.share(0, len(value), rows)
            self.state[path] = value[begin:end].to(device)

    def keep(self, after: dict[str, Any]) -> None:
        """Keep, for the next batch, the states that the module returned."""
        found = {}
        for path, depth, name, value in _leaves(after, "", 0):
            if (depth, name) in self.names:
                found[path] = value.detach()
        self.state = found


def _carried(graph: Graph) -> frozenset[tuple[int, str]]:
    """Return (depth, name) of each line of the spec whose state is carried; the depth counts the enclosing blocks."""
    found = set()
    for node in graph.nodes:
        if node.kind != "delay":
            continue
        if any(graph.nodes[edge.node].op.carries for edge in node.inputs[1:]):
            layer = graph.layers[node.layer]
            found.add((_depth(graph, node.layer), layer.label))
    return frozenset(found)


def _depth(graph: Graph, layer: int) -> int:
    """Return how many blocks enclose a line."""
    scope, found = graph.scopes[graph.layers[layer].scope], 0
    while scope.parent >= 0:
        found += scope.kind == "block"
        scope = graph.scopes[scope.parent]
    return found


def _leaves(state: Any, path: str, depth: int) -> Iterator[tuple[str, int, str, Tensor]]:
    """Yield (path, depth, the line's name, value) of every tensor. A line that keeps several steps has the paths
    `name/0`, `name/1`, …"""
    for key, value in state.items():
        name = key.split(".")[0]
        inner = f"{path}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{inner}/", depth + 1)
        elif isinstance(value, tuple):
            yield from ((f"{inner}/{at}", depth, name, part) for at, part in enumerate(value))
        else:
            yield inner, depth, name, value


def _with_tuples(state: dict[str, Any]) -> dict[str, Any]:
    """Return the nested states; dictionaries whose keys are all numbers become tuples, as the module takes them."""
    found: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, dict):
            inner = _with_tuples(value)
            whole = inner and all(name.isdigit() for name in inner)
            found[key] = tuple(inner[str(at)] for at in range(len(inner))) if whole else inner
        else:
            found[key] = value
    return found
