"""Routes the arrows of the blocks view around boxes: level and upright lines with round corners, and their labels.

Each arrow has a few ways that it may take. The one that hits, crosses and bends least is taken. u runs across the flow,
v along it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise

from netspec.figure.blocks.plan import Arrow
from netspec.figure.scene import Point, Rect

LANE = 4.0  # mm from what an arrow passes to its lane
ROUND = 1.6  # radius of corners
CLEAR, ASIDE = 0.9, 1.6  # mm between a line and a box that it passes: the least, and the usual
STUB = 3.2  # mm of a line before it turns, and after it turned for the last time
FORK = 1.7  # mm from a sign to where a lane leaves the wire below it
SEARCHED = 1_500_000  # boxes, labels and lines that the searches of a frame look at, at most
DETOUR = 15.0  # mm of a detour that cost as much as a bend
PORTS = 5.0  # mm between two arrows that end at one side of a box
# what a way costs: per box or label that it hits, line that it covers, line that it crosses, way tried before it
HIT, OVER, CROSS, NEXT = 100.0, 40.0, 6.0, 1.0


@dataclass(slots=True, eq=False)
class Router:
    """Routes the arrows of a frame.

    Attributes:
        boxes: the boxes.
        frames: the frames among them.
        titles: where the titles of the frames stand.
        arrows: the corners of each arrow, and the place of its label; those that `route` adds as well.
        shapes: the shape of each box.
        labels: how wide the label of an arrow is across the flow, and how long along it.
        frames_of: returns the frames around a box.
        across: whether the flow is level on the page.
        sideways: whether an arrow had better leave a box at its side, as in a U.
        aside: the arrows that lead to a branch beside a straight one.
        via: at which u an arrow that passes rows had better do so.
        lane: how far a lane is from what it passes.
        left: how much searches may still look at, so that a drawing with very many arrows is done in time.
    """

    boxes: Mapping[str, Rect]
    frames: Mapping[str, Rect]
    titles: Mapping[str, Rect]
    arrows: dict[str, tuple[list[Point], Rect | None]]
    shapes: Mapping[str, str]
    labels: Mapping[str, tuple[float, float]]
    frames_of: Callable[[str], list[str]]
    across: bool = False
    sideways: bool = False
    aside: Collection[str] = ()
    via: Mapping[str, float] = field(default_factory=dict)
    lane: float = LANE
    left: int = SEARCHED
    lines: list[tuple[Rect, bool, Arrow | None]] = field(default_factory=list)  # pieces; whether one is level
    things: list[Rect] = field(default_factory=list)  # what the arrow that is routed must not meet
    texts: list[Rect] = field(default_factory=list)  # the labels of arrows that were routed before
    said: dict[str, Rect] = field(default_factory=dict)  # those of the others
    ports: dict[str, float] = field(default_factory=dict)  # arrow -> where on the near side of its box it ends
    fans: dict[str, int] = field(default_factory=dict)  # box -> how many arrows leave it

    def route(self, arrows: list[Arrow], lanes: Mapping[str, float]) -> list[Arrow]:
        """Add the ways of some arrows, and the places of their labels; return those whose labels stand on something.

        Parameters:
            lanes: the u of the lanes that are kept.
        """
        for points, label in self.arrows.values():
            self._add(points, None)
            self.texts += [] if label is None else [label]
        far: dict[str, float] = {}  # box -> how far its farthest reader is, beside those that are in line
        for arrow in arrows:
            self.fans[arrow.source] = self.fans.get(arrow.source, 0) + (arrow.id not in lanes)
            far[arrow.source] = max(far.get(arrow.source, 0.0), 0.0 if arrow.straight else self._span(arrow))
        self._ports([arrow for arrow in arrows if arrow.id not in lanes and not arrow.delay])

        def turn(arrow: Arrow) -> tuple[bool, bool, bool, float, float]:
            bent = abs(self.boxes[arrow.source].middle.x - self.boxes[arrow.target].middle.x) > 0.05
            free = arrow.id not in lanes and not arrow.straight
            return arrow.delay > 0, free, bent, far[arrow.source], -self._span(arrow)

        ways: dict[str, list[Point]] = {}
        turns = sorted(arrows, key=turn)
        for arrow in turns:
            self.things = self._things(arrow)
            points = self._way(arrow, lanes.get(arrow.id))
            self._add(points, arrow)
            ways[arrow.id] = points
            if arrow.id in self.labels:
                self.said[arrow.id], _ = self._label(points, arrow, lanes)
        self._part(turns, ways)
        crowded = []
        for arrow in turns:  # once more, now that all ways are known
            if arrow.id in self.labels:
                del self.said[arrow.id]
                self.things = self._things(arrow)
                self.said[arrow.id], cost = self._label(ways[arrow.id], arrow, lanes)
                crowded += [arrow] if cost >= OVER else []
            self.arrows[arrow.id] = ways[arrow.id], self.said.get(arrow.id)
        return crowded

    def _add(self, points: list[Point], arrow: Arrow | None) -> None:
        self.lines += [(_line(a, b), abs(a.y - b.y) < 0.01, arrow) for a, b in pairwise(points)]

    def _span(self, arrow: Arrow) -> float:
        return abs(self.boxes[arrow.target].middle.y - self.boxes[arrow.source].middle.y)

    def _ports(self, arrows: list[Arrow]) -> None:
        """Decide at which places of a wide box the arrows from the row above end, so that their heads stand apart."""
        into: dict[str, list[Arrow]] = {}
        for arrow in arrows:
            into.setdefault(arrow.target, []).append(arrow)
        for target, several in into.items():
            box = self.boxes[target]
            pill = self.shapes[target] == "pill"  # what does not come from straight above it ends at its sides
            several = [a for a in several if self.boxes[a.source].bottom < box.top]
            several = [a for a in several if not pill or box.left < self.boxes[a.source].middle.x < box.right]
            several.sort(key=lambda arrow: self.boxes[arrow.source].middle.x)
            us = [self.boxes[arrow.source].middle.x - box.middle.x for arrow in several]
            room = 0.0 if self._small(target) else box.width / 2 - self._corner(target)
            ports = [u if abs(u) <= room else 0.0 for u in us]
            above = [number for number, u in enumerate(us) if abs(u) <= room]
            first = above[0] if above else (len(us) - 1) / 2
            last = above[-1] if above else first
            for number in range(len(us)):  # those from farther away end beside those from straight above
                if number < first:
                    ports[number] = (ports[above[0]] if above else 0.0) + (number - first) * PORTS
                elif number > last:
                    ports[number] = (ports[above[-1]] if above else 0.0) + (number - last) * PORTS
            if any(abs(port) > room for port in ports) or any(b - a < 3 for a, b in pairwise(ports)):
                step = min(PORTS, 2 * room / max(len(us) - 1, 1))
                ports = [(number - (len(us) - 1) / 2) * step for number in range(len(us))]
            for arrow, port in zip(several, ports, strict=True):
                self.ports[arrow.id] = box.middle.x + port

    def _part(self, arrows: list[Arrow], ways: dict[str, list[Point]]) -> None:
        """Set the ends of different values at one point of a side apart, so that none seems to go on as another."""
        at: dict[tuple[str, float, float], dict[str, list[tuple[bool, float, str, int]]]] = {}
        for arrow in arrows:
            points = ways[arrow.id]
            for name, way, end in ((arrow.source, points, 0), (arrow.target, points[::-1], -1)):
                (u, v), corner, after = way[0], way[1], way[min(2, len(way) - 1)]
                if abs(corner.y - v) < 0.01:
                    reach = abs(corner.x - u)  # from above the nearest first, from below the farthest
                    turned = (after.y > v, reach if after.y < v else -reach, arrow.id, end if len(way) > 2 else 1)
                    at.setdefault((name, round(u, 2), round(v, 2)), {}).setdefault(arrow.source, []).append(turned)
        for (name, u, _), values in at.items():
            box = self.boxes[name]
            room, side = min(2.6, box.height / 4), 1 if u > box.middle.x else -1
            several = sorted(values.values(), key=min)
            still = next((place for place, ends in enumerate(several) if any(end == 1 for *_, end in ends)), None)
            for place, ends in enumerate(several if len(several) > 1 else ()):
                shift = 2 * place - len(several) + 1 if still is None else place - still
                for _, _, arrow_id, end in ends if place != still else ():
                    points = ways[arrow_id]
                    points[end] = self._side(name, side, room * shift / (len(several) - 1))
                    inner = 1 if end == 0 else -2
                    points[inner] = points[inner]._replace(y=points[end].y)
        self.lines = [line for line in self.lines if line[2] is None]
        for arrow in arrows:
            self._add(ways[arrow.id], arrow)

    def _corner(self, name: str) -> float:
        box = self.boxes[name]
        return min(box.width, box.height) / 2 if self.shapes[name] == "pill" else 2.0

    def _small(self, name: str) -> bool:
        return self.shapes[name] in ("circle", "dot")

    # ---- ways

    def _way(self, arrow: Arrow, lane: float | None) -> list[Point]:
        s, t = self.boxes[arrow.source], self.boxes[arrow.target]
        kept = [] if lane is None else self._beside(arrow, lane, 1, 0)
        if kept and self._cost(kept, arrow, HIT) < HIT:
            return kept
        if s is t:
            return self._loop(s, arrow)
        best: list[Point] = []
        least = float("inf")
        for number, way in enumerate(self._ways(arrow, s, t)):
            if NEXT * number >= least:
                break
            cost = NEXT * number + self._cost(way, arrow, least - NEXT * number)
            if cost < least:
                best, least = way, cost
        return best if least < HIT else self._search(arrow, s, t) or best

    def _search(self, arrow: Arrow, s: Rect, t: Rect) -> list[Point]:
        """Return the best way through a grid of lines beside all things; no points if none is found."""
        port = self.ports.get(arrow.id, t.middle.x)
        rects = [*self.things, s, t]
        us = sorted({u for rect in rects for u in (rect.left - ASIDE, rect.right + ASIDE)} | {s.middle.x, port})
        vs = sorted({v for rect in rects for v in (rect.top - ASIDE, rect.bottom + ASIDE)} | {s.middle.y, t.middle.y})
        out = [
            (Point(s.middle.x, s.bottom), 1, ASIDE),
            (Point(s.right, s.middle.y), 0, ASIDE),
            (Point(s.left, s.middle.y), 0, -ASIDE),
        ]
        into = [
            (Point(port, t.top), 1, -ASIDE),
            (Point(t.right, t.middle.y), 0, ASIDE),
            (Point(t.left, t.middle.y), 0, -ASIDE),
        ]

        def beside(end: Point, axis: int, by: float) -> tuple[int, int]:
            return us.index(end.x + (0 if axis else by)), vs.index(end.y + (by if axis else 0))

        walls = [rect.grown(CLEAR) for rect in self.things] + [rect.grown(0.3) for rect in (s, t)]
        # what a grid line can touch at all, for the upright lines and the level ones
        grid = ((0, us), (1, vs))
        blocks = [[[wall for wall in walls if wall[axis] < at < wall[axis + 2]] for at in ats] for axis, ats in grid]
        lines = [
            [[one for one in self.lines if one[0][axis] - 1.5 < at < one[0][axis + 2] + 1.5] for at in ats]
            for axis, ats in grid
        ]

        @cache
        def piece(i: int, j: int, along: int) -> float | None:
            """Return what the piece of a grid line from (i, j) on costs; None if something stands in its way."""
            line = _line(Point(us[i], vs[j]), Point(us[i + 1 - along], vs[j + along]))
            axis, at = 1 - along, (j, i)[along]
            if _hits(line, blocks[axis][at]):
                return None
            return (line.width + line.height) / DETOUR + self._met(line, not along, arrow, lines[axis][at])

        ends = {(*beside(*one), one[1]): one[0] for one in into}
        waiting: list[tuple[float, tuple[int, int, int]]] = []
        came: dict[tuple[int, int, int], tuple[float, tuple[int, int, int] | Point]] = {}
        for start, axis, by in out:
            state = (*beside(start, axis, by), axis)
            came[state] = 0.0, start
            heappush(waiting, (0.0, state))
        while waiting and self.left > 0:
            self.left -= len(self.things) + len(self.lines)
            cost, state = heappop(waiting)
            if cost > came[state][0]:
                continue
            if state in ends:
                points: list[Point] = [ends[state]]
                at: tuple[int, int, int] | Point = state
                while not isinstance(at, Point):
                    points.append(Point(us[at[0]], vs[at[1]]))
                    at = came[at][1]
                return _clean([*points, at][::-1])
            i, j, axis = state
            for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                if not (0 <= i + di < len(us) and 0 <= j + dj < len(vs)):
                    continue
                after, more = (i + di, j + dj, abs(dj)), piece(min(i, i + di), min(j, j + dj), abs(dj))
                if more is None:
                    continue
                more += cost + (axis != abs(dj))
                if after not in came or more < came[after][0]:
                    came[after] = more, state
                    heappush(waiting, (more, after))
        return []

    def _loop(self, box: Rect, arrow: Arrow) -> list[Point]:
        reach, (u, v) = self._reach(arrow, box, box, 1), box.middle
        if self._small(arrow.source):
            low = box.bottom + STUB
            return [Point(u, box.bottom), Point(u, low), Point(reach, low), Point(reach, v), Point(box.right, v)]
        low, high = v + box.height / 4, v - box.height / 4
        return [Point(box.right, low), Point(reach, low), Point(reach, high), Point(box.right, high)]

    def _ways(self, arrow: Arrow, s: Rect, t: Rect) -> Iterator[list[Point]]:
        """Yield the ways that an arrow may take, the nicest first."""
        onward = arrow.delay <= 0
        if onward and s.bottom < t.top:
            if arrow.id in self.via:
                yield self._through(arrow, s, t, self.via[arrow.id])
            yield from self._onward(arrow, s, t, 1)
        elif onward and t.bottom < s.top:  # it rises in a U: the same ways, upside down
            s_, t_ = (Rect(one.left, -one.bottom, one.right, -one.top) for one in (s, t))
            for way in self._onward(arrow, s_, t_, -1):
                yield [Point(u, -v) for u, v in way]
        elif onward and abs(s.middle.y - t.middle.y) < 0.05:
            ends = (s.right, t.left) if s.middle.x < t.middle.x else (s.left, t.right)
            yield [Point(end, s.middle.y) for end in ends]
        used = [
            line.left
            for line, level, other in self.lines
            if onward and other and other.source == arrow.source and not other.delay and not level
        ]
        lanes = [(u, 1) for u in used if u > max(s.right, t.right) + 1]
        lanes += [(u, -1) for u in used if u < min(s.left, t.left) - 1]
        for reach, side in [*lanes, *((side * self._reach(arrow, s, t, side), side) for side in (1, -1))]:
            for shift in (0, 1, -1) if arrow.delay else (0,):
                yield self._beside(arrow, reach, side, shift)
        if onward and s.bottom < t.top:
            early, late = self._channels(arrow, s, t, 1)
            for u in self._free(s, early, late):
                yield self._through(arrow, s, t, u)
                end = t.right if u > t.middle.x else t.left
                out = [Point(s.middle.x, s.bottom), Point(s.middle.x, early), Point(u, early)]
                yield _clean([*out, Point(u, t.middle.y), Point(end, t.middle.y)])

    def _through(self, arrow: Arrow, s: Rect, t: Rect, u: float) -> list[Point]:
        """Return the way that leaves a box, passes the rows between at a u, and enters the other box from above."""
        early, late = self._channels(arrow, s, t, 1)
        port = self.ports.get(arrow.id, t.middle.x)
        out = [Point(s.middle.x, s.bottom), Point(s.middle.x, early), Point(u, early)]
        return _clean([*out, Point(u, late), Point(port, late), Point(port, t.top)])

    def _beside(self, arrow: Arrow, lane: float, side: int, shift: int) -> list[Point]:
        """Return the way from the side of a box through a lane to the side of the other box."""
        start, end = (
            self._side(name, side, by * shift * min(2.6, self.boxes[name].height / 4))
            for name, by in ((arrow.source, 1), (arrow.target, -1))
        )
        ways = [start]
        box = self.boxes[arrow.source]
        if self._small(arrow.source) and not arrow.delay and end.y > box.bottom + FORK:
            # from the wire below a sign, at whose side another lane may end
            ways = [Point(box.middle.x, box.bottom), Point(box.middle.x, box.bottom + FORK)]
        return _clean([*ways, Point(lane, ways[-1].y), Point(lane, end.y), end])

    def _onward(self, arrow: Arrow, s: Rect, t: Rect, sign: int) -> Iterator[list[Point]]:
        """Yield the ways along the flow: straight, or with one or two corners."""
        (su, sv), (tu, tv) = s.middle, t.middle
        port = self.ports.get(arrow.id, tu)
        if abs(su - port) < 0.05:
            yield [Point(su, s.bottom), Point(su, t.top)]
            return
        side, out = (t.left, s.right) if su < tu else (t.right, s.left)
        join = [] if t.left < su < t.right else [[Point(su, s.bottom), Point(su, tv), Point(side, tv)]]
        fork = [] if s.left < port < s.right else [[Point(out, sv), Point(port, sv), Point(port, t.top)]]
        channels = self._channels(arrow, s, t, sign)
        bus = [
            [Point(su, s.bottom), Point(su, v), Point(port, v), Point(port, t.top)]
            for v in (channels if self.fans[arrow.source] > 1 else channels[::-1])
        ]
        if self.sideways:
            yield from (*join, *fork, *bus) if sign > 0 else (*fork, *join, *bus)
        elif self._small(arrow.target) or self.shapes[arrow.target] == "pill":
            yield from (*join, *bus, *fork)
        elif self.shapes[arrow.source] == "dot" or arrow.id in self.aside:
            yield from (*fork, *bus, *join)
        else:
            yield from (*bus, *join, *fork)

    def _side(self, name: str, side: int, by: float) -> Point:
        """Return the point at a side of a box where an arrow may end: so far below its middle."""
        box = self.boxes[name]
        if self.shapes[name] in ("circle", "dot", "pill"):
            radius = min(box.width, box.height) / 2
            bent = max(0.0, abs(by) - (box.height / 2 - radius))  # a pill that stands along the flow has straight sides
            reach = box.width / 2 - radius + (radius**2 - bent**2) ** 0.5
            return Point(box.middle.x + side * reach, box.middle.y + by)
        return Point(box.right if side > 0 else box.left, box.middle.y + by)

    def _channels(self, arrow: Arrow, s: Rect, t: Rect, sign: int) -> tuple[float, float]:
        """Return the v of the lines across the flow behind one box and before the other, outside other frames."""
        leaves, enters = (set(self.frames_of(end)) for end in (arrow.source, arrow.target))
        foot, head = s.bottom, t.top
        for name, rect in self.frames.items():
            top, bottom = sorted((sign * rect.top, sign * rect.bottom))
            if name in leaves - enters:
                foot = max(foot, bottom)
            elif name in enters - leaves:
                head = min(head, top)
        middle = (foot + head) / 2
        return min(foot + STUB, middle), max(head - STUB, middle)

    def _free(self, s: Rect, early: float, late: float) -> list[float]:
        """Return the u of the nearest lanes to both sides that are free between two rows."""
        things = [*self.things, *self._upright()]
        return [side * _past(things, side, side * s.middle.x, (early, late), self.lane / 2) for side in (1, -1)]

    def _reach(self, arrow: Arrow, s: Rect, t: Rect, side: int) -> float:
        """Return how far to a side (1: right, -1: left) the nearest lane lies that passes all between two boxes."""
        reach = (max(s.right, t.right) if side > 0 else -min(s.left, t.left)) + self.lane
        return _past([*self.things, *self._upright()], side, reach, (s.middle.y, t.middle.y), self.lane)

    def _upright(self) -> list[Rect]:
        return [line for line, level, _ in self.lines if not level]

    def _things(self, arrow: Arrow) -> list[Rect]:
        """Return what an arrow must not pass through: boxes, labels, and frames that hold neither of its ends."""
        ends = (arrow.source, arrow.target)
        own = {frame for end in ends for frame in self.frames_of(end)}
        return [
            *(rect for name, rect in self.boxes.items() if name not in ends),
            *(rect for name, rect in self.frames.items() if name not in own),
            *(rect for name, rect in self.titles.items() if name in own),
            *self.texts,
            *self.said.values(),
        ]

    # ---- costs

    def _cost(self, points: list[Point], arrow: Arrow, most: float) -> float:
        """Return what a way costs, or some number above `most` if it costs more than that."""
        cost = (sum(abs(a.x - b.x) + abs(a.y - b.y) for a, b in pairwise(points)) - self._far(arrow)) / DETOUR
        last = len(points) - 2
        for number, (a, b) in enumerate(pairwise(points)):
            cost += (abs(a.x - b.x) + abs(a.y - b.y)) / 40
            line = _line(a, b)
            cost += HIT * _hits(line.grown(CLEAR), self.things)
            ends = [self.boxes[arrow.source]] if number else []
            ends += [self.boxes[arrow.target]] if number < last else []
            cost += HIT * _hits(line.grown(0.3), ends)
            if cost > most:
                return cost
            cost += self._met(line, abs(a.y - b.y) < 0.01, arrow)
        return cost

    def _far(self, arrow: Arrow) -> float:
        """Return how far apart the ends of an arrow are, across and along the flow."""
        a, b = self.boxes[arrow.source].middle, self.boxes[arrow.target].middle
        return abs(a.x - b.x) + abs(a.y - b.y)

    def _met(
        self, line: Rect, level: bool, arrow: Arrow, lines: list[tuple[Rect, bool, Arrow | None]] | None = None
    ) -> float:
        """Return what it costs that a piece of an arrow meets the pieces of others."""
        cost = 0.0
        left, top, right, bottom = line.grown(1.4)
        for piece, level_too, other in self.lines if lines is None else lines:
            if piece[0] > right or piece[2] < left or piece[1] > bottom or piece[3] < top:
                continue
            kin = other is not None and (other.delay > 0) == (arrow.delay > 0)
            kin = kin and other is not None and (other.source == arrow.source or other.target == arrow.target)
            if level != level_too:
                if piece.grown(0.05).overlaps(line.grown(0.05)):
                    cost += CROSS * (0.03 if kin else 1.0)
                continue
            start, end = (0, 2) if level else (1, 3)
            if min(line[end], piece[end]) - max(line[start], piece[start]) >= 0.3:
                same = abs(line[1 - start] - piece[1 - start]) < 0.05
                cost += OVER if not kin else 0.0 if same else OVER / 2
        return cost

    # ---- labels

    def _label(self, points: list[Point], arrow: Arrow, lanes: Mapping[str, float]) -> tuple[Rect, float]:
        """Return the place of a label, beside an upright line of its arrow where it touches nothing, and its cost."""
        (wide, long), inner = self.labels[arrow.id], arrow.id not in lanes and not arrow.delay
        own = (arrow.source, arrow.target)
        things = [*self.things, *(self.boxes[name] for name in own)]
        lines = [line.grown(0.2) for line, _, other in self.lines if other is not arrow]
        lines += [_line(a, b).grown(0.1) for a, b in pairwise(points)]
        for name in {frame for end in own for frame in self.frames_of(end)} & self.frames.keys():
            corners = self.frames[name].corners
            lines += [_line(a, b).grown(0.1) for a, b in pairwise((*corners, corners[0]))]
        best, least = Rect(0, 0, 0, 0), float("inf")
        ways: list[tuple[float, float, float]] = []
        pieces = sorted(pairwise(points), key=lambda piece: -abs(piece[0].y - piece[1].y))
        for number, (a, b) in enumerate(pieces):
            if abs(a.y - b.y) < 1:
                free = 2.0 + 8.0 * (abs(a.x - b.x) < wide)
                ways += [
                    (a.x + (b.x - a.x) * part, a.y + sign * (long / 2 + 0.4), free + 4 * abs(part - 0.5))
                    for part in (0.5, 0.3, 0.7)
                    for sign in (-1, 1)
                ]
                continue
            outer = -1 if self.across else 1
            if points[0].x < a.x > points[-1].x or points[0].x > a.x < points[-1].x:  # the outer side of a lane
                outer = (1 if points[0].x < a.x else -1) * (-1 if inner else 1)
            near = 1 - (long / 2 + 1.2) / abs(a.y - b.y)  # beside the end, as several arrows may leave one lane
            fanned = len(points) == 4 and self.fans[arrow.source] > 1 and not arrow.delay and near > 0.5
            parts = (near, 0.5, 0.35, 0.65, 0.2, 0.8) if fanned else (0.5, 0.35, 0.65, 0.2, 0.8)
            tight = 6.0 * (abs(a.y - b.y) < long)
            for part in parts:
                for side in (outer, -outer):
                    u = a.x + side * (wide / 2 + (0.2 if self.across else 0.4))
                    cost = 0.3 * number + abs(part - parts[0]) + 0.2 * (side != outer) + tight
                    ways.append((u, a.y + (b.y - a.y) * part, cost))
        for u, v, cost in ways:
            rect = Rect(u - wide / 2, v - long / 2, u + wide / 2, v + long / 2)
            if cost < least:
                cost += HIT * _hits(rect, things) + OVER * _hits(rect, lines)
            if cost < least:
                best, least = rect, cost
        return best, least


def _past(things: list[Rect], side: int, reach: float, ends: tuple[float, float], apart: float) -> float:
    """Return how far to a side a line lies that passes things between two ends, from `reach` on."""
    low, high = sorted(ends)
    for rect in sorted(things, key=lambda rect: rect.left if side > 0 else -rect.right):
        inner, outer = (rect.left, rect.right) if side > 0 else (-rect.right, -rect.left)
        if rect.top - 0.5 < high and rect.bottom + 0.5 > low and inner - apart / 2 < reach < outer + apart:
            reach = outer + apart
    return reach


def _hits(rect: Rect, things: list[Rect]) -> int:
    left, top, right, bottom = rect
    return sum(one[0] < right and one[2] > left and one[1] < bottom and one[3] > top for one in things)


def _line(a: Point, b: Point) -> Rect:
    return Rect(min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y))


def _clean(points: list[Point]) -> list[Point]:
    """Return a way without points that lie on one another or on a line between two others."""
    found: list[Point] = []
    for point in points:
        if found and abs(found[-1].x - point.x) < 0.01 and abs(found[-1].y - point.y) < 0.01:
            continue
        if len(found) > 1 and any(
            abs(found[-2][axis] - found[-1][axis]) < 0.01 and abs(found[-1][axis] - point[axis]) < 0.01
            for axis in (0, 1)
        ):
            found.pop()
        found.append(point)
    return found


def rounded(corners: list[Point]) -> list[Point]:
    """Return a polyline with rounded corners, as cubic Bezier segments."""
    found = [corners[0]]
    for number, corner in enumerate(corners[1:], 1):
        before = found[-1]
        if number == len(corners) - 1:
            found += _straight(before, corner)
            break
        after = corners[number + 1]
        found += _straight(before, _toward(corner, before))
        bend = found[-1]
        out = _toward(corner, after)
        found += [_mean(bend, corner), _mean(out, corner), out]
    return found


def _toward(corner: Point, other: Point) -> Point:
    """Return the point before a corner where its curve begins."""
    length = abs(other.x - corner.x) + abs(other.y - corner.y)
    part = min(ROUND, length / 2) / length if length else 0.0
    return Point(corner.x + (other.x - corner.x) * part, corner.y + (other.y - corner.y) * part)


def _straight(start: Point, end: Point) -> list[Point]:
    third = Point(start.x + (end.x - start.x) / 3, start.y + (end.y - start.y) / 3)
    return [third, Point(2 * third.x - start.x, 2 * third.y - start.y), end]


def _mean(a: Point, b: Point) -> Point:
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)
