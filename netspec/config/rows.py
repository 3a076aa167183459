"""Holds the rows of a data source, and takes columns, classes, pictures and characters from them."""

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

DATA = 3  # the exit code of a command whose data are faulty
MOST_FAULTS = 1000  # faults beyond this number are not kept: a list this long already shows what is wrong


class Faults:
    """Collects the faults of the data, so that all are reported before the run starts."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self.found: list[Diagnostic] = list(found)

    def add(self, diagnostic: Diagnostic) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(diagnostic)

    def raise_all(self) -> None:
        """Raise DataError with every fault, in the order of the data; do nothing if there is no fault."""
        if self.found:
            first, *more = sorted(self.found, key=lambda fault: fault.place)
            raise DataError(first, *more)


def asked(span: Span | None) -> tuple[Label, ...]:
    """Return a label for the line of the spec that asks for a value; faults of the data show it as a second place."""
    return () if span is None else (Label(span, "asked"),)


def reject(code: str, span: Span | None, *hints: Hint, **words: Any) -> NoReturn:
    """Raise DataError for a fault after which nothing else can be checked."""
    raise DataError(Diagnostic(code, span, words, hints=hints))


@dataclass(slots=True)
class File:
    """A file that was read; the folder of a run records its name, size and hash."""

    name: str
    bytes: int
    sha256: str


@dataclass(slots=True)
class Pictures:
    """Pictures (rows, maps, height, width), and the smallest and largest value that a pixel can have."""

    values: Array
    low: float
    high: float


@dataclass(slots=True)
class Classes:
    """The number of the class of each row (int64), and the names of the classes."""

    values: Array
    names: tuple[str, ...]


@dataclass(slots=True)
class Texts(Classes):
    """Characters as classes: (rows,) for one long text, or (rows, longest) for many texts with their lengths."""

    lengths: Array | None = None


@dataclass(slots=True)
class Rows:
    """The examples of one source. `tested` is the first row of the test part, if the source brings one."""

    count: int
    name: str  # the name of the source in messages
    tested: int | None = None
    files: list[File] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)  # faults that were found while the source was read

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; empty if the source has no columns."""
        return ()

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        """Return a column as float64, (rows, …); add its faults to `faults`."""
        self.unknown(name, wanted)

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        """Return the classes of a column, or of the source itself if `name` is None; `names` sets their order."""
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
        """Return the picture of each row; each picture must have the size `size` if it is given.

        `resize` is the size that the next step will give to the pictures. Pictures of different sizes fit into one
        array only after they have that size.
        """
        reject("NS806", wanted, what="image", source=self.name)

    def chars(self, column: str | None, alphabet: str | None, wanted: Span | None, faults: Faults) -> Texts:
        """Return the characters of a text, one in each row; or the characters of each cell of a column."""
        if column is not None and column not in self.columns:
            self.unknown(column, wanted)
        reject("NS806", wanted, what="chars", source=self.name)

    def classes_of(
        self, cells: list[str], names: tuple[str, ...] | None, wanted: Span | None, faults: Faults, name: str = "label"
    ) -> Classes:
        """Return the classes of the cells of a column; a cell whose text is not in `names` is a fault (NS817)."""
        codes, known = as_classes(cells, names)
        for row in (codes < 0).nonzero()[0]:
            words = {"value": cells[row], "where": self.where(int(row), name)}
            faults.add(Diagnostic("NS817", None, words, labels=asked(wanted)))
        return Classes(codes, known)

    def pictures_of(
        self, images: Array | None, size: tuple[int, ...] | None, maps: int | None, wanted: Span | None
    ) -> Array:
        """Return pictures (rows, maps, height, width) of one size; raise DataError (NS840) for another size."""
        if images is None:
            reject("NS806", wanted, what="image", source=self.name)
        own, have = images.shape[1], tuple(images.shape[2:])
        if (size is not None and size != have) or maps not in (None, own):
            want = f"{maps or own}@{'x'.join(map(str, size or have))}"
            reject("NS840", wanted, where=self.name, have=f"{own}@{'x'.join(map(str, have))}", want=want)
        return images

    def place(self, row: int, name: str) -> Span | None:
        """Return the place of a value in the file if the source is a text file, else None."""
        return None

    def where(self, row: int, name: str) -> str:
        """Return the place of a value in words, for sources that are not text files."""
        return f"{self.name}[{row}]"

    def unknown(self, name: str, wanted: Span | None) -> NoReturn:
        guess = nearest(name, self.columns)
        hints = [Hint("nearest", {"name": guess})] if guess else []
        if self.columns:
            hints.append(Hint("columns", {"columns": Quoted(self.columns[:30])}))
        reject("NS805", wanted, *hints, name=name, source=self.name)


def as_classes(cells: list[str], names: tuple[str, ...] | None) -> tuple[Array, tuple[str, ...]]:
    """Return the class number of each cell (-1 if `names` lacks it), and the names of the classes.

    Without `names`, the classes are the sorted cells; whole numbers are sorted as numbers, so that 10 follows 9.
    """
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
    """Return NS768, which says that the source has no such column."""
    guess = nearest(name, columns)
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("columns", {"columns": Quoted(columns[:20])}))
    return Diagnostic("NS768", span, {"name": name}, hints=tuple(hints))
