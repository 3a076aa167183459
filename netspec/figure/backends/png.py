"""Scene -> PNG, rasterised from the SVG document; and which fonts were needed."""

from __future__ import annotations

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Quoted, Words
from netspec.figure.backends import WRITERS, Options, Picture, Writer
from netspec.figure.backends.fonts import Fonts, choose
from netspec.figure.backends.svg import PX, svg
from netspec.figure.scene import Scene
from netspec.figure.scene.typeset import Run, typeset
from netspec.figure.settings import millimetres

MOST = 100_000_000  # the maximum number of pixels of a picture


def fonts_for(scene: Scene) -> Fonts:
    """Return the fonts for the text of a scene."""
    return choose(run for text in scene.texts for run in typeset(text.lines, 0, 0, text.size))


def missing(fonts: Fonts) -> Diagnostic:
    """Return the warning that lists missing characters."""
    shown = fonts.missing if len(fonts.missing) <= 12 else fonts.missing[:12] + "…"
    return Diagnostic("NS721", None, {"characters": Quoted((shown,))}, severity="warning")


def png(scene: Scene, options: Options, scale: float, warnings: list[Diagnostic]) -> bytes:
    """Return the bytes of a PNG file with `scale` pixels per CSS pixel.

    `warnings` gets a warning about characters that no font of the machine has.

    Raises:
        MissingPackageError: resvg is not installed.
        UsageError: the picture has too many pixels for the memory (NS735).
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
    given = None if options.width is None else f"{width:.6f}px"  # resvg supports no other unit

    def pieces(run: Run) -> list[tuple[str, Run]]:
        return [(cut.title, one._replace(italic=cut.italic, bold=cut.bold)) for cut, one in fonts.pieces(run)]

    text = svg(scene, options._replace(pieces=pieces, width=given))
    return bytes(resvg.svg_to_bytes(svg_string=text, font_files=fonts.files, skip_system_fonts=True, zoom=scale))


@WRITERS.register
class Png(Writer):
    name = "png"
    about = "pixels, for slides and chats"
    about_ko = "점으로 된 그림. 슬라이드와 메신저에"

    def write(self, picture: Picture, scale: float) -> bytes:
        return png(picture.scene, picture.options, scale, picture.warnings)
