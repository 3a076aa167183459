"""The `grid` view draws each layer as a grid of units seen at an angle; the grids stand side by side."""

from __future__ import annotations

from itertools import pairwise, product

from netspec.figure.scene import Node, Point, Scene, layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import symbol, widest, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group, Unsuitable, lone_links
from netspec.figure.units.captions import Caption, captions_of
from netspec.figure.units.elided import fitted
from netspec.figure.units.lattice import COLUMN, COLUMNS, LABEL, ROWS, Lattice, draw_lattice, lattice_of
from netspec.ir.graph import Graph

APART = 20.0  # mm from one grid to the next
CLOSE = 8.0  # what remains of it, and of FAN, on a page with little room
ROWS_APART = 10.0  # mm from a row of grids to the next
FAN = 70.0  # mm between a single unit and a grid, because their wires spread like a fan
MOST_WIRES = 60  # if a figure would have more wires, they are drawn only if its settings ask for them


def grid(graph: Graph, groups: list[Group], settings: FigureSettings) -> Scene:
    """Return the figure of layers whose units stand in rows and columns; raise Unsuitable for other layers."""
    for group in groups:
        if len(group.type.space) not in (0, 2) or (group.type.space and group.type.maps != 1):
            raise Unsuitable(graph.nodes[group.node])
    canvas = Canvas()
    sides = [side for group in groups for side in group.type.space or (group.size,)]
    settings = fitted(settings, sides, ROWS, COLUMNS)
    lattices = [lattice_of(group, settings) for group in groups]
    ends = {group.layer.path: group for group in groups}  # the last group of each line
    for before, lattice in pairwise(lattices):
        sources = list(dict.fromkeys(link.source for link in lattice.group.links))
        if sources and sources != [before.group]:  # no wires say so
            lattice.reads = "← " + ", ".join(_read_as(source, ends) for source in sources)
    captions = captions_of(groups, settings)
    wide = {caption.rank: caption.width() for caption in captions}
    row: list[Lattice] = []  # the grids that stand side by side; on a page they may stand in several rows
    high = max((boxed(_title(lattice, settings), _size(settings)).height for lattice in lattices), default=0.0)
    low = 0.0
    for number, lattice in enumerate(lattices):
        x = _next(canvas, row[-1], lattice, wide.get(number, 0.0), settings) if row else 0.0
        if row and x + _width(lattice) > settings.fit.width and not _wired(lattices, settings):
            _finish(canvas, row, number - len(row), captions, settings)
            low = canvas.box().bottom + ROWS_APART
            row, x = [], 0.0
        lattice.origin = Point(x, 0.0)
        if low:
            lattice.origin = Point(
                x, low + high + 7 - lattice.point(0, lattice.columns.places[-1]).y + lattice.radii[1]
            )
        alone = _is_one(lattice)
        draw_lattice(canvas, lattice, settings, inside=not alone)
        if alone:
            _label_below(canvas, lattice, settings)
        if low and not row:
            _carry(canvas, lattices[number - 1], lattice, low - ROWS_APART / 2, _title_width(lattice, settings))
        row.append(lattice)
    if _wired(lattices, settings):
        _wires(canvas, lattices)
    _finish(canvas, row, len(lattices) - len(row), captions, settings)
    return canvas.scene("grid")


def _read_as(source: Group, ends: dict[str, Group]) -> str:
    """Return the name of units that others read: `e`, or `e.1` for a round of a repeat before its last."""
    early = source.deep and source is not ends[source.layer.path]
    return source.id.partition("#")[0] if early else source.layer.label


def _finish(canvas: Canvas, row: list[Lattice], first: int, captions: list[Caption], settings: FigureSettings) -> None:
    """Write the titles and captions of a row of grids, whose first is the grid number `first`.

    The caption between its last grid and the next row stands below them.
    """
    _titles(canvas, row, settings)
    box = canvas.box()
    for caption in captions:
        place = caption.rank - first
        if 0 < place < len(row):
            x = (row[place - 1].box.middle.x + row[place].box.middle.x) / 2
            caption.draw(canvas, x, box.bottom + 5 + caption.first_height())
    for caption in captions:
        if caption.rank - first == len(row):
            low = canvas.box().bottom + 5 + caption.first_height()
            caption.draw(canvas, (row[0].box.left + row[-1].box.right) / 2, low)


