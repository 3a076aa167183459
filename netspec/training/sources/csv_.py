"""CSV text -> rows whose every cell keeps its place, so that a fault is shown in the file's own line.

What the spec does not say of a table (its encoding, what separates cells, whether the first line names the columns) is
found here, said once as a note, and kept in the run.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import itertools
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from netspec import files
from netspec.config.dates import looks_like_dates
from netspec.config.rows import FURTHER, Classes, Faults, File, Rows, Texts, as_classes, asked, reject
from netspec.config.vocabulary.sources import Csv
from netspec.diagnostics.errors import DataError, reason
from netspec.diagnostics.model import Diagnostic, Hint, Label, Phrase, Quoted, Words
from netspec.source import SourceFile, Span
from netspec.training.sources.kinds import HEAD, hint_of, reject_kind
from netspec.training.sources.text import characters, shown

if TYPE_CHECKING:
    from netspec.config.rows import Array

RAGGED = "\0"  # stands for the cells of a row that has too few or too many; no text holds it
# what a cell may say where a value is missing; the last ones are what spreadsheets write where a formula fails
MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "?", "-", "--")
    + ("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#spill!", "#calc!")
)
DELIMITERS = "\t;|,"  # in this order where several divide the rows equally well: cells hold commas more often than tabs
FEW = 50  # names of columns that a message can show
SAMPLE = 1 << 16  # characters from which the delimiter is found
Row = tuple[str, ...]


@dataclass(slots=True)
class Sheet:
    """One file: its text, its rows of cells, and the line each row begins in.

    A small file may have very many rows: rows that say the same are one tuple.
    """

    source: SourceFile
    delimiter: str
    cells: list[Row] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("Q"))


@dataclass(slots=True)
class Head:
    """The columns of a table.

    names: every column's name as the file has it, "" for one without a name.
    kept: the columns that fields can take, each with its position among the cells.
    listed: whether the first row names them.
    line: the line of the first row.
    renamed: whether names were made, since the file has one twice or a column without a name.
    """

    names: tuple[str, ...]
    kept: dict[str, int]
    listed: bool
    line: int = 1
    renamed: bool = False


@dataclass(slots=True)
class CsvRows(Rows):
    head: Head = field(default_factory=lambda: Head((), {}, True))
    sheets: list[Sheet] = field(default_factory=list)
    source: Csv = field(default_factory=lambda: Csv(file=""))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.head.kept)

    def texts(self, name: str, wanted: Span | None) -> list[str]:
        if name not in self.head.kept:
            self.unknown(name, wanted)
        at = self.head.kept[name]
        return [row[at].strip() for sheet in self.sheets for row in sheet.cells]

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        import numpy as np

        cells = self.texts(name, wanted)
        values: dict[str, float] = {}
        for cell in set(cells):
            try:
                number = float(plain_number(cell, self.source))
                values[cell] = number if math.isfinite(number) else math.inf
            except ValueError:
                values[cell] = -math.inf
            if is_missing(cell):
                values[cell] = math.nan
        values[RAGGED] = 0.0
        found = np.fromiter(map(values.__getitem__, cells), np.float64, len(cells))
        if not self.filled:
            faults.add_each(np.argwhere(np.isnan(found)), lambda at: self._missing(at[0], name, wanted))

        def infinite(at: Any) -> Diagnostic:
            words: Words = {"value": cells[at[0]], "column": name}
            return Diagnostic("NS809", self.place(at[0], name), words, labels=asked(wanted))

        faults.add_each(np.argwhere(found == math.inf), infinite)
        wrong = np.argwhere(found == -math.inf)
        if len(wrong):
            model = self._no_number(wrong[0][0], name, cells, wanted)
            faults.add_each(wrong, lambda at: model._replace(span=self.place(at[0], name)))
        return np.where(np.isinf(found), 0.0, found) if self.filled else np.nan_to_num(found, posinf=0.0, neginf=0.0)

    def _missing(self, row: int, name: str, wanted: Span | None, kind: str = "fill") -> Diagnostic:
        """Return the fault of an empty cell.

        Parameters:
            kind: the step that the help proposes for the column: `fill`, `other`, or another word for none.
        """
        words: Words = {"value": "", "column": name}
        drop = Hint("drop", {"source": self.source.written(missing="drop")})
        stand = {"fill": Hint("fill", {"name": name}), "other": Hint("other", {"name": name})}.get(kind)
        hints = self.advice(*([drop] if stand is None else [stand, drop]))
        return Diagnostic("NS808", self.place(row, name), words, labels=self._asking(wanted, hints), hints=hints)

    def _no_number(self, row: int, name: str, cells: list[str], wanted: Span | None) -> Diagnostic:
        """Return the diagnostic of a cell that is not a number; a hint is given only if it mends the whole column."""
        given = [other for other in cells if other != RAGGED and not is_missing(other)]
        changes = number_form(given, self.source)
        if changes:
            changes = self._form_of_all(changes)
        hints = self.advice(Hint("names"))
        if changes:
            hints = self.advice(Hint("form", {"source": self.source.written(**changes)})) or (Hint("trained"),)
        elif looks_like_dates(given):
            hints = self.advice(Hint("date"))
        elif 2 * sum(not is_number(other, self.source) for other in given) > len(given):
            hints = self.advice(Hint("words"))
        words: Words = {"value": cells[row], "column": name}
        return Diagnostic("NS807", self.place(row, name), words, labels=self._asking(wanted, hints), hints=hints)

    def _form_of_all(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the options with which a column is numbers, and others that are written in a like way."""
        found = dict(changes)
        for name in self.wanted:
            if name in self.head.kept:
                cells = [cell for cell in self.texts(name, None) if cell != RAGGED and not is_missing(cell)]
                more = number_form(cells, self.source)
                if all(found.get(key, value) == value for key, value in more.items() if key != "units"):
                    units = tuple(sorted({*found.get("units", ()), *more.get("units", ())}))
                    found |= more | ({"units": units} if units else {})
        return found

    def _asking(self, wanted: Span | None, hints: tuple[Hint, ...]) -> tuple[Label, ...]:
        """Return labels for the line of the spec that reads a cell, and for the source where a hint changes it."""
        place = self.source.at()
        change = place is not None and any("source" in hint.words for hint in hints)
        return asked(wanted) + ((Label(place, "table"),) if change and place is not None else ())

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        import numpy as np

        if name is None:
            reject("NS806", wanted, Hint("column"), what="label", source=self.name)
        cells = self.texts(name, wanted)
        counted = [cell for cell in cells if cell != RAGGED and not is_missing(cell)]
        codes, known = as_classes(cells, names or as_classes(counted, None)[1])
        if self.filled:
            return Classes(codes, known)

        def unknown(at: Any) -> Diagnostic:
            words: Words = {"value": cells[at[0]], "column": name, "classes": Quoted(known[:20])}
            hints = (Hint("known" if self.new else "correct"), Hint("other", {"name": name}))
            return Diagnostic("NS810", self.place(at[0], name), words, labels=asked(wanted), hints=hints)

        missing = {cell for cell in set(cells) if is_missing(cell)}
        gaps = np.fromiter(map(missing.__contains__, cells), bool, len(cells))
        strays = (codes < 0) & ~gaps & np.fromiter((cell != RAGGED for cell in cells), bool, len(cells))
        faults.add_each(np.argwhere((codes < 0) & gaps), lambda at: self._missing(at[0], name, wanted, "other"))
        faults.add_each(np.argwhere(strays), unknown)
        return Classes(codes, known)

    def chars(self, column: str | None, alphabet: str | None, wanted: Span | None, faults: Faults) -> Texts:
        """The characters of each cell, padded to the longest; empty cells and unknown characters are faults."""
        import numpy as np

        if column is None:
            reject("NS806", wanted, Hint("texts"), what="chars", source=self.name)
        whole = self.texts(column, wanted)
        cells = ["" if cell == RAGGED else cell for cell in whole]
        lengths = np.array([len(cell) for cell in cells], dtype=np.int64)
        flat, known = characters("".join(cells), alphabet)
        found = np.zeros((len(cells), max(1, int(lengths.max(initial=0)))), dtype=np.int64)
        found[np.arange(found.shape[1]) < lengths[:, None]] = flat
        empty = np.array([not cell for cell in whole], dtype=bool)
        faults.add_each(np.argwhere(empty), lambda at: self._missing(at[0], column, wanted, "drop"))

        def stray(at: Any) -> Diagnostic:
            words: Words = {"sign": shown(cells[at[0]][at[1]]), "count": len(known)}
            return Diagnostic("NS841", self.place(int(at[0]), column), words, labels=asked(wanted))

        faults.add_each(np.argwhere(found < 0), stray)
        return Texts(found, known, lengths)

    def misses(self, cell: str) -> bool:
        return is_missing(cell)

    @property
    def header(self) -> Span | None:
        return _line_span(self.sheets[0].source, self.head.line) if self.sheets else None

    def form_hints(self) -> tuple[Hint, ...]:
        columns = self.columns
        signs = [sign for sign in DELIMITERS if len(columns) == 1 and sign in columns[0]]
        if signs:
            text = self.source.written(delimiter=signs[0])
            return self.advice(Hint("divided", {"sign": signs[0].replace("\t", "\\t"), "source": text}))
        if self.head.listed or self.source.names is not None:
            return ()
        names = self.wanted if len(self.wanted) == len(columns) else columns
        texts = [self.source.written(names=names), self.source.written(header="first")]
        return self.advice(Hint("unnamed", {"source": texts[0]}), Hint("listed", {"source": texts[1]}))

    def leave_out(self, columns: Iterable[str]) -> None:
        """Leave out the rows that have a missing cell in one of these columns, and note how many there are."""
        positions = [self.head.kept[name] for name in dict.fromkeys(columns) if name in self.head.kept]
        if not positions:
            return
        lines: list[int] = []
        gaps: set[int] = set()
        for number, sheet in enumerate(self.sheets):
            kept = []
            for row, cells in enumerate(sheet.cells):
                empty = [at for at in positions if is_missing(cells[at])]
                gaps.update(empty)
                if empty:
                    lines.append(sheet.lines[row])
                else:
                    kept.append(row)
            if not kept:
                reject("NS789", self.source.at("missing"), file=sheet.source.name)
            sheet.cells = [sheet.cells[row] for row in kept]
            sheet.lines = array("Q", (sheet.lines[row] for row in kept))
            if number == 0 and self.tested is not None:
                self.tested = len(kept)
        if lines:
            names = tuple(self.head.names[at] for at in sorted(gaps))
            words: Words = {
                "count": len(lines),
                "rows": self.count,
                "columns": Quoted(names[:10]),
                "lines": ", ".join(map(str, lines[:10])) + (" …" if len(lines) > 10 else ""),
            }
            self.notes.append(Diagnostic("NS868", self.source.at("missing"), words, severity="note"))
        self.count -= len(lines)

    def where(self, row: int, name: str) -> str:
        return name  # the excerpt shows the rest

    def place(self, row: int, name: str) -> Span | None:
        for sheet in self.sheets:
            if row < len(sheet.cells):
                return _cell_span(sheet, row, self.head.kept[name])
            row -= len(sheet.cells)
        return None


