"""Each kind of item of a Scene, as SVG and as DOT: places, sizes, looks and texts, reckoned by hand."""

from __future__ import annotations

import math

import pytest

from netspec.figure.backends import dot, svg
from netspec.figure.scene import Dots, Image, Item, Node, Pen, Point, Polygon, Rect, Scene, Text, Wire
from netspec.figure.scene.tex import Atom
from netspec.figure.themes import THEMES, Theme

IN = 25.4  # millimetres: 72 points of DOT, which begin at the canvas's lower left corner
THIN = Pen(width=IN / 72)
HALF = IN / 2
BLACK = 'color="#000000", penwidth=1'
STROKE = ' stroke="#000000" stroke-width="0.353"'
SANS = 'font-family="Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"'


def scene(*items: Item, nodes_first: bool = False) -> Scene:
    return Scene(
        view="neurons", items=items, canvas=Rect(-IN, -IN, 3 * IN, IN), title="a < b", description="c & d",
        nodes_first=nodes_first,
    )  # fmt: skip


def in_svg(item: Item, **options: bool) -> str:
    """The one line of an item."""
    return svg.svg(scene(item), svg.Options(**options)).splitlines()[4]  # type: ignore[arg-type]


def in_dot(*items: Item, theme: Theme = THEMES["classic"]) -> list[str]:
    """The lines of items, without the head and the invisible corners of the canvas."""
    lines = dot.dot(scene(*items), "n", theme).splitlines()[4:-1]
    return [line.strip() for line in lines if not line.strip().startswith('"corner')]


def node(shape: str, **more: object) -> Node:
    return Node(**({"id": "n", "shape": shape, "x": IN, "y": 0, "rx": HALF, "ry": HALF / 2, "pen": THIN} | more))  # type: ignore[arg-type]


def words(*lines: str, **more: object) -> Text:
    atoms = tuple((Atom(line),) for line in lines)
    return Text(**({"id": "t", "lines": atoms, "x": 0, "y": 0, "size": 10 * IN / 72} | more))  # type: ignore[arg-type]


WIDE = ' x="12.7" y="-6.35" width="25.4" height="12.7"'


