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
