"""What comes out of `netspec render`: files by their ending, widths, grounds, languages, words for those who listen."""

from __future__ import annotations

import io
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import pytest

import netspec
from netspec.cli import main
from netspec.figure.backends import WRITERS
from netspec.figure.settings import UNITS, millimetres, split_length
from tests.conftest import ROOT

POST = ROOT / "specs" / "post"
SVG = "{http://www.w3.org/2000/svg}"


def render(*arguments: str) -> int:
    return main(["render", *arguments])


def root_of(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def test_alone_it_writes_the_spec_s_name_and_prints_the_path(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(str(POST / "mlp.net")) == 0
    assert capsys.readouterr().out == "mlp.svg\n"
    assert root_of(inside / "mlp.svg").tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph")]
)
def test_the_ending_says_the_format(inside: Path, ending: str, start: bytes) -> None:
    assert render(str(POST / "linear.net"), "-o", f"a.{ending}") == 0
    assert (inside / f"a.{ending}").read_bytes().startswith(start)


def test_an_unknown_ending_is_refused_with_what_there_is(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(str(POST / "linear.net"), "-o", "a.pgn") == 2
    said = capsys.readouterr().err
    assert "NS722" in said
    assert "png" in said
    assert not (inside / "a.pgn").exists()


WIDTHS = {"85mm": 85.0, "8.5cm": 85.0, "3in": 76.2, "240pt": 84.67, "321px": 84.93, "321": 84.93}


def width_of(path: Path) -> float:
    """The width on paper that a file states, in millimetres."""
    data = path.read_bytes()
    if path.suffix == ".svg":
        return millimetres(ElementTree.fromstring(data).attrib["width"])
    if path.suffix == ".png":
        at = data.index(b"pHYs") + 4  # pixels to the metre
        return float(struct.unpack(">I", data[16:20])[0] / struct.unpack(">I", data[at : at + 4])[0] * 1000)
    if path.suffix == ".pdf":
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", data)
        assert box is not None
        return float(box[1]) / 72 * 25.4
    found = re.search(rb'size="([\d.]+),', data)
    assert found is not None
    return float(found[1]) * 25.4


def test_every_unit_has_a_case() -> None:
    assert {split_length(width)[1] for width in WIDTHS} == set(UNITS)


@pytest.mark.parametrize("source", ["--width", "section"])
@pytest.mark.parametrize("form", tuple(WRITERS))
@pytest.mark.parametrize("width", WIDTHS)
def test_width_on_paper(inside: Path, width: str, form: str, source: str) -> None:
    """Every unit in every format, from the command line and from a figure section."""
    text, flags = "net n {\n  input  x: 3\n  output y: 2 perceptrons\n}\n", ["--width", width]
    if source == "section":
        text, flags = text + f'figure {{\n  width = "{width}"\n}}\n', []
    (inside / "a.net").write_text(text, encoding="utf-8")
    assert render("a.net", *flags, "-o", f"a.{form}") == 0
    assert width_of(inside / f"a.{form}") == pytest.approx(WIDTHS[width], abs=0.15)


def test_the_height_follows_the_width(inside: Path) -> None:
    assert render(str(POST / "mlp.net"), "--width", "8.5cm", "-o", "a.svg") == 0
    root = root_of(inside / "a.svg")
    left, top, wide, high = (float(part) for part in root.attrib["viewBox"].split())
    number, tall = (split_length(root.attrib[side]) for side in ("width", "height"))
    assert number == (8.5, "cm")
    assert tall[1] == "cm"
    assert tall[0] / number[0] == pytest.approx(high / wide, rel=1e-3)
    assert (left, top) < (wide, high)


def test_a_png_of_too_many_pixels_is_refused(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(str(POST / "mlp.net"), "--width", "100000px", "-o", "a.png") == 2
    assert "NS735" in capsys.readouterr().err
    assert render(str(POST / "mlp.net"), "--width", "100000px", "-o", "a.svg") == 0


@pytest.mark.parametrize("width", ["85", "-3mm", "wide", "0mm"])
def test_widths_that_are_none(inside: Path, width: str) -> None:
    assert render(str(POST / "mlp.net"), "--width", width) == (0 if width == "85" else 2)


def test_transparent_ground(inside: Path) -> None:
    import numpy as np
    from PIL import Image

    for flags, ground in ((["--transparent"], 0), ([], 255)):
        assert render(str(POST / "linear.net"), *flags, "-o", "a.png") == 0
        pixels = np.asarray(Image.open(io.BytesIO((inside / "a.png").read_bytes())).convert("RGBA"))
        assert pixels[0, 0, 3] == ground
        assert pixels[:, :, 3].max() == 255
        assert render(str(POST / "linear.net"), *flags, "-o", "a.svg") == 0
        assert ('id="ground"' in (inside / "a.svg").read_text(encoding="utf-8")) is (ground == 255)


def test_scale_of_a_png(inside: Path) -> None:
    from PIL import Image

    sizes = []
    for scale in ("1", "2", "3"):
        assert render(str(POST / "linear.net"), "--scale", scale, "-o", "a.png") == 0
        sizes.append(Image.open(inside / "a.png").size)
    (one, _), (two, _), (three, _) = sizes
    assert abs(two - 2 * one) <= 2
    assert abs(three - 3 * one) <= 3


def words(path: Path) -> str:
    return " ".join("".join(each.itertext()) for each in root_of(path).iter(f"{SVG}text"))


def test_lang_is_for_the_words_that_netspec_adds(inside: Path) -> None:
    text = """net n "제목" {
  input  x: 3 "my input"
  output y: 1 perceptron -> sigmoid "내 출력"
}
figure {
  view = perceptron
}
"""
    (inside / "n.net").write_text(text, encoding="utf-8")
    found = {}
    for lang in ("en", "ko"):
        assert render("n.net", "--lang", lang, "-o", f"{lang}.svg") == 0
        found[lang] = words(inside / f"{lang}.svg")
        assert "my input" in found[lang]
        assert "내 출력" in found[lang]
    assert "weight" in found["en"]
    assert "가중치곱" in found["ko"]
    assert "weight" not in found["ko"]


def test_title_and_description_come_from_the_net(inside: Path) -> None:
    assert render(str(POST / "mlp.net"), "-o", "a.svg") == 0
    root = root_of(inside / "a.svg")
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert described is not None
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {described.attrib['id']}"
    assert title.text == "다층 퍼셉트론의 일반적 구조"
    assert described.text is not None
    for part in ("input x: d", "hidden z: H", "output s: K", "H*(d+1) + K*(H+1) weights", "d-4 units of x"):
        assert part in described.text
    net = netspec.parse("net n {\n  input x: 784\n  output y: 10 perceptrons\n}\n").net()
    assert "781 units of x" in net.render(view="neurons").scene.description
    assert "Not drawn" not in net.render(view="blocks").scene.description


def test_text_stays_text(inside: Path) -> None:
    assert render(str(POST / "mlp.net"), "-o", "a.svg") == 0
    assert "입력층" in words(inside / "a.svg")
    assert "<image" not in (inside / "a.svg").read_text(encoding="utf-8")


def test_pdf_is_lines_and_letters(inside: Path) -> None:
    assert render(str(POST / "mlp.net"), "-o", "a.pdf") == 0
    data = (inside / "a.pdf").read_bytes()
    assert data.rstrip().endswith(b"%%EOF")
    assert b"/Subtype /Image" not in data
    assert b"/FontFile" in data or b"/Type /Font" in data
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    content = b""
    for stream in streams:
        try:
            content += zlib.decompress(stream)
        except zlib.error:
            content += stream
    assert content.count(b" c\n") + content.count(b" c ") >= 4 * 13  # a circle is four curves


def test_nothing_in_a_file_says_when_or_where_it_was_made(inside: Path) -> None:
    for ending in ("svg", "dot", "pdf", "png"):
        assert render(str(POST / "rnn.net"), "-o", f"a.{ending}") == 0
        data = (inside / f"a.{ending}").read_bytes()
        assert str(inside).encode() not in data
        assert str(ROOT).encode() not in data
        assert b"CreationDate" not in data
        assert not re.search(rb"20[2-9]\d-\d\d-\d\d", data)
