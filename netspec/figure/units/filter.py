"""The `filter` view shows what one unit of a layer of filters computes: its window, the weights, the sum, the unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspec.figure.scene import BOLD, Node, Pen, Point, Polygon, Rect, Scene, layout
from netspec.figure.scene.canvas import Canvas, Footnote, boxed
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import math, paragraph, symbol, upright, words
from netspec.figure.settings import FigureSettings, Index, Skip
from netspec.figure.strings import say
from netspec.figure.trained.overlay import numeral
from netspec.figure.units import Group, Link, Unsuitable
from netspec.figure.units.elided import Gap, Unit, shown_units
from netspec.figure.units.formulas import activation_line
from netspec.figure.units.lattice import (
    COLUMN,
    OVER_COLUMNS,
    OVER_ROWS,
    PADDING,
    ROW,
    Axis,
    Lattice,
    around,
    axis,
    cell_index,
    default_columns,
    default_rows,
    draw_lattice,
    lattice_of,
    radii_of,
    with_window,
)
from netspec.ir.graph import Graph

MOST, FEW = 7, 3  # a window with more values along an axis is drawn with dots; on a page with too little room
FAINT = Pen(opacity=0.5)
BESIDE, ABOVE = 1.3, 1.7  # mm from a unit to the outline of the window: at the sides; above and below
TIGHT = 0.85  # mm in place of ABOVE if another row of units stands directly above or below the window
CLEAR = 17.0  # mm from the grid to the filter
KNEE, TO_SUM, TO_BOX = 7.0, 19.0, 29.0  # mm from filter to the bend of a wire, bend to sum, sum to activation box
TO_TARGET = 22.0  # mm to the grid of the results


@dataclass(frozen=True, slots=True)
class Window:
    """The rows and columns that a filter reads for one unit, counted from 1; those outside the grid are padding."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    at: tuple[int, int]
    most: int = MOST

    def drawn(self, numbers: tuple[int, ...]) -> list[int]:
        """Return all numbers of a small window, or the first ones and the last of a large one."""
        return list(numbers) if len(numbers) <= self.most else [*numbers[: (self.most - 1) // 2 or 1], numbers[-1]]


def filter_view(
    graph: Graph, groups: list[Group], settings: FigureSettings, given: Mapping[str, Any] | None = None
) -> Scene:
    """Return the figure of one unit of the layer that `only` names, else of the first layer of filters.

    Parameters:
        given: weights that are known, by the key of their array; those of a filter for one map stand in its circles.
    """
    group, link = chosen(graph, groups, settings)
    window = window_of(group, link, settings, graph)
    canvas = Canvas()
    source = _source(link.source, window, settings)
    draw_lattice(canvas, source, settings)
    bold = _window_nodes(source, window)
    _embolden(canvas, source, bold)
    array = (given or {}).get(graph.nodes[group.node].stored()) if link.source.type.maps == 1 else None
    weights = _filter(canvas, link, source, window, bold, group, settings, None if array is None else array[0][0])
    total = _sum(canvas, group, weights, settings)
    frame, said = _words(canvas, group, link, settings), _captions(settings)
    notes = [("weights", said[0], source.box.right, frame.left), ("sum", said[1], frame.right, total.box.left)]
    target = _shown_at(lattice_of(group, settings), group, window, settings)
    row, column = (str(number) for number in window.at)
    down = next(at for unit, at in target.rows.units if unit.name == row)
    across = next(at for unit, at in target.columns.units if unit.name == column)
    far = settings.fit.space(TO_TARGET, TO_TARGET / 3) + target.radii[0]
    near = settings.fit.space(TO_BOX, TO_BOX / 2) - layout.UNIT
    wide = (
        far
        + target.columns.places[-1] * COLUMN.x
        + target.radii[0]
        + (near + 2 * layout.BOX[0]) * bool(group.activation)
    )
    broken = total.box.right + wide > settings.fit.width  # then the rest stands in a second row
    last, y, turn = total, total.y, 0.0
    if broken:
        _footer(canvas, group, notes, settings)
        notes, turn = [], canvas.box().bottom + CLEAR / 2
        above = down * ROW + (across - target.columns.places[-1]) * COLUMN.y + target.radii[1]
        y = turn + CLEAR / 2 + max(above, layout.UNIT)
    if group.activation:
        last = _activation(canvas, group, total, source.box.left + KNEE if broken else total.box.right + near, y)
    start = source.box.left if broken and last is total else last.box.right
    target.origin = Point(start + far, y - down * ROW - across * COLUMN.y)
    draw_lattice(canvas, target, settings)
    node = target.nodes[row, column]
    _embolden(canvas, target, [node])
    path = group.layer.path
    if broken:
        entry = node if last is total else last
        left, right = min(source.box.left, entry.box.left) - 5, total.box.right + 4
        ends = total.box.grown(-1), entry.box.grown(-1)  # the arrow begins and ends at their outlines
        canvas.carry(f"{group.id}.{node.id}", path, *ends, right=right, left=left, y=turn)
    if last is not total or not broken:
        way = (Point(last.box.right, y), Point(node.x - node.rx, node.y))
        canvas.wire(last.id, node.id, way, layer=path)
    if group.activation:
        notes.append(("activation", said[2], last.box.right, target.box.left))
    _footer(canvas, group, notes, settings)
    return canvas.scene("filter")


def chosen(graph: Graph, groups: list[Group], settings: FigureSettings) -> tuple[Group, Link]:
    for group in groups:
        as_plane(group)
    able = [group for group in groups if graph.nodes[group.node].op.family == "filters" and len(group.type.space) == 2]
    able = [group for group in able if len(group.links) == 1 and len(group.links[0].source.type.space) == 2]
    if not able:
        raise Unsuitable(graph.nodes[groups[-1].node])
    group = next((group for group in able if group.layer.path == settings.only), able[0])
    return group, group.links[0]


def as_plane(group: Group) -> None:
    """Make values along one axis a plane of one row, with windows one row high."""
    if len(group.type.space) == 1 and group.type.classes is None:
        group.type = group.type._replace(space=(1, *group.type.space))
        for link in group.links:
            if link.windows is not None:
                own = link.windows
                if own.even:
                    link.windows = own._replace(even=((1, 1), *own.even))
                    continue
                link.windows = own._replace(
                    kernel=(1, *own.kernel), stride=(1, *own.stride), dilation=(1, *own.dilation), pad=(0, *own.pad)
                )


def window_of(group: Group, link: Link, settings: FigureSettings, graph: Graph) -> Window:
    """Return the window of the unit that `at` names; else of the first unit whose window starts inside the grid."""
    assert link.windows is not None
    kernel, stride, dilation, pad = (
        tuple(int(size) for size in sizes)  # type: ignore[arg-type]
        for sizes in link.windows[:4]
    )
    at = settings.of(group.layer.path).at[-2:]
    if not at:
        at = tuple(-(-p // s) + 1 for p, s in zip(pad, stride, strict=True))
        last = group.type.space
        at = tuple(min(a, n) if isinstance(n, int) else a for a, n in zip(at, last, strict=True))
    starts = [(a - 1) * s - p + 1 for a, s, p in zip(at, stride, pad, strict=True)]
    rows, columns = (
        tuple(start + k * d for k in range(size)) for start, d, size in zip(starts, dilation, kernel, strict=True)
    )
    return Window(rows, columns, (at[0], at[1]), MOST if settings.max_units > FEW else FEW)


def _source(group: Group, window: Window, settings: FigureSettings) -> Lattice:
    """Return the grid that the filter reads. It always shows the window; padding is drawn as zeros."""
    height, width = group.type.space
    axes = []
    pairs = ((height, window.rows, default_rows, OVER_ROWS), (width, window.columns, default_columns, OVER_COLUMNS))
    for size, numbers, default, over in pairs:
        inside = [n for n in window.drawn(numbers) if n >= 1 and not (isinstance(size, int) and n > size)]
        show = default(size) if window.most > FEW else (Index(1), Skip(), Index(size))
        entries = shown_units(size, with_window(show, size, inside))
        before = [Unit(str(n), PADDING, None) for n in window.drawn(numbers) if n < 1]
        after = [Unit(str(n), PADDING, None) for n in window.drawn(numbers) if isinstance(size, int) and n > size]
        axes.append(axis([*before, *entries, *after], over))
    return Lattice(group, axes[0], axes[1], Point(0, 0), radii=radii_of(settings))


def _window_nodes(source: Lattice, window: Window) -> list[Node]:
    return [
        source.nodes[str(row), str(column)]
        for row in window.drawn(window.rows)
        for column in window.drawn(window.columns)
    ]


def _embolden(canvas: Canvas, lattice: Lattice, nodes: list[Node]) -> None:
    """Give these units of the grid a thicker line, because the figure is about them."""
    chosen = {node.id for node in nodes}
    for number, item in enumerate(canvas.nodes):
        if isinstance(item, Node) and item.id in chosen:
            canvas.nodes[number] = canvas.by_id[item.id] = replace(item, pen=replace(item.pen, width=BOLD))


def _filter(
    canvas: Canvas,
    link: Link,
    source: Lattice,
    window: Window,
    read: list[Node],
    group: Group,
    settings: FigureSettings,
    given: Any = None,
) -> list[Node]:
    """Draw the filter's weights at the right of the units they read, each with a level wire; return the weights."""
    shift = source.box.right + settings.fit.space(CLEAR, CLEAR / 2) - around(read).left + source.radii[0]
    rows = [k for k, number in enumerate(window.rows) if number in window.drawn(window.rows)]
    columns = [k for k, number in enumerate(window.columns) if number in window.drawn(window.columns)]
    weights = []
    path = group.layer.path
    for node, (row, column) in zip(read, [(r, c) for r in rows for c in columns], strict=True):
        units = Unit(str(row + 1), math(str(row + 1)), row), Unit(str(column + 1), math(str(column + 1)), column)
        weight = canvas.node(
            f"{group.id}.w.{row + 1}.{column + 1}",
            node.x + shift,
            node.y,
            *source.radii,
            shape="ellipse",
            ink="filter",
            fill="paper",
            classes=("weight",),
            layer=path,
        )
        if given is None:
            canvas.label(weight, symbol("w", cell_index(*units)), 4.7)
        else:
            held = given[column] if isinstance(given[0], int | float) else given[row][column]
            canvas.label(weight, numeral(float(held)), 4.7)
            canvas.texts[-1] = replace(canvas.texts[-1], classes=("label", "number"))
        tail, tip = Point(node.x + node.rx, node.y), Point(weight.x - weight.rx, weight.y)
        canvas.wire(node.id, weight.id, (tail, tip), pen=FAINT, layer=path, classes=("input",))
        weights.append(weight)
    _inner_dots(canvas, source, window, shift, group)
    next_to = {str(window.rows[0] - 1), str(window.rows[-1] + 1)} & {unit.name for unit, _ in source.rows.units}
    for name, nodes in (("window", read), ("filter", weights)):
        corners = _outline(nodes, TIGHT if next_to else ABOVE)
        canvas.polygon(f"{group.id}.{name}", corners, pen=Pen(ink="guide"), classes=("outline",), front=True)
    return weights


def _inner_dots(canvas: Canvas, source: Lattice, window: Window, shift: float, group: Group) -> None:
    """Draw dots within a large filter, in the rows and columns where its window has dots."""
    box = around(_window_nodes(source, window))
    for gap, down in source.rows.gaps:
        for column, across in source.columns.units:
            point = source.point(down, across)
            if int(column.name) in window.columns if column.name.lstrip("-").isdigit() else False:
                if (
                    box.top < point.y < box.bottom
                    and len(window.rows) > window.most
                    and _between(source.rows, down, window.rows)
                ):
                    canvas.dots(f"{group.id}.w.{gap.name}.{column.name}", point.x + shift, point.y, 0, 1, gap.hidden)
    for gap, across in source.columns.gaps:
        for row, down in source.rows.units:
            point = source.point(down, across)
            if row.name.lstrip("-").isdigit() and int(row.name) in window.rows and len(window.columns) > window.most:
                if _between(source.columns, across, window.columns):
                    canvas.dots(f"{group.id}.w.{row.name}.{gap.name}", point.x + shift, point.y, *COLUMN, gap.hidden)


def _between(along: Axis, at: float, numbers: tuple[int, ...]) -> bool:
    """Whether a gap lies within the window."""
    places = {unit.name: place for unit, place in along.units}
    return places[str(numbers[0])] < at < places[str(numbers[-1])]


def _outline(nodes: list[Node], above: float) -> tuple[Point, ...]:
    """Return the corners of a parallelogram around units: two sides are upright, two follow the slope of the grid."""
    left, right = min(node.x for node in nodes), max(node.x for node in nodes)
    slope = COLUMN.y / COLUMN.x
    lifts = [node.y - slope * (node.x - left) for node in nodes]
    top, bottom = min(lifts) - nodes[0].ry - above, max(lifts) + nodes[0].ry + above
    out = nodes[0].rx + BESIDE
    corners = ((left - out, top), (right + out, top), (right + out, bottom), (left - out, bottom))
    return tuple(Point(x, y + slope * (x - left)) for x, y in corners)


def _sum(canvas: Canvas, group: Group, weights: list[Node], settings: FigureSettings) -> Node:
    """Draw the sum at the height of the filter's middle, and the wires of the products."""
    box = around(weights)
    y = (min(node.y for node in weights) + max(node.y for node in weights)) / 2
    knee = box.right + BESIDE + KNEE
    to_sum = settings.fit.space(TO_SUM, layout.UNIT + 4)
    total = canvas.node(f"{group.id}.sum", knee + to_sum, y, layout.UNIT, classes=("sum",), layer=group.layer.path)
    canvas.label(total, upright("Σ"), layout.SIGMA)
    for weight in weights:
        start = Point(weight.x + weight.rx, weight.y)
        turn = Point(knee, weight.y)
        points = (start, Point(total.x - total.rx, y)) if abs(weight.y - y) < 0.01 else (start, turn, total.rim(turn))
        canvas.wire(weight.id, total.id, points, pen=FAINT, layer=group.layer.path, classes=("product",))
    return total


def _activation(canvas: Canvas, group: Group, total: Node, left: float, y: float) -> Node:
    """Draw the activation, and the wire from the sum if that stands in the same row."""
    rx, ry = layout.BOX
    act = canvas.node(
        f"{group.id}.act", left + rx, y, rx, ry, shape="box", classes=("activation",), layer=group.layer.path
    )
    canvas.label(act, activation_line(group.activation), layout.SMALL_LABEL)
    if y == total.y:
        start, end = Point(total.box.right, y), Point(act.box.left, y)
        canvas.wire(total.id, act.id, (start, end), layer=group.layer.path)
        middle = (start.x + end.x) / 2
        canvas.text(f"{group.id}.s", (math("s"),), middle, y - 2.6, layout.SMALL_LABEL, classes=("label",))
    return act


def _shown_at(target: Lattice, group: Group, window: Window, settings: FigureSettings) -> Lattice:
    """Return the grid of the filter's outputs; it always shows the computed unit, unless the spec lists the units."""
    if settings.of(group.layer.path).show:
        return target
    height, width = group.type.space
    rows = shown_units(height, with_window(default_rows(height), height, [window.at[0]]))
    columns = shown_units(width, with_window(default_columns(width), width, [window.at[1]]))
    radii = radii_of(settings)
    return Lattice(group, axis(rows, OVER_ROWS), axis(columns, OVER_COLUMNS), Point(0, 0), radii=radii)


def _words(
    canvas: Canvas,
    group: Group,
    link: Link,
    settings: FigureSettings,
) -> Rect:
    """Write the filter's size above it and the shape of W below it; return its frame."""
    outline = next(item for item in canvas.front if item.id == f"{group.id}.filter")
    assert isinstance(outline, Polygon)
    windows = link.windows
    assert windows is not None
    frame = outline.box
    lang = settings.lang
    kernel = " × ".join(str(size) for size in windows.kernel)
    name = words(say("filter", lang))
    y = frame.top + 1.0 - boxed((name,), layout.CAPTION).bottom
    middle = frame.middle.x - COLUMN.x
    canvas.text(f"{group.id}.filter.name", (name,), middle, y, layout.CAPTION, classes=("caption",))
    y += boxed((name,), layout.CAPTION).top - 1.6
    canvas.text(f"{group.id}.filter.size", (math(kernel),), middle, y, layout.SMALL_LABEL, classes=("caption",))
    maps = link.source.type.maps
    sizes = (*((maps,) if maps != 1 else ()), *windows.kernel)
    formula: Line = (Atom("W", "italic", sup=math("×".join(str(size) for size in sizes))),)
    y = frame.bottom + 1.5 - boxed((formula,), layout.FORMULA).top
    canvas.text(f"{group.id}.filter.formula", (formula,), middle, y, layout.FORMULA, classes=("formula",))
    return frame


def _captions(settings: FigureSettings) -> list[str]:
    """Return the captions of the weights, the sum and the activation."""
    said = settings.captions
    keys = ("weights", "sum", "activation")
    return [say(key, settings.lang) for key in keys] if said is None else [*said, "", "", ""][:3]


def _footer(canvas: Canvas, group: Group, notes: list[tuple[str, str, float, float]], settings: FigureSettings) -> None:
    """Write captions in one line below a row, each in the middle of its place."""
    size = settings.fit.letters(layout.CAPTION)
    found = [
        Footnote(f"{group.id}.{key}.caption", text, (left + right) / 2, size)
        for key, text, left, right in notes
        if text
    ]
    canvas.footer(found, max((_free_below(canvas, note) for note in found), default=0.0))


def _free_below(canvas: Canvas, note: Footnote) -> float:
    """Return the y below which a caption meets nothing that is drawn."""
    half = boxed(paragraph(note.text), note.size).width / 2 + 2
    boxes = [item.box for item in canvas.items]
    return max(box.bottom for box in boxes if box.left < note.x + half and box.right > note.x - half) + 4


__all__ = ["Gap", "Index", "Skip", "filter_view"]
