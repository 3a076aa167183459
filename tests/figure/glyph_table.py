"""Font files -> netspec/figure/scene/glyphs.json: `python tests/figure/glyph_table.py` writes it anew.

A row a font: each character's advance, and the bottom and top of its ink, in thousandths of an em. The math fonts are
those that matplotlib carries; the sans widths are Liberation Sans's, which are Arial's and Helvetica's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TABLE = Path(__file__).parents[2] / "netspec" / "figure" / "scene" / "glyphs.json"
ACCENTS = "ˆ˜˙¨¯‾"
TEX = "ϵϕϑΥ∫∇∉∪∩∅∀∃≪≫≡∼∝⊂⊗⊤⊥ℓ⋱⌊⌋⌈⌉⇒↦" + "ℂℍℕℙℚℝℤ" + "ℬℰℱℋℐℒℳℛ"
TEX += "".join(chr(start + k) for start in (0x1D538, 0x1D49C) for k in range(26))
SIGNS = "–—‘’“”•…·×÷−±√∑∏∞≈≠≤≥→←↑↓⋯⋮∈∂′″½¼¾⊕⊙°²³¹µ∘∗∣‖⟨⟩"
GREEK = "αβγδεζηθικλμνξοπρςστυφχψωΓΔΘΛΞΠΣΦΨΩ"
CHARACTERS = [chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x100))] + list(SIGNS + GREEK + ACCENTS + TEX)


def measured(path: Path) -> dict[str, list[int]]:
    """Every character that the font has."""
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.ttLib import TTFont

    font = TTFont(str(path))
    names, glyphs, unit = font.getBestCmap(), font.getGlyphSet(), font["head"].unitsPerEm
    found: dict[str, list[int]] = {}
    for character in dict.fromkeys(CHARACTERS):
        name = names.get(ord(character))
        if name is None:
            continue
        pen = BoundsPen(glyphs)
        glyphs[name].draw(pen)
        bottom, top = (0, 0) if pen.bounds is None else (pen.bounds[1], pen.bounds[3])
        found[character] = [round(1000 * value / unit) for value in (glyphs[name].width, bottom, top)]
    return found


def sources() -> dict[str, Path]:
    import matplotlib

    carried = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    liberation = Path("/usr/share/fonts/truetype/liberation")
    return {
        "math": carried / "STIXGeneral.ttf",
        "math italic": carried / "STIXGeneralItalic.ttf",
        "math bold": carried / "STIXGeneralBol.ttf",
        "sans": liberation / "LiberationSans-Regular.ttf",
        "sans bold": liberation / "LiberationSans-Bold.ttf",
    }


def main() -> int:
    fonts = {name: measured(path) for name, path in sources().items()}
    rows = [
        f"{json.dumps(name)}: {json.dumps(table, ensure_ascii=False, separators=(',', ':'))}"
        for name, table in fonts.items()
    ]
    TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
