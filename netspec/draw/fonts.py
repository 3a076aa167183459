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

from netspec.figure.typeset import Family, known_characters

# file -> family, best first; bold and italic faces of the same family stand behind it
_MATH = (
    ("STIXGeneral.ttf", "STIXGeneral", ("STIXGeneralItalic.ttf", "STIXGeneralBol.ttf")),
    ("STIXTwoText-Regular.otf", "STIX Two Text", ("STIXTwoText-Italic.otf",)),
    ("times.ttf", "Times New Roman", ("timesi.ttf",)),
    ("Times New Roman.ttf", "Times New Roman", ("Times New Roman Italic.ttf",)),
    ("LiberationSerif-Regular.ttf", "Liberation Serif", ("LiberationSerif-Italic.ttf",)),
    ("DejaVuSerif.ttf", "DejaVu Serif", ("DejaVuSerif-Italic.ttf",)),
)
_SANS = (
    ("LiberationSans-Regular.ttf", "Liberation Sans", ("LiberationSans-Bold.ttf",)),
    ("arial.ttf", "Arial", ("arialbd.ttf",)),
    ("Arial.ttf", "Arial", ("Arial Bold.ttf",)),
    ("DejaVuSans.ttf", "DejaVu Sans", ("DejaVuSans-Bold.ttf",)),
)
_CJK = (
    ("NotoSansCJK-Regular.ttc", "Noto Sans CJK KR", ("NotoSansCJK-Bold.ttc",)),
    ("NotoSansCJKkr-Regular.otf", "Noto Sans CJK KR", ("NotoSansCJKkr-Bold.otf",)),
    ("NotoSansKR-Regular.otf", "Noto Sans KR", ("NotoSansKR-Bold.otf",)),
    ("NotoSansKR-Regular.ttf", "Noto Sans KR", ("NotoSansKR-Bold.ttf",)),
    ("AppleSDGothicNeo.ttc", "Apple SD Gothic Neo", ()),
    ("malgun.ttf", "Malgun Gothic", ("malgunbd.ttf",)),
    ("NanumGothic.ttf", "NanumGothic", ("NanumGothicBold.ttf",)),
    ("NanumBarunGothic.ttf", "NanumBarunGothic", ()),
    ("Pretendard-Regular.otf", "Pretendard", ()),
    ("UnDotum.ttf", "UnDotum", ()),
)
_WANTED: dict[Family, tuple[tuple[str, str, tuple[str, ...]], ...]] = {"math": _MATH, "sans": _SANS, "cjk": _CJK}
HELP = "python -m pip install koreanize-matplotlib"


@dataclass(slots=True)
class Fonts:
    """The chosen files, the family of each kind of run, and the characters that none of them has."""

    files: list[str] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
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
                if name.lower().endswith((".ttf", ".otf", ".ttc")):
                    found.setdefault(name, os.path.join(root, name))
    return found


def choose(families: set[Family], characters: set[str]) -> Fonts:
    """Fonts for runs of these families; `missing` holds the characters that no font on the machine has."""
    listing = _listing(tuple(folders()))
    fonts = Fonts()
    for family in sorted(families):
        for name, title, more in _WANTED[family]:
            if name in listing:
                fonts.files += [listing[file] for file in (name, *more) if file in listing]
                fonts.families[family] = title
                break
    absent = families - set(fonts.families)
    unsure = {character for character in characters if absent or character not in known_characters()}
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
