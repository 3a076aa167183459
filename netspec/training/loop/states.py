"""`start z: carried` -> the state that one batch hands to the next, without its gradient.

Examples then stand in lanes: every lane is a stretch of examples in their order, and a batch takes one of each,
so that row 3 of a batch goes on where row 3 of the batch before ended.
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


def lanes(count: int, batch: int) -> tuple[Array, list[tuple[int, int]]]:
    """The order of `count` examples in at most `batch` lanes, and where each batch begins and ends in it.

    All lanes are equally long but the last one, so a batch loses at most its last row.
    """
    import numpy as np

    length = -(-count // batch)
    width = -(-count // length)
    grid = np.arange(width * length).reshape(width, length)
    order = grid.T.reshape(-1)
    order = order[order < count]
    full = count - (width - 1) * length  # steps that the last lane takes part in
    ends = np.cumsum([width if step < full else width - 1 for step in range(length)])
    return order, list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True))


class CarriedStates:
    """The states of a net's carried recurrences: tensors (B, …) by their path in the module's state."""

    def __init__(self, graph: Graph) -> None:
        self.names = _carried(graph)
        self.state: dict[str, Tensor] = {}

    def __bool__(self) -> bool:
        return bool(self.names)

    def reset(self) -> None:
        """Zeros again, as before the first batch."""
        self.state = {}

    def before(self, rows: int) -> dict[str, Any]:
        """What a batch of `rows` begins with, in the module's form."""
        found: dict[str, Any] = {}
        for path, value in self.state.items():
            *scopes, name = path.split("/")
            level = found
            for scope in scopes:
                level = level.setdefault(scope, {})
            level[name] = value[:rows]
        return _with_tuples(found)

    def whole(self, processes: Processes) -> dict[str, Tensor]:
        """The states of all rows, for a checkpoint; every process calls it."""
        return {path: processes.rows(value) for path, value in self.state.items()}

    def restore(self, whole: Mapping[str, Tensor], processes: Processes, lanes: int | None, device: str) -> None:
        """This process's rows of a checkpoint's states."""
        self.state = {}
        for path, value in whole.items():
            begin, end = processes.share(0, len(value), lanes)
            self.state[path] = value[begin:end].to(device)

    def keep(self, after: dict[str, Any]) -> None:
        """Takes what the module returned."""
        found = {}
        for path, depth, name, value in _leaves(after, "", 0):
            if (depth, name) in self.names:
                found[path] = value.detach()
        self.state = found


def _carried(graph: Graph) -> frozenset[tuple[int, str]]:
    """How deep each carried line stands, and its name."""
    found = set()
    for node in graph.nodes:
        if node.kind != "delay":
            continue
        if any(graph.nodes[edge.node].op.carries for edge in node.inputs[1:]):
            layer = graph.layers[node.layer]
            found.add((_depth(graph, node.layer), layer.label))
    return frozenset(found)


def _depth(graph: Graph, layer: int) -> int:
    """How many blocks a line stands in."""
    scope, found = graph.scopes[graph.layers[layer].scope], 0
    while scope.parent >= 0:
        found += scope.kind == "block"
        scope = graph.scopes[scope.parent]
    return found


def _leaves(state: Any, path: str, depth: int) -> Iterator[tuple[str, int, str, Tensor]]:
    """(path, depth, the line's name, value) of every tensor; several steps back are `name/0`, `name/1`."""
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
    """Numbered parts as the tuples that they were."""
    found: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, dict):
            inner = _with_tuples(value)
            whole = inner and all(name.isdigit() for name in inner)
            found[key] = tuple(inner[str(at)] for at in range(len(inner))) if whole else inner
        else:
            found[key] = value
    return found
