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
    """The states that a net carries from batch to batch: tensors (B, …) by their path in the module's state.

    torch's recurrent layers keep (layers, B, units); here the examples come first.
    """

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
            if self.names[_line(path)]:
                level[name] = level[name].transpose(0, 1).contiguous()
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
        for path, value in _leaves(after, ""):
            layers_first = self.names.get(_line(path))
            if layers_first is not None:
                found[path] = value.detach().transpose(0, 1) if layers_first else value.detach()
        self.state = found


def _carried(graph: Graph) -> dict[str, bool]:
    """Return the lines of the spec whose state is carried, and whether the state has layers before examples.

    A line in a block is named `outer_inner`: the state of a block that is written out in a loop has this key.
    """
    found: dict[str, bool] = {}
    for node in graph.nodes:
        if node.carried:
            found[_named(graph, node.layer)] = node.op.layers_first
        elif node.kind == "delay" and any(graph.nodes[edge.node].op.carries for edge in node.inputs[1:]):
            found[_named(graph, graph.nodes[node.inputs[0].node].layer)] = False
    if found:
        found |= {f"{_named(graph, node.layer)} steps": False for node in graph.nodes if node.op.counts_steps}
    return found


def _named(graph: Graph, layer: int) -> str:
    """Return the labels of a line and of the lines that call the blocks around it."""
    labels, scope = [graph.layers[layer].label], graph.scopes[graph.layers[layer].scope]
    while scope.parent >= 0:
        if scope.kind == "block":
            labels.insert(0, graph.layers[scope.layer].label)
        scope = graph.scopes[scope.parent]
    return "_".join(labels)


def _line(path: str) -> str:
    """Return the line, as `_named` names it, that keeps a state: its path without numbers of rounds and of steps."""
    return "_".join(name for part in path.split("/") if (name := part.split(".")[0]) and not name.isdigit())


def _leaves(state: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    """Yield (path, value) of every tensor. A line that keeps several has the paths `name/0`, `name/1`, …"""
    for key, value in state.items():
        inner = f"{path}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{inner}/")
        elif isinstance(value, tuple):
            yield from ((f"{inner}/{at}", part) for at, part in enumerate(value))
        else:
            yield inner, value


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
