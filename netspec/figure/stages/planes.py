"""Draws the `planes` view: a stack of rectangles for maps, a slanted bar for a layer without rows and columns,
and a cone from a map to the next for a filter. All lengths are millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

from netspec.figure.scene import HAIR, Node, Pen, Point, Polygon, Rect, Scene, Value, around
from netspec.figure.scene.canvas import Canvas
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import line_width, paragraph, text_box, widest, words, wrapped
from netspec.figure.settings import FigureSettings, Fit
from netspec.figure.stages import Stage, extent, number, stages_of
from netspec.figure.strings import say
from netspec.figure.units.elided import fitted, size_label
from netspec.ir.graph import Graph
from netspec.ir.operation import Windows
from netspec.ir.types import Type, type_text

LARGEST, KNEE = 44.0, 6.5  # longest side of the largest map; sides below KNEE shrink more slowly than their maps
THIN_MAP = 4.0  # height of a map with one axis
STEP = 3.1  # each map of a stack stands this far right of the map behind it, and this far below it
MOST, HALF = 16, 4  # a stack of more than MOST maps shows its first HALF and its last HALF maps at least
CLEAR = 4.0  # least distance between two stacks
BAR = 9.5  # width of a bar
TALL, TENFOLD = 0.25, 0.28  # height of a bar of one unit, and what a tenfold adds; parts of the tallest stack
BARS = (32.0, 56.0)  # least and largest height that is taken as the tallest stack's when bars are measured
BETWEEN = 11.0  # distance between two bars
LABEL, WORDS, LEADING = 3.4, 3.7, 1.18  # size of labels, of the text under the drawing; line height in sizes
ROW, WORDS_APART = 5.2, 2.5  # height of one line of the text under the drawing; least distance of two such texts
ROWS_APART = 9.0  # from a row of stacks to the next, and the room at its end for the arrow to the next
LEAST_STEP = 0.8  # what remains of STEP on a page with little room
THIN = Pen(width=HAIR * 1.3)
# about where a cone's value stands, as parts of a map's width and height; cones take the two places in turn
PLACES = ((0.68, 0.70), (0.40, 0.34))


@dataclass(slots=True, eq=False)
class Stack:
    """A stage as it is drawn: `boxes` are the rectangles of maps, `bar` the corners of the bar of a layer without maps.

    Both are given as if the stack began at x = 0; `x` says how far right the stack really stands.
    """

    stage: Stage
    boxes: list[Rect] = field(default_factory=list)
    bar: tuple[Point, ...] = ()
    label: tuple[Line, ...] = ()
    dots: Point | None = None
    hidden: str = ""  # how many maps the dots stand for
    x: float = 0.0
    y: float = 0.0
    leads_by_lines: bool = False  # whether a line to the next stack may rise from the upper right corner
    letters: float = LABEL
    again: bool = False  # whether it is drawn a second time, at the begin of a row
    says: tuple[Line, ...] = ()  # the words for what computes it
    own: bool = True  # whether these are netspec's, which may be broken and ask for room, not the user's

    @property
    def id(self) -> str:
        return f"{self.stage.id}@again" if self.again else self.stage.id

    def shifted(self) -> list[Rect]:
        x, y = self.x, self.y
        return [Rect(b.left + x, b.top + y, b.right + x, b.bottom + y) for b in self.boxes]

    @property
    def dots_at(self) -> Point:
        assert self.dots is not None
        return Point(self.dots.x + self.x, self.dots.y + self.y)

    @property
    def front(self) -> Rect:
        return self.shifted()[-1]

    @property
    def corners(self) -> tuple[Point, ...]:
        return tuple(Point(point.x + self.x, point.y + self.y) for point in self.bar)

    @property
    def label_at(self) -> Point:
        """The point where the last line of the label begins."""
        left, top = self.corners[0] if self.bar else self.shifted()[0][:2]
        wide = BAR if self.bar else self.boxes[0].width
        # a line may rise from the upper right corner: the label stays left of it
        over = widest(self.label, self.letters) - wide if self.leads_by_lines else 0.0
        return Point(left - max(over, 0.0), top - 2.2)

    def label_box(self) -> Rect:
        at = self.label_at
        size = self.letters
        high = (len(self.label) - 1) * size * LEADING
        return Rect(at.x, at.y - high - size * 0.75, at.x + widest(self.label, size), at.y + size * 0.22)

    def outline(self) -> list[Rect]:
        """Return rectangles that cover the stack and its label; later stacks must not touch them."""
        if self.bar:
            return [*_slices(self.corners), self.label_box()]
        dots = [] if self.dots is None else [Rect(*self.dots_at, *self.dots_at).grown(2.0)]
        return [*self.shifted(), *dots, self.label_box()]


def _slices(corners: tuple[Point, ...], count: int = 24) -> list[Rect]:
    """Cut a slanted bar into horizontal slices, so that upright rectangles describe its outline closely."""
    (left, top), (right, _), (_, bottom), _ = corners
    slant = corners[2].x - right
    high = (bottom - top) / count
    return [
        Rect(left + slant * k / count, top + high * k, right + slant * (k + 1) / count, top + high * (k + 1))
        for k in range(count)
    ]


def planes(graph: Graph, settings: FigureSettings) -> Scene:
    """Draw a net that is a chain of maps and layers. Raises Unsuitable if the net is no such chain."""
    canvas = Canvas()
    before: Stack | None = None
    for row in _rows(stages_of(graph), settings):
        if before is not None:
            low = canvas.box().bottom
            top = min(box.top for stack in row for box in stack.outline())
            for stack in row:
                stack.y = low + ROWS_APART - top
            _carry(canvas, before, row[0], low + ROWS_APART / 2)
        for stack in row:
            _draw(canvas, stack, settings)
        for turn, (one, other) in enumerate(pairwise(row)):
            _join(canvas, one, other, turn)
        _operations(canvas, row, settings)
        before = row[-1]
    canvas.clear("title")
    canvas.clear("caption")
    return canvas.scene("planes", nodes_first=True)


def _rows(stages: list[Stage], settings: FigureSettings) -> list[list[Stack]]:
    """Set the stacks in one row, or in rows that are no wider than the page. A row begins with the last stack again."""
    settings = fitted(settings, (stage.type.maps for stage in stages if stage.type.space), MOST, 2 * HALF)
    scale, fit = _scale(stages), settings.fit
    tallest = max((_maps_high(stage, scale, fit) for stage in stages if stage.type.space), default=0.0)
    tallest = min(max(tallest, BARS[0]), BARS[1])
    tallest = fit.space(tallest, tallest * 0.7)
    rows: list[list[Stack]] = [[]]
    for place, stage in enumerate(stages):
        lines = place + 1 < len(stages) and _rises(stage, stages[place + 1])
        stack = _stack(stage, scale, tallest, settings, lines)
        if place:
            stack.says, stack.own = _said(stage, place, settings)
        _push(rows[-1], stack, fit)
        wide = max(box.right for box in stack.outline()) + (ROWS_APART if place + 1 < len(stages) else 0.0)
        if wide > fit.width and len(rows[-1]) > 2:
            before = rows[-1][-2]
            again = _stack(before.stage, scale, tallest, settings, before.leads_by_lines)
            again.again = True
            rows[-1:] = [rows[-1][:-1], [again]]
            stack.x = 0.0
            _push(rows[-1], stack, fit)
    return rows


def _rises(stage: Stage, after: Stage) -> bool:
    """Whether a line from the upper right corner of a stage leads upwards to the next, or may do so."""
    bars = not stage.type.space and not after.type.space
    return after.windows is None and not (bars and number(after.type.maps) <= number(stage.type.maps))


def _carry(canvas: Canvas, before: Stack, again: Stack, y: float) -> None:
    """Draw the arrow from the end of a row to the begin of the next, where the last stack stands again."""
    start, end = (around(stack.outline()[:-1]) for stack in (before, again))
    right = max(start.right, before.label_box().right, canvas.texts[-1].box.right) + 3
    left = min(end.left, again.label_box().left) - 5
    canvas.carry(again.id, again.stage.layer.path, start, end, right=right, left=left, y=y)


def _scale(stages: list[Stage]) -> float:
    """Return how many millimetres one row or column of the largest map is high or wide."""
    return LARGEST / max(max(extent(stage.type)) for stage in stages)


def _sides(value: Type, scale: float) -> tuple[float, float]:
    """Return how high and how wide a map is drawn.

    Sides are to scale. A side that would be shorter than KNEE shrinks only with its logarithm, so that each map is
    visible and a larger map is always drawn larger.
    """
    rows, columns = extent(value)
    return THIN_MAP if len(value.space) == 1 else _side(rows * scale), _side(columns * scale)


def _side(length: float) -> float:
    return length if length >= KNEE else KNEE / (1.0 + math.log(KNEE / length))


# ---- shapes


def _maps_high(stage: Stage, scale: float, fit: Fit) -> float:
    return _sides(stage.type, scale)[0] + fit.space(STEP, LEAST_STEP) * (_count(stage, fit)[0] - 1)


def _stack(stage: Stage, scale: float, tallest: float, settings: FigureSettings, lines: bool) -> Stack:
    """Make the shapes of a stage: its middle stands at the height y = 0, its left edge at x = 0.

    `lines`: whether a line to the next stack may rise from the upper right corner.
    """
    stack = Stack(stage, letters=settings.fit.letters(LABEL))
    far = settings.fit.space(STEP, LEAST_STEP)
    if not stage.type.space:
        high = tallest * (TALL + TENFOLD * math.log10(max(number(stage.type.maps), 1.0)))
        half, slant = high / 2, high * 0.98
        stack.bar = (Point(0, -half), Point(BAR, -half), Point(BAR + slant, half), Point(slant, half))
        wide = BAR
    else:
        height, width = _sides(stage.type, scale)
        count, hidden = _count(stage, settings.fit)
        stack.hidden = hidden
        steps = [k if not hidden or k < count // 2 else k + 1.6 for k in range(count)]
        reach = steps[-1] * far
        for step in steps:
            left, top = step * far, step * far - (height + reach) / 2
            stack.boxes.append(Rect(left, top, left + width, top + height))
        if hidden:
            corner = stack.boxes[count // 2 - 1]
            stack.dots = Point(corner.right + 1.3 * far, corner.top + 1.3 * far)
        wide = width + reach
    stack.leads_by_lines = lines
    stack.label = _label(stage, wide, settings)
    return stack


def _count(stage: Stage, fit: Fit) -> tuple[int, str]:
    """Return how many maps are drawn, and as a text how many are not ("" if all are drawn)."""
    maps = stage.type.maps
    count = fit.least + fit.least % 2 if isinstance(maps, int) else 2 * HALF
    if isinstance(maps, int) and maps <= max(MOST, count + 1):
        return maps, ""
    return count, size_label(maps - count)


def _label(stage: Stage, wide: float, settings: FigureSettings) -> tuple[Line, ...]:
    """Return the lines of a label, such as `C1: feature maps` and `6@28×28`; a narrow stack gets shorter words."""
    given = settings.of(stage.layer.path).title
    lang = settings.lang
    size = type_text(stage.type).replace("x", "×") if stage.type.space else size_label(stage.type.maps)
    if stage.type.space and stage.type.maps == 1 and stage.does == "input":
        size = size.removeprefix("1@").removeprefix("1 @ ")
    if given is None and stage.does == "input":
        given = stage.caption or stage.label
    kinds = ("layer",) if not stage.type.space else ("maps", "f. maps")
    names = [f"{stage.label}: {say(kind, lang)}" for kind in kinds]
    if given is None and names_values(stage, lang) and stage.caption not in names:
        given = stage.caption
    if given is None and stage.label and settings.titles == "top":
        given = stage.layer.caption or None
    if given is None and stage.layer.role == "output":
        given = stage.label
    if given is None and stage.label:
        size_ = settings.fit.letters(LABEL)
        given = next((name for name in names if widest((words(name),), size_) <= wide * 1.25), names[-1])
    return (*(paragraph(given) if given else ()), words(size))


def _push(stacks: list[Stack], stack: Stack, fit: Fit) -> None:
    """Add a stack as far left as possible without touching an earlier stack or an earlier label."""
    stacks.append(stack)
    if len(stacks) < 2:
        return
    *stacks, stack = stacks
    own = stack.outline()
    gap = fit.space(BETWEEN if stack.bar and stacks[-1].bar else CLEAR)
    if stack.bar and not stacks[-1].bar:
        gap = fit.space(BETWEEN * 0.6)
    earlier = [box for other in stacks for box in other.outline()]
    if not math.isinf(fit.width):  # large letters beside narrow stacks: labels need the room of a letter between them
        earlier += [box._replace(right=box.right + other.letters) for other in stacks for box in [other.label_box()]]
    shift = 0.0
    for left, top, _, bottom in own:
        near = shift + left - gap  # what ends before this pushes no further
        for _, above, right, below in earlier:
            if right > near and below > top - 1.0 and bottom > above - 1.0:
                shift, near = right + gap - left, right
    rows = not math.isinf(fit.width)
    if len(stacks) > 1 and (rows or stack.own or stacks[-1].own):  # the words below stand side by side
        size = fit.letters(WORDS)
        room = (widest(stack.says, size) + widest(stacks[-1].says, size)) / 2 + WORDS_APART
        shift = max(shift, 2 * (_gap(stacks[-2], stacks[-1]) + room - _gap(stacks[-1], stack)))
    stack.x = shift


# ---- drawing


def _draw(canvas: Canvas, stack: Stack, settings: FigureSettings) -> None:
    # a stack that stands again is no second place of its layer, at which words could be written
    path, stage = "" if stack.again else stack.stage.layer.path, stack.stage
    shades = ("light", "dark")
    if stack.bar:
        canvas.nodes.append(
            Polygon(
                id=stack.id, points=stack.corners, pen=None, fill=shades[1], classes=("bar", *stage.kind), layer=path
            )
        )
    count = len(stack.boxes)
    for place, box in enumerate(stack.shifted(), 1):
        fill = shades[(count - place) % 2 == 0 and not (count == 1 and stage.does == "input")]
        canvas.node(
            f"{stack.id}.{place if place < count or stack.dots is None else 'last'}",
            *box.middle,
            box.width / 2,
            box.height / 2,
            shape="box",
            ink=fill,
            width=0.0,
            fill=fill,
            classes=("map", stage.layer.role, *stage.kind),
            layer=path,
            value=Value(stage.last, _map_number(stage, place, stack)),
        )
    if stack.dots is not None:
        canvas.dots(f"{stack.id}.gap", *stack.dots_at, 1, 1, stack.hidden, path, (0.6, 1.9))
        canvas.hidden[stage.id] = stack.hidden
    letter = settings.of(path).letter
    if letter and stack.boxes and stage.does == "input":
        box = stack.front
        size = box.height * 0.72
        own = Rect(*text_box((words(letter, "bold"),), 0, 0, size))
        text = canvas.text(
            f"{stack.id}.letter", (words(letter, "bold"),), box.middle.x, box.middle.y - own.middle.y, size
        )
        canvas.texts[-1] = replace(text, inside=f"{stack.id}.{count}")
    at = stack.label_at
    y = at.y - (len(stack.label) - 1) * stack.letters * LEADING
    canvas.text(
        f"{stack.id}.title",
        stack.label,
        at.x,
        y,
        stack.letters,
        align="start",
        classes=("title",),
        layer=path,
        leading=LEADING,
    )


def _map_number(stage: Stage, place: int, stack: Stack) -> int:
    """Return the number (0 is the first) of the map that a rectangle stands for.

    The rectangles behind the dots stand for the last maps.
    """
    drawn, maps = len(stack.boxes), stage.type.maps
    if stack.dots is None or place <= drawn // 2 or not isinstance(maps, int):
        return place - 1
    return maps - drawn + place - 1


def _join(canvas: Canvas, before: Stack, after: Stack, turn: int) -> None:
    """Join two stacks: by a cone if windows lead from map to map, else by two lines."""
    if after.stage.windows is not None:
        _cone(canvas, before, after, after.stage.windows, turn)
        return
    if before.bar:
        start = (before.corners[1], before.corners[2])
    else:
        maps = before.shifted()
        start = (Point(maps[0].right, maps[0].top), Point(maps[-1].right, maps[-1].bottom))
    if after.bar:
        end = (after.corners[0], after.corners[3])
    else:
        front = after.shifted()
        end = (Point(front[0].left, front[0].top), Point(front[-1].left, front[-1].bottom))
    for name, a, b in (("upper", start[0], end[0]), ("lower", start[1], end[1])):
        id_ = f"{after.stage.id}.{name}"
        canvas.wire(
            "", "", (a, b), pen=THIN, head=False, id=id_, classes=("link",), layer=after.stage.layer.path, over=True
        )


def _cone(canvas: Canvas, before: Stack, after: Stack, windows: Windows, turn: int) -> None:
    """Draw a window on a front map, and lines between its corners and the one value at the other end.

    The value is computed from the window; for a transposed filter the value is read, and the window is what it adds to.
    """
    wide, single = (after, before) if windows.turned else (before, after)
    of_window, of_value = extent(wide.stage.type), extent(single.stage.type)
    axes = len(wide.stage.type.space)
    reads = []
    for axis, part in ((axes - 2, PLACES[turn % 2][1]), (axes - 1, PLACES[turn % 2][0])):
        down = axis == axes - 2
        count, size = (int(values[0 if down else 1]) for values in (of_value, of_window))
        reads.append((0, range(1)) if axis < 0 else _place(windows, axis, count, size, part))
    (row, rows), (column, columns) = reads
    window = _cells(wide.front, of_window, rows, columns)
    tip = _cells(single.front, of_value, range(row, row + 1), range(column, column + 1)).middle
    path = after.stage.layer.path
    canvas.front.append(
        Polygon(id=f"{after.stage.id}.window", points=window.corners, pen=THIN, classes=("window",), layer=path)
    )
    for number_, corner in enumerate(window.corners, 1):
        line = (tip, corner) if windows.turned else (corner, tip)
        id_ = f"{after.stage.id}.cone.{number_}"
        canvas.wire("", "", line, pen=THIN, head=False, id=id_, classes=("cone",), layer=path, over=True)


def _place(windows: Windows, axis: int, count: int, size: int, part: float) -> tuple[int, range]:
    """Return the number of a value along an axis, and the cells of its window.

    Of `count` values, it is the one nearest to a part of the axis whose window lies inside the map of `size` cells; if
    there is none, the window that has most cells inside, without its cells outside.
    """

    def inside(place: int) -> range:
        read = windows.read(axis, place)
        return range(max(read[0], 0), min(read[-1] + 1, size))

    def rank(place: int) -> tuple[int, float]:
        read = windows.read(axis, place)
        return len(inside(place)) - (read[-1] + 1 - read[0]), -abs(place + 0.5 - part * count)

    best = max(range(count), key=rank)
    return best, inside(best)


def _cells(map_: Rect, of_map: tuple[float, float], rows: range, columns: range) -> Rect:
    """Return the rectangle of some rows and columns of a map."""
    high, wide = map_.height / of_map[0], map_.width / of_map[1]
    left, top = map_.left + wide * columns.start, map_.top + high * rows.start
    return Rect(left, top, left + wide * len(columns), top + high * len(rows))


# ---- the text under the drawing


def _operations(canvas: Canvas, stacks: list[Stack], settings: FigureSettings) -> None:
    """Write the operation between each two neighbouring stages under the drawing, or what the spec says instead.

    Texts of the user that would overlap in a single row of stacks go into further rows. A tick leads from each up to
    the gap between its stages.
    """
    size = settings.fit.letters(WORDS)
    bottom = max(max(box.bottom for box in stack.outline()) for stack in stacks) + 4.0
    placed: list[Rect] = []
    for before, after in pairwise(stacks):
        if not after.says:
            continue
        x, y, path = _gap(before, after), bottom + size, after.stage.layer.path
        half, high = widest(after.says, size) / 2, size * LEADING * (len(after.says) - 1)
        while any(box.overlaps(Rect(x - half, y - size, x + half, y + high)) for box in placed):
            y += settings.fit.letters(ROW)
        apart = half + WORDS_APART - 0.01
        placed.append(Rect(x - apart, y - size, x + apart, y + high))
        name = f"{after.stage.id}.does"
        canvas.text(name, after.says, x, y, size, classes=("caption",), layer=path, leading=LEADING)
        top = max(
            (box.bottom for stack in (before, after) for box in stack.outline() if box.left < x < box.right),
            default=0.0,
        )
        tick = (Point(x, max(top + 1.5, bottom - 10.0)), Point(x, y - size * 0.95))
        canvas.wire("", "", tick, pen=THIN, head=False, id=f"{after.stage.id}.tick", classes=("tick",), layer=path)


def _said(stage: Stage, place: int, settings: FigureSettings) -> tuple[tuple[Line, ...], bool]:
    """Return the words below the gap before a stage, and whether they are netspec's own: its name and its size."""
    given = user_words(stage, place, settings)
    if settings.captions == ():
        return (), True
    if given:
        return (paragraph(" ".join(given.splitlines()))[0],), False
    text = _done(stage, settings.lang)
    name, _, last = text.rpartition(" ")
    if last[:1].isdigit():  # a size
        return (words(name), words(last)), True
    return wrapped(text, max(line_width(words(word), 1.0) for word in text.split(" ")), 1.0), True


