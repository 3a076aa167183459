"""The `unrolled` view draws a recurrence as one cell for each time step, and the input sequence as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isinf

from netspec.figure.scene import BOLD, Node, Pen, Point, Rect, Scene, layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import axis, line_width, math, symbol, upright, widest, words
from netspec.figure.settings import FigureSettings, Fit
from netspec.figure.strings import say
from netspec.figure.units import Group, Unsuitable, lone_links
from netspec.figure.units.columns import Block, columns_of
from netspec.figure.units.elided import Gap, Unit, size_label
from netspec.ir.graph import Graph
from netspec.ir.sizes import Size

NEXT = 17.6  # mm from one circle to the next in a pill
OVER = 28.0  # mm from one circle to the next if dots stand between them
BETWEEN = 15.0  # mm between two pills of a cell, one above the other
APART = 16.0  # mm between two cells; also the length of an arrow with an open end
THICK = 0.665  # width of the arrows between pills
CLOSE = 8.0  # mm: what remains of both on a page with little room
CAPTION = layout.CAPTION
ROW, FRAME = 11.2, 0.465  # height of a row of the table, and width of its outline
VECTOR = 4.9  # font size in the table


@dataclass(slots=True)
class Cell:
    """One time step, with a pill (a box with round ends) for each group of units."""

    step: str
    x: float  # the middle of the cell
    y: float = 0.0  # the middle of its lowest pill
    pills: dict[Group, Node] = field(default_factory=dict)


def unrolled(graph: Graph, groups: list[Group], settings: FigureSettings) -> Scene:
    """Return the figure of a recurrence; raise Unsuitable if the net has no recurrence."""
    if not any(link.delay for group in groups for link in group.links):
        raise Unsuitable(graph.nodes[groups[-1].node])
    columns = columns_of(groups, settings)
    ranks = [[block for block in column.blocks if not block.delay] for column in columns]
    canvas = Canvas()
    fit = settings.fit
    apart = fit.space(APART, CLOSE)
    width = max(sum(_width(block) for block in row) + apart * (len(row) - 1) for row in ranks)
    left = _table(canvas, groups, settings, len(ranks), graph) if settings.table else 0.0
    steps, elided = _steps(groups, settings, graph)
    ends = elided and any(not group.timed for group in groups)  # whether dots stand before the last step
    whole = left + len(steps) * (width + apart)
    cells = _cells(canvas, steps, ranks, settings, left if whole <= fit.width else inf, ends)
    for number, cell in enumerate(cells):
        last = number == len(cells) - 1
        for rank, row in enumerate(ranks):
            shown = [block for block in row if block.group.timed or last]
            _row(canvas, cell, shown, rank, fit)
        _inside(canvas, cell, ranks)
        _caption(canvas, cell, settings)
    _between(canvas, cells, groups, ends, elided)
    if elided:
        _continues(canvas, cells, ends)
    return canvas.scene("unrolled")


def _cells(
    canvas: Canvas, steps: list[str], ranks: list[list[Block]], settings: FigureSettings, left: float, ends: bool
) -> list[Cell]:
    """Return the places of the cells: in one row from `left` on; if that is infinite, in rows below the table.

    `ends`: whether dots stand before the last step.
    """
    fit = settings.fit
    apart = fit.space(APART, CLOSE)
    width = max(sum(_width(block) for block in row) + apart * (len(row) - 1) for row in ranks)
    if not isinf(left):
        more = 2 * apart if ends else 0.0
        return [
            Cell(step, left + width / 2 + number * (width + apart) + (more if number == len(steps) - 1 else 0.0))
            for number, step in enumerate(steps)
        ]
    high = (len(ranks) - 1) * _over(fit) + 2 * (layout.UNIT + layout.PILL)
    low = canvas.box().bottom + 2 * CLOSE if canvas.items else 0.0
    count = max(1, int((fit.width + apart - 2 * APART) // (width + apart)))
    turn = high + 4.5 + 2 * fit.letters(CAPTION) + CLOSE  # from a row to the next
    return [
        Cell(step, width / 2 + number % count * (width + apart), low + high - layout.UNIT + number // count * turn)
        for number, step in enumerate(steps)
    ]


def _over(fit: Fit) -> float:
    """Return the distance of two pills, one above the other."""
    return 2 * (layout.UNIT + layout.PILL) + fit.space(BETWEEN, CLOSE)


def _steps(groups: list[Group], settings: FigureSettings, graph: Graph) -> tuple[list[str], bool]:
    """Return the time steps to draw, and whether dots stand for others.

    If something is computed only at the end, the steps include the last one. A step that would be alone behind dots is
    drawn.
    """
    length = _length(groups, graph)
    ends = any(not group.timed for group in groups)
    if isinstance(length, int) and length - settings.steps - ends < 2:
        return [str(number) for number in range(1, length + 1)], False
    steps = [str(number) for number in range(1, settings.steps + 1)]
    return [*steps, size_label(length)] if ends else steps, True


def _length(groups: list[Group], graph: Graph) -> Size:
    times = [graph.nodes[group.node].type.time for group in groups if group.timed]
    return next(time.length for time in times if time is not None)


# ---- pills


def _places(block: Block) -> list[float]:
    """Return the distance of each entry's centre from the left end of a pill; the +1 comes first."""
    at = layout.PILL + layout.UNIT
    places = [at] if block.bias else []
    pending = NEXT if block.bias else 0.0
    for entry in block.entries:
        if isinstance(entry, Gap):
            places.append(at + OVER / 2)
            pending = OVER
        else:
            at += pending
            places.append(at)
            pending = NEXT
    return places