def _carry(canvas: Canvas, before: Lattice, lattice: Lattice, y: float, title: float) -> None:
    """Draw the arrow from the last grid of a row to the first of the next."""
    start, end = before.box, lattice.box
    right, left = start.right + 5, min(end.left, end.middle.x - title / 2) - 5
    canvas.carry(lattice.group.id, lattice.group.layer.path, start, end, right=right, left=left, y=y)


def _is_one(lattice: Lattice) -> bool:
    return len(lattice.rows.entries) == 1 == len(lattice.columns.entries)


def _next(canvas: Canvas, before: Lattice, lattice: Lattice, caption: float, settings: FigureSettings) -> float:
    """Return the x where the next grid begins: with room between the grids, and for their titles and captions."""
    left = before.box
    fan = _is_one(before) or _is_one(lattice)
    apart, radius = settings.fit.space(FAN if fan else APART, CLOSE), lattice.radii[0]
    width = _width(lattice)
    middles = max(caption + 6, (_title_width(before, settings) + _title_width(lattice, settings)) / 2 + 6)
    start = left.right + apart + radius
    return max(start, left.middle.x + middles - width / 2 + radius)


def _width(lattice: Lattice) -> float:
    return lattice.columns.places[-1] * COLUMN.x + 2 * lattice.radii[0]


def _size(settings: FigureSettings) -> float:
    """Return the size of the layers' titles."""
    return settings.fit.letters(layout.TITLE)


def _title(lattice: Lattice, settings: FigureSettings) -> tuple[Line, ...]:
    given = settings.of(lattice.group.layer.path).title
    title = lattice.group.title if given is None else given
    text = "\n".join(filter(None, (title, lattice.reads)))
    wide = min(layout.TITLE_WIDTH, max(settings.fit.width / 3, _width(lattice)))
    return wrapped(text, wide, _size(settings)) if text else ()


def _title_width(lattice: Lattice, settings: FigureSettings) -> float:
    return widest(_title(lattice, settings), _size(settings))


def _label_below(canvas: Canvas, lattice: Lattice, settings: FigureSettings) -> None:
    """Write the label of a layer's only drawn unit below its circle, because wires run over the circle's middle."""
    from netspec.figure.units.lattice import cell_index

    ((row, _),), ((column, _),) = lattice.rows.units, lattice.columns.units
    node = lattice.units[0]
    group = lattice.group
    index = row.index if lattice.flat else cell_index(row, column)
    line = symbol(settings.of(group.layer.path).symbol or group.label, index)
    y = node.box.bottom + 1.6 + LABEL * 0.7
    canvas.text(f"{node.id}.label", (line,), node.x, y, LABEL, classes=("label",), layer=group.layer.path)


def _wired(lattices: list[Lattice], settings: FigureSettings) -> bool:
    """Whether the wires between the units are drawn."""
    units = [len(lattice.rows.units) * len(lattice.columns.units) for lattice in lattices]
    count = sum(a * b for a, b in pairwise(units))
    return settings.edges != "none" and (settings.edges is not None or count <= MOST_WIRES)


def _wires(canvas: Canvas, lattices: list[Lattice]) -> None:
    """Draw a wire from each drawn unit to each unit of the next grid that reads it, behind all ellipses.

    Wires from other grids would run through the grids between; words above the grid say that it reads them.
    """
    for before, lattice in pairwise(lattices):
        for link in lone_links(lattice.group):
            if link.source is not before.group or link.kind == "local" or link.delay:
                continue
            for start, end in product(before.units, lattice.units):
                if link.kind == "full" or _same(start, end):
                    weight = link.weight(_place(end), _place(start))
                    canvas.straight(start, end, layer=lattice.group.layer.path, weight=weight)


def _same(start: Node, end: Node) -> bool:
    return start.id.split(".", 1)[1:] == end.id.split(".", 1)[1:]


def _place(node: Node) -> int | None:
    return None if node.value is None else node.value.place


def _titles(canvas: Canvas, lattices: list[Lattice], settings: FigureSettings) -> None:
    top, size = min(lattice.box.top for lattice in lattices), _size(settings)
    for lattice in lattices:
        lines = _title(lattice, settings)
        if lines:
            y = top - 7 - boxed(lines, size).bottom
            path = lattice.group.layer.path
            canvas.text(
                f"{lattice.group.id}.title", lines, lattice.box.middle.x, y, size, classes=("title",), layer=path
            )
