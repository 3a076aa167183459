"""A text -> a row for each character, in order; `window` then cuts sequences from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import files
from netspec.config.rows import Faults, File, Rows, Texts, asked, reject
from netspec.config.vocabulary.sources import Text
from netspec.diagnostics.errors import reason
from netspec.diagnostics.model import Diagnostic, Words
from netspec.source import SourceFile, Span
from netspec.training.sources.kinds import HEAD, hint_of, reject_kind

if TYPE_CHECKING:
    from netspec.config.rows import Array


@dataclass(slots=True)
class TextRows(Rows):
    parts: list[SourceFile] = field(default_factory=list)

    def chars(self, column: str | None, alphabet: str | None, wanted: Span | None, faults: Faults) -> Texts:
        """Every character's number; one that the alphabet lacks is a fault at its line and column."""
        import numpy as np

        if column is not None:
            self.unknown(column, wanted)
        codes, known = characters("".join(part.text for part in self.parts), alphabet)

        def fault(at: Any) -> Diagnostic:
            span = self.place(int(at[0]), "")
            assert span is not None
            words: Words = {"sign": shown(span.text), "count": len(known)}
            return Diagnostic("NS841", span, words, labels=asked(wanted))

        faults.add_each(np.argwhere(codes < 0), fault)
        return Texts(codes, known)

    def place(self, row: int, name: str) -> Span | None:
        for part in self.parts:
            if row < len(part.text):
                return Span(part, row, row + 1)
            row -= len(part.text)
        return None


def characters(text: str, alphabet: str | None) -> tuple[Array, tuple[str, ...]]:
    """Return the numbers of a text's characters (-1 for those not in the alphabet), and the alphabet."""
    import numpy as np

    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    known = tuple(alphabet) if alphabet is not None else tuple(chr(point) for point in np.unique(points))
    if not known:
        return np.zeros(0, dtype=np.int64), ()
    table = np.full(max(int(points.max(initial=0)), max(map(ord, known))) + 1, -1, dtype=np.int64)
    table[[ord(sign) for sign in known]] = np.arange(len(known))
    found: Any = table[points]
    return found, known


def open_text(source: Text, path: Path, test: Path | None) -> TextRows:
    """Read the file and that of the test part; every line end becomes a newline."""
    parts, read = [], []
    for option, file in (("file", path), ("test", test)):
        if file is None:
            continue
        written: str = getattr(source, option)
        try:
            data = files.read(file)
        except OSError as error:
            reject("NS801", source.at(option), file=written, reason=reason(error))
        try:
            text = data.decode(source.encoding)
        except (UnicodeDecodeError, LookupError) as error:
            if hint_of(data[:HEAD], b"", written) is not None:
                reject_kind(data, written, "text", source.at(option))
            line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
            reject("NS802", source.at(option), file=written, encoding=source.encoding, line=str(line))
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        if not text:
            reject("NS811", source.at(option), file=written)
        if "\0" in text:
            reject_kind(data, written, "text", source.at(option))
        parts.append(SourceFile(written, text))
        read.append(File(written, len(data), hashlib.sha256(data).hexdigest()))
    tested = len(parts[0].text) if len(parts) > 1 else None
    return TextRows(sum(len(part.text) for part in parts), source.file, tested, read, parts=parts)


def shown(sign: str) -> str:
    """Format a character for a message."""
    return sign if sign.isprintable() and not sign.isspace() else f"U+{ord(sign):04X}"
