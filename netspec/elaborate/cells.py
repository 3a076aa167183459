"""Recurrences: which nodes form a loop through a delayed read, and what may stand in one."""

from __future__ import annotations

from netspec.diagnostics.model import Diagnostic, Label, Report
from netspec.ir.graph import Node

# operations that see time but do the same to every step
STEPWISE = frozenset(("delay", "port", "add", "subtract", "multiply"))


def find_cells(nodes: list[Node]) -> list[tuple[int, ...]]:
    """The strongly connected parts that hold a delayed read, each in the order of its nodes."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from((edge.node, node.index) for node in nodes for edge in node.inputs if edge.node >= 0)
    parts = [part for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    return sorted(tuple(sorted(part)) for part in parts)


def check_cells(nodes: list[Node], cells: list[tuple[int, ...]], report: Report) -> None:
    """Every step of a loop acts on one time step alone: so it keeps the time it is given, and a loop has one time."""
    for cell in cells:
        delay = next(node for index in cell if (node := nodes[index]).kind == "delay")
        labels = (Label(delay.span, "loop", {"name": delay.word}),) if delay.span is not None else ()
        for index in cell:
            node = nodes[index]
            if node.op.name == "batchnorm":
                report.add(Diagnostic("NS513", node.span, {"step": node.word, "name": delay.word}, labels=labels))
                break
            if node.op.over_time and not _stepwise(node, cell):
                report.add(Diagnostic("NS512", node.span, {"step": node.word, "name": delay.word}, labels=labels))
                break


def _stepwise(node: Node, cell: tuple[int, ...]) -> bool:
    if node.op.name in STEPWISE:
        return True
    if node.op.name == "join":
        return bool(getattr(node.op, "role", "") == "maps")
    # attention may look, from inside a loop, at keys and values that stand outside it
    if node.op.name == "attention" and len(node.inputs) > 1:
        return all(edge.node not in cell for edge in node.inputs[1:])
    return False
