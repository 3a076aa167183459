"""Defines the settings of a `figure` section as values that the views read. It uses no torch and no geometry."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final, NamedTuple

from netspec.ir.sizes import Size

LANGUAGES: Final = ("en", "ko")
DIRECTIONS: Final = ("right", "left", "up", "down")
MOST_UNITS: Final = 60  # the largest number that `max_units` takes


@dataclass(frozen=True, slots=True)
class Index:
    """A unit in a `show` list: its number (1 is the first), or a letter that stands for any unit between the others."""

    number: Size | None
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """The entry `..` of a `show` list: units that are not drawn; not `asked` where a list goes on without them."""

    asked: bool = True


Shown = tuple[Index | Skip, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A group of units with a label: rows and columns of a grid, or units of a layer without rows and columns.

    Each pair holds the first and the last number, and both belong to the group.
    """

    label: str
    rows: tuple[int, int] | None = None
    cols: tuple[int, int] | None = None
    units: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LayerHints:
    """The settings of a figure section that concern one layer; of a block or a kind of steps it is `color` alone."""

    show: tuple[Shown, ...] = ()  # one list for each axis of the layer
    at: tuple[int, ...] = ()
    box: tuple[Region, ...] = ()
    dropped: tuple[int, ...] = ()
    title: str | None = None
    symbol: str | None = None
    letter: str = ""
    labels: bool = True
    color: str = ""
    words: tuple[str, ...] = ()  # one for each time step
    targets: tuple[str, ...] = ()  # what each time step is compared with


class Page(NamedTuple):
    """The room that a figure has on paper: its width and greatest height in mm, and the size of its type in points."""

    width: float
    type: float
    height: float = 230.0


# what `width = column` and the like stand for
PRESETS: Final = {
    "column": Page(85.0, 8.0),  # a column of a paper in two columns
    "page": Page(170.0, 8.0),  # the text of a page of A4
    "slide": Page(240.0, 14.0, 120.0),  # below the title of a slide of 254 mm x 143 mm
}
TYPE: Final = 8.0  # points: the size of type of a figure that is laid out for a width
LEAST_TYPE, LEAST_LINE = 6.0, 0.25  # points: smaller letters and thinner lines are not read on paper


class Room(NamedTuple):
    """The width and height in mm that a drawing may have so that its letters keep their size on a page."""

    width: float
    height: float


class Types(IntEnum):
    """At which arrows between boxes a figure says the types of values."""

    NONE = 0
    STAGES = 1  # of the net: at its inputs and outputs, and where the resolution changes
    NET = 2  # in the net, not in the blocks beside it
    ALL = 3


class Fit(NamedTuple):
    """How closely a view sets a figure, and what it leaves out, for a page."""

    width: float = math.inf  # mm of the drawing, before it is scaled to the page
    height: float = math.inf
    gap: float = 1.0  # free space between shapes, as a part of the usual
    shape: float = 1.0  # the size of shapes relative to the letters outside them, as a part of the usual
    types: Types = Types.ALL  # which arrows between boxes say the types of their values
    folded: str = ""  # what a note below the figure says is left out
    less: frozenset[int] = frozenset()  # which drawings of blocks beside the net have no room: their numbers
    low: bool = False  # whether the steps of a closed line stand in one line of text, which makes its box wide and low
    least: int = 3  # how many units or maps of a layer are drawn if not all are

    def letters(self, size: float) -> float:
        """Return the size of letters outside shapes: larger if the shapes are to be smaller beside them."""
        return size / self.shape

    def space(self, distance: float, taken: float = 0.0) -> float:
        """Return a distance of which `taken` cannot shrink."""
        return distance - (distance - taken) * (1 - self.gap)


_USUAL: Final = Fit()


