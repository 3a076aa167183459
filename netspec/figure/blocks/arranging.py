"""Adds to a plan what the layout engine needs to know.

This is: which boxes lie on the main line, where a long chain is cut into columns, and the U shape of an hourglass net.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from operator import or_

from netspec.figure.blocks.plan import Arrow, Box, Plan

LONGEST = 190.0  # mm: a chain that is longer is cut into columns of about this length
BETWEEN = 9.0  # mm: the approximate gap between two boxes
EVEN = 0.4  # the least length of a column, as a part of that of the longest
FEW = 2  # a value with more readers, which comes in at the side of an hourglass, is named in them
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


# ---- the U shape of an hourglass: what a skip joins stands side by side


@dataclass(slots=True)
class Rung:
    """A level of an hourglass: what leads from a box to the box that joins it with what came up from below.

    Each set of boxes is the bits of a number, as boxes have places.

    Attributes:
        start, end: the places of the two boxes.
        between: the boxes on the ways from the one to the other.
        deep: those of them with a lower resolution than both.
        across: those on the skip itself.
    """

    start: int
    end: int
    between: int
    deep: int
    across: int = 0


MOST_ACROSS = 3  # boxes on a skip, or of a branch that ends at a level, that stand side by side


def as_u(boxes: list[Box], arrows: list[Arrow]) -> list[Arrow] | None:
    """Set the levels of boxes, and return the arrows with those of the rising half turned; None if no hourglass.

    In an hourglass values are joined that part at two resolutions or more, and between them comes a lower one; each of
    these ladders starts and ends inside the one before, as in a U-Net. Boxes may stand on a skip, such as a gate. A
    branch that ends at a level, such as the head for a scale, stands beside it.
    """
    order = {box.id: place for place, box in enumerate(boxes)}
    if any(arrow.delay or order[arrow.source] >= order[arrow.target] for arrow in arrows):
        return None
    if any(box.cluster for box in boxes):
        return None
    reads, feeds = [list[int]() for _ in boxes], [list[int]() for _ in boxes]
    for arrow in arrows:
        reads[order[arrow.target]].append(order[arrow.source])
        feeds[order[arrow.source]].append(order[arrow.target])
    before, after = _reached(reads), _reached(feeds[::-1], reverse=True)[::-1]
    rungs = _rungs(boxes, reads, before, after)
    if len({boxes[rung.start].extent for rung in rungs}) < 2:
        return None
    if any(not (inner.start > one.start and inner.end < one.end) for one, inner in pairwise(rungs)):
        return None
    first, last = rungs[0], rungs[-1]
    aside = reduce(or_, (rung.across for rung in rungs))
    heads = _heads(feeds, before, (last.between | after[last.end] | 1 << last.end) & ~aside, first.end)
    for place in (rung.end for rung in rungs if boxes[rung.end].shape in ("circle", "pill")):
        heads.setdefault(place, _run(boxes, reads, feeds, place))
    turn = last.deep | _any(before, last.deep) & last.between
    level_of: dict[int, int] = {}
    for level, rung in enumerate(rungs):
        for place in (rung.start, rung.end, *_bits(rung.across)):
            level_of[place] = level
    falls = before[last.start] | 1 << last.start
    split = next((place for place in heads if turn >> place & 1), -1)
    if split >= 0:  # the lowest level has a head, too
        falls, turn = falls | turn & before[split], 0
        level_of |= dict.fromkeys([split, *(place for place in reads[split][:1] if falls >> place & 1)], len(rungs))
    for number, (place, branch) in enumerate(heads.items(), len(rungs) + 1):
        level_of |= dict.fromkeys([*branch, place], level_of.get(place, number))
    beside = reduce(or_, (1 << place for branch in heads.values() for place in branch), 0)
    halves = (("head", beside), ("fall", falls), ("across", aside), ("turn", turn))
    lines = [next((name for name, of in halves if of >> place & 1), "rise") for place in range(len(boxes))]
    upward = (before[first.end] | 1 << first.end | after[first.end]) & after[first.start]
    for place in (place for place, line in enumerate(lines) if line == "rise"):
        comes_in = place not in level_of and any(lines[one] == "fall" for one in reads[place])
        if comes_in or not upward >> place & 1:
            return None
    for place, (box, line) in enumerate(zip(boxes, lines, strict=True)):
        box.level, box.line = level_of.get(place, -1), line
    ends = [(lines[order[arrow.source]], lines[order[arrow.target]]) for arrow in arrows]
    turned = [source in ("turn", "rise", "head") and target in ("rise", "across") for source, target in ends]
    return [
        replace(arrow, back=back, straight=not back or source == target)
        for arrow, back, (source, target) in zip(arrows, turned, ends, strict=True)
    ]


def _rungs(boxes: list[Box], reads: list[list[int]], before: list[int], after: list[int]) -> list[Rung]:
    """Return the rungs of a net from the outermost on: for each box that starts some, the last."""
    nearest = list[int]()  # the last box through which all ways to a box run; -1: none
    found: dict[int, Rung] = {}
    level: dict[int, Rung] = {}  # those without a lower resolution: they count where the lowest is passed
    for place, sources in enumerate(reads):
        ways = set(sources)
        while len(ways) > 1:
            last = max(ways)
            ways = ways - {last} | {nearest[last]}
        start = ways.pop() if ways else -1
        nearest.append(start)
        if len(sources) < 2 or start < 0:
            continue
        between = after[start] & before[place]
        least = [_size(boxes[end]) for end in (start, place)]
        inner = [
            (one, _size(boxes[one])) for one in _bits(between) if len(boxes[one].extent) == len(boxes[start].extent)
        ]
        deep = sum(1 << one for one, size in inner if 0 < size < min(least))
        if deep:
            found[start] = Rung(start, place, between, deep)
        elif between and all(boxes[one].extent == boxes[start].extent for one in _bits(between)):
            level[start] = Rung(start, place, between, between)
    for rung in found.values():
        falling, crossing = _any(before, rung.deep) | rung.deep, {rung.start}
        for place in _bits(rung.between & ~falling):
            if crossing.intersection(reads[place]):
                crossing.add(place)
                rung.across |= 1 << place
    ladder = [rung for rung in found.values() if rung.across.bit_count() <= MOST_ACROSS]
    ladder.sort(key=lambda rung: rung.start)
    if len(ladder) < max(len(found), 1):
        return []
    for start in sorted(level):
        if ladder[-1].deep >> start & 1 and ladder[-1].between >> level[start].end & 1:
            ladder.append(level[start])
    return ladder


def _heads(feeds: list[list[int]], before: list[int], rise: int, end: int) -> dict[int, list[int]]:
    """Return the branches that end beside the rising half, each by the box that it starts from: one of a few boxes."""
    found: dict[int, list[int]] = {}
    for place in _bits(rise & (before[end] | 1 << end)):
        ends = [one for one in feeds[place] if not (before[end] | 1 << end) >> one & 1]
        branch = ends[:]
        while branch and len(feeds[branch[-1]]) == 1:
            branch += feeds[branch[-1]]
        if len(ends) == 1 and not feeds[branch[-1]] and len(branch) <= MOST_ACROSS:
            found[place] = branch
    return found if set(found) - {end} else {}


def _run(boxes: list[Box], reads: list[list[int]], feeds: list[list[int]], place: int) -> list[int]:
    """Return the boxes that go on from a sign at its level: few, or so few that the others stand above them."""
    found = [place]
    while len(feeds[found[-1]]) == 1:
        (after,) = feeds[found[-1]]
        ends = boxes[after].shape == "text"
        if len(reads[after]) > 1 or not (ends or (boxes[after].extent == boxes[place].extent)):
            break
        found.append(after)
    return found[1:] if len(found) <= 1 + MOST_ACROSS else []


def _reached(ways: list[list[int]], reverse: bool = False) -> list[int]:
    """Return for each box, in order, all that its ways lead to."""
    found = list[int]()
    for ends in ways:
        bits = 0
        for one in ends:
            bits |= 1 << one | found[len(ways) - 1 - one if reverse else one]
        found.append(bits)
    return found


def _any(sets: list[int], places: int) -> int:
    return reduce(or_, (sets[place] for place in _bits(places)), 0)


def _bits(places: int) -> list[int]:
    return [place for place in range(places.bit_length()) if places >> place & 1]


def _size(box: Box) -> int:
    """Return the number of places of a box's value in space and time; 0 if letters say it."""
    numbers = [one for one in box.extent if isinstance(one, int)]
    return math.prod(numbers) if len(numbers) == sum(one is not None for one in box.extent) else 0


def side_values(boxes: list[Box], arrows: list[Arrow]) -> dict[str, set[str]]:
    """Return the boxes whose values come in at the side of a net at many places, such as the time of a diffusion.

    Each stands with all boxes that lead to it: these lead nowhere else, and it has not the resolution of its readers.
    """
    by_id = {box.id: box for box in boxes}
    feeds: dict[str, list[str]] = {box.id: [] for box in boxes}
    cones: dict[str, set[str]] = {box.id: {box.id} for box in boxes}
    for arrow in arrows:
        feeds[arrow.source].append(arrow.target)
        cones[arrow.target] |= cones[arrow.source]
    # a value that no wire leads on is named in its readers already
    found = {name: cones[name] for name, readers in feeds.items() if not readers and by_id[name].shape != "text"}
    for name, readers in feeds.items():
        if len(readers) <= FEW or not by_id[name].rows or any(by_id[one].shape != "round" for one in readers):
            continue
        alone = all(cones[name].issuperset(feeds[one]) for one in cones[name] - {name})
        if alone and not any(by_id[one].extent == by_id[name].extent for one in readers):
            found[name] = cones[name]
    return found
