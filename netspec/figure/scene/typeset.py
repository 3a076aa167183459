"""Turns labels and captions into runs: pieces of text in one font, each with a place, a size and a width.

A line is a tuple of atoms. An atom is text in one style, with a subscript and a superscript that are lines themselves;
if an atom has both, they stand one above the other. It may have an accent, or a bar over another line. Widths come from
a table of the fonts that netspec prefers. Every file states the width of each run, so that a viewer stretches another
font to this width. So a label has the same box everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple, TypeVar
from unicodedata import category, combining, east_asian_width

from netspec.figure.scene.tex import Atom, Line, Style, inline, mathematics, split_text

Family = Literal["math", "sans", "cjk"]

SCRIPT = 0.68  # size of a sub- or superscript, as a part of the size of its base
SMALLEST = 0.46  # least size of a script of a script, as a part of the size of the whole line
DROP, RISE = 0.21, 0.40  # how far a subscript stands lower and a superscript higher, in sizes of the base
STACKED_DROP, STACKED_RISE = 0.27, 0.45  # the same two distances for a base that has both
AFTER = 0.05  # the space after scripts, in sizes of the base
LEAN = (0.07, 0.09)  # how far an italic f reaches over its width to the left (depends on the font) and right
OVER, BAR = 0.06, "¯"  # from a letter to its accent, in sizes; the sign that is stretched to a bar
# how far the baseline of a line stands below the line's middle, in sizes
AXIS: dict[Family, float] = {"math": 0.22, "sans": 0.3, "cjk": 0.36}
DIGITS = 0.33  # the same of a line of digits alone, as most of a table's numbers are
CJK = (920, -120, 850)  # advance, bottom and top of a Hangul syllable in Noto Sans KR, in thousandths of an em
CJK_SPACE = (224, 0, 0)  # the same for a space between syllables
WIDE, NARROW = (1000, -120, 850), (600, -210, 740)  # the same for wide and narrow characters that are in no table


class Run(NamedTuple):
    """A text in one font. `x` is its left end and `y` its baseline; all lengths are mm.

    `below` and `above` say how far the letters reach below and above the baseline.
    """

    text: str
    x: float
    y: float
    size: float
    width: float
    family: Family
    italic: bool
    bold: bool
    below: float
    above: float


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, list[int]]]:
    text = (files("netspec.figure.scene") / "glyphs.json").read_text(encoding="utf-8")
    tables: dict[str, dict[str, list[int]]] = json.loads(text)
    return tables


@lru_cache(maxsize=1)
def known_characters() -> frozenset[str]:
    """Return the characters that are in all tables, and so certainly in each font that netspec prefers."""
    return frozenset.intersection(*(frozenset(table) for table in _tables().values()))


_FONTS: dict[Style, str] = {
    "italic": "math italic", "upright": "math", "strong": "math bold", "sans": "sans", "bold": "sans bold"
}  # fmt: skip


def _family(character: str, style: Style) -> Family:
    if east_asian_width(character) in "WF" or "\u3130" <= character <= "\u318f":
        return "cjk"
    return "sans" if style in ("sans", "bold") else "math"


def _measure(character: str, style: Style, family: Family) -> tuple[int, int, int]:
    """Return advance, bottom and top of a character in thousandths of an em."""
    if family == "cjk":
        if character == " ":
            return CJK_SPACE
        return CJK if "가" <= character <= "힣" else WIDE
    found = _tables()[_FONTS[style]].get(character)
    if found is None and family == "math":
        found = _tables()["math"].get(character)
    if found is not None:
        return found[0], found[1], found[2]
    return (0, 0, 0) if category(character) in ("Mn", "Me", "Cf") else NARROW


def set_line(
    line: Line, size: float, x: float = 0.0, y: float = 0.0, least: float | None = None
) -> tuple[list[Run], float]:
    """Return the runs of a line that starts at (x, y), and the x at which the line ends."""
    least = SMALLEST * size if least is None else least
    runs: list[Run] = []
    for atom in line:
        own = _set_text(atom, size, x, y)
        own += _accent(own[-1], atom) if atom.over and own else []
        if atom.bar:
            own += _barred(atom, size, own[-1].x + own[-1].width if own else x, y, least)
        runs += own
        x = max((run.x + run.width for run in own), default=x)
        if atom.style == "italic" and atom.text.endswith("f"):
            x += LEAN[1] * size
        small = max(size * SCRIPT, least)
        both = bool(atom.sub and atom.sup)
        ends = [x]
        if atom.sub:
            found, end = set_line(atom.sub, small, x, y + size * (STACKED_DROP if both else DROP), least)
            runs += found
            ends.append(end + AFTER * size)
        if atom.sup:
            lean = 0.06 * size if atom.style == "italic" else 0.0
            found, end = set_line(atom.sup, small, x + lean, y - size * (STACKED_RISE if both else RISE), least)
            runs += found
            ends.append(end + AFTER * size)
        x = max(ends)
    return runs, x


@lru_cache(maxsize=4096)  # a text is measured many times before it is placed once
def _at_origin(line: Line, size: float) -> tuple[tuple[Run, ...], float]:
    runs, end = set_line(line, size)
    return tuple(runs), end


def _accent(letter: Run, atom: Atom) -> list[Run]:
    """Return an accent on the middle of a letter, as far to the right as the letter leans."""
    size = letter.size
    sign = _run(atom.over, "upright", "math", size * (0.6 if atom.over == "→" else 1.0), 0.0, 0.0)
    x = letter.x + (letter.width - sign.width) / 2 + (0.2 * letter.above if letter.italic else 0.0)
    return [sign._replace(x=x, y=letter.y - letter.above - OVER * size - sign.below)]


def _barred(atom: Atom, size: float, x: float, y: float, least: float) -> list[Run]:
    """Return a line and a bar over it, which is a stretched sign; the bar of a root joins the root's upper end."""
    inner, end = set_line(atom.bar, size, x, y, least)
    top = max((y - run.y + run.above for run in inner), default=0.0) + 2 * OVER * size
    if atom.text:
        top = max(top, _run(atom.text, atom.style, "math", size, 0.0, 0.0).above)
    sign = _run(BAR, "upright", "math", size, x, 0.0)
    return [*inner, sign._replace(y=y - top + sign.above, width=end - x)]