# ---- what a cell says


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


_COMMA = str.maketrans(",.", ".,")  # a point where decimals have a comma makes the cell no number


def plain_number(cell: str, source: Csv) -> str:
    """Return a cell as Python writes numbers: without units and separators of thousands, with a decimal point."""
    for unit in source.units:
        cell = cell.replace(unit, "")
    if source.thousands is not None:
        cell = re.sub(rf"(?<=\d){re.escape(source.thousands)}(?=\d{{3}}(?!\d))", "", cell)
    return cell.translate(_COMMA).strip() if source.decimal == "," else cell.strip()


def number_of(cell: str, source: Csv) -> float | None:
    """Return the number that a cell says as the table writes numbers; None if it says none, or an infinite one."""
    try:
        number = float(plain_number(cell, source))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_number(cell: str, source: Csv) -> bool:
    """Whether a cell is a finite number as the table writes it; a missing one is not."""
    return number_of(cell, source) is not None


_UNIT = re.compile(
    r"(?P<before>[^\w\s.,+-]|[A-Z]{2,3}\$?|Rs\.?|)\s*"
    r"(?P<digits>[+-]?\s*\d[\d.,\u00a0\u202f' ]*?)\s*"
    r"(?P<after>[^\d\s.,+-]{0,6})"
)


