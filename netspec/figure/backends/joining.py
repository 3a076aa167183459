"""Several layouts -> one: the columns of a folded chain side by side, then blocks that are drawn open."""

from __future__ import annotations

import math

from netspec.figure.blocks.plan import Arrow, Box, Placed, Plan
from netspec.figure.scene import Point, Rect, around

COLUMN = 16.0  # space in mm between columns of a chain, for the line from one column to the next
BESIDE = 9.0  # space in mm between drawings that are not columns of one chain
LANE = 4.0  # distance between the line that joins two columns and its boxes
ROUND = 1.6  # radius of its corners

TALL = 0.75  # the wanted height of the figure, relative to the side of a square with the same area


def joined(plan: Plan, parts: list[Placed]) -> Placed:
    """Combine the drawings in order: first the columns of the net, then the others, stacked to fill the height."""
    if len(parts) == 1:
        return parts[0]
    across = plan.direction in ("right", "left")
    columns = 1 + sum(arrow.carry for arrow in plan.arrows)
    sizes = [_size(part.canvas, across) for part in parts]
    places = _places(sizes, columns) if math.isinf(plan.room) else _packed(sizes, columns, plan.room, across)
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


def in_lanes(plan: Plan, placed: Placed) -> Placed:
    """Draw arrows that skip boxes of the main line in lanes beside it: a level line, a straight one, a level one.

    An arrow stays as the layout engine drew it if its lane would lie farther out than it does.
    """
    across = plan.direction in ("right", "left")
    sizes = {box.id: box for box in plan.boxes}
    if any(box.level >= 0 for box in plan.boxes):
        return placed

    def turned(point: Point) -> Point:
        return Point(point.y, point.x) if across else point

    def flat(rect: Rect) -> Rect:
        return Rect(rect.top, rect.left, rect.bottom, rect.right) if across else rect

    def box_at(point: Point, width: float, height: float) -> Rect:
        return flat(Rect(point.x - width / 2, point.y - height / 2, point.x + width / 2, point.y + height / 2))

    rects = {name: box_at(point, sizes[name].width, sizes[name].height) for name, point in placed.boxes.items()}
    labels = {
        arrow.id: box_at(middle, arrow.width, arrow.height)
        for arrow in plan.arrows
        if (middle := placed.arrows[arrow.id][1]) is not None and arrow.label
    }
    frames = [flat(rect) for rect, _ in placed.clusters.values()]
    arrows = dict(placed.arrows)
    lanes: list[tuple[str, Rect]] = []  # each with the box where it begins
    skips = [arrow for arrow in plan.arrows if _skips(arrow, sizes, rects)]
    for arrow in sorted(skips, key=lambda arrow: abs(rects[arrow.target].top - rects[arrow.source].top)):
        start, end = rects[arrow.source], rects[arrow.target]
        xs = [turned(point).x for point in arrows[arrow.id][0]]
        drawn = 1 if sum(xs) / len(xs) > start.middle.x else -1
        things = [rect for name, rect in rects.items() if name not in (arrow.source, arrow.target)]
        things += [rect for name, rect in labels.items() if name != arrow.id]
        things += [frame for frame in frames if not (frame.overlaps(start) and frame.overlaps(end))]
        for side in (drawn, -drawn):
            reach = _lane(start, end, side, things + [rect for _, rect in lanes])
            lane, most = side * reach, max(drawn * x for x in xs) - drawn * start.middle.x
            edges = (start.right, end.right) if side > 0 else (start.left, end.left)
            ways = [
                Rect(min(lane, edge), rect.middle.y - 0.8, max(lane, edge), rect.middle.y + 0.8)
                for edge, rect in zip(edges, (start, end), strict=True)
            ]
            out = things + [rect for source, rect in lanes if source != arrow.source]
            into = things + [rect for _, rect in lanes]
            met = [rect for way, blocks in zip(ways, (out, into), strict=True) for rect in blocks if way.overlaps(rect)]
            if not met and abs(lane - start.middle.x) <= most + LANE:
                break
        else:
            continue
        high, low = sorted((start.middle.y, end.middle.y))
        corners = [Point(edges[0], start.middle.y), Point(lane, start.middle.y), Point(lane, end.middle.y)]
        label = arrows[arrow.id][1]
        if label is not None:
            beside = (arrow.height if across else arrow.width) / 2 + 0.6
            label = turned(Point(lane + side * beside, (high + low) / 2))
            labels[arrow.id] = box_at(label, arrow.width, arrow.height)
        path = _rounded([*corners, Point(edges[1], end.middle.y)])
        arrows[arrow.id] = tuple(turned(point) for point in path), label
        lanes.append((arrow.source, Rect(lane - 0.5, high, lane + 0.5, low)))
    canvas = around([placed.canvas, *(flat(rect) for rect in (*(lane for _, lane in lanes), *labels.values()))])
    return Placed(canvas, placed.boxes, placed.clusters, arrows)


