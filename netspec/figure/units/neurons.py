"""The `neurons` view draws a circle for each unit and a line for each weight.

The figure runs from left to right; if the net has a recurrence, it runs from bottom to top, with the loop drawn.

Every position is a pair: `along` (in the direction in which the net computes) and `across`. `Axes` turns it into x, y.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import dist, prod, sqrt
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.notes import NARROW
from netspec.figure.scene import Align, Item, Node, Pen, Point, Rect, Scene, Value, Weight, Wire, layout, meets
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Line, plain
from netspec.figure.scene.typeset import line_width, math, paragraph, symbol, upright, widest, words, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.trained.overlay import numeral
from netspec.figure.units import Group, Link, lone_links, read_by, reads, shared_weight
from netspec.figure.units.captions import Caption, captions_of
from netspec.figure.units.columns import BIAS, Block, Column, Place, arrange, biased, columns_of

TITLES_APART, CAPTIONS_APART = 2.4, 4.0  # mm between two titles of one row, and between two captions of one gap
MOST_WIRES = 40_000  # more are not drawn: nobody could follow them, and it would take minutes
ROWS_BESIDE = 4  # the titles beside level rows take at most this part (1 / ROWS_BESIDE) of a page's width
PAST_PILL = 3.6  # mm: half the distance from a pill to the +1 beside it
SKIP = 4.0  # mm from the columns that wires skip to the first lane round them, and from one lane to the next
MOST_NUMBERS = 24  # wires of a net with more weights have no numbers
SMALLER = (1.0, 0.85, 0.72)  # sizes of the numbers, of which the first with room is taken
BESIDE, CLEAR = 0.4, 1.2  # mm between a wire and its number, and from a number to all else
PARTS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)  # where along a wire its number may stand
CROSS = 0.62  # half the width of the cross over a dropped unit, as a part of its radius
BACK = 5.0  # mm behind a copy from which a loop enters it
LEAVE, TURN = 3.5, 1.6  # mm from a pill to the first loop that runs along it, and from one such loop to the next
STUB, LONG, MOST_STUBS = 0.35, 9.0, 3  # part of a wire that is drawn if its other end is not; mm; at most for each unit
MOST_VALUES = 20_000  # of a layer with windows, up to which it is found out which of those not drawn read a unit
# how the wires of a filter's weights look, one after the other: apart also in grey, by dashes
SHARED = tuple(
    Pen(ink=ink, width=0.4, dash=bool(number % 2))
    for number, ink in enumerate(("input", "group2", "group1", "group3", "group5") * 2)
)
SAMPLE, ENTRIES = 2.2, 1.2  # a wire in a legend, and the room between entries, in sizes of letters
FADED = Pen(opacity=0.4)
OFF = 0.5  # how far from the last unit's height a loop leaves the round end of a pill, in its radii
LOOP = Pen(ink="loop", width=0.365, opacity=0.5)


@dataclass(frozen=True, slots=True)
class Axes:
    """The direction in which the net computes, on the page."""

    direction: str

    def at(self, along: float, across: float) -> Point:
        match self.direction:
            case "right":
                return Point(along, across)
            case "left":
                return Point(-along, across)
            case "up":
                return Point(across, -along)
        return Point(across, along)

    @property
    def level(self) -> bool:
        """Whether the net computes to the right or left, so that each column of units is upright."""
        return self.direction in ("right", "left")


@dataclass(slots=True, eq=False)
class Drawn:
    """A unit that is on the canvas, or the +1 of a bias (then `bias` is true)."""

    node: Node
    block: Block
    place: int | None
    name: str
    bias: bool = False
    dropped: bool = False  # whether it is crossed out, so that it has no wires


@dataclass(slots=True, eq=False)
class Drawing:
    """The data that the functions of this view share while they draw one figure."""

    canvas: Canvas
    axes: Axes
    settings: FigureSettings
    columns: list[Column]
    along: list[float] = field(default_factory=list)
    drawn: dict[Block, list[Drawn]] = field(default_factory=dict)
    looped: bool = False
    # the wires between two blocks that skip columns, each with the unit where it begins
    skips: dict[tuple[Block, Block], list[tuple[Drawn, Wire]]] = field(default_factory=dict)
    # how many loops run along a column: before it (-1) or behind it (1)
    turns: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def title(self) -> float:
        """The size of the layers' titles: that of captions where they take much room beside rows on a page."""
        usual = self.settings.fit.letters(layout.TITLE)
        if self.axes.level or self.settings.page is None:
            return usual
        long = any(len(_title(self, block, usual)) > 2 for column in self.columns for block in column.own)
        return self.settings.fit.letters(layout.CAPTION) if long else usual

    def turn(self, column: Column, side: int, least: float = LEAVE) -> float:
        """Return how far from the pills of a column the next loop runs along it, in a lane of its own."""
        self.turns[column.rank, side] += 1
        return least + TURN * (self.turns[column.rank, side] - 1)

    def block_of(self, group: Group) -> Block:
        """Return the block of a group's current time step, not a copy for an earlier step."""
        return next(
            block for column in self.columns for block in column.blocks if block.group is group and not block.delay
        )