def number_form(cells: Iterable[str], source: Csv) -> dict[str, Any]:
    """Return the options of a table with which all of these cells are numbers; empty if they are, or nothing helps.

    A unit is one text before or behind the digits of most cells; separators of thousands divide groups of three.
    """
    counted = cells if isinstance(cells, Counter) else Counter(cells)
    if all(is_number(cell, source) for cell in counted):
        return {}
    found = {match: count for cell, count in counted.items() if (match := _UNIT.fullmatch(cell.strip()))}
    if len(found) < len(counted):
        return {}
    units: tuple[str, ...] = ()
    for side in ("before", "after"):
        given: Counter[str] = Counter()
        for match, count in found.items():
            given[match[side]] += count
        bare = given.pop("", 0)
        if len(given) > 1 or 0 < given.total() <= bare:
            return {}
        units += tuple(given)
    plain = [match["digits"] for match in found]
    for decimal in dict.fromkeys((source.decimal, ".", ",")):
        for thousands in (source.thousands, ",", ".", "'", " ", "\u00a0", "\u202f"):
            if thousands != decimal and _all_numbers(plain, decimal, thousands):
                changes = {"decimal": decimal, "thousands": thousands}
                own: dict[str, Any] = {key: value for key, value in changes.items() if value != getattr(source, key)}
                return own | ({"units": tuple(dict.fromkeys((*source.units, *units)))} if units else {})
    return {}


