"""Which font files a raster is drawn with: those that matplotlib carries, then the machine's.

`NETSPEC_FONTS`: folders (separated as in PATH) to look in instead of the machine's own.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from netspec.figure.scene.typeset import Family, known_characters


@dataclass(frozen=True, slots=True)
class Face:
    """A family and its files; "" where it has no such style."""

    title: str
    regular: str
    italic: str = ""
    bold: str = ""

    def file(self, italic: bool, bold: bool) -> str:
        return (self.italic if italic else self.bold if bold else "") or self.regular

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(name for name in (self.regular, self.italic, self.bold) if name)


# best first
_WANTED: dict[Family, tuple[Face, ...]] = {
    "math": (
        Face("STIXGeneral", "STIXGeneral.ttf", "STIXGeneralItalic.ttf", "STIXGeneralBol.ttf"),
        Face("STIX Two Text", "STIXTwoText-Regular.otf", "STIXTwoText-Italic.otf"),
        Face("Times New Roman", "times.ttf", "timesi.ttf"),
        Face("Times New Roman", "Times New Roman.ttf", "Times New Roman Italic.ttf"),
        Face("Liberation Serif", "LiberationSerif-Regular.ttf", "LiberationSerif-Italic.ttf"),
        Face("DejaVu Serif", "DejaVuSerif.ttf", "DejaVuSerif-Italic.ttf"),
    ),
    "sans": (
        Face("Liberation Sans", "LiberationSans-Regular.ttf", "", "LiberationSans-Bold.ttf"),
        Face("Arial", "arial.ttf", "", "arialbd.ttf"),
        Face("Arial", "Arial.ttf", "", "Arial Bold.ttf"),
        Face("DejaVu Sans", "DejaVuSans.ttf", "", "DejaVuSans-Bold.ttf"),
    ),
    "cjk": (
        Face("Noto Sans CJK KR", "NotoSansCJK-Regular.ttc", "", "NotoSansCJK-Bold.ttc"),
        Face("Noto Sans CJK KR", "NotoSansCJKkr-Regular.otf", "", "NotoSansCJKkr-Bold.otf"),
        Face("Noto Sans KR", "NotoSansKR-Regular.otf", "", "NotoSansKR-Bold.otf"),
        Face("Noto Sans KR", "NotoSansKR-Regular.ttf", "", "NotoSansKR-Bold.ttf"),
        Face("Apple SD Gothic Neo", "AppleSDGothicNeo.ttc"),
        Face("Malgun Gothic", "malgun.ttf", "", "malgunbd.ttf"),
        Face("NanumGothic", "NanumGothic.ttf", "", "NanumGothicBold.ttf"),
        Face("NanumBarunGothic", "NanumBarunGothic.ttf"),
        Face("Pretendard", "Pretendard-Regular.otf"),
        Face("UnDotum", "UnDotum.ttf"),
    ),
}
# have a shape for every character but none of its own, or other letters than their tables say
_NO_LETTERS = ("LastResort", "AdobeBlank", "cmb10", "cmex10", "cmmi10", "cmr10", "cmss10", "cmsy10", "cmtt10")
HELP = "python -m pip install koreanize-matplotlib"


@dataclass(slots=True)
class Fonts:
    """The chosen files, the family of each kind of run, and the characters that none of them has."""

    files: list[str] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
    styles: dict[tuple[str, bool, bool], str] = field(default_factory=dict)  # (family, italic, bold) -> file
    missing: str = ""


def folders() -> list[Path]:
    """Where fonts are looked for: packages that carry some, then the machine's."""
    found = []
    for package, inner in (("matplotlib", "mpl-data/fonts/ttf"), ("koreanize_matplotlib", "fonts")):
        spec = find_spec(package)
        if spec is not None and spec.origin:
            found.append(Path(spec.origin).parent / inner)
    given = os.environ.get("NETSPEC_FONTS")
    if given is not None:
        return found + [Path(folder) for folder in given.split(os.pathsep) if folder]
    home = Path.home()
    if sys.platform == "darwin":
        return [*found, home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    if sys.platform == "win32":
        return [*found, Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    own = (home / ".local/share/fonts", home / ".fonts")
    return [*found, *own, Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]


@lru_cache(maxsize=4)
def _listing(where: tuple[Path, ...]) -> dict[str, str]:
    """File name -> path, the first folder's before the later ones'."""
    found: dict[str, str] = {}
    for folder in where:
        for root, _, files in os.walk(folder):
            for name in sorted(files):
                if name.lower().endswith((".ttf", ".otf", ".ttc")) and not name.startswith(_NO_LETTERS):
                    found.setdefault(name, os.path.join(root, name))
    return found


def choose(families: set[Family], characters: set[str]) -> Fonts:
    """Fonts for runs of these families; `missing` holds the characters that no font on the machine has."""
    listing = _listing(tuple(folders()))
    fonts = Fonts()
    for family in sorted(families):
        face = next((face for face in _WANTED[family] if face.regular in listing), None)
        if face is not None:
            fonts.files += [listing[name] for name in face.files if name in listing]
            fonts.families[family] = face.title
            for italic, bold in ((False, False), (True, False), (False, True)):
                name = face.file(italic, bold)
                fonts.styles[family, italic, bold] = listing.get(name, listing[face.regular])
    absent = families - set(fonts.families)
    # the fonts named above have all of their tables and, the Korean ones, all syllables: reading one takes a second
    sure = known_characters()
    unsure = {each for each in characters if absent or not (each in sure or "가" <= each <= "힣")}
    if unsure:
        _cover(fonts, families, unsure, listing)
    return fonts


def _cover(fonts: Fonts, families: set[Family], unsure: set[str], listing: dict[str, str]) -> None:
    """Characters beyond the usual: asks the fonts themselves, the chosen ones first."""
    left = set(unsure)
    for path in (*fonts.files, *(path for name, path in sorted(listing.items()) if path not in fonts.files)):
        if not left:
            break
        has = left & characters_of(path)
        if has:
            left -= has
            if path not in fonts.files:
                fonts.files.append(path)
    fonts.missing = "".join(sorted(left))
    for family in families - set(fonts.families):
        fonts.families[family] = "sans-serif"


def report() -> list[tuple[str, str, str]]:
    """For `doctor`: which fonts pictures are drawn with, and what to do where one is missing."""
    listing = _listing(tuple(folders()))
    rows = []
    names: dict[Family, str] = {"math": "font for mathematics", "sans": "font for words", "cjk": "font for Korean"}
    for family, name in names.items():
        found = next((face.title for face in _WANTED[family] if face.regular in listing), "")
        help_ = HELP if family == "cjk" else "python -m pip install matplotlib"
        rows.append((name, found or "missing", "" if found else f"PNG and PDF lack it: {help_}"))
    return rows


@lru_cache(maxsize=256)
def characters_of(path: str) -> frozenset[str]:
    """Every character that a font file has; none where it cannot be read."""
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ImportError:
        return frozenset()
    try:
        font = TTFont(path, fontNumber=0, lazy=True)
        return frozenset(map(chr, font.getBestCmap() or ()))
    except (TTLibError, OSError, KeyError, ValueError, AssertionError):
        return frozenset()