def _set_text(atom: Atom, size: float, x: float, y: float) -> list[Run]:
    """Return the runs of an atom's text without its scripts; a new run begins where the font changes."""
    runs: list[Run] = []
    pending: list[str] = []
    family: Family = "sans"

    def close() -> None:
        nonlocal x
        text = "".join(pending)
        pending.clear()
        if text:
            run = _run(text, atom.style, family, size, x, y)
            runs.append(run)
            x = run.x + run.width

    for character in atom.text:
        here = family if character == " " and pending else _family(character, atom.style)
        if here != family:
            close()
            family = here
        pending.append(character)
    close()
    return runs


@lru_cache(maxsize=4096)
def _extent(text: str, style: Style, family: Family) -> tuple[float, float, float]:
    """Return advance, bottom and top of a run in ems."""
    rows = [_measure(character, style, family) for character in text]
    return (
        sum(row[0] for row in rows) / 1000,
        min((row[1] for row in rows), default=0) / 1000,
        max((row[2] for row in rows), default=0) / 1000,
    )


def _run(text: str, style: Style, family: Family, size: float, x: float, y: float) -> Run:
    advance, bottom, top = _extent(text, style, family)
    italic = style == "italic" and family == "math"
    bold = style in ("bold", "strong")
    return Run(text, x, y, size, advance * size, family, italic, bold, -bottom * size, top * size)


Key = TypeVar("Key")


def split(run: Run, key: Callable[[str], Key]) -> list[tuple[Key, Run]]:
    """Split a run where the key of its characters changes; an accent stays with the letter that it stands on."""
    parts: list[tuple[Key, str]] = []
    for character in run.text:
        here = key(character)
        if parts and (parts[-1][0] == here or combining(character)):
            parts[-1] = (parts[-1][0], parts[-1][1] + character)
        else:
            parts.append((here, character))
    if len(parts) < 2:
        return [(here, run) for here, _ in parts]
    maths = run.family == "math"
    style: Style = (
        "italic" if run.italic else ("strong" if maths else "bold") if run.bold else "upright" if maths else "sans"
    )
    found, x = [], run.x
    for here, text in parts:
        piece = run._replace(text=text, x=x, width=_extent(text, style, run.family)[0] * run.size)
        found.append((here, piece))
        x += piece.width
    return found


def typeset(
    lines: Iterable[Line], x: float, y: float, size: float, align: str = "middle", leading: float = 1.32
) -> list[Run]:
    """Return all runs of a text whose first baseline is at y; each line is aligned at x."""
    placed: list[Run] = []
    for number, line in enumerate(lines):
        runs, end = _at_origin(line, size)
        shift = x - {"start": 0.0, "middle": end / 2, "end": end}[align]
        base = y + number * leading * size
        placed += [run._replace(x=run.x + shift, y=run.y + base) for run in runs]
    return placed


