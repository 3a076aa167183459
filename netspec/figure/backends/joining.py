"""Several layouts -> one: the columns of a folded chain side by side, then blocks that are drawn open."""

from __future__ import annotations

import math
from itertools import permutations, product

from netspec.figure.blocks.plan import Arrow, Box, Placed, Plan
from netspec.figure.blocks.routing import rounded
from netspec.figure.scene import Point, Rect, around

COLUMN = 16.0  # space in mm between columns of a chain, for the line from one column to the next
BESIDE = 9.0  # space in mm between drawings that are not columns of one chain
LANE = 4.0  # distance between the line that joins two columns and its boxes

MIDDLE, WIDER = 1.15, 1.3  # how much wider than the room rows may be whose letters can still be read
ORDERED = 4  # of so many drawings beside the net, all orders are tried
TALL = 0.75  # the wanted height of the figure, relative to the side of a square with the same area


def joined(plan: Plan, forms: list[list[Placed]]) -> Placed:
    """Combine the drawings in order: first the columns of the net, then the others, stacked to fill the height.

    Each drawing may have several forms, the usual one first. On a page the forms are chosen that have room.
    """
    if len(forms) == 1:
        return forms[0][0]
    across = plan.direction in ("right", "left")
    columns = 1 + sum(arrow.carry for arrow in plan.arrows)
    if math.isinf(plan.room):
        parts = [form[0] for form in forms]
        places = _places([_size(part.canvas, across) for part in parts], columns)
        places = [(y, x) for x, y in places] if across else places
    else:
        parts, places = _packed(forms, columns, plan, across)
    moved = [
        _moved(part, left - part.canvas.left, top - part.canvas.top)
        for part, (left, top) in zip(parts, places, strict=True)
    ]
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
    return Placed(canvas, boxes, clusters, arrows, frozenset().union(*(part.numbered for part in moved)))


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


def _packed(
    forms: list[list[Placed]], columns: int, plan: Plan, across: bool
) -> tuple[list[Placed], list[tuple[float, float]]]:
    """Return the form of each drawing on a page, and its place: the columns first, the others where room is left.

    The others stand beside the columns and below them: so that the letters are largest, in the usual forms and order if
    these are as good, and then so that the figure is lowest.
    """
    free = BESIDE * max(plan.gap, 0.4)
    own = [form[0] for form in forms[:columns]]
    sizes = [_size(one.canvas, across) for one in own]
    starts = [sum(wide + COLUMN for wide, _ in sizes[:number]) for number in range(columns)]
    foot = 3 * LANE if columns > 1 else 0.0  # for the lines from one column to the next
    wide, high = starts[-1] + sizes[-1][0], max(along for _, along in sizes) + foot
    whole = Rect(0, 0, high, wide) if across else Rect(0, 0, wide, high)
    others = [(n, [(one.canvas.width, one.canvas.height) for one in form]) for n, form in enumerate(forms[columns:])]
    orders = (
        list(permutations(others)) if len(others) <= ORDERED else [others, sorted(others, key=lambda o: -o[1][0][1])]
    )
    best: list[tuple[int, int, Rect]] = []
    least = (math.inf, 0, math.inf)
    for part, upright, several, order in product((1.0, MIDDLE, WIDER), (False, True), (1, None), orders):
        chosen = [(number, form[:several]) for number, form in order]
        if upright:  # columns of the height of the page, in place of rows of its width
            turned = [(number, [(high, wide) for wide, high in form]) for number, form in chosen]
            way = [
                (n, form, _turned(rect)) for n, form, rect in _filled(turned, _turned(whole), part * plan.high, free)
            ]
        else:
            way = _filled(chosen, whole, max(part * plan.room, whole.width), free)
        bounds = around([whole, *(rect for _, _, rect in way)])
        shrunk = max(bounds.width / plan.room, bounds.height / plan.high, 1.0)
        cost = (round(shrunk, 2), (several is None) + (order is not orders[0]), bounds.height)
        if cost < least:
            best, least = sorted(way, key=lambda one: one[0]), cost
    own += [forms[columns + number][form] for number, form, _ in best]
    places = [(0.0, start) if across else (start, 0.0) for start in starts]
    return own, places + [(rect.left, rect.top) for _, _, rect in best]


def _filled(
    forms: list[tuple[int, list[tuple[float, float]]]], whole: Rect, width: float, free: float
) -> list[tuple[int, int, Rect]]:
    """Return the number of each drawing with those of its form and place: each ends as high as it can.

    `free`: mm between two of them.
    """
    found: list[tuple[int, int, Rect]] = []
    taken = [whole]
    for number, several in forms:
        lefts = (0.0, *(rect.right + free for rect in taken))
        tops = sorted((0.0, *(rect.bottom + free for rect in taken)))
        best: tuple[float, float, float, int] = (math.inf, 0.0, 0.0, 0)
        for form, (wide, high) in enumerate(several):
            for left in lefts:
                beside = [one for one in taken if one.left < left + wide + free and left < one.right + free - 0.01]
                for top in tops:
                    cost = max(0.0, left + wide - width), top + high, left, form
                    if cost >= best:
                        break
                    if not any(one.top < top + high + free and top < one.bottom + free - 0.01 for one in beside):
                        best = cost
                        break
        _, bottom, left, form = best
        wide, high = several[form]
        taken.append(Rect(left, bottom - high, left + wide, bottom))
        found.append((number, form, taken[-1]))
    return found


def _turned(rect: Rect) -> Rect:
    return Rect(rect.top, rect.left, rect.bottom, rect.right)


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
        part.numbered,
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
