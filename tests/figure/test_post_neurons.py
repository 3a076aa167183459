"""F5, F6, F11, F13: units as circles, weights as fans; deep, with a loop, and with trained weights."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from netspec.figure.scene import BOLD, HAIR, Node, Polygon, Scene, Wire
from tests.figure.drawn import (
    between,
    colour,
    colours,
    dots_at,
    draw,
    even,
    fans,
    into,
    label,
    near,
    of,
    out_of,
    post,
    rising,
    said,
    same,
    texts,
)
from tests.figure.statements import holds

INKS = {"input": "#0000ff", "hidden": "#ff0000", "output": "#008000", "deep": "#800000"}


def column(scene: Scene, name: str) -> list[Node]:
    return [node for node in of(scene, "unit") if node.id.split(".")[0] == name]


# ---- F5


@holds("F5.1", "F5.2", "F5.3", "F5.4")
def test_columns_of_the_multilayer_perceptron() -> None:
    scene = post("mlp")
    columns = [column(scene, name) for name in "xzs"]
    assert [said(scene, nodes) for nodes in columns] == [
        ["+1", "x_1", "x_2", "x_i", "x_d"],
        ["+1", "z_1", "z_2", "z_j", "z_H"],
        ["s_1", "s_2", "s_K"],
    ]
    assert even(nodes[0].x for nodes in columns)
    for nodes, role in zip(columns, ("input", "hidden", "output"), strict=True):
        assert same(node.x for node in nodes)
        assert same(node.rx for node in scene.nodes)
        assert {colour(node) for node in nodes} == {INKS[role]}
    titles = texts(scene, "title")
    assert list(titles) == ["입력층", "은닉층", "출력층"]
    assert same(title.y for title in titles.values())
    for title, nodes in zip(titles.values(), columns, strict=True):
        assert near(title.x, nodes[0].x)
        assert title.box.bottom < min(node.box.top for node in scene.nodes)
    hidden, output = columns[1], columns[2]
    assert [node.y for node in output] == [node.y for node in hidden[1:4]]
    assert [node.y for node in columns[0]] == [node.y for node in hidden]


@holds("F5.5", "F5.12")
@pytest.mark.parametrize("show", ["[1, 2, .., i, .., d]", "[1, .., d]", "[1, 2, 3, .., d-1, d]"])
def test_dots_stand_where_units_are_left_out(show: str) -> None:
    scene = post("mlp", ("x.show = [1, 2, .., i, .., d]", f"x.show = {show}"))
    inputs = column(scene, "x")
    dots = dots_at(scene, x=inputs[0].x)
    assert len(dots) == show.count("..")
    for each in dots:
        assert even(point.y for point in each.points)
        assert each.points[1].y - each.points[0].y > 2 * each.radius
        assert not [wire for wire in scene.wires if each.id in (wire.source, wire.target)]
        above = [node for node in inputs if node.y < each.box.top]
        below = [node for node in inputs if node.y > each.box.bottom]
        assert above
        assert below
        assert near(above[-1].y - each.points[1].y, each.points[1].y - below[0].y)
    assert [text.split("_")[1] for text in said(scene, inputs)[1:]] == [
        each if len(each) == 1 else f"{{{each.replace('-', '−')}}}" for each in show[1:-1].split(", ") if each != ".."
    ]


@holds("F5.6", "F5.7", "F5.8")
@pytest.mark.parametrize(("d", "H", "K"), [("d", "H", "K"), (3, 4, 2), (6, 5, 1), (784, 128, 10), (10**6, 10**6, 2)])
def test_every_unit_reads_every_unit_but_no_constant_reads_any(d: int | str, H: int | str, K: int | str) -> None:
    text = f"net n(d, H, K) {{\n  input x: {d}\n  hidden z: {H} perceptrons -> relu\n  output s: {K} perceptrons\n}}"
    unused = "".join(f"{name}, " for name in "dHK" if name in (d, H, K))
    scene = draw(text.replace("(d, H, K)", f"({unused[:-2]})" if unused else ""), view="neurons")
    x, z, s = (column(scene, name) for name in "xzs")
    for before, after in ((x, z), (z, s)):
        wires = between(scene, before, after)
        assert len(wires) == len(before) * len([node for node in after if "bias" not in node.classes])
        assert len({(wire.source, wire.target) for wire in wires}) == len(wires)
        assert fans(scene, wires)
        assert all(wire.head for wire in wires)
    assert not [wire for node in of(scene, "bias") for wire in into(scene, node)]
    assert colours(scene) == set(INKS.values()) - {"#800000"} | {"#000000"}
    assert same(wire.pen.width for wire in scene.wires)
    assert near(scene.wires[0].pen.width, HAIR)


def test_the_posts_multilayer_perceptron_has_20_and_15_wires() -> None:
    scene = post("mlp")
    x, z, s = (column(scene, name) for name in "xzs")
    assert (len(between(scene, x, z)), len(between(scene, z, s))) == (20, 15)


@holds("F5.9", "F5.10", "F5.11")
def test_captions_between_columns() -> None:
    scene = post("mlp")
    x, z, s = (column(scene, name) for name in "xzs")
    captions, formulas = texts(scene, "caption"), texts(scene, "formula")
    assert list(captions) == ["입력-은닉 가중치", "은닉-출력 가중치"]
    assert list(formulas) == ["W^{d×H}", "W^{H×K}"]
    for words, formula, before, after in zip(captions.values(), formulas.values(), (x, z), (z, s), strict=True):
        assert len(words.lines) == 2
        assert near(words.x, (before[0].x + after[0].x) / 2)
        assert near(formula.x, words.x)
        assert words.box.bottom < formula.box.top
        assert words.box.top > max(node.box.bottom for node in scene.nodes)
        (atom,) = formula.lines[0]
        assert atom.style == "italic"
        assert [part.style for part in atom.sup] == ["italic", "upright", "italic"]
        assert atom.sup[1].text == "×"
    input_size, hidden_size = label(scene, x[1]).size, label(scene, z[1]).size
    assert hidden_size > input_size
    assert label(scene, s[0]).size == hidden_size
    assert formulas["W^{d×H}"].size >= 1.25 * input_size


# ---- F6


@holds("F6.1", "F6.2", "F6.3", "F6.4", "F6.5", "F6.6", "F6.7", "F6.8", "F6.9", "F6.10")
@pytest.mark.parametrize("depth", [7, 1, 3, 12])
def test_deep_net(depth: int) -> None:
    scene = post("dnn8", ("repeat 7", f"repeat {depth}"), ("  require depth == 8\n", ""))
    xs = sorted({node.x for node in scene.nodes})
    columns = [[node for node in scene.nodes if node.x == x] for x in xs]
    assert len(columns) == depth + 2
    assert even(xs)
    assert not texts(scene, "title")
    assert not texts(scene, "caption")
    assert said(scene, columns[0]) == ["+1", "x_1", "x_2", "x_d"]
    assert said(scene, columns[-1]) == ["s_1", "s_2", "s_K"]
    assert {colour(node) for node in columns[0]} == {INKS["input"]}
    assert {colour(node) for node in columns[-1]} == {INKS["output"]}
    labels = {text.inside for text in scene.texts}
    for nodes in columns[1:-1]:
        assert {colour(node) for node in nodes} == {INKS["deep"]}
        assert [node.id in labels for node in nodes] == [True, False, False, False]
        assert label(scene, nodes[0]).plain == "+1"
    for before, after in itertools.pairwise(columns):
        wires = between(scene, before, after)
        assert len(wires) == 12
        assert fans(scene, wires)
    assert len(scene.wires) == 12 * (depth + 1)
    assert {colour(wire) for wire in scene.wires} == {"#000000"}
    assert same(wire.pen.width for wire in scene.wires)
    assert len(scene.dots) == depth + 2
    assert all(len(dots_at(scene, x=x)) == 1 for x in xs)
    assert len({round(node.y, 2) for node in scene.nodes}) == 4


# ---- F11


@holds("F11.1", "F11.2", "F11.3", "F11.4", "F11.5", "F11.11")
def test_rows_of_the_recurrent_net() -> None:
    scene = post("rnn")
    x, z, s = (column(scene, name) for name in "xzs")
    copies = [node for node in of(scene, "unit") if node.id.startswith("z@t-1.")]
    assert said(scene, s) == ["s_1^(t)", "s_2^(t)", "s_K^(t)"]
    assert said(scene, z) == ["+1", "z_1^(t)", "z_2^(t)", "z_j^(t)", "z_H^(t)"]
    assert said(scene, x) == ["+1", "x_1^(t)", "x_2^(t)", "x_i^(t)", "x_d^(t)"]
    assert said(scene, copies) == ["z_1^(t−1)", "z_2^(t−1)", "z_H^(t−1)"]
    assert same(node.y for node in (*x, *copies))
    assert rising([s[0].y, z[0].y, x[0].y])
    assert copies[0].x > x[-1].x
    assert {node.pen.opacity for node in copies} == {0.75}
    assert {colour(node) for node in copies} == {INKS["hidden"]}
    titles = texts(scene, "title")
    assert list(titles) == ["입력층", "은닉층", "출력층"]
    for title, row in zip(titles.values(), (x, z, s), strict=True):
        assert title.box.right < min(node.box.left for node in scene.nodes)
        assert title.box.top < row[0].y < title.box.bottom
    (atom,) = label(scene, z[1]).lines[0]
    assert atom.sub
    assert atom.sup
    for row in (x, z, s):
        for dots in dots_at(scene, y=row[0].y):
            assert even(point.x for point in dots.points)


@holds("F11.6", "F11.7", "F11.12")
def test_pills_and_the_loop() -> None:
    scene = post("rnn")
    own, copy = scene.find("z.pill"), scene.find("z@t-1.pill")
    assert isinstance(own, Node)
    assert isinstance(copy, Node)
    held = [node for node in of(scene, "unit") if own.box.left < node.x < own.box.right and near(node.y, own.y)]
    assert held == [node for node in column(scene, "z") if "bias" not in node.classes]
    for pill in (own, copy):
        assert pill.corner == pill.ry
        assert colour(pill) == INKS["hidden"]
        assert pill.pen.opacity == 0.5
        assert HAIR < pill.pen.width < BOLD
    (loop,) = [wire for wire in scene.wires if "loop" in wire.classes]
    assert loop.points[0] == (own.box.right, own.y)
    assert loop.points[-1] == (copy.box.right, copy.y)
    assert loop.head
    assert colour(loop) == INKS["hidden"]
    assert loop.pen.opacity < 1
    assert all(near(a.x, b.x) or near(a.y, b.y) for a, b in zip(loop.points, loop.points[1:], strict=False))
    assert max(point.x for point in loop.points) > max(node.box.right for node in scene.nodes)


@holds("F11.8", "F11.9", "F11.10")
@pytest.mark.parametrize(("d", "H", "K"), [("d", "H", "K"), ("4", "3", "2"), ("784", "50", "1")])
def test_wires_of_the_recurrent_net(d: str, H: str, K: str) -> None:
    given = ", ".join(name for name in (d, H, K) if name.isalpha())
    changes = [("(d, H, K, T)", f"({given}, T)" if given else "(T)"), ("x: d", f"x: {d}")]
    changes += [("-> H", f"-> {H}"), ("s: K", f"s: {K}")]
    if d != "d":
        changes += [("  x.show = [1, 2, .., i, .., d]\n", ""), ("  z.show = [1, 2, .., j, .., H]\n", "")]
    scene = post("rnn", *changes)
    x, z, s = (column(scene, name) for name in "xzs")
    copies = [node for node in of(scene, "unit") if node.id.startswith("z@t-1.")]
    fan, red, out = between(scene, x, z), between(scene, copies, z), between(scene, z, s)
    assert (len(fan), len(out)) == (len(x) * (len(z) - 1), len(z) * len(s))
    assert len(red) == len(copies) * (len(z) - 1)
    if d == "d":
        assert (len(fan), len(red), len(out)) == (20, 12, 15)
    assert {colour(wire) for wire in red} == {INKS["hidden"]}
    assert {colour(wire) for wire in (*fan, *out)} == {"#000000"}
    assert red[0].pen.width > fan[0].pen.width
    nodes = {node.id: node for node in scene.nodes}
    for wire in (*fan, *red, *out):
        source, target = nodes[wire.source], nodes[wire.target]
        assert wire.points == ((source.x, source.y - source.ry), (target.x, target.y + target.ry))
    right = max(node.box.right for node in scene.nodes)
    formulas = list(texts(scene, "formula").values())
    assert [text.plain for text in formulas] == [f"W^{{{d}×{H}}}, W^{{{H}×{H}}}", f"W^{{{H}×{K}}}"]
    assert all(text.box.left > right for text in formulas)
    rows = [s[0].y, z[0].y, x[0].y]
    assert rows[1] < formulas[0].y < rows[2]
    assert rows[0] < formulas[1].y < rows[1]


# ---- F13


def trained() -> dict[str, np.ndarray]:
    """Weights as they come out: z_1 averages the upper square, z_2 the lower; everything else is 0."""
    first = np.zeros((2, 3, 100, 150), np.float32)
    first[0, :, 20:30, 70:80] = 1 / 300
    first[1, :, 70:80, 70:80] = 1 / 300
    return {
        "z.weight": first.reshape(2, -1),
        "z.bias": np.zeros(2, np.float32),
        "s.weight": np.ones((1, 2), np.float32),
        "s.bias": np.zeros(1, np.float32),
    }


@holds("F13.1", "F13.2", "F13.4", "F13.6", "F13.9")
def test_tree_classifier() -> None:
    scene = post("tree")
    x, z, s = (column(scene, name) for name in "xzs")
    titles = texts(scene, "title")
    assert list(titles) == ["입력층", "은닉층", "출력층"]
    assert min(title.box.top for title in titles.values()) > max(node.box.bottom for node in scene.nodes)
    cells = ["1,1,R", "1,1,G", "21,71,R", "21,71,G", "30,80,B", "71,71,R", "71,71,G", "80,80,B", "100,150,G"]
    assert said(scene, x) == ["+1", *(f"x_({cell})" for cell in (*cells, "100,150,B"))]
    assert said(scene, z) == ["+1", "z_1", "z_2"]
    assert said(scene, s) == ["s"]
    assert [colour(nodes[0]) for nodes in (x, z, s)] == [INKS["input"], INKS["hidden"], INKS["output"]]
    assert even(node.y for node in z)
    assert near(s[0].y, z[1].y)
    assert label(scene, x[10]).size <= label(scene, x[3]).size < label(scene, x[1]).size
    shown = sum(int(dots.hidden) for dots in scene.dots)
    assert shown + len(x) - 1 == 3 * 100 * 150
    assert scene.hidden == {"x": str(shown)}


@holds("F13.3")
def test_named_groups_have_a_frame_and_a_name() -> None:
    scene = post("tree")
    frames = [item for item in scene if isinstance(item, Polygon) and "frame" in item.classes]
    assert len(frames) == 2
    for frame, first, name in zip(frames, (3, 6), ("상단", "하단"), strict=True):
        inside = [node for node in column(scene, "x") if frame.box.top < node.y < frame.box.bottom]
        assert inside == column(scene, "x")[first : first + 3]
        assert all(frame.box.left < node.box.left and node.box.right < frame.box.right for node in inside)
        assert frame.pen is not None
        assert (frame.pen.width, frame.pen.opacity) == (BOLD, 0.75)
        words = scene.find(f"{frame.id}.label")
        assert words.plain == f"이미지 {name} 중앙\n정사각형 영역 픽셀\n(300개)"
        assert words.align == "end"
        assert words.box.right < frame.box.left
        assert near(words.box.middle.y, frame.box.middle.y)


@holds("F13.5")
def test_fans_of_the_classifier() -> None:
    scene = post("tree")
    x, z, s = (column(scene, name) for name in "xzs")
    assert (len(between(scene, x, z)), len(between(scene, z, s))) == (22, 3)
    assert fans(scene, scene.wires)
    assert not [wire for node in of(scene, "bias") for wire in into(scene, node)]


@holds("F13.7", "F13.8", "F13.10")
def test_trained_weights_colour_the_wires() -> None:
    scene = post("tree", weights=trained())
    nodes = {node.id: node for node in scene.nodes}
    z1, z2 = nodes["z.1"], nodes["z.2"]
    lit = [wire for wire in scene.wires if wire.target in ("z.1", "z.2") and colour(wire) == "#0000ff"]
    assert {(wire.source, wire.target) for wire in lit} == {
        *((f"x.{cell}", z1.id) for cell in ("21.71.R", "21.71.G", "30.80.B")),
        *((f"x.{cell}", z2.id) for cell in ("71.71.R", "71.71.G", "80.80.B")),
    }
    others = [wire for target in (z1, z2) for wire in into(scene, target) if wire not in lit]
    assert len(others) == 16
    assert {colour(wire) for wire in others} == {"#000000"}
    assert max(wire.pen.width for wire in others) < min(wire.pen.width for wire in lit)
    legend = [text for text in scene.texts if "legend" in text.id or "legend" in text.classes]
    assert legend
    assert min(text.box.left for text in legend) > z1.x
    assert max(text.box.bottom for text in legend) < z1.y
    lines = [item for item in scene if isinstance(item, Wire) and "legend" in item.id]
    assert {colour(line) for line in lines} >= {"#0000ff"}


def test_without_weights_nothing_is_coloured() -> None:
    assert {colour(wire) for wire in post("tree").wires} == {"#000000"}
    assert not [wire for wire in post("tree").wires if not near(wire.pen.width, HAIR)]
    assert out_of(post("tree"), column(post("tree"), "x")[0])


def test_a_caption_that_is_a_name_stands_alone() -> None:
    captions = ('["입력-은닉\\n가중치", "은닉-출력\\n가중치"]', '["$W_1$", "weights $W_2$"]')
    assert list(texts(post("mlp", captions), "formula")) == ["W^{H×K}"]
