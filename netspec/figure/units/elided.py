"""Chooses which units are drawn: all if there are few; else the first ones, the last, and dots for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import math
from netspec.figure.settings import FigureSettings, Index, Region, Shown, Skip
from netspec.ir.sizes import Formula, Size, text


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that is drawn.

    `name` makes its id different from its neighbours' ids; `place` is its number, counted from 0, or None if the
    number is not known (a letter or a formula as index).
    """

    name: str
    index: Line
    place: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A place of dots; `hidden` says how many units they replace, as a number or a formula."""

    name: str
    hidden: str


@dataclass(frozen=True, slots=True)
class Opening:
    """The start of a named region; the units from here to the Closing stand in a frame."""

    label: str
    name: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a named region."""


Entry = Unit | Gap | Opening | Closing


def fitted(settings: FigureSettings, sizes: Iterable[Size], most: int = 6, least: int = 3) -> FigureSettings:
    """Return settings with which no layer of a figure shows fewer units than a smaller layer.

    Parameters:
        sizes: how many units each layer has.
        most: up to how many units all are drawn.
        least: how many units of a larger layer are drawn at least.
    """
    for size in sorted(size for size in sizes if isinstance(size, int)):
        if size <= max(most, least + 1):  # dots would hide a single unit
            least = max(least, size)
    return replace(settings, fit=settings.fit._replace(least=least))


def shown_units(size: Size, show: Shown = (), most: int = 6, least: int = 3) -> list[Unit | Gap]:
    """Return the drawn units and gaps of a layer with `size` units, in order. A single unit has no index."""
    if not show and isinstance(size, int) and size == 1:
        return [Unit("1", (), 0)]
    return _listed(size, show or default_show(size, most, least))


def default_show(size: Size, most: int = 6, least: int = 3) -> Shown:
    """Return all units if there are at most `most` (4 at least); else the first, dots and the last, `least` in all."""
    if isinstance(size, int) and size <= max(most, 4):
        return tuple(Index(number) for number in range(1, size + 1))
    first = least - 1 if isinstance(size, int) else 2  # nobody knows whether an open size is larger
    return (*map(Index, range(1, first + 1)), Skip(), Index(size))


def _listed(size: Size, show: Shown) -> list[Unit | Gap]:
    """Return what a `show` list draws. Dots of its own that would hide fewer than two units each give way to these."""
    found: list[Unit | Gap] = []
    position = 0
    while position < len(show):
        entry = show[position]
        if isinstance(entry, Skip) or entry.number is None:
            around = _around(show, position)
            before, after = _number(show, position, -1), _number(show, position, 1)
            hidden = _hidden(before, after, size)
            skips = [one for one in around if isinstance(one, Skip)]
            gaps, letters = len(skips), len(around) - len(skips)
            few = isinstance(hidden, int) and hidden - letters < 2 * gaps
            if gaps and few and all(skip.asked for skip in skips):
                found += [unit(Index(before + number)) for number in range(1, hidden + 1)]  # type: ignore[operator]
            else:
                for offset, one in enumerate(around, position):
                    between = _between(hidden, letters, gaps)
                    found.append(Gap(f"gap{offset}", between) if isinstance(one, Skip) else unit(one))
            position += len(around)
        else:
            found.append(unit(entry))
            position += 1
    return found


def unit(entry: Index) -> Unit:
    if entry.number is None:
        return Unit(entry.letter, math(entry.letter), None)
    shown = size_label(entry.number)
    return Unit(shown, math(shown), entry.number - 1 if isinstance(entry.number, int) else None)


def size_label(size: Size | str) -> str:
    """Return a size as figures write it: `4*d` becomes 4d."""
    return text(size).replace(" ", "").replace("*", "") if isinstance(size, Formula) else str(size)


def _number(show: Shown, position: int, step: int) -> Size | None:
    """Return the nearest number before an entry (`step` -1; else 0) or after an entry (`step` 1; else None)."""
    position += step
    while 0 <= position < len(show):
        entry = show[position]
        if isinstance(entry, Index) and entry.number is not None:
            return entry.number
        position += step
    return 0 if position < 0 else None


def _hidden(before: Size | None, after: Size | None, size: Size) -> Size:
    """Return how many units lie between two numbers of a `show` list."""
    assert before is not None
    last = size + 1 if after is None else after
    return last - before - 1


def _between(hidden: Size, letters: int, gaps: int) -> str:
    """Return how many units a gap hides; gaps with only letters between them share one number ("5 in 2 gaps")."""
    return f"{size_label(hidden - letters)} in {gaps} gaps" if gaps > 1 else size_label(hidden - letters)


def _around(show: Shown, position: int) -> list[Index | Skip]:
    """Return the dots and letters from the nearest number before a gap to the nearest number after this gap."""

    def open_end(entry: Index | Skip) -> bool:
        return isinstance(entry, Skip) or entry.number is None

    first = position
    while first > 0 and open_end(show[first - 1]):
        first -= 1
    last = position
    while last + 1 < len(show) and open_end(show[last + 1]):
        last += 1
    return list(show[first : last + 1])


