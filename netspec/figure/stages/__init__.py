"""Turns a graph into stages: the chain of values that the planes view and the strip view draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from netspec.figure.colours import kind_of
from netspec.figure.units import Unsuitable
from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.operation import Windows
from netspec.ir.sizes import Formula, Size
from netspec.ir.types import Type


@dataclass(slots=True, eq=False)
class Stage:
    """A value of the chain. `does` says which kind of step computes it from the value before.

    The kinds are `filters`, `pool`, `full` (perceptrons) and `other`; the first value of the chain has `input`.
    """

    id: str
    layer: Layer
    node: Node
    type: Type
    does: str
    last: int = -1  # the node whose value the stage shows: the last norm or activation after `node`
    label: str = ""  # the label of the line, if this is the last stage of the line
    caption: str = ""
    windows: Windows | None = None  # the windows, as numbers, that lead from the maps before to these maps

    @property
    def kind(self) -> tuple[str, ...]:
        """The kind of the step for colours; none for an input, or for a step of no kind."""
        return (kind_of([self.node]),) if self.does != "input" else ()


@lru_cache(maxsize=4)  # a figure asks for each step of its net
def stages_of(graph: Graph) -> list[Stage]:
    """Return the stages of a net that is one chain from one input.

    Raises Unsuitable if the net has several inputs, if paths join, or if a value has time steps or classes.
    """
    stages: list[Stage] = []
    holds: dict[int, Stage] = {}
    counts: dict[str, int] = {}
    for node in graph.nodes:
        if node.kind == "input":
            if stages:
                raise Unsuitable(node)
            stage = _stage(graph, node, "input", counts)
        elif len({edge.node for edge in node.inputs}) != 1 or holds.get(node.inputs[0].node) is not stages[-1]:
            raise Unsuitable(node)
        elif node.op.effect not in ("new", "select") and not _is_arranged(graph, node):
            holds[node.index] = stages[-1]
            stages[-1].last = node.index
            continue
        else:
            windows = node.op.windows(graph.type_of(node.inputs[0]))
            stage = _stage(graph, node, _does(node, windows), counts)
            if windows is not None and stage.type.space:
                stage.windows = _in_numbers(windows)
        if node.type.time is not None or node.type.classes is not None or len(node.types) != 1:
            raise Unsuitable(node)
        stages.append(stage)
        holds[node.index] = stage
        stage.last = node.index
    _name(graph, holds)
    return stages


def _is_arranged(graph: Graph, node: Node) -> bool:
    """Whether the same values come out as maps of another size: `reshape(256@7x7)`."""
    return bool(node.type.space) and node.type.space != graph.type_of(node.inputs[0]).space


def _does(node: Node, windows: Windows | None) -> str:
    if windows is not None and (node.op.family == "filters" or not windows.turned):
        return "filters" if node.op.family == "filters" else "pool"
    return "full" if node.op.wiring == "full" else "other"


def _in_numbers(windows: Windows) -> Windows:
    """Return windows with each formula as a number."""
    kernel, stride, dilation, pad = (tuple(int(number(size)) for size in part) for part in windows[:4])
    even = tuple((int(number(count)), int(number(size))) for count, size in windows.even)
    return Windows(kernel, stride, dilation, pad, even, windows.turned)


def _stage(graph: Graph, node: Node, does: str, counts: dict[str, int]) -> Stage:
    layer = graph.layers[node.layer]
    count = counts[layer.path] = counts.get(layer.path, 0) + 1
    return Stage(layer.path if count == 1 else f"{layer.path}.{count}", layer, node, node.type, does)


def _name(graph: Graph, holds: dict[int, Stage]) -> None:
    """Give the label of each line to the last stage of the line, and the caption of the line to the first stage."""
    for layer in graph.layers:
        if layer.scope != 0 or not layer.values:
            continue
        last = holds.get(Edge(*layer.values[0]).node)
        if last is not None:
            last.label = layer.label
        first = next((stage for stage in dict.fromkeys(holds.values()) if stage.layer is layer), None)
        if first is not None:
            first.caption = layer.caption


def number(size: Size) -> float:
    """Return a size as a number; for a formula, its value at the first witness (see `netspec.ir.sizes`)."""
    return float(size.values[0]) if isinstance(size, Formula) else float(size)


def extent(value: Type) -> tuple[float, float]:
    """Return how many rows and columns a map has; a map with one axis has one row."""
    if not value.space:
        return 1.0, 1.0
    sizes = [number(size) for size in value.space]
    return (1.0, sizes[0]) if len(sizes) == 1 else (sizes[-2], sizes[-1])
