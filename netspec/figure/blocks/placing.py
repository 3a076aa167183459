"""Plan -> positions: chains stand on straight lines, parallel branches side by side, skips run in lanes beside them.

A frame is placed first by itself and is then one item among the boxes around it. The items of a frame are taken apart
into series and parallel parts. All work is done in flow coordinates: u runs across the flow, v along it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from itertools import groupby, pairwise, permutations

from netspec.figure.blocks.layers import SWEEPS, apart_from, mean, with_few_crossings
from netspec.figure.blocks.plan import Arrow, Cluster, Placed, Plan, label_size
from netspec.figure.blocks.routing import LANE, Router, rounded
from netspec.figure.scene import MARGIN, Point, Rect, around

BETWEEN = 7.0  # mm between two branches that stand side by side
ARMS, SHORT = 26.0, 12.0  # mm between the two sides of a U, and between two boxes of a level
WIRE = 1.5  # mm to both sides of a wire that passes a row
ROW, BUS = 7.5, 3.5  # mm between two rows of boxes; what a line across the flow needs there besides
LABEL = 5.5  # mm of wire that are seen before and after a label
PAD, UNDER = 3.4, 1.5  # mm from a frame to what is in it; below its title
HEAVY = 100.0  # how much less an item gives way than an edge that passes beside it
ROOMIER = 3  # how often items are placed, with more room where a label had none
INSET = 2.4  # mm from a frame to its title


@dataclass(slots=True, eq=False)
class Parallel:
    """Branches between two items, and the arrows that run beside them from the one item to the other."""

    branches: list[list[Element]]
    before: str = ""
    after: str = ""
    skips: list[Arrow] = field(default_factory=list)
    spine: int = -1  # the branch that stands straight below the item before
    beside: bool = False  # whether the axis is left free, because only the start of a loop comes from here
    woven: bool = False  # whether other edges join the branches
    places: list[float] = field(default_factory=list)  # of the branches, from the axis


Element = str | Parallel
Spot = str | tuple[str, str, int]  # an item, or where an edge passes a row
Profile = dict[int, tuple[float, float]]  # row -> how far something reaches to the left and right of its axis there


@dataclass(slots=True, eq=False)
class Item:
    """A box or a whole frame: how far it reaches from its axis to both sides, and its length along the flow."""

    left: float
    right: float
    long: float
    drawn: Drawn | None = None


@dataclass(slots=True, eq=False)
class Drawn:
    """Boxes, frames and arrows at their places, in flow coordinates."""

    boxes: dict[str, Rect] = field(default_factory=dict)
    frames: dict[str, Rect] = field(default_factory=dict)
    arrows: dict[str, tuple[list[Point], Rect | None]] = field(default_factory=dict)
    titles: dict[str, Rect] = field(default_factory=dict)

    def add(self, other: Drawn, u: float, v: float) -> None:
        self.boxes |= {name: _shifted(rect, u, v) for name, rect in other.boxes.items()}
        self.frames |= {name: _shifted(rect, u, v) for name, rect in other.frames.items()}
        self.titles |= {name: _shifted(rect, u, v) for name, rect in other.titles.items()}
        self.arrows |= {
            name: ([Point(point.x + u, point.y + v) for point in points], label and _shifted(label, u, v))
            for name, (points, label) in other.arrows.items()
        }

    @property
    def bounds(self) -> Rect:
        points = [Rect(*point, *point) for points, _ in self.arrows.values() for point in points]
        labels = [label for _, label in self.arrows.values() if label is not None]
        return around([*self.boxes.values(), *self.frames.values(), *labels, *points])


def place(plan: Plan) -> Placed:
    """Return the places of all boxes, frames and arrows of a plan whose parts are joined."""
    flow = _Flow(plan)
    drawn = flow.level("")
    while flow.number(drawn):
        drawn = flow.level("")
    sign = -1 if plan.direction in ("up", "left") else 1

    def point(u: float, v: float) -> Point:
        return Point(sign * v, u) if flow.across else Point(u, sign * v)

    def rect(one: Rect) -> Rect:
        a, b = point(one.left, one.top), point(one.right, one.bottom)
        return Rect(min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y))

    frames = {name: (rect(one), rect(drawn.titles[name]).middle) for name, one in drawn.frames.items()}
    arrows = {
        name: (tuple(point(*one) for one in rounded(points)), label and point(*label.middle))
        for name, (points, label) in drawn.arrows.items()
    }
    boxes = {name: point(*one.middle) for name, one in drawn.boxes.items()}
    return Placed(rect(drawn.bounds).grown(MARGIN), boxes, frames, arrows, frozenset(flow.numbered))


def framed(placed: Placed, cluster: Cluster) -> Placed:
    """Return what is placed from top to bottom with a frame around it, and the frame's title."""
    points = [Rect(*point, *point) for points, _ in placed.arrows.values() for point in points]
    left, top, right, bottom = around([placed.canvas.grown(-MARGIN), *points]).grown(PAD)
    top, right = top - cluster.height - UNDER, max(right, left + cluster.width + 2 * INSET)
    title = Point(left + INSET + cluster.width / 2, top + cluster.height / 2)
    frame = Rect(left, top, right, bottom)
    return replace(placed, canvas=frame.grown(MARGIN), clusters={**placed.clusters, cluster.id: (frame, title)})


