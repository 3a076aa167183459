"""Scene -> PNG, from the same SVG that is written as text; and what fonts it took."""

from __future__ import annotations

from netspec.draw.fonts import Fonts, choose
from netspec.draw.svg import Options, svg
from netspec.figure.scene import Scene
from netspec.figure.typeset import Family, typeset


def fonts_for(scene: Scene) -> Fonts:
    """The fonts that the scene's texts need."""
    families: set[Family] = set()
    characters: set[str] = set()
    for text in scene.texts:
        for run in typeset(text.lines, 0, 0, text.size):
            families.add(run.family)
            characters |= set(run.text)
    return choose(families, characters)


def png(scene: Scene, options: Options, scale: float = 2.0) -> bytes:
    """The bytes of a PNG file; `scale`: pixels a CSS pixel. Raises NetspecError where resvg is missing."""
    from netspec.parts import need

    resvg = need("resvg_py")
    fonts = fonts_for(scene)
    text = svg(scene, options._replace(fonts=fonts.families))
    return bytes(resvg.svg_to_bytes(svg_string=text, font_files=fonts.files, skip_system_fonts=True, zoom=scale))
