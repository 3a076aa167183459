"""Bytes on disk -> SourceFile: the text of one `.net` file, and places (spans) in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(eq=False, repr=False, slots=True)
class SourceFile:
    """One `.net` text. `name` is what messages call it; `path` is None for text from memory."""

    name: str
    text: str
    path: Path | None = None
    _starts: list[int] = field(default_factory=list)

    def _line_starts(self) -> list[int]:
        if not self._starts:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a character offset; both count from 1, and columns count characters."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of a line without its line end; lines count from 1."""
        starts = self._line_starts()
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def start(self, number: int) -> int:
        """Return the offset at which a line begins; lines count from 1."""
        return self._line_starts()[number - 1]

    @property
    def lines(self) -> int:
        return len(self._line_starts())

    def span(self, at: tuple[int, int]) -> Span:
        return Span(self, at[0], at[1])


class Span(NamedTuple):
    """A half-open range of characters `[start, end)` of one source."""

    source: SourceFile
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"
