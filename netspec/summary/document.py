"""Makes a JSON document from a graph, with everything that `netspec show --json` prints."""

from __future__ import annotations

from typing import Any

from netspec.ir.graph import Counts, Graph, Layer, Node
from netspec.ir.sizes import Formula, Size
from netspec.ir.types import Type
from netspec.summary.rows import rows, total_macs
from netspec.version import VERSION


def as_dict(graph: Graph) -> dict[str, Any]:
    """Return the net's counts, depth, parameters, inputs, outputs, lines with their types, and stored arrays.

    Whole numbers stay numbers; a value that depends on open sizes is a formula as text (`H*(d+1) + K*(H+1)`).
    """
    macs = total_macs(graph, graph.nodes)
    kept = graph.kept(graph.nodes)
    return {
        "netspec": VERSION,
        "net": graph.name,
        "caption": graph.caption,
        "open": list(graph.open),
        "params": {name: plain(value) for name, value in graph.params.items()},
        **_counts(graph.counts),
        "uncounted": graph.uncounted,
        "depth": graph.depth,
        "deep": graph.depth >= 2,
        "cache": [
            {"values": plain(step), "steps": None if bound is None else plain(bound)}
            for bound, step in kept.bounds.items()
        ],
        "state": plain(kept.fixed),
        "macs": plain(macs),
        "flops": plain(2 * macs),
        "inputs": [_port(graph, graph.nodes[index]) for index in graph.inputs],
        "outputs": [graph.layers[index].label for index in graph.outputs],
        "layers": [
            {
                "label": row.layer.label,
                "path": row.path,
                "role": row.layer.role,
                "level": row.level,
                "caption": row.layer.caption,
                "text": " ".join(row.layer.text.split()),
                "types": [str(value) for value in row.types],
                "shapes": [_shape(value) for value in row.types],
                **_counts(row.counts),
                "macs": plain(row.macs),
                "dimension": row.dimension,
                "line": _line(row.layer),
            }
            for row in rows(graph, depth=100)
        ],
        "arrays": [
            {
                "key": stored.key,
                "layer": graph.layers[graph.nodes[stored.node].layer].path,
                "shape": [plain(size) for size in stored.weight.shape],
                "kind": stored.kind,
                **({"copies": [plain(one.number) for one in stored.copies]} if stored.copies else {}),
            }
            for stored in graph.stored
            if not stored.weight.outside
        ],
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "weights": plain(counts.weights),
        "active": plain(counts.active),
        "trainable": plain(counts.trainable),
        "frozen": plain(counts.frozen),
        "buffers": plain(counts.buffers),
    }


def _port(graph: Graph, node: Node) -> dict[str, Any]:
    layer = graph.layers[node.layer]
    return {"label": layer.label, "type": str(node.type), "shape": _shape(node.type), "caption": layer.caption}


def _shape(value: Type) -> dict[str, Any]:
    time = value.time
    return {
        "maps": plain(value.maps),
        "space": [plain(size) for size in value.space],
        "time": None if time is None else plain(time.length),
        "varying": time is not None and bool(time.varying),
        "classes": None if value.classes is None else plain(value.classes),
    }


def _line(layer: Layer) -> dict[str, Any] | None:
    return None if layer.span is None else {"file": layer.span.source.name, "line": layer.span.line}


def plain(value: Size | Any) -> Any:
    """Return a value that JSON can hold: numbers stay as they are, formulas and words become text."""
    if isinstance(value, Formula):
        return str(value)
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return str(getattr(value, "text", value))
