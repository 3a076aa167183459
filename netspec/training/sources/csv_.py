"""CSV text -> rows. Every cell keeps its place in the file, so that a message can show the line."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.config.rows import Classes, Faults, File, Rows, Texts, as_classes, asked, reject
from netspec.config.vocabulary.sources import Csv
from netspec.diagnostics.errors import reason
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.source import SourceFile, Span
from netspec.training.sources.text import characters, shown

if TYPE_CHECKING:
    from netspec.config.rows import Array

# words that mark a missing number
RAGGED = "\0"  # marks the cells of a row with too few or too many cells; text cannot contain it
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "-"))


@dataclass(slots=True)
class Sheet:
    """One file: its text, its rows of cells, and the line in which each row begins."""

    source: SourceFile
    cells: list[list[str]]
    lines: list[int]
    delimiter: str


@dataclass(slots=True)
class CsvRows(Rows):
    header: tuple[str, ...] = ()
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.header

    def _cells(self, name: str, wanted: Span | None) -> list[str]:
        if name not in self.header:
            self.unknown(name, wanted)
        at = self.header.index(name)
        return [row[at] for sheet in self.sheets for row in sheet.cells]

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        import numpy as np

        cells = self._cells(name, wanted)
        try:
            found = np.array(cells, dtype=np.float64)
            if np.isfinite(found).all():
                return found
        except ValueError:
            pass
        found = np.zeros(len(cells))
        for row, cell in enumerate(cells):
            found[row] = self._number(cell, row, name, wanted, faults)
        return found

    def _number(self, cell: str, row: int, name: str, wanted: Span | None, faults: Faults) -> float:
        span = self.place(row, name)
        words = {"value": cell, "column": name}
        labels = asked(wanted)
        if cell is RAGGED:
            return 0.0
        if cell.strip().lower() in MISSING:
            faults.add(Diagnostic("NS808", span, words, labels=labels))
            return 0.0
        try:
            value = float(cell)
        except ValueError:
            hints = (Hint("comma"),) if cell.replace(",", ".", 1).replace(".", "", 1).strip("-+").isdigit() else ()
            faults.add(Diagnostic("NS807", span, words, labels=labels, hints=hints))
            return 0.0
        if not math.isfinite(value):
            faults.add(Diagnostic("NS809", span, words, labels=labels))
            return 0.0
        return value

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is None:
            reject("NS806", wanted, Hint("column"), what="label", source=self.name)
        cells = [cell.strip() for cell in self._cells(name, wanted)]
        counted = [cell for cell in cells if cell != RAGGED and cell.lower() not in MISSING]
        codes, known = as_classes(cells, names or as_classes(counted, None)[1])
        for row, cell in enumerate(cells):
            span, labels = self.place(row, name), asked(wanted)
            words: dict[str, Any] = {"value": cell, "column": name, "classes": Quoted(known[:20])}
            if cell.lower() in MISSING:
                faults.add(Diagnostic("NS808", span, words, labels=labels))
            elif codes[row] < 0 and cell != RAGGED:
                faults.add(Diagnostic("NS810", span, words, labels=labels))
        return Classes(codes, known)

    def chars(self, column: str | None, alphabet: str | None, wanted: Span | None, faults: Faults) -> Texts:
        """Return the characters of each cell, padded to the longest; report empty cells and unknown characters."""
        import numpy as np

        if column is None:
            reject("NS806", wanted, Hint("texts"), what="chars", source=self.name)
        whole = self._cells(column, wanted)
        cells = ["" if cell is RAGGED else cell.strip() for cell in whole]
        lengths = np.array([len(cell) for cell in cells], dtype=np.int64)
        flat, known = characters("".join(cells), alphabet)
        found = np.zeros((len(cells), max(1, int(lengths.max(initial=0)))), dtype=np.int64)
        found[np.arange(found.shape[1]) < lengths[:, None]] = flat
        for row in (row for row in (lengths == 0).nonzero()[0] if whole[row] is not RAGGED):
            missing: Words = {"value": "", "column": column}
            faults.add(Diagnostic("NS808", self.place(int(row), column), missing, labels=asked(wanted)))
        for row, at in np.argwhere(found < 0)[:200]:
            stray: Words = {"sign": shown(cells[row][at]), "count": len(known)}
            faults.add(Diagnostic("NS841", self.place(int(row), column), stray, labels=asked(wanted)))
        return Texts(found, known, lengths)

    def where(self, row: int, name: str) -> str:
        return name  # the excerpt below the message shows the rest

    def place(self, row: int, name: str) -> Span | None:
        for sheet in self.sheets:
            if row < len(sheet.cells):
                return _cell_span(sheet, row, self.header.index(name))
            row -= len(sheet.cells)
        return None


def table_of(data: bytes, source: Csv) -> CsvRows:
    """Read a table from bytes, for example from standard input."""
    faults = Faults()
    text, file = _decoded(data, source.file, source)
    sheet, names = _parse(text, source.file, source, faults)
    return CsvRows(len(sheet.cells), source.file, None, [file], faults.found, names, [sheet])


def open_csv(source: Csv, find: Path, test: Path | None) -> CsvRows:
    """Read the file and that of the test part. Raises NetspecError, with all ragged rows, if it is not a table."""
    faults = Faults()
    sheets, files = [], []
    header: tuple[str, ...] = ()
    for path, written in ((find, source.file), (test, source.test)):
        if path is None or written is None:
            continue
        text, file = _read(path, written, source)
        sheet, names = _parse(text, written, source, faults)
        if header and names != header:
            reject("NS812", source.at("test"), file=written, columns=Quoted(names[:20]), wanted=Quoted(header[:20]))
        header = names
        sheets.append(sheet)
        files.append(file)
    count = sum(len(sheet.cells) for sheet in sheets)
    tested = len(sheets[0].cells) if len(sheets) > 1 else None
    return CsvRows(count, source.file, tested, files, faults.found, header, sheets)


def _read(path: Path, written: str, source: Csv) -> tuple[str, File]:
    try:
        data = path.read_bytes()
    except OSError as error:
        reject("NS801", source.at("file"), file=written, reason=reason(error))
    return _decoded(data, written, source)


def _decoded(data: bytes, written: str, source: Csv) -> tuple[str, File]:
    try:
        text = data.decode(source.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        reject("NS802", source.at("file"), file=written, encoding=source.encoding, line=str(line))
    if "\0" in text:
        reject("NS803", source.at("file"), file=written, kind="csv")
    return text.removeprefix("\ufeff"), File(written, len(data), hashlib.sha256(data).hexdigest())


def _parse(text: str, written: str, source: Csv, faults: Faults) -> tuple[Sheet, tuple[str, ...]]:
    sheet = Sheet(SourceFile(written, text), [], [], source.delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter, skipinitialspace=True)
    header = source.names
    line = 1
    try:
        for cells in reader:
            begin, line = line, reader.line_num + 1
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue  # an empty line
            if header is None:
                header = _header(cells, written, sheet, begin, source)
                continue
            if len(cells) != len(header):
                words = {"given": len(cells), "wanted": len(header)}
                faults.add(Diagnostic("NS804", _line_span(sheet.source, begin), words))
                cells = [RAGGED] * len(header)  # reported once; its cells are not checked further
            sheet.cells.append(cells)
            sheet.lines.append(begin)
    except csv.Error as error:
        reject("NS814", _line_span(sheet.source, line), reason=str(error))
    if header is None or not sheet.cells:
        reject("NS811", source.at("file"), file=written)
    return sheet, header


def _header(cells: list[str], written: str, sheet: Sheet, line: int, source: Csv) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or "" in names:
        reject("NS815", _line_span(sheet.source, line), name=doubled[0] if doubled else "", file=written)
    return names


def _line_span(source: SourceFile, line: int) -> Span:
    line = min(line, source.lines)
    start = source.start(line)
    return Span(source, start, start + max(1, len(source.line(line))))


def _cell_span(sheet: Sheet, row: int, column: int) -> Span:
    """Return the place of one cell, by reading its line up to the cell again."""
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
