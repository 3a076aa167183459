"""The pixels that an SVG carries."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image as Pillow

from netspec.figure.backends.svg import svg
from netspec.figure.scene import Image, Rect, Scene

ROWS = (("#ff0000", "#00ff00", "#0000ff"), ("#000000", "#ffffff", "#123456"))


def test_svg_carries_pixels_as_a_png() -> None:
    picture = Image(id="tile<1>", x=10, y=20, width=6, height=2, rows=ROWS, classes=("tile",), layer="c")
    text = svg(Scene(view="strip", items=(picture,), canvas=Rect(0, 0, 100, 50)))
    (tag,) = re.findall(r"<image[^>]*>", text)
    assert 'id="tile&lt;1&gt;" class="tile" data-layer="c"' in tag
    assert 'x="10" y="20" width="6" height="2" preserveAspectRatio="none" image-rendering="pixelated"' in tag
    data = base64.b64decode(re.findall(r"base64,([^\"]+)", tag)[0])
    pixels = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
    assert [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in pixels] == [list(row) for row in ROWS]
