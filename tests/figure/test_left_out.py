"""What a figure leaves out leaves a trace: a net never looks smaller than it is, and both kinds of numbers are said."""

from __future__ import annotations

import pytest

import netspec
from netspec.figure.scene import Scene, layout, meets
from tests.figure.drawn import draw, label, of

WINDOWS = "  input x: 1@16\n  output y: 1 filter {filter}\n"
XOR = """  input x: 2
  hidden h: 2 perceptrons (weights = [[0, 1, 1], [-1, 1, 1]]) -> relu
  output y: 1 perceptron (weights = [[0, 1, -2]])
"""
DEEP = "  input x: 4\n  hidden a: 5 perceptrons -> relu\n  hidden b: 3 perceptrons\n  output y: 2 perceptrons\n"


def drawn(lines: str, settings: str = "", **more: object) -> Scene:
    text = f"net n {{\n{lines}}}\n\nfigure {{\n{settings}\n}}\n"
    return netspec.parse(text).net().render(view="neurons", **more).scene  # type: ignore[arg-type]


@pytest.mark.parametrize("filter", ["2 (stride = 2)", "3", "3 (pad = 1)", "2 (dilation = 3)"])
@pytest.mark.parametrize("most", [2, 5])
def test_every_drawn_unit_has_all_that_it_reads_as_wires_or_as_wires_cut_short(filter: str, most: int) -> None:
    scene = drawn(WINDOWS.format(filter=filter), max_units=most)
    graph = netspec.parse("net n {\n" + WINDOWS.format(filter=filter) + "}\n").net().graph
    op = graph.nodes[1].op
    windows = op.windows(graph.nodes[0].type)
    assert windows is not None
    units = {node.id: node.value.place for node in scene.nodes if node.value is not None}
    drawn_sources = {place for name, place in units.items() if name.startswith("x.")}
    for name, place in units.items():
        if not name.startswith("y."):
            continue
        reads = {one for one in windows.read(0, place) if 0 <= one < 16}
        whole = [wire for wire in scene.wires if wire.target == name and wire.source]
        short = [wire for wire in scene.wires if wire.target == name and not wire.source]
        assert len(whole) == len(reads & drawn_sources)
        assert bool(short) == bool(reads - drawn_sources)
        assert all("stub" in wire.classes and wire.pen.opacity < 0.5 for wire in short)


def test_windows_over_values_in_another_arrangement_have_wires() -> None:
    lines = (
        "  input x: 4\n  hidden a: 3 perceptrons -> reshape(1@3) -> 1 filter 3 (pad = 1)\n  output y: 2 perceptrons\n"
    )
    ends = [(wire.source, wire.target) for wire in drawn(lines).wires if wire.layer == "a" and "a#2" in wire.target]
    assert len(ends) == 7
    text = f"net n {{\n{lines}}}\n"
    for view in ("filter", "cells"):
        with pytest.raises(netspec.SpecError, match="NS713"):
            _ = netspec.parse(text).net().render(view=view).scene


def test_where_only_cuts_the_net_wires_go_on() -> None:
    scene = drawn(DEEP, only="b")
    stubs = [wire for wire in scene.wires if "stub" in wire.classes]
    assert [wire.target for wire in stubs if wire.target] == [f"a.{unit}" for unit in range(1, 6)]
    assert [wire.source for wire in stubs if wire.source] == [f"b.{unit}" for unit in range(1, 4)]
    assert not [wire for wire in drawn(DEEP).wires if "stub" in wire.classes]
    assert not [wire for wire in drawn(DEEP, only="a").wires if wire.target.startswith("x.")], "an input reads nothing"


@pytest.mark.parametrize(("view", "left"), [("grid", "x, y"), ("neurons", "x, y"), ("equals", "x, y")])
def test_a_figure_of_a_part_says_which_lines_it_leaves_out(view: str, left: str) -> None:
    net = netspec.parse(f"net n {{\n{DEEP}}}\n").net()
    part, whole = net.render(view=view, only="b").scene, net.render(view="neurons").scene
    assert next(text.plain for text in part.texts if text.id == "notes").startswith(f"not shown: lines {left}")
    assert not [text for text in whole.texts if "lines" in text.plain]