class _Flow:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.across = plan.direction in ("right", "left")
        self.lane = LANE * max(plan.gap, 0.6)
        self.order = {box.id: number for number, box in enumerate(plan.boxes)}
        self.box = {box.id: box for box in plan.boxes}
        self.size = {b.id: (b.height, b.width) if self.across else (b.width, b.height) for b in plan.boxes}
        self.label = {a.id: (a.height, a.width) if self.across else (a.width, a.height) for a in plan.arrows if a.label}
        self.outer = {cluster.id: cluster.parent for cluster in plan.clusters}
        self.numbered: set[str] = set()  # the arrows that say which input they are

    def frames_of(self, box: str) -> list[str]:
        """Return the frames around a box, the innermost first, and "" for the whole drawing."""
        found = [self.box[box].cluster]
        while found[-1]:
            found.append(self.outer[found[-1]])
        return found

    def number(self, drawn: Drawn) -> bool:
        """Let arrows say which input they are where they come in in another order; return whether any is new."""
        into: dict[str, list[Arrow]] = {}
        for arrow in self.plan.arrows:  # those into one box are in the order in which its step reads them
            if arrow.numbered and arrow.id not in self.numbered:
                into.setdefault(arrow.target, []).append(arrow)
        found = [several for several in into.values() if not _in_order([drawn.arrows[a.id][0] for a in several])]
        for arrow in (arrow for several in found for arrow in several):
            wide, high = label_size(arrow.numbered)
            self.label[arrow.id] = (high, wide) if self.across else (wide, high)
            self.numbered.add(arrow.id)
        return bool(found)

    def level(self, frame: str) -> Drawn:
        """Return what stands in a frame, or in the whole drawing, around the axis u = 0."""
        level = _Level(self, frame)
        return level.drawn()

    def item(self, name: str) -> Item:
        if name in self.size:
            wide, long = self.size[name]
            return Item(wide / 2, wide / 2, long)
        inner = self.level(name)
        cluster = next(one for one in self.plan.clusters if one.id == name)
        bounds = inner.bounds
        left, top, right, bottom = bounds.grown(PAD * max(self.plan.gap, 0.5))
        high, wide = cluster.height, cluster.width
        if self.across:  # the title stands beside the flow
            left -= high + UNDER
            bottom = max(bottom, top + wide + 2 * INSET)
            start = top + INSET if self.plan.direction == "right" else bottom - INSET - wide
            title = Rect(left, start, left + high, start + wide)
        else:
            down = self.plan.direction == "down"
            crossed = any(self._crosses(name, arrow, down) for arrow in self.plan.arrows)
            side = left + INSET + wide < -1 or not crossed or right - INSET - wide < 1
            if crossed and side:  # nor does the wire on the axis run through it
                left = min(left, -wide - INSET - 2)
            right = max(right, left + wide + 2 * INSET)
            top, bottom = (top - high - UNDER, bottom) if down else (top, bottom + high + UNDER)
            start, at = left + INSET if side else right - INSET - wide, top if down else bottom - high
            title = Rect(start, at, start + wide, at + high)
        inner.frames[name], inner.titles[name] = Rect(left, top, right, bottom), title
        found = Drawn()
        found.add(inner, 0, -top)
        return Item(-left, right, bottom - top, found)

    def _crosses(self, frame: str, arrow: Arrow, enters: bool) -> bool:
        """Whether an arrow enters a frame, or leaves it."""
        inside = [frame in self.frames_of(end) for end in (arrow.source, arrow.target)]
        return inside == [not enters, enters]