def neurons(
    groups: list[Group], settings: FigureSettings, given: Mapping[str, Any] | None = None, trained: bool = False
) -> Scene:
    """Return the figure of groups of units and their links. There must be at least one group.

    Parameters:
        given: weights that are known, by the key of their array: nested tuples or arrays. A small net shows them.
        trained: whether colours say how large weights are, where numbers do not, and not which wires share a weight.
    """
    columns = columns_of(groups, settings)
    looped = any(block.delay for column in columns for block in column.blocks)
    axes = Axes(settings.direction or ("up" if looped else "right"))
    drawing = Drawing(Canvas(), axes, settings, columns, looped=looped)
    arrange(columns, settings.fit, _title_room(drawing))
    captions = captions_of(groups, settings)
    _distances(drawing, captions)
    for column in columns:
        for block in column.blocks:
            _units(drawing, block, drawing.along[column.rank])
    _check_dropped(drawing)
    _links(drawing)
    _numbers(drawing, given or {})
    # A loop runs outside the columns. Below upright columns it is drawn first, so that captions stand below the loop.
    # Beside level columns captions are drawn first, so that the loop runs outside the captions.
    if looped and axes.level:
        _draw_loops(drawing)
    if not axes.level:
        _captions(drawing, captions)
        if looped:
            _draw_loops(drawing)
    _titles(drawing)
    if axes.level:
        _captions(drawing, captions)
    if not trained or any("number" in text.classes for text in drawing.canvas.texts):
        _shared(drawing, given or {})
    return drawing.canvas.scene("neurons")


# ---- along


def _distances(drawing: Drawing, captions: list[Caption]) -> None:
    """Set the position of each column: farther apart if columns are long or captions and titles need more room."""
    tall = max(column.last - column.first for column in drawing.columns)
    fit = drawing.settings.fit
    base = fit.space(min(max(layout.COLUMN, layout.STEEP * tall), layout.WIDEST), 2 * layout.UNIT)
    at = 0.0
    drawing.along = [at]
    for rank in range(1, len(drawing.columns)):
        step = base
        if drawing.axes.level:
            step = max(step, *(caption.width() + 6 for caption in captions if caption.rank == rank), 0.0)
            near = [_title_width(drawing, column) for column in drawing.columns[rank - 1 : rank + 1]]
            step = max(step, sum(near) / 2 + 6, max(near) / 2 + layout.UNIT + 2)
        else:
            high = [caption.height() + CAPTIONS_APART for caption in captions if caption.rank == rank]
            titles = [_titles_height(drawing, column) for column in drawing.columns[rank - 1 : rank + 1]]
            step = max(step, sum(high) + 4, sum(titles) / 2 + TITLES_APART)
        at += step
        drawing.along.append(at)


def _title_room(drawing: Drawing) -> float:
    """Return the height to keep free for a title above the second and later blocks of a column."""
    if not drawing.axes.level:
        return 0.0
    titles = [_title(drawing, block) for column in drawing.columns for block in column.own[1:]]
    return max((boxed(lines, drawing.title).height + 5 for lines in titles if lines), default=0.0)


def _titles_height(drawing: Drawing, column: Column) -> float:
    """Return how high the titles of a row of units are, one below the other."""
    high = [boxed(lines, drawing.title).height for block in column.own if (lines := _title(drawing, block))]
    return sum(high) + TITLES_APART * (len(high) - 1)


def _title_width(drawing: Drawing, column: Column) -> float:
    return max((widest(_title(drawing, block), drawing.title) for block in column.own), default=0.0)


def _title(drawing: Drawing, block: Block, size: float = 0.0) -> tuple[Line, ...]:
    """Return the lines of a layer's title; on a page with little room they are as long as its column is wide."""
    settings, count = drawing.settings, len(drawing.columns) if drawing.axes.level else ROWS_BESIDE
    given = settings.of(block.group.layer.path).title
    text = block.group.title if given is None else given
    text = block.group.earlier.get(block.delay, "") if block.delay else text
    room = min(settings.fit.width / count - 2, layout.TITLE_WIDTH)
    return wrapped(text, room, size or drawing.title) if text else ()


# ---- units


