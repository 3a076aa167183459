"""Makes one row for each line of a net: the line's type, weights, multiply-adds, and the text of its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netspec.ir.graph import Counts, Graph, Layer, Node
from netspec.ir.sizes import Size
from netspec.ir.types import Type
from netspec.syntax.parser import QUOTED

_COMMENT = re.compile(rf"({QUOTED})|#[^\n]*")
_EXPECTED = re.compile(r"\s+is\s[^\"]*$")  # the type at the end of a line; the table has a column for types


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; `level` says in how many blocks the line is nested."""

    layer: Layer
    level: int
    path: str
    types: tuple[Type, ...]
    counts: Counts
    macs: Size
    does: str
    dimension: str  # "785-dimensional" if each perceptron reads 784 values and the constant 1


def rows(graph: Graph, depth: int = 0, starts: bool = False) -> Iterator[Row]:
    """Yield the net's lines in order, with lines nested in up to `depth` blocks; `start` lines only if `starts`."""
    owners = _owners(graph)
    for layer in graph.layers:
        level = _level(graph, layer)
        if level > depth or (layer.role == "start" and not starts):
            continue
        nodes = owners[layer.index]
        yield Row(
            layer=layer,
            level=level,
            path=layer.path,
            types=tuple(graph.nodes[edge.node].types[edge.output] for edge in layer.values),
            counts=layer_counts(graph, nodes),
            macs=total_macs(graph, nodes),
            does=_EXPECTED.sub("", _COMMENT.sub(r"\1", layer.text.partition(":")[2])).strip(),
            dimension=_dimension(graph, nodes, layer),
        )


def _level(graph: Graph, layer: Layer) -> int:
    """Return in how many blocks a line is nested; repeats and their rounds don't count."""
    return sum(scope.kind == "block" for scope in graph.ancestors(layer.scope))


def _owners(graph: Graph) -> dict[int, list[Node]]:
    """Return the nodes of each layer, by the layer's index; nodes of the blocks that a layer calls are included."""
    found: dict[int, list[Node]] = {layer.index: [] for layer in graph.layers}
    around: dict[int, list[int]] = {}
    for layer in graph.layers:
        chain = [layer.index]
        for scope in graph.ancestors(layer.scope):
            if scope.layer >= 0 and scope.layer not in chain:
                chain.append(scope.layer)
        around[layer.index] = chain
    for node in graph.nodes:
        for index in around[node.layer]:
            found[index].append(node)
    return found


def layer_counts(graph: Graph, nodes: list[Node]) -> Counts:
    chosen = {node.index for node in nodes}
    return Counts.of(stored for stored in graph.stored if stored.node in chosen)


def input_types(graph: Graph, node: Node) -> tuple[Type, ...]:
    return tuple(graph.nodes[edge.node].types[edge.output] for edge in node.inputs)


def total_macs(graph: Graph, nodes: list[Node]) -> Size:
    """Return the number of multiply-adds for one example; torch.utils.flop_counter counts 2 FLOPs for each."""
    total: Any = 0
    for node in nodes:
        total = total + graph.used(node) * node.op.macs(input_types(graph, node), node.types)
    return total  # type: ignore[no-any-return]


def _dimension(graph: Graph, nodes: list[Node], layer: Layer) -> str:
    """Return the text "(d+1)-dimensional" for the line's first step of perceptrons; "" if there is no such step."""
    for node in nodes:
        if node.op.dense and node.layer == layer.index:
            values = input_types(graph, node)[0].values
            total = values + 1 if graph.stores(node, "bias") else values  # w_0 belongs to the constant 1
            return f"{total}-dimensional" if isinstance(total, int) else f"({str(total).replace(' ', '')})-dimensional"
    return ""
