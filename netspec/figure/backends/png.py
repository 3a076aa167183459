"""Scene -> PNG, rasterised from the SVG document by resvg; and which fonts were needed.

resvg takes milliseconds for each wire of a large picture. Where there are very many, matplotlib's rasteriser draws
those that are straight.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Words
from netspec.figure.backends import WRITERS, Options, Picture, Writer
from netspec.figure.backends.fonts import fonts_for, missing
from netspec.figure.backends.svg import PX, arrow, chunk, svg
from netspec.figure.scene import Point, Scene, Wire
from netspec.figure.settings import millimetres, split_length
from netspec.parts import need

MOST = 100_000_000  # the maximum number of pixels of a picture
USUAL = 4_000_000  # the maximum number of pixels of a picture whose scale nobody asked for
DOTS = 300  # pixels to the inch, if the width is a length on paper
HEADER = 33  # bytes of a PNG file before its second chunk
SCALE = 2.0  # pixels per CSS pixel, if the picture then has at most USUAL pixels
MANY = 300  # from this number of straight wires on, matplotlib draws them
JOINED = 8  # up to how many of them are filled at once; of more, too many overlap


def png(scene: Scene, options: Options, scale: float | None, warnings: list[Diagnostic]) -> bytes:
    """Return the bytes of a PNG file with `scale` pixels per CSS pixel; the file says how large a pixel is.

    Without a scale there are DOTS pixels to the inch if the width is a length on paper; else SCALE, or fewer for a very
    large picture without a width.

    `warnings` gets a warning about characters that no font of the machine has.

    Raises:
        MissingPackageError: resvg is not installed.
        UsageError: the picture has too many pixels for the memory (NS735).
    """
    resvg = need("resvg_py")
    canvas = scene.canvas
    width = (canvas.width if options.width is None else millimetres(options.width)) * PX
    height = width * canvas.height / canvas.width
    zoom = _usual(options, width * height) if scale is None else scale
    wide, high = round(zoom * width), round(zoom * height)
    if wide * high > MOST:
        words: Words = {"wide": wide, "high": high, "most": MOST // 10**6}
        raise UsageError(Diagnostic("NS735", None, words))
    fonts = fonts_for(scene)
    if fonts.missing:
        warnings.append(missing(fonts))
    given = None if options.width is None else f"{width:.6f}px"  # resvg supports no other unit

    def drawn(part: Scene, transparent: bool) -> bytes:
        text = svg(part, options._replace(pieces=fonts.named, width=given, transparent=transparent))
        return bytes(resvg.svg_to_bytes(svg_string=text, font_files=fonts.files, skip_system_fonts=True, zoom=zoom))

    wires = [item for item in scene.items if isinstance(item, Wire) and _straight(item, options)]
    if len(wires) < MANY:
        return _resolved(drawn(scene, options.transparent), zoom)
    image = need("PIL.Image")
    first, apart = scene.items.index(wires[0]), {wire.id for wire in wires}
    rest = tuple(item for item in scene.items[first:] if item.id not in apart)
    picture = image.open(io.BytesIO(drawn(replace(scene, items=scene.items[:first]), options.transparent)))
    picture = picture.convert("RGBA")
    picture.alpha_composite(
        image.fromarray(_wires_picture(scene, wires, options, zoom * width / canvas.width, *picture.size))
    )
    with image.open(io.BytesIO(drawn(replace(scene, items=rest), True))) as above:
        picture.alpha_composite(above.convert("RGBA"))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return _resolved(file.getvalue(), zoom)


def _usual(options: Options, area: float) -> float:
    """Return the pixels per CSS pixel of a picture with an area in CSS pixels, if nobody asked for a number."""
    if options.width is None:
        return min(SCALE, math.sqrt(USUAL / area))
    return SCALE if split_length(options.width)[1] == "px" else DOTS / 96


def _resolved(data: bytes, zoom: float) -> bytes:
    """Return a PNG file that says its resolution."""
    a_metre = round(96 * zoom / 0.0254)
    return data[:HEADER] + chunk(b"pHYs", struct.pack(">IIB", a_metre, a_metre, 1)) + data[HEADER:]


# ---- very many wires


def _straight(wire: Wire, options: Options) -> bool:
    return len(wire.points) == 2 and not wire.pen.dash and wire.pen.ink not in options.theme.dashed


def _wires_picture(scene: Scene, wires: list[Wire], options: Options, scale: float, wide: int, high: int) -> Any:
    """Return straight wires on transparent ground, as an array of pixels that the rasteriser of matplotlib fills."""
    agg, path_of = need("matplotlib.backends.backend_agg"), need("matplotlib.path").Path
    renderer = agg.RendererAgg(wide, high, 72)
    place = need("matplotlib.transforms").Affine2D().translate(-scene.canvas.left, -scene.canvas.top)
    place = place.scale(scale, -scale).translate(0, high)
    look = renderer.new_gc()
    look.set_linewidth(0)
    look.set_snap(False)
    to_rgba = need("matplotlib.colors").to_rgba
    inks = {pen: to_rgba(options.theme.colour(pen.ink), pen.opacity) for pen in {wire.pen for wire in wires}}
    for pen, alike in groupby(wires, key=lambda wire: wire.pen):
        outlines = [_outline(wire) for wire in alike]
        many = JOINED if pen.opacity == 1 else 1  # opaque wires of one look are filled as one area
        for first in range(0, len(outlines), many):
            part = zip(*outlines[first : first + many], strict=True)
            corners, codes = (list(chain.from_iterable(each)) for each in part)
            renderer.draw_path(look, path_of(corners, codes), place, inks[pen])
    return need("numpy").asarray(renderer.buffer_rgba())


_MOVE, _LINE, _CLOSE = 1, 2, 79  # the codes of matplotlib's paths
_FOUR, _THREE = (_MOVE, _LINE, _LINE, _LINE, _CLOSE), (_MOVE, _LINE, _LINE, _CLOSE)


def _outline(wire: Wire) -> tuple[list[tuple[float, float]], tuple[int, ...]]:
    """Return the outlines of a straight wire's line, and of its head if it has one, and matplotlib's codes for them."""
    start, end = wire.points
    head: list[Point] = []
    if wire.head:
        end, *head = arrow([start, end], wire.pen.width)
    half = wire.pen.width / 2 / math.dist(start, end)
    dx, dy = (end.y - start.y) * half, (start.x - end.x) * half
    line = [
        (start.x + dx, start.y + dy),
        (end.x + dx, end.y + dy),
        (end.x - dx, end.y - dy),
        (start.x - dx, start.y - dy),
    ]
    return [*line, line[0], *head, *head[:1]], _FOUR + _THREE if head else _FOUR


@WRITERS.register
class Png(Writer):
    name = "png"
    about = "pixels, for slides and chats"
    about_ko = "점으로 된 그림. 슬라이드와 메신저에"

    def write(self, picture: Picture, scale: float | None) -> bytes:
        return png(picture.scene, picture.options, scale, picture.warnings)
