"""Arranges groups in columns: which groups share a column, and where in the column each unit stands.

Positions are `along` (in the direction in which the net computes) and `across`; the neurons view makes x and y of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from netspec.figure.scene import layout
from netspec.figure.settings import FigureSettings, Fit, without_letters
from netspec.figure.units import Group, Link
from netspec.figure.units.elided import (
    Cells,
    Closing,
    Entry,
    Gap,
    Opening,
    Row,
    Unit,
    fitted,
    shown_cells,
    shown_units,
    size_label,
)

BIAS = "+1"
# a column that is shorter than this part of the longest column is centred; UNKNOWN: one whose size is a letter
SHORT, UNKNOWN = 0.7, 0.45


@dataclass(slots=True)
class Place:
    """An entry of a block, and the position (across) where the entry stands."""

    kind: Literal["bias", "unit", "gap", "frame"]
    at: float
    unit: Unit | None = None
    gap: Gap | None = None
    end: float = 0.0  # where a frame ends; other kinds don't use it
    label: str = ""
    name: str = ""


@dataclass(slots=True, eq=False)
class Block:
    """The drawn units of one group, or those of an earlier time step (`delay` > 0)."""

    group: Group
    delay: int
    entries: list[Entry]
    bias: bool = False
    side: int = 1  # where a copy stands in its column: 1 is after the last block, -1 before the first
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
        """The number of units that are not drawn, as text; "" if all are drawn."""
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
    """Return the entries that are drawn for a group: those that the figure section lists, else a default choice."""
    hints = settings.of(group.layer.path)
    show = hints.show[0] if hints.show else ()
    if delay and show:  # a copy leaves out units with a letter as index, such as x_i
        show = without_letters(show)
    space = group.type.space
    if isinstance(group.size, int) and not show and (space or hints.box):
        if len(space) == 2 and group.size != 1:
            maps, rows, cols = (int(size) for size in (group.type.maps, *space))  # type: ignore[arg-type]
            return shown_cells(Cells(maps, rows, cols), hints.box, settings.max_units, settings.fit.least)
        if hints.box:
            return shown_cells(Row(group.size), hints.box, settings.max_units, settings.fit.least)
    return list(shown_units(group.size, show, settings.max_units, settings.fit.least))


def columns_of(groups: list[Group], settings: FigureSettings) -> list[Column]:
    """Return the columns in the order of computing, each with the earlier time steps that the next column reads."""
    settings = fitted(settings, (group.size for group in groups), settings.max_units)
    ranks = _ranks(groups)
    columns = [Column(rank) for rank in range(max(ranks.values()) + 1)]
    for group in groups:
        columns[ranks[group]].blocks.append(Block(group, 0, entries_of(group, settings)))
    drawn = set(groups)
    for group in groups:
        for link in group.links:
            if link.delay and link.source in drawn:
                _copy(columns, ranks, link, group, settings)
        first = biased(group, drawn) if settings.bias != "none" else None
        if first is not None:
            _block(columns, first.source, first.delay).bias = True
    return columns


def biased(group: Group, drawn: Iterable[Group] | None = None) -> Link | None:
    """Return the link beside whose source the +1 of a group stands: the first to its own step, if there is one."""
    links = [link for link in group.links if group.bias and (drawn is None or link.source in drawn)]
    return min(links, key=lambda link: bool(link.delay), default=None)


def _block(columns: list[Column], group: Group, delay: int = 0) -> Block:
    return next(block for column in columns for block in column.blocks if block.group is group and block.delay == delay)


def _copy(columns: list[Column], ranks: dict[Group, int], link: Link, reader: Group, settings: FigureSettings) -> None:
    """Add a copy of a group for an earlier time step, in the column before the group that reads this copy."""
    rank = max(ranks[reader] - 1, 0)
    column = columns[rank]
    if any(block.group is link.source and block.delay == link.delay for block in column.blocks):
        return
    # a loop leaves the column of its group at one end, so no copy may stand at that end
    taken = {block.side for other in columns for block in other.blocks if block.delay and ranks[block.group] == rank}
    side = -1 if 1 in taken else 1
    column.blocks.append(Block(link.source, link.delay, entries_of(link.source, settings, link.delay), side=side))


def _ranks(groups: list[Group]) -> dict[Group, int]:
    """Return each group's column: the length of the longest path from an input, without delayed links.

    The groups must be in the order of computing. What reads only earlier steps stands behind the copies of these.
    """
    ranks: dict[Group, int] = {}
    for group in groups:
        sources = [ranks[link.source] for link in group.links if not link.delay and link.source in ranks]
        ranks[group] = max(sources, default=0 if any(link.delay for link in group.links) else -1) + 1
    return ranks


# ---- places across


def arrange(columns: list[Column], fit: Fit, roomy: float = 0.0) -> float:
    """Set the places of all blocks and return the pitch. `roomy` is the space for a title above a second block."""
    most = max(_rows(block) for column in columns for block in column.blocks)
    pitch = _pitch(most, fit)
    with_bias = any(block.bias for column in columns for block in column.blocks[:1])
    for column in columns:
        # Columns with dots begin at the same height and need the same pitch; a column without dots has its own.
        whole = not any(block.elided for block in column.blocks)
        _stack(column, _pitch(max(map(_rows, column.blocks)), fit) if whole else pitch, with_bias, roomy)
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


def _pitch(rows: int, fit: Fit) -> float:
    """Return the distance between units of a column with `rows` entries; it is smaller in long columns."""
    pitch = layout.PITCH - (layout.PITCH - layout.TIGHT) * min(max(rows - 8, 0) / 8, 1.0)
    return max(fit.space(pitch, 2 * layout.UNIT), min(pitch, layout.CLOSEST))


def _rows(block: Block) -> int:
    return len(block.entries) + block.bias


def _own_end(column: Column) -> float:
    return max(block.last for block in column.own)


def _is_aligned(column: Column, longest: float) -> bool:
    """Whether a column begins at the same height as others: it has dots and is not short. Other columns are centred."""
    block = column.own[0]
    least = UNKNOWN if block.group.type.open else SHORT
    return block.elided and _own_end(column) - block.first >= least * longest


def _stack(column: Column, pitch: float, with_bias: bool, roomy: float) -> None:
    """Place the blocks of a column one after the other, and copies before or behind these blocks."""
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
    """Place the entries of a block, beginning at `at`; return the position of the last unit."""
    places: list[Place] = []
    next_to, over_dots = pitch - 2 * layout.UNIT, layout.GAP * pitch - 2 * layout.UNIT
    edge = at - layout.UNIT  # where the next entry may begin
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
