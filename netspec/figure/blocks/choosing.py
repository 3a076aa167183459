"""Draws a choice among copies of a step: what chooses, the first copies and the last, and the sum of those chosen."""

from __future__ import annotations

from dataclasses import replace

from netspec.figure.blocks import CollapsedGraph, NodeGroup
from netspec.figure.blocks.plan import LEADING, LIGHT, NAME, Arrow, Box, Row
from netspec.figure.scene.typeset import line_width, words, wrapped
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Graph
from netspec.ir.operation import Chooser, Copies
from netspec.ir.sizes import Size

MOST_COPIES = 3  # with more copies, the first two and the last stand side by side
DOTS = "…"


def with_choices(
    collapsed: CollapsedGraph, boxes: list[Box], arrows: list[Arrow], step: float, pad: float
) -> tuple[list[Box], list[Arrow]]:
    """Return boxes and arrows with each open choice as its parts: the chooser, copies with numbers, and their sum.

    Parameters:
        step: the size of the text of a step.
        pad: from the text of a box to its outline.
    """
    for group in collapsed.groups:
        node = group.nodes[0]
        choice = node.op.chooser(collapsed.lang) if node.copies and not group.line and group.scope is None else None
        if choice is None:
            continue
        said = collapsed.steps.get(node.index, node).op  # with letters, where the drawing stands for several calls
        choice = said.chooser(collapsed.lang) or choice
        source = collapsed.of[collapsed.sources(node.inputs[0])[0][0].node]
        made = next(box for box in boxes if box.id == group.id)
        inside = {one.id for one in collapsed.groups if one is group or _is_copy(collapsed.graph, group, one)}
        into = [arrow for arrow in arrows if arrow.source == source.id and arrow.target in inside and not arrow.delay]
        outside = source.id not in inside
        lines = _lines(choice, step, collapsed.widest)
        router = Box(f"{group.id}.chooser", "round", lines, made.tint, "ink", made.cluster)
        fork = Box(f"{made.layer}.in.choice", "dot", (), "ink", "ink", made.cluster)
        fork.width = fork.height = 1.4
        _sized(router, pad)
        router.layer, router.tip, made.tint = made.layer, made.tip, "tint-plain"
        first = min(boxes.index(box) for box in boxes if box.id in inside)
        boxes = [*boxes[:first], *([fork] if outside else []), router, *boxes[first:]]
        start = fork.id if outside else source.id
        found = [arrow for arrow in arrows if arrow not in into]
        if outside:
            label = next((arrow for arrow in into if arrow.label), into[0])
            found.append(replace(label, target=fork.id, head=False))
        found += [Arrow(start, router.id), Arrow(router.id, group.id)]
        found += [Arrow(start, arrow.target, head=arrow.head) for arrow in into if arrow.target != group.id]
        arrows = found
        for number, (scope, copies, name) in enumerate(zip(node.copies, said.copies, choice.copies, strict=False)):
            closed = next((one for one in collapsed.groups if one.scope and one.scope.index == scope), None)
            if closed is not None:
                boxes, arrows = _numbered(collapsed, closed, copies, name, made, boxes, arrows, step, pad, not number)
    return boxes, arrows


def _is_copy(graph: Graph, choice: NodeGroup, group: NodeGroup) -> bool:
    """Whether a box is a copy among which a choice is made, or lies in an open one."""
    return any(one.index in choice.nodes[0].copies for one in graph.ancestors(group.nodes[0].scope))


def _numbered(
    collapsed: CollapsedGraph,
    closed: NodeGroup,
    copies: Copies,
    name: str,
    made: Box,
    boxes: list[Box],
    arrows: list[Arrow],
    step: float,
    pad: float,
    mark: bool,
) -> tuple[list[Box], list[Arrow]]:
    """Return boxes and arrows with one box for each of a few copies; with `mark`, those not chosen are pale."""
    box = next(one for one in boxes if one.id == closed.id)
    names = _shown(copies.number)
    chosen = _chosen(names, copies) if mark else names
    found = []
    for text in names:
        one = replace(box, id=f"{box.id}.{text}", rows=(), shape="round")
        pale = text != DOTS and text not in chosen
        said = text if text == DOTS else name if copies.number == 1 else f"{name} {text}"
        lines = wrapped(said, collapsed.widest / 2, step)
        one.rows = tuple(Row(line, step, "faint" if pale else "ink") for line in lines)
        if pale:
            one.tint, one.ink = "tint-plain", "faint"
        if text == DOTS:
            one.shape, one.tint = "pill", "tint-plain"
        _sized(one, pad)
        found.append(one)
    if chosen != names:
        row = Row(words(say("such as", collapsed.lang).format(names=_listed(chosen, copies.used))), LIGHT, "guide")
        made.rows = (*made.rows, row)
        _sized(made, pad)
    place = boxes.index(box)
    each = list[Arrow]()
    for arrow in arrows:
        if box.id not in (arrow.source, arrow.target):
            each.append(arrow)
            continue
        for one in found:
            ends = (one.id, arrow.target) if arrow.source == box.id else (arrow.source, one.id)
            label = arrow.label if one is found[0] else ()
            each.append(replace(arrow, source=ends[0], target=ends[1], label=label))
    return [*boxes[:place], *found, *boxes[place + 1 :]], each


def _shown(number: Size) -> list[str]:
    if isinstance(number, int) and number <= MOST_COPIES:
        return [str(one) for one in range(1, number + 1)]
    return ["1", "2", DOTS, size_label(number)]


def _chosen(names: list[str], copies: Copies) -> list[str]:
    """Return the copies that are drawn as if they were chosen: for as many as are used, all where that is not known."""
    if not isinstance(copies.used, int) or not isinstance(copies.number, int) or copies.used >= copies.number:
        return names
    return [name for name in names[1:] if name != DOTS][: copies.used]


def _listed(chosen: list[str], used: Size) -> str:
    return f" {DOTS} ".join(chosen) if isinstance(used, int) and used > len(chosen) else ", ".join(chosen)


def _lines(choice: Chooser, step: float, widest: float) -> tuple[Row, ...]:
    name, units, *more = choice.lines
    sized = ((units, step), (", ".join(more), LIGHT))
    rows = (Row(line, size) for text, size in sized for line in wrapped(text, widest, size))
    return Row(words(name, "bold"), NAME), *rows


def _sized(box: Box, pad: float) -> None:
    """Give a box the size that its rows need."""
    box.width = max(line_width(row.line, row.size) for row in box.rows) + 2 * pad
    box.height = sum(row.size for row in box.rows) * LEADING + 4.2
