"""The `equals` view shows one perceptron in full, an equals sign, and the same perceptron as a single circle."""

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

SMALL = 6.4  # radius of the inputs' circles in the right half
BARS = (23.5, 3.1, 9.8)  # width, height and distance of the equals sign's bars
APART = 13.0  # mm of free room at the left and right of the equals sign
FAN = 28.0  # mm from the inputs' circles to the single circle


def equals(graph: Graph, groups: list[Group], settings: FigureSettings) -> Scene:
    """Return the figure of one unit of a layer of perceptrons; the layer must read exactly one other layer."""
    group = shown_group(graph, groups, settings)
    source = group.links[0].source
    drawing = Perceptrons(Canvas(), _one_unit(group, settings))
    rows = drawing.inputs(source, 0.0, group)
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


def shown_group(graph: Graph, groups: list[Group], settings: FigureSettings) -> Group:
    """Return the layer whose unit is shown: the layer that `only` names, else the first layer of perceptrons."""
    dense = [group for group in groups if len(group.links) == 1 and graph.nodes[group.node].op.dense]
    able = [group for group in dense if group.layer.path == settings.only]
    able = able or [group for group in dense if not group.across] or dense
    if not able or able[0].across:  # such an activation needs the other units, too
        raise Unsuitable(graph.nodes[able[0].value if able else groups[-1].node])
    return able[0]


def _one_unit(group: Group, settings: FigureSettings) -> FigureSettings:
    """Return the settings, changed to show one unit: the first listed, else unit 1, or unit i if the size is open."""
    path = group.layer.path
    hints = settings.of(path)
    listed = [entry for entry in hints.show[0] if isinstance(entry, Index)] if hints.show else []
    if not listed and group.size != 1:
        listed = [Index(1) if isinstance(group.size, int) else Index(None, "i")]
    show = ((listed[0],),) if listed else ()
    return replace(settings, layers={**settings.layers, path: replace(hints, show=show)})


def _simple(canvas: Canvas, settings: FigureSettings, rows: list[Row], output: Source, group: Group, x: float) -> None:
    """Draw the right half: a circle for each input, at the height of its row, and one circle for the perceptron."""
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
    canvas.label(target, symbol(name, unit.index), layout.SMALL_LABEL)
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
        label = symbol(input_name, row.unit.index) if row.unit else upright("+1")
        canvas.label(node, label, settings.sized("input", layout.SMALL_LABEL))
        east = Point(node.x + node.rx, node.y)
        canvas.wire(node.id, target.id, (east, target.rim(east)), layer=group.layer.path)