def _all_numbers(cells: list[str], decimal: str, thousands: str | None) -> bool:
    """Whether all cells are numbers with this decimal sign; separators of thousands divide groups of three."""
    whole = r"\d+" if thousands is None else rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
    number = re.compile(rf"[+-]?\s*(?:{whole})?(?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?")
    return all(number.fullmatch(cell) for cell in cells)


# ---- files -> rows


def table_of(data: bytes, source: Csv, delimiter: str | None = None) -> CsvRows:
    """The rows of a table that is at hand, such as standard input's, for a trained net.

    A table whose columns are named by the spec may lack the last ones, such as the target. `delimiter` is what the run
    found in its own table: new rows may be divided by another sign.
    """
    return _rows([(data, source.file)], source, "fewer", delimiter)


# what becomes of columns' names: they must be those of the spec; the last ones may be missing; bad ones are made anew
Naming = Literal["strict", "fewer", "distinct"]


def open_csv(source: Csv, find: Path, test: Path | None, naming: Naming = "strict") -> CsvRows:
    """Reads the file, and the test part's; raises NetspecError for what is no table, all ragged rows at once."""
    read = [(_read(find, source.file, source, "file"), source.file)]
    if test is not None and source.test is not None:
        read.append((_read(test, source.test, source, "test"), source.test))
    return _rows(read, source, naming)


def _read(path: Path, written: str, source: Csv, option: str) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        reject("NS801", source.at(option), file=written, reason=reason(error))


def _rows(read: list[tuple[bytes, str]], source: Csv, naming: Naming, recorded: str | None = None) -> CsvRows:
    faults = Faults()
    rows = CsvRows(0, source.file, source=source)
    found: dict[str, Words] = {}
    delimiter = source.delimiter or recorded
    for data, written in read:
        text, encoding = decoded(data, written, source)
        if encoding != "utf-8" and source.encoding is None:
            found["encoding"] = {"encoding": encoding}
        rows.files.append(File(written, len(data), hashlib.sha256(data).hexdigest()))
        first = text.lstrip().partition("\n")[0]
        if delimiter is None or (source.delimiter is None and recorded and recorded not in first):
            other = find_delimiter(text)
            if other != (delimiter or ","):
                found["delimiter"] = {"delimiter": other.replace("\t", "\\t")}
            delimiter = other
        sheet = Sheet(SourceFile(written, text), delimiter)
        head = _take_rows(sheet, source, faults, found, naming)
        if rows.sheets and tuple(head.kept) != rows.columns:
            columns, wanted = Quoted(tuple(head.kept)[:20]), Quoted(rows.columns[:20])
            reject("NS812", source.at("test"), file=written, columns=columns, wanted=wanted)
        rows.head = head
        rows.sheets.append(sheet)
    rows.count = sum(len(sheet.cells) for sheet in rows.sheets)
    rows.tested = len(rows.sheets[0].cells) if len(rows.sheets) > 1 else None
    rows.faults = faults.found
    rows.form = {"delimiter": delimiter, "header": "first" if rows.head.listed else "none"}
    if not rows.head.listed:
        rows.form["names"] = list(rows.head.names)
    if found:
        rows.notes.append(_note(source, found))
    return rows


