"""Scene -> PNG, from the same SVG that is written as text; and what fonts it took."""

from __future__ import annotations

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Quoted, Words
from netspec.figure.backends import WRITERS, Options, Picture, Writer
from netspec.figure.backends.fonts import HELP, Fonts, choose
from netspec.figure.backends.svg import PX, svg
from netspec.figure.scene import Scene
from netspec.figure.scene.typeset import Family, typeset
from netspec.figure.settings import millimetres

MOST = 100_000_000  # pixels


def fonts_for(scene: Scene) -> Fonts:
    """The fonts that the scene's texts need."""
    families: set[Family] = set()
    characters: set[str] = set()
    for text in scene.texts:
        for run in typeset(text.lines, 0, 0, text.size):
            families.add(run.family)
            characters |= set(run.text)
    return choose(families, characters)


def missing(fonts: Fonts) -> Diagnostic:
    """The warning that names what cannot be drawn, and the command that helps."""
    shown = fonts.missing if len(fonts.missing) <= 12 else fonts.missing[:12] + "…"
    words: Words = {"characters": Quoted((shown,)), "command": HELP}
    return Diagnostic("NS721", None, words, severity="warning")


def png(scene: Scene, options: Options, scale: float, warnings: list[Diagnostic]) -> bytes:
    """The bytes of a PNG file; `scale`: pixels a CSS pixel. Raises MissingPackageError
    without resvg and UsageError (NS735) where the picture has too many pixels to be held in memory.

    Characters that no font of the machine has are said in `warnings`.
    """
    from netspec.parts import need

    resvg = need("resvg_py")
    canvas = scene.canvas
    width = (canvas.width if options.width is None else millimetres(options.width)) * PX
    wide, high = (round(scale * side) for side in (width, width * canvas.height / canvas.width))
    if wide * high > MOST:
        words: Words = {"wide": wide, "high": high, "most": MOST // 10**6}
        raise UsageError(Diagnostic("NS735", None, words))
    fonts = fonts_for(scene)
    if fonts.missing:
        warnings.append(missing(fonts))
    given = None if options.width is None else f"{width:.6f}px"  # resvg reads no other unit
    text = svg(scene, options._replace(fonts=fonts.families, width=given))
    return bytes(resvg.svg_to_bytes(svg_string=text, font_files=fonts.files, skip_system_fonts=True, zoom=scale))


@WRITERS.register
class Png(Writer):
    name = "png"
    about = "pixels, for slides and chats"
    about_ko = "점으로 된 그림. 슬라이드와 메신저에"

    def write(self, picture: Picture, scale: float) -> bytes:
        return png(picture.scene, picture.options, scale, picture.warnings)
