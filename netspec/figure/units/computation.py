"""The `graph` view: operations from left to right, above each line its value, below it the gradient of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from netspec.figure.blocks.layers import SWEEPS, Near, apart_from, mean, with_few_crossings
from netspec.figure.scene import HAIR, Node, Pen, Point, Rect, Scene, Shape, layout
from netspec.figure.scene.canvas import Canvas, Footnote, boxed
from netspec.figure.scene.typeset import axis, line_width
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.units.operations import Computation, Spot

RADIUS, BOX = 5.4, (6.4, 4.7)  # mm: of a circle, and half the size of a box
SIGN, NAME, LABEL = 6.4, 5.2, 4.4  # mm: sizes of type in shapes, above them, and on lines
ROW, LANE = 3.2, 3.0  # mm of free space between two rows, and around a line that passes a column
FAN, STEEP, BEFORE = 8.0, 0.2, 1.6  # mm between two columns, per mm of height; from a shape to the numbers behind it
PORTS = 2.4  # mm between two lines that enter a shape, at most
FRAME = 2.6  # mm between a frame and what stands in it
GRADIENT, PATH = "negative", 0.75  # the ink of gradients, and the width of the lines of a path
INKS: Final = {
    "input": "input", "weight": "second", "gate": "hidden", "target": "output", "output": "output", "loss": "ink",
}  # fmt: skip
FILLS: Final = {
    "input": "tint-input", "weight": "tint-embed", "gate": "tint-dense",
    "target": "tint-output", "output": "tint-output",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pass:
    """A place where the line of a spot passes a column on its way to a later one."""

    spot: Spot
    rank: int


Stop = Spot | Pass


class Columns:
    """Spots in columns: each stands in the column before the first one that reads it."""

    def __init__(self, found: Computation, settings: FigureSettings) -> None:
        spots = found.spots
        self.settings = settings
        self.label, self.name = settings.fit.letters(LABEL), settings.fit.letters(NAME)
        self.widest = max(line_width(spot.more, self.label) / 2 + 1.5 for spot in spots)
        rank: dict[Spot, int] = {}
        users: dict[Spot, list[Spot]] = {}
        for spot in reversed(spots):
            rank[spot] = max((rank[user] + 1 for user in users.get(spot, ())), default=0)
            for read in spot.reads:
                users.setdefault(read, []).append(spot)
        most = max(rank.values())
        self.rank = {spot: 0 if found.framed and not spot.reads else most - at for spot, at in rank.items()}
        self.rows: list[list[Stop]] = [[] for _ in range(most + 1)]
        self.ways: dict[tuple[Spot, Spot], list[Stop]] = {}
        near: Near[Stop] = ({}, {})
        joined: set[tuple[Stop, Stop]] = set()
        for spot in spots:
            self.rows[self.rank[spot]].append(spot)
            for user in dict.fromkeys(users.get(spot, ())):
                passed = [Pass(spot, at) for at in range(self.rank[spot] + 1, self.rank[user])]
                for one in passed:
                    if one not in self.rows[one.rank]:
                        self.rows[one.rank].append(one)
                way: list[Stop] = [spot, *passed, user]
                self.ways[spot, user] = way
                for before, after in pairwise(way):
                    if (before, after) not in joined:
                        joined.add((before, after))
                        near[0].setdefault(after, []).append(before)  # type: ignore[attr-defined]
                        near[1].setdefault(before, []).append(after)  # type: ignore[attr-defined]
        self.rows = with_few_crossings(self.rows, near)
        self.near = near
        self.y = self._heights()
        self._across()

    # ---- sizes

    def half(self, spot: Spot) -> float:
        """Return half the width of a spot's shape."""
        wide = line_width(spot.sign, SIGN) / 2
        if spot.kind == "operation":
            return RADIUS if wide <= RADIUS * 0.86 else wide + 3.0
        return max(BOX[0], wide + 2.0, self.widest if spot.more else 0.0)

    def high(self, spot: Spot) -> float:
        return RADIUS if spot.kind == "operation" else BOX[1] + (self.label * 0.62 if spot.more else 0.0)

    def reach(self, stop: Stop) -> tuple[float, float]:
        """Return how far a stop reaches up and down from its line, numbers included."""
        if isinstance(stop, Pass):
            return LANE / 2, LANE / 2
        up = down = self.high(stop)
        up += self.name * 1.25 if stop.name else 0.0
        return max(up, self.label * 1.25 if stop.above else 0.0), max(down, self.label * 1.3 if stop.below else 0.0)

    def text(self, spot: Spot) -> float:
        """Return how long the line behind a spot is, on which its numbers stand."""
        wide = max(line_width(spot.above, self.label), line_width(spot.below, self.label))
        return wide + 2 * BEFORE if wide else BEFORE

    # ---- places

    def _heights(self) -> dict[Stop, float]:
        y: dict[Stop, float] = {stop: 0.0 for row in self.rows for stop in row}
        gap = ROW * max(self.settings.fit.gap, 0.3)
        for number in range(SWEEPS + 3):
            down = not number % 2
            for row in self.rows if down else self.rows[::-1]:
                wanted = []
                for stop in row:
                    beside = self.near[not down].get(stop) or self.near[down].get(stop) or [stop]
                    wanted.append(mean([y[one] for one in beside]))
                apart = [self.reach(a)[1] + gap + self.reach(b)[0] for a, b in pairwise(row)]
                heavy = [1.0 if isinstance(stop, Pass) else 4.0 for stop in row]
                y |= zip(row, apart_from(wanted, apart, heavy), strict=True)
        return y

    def _across(self) -> None:
        """Set for each column where its shapes begin, where they end, and where the lines behind them end.

        Where a page is too narrow for all columns, the next ones stand in a row below. `carried` has for the first
        column of each such row the lines that lead to it, from above, each with its lane.
        """
        self.left, self.right, self.end = [], [], []
        self.carried: dict[int, dict[Stop, int]] = {}
        x = 0.0
        for at, row in enumerate(self.rows):
            spots = [stop for stop in row if isinstance(stop, Spot)]
            wide = 2 * max((self.half(spot) for spot in spots), default=0.0)
            last = at == len(self.rows) - 1
            leads = [stop for stop in row if self.near[1].get(stop)]
            reach = x + wide + max((self.text(spot) for spot in spots), default=0.0) * (not last) + LANE * len(leads)
            if reach > self.settings.fit.width and at - 1 not in self.carried and at:
                over = sorted((one for one in self.rows[at - 1] if self.near[1].get(one)), key=self.y.__getitem__)
                self.carried[at] = {stop: lane for lane, stop in enumerate(over)}
                x = LANE * len(over) + FAN / 2
            self.left.append(x)
            self.right.append(x + wide)
            self.end.append(x + wide + (0.0 if last else max((self.text(spot) for spot in spots), default=0.0)))
            steep = [abs(self.y[a] - self.y[b]) for a in row for b in self.near[1].get(a, ())]
            x = self.end[-1] + self.settings.fit.space(FAN + STEEP * max(steep, default=0.0), FAN / 2)
        self._down()

    def _down(self) -> None:
        """Move the columns of each row below those of the row before it."""
        self.channel: dict[int, float] = {}
        bottom = 0.0
        for first, last in pairwise([0, *self.carried, len(self.rows)]):
            stops = [stop for row in self.rows[first:last] for stop in row]
            top = min(self.y[stop] - self.reach(stop)[0] for stop in stops)
            down = 0.0
            if first:
                self.channel[first] = bottom + LANE
                down = self.channel[first] + LANE * len(self.carried[first]) - top
            self.y |= {stop: self.y[stop] + down for stop in stops}
            bottom = max(self.y[stop] + self.reach(stop)[1] for stop in stops)

    def between(self, stop: Stop, rank: int, y: float) -> list[Point]:
        """Return the way of a line from a stop in one column to a height at the next; round, if that is in a new row.

        The upper lines of a row run outside of the others, so that no line crosses another.
        """
        lanes = self.carried.get(rank + 1)
        if lanes is None:
            return []
        lane, count = lanes[stop], len(lanes)
        out, back = self.end[rank] + LANE * (count - lane), self.left[rank + 1] - FAN / 2 - LANE * lane
        level = self.channel[rank + 1] + LANE * (count - 1 - lane)
        return [Point(out, self.y[stop]), Point(out, level), Point(back, level), Point(back, y)]