def user_words(stage: Stage, place: int, settings: FigureSettings) -> str:
    """Return the words that the user gives for the step before the stage number `place`; "" if there are none."""
    captions = settings.captions or ()
    above = settings.titles == "top" or names_values(stage, settings.lang)  # there a caption stands above
    caption = "" if above else stage.caption
    return (captions[place - 1] if 0 < place <= len(captions) else "") or caption


def names_values(stage: Stage, lang: str) -> bool:
    """Whether a caption says what the values are, not how they are computed: `C1: feature maps` of C1, or `OUTPUT`."""
    said, role = stage.caption.lower(), stage.layer.role
    return bool(said) and (said.startswith(f"{stage.label.lower()}:") or said == say(role, lang))


def _done(stage: Stage, lang: str) -> str:
    """Return the caption of a step: `convolution 5×5`, `full connection`, or else the title of its operation."""
    op = stage.node.op
    if stage.does == "filters" and stage.windows is not None:
        name = say("transposed" if stage.windows.turned else "convolution", lang)
        return f"{name} {'×'.join(map(str, stage.windows.kernel))}"
    return say("full", lang) if op.dense else op.title(lang)


def _gap(before: Stack, after: Stack) -> float:
    """Return the x in the middle between the lower ends of two stages."""
    low_before = before.corners[2].x if before.bar else before.front.right
    low_after = after.corners[3].x if after.bar else after.front.left
    return (low_before + low_after) / 2


__all__ = ["Node", "planes"]
