"""Characters that are not part of the language -> a text that can be parsed, and diagnostics.

Each such character is replaced by exactly one other, so that places do not change and the rest of the file is checked
too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import chain, count

from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Quoted, Words
from netspec.names import LOOKS_LIKE, looks
from netspec.source import SourceFile, Span
from netspec.syntax.parser import KEYWORDS, MARKS, NOUNS, QUOTED

# Characters that Korean keyboards, input methods and word processors insert instead of those of the language.
LOOK_ALIKES = {
    "：": ":", "（": "(", "）": ")", "［": "[", "］": "]", "｛": "{", "｝": "}", "＝": "=", "，": ",", "、": ",",
    "＋": "+", "－": "-", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "＊": "*", "∗": "*", "·": "*", "⋅": "*",
    "∙": "*", "／": "/", "÷": "/", "∕": "/", "⁄": "/", "％": "%", "＠": "@", "＆": "&", "＾": "^", "．": ".", "＜": "<",
    "＞": ">", "＃": "#", **{chr(0xFF10 + digit): str(digit) for digit in range(10)}, "；": ";", "∶": ":", "˗": "-",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "＂": '"', "″": '"', "「": '"', "」": '"', "『": '"',
    "』": '"', "→": "->", "⟶": "->", "➔": "->", "⇒": "->", "➜": "->", "➡": "->", "⮕": "->",
    "⊕": "+", "⊗": "*", "⊙": "*", "∥": "&", "…": "..", "≤": "<=", "≥": ">=", "≠": "!=",
    "\u00a0": " ", "\u2007": " ", "\u2008": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u205f": " ",
    "\u3000": " ", "\u2000": " ", "\u2001": " ", "\u2002": " ", "\u2003": " ", "\u2004": " ", "\u2005": " ",
    "\u2006": " ", "\u1680": " ",
}  # fmt: skip
_LOOK_ALIKE = re.compile("[" + "".join(map(re.escape, LOOK_ALIKES)) + "]")
_NUMBER = re.compile(r"(?<!\w)\d+")
# Direction marks can make a line look different from what it says, and the others are invisible. They are errors even
# in captions and comments.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_HIDDEN = (
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff"
)
# what a terminal takes as one command is one character here: ESC[31m
_INVISIBLE = re.compile(rf"\x1b\[[0-?]*[ -/]*[@-~]|[{_CONTROL}{_HIDDEN}]|\r(?!\n)")
LINE_ENDS = "\r\x0b\x0c\x85\u2028\u2029"  # some editors do not show these as the end of a line
# Captions may contain these, to shape letters and emoji. In names they are errors: two different names would look
# equal.
_JOINERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_WORD = re.compile(r"\w+")
_HELD = "\u200b"  # stands for a character that is taken out
_RUN = re.compile(f"(?<![^ \\t\\r\\n])[^ \\t\\r\\n{_HELD}]*{_HELD}[^ \\t\\r\\n]*")  # begins where the run does
_HOLDS = re.compile(rf"(?<![\w{_HELD}])[^\W\d]\w*(?:{_HELD}+\w+)+|{_HELD}")
_BEGINNING = re.compile(rf"(?<![\w{MARKS}])_[\w{MARKS}]*")
_LATIN = re.compile("[A-Za-z]")
_LOOKS = re.compile(f"[{''.join(LOOKS_LIKE)}]")
_QUOTED = re.compile(QUOTED + r"|„(?>[^“”\n]*)[“”]?|»(?>[^«\n]*)«?|[“«「『](?>[^”»」』\n]*)[”»」』]?|#[^\n]*")
# characters that have no name in Unicode
_NAMES = {
    "\r": "carriage return", "\x1b": "escape", "\x07": "bell", "\x08": "backspace", "\x0b": "vertical tab",
    "\x0c": "form feed", "\x7f": "delete", "\x85": "next line",
}  # fmt: skip
_READ_AS_WRITTEN = frozenset((*KEYWORDS, "data", "train", "figure", "any", "up"))
MAX_FIXES = 1000  # the maximum number of fixes for one mistake
MAX_NAMES = 100  # the maximum number of names beginning with `_` that are reported
MAX_LABELS = 5  # the maximum number of further places of a mistake that are shown


def check_characters(source: SourceFile, line_end: str = "\n") -> tuple[str, list[Diagnostic]]:
    """Replace the characters that a text must not contain.

    Args:
        source: the text.
        line_end: what the characters of LINE_ENDS are read as: a line end, a space, or nothing.

    Returns:
        The text to parse, which has the same length, and one diagnostic for each kind of character.
    """
    text = source.text
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    characters = list(text)
    places: dict[str, list[tuple[int, str]]] = {}  # intended character -> (place, character in the text)
    for match in _INVISIBLE.finditer(text):
        _note(places, "\0" + match[0][0], match.start(), match[0])
        characters[match.start() : match.end()] = (match[0] in LINE_ENDS and line_end) or _HELD * len(match[0])
    for match in _outside(_JOINERS, text, quoted):
        _note(places, "\0" + match[0], match.start(), match[0])
        characters[match.start()] = _HELD
    numbers = _foreign_numbers(text, quoted, characters)
    counted = {at for begin, seen, _ in numbers for at in range(begin, begin + len(seen))}
    for match in _outside(_LOOK_ALIKE, text, quoted):
        if match.start() in counted:
            continue
        _note(places, LOOK_ALIKES[match[0]], match.start(), match[0])
        if len(LOOK_ALIKES[match[0]]) == 1:
            characters[match.start()] = LOOK_ALIKES[match[0]]
    for match in _outside(_WORD, text, quoted):
        # a Latin word that contains a letter of another script that looks Latin
        if _LOOKS.search(match[0]) and _LATIN.search(match[0]) and looks(match[0]).isascii():
            for at in range(match.start(), match.end()):
                if not text[at].isascii():
                    characters[at] = looks(text[at])
                    _note(places, characters[at], at, text[at])
    found = [
        _invisible(source, meant[1], where, line_end) if meant[0] == "\0" else _look_alike(source, meant, where)
        for meant, where in places.items()
    ]
    return _RUN.sub(_closed, "".join(characters)), found + ([_digits(source, numbers)] if numbers else [])


def check_beginnings(source: SourceFile, passed: frozenset[int]) -> list[Diagnostic]:
    """Report each name that begins with `_` (NS115) and suggest a new name; lines in `passed` are skipped."""
    text = source.text
    words = {match[0] for match in _WORD.finditer(text)}
    places: dict[str, list[Span]] = {}
    for match in _outside(_BEGINNING, text, [match.span() for match in _QUOTED.finditer(text)]):
        span = Span(source, *match.span())
        if span.line not in passed and len(places.setdefault(match[0], [])) < MAX_FIXES:
            places[match[0]].append(span)
    found = []
    for seen, spans in list(places.items())[:MAX_NAMES]:
        meant = _free(seen.strip("_"), words)
        words |= {meant}
        labels = tuple(Label(span) for span in spans[1 : MAX_LABELS + 1])
        hints = (Hint("begins", {"meant": meant}),) if meant else ()
        fixes = tuple(Fix(span, meant) for span in spans if meant)
        found.append(Diagnostic("NS115", spans[0], {"seen": seen}, labels=labels, hints=hints, fixes=fixes))
    return found


def _free(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: `name`, if necessary with a number; "" if it does not begin with a letter."""
    if not name[:1].isalpha():
        return ""
    used = {*taken, *KEYWORDS, *NOUNS, "any", "true", "false"}
    return next(free for free in chain([name], (f"{name}{number}" for number in count(2))) if free not in used)