@pytest.mark.parametrize(
    ("item", "shape"),
    [
        (node("circle", ry=HALF), f'<circle id="n" cx="25.4" cy="0" r="12.7"{STROKE}/>'),
        (node("circle"), f'<ellipse id="n" cx="25.4" cy="0" rx="12.7" ry="6.35"{STROKE}/>'),
        (node("box"), f'<rect id="n"{WIDE}{STROKE}/>'),
        (node("round"), f'<rect id="n"{WIDE} rx="1.6"{STROKE}/>'),
        (node("pill"), f'<rect id="n"{WIDE} rx="6.35"{STROKE}/>'),
        (node("box", fill="input"), f'<rect id="n"{WIDE} fill="#0000ff"{STROKE}/>'),
        (node("box", tip="5 < 6"), f'<rect id="n"{WIDE}{STROKE}><title>5 &lt; 6</title></rect>'),
        (
            node("box", classes=("a", "b"), layer='"l"'),
            f'<rect id="n" class="a b" data-layer="&quot;l&quot;"{WIDE}{STROKE}/>',
        ),
        (
            node("box", pen=Pen(ink="hidden", opacity=0.5, width=1, dash=True)),
            f'<rect id="n"{WIDE} stroke="#ff0000" stroke-width="1" opacity="0.5" stroke-dasharray="4 3"/>',
        ),
        (
            Polygon(id="g", points=(Point(0, 0), Point(IN, 0), Point(IN, -IN)), pen=THIN, tip="t"),
            f'<polygon id="g" points="0,0 25.4,0 25.4,-25.4"{STROKE}><title>t</title></polygon>',
        ),
        (
            Polygon(id="g", points=(Point(0, 0), Point(IN, 0), Point(IN, -IN)), pen=None, fill="light"),
            '<polygon id="g" points="0,0 25.4,0 25.4,-25.4" fill="#c3c3c3"/>',
        ),
        (
            Dots(id="d", points=(Point(0, 1), Point(2, 3)), radius=0.5, ink="hidden", tip="t"),
            '<g id="d" fill="#ff0000"><title>t</title><circle cx="0" cy="1" r="0.5"/>'
            '<circle cx="2" cy="3" r="0.5"/></g>',
        ),
        (
            Wire(id="w", points=(Point(0, 0), Point(10, 0))),
            '<g id="w" stroke="#000000" fill="#000000" stroke-width="0.265"><path d="M0,0L8.38,0" fill="none"/>'
            '<path d="M10,0L8.38,0.583L8.38,-0.583Z" stroke="none"/></g>',
        ),
        (
            Wire(id="w", points=(Point(0, 0), Point(0, 9), Point(0, 9)), pen=Pen(opacity=0.25, dash=True, width=0.2)),
            '<g id="w" stroke="#000000" fill="#000000" stroke-width="0.2" opacity="0.25">'
            '<path d="M0,0L0,9L0,7.38" fill="none" stroke-dasharray="0.8 0.6"/>'
            '<path d="M0,9L-0.583,7.38L0.583,7.38Z" stroke="none"/></g>',
        ),
        (
            Wire(id="w", points=tuple(Point(x, -x) for x in range(7)), curved=True, head=False, tip="z"),
            '<g id="w" stroke="#000000" fill="#000000" stroke-width="0.265"><title>z</title>'
            '<path d="M0,0C1,-1 2,-2 3,-3C4,-4 5,-5 6,-6" fill="none"/></g>',
        ),
        (
            words("a & b", tip="t"),
            f'<text id="t" {SANS} font-size="3.528" fill="#000000"><title>t</title><tspan x="-4.119" y="0"'
            ' textLength="8.237" lengthAdjust="spacingAndGlyphs">a &amp; b</tspan></text>',
        ),
    ],
)  # fmt: skip
def test_items_in_svg(item: Item, shape: str) -> None:
    assert in_svg(item) == shape


def test_a_thick_wire_has_a_larger_head() -> None:
    back, left, right, tip = svg.arrow([Point(0, 0), Point(3, 4)], 0.53)
    assert tip == Point(3, 4)
    assert math.dist(back, tip) == pytest.approx(1.62 * 2**0.7)
    assert math.dist(left, right) == pytest.approx(2 * 0.36 * math.dist(back, tip))
    assert math.dist(left, tip) == pytest.approx(math.dist(right, tip))
    assert (back.x / back.y, back.y < 4) == (pytest.approx(3 / 4), True)
    # a wire without a length points to the right
    assert svg.arrow([Point(5, 5), Point(5, 5)], 0.265)[0] == Point(5 - 1.62, 5)


def test_runs_say_what_differs_from_their_text() -> None:
    said = in_svg(Text(id="t", lines=((Atom("x", "italic", sub=(Atom("i  j", "bold"),)),),), x=0, y=0, size=10))
    assert said.startswith('<text id="t" font-family="Latin Modern Roman, ')
    base, script = said.split("<tspan ")[1:]
    assert ' font-style="italic" textLength="' in base
    assert "font-size" not in base + script.partition("font-size")[0]
    assert f'{SANS} font-size="6.8" font-weight="bold" xml:space="preserve" textLength="' in script


def test_the_frame_of_an_svg() -> None:
    lines = svg.svg(scene()).splitlines()
    assert 'viewBox="-25.4 -25.4 101.6 50.8" width="384" height="192"' in lines[0]
    assert lines[1:3] == ['<title id="title">a &lt; b</title>', '<desc id="desc">c &amp; d</desc>']
    assert lines[3] == '<rect id="ground" x="-25.4" y="-25.4" width="101.6" height="50.8" fill="#ffffff"/>'
    assert lines[4:] == ["</svg>"]
    assert 'width="85mm" height="42.5mm"' in svg.svg(scene(), svg.Options(width=" 85 mm "))
    assert 'width="8.5px" height="4.25px"' in svg.svg(scene(), svg.Options(width="8.5"))


