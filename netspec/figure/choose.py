"""Which view suits a net, where nobody says."""

from __future__ import annotations

from netspec.figure.units import Group, Unsuitable, groups_of
from netspec.graph import Edge, Graph

_JOINING = frozenset(("add", "subtract", "multiply", "join"))
_WINDOWS = frozenset(("filters", "subsample", "maxpool", "avgpool"))


def choose_view(graph: Graph) -> str:
    """Paths that join: blocks. A loop, or plain layers: neurons. Maps: planes. One unit: perceptron."""
    if _paths_join(graph):
        return "blocks"
    try:
        groups = groups_of(graph)
    except Unsuitable:
        return "blocks"
    if any(node.op.name in _WINDOWS for node in graph.nodes):
        return "blocks"
    return "neurons"


def _paths_join(graph: Graph) -> bool:
    """Whether a step reads two values of the same time step."""
    for node in graph.nodes:
        now = {edge for edge in node.inputs if graph.nodes[edge.node].op.name != "delay"}
        if len(now) > 1:
            return True
    return len(graph.inputs) > 1


__all__ = ["Edge", "Group", "choose_view"]