def _lane(start: Rect, end: Rect, side: int, things: list[Rect]) -> float:
    """Return how far to a side (1: right, -1: left) the nearest lane lies that passes all things between two boxes."""
    high, low = sorted((start.middle.y, end.middle.y))
    reach = (max(start.right, end.right) if side > 0 else -min(start.left, end.left)) + LANE
    for rect in sorted(things, key=lambda rect: rect.left if side > 0 else -rect.right):
        inner, outer = (rect.left, rect.right) if side > 0 else (-rect.right, -rect.left)
        if rect.top - 1 < low and rect.bottom + 1 > high and inner - LANE / 2 < reach < outer + LANE:
            reach = outer + LANE
    return reach


def _skips(arrow: Arrow, sizes: dict[str, Box], rects: dict[str, Rect]) -> bool:
    """Whether an arrow leads from a box of the main line past other boxes to a box that stands in line with it."""
    if arrow.straight or arrow.carry or arrow.delay or arrow.back:
        return False
    start, end = rects[arrow.source].middle, rects[arrow.target].middle
    return sizes[arrow.source].line == sizes[arrow.target].line == "main" and abs(start.x - end.x) < 0.5


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


def _packed(sizes: list[tuple[float, float]], columns: int, room: float, across: bool) -> list[tuple[float, float]]:
    """Return the position (across, along) of each drawing on a page: the columns first, the others where they fit.

    The others stand in stacks beside the columns, or in rows below them: whichever is lower and within the room.
    """
    own: list[tuple[float, float]] = []
    at = 0.0
    for wide, _ in sizes[:columns]:
        own.append((at, 0.0))
        at += wide + COLUMN
    whole = (at - COLUMN, max(along for _, along in sizes[:columns]))
    if across:
        whole = whole[1], whole[0]
    others = [(along, wide) if across else (wide, along) for wide, along in sizes[columns:]]
    heights = sorted({whole[1], *(whole[1] * part for part in (1.25, 1.5)), sum(high + BESIDE for _, high in others)})
    ways = [_stacks(others, whole[0] + BESIDE, high) for high in heights]
    ways += [_shelves(others, whole[1] + BESIDE, max(room, whole[0]))]

    def size(way: list[tuple[float, float]]) -> tuple[float, float]:
        ends = [(x + wide, y + high) for (x, y), (wide, high) in zip(way, others, strict=True)]
        return max([whole[0], *(x for x, _ in ends)]), max([whole[1], *(y for _, y in ends)])

    best = min(ways, key=lambda way: (max(size(way)[0], room), size(way)[1]))
    return own + [(y, x) if across else (x, y) for x, y in best]


def _stacks(sizes: list[tuple[float, float]], x: float, longest: float) -> list[tuple[float, float]]:
    """Place drawings one below the other, in stacks of at most a height, from x on to the right."""
    found: list[tuple[float, float]] = []
    y = widest = 0.0
    for wide, high in sizes:
        if y and y + high > longest:
            x, y, widest = x + widest + BESIDE, 0.0, 0.0
        found.append((x, y))
        y, widest = y + high + BESIDE, max(widest, wide)
    return found


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
    return tuple(turned(point) for point in _rounded(corners)), middle and turned(middle)


def _outside(plan: Plan, frame: str) -> list[str]:
    """Return a frame and the frames around it."""
    outer = {cluster.id: cluster.parent for cluster in plan.clusters}
    found = []
    while frame:
        found.append(frame)
        frame = outer[frame]
    return found


def _rounded(corners: list[Point]) -> list[Point]:
    """Return a polyline with rounded corners, as cubic Bezier segments."""
    found = [corners[0]]
    for number, corner in enumerate(corners[1:], 1):
        before = found[-1]
        if number == len(corners) - 1:
            found += _line(before, corner)
            break
        after = corners[number + 1]
        found += _line(before, _toward(corner, before))
        bend = found[-1]
        out = _toward(corner, after)
        found += [_mean(bend, corner), _mean(out, corner), out]
    return found


def _toward(corner: Point, other: Point) -> Point:
    """Return the point before a corner where its curve begins."""
    length = abs(other.x - corner.x) + abs(other.y - corner.y)
    part = min(ROUND, length / 2) / length if length else 0.0
    return Point(corner.x + (other.x - corner.x) * part, corner.y + (other.y - corner.y) * part)


def _line(start: Point, end: Point) -> list[Point]:
    third = Point(start.x + (end.x - start.x) / 3, start.y + (end.y - start.y) / 3)
    return [third, Point(2 * third.x - start.x, 2 * third.y - start.y), end]


def _mean(a: Point, b: Point) -> Point:
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)
