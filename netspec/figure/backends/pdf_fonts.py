"""Runs of text -> embedded subsets of font files, for PDF and for SVG, and the PDF strings that show the text."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from netspec.figure.backends.fonts import Fonts
from netspec.figure.scene.typeset import Run


@dataclass(slots=True)
class Embedded:
    """A font file: the characters in use and, after subsetting, their codes and widths."""

    path: str
    name: str
    used: set[str] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)  # in thousandths of an em
    data: bytes = b""
    outlines: str = "glyf"
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


class Embedding:
    """Collects the text of a document; `cut` then makes the subsets."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self.found: dict[str, Embedded] = {}

    def pieces(self, run: Run) -> list[tuple[Embedded, Run]]:
        """Split a run into pieces of one font each."""
        pieces = []
        for cut, piece in self.fonts.pieces(run):
            font = self.found.setdefault(cut.file, Embedded(cut.file, f"F{len(self.found) + 1}"))
            font.used.update(piece.text)
            pieces.append((font, piece))
        return pieces

    def cut(self) -> list[Embedded]:
        for font in self.found.values():
            _cut(font)
        return list(self.found.values())


def _subset(path: str, used: Iterable[str]) -> Any:
    """Return a font that has only some characters of a font file."""
    import logging

    from fontTools import subset
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    source = TTFont(path, fontNumber=_korean_face(path), lazy=True)
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG", "MATH", "FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(used)))
    cutter.subset(source)
    return source


def woff(path: str, used: Iterable[str]) -> bytes:
    """Return the subset of a font file as a WOFF file, which browsers read; the same bytes each time."""
    source = _subset(path, used)
    source["head"].modified = source["head"].created = 0
    source.recalcTimestamp = False
    source.flavor = "woff"
    buffer = io.BytesIO()
    source.save(buffer, reorderTables=False)
    return buffer.getvalue()


def _cut(font: Embedded) -> None:
    """Make the subset of a font that has only the used characters."""
    source = _subset(font.path, font.used)
    unit = source["head"].unitsPerEm
    names, order = source.getBestCmap(), source.getGlyphOrder()
    codes = {name: _code(name, order.index(name), source) for name in names.values()}
    for character in font.used:
        name = names[ord(character)]
        font.codes[character] = codes[name]
        font.widths[codes[name]] = 1000 * source["hmtx"][name][0] / unit
    head = source["head"]
    font.box = tuple(round(1000 * value / unit) for value in (head.xMin, head.yMin, head.xMax, head.yMax))
    if "CFF " in source:
        font.outlines = "CFF "
        font.data = source["CFF "].compile(source)
    else:
        head.modified = head.created = 0
        source.recalcTimestamp = False
        buffer = io.BytesIO()
        source.save(buffer, reorderTables=False)
        font.data = buffer.getvalue()


def _korean_face(path: str) -> int:
    """Return the index of the Korean font in a font collection (its name contains KR), else 0."""
    if not path.lower().endswith(".ttc"):
        return 0
    from fontTools.ttLib import TTCollection

    with TTCollection(path, lazy=True) as collection:
        for number, face in enumerate(collection.fonts):
            if " KR" in str(face["name"].getDebugName(1)):
                return number
    return 0


def _code(name: str, index: int, font: Any) -> int:
    """Return the code of a glyph in a PDF: its CID in a CID-keyed font, else its index."""
    if "CFF " in font and hasattr(font["CFF "].cff.topDictIndex[0], "ROS") and name.startswith("cid"):
        return int(name[3:])
    return index