def test_dropped_units_are_crossed_out_and_have_no_wires() -> None:
    drops = DEEP.replace("relu", "relu -> dropout(0.5)")
    scene = drawn(drops, "  a.dropped = [2, 5]")
    assert not [text for text in scene.texts if "dropout" in text.plain]  # the crosses show it
    assert [text for text in drawn(drops).texts if "dropout (a)" in text.plain]
    assert {wire.id for wire in scene.wires if "cross" in wire.classes} == {
        f"a.{unit}.cross{turn}" for unit in (2, 5) for turn in (-1, 1)
    }
    ends = {end for wire in scene.wires for end in (wire.source, wire.target)}
    assert {f"a.{unit}" for unit in range(1, 6)} & ends == {"a.1", "a.3", "a.4"}
    assert not {text.inside for text in scene.texts} & {"a.2", "a.5"}


def test_a_figure_with_dropped_units_has_no_numbers_and_drops_only_what_it_draws() -> None:
    with pytest.raises(netspec.UsageError, match="NS942"):
        drawn(XOR.replace("relu", "relu -> dropout(0.5)"), "  h.dropped = [1]", input="1,0")
    with pytest.raises(netspec.UsageError, match="NS943"):
        drawn(DEEP.replace("5 p", "50 p").replace("relu", "dropout(0.5)"), "  a.dropped = [30]")
    with pytest.raises(netspec.SpecError, match="NS707"):
        drawn(DEEP, "  a.dropped = [6]")
    for line in "xaby":
        with pytest.raises(netspec.SpecError, match="NS946"):
            drawn(DEEP, f"  {line}.dropped = [1]")
    drawn(DEEP.replace("5 p", "dropout(0.2) -> 5 p"), "  x.dropped = [1]")  # what reads a line may drop its units


def test_an_example_shows_weights_and_values() -> None:
    scene = drawn(XOR, '  input = "1, 1"')
    numbers = {text.id: text.plain for text in scene.texts if "number" in text.classes}
    assert [numbers[f"{name}.value"] for name in ("x.1", "x.2", "h.1", "h.2", "y.1")] == ["1", "1", "2", "1", "0"]
    assert numbers["h.2~y.1.number"] == "−2"
    assert len(numbers) == 5 + 9
    assert not [item for item in scene if "legend" in item.classes]
    many = DEEP.replace("perceptrons", "perceptrons (bias = false, init = constant(0.5))")
    net = netspec.parse(f"net n {{\n{many}}}\n").net()
    crowded = net.render(view="neurons", input="1,2,3,4").scene
    assert [item for item in crowded if "legend" in item.classes], "no room on the wires: their colours say it"


HEADS = """  input x: 1
  hidden h: 5 perceptrons -> tanh "hidden layer"
  output p: h -> 3 perceptrons -> softmax "mixing coefficients"
  output m: h -> 3 perceptrons "means"
  output s: h -> 3 perceptrons -> exp "standard deviations"
"""


@pytest.mark.parametrize("width", [None, "column"])
def test_activations_stand_at_their_own_layers(width: str | None) -> None:
    scene = drawn(HEADS, width=width)
    boxes = {one: [node.box for node in scene.nodes if node.layer == one] for one in ("h", "p", "m", "s")}
    for text in scene.texts:
        if "mark" not in text.classes:
            continue
        apart = {
            path: min(max(text.box.top - box.bottom, box.top - text.box.bottom) for box in found)
            for path, found in boxes.items()
            if path != "h" or text.layer == "h"
        }
        assert min(apart, key=lambda path: abs(apart[path])) == text.layer
    assert {text.layer: text.plain for text in scene.texts if "mark" in text.classes} == {
        "h": "tanh", "p": "softmax", "s": "exp"
    }  # fmt: skip


@pytest.mark.parametrize("view", ["neurons", "grid", "perceptron"])
def test_a_long_title_is_broken_and_does_not_widen_the_figure(view: str) -> None:
    long = "what the second of these layers computes from the numbers that it reads in the first"
    net = 'net n {{\n  input x: 3 "a"\n  hidden h: 3 perceptrons "{0}"\n  output y: 2 perceptrons "b"\n}}\n'
    usual, wide = (
        netspec.parse(net.format(title)).net().render(view=view).scene for title in ("the second layer", long)
    )
    assert wide.canvas.width <= usual.canvas.width * 1.6
    title = next(text for text in wide.texts if "title" in text.classes and len(text.plain) > 40)
    assert " ".join(title.plain.split()) == long


