"""Which view suits a net, where nobody says."""

from __future__ import annotations

from netspec.figure.units import Group, Unsuitable, groups_of
from netspec.ir.graph import Graph

MOST_COLUMNS = 24  # more layers are boxes
MOST_STAGES = 24


def choose_view(graph: Graph) -> str:
    """Paths that join: blocks. A loop: neurons with the loop. Maps: planes. One unit: perceptron. Else neurons."""
    if _paths_join(graph):
        return "blocks"
    if any(node.op.wiring == "window" for node in graph.nodes):
        return _for_maps(graph)
    try:
        groups = groups_of(graph)
    except Unsuitable:
        return "blocks"
    looped = any(link.delay for group in groups for link in group.links)
    if looped:
        return "neurons" if _is_plain_loop(groups) else "blocks"
    if all(len(group.type.space) == 2 and group.type.maps == 1 for group in groups):
        return "grid"
    if len(groups) == 2 and groups[1].size == 1 and graph.nodes[groups[1].node].op.dense:
        return "perceptron"
    return "neurons" if len(groups) <= MOST_COLUMNS else "blocks"


def _paths_join(graph: Graph) -> bool:
    """Whether a step reads two values of the same time step, or several inputs come together."""
    for node in graph.nodes:
        now = {edge for edge in node.inputs if graph.nodes[edge.node].kind != "delay"}
        twice = len(node.inputs) > len(set(node.inputs))  # x & x: wires over wires
        if len(now) > 1 or twice or node.op.wiring == "pair":
            return True
    return len(graph.inputs) > 1


def _for_maps(graph: Graph) -> str:
    """Planes for a chain of maps."""
    from netspec.figure.stages import stages_of

    try:
        return "planes" if len(stages_of(graph)) <= MOST_STAGES else "blocks"
    except Unsuitable:
        return "blocks"


def _is_plain_loop(groups: list[Group]) -> bool:
    """Every delayed read goes one step back, from perceptrons to perceptrons."""
    return len(groups) <= 6 and all(link.delay <= 1 and link.kind == "full" for group in groups for link in group.links)
