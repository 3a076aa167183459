"""The `equals` view: one perceptron in full, and the circle that stands for it."""

from __future__ import annotations

from dataclasses import replace

from netspec.figure.scene import Point, Scene, layout
from netspec.figure.scene.canvas import Canvas
from netspec.figure.scene.typeset import symbol, upright
from netspec.figure.settings import FigureSettings, Index
from netspec.figure.units import Group, Unsuitable
from netspec.figure.units.elided import Gap
from netspec.figure.units.perceptron import TO_WEIGHT, Perceptrons, Row, Source
from netspec.ir.graph import Graph

SMALL = 6.4  # radius of the inputs' circles
BARS = (23.5, 3.1, 9.8)  # width, height and distance of the equals sign's bars
APART = 13.0  # around the sign
FAN = 28.0  # from the inputs' column to the unit


def equals(graph: Graph, groups: list[Group], settings: FigureSettings) -> Scene:
    """The figure of one unit of a layer of perceptrons that reads one other layer."""
    group = _shown(graph, groups, settings)
    source = group.links[0].source
    drawing = Perceptrons(Canvas(), _one_unit(group, settings))
    rows = drawing.inputs(source, 0.0)
    (output,) = [row for row in drawing.layer(group, rows, TO_WEIGHT, True) if isinstance(row, Source)]
    canvas = drawing.canvas
    left = output.node.x + layout.DOT + APART
    for name, side in (("upper", -1), ("lower", 1)):
        y = output.node.y + side * BARS[2] / 2
        box = Point(left, y - BARS[1] / 2), Point(left + BARS[0], y + BARS[1] / 2)
        corners = (box[0], Point(box[1].x, box[0].y), box[1], Point(box[0].x, box[1].y))
        canvas.polygon(f"equals.{name}", corners, pen=None, fill="equals", classes=("equals",))
    _simple(canvas, settings, rows, output, group, left + BARS[0] + APART + SMALL)
    return canvas.scene("equals")


def _shown(graph: Graph, groups: list[Group], settings: FigureSettings) -> Group:
    """The layer whose unit is shown: the one that `only` names, else the first that computes."""
    able = [group for group in groups if len(group.links) == 1 and graph.nodes[group.node].op.dense]
    if not able:
        raise Unsuitable(graph.nodes[groups[-1].node])
    return next((group for group in able if group.layer.path == settings.only), able[0])


def _one_unit(group: Group, settings: FigureSettings) -> FigureSettings:
    """The settings with one unit of the layer: the first of its list, else the first, or any of an open number."""
    path = group.layer.path
    hints = settings.of(path)
    listed = [entry for entry in hints.show[0] if isinstance(entry, Index)] if hints.show else []
    if not listed and group.size != 1:
        listed = [Index(1) if isinstance(group.size, int) else Index(None, "i")]
    show = ((listed[0],),) if listed else ()
    return replace(settings, layers={**settings.layers, path: replace(hints, show=show)})


def _simple(canvas: Canvas, settings: FigureSettings, rows: list[Row], output: Source, group: Group, x: float) -> None:
    """The right half: a circle an input, at the height of its row, and one circle for all the rest."""
    source = group.links[0].source
    unit = output.unit
    assert unit is not None
    name = settings.of(group.layer.path).symbol or group.label
    target = canvas.node(
        f"{group.id}.{unit.name}.simple",
        x + FAN,
        output.node.y,
        layout.UNIT,
        ink=group.ink,
        classes=("unit", group.role),
        layer=group.layer.path,
    )
    canvas.label(target, (symbol(name, unit.index),), layout.LABEL)
    input_name = settings.of(source.layer.path).symbol or source.label
    for row in rows:
        if isinstance(row, Gap):
            dots = next(item for item in canvas.front if item.id == f"{source.id}.{row.name}")
            y = dots.box.middle.y
            canvas.dots(f"{source.id}.{row.name}.simple", x, y, 0, 1, row.hidden, source.layer.path, layout.SMALL_DOTS)
            continue
        index = row.unit.name if row.unit else "+1"
        node = canvas.node(
            f"{source.id}.{index}.simple",
            x,
            row.node.y,
            SMALL,
            ink=source.role,
            classes=("unit", source.role),
            layer=source.layer.path,
        )
        label = (symbol(input_name, row.unit.index),) if row.unit else upright("+1")
        canvas.label(node, label, layout.INPUT_LABEL * 0.92)
        east = Point(node.x + node.rx, node.y)
        canvas.wire(node.id, target.id, (east, target.rim(east)), layer=group.layer.path)
