"""The `strip` view draws the net as a row of boxes; below the boxes it shows what the net has learned.

It shows each filter as a tile. The weights of a perceptron that reads a picture are drawn as a picture, too: for this
picture the perceptron's sum is large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from netspec.figure.blocks.step_words import step_text
from netspec.figure.scene import Image, Node, Pen, Point, Rect, Scene, layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.typeset import line_width, paragraph, words, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.stages import Stage, stages_of
from netspec.figure.strings import say
from netspec.figure.trained import Arrays
from netspec.figure.units import Unsuitable
from netspec.ir.graph import Graph

# side of a tile and distance of two tiles in mm, tiles in a row, and how many are drawn at most
TILE, BETWEEN, COLUMNS, MOST = 8.6, 0.7, 5, 30
PICTURE, ACROSS = 26.0, 2  # if tiles are whole pictures: their height in mm, and how many stand side by side
NAME, STEP = 5.0, 3.7  # font sizes of a box's name and of its steps
HIGH = 18.0  # height of a box in mm
APART = 12.0  # mm between two boxes
DOWN = 16.0  # mm from the boxes to the tiles below
BLUE, GREEN, RED = Pen(ink="flow", width=0.7), Pen(ink="rise", width=0.7), 0.8


@dataclass(slots=True)
class Shelf:
    """A box of the row; `key` names the array whose filters are shown as tiles below the box ("" for none)."""

    id: str
    name: str
    steps: str
    key: str = ""
    layer: str = ""
    picture: tuple[int, int, int] | None = None  # maps, rows and columns of the picture that its perceptrons read

    @property
    def width(self) -> float:
        wide = max(line_width(words(self.name, "bold"), NAME), *(line_width(line, STEP) for line in self.lines))
        sheet = self.columns * (self.tile[0] + BETWEEN) if self.key else 0.0
        return max(wide + 6, sheet, 26.0)

    @property
    def tile(self) -> tuple[float, float]:
        """The width and the height of one tile."""
        if self.picture is None:
            return TILE, TILE
        _, rows, columns = self.picture
        return PICTURE * min(columns / rows, 3.0), PICTURE

    @property
    def columns(self) -> int:
        return COLUMNS if self.picture is None else ACROSS

    @property
    def lines(self) -> tuple[Any, ...]:
        return wrapped(self.steps, 40.0, STEP) if self.steps else ((),)


def strip(graph: Graph, settings: FigureSettings, weights: Arrays) -> Scene:
    """Return the figure of a chain with filters, or with perceptrons that read a picture; else raise Unsuitable."""
    stages = stages_of(graph)
    shelves = _shelves(graph, stages, settings)
    if not any(shelf.key for shelf in shelves):
        raise Unsuitable(stages[-1].node)
    canvas = Canvas()
    x = 0.0
    before: Node | None = None
    for shelf in shelves:
        node = _box(canvas, shelf, x + shelf.width / 2, before is not None)
        if before is not None:
            ends = (Point(before.box.right, 0.0), Point(node.box.left, 0.0))
            canvas.wire(before.id, node.id, ends, pen=BLUE, layer=shelf.layer)
        if shelf.key:
            _tiles(canvas, shelf, node, weights, settings)
        before = node
        x += shelf.width + APART
    assert before is not None
    canvas.wire(before.id, "", (Point(before.box.right, 0.0), Point(before.box.right + APART, 0.0)), pen=BLUE)
    _title(canvas, graph)
    return canvas.scene("strip")


def _shelves(graph: Graph, stages: list[Stage], settings: FigureSettings) -> list[Shelf]:
    """Return a box for the input, one for each layer of filters with its pools, and one for all that follows."""
    shelves = [Shelf(stages[0].id, stages[0].caption or stages[0].label, "", layer=stages[0].layer.path)]
    rest: list[Stage] = []
    for stage in stages[1:]:
        if stage.does == "filters":
            shelves.append(_shelf(graph, stage, settings))
        elif stage.does == "full" and (picture := _picture(graph, stage)) is not None and not rest:
            shelves.append(_shelf(graph, stage, settings))
            shelves[-1].picture = picture
        elif stage.does == "pool" and not rest:
            shelves[-1].steps += f", {step_text(graph, stage.node, settings.lang)}"
        else:
            rest.append(stage)
    if rest:
        name = rest[-1].label or rest[-1].layer.label
        steps = ", ".join(step_text(graph, stage.node, settings.lang) for stage in rest)
        shelves.append(Shelf(rest[-1].id, name, steps, layer=rest[-1].layer.path))
    return shelves


def _shelf(graph: Graph, stage: Stage, settings: FigureSettings) -> Shelf:
    steps = step_text(graph, stage.node, settings.lang)
    return Shelf(stage.id, stage.label or stage.layer.label, steps, stage.node.stored(), stage.layer.path)


def _picture(graph: Graph, stage: Stage) -> tuple[int, int, int] | None:
    """Return maps, rows and columns of the picture that perceptrons read; None if they read no picture."""
    edge = stage.node.inputs[0]
    value = graph.nodes[edge.node].types[edge.output]
    sizes = (value.maps, *value.space)
    if not stage.node.op.dense or len(value.space) != 2 or value.maps not in (1, 3):
        return None
    return sizes if all(isinstance(size, int) for size in sizes) else None  # type: ignore[return-value]


def _box(canvas: Canvas, shelf: Shelf, x: float, framed: bool) -> Node:
    node = canvas.node(
        f"{shelf.id}.box",
        x,
        0.0,
        shelf.width / 2,
        HIGH / 2,
        shape="box",
        ink="frame" if framed else "input",
        width=RED,
        classes=("layer",),
        layer=shelf.layer,
    )
    lines = shelf.lines if shelf.steps else ()
    high = NAME + len(lines) * STEP * layout.LEADING
    name = words(shelf.name, "bold")
    y = -high / 2 - boxed((name,), NAME).top
    canvas.text(f"{node.id}.name", (name,), x, y, NAME, classes=("label",), layer=shelf.layer)
    if lines:
        y += STEP * 1.45
        canvas.text(f"{node.id}.steps", lines, x, y, STEP, classes=("label",), layer=shelf.layer)
    return node


# ---- tiles


def _tiles(canvas: Canvas, shelf: Shelf, node: Node, weights: Arrays, settings: FigureSettings) -> None:
    """Draw the filters of a box as tiles below the box, and an arrow from the tiles up to the box."""
    array = weights[shelf.key]
    count = int(array.shape[0])
    shown = min(count, MOST)
    columns = min(shelf.columns, shown)
    across, down = shelf.tile
    wide = columns * (across + BETWEEN) - BETWEEN
    left, top = node.x - wide / 2, HIGH / 2 + DOWN
    for number in range(shown):
        row, column = divmod(number, columns)
        x, y = left + column * (across + BETWEEN), top + row * (down + BETWEEN)
        rows = tile_of(array[number] if shelf.picture is None else array[number].reshape(shelf.picture))
        corners = Rect(x, y, x + across, y + down).corners
        canvas.polygon(f"{shelf.id}.{number + 1}.edge", corners, pen=Pen(ink="faint", width=0.2), classes=("tile",))
        canvas.front.append(
            Image(
                id=f"{shelf.id}.{number + 1}",
                x=x,
                y=y,
                width=across,
                height=down,
                rows=rows,
                classes=("tile",),
                layer=shelf.layer,
                tip=f"{shelf.name} {number + 1}",
            )
        )
    start = Point(node.x, top - 1.2)
    canvas.wire("", node.id, (start, Point(node.x, HIGH / 2)), pen=GREEN, id=f"{shelf.id}.up", layer=shelf.layer)
    if count > shown:
        canvas.hidden[shelf.id] = str(count - shown)
        below = top + math.ceil(shown / columns) * (down + BETWEEN) + STEP
        line = words(say("more filters", settings.lang).format(count=count - shown))
        canvas.text(f"{shelf.id}.more", (line,), node.x, below, STEP, classes=("caption",), layer=shelf.layer)


def tile_of(kernel: Any) -> tuple[tuple[str, ...], ...]:
    """Return a filter as colours: of three maps as red, green and blue; else its strongest map, in which 0 is grey."""
    maps = (
        kernel
        if len(kernel.shape) == 3
        else kernel.reshape((-1, *kernel.shape[-2:]))
        if len(kernel.shape) > 1
        else kernel.reshape((1, 1, -1))
    )
    largest = float(abs(maps).max()) or 1.0
    if maps.shape[0] == 3:
        planes = [maps[channel].tolist() for channel in range(3)]
    else:
        strongest = max(range(maps.shape[0]), key=lambda channel: float((maps[channel] ** 2).sum()))
        planes = [maps[strongest].tolist()] * 3
    red, green, blue = planes
    return tuple(
        tuple(
            f"#{_byte(r, largest):02x}{_byte(g, largest):02x}{_byte(b, largest):02x}"
            for r, g, b in zip(*row, strict=True)
        )
        for row in zip(red, green, blue, strict=True)
    )


def _byte(value: float, largest: float) -> int:
    return min(255, max(0, round(127.5 + 127.5 * value / largest)))


def _title(canvas: Canvas, graph: Graph) -> None:
    """Write the net's caption below everything."""
    if not graph.caption:
        return
    box = canvas.box()
    lines = paragraph(graph.caption)
    y = box.bottom + 4 - boxed(lines[:1], layout.CAPTION).top
    canvas.text("caption", lines, box.middle.x, y, layout.CAPTION, classes=("caption",))