def computation(found: Computation, settings: FigureSettings) -> Scene:
    """Return the figure of a computation."""
    columns, canvas = Columns(found, settings), Canvas()
    nodes: dict[Spot, Node] = {}
    for spot in found.spots:
        at = columns.rank[spot]
        half, high = columns.half(spot), columns.high(spot)
        middle = (columns.left[at] + columns.right[at]) / 2
        # what is read stands at the right of its column, before its numbers
        x = columns.right[at] - half if spot.kind not in ("output", "loss", "operation") else middle
        nodes[spot] = _shape(canvas, spot, x, columns.y[spot], half, high, columns)
    for spot in found.spots:
        _words(canvas, spot, nodes[spot], columns)
    into: dict[Spot, list[float]] = {}
    for (_, user), way in columns.ways.items():
        into.setdefault(user, []).append(columns.y[way[-2]])
    for (spot, user), way in columns.ways.items():
        port = _port(sorted(into[user]), columns.y[way[-2]], nodes[user])
        _wire(canvas, (spot, user), way, nodes, columns, port)
    if found.framed:
        _frame(canvas, columns)
    if found.slopes or found.equations:
        _below(canvas, found, settings)
    return canvas.scene("gates" if found.framed else "graph")


def _frame(canvas: Canvas, columns: Columns) -> None:
    """Draw a frame around all that stands between what is read and what goes out."""
    box = canvas.box()
    left, right = columns.end[0] + FRAME, columns.left[-1] - FRAME
    frame = Rect(left, box.top - FRAME, right, box.bottom + FRAME)
    canvas.polygon(
        "cell", frame.corners, pen=Pen(ink="guide", width=HAIR * 1.6), fill="tint-cluster", classes=("frame",)
    )