def _foreign_numbers(text: str, quoted: list[tuple[int, int]], characters: list[str]) -> list[tuple[int, str, str]]:
    """Find numbers in digits of another script, which int() would accept: (begin, original, in ASCII)."""
    found: list[tuple[int, str, str]] = []
    for match in _outside(_NUMBER, text, quoted):
        if match[0].isascii():
            continue
        meant = "".join(str(unicodedata.digit(digit)) for digit in match[0])
        characters[match.start() : match.end()] = meant
        if len(found) < MAX_FIXES:
            found.append((match.start(), match[0], meant))
    return found


def _digits(source: SourceFile, numbers: list[tuple[int, str, str]]) -> Diagnostic:
    """Return one diagnostic for all numbers in digits of another script."""
    spans = [Span(source, at, at + len(seen)) for at, seen, _ in numbers]
    seen = tuple(dict.fromkeys(number for _, number, _ in numbers))[:MAX_LABELS]
    first = next(digit for digit in numbers[0][1] if not digit.isascii())
    return Diagnostic(
        "NS007",
        spans[0],
        {"seen": Quoted(seen), "title": unicodedata.name(first, "").lower(), "count": len(spans)},
        labels=tuple(Label(span) for span in spans[1 : MAX_LABELS + 1]),
        hints=(Hint("replace", {"meant": numbers[0][2]}),),
        fixes=tuple(Fix(span, meant) for span, (_, _, meant) in zip(spans, numbers, strict=True)),
    )


