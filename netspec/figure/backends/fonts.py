"""The font files for bitmap and PDF figures: first those that come with netspec's packages, then the machine's.

matplotlib carries the letters of mathematics and Latin words, pylopdf-fonts-ko those of Korean. The environment
variable `NETSPEC_FONTS` replaces the folders of the machine (separated as in PATH).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from netspec.diagnostics.model import Diagnostic, Quoted
from netspec.figure.scene import Scene
from netspec.figure.scene.typeset import Family, Run, known_characters, split, typeset


@dataclass(frozen=True, slots=True)
class Face:
    """A font family and its files; "" for a style that it does not have."""

    title: str
    regular: str
    italic: str = ""
    bold: str = ""


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
        Face("Noto Sans KR", "NotoSansKR-Regular.otf", "", "NotoSansKR-Bold.otf"),
        Face("Noto Sans CJK KR", "NotoSansCJK-Regular.ttc", "", "NotoSansCJK-Bold.ttc"),
        Face("Noto Sans CJK KR", "NotoSansCJKkr-Regular.otf", "", "NotoSansCJKkr-Bold.otf"),
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
# the packages that carry fonts, with the folder inside
_CARRIED: Final = {"matplotlib": "mpl-data/fonts/ttf", "pylopdf_fonts_ko": ""}


class Cut(NamedTuple):
    """One style of a font family, and the file that has it."""

    title: str
    italic: bool
    bold: bool
    file: str


Kind = tuple[Family, bool, bool]  # what a run asks for: its family, and whether it is italic and bold


@dataclass(slots=True)
class Fonts:
    """The chosen files.

    Attributes:
        cuts: for each kind of text its font.
        others: the font of a character that the font of its kind lacks.
        missing: the characters that no font has.
    """

    cuts: dict[Kind, Cut] = field(default_factory=dict)
    others: dict[tuple[Kind, str], Cut] = field(default_factory=dict)
    missing: str = ""

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(cut.file for cut in (*self.cuts.values(), *self.others.values())))

    def pieces(self, run: Run) -> list[tuple[Cut, Run]]:
        """Split a run into pieces of one font each; characters that no font has leave their space free."""
        kind = (run.family, run.italic, run.bold)

        def font(character: str) -> Cut | None:
            return None if character in self.missing else self.others.get((kind, character)) or self.cuts.get(kind)

        return [(cut, piece) for cut, piece in split(run, font) if cut is not None]

    def named(self, run: Run) -> list[tuple[str, Run]]:
        """Split a run into pieces of one font each, and return them with the names of these fonts."""
        return [(cut.title, one._replace(italic=cut.italic, bold=cut.bold)) for cut, one in self.pieces(run)]


def folders() -> list[Path]:
    """Return the folders to search for fonts: those of packages, then those of the machine."""
    found = []
    for package, inner in _CARRIED.items():
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


def choose(runs: Iterable[Run]) -> Fonts:
    """Choose fonts for runs of text: one for each kind, and others letter by letter for what this one lacks."""
    listing = _listing(tuple(folders()))
    wanted: dict[Kind, set[str]] = {}
    for run in runs:
        wanted.setdefault((run.family, run.italic, run.bold), set()).update(run.text)
    fonts = Fonts()
    for kind in sorted(wanted):
        cut = _cut_for(kind, listing)
        if cut is not None:
            fonts.cuts[kind] = cut
    missing = set()
    # These characters are in all fonts above. Reading the table of a Korean font takes half a second, so avoid it.
    sure = known_characters()
    for kind, characters in wanted.items():
        own = fonts.cuts.get(kind)
        for character in sorted(characters):
            if own is not None and (
                character in sure or "가" <= character <= "힣" or character in characters_of(own.file)
            ):
                continue
            other = _other(character, kind, listing)
            if other is None:
                missing.add(character)
            else:
                fonts.others[kind, character] = other
    fonts.missing = "".join(sorted(missing))
    return fonts


def fonts_for(scene: Scene) -> Fonts:
    """Return the fonts for the text of a scene."""
    return choose(run for text in scene.texts for run in typeset(text.lines, 0, 0, text.size))


def missing(fonts: Fonts) -> Diagnostic:
    """Return the warning that lists missing characters."""
    shown = fonts.missing if len(fonts.missing) <= 12 else fonts.missing[:12] + "…"
    return Diagnostic("NS721", None, {"characters": Quoted((shown,))}, severity="warning")


def _cut_for(kind: Kind, listing: dict[str, str]) -> Cut | None:
    """Return the font of a kind of text: of the first family that has the style, else of the first family."""
    family, italic, bold = kind
    faces = [face for face in _WANTED[family] if face.regular in listing]
    for face in faces:
        name = face.italic if italic else face.bold if bold else face.regular
        if name in listing:
            return Cut(face.title, italic, bold, listing[name])
    return Cut(faces[0].title, False, False, listing[faces[0].regular]) if faces else None


def _other(character: str, kind: Kind, listing: dict[str, str]) -> Cut | None:
    """Return a font that has a character: an upright one of the wanted families if possible, else any."""
    families: tuple[Family, ...] = (kind[0], "sans", "math", "cjk")
    for family in families:
        cut = _cut_for((family, False, False), listing)
        if cut is not None and character in characters_of(cut.file):
            return cut
    slanted = ("bold", "italic", "oblique", "bol", "bolita")
    for name in sorted(listing, key=lambda name: (any(word in name.lower() for word in slanted), name)):
        if character in characters_of(listing[name]):
            return _cut_of(listing[name])
    return None


def _cut_of(path: str) -> Cut:
    """Return what a font file says of itself: its family and style."""
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        names = font["name"]
        style = font["OS/2"].fsSelection
        title = names.getDebugName(16) or names.getDebugName(1)
    return Cut(title or Path(path).stem, bool(style & 1), bool(style & 32), path)


def report() -> list[tuple[str, str, str]]:
    """For `netspec doctor`: list the fonts of figures, and say how to install missing ones."""
    listing = _listing(tuple(folders()))
    rows = []
    names: dict[Family, str] = {"math": "font for mathematics", "sans": "font for words", "cjk": "font for Korean"}
    for family, name in names.items():
        found = _cut_for((family, False, False), listing)
        package = "pylopdf-fonts-ko" if family == "cjk" else "matplotlib"
        help_ = "" if found else f"PNG and PDF lack it: python -m pip install {package}"
        rows.append((name, found.title if found else "missing", help_))
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
