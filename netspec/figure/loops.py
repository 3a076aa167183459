"""The loop of a recurrence: pills around a layer and its copy of an earlier step, and the wire between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.figure import rules
from netspec.figure.scene import Node, Pen, Point, Rect

if TYPE_CHECKING:
    from netspec.figure.columns import Block
    from netspec.figure.neurons import Drawing

LOOP = Pen(ink="loop", width=0.365, opacity=0.5)


def draw_loops(drawing: Drawing) -> None:
    """A pill around each copy and its layer, and the wire from the one to the other."""
    copies = [block for column in drawing.columns for block in column.blocks if block.delay]
    pills = {block: _pill(drawing, block) for block in copies}
    for copy in copies:
        own = next(b for column in drawing.columns for b in column.blocks if b.group is copy.group and not b.delay)
        if own not in pills:
            pills[own] = _pill(drawing, own)
        _loop(drawing, pills[own], pills[copy], copy)


def _pill(drawing: Drawing, block: Block) -> Node:
    """A pill around the units of a block, the +1 left out."""
    boxes = [drawn.node.box for drawn in drawing.drawn[block] if not drawn.bias]
    box = Rect(
        min(box.left for box in boxes), min(box.top for box in boxes),
        max(box.right for box in boxes), max(box.bottom for box in boxes),
    ).grown(rules.PILL)  # fmt: skip
    return drawing.sheet.node(
        f"{block.id}.pill", *box.middle, box.width / 2, box.height / 2, shape="pill", ink="loop",
        width=LOOP.width, opacity=LOOP.opacity, classes=("pill",), layer=block.group.layer.path,
    )  # fmt: skip


def _loop(drawing: Drawing, own: Node, copy: Node, block: Block) -> None:
    """Out of the end of the one, along a lane outside everything, into the end of the other."""
    axes, sign = drawing.axes, block.side
    side = axes.at(0, sign)
    start = Point(own.x + side.x * own.rx, own.y + side.y * own.ry)
    end = Point(copy.x + side.x * copy.rx, copy.y + side.y * copy.ry)
    around = drawing.sheet.box()
    if axes.level:
        reach = around.bottom if sign > 0 else around.top
    else:
        reach = around.right if sign > 0 else around.left
    out = reach + sign * rules.LANE
    if axes.level:
        points = (start, Point(start.x, out), Point(end.x, out), end)
    else:
        points = (start, Point(out, start.y), Point(out, end.y), end)
    blocked = _blocked(drawing, block)
    if blocked:  # another copy stands outside: the wire comes in from behind
        ahead = axes.at(1, 0)
        back = Point(copy.x - ahead.x * copy.rx, copy.y - ahead.y * copy.ry)
        behind = Point(back.x - ahead.x * 5, back.y - ahead.y * 5)
        corner = Point(behind.x, out) if axes.level else Point(out, behind.y)
        points = (start, points[1], corner, behind, back)
    drawing.sheet.wire(
        own.id, copy.id, points, pen=LOOP, id=f"{own.id}~{copy.id}", classes=("loop",), layer=block.group.layer.path
    )


def _blocked(drawing: Drawing, block: Block) -> bool:
    column = next(column for column in drawing.columns if block in column.blocks)
    behind = [other for other in column.blocks if other.delay and other.side == block.side]
    return behind[-1] is not block
