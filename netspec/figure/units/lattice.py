"""Draws a grid of units seen at an angle: which rows and columns are drawn, and where each unit stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from netspec.figure.scene import Node, Pen, Point, Rect, Value, layout
from netspec.figure.scene.canvas import Canvas
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import math, symbol, upright
from netspec.figure.settings import FigureSettings, Index, Shown, Skip
from netspec.figure.units import Group
from netspec.figure.units.elided import Gap, Unit, shown_units, size_label
from netspec.ir.sizes import Formula, Size

ORIGIN = Point(0.0, 0.0)
COLUMN = Point(11.0, -6.9)  # mm from a unit to the unit in the next column: right and up
ROW = 14.3  # mm down from a unit to the unit in the next row
OVER_ROWS, OVER_COLUMNS = 1.78, 2.0  # distance of two units with dots between them, in steps
WIDE = (5.2, 6.6)  # radii of a unit on a page with little room, so that larger letters fit
ROWS, COLUMNS = 5, 4  # a grid with no more rows (columns) than this shows all of them
LABEL = 4.7


PADDING: Line = (Atom("pad", "upright"),)  # the index of a row or column that lies outside the grid


@dataclass(frozen=True, slots=True)
class Axis:
    """The rows (or the columns) that are drawn, and the distance of each from the first, in steps."""

    entries: tuple[Unit | Gap, ...]
    places: tuple[float, ...]

    @property
    def units(self) -> list[tuple[Unit, float]]:
        return [(entry, at) for entry, at in zip(self.entries, self.places, strict=True) if isinstance(entry, Unit)]

    @property
    def gaps(self) -> list[tuple[Gap, float]]:
        return [(entry, at) for entry, at in zip(self.entries, self.places, strict=True) if isinstance(entry, Gap)]


def axis(entries: list[Unit | Gap], over: float) -> Axis:
    """Place entries one step apart; dots stand in the middle of a wider gap (`over` steps)."""
    places: list[float] = []
    at, pending = 0.0, 0.0
    for entry in entries:
        if isinstance(entry, Gap):
            places.append(at + over / 2 if places else 0.0)
            pending = over
            continue
        if places:
            at += pending or 1.0
        places.append(at)
        pending = 0.0
    return Axis(tuple(entries), tuple(places))


def default_rows(size: Size, least: int = ROWS) -> Shown:
    """Return all rows if there are few, else the first three and the last two; of a known number `least` in all."""
    if isinstance(size, int) and size <= max(least, ROWS):
        return tuple(Index(number) for number in range(1, size + 1))
    first = max(least, ROWS) - 2 if isinstance(size, int) else 3
    return (*map(Index, range(1, first + 1)), Skip(), Index(size - 1), Index(size))


def default_columns(size: Size, least: int = COLUMNS) -> Shown:
    """Return all columns if there are few, else the first three and the last; of a known number `least` in all."""
    if isinstance(size, int) and size <= max(least, COLUMNS):
        return tuple(Index(number) for number in range(1, size + 1))
    first = max(least, COLUMNS) - 1 if isinstance(size, int) else 3
    return (*map(Index, range(1, first + 1)), Skip(), Index(size))


def with_window(show: Shown, size: Size, window: list[int]) -> Shown:
    """Return the list `show` with the numbers that a filter reads; dots stand only where numbers are left out."""
    numbers = {entry.number for entry in show if isinstance(entry, Index) and isinstance(entry.number, int)}
    formulas: list[Index | Skip] = [
        entry for entry in show if isinstance(entry, Index) and isinstance(entry.number, Formula)
    ]
    found: list[Index | Skip] = []
    before: int | None = None
    for number in sorted(numbers | set(window)):
        if before is not None and number != before + 1:
            found.append(Skip())
        found.append(Index(number))
        before = number
    return (*found, Skip(), *formulas) if formulas else tuple(found)


@dataclass(slots=True, eq=False)
class Lattice:
    """A drawn grid. The names of row and column give the circle of a unit: `nodes["2", "w"]`."""

    group: Group
    rows: Axis
    columns: Axis
    origin: Point
    flat: bool = False  # whether the layer has no rows and columns and so is drawn as one column
    radii: tuple[float, float] = layout.ELLIPSE
    nodes: dict[tuple[str, str], Node] = field(default_factory=dict)
    reads: str = ""  # which layers it reads, if this is not the grid before it

    def point(self, row: float, column: float) -> Point:
        return Point(self.origin.x + COLUMN.x * column, self.origin.y + ROW * row + COLUMN.y * column)

    @property
    def units(self) -> list[Node]:
        return list(self.nodes.values())

    @property
    def box(self) -> Rect:
        return around(self.units)

    def hidden(self) -> Size | None:
        """Return how many units of the layer are not drawn; None if all are drawn."""
        left = self.group.size - sum(1 for node in self.nodes.values() if "padding" not in node.classes)
        return None if isinstance(left, int) and left <= 0 else left


def around(nodes: list[Node]) -> Rect:
    boxes = [node.box for node in nodes]
    return Rect(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def radii_of(settings: FigureSettings) -> tuple[float, float]:
    return layout.ELLIPSE if settings.fit.gap == 1 else WIDE


def lattice_of(group: Group, settings: FigureSettings, origin: Point = ORIGIN) -> Lattice:
    """Return the grid of a layer; a layer that has no rows and columns becomes one column."""
    show = settings.of(group.layer.path).show
    radii, least = radii_of(settings), settings.fit.least
    space = group.type.space
    if len(space) != 2 or group.type.classes is not None:
        rows = shown_units(group.size, show[0] if show else default_rows(group.size, least))
        return Lattice(group, axis(rows, OVER_ROWS), axis([Unit("1", (), 0)], 1), origin, flat=True, radii=radii)
    row_show, column_show = (
        show[-2:] if len(show) >= 2 else (default_rows(space[0], least), default_columns(space[1], least))
    )
    rows = shown_units(space[0], row_show)
    columns = shown_units(space[1], column_show)
    return Lattice(group, axis(_named(rows), OVER_ROWS), axis(_named(columns), OVER_COLUMNS), origin, radii=radii)


def _named(entries: list[Unit | Gap]) -> list[Unit | Gap]:
    """Give the index 1 to units without an index: in a grid even a single row or column is numbered."""
    return [
        replace(entry, index=math("1")) if isinstance(entry, Unit) and not entry.index else entry for entry in entries
    ]


def draw_lattice(
    canvas: Canvas, lattice: Lattice, settings: FigureSettings, ink: str = "", name: str = "", inside: bool = True
) -> None:
    """Draw all units of the grid with their labels, and the dots in every drawn row and column."""
    group = lattice.group
    for row, down in lattice.rows.units:
        for column, across in lattice.columns.units:
            point = lattice.point(down, across)
            outside = PADDING in (row.index, column.index)
            node = canvas.node(
                f"{group.id}.{row.name}.{column.name}" if not lattice.flat else f"{group.id}.{row.name}",
                *point,
                *lattice.radii,
                shape="ellipse",
                ink="faint" if outside else ink or group.ink,
                fill="paper",
                classes=("padding",) if outside else ("unit", group.role),
                layer=group.layer.path,
                value=_value(lattice, row, column),
            )
            lattice.nodes[row.name, column.name] = node
            hints = settings.of(group.layer.path)
            label = name or (group.label if hints.symbol is None else hints.symbol)
            if outside:
                canvas.label(node, upright("0"), LABEL, "faint")
            elif inside and label and hints.labels:
                canvas.label(node, symbol(label, row.index if lattice.flat else cell_index(row, column)), LABEL)
    for gap, down in lattice.rows.gaps:
        for column, across in lattice.columns.units:
            canvas.dots(
                f"{group.id}.{gap.name}.{column.name}", *lattice.point(down, across), 0, 1, gap.hidden, group.layer.path
            )
    for gap, across in lattice.columns.gaps:
        for row, down in lattice.rows.units:
            canvas.dots(
                f"{group.id}.{row.name}.{gap.name}", *lattice.point(down, across), *COLUMN, gap.hidden, group.layer.path
            )
    hidden = lattice.hidden()
    if hidden is not None:
        canvas.hidden[group.id] = size_label(hidden)


def _value(lattice: Lattice, row: Unit, column: Unit) -> Value | None:
    """Return which value a unit holds if the sizes are numbers, else None; of several maps, the first is drawn."""
    if row.place is None or column.place is None:
        return None
    if lattice.flat:
        return Value(lattice.group.value, row.place)
    width = lattice.group.type.space[1]
    return Value(lattice.group.value, row.place * width + column.place) if isinstance(width, int) else None


def cell_index(row: Unit, column: Unit) -> Line:
    """Return the index of a unit: 11 if row and column are single digits, else with a comma, such as 1,w or h-1,1."""
    if len(row.name) == 1 == len(column.name) and (row.name + column.name).isdigit():
        return (*row.index, *column.index)
    return (*row.index, *math(","), *column.index)


__all__ = ["Axis", "Lattice", "Pen", "around", "axis", "cell_index", "draw_lattice", "lattice_of", "with_window"]
