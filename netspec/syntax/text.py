"""Bytes -> SourceFile, with everything a text itself can have wrong said before it is parsed."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase, Word, Words
from netspec.source import SourceFile, Span

MAX_BYTES = 1_000_000

# What a Korean keyboard, an input method or a word processor makes of the language's own signs.
LOOK_ALIKES = {
    "：": ":", "（": "(", "）": ")", "［": "[", "］": "]", "｛": "{", "｝": "}", "＝": "=", "，": ",", "、": ",",
    "＋": "+", "－": "-", "−": "-", "–": "-", "—": "-", "＊": "*", "∗": "*", "·": "*", "／": "/", "÷": "/",
    "％": "%", "＠": "@", "＆": "&", "＾": "^", "．": ".", "＜": "<", "＞": ">", "＃": "#",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"', "→": "->", "⟶": "->", "➔": "->", "⇒": "->",
    "…": "..", "≤": "<=", "≥": ">=", "≠": "!=",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\u2003": " ", "\u2002": " ",
}  # fmt: skip
LOOK_ALIKES |= {chr(0xFF10 + digit): str(digit) for digit in range(10)}
_LOOK_ALIKE = re.compile("[" + "".join(map(re.escape, LOOK_ALIKES)) + "]")
# direction marks can make a line read otherwise than it parses; the others cannot be seen
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\u2028\u2029\u180e]"
)
_WORD_PART = re.compile(r"\w")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|[“„«][^”»\n]*[”»]|#[^\n]*')


def read_file(path: Path, name: str | None = None, limit: int = MAX_BYTES) -> SourceFile:
    """Reads a spec; raises Fault (NS001-NS005) for what is no text of bearable size."""
    shown = name or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _fault("NS001", file=shown, reason=_reason(error)) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = Phrase("a directory" if stat.S_ISDIR(mode) else "a device")
        raise _fault("NS008", file=shown, kind=kind)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(limit + 1)
    return decode(data, shown, path, limit)


def _reason(error: OSError) -> Word:
    if isinstance(error, FileNotFoundError):
        return Phrase("no file")
    return Phrase("no permission") if isinstance(error, PermissionError) else error.strerror or str(error)


def decode(data: bytes, name: str, path: Path | None = None, limit: int = MAX_BYTES) -> SourceFile:
    """UTF-8 bytes, with or without a byte order mark -> SourceFile."""
    if len(data) > limit:
        raise _fault("NS005", file=name, limit=limit)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _fault("NS002", file=name, line="1", byte=f"0x{data[0]:02x}", encoding="UTF-16")
    if b"\x00" in data:
        raise _fault("NS003", file=name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "EUC-KR / CP949" if _decodes(data, "cp949") else Phrase("another encoding")
        raise _fault("NS002", file=name, line=str(line), byte=f"0x{data[error.start]:02x}", encoding=encoding) from None
    return SourceFile(name, text.removeprefix("\ufeff"), path)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _fault(code: str, **words: Word) -> Fault:
    return Fault(Diagnostic(code, None, words))


def check_characters(source: SourceFile) -> tuple[str, list[Diagnostic]]:
    """What stands in the text but not in the language: the text to parse instead, and what to say.

    Look-alikes outside strings and comments are replaced by a sign of equal length where there is one,
    so that the rest of the file can be checked with its places unmoved.
    """
    text = source.text
    if text.isascii() and not _CONTROL.search(text):
        return text, []
    hidden = [*_CONTROL.finditer(text), *_INVISIBLE.finditer(text)]
    found = [_invisible(source, match) for match in hidden]
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    places: dict[str, list[Span]] = {}
    characters = list(text)
    for match in hidden:
        characters[match.start()] = "\n" if match[0] == "\r" else _filler(text, match.start())
    for match in _LOOK_ALIKE.finditer(text):
        at = match.start()
        if any(begin < at < end - 1 for begin, end in quoted):
            continue
        places.setdefault(match[0], []).append(Span(source, at, at + 1))
        if len(LOOK_ALIKES[match[0]]) == 1:
            characters[at] = LOOK_ALIKES[match[0]]
    found += [_look_alike(character, spans) for character, spans in places.items()]
    return "".join(characters), found


def _filler(text: str, at: int) -> str:
    """What stands for an invisible character: nothing that ends a word inside one, else a blank."""
    inside = 0 < at < len(text) - 1 and _WORD_PART.match(text[at - 1]) and _WORD_PART.match(text[at + 1])
    return "\u200b" if inside else " "


def _invisible(source: SourceFile, match: re.Match[str]) -> Diagnostic:
    span = Span(source, match.start(), match.end())
    title = unicodedata.name(match[0], "control character").lower()
    words: Words = {"point": f"U+{ord(match[0]):04X}", "title": title}
    return Diagnostic("NS006", span, words, fixes=(Fix(span, ""),))


def _look_alike(character: str, spans: list[Span]) -> Diagnostic:
    """One report a character, however often it stands there."""
    meant = LOOK_ALIKES[character]
    return Diagnostic(
        "NS007",
        spans[0],
        {"seen": character, "title": unicodedata.name(character, "").lower(), "count": len(spans)},
        labels=tuple(Label(span) for span in spans[1:6]),
        hints=(Hint("space") if meant == " " else Hint("replace", {"meant": meant}),),
        fixes=tuple(Fix(span, meant) for span in spans),
    )
