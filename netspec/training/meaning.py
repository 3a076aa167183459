"""A graph -> all that decides what it computes, line by line, as JSON that two runs can be compared by."""

from __future__ import annotations

from netspec.ir.graph import Edge, Graph, Node


def meaning(graph: Graph) -> dict[str, list[str]]:
    """For every line its operations in order, each with its options and what it reads: `relu() of z/0`.

    A value is named by its line and its place in it, so a line that is added changes nothing for the others.
    """
    found: dict[str, list[str]] = {}
    places: dict[int, str] = {}
    for node in graph.nodes:
        own = found.setdefault(graph.layers[node.layer].path, [])
        places[node.index] = f"{graph.layers[node.layer].path}/{len(own)}"
        own.append("")
    for node in graph.nodes:
        path, _, position = places[node.index].rpartition("/")
        found[path][int(position)] = _text(node, places)
    found[""] = [_value(edge, places) for number in graph.outputs for edge in graph.layers[number].values]
    return found


def _text(node: Node, places: dict[int, str]) -> str:
    options = ", ".join(f"{name} = {getattr(node.op, name)}" for name in node.op.options)
    inputs = ", ".join(_value(edge, places) for edge in node.inputs)
    types = ", ".join(str(value) for value in node.types)
    marks = [node.key and f"key {node.key}", node.tied and f"tied to {node.tied}", node.frozen and "frozen"]
    words = "".join(f", {mark}" for mark in marks if mark)
    return f"{node.op.name}({options}){f' of {inputs}' if inputs else ''} is {types}{words}"


def _value(edge: Edge, places: dict[int, str]) -> str:
    return places[edge.node] + (f".{edge.output}" if edge.output else "")