def _width(block: Block) -> float:
    return max(_places(block)) + layout.UNIT + layout.PILL


def _row(canvas: Canvas, cell: Cell, blocks: list[Block], rank: int, fit: Fit) -> None:
    y = cell.y - rank * _over(fit)
    apart = fit.space(APART, CLOSE)
    total = sum(_width(block) for block in blocks) + apart * (len(blocks) - 1)
    left = cell.x - total / 2
    for block in blocks:
        width = _width(block)
        _pill(canvas, cell, block, left, y)
        left += width + apart


def _pill(canvas: Canvas, cell: Cell, block: Block, left: float, y: float) -> None:
    group, width = block.group, _width(block)
    path = group.layer.path
    time = math(f"({cell.step})") if group.timed else ()
    base = f"{group.id}@{cell.step}"
    cell.pills[group] = canvas.node(
        f"{base}.pill",
        left + width / 2,
        y,
        width / 2,
        layout.UNIT + layout.PILL,
        shape="pill",
        ink=group.ink,
        width=0.365,
        opacity=0.5,
        classes=("pill",),
        layer=path,
    )
    units: list[Unit | Gap | None] = [*([None] if block.bias else []), *block.entries]  # type: ignore[list-item]
    for entry, at in zip(units, _places(block), strict=True):
        if isinstance(entry, Gap):
            canvas.dots(f"{base}.{entry.name}", left + at, y, 1, 0, entry.hidden, path)
            continue
        node = canvas.node(
            f"{base}.{entry.name if entry else '+1'}",
            left + at,
            y,
            layout.UNIT,
            ink=group.ink,
            layer=path,
            classes=("unit", group.role, *(() if entry else ("bias",))),
        )
        line = symbol(group.label, entry.index, time) if entry and group.label else () if entry else upright("+1")
        canvas.label(node, line, layout.SMALL_LABEL)
    if block.hidden:
        canvas.hidden[group.id] = block.hidden


# ---- arrows


def _inside(canvas: Canvas, cell: Cell, ranks: list[list[Block]]) -> None:
    """Draw an arrow between two pills of a cell if one layer reads the other in the same time step."""
    for row in ranks:
        for block in row:
            target = cell.pills.get(block.group)
            for link in lone_links(block.group):
                source = cell.pills.get(link.source)
                if target is None or source is None or link.delay:
                    continue
                start = Point(source.x, source.y - source.ry)
                end = Point(target.x, target.y + target.ry)
                canvas.wire(source.id, target.id, (start, end), pen=Pen(width=THICK), layer=block.group.layer.path)


def _between(canvas: Canvas, cells: list[Cell], groups: list[Group], ends: bool, elided: bool) -> None:
    """Draw the recurrence: an arrow from a pill to the pill that reads it in a later step, or to an open end."""
    pen = Pen(ink="loop", width=THICK)
    for group in groups:
        for link in lone_links(group):
            if not link.delay:
                continue
            for number, cell in enumerate(cells):
                source = cell.pills[link.source]
                start = Point(source.x + source.rx, source.y)
                id_ = f"{source.id}~{group.id}"
                broken = ends and number + link.delay == len(cells) - 1 and len(cells) > 1
                if number + link.delay < len(cells) and not broken:
                    target = cells[number + link.delay].pills[group]
                    end = Point(target.x - target.rx, target.y)
                    points = _route(start, end) if end.x > start.x else _around(start, end, cells[number + link.delay])
                    canvas.wire(
                        source.id, target.id, points, pen=pen, layer=group.layer.path, classes=("delayed",), id=id_
                    )
                elif broken or (elided and not ends):
                    tip = Point(start.x + APART, start.y)
                    canvas.wire(
                        source.id, "", (start, tip), pen=pen, layer=group.layer.path, classes=("delayed",), id=id_
                    )
            if ends and len(cells) > 1:
                target = cells[-1].pills[group]
                tip = Point(target.x - target.rx, target.y)
                canvas.wire(
                    "",
                    target.id,
                    (Point(tip.x - APART, tip.y), tip),
                    pen=pen,
                    layer=group.layer.path,
                    classes=("delayed",),
                    id=f"{target.id}.in",
                )


