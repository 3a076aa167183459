"""Colours by kind, colours of the user's own, and the legend that says what each stands for."""

from __future__ import annotations

import re

import pytest

import netspec
from netspec import SpecError
from netspec.figure.colours import READABLE, contrast
from netspec.figure.scene import Node, Polygon, Scene, Text
from netspec.figure.themes import THEMES

MAPS = """
net small {
  input  image: 1@12x12
  hidden c: 6 filters 3x3 -> relu
  hidden p: maxpool(2x2)
  hidden h: 8 perceptrons -> tanh
  output y: 3 perceptrons
}
figure {
  %s
}
"""
UNITS = "net m {\n  input x: 3\n  hidden h: 4 perceptrons -> tanh\n  output y: 2 perceptrons\n}\nfigure {\n  %s\n}\n"
DEEP = """
block Double(n) {
  input  a: n
  output b: n perceptrons -> relu -> n perceptrons -> relu
}
net deep {
  input  x: 4
  hidden h: Double(4)
  output y: 2 perceptrons
}
figure {
  depth = 1
  Double.color = purple
  %s
}
"""


def legend(scene: Scene) -> dict[str, str]:
    """Return the words of a legend with the colours of their samples: of the ground or, without one, of the outline."""
    samples = {item.id: item for item in scene.nodes}
    texts = [text for text in scene.texts if "legend" in text.classes]
    found = {text.plain: samples[text.id.removesuffix(".text")] for text in texts}
    return {words: sample.fill or sample.pen.ink for words, sample in found.items()}


def fills(scene: Scene, layer: str) -> set[str]:
    return {item.fill for item in scene if isinstance(item, Node | Polygon) and item.layer == layer and item.fill}


@pytest.mark.parametrize("view", ["blocks", "planes"])
def test_a_legend_says_what_each_colour_stands_for(view: str) -> None:
    scene = netspec.parse(MAPS % "legend = true\n  colors = kind").render(view=view).scene
    found = legend(scene)
    expected = {
        "input": "tint-input", "convolution": "tint-filters", "pooling": "tint-pool", "perceptrons": "tint-dense"
    }  # fmt: skip
    assert found == expected | ({"output": "output"} if view == "blocks" else {})
    shapes = [item for item in scene if isinstance(item, Node | Polygon) and item.layer]
    assert {"tint-filters"} == fills(scene, "c")
    notes = [text for text in scene.texts if {"legend", "notes"} & set(text.classes)]
    assert max(item.box.bottom for item in shapes) < min(text.box.top for text in notes)
    below = [text.box.top for text in notes if "notes" in text.classes]
    assert all(top > text.box.bottom for top in below for text in notes if "legend" in text.classes)
    assert scene.canvas.bottom > max(text.box.bottom for text in notes)


def test_the_legend_has_the_language_of_the_figure_and_no_entry_for_what_is_not_drawn() -> None:
    found = legend(netspec.parse(MAPS % "view = blocks\n  legend = true\n  lang = ko\n  only = p").render().scene)
    assert found == {"풀링": "tint-pool"}
    units = legend(netspec.parse(UNITS % "legend = true").render(view="neurons").scene)
    assert units == {"input": "input", "hidden": "hidden", "output": "output"}


COLOURED = "net m {\n%s\n}\nfigure {\n  h.color = navy\n  legend = true\n}\n"
LINES = {
    "": "  input x: 3\n  hidden h: 4 perceptrons -> tanh\n  output y: 2 perceptrons",
    "perceptron": "  input x: 3\n  output h: 1 perceptron -> tanh",
    "equals": "  input x: 3\n  output h: 2 perceptrons",
    "unrolled": "  input x: 3 over 4\n  hidden h: x & h[t-1] -> 4 perceptrons\n  output y: 2 perceptrons",
    "filter": "  input x: 1@5x5\n  output h: 1 filter 3x3 -> tanh",
    "planes": "  input x: 1@5x5\n  hidden h: 2 filters 3x3\n  output y: 2 perceptrons",
}


