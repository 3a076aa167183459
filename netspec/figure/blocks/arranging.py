"""Adds to a plan what the layout engine needs to know.

This is: which boxes lie on the main line, where a long chain is cut into columns, and the U shape of an hourglass net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from netspec.figure.blocks.plan import Arrow, Box, Plan

LONGEST = 190.0  # mm: a chain that is longer is cut into columns of about this length
BETWEEN = 9.0  # mm: the approximate gap between two boxes
EVEN = 0.4  # the least length of a column, as a part of that of the longest
WIDEST, MOST_ROWS = 240.0, 3  # the largest width in mm of a net from left to right, and the most rows of it


def straighten(boxes: list[Box], arrows: list[Arrow]) -> list[Arrow]:
    """Mark the longest path through the net: its boxes will stand on one line, and skips will bend around them.

    An arrow that runs back in time is marked as turned round (`back`), so that the layout engine keeps space for it.
    """
    place = {box.id: number for number, box in enumerate(boxes)}
    best: dict[str, tuple[int, str, str]] = {box.id: (1, "", "") for box in boxes}
    for arrow in sorted(arrows, key=lambda arrow: place[arrow.source]):
        if arrow.delay or place[arrow.source] >= place[arrow.target]:
            continue
        length = best[arrow.source][0] + 1
        if length > best[arrow.target][0]:
            best[arrow.target] = (length, arrow.source, arrow.id)
    end = max(best, key=lambda id: best[id][0], default="")
    way = set()
    while end:
        boxes[place[end]].line = "main"
        _, end, arrow_id = best[end]
        way.add(arrow_id)
    return [
        replace(arrow, straight=arrow.id in way, back=arrow.delay > 0 and place[arrow.source] > place[arrow.target])
        for arrow in arrows
    ]


def set_out(plan: Plan, direction: str | None, columns: int | None, beside: bool) -> None:
    """Decide the direction of a drawing, and into how many columns or rows a long chain is cut.

    A net runs from left to right if it is then no wider than a page. A wider net runs in several rows if it can be cut
    into them, else downwards.
    """
    if direction is not None or beside or columns is not None:
        plan.direction = direction or "down"
        automatic = _columns(plan) if plan.direction == "down" else 1
        fold(plan, columns or automatic, frames=columns is not None)
        return
    plan.direction = "right"
    wide = _length(plan)
    if wide <= WIDEST:
        return
    rows = -(-int(wide) // int(WIDEST - 20))
    if rows > MOST_ROWS or not fold(plan, rows):
        plan.direction = "down"
        fold(plan, _columns(plan))


def _length(plan: Plan) -> float:
    """Return the approximate length of the longest path in mm."""
    across = plan.direction in ("right", "left")
    boxes = sum(box.width if across else box.height for box in plan.boxes if box.line)
    gaps = sum(max(BETWEEN, arrow.width + 4 if across else 0.0) for arrow in plan.arrows if arrow.straight)
    return boxes + gaps


def _columns(plan: Plan) -> int:
    return max(1, round(_length(plan) / LONGEST + 0.2))


def columns_for(plan: Plan, height: float) -> int:
    """Return in about how many columns a net from top to bottom is no higher than a page."""
    return max(1, math.ceil(_length(plan) / height))


def fold(plan: Plan, columns: int, frames: bool = False) -> bool:
    """Cut a chain into `columns` parts of about equal length, and return whether all these cuts could be made.

    Each cut goes through a place that only one arrow passes; with `frames` also from one frame to the next. A cut that
    leaves a lone tail beside a long column is not made.
    """
    plan.arrows = [replace(arrow, carry=False) for arrow in plan.arrows]
    if columns < 2 or plan.direction not in ("down", "right"):
        return True
    cuts = _cuts(plan, frames)
    done, reached = 0.0, list[float]()
    for box in plan.boxes:
        done += (box.height if plan.direction == "down" else box.width) + BETWEEN
        reached.append(done)
    names: dict[int, str] = {}
    for at in (done * number / columns for number in range(1, columns)):
        cut = min(cuts, key=lambda cut: abs(reached[cut - 1] - at), default=0)
        if cut and abs(reached[cut - 1] - at) < 0.3 * done / columns:
            names[cut] = cuts[cut]
    while names:  # a column that is far shorter than the longest is joined to the one beside it
        places = [0.0, *(reached[cut - 1] for cut in names), done]
        long = [after - before for before, after in pairwise(places)]
        short = long.index(min(long))
        if long[short] >= EVEN * max(long):
            break
        before = short == len(names) or (short > 0 and long[short - 1] < long[short + 1])
        del names[list(names)[short - before]]
    plan.arrows = [replace(arrow, carry=arrow.id in names.values()) for arrow in plan.arrows]
    return len(names) == columns - 1


def _cuts(plan: Plan, frames: bool) -> dict[int, str]:
    """Return the places between two boxes where a chain may be cut, each with the id of the arrow that is cut.

    Only one arrow passes such a place, and the place lies outside all frames. Unless `frames` is true, the boxes beside
    it have no frame either.
    """
    place = {box.id: number for number, box in enumerate(plan.boxes)}
    outer = {cluster.id: cluster.parent for cluster in plan.clusters}
    passing: dict[int, list[Arrow]] = {}
    for arrow in plan.arrows:
        low, high = sorted((place[arrow.source], place[arrow.target]))
        for cut in range(low + 1, high + 1):
            passing.setdefault(cut, []).append(arrow)
    found = {}
    for cut, arrows in passing.items():
        ends = [plan.boxes[place[end]] for end in (arrows[0].source, arrows[0].target)]
        alone = len(arrows) == 1 and not (arrows[0].delay or arrows[0].numbered)
        alone = alone and all(end.shape != "text" for end in ends)
        if not alone or not 1 < cut < len(plan.boxes) - 1:
            continue
        around = [_outermost(outer, end.cluster) for end in ends]
        if (around[0] != around[1] and frames) or (not any(around) and all(end.shape != "dot" for end in ends)):
            found[cut] = arrows[0].id
    return found


def _outermost(outer: Mapping[str, str], frame: str) -> str:
    """Return the outermost frame around a frame; "" if there is none."""
    while frame and outer[frame]:
        frame = outer[frame]
    return frame


def parts_of(plan: Plan) -> list[Plan]:
    """Split a plan into parts that can be laid out separately, in the order of their first boxes.

    Boxes that an arrow or a frame joins are in one part. The columns of a folded chain are separate parts.
    """
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    frames = {cluster.id: cluster.parent for cluster in plan.clusters}
    for arrow in plan.arrows:
        if not arrow.carry:
            root[find(arrow.source)] = find(arrow.target)
    for box in plan.boxes:
        if box.cluster:
            root[find(box.id)] = find(f"frame {box.cluster}")
    for inner, outer in frames.items():
        if outer:
            root[find(f"frame {inner}")] = find(f"frame {outer}")
    found: dict[str, Plan] = {}
    for box in plan.boxes:
        found.setdefault(find(box.id), Plan([], [], [], plan.direction, gap=plan.gap)).boxes.append(box)
    for arrow in plan.arrows:
        if not arrow.carry:
            found[find(arrow.source)].arrows.append(arrow)
    for cluster in plan.clusters:
        found[find(f"frame {cluster.id}")].clusters.append(cluster)
    return list(found.values())


# ---- the U shape of an hourglass: the two boxes that a skip joins stand side by side


def as_u(boxes: list[Box], arrows: list[Arrow]) -> list[Arrow] | None:
    """Set the levels of boxes, and return the arrows with those of the rising half turned; None if no hourglass.

    An hourglass is a chain with skips at two resolutions or more, each of which starts and ends inside the skip before,
    as in a U-Net.
    """
    order = {box.id: place for place, box in enumerate(boxes)}
    if any(arrow.delay for arrow in arrows) or any(box.cluster for box in boxes):
        return None
    skips = _skips(arrows, order)
    if len(skips) < 2:
        return None
    skips.sort(key=lambda arrow: order[arrow.source])
    targets = [order[arrow.target] for arrow in skips]
    if targets != sorted(targets, reverse=True) or len(set(targets)) < len(targets):
        return None
    if len({boxes[order[arrow.source]].extent for arrow in skips}) < 2:
        return None
    rise = targets[-1]
    if any(order[arrow.source] >= rise for arrow in skips):
        return None
    for level, arrow in enumerate(skips):
        for end in (arrow.source, arrow.target):
            boxes[order[end]].level = level
    for number, box in enumerate(boxes):
        box.line = "rise" if number >= rise else "fall" if box.line and number <= order[skips[-1].source] else ""
    joined = {arrow.id for arrow in skips}
    rising = {arrow.id for arrow in arrows if order[arrow.target] >= rise} - joined
    return [replace(arrow, back=True) if arrow.id in rising else arrow for arrow in arrows]


def _skips(arrows: list[Arrow], order: dict[str, int]) -> list[Arrow]:
    """Return the arrows that skip boxes: of all arrows into a box, each but the arrow from the nearest box."""
    into: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        into.setdefault(arrow.target, []).append(arrow)
    found = []
    for several in into.values():
        several.sort(key=lambda arrow: order[arrow.source])
        found += several[:-1]
    return found
