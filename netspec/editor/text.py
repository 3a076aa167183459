"""Positions of an editor (line, and units of UTF-8, -16 or -32 in it) <-> offsets of characters in a text."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_ENDS = re.compile("\r\n|\n|\r")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Text:
    """One version of a document. Lines end where the protocol says so, also after a lone carriage return."""

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self._starts = [0, *(match.end() for match in _ENDS.finditer(text))]

    def position(self, offset: int) -> dict[str, int]:
        """Return the position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        return {"line": line, "character": self._units(self.text[self._starts[line] : offset])}

    def range(self, start: int, end: int) -> dict[str, dict[str, int]]:
        return {"start": self.position(start), "end": self.position(end)}

    def offset(self, position: Any) -> int:
        """Return the offset of a position; one beyond the line or the text is the end of these."""
        line = max(0, int(position["line"]))
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        row = self.text[start:end].rstrip("\r\n")
        units = max(0, int(position["character"]))
        if row.isascii() or self.encoding == "utf-32":
            return start + min(units, len(row))
        for place, letter in enumerate(row):
            if units <= 0:
                return start + place
            units -= self._units(letter)
        return start + len(row)

    def span(self, range_: Any) -> tuple[int, int]:
        start, end = self.offset(range_["start"]), self.offset(range_["end"])
        return (start, end) if start <= end else (end, start)

    def changed(self, changes: list[Any]) -> Text:
        """Return the text after the content changes of a notification, one after the other."""
        found = self
        for change in changes:
            if change.get("range") is None:
                found = Text(str(change["text"]), self.encoding)
            else:
                start, end = found.span(change["range"])
                found = Text(found.text[:start] + str(change["text"]) + found.text[end:], self.encoding)
        return found

    def _units(self, text: str) -> int:
        if text.isascii():
            return len(text)
        name, size = _UNITS[self.encoding]
        return len(text.encode(name, "surrogatepass")) // size
