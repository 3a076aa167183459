"""Small things that nets of one's own showed: who is coloured how, what is drawn once, what dots stand for."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import netspec
from netspec.figure.backends import fonts
from netspec.figure.scene import Node
from netspec.figure.scene.typeset import typeset, words
from tests.figure.drawn import between, colour, draw, label, of, said


def net(*lines: str, settings: str = "view = neurons") -> str:
    return "net n {\n" + "".join(f"  {line}\n" for line in lines) + f"}}\nfigure {{\n  {settings}\n}}\n"


def test_units_within_an_output_s_line_are_hidden() -> None:
    scene = draw(net("input x: 3", "output y: 4 perceptrons -> relu -> 2 perceptrons"))
    inner = [node for node in of(scene, "unit") if node.id.startswith("y.") and not node.id.startswith("y.2")]
    roles = {node.id: colour(node) for node in of(scene, "unit")}
    assert sorted(roles.values()).count("#008000") == 2
    assert {colour(node) for node in of(scene, "unit", "hidden")} == {"#ff0000"}
    assert inner


def test_a_sum_without_a_name_shows_its_sign() -> None:
    scene = draw(net("input x: 3", "hidden a: 3 perceptrons -> relu", "output y: x + a -> 2 perceptrons"))
    signs = [node for node in of(scene, "unit") if label(scene, node).plain == "+"]
    assert len(signs) == 3
    assert {colour(node) for node in signs} == {"#ff0000"}


@pytest.mark.parametrize("both", ["x & x -> 2 perceptrons", "x + x -> 2 perceptrons"])
def test_what_reads_a_layer_twice_has_one_wire_to_each_unit(both: str) -> None:
    scene = draw(net("input x: 3", f"output y: {both}"))
    pairs = [(wire.source, wire.target) for wire in scene.wires]
    assert len(set(pairs)) == len(pairs)


def test_dropout_hides_no_activation() -> None:
    scene = draw(net("input x: 3", "output y: 1 perceptron -> tanh -> dropout(0.5)", settings="view = perceptron"))
    assert said(scene, of(scene, "activation")) == ["tanh(·)"]


@pytest.mark.parametrize(("size", "to"), [(6, 4), (7, 3), (8, 8), (5, 2)])
def test_pools_to_a_size_read_even_windows(size: int, to: int) -> None:
    lines = [f"input s: 1@{size}", f"output y: avgpool(to = {to})"]
    scene = draw(net(*lines, settings="view = neurons\n  max_units = 12"))
    sources = [node for node in of(scene, "unit") if node.id.startswith("s.")]
    targets = [node for node in of(scene, "unit") if node.id.startswith("y.")]
    assert (len(sources), len(targets)) == (size, to)
    for place, target in enumerate(targets):
        wires = between(scene, sources, [target])
        first, last = place * size // to, -(-(place + 1) * size // to)
        assert [wire.source for wire in wires] == [node.id for node in sources[first:last]]


def test_every_value_is_drawn_or_counted_by_dots() -> None:
    boxes = (
        'x.box = [region(rows = [2, 3], cols = [2, 3], label = "a"), region(rows = [2, 3], cols = [5, 6], label = "b")]'
    )
    scene = draw(net("input x: 3@8x9", "output y: 1 perceptron", settings=f"view = neurons\n  {boxes}"))
    drawn = [node for node in of(scene, "unit", "input") if "bias" not in node.classes]
    assert len(drawn) + sum(int(dots.hidden) for dots in scene.dots) == 3 * 8 * 9


def test_a_font_that_only_has_boxes_is_no_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LastResortHE-Regular.ttf", "cmr10.ttf"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(fonts, "folders", lambda: [tmp_path])
    assert fonts.choose(typeset((words("가"),), 0, 0, 1)).missing == "가"


def test_titles_of_one_row_stand_one_below_the_other() -> None:
    lines = ["input a: 2", "input b: 2", 'hidden p: a -> 2 perceptrons "left"', 'hidden q: b -> 2 perceptrons "right"']
    scene = draw(net(*lines, "output y: p & q -> 1 perceptron", settings="view = neurons\n  direction = up"))
    titles = [text for text in scene.texts if "title" in text.classes]
    assert [text.plain for text in titles] == ["left", "right"]
    for one, two in itertools.pairwise(titles):
        assert one.box.bottom < two.box.top


def test_equals_takes_one_unit_of_a_layer_of_several() -> None:
    scene = draw(net("input x: 3", "output y: 5 perceptrons -> tanh", settings="view = equals"))
    target = scene.find("y.1.simple")
    assert isinstance(target, Node)
    assert netspec.__version__


@pytest.mark.parametrize(("view", "says"), [("planes", "one input and one path"), ("unrolled", "earlier time step")])
def test_a_view_that_does_not_suit_says_what_it_draws(view: str, says: str) -> None:
    text = net(
        "input x: 3", "hidden a: 3 perceptrons -> relu", "output y: x + a -> 2 perceptrons", settings="lang = en"
    )
    with pytest.raises(netspec.SpecError) as caught:
        draw(text, view=view)
    assert says in str(caught.value)
    assert "view = blocks" in str(caught.value)


def test_a_step_that_makes_one_unit_of_all_has_wires_from_all() -> None:
    scene = draw(net("input x: 3", "hidden z: 3 perceptrons", "hidden h: z -> max(maps)", "output y: 2 perceptrons"))
    pieces = [node for node in of(scene, "unit") if node.id.startswith("z.") and "bias" not in node.classes]
    (unit,) = [node for node in of(scene, "unit") if node.id.startswith("h.") and "bias" not in node.classes]
    assert len(between(scene, pieces, [unit])) == 3
    assert [text.plain for text in scene.texts if "mark" in text.classes] == ["max over maps"]


def test_a_filter_along_one_axis_is_drawn_as_one_of_one_row() -> None:
    line = draw(net("input x: 2@8", "output y: 1 filter 3 (stride = 2)", settings="view = filter"))
    plane = draw(net("input x: 2@1x8", "output y: 1 filter 1x3 (stride = 1x2)", settings="view = filter"))
    assert [node.id for node in line.nodes] == [node.id for node in plane.nodes]
    assert said(line, of(line, "weight")) == said(plane, of(plane, "weight"))


def test_the_constant_of_neurons_is_written_as_the_setting_says() -> None:
    for setting, sign in (("plus", "+1"), ("one", "1")):
        scene = draw(net("input x: 2", "output y: 1 perceptron", settings=f"view = neurons\n  bias = {setting}"))
        assert said(scene, of(scene, "bias")) == [sign]


def test_titles_of_planes_may_be_the_captions_of_the_lines() -> None:
    lines = ('input x: 1@8x8 "INPUT"', 'hidden a: 4 filters 3x3 "A: maps"', 'output y: 2 perceptrons "OUTPUT"')
    settings = 'view = planes\n  titles = top\n  captions = ["first step"]'
    scene = draw(net(*lines, settings=settings))
    titles = [text.plain.splitlines()[0] for text in scene.texts if "title" in text.classes]
    assert titles == ["INPUT", "A: maps", "OUTPUT"]
    below = [text.plain for text in scene.texts if "caption" in text.classes]
    assert below[0] == "first step"
    assert "OUTPUT" not in below


def test_given_weights_that_are_not_all_of_a_net_are_named() -> None:
    text = net(
        "input x: 2", "hidden h: 1 perceptron (weights = [[0, 1, 2]])", "output y: 1 perceptron",
        settings="view = neurons\n  weights = trained",
    )  # fmt: skip
    with pytest.raises(netspec.UsageError, match="for `h`, but not for `y`"):
        draw(text)
