"""A view and what is asked of it -> a refusal where it would be left unheard: nothing is silently ignored."""

from __future__ import annotations

from typing import Final

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.blocks import part_of
from netspec.figure.scene import Node, Scene, Wire
from netspec.figure.settings import FigureSettings
from netspec.figure.views import VIEWS
from netspec.ir.graph import Graph
from netspec.names import nearest

USAGE = 2
BLOCKS: Final = ("depth", "unfold", "details", "columns")  # settings of the blocks view alone


def about_blocks(settings: FigureSettings) -> bool:
    """Whether something is asked for that the blocks view alone has: then nobody need name it."""
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
    """The warning NS734: the figure is drawn, and nothing in it shows the weights. A run's net need not be one of
    those whose weights can be drawn, so this is no refusal."""
    return Diagnostic("NS734", None, {"view": view}, severity="warning")
