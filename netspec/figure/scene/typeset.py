"""Turns labels and captions into runs: pieces of text in one font, each with a place, a size and a width.

A line is a tuple of atoms. An atom is text in one style, with a subscript and a superscript that are lines themselves;
if an atom has both, they stand one above the other. Widths come from a table of the fonts that netspec prefers. Every
file states the width of each run, so that a viewer stretches another font to this width. So a label has the same box
everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple, TypeVar
from unicodedata import category, combining, east_asian_width

Style = Literal["italic", "upright", "sans", "bold"]
Family = Literal["math", "sans", "cjk"]

SCRIPT = 0.68  # size of a sub- or superscript, as a part of the size of its base
SMALLEST = 0.46  # least size of a script of a script, as a part of the size of the whole line
DROP, RISE = 0.21, 0.40  # how far a subscript stands lower and a superscript higher, in sizes of the base
STACKED_DROP, STACKED_RISE = 0.27, 0.45  # the same two distances for a base that has both
AFTER = 0.05  # the space after scripts, in sizes of the base
LEAN = (0.07, 0.09)  # how far an italic f reaches over its width to the left (depends on the font) and right
CJK = (920, -120, 850)  # advance, bottom and top of a Hangul syllable in Noto Sans KR, in thousandths of an em
CJK_SPACE = (224, 0, 0)  # the same for a space between syllables
WIDE, NARROW = (1000, -120, 850), (600, -210, 740)  # the same for wide and narrow characters that are in no table


class Atom(NamedTuple):
    """A text in one style, with its subscript and its superscript."""

    text: str
    style: Style = "sans"
    sub: tuple[Atom, ...] = ()
    sup: tuple[Atom, ...] = ()


Line = tuple[Atom, ...]


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


_FONTS: dict[Style, str] = {"italic": "math italic", "upright": "math", "sans": "sans", "bold": "sans bold"}


def _family(character: str, style: Style) -> Family:
    if east_asian_width(character) in "WF" or "\u3130" <= character <= "\u318f":
        return "cjk"
    return "math" if style in ("italic", "upright") else "sans"


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
        runs += own
        x = own[-1].x + own[-1].width if own else x
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
    return Run(text, x, y, size, advance * size, family, italic, style == "bold", -bottom * size, top * size)


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
    style: Style = "italic" if run.italic else "bold" if run.bold else "upright" if run.family == "math" else "sans"
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
        runs, end = set_line(line, size)
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
    return set_line(line, size)[1]


def plain(line: Line) -> str:
    """Return a line as plain text in the notation of LaTeX: `x_1`, `z_j^(t)`, `W^{d×H}`."""
    text = ""
    for atom in line:
        text += atom.text
        for sign, script in (("_", atom.sub), ("^", atom.sup)):
            if script:
                inner = plain(script)
                text += f"{sign}{inner}" if len(inner) == 1 or inner.startswith("(") else f"{sign}{{{inner}}}"
    return text


# ---- making lines


def words(text: str, style: Style = "sans") -> Line:
    """Return a line that shows a text exactly as it is written, without scripts."""
    return (Atom(text, style),)


def paragraph(text: str, style: Style = "sans") -> tuple[Line, ...]:
    """Return the lines of a text that a user wrote."""
    return tuple(words(line, style) for line in text.splitlines() or [""])


def wrapped(text: str, width: float, size: float, style: Style = "sans") -> tuple[Line, ...]:
    """Break a text at spaces into lines that are at most `width` wide; only a single word may be wider."""
    lines: list[Line] = []
    for given in text.splitlines():
        current = ""
        for word in given.split(" "):
            longer = f"{current} {word}" if current else word
            if current and line_width(words(longer, style), size) > width:
                lines.append(words(current, style))
                current = word
            else:
                current = longer
        lines.append(words(current, style))
    return tuple(lines)


def widest(lines: Iterable[Line], size: float) -> float:
    return max((line_width(line, size) for line in lines), default=0.0)


def symbol(name: str, sub: Line = (), sup: Line = ()) -> Atom:
    """Return a layer's name as a mathematical symbol: italic, with scripts."""
    return Atom(name, "italic", sub, sup)


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
