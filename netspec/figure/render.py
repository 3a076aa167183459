"""A net and the settings of its figure -> a Picture."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Quoted
from netspec.figure.backends import Options, Picture
from netspec.figure.colours import grounded
from netspec.figure.notes import NAME, folded, headed, noted
from netspec.figure.page import laid_out, room_on
from netspec.figure.reading import SETTINGS, is_arrow, is_open, net_of, no_width, of_tex, read_figure, takes, tex_fault
from netspec.figure.scene import Scene
from netspec.figure.settings import PRESETS, FigureSettings, is_width
from netspec.figure.strings import described
from netspec.figure.suitability import (
    about_blocks,
    check_part,
    check_view,
    choose_view,
    nothing_explained,
    shows_weights,
    too_many_captions,
    unfollowed_columns,
    unheard_weights,
    without_effect,
)
from netspec.figure.themes import theme_named
from netspec.figure.units import Unsuitable
from netspec.figure.views import VIEWS, Drawing, View
from netspec.ir.graph import Graph
from netspec.names import nearest
from netspec.plugins import not_allowed
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.elaborate.program import Program
    from netspec.figure.steps import Steps
    from netspec.figure.trained import Arrays, Given, Run

HEADING = 1.3  # the size of the heading, as a multiple of the size of a view's letters


def render(
    graph: Graph,
    program: Program,
    options: Mapping[str, Any],
    *,
    figure: str | None = None,
    transparent: bool = False,
    weights: Given | None = None,
    input: str | Mapping[str, Any] | None = None,
) -> Picture:
    """Draw the figure of a net.

    Parameters:
        graph: the net.
        program: the parsed file, with its figure sections.
        options: settings from Python or the command line; they override the figure section. A setting that is None has
            no effect.
        figure: the name of the figure section; by default the section without a name.
        transparent: whether the background is transparent.
        weights, input: see `Net.render`.

    Returns:
        The picture.

    Raises:
        SpecError: the figure section is wrong, or the view cannot draw this net.
        UsageError: an option is wrong.
    """
    settings, options_, example = _asked(graph, program, options, figure, transparent, input)
    return _picture(graph, settings, options_, weights, example, program)


def render_steps(
    graph: Graph,
    program: Program,
    options: Mapping[str, Any],
    *,
    figure: str | None = None,
    weights: Given | None = None,
    input: str | Mapping[str, Any] | None = None,
    target: str | Mapping[str, Any] | None = None,
) -> Steps:
    """Draw an example on its way through a net and back, in frames. See `Net.steps` and `render`."""
    from netspec.figure.steps import steps

    settings, options_, example = _asked(graph, program, options, figure, False, input, steps=True)
    view = VIEWS[settings.view or ""]()
    arrays = _arrays(graph, settings, view, weights, True)
    assert arrays is not None
    drawing = Drawing(graph, settings.bound(), arrays, example=True)
    try:
        return steps(view, _learning(drawing, program, example or "", weights, target or settings.target), options_)
    except Unsuitable as unsuitable:
        raise SpecError(_unsuitable(view.name, unsuitable)) from None


def _asked(
    graph: Graph,
    program: Program,
    options: Mapping[str, Any],
    figure: str | None,
    transparent: bool,
    input: str | Mapping[str, Any] | None,
    steps: bool = False,
) -> tuple[FigureSettings, Options, str | Mapping[str, Any] | None]:
    """Return the settings of a figure, how it becomes a file, and its example. Raises UsageError, SpecError."""
    given = {name: _option(name, value) for name, value in options.items() if value is not None}
    settings = settings_of(graph, program, figure).but(**given)
    check_part(graph, settings.only)
    example = settings.input if input is None else input
    numbers = steps or example is not None
    if numbers and any(hints.dropped for hints in settings.layers.values()):
        raise UsageError(Diagnostic("NS942", None))
    chosen = settings.view or ("blocks" if about_blocks(settings) else _default(graph, numbers and not steps))
    timed = any(node.type.time is not None for node in graph.nodes)
    able = tuple(name for name, one in VIEWS.items() if one.steps and (one.learns or not timed))
    if steps and chosen not in able:
        if settings.view:
            hints = (Hint("timed"),) if timed else ()
            raise UsageError(Diagnostic("NS966", None, {"view": chosen, "views": Quoted(able)}, hints=hints))
        chosen = next(name for name in able if VIEWS[name].learns)  # it draws any net
    check_view(chosen, settings, given, numbers, settings.view is None)
    settings = settings.but(view=chosen, input=None if example is None else str(example))
    for text in given.get("arrows", ()):
        if not is_arrow(graph, text):
            raise UsageError(Diagnostic("NS746", None, {"text": text}))
    wrong = too_many_captions(graph, settings, None) if "captions" in given else None
    if wrong is not None:
        raise UsageError(wrong)
    theme = theme_named(settings.theme)
    assert theme is not None
    page = PRESETS.get(settings.width or "")
    width = settings.width if page is None else f"{page.width:g}mm"
    if "symbol" in VIEWS[chosen].takes and settings.layers:
        from netspec.figure.units import with_renamed

        settings = with_renamed(graph, settings)
    return settings, Options(theme, width, transparent, embed=settings.embed), example


def _option(name: str, value: Any) -> Any:
    """Check the value of a setting from Python, like one from a section. Raises UsageError."""
    option = SETTINGS[name]
    match option.kind:
        case "word":
            if isinstance(value, str) and takes(option, value):
                return value
            offered = not_allowed(str(value)) if is_open(option) else None
            if offered is not None:
                raise UsageError(offered)
            guess = nearest(str(value), option.choices)
            hints = (Hint("nearest", {"name": guess}),) if guess else ()
            raise _wrong(name, value, *hints, Hint("takes_words", {"choices": Quoted(tuple(option.choices))}))
        case "flag":
            if not isinstance(value, bool):
                raise _wrong(name, value, Hint("takes_words", {"choices": Quoted(("True", "False"))}))
        case "whole":
            if not isinstance(value, int) or isinstance(value, bool) or option.out_of_bounds(value):
                raise UsageError(
                    Diagnostic("NS705", None, {"name": name, "least": option.least or 0, "most": option.most or 0})
                )
        case "texts":
            texts = () if value in option.choices else value
            if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
                raise _wrong(name, value, Hint("takes_texts"))
            for fault in filter(None, map(tex_fault, texts)):
                raise UsageError(of_tex(fault, None))
            return tuple(texts)
        case _:
            if not isinstance(value, str):
                raise _wrong(name, value, Hint("takes_layer" if option.kind == "layer" else "takes_text"))
            if name == "width" and not is_width(value):
                raise UsageError(no_width(value))
    return value


def _wrong(name: str, value: Any, *hints: Hint) -> UsageError:
    return UsageError(Diagnostic("NS704", None, {"name": name, "value": str(value)}, hints=hints))


def _default(graph: Graph, numbers: bool) -> str:
    """Return the default view of a net. For the numbers of an example it is `perceptron` if that can draw the net."""
    if numbers and len(graph.nodes) <= 24:
        from netspec.figure.units import groups_of
        from netspec.figure.units.perceptron import chain_of

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
    weights: Given | None,
    given: str | Mapping[str, Any] | None,
    program: Program,
) -> Picture:
    view = VIEWS[settings.view or ""]()
    run = _run_for(weights) if view.needs == "run" else None
    arrays = None if run is not None else _arrays(graph, settings, view, weights, given is not None)
    drawing = Drawing(graph, settings if arrays is None else settings.bound(), arrays, run, example=given is not None)
    lone = next((name for name in ("target", "path", "update") if getattr(settings, name) and given is None), None)
    if lone is not None and view.learns:
        raise UsageError(Diagnostic("NS968", None, {"name": lone}))
    if view.learns:
        drawing = _learning(drawing, program, given, weights, settings.target)
    coloured = arrays is not None and not view.needs and not (view.learns and given is not None)

    def draw(drawing: Drawing) -> Scene:
        scene = view.draw(drawing)
        if arrays is not None and coloured:
            scene = _trained(scene, view, drawing, arrays, given, weights)
        return _told(scene, view, drawing)

    def planned(settings: FigureSettings) -> Drawing:
        changed = replace(drawing, settings=settings)
        return replace(changed, plan=view.plan(changed))

    def make(drawing: Drawing) -> Scene:
        scene = placed(drawing)
        if settings.legend and not any("legend" in item.classes for item in scene):
            picture.warnings.append(nothing_explained(view.name))
        return scene

    def placed(drawing: Drawing) -> Scene:
        page = settings.page
        if page is None:
            return draw(drawing)
        ways = view.closer(drawing, room_on(page, view.letters))
        sketch = view.sketch if arrays is None else {}  # a legend takes the room that the drawn weights need
        laid = laid_out(page, view.letters, ways, lambda settings: draw(planned(settings)), sketch)
        picture.warnings += laid.warnings
        if settings.width is None:
            picture.options = options._replace(width=f"{laid.width:.3f}mm")
        return laid.scene

    picture = Picture(graph.name, options, lambda: make(drawing))
    try:
        drawing = planned(drawing.settings)
        if drawing.plan is not None:
            from netspec.figure.blocks.boxes import unplaced

            picture.plan = plan = drawing.plan
            picture.words = lambda: _told(unplaced(plan), view, drawing)
            picture.warnings += [without_effect(name) for name in plan.unheard]
            if plan.columns is not None:
                picture.warnings.append(unfollowed_columns(settings.columns, plan.columns))
        if picture.plan is None:  # else the boxes are placed only when the figure is needed
            picture.scene  # noqa: B018
    except Unsuitable as unsuitable:
        raise SpecError(_unsuitable(view.name, unsuitable)) from None
    if arrays is not None and not view.needs and (picture.plan or (given is None and not shows_weights(picture.scene))):
        picture.warnings.append(unheard_weights(view.name))
    return picture


def _told(scene: Scene, view: View, drawing: Drawing) -> Scene:
    """The scene with words for what its shapes do not show, and with its title and description."""
    graph, settings = drawing.graph, drawing.settings
    if view.explains and settings.legend is None:
        settings = replace(settings, legend=True)
    steps = {} if drawing.plan is None else drawing.plan.steps
    nodes = [steps.get(node.index, node) for node in graph.nodes]
    shown = {node.index: view.shows(drawing, node) for node in nodes}
    shown |= {index: (shown[index] or frozenset()) | {NAME} for index in scene.named}
    scene = noted(
        grounded(scene, graph, settings),
        replace(graph, nodes=nodes),
        lambda node: shown[node.index],
        settings,
        by_name=view.by_name,
        acts=view.acts,
        owed=view.owes(drawing, scene),
        names=view.names(drawing),
        closed=() if drawing.plan is None else drawing.plan.closed,
    )
    scene = folded(scene, settings, () if drawing.plan is None else drawing.plan.left_out)
    if settings.heading:
        scene = headed(scene, settings.heading, settings.fit.letters(HEADING * view.letters))
    return described(scene, graph, settings)


def _trained(
    scene: Scene,
    view: View,
    drawing: Drawing,
    arrays: Arrays,
    given: str | Mapping[str, Any] | None,
    weights: Given | None,
) -> Scene:
    """Return the scene with weights as colours, and with the numbers of an example if `given`."""
    from netspec.figure.trained.overlay import coloured, is_written

    if given is None or not (view.weight_circles or is_written(scene)):
        scene = coloured(scene, drawing.graph, arrays, drawing.settings)
    return scene if given is None else _numbered(scene, view, drawing, arrays, given, weights)


def _learning(
    drawing: Drawing,
    program: Program,
    given: str | Mapping[str, Any] | None,
    weights: Given | None,
    target: str | Mapping[str, Any] | None,
) -> Drawing:
    """Return a drawing with what the train sections say, and with the passes of an example."""
    from netspec.config.check import training_of
    from netspec.figure.trained.passes import passes_of

    train = training_of(program, drawing.graph)
    passes = None
    if given is not None:
        assert drawing.arrays is not None
        run = None if weights is None or isinstance(weights, str | os.PathLike | Mapping) else weights
        passes = passes_of(drawing.graph, drawing.arrays, given, target, train, run)
    return replace(drawing, passes=passes, train=train)


def _unsuitable(view: str, found: Unsuitable) -> Diagnostic:
    """NS713: the view cannot draw a node. For a built-in view a hint says what it can draw."""
    node = found.node
    draws = {
        "perceptron": Hint("draws_perceptron"),
        "equals": Hint("draws_equals"),
        "neurons": Hint("draws_neurons"),
        "grid": Hint("draws_grid"),
        "filter": Hint("draws_filter"),
        "cells": Hint("draws_cells"),
        "planes": Hint("draws_planes"),
        "unrolled": Hint("draws_unrolled"),
        "volumes": Hint("draws_volumes"),
        "gates": Hint("draws_gates"),
    }
    hints = (Hint("turned"),) if found.turned else (draws[view],) if view in draws else ()
    return Diagnostic("NS713", node.span, {"view": view, "step": node.word}, hints=hints)


# ---- weights and numbers


def _run_for(given: Given | None) -> Run:
    """Return the run for a view that shows what training learned from the data; the net alone is not enough."""
    if given is None or isinstance(given, str | os.PathLike | Mapping):
        raise UsageError(Diagnostic("NS732", None, hints=(Hint("missing" if given is None else "run"),)))
    return given


def _arrays(graph: Graph, settings: FigureSettings, view: View, given: Given | None, numbers: bool) -> Arrays | None:
    """Return the arrays of a run or, without a run, those that the spec lists, if the figure needs arrays."""
    from netspec.figure.trained import arrays_of, check_bound, check_weights, given_weights

    if given is None:
        if not numbers and view.needs != "weights" and settings.weights != "trained":
            return None
        check_bound(graph)
        found = given_weights(graph)
        if found is None:
            has: dict[bool, dict[str, None]] = {True: {}, False: {}}
            for stored in graph.stored:
                has[bool(stored.weight.given)][graph.layers[graph.nodes[stored.node].layer].path] = None
            partly = (Hint("partly", {"given": Quoted(tuple(has[True])), "missing": Quoted(tuple(has[False]))}),)
            raise UsageError(Diagnostic("NS728", None, hints=(*(partly if has[True] else ()), Hint("weights"))))
        return found
    check_bound(graph)
    arrays = arrays_of(given)
    check_weights(graph, arrays)
    return arrays


def _numbered(
    scene: Scene,
    view: View,
    drawing: Drawing,
    arrays: Arrays,
    given: str | Mapping[str, Any],
    weights: Given | None,
) -> Scene:
    """Return the scene with the values of one example, which a run prepares as it prepares its data."""
    from netspec.figure.trained import is_run
    from netspec.figure.trained.values import compute, read_example
    from netspec.ir.values import Uncomputed

    if isinstance(weights, str | os.PathLike) and is_run(weights):
        raise UsageError(Diagnostic("NS736", None, {"folder": str(weights)}))
    run = None if weights is None or isinstance(weights, str | os.PathLike | Mapping) else weights
    try:
        example = read_example(drawing.graph, given, run, view.every_step)
        values = compute(drawing.graph, arrays, example, view.every_step)
    except Uncomputed as uncomputed:
        node = uncomputed.node
        raise SpecError(Diagnostic("NS729", node.span, {"step": node.word})) from None
    return view.numbered(scene, drawing, values)


# ---- sections


def settings_of(graph: Graph, program: Program, name: str | None) -> FigureSettings:
    """Return the settings of the figure section with this name, or of the one without a name."""
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
    """Return the figure sections of a net by name; "" is the one without a name."""
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