def test_an_activation_over_all_units_is_one_box_that_reads_all_sums() -> None:
    text = "net n {{\n  input x: 2\n  output s: 3 perceptrons -> {}\n}}\nfigure {{\n  view = perceptron\n  {}\n}}\n"
    scene = draw(text.format("softmax", ""))
    (box,) = of(scene, "activation")
    sums = of(scene, "sum")
    assert {wire.source for wire in scene.wires if wire.target == box.id} == {total.id for total in sums}
    assert {wire.target for wire in scene.wires if wire.source == box.id} == {f"s.{unit}" for unit in (1, 2, 3)}
    assert [item.plain for item in scene.texts if item.id.endswith(".s")] == ["z_1", "z_2", "z_3"]  # s is the output
    (box,) = of(draw(text.format("softmax", "s.show = [2]")), "activation")
    assert box.ry > 2 * layout.UNIT  # the sums that are not drawn have room beside it
    assert len(of(draw(text.format("relu", "")), "activation")) == 3
    with pytest.raises(netspec.SpecError, match="NS713"):
        draw(text.format("softmax", ""), view="equals")
    for acts, left in (("relu -> softmax", "relu"), ("softmax -> relu", "softmax")):
        assert f"not shown: {left} (s)" in [item.plain for item in draw(text.format(acts, "")).texts]
    known = text.replace("perceptrons", "perceptrons (weights = [[0, 9, 9], [0, 0, 0], [0, 1, 1]])")
    numbers = draw(known.format("softmax", 'input = "32, 31"'))
    (box,) = of(numbers, "activation")
    assert not [item.plain for item in numbers.texts if not item.inside and meets(box, item.box)]


def test_a_line_that_changes_all_values_of_another_has_units_of_its_own() -> None:
    lines = '  input x: 2\n  hidden z: 3 perceptrons "scores"\n  output p: z -> {} "shares"\n'
    scene = drawn(lines.format("softmax"), '  z.title = "logits"\n  z.symbol = "a"')
    said = {item.plain for item in scene.texts}
    assert {"logits", "shares", "not shown: softmax (p)"} | {f"{name}_{k}" for name in "ap" for k in (1, 2, 3)} <= said
    wires = {(wire.source, wire.target) for wire in scene.wires}
    assert {(f"z.{a}", f"p.{b}") for a in (1, 2, 3) for b in (1, 2, 3)} <= wires
    folded = drawn(lines.format("layernorm"))  # one row for both lines has the words of both
    assert "scores\nshares" in [item.plain for item in folded.texts if "title" in item.classes]


def test_words_are_drawn_or_refused() -> None:
    text = """net m {
  input  c: one of 4 over 3 "letters"
  hidden x: onehot "digits"
  hidden v: x & h[t-1]
  hidden h: v -> 3 perceptrons -> tanh
  output y: 4 perceptrons
}

figure {
  view = unrolled
  LINE.words = ["a", "b", "c"]
}
"""
    with pytest.raises(netspec.UsageError, match="NS947"):  # a line that only joins has no circles
        draw(text.replace("LINE", "v"))
    for line in "cx":
        assert {"a", "b", "c"} <= {item.plain for item in draw(text.replace("LINE", line)).texts}


@pytest.mark.parametrize("view", ["unrolled", "neurons"])
def test_units_of_classes_have_what_is_said_of_the_line_of_classes(view: str) -> None:
    """The circles of `c` stand in the line `x`: its symbol, colour and caption are theirs, unless `x` has its own."""
    time, read = (" over 3", " & h[t-1]") if view == "unrolled" else ("", "")
    text = f"""net m {{
  input  c: one of 4{time} "letters"
  hidden x: onehot "digits"
  hidden h: x{read} -> 3 perceptrons
  output y: 2 perceptrons
}}

figure {{
  view = {view}
  c.symbol = "u"
  c.color = gold
}}
"""
    scene = draw(text)
    circles = [
        node for node in scene.nodes if node.layer == "x" and "unit" in node.classes and "bias" not in node.classes
    ]
    assert {node.fill for node in circles} == {"#ffd700"}
    assert all(label(scene, node).plain.startswith("u") for node in circles)
    assert "letters\ndigits" in {item.plain for item in scene.texts}
    assert not any("lines c" in item.plain for item in scene.texts)
    own = draw(text.replace("c.color = gold", 'c.color = gold\n  x.symbol = "v"'))
    assert all(label(own, own.find(node.id)).plain.startswith("v") for node in circles)  # type: ignore[arg-type]
