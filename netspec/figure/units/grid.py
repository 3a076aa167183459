"""The `grid` view draws each layer as a grid of units seen at an angle; the grids stand side by side."""

from __future__ import annotations

from itertools import pairwise

from netspec.figure.scene import Node, Point, Scene, layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.typeset import paragraph, symbol, widest
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group, Unsuitable, lone_links
from netspec.figure.units.captions import captions_of
from netspec.figure.units.lattice import Lattice, draw_lattice, lattice_of
from netspec.ir.graph import Graph

APART = 20.0  # mm from one grid to the next
FAN = 70.0  # mm between a single unit and a grid, because their wires spread like a fan
MOST_WIRES = 60  # if a figure would have more wires, they are drawn only if its settings ask for them


def grid(graph: Graph, groups: list[Group], settings: FigureSettings) -> Scene:
    """Return the figure of layers whose units stand in rows and columns; raise Unsuitable for other layers."""
    for group in groups:
        if len(group.type.space) not in (0, 2) or (group.type.space and group.type.maps != 1):
            raise Unsuitable(graph.nodes[group.node])
    canvas = Canvas()
    lattices = [lattice_of(group, settings) for group in groups]
    captions = captions_of(groups, settings)
    wide = {caption.rank: caption.width() for caption in captions}
    x = 0.0
    for number, lattice in enumerate(lattices):
        if number:
            x = _next(canvas, lattices[number - 1], lattice, wide.get(number, 0.0), settings)
        lattice.origin = Point(x, 0.0)
        alone = _is_one(lattice)
        draw_lattice(canvas, lattice, settings, inside=not alone)
        if alone:
            _label_below(canvas, lattice, settings)
    _wires(canvas, lattices, settings)
    _titles(canvas, lattices, settings)
    box = canvas.box()
    for caption in captions:
        before, after = lattices[caption.rank - 1].box, lattices[caption.rank].box
        x = (before.middle.x + after.middle.x) / 2
        caption.draw(canvas, x, box.bottom + 5 + caption.first_height())
    return canvas.scene("grid")


def _is_one(lattice: Lattice) -> bool:
    return len(lattice.rows.entries) == 1 == len(lattice.columns.entries)


def _next(canvas: Canvas, before: Lattice, lattice: Lattice, caption: float, settings: FigureSettings) -> float:
    """Return the x where the next grid begins: with room between the grids, and for their titles and captions."""
    left = before.box
    apart = FAN if _is_one(before) or _is_one(lattice) else APART
    width = lattice.columns.places[-1] * 11.0 + 2 * layout.ELLIPSE[0]
    middles = max(caption + 6, (_title_width(before, settings) + _title_width(lattice, settings)) / 2 + 6)
    start = left.right + apart + layout.ELLIPSE[0]
    return max(start, left.middle.x + middles - width / 2 + layout.ELLIPSE[0])


def _title(lattice: Lattice, settings: FigureSettings) -> str:
    given = settings.of(lattice.group.layer.path).title
    return lattice.group.title if given is None else given


def _title_width(lattice: Lattice, settings: FigureSettings) -> float:
    title = _title(lattice, settings)
    return widest(paragraph(title), layout.TITLE) if title else 0.0


def _label_below(canvas: Canvas, lattice: Lattice, settings: FigureSettings) -> None:
    """Write the label of a layer's only drawn unit below its circle, because wires run over the circle's middle."""
    from netspec.figure.units.lattice import cell_index

    ((row, _),), ((column, _),) = lattice.rows.units, lattice.columns.units
    node = lattice.units[0]
    group = lattice.group
    index = row.index if lattice.flat else cell_index(row, column)
    line = (symbol(settings.of(group.layer.path).symbol or group.label, index),)
    box = boxed((line,), layout.INPUT_LABEL)
    y = node.box.bottom + 1.6 - box.top
    canvas.text(f"{node.id}.label", (line,), node.x, y, layout.INPUT_LABEL, classes=("label",), layer=group.layer.path)


def _wires(canvas: Canvas, lattices: list[Lattice], settings: FigureSettings) -> None:
    """Draw a wire from each drawn unit to each drawn unit that reads it, from rim to rim, behind all ellipses."""
    count = sum(len(a.nodes) * len(b.nodes) for a, b in pairwise(lattices))
    if settings.edges == "none" or (settings.edges is None and count > MOST_WIRES):
        return
    by_group = {lattice.group: lattice for lattice in lattices}
    for lattice in lattices:
        for link in lone_links(lattice.group):
            source = by_group.get(link.source)
            if source is None or link.kind == "local" or link.delay:
                continue
            for start in source.units:
                for end in lattice.units:
                    if link.kind == "full" or _same(start, end):
                        weight = link.weight(_place(end), _place(start))
                        canvas.straight(start, end, layer=lattice.group.layer.path, weight=weight)


def _same(start: Node, end: Node) -> bool:
    return start.id.split(".", 1)[1:] == end.id.split(".", 1)[1:]


def _place(node: Node) -> int | None:
    return None if node.value is None else node.value.place


def _titles(canvas: Canvas, lattices: list[Lattice], settings: FigureSettings) -> None:
    top = min(lattice.box.top for lattice in lattices)
    for lattice in lattices:
        title = _title(lattice, settings)
        if title:
            lines = paragraph(title)
            y = top - 7 - boxed(lines, layout.TITLE).bottom
            id_ = f"{lattice.group.id}.title"
            canvas.text(
                id_, lines, lattice.box.middle.x, y, layout.TITLE, classes=("title",), layer=lattice.group.layer.path
            )
