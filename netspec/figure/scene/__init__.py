"""Defines Scene: a figure as a flat list of simple items, which can then be written in any file format.

Lengths are millimetres, y points down. Items are painted in the order of the list. Colours are roles (`input`,
`hidden`, `ink`, …); a theme says which colour a role has. The id of an item comes from the path of the layer that it
stands for, never from a counter over the figure. So an edit elsewhere in the net does not change the id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from netspec.figure.scene.tex import Line, plain
from netspec.figure.scene.typeset import text_box

Shape = Literal["circle", "ellipse", "box", "round", "pill"]
Align = Literal["middle", "start", "end"]

HAIR = 0.265  # width in mm of the pen that draws most lines
BOLD = 0.465  # width in mm of the pen for thick lines


class Point(NamedTuple):
    x: float
    y: float


class Rect(NamedTuple):
    """An upright rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> Point:
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """The four corners, clockwise from the upper left."""
        return (
            Point(self.left, self.top),
            Point(self.right, self.top),
            Point(self.right, self.bottom),
            Point(self.left, self.bottom),
        )

    def grown(self, by: float) -> Rect:
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def overlaps(self, other: Rect, slack: float = 0.0) -> bool:
        """Whether the area that two rectangles share is wider and higher than `slack`."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > slack
            and min(self.bottom, other.bottom) - max(self.top, other.top) > slack
        )


class Weight(NamedTuple):
    """The trained weight that an item stands for: the key of an array of the net, and a place in it."""

    key: str
    place: tuple[int, ...]


class Value(NamedTuple):
    """The computed number that an item shows: entry `place` of a graph node's flattened first output."""

    node: int
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """How a line or outline is drawn."""

    ink: str = "ink"
    width: float = HAIR
    opacity: float = 1.0
    dash: bool = False


HAIRLINE = Pen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A closed shape, such as a circle, on which wires can end. `rx` and `ry` are half its width and height."""

    id: str
    shape: Shape
    x: float
    y: float
    rx: float
    ry: float
    pen: Pen = HAIRLINE
    fill: str = ""
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""
    weight: Weight | None = None
    value: Value | None = None

    @property
    def box(self) -> Rect:
        return Rect(self.x - self.rx, self.y - self.ry, self.x + self.rx, self.y + self.ry)

    @property
    def corner(self) -> float:
        """The radius of a box's round corners; 0 for shapes without them."""
        return {"pill": min(self.rx, self.ry), "round": min(1.6, self.rx / 3, self.ry / 3)}.get(self.shape, 0.0)

    def rim(self, toward: Point) -> Point:
        """Return the point where a straight line from the centre to `toward` crosses the outline."""
        dx, dy = toward.x - self.x, toward.y - self.y
        if not dx and not dy:
            return Point(self.x + self.rx, self.y)
        if self.shape in ("circle", "ellipse"):
            scale = 1 / math.hypot(dx / self.rx, dy / self.ry)
        else:
            scale = min(self.rx / abs(dx) if dx else math.inf, self.ry / abs(dy) if dy else math.inf)
            if self.corner:
                scale = _corner_scale(self, dx, dy, scale)
        return Point(self.x + dx * scale, self.y + dy * scale)

    def distance(self, point: Point) -> float:
        """Return how far a point lies from the outline, measured on the line from the centre to the point."""
        rim = self.rim(point)
        return math.dist(rim, point)


