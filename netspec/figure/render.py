"""A net and what is asked of its figure -> a Picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, NetspecError, Quoted, SpecErrors
from netspec.draw.svg import Options, split_length
from netspec.figure.choose import choose_view
from netspec.figure.describe import described
from netspec.figure.picture import Picture
from netspec.figure.scene import Scene
from netspec.figure.theme import THEMES
from netspec.figure.units import Unsuitable
from netspec.figure.views import VIEWS
from netspec.graph import Graph
from netspec.names import nearest
from netspec.sections.figure import FigureSettings
from netspec.sections.figure_reading import net_of, read_figure
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.api import Net


def render(
    net: Net,
    view: str | None = None,
    figure: str | None = None,
    *,
    theme: str | None = None,
    width: str | None = None,
    transparent: bool = False,
    **settings: Any,
) -> Picture:
    """The figure of a net.

    `figure` names a figure section; without it the section without a name is taken. Every other option is a setting
    of such a section and wins over it. Raises SpecErrors for a wrong section, NetspecError for a wrong option.
    """
    found = settings_of(net, figure).but(view=view, theme=theme, width=width, **settings)
    if found.width is not None:
        try:
            split_length(found.width)
        except ValueError:
            raise NetspecError(Diagnostic("NS723", None, {"width": found.width}), 2) from None
    options = Options(THEMES[found.theme], found.width, transparent)
    return _picture(net, found.but(view=found.view or choose_view(net.graph)), options)


def _picture(net: Net, settings: FigureSettings, options: Options) -> Picture:
    graph = net.graph
    if settings.view == "blocks":
        from netspec.draw.layout import lay_out
        from netspec.figure.blocks import plan_of, scene_of

        plan = plan_of(graph, settings)
        return Picture(net.name, options, lambda: described(scene_of(plan, lay_out(plan)), graph, settings), plan)
    scene = described(_scene(graph, settings), graph, settings)
    return Picture(net.name, options, lambda: scene)


def _scene(graph: Graph, settings: FigureSettings) -> Scene:
    """The scene of a view that places everything itself."""
    try:
        return VIEWS[settings.view or "neurons"](graph, settings)
    except Unsuitable as unsuitable:
        node = unsuitable.node
        words: dict[str, Any] = {"view": settings.view or "", "step": node.word}
        raise SpecErrors([Diagnostic("NS713", node.span, words)]) from None


# ---- sections


def settings_of(net: Net, name: str | None) -> FigureSettings:
    """What the file's figure section says: the one of that name, else the one without."""
    sections = _sections(net)
    if name is not None and name not in sections:
        named = tuple(title for title in sections if title)
        guess = nearest(name, named)
        hints = [Hint("nearest", {"name": guess})] if guess else []
        hints.append(Hint("figures", {"names": Quoted(named)}) if named else Hint("no_figures"))
        raise NetspecError(Diagnostic("NS714", None, {"name": name}, hints=tuple(hints)), 2)
    section = sections.get(name or "")
    if section is None:
        return FigureSettings()
    settings, found = read_figure(section, net.spec.program.main.source, net.graph)
    if found:
        raise SpecErrors(found)
    return settings


def _sections(net: Net) -> dict[str, tree.Section]:
    """The figure sections of a net by name; "" is the one without."""
    program = net.spec.program
    main = [definition.body.name.text for definition in net.spec.main_nets()]
    found: dict[str, tree.Section] = {}
    for section in program.main.sections:
        if section.kind != "figure":
            continue
        try:
            shown = net_of(section, program.main.source, main, net.spec.nets)
        except Fault:
            continue
        if shown == net.name:
            found[section.name.text if section.name else ""] = section
    return found
