"""Shows texts of unknown origin safely (nothing in them controls the terminal), and lines of a text with carets."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from netspec.source import SourceFile, Span

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe(value: str) -> str:
    """Return a text in which control, direction and invisible characters are replaced by visible codes."""
    if value.isprintable() and value.isascii():
        return value
    shown = []
    for character in value:
        if character == "\t":
            shown.append("    ")
        elif character == "\u00a0":
            shown.append(" ")
        elif unicodedata.category(character) in _HIDDEN:
            shown.append(f"\\u{{{ord(character):x}}}")
        else:
            shown.append(character)
    return "".join(shown)


# characters that a terminal, browser or editor obeys: control characters but tab and line ends, direction marks
_ACTING = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\r(?!\n)"
)


def inert(text: str) -> str:
    """Return the text of a file with visible codes in place of characters that a terminal or browser would obey."""
    return _ACTING.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def inert_json(text: str) -> str:
    """Return a JSON text in which such characters are JSON escapes: the same document, harmless when it is shown."""
    return _ACTING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def json_text(document: Any) -> str:
    """Return a document as JSON that is harmless when shown; NaN, which JSON lacks, is null."""
    import json

    return inert_json(json.dumps(_without_nan(document), ensure_ascii=False, indent=2))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def width(value: str) -> int:
    """Return how many columns a text takes on a terminal.

    A wide East Asian character takes two columns, a combining mark none.
    """
    if value.isascii():
        return len(value)
    columns = 0
    for character in value:
        if unicodedata.combining(character):
            continue
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


# ---- the lines of a text that a message is about, with carets under its places

MAX_WIDTH = 160  # the largest number of characters of a source line that an excerpt shows


@dataclass(frozen=True)
class Style:
    """The escape sequences for colours on a terminal; all are empty if colours are off."""

    error: str = ""
    warning: str = ""
    bold: str = ""
    dim: str = ""
    help: str = ""
    reset: str = ""


PLAIN = Style()
COLOURED = Style("\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[34m", "\x1b[36m", "\x1b[0m")


Mark = tuple[Span, str, bool]


def excerpts(marks: list[Mark], colour: str, style: Style) -> list[str]:
    """Return the lines of all excerpts: every marked line with its carets, file by file.

    The first mark is the main place, and its file comes first.
    """
    main = marks[0][0].source
    sources: list[SourceFile] = [main]
    for span, _, _ in marks:
        if all(span.source is not source for source in sources):
            sources.append(span.source)
    gutter = max(len(str(span.line)) for span, _, _ in marks)
    lines = []
    for source in sources:
        own = [mark for mark in marks if mark[0].source is source]
        line, column = source.position(own[0][0].start)
        lines.append(f"{' ' * gutter}{style.dim}-->{style.reset} {safe(source.name)}:{line}:{column}")
        by_line: dict[int, list[Mark]] = {}
        for mark in own:
            by_line.setdefault(mark[0].line, []).append(mark)
        previous = None
        for number in sorted(by_line):
            if previous is not None and number > previous + 1:
                lines.append(f"{' ' * gutter} {style.dim}...{style.reset}")
            lines += _excerpt(source, number, by_line[number], gutter, colour, style)
            previous = number
    return lines


def _excerpt(source: SourceFile, number: int, marks: list[Mark], gutter: int, colour: str, style: Style) -> list[str]:
    raw = source.line(number)
    shift, shown = _window(raw, min(mark[0].column for mark in marks) - 1)
    bar = f"{style.dim}|{style.reset}"
    lines = [f"{style.dim}{number:>{gutter}}{style.reset} {bar} {safe(shown)}"]
    for span, under, main in sorted(marks, key=lambda mark: not mark[2]):
        begin = min(max(span.column - 1 - shift, 0), len(shown))
        length = max(1, min(span.end - span.start, len(shown) - begin))
        pad = " " * width(safe(shown[:begin]))
        caret = ("^" if main else "-") * max(1, width(safe(shown[begin : begin + length])))
        note = f" {under}" if under else ""
        paint = colour if main else style.help
        lines.append(f"{' ' * gutter} {bar} {pad}{paint}{caret}{note}{style.reset}")
    return lines


def _window(raw: str, column: int) -> tuple[int, str]:
    """Return the part of a long line around `column`, after the number of characters left out before it."""
    if len(raw) <= MAX_WIDTH:
        return 0, raw
    shift = max(0, min(column - MAX_WIDTH // 3, len(raw) - MAX_WIDTH))
    return shift, raw[shift : shift + MAX_WIDTH]
