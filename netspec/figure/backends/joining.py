"""Several layouts -> one: the columns of a folded chain side by side, then blocks that are drawn open."""

from __future__ import annotations

import math

from netspec.figure.blocks.plan import Arrow, Box, Placed, Plan
from netspec.figure.blocks.routing import rounded
from netspec.figure.scene import Point, Rect

COLUMN = 16.0  # space in mm between columns of a chain, for the line from one column to the next
BESIDE = 9.0  # space in mm between drawings that are not columns of one chain
LANE = 4.0  # distance between the line that joins two columns and its boxes

WIDER = 1.3  # how much wider than the room rows may be whose letters can still be read
TALL = 0.75  # the wanted height of the figure, relative to the side of a square with the same area


def joined(plan: Plan, parts: list[Placed]) -> Placed:
    """Combine the drawings in order: first the columns of the net, then the others, stacked to fill the height."""
    if len(parts) == 1:
        return parts[0]
    across = plan.direction in ("right", "left")
    columns = 1 + sum(arrow.carry for arrow in plan.arrows)
    sizes = [_size(part.canvas, across) for part in parts]
    places = _places(sizes, columns) if math.isinf(plan.room) else _packed(sizes, columns, plan, across)
    moved = []
    for part, (x, y) in zip(parts, places, strict=True):
        left, top = (y, x) if across else (x, y)
        moved.append(_moved(part, left - part.canvas.left, top - part.canvas.top))
    boxes = {name: point for part in moved for name, point in part.boxes.items()}
    clusters = {name: frame for part in moved for name, frame in part.clusters.items()}
    arrows = {name: arrow for part in moved for name, arrow in part.arrows.items()}
    frames = [part.canvas for part in moved]
    low = max((frame.right if across else frame.bottom) for frame in frames[:columns])
    for arrow in plan.arrows:
        if arrow.carry:
            arrows[arrow.id] = _carried(plan, arrow, boxes, clusters, frames[:columns], low, across)
    canvas = Rect(
        min(frame.left for frame in frames),
        min(frame.top for frame in frames),
        max(frame.right for frame in frames),
        max(frame.bottom for frame in frames),
    )
    return Placed(canvas, boxes, clusters, arrows)


def _size(canvas: Rect, across: bool) -> tuple[float, float]:
    """Return the size of a drawing across the flow and along it."""
    return (canvas.height, canvas.width) if across else (canvas.width, canvas.height)


def _places(sizes: list[tuple[float, float]], columns: int) -> list[tuple[float, float]]:
    """Return the position (across, along) of each drawing: the columns first, then stacks of about the same length."""
    area = sum(across * along for across, along in sizes)
    longest = max(*(along for _, along in sizes), TALL * math.sqrt(area))
    found: list[tuple[float, float]] = []
    at, wide, filled = 0.0, 0.0, 0.0
    for number, (across, along) in enumerate(sizes):
        if number and (number < columns or filled + BESIDE + along > longest or number == columns):
            at += wide + (COLUMN if number < columns else BESIDE)
            wide = filled = 0.0
        start = filled + BESIDE if filled else 0.0
        found.append((at, start))
        wide, filled = max(wide, across), start + along
    return found


def _packed(sizes: list[tuple[float, float]], columns: int, plan: Plan, across: bool) -> list[tuple[float, float]]:
    """Return the position (across, along) of each drawing on a page: the columns first, the others where they fit.

    The others stand in stacks beside the columns, or in rows below them: whichever keeps its letters largest, and of
    those that are within the room the lowest.
    """
    own: list[tuple[float, float]] = []
    at = 0.0
    for wide, _ in sizes[:columns]:
        own.append((at, 0.0))
        at += wide + COLUMN
    foot = 3 * LANE if columns > 1 else 0.0  # for the lines from one column to the next
    whole = (at - COLUMN, max(along for _, along in sizes[:columns]) + foot)
    if across:
        whole = whole[1], whole[0]
    others = [(along, wide) if across else (wide, along) for wide, along in sizes[columns:]]
    every = sum(high + BESIDE for _, high in others)
    heights = sorted({whole[1], *(whole[1] * part for part in (1.25, 1.5)), every, every / 2, every / 3})
    ways = [_stacks(others, whole[0] + BESIDE, high) for high in heights]
    ways += [_shelves(others, whole[1] + BESIDE, max(plan.room * part, whole[0])) for part in (1.0, WIDER)]

    def size(way: list[tuple[float, float]]) -> tuple[float, float]:
        ends = [(x + wide, y + high) for (x, y), (wide, high) in zip(way, others, strict=True)]
        return max([whole[0], *(x for x, _ in ends)]), max([whole[1], *(y for _, y in ends)])

    def shrunk(way: list[tuple[float, float]]) -> tuple[float, float]:
        wide, high = size(way)
        return max(wide / plan.room, high / plan.high, 1.0), high

    best = min(ways, key=shrunk)
    return own + [(y, x) if across else (x, y) for x, y in best]