@dataclass(frozen=True, slots=True)
class FigureSettings:
    """All settings of a figure: those of its section, and those of the command line or of Python."""

    view: str | None = None
    theme: str = "safe"
    lang: str = "en"
    direction: str | None = None
    only: str | None = None
    depth: int | None = None
    unfold: bool = False
    details: bool | None = None
    columns: int | None = None
    captions: tuple[str, ...] | None = None
    titles: str | None = None
    bias: str | None = None
    edges: str | None = None
    colors: str | None = None
    formula: bool = True
    max_units: int = 6
    input: str | None = None
    target: str | None = None
    path: str | None = None
    update: bool = False
    weights: str | None = None
    legend: bool | None = None
    steps: int | None = None
    table: bool = False
    arrows: tuple[str, ...] = ()
    notes: str = "all"
    heading: str | None = None
    embed: bool = False
    width: str | None = None
    type: int | None = None
    fit: Fit = _USUAL
    layers: dict[str, LayerHints] = field(default_factory=dict)

    def of(self, path: str) -> LayerHints:
        return self.layers.get(path, _NO_HINTS)

    def sized(self, role: str, size: float) -> float:
        """Return the size of a role of text: `size`, unless the theme gives this role another."""
        from netspec.figure.themes import theme_named

        theme = theme_named(self.theme)
        return size * (theme.sizes.get(role, 1.0) if theme else 1.0)

    def bound(self) -> FigureSettings:
        """Return these settings with all letters removed from `show` lists.

        A letter stands for any unit, so there are no particular weights that could be drawn for it.
        """
        layers = {
            path: replace(hints, show=tuple(without_letters(show) for show in hints.show))
            for path, hints in self.layers.items()
        }
        return replace(self, layers=layers)

    @property
    def page(self) -> Page | None:
        """The room on paper; None if the figure has its natural size. Its type is 0 where none is asked for."""
        if self.width is None:
            return None if self.type is None else Page(math.inf, float(self.type), math.inf)
        found = PRESETS.get(self.width) or Page(millimetres(self.width), 0.0)
        return found if self.type is None else found._replace(type=float(self.type))

    def close(self, room: Room | None, gap: float, shape: float = 1.0, **changes: Any) -> FigureSettings:
        """Return a copy that is set more closely, with some settings changed. Without room it may have any width."""
        wide, high = (math.inf, math.inf) if room is None else (room.width / shape, room.height / shape)
        return replace(self, fit=self.fit._replace(width=wide, height=high, gap=gap, shape=shape), **changes)

    def without(self, said: str, types: Types = Types.ALL) -> FigureSettings:
        """Return a copy that leaves something out, with the words for it."""
        return replace(self, fit=self.fit._replace(types=types, folded=said))

    def but(self, **changes: Any) -> FigureSettings:
        """Return a copy with some settings changed; a change to None is ignored."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


_NO_HINTS: Final = LayerHints()


UNITS: Final = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}  # in millimetres


def split_length(text: str) -> tuple[float, str]:
    """Split a length: `85mm` -> (85.0, "mm"). A length without unit is in px. Raises ValueError if it is no length."""
    match = re.fullmatch(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})?\s*", text)
    if match is None or not 0 < float(match[1]) <= 100_000:
        raise ValueError(text)
    return float(match[1]), match[2] or "px"


def millimetres(text: str) -> float:
    """Return a length in millimetres: `8.5cm` -> 85.0. Raises ValueError if the text is no length."""
    number, unit = split_length(text)
    return number * UNITS[unit]


def is_length(text: str) -> bool:
    """Whether a text is a length that `split_length` accepts, such as `85mm`."""
    try:
        split_length(text)
    except ValueError:
        return False
    return True


def is_width(text: str) -> bool:
    """Whether a text is a length, or the word of a preset such as `column`."""
    return text in PRESETS or is_length(text)


def split_arrow(text: str) -> tuple[str, str, str] | None:
    """Split `x -> y: identity` into the two lines and the words of their arrow; None if a text is no such thing."""
    found = re.fullmatch(r"\s*([\w.]+)\s*->\s*([\w.]+)\s*:\s*(.*\S)\s*", text, re.DOTALL)
    return None if found is None else (found[1], found[2], found[3])


def traced(show: Shown, size: Size) -> Shown:
    """Return a `show` list with dots also where it leaves units out without a word."""
    found: list[Index | Skip] = []
    for entry, after in zip((Index(0), *show), (*show, Index(size + 1)), strict=True):
        numbers = [one.number for one in (entry, after) if isinstance(one, Index) and one.number is not None]
        found.append(entry)
        if len(numbers) == 2 and not (isinstance(left := numbers[1] - numbers[0] - 1, int) and left <= 0):
            found.append(Skip(asked=False))
    return tuple(found[1:])


def without_letters(show: Shown) -> Shown:
    """Return a `show` list without letters; `..` on both sides of a letter becomes one `..`."""
    found: list[Index | Skip] = []
    for entry in show:
        if isinstance(entry, Index) and entry.number is None:
            continue
        if not (isinstance(entry, Skip) and found and isinstance(found[-1], Skip)):
            found.append(entry)
    return tuple(found)
