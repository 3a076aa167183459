"""A net and what is asked of its figure -> a Picture."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Quoted
from netspec.draw.svg import Options
from netspec.figure.choose import choose_view
from netspec.figure.describe import described
from netspec.figure.fitting import about_blocks, check_part, check_view, shows_weights, unheard_weights
from netspec.figure.picture import Picture
from netspec.figure.reading import SETTINGS, net_of, read_figure
from netspec.figure.scene import Scene
from netspec.figure.settings import FigureSettings, split_length
from netspec.figure.theme import THEMES
from netspec.figure.units import Unsuitable
from netspec.figure.views import VIEWS
from netspec.ir.graph import Graph, Node
from netspec.names import nearest
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.elaborate.program import Program
    from netspec.figure.weights import Arrays, Given

USAGE = 2


def render(
    graph: Graph,
    program: Program,
    view: str | None = None,
    figure: str | None = None,
    *,
    theme: str | None = None,
    width: str | None = None,
    transparent: bool = False,
    weights: Given | None = None,
    input: str | Mapping[str, Any] | None = None,
    **settings: Any,
) -> Picture:
    """The figure of a net.

    `figure` names a figure section; without it the section without a name is taken. `weights`: a run or its folder, a
    safetensors file, or arrays by key; colours what they belong to, and where the view draws no weights
    `Picture.warnings` says so. `input`: values by the labels of the input lines,
    or text such as `x=1,0`; writes numbers into the figure. Every other option is a setting of a figure section and
    wins over it. Raises SpecError for a wrong section, NetspecError for a wrong option.
    """
    _check_options({"view": view, "theme": theme, **settings})
    found = settings_of(graph, program, figure).but(view=view, theme=theme, width=width, **settings)
    _check_width(found.width)
    check_part(graph, found.only)
    options = Options(THEMES[found.theme], found.width, transparent)
    numbers = input is not None
    chosen = found.view or ("blocks" if about_blocks(found) else _default(graph, numbers))
    check_view(chosen, found, numbers)
    if chosen == "features":
        return _features(graph, found, options, weights)
    arrays = _arrays(graph, found, weights, numbers)
    return _picture(graph, found.but(view=chosen), options, arrays, input)


def _check_options(given: Mapping[str, Any]) -> None:
    """Options from Python: each is a setting, and a word among its choices. Raises TypeError and NetspecError."""
    for name, value in given.items():
        if name not in SETTINGS:
            raise TypeError(f"render has no option {name!r}; its settings are {', '.join(SETTINGS)}")
        rule = SETTINGS[name]
        if rule.kind == "word" and value is not None and value not in rule.choices:
            guess = nearest(str(value), rule.choices)
            hints = (Hint("nearest", {"name": guess}),) if guess else ()
            takes = Hint("takes_words", {"choices": Quoted(rule.choices)})
            raise UsageError(Diagnostic("NS704", None, {"name": name, "value": str(value)}, hints=(*hints, takes)))


def _check_width(width: str | None) -> None:
    if width is not None:
        try:
            split_length(width)
        except ValueError:
            raise UsageError(Diagnostic("NS723", None, {"width": width})) from None


def _default(graph: Graph, numbers: bool) -> str:
    """What suits the net; numbers are best read in perceptrons drawn in full."""
    if numbers and len(graph.nodes) <= 24:
        from netspec.figure.perceptron import chain_of
        from netspec.figure.units import groups_of

        try:
            chain_of(graph, groups_of(graph))
            return "perceptron"
        except Unsuitable:
            pass
    return choose_view(graph)


def _picture(
    graph: Graph,
    settings: FigureSettings,
    options: Options,
    arrays: Arrays | None,
    given: str | Mapping[str, Any] | None,
) -> Picture:
    if settings.view == "blocks":
        from netspec.draw.layout import lay_out
        from netspec.figure.blocks import plan_of, scene_of

        plan = plan_of(graph, settings)
        picture = Picture(graph.name, options, lambda: described(scene_of(plan, lay_out(plan)), graph, settings), plan)
    else:
        settings = settings if arrays is None else settings.bound()
        scene = _scene(graph, settings, arrays)
        shown = settings.view == "strip" or given is not None or shows_weights(scene)
        if arrays is not None and settings.view != "strip":
            scene = _trained(scene, graph, settings, arrays, given)
        scene = described(scene, graph, settings)
        picture = Picture(graph.name, options, lambda: scene)
        if shown:
            return picture
    if arrays is not None:
        picture.warnings.append(unheard_weights(settings.view or ""))
    return picture


def _trained(
    scene: Scene, graph: Graph, settings: FigureSettings, arrays: Arrays, given: str | Mapping[str, Any] | None
) -> Scene:
    """The scene with weights as colours, and with the numbers of an example where one is given."""
    from netspec.figure.overlay import coloured

    # numbers stand in the weights' circles where these are drawn; else colours say what wires weigh
    if given is None or settings.view not in ("perceptron", "filter"):
        scene = coloured(scene, graph, arrays, settings)
    return scene if given is None else _numbered(scene, graph, arrays, given)


def _scene(graph: Graph, settings: FigureSettings, arrays: Arrays | None) -> Scene:
    """The scene of a view that places everything itself."""
    try:
        if settings.view == "strip":
            from netspec.figure.strip import strip

            assert arrays is not None
            return strip(graph, settings, arrays)
        return VIEWS[settings.view or "neurons"](graph, settings)
    except Unsuitable as unsuitable:
        raise SpecError(_unsuitable(settings.view or "", unsuitable.node)) from None


def _unsuitable(view: str, node: Node) -> Diagnostic:
    """What stands in a view's way, and what it draws."""
    draws = {
        "perceptron": Hint("draws_perceptron"),
        "equals": Hint("draws_equals"),
        "neurons": Hint("draws_neurons"),
        "grid": Hint("draws_grid"),
        "filter": Hint("draws_filter"),
        "planes": Hint("draws_planes"),
        "unrolled": Hint("draws_unrolled"),
    }
    hints = (draws[view],) if view in draws else ()
    return Diagnostic("NS713", node.span, {"view": view, "step": node.word}, hints=hints)