def _stacks(sizes: list[tuple[float, float]], x: float, longest: float) -> list[tuple[float, float]]:
    """Place drawings one below the other, in stacks of at most a height, from x on to the right.

    Each stands in the first stack that has room for it.
    """
    stacks: list[list[float]] = []  # how high and how wide each is
    chosen: list[tuple[int, float]] = []
    for wide, high in sizes:
        number = next((n for n, (y, _) in enumerate(stacks) if y + high <= longest), len(stacks))
        if number == len(stacks):
            stacks.append([0.0, 0.0])
        stack = stacks[number]
        chosen.append((number, stack[0]))
        stack[:] = stack[0] + high + BESIDE, max(stack[1], wide)
    starts = [x + sum(wide + BESIDE for _, wide in stacks[:number]) for number in range(len(stacks))]
    return [(starts[number], y) for number, y in chosen]


def _shelves(sizes: list[tuple[float, float]], y: float, room: float) -> list[tuple[float, float]]:
    """Place drawings side by side, in rows of at most a width, from y on downwards."""
    return [(x, y) for y, x in _stacks([(high, wide) for wide, high in sizes], y, room)]


def _moved(part: Placed, dx: float, dy: float) -> Placed:
    def to(point: Point) -> Point:
        return Point(point.x + dx, point.y + dy)

    def frame(rect: Rect) -> Rect:
        return Rect(*to(Point(rect.left, rect.top)), *to(Point(rect.right, rect.bottom)))

    return Placed(
        frame(part.canvas),
        {name: to(point) for name, point in part.boxes.items()},
        {name: (frame(rect), to(point)) for name, (rect, point) in part.clusters.items()},
        {
            name: (tuple(to(point) for point in points), middle and to(middle))
            for name, (points, middle) in part.arrows.items()
        },
    )


def _carried(
    plan: Plan,
    arrow: Arrow,
    boxes: dict[str, Point],
    clusters: dict[str, tuple[Rect, Point]],
    frames: list[Rect],
    low: float,
    across: bool,
) -> tuple[tuple[Point, ...], Point | None]:
    """Return the line from the bottom of one column to the top of the next, and the place of its label."""
    sizes: dict[str, Box] = {box.id: box for box in plan.boxes}

    def turned(point: Point) -> Point:
        return Point(point.y, point.x) if across else point

    start, end = turned(boxes[arrow.source]), turned(boxes[arrow.target])
    if across:
        source_half, target_half = sizes[arrow.source].width / 2, sizes[arrow.target].width / 2
        before = [frame.bottom for frame in frames if frame.top <= start.x <= frame.bottom]
    else:
        source_half, target_half = sizes[arrow.source].height / 2, sizes[arrow.target].height / 2
        before = [frame.right for frame in frames if frame.left <= start.x <= frame.right]
    lane = max(before, default=start.x) + COLUMN / 2
    room = 2 * (arrow.width if across else arrow.height) if arrow.label else 0.0
    foot, head = low + LANE + room, end.y - target_half - 2 * LANE
    inside = sizes[arrow.target].cluster
    if inside:  # the line comes to the frames of its box from outside
        edges = [
            rect.left if across else rect.top for name, (rect, _) in clusters.items() if name in _outside(plan, inside)
        ]
        head = min(head, *(edge - LANE for edge in edges))
    corners = [
        Point(start.x, start.y + source_half),
        Point(start.x, foot),
        Point(lane, foot),
        Point(lane, head),
        Point(end.x, head),
        Point(end.x, end.y - target_half),
    ]
    beside = (arrow.height if across else arrow.width) / 2 + 0.4
    middle = Point(start.x + beside, start.y + source_half + room / 2) if arrow.label else None
    return tuple(turned(point) for point in rounded(corners)), middle and turned(middle)


def _outside(plan: Plan, frame: str) -> list[str]:
    """Return a frame and the frames around it."""
    outer = {cluster.id: cluster.parent for cluster in plan.clusters}
    found = []
    while frame:
        found.append(frame)
        frame = outer[frame]
    return found
