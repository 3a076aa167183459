"""Draws the `volumes` view: maps as boxes in perspective, as AlexNet's figure has them. All lengths are millimetres.

Height and depth of a box are the rows and columns of its maps, its width says how many there are. What two paths join
is a circle on the axis; a value that is read again further on is led over the top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.colours import KINDS, PLAIN, kind_of
from netspec.figure.scene import HAIR, Pen, Point, Polygon, Scene
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import line_width, upright, widest, words, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.stages import extent, number
from netspec.figure.units import Unsuitable
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Graph, Node

MOST, LANES = 60, 5  # boxes of a figure, and values that pass over one of them
TALLEST, WIDEST = 46.0, 15.0  # of the largest map, and of the most maps
KNEE = 0.14  # smaller parts of the largest shrink more slowly
BAR = 0.24, 0.25  # height of a bar of one unit, and what a tenfold adds; parts of TALLEST
DEEP = (0.30, 0.20)  # how far right and up the depth of a box leads, by its length
FLAT = 6.0  # the depth of a layer without rows and columns, as a length
LABEL, COLUMN = 3.4, 10.5  # size of type, and the width at which a title is broken
CLOSE, APART, LANE = 1.4, 8.0, 4.2  # mm between two boxes of one resolution, and of two; from lane to lane
BALL = 3.3
EDGE = Pen(ink="guide", width=HAIR)


@dataclass(slots=True, eq=False)
class Volume:
    """A value: a box, or the circle of a step that joins several."""

    node: Node
    id: str
    path: str
    size: tuple[float, float, float]  # width, height and depth
    place: tuple[object, ...]  # equal for boxes of one resolution
    reads: list[Volume] = field(default_factory=list)
    sign: str = ""
    label: tuple[Line, ...] = ()
    x: float = 0.0  # the left end of the front

    @property
    def shift(self) -> tuple[float, float]:
        """How far right and up the back stands."""
        return DEEP[0] * self.size[2], DEEP[1] * self.size[2]


def volumes(graph: Graph, settings: FigureSettings) -> Scene:
    """Draw a net. Raises Unsuitable for values with time steps, and UsageError NS967 for a net that is too long."""
    found = volumes_of(graph, settings)
    _place(found, settings)
    canvas = Canvas()
    for volume in found:
        _draw(canvas, volume, settings)
    _arrows(canvas, found)
    _resolutions(canvas, found, settings)
    return canvas.scene("volumes", nodes_first=True)


def is_volume(graph: Graph, node: Node) -> bool:
    """Whether a step has a shape of its own: it makes new values, joins several, or acts on one of those alone."""
    if node.kind:
        return node.kind == "input"
    return _joins(graph, node) or node.op.effect in ("new", "select") or _is_beside(graph, node)


def _joins(graph: Graph, node: Node) -> bool:
    return len({graph.through(edge) for edge in node.inputs}) > 1


def _is_beside(graph: Graph, node: Node) -> bool:
    """Whether a step acts on one value before its line joins this with another."""
    line = [one for one in graph.nodes_of(graph.layers[node.layer]) if one.scope == node.scope]
    after = (one for one in line if any(edge.node == node.index for edge in one.inputs))
    return not node.op.alias and any(_joins(graph, one) for one in after)


def volumes_of(graph: Graph, settings: FigureSettings) -> list[Volume]:
    nodes = [node for node in graph.nodes if is_volume(graph, node)]
    for node in graph.nodes:
        timed = node.kind in ("delay", "flip") or node.type.time is not None
        if timed or node.type.classes is not None or len(node.types) != 1:
            raise Unsuitable(node)
    if len(nodes) > MOST:
        raise UsageError(Diagnostic("NS967", None, {"count": len(nodes), "most": MOST}))
    most = max((number(node.type.maps) for node in nodes if node.type.space), default=1.0)
    largest = max((max(extent(node.type)) for node in nodes if node.type.space), default=1.0)
    size, counts = settings.fit.letters(LABEL), dict[str, int]()
    holds: dict[int, Volume] = {}
    found = []
    for node in graph.nodes:
        reads = list(dict.fromkeys(holds[edge.node] for edge in node.inputs))
        if not is_volume(graph, node):
            holds[node.index] = reads[0]
            continue
        path = graph.layers[node.layer].path
        counts[path] = counts.get(path, 0) + 1
        name = path if counts[path] == 1 else f"{path}.{counts[path]}"
        volume = holds[node.index] = Volume(
            node, name, path, _measures(node, most, largest), (*node.type.space,), reads
        )
        beside = node.op.effect not in ("new", "select") and _is_beside(graph, node)
        if (_joins(graph, node) and node.op.circle) or beside:
            sign = node.op.circle or node.op.activation or node.op.title(settings.lang)
            wide = max(2 * BALL, line_width(words(sign), size) + 2.4 if len(sign) > 1 else 0.0)
            volume.sign, volume.size = sign, (wide, 2 * BALL, 0.0)
        else:
            label = graph.layers[node.layer].label
            title = f"{label} {size_label(node.type.maps)}" if node.kind == "input" else node.op.title(settings.lang)
            volume.label = wrapped(title, COLUMN * size / LABEL, size)
        found.append(volume)
    for volume in {one.node.layer: one for one in found if one.label}.values():  # the last box of each line
        if caption := graph.layers[volume.node.layer].caption:
            volume.label += wrapped(caption, COLUMN * size / LABEL, size)
    return found


def _measures(node: Node, most: float, largest: float) -> tuple[float, float, float]:
    if not node.type.space:
        first, more = BAR
        high = (first + more * math.log10(max(number(node.type.maps), 1.0))) * TALLEST
        return 1.8, min(high, 1.2 * TALLEST), FLAT
    rows, columns = (TALLEST * _part(side / largest) for side in extent(node.type))
    return max(WIDEST * _part(number(node.type.maps) / most), 0.9), rows, columns


def _part(part: float) -> float:
    """Return a part of the largest as it is drawn: small ones are larger, and keep their order."""
    return part if part >= KNEE else KNEE * (0.35 + 0.65 * math.sqrt(part / KNEE))


# ---- places


def _place(found: list[Volume], settings: FigureSettings) -> None:
    """Set the boxes in a row: those of one resolution close together, each with room for its words."""
    size, x = settings.fit.letters(LABEL), 0.0
    before: Volume | None = None
    start = 0.0  # where the boxes of this resolution begin
    for volume in found:
        wide = max(volume.size[0], widest(volume.label, size) + 1.6)
        if before is not None:
            near = before.place == volume.place and not before.sign and not volume.sign and volume.place
            if near and volume.reads == [before]:
                x += CLOSE
            else:
                x = max(x, start + _named(before, size))
                x = max(x, before.x + before.size[0] + before.shift[0]) + settings.fit.space(APART, APART / 2)
                start = x
        volume.x = x + (wide - volume.size[0]) / 2
        x += wide
        before = volume


def _named(volume: Volume, size: float) -> float:
    return line_width(_resolution(volume), size) + 1.6


def _resolution(volume: Volume) -> Line:
    return words("×".join(map(size_label, volume.node.type.space))) if not volume.sign else ()


# ---- drawing


def _draw(canvas: Canvas, volume: Volume, settings: FigureSettings) -> None:
    size = settings.fit.letters(LABEL)
    wide, high, _ = volume.size
    left, right, top, bottom = volume.x, volume.x + wide, -high / 2, high / 2
    if volume.sign:
        round_ = wide <= 2 * BALL
        node = canvas.node(
            volume.id, left + wide / 2, 0.0, wide / 2, BALL, shape="circle" if round_ else "round", fill="paper",
            classes=("join",), layer=volume.path, width=HAIR * 1.15,
        )  # fmt: skip
        canvas.label(node, upright(volume.sign) if round_ else words(volume.sign), 5.0 if round_ else size)
        return
    kind = kind_of([volume.node])
    fill = KINDS[kind][0] if kind else PLAIN
    ahead, up = volume.shift
    roof = (Point(left, top), Point(left + ahead, top - up), Point(right + ahead, top - up), Point(right, top))
    side = (Point(right, top), Point(right + ahead, top - up), Point(right + ahead, bottom - up), Point(right, bottom))
    for name, corners in (("roof", roof), ("side", side)):
        canvas.nodes.append(  # among the boxes, so that later ones stand before them
            Polygon(id=f"{volume.id}.{name}", points=corners, pen=EDGE, fill=fill, classes=("face",), layer=volume.path)
        )
    canvas.node(
        volume.id, left + wide / 2, 0.0, wide / 2, high / 2, shape="box", ink="guide", width=HAIR, fill=fill,
        classes=("map", *((kind,) if kind else ())), layer=volume.path,
    )  # fmt: skip
    if volume.label:
        y = bottom + 1.6 - boxed(volume.label, size).top
        canvas.text(f"{volume.id}.title", volume.label, left + wide / 2, y, size, classes=("title",), layer=volume.path)


def _arrows(canvas: Canvas, found: list[Volume]) -> None:
    """Draw what each box reads: a level arrow from the box before, or a line over the boxes between."""
    order = {volume: at for at, volume in enumerate(found)}
    pen = Pen(width=HAIR * 1.3)
    skips = [(read, volume) for volume in found for read in volume.reads if order[volume] - order[read] > 1]
    for at, volume in enumerate(found[1:], 1):
        before = found[at - 1]
        if before not in volume.reads:
            continue
        start = before.x + before.size[0]
        level = (
            0.0 if before.sign or volume.sign else -min(before.shift[1] / 2, before.size[1] * 0.4, volume.size[1] * 0.4)
        )
        if volume.x - start - before.shift[0] > 3.0:  # its begin is behind the side
            ends = Point(start, level), Point(volume.x, level)
            canvas.wire(before.id, volume.id, ends, pen=pen, id=f"{before.id}~{volume.id}", layer=volume.path)
    lanes = _lanes(skips, order)
    roof = min(-volume.size[1] / 2 - volume.shift[1] for volume in found) - 4.0
    places: dict[Volume, int] = {}
    for (read, volume), lane in sorted(lanes.items(), key=lambda pair: -pair[1]):
        y = roof - lane * LANE
        over: list[Point] = []
        for one in (read, volume):
            turn = places[one] = places.get(one, 0) + 1
            away = (-1) ** turn * (turn // 2) * 1.6
            node = canvas.by_id[one.id]
            up = math.sqrt(max(1 - (away / node.rx) ** 2, 0.0)) * node.ry if node.shape == "circle" else node.ry
            over.append(Point(node.x + away, node.y - up))
        points = (over[0], Point(over[0].x, y), Point(over[1].x, y), over[1])
        name = f"{read.id}~{volume.id}"
        canvas.wire(read.id, volume.id, points, pen=pen, id=name, classes=("skip",), layer=volume.path, over=True)


def _lanes(skips: list[tuple[Volume, Volume]], order: dict[Volume, int]) -> dict[tuple[Volume, Volume], int]:
    """Return the lane of each line over the top, the inner ones lower. Raises Unsuitable where too many pass a box."""
    found: dict[tuple[Volume, Volume], int] = {}
    for skip in sorted(skips, key=lambda one: order[one[1]] - order[one[0]]):
        begin, end = order[skip[0]], order[skip[1]]
        taken = {lane for (a, b), lane in found.items() if order[a] <= end and begin <= order[b]}
        lane = next(number for number in range(len(taken) + 1) if number not in taken)
        if lane >= LANES:
            raise Unsuitable(skip[1].node)
        found[skip] = lane
    return found


def _resolutions(canvas: Canvas, found: list[Volume], settings: FigureSettings) -> None:
    """Write below boxes of one resolution how many rows and columns their maps have."""
    size = settings.fit.letters(LABEL)
    low = canvas.box().bottom
    runs: list[list[Volume]] = []
    for at, volume in enumerate(found):
        before = found[at - 1 : at] if at and not found[at - 1].sign else []
        if volume.sign:
            continue
        if before and volume.reads[-1:] == before and volume.place == before[0].place:
            runs[-1].append(volume)
        else:
            runs.append([volume])
    for first, last in ((run[0], run[-1]) for run in runs if run[0].place):
        line = _resolution(first)
        middle = (first.x + last.x + last.size[0]) / 2
        y = low + 2.0 - boxed((line,), size).top
        canvas.text(f"{first.id}.size", (line,), middle, y, size, ink="guide", classes=("caption",))
