"""The font files for bitmap and PDF figures: first the fonts in the matplotlib package, then those of the machine.

The environment variable `NETSPEC_FONTS` replaces the folders of the machine (separated as in PATH).
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
    """A font family and its files; "" for a style that it does not have."""

    title: str
    regular: str
    italic: str = ""
    bold: str = ""

    def file(self, italic: bool, bold: bool) -> str:
        return (self.italic if italic else self.bold if bold else "") or self.regular

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(name for name in (self.regular, self.italic, self.bold) if name)


# in order of preference
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
# fonts that contain placeholder shapes for every character, or shapes other than their character tables say
_NO_LETTERS = ("LastResort", "AdobeBlank", "cmb10", "cmex10", "cmmi10", "cmr10", "cmss10", "cmsy10", "cmtt10")
HELP = "python -m pip install koreanize-matplotlib"


@dataclass(slots=True)
class Fonts:
    """The chosen files, the family for each kind of text, and the characters that no font has."""

    files: list[str] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
    styles: dict[tuple[str, bool, bool], str] = field(default_factory=dict)  # (family, italic, bold) -> file
    missing: str = ""


def folders() -> list[Path]:
    """Return the folders to search for fonts: those of packages, then those of the machine."""
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
    """Return the path of each font file by name; earlier folders take precedence."""
    found: dict[str, str] = {}
    for folder in where:
        for root, _, files in os.walk(folder):
            for name in sorted(files):
                if name.lower().endswith((".ttf", ".otf", ".ttc")) and not name.startswith(_NO_LETTERS):
                    found.setdefault(name, os.path.join(root, name))
    return found


def choose(families: set[Family], characters: set[str]) -> Fonts:
    """Choose fonts for text of these families. `missing` has the characters that no font of the machine has."""
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
    # The fonts above are known to have these characters. Reading the table of a Korean font takes a second, so avoid
    # it.
    sure = known_characters()
    unsure = {each for each in characters if absent or not (each in sure or "가" <= each <= "힣")}
    if unsure:
        _cover(fonts, families, unsure, listing)
    return fonts


def _cover(fonts: Fonts, families: set[Family], unsure: set[str], listing: dict[str, str]) -> None:
    """Find fonts for unusual characters by reading their tables, beginning with the chosen fonts."""
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
    """For `netspec doctor`: list the fonts of figures, and say how to install missing ones."""
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
    """Return the characters that a font file has; the empty set if the file cannot be read."""
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ImportError:
        return frozenset()
    try:
        font = TTFont(path, fontNumber=0, lazy=True)
        return frozenset(map(chr, font.getBestCmap() or ()))
    except (TTLibError, OSError, KeyError, ValueError, AssertionError):
        return frozenset()
