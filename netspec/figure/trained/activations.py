"""Adds the values of one example to the planes view: each drawn map becomes a picture, the largest output a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netspec.figure.scene import Image, Item, Node, Pen, Polygon, Scene, Text, Wire, canvas_of
from netspec.figure.scene.typeset import math, symbol, upright
from netspec.figure.stages import stages_of
from netspec.figure.trained.overlay import number, numeral
from netspec.ir.graph import Graph

SIZE, INK = 4.2, "value"


def with_activations(scene: Scene, graph: Graph, values: Mapping[int, Any]) -> Scene:
    """Return the scene with its maps in greys; the smallest value of each map is black, its largest white."""
    items: list[Item] = []
    for item in scene.items:
        items.append(_seen(item))
        if isinstance(item, Node) and item.value is not None and "map" in item.classes:
            kind = graph.nodes[item.value.node].type
            rows, columns = kind.space if len(kind.space) == 2 else (1, *kind.space)
            array = values[item.value.node].reshape(-1, rows, columns)[item.value.place]
            box = item.box
            tip = f"{item.id}: {number(float(array.min()))} … {number(float(array.max()))}"
            rows_ = _greys(array)
            image = Image(
                id=f"{item.id}.values", x=box.left, y=box.top, width=box.width, height=box.height, rows=rows_,
                classes=("activation",), layer=item.layer, tip=tip,
            )  # fmt: skip
            items += [image, _edge(item)]
    items += _largest(scene, graph, values)
    return replace(scene, items=tuple(items), canvas=canvas_of(items))


def _seen(item: Item) -> Item:
    """Return the item with black lines in another ink, because they would not be visible on black maps."""
    if isinstance(item, Wire | Node | Polygon) and item.pen is not None and item.pen.ink == "ink":
        return replace(item, pen=replace(item.pen, ink=INK))
    return item


def _edge(node: Node) -> Polygon:
    """Return a thin frame for a map, so that the edge of a white map is visible."""
    pen = Pen(ink="faint", width=0.12)
    return Polygon(id=f"{node.id}.edge", points=node.box.corners, pen=pen, classes=("activation",), layer=node.layer)


def _greys(array: Any) -> tuple[tuple[str, ...], ...]:
    low, high = float(array.min()), float(array.max())
    span = (high - low) or 1.0
    return tuple(tuple(_grey((float(value) - low) / span) for value in row) for row in array)


def _grey(part: float) -> str:
    level = round(255 * part)
    return f"#{level:02x}{level:02x}{level:02x}"


def _largest(scene: Scene, graph: Graph, values: Mapping[int, Any]) -> list[Item]:
    """Return a text such as `y_8 = 11.2` at the last layer's bar: the unit with the largest value."""
    last = stages_of(graph)[-1]
    bar = next((item for item in scene.polygons if item.id == last.id and "bar" in item.classes), None)
    if not isinstance(bar, Polygon):
        return []
    found = values[last.last]
    unit = int(found.argmax())
    line = (*symbol(last.label or last.layer.label, math(str(unit + 1))), *upright(" = "), *numeral(float(found[unit])))
    x, y = bar.box.right + 2.0, bar.box.bottom
    return [
        Text(
            id=f"{last.id}.largest", lines=(line,), x=x, y=y, size=SIZE, align="start", ink=INK, classes=("number",),
            layer=last.layer.path,
        )
    ]  # fmt: skip