@pytest.mark.parametrize("view", ["neurons", "grid", "unrolled", "equals", "perceptron", "filter", "planes", "blocks"])
def test_a_colour_of_the_user_fills_the_shapes_of_its_line_in_every_view(view: str) -> None:
    scene = netspec.parse(COLOURED % LINES.get(view, LINES[""])).render(view=view).scene
    assert "#000080" in fills(scene, "h")
    assert legend(scene)["h"] == "#000080"
    inside = {item.id for item in scene.nodes if item.fill == "#000080"}
    for label in scene.texts:
        if label.inside in inside:
            assert contrast(label.ink, "#000080") >= READABLE


def test_a_line_wins_over_its_block_and_its_kind() -> None:
    scene = netspec.parse(DEEP % "perceptrons.color = gold\n  legend = true").render().scene
    assert fills(scene, "h") == {"#800080"}
    assert fills(scene, "y") == {"#ffd700"}
    assert legend(scene)["Double"] == "#800080"
    assert legend(scene)["perceptrons"] == "#ffd700"
    opened = netspec.parse((DEEP % "legend = true").replace("depth = 1", "depth = 2")).render().scene
    assert "#800080" in {item.pen.ink for item in opened.polygons if item.pen is not None}
    assert legend(opened)["Double"] == "#800080"
    own = netspec.parse(DEEP % "h.color = white").render().scene
    assert fills(own, "h") == {"#ffffff"}


def test_text_on_a_ground_can_be_read_in_every_theme() -> None:
    for name, theme in THEMES.items():
        tints = [theme.colour(role) for role in theme.roles() if role.startswith("tint-")]
        assert min(contrast(theme.colour("ink"), tint) for tint in tints) >= READABLE, name
        for colour in ("navy", "gold", '"#777"'):
            scene = netspec.parse(UNITS % f"h.color = {colour}").render(view="blocks", theme=name).scene
            boxes = {item.id: item.fill for item in scene.nodes if item.fill.startswith("#")}
            inks = [(text.ink, boxes[text.inside]) for text in scene.texts if text.inside in boxes]
            assert inks
            assert all(contrast(ink, fill) >= READABLE or ink in ("#000000", "#ffffff") for ink, fill in inks)
            assert all(contrast(ink, fill) >= READABLE for ink, fill in inks), (name, colour)


def test_kinds_have_greys_of_their_own_in_mono() -> None:
    tints = [colour for role, colour in THEMES["mono"].colours.items() if role.startswith("tint-")]
    assert len({tint for tint in tints if tint != "#ffffff"}) == 8


def test_dot_has_the_legend_the_notes_and_the_colours() -> None:
    picture = netspec.parse(MAPS % 'legend = true\n  pooling.color = "#048"').render(view="blocks", heading="Fig. 1")
    text = picture.dot()
    assert 'fillcolor="#004488"' in text
    assert 'fontcolor="#ffffff"' in text
    assert 'BGCOLOR="#004488"' in text
    assert "convolution" in text
    assert "Fig. 1" in text
    plain = netspec.parse(MAPS % "colors = kind\n  legend = true").render(view="planes").dot()
    assert re.search("perceptrons", plain)


def test_what_is_no_colour_is_refused_and_a_legend_without_entries_is_said() -> None:
    with pytest.raises(SpecError) as caught:
        netspec.parse(UNITS % "h.color = bleu")
    (found,) = caught.value.diagnostics
    assert (found.code, [fix.replacement for fix in found.fixes]) == ("NS747", ["blue"])
    with pytest.raises(SpecError, match="NS747"):
        netspec.parse(UNITS % 'h.color = "#12345"')
    with pytest.raises(SpecError, match=r"NS703[^$]*did you mean `pooling`"):
        netspec.parse(MAPS % "poolin.color = red")
    picture = netspec.parse(MAPS % "view = planes\n  legend = true").render()
    assert isinstance(picture.scene.texts[0], Text)
    assert [warning.code for warning in picture.warnings] == ["NS748"]
