"""An SVG that carries its letters has each of them, in little room; other viewers keep the width of every word."""

from __future__ import annotations

import base64
import io
import re

import netspec
from tests.conftest import ROOT

FACE = re.compile(
    r'@font-face\{font-family:"([^"]+)";font-style:(\w+);font-weight:(\w+);src:url\(data:font/woff;base64,([^)]+)\)'
)
TEXT = re.compile(r"<text[^>]*>.*?</text>")
RUN = re.compile(r"<tspan([^>]*)>([^<]*)</tspan>")


def test_an_svg_carries_the_letters_that_it_uses() -> None:
    from fontTools.ttLib import TTFont

    net = netspec.load(ROOT / "specs/post/rnn_unrolled.net").net()
    plain, whole = net.render().svg(), net.render(embed=True).svg()
    assert "@font-face" not in plain
    assert len(whole) < len(plain) + 30_000
    assert whole == net.render(embed=True).svg()
    has: dict[tuple[str, bool, bool], set[int]] = {}
    for family, style, weight, data in FACE.findall(whole):
        font = TTFont(io.BytesIO(base64.b64decode(data)))
        has[family, style == "italic", weight == "bold"] = set(font.getBestCmap())
    seen = 0
    for text in TEXT.findall(whole):
        usual = re.search('font-family="([^"]+)"', text)
        for look, letters in RUN.findall(text):
            own = re.search('font-family="([^"]+)"', look) or usual
            assert own is not None
            kind = (own[1], "font-style" in look, "font-weight" in look)
            assert {ord(letter) for letter in letters if letter != " "} <= has[kind], (letters, kind)
            seen += 1
    assert seen > 50
    assert any("가" <= chr(code) <= "힣" for codes in has.values() for code in codes)


def test_every_run_has_its_width_for_viewers_with_other_fonts() -> None:
    svg = netspec.load(ROOT / "specs/post/mlp.net").net().render().svg()
    runs = RUN.findall(svg)
    assert runs
    assert all("textLength=" in look and "lengthAdjust=" in look for look, letters in runs if letters.strip())