def _note(places: dict[str, list[tuple[int, str]]], meant: str, at: int, seen: str) -> None:
    where = places.setdefault(meant, [])
    if len(where) < MAX_FIXES:
        where.append((at, seen))


def _outside(pattern: re.Pattern[str], text: str, quoted: list[tuple[int, int]]) -> list[re.Match[str]]:
    """Return the matches outside strings and comments; the quotes of a string count as outside."""
    found = []
    at = 0
    for match in pattern.finditer(text):
        while at < len(quoted) and quoted[at][1] <= match.start():
            at += 1
        inside = at < len(quoted) and quoted[at][0] < match.start() < quoted[at][1]
        if not inside or (match.end() == quoted[at][1] and match[0] in "“”«»」』"):
            found.append(match)
    return found


def _closed(run: re.Match[str]) -> str:
    """Take the held characters out of numbers, signs and keywords, and fill the end of the run: nothing after it moves.

    Inside a name they stay, so that places inside the name are exact; the parser passes over them.
    """

    def kept(match: re.Match[str]) -> str:
        plain = match[0].replace(_HELD, "")
        return plain if plain in _READ_AS_WRITTEN else match[0] * bool(plain)

    return _HOLDS.sub(kept, run[0]).ljust(len(run[0]))


def _spans(source: SourceFile, where: list[tuple[int, str]]) -> list[Span]:
    return [Span(source, at, at + len(seen)) for at, seen in where]


def _invisible(source: SourceFile, seen: str, where: list[tuple[int, str]], line_end: str) -> Diagnostic:
    spans = _spans(source, where)
    title = _NAMES.get(seen) or unicodedata.name(seen, "control character").lower()
    words: Words = {"point": f"U+{ord(seen):04X}", "title": title}
    ends_line = seen in LINE_ENDS
    replacement = line_end if ends_line else ""
    return Diagnostic(
        "NS006",
        spans[0],
        words,
        labels=tuple(Label(span) for span in spans[1 : MAX_LABELS + 1]),
        hints=(Hint("line_end"),) if replacement == "\n" else (),
        fixes=tuple(Fix(span, replacement) for span in spans),
    )


def _look_alike(source: SourceFile, meant: str, where: list[tuple[int, str]]) -> Diagnostic:
    """Return one diagnostic for all characters that look like the same character of the language."""
    spans = _spans(source, where)
    seen = tuple(dict.fromkeys(character for _, character in where))
    title = unicodedata.name(seen[0], "").lower()
    return Diagnostic(
        "NS007",
        spans[0],
        {"seen": Quoted(seen), "title": title, "count": len(spans)},
        labels=tuple(Label(span) for span in spans[1 : MAX_LABELS + 1]),
        hints=(Hint("space") if meant == " " else Hint("replace", {"meant": meant}),),
        fixes=tuple(Fix(span, meant) for span in spans),
    )