def _corner_scale(node: Node, dx: float, dy: float, scale: float) -> float:
    """Return at which multiple of (dx, dy) a ray from the centre crosses the outline of a box with round corners.

    `scale` is the multiple for sharp corners. Only a ray that leaves the box through a corner has another one.
    """
    radius = node.corner
    cx, cy = node.rx - radius, node.ry - radius
    if abs(dx) * scale <= cx or abs(dy) * scale <= cy:
        return scale
    # solve |t*(|dx|,|dy|) - (cx,cy)| = radius for t; the larger solution is the crossing with the outline
    ax, ay = abs(dx), abs(dy)
    a, b, c = ax * ax + ay * ay, ax * cx + ay * cy, cx * cx + cy * cy - radius * radius
    return (b + math.sqrt(max(b * b - a * c, 0.0))) / a


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """A closed outline or a filled area. Wires never end on it."""

    id: str
    points: tuple[Point, ...]
    pen: Pen | None = HAIRLINE
    fill: str = ""
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""

    @property
    def box(self) -> Rect:
        return _around(self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A line from node to node. An end that is "" is not at a node but at a free point.

    `points`: the corners of straight segments, or with `curved` a start and three points for each cubic segment.
    The last point is the tip of the head.
    """

    id: str
    points: tuple[Point, ...]
    source: str = ""
    target: str = ""
    head: bool = True
    curved: bool = False
    pen: Pen = HAIRLINE
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""
    weight: Weight | None = None
    value: Value | None = None  # the number that the wire carries, if no node shows this number

    @property
    def box(self) -> Rect:
        return _around(self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """The three dots of an ellipsis; `hidden` says how many units they stand for (a number or a formula)."""

    id: str
    points: tuple[Point, ...]
    radius: float
    hidden: str = ""
    ink: str = "ink"
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""

    @property
    def box(self) -> Rect:
        return _around(self.points).grown(self.radius)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Lines of text. `y` is the baseline of the first line, `inside` the id of the node in which the text must fit."""

    id: str
    lines: tuple[Line, ...]
    x: float
    y: float
    size: float
    align: Align = "middle"
    ink: str = "ink"
    leading: float = 1.32  # distance of two baselines, as a multiple of `size`
    inside: str = ""
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""

    @property
    def box(self) -> Rect:
        """The rectangle that the letters cover."""
        return Rect(*text_box(self.lines, self.x, self.y, self.size, self.align, self.leading))

    @property
    def plain(self) -> str:
        """The text as plain characters, such as `x_1` or `W^{d×H}`; lines are joined by newlines."""
        return "\n".join(plain(line) for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of pixels: `rows` holds a colour `#rrggbb` for each pixel."""

    id: str
    x: float
    y: float
    width: float
    height: float
    rows: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...] = ()
    layer: str = ""
    tip: str = ""

    @property
    def box(self) -> Rect:
        return Rect(self.x, self.y, self.x + self.width, self.y + self.height)


Item = Node | Polygon | Wire | Dots | Text | Image


def crosses(a: Point, b: Point, place: Rect) -> bool:
    """Whether a segment passes through a rectangle, by the algorithm of Liang and Barsky."""
    low, high = 0.0, 1.0
    for start, step, first, last in (
        (a.x, b.x - a.x, place.left, place.right),
        (a.y, b.y - a.y, place.top, place.bottom),
    ):
        if not step:
            if not first <= start <= last:
                return False
            continue
        one, two = sorted(((first - start) / step, (last - start) / step))
        low, high = max(low, one), min(high, two)
        if low > high:
            return False
    return True


def along(wire: Wire, steps: int = 12) -> list[Point]:
    """Return points along a wire: `steps` points for each straight or curved segment, and the last point."""
    found: list[Point] = []
    points = wire.points
    if not wire.curved:
        for a, b in pairwise(points):
            found += [Point(a.x + (b.x - a.x) * k / steps, a.y + (b.y - a.y) * k / steps) for k in range(steps)]
        return [*found, points[-1]]
    for at in range(0, len(points) - 3, 3):
        p, q, r, s = points[at : at + 4]
        for k in range(steps):
            t, u = k / steps, 1 - k / steps
            weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
            found.append(
                Point(
                    sum(w * point.x for w, point in zip(weights, (p, q, r, s), strict=True)),
                    sum(w * point.y for w, point in zip(weights, (p, q, r, s), strict=True)),
                )
            )
    return [*found, points[-1]]


def _around(points: tuple[Point, ...]) -> Rect:
    xs, ys = [point.x for point in points], [point.y for point in points]
    return Rect(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A figure. `canvas` is a rectangle around all items; `hidden` says how many units of a layer are not drawn.

    `named` has the steps whose name stands in a shape, by their index: what is drawn is in no note of what is not.
    """

    view: str
    items: tuple[Item, ...]
    canvas: Rect
    title: str = ""
    description: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    named: frozenset[int] = frozenset()
    nodes_first: bool = False  # whether a DOT file asks Graphviz to paint all nodes before all edges

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def find(self, id: str) -> Item:
        """Return the item that has an id. Raises KeyError if there is none."""
        for item in self.items:
            if item.id == id:
                return item
        raise KeyError(id)

    @property
    def nodes(self) -> list[Node]:
        return [item for item in self.items if isinstance(item, Node)]

    @property
    def wires(self) -> list[Wire]:
        return [item for item in self.items if isinstance(item, Wire)]

    @property
    def texts(self) -> list[Text]:
        return [item for item in self.items if isinstance(item, Text)]

    @property
    def dots(self) -> list[Dots]:
        return [item for item in self.items if isinstance(item, Dots)]

    @property
    def polygons(self) -> list[Polygon]:
        return [item for item in self.items if isinstance(item, Polygon)]


def around(boxes: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle that contains some rectangles."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return Rect(min(left), min(top), max(right), max(bottom))


MARGIN = 2.0  # mm of free space around a figure


def meets(item: Item, place: Rect) -> bool:
    """Whether an item overlaps a rectangle; of a wire, each segment is checked."""
    if not isinstance(item, Wire):
        return item.box.overlaps(place)
    if not item.box.grown(0.1).overlaps(place):
        return False
    return any(crosses(a, b, place) for a, b in pairwise(item.points))


def canvas_of(items: list[Item], margin: float = MARGIN) -> Rect:
    """Return the smallest rectangle around all items and a margin; each side is moved outwards to a full 0.1 mm."""
    boxes = [item.box for item in items] or [Rect(0, 0, 1, 1)]
    left = math.floor((min(box.left for box in boxes) - margin) * 10) / 10
    top = math.floor((min(box.top for box in boxes) - margin) * 10) / 10
    right = math.ceil((max(box.right for box in boxes) + margin) * 10) / 10
    bottom = math.ceil((max(box.bottom for box in boxes) + margin) * 10) / 10
    return Rect(left, top, right, bottom)