def _route(start: Point, end: Point) -> tuple[Point, ...]:
    """Return a level line, or a line with a step in the middle if its ends have different heights."""
    if abs(start.y - end.y) < 0.01:
        return (start, end)
    middle = (start.x + end.x) / 2
    return (start, Point(middle, start.y), Point(middle, end.y), end)


def _around(start: Point, end: Point, cell: Cell) -> tuple[Point, ...]:
    """Return a line from the end of a row of cells to the begin of the next row."""
    top = min(pill.y - pill.ry for pill in cell.pills.values()) - CLOSE / 2
    right, left = start.x + CLOSE, end.x - CLOSE
    return (start, Point(right, start.y), Point(right, top), Point(left, top), Point(left, end.y), end)


def _continues(canvas: Canvas, cells: list[Cell], ends: bool) -> None:
    """Draw dots in every row, to say that more time steps follow."""
    last = cells[-2] if ends and len(cells) > 1 else cells[-1]
    reach = max(node.x + node.rx for node in last.pills.values())
    x = reach + APART * (1.5 if ends else 1.75)
    for group, pill in last.pills.items():
        if group.timed:
            canvas.dots(f"{group.id}@later", x, pill.y, 1, 0, "", group.layer.path)


# ---- words


def _caption(canvas: Canvas, cell: Cell, settings: FigureSettings) -> None:
    text = f"{say('step', settings.lang)} {cell.step}"
    line = words(text)
    size = settings.fit.letters(CAPTION)
    y = cell.y + layout.UNIT + layout.PILL + 4.5 - boxed((line,), size).top
    canvas.text(f"step@{cell.step}.caption", (line,), cell.x, y, size, classes=("caption",))


def _table(canvas: Canvas, groups: list[Group], settings: FigureSettings, ranks: int, graph: Graph) -> float:
    """Draw the input sequence as a table with a row for each step; return the x where the cells may begin."""
    group = next((group for group in groups if group.role == "input" and group.timed), None)
    if group is None:
        return 0.0
    fit = settings.fit
    caption, vector, row_high = fit.letters(CAPTION), fit.letters(VECTOR), fit.letters(ROW)
    rows = _table_rows(_length(groups, graph))
    vectors = {row: _vector(group, settings, row) for row in rows if row}
    head = words(say("sequence", settings.lang))
    wide = max(widest(vectors.values(), vector) + 5, line_width(head, caption) + 2)
    bottom, step = layout.UNIT + layout.PILL, _over(settings.fit)
    middle = (bottom - (ranks - 1) * step - bottom) / 2
    top = middle - len(rows) * row_high / 2
    names = max(line_width(words(row or ""), caption) for row in (*rows, say("step", settings.lang)))
    for number, row in enumerate(rows):
        box = Rect(0.0, top + number * row_high, wide, top + (number + 1) * row_high)
        id_ = f"sequence.{row or f'gap{number}'}"
        canvas.node(
            id_, *box.middle, wide / 2, row_high / 2, shape="box", width=FRAME, classes=("row",), layer=group.layer.path
        )
        if row is None:
            canvas.dots(f"{id_}.dots", *box.middle, 0, 1, "", group.layer.path, (0.55, 1.9))
            continue
        line = vectors[row]
        canvas.label(canvas.by_id[id_], line, vector)
        y = box.middle.y + axis(line) * vector  # the baseline of the vector beside it
        canvas.text(f"{id_}.name", (words(row),), -3.0 - names / 2, y, caption, classes=("caption",))
    y = top - 2.6 - boxed((head,), caption).bottom
    canvas.text("sequence.head", (head,), wide / 2, y, caption, classes=("caption",))
    canvas.text(
        "sequence.step", (words(say("step", settings.lang)),), -3.0 - names / 2, y, caption, classes=("caption",)
    )
    return wide + APART


def _table_rows(length: Size) -> list[str | None]:
    """Return the names of the steps in the table; None stands for dots."""
    if isinstance(length, int) and length <= 7:
        return [str(number) for number in range(1, length + 1)]
    return ["1", "2", "3", None, "t", None, size_label(length)]


def _vector(group: Group, settings: FigureSettings, step: str) -> Line:
    """Return the input of a step as a vector: (x_1^(1), x_2^(1), ..., x_d^(1))."""
    hints = settings.of(group.layer.path)
    size: Size = group.size
    count = size if isinstance(size, int) else 99
    last = size_label(size)
    indices = [str(number) for number in range(1, count + 1)] if count <= 4 else ["1", "2", "...", last]
    line: list[Atom] = [Atom("(", "upright")]
    for number, index in enumerate(indices):
        if number:
            line.append(Atom(", ", "upright"))
        if index == "...":
            line.append(Atom("...", "upright"))
        else:
            line += symbol(hints.symbol or group.label, math(index), math(f"({step})"))
    return (*line, Atom(")", "upright"))


__all__ = ["BOLD", "unrolled"]
