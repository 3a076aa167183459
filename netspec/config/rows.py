"""The rows of a data source: how columns, classes, pictures and characters are taken from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from netspec.diagnostics.errors import DataError
from netspec.diagnostics.model import Diagnostic, Hint, Label, Quoted
from netspec.names import nearest
from netspec.source import Span

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

DATA = 3  # the exit code of faulty data
MOST_FAULTS = 1000


class Faults:
    """Collects the faults of the data, so that all are reported before the run starts."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self.found: list[Diagnostic] = list(found)

    def add(self, diagnostic: Diagnostic) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(diagnostic)

    def raise_all(self) -> None:
        """Raises NetspecError with every fault, in the order of the data."""
        if self.found:
            first, *more = sorted(self.found, key=lambda fault: fault.place)
            raise DataError(first, *more)


def asked(span: Span | None) -> tuple[Label, ...]:
    """The line of the spec that asks for a value, as a further place of a fault."""
    return () if span is None else (Label(span, "asked"),)


def reject(code: str, span: Span | None, *hints: Hint, **words: Any) -> NoReturn:
    """Raises DataError for a fault after which nothing else can be checked."""
    raise DataError(Diagnostic(code, span, words, hints=hints))


@dataclass(slots=True)
class File:
    """A file that was read, as the run's folder records it."""

    name: str
    bytes: int
    sha256: str


@dataclass(slots=True)
class Pictures:
    """Pictures (rows, maps, height, width) and the range of values that they can have."""

    values: Array
    low: float
    high: float


@dataclass(slots=True)
class Classes:
    """The class of each row, int64, and what the classes are called."""

    values: Array
    names: tuple[str, ...]


@dataclass(slots=True)
class Texts(Classes):
    """Characters: (rows,) of one long text, or (rows, longest) of many texts with their lengths."""

    lengths: Array | None = None


@dataclass(slots=True)
class Rows:
    """Examples of one source. `tested` is where rows of its own test part begin."""

    count: int
    name: str  # what messages call it
    tested: int | None = None
    files: list[File] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)  # found while it was read

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns; empty where it has none."""
        return ()

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        """A column as float64, (rows, …); faults are collected."""
        self.unknown(name, wanted)

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        """The classes of a column, or the source's own; `names` gives their order."""
        if name is not None:
            self.unknown(name, wanted)
        reject("NS806", wanted, what="label", source=self.name)

    def pictures(
        self,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
        resize: tuple[int, ...] | None = None,
    ) -> Pictures:
        """The picture of each row; each must have this size where one is given.

        `resize` is the size that the next step will give them: pictures of different sizes can only be put
        together in that one.
        """
        reject("NS806", wanted, what="image", source=self.name)

    def chars(self, column: str | None, alphabet: str | None, wanted: Span | None, faults: Faults) -> Texts:
        """The characters of a text, one a row; or those of a column's cells."""
        if column is not None and column not in self.columns:
            self.unknown(column, wanted)
        reject("NS806", wanted, what="chars", source=self.name)

    def classes_of(
        self, cells: list[str], names: tuple[str, ...] | None, wanted: Span | None, faults: Faults, name: str = "label"
    ) -> Classes:
        """The classes of cells of the column `name`; a cell that `names` lacks is a fault (NS817)."""
        codes, known = as_classes(cells, names)
        for row in (codes < 0).nonzero()[0]:
            words = {"value": cells[row], "where": self.where(int(row), name)}
            faults.add(Diagnostic("NS817", None, words, labels=asked(wanted)))
        return Classes(codes, known)

    def pictures_of(
        self, images: Array | None, size: tuple[int, ...] | None, maps: int | None, wanted: Span | None
    ) -> Array:
        """Pictures (rows, maps, height, width) of one size; raises DataError (NS840) where another is asked for."""
        if images is None:
            reject("NS806", wanted, what="image", source=self.name)
        own, have = images.shape[1], tuple(images.shape[2:])
        if (size is not None and size != have) or maps not in (None, own):
            want = f"{maps or own}@{'x'.join(map(str, size or have))}"
            reject("NS840", wanted, where=self.name, have=f"{own}@{'x'.join(map(str, have))}", want=want)
        return images

    def place(self, row: int, name: str) -> Span | None:
        """The place of a value in the file, for sources that are text files."""
        return None

    def where(self, row: int, name: str) -> str:
        """The place of a value in words, for all other sources."""
        return f"{self.name}[{row}]"

    def unknown(self, name: str, wanted: Span | None) -> NoReturn:
        guess = nearest(name, self.columns)
        hints = [Hint("nearest", {"name": guess})] if guess else []
        if self.columns:
            hints.append(Hint("columns", {"columns": Quoted(self.columns[:30])}))
        reject("NS805", wanted, *hints, name=name, source=self.name)


def as_classes(cells: list[str], names: tuple[str, ...] | None) -> tuple[Array, tuple[str, ...]]:
    """The class number of each cell (-1: not in `names`), and the names; whole numbers sort as numbers."""
    import numpy as np

    known = names
    if known is None:
        distinct = sorted(set(cells))
        if all(_whole(cell) for cell in distinct):
            distinct.sort(key=int)
        known = tuple(distinct)
    index = {name: position for position, name in enumerate(known)}
    return np.array([index.get(cell, -1) for cell in cells], dtype=np.int64), known


def _whole(cell: str) -> bool:
    return cell.lstrip("-").isdigit() and len(cell) < 18


def unknown_column(name: str, columns: tuple[str, ...], span: Span | None) -> Diagnostic:
    """NS768: the source has no such column."""
    guess = nearest(name, columns)
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("columns", {"columns": Quoted(columns[:20])}))
    return Diagnostic("NS768", span, {"name": name}, hints=tuple(hints))