# ---- weights and numbers


def _features(graph: Graph, settings: FigureSettings, options: Options, given: Given | None) -> Picture:
    """What a run has learned to make of its data: the net alone does not say it."""
    from netspec.figure.features import features_scene

    if given is None or isinstance(given, str | os.PathLike | Mapping):
        raise UsageError(Diagnostic("NS732", None, hints=(Hint("missing" if given is None else "run"),)))
    scene = described(features_scene(given.features(), settings), graph, settings)
    return Picture(graph.name, options, lambda: scene)


def _arrays(graph: Graph, settings: FigureSettings, given: Given | None, numbers: bool) -> Arrays | None:
    """The arrays of a run; without one, those that the spec itself gives where a figure cannot do without."""
    from netspec.figure.weights import arrays_of, check_bound, check_weights, given_weights

    if given is None:
        if not numbers and settings.view != "strip" and settings.weights != "trained":
            return None
        check_bound(graph)
        found = given_weights(graph)
        if found is None:
            what = "numbers" if numbers else "trained"
            raise UsageError(Diagnostic("NS728", None, hints=(Hint(what),)))
        return found
    check_bound(graph)
    arrays = arrays_of(given)
    check_weights(graph, arrays)
    return arrays


def _numbered(scene: Scene, graph: Graph, arrays: Arrays, given: str | Mapping[str, Any]) -> Scene:
    """The scene with the values of one example."""
    from netspec.figure.activations import with_activations
    from netspec.figure.example import read_example
    from netspec.figure.numbers import with_numbers
    from netspec.figure.values import compute
    from netspec.ir.values import Uncomputed

    try:
        values = compute(graph, arrays, read_example(graph, given))
    except Uncomputed as uncomputed:
        node = uncomputed.node
        raise SpecError(Diagnostic("NS729", node.span, {"step": node.word})) from None
    if scene.view == "planes":
        return with_activations(scene, graph, values)
    return with_numbers(scene, arrays, values)


# ---- sections


def settings_of(graph: Graph, program: Program, name: str | None) -> FigureSettings:
    """What the file's figure section says: the one of that name, else the one without."""
    sections = _sections(graph, program)
    if name is not None and name not in sections:
        named = tuple(title for title in sections if title)
        guess = nearest(name, named)
        hints = [Hint("nearest", {"name": guess})] if guess else []
        hints.append(Hint("figures", {"names": Quoted(named)}) if named else Hint("no_figures"))
        raise UsageError(Diagnostic("NS714", None, {"name": name}, hints=tuple(hints)))
    section = sections.get(name or "")
    if section is None:
        return FigureSettings()
    settings, found = read_figure(section, program.main.source, graph)
    if found:
        raise SpecError(*found)
    return settings


def _sections(graph: Graph, program: Program) -> dict[str, tree.Section]:
    """The figure sections of a net by name; "" is the one without."""
    main = [definition.body.name.text for definition in program.main_nets()]
    found: dict[str, tree.Section] = {}
    for section in program.main.sections:
        if section.kind != "figure":
            continue
        try:
            shown = net_of(section, program.main.source, main, program.net_names)
        except Fault:
            continue
        if shown == graph.name:
            found[section.name.text if section.name else ""] = section
    return found