def _note(source: Csv, found: dict[str, Words]) -> Diagnostic:
    """Return what netspec found about a table by itself: one note, with the option that says the same."""
    hints = (Hint("encoding"), Hint("delimiter"), Hint("header"), Hint("index"), Hint("empty"))
    told = tuple(hint._replace(words=found[hint.text]) for hint in hints if hint.text in found)
    words: Words = {"file": source.file}
    return Diagnostic("NS858", source.at("file"), words, hints=told, severity="note")


def decoded(data: bytes, written: str, source: Csv) -> tuple[str, str]:
    """Return the text of a file without a mark at its beginning, and its encoding."""
    if hint_of(data[:HEAD], data[-HEAD:], written) is not None:
        reject_kind(data, written, "csv", source.at("file"))
    if source.encoding is not None:
        encodings = [source.encoding]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8", "cp949"]
    first: Exception | None = None
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            first = first or error
            continue
        if "\0" in text:
            _reject_nul(data, text, written, source)
        # A carriage return alone ends a line, too, as old Macs wrote it: places in the file are counted by line feeds.
        return re.sub(r"\r(?!\n)", "\n", text.removeprefix("\ufeff")), encoding
    line = data.count(b"\n", 0, getattr(first, "start", 0)) + 1
    guess = "latin-1"
    with contextlib.suppress(UnicodeDecodeError):
        guess = "cp949" if re.search("[가-힣]", data.decode("cp949")) else guess
    hint = Hint("encoding", {"source": source.written(encoding=guess)})
    reject("NS802", source.at("file"), hint, file=written, encoding=encodings[0], line=str(line))
    return None


def _reject_nul(data: bytes, text: str, written: str, source: Csv) -> NoReturn:
    """Raise DataError NS803 for a text with NUL: at its place, or with the encoding where every second byte is one."""
    for encoding, zeros in (("utf-16-le", data[1:HEAD:2]), ("utf-16-be", data[:HEAD:2])):
        if 2 * zeros.count(0) > len(zeros):
            hint = Hint("utf_16", {"source": source.written(encoding=encoding)})
            reject("NS803", source.at("file"), hint, file=written, kind="csv")
    at = text.index("\0")
    reject("NS803", Span(SourceFile(written, text), at, at + 1), Hint("nul"), file=written, kind="csv")


def find_delimiter(text: str) -> str:
    """Return the sign that divides the most rows into the same number of cells, two at least; a comma if none does."""
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, most = ",", 0.5
    for sign in DELIMITERS:
        try:
            counts = Counter(len(cells) for cells, _ in records(sample, sign))
        except csv.Error:
            continue
        (width, rows), *_ = counts.most_common(1) or [(0, 0)]
        if width > 1 and rows / counts.total() > most:
            best, most = sign, rows / counts.total()
    return best