def test_without_a_ground_a_dark_page_gets_dark_colours() -> None:
    dark = THEMES["dark"].colour("hidden")
    text = svg.svg(scene(), svg.Options(transparent=True))
    assert f"<style>@media (prefers-color-scheme:dark){{.k-ink{{stroke:{THEMES['dark'].colour('ink')}}}" in text
    assert f".k-hidden{{stroke:{dark}}}.f-hidden{{fill:{dark}}}" in text
    assert "ground" not in text
    assert "<style>" not in svg.svg(scene())
    assert "<style>" not in svg.svg(scene(), svg.Options(transparent=True, theme=THEMES["dark"]))
    seen = in_svg(node("box", fill="input", classes=("a",)), transparent=True)
    assert 'class="a k-ink f-input"' in seen
    assert 'class="k-ink"' in in_svg(node("box", fill="#123456"), transparent=True)
    assert 'class="k-ink f-ink"' in in_svg(Wire(id="w", points=(Point(0, 0), Point(9, 0))), transparent=True)
    assert 'class="f-light"' in in_svg(Polygon(id="g", points=(Point(0, 0),), pen=None, fill="light"), transparent=True)
    assert 'class="f-ink"' in in_svg(words("a"), transparent=True)


@pytest.mark.parametrize("text", ["", "mm", "0", "0mm", "-1mm", "1e3", "1km", "1,5mm", "100001", "nan", "1.mm"])
def test_lengths_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        svg.split_length(text)
    assert svg.split_length("100000") == (100_000, "px")


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (-0.0001, "0"), (0.0005, "0.001"), (10, "10"), (100.10, "100.1"), (-2.5, "-2.5")]
)
def test_numbers(value: float, shown: str) -> None:
    assert svg.num(value) == shown
    assert dot.number(value) == shown


def test_numbers_of_other_lengths() -> None:
    assert (svg.num(1234.56, 1), svg.num(1200, 0), svg.num(-0.4, 0)) == ("1234.6", "1200", "0")


def test_what_xml_cannot_write() -> None:
    assert (
        svg.escape("a\x00\ufffe\U0001f600<>&\"'\n\r\t")
        == "a\ufffd\ufffd\U0001f600&lt;&gt;&amp;&quot;&#39;&#10;&#13;&#9;"
    )


PLACE = 'pos="144,72!", width=1, height=0.5, id="n"'


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (node("circle"), f'"n" [{PLACE}, shape=ellipse, {BLACK}]'),
        (node("ellipse"), f'"n" [{PLACE}, shape=ellipse, {BLACK}]'),
        (node("box"), f'"n" [{PLACE}, shape=box, {BLACK}]'),
        (node("box", tip='5 "\\N'), f'"n" [{PLACE}, shape=box, {BLACK}, tooltip="5 \\"\\\\N"]'),
        (
            node("round", fill="input", pen=Pen(width=IN / 72, dash=True, opacity=0.5)),
            f'"n" [{PLACE}, shape=box, color="#00000080", penwidth=1, style="rounded,filled,dashed",'
            ' fillcolor="#0000ff"]',
        ),
        (
            words("a & b"),
            '"t" [pos="72,75.575!", width=0.324, height=0.102, shape=plaintext, label=<<FONT FACE="Helvetica"'
            ' POINT-SIZE="10">a &amp; b</FONT>>, fontcolor="#000000"]',
        ),
    ],
)  # fmt: skip
def test_nodes_and_texts_in_dot(item: Item, line: str) -> None:
    assert in_dot(item) == [line]