def _units(drawing: Drawing, block: Block, along: float) -> None:
    canvas, axes = drawing.canvas, drawing.axes
    drawn: list[Drawn] = []
    for place in block.places:
        point = axes.at(along, place.at)
        if place.kind in ("bias", "unit"):
            drawn.append(_unit(drawing, block, place, point))
        elif place.gap is not None:
            side = axes.at(0, 1)
            canvas.dots(f"{block.id}.{place.gap.name}", *point, *side, place.gap.hidden, block.group.layer.path)
        elif place.kind == "frame":
            _frame(drawing, block, place, along)
    drawing.drawn[block] = drawn
    if block.hidden and not block.delay:
        canvas.hidden[block.group.id] = block.hidden


def _unit(drawing: Drawing, block: Block, place: Place, point: Point) -> Drawn:
    group, unit, settings = block.group, place.unit, drawing.settings
    name = BIAS if unit is None else unit.name
    dropped = unit is not None and unit.place is not None and unit.place + 1 in settings.of(group.layer.path).dropped
    line: Line = ()
    if unit is None:
        line = upright("1" if settings.bias == "one" else BIAS)
    elif not dropped:
        line = label_of(group, unit.index, drawing, block.delay)
    held = None
    if unit is not None and unit.place is not None and not block.delay:
        held = Value(group.value, unit.place)
    node = drawing.canvas.node(
        f"{block.id}.{name}",
        *point,
        layout.UNIT,
        ink="faint" if dropped else group.ink,
        opacity=0.75 if block.delay else 1.0,
        classes=("unit", group.role, *(("bias",) if unit is None else ()), *(("before",) if block.delay else ())),
        layer=group.layer.path,
        tip=_tip(group, line, block.delay),
        value=held,
    )
    size = layout.SMALL_LABEL if drawing.looped and group.timed else layout.LABEL
    role = "input" if group.role == "input" or unit is None else "label"
    small = drawing.settings.fit.letters(drawing.settings.sized(role, size))
    drawing.canvas.label(node, line, min(small, size))
    for turn in (-1, 1) if dropped else ():
        ends = (
            Point(node.x - CROSS * node.rx, node.y - turn * CROSS * node.ry),
            Point(node.x + CROSS * node.rx, node.y + turn * CROSS * node.ry),
        )
        drawing.canvas.wire(
            "", "", ends, head=False, over=True, id=f"{node.id}.cross{turn}", classes=("cross",), layer=node.layer
        )
    return Drawn(node, block, None if unit is None else unit.place, name, bias=unit is None, dropped=dropped)


def _check_dropped(drawing: Drawing) -> None:
    """Raise UsageError (NS943) if a unit is to be crossed out that is not drawn."""
    for block, units in drawing.drawn.items():
        path = block.group.layer.path
        drawn = {one.place + 1 for one in units if one.place is not None}
        for one in drawing.settings.of(path).dropped if not block.delay else ():
            if one not in drawn:
                raise UsageError(Diagnostic("NS943", None, {"layer": path, "number": one}))


def label_of(group: Group, index: Line, drawing: Drawing, delay: int = 0) -> Line:
    hints = drawing.settings.of(group.layer.path)
    name = group.label if hints.symbol is None else hints.symbol
    if not name and group.sign and hints.labels:
        drawing.canvas.named.add(group.node)
        return upright(group.sign)  # a sum, difference or product without a name shows its sign
    if not name or not hints.labels:
        return ()
    time = (
        math("(t)" if not delay else f"(t{'+' if group.backward else '-'}{delay})")
        if drawing.looped and group.timed
        else ()
    )
    return symbol(name, index, time)


def _tip(group: Group, line: Line, delay: int) -> str:
    said = plain(line)
    return f"{said} = {group.activation}(…)" if group.activation and said and not delay else said


def _frame(drawing: Drawing, block: Block, place: Place, along: float) -> None:
    """Draw the frame around a named region of units, and the region's name beside the frame."""
    half = layout.UNIT + layout.FRAME * 0.75
    a, b = drawing.axes.at(along - half, place.at), drawing.axes.at(along + half, place.end)
    box = Rect(min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y))
    frame = f"{block.id}.{place.name}"
    drawing.canvas.polygon(
        frame, box.corners, pen=Pen(width=0.465, opacity=0.75), classes=("frame",), layer=block.group.layer.path
    )
    if not place.label:
        return
    lines = paragraph(place.label)
    size = drawing.settings.fit.letters(layout.CAPTION)
    height = boxed(lines, size)
    match drawing.axes.direction:  # the name stands on the side where no wires leave
        case "right":
            x, y, align = box.left - 3, box.middle.y - height.middle.y, "end"
        case "left":
            x, y, align = box.right + 3, box.middle.y - height.middle.y, "start"
        case "up":
            x, y, align = box.middle.x, box.bottom + 3 - height.top, "middle"
        case _:
            x, y, align = box.middle.x, box.top - 3 - height.bottom, "middle"
    drawing.canvas.text(f"{frame}.label", lines, x, y, size, align=align, classes=("caption",))  # type: ignore[arg-type]


# ---- links


