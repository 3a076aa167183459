"""Pixels and dashed lines in SVG and DOT: the same colours at the same places, whatever the size of the picture."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image as Pillow

from netspec.draw.dot import MOST_PIXELS, PT, dot
from netspec.draw.svg import Options, num, svg
from netspec.figure.scene import Image, Node, Pen, Point, Polygon, Rect, Scene, Wire
from netspec.figure.theme import THEMES, Theme

ROWS = (("#ff0000", "#00ff00", "#0000ff"), ("#000000", "#ffffff", "#123456"))
PICTURE = Image(id="tile<1>", x=10, y=20, width=6, height=2, rows=ROWS, classes=("tile",), layer="c")
FAINT = Theme("faint", THEMES["post"].colours, frozenset({"hidden"}))


def scene(*items: Node | Wire | Image | Polygon) -> Scene:
    return Scene(view="grid", items=items, canvas=Rect(0, 0, 100, 50))


def test_svg_carries_the_pixels_as_a_png() -> None:
    text = svg(scene(PICTURE))
    (tag,) = re.findall(r"<image[^>]*>", text)
    assert 'id="tile&lt;1&gt;" class="tile" data-layer="c"' in tag
    assert 'x="10" y="20" width="6" height="2" preserveAspectRatio="none" image-rendering="pixelated"' in tag
    data = base64.b64decode(re.search(r"base64,([^\"]+)", tag)[1])  # type: ignore[index]
    pixels = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
    assert [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in pixels] == [list(row) for row in ROWS]


def test_dot_draws_each_pixel_as_a_square_of_the_ground() -> None:
    text = dot(scene(PICTURE), "n")
    (ground,) = re.findall(r'_background="([^"]*)"', text)
    squares = re.findall(r"C 7 -(#\w{6}) c 7 -(#\w{6}) P 4 ((?:[-\d.]+ ?){8})", ground)
    assert [pen for pen, _, _ in squares] == [fill for _, fill, _ in squares] == [c for row in ROWS for c in row]
    for number, (_, _, corners) in enumerate(squares):
        row, column = divmod(number, 3)
        x, y = [float(corner) / PT for corner in corners.split()[:2]]
        assert x == pytest.approx(10 + 2 * column, abs=1e-3)
        assert 50 - y == pytest.approx(20 + 1 * row, abs=1e-3)  # DOT counts upwards


def test_dot_draws_too_many_pixels_as_nothing_but_their_place() -> None:
    side = int(MOST_PIXELS**0.5) + 1
    large = Image(id="large", x=10, y=20, width=6, height=2, rows=(("#ff0000",) * side,) * side)
    assert "_background" not in dot(scene(large), "n")
    assert len(dot(scene(large), "n")) < 2000
    small = Image(id="small", x=10, y=20, width=6, height=2, rows=(("#ff0000",) * (side - 1),) * (side - 1))
    assert dot(scene(small), "n").count("-#ff0000 c") == (side - 1) ** 2


@pytest.mark.parametrize(
    ("ink", "dash", "theme", "dashed"),
    [("hidden", False, THEMES["post"], 0), ("hidden", True, THEMES["post"], 3), ("hidden", False, FAINT, 3),
     ("input", False, FAINT, 0)],
)  # fmt: skip
def test_lines_are_dashed_where_the_pen_or_the_theme_says_so(ink: str, dash: bool, theme: Theme, dashed: int) -> None:
    pen = Pen(ink=ink, width=0.5, dash=dash)
    corners = (Point(1, 1), Point(9, 1), Point(9, 9))
    items = (
        Node(id="a", shape="circle", x=20, y=20, rx=5, ry=5, pen=pen),
        Polygon(id="b", points=corners, pen=pen),
        Wire(id="c", source="a", points=(Point(25, 20), Point(60, 20)), pen=pen),
    )
    drawn = svg(scene(*items), Options(theme=theme))
    assert drawn.count('stroke-dasharray="2 1.5"') == dashed
    assert dot(scene(*items), "n", theme).count("style=dashed") == dashed


def test_numbers_are_short() -> None:
    assert [num(value) for value in (0.0, -0.0, -0.0001, 1.0, 100.0, 1.23456, -2.5)] == [
        "0", "0", "0", "1", "100", "1.235", "-2.5",
    ]  # fmt: skip
    assert num(96.04, 1) == "96"