def test_a_label_stands_in_its_node() -> None:
    label = '<<FONT FACE="Helvetica" POINT-SIZE="10">a</FONT>>'
    assert in_dot(node("box"), words("a", inside="n", ink="hidden")) == [
        f'"n" [{PLACE}, shape=box, {BLACK}, label={label}, fontcolor="#ff0000"]'
    ]


def test_dots_in_dot() -> None:
    look = 'width=0.5, height=0.5, style=filled, color="#ff0000", fillcolor="#ff0000", penwidth=0'
    assert in_dot(Dots(id="d", points=(Point(0, 0), Point(IN, -IN)), radius=IN / 4, ink="hidden")) == [
        f'"d.1" [pos="72,72!", {look}]',
        f'"d.2" [pos="144,144!", {look}]',
    ]


def test_wires_in_dot() -> None:
    ends = (Point(0, 0), Point(IN, 0))
    free = ", width=0.001, height=0.001, style=invis]"
    # the line ends in the base of its head, 1.62 mm before the tip
    assert in_dot(Wire(id="w", points=ends, source="a", target="b", pen=THIN)) == [
        f'"a" -> "b" [pos="e,144,72 72,72 94.13,72 116.26,72 138.39,72", {BLACK}, arrowsize=0.561, id="w"]'
    ]
    curve = (Point(0, 0), Point(IN, 0), Point(IN, IN), Point(0, IN))
    assert in_dot(Wire(id="w", points=curve, head=False, curved=True, pen=THIN)) == [
        f'"w.from" [pos="72,72!"{free}',
        f'"w.to" [pos="72,0!"{free}',
        f'"w.from" -> "w.to" [pos="72,72 144,72 144,0 72,0", {BLACK}, dir=none, id="w"]',
    ]
    thin = in_dot(Wire(id="w", points=ends, source="a", target="b", pen=Pen(ink="hidden", dash=True, width=0.1)))
    assert 'color="#ff0000", penwidth=0.283, style=dashed, arrowsize=0.459' in thin[0]
    assert 'pos="e,144,72 72,72 94.469,72 116.939,72 139.408,72"' in thin[0]


def test_areas_in_dot_stand_in_the_ground() -> None:
    triangle = (Point(0, 0), Point(IN, 0), Point(0, -IN))
    text = dot.dot(scene(Polygon(id="g", points=triangle, pen=THIN, fill="light")), "n")
    assert '_background="C 7 -#c3c3c3 c 7 -#c3c3c3 P 3 72 72 144 72 72 144"' in text
    assert (
        '"g" -> "g" [pos="72,72 96,72 120,72 144,72 120,96 96,120 72,144 72,120 72,96 72,72", dir=none, ' + BLACK
    ) in text
    assert "_background" not in dot.dot(scene(Polygon(id="g", points=triangle)), "n")
    assert in_dot(Polygon(id="g", points=triangle, pen=None)) == []


def test_pixels_in_dot() -> None:
    rows = (("#000000", "#ffffff"), ("#111111", "#222222"))
    text = dot.dot(scene(Image(id="i", x=0, y=0, width=IN, height=IN / 2, rows=rows)), "n")
    assert text.split('_background="')[1].split('"')[0].split(" C ") == [
        "C 7 -#000000 c 7 -#000000 P 4 72 72 108 72 108 54 72 54",
        "7 -#ffffff c 7 -#ffffff P 4 108 72 144 72 144 54 108 54",
        "7 -#111111 c 7 -#111111 P 4 72 54 108 54 108 36 72 36",
        "7 -#222222 c 7 -#222222 P 4 108 54 144 54 144 36 108 36",
    ]
    for high, drawn in ((60, True), (61, False)):  # up to 6,000 pixels
        picture = Image(id="i", x=0, y=0, width=IN, height=IN, rows=(("#000000",) * 100,) * high)
        assert ("_background" in dot.dot(scene(picture), "n")) is drawn
        assert bool(in_dot(picture)) is not drawn