# ---- grids read as one row: pixels with three indices, and named regions


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of `maps @ rows x cols` as one row: pixel after pixel, with all maps of a pixel side by side."""

    maps: int
    rows: int
    cols: int

    @property
    def count(self) -> int:
        return self.maps * self.rows * self.cols

    def unit(self, position: int) -> Unit:
        """Return the unit at a position of this row; its `place` counts as arrays do: maps, then rows, then columns."""
        pixel, channel = divmod(position, self.maps)
        row, col = divmod(pixel, self.cols)
        name = "RGB"[channel] if self.maps == 3 else str(channel + 1)
        shown = f"{row + 1},{col + 1},{name}" if self.maps > 1 else f"{row + 1},{col + 1}"
        return Unit(shown.replace(",", "."), math(f"({shown})"), (channel * self.rows + row) * self.cols + col)

    def inside(self, region: Region, first: int, last: int) -> int:
        """Return how many values of a region have a position from `first` up to, but not including, `last`."""
        (top, bottom), (left, right) = region.rows or (1, self.rows), region.cols or (1, self.cols)
        total = 0
        for row in range(top - 1, bottom):
            start = (row * self.cols + left - 1) * self.maps
            end = (row * self.cols + right) * self.maps
            total += max(0, min(end, last) - max(start, first))
        return total

    def positions(self, region: Region) -> Iterator[int]:
        """Yield the positions of a region's values."""
        (top, bottom), (left, right) = region.rows or (1, self.rows), region.cols or (1, self.cols)
        for row in range(top - 1, bottom):
            yield from range((row * self.cols + left - 1) * self.maps, (row * self.cols + right) * self.maps)


@dataclass(frozen=True, slots=True)
class Row:
    """The values of a layer without rows and columns; it has the same methods as `Cells`."""

    count: int

    def unit(self, position: int) -> Unit:
        return unit(Index(position + 1))

    def inside(self, region: Region, first: int, last: int) -> int:
        start, end = region.units or (1, self.count)
        return max(0, min(end, last) - max(start - 1, first))

    def positions(self, region: Region) -> Iterator[int]:
        start, end = region.units or (1, self.count)
        yield from range(start - 1, end)


def shown_cells(cells: Cells | Row, regions: tuple[Region, ...], most: int, least: int = 3) -> list[Entry]:
    """Return what is drawn of many values: the first ones, two and the last of each named region, and the end.

    What is drawn of a region, and nothing else, stands in its frame. Dots stand for all other values; a value that
    would be alone behind dots is drawn.
    """
    regions = tuple(sorted(regions, key=lambda region: next(cells.positions(region))))
    held = [list(cells.positions(region)) for region in regions]
    inside = {position for positions in held for position in positions}
    if cells.count <= most:
        return _whole(cells, list(zip(regions, held, strict=True)))
    start = min((positions[0] for positions in held), default=cells.count)
    found: list[Entry] = [cells.unit(position) for position in range(min(2 if regions else least - 1, start))]
    counted = len(found)  # values outside the regions are drawn or counted by dots up to this position
    for number, (region, positions) in enumerate(zip(regions, held, strict=True), 1):
        between = _outside(cells, regions, counted, positions[0])
        if between > 0:
            found.append(_gap(f"gap{number}", between, cells, _free(inside, counted, positions[0])))
            counted = positions[0]
        found.append(Opening(region.label, f"box{number}"))
        found += map(cells.unit, positions[:2])
        if len(positions) > 3:
            found.append(_gap(f"box{number}.gap", len(positions) - 3, cells, positions[2:-1]))
        found += map(cells.unit, positions[2:][-1:])
        found.append(Closing())
    ends = (cells.count - 2, cells.count - 1) if regions else (cells.count - 1,)
    tail = [position for position in ends if position > max((one[-1] for one in held), default=-1)]
    end = tail[0] if tail else cells.count
    left = _outside(cells, regions, counted, end)
    if left > 0:
        found.append(_gap("gap", left, cells, _free(inside, counted, end)))
    return found + [cells.unit(position) for position in tail]


def _gap(name: str, hidden: int, cells: Cells | Row, positions: Iterable[int]) -> Unit | Gap:
    """Return the dots that stand for values at some positions, or the value if there is only one."""
    return cells.unit(next(iter(positions))) if hidden == 1 else Gap(name, str(hidden))


def _whole(cells: Cells | Row, regions: list[tuple[Region, list[int]]]) -> list[Entry]:
    """Return all values, those of a region in its frame where the first of them would stand."""
    begins = {positions[0]: number for number, (_, positions) in enumerate(regions, 1)}
    inside = {position for _, positions in regions for position in positions}
    found: list[Entry] = []
    for position in range(cells.count):
        if position in begins:
            region, positions = regions[begins[position] - 1]
            found.append(Opening(region.label, f"box{begins[position]}"))
            found += [*map(cells.unit, positions), Closing()]
        elif position not in inside:
            found.append(cells.unit(position))
    return found


def _free(inside: set[int], first: int, last: int) -> Iterable[int]:
    """Yield the positions from `first` up to, but not including, `last` that belong to no region."""
    return (position for position in range(first, last) if position not in inside)


def _outside(cells: Cells | Row, regions: tuple[Region, ...], first: int, last: int) -> int:
    """Return how many values from `first` up to, but not including, `last` belong to no region."""
    return max(last - first, 0) - sum(cells.inside(region, first, last) for region in regions)
