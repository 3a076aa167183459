"""Shows trained weights in a figure: the colour and width of each wire say its weight; a legend explains both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from netspec.figure.scene import Item, Node, Pen, Point, Rect, Scene, Text, Weight, Wire, canvas_of, meets
from netspec.figure.scene.tex import Atom, Line, Style
from netspec.figure.scene.typeset import line_width, symbol, upright, words
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.themes import Theme
from netspec.figure.trained import Arrays
from netspec.ir.graph import Graph

THIN, THICK = 0.165, 0.85  # width of a wire for a weight of 0, and for the largest weight
FAINTEST = 0.03  # a weight that is smaller than this part of the largest is drawn like 0
DIGITS = (3, 4, 5, 6)  # with how many a number is written: the usual, and more where a sum has to hold
NEARLY = 1e-12  # a smaller number is nearly 0
SIZE, ROW, DASH = 4.6, 6.6, 11.0  # of the legend: font size, height of a row, length of a sample line


@dataclass(slots=True)
class Scale:
    """The drawn weights of one layer; the largest of them has the widest wire."""

    layer: str
    label: str
    drawn: list[float] = field(default_factory=list)
    weights: set[Weight] = field(default_factory=set)  # several wires may share one

    @property
    def largest(self) -> float:
        return max((abs(value) for value in self.drawn), default=0.0)


def coloured(scene: Scene, graph: Graph, weights: Arrays, settings: FigureSettings) -> Scene:
    """Return the scene with trained weights: their sign gives wires and circles a colour, their size a line width."""
    scales = _scales(scene, graph, weights)
    items: list[Item] = []
    for item in scene.items:
        weight = item.weight if isinstance(item, Wire | Node) else None
        if weight is None or "path" in item.classes:  # what the user emphasises keeps its colour
            items.append(item)
            continue
        value = value_of(weights, weight)
        scale = scales[_layer_key(weight.key)]
        items.append(_painted(item, value, scale.largest))  # type: ignore[arg-type]
    # large weights are drawn later than small ones, so that their wires lie on top
    items = _in_order(items)
    if settings.legend is not False and scales:
        items += _legend(items, list(scales.values()), weights, settings)
    return replace(scene, items=tuple(items), canvas=canvas_of(items))


def wires(scene: Scene, graph: Graph, theme: Theme) -> dict[str, Any]:
    """Return as JSON which items stand for weights, by key and place in the flat array, and how `coloured` paints them:
    for a page that paints weights itself while they change."""
    shapes = {one.key: one.weight.shape for stored in graph.arrays for one in stored.each()}
    items = []
    for item in scene.items:
        weight = item.weight if isinstance(item, Wire | Node) else None
        if weight is not None:
            at = 0
            for place, size in zip(weight.place, shapes[weight.key], strict=True):
                at = at * int(size) + place  # type: ignore[arg-type]
            items.append([item.id, weight.key, at])
    colours = {ink: theme.colour(ink) for ink in ("positive", "negative", "zero")}
    return {"items": items, "colours": colours, "thin": THIN, "thick": THICK, "faintest": FAINTEST}


def is_written(scene: Scene) -> bool:
    """Whether weights stand in a scene as numbers; then they need no colours."""
    return any("number" in text.classes for text in scene.texts)


def value_of(weights: Arrays, weight: Weight) -> float:
    return float(weights[weight.key][weight.place])


def _layer_key(key: str) -> str:
    return key.rpartition(".")[0]


def _scales(scene: Scene, graph: Graph, weights: Arrays) -> dict[str, Scale]:
    """Return a scale for each layer; they differ, because a layer that reads many values has smaller weights."""
    labels = {node.key: graph.layers[node.layer].label for node in graph.nodes if node.key}
    scales: dict[str, Scale] = {}
    for item in scene.items:
        if isinstance(item, Wire | Node) and item.weight is not None:
            key = _layer_key(item.weight.key)
            scale = scales.setdefault(key, Scale(key, labels.get(key, key)))
            scale.drawn.append(value_of(weights, item.weight))
            scale.weights.add(item.weight)
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
    """Return the items with the wires that have weights sorted by width; all other items keep their places."""
    wires = sorted((item for item in items if isinstance(item, Wire) and item.weight), key=lambda wire: wire.pen.width)
    queue = iter(wires)
    return [next(queue) if isinstance(item, Wire) and item.weight else item for item in items]


def number(value: float, digits: int = DIGITS[0]) -> str:
    """Return a number with three digits: 0.577, −1.25, 4.59e−9. It has a true minus sign; −0 becomes 0.

    A number with at most six digits is written whole: 231.37. One that is nearly 0 has a single digit: 6e−233.
    """
    whole = f"{value:.{DIGITS[-1]}g}"
    text = f"{value + 0.0:.{1 if abs(value) < NEARLY else digits}g}"
    if float(whole) == value and "e" not in whole and value:
        text = whole
    size, sign, power = text.partition("e")
    return f"{size}{sign}{int(power) if power else ''}".replace("-", "−")


def numeral(value: float, style: Style = "upright", digits: int = DIGITS[0]) -> Line:
    """Return a number as figures write it: of 4.59e−9, the power of ten stands above its line."""
    size, large, power = number(value, digits).partition("e")
    return (Atom(f"{size}×10", style, sup=(Atom(power, style),)),) if large else (Atom(size, style),)


def adding_up(total: float, terms: Iterable[Sequence[float]], choice: Sequence[int] = DIGITS) -> tuple[int, str]:
    """Return with how many digits a total is the sum of the products of its terms as they are written, and `=`.

    The number of digits is the first of a choice with which that is so. Without one it is the usual number, and `≈`.
    """
    terms = [tuple(term) for term in terms]
    for digits in choice if all(map(math.isfinite, (total, *(one for term in terms for one in term)))) else ():
        written = sum(math.prod(_written(factor, digits) for factor in term) for term in terms)
        if written == _written(total, digits):
            return digits, "="
    return DIGITS[0], "≈"


def _written(value: float, digits: int) -> Fraction:
    return Fraction(number(value, digits).replace("−", "-"))


# ---- the legend


def _legend(items: list[Item], scales: list[Scale], weights: Arrays, settings: FigureSettings) -> list[Item]:
    """Return the legend: for each layer its largest weight of either sign, weights near 0, and those not drawn."""
    rows: list[tuple[Pen | None, Line]] = []
    for scale in scales:
        if len(scales) > 1:
            rows.append((None, symbol(scale.label)))
        high, low = max(scale.drawn), min(scale.drawn)
        if high > 0:
            rows.append((Pen(ink="positive", width=_width(high, scale)), (*upright(": "), *numeral(high))))
        if low < 0:
            rows.append((Pen(ink="negative", width=_width(low, scale)), (*upright(": "), *numeral(low))))
        if any(abs(value) < FAINTEST * scale.largest for value in scale.drawn) or not scale.largest:
            rows.append((Pen(ink="zero", width=THIN), (*upright(": "), *numeral(0.0))))
        rows += [(None, line) for line in _not_drawn(scale, weights, settings)]
    wide = max(line_width(line, SIZE) + (DASH + 1.5 if pen else 0) for pen, line in rows)
    left, top = _place(items, wide, len(rows) * ROW)
    return _rows(rows, left, top)


def _width(value: float, scale: Scale) -> float:
    return THIN + (THICK - THIN) * abs(value) / scale.largest


def _not_drawn(scale: Scale, weights: Arrays, settings: FigureSettings) -> list[Line]:
    """Return a line that says how many weights have no wire, and the largest weight; no line if all have one."""
    keys = {weight.key for weight in scale.weights}
    total: Any = sum(int(weights[key].size) for key in keys)
    left = total - len(scale.weights)
    if left <= 0:
        return []
    largest = max(float(abs(weights[key]).max()) for key in keys)
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
    """Return where the legend stands: at the right edge, as far up as it is free, else beside the figure."""
    box = canvas_of(items, 0.0)
    left, top = box.right - wide, box.top
    for down in range(0, max(int(box.height - high), 0) // 2 + 1, 4):
        place = Rect(left, top + down, box.right, top + down + high).grown(2.0)
        if not any(meets(item, place) for item in items):
            return left, top + down
    return box.right + 6.0, box.top