def _links(drawing: Drawing) -> None:
    blocks = {(block.group, block.delay): block for column in drawing.columns for block in column.blocks}
    rank = {block: column.rank for column in drawing.columns for block in column.blocks}
    if drawing.settings.edges in ("none", "unseen"):
        return
    links = [
        (link, source, block)
        for block in blocks.values()
        if not block.delay
        for link in lone_links(block.group)
        if (source := blocks.get((link.source, link.delay))) is not None
    ]
    count = sum(len(drawing.drawn[source]) * len(drawing.drawn[block]) for link, source, block in links)
    if count > MOST_WIRES:
        raise UsageError(Diagnostic("NS742", None, {"wires": count, "most": MOST_WIRES}))
    for link, source, block in links:
        _link(drawing, link, source, block, drawing.columns[rank[source] + 1 : rank[block]])
        _stubs(drawing, link, source, block)
    for block in blocks.values():
        _cuts(drawing, block)
    _lanes(drawing)


def _link(drawing: Drawing, link: Link, source: Block, target: Block, between: list[Column]) -> None:
    red = Pen(ink="loop", width=0.365, opacity=0.9)
    pen = red if link.delay else Pen()
    group = target.group
    first = biased(group)
    for end in drawing.drawn[target]:
        if end.bias or end.dropped:
            continue
        reads = _reads(link, end, group)
        for start in drawing.drawn[source]:
            if start.dropped:
                continue
            if start.bias and not (first and (link.source, link.delay) == (first.source, first.delay)):
                continue
            weight: Weight | None
            if start.bias:
                weight = group.bias_weight(end.place)
            elif not _joined(link, start, end, reads):
                continue
            elif link.kind == "local":
                weight = shared_weight(link, group.type, end.place, start.place)  # type: ignore[arg-type]
            else:
                weight = link.weight(end.place, start.place)
            tail, tip = _exit(drawing, start.node), _entry(drawing, end.node)
            wire = drawing.canvas.wire(
                start.node.id,
                end.node.id,
                (tail, tip),
                pen=pen,
                layer=group.layer.path,
                weight=weight,
                classes=(*(("delayed",) if link.delay else ()), *(("skip",) if between else ())),
            )
            if between:
                drawing.skips.setdefault((source, target), []).append((start, wire))


def _reads(link: Link, end: Drawn, group: Group) -> set[int]:
    """Return the values of its source that a unit reads through windows, or one by one, as far as they are known."""
    if end.place is None or link.kind == "full" or group.type.open or link.source.type.open:
        return set()
    return set(read_by(link, group.type, end.place)) if link.kind == "local" else {end.place}


def _joined(link: Link, start: Drawn, end: Drawn, reads: set[int]) -> bool:
    """Whether a wire runs between two units, given a link between their groups."""
    if link.kind == "full":
        return True
    return start.name == end.name if link.kind == "same" else start.place in reads


# ---- what is left out: wires that are cut short


def _stubs(drawing: Drawing, link: Link, source: Block, target: Block) -> None:
    """Draw the ends of wires whose other end is not drawn; between layers in full connection the dots say enough."""
    group = target.group
    if link.kind == "full" or group.type.open or link.source.type.open or group.size > MOST_VALUES:
        return
    starts, ends = ({one.place: one for one in drawing.drawn[block]} for block in (source, target))
    into: dict[Drawn, set[int]] = {}
    out: dict[Drawn, set[int]] = {}
    local, order = link.kind == "local", sorted(place for place in starts if place is not None)
    for place in range(int(group.size)):  # type: ignore[arg-type]
        if place in ends:
            hidden = set(read_by(link, group.type, place) if local else (place,)) - starts.keys()
            if hidden:
                into.setdefault(ends[place], set()).update(hidden)
            continue
        for read in order:
            if reads(link, group.type, place, read) if local else read == place:
                out.setdefault(starts[read], set()).add(place)
    for found, block, whole in ((into, source, target), (out, target, source)):
        for one, places in found.items():
            if one.dropped:
                continue
            tip = (_entry if found is into else _exit)(drawing, one.node)
            side = 1 if found is into else -1
            for across in _places_of(block, places):
                far = drawing.axes.at(drawing.along[_rank(drawing, block)] + side * layout.UNIT, across)
                near = Point(tip.x + STUB * (far.x - tip.x), tip.y + STUB * (far.y - tip.y))
                name = f"{whole.id}.{one.name}~{block.id}.{across:.1f}"
                _stub(drawing, one, (near, tip) if found is into else (tip, near), name)


