"""Which view suits a net where nobody says; errors and warnings where a view cannot follow what is asked of it."""

from __future__ import annotations

from typing import Final

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.blocks import part_of
from netspec.figure.scene import Node, Scene, Wire
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group, Unsuitable, groups_of
from netspec.figure.views import VIEWS
from netspec.ir.graph import Graph
from netspec.names import nearest

MOST_COLUMNS = 24  # more layers are boxes
MOST_STAGES = 24
BLOCKS: Final = ("depth", "unfold", "details", "columns")  # settings of the blocks view alone


def choose_view(graph: Graph) -> str:
    """The name of the view for a net.

    Paths that join: blocks. Filters or pools: planes. A loop: neurons with the loop. Layers in rows and columns: grid.
    One unit: perceptron. Everything else: neurons, or blocks where there are many layers.
    """
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
    """Planes for a chain of maps, else blocks."""
    from netspec.figure.stages import stages_of

    try:
        return "planes" if len(stages_of(graph)) <= MOST_STAGES else "blocks"
    except Unsuitable:
        return "blocks"


def _is_plain_loop(groups: list[Group]) -> bool:
    """Every delayed read goes one step back, from perceptrons to perceptrons."""
    return len(groups) <= 6 and all(link.delay <= 1 and link.kind == "full" for group in groups for link in group.links)


# ---- option validation: nothing that is asked for is silently ignored


def about_blocks(settings: FigureSettings) -> bool:
    """Whether a setting is given that only the blocks view has: it then chooses that view."""
    return any(getattr(settings, name) not in (None, False) for name in BLOCKS)


def check_part(graph: Graph, only: str | None) -> None:
    """Raises NetspecError NS730 where `only` names no layer, block or round of the net."""
    if only is None or part_of(graph, only) is not None:
        return
    names = [layer.path for layer in graph.layers] + [scope.path for scope in graph.scopes if scope.path]
    blocks = dict.fromkeys(scope.name for scope in graph.scopes if scope.kind == "block")
    guess = nearest(only, [*names, *blocks])
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("lines", {"names": Quoted((*(layer.path for layer in graph.top), *blocks))}))
    raise UsageError(Diagnostic("NS730", None, {"name": only}, hints=tuple(hints)))


def check_view(view: str, settings: FigureSettings, numbers: bool) -> None:
    """Raises NetspecError NS731 where the view has no use for something that is asked for."""
    asked = [name for name in (*BLOCKS, "only") if getattr(settings, name) not in (None, False)]
    for name in [*asked, *(["input"] if numbers else [])]:
        if name not in VIEWS[view].takes:
            fitting = Quoted(tuple(other for other, cls in VIEWS.items() if name in cls.takes))
            hints = (Hint("views", {"views": fitting}),)
            raise UsageError(Diagnostic("NS731", None, {"name": name, "view": view}, hints=hints))


def shows_weights(scene: Scene) -> bool:
    """Whether a wire or a circle stands for a single weight."""
    return any(isinstance(item, Wire | Node) and item.weight is not None for item in scene.items)


def unheard_weights(view: str) -> Diagnostic:
    """The warning NS734: the figure is drawn, but nothing in it shows the weights.

    It is no error: many nets of runs are drawn by views that show no single weight.
    """
    return Diagnostic("NS734", None, {"view": view}, severity="warning")
