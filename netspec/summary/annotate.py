"""Implements `fmt --annotate`, which writes or updates the type (`is T`) on the lines of each net."""

from __future__ import annotations

from netspec.ir.graph import Graph, Layer
from netspec.ir.types import type_text
from netspec.source import SourceFile
from netspec.syntax import tree
from netspec.syntax.printer import format_file
from netspec.syntax.read import read


def annotated(path: str, text: str, graphs: list[Graph]) -> str:
    """Return the canonical text with the types from `graphs`, one graph for each net; lines of blocks don't change."""
    found: dict[tuple[str, str], str] = {}
    for graph in graphs:
        for layer in graph.top:
            if layer.role in ("hidden", "output") and len(layer.values) == 1:
                found[graph.name, layer.label] = _type(graph, layer)
    source = SourceFile(path, text)
    parsed = read(source)
    edits: list[tuple[int, int, str]] = []
    for body in parsed.file.declarations:
        if not isinstance(body, tree.Body) or body.kind != "net":
            continue
        for line in body.statements:
            written = found.get((body.name.text, line.label.text)) if isinstance(line, tree.Layer) else None
            if written is None or not isinstance(line, tree.Layer) or "floor(" in written:
                continue
            if line.expect is not None:
                edits.append((*line.expect.at, written))
            else:
                edits.append((line.chain.at[1], line.chain.at[1], f" is {written}"))
    for begin, end, written in sorted(edits, reverse=True):
        text = text[:begin] + written + text[end:]
    again = SourceFile(path, text)
    return format_file(again, read(again).file)


def _type(graph: Graph, layer: Layer) -> str:
    edge = layer.values[0]
    return type_text(graph.nodes[edge.node].types[edge.output])
