"""Holds the rows of a data source, and takes columns, classes, pictures and characters from them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from netspec.diagnostics.errors import DataError
from netspec.diagnostics.model import Diagnostic, Hint, Label, Quoted, Words
from netspec.names import nearest
from netspec.source import Span

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FURTHER = 3  # places of a fault that are shown besides the first


class Faults:
    """Collects the faults of the data, so that all are reported before the run starts.

    Faults with the same cause become one, with the first places and the number of all.
    """

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self._causes: dict[Hashable, Diagnostic] = {}
        for diagnostic in found:
            self.add(diagnostic, diagnostic.times)

    def add(self, diagnostic: Diagnostic, times: int = 1) -> None:
        """Add a fault, or `times` faults of which this one is shown.

        The cause is what the fault says and what helps, apart from the value itself: the code, the column or size, the
        line of the spec that asked.
        """
        words = diagnostic.words
        named = tuple(words.get(word) for word in ("column", "given", "name", "want"))
        asking = tuple(label.span for label in diagnostic.labels)
        cause = (diagnostic.code, named, asking, tuple(hint.text for hint in diagnostic.hints))
        first = self._causes.get(cause)
        if first is None:
            self._causes[cause] = diagnostic._replace(times=times)
        else:
            self._causes[cause] = _with_place(first, diagnostic)._replace(times=first.times + times)

    def add_each(self, positions: Array, fault: Callable[[Any], Diagnostic]) -> None:
        """Add the faults at positions (count, axes) of an array; only those that are shown are made."""
        for number, position in enumerate(positions[: FURTHER + 1]):
            self.add(fault(tuple(position)), len(positions) - FURTHER if number == FURTHER else 1)

    @property
    def found(self) -> list[Diagnostic]:
        """The faults, in the order of the data."""
        return sorted(self._causes.values(), key=lambda fault: fault.place)

    def raise_all(self) -> None:
        """Raise DataError with every fault; do nothing if there is no fault."""
        if self._causes:
            raise DataError(*self.found)


def _with_place(first: Diagnostic, other: Diagnostic) -> Diagnostic:
    """Return a fault with the place of another one of the same cause, while there are few."""
    if other.span not in (None, first.span):
        further = [label for label in first.labels if not label.text]
        more = (*first.labels, Label(other.span))
        return first._replace(labels=more) if len(further) < FURTHER else first
    where, own = (next(filter(None, map(one.words.get, ("where", "file", "folder"))), None) for one in (other, first))
    *hints, last = first.hints or (Hint(""),)
    shown: Any = last.words["places"] if last.text == "places" else Quoted(())
    if where in (None, own, *shown.words) or len(shown.words) >= FURTHER:
        return first
    kept = first.hints if not shown.words else tuple(hints)
    return first._replace(hints=(*kept, Hint("places", {"places": Quoted((*shown.words, str(where)))})))


def asked(span: Span | None) -> tuple[Label, ...]:
    """Return a label for the line of the spec that asks for a value; faults of the data show it as a second place."""
    return () if span is None else (Label(span, "asked"),)


def reject(code: str, span: Span | None, *hints: Hint, **words: Any) -> NoReturn:
    """Raise DataError for a fault after which nothing else can be checked."""
    raise DataError(Diagnostic(code, span, words, hints=hints))


# a packed file may unpack to FREE bytes and to TIMES as many as it has; data as people have them stay far below
FREE, TIMES = 32_000_000, 20


def unpacking(file: str, packed: int, unpacked: int, span: Span | None = None) -> Diagnostic | None:
    """Return NS883 if `packed` bytes of a file would become far more; None if they may be unpacked."""
    if unpacked <= FREE + TIMES * packed:
        return None
    words: Words = {"file": file, "packed": f"{packed / 1e6:,.1f} MB", "unpacked": f"{unpacked / 1e6:,.1f} MB"}
    return Diagnostic("NS883", span, words)


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
    notes: list[Diagnostic] = field(default_factory=list)  # what netspec decided by itself, to be said once
    form: dict[str, Any] = field(default_factory=dict)  # how the source is written; new rows are read in the same way
    filled: bool = False  # whether the field stands for missing values itself: then they are NaN, or the class -1
    norm: tuple[int, ...] | None = None  # the size of pictures that the net reads, where no step changes it
    new: bool = False  # whether these are rows for a trained net, whose spec cannot change any more
    wanted: tuple[str, ...] = ()  # the columns that the fields of the spec name, in order

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; empty if the source has no columns."""
        return ()

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        """Return a column as float64, (rows, …); add its faults to `faults`."""
        self.unknown(name, wanted)

    def texts(self, name: str, wanted: Span | None) -> list[str]:
        """Return the cells of a column as the source has them."""
        if name not in self.columns:
            self.unknown(name, wanted)
        reject("NS806", wanted, what="texts", source=self.name)

    def misses(self, cell: str) -> bool:
        """Whether a cell says that its value is missing."""
        return not cell.strip()

    def leave_out(self, columns: Iterable[str]) -> None:
        """Leave out the rows that have a missing value in one of these columns."""

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
        import numpy as np

        codes, known = as_classes(cells, names)

        def fault(at: Any) -> Diagnostic:
            words = {"value": cells[at[0]], "where": self.where(int(at[0]), name)}
            return Diagnostic("NS817", wanted, words)

        if not self.filled:
            faults.add_each(np.argwhere(codes < 0), fault)
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

    def advice(self, *hints: Hint) -> tuple[Hint, ...]:
        """Return hints that change the spec; none for a trained net, whose general help is shown instead."""
        return () if self.new else hints

    @property
    def header(self) -> Span | None:
        """The place in the file that names the columns, if the source is a table."""
        return None

    def form_hints(self) -> tuple[Hint, ...]:
        """Return what helps where the columns are called otherwise than they should be because of how they are read."""
        return ()

    def unknown(self, name: str, wanted: Span | None) -> NoReturn:
        """Raise DataError: the source has no such column. For a trained net the mistake is in the source."""
        spare = [column for column in self.columns if column not in self.wanted]
        guess = nearest(name, spare or self.columns)
        if guess is None and len(spare) == 1 and len(self.wanted) > 1 and not self.new:
            guess = spare[0]
        hints = [] if guess is None else [Hint("named" if self.new else "column", {"guess": guess})]
        hints += self.form_hints()
        if self.columns:
            hints.append(Hint("columns", {"columns": Quoted(self.columns[:30])}))
        place = wanted
        labels: tuple[Label, ...] = () if self.header is None else (Label(self.header, "head"),)
        if self.new and self.header is not None:
            place, labels = self.header, asked(wanted)
        words: Words = {"name": name, "source": self.name}
        raise DataError(Diagnostic("NS805", place, words, labels=labels, hints=tuple(hints)))


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
    hints = [Hint("column", {"guess": guess})] if guess else []
    hints.append(Hint("columns", {"columns": Quoted(columns[:20])}))
    return Diagnostic("NS768", span, {"name": name}, hints=tuple(hints))