def text_box(
    lines: Iterable[Line], x: float, y: float, size: float, align: str = "middle", leading: float = 1.32
) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the rectangle that the letters of a text cover."""
    runs = typeset(lines, x, y, size, align, leading)
    if not runs:
        return x, y, x, y
    return (
        min(run.x - (LEAN[0] * run.size if run.italic and run.text.startswith("f") else 0.0) for run in runs),
        min(run.y - run.above for run in runs),
        max(run.x + run.width for run in runs),
        max(run.y + run.below for run in runs),
    )


def line_width(line: Line, size: float = 1.0) -> float:
    return _at_origin(line, size)[1]


def axis(line: Line) -> float:
    """Return how far the baseline of a line stands below the line's middle, in sizes.

    It depends on the font, not on the letters, so that all labels of a row have one baseline. A sign alone is centred,
    but not a digit, which may be one of many numbers.
    """
    runs = _at_origin(line, 1.0)[0]
    if (
        len(line) == 1
        and len(runs) == 1
        and len(line[0].text) == 1
        and line[0].style == "upright"
        and not runs[0].text.isdecimal()
    ):
        return (runs[0].above - runs[0].below) / 2
    return AXIS[runs[0].family] if runs else 0.0


# ---- making lines


def words(text: str, style: Style = "sans") -> Line:
    """Return a line that shows a text exactly as it is written, without scripts."""
    return (Atom(text, style),)


def paragraph(text: str, style: Style = "sans") -> tuple[Line, ...]:
    """Return the lines of a text that a user wrote."""
    return tuple(inline(line, style) for line in split_text(text, "\n") or [""])


def wrapped(text: str, width: float, size: float, style: Style = "sans") -> tuple[Line, ...]:
    """Break a text at spaces into lines that are at most `width` wide; only a single word may be wider."""
    lines: list[Line] = []
    for given in split_text(text, "\n"):
        current = ""
        for word in split_text(given, " "):
            longer = f"{current} {word}" if current else word
            if current and line_width(inline(longer, style), size) > width:
                lines.append(inline(current, style))
                current = word
            else:
                current = longer
        lines.append(inline(current, style))
    return tuple(lines)


def widest(lines: Iterable[Line], size: float) -> float:
    return max((line_width(line, size) for line in lines), default=0.0)


def symbol(name: str, sub: Line = (), sup: Line = ()) -> Line:
    """Return a layer's name, or the symbol that a user gave it, as mathematics, with an index and a time.

    A number at the end of a name becomes a superscript, so that unit 1 of layer `h1` is no h11.
    """
    numbered = re.fullmatch(r"([^\W\d_]+)(\d+)", name)
    if numbered:
        name, number = numbered[1], upright(numbered[2])
        if sub and not sup:
            return (Atom(name, "italic", sub, (Atom(f"({numbered[2]})", "upright"),)),)
        return (Atom(name, "italic", _listed(number, sub), sup),)
    if re.fullmatch(r"[^\W\d_]_\w+", name):  # one letter and its index
        return (Atom(name[0], "italic", _listed(math(name[2:]), sub), sup),)
    if re.fullmatch(r"\w*", name):
        return (Atom(name, "italic", sub, sup),)
    *before, last = mathematics(name)
    return (*before, last._replace(sub=_listed(last.sub, sub), sup=_listed(last.sup, sup)))


def _listed(*parts: Line) -> Line:
    """Return several indices as one, with commas between them."""
    found: Line = ()
    for part in filter(None, parts):
        found = (*found, *upright(","), *part) if found else part
    return found


def math(text: str) -> Line:
    """Return a formula such as `d×H`, `h-1` or `4d` with letters in italic, and digits and signs upright."""
    atoms: list[Atom] = []
    current, style = "", "upright"
    for character in text:
        here = "italic" if character.isalpha() or (character == "_" and style == "italic") else "upright"
        if here != style and current:
            atoms.append(Atom(current, style))  # type: ignore[arg-type]
            current = ""
        style = here
        current += "−" if character == "-" else character
    if current:
        atoms.append(Atom(current, style))  # type: ignore[arg-type]
    return tuple(atoms)


def upright(text: str) -> Line:
    return (Atom(text, "upright"),)