def records(text: str, delimiter: str) -> Iterator[tuple[Row, int]]:
    """Yield the rows of a text, each with the line that it begins in; rows without any content are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t")
    line = 1
    for cells in reader:
        begin, line = line, reader.line_num + 1
        if any(map(str.strip, cells)):
            yield tuple(cells), begin


def _take_rows(sheet: Sheet, source: Csv, faults: Faults, found: dict[str, Words], naming: Naming) -> Head:
    """Read the rows of a sheet, and return its columns; rows with another number of cells are faults (NS804)."""
    rows, lines = sheet.cells, sheet.lines
    known: dict[Row, Row] = {}
    try:
        for row, begin in records(sheet.source.text, sheet.delimiter):
            rows.append(known.setdefault(row, row))
            lines.append(begin)
    except csv.Error as error:
        line = lines[-1] + 1 if lines else 1
        reject("NS814", _line_span(sheet.source, line), reason=str(error))
    if not rows:
        reject("NS811", source.at("file"), Hint("empty"), file=sheet.source.name)
    text, end = sheet.source.text, rows[-1][-1]
    at = len(text) - len(end) - 1
    if text.endswith(f'"{end}') and (at == 0 or text[at - 1] in f"\n {sheet.delimiter}"):  # a quote opens the last cell
        reject("NS814", Span(sheet.source, at, at + 1), reason=Phrase("reason quote"))
    listed = source.header == "first" or (source.header is None and _is_header(rows, source))
    if not listed and source.header is None and source.names is None:
        found["header"] = {"names": Quoted(_made_up(rows[0])[:3])}
    head = _head(sheet, listed, source, found, naming)
    below, first = _names_below(sheet), lines[0]
    if listed:
        del rows[0], lines[0]
    ragged = (RAGGED,) * len(head.names)
    alike: Counter[tuple[int, int | None]] = Counter()  # rows for which the same is said; only shown faults are made
    last: dict[tuple[int, int | None], Diagnostic] = {}
    quotes = '"' in text
    for at, row in enumerate(rows):
        if len(row) != len(ragged):
            kind = len(row), at if quotes and '"' in sheet.source.line(lines[at]) else None
            alike[kind] += 1
            if alike[kind] <= FURTHER + 1:
                last[kind] = _ragged(sheet, row, lines[at], len(ragged))
                faults.add(last[kind])
            rows[at] = ragged  # said once: its cells are looked at no more
    for kind, count in alike.items():
        if count > FURTHER + 1:
            faults.add(last[kind], count - FURTHER - 1)
    if not rows:
        reject("NS811", source.at("file"), file=sheet.source.name)
    if all(row is ragged for row in rows):  # nothing else can be said of the table
        if below:
            words: dict[str, Any] = {"file": sheet.source.name, "fault": Phrase("columns title"), "names": Quoted(())}
            reject("NS815", _line_span(sheet.source, first), Hint("title", {"line": below}), **words)
        raise DataError(*faults.found, *([_note(source, found)] if found else []))
    return head


def _ragged(sheet: Sheet, row: Row, begin: int, wanted: int) -> Diagnostic:
    """Return the fault of a row with too few or too many cells, at the quote that swallows others if there is one."""
    words: Words = {"given": len(row), "wanted": wanted, "sign": sheet.delimiter.replace("\t", "\\t")}
    span = _line_span(sheet.source, begin)
    quotes = span.text.count('"')
    if quotes % 2 and (any("\n" in cell for cell in row) or (quotes == 1 and len(row) < wanted)):
        at = span.start + span.text.rindex('"')
        return Diagnostic("NS804", Span(sheet.source, at, at + 1), words, hints=(Hint("quote"),))
    return Diagnostic("NS804", span, words, hints=(Hint("more" if len(row) > wanted else "fewer"),))


_NUMERIC = re.compile(r"[^\w\s]{0,2}\s*[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?\s*[^\w\s]{0,2}")


def _is_header(rows: list[Row], source: Csv) -> bool:
    """Whether the first row names the columns, which it does unless it has numbers where only numbers follow.

    Whole numbers that grow by equal steps are names: 0, 1, 2 or 2001, 2002, 2003.
    """
    first, *rest = ([cell.strip() for cell in row] for row in rows[:1000])
    if source.names is not None and tuple(first) != source.names:
        return False
    numeric = [at for at, cell in enumerate(first) if _NUMERIC.fullmatch(cell)]
    if not numeric or not rest or _grows([first[at] for at in numeric]):
        return True
    for at, cell in enumerate(first):
        below = [row[at] for row in rest if at < len(row) and not is_missing(row[at])]
        numbers = bool(below) and all(map(_NUMERIC.fullmatch, below))
        if numbers != (at in numeric) and not is_missing(cell) and below:
            if numbers:  # a name above a column of numbers
                return True
            numeric.remove(at)
    return not numeric


def _names_below(sheet: Sheet) -> int | None:
    """Return the later line that names the columns, where what stands above it is a title."""
    rows = sheet.cells
    width = Counter(map(len, rows[:1000])).most_common(1)[0][0]
    for row, line in zip(rows[1:10], sheet.lines[1:10], strict=True):
        plain = [cell.strip() for cell in row]
        named = len(set(plain)) == len(plain) == width > 1 and all(plain)
        if named and not any(map(_NUMERIC.fullmatch, plain)) and tuple(plain) != rows[0]:
            return line
    return None


def _grows(cells: list[str]) -> bool:
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    steps = {int(right) - int(left) for left, right in itertools.pairwise(cells)}
    return len(steps) == 1 and 0 < steps.pop() <= (1 if len(cells) == 2 else math.inf)


def _made_up(first: Row) -> tuple[str, ...]:
    """Return names for the columns of a table that names none."""
    return tuple(f"column{number + 1}" for number in range(len(first)))


def _head(sheet: Sheet, listed: bool, source: Csv, found: dict[str, Words], naming: Naming) -> Head:
    first, line = sheet.cells[0], sheet.lines[0]
    body = sheet.cells[1:] if listed else sheet.cells
    names = tuple(name.strip() for name in first) if listed else _made_up(first)
    width = Counter(map(len, body)).most_common(1)[0][0] if body else len(names)
    if listed and width == len(names) + 1:
        # every row has one cell more than the first line: an empty one at the end, or the rows' numbers before it
        trailing = all(not row[-1].strip() for row in body if len(row) == width)
        names = (*names, "") if trailing else ("", *names)
    if source.names is not None:
        names = source.names[:width] if naming == "fewer" else source.names
    kept = {name: at for at, name in enumerate(names) if name}
    doubled = sorted(name for name, count in Counter(names).items() if name and count > 1)
    nameless = [at for at, name in enumerate(names) if not name]
    empty = [at for at in nameless if all(at >= len(row) or not row[at].strip() for row in body)]
    if 0 in nameless and 0 not in empty:
        found["index"] = {}
    if empty:
        found["empty"] = {"count": len(empty)}
    if doubled or set(nameless) - {0, *empty}:
        below = _names_below(sheet)
        if naming == "distinct" and not below:
            names = distinct(names)
            return Head(names, {name: at for at, name in enumerate(names)}, listed, line, True)
        hint = Hint("title", {"line": below}) if below else Hint("line")
        if not below and len(names) <= FEW:
            hint = Hint("names", {"source": source.written(names=distinct(names), header="first")})
        fault = (Phrase("columns twice"), f"`{doubled[0]}`") if doubled else Phrase("columns nameless")
        reject("NS815", _line_span(sheet.source, line), hint, file=sheet.source.name, fault=fault, names=Quoted(names))
    return Head(names, kept, listed, line)


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of columns of which each is there once: a later one gets a number, one without a name its place."""
    found: dict[str, int] = {}  # with the number that a further one of this name begins to look from
    for at, name in enumerate(names):
        name = name or f"column{at + 1}"
        unique, number = name, found.get(name, 2)
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found[unique] = 2
        found[name] = number
    return tuple(found)


def _line_span(source: SourceFile, line: int) -> Span:
    line = min(line, source.lines)
    start = source.start(line)
    return Span(source, start, start + max(1, len(source.line(line))))


def _cell_span(sheet: Sheet, row: int, column: int) -> Span:
    """The place of one cell, found by reading its line's text again up to it."""
    source = sheet.source
    start = source.start(sheet.lines[row])
    quoted = False
    at = start
    seen = 0
    begin = start
    while at < len(source.text):
        character = source.text[at]
        if character == '"':
            quoted = not quoted
        elif not quoted and (character == sheet.delimiter or character in "\r\n"):
            if seen == column:
                break
            seen, begin = seen + 1, at + 1
            if character in "\r\n":
                break
        at += 1
    while begin < at and source.text[begin] == " ":
        begin += 1
    return Span(source, begin, max(at, begin + 1))
