"""Scene and trained weights -> the same figure with each wire in the colour and width of its weight, and a legend."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from netspec.figure.scene import Item, Node, Pen, Point, Rect, Scene, Text, Weight, Wire, canvas_of
from netspec.figure.scene.typeset import Line, line_width, symbol, upright, words
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.trained import Arrays
from netspec.ir.graph import Graph

THIN, THICK = 0.165, 0.85  # pens of nothing and of the largest weight
FAINTEST = 0.03  # below this part of the largest a weight is drawn as none
SIZE, ROW, DASH = 4.6, 6.6, 11.0  # of the legend


@dataclass(slots=True)
class Scale:
    """The drawn weights of one layer."""

    layer: str
    label: str
    drawn: list[float] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def largest(self) -> float:
        return max((abs(value) for value in self.drawn), default=0.0)


def coloured(scene: Scene, graph: Graph, weights: Arrays, settings: FigureSettings) -> Scene:
    """The scene with trained weights: wires and weight circles coloured by sign, widened by size."""
    scales = _scales(scene, graph, weights)
    items: list[Item] = []
    for item in scene.items:
        weight = item.weight if isinstance(item, Wire | Node) else None
        if weight is None:
            items.append(item)
            continue
        value = value_of(weights, weight)
        scale = scales[_layer_key(weight.key)]
        items.append(_painted(item, value, scale.largest))  # type: ignore[arg-type]
    # strong weights are painted over weak ones
    items = _in_order(items)
    if settings.legend and scales:
        items += _legend(items, list(scales.values()), weights, settings)
    return replace(scene, items=tuple(items), canvas=canvas_of(items))


def value_of(weights: Arrays, weight: Weight) -> float:
    return float(weights[weight.key][weight.place])


def _layer_key(key: str) -> str:
    return key.rpartition(".")[0]


def _scales(scene: Scene, graph: Graph, weights: Arrays) -> dict[str, Scale]:
    """One scale a layer: a layer that adds up thousands of values has smaller weights than the next."""
    labels = {node.key: graph.layers[node.layer].label for node in graph.nodes if node.key}
    scales: dict[str, Scale] = {}
    for item in scene.items:
        if isinstance(item, Wire | Node) and item.weight is not None:
            key = _layer_key(item.weight.key)
            scale = scales.setdefault(key, Scale(key, labels.get(key, key)))
            scale.drawn.append(value_of(weights, item.weight))
            scale.keys.add(item.weight.key)
    return scales


def _painted(item: Wire | Node, value: float, largest: float) -> Wire | Node:
    part = abs(value) / largest if largest else 0.0
    tip = f"{item.tip}: {number(value)}" if item.tip else number(value)
    if part < FAINTEST:
        pen = replace(item.pen, ink="zero", width=THIN)
    else:
        ink = "positive" if value > 0 else "negative"
        pen = Pen(ink=ink, width=THIN + (THICK - THIN) * part, opacity=0.35 + 0.65 * part)
    return replace(item, pen=pen, tip=tip)


def _in_order(items: list[Item]) -> list[Item]:
    """Wires with weights sorted by width, in the places where wires stood."""
    wires = sorted((item for item in items if isinstance(item, Wire) and item.weight), key=lambda wire: wire.pen.width)
    queue = iter(wires)
    return [next(queue) if isinstance(item, Wire) and item.weight else item for item in items]


def number(value: float) -> str:
    """Three digits: 0.577, −1.25, 4.59e−9; a true minus sign, and none before a zero."""
    text = f"{value + 0.0:.3g}"
    digits, sign, power = text.partition("e")
    return f"{digits}{sign}{int(power) if power else ''}".replace("-", "−")


# ---- the legend


def _legend(items: list[Item], scales: list[Scale], weights: Arrays, settings: FigureSettings) -> list[Item]:
    """For each layer its largest weight of either sign, what is as good as none, and what is not drawn."""
    rows: list[tuple[Pen | None, Line]] = []
    for scale in scales:
        if len(scales) > 1:
            rows.append((None, (symbol(scale.label),)))
        high, low = max(scale.drawn), min(scale.drawn)
        if high > 0:
            rows.append((Pen(ink="positive", width=_width(high, scale)), upright(f": {number(high)}")))
        if low < 0:
            rows.append((Pen(ink="negative", width=_width(low, scale)), upright(f": {number(low)}")))
        if any(abs(value) < FAINTEST * scale.largest for value in scale.drawn) or not scale.largest:
            rows.append((Pen(ink="zero", width=THIN), upright(f": {number(0.0)}")))
        rows += [(None, line) for line in _not_drawn(scale, weights, settings)]
    wide = max(line_width(line, SIZE) + (DASH + 1.5 if pen else 0) for pen, line in rows)
    left, top = _place(items, wide, len(rows) * ROW)
    return _rows(rows, left, top)


def _width(value: float, scale: Scale) -> float:
    return THIN + (THICK - THIN) * abs(value) / scale.largest


def _not_drawn(scale: Scale, weights: Arrays, settings: FigureSettings) -> list[Line]:
    """How many weights have no wire, and how large they are at most."""
    total: Any = sum(int(weights[key].size) for key in scale.keys)
    left = total - len(scale.drawn)
    if left <= 0:
        return []
    largest = max(float(abs(weights[key]).max()) for key in scale.keys)
    text = say("not drawn", settings.lang).format(count=f"{left:,}", value=number(largest))
    return [words(text)]


def _rows(rows: list[tuple[Pen | None, Line]], left: float, top: float) -> list[Item]:
    items: list[Item] = []
    for count, (pen, line) in enumerate(rows, 1):
        y = top + (count - 0.5) * ROW
        if pen is not None:
            points = (Point(left, y), Point(left + DASH, y))
            items.append(Wire(id=f"legend.{count}", points=points, pen=pen, classes=("legend",)))
        x = left + DASH + 1.5 if pen is not None else left
        size = SIZE if line[0].style != "sans" else SIZE * 0.72
        items.append(
            Text(
                id=f"legend.{count}.text",
                lines=(line,),
                x=x,
                y=y + SIZE * 0.32,
                size=size,
                align="start",
                classes=("legend",),
            )
        )
    return items


def _place(items: list[Item], wide: float, high: float) -> tuple[float, float]:
    """The upper right corner where it is free, else beside the figure."""
    box = canvas_of(items, 0.0)
    left, top = box.right - wide, box.top
    for down in range(0, max(int(box.height - high), 0) // 2 + 1, 4):
        place = Rect(left, top + down, box.right, top + down + high).grown(2.0)
        if not any(_touches(item, place) for item in items):
            return left, top + down
    return box.right + 6.0, box.top


def _touches(item: Item, place: Rect) -> bool:
    """Whether an item runs through a rectangle; wires by their segments."""
    if not isinstance(item, Wire):
        return item.box.overlaps(place)
    if not item.box.grown(0.1).overlaps(place):
        return False
    return any(_crosses(item.points[number], item.points[number + 1], place) for number in range(len(item.points) - 1))


def _crosses(a: Point, b: Point, place: Rect) -> bool:
    """Liang and Barsky: whether a segment passes through a rectangle."""
    low, high = 0.0, 1.0
    for start, step, first, last in (
        (a.x, b.x - a.x, place.left, place.right),
        (a.y, b.y - a.y, place.top, place.bottom),
    ):
        if not step:
            if not first <= start <= last:
                return False
            continue
        one, two = sorted(((first - start) / step, (last - start) / step))
        low, high = max(low, one), min(high, two)
        if low > high:
            return False
    return True