class _Level:
    """What stands in one frame: items, and the arrows between them."""

    def __init__(self, flow: _Flow, frame: str) -> None:
        self.flow = flow
        plan = flow.plan
        self.holder: dict[str, str] = {}  # box -> the item that is or contains it
        for box in plan.boxes:
            around_ = [box.id, *flow.frames_of(box.id)]
            if frame in around_:
                self.holder[box.id] = around_[around_.index(frame) - 1]
        order: dict[str, int] = {}
        for box in plan.boxes:
            if box.id in self.holder:
                order.setdefault(self.holder[box.id], flow.order[box.id])
        self.order = order
        self.arrows = [a for a in plan.arrows if not a.carry and self._own(a)]
        self.level_of = {flow.box[name].level: name for name in order if name in flow.box}
        self.u_shape = any(number >= 0 for number in self.level_of)
        self.edges: dict[tuple[str, str], list[Arrow]] = {}
        for arrow in self.arrows:
            ends = self.holder[arrow.source], self.holder[arrow.target]
            if self.u_shape and arrow.back:
                ends = ends[1], ends[0]
            elif arrow.delay > 0 and order[ends[0]] > order[ends[1]]:
                continue
            if ends[0] != ends[1]:
                self.edges.setdefault(ends, []).append(arrow)
        self.nodes = self._sorted()
        self.succ: dict[str, list[str]] = {name: [] for name in self.nodes}
        self.pred: dict[str, list[str]] = {name: [] for name in self.nodes}
        place = {name: number for number, name in enumerate(self.nodes)}
        for source, target in list(self.edges):
            if place[source] < place[target]:
                self.succ[source].append(target)
                self.pred[target].append(source)
            else:
                del self.edges[source, target]
        self.items = {name: flow.item(name) for name in self.nodes}
        self.aside: set[str] = set()  # the arrows to a branch beside a straight one
        self.lanes: dict[str, float] = {}  # arrow -> the u of its lane
        self.via: dict[tuple[str, str], float] = {}  # the ends of an edge that passes rows -> the u at which it does
        self.rank: dict[str, int] = {}
        self.whole: list[Element] = []
        self.u: dict[str, float] = {}

    def _own(self, arrow: Arrow) -> bool:
        """Whether an arrow joins two items of this level, or runs from a box of it to itself."""
        if arrow.source not in self.holder or arrow.target not in self.holder:
            return False
        one, other = self.holder[arrow.source], self.holder[arrow.target]
        return one != other or (arrow.source == arrow.target and one == arrow.source)

    def _sorted(self) -> list[str]:
        """Return the items in topological order, as near to the author's order as possible."""
        waits = dict.fromkeys(self.order, 0)
        after: dict[str, list[str]] = {name: [] for name in self.order}
        for source, target in self.edges:
            waits[target] += 1
            after[source].append(target)
        found: dict[str, None] = {}
        ready = [(number, name) for name, number in self.order.items() if not waits[name]]
        heapify(ready)
        while len(found) < len(self.order):
            # in a circle, which an edge closes that then counts as running back, the author's order decides
            name = heappop(ready)[1] if ready else next(name for name in self.order if name not in found)
            if name in found:
                continue
            found[name] = None
            for target in after[name]:
                waits[target] -= 1
                if not waits[target]:
                    heappush(ready, (self.order[target], target))
        return list(found)

    # ---- series and parallel parts

    def drawn(self) -> Drawn:
        if self.u_shape:
            self._as_u()
        else:
            self._ranks({})
            self.whole = self._whole(self.nodes)
            self._settle(self.whole)
            self._across(self.whole)
            self._stand(self.whole, 0.0)
        more = [0.0] * (1 + max(self.rank.values(), default=0))  # what labels need that stood on something
        for _ in range(ROOMIER):
            found = self._rows(more)
            crowded = self._routed(found)
            if not crowded:
                break
            for arrow in crowded:
                ends = [self.rank[self.holder[end]] for end in (arrow.source, arrow.target)]
                for row in {min(ends), max(min(ends), max(ends) - 1)}:
                    more[row] = max(more[row], 2.0 * self.flow.label[arrow.id][1] + more[row])
        return found

    def _whole(self, nodes: list[str], alone: bool = False) -> list[Element]:
        """Return items as one series; those that no edges join stand side by side in it."""
        parts = [self._series(part, alone) for part in self._parts(nodes)]
        return parts[0] if len(parts) == 1 else [Parallel(parts)] if parts else []

    def _parts(self, nodes: list[str]) -> list[list[str]]:
        """Split items into those that edges among them join."""
        left = set(nodes)
        found = []
        for name in nodes:
            if name not in left:
                continue
            part, waiting = set(), [name]
            while waiting:
                one = waiting.pop()
                if one in left:
                    left.remove(one)
                    part.add(one)
                    waiting += [other for other in (*self.succ[one], *self.pred[one]) if other in left]
            found.append([one for one in nodes if one in part])
        return found

    def _series(self, nodes: list[str], alone: bool = False) -> list[Element]:
        """Return joined items as a series; with `alone`, edges that enter or leave it in the middle do not count.

        An item through which all paths run stands on the axis. What lies between two such items is a parallel part.
        """
        if len(nodes) == 1:
            return [nodes[0]]
        place = {name: number for number, name in enumerate(nodes)}

        def far(name: str) -> int:
            inside = [place[other] for other in self.succ[name] if other in place]
            leaves = not inside or (not alone and len(inside) < len(self.succ[name]))
            return len(nodes) if leaves else max(inside)

        def enters(name: str) -> bool:
            inside = [other for other in self.pred[name] if other in place]
            return not inside or (not alone and len(inside) < len(self.pred[name]))

        last = max(number for name, number in place.items() if enters(name))
        reached, cuts = 0, []
        for number, name in enumerate(nodes):
            if reached <= number and last <= number:
                cuts.append(number)
            reached = max(reached, far(name))
        if not cuts:
            return [self._woven(nodes)] if alone else self._series(nodes, True)
        found: list[Element] = []
        for start, end in zip([-1, *cuts], [*cuts, len(nodes)], strict=True):
            between = nodes[start + 1 : end]
            if between:
                found.append(self._between(between, nodes[start] if start >= 0 else "", (nodes + [""])[end]))
            if end < len(nodes):
                found.append(nodes[end])
        return found

    def _between(self, nodes: list[str], before: str, after: str) -> Parallel:
        """Return what lies between two items as branches in the order in which the item after reads them."""

        def read(part: list[str]) -> tuple[int, int]:
            reads = [self.arrows.index(a) for name in part for a in self.edges.get((name, after), ())]
            return min(reads, default=0) if before or not inputs else 0, self.order[part[0]]

        inputs = all(any(self._shape(name) == "pill" for name in part) for part in self._parts(nodes))

        parts = sorted(self._parts(nodes), key=read)
        skips = self.edges.get((before, after), [])
        found = Parallel([self._series(part) for part in parts], before, after, list(skips))
        into = [arrow for name in nodes for arrow in self.edges.get((name, after), ())]
        found.beside = not before and bool(into) and all(arrow.delay < 0 for arrow in into)
        if len(parts) == 2:
            depth = [max(self.rank[name] for name in part) - min(self.rank[name] for name in part) for part in parts]
            bare = [all(self._is_text(name) for name in part) for part in parts]
            for number in (0, 1):
                if bare[1 - number] > bare[number] or (
                    depth[number] > depth[1 - number] + 1 and len(parts[1 - number]) == 1
                ):
                    found.spine = number
        return found

    def _is_text(self, name: str) -> bool:
        return name in self.flow.box and self.flow.box[name].shape == "text"

    def _woven(self, nodes: list[str]) -> Parallel:
        """Return items that are not in series or parallel: each has its own place in its row."""
        return Parallel([[name] for name in nodes], woven=True)

    # ---- along the flow

    def _ranks(self, same: Mapping[str, str]) -> None:
        """Give each item the first row that lies after all items it reads; with `same`, some items share a row."""
        groups: dict[str, list[str]] = {}
        for name in self.nodes:
            groups.setdefault(same.get(name, name), []).append(name)
        reads = {
            group: {same.get(p, p) for name in names for p in self.pred[name]} - {group}
            for group, names in groups.items()
        }
        done: dict[str, int] = {}
        while len(done) < len(groups):
            ready = [group for group in groups if group not in done and reads[group] <= done.keys()]
            for group in ready or [next(group for group in groups if group not in done)]:
                done[group] = 1 + max((done.get(p, -1) for p in reads[group]), default=-1)
        for name in self.nodes:  # a learned value, or what a loop starts with, stands close to its reader
            if not (self.pred[name] or same or self._shape(name) == "pill"):
                done[name] = min((done[after] for after in self.succ[name]), default=1) - 1
        if same:  # in a U all boxes stand as low as they can
            last = max(done.values())
            for group in sorted(groups, key=lambda group: -done[group]):
                after = {same.get(n, n) for name in groups[group] for n in self.succ[name]} - {group}
                done[group] = min((done[n] for n in after), default=last + 1) - 1
        self.rank = {name: done[same.get(name, name)] for name in self.nodes}

    def _settle(self, series: list[Element]) -> None:
        """Move branches that are shorter than others to the middle of their room."""
        for part in series:
            if isinstance(part, str):
                continue
            for branch in part.branches:
                names = set(_names(branch))
                room = [
                    self.rank[to] - self.rank[name] - 1 for name in names for to in self.succ[name] if to not in names
                ]
                slack = min(room, default=0)
                if part.before and part.after:
                    slack //= 2
                elif part.before or any(self._shape(name) == "pill" or set(self.pred[name]) - names for name in names):
                    slack = 0
                for name in () if part.woven else names:
                    self.rank[name] += slack
                self._settle(branch)

    def _shape(self, name: str) -> str:
        return self.flow.box[name].shape if name in self.flow.box else "frame"

    # ---- across the flow

    def _across(self, series: list[Element]) -> Profile:
        """Return how far a series reaches to the left and right of its axis in each row, and place its branches."""
        found: Profile = {}
        for part in series:
            found = _wider(found, self._profile(part) if isinstance(part, str) else self._abreast(part))
        return _wider(found, dict.fromkeys(range(min(found, default=0), max(found, default=-1) + 1), (WIRE, WIRE)))

    def _profile(self, name: str) -> Profile:
        """Return how far an item, its loops and the labels of its arrows reach."""
        item, row = self.items[name], self.rank[name]
        loops = [arrow for arrow in self.arrows if arrow.source == arrow.target == name]
        room = sum(self.flow.lane + self.flow.label.get(arrow.id, (-1.0,))[0] + 1 for arrow in loops)
        found: Profile = {row: (item.left, item.right + room)}
        for source, target in [(name, to) for to in self.succ[name]] + [(of, name) for of in self.pred[name]]:
            rows = self.rank[source], self.rank[target]
            if rows[1] != rows[0] + 1 or name != (source if len(self.succ[source]) == 1 else target):
                continue
            for arrow in self.edges[source, target]:
                if arrow.id in self.flow.label:
                    wide = self.flow.label[arrow.id][0] + 1
                    sides = (wide, WIRE) if self.flow.across else (WIRE, wide)
                    found = _wider(found, dict.fromkeys(rows, sides))
        return found

    def _abreast(self, part: Parallel) -> Profile:
        """Place branches side by side, as near to each other as their boxes in each row allow."""
        if part.woven:
            return self._layered(part)
        gap = BETWEEN * max(self.flow.plan.gap, 0.4)
        ends = [self.rank[name] if name else None for name in (part.before, part.after)]
        sizes = []
        for branch in part.branches:
            size = self._across(branch)
            rows = range(min(size) if ends[0] is None else ends[0] + 1, max(size) + 1 if ends[1] is None else ends[1])
            sizes.append(_wider(size, dict.fromkeys(rows, (WIRE, WIRE))))
        places = [0.0]
        for number, size in enumerate(sizes[1:], 1):
            near = [
                at + before[row][1] + gap + size[row][0]
                for at, before in zip(places, sizes[:number], strict=True)
                for row in size.keys() & before.keys()
            ]
            places.append(max([places[-1] + gap, *near]))
        middle = len(places) // 2
        axis = places[part.spine] if part.spine >= 0 else places[middle]
        if part.spine < 0 and len(places) % 2 == 0:
            axis = (places[middle - 1] + places[middle]) / 2
        if part.beside:
            axis = -max(left for left, _ in sizes[0].values()) - gap
        part.places = [one - axis for one in places]
        for number, branch in enumerate(part.branches):
            if part.before and part.spine not in (-1, number):
                self.aside |= {a.id for name in _names(branch) for a in self.edges.get((part.before, name), ())}
        found: Profile = {}
        for at, size in zip(part.places, sizes, strict=True):
            found = _wider(found, {row: (left - at, right + at) for row, (left, right) in size.items()})
        for arrow in part.skips:
            right = max(right for _, right in found.values())
            right = max(right, *(self.items[name].right for name in (part.before, part.after))) + self.flow.lane
            self.lanes[arrow.id] = right
            right += self.flow.label[arrow.id][0] + 1.5 if arrow.id in self.flow.label else 0.0
            rows = range(self.rank[part.before], self.rank[part.after] + 1)
            found = _wider(found, dict.fromkeys(rows, (WIRE, right)))
        return found

    def _layered(self, part: Parallel) -> Profile:
        """Place woven items: in each row in an order in which few edges cross, and near to what they read and feed.

        An edge that passes rows has a place in each of them, too.
        """
        names = [name for branch in part.branches for name in _names(branch)]
        inside, rows = set(names), dict[int, list[Spot]]()
        near: tuple[dict[Spot, list[Spot]], dict[Spot, list[Spot]]] = ({}, {})  # what stands above and below
        size: dict[Spot, tuple[float, float]] = {}
        for name in names:
            rows.setdefault(self.rank[name], []).append(name)
            size[name] = self._profile(name)[self.rank[name]]
        for source in names:
            for target in (one for one in self.succ[source] if one in inside):
                passed: list[Spot] = [(source, target, row) for row in range(self.rank[source] + 1, self.rank[target])]
                wide = max((self.flow.label.get(a.id, (0.0, 0.0))[0] for a in self.edges[source, target]), default=0.0)
                for row, spot in enumerate(passed, self.rank[source] + 1):
                    rows.setdefault(row, []).append(spot)
                    size[spot] = (WIRE, max(WIRE, wide + 1 if spot is passed[len(passed) // 2] else 0.0))
                for above, below in pairwise([source, *passed, target]):
                    near[0].setdefault(below, []).append(above)
                    near[1].setdefault(above, []).append(below)
        layers = [rows[row] for row in sorted(rows)]
        best = with_few_crossings(layers, near)
        gap = BETWEEN * max(self.flow.plan.gap, 0.4)
        u = dict.fromkeys(size, 0.0)
        for number in range(SWEEPS + 1):  # downwards at last: what reads one value stands straight below it
            down = not number % 2
            for layer in best if down else best[::-1]:
                wanted = [mean([u[one] for one in _items(near[not down].get(spot, [spot]))]) for spot in layer]
                both = [isinstance(a, str) and isinstance(b, str) for a, b in pairwise(layer)]
                free = [gap if items else min(gap, self.flow.lane) for items in both]
                apart = [size[a][1] + more + size[b][0] for (a, b), more in zip(pairwise(layer), free, strict=True)]
                heavy = [self._weight(spot, near) for spot in layer]
                u |= zip(layer, apart_from(wanted, apart, heavy), strict=True)
        axis = mean([u[spot] for spot in best[0]])
        part.places = [u[name] - axis for name in names]
        self.via |= {spot[:2]: u[spot] - axis for spot in size if isinstance(spot, tuple)}
        found: Profile = {}
        for row, layer in zip(sorted(rows), best, strict=True):
            ends = [(size[spot][0] - u[spot] + axis, u[spot] - axis + size[spot][1]) for spot in layer]
            found[row] = max(left for left, _ in ends), max(right for _, right in ends)
        return found

    def _weight(self, spot: Spot, near: tuple[dict[Spot, list[Spot]], dict[Spot, list[Spot]]]) -> float:
        """Return how little a woven item gives way: the main line less than what leaves it, that less than an edge."""
        if isinstance(spot, tuple):
            return 1.0
        main = spot in self.flow.box and self.flow.box[spot].line == "main"
        return HEAVY**2 if main and all(len(near[1][one]) < 3 for one in near[0].get(spot, ())) else HEAVY

    def _stand(self, series: list[Element], u: float) -> None:
        for part in series:
            if isinstance(part, str):
                self.u[part] = u
                continue
            for place_, branch in zip(part.places, part.branches, strict=True):
                self._stand(branch, u + place_)
            if part.woven:
                names = set(_names(name for branch in part.branches for name in branch))
                self.via |= {ends: at + u for ends, at in self.via.items() if names.issuperset(ends)}
            for arrow in part.skips:
                self.lanes[arrow.id] += u

    # ---- the U of an hourglass

    def _as_u(self) -> None:
        """Place the falling half left, the rising half right, and what lies between them below.

        What stands on a skip is between the halves, and a branch that ends at a level is beside the rising half.
        """
        flow, gap = self.flow, self.flow.plan.gap
        parts: dict[str, list[str]] = {line: [] for line in ("fall", "across", "turn", "rise", "head")}
        for name in self.nodes:
            parts[flow.box[name].line].append(name)
        self._ranks({name: f"level {flow.box[name].level}" for name in self.nodes if flow.box[name].level >= 0})
        wholes = [self._stacked(parts[line]) for line in ("fall", "turn", "rise")]
        falls, turn, rises = (self._across(whole) for whole in wholes)
        apart = max(_reach(falls)[1] + _reach(rises)[0] + BETWEEN * max(gap, 0.4), sum(_reach(turn)) + 8)
        for row in {self.rank[name] for name in self.nodes if flow.box[name].level >= 0} & falls.keys() & rises.keys():
            apart = max(apart, falls[row][1] + rises[row][0] + ARMS * max(gap, 0.4))
        rows: dict[tuple[int, bool], list[str]] = {}  # what stands in a row between the halves, and beside them
        for name in parts["across"] + parts["head"]:
            rows.setdefault((self.rank[name], flow.box[name].line == "head"), []).append(name)
        free = {key: self._free(names) for key, names in rows.items()}
        for (row, beside), (_, whole) in free.items():
            if not beside:
                apart = max(apart, falls[row][1] + whole + rises[row][0])
        for series, u in zip(wholes, (0.0, apart / 2, apart), strict=True):
            self._stand(series, u)
        near = max((rises[row][1] + at[0] for (row, beside), (at, _) in free.items() if beside), default=0.0)
        for (row, beside), (at, whole) in free.items():
            start = apart + near - at[0] if beside else (falls[row][1] + apart - rises[row][0] - whole) / 2
            self.u |= {name: start + u for name, u in zip(rows[row, beside], at, strict=True)}

    def _stacked(self, nodes: list[str]) -> list[Element]:
        """Return items as one series, also where no edges join them, if they stand in different rows."""
        parts = self._parts(nodes)
        rows = [row for part in parts for row in {self.rank[name] for name in part}]
        apart = len(set(rows)) == len(rows)
        return [one for part in parts for one in self._series(part, True)] if apart else self._whole(nodes, True)

    def _free(self, names: list[str]) -> tuple[list[float], float]:
        """Return where items stand in a row of its own, with their labels between them, and how wide it is."""
        inside, at, found = set(names), 0.0, []
        least = SHORT * max(self.flow.plan.gap, 0.4)

        def room(ends: list[tuple[str, str]]) -> float:
            level = [end for end in ends if self.rank[end[0]] == self.rank[end[1]]]
            labels = [self.flow.label.get(a.id, (0.0,))[0] for end in level for a in self.edges[end]]
            return max([least, *(label + 3 for label in labels)])

        for name in names:
            at += room([(of, name) for of in self.pred[name]])
            found.append(at + self.items[name].left)
            at = found[-1] + self.items[name].right
        return found, at + room([(name, to) for name in names for to in self.succ[name] if to not in inside])

    # ---- rows

    def _rows(self, more: list[float]) -> Drawn:
        """Place the items in rows along the flow; `more`: what is free behind each row besides."""
        flow = self.flow
        tops = self._closer(more) if self.u_shape else self._towers(self._tops(self.nodes, more), more)
        found = Drawn()
        for name, top in tops.items():
            item, u = self.items[name], self.u[name]
            if item.drawn is not None:
                found.add(item.drawn, u, top)
            else:
                wide = flow.size[name][0] / 2
                found.boxes[name] = Rect(u - wide, top, u + wide, top + item.long)
        return found

    def _tops(self, names: list[str], more: list[float]) -> dict[str, float]:
        """Return where items begin that stand in the middles of common rows."""
        flow, inside = self.flow, set(names)
        near = min(max(flow.plan.gap, 0.2) + 0.2, 1.0)
        gap, label, line = ROW * near, LABEL * near, BUS * max(near, 0.5)
        long: dict[int, float] = {}
        for name in names:
            long[self.rank[name]] = max(long.get(self.rank[name], 0.0), self.items[name].long)
        space, bus = [gap] * len(more), [0.0] * len(more)
        for (source, target), arrows in self.edges.items():
            low, high = self.rank[source], self.rank[target]
            if low == high or not inside.issuperset((source, target)):
                continue
            for arrow in arrows:
                if arrow.id in self.lanes:
                    continue
                if arrow.id in flow.label:
                    space[high - 1] = max(space[high - 1], flow.label[arrow.id][1] + label)
                if abs(self.u[source] - self.u[target]) > 0.1:
                    if self._shape(target) != "circle":
                        bus[high - 1 if len(self.succ[source]) == 1 else low] = line
        v, rows = 0.0, sorted(long)
        starts = {rows[0]: v}
        for row, after in pairwise(rows):
            v = v + long[row] + max(space[row], space[after - 1]) + max(bus[row], bus[after - 1]) + sum(more[row:after])
            starts[after] = v
        return {name: starts[self.rank[name]] + (long[self.rank[name]] - self.items[name].long) / 2 for name in names}

    def _towers(self, tops: dict[str, float], more: list[float]) -> dict[str, float]:
        """Give branches that only their ends join rows of their own, where the drawing is then lower."""

        def end(names: Iterable[str], tops: dict[str, float]) -> float:
            return max(tops[name] + self.items[name].long for name in names)

        for part in self.whole:
            if isinstance(part, str) or part.woven or len(part.branches) < 2:
                continue
            branches = [_names(branch) for branch in part.branches]
            inside = [name for branch in branches for name in branch]
            start, old = min(tops[name] for name in inside), end(inside, tops)
            own = {name: start + top for branch in branches for name, top in self._tops(branch, more).items()}
            less = old - end(inside, own)
            if less > ROW and not self._touch(branches, own):
                tops = {name: own.get(name, top - less if top > old else top) for name, top in tops.items()}
        return tops

    def _touch(self, branches: list[list[str]], tops: dict[str, float]) -> bool:
        """Whether items of different branches have less room between them than branches have."""
        free = BETWEEN * max(self.flow.plan.gap, 0.4) - 0.1

        def spot(name: str) -> Rect:
            item, u, top = self.items[name], self.u[name], tops[name]
            return Rect(u - item.left, top, u + item.right, top + item.long)

        spots = [list(map(spot, branch)) for branch in branches]
        return any(a.grown(free).overlaps(b) for one, other in permutations(spots, 2) for a in one for b in other)

    def _closer(self, more: list[float]) -> dict[str, float]:
        """Return where items of a U begin: its rows may reach into each other, as its halves are seldom in the way."""
        gap = ROW * max(self.flow.plan.gap, 0.4)
        apart: dict[tuple[str, str], float] = {}
        for one, other in permutations(self.nodes, 2):
            u, item = self.u[one] - self.u[other], self.items[one]
            if self.rank[one] < self.rank[other] and -self.items[other].left < u + item.right + WIRE:
                if u - item.left - WIRE < self.items[other].right:
                    apart[one, other] = gap
        for (one, other), arrows in self.edges.items():
            rows = range(self.rank[one], self.rank[other])
            if rows:
                label = max((self.flow.label[a.id][1] + LABEL for a in arrows if a.id in self.flow.label), default=gap)
                apart[one, other] = max(gap, label)
                bent = abs(self.u[one] - self.u[other]) > 0.1
                for name in self.nodes if bent else ():  # it runs between two rows
                    if self.rank[name] == rows[-1]:
                        apart[name, other] = max(apart.get((name, other), 0.0), gap + BUS)
        centres = [0.0] * len(more)
        for row in range(1, len(more)):
            for (one, other), free in apart.items():
                if self.rank[other] == row:
                    near = (self.items[one].long + self.items[other].long) / 2 + free + more[self.rank[one]]
                    centres[row] = max(centres[row], centres[self.rank[one]] + near)
        tops = {name: centres[self.rank[name]] - self.items[name].long / 2 for name in self.nodes}
        return {name: top - min(tops.values()) for name, top in tops.items()}

    def _routed(self, found: Drawn) -> list[Arrow]:
        """Route the arrows, and return those whose labels have no free place."""
        flow = self.flow
        shapes = {name: flow.box[name].shape for name in found.boxes}
        router = Router(found.boxes, found.frames, found.titles, found.arrows, shapes, flow.label, flow.frames_of)
        router.across, router.sideways, router.aside, router.lane = flow.across, self.u_shape, self.aside, flow.lane
        router.via = {
            arrow.id: self.via[ends] for ends, arrows in self.edges.items() if ends in self.via for arrow in arrows
        }
        return router.route(self.arrows, self.lanes)


def _in_order(ways: list[list[Point]]) -> bool:
    """Whether arrows come in to a box one after the other round it; those that end at one point by their last lanes."""
    most = max(map(len, ways))

    def place(way: list[Point]) -> tuple[float, ...]:
        (before, v), (end, last) = way[-2:]
        side = 0.0 if abs(v - last) > 0.01 else -1.0 if before < end else 1.0
        us = [u for u, _ in groupby(round(point.x, 2) for point in way[-1 - (side != 0) :: -1])]
        return side, round(side * last, 2), *us, *[us[-1]] * (most - len(us))

    places = list(map(place, ways))
    return places == sorted(places)


def _names(series: Iterable[Element]) -> list[str]:
    found = []
    for part in series:
        found += [part] if isinstance(part, str) else [name for branch in part.branches for name in _names(branch)]
    return found


def _wider(one: Profile, other: Profile) -> Profile:
    """Return a profile that contains two others."""
    found = dict(one)
    for row, (left, right) in other.items():
        most = found.get(row, (left, right))
        found[row] = max(left, most[0]), max(right, most[1])
    return found


def _reach(profile: Profile) -> tuple[float, float]:
    sides = [*profile.values(), (0.0, 0.0)]
    return max(left for left, _ in sides), max(right for _, right in sides)


def _items(spots: list[Spot]) -> list[Spot]:
    """Return the items among spots, to which what passes beside them gives way; if there are none, all."""
    return [spot for spot in spots if isinstance(spot, str)] or spots


def _shifted(rect: Rect, u: float, v: float) -> Rect:
    return Rect(rect.left + u, rect.top + v, rect.right + u, rect.bottom + v)