def test_a_pill_is_a_closed_outline_of_its_size() -> None:
    for item in (node("pill"), node("pill", rx=HALF / 2, ry=HALF, x=3, y=-4)):
        outline = dot.pill_outline(item)
        assert len(outline) % 3 == 1
        assert outline[0] == outline[-1]
        assert min(item.distance(point) for point in outline) == pytest.approx(0)
        for number in range(0, len(outline) - 1, 3):
            a, b, c, d = outline[number : number + 4]
            middle = Point((a.x + 3 * b.x + 3 * c.x + d.x) / 8, (a.y + 3 * b.y + 3 * c.y + d.y) / 8)
            assert item.distance(a) == pytest.approx(0, abs=1e-6)
            assert item.distance(middle) < item.corner * 0.001  # as near as a cubic comes to a circle
    hidden, line = in_dot(node("pill"))
    assert hidden == f'"n" [{PLACE}, shape=box, style=invis]'
    assert line.startswith('"n" -> "n" [pos="126,90 138,90 150,90 162,90 171.941,90 180,81.941 180,72 ')
    assert line.endswith(f'", dir=none, {BLACK}]')


def font(text: str, size: str = "10") -> str:
    return f'<FONT FACE="Helvetica" POINT-SIZE="{size}">{text}</FONT>'


def test_labels_of_lines_and_scripts_in_dot() -> None:
    plain, table = Atom("a"), '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    assert dot.html_lines([(plain, Atom(""))], 10) == f"<{font('a')}{font(' ')}>"
    assert dot.html_lines([()], 10) == "< >"
    for align, side in (("start", "LEFT"), ("middle", "CENTER"), ("end", "RIGHT")):
        cells = "".join(f'<TR><TD ALIGN="{side}">{font(text)}</TD></TR>' for text in "ab")
        assert dot.html_lines([(plain,), (Atom("b"),)], 10, align) == f"<{table}{cells}</TABLE>>"
    upper = f'<TD ROWSPAN="2">{font("a")}</TD><TD ALIGN="LEFT" VALIGN="BOTTOM"><FONT POINT-SIZE="6.8"> </FONT></TD>'
    lower = f'<TD ALIGN="LEFT" VALIGN="TOP">{font("i", "6.8")}</TD>'
    sub, sup = Atom("a", sub=(Atom("i"),)), Atom("a", sup=(Atom("i"),))
    rows = f'{table}<TR>{upper}<TD ROWSPAN="2">{font("b")}</TD></TR><TR>{lower}</TR></TABLE>'
    assert dot.html_line((sub, Atom("b")), 10) == rows
    assert (
        f'VALIGN="BOTTOM">{font("i", "6.8")}</TD></TR><TR><TD ALIGN="LEFT" VALIGN="TOP"><FONT POINT'
        in dot.html_line((sup,), 10)
    )
    assert font("i", "4") in dot.html_line((sub,), 5)  # never smaller than 4 points


def test_the_frame_of_a_dot_file() -> None:
    free = ", width=0.001, height=0.001, style=invis]"
    assert dot.dot(scene(), 'a"\\').splitlines() == [
        'digraph "a\\"∖" {',
        '  graph [layout=nop2, outputorder=edgesfirst, pad=0, margin=0, charset="UTF-8", bgcolor="#ffffff"]',
        '  node [shape=ellipse, fixedsize=shape, label="", penwidth=0.75]',
        "  edge [penwidth=0.75]",
        f'  "corner(" [pos="0,0!"{free}',
        f'  "corner)" [pos="288,144!"{free}',
        "}",
    ]
    assert 'bgcolor="transparent"' in dot.dot(scene(), "n", transparent=True)
    assert "outputorder=nodesfirst" in dot.dot(scene(nodes_first=True), "n")


def test_control_characters_are_blanks_in_dot() -> None:
    assert dot.escape_controls("a\n\x00\u200bb c") == "a   b c"
    assert dot.quoted('\n"\\N') == '" \\"\\\\N"'
    assert dot.html("'<\n>'") == "'&lt; &gt;'"
