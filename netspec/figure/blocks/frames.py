"""Draws the frames of open blocks and their titles around the boxes that the layout engine placed."""

from __future__ import annotations

from netspec.figure.blocks.plan import LEADING, NAME, Cluster, Placed, Plan, Row
from netspec.figure.scene import HAIR, Pen, Point, Rect, Wire, along
from netspec.figure.scene.canvas import Canvas

INSET = 2.4  # mm from a frame to its title


def frames(canvas: Canvas, plan: Plan, placed: Placed) -> dict[str, Rect]:
    """Return the frames, made large enough for the wires inside them and for the labels of these wires.

    If wires run through both places for the title, the frame also grows to the left, so that the title has space there.
    """
    outer = {cluster.id: cluster.parent for cluster in plan.clusters}
    inside = {box.id: box.cluster for box in plan.boxes}
    wires = {item.id: item for item in canvas.wires if isinstance(item, Wire)}
    found = {name: frame for name, (frame, _) in placed.clusters.items()}
    for arrow in plan.arrows:
        middle = placed.arrows[arrow.id][1]
        shared = _shared(outer, inside[arrow.source], inside[arrow.target])
        if shared and arrow.label and middle is not None:
            half = arrow.width / 2 + 0.5
            found[shared] = _including(found[shared], middle.x - half, middle.x + half)
        if shared:
            across = [point.x for point in along(wires[arrow.id])]
            found[shared] = _including(found[shared], min(across) - 1, max(across) + 1)
    for cluster in reversed(plan.clusters):
        frame, top = found[cluster.id], placed.clusters[cluster.id][1].y - cluster.height / 2
        left = frame.left + INSET
        crossing = _crossings(canvas, Rect(left, top, left + cluster.width, top + cluster.height))
        if crossing and _crossings(
            canvas, Rect(frame.right - INSET - cluster.width, top, frame.right, top + cluster.height)
        ):
            frame = found[cluster.id] = _including(frame, min(crossing) - 2 - cluster.width - INSET, frame.right)
        if cluster.parent:
            found[cluster.parent] = _including(found[cluster.parent], frame.left - 2, frame.right + 2)
    for cluster in reversed(plan.clusters):
        own, others = _own_and_others(plan, placed, outer, cluster.id)
        own += [found[inner.id] for inner in plan.clusters if inner.parent == cluster.id]
        if own:
            found[cluster.id] = _clear(found[cluster.id], own, others)
    return found


def _own_and_others(plan: Plan, placed: Placed, outer: dict[str, str], cluster: str) -> tuple[list[Rect], list[Rect]]:
    """Return the rectangles of the boxes in a frame, and the rectangles of all other boxes."""
    own: list[Rect] = []
    others: list[Rect] = []
    for box in plan.boxes:
        x, y = placed.boxes[box.id]
        rect = Rect(x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2)
        (own if _shared(outer, box.cluster, cluster) == cluster else others).append(rect)
    return own, others


def _clear(frame: Rect, own: list[Rect], others: list[Rect]) -> Rect:
    """Make a frame narrower if boxes from outside overlap its edge, as far as the boxes in the frame leave space.

    Graphviz sometimes places a box over the edge of a frame to which the box does not belong.
    """
    left, right = min(box.left for box in own) - 1, max(box.right for box in own) + 1
    for other in others:
        if not other.overlaps(frame):
            continue
        if other.right + 1 <= left:
            frame = frame._replace(left=max(frame.left, other.right + 1))
        elif other.left - 1 >= right:
            frame = frame._replace(right=min(frame.right, other.left - 1))
    return frame


def _shared(outer: dict[str, str], one: str, other: str) -> str:
    """Return the id of the innermost frame that contains both frames (or is one of them); "" if there is none."""
    around = set()
    while one:
        around.add(one)
        one = outer[one]
    while other and other not in around:
        other = outer[other]
    return other


def _including(frame: Rect, left: float, right: float) -> Rect:
    return frame._replace(left=min(frame.left, left), right=max(frame.right, right))


def draw_frame(canvas: Canvas, cluster: Cluster, frame: Rect, middle: Point) -> None:
    """Draw a frame with its title at the upper left, or at the upper right if a wire runs through the upper left."""
    pen = Pen(ink=cluster.ink or "faint", width=HAIR * (3 if cluster.ink else 1))
    canvas.polygon(cluster.id, frame.corners, pen=pen, fill="tint-cluster", classes=("cluster",), layer=cluster.layer)
    top = middle.y - cluster.height / 2
    x, align = frame.left + INSET, "start"
    if _crossings(canvas, Rect(x, top, x + cluster.width, top + cluster.height)):
        x, align = frame.right - INSET, "end"
    for number, row in enumerate((Row(cluster.title, NAME), *cluster.rows)):
        base = top + row.size * (LEADING / 2 + 0.36)
        name = f"{cluster.id}.title" if not number else f"{cluster.id}.row{number}"
        canvas.text(name, (row.line,), x, base, row.size, align=align, ink=row.ink, classes=("title",))  # type: ignore[arg-type]
        top += row.size * LEADING


def _crossings(canvas: Canvas, box: Rect) -> list[float]:
    """Return the x of points where wires run through a rectangle, or pass it closer than 1 mm."""
    found = []
    for wire in canvas.wires:
        assert isinstance(wire, Wire)
        if wire.box.grown(0.1).overlaps(box):
            found += [
                point.x
                for point in along(wire)
                if box.left - 1 < point.x < box.right + 1 and box.top - 1 < point.y < box.bottom + 1
            ]
    return found
