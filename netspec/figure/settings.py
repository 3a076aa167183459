"""What a `figure` section may say, as values that the views read. No torch, no geometry."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from netspec.ir.sizes import Size

LANGUAGES: Final = ("en", "ko")
DIRECTIONS: Final = ("right", "left", "up", "down")
MOST_UNITS: Final = 60


@dataclass(frozen=True, slots=True)
class Index:
    """One entry of a `show` list: the unit's number (1 is the first), or a letter for any unit between."""

    number: Size | None
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """`..` in a `show` list."""


Shown = tuple[Index | Skip, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """Units with a name of their own: rows and columns of a grid, or units of a row, both ends included."""

    label: str
    rows: tuple[int, int] | None = None
    cols: tuple[int, int] | None = None
    units: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LayerHints:
    """What the section says of one layer."""

    show: tuple[Shown, ...] = ()  # a list for each axis
    at: tuple[int, ...] = ()
    box: tuple[Region, ...] = ()
    title: str | None = None
    symbol: str | None = None
    letter: str = ""
    labels: bool = True


@dataclass(frozen=True, slots=True)
class FigureSettings:
    """All settings of a figure, those of the command line included."""

    view: str | None = None
    theme: str = "classic"
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
    weights: str | None = None
    legend: bool = True
    steps: int = 3
    table: bool = True
    width: str | None = None
    layers: dict[str, LayerHints] = field(default_factory=dict)

    def of(self, path: str) -> LayerHints:
        return self.layers.get(path, _NO_HINTS)

    def bound(self) -> FigureSettings:
        """These settings without generic units: a letter stands for no unit in particular, so it has no weights."""
        layers = {
            path: replace(hints, show=tuple(without_letters(show) for show in hints.show))
            for path, hints in self.layers.items()
        }
        return replace(self, layers=layers)

    def but(self, **changes: Any) -> FigureSettings:
        """These settings with others set; None leaves a setting as it is."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


_NO_HINTS: Final = LayerHints()


UNITS: Final = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "px": 25.4 / 96}  # in millimetres


def split_length(text: str) -> tuple[float, str]:
    """`85mm` -> (85.0, "mm"); raises ValueError where it is not a length."""
    match = re.fullmatch(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})?\s*", text)
    if match is None or not 0 < float(match[1]) <= 100_000:
        raise ValueError(text)
    return float(match[1]), match[2] or "px"


def millimetres(text: str) -> float:
    """`8.5cm` -> 85.0; raises ValueError where it is not a length."""
    number, unit = split_length(text)
    return number * UNITS[unit]


def is_length(text: str) -> bool:
    """Whether a text is a width on paper or screen."""
    try:
        split_length(text)
    except ValueError:
        return False
    return True


def without_letters(show: Shown) -> Shown:
    """A list with its generic units left out; dots on both sides of one become one."""
    found: list[Index | Skip] = []
    for entry in show:
        if isinstance(entry, Index) and entry.number is None:
            continue
        if not (isinstance(entry, Skip) and found and isinstance(found[-1], Skip)):
            found.append(entry)
    return tuple(found)