def _places_of(block: Block, hidden: set[int]) -> list[float]:
    """Return where units that are not drawn would stand, a few of them."""
    known = sorted(
        (place.unit.place, place.at) for place in block.places if place.unit and place.unit.place is not None
    )
    found: dict[float, None] = {}
    for number in sorted(hidden):
        low = next((one for one in reversed(known) if one[0] < number), None)
        high = next((one for one in known if one[0] > number), None)
        if low and high:
            part = (number - low[0]) / (high[0] - low[0])
            at = low[1] + (high[1] - low[1]) * (0.35 + 0.3 * part)  # where the dots stand
        else:
            at = low[1] + layout.PITCH if low else high[1] - layout.PITCH if high else 0.0
        found[round(at, 1)] = None
    every = list(found)
    return every if len(every) <= MOST_STUBS else [every[0], every[len(every) // 2], every[-1]]


def _rank(drawing: Drawing, block: Block) -> int:
    return next(column.rank for column in drawing.columns if block in column.blocks)


def _cuts(drawing: Drawing, block: Block) -> None:
    """Draw where the net goes on beyond the layers that `only` leaves: short wires at each unit."""
    ahead = drawing.axes.at(LONG, 0)
    for one in drawing.drawn[block]:
        if one.bias or one.dropped or block.delay:
            continue
        entry, leave = _entry(drawing, one.node), _exit(drawing, one.node)
        if block.group.cut[0]:
            _stub(drawing, one, (Point(entry.x - ahead.x, entry.y - ahead.y), entry), f"{one.node.id}.before")
        if block.group.cut[1]:
            _stub(drawing, one, (leave, Point(leave.x + ahead.x, leave.y + ahead.y)), f"{one.node.id}.after")


def _stub(drawing: Drawing, one: Drawn, points: tuple[Point, Point], name: str) -> None:
    into = points[1] == _entry(drawing, one.node)
    ends = ("", one.node.id) if into else (one.node.id, "")
    drawing.canvas.wire(
        *ends, points, pen=FADED, head=into, id=name, classes=("stub",), layer=one.block.group.layer.path
    )


def _exit(drawing: Drawing, node: Node) -> Point:
    ahead = drawing.axes.at(1, 0)
    return Point(node.x + ahead.x * node.rx, node.y + ahead.y * node.ry)


def _entry(drawing: Drawing, node: Node) -> Point:
    ahead = drawing.axes.at(1, 0)
    return Point(node.x - ahead.x * node.rx, node.y - ahead.y * node.ry)


def _lanes(drawing: Drawing) -> None:
    """Lead the wires of a link round the columns that it skips, if one of them would pass behind a unit there.

    Each source has a lane of its own before or behind these columns; the outermost source has the outermost lane.
    """
    axes, along = drawing.axes, drawing.along
    rank = {block: column.rank for column in drawing.columns for block in column.blocks}
    bent: dict[Drawn, list[tuple[Wire, int, int]]] = {}
    for (source, target), wires in drawing.skips.items():
        first, last = rank[source] + 1, rank[target]
        units = [
            one.node
            for column in drawing.columns[first:last]
            for block in column.blocks
            for one in drawing.drawn[block]
        ]
        if any(_passes(wire, node) for _, wire in wires for node in units):
            for start, wire in wires:
                bent.setdefault(start, []).append((wire, first, last - 1))
    ranks = {rank for wires in bent.values() for _, first, last in wires for rank in range(first, last + 1)}
    columns = [drawing.columns[rank] for rank in ranks]
    turned: dict[str, tuple[Point, ...]] = {}
    for side in (-1, 1):
        own = {start: _across(drawing, start.node) for start in bent}
        own = {start: at for start, at in own.items() if side == (1 if axes.level and at > 0.01 else -1)}
        edge = max((max(side * column.first, side * column.last) for column in columns), default=0.0) + layout.UNIT
        order = sorted(own, key=lambda start: (max(last - first for _, first, last in bent[start]), side * own[start]))
        for number, start in enumerate(order, 1):
            at = side * (edge + SKIP * number)
            for wire, first, last in bent[start]:
                turns = axes.at(along[first] - layout.UNIT, at), axes.at(along[last] + layout.UNIT, at)
                turned[wire.id] = (wire.points[0], *turns, wire.points[-1])
    drawing.canvas.wires = [
        replace(item, points=turned[item.id]) if isinstance(item, Wire) and item.id in turned else item
        for item in drawing.canvas.wires
    ]


def _across(drawing: Drawing, node: Node) -> float:
    return node.y if drawing.axes.level else node.x


def _passes(wire: Wire, node: Node) -> bool:
    """Whether a straight wire passes behind a unit."""
    (a, b), span = wire.points, dist(*wire.points)
    off = abs((b.x - a.x) * (a.y - node.y) - (a.x - node.x) * (b.y - a.y)) / span
    return off < node.rx + 1


# ---- the weights that a spec gives, as numbers on the wires


def _numbers(drawing: Drawing, given: Mapping[str, Any]) -> None:
    """Write a weight beside each of its wires, if there is free room beside all wires that have one."""
    canvas = drawing.canvas
    wires = [wire for wire in canvas.wires if isinstance(wire, Wire) and wire.weight and wire.weight.key in given]
    if not 0 < len(wires) <= MOST_NUMBERS or any(len(wire.points) != 2 for wire in wires):
        return
    for part in SMALLER:
        size = part * drawing.settings.fit.letters(layout.SMALL)
        found = _beside(drawing, wires, given, size)
        if found:
            break
    for wire, lines, point in found:
        canvas.text(f"{wire.id}.number", lines, *point, size, classes=("number",), layer=wire.layer)


def _beside(
    drawing: Drawing, wires: list[Wire], given: Mapping[str, Any], size: float
) -> list[tuple[Wire, tuple[Line], Point]]:
    """Return the number of each wire and its place; nothing if there is no room for one of them."""
    found: list[tuple[Wire, tuple[Line], Point]] = []
    taken: list[Rect] = []
    for wire in wires:
        value = given[wire.weight.key]  # type: ignore[union-attr]
        for place in wire.weight.place:  # type: ignore[union-attr]
            value = value[place]
        lines = (numeral(float(value), "sans"),)
        others = [item for item in (*drawing.canvas.wires, *drawing.canvas.nodes) if item is not wire]
        point = free_beside(wire.points[0], wire.points[1], boxed(lines, size), others, taken)
        if point is None:
            return []
        found.append((wire, lines, point))
    return found


def free_beside(
    a: Point, b: Point, own: Rect, others: Sequence[Item], taken: list[Rect], apart: float = BESIDE
) -> Point | None:
    """Return where a text can stand beside a straight wire and meet nothing, the wire's middle first, or None.

    Parameters:
        own: the room of the text around its own place.
        others: all items but the wire.
        taken: rooms of other texts; that of this text is added.
        apart: mm from the middle of the wire to the text.
    """
    span = dist(a, b)
    across = Point(-(b.y - a.y) / span, (b.x - a.x) / span)
    reach = (abs(across.x) * own.width + abs(across.y) * own.height) / 2 + apart
    for part in PARTS:
        for side in (-1, 1) if across.y > 0 else (1, -1):  # above the wire first
            x = a.x + part * (b.x - a.x) + side * reach * across.x
            y = a.y + part * (b.y - a.y) + side * reach * across.y
            room = Rect(x - own.width / 2, y - own.height / 2, x + own.width / 2, y + own.height / 2)
            far = room.grown(CLEAR)
            if any(meets(item, far) for item in others):
                continue
            if any(far.overlaps(other) for other in taken):
                continue
            taken.append(room)
            return Point(x, y - own.middle.y)
    return None


# ---- which wires of a filter share a weight


def _shared(drawing: Drawing, given: Mapping[str, Any]) -> None:
    """Give the wires of a filter with few weights a look for each weight, and explain it in a legend."""
    canvas, blocks = drawing.canvas, {block.group: block for column in drawing.columns for block in column.own}
    links = {
        group: link
        for group in blocks
        for link in group.links
        if link.filter and not group.type.open and 1 < prod(map(int, link.shape)) <= len(SHARED)  # type: ignore[arg-type]
    }
    if not links or drawing.settings.edges == "none":
        return
    looks = {
        Weight(link.filter, place): pen
        for link in links.values()
        for place, pen in zip(_kernel(link), SHARED, strict=False)
    }
    for number, wire in enumerate(canvas.wires):
        if isinstance(wire, Wire) and wire.weight in looks:
            canvas.wires[number] = replace(wire, pen=looks[wire.weight])
    for group, link in links.items():
        if not (blocks[group].elided or blocks[link.source].elided):  # wires and looks say all
            canvas.named.add(group.node)
    _legend(drawing, links, given)


def _kernel(link: Link) -> list[tuple[int, ...]]:
    """Return the places of a filter's weights in their array."""
    return list(product(*(range(int(size)) for size in link.shape)))  # type: ignore[arg-type]


def _legend(drawing: Drawing, links: Mapping[Group, Link], given: Mapping[str, Any]) -> None:
    """Write below the figure which look stands for which weight: once for all filters of one shape without numbers."""
    canvas, lang, box = drawing.canvas, drawing.settings.lang, drawing.canvas.box()
    size = drawing.settings.fit.letters(layout.SMALL)
    rows: dict[object, list[Group]] = {}
    for group, link in links.items():
        rows.setdefault(group if link.filter in given else link.shape, []).append(group)
    numbered = {text.layer for text in canvas.texts if "number" in text.classes}
    below = 2.2 * size if drawing.axes.level and any(group.activation for group in links) else 0.0  # for their names
    x, y, number = box.left, box.bottom + 6.0 + below, 0
    for groups in rows.values():
        link, names = links[groups[0]], ", ".join(group.label for group in groups if group.label)
        head = say("shared in" if len(groups) > 1 else "shared of", lang).format(names=names)
        entries: list[tuple[Pen | None, Line]] = [(None, words(f"{head}:"))]
        for look, place in zip(SHARED, _kernel(link), strict=False):
            index = ",".join(str(at + 1) for at, many in zip(place, link.shape, strict=True) if many != 1)
            value = None if groups[0].layer.path in numbered else given.get(link.filter)
            for at in place if value is not None else ():
                value = value[at]  # type: ignore[index]
            equals = () if value is None else (*upright(" = "), *numeral(float(value)))
            entries.append((look, (*symbol("w", math(index)), *equals)))
        for pen, line in entries:
            wide = line_width(line, size) + (SAMPLE + 0.4) * size * (pen is not None)
            if x > box.left and x + wide > max(box.right, box.left + NARROW):
                x, y = box.left, y + 1.6 * size
            number += 1
            if pen is not None:
                ends = (Point(x, y), Point(x + SAMPLE * size, y))
                canvas.wire("", "", ends, pen=pen, head=False, id=f"weights.{number}", classes=("legend",))
                x += (SAMPLE + 0.4) * size
            base, kind = y - boxed((line,), size).middle.y, ("number",) if pen and value is not None else ()
            path = groups[0].layer.path if kind else ""
            canvas.text(
                f"weights.{number}.text", (line,), x, base, size, align="start", classes=("legend", *kind), layer=path
            )
            x += line_width(line, size) + ENTRIES * size
        x, y = box.left, y + 1.6 * size


# ---- words


def _titles(drawing: Drawing) -> None:
    """Write the layers' titles: in one line above or below upright columns, or beside level rows."""
    box = drawing.canvas.box()
    where = drawing.settings.titles or ("top" if drawing.axes.level else "left")
    if where == "none":
        return
    for column in drawing.columns:
        if drawing.axes.level:
            _titles_over(drawing, column, box, where)
        else:
            _titles_beside(drawing, column, box.left - 8 if where != "right" else box.right + 8, where)
    for copy in (block for column in drawing.columns for block in column.blocks if block.delay):
        _title_of_copy(drawing, copy)
    drawing.canvas.clear("title")


def _title_of_copy(drawing: Drawing, copy: Block) -> None:
    """Write the caption of a line that is the values of an earlier step: beside an upright pill, below a level one."""
    lines, pill = _title(drawing, copy), drawing.canvas.by_id[f"{copy.id}.pill"].box
    own = boxed(lines, drawing.title)
    if lines and drawing.axes.level:
        _set_title(drawing, copy, lines, pill.left - 3, pill.middle.y - own.middle.y, "end")
    elif lines:
        _set_title(drawing, copy, lines, pill.middle.x, pill.bottom + 3 - own.top, "middle")


def _titles_over(drawing: Drawing, column: Column, box: Rect, where: str) -> None:
    """Write a column's title on the line that all columns share; several blocks have each their title above them."""
    for number, block in enumerate(column.own):
        lines = _title(drawing, block)
        if not lines:
            continue
        own = boxed(lines, drawing.title)
        y = box.bottom + 7 - own.top if where == "bottom" else box.top - 7 - own.bottom
        if number:
            y = drawing.axes.at(0, block.first).y - layout.UNIT - 4 - own.bottom
        middle = drawing.axes.at(drawing.along[column.rank], (block.first + block.last) / 2)
        _set_title(drawing, block, lines, middle.x, y, "middle")


def _titles_beside(drawing: Drawing, column: Column, x: float, where: str) -> None:
    """Write a row's title at the end of the row; titles of several blocks stand one below the other."""
    titled = [(block, lines) for block in column.own if (lines := _title(drawing, block))]
    boxes = [boxed(lines, drawing.title) for _, lines in titled]
    y = drawing.axes.at(drawing.along[column.rank], 0).y - _titles_height(drawing, column) / 2
    for (block, lines), own in zip(titled, boxes, strict=True):
        _set_title(drawing, block, lines, x, y - own.top, "end" if where != "right" else "start")
        y += own.height + TITLES_APART


def _set_title(drawing: Drawing, block: Block, lines: tuple[Line, ...], x: float, y: float, align: Align) -> None:
    drawing.canvas.text(
        f"{block.id}.title",
        lines,
        x,
        y,
        drawing.title,
        align=align,
        classes=("title",),
        layer=block.group.layer.path,
    )


def _captions(drawing: Drawing, captions: list[Caption]) -> None:
    """Write what the weights between two columns are called, with their shape."""
    box = drawing.canvas.box()
    units = [item.box for item in drawing.canvas.nodes if isinstance(item, Node)]
    bottom, right = max(box.bottom, *(unit.bottom for unit in units)), max(unit.right for unit in units)
    top_line = max((caption.first_height() for caption in captions), default=0.0)
    width = max((caption.width() for caption in captions), default=0.0)
    for rank in dict.fromkeys(caption.rank for caption in captions):
        here = [caption for caption in captions if caption.rank == rank]
        point = drawing.axes.at((drawing.along[rank] + drawing.along[rank - 1]) / 2, 0)
        if drawing.axes.level:
            x, y = point.x, bottom + 5 + top_line - here[0].first_height()
        else:
            high = sum(caption.height() for caption in here) + CAPTIONS_APART * (len(here) - 1)
            x, y = right + 6 + width / 2, point.y - high / 2
        for caption in here:
            caption.draw(drawing.canvas, x, y + caption.first_height())
            y += caption.height() + CAPTIONS_APART


# ---- the loop of a recurrence: pills around a layer and its copy of an earlier step, and the wire between them


def _draw_loops(drawing: Drawing) -> None:
    """Draw a pill around each copy and one around its layer, and the wire from the layer's pill to the copy's pill."""
    copies = [block for column in drawing.columns for block in column.blocks if block.delay]
    pills = {block: _pill(drawing, block) for block in copies}
    for copy in copies:
        own = drawing.block_of(copy.group)
        if own not in pills:
            pills[own] = _pill(drawing, own)
        _loop(drawing, pills[own], pills[copy], copy)


def _pill(drawing: Drawing, block: Block) -> Node:
    """Draw a pill (a box with round ends) around the units of a block, without the +1."""
    boxes = [drawn.node.box for drawn in drawing.drawn[block] if not drawn.bias]
    box = Rect(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    ).grown(layout.PILL)
    return drawing.canvas.node(
        f"{block.id}.pill",
        *box.middle,
        box.width / 2,
        box.height / 2,
        shape="pill",
        ink="loop",
        width=LOOP.width,
        opacity=LOOP.opacity,
        classes=("pill", *(("before",) if block.delay else ())),
        layer=block.group.layer.path,
    )


def _loop(drawing: Drawing, own: Node, copy: Node, block: Block) -> None:
    """Draw the wire from the end of one pill, through free room outside the figure, into the end of the other pill."""
    axes, sign = drawing.axes, block.side
    side = axes.at(0, sign)
    start = Point(own.x + side.x * own.rx, own.y + side.y * own.ry)
    end = Point(copy.x + side.x * copy.rx, copy.y + side.y * copy.ry)
    around = drawing.canvas.box()
    if axes.level:
        reach = around.bottom if sign > 0 else around.top
    else:
        reach = around.right if sign > 0 else around.left
    out = reach + sign * layout.LANE

    def lane(point: Point) -> Point:
        return Point(point.x, out) if axes.level else Point(out, point.y)

    ahead = axes.at(1, 0)
    leaves = [start]
    group = drawing.block_of(block.group)
    column = next(column for column in drawing.columns if group in column.blocks)
    if any((other.first - group.first) * sign > 0 for other in column.blocks):
        # another block stands between the pill and the lane, so the wire leaves the pill on the side where the units'
        # wires leave, at its round end: at the height of a unit it could run along that unit's wire
        inner = min(own.rx, own.ry)
        across, along = (abs(own.rx if side.x else own.ry) - inner * (1 - OFF), inner * sqrt(1 - OFF**2))
        leaves = [Point(own.x + side.x * across + ahead.x * along, own.y + side.y * across + ahead.y * along)]
        off = drawing.turn(column, 1)
        leaves.append(Point(leaves[0].x + ahead.x * off, leaves[0].y + ahead.y * off))
    # if the +1 stands in the way, the wire goes round it on the side where no wires enter
    elif sign < 0 and group.bias:
        past, behind = PAST_PILL, layout.UNIT + drawing.turn(column, -1)
        leaves.append(Point(start.x + side.x * past, start.y + side.y * past))
        leaves.append(Point(leaves[1].x - ahead.x * behind, leaves[1].y - ahead.y * behind))
    enters = [end]
    if _blocked(drawing, block):  # another copy lies between this copy and the lane, so the wire enters from behind
        back = Point(copy.x - ahead.x * copy.rx, copy.y - ahead.y * copy.ry)
        home = next(column for column in drawing.columns if block in column.blocks)
        off = drawing.turn(home, -1, BACK)
        enters = [Point(back.x - ahead.x * off, back.y - ahead.y * off), back]
    points = (*leaves, lane(leaves[-1]), lane(enters[0]), *enters)
    drawing.canvas.wire(
        own.id, copy.id, points, pen=LOOP, id=f"{own.id}~{copy.id}", classes=("loop",), layer=block.group.layer.path
    )


def _blocked(drawing: Drawing, block: Block) -> bool:
    column = next(column for column in drawing.columns if block in column.blocks)
    behind = [other for other in column.blocks if other.delay and other.side == block.side]
    return behind[-1] is not block
