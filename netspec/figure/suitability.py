"""Chooses a view if the user names none, and makes errors and warnings if a view cannot do what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.figure.blocks import part_of
from netspec.figure.scene import Node, Scene, Wire
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group, Unsuitable, groups_of
from netspec.figure.views import VIEWS, Drawing, follows, views_with
from netspec.ir.graph import Graph
from netspec.names import nearest
from netspec.source import Span

MOST_COLUMNS = 24  # a net with more layers is drawn as blocks
MOST_STAGES = 24
BLOCKS: Final = ("depth", "unfold", "details", "columns")  # settings that only the blocks view has


def choose_view(graph: Graph) -> str:
    """Return the name of the view for a net.

    The first rule that applies decides: paths that join are drawn as blocks; a chain with filters or pools as planes;
    a simple loop as neurons; layers in rows and columns as grid; a single unit as perceptron; anything else as
    neurons, or as blocks if there are many layers.
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
    """Whether a step reads several values of the same time step, or the net has several inputs."""
    for node in graph.nodes:
        now = {edge for edge in node.inputs if graph.nodes[edge.node].kind != "delay"}
        twice = len(node.inputs) > len(set(node.inputs))  # in x & x, one wire would lie over the other
        if len(now) > 1 or twice or node.op.wiring == "pair":
            return True
    return len(graph.inputs) > 1


def _for_maps(graph: Graph) -> str:
    """Return "planes" if the net is a chain of maps that is not too long, else "blocks"."""
    from netspec.figure.stages import stages_of

    try:
        return "planes" if len(stages_of(graph)) <= MOST_STAGES else "blocks"
    except Unsuitable:
        return "blocks"


def _is_plain_loop(groups: list[Group]) -> bool:
    """Whether at most 6 groups are fully connected, and each delayed read goes only one time step back."""
    forward = len(groups) <= 6 and not any(group.backward for group in groups)
    return forward and all(link.delay <= 1 and link.kind == "full" for group in groups for link in group.links)


# ---- option validation: nothing that is asked for is silently ignored


def about_blocks(settings: FigureSettings) -> bool:
    """Whether a setting is given that only the blocks view has; if so, the caller chooses this view."""
    return any(getattr(settings, name) not in (None, False) for name in BLOCKS)


def check_part(graph: Graph, only: str | None) -> None:
    """Raise NetspecError NS730 if `only` names no layer, block or round of the net."""
    if only is None or part_of(graph, only) is not None:
        return
    names = [layer.path for layer in graph.layers] + [scope.path for scope in graph.scopes if scope.path]
    blocks = dict.fromkeys(scope.name for scope in graph.scopes if scope.kind == "block")
    guess = nearest(only, [*names, *blocks])
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("lines", {"names": Quoted((*(layer.path for layer in graph.top), *blocks))}))
    raise UsageError(Diagnostic("NS730", None, {"name": only}, hints=tuple(hints)))


def check_view(view: str, settings: FigureSettings, given: Mapping[str, Any], numbers: bool, chosen: bool) -> None:
    """Raise NetspecError NS731 if an option, or a setting of the section for another view, is one it cannot use.

    `chosen`: whether nobody named the view; then a hint says which setting asks for it.
    """
    asked = {name: getattr(settings, name) for name in (*BLOCKS, "only")} | dict(given) | {"input": numbers or None}
    for name, value in asked.items():
        if not follows(VIEWS[view], name, value):
            hints: tuple[Hint, ...] = (Hint("views", {"views": Quoted(views_with(name))}),)
            asks = next((other for other in BLOCKS if getattr(settings, other) not in (None, False)), None)
            if chosen and asks is not None:
                hints = (Hint("chosen", {"other": asks, "view": view}), *hints)
            raise UsageError(Diagnostic("NS731", None, {"name": name, "view": view}, hints=hints))


def too_many_captions(graph: Graph, settings: FigureSettings, span: Span | None) -> Diagnostic | None:
    """Return NS745 if a figure has more captions than places for them."""
    view = settings.view or ("blocks" if about_blocks(settings) else choose_view(graph))
    if not settings.captions or not follows(VIEWS[view], "captions", settings.captions):
        return None
    try:
        most = VIEWS[view]().places(Drawing(graph, settings))
    except Unsuitable:
        return None
    words: Words = {"given": len(settings.captions), "most": most, "view": view}
    return Diagnostic("NS745", span, words) if len(settings.captions) > most else None


def shows_weights(scene: Scene) -> bool:
    """Whether some wire or circle of the figure stands for a single weight."""
    return any(isinstance(item, Wire | Node) and item.weight is not None for item in scene.items)


def unheard_weights(view: str) -> Diagnostic:
    """Return the warning NS734, which says that the figure is drawn but shows no weights.

    This is not an error, because views that show no single weight may draw the net of a run, too.
    """
    return Diagnostic("NS734", None, {"view": view}, severity="warning")


def nothing_explained(view: str) -> Diagnostic:
    """Return the warning NS748, which says that a legend is asked for and no colour tells kinds apart."""
    kinds = follows(VIEWS[view], "colors", "kind")
    return Diagnostic("NS748", None, {"view": view}, hints=(Hint("kinds"),) if kinds else (), severity="warning")


def without_effect(name: str) -> Diagnostic:
    """Return the warning NS749, which says that a setting of the blocks view changes nothing in this net."""
    hint = Hint("unfold") if name == "unfold" else Hint("details")
    return Diagnostic("NS749", None, {"name": name}, hints=(hint,), severity="warning")


def unfollowed_columns(asked: int | None, columns: int) -> Diagnostic:
    """Return the warning NS743, which says that a net cannot be set in as many columns as are asked for."""
    return Diagnostic("NS743", None, {"asked": asked or 0, "columns": columns}, severity="warning")
