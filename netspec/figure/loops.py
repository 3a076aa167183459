"""The loop of a recurrence: pills around a layer and its copy of an earlier step, and the wire between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.figure import rules
from netspec.figure.scene import Node, Pen, Point, Rect

if TYPE_CHECKING:
    from netspec.figure.columns import Block
    from netspec.figure.neurons import Drawing

PAST_PILL = 3.6  # halfway from a pill to the +1 before it
LOOP = Pen(ink="loop", width=0.365, opacity=0.5)


def draw_loops(drawing: Drawing) -> None:
    """A pill around each copy and its layer, and the wire from the one to the other."""
    copies = [block for column in drawing.columns for block in column.blocks if block.delay]
    pills = {block: _pill(drawing, block) for block in copies}
    for copy in copies:
        own = drawing.block_of(copy.group)
        if own not in pills:
            pills[own] = _pill(drawing, own)
        _loop(drawing, pills[own], pills[copy], copy)


def _pill(drawing: Drawing, block: Block) -> Node:
    """A pill around the units of a block, the +1 left out."""
    boxes = [drawn.node.box for drawn in drawing.drawn[block] if not drawn.bias]
    box = Rect(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    ).grown(rules.PILL)
    return drawing.sheet.node(
        f"{block.id}.pill",
        *box.middle,
        box.width / 2,
        box.height / 2,
        shape="pill",
        ink="loop",
        width=LOOP.width,
        opacity=LOOP.opacity,
        classes=("pill",),
        layer=block.group.layer.path,
    )


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

    def lane(point: Point) -> Point:
        return Point(point.x, out) if axes.level else Point(out, point.y)

    ahead = axes.at(1, 0)
    leaves = [start]
    if sign < 0 and drawing.block_of(block.group).bias:  # the +1 stands in the way: round it, where no wire comes in
        past, behind = PAST_PILL, rules.UNIT + 3.5
        leaves.append(Point(start.x + side.x * past, start.y + side.y * past))
        leaves.append(Point(leaves[1].x - ahead.x * behind, leaves[1].y - ahead.y * behind))
    enters = [end]
    if _blocked(drawing, block):  # another copy stands outside: the wire comes in from behind
        back = Point(copy.x - ahead.x * copy.rx, copy.y - ahead.y * copy.ry)
        enters = [Point(back.x - ahead.x * 5, back.y - ahead.y * 5), back]
    points = (*leaves, lane(leaves[-1]), lane(enters[0]), *enters)
    drawing.sheet.wire(
        own.id, copy.id, points, pen=LOOP, id=f"{own.id}~{copy.id}", classes=("loop",), layer=block.group.layer.path
    )


def _blocked(drawing: Drawing, block: Block) -> bool:
    column = next(column for column in drawing.columns if block in column.blocks)
    behind = [other for other in column.blocks if other.delay and other.side == block.side]
    return behind[-1] is not block
