"""Groups -> columns: which groups stand side by side, and where the units of each stand along it.

Positions are along (the way the net computes) and across; the neurons view turns them into x and y.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from netspec.figure.scene import layout
from netspec.figure.settings import FigureSettings, without_letters
from netspec.figure.units import Group, Link
from netspec.figure.units.elided import (
    Cells,
    Closing,
    Entry,
    Gap,
    Opening,
    Row,
    Unit,
    shown_cells,
    shown_units,
    size_label,
)

BIAS = "+1"
SHORT = 0.45  # a column shorter than this part of the longest is centred


@dataclass(slots=True)
class Place:
    """An entry of a block, and where it stands across."""

    kind: Literal["bias", "unit", "gap", "frame"]
    at: float
    unit: Unit | None = None
    gap: Gap | None = None
    end: float = 0.0  # of a frame
    label: str = ""
    name: str = ""


@dataclass(slots=True, eq=False)
class Block:
    """The drawn units of one group, or those of an earlier time step (`delay` > 0)."""

    group: Group
    delay: int
    entries: list[Entry]
    bias: bool = False
    side: int = 1  # copies: at which end of their column
    places: list[Place] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.group.id if not self.delay else f"{self.group.id}@t-{self.delay}"

    @property
    def units(self) -> list[Unit]:
        return [entry for entry in self.entries if isinstance(entry, Unit)]

    @property
    def elided(self) -> bool:
        return any(isinstance(entry, Gap) for entry in self.entries)

    @property
    def first(self) -> float:
        return min(place.at for place in self.places)

    @property
    def last(self) -> float:
        return max(place.end if place.kind == "frame" else place.at for place in self.places)

    def shift(self, by: float) -> None:
        for place in self.places:
            place.at += by
            if place.kind == "frame":
                place.end += by

    @property
    def hidden(self) -> str:
        """How many units are not drawn, "" for none."""
        left = self.group.size - len(self.units)
        return "" if isinstance(left, int) and left <= 0 else size_label(left)


@dataclass(slots=True, eq=False)
class Column:
    rank: int
    blocks: list[Block] = field(default_factory=list)

    @property
    def own(self) -> list[Block]:
        return [block for block in self.blocks if not block.delay]

    @property
    def first(self) -> float:
        return min(block.first for block in self.blocks)

    @property
    def last(self) -> float:
        return max(block.last for block in self.blocks)


def entries_of(group: Group, settings: FigureSettings, delay: int = 0) -> list[Entry]:
    """What of a group is drawn, by its hints or by the rule."""
    hints = settings.of(group.layer.path)
    show = hints.show[0] if hints.show else ()
    if delay and show:  # a copy repeats no generic unit
        show = without_letters(show)
    space = group.type.space
    if isinstance(group.size, int) and not show and (space or hints.box):
        if len(space) == 2 and group.size != 1:
            maps, rows, cols = (int(size) for size in (group.type.maps, *space))  # type: ignore[arg-type]
            return shown_cells(Cells(maps, rows, cols), hints.box, settings.max_units)
        if hints.box:
            return shown_cells(Row(group.size), hints.box, settings.max_units)
    return list(shown_units(group.size, show, settings.max_units))


def columns_of(groups: list[Group], settings: FigureSettings) -> list[Column]:
    """The columns in the order of computing, each with the earlier time steps that the next one reads."""
    ranks = _ranks(groups)
    columns = [Column(rank) for rank in range(max(ranks.values()) + 1)]
    for group in groups:
        columns[ranks[group]].blocks.append(Block(group, 0, entries_of(group, settings)))
    drawn = set(groups)
    for group in groups:
        if group.bias and settings.bias != "none":
            source = next((link.source for link in group.links if not link.delay and link.source in drawn), None)
            if source is not None:
                _block(columns, source).bias = True
        for link in group.links:
            if link.delay and link.source in drawn:
                _copy(columns, ranks, link, group, settings)
    return columns


def _block(columns: list[Column], group: Group, delay: int = 0) -> Block:
    return next(block for column in columns for block in column.blocks if block.group is group and block.delay == delay)


def _copy(columns: list[Column], ranks: dict[Group, int], link: Link, reader: Group, settings: FigureSettings) -> None:
    """The units of earlier time steps stand beside what their reader reads now."""
    rank = max(ranks[reader] - 1, 0)
    column = columns[rank]
    if any(block.group is link.source and block.delay == link.delay for block in column.blocks):
        return
    # a loop leaves its own column at one end: nothing may stand there
    taken = {block.side for other in columns for block in other.blocks if block.delay and ranks[block.group] == rank}
    side = -1 if 1 in taken else 1
    column.blocks.append(Block(link.source, link.delay, entries_of(link.source, settings, link.delay), side=side))


def _ranks(groups: list[Group]) -> dict[Group, int]:
    """The longest way from an input, delayed links apart. Groups come in computing order."""
    ranks: dict[Group, int] = {}
    for group in groups:
        sources = [ranks[link.source] for link in group.links if not link.delay and link.source in ranks]
        ranks[group] = max(sources, default=-1) + 1
    return ranks


# ---- places across


def arrange(columns: list[Column], roomy: float = 0.0) -> float:
    """Sets the places of all blocks; returns the pitch. `roomy`: the space a title needs above a second block."""
    most = max(_rows(block) for column in columns for block in column.blocks)
    pitch = _pitch(most)
    with_bias = any(block.bias for column in columns for block in column.blocks[:1])
    for column in columns:
        # only columns that begin in one line need one pitch
        whole = not any(block.elided for block in column.blocks)
        _stack(column, _pitch(max(map(_rows, column.blocks))) if whole else pitch, with_bias, roomy)
    longest = max(column.own[-1].last - column.own[0].first for column in columns if column.own)
    aligned = [column for column in columns if _is_aligned(column, longest)]
    if aligned:
        middle = max(aligned, key=lambda column: _own_end(column) - column.own[0].first)
        centre = (min(middle.own[0].first, 0.0) + _own_end(middle)) / 2
    for column in columns:
        if column in aligned:
            continue
        first, last = column.own[0].first, _own_end(column)
        by = (centre if aligned else 0.0) - (first + last) / 2
        for block in column.blocks:
            block.shift(by)
    return pitch


def _pitch(rows: int) -> float:
    """Long columns are set closer."""
    return layout.PITCH - (layout.PITCH - layout.TIGHT) * min(max(rows - 8, 0) / 8, 1.0)


def _rows(block: Block) -> int:
    return len(block.entries) + block.bias


def _own_end(column: Column) -> float:
    return max(block.last for block in column.own)


def _is_aligned(column: Column, longest: float) -> bool:
    """Columns with dots begin in one line; short ones and those drawn whole are centred."""
    block = column.own[0]
    return block.elided and _own_end(column) - block.first >= SHORT * longest


def _stack(column: Column, pitch: float, with_bias: bool, roomy: float) -> None:
    """The blocks of a column one after the other; copies before or behind them."""
    at = 0.0
    for number, block in enumerate(column.own):
        if number:
            at += pitch * 1.25 + roomy
        elif with_bias and not block.bias and block.elided:
            at += pitch
        at = _place(block, at, pitch)
    for side in (1, -1):
        for block in (block for block in column.blocks if block.delay and block.side == side):
            _place(block, 0.0, pitch)
            if side > 0:
                block.shift(max(other.last for other in column.blocks if other.places) + 1.25 * pitch)
            else:
                first = min(other.first for other in column.blocks if other.places and other is not block)
                block.shift(first - 1.25 * pitch - block.last)


def _place(block: Block, at: float, pitch: float) -> float:
    """Places the entries of a block, the first at `at`; returns where the last one stands."""
    places: list[Place] = []
    next_to, over_dots = pitch - 2 * layout.UNIT, layout.GAP * pitch - 2 * layout.UNIT
    edge = at - layout.UNIT  # where the next thing may begin
    if block.bias:
        places.append(Place("bias", at))
        edge = at + layout.UNIT + next_to
    opened: Place | None = None
    for entry in block.entries:
        match entry:
            case Unit():
                at = edge + layout.UNIT
                places.append(Place("unit", at, unit=entry))
                edge = at + layout.UNIT + next_to
            case Gap():
                edge += over_dots - next_to
                places.append(Place("gap", edge - over_dots / 2, gap=entry))
            case Opening():
                opened = Place("frame", edge, label=entry.label, name=entry.name)
                places.append(opened)
                edge += layout.FRAME
            case Closing():
                assert opened is not None
                edge += layout.FRAME
                opened.end = edge - next_to
    block.places = places
    return at