def _shape(canvas: Canvas, spot: Spot, x: float, y: float, half: float, high: float, columns: Columns) -> Node:
    operation = spot.kind == "operation"
    shape: Shape = "circle" if operation and half == high else "round"
    width = PATH if spot.on_path else HAIR * (1.15 if operation else 1.6)
    ink = GRADIENT if spot.on_path else INKS.get(spot.kind, "ink")
    if spot.kind == "constant":
        width, ink = 0.0, "paper"
    node = canvas.node(
        spot.id, x, y, half, high, shape=shape, ink=ink, width=width,
        fill=FILLS.get(spot.kind, "paper"), classes=("operation",) if operation else ("leaf", spot.kind),
        layer=spot.layer, value=spot.value, weight=spot.weight,
    )  # fmt: skip
    if spot.more:
        both = (("label", spot.sign, SIGN * 0.86, -0.42, "ink"), ("after", spot.more, columns.label, 0.46, "rise"))
        for name, line, size, place, ink in both:
            base = y + place * high + axis(line) * size
            canvas.text(f"{spot.id}.{name}", (line,), x, base, size, ink=ink, classes=("label",), layer=spot.layer)
            canvas.texts[-1] = replace(canvas.texts[-1], inside=spot.id)
    elif spot.sign:
        canvas.label(node, spot.sign, SIGN)
    return node


def _words(canvas: Canvas, spot: Spot, node: Node, columns: Columns) -> None:
    """Write what a value is called above its circle, the value above its line, and the gradient below it."""
    if spot.name:
        y = node.y - node.ry - 1.0 - boxed((spot.name,), columns.name).bottom
        canvas.text(f"{spot.id}.name", (spot.name,), node.x, y, columns.name, classes=("title",), layer=spot.layer)
    start, end = node.x + node.rx, columns.end[columns.rank[spot]]
    x = (start + end) / 2
    for name, line, side in (("value", spot.above, -1), ("slope", spot.below, 1)):
        if line:
            box = boxed((line,), columns.label)
            y = node.y + (side * 0.75 - (box.bottom if side < 0 else box.top))
            ink = GRADIENT if side > 0 else "ink"
            own = f"{spot.id}.{name}"
            canvas.text(own, (line,), x, y, columns.label, ink=ink, classes=("number",), layer=spot.layer)


def _port(levels: list[float], level: float, node: Node) -> Point:
    """Return where a line from a height enters a shape from the left, among all that do: in the order of heights."""
    step = min(PORTS, 1.4 * node.ry / len(levels))
    y = node.y + (levels.index(level) - (len(levels) - 1) / 2) * step
    if node.shape == "circle":
        return Point(node.x - math.sqrt(node.rx**2 - (y - node.y) ** 2), y)
    return Point(node.x - node.rx, y)


def _wire(
    canvas: Canvas,
    ends: tuple[Spot, Spot],
    way: list[Stop],
    nodes: dict[Spot, Node],
    columns: Columns,
    port: Point,
) -> None:
    """Draw the line from a spot to one that reads it: level behind each column that it passes, straight between."""
    spot, user = ends
    source = nodes[spot]
    points = [Point(source.x + source.rx, source.y), Point(columns.end[columns.rank[spot]], source.y)]
    for before, one in pairwise(way[:-1]):
        assert isinstance(one, Pass)
        y = columns.y[one]
        points += columns.between(before, one.rank - 1, y)
        points += [Point(columns.left[one.rank], y), Point(columns.end[one.rank], y)]
    points += columns.between(way[-2], columns.rank[user] - 1, port.y)
    points += [Point(columns.left[columns.rank[user]], port.y), port]
    marked = spot.on_path and user.on_path
    pen = Pen(ink=GRADIENT if marked else "ink", width=PATH if marked else HAIR * 1.15)
    carried = any(columns.rank[spot] < rank <= columns.rank[user] for rank in columns.carried)
    classes = (*(("path",) if marked else ()), *(("carry",) if carried else ()))
    canvas.wire(spot.id, user.id, points, pen=pen, layer=user.layer, classes=classes, over=marked)


def _below(canvas: Canvas, found: Computation, settings: FigureSettings) -> None:
    """Write below the figure what the numbers on a line are, and the equations."""
    size = settings.fit.letters(layout.CAPTION)
    box = canvas.box()
    y = box.bottom + 5.0
    for at, line in enumerate(found.equations):
        own = boxed((line,), size)
        canvas.text(f"path.{at}", (line,), box.middle.x, y - own.top, size, classes=("formula",))
        y += own.height + 1.6
    if found.slopes and found.numbers:
        text = "\n".join(filter(None, (say("above below", settings.lang), found.loss)))
        canvas.footer([Footnote("key", text, box.middle.x, size * 0.85)], y + (2.0 if found.equations else 0.0))
