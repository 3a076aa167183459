"""F1 to F4: the linear model, the perceptron, the same simplified, and four of them behind each other."""

from __future__ import annotations

import itertools

import pytest

from netspec.figure.scene import HAIR, Node, Polygon, Scene
from tests.figure.drawn import (
    aims_at_middle,
    between,
    colour,
    colours,
    dots_at,
    even,
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


def parts(scene: Scene, start: str = "") -> tuple[list[Node], list[Node], Node]:
    """Inputs, weights and the sum of a perceptron."""
    (total,) = of(scene, "sum", start=start)
    return of(scene, "value", "input"), of(scene, "weight", start=start), total


def product_wires_bend(scene: Scene, weights: list[Node], total: Node) -> bool:
    """From each weight level to one knee for all, then straight to the sum's rim; on the sum's own row straight."""
    knees = set()
    for weight in weights:
        (wire,) = between(scene, [weight], [total])
        assert wire.head
        assert aims_at_middle(total, wire)
        if near(weight.y, total.y):
            assert len(wire.points) == 2
            continue
        start, knee, _ = wire.points
        assert near(start.y, knee.y)
        knees.add(round(knee.x, 3))
    return len(knees) == 1


# ---- F1


def linear(d: int) -> Scene:
    return post("linear", ("x: 2", f"x: {d}"))


@holds("F1.1", "F1.2", "F1.4")
@pytest.mark.parametrize("d", [2, 3, 4, 6])
def test_linear_rows(d: int) -> None:
    scene = linear(d)
    inputs, weights, _ = parts(scene)
    assert len(inputs) == len(weights) == d + 1
    assert even(node.y for node in inputs)
    names = [label(scene, node) for node in inputs]
    assert [name.plain for name in names] == ["1", *(f"x_{k}" for k in range(1, d + 1))]
    assert [name.lines[0][0].style for name in names] == ["upright", *["italic"] * d]
    assert all(name.align == "end" and name.box.right < node.box.left for name, node in zip(names, inputs, strict=True))
    assert said(scene, weights) == [f"w_{k}" for k in range(d + 1)]
    assert {colour(node) for node in inputs} == {"#0000ff"}
    assert {colour(node) for node in weights} == {"#000000"}
    assert all(near(a.y, b.y) for a, b in zip(inputs, weights, strict=True))
    for source, weight in zip(inputs, weights, strict=True):
        (wire,) = between(scene, [source], [weight])
        assert wire.head
        assert wire.points[-1] == (weight.x - weight.rx, weight.y)
    assert weights[0].rx / inputs[0].rx > 2


@holds("F1.3", "F1.5")
@pytest.mark.parametrize("d", [2, 4])
def test_linear_sum(d: int) -> None:
    scene = linear(d)
    _, weights, total = parts(scene)
    assert label(scene, total).plain == "Σ"
    assert label(scene, total).size > 1.2 * label(scene, weights[0]).size
    assert total.rx > weights[0].rx
    assert near(total.y, weights[d // 2].y)
    assert product_wires_bend(scene, weights, total)


@holds("F1.6", "F1.7", "F1.8", "F1.9", "F1.10")
def test_linear_formula_and_captions() -> None:
    scene = linear(2)
    _, weights, total = parts(scene)
    (out,) = out_of(scene, total)
    assert out.points[0] == (total.x + total.rx, total.y)
    assert not out.target
    ((formula, text),) = texts(scene, "formula").items()
    assert formula == "f(x_1, x_2) = w_0 + w_1x_1 + w_2x_2"
    assert text.box.left > out.points[-1].x
    assert text.box.top < total.y < text.box.bottom
    assert not text.inside
    assert not of(scene, "activation")
    assert not scene.dots
    assert "+1" not in {each.plain for each in scene.texts}
    captions = texts(scene, "caption")
    assert list(captions) == ["가중치곱", "합"]
    assert same(each.y for each in captions.values())
    assert near(captions["가중치곱"].x, weights[0].x)
    assert near(captions["합"].x, total.x)
    assert captions["합"].size > 1.5 * captions["가중치곱"].size
    assert colours(scene) == {"#0000ff", "#000000"}
    assert len([node for node in scene.nodes if node.shape == "circle"]) == 7
    assert len([wire for wire in scene.wires if wire.head]) == 7


# ---- F2


@holds("F2.1", "F2.2", "F2.3", "F2.4")
@pytest.mark.parametrize(("size", "last"), [("d", "d"), ("784", "784"), ("1000000", "1000000")])
def test_perceptron_rows(size: str, last: str) -> None:
    changes = () if size == "d" else (("(d)", ""), ("x: d", f"x: {size}"))
    scene = post("perceptron", *changes)
    inputs, weights, total = parts(scene)
    assert said(scene, inputs) == ["x_0 = 1", "x_1", "x_2", f"x_{last}" if len(last) == 1 else f"x_{{{last}}}"]
    assert label(scene, inputs[0]).size < label(scene, inputs[1]).size
    assert [text[0] for text in said(scene, weights)] == ["w"] * 4
    assert even(node.y for node in inputs[:3])
    assert inputs[3].y - inputs[2].y > 1.5 * (inputs[1].y - inputs[0].y)
    for column in (inputs, weights):
        (dots,) = dots_at(scene, x=column[0].x)
        assert len(dots.points) == 3
        assert column[2].y < dots.box.top
        assert dots.box.bottom < column[3].y
        assert dots.radius < column[0].rx / 2
    assert {colour(node) for node in inputs} == {"#0000ff"}
    assert all(not near(total.y, node.y) for node in inputs)
    assert product_wires_bend(scene, weights, total)


@holds("F2.5", "F2.6", "F2.9", "F2.10")
def test_perceptron_activation() -> None:
    scene = post("perceptron")
    inputs, _, total = parts(scene)
    (box,) = of(scene, "activation")
    (wire,) = between(scene, [total], [box])
    (name,) = [text for text in scene.texts if text.plain == "s"]
    assert name.lines[0][0].style == "italic"
    assert near(name.x, (wire.points[0].x + wire.points[-1].x) / 2)
    assert name.box.bottom < total.y
    assert box.shape == "box"
    assert not box.corner
    assert 1.2 < box.rx / box.ry < 2
    assert label(scene, box).plain == "σ(·)"
    assert colours(scene) == {"#0000ff", "#000000"}
    assert [node for node in scene.nodes if colour(node) == "#0000ff"] == inputs
    assert len([wire for wire in scene.wires if wire.head]) == 10


@holds("F2.7", "F2.8")
def test_perceptron_formula_and_captions() -> None:
    scene = post("perceptron")
    inputs, weights, total = parts(scene)
    (box,) = of(scene, "activation")
    head, rest = texts(scene, "formula").values()
    assert head.plain == "h(x_0, x_1, ..., x_d)"
    assert rest.plain == "= σ(s)\n= σ(w_0 + w_1x_1 + w_2x_2 + ... + w_dx_d)"
    assert head.box.left > rest.box.left + head.size
    assert rest.align == "start"
    assert head.box.bottom < rest.box.top
    captions = texts(scene, "caption")
    assert list(captions) == ["입력 벡터", "가중치곱", "합", "활성함수", "출력값"]
    assert same(text.y for text in captions.values())
    xs = [text.x for text in captions.values()]
    assert [round(x, 2) for x in xs[:4]] == [round(node.x, 2) for node in (inputs[0], weights[0], total, box)]
    assert head.box.left < xs[4] < rest.box.right
    assert captions["합"].size > captions["활성함수"].size


# ---- F3


@holds("F3.1", "F3.2", "F3.7", "F3.8", "F3.9")
def test_simplified_is_the_perceptron_and_one_circle() -> None:
    scene = post("perceptron_simplified")
    assert not texts(scene, "formula")
    assert not texts(scene, "caption")
    (end,) = list(of(scene, "value", "hidden"))
    assert colour(end) == "#ff0000"
    bars = [item for item in scene if isinstance(item, Polygon)]
    assert [bar.fill for bar in bars] == ["equals", "equals"]
    assert all(bar.pen is None for bar in bars)
    assert bars[0].box.width == bars[1].box.width > 5 * bars[0].box.height
    assert near((bars[0].box.top + bars[1].box.bottom) / 2, end.y)
    right = [node for node in scene.nodes if node.x > bars[0].box.right]
    left = [node for node in scene.nodes if node.x < bars[0].box.left]
    assert len(left) + len(right) == len(scene.nodes)
    assert not [node for node in right if "weight" in node.classes]
    rows = of(scene, "value", "input")
    circles = [node for node in right if "input" in node.classes]
    assert said(scene, circles) == ["+1", "x_1", "x_2", "x_d"]
    assert said(scene, rows)[0] == "x_0 = 1"
    assert all(near(a.y, b.y) for a, b in zip(rows, circles, strict=True))


@holds("F3.3", "F3.4", "F3.5", "F3.6")
@pytest.mark.parametrize("size", ["d", "3", "784"])
def test_simplified_right_half(size: str) -> None:
    scene = post("perceptron_simplified", *(() if size == "d" else (("(d, ", "("), ("x: d", f"x: {size}"))))
    circles = [node for node in of(scene, "unit", "input") if node.id.endswith("simple")]
    (target,) = of(scene, "unit", "hidden")
    assert {colour(node) for node in circles} == {"#0000ff"}
    assert same(node.x for node in circles)
    assert len(dots_at(scene, x=circles[0].x)) == (size != "3")
    assert colour(target) == "#ff0000"
    assert label(scene, target).plain == "z_i"
    assert target.rx > circles[0].rx > of(scene, "value")[0].rx
    for node in circles:
        (wire,) = out_of(scene, node)
        assert colour(wire) == "#000000"
        assert wire.points[0] == (node.x + node.rx, node.y)
        assert aims_at_middle(target, wire)


# ---- F4


def groups(scene: Scene, count: int) -> list[list[Node]]:
    return [of(scene, "weight", start=f"z.{k}.") for k in range(1, count + 1)]


@holds("F4.1", "F4.12")
def test_titles_stand_in_one_line_above() -> None:
    scene = post("four_perceptrons")
    titles = texts(scene, "title")
    assert list(titles) == ["첫 번째 층", "두 번째 층", "세 번째 층"]
    assert same(text.y for text in titles.values())
    first, second, third = titles.values()
    drawn = [node.box for node in scene.nodes]
    assert max(text.box.bottom for text in titles.values()) < min(box.top for box in drawn)
    assert near(second.x, of(scene, "value", "hidden")[0].x)
    assert near(third.box.right, max(box.right for box in drawn), 0.1)
    assert first.box.left < min(box.left for box in drawn)
    assert not texts(scene, "caption")


@holds("F4.2", "F4.3", "F4.4", "F4.9", "F4.10")
@pytest.mark.parametrize("count", [3, 2, 5])
def test_groups_of_weights_have_a_colour_each(count: int) -> None:
    scene = post("four_perceptrons", ("z: 3", f"z: {count}"))
    inputs = of(scene, "value", "input")
    assert said(scene, inputs) == ["x_0 = 1", "x_1", "x_2", "x_d"]
    assert len(dots_at(scene, x=inputs[0].x)) == 1
    stacks = groups(scene, count)
    assert [colour(stack[0]) for stack in stacks[:3]] == ["#008000", "#ff0000", "#800080"][:count]
    assert len({colour(stack[0]) for stack in stacks}) == count
    for stack in stacks:
        ink = colour(stack[0])
        assert said(scene, stack) == ["w_0", "w_1", "w_2", "w_d"]
        assert {colour(node) for node in stack} == {ink}
        assert {label(scene, node).ink for node in stack} == {stack[0].pen.ink}
        wires = between(scene, inputs, stack)
        assert len(wires) == 4
        assert {colour(wire) for wire in wires} == {ink}
        assert all(len(wire.points) == 2 for wire in wires)
        assert same(node.x for node in stack)
    assert len(dots_at(scene, x=stacks[0][0].x)) == count
    assert all(rising([one[-1].y, two[0].y]) for one, two in itertools.pairwise(stacks))
    if count % 2:
        assert all(near(a.y, b.y) for a, b in zip(inputs, stacks[count // 2], strict=True))


@holds("F4.5", "F4.8", "F4.11")
def test_each_group_is_a_perceptron() -> None:
    scene = post("four_perceptrons")
    sums, boxes = of(scene, "sum"), of(scene, "activation")
    assert len(sums) == len(boxes) == 4
    for k, total in enumerate(sums[:3], 1):
        weights = of(scene, "weight", start=f"z.{k}.")
        assert product_wires_bend(scene, weights, total)
        assert {colour(wire) for wire in into(scene, total)} == {"#000000"}
        end = scene.find(f"z.{k}")
        assert isinstance(end, Node)
        assert colour(end) == "#550000"
        assert same((total.y, end.y))
    assert len([text for text in scene.texts if text.plain == "s"]) == 4
    last = scene.find("s.1")
    assert isinstance(last, Node)
    assert last.fill == last.pen.ink == "relay"
    assert not dots_at(scene, x=of(scene, "weight", start="s.")[0].x)
    assert len([node for node in scene.nodes if node.shape == "circle"]) == 29
    assert len(scene.wires) == 40


@holds("F4.6", "F4.7")
def test_the_second_layer_reads_the_first_and_its_own_constant() -> None:
    scene = post("four_perceptrons")
    dots = of(scene, "value", "hidden")
    (bias,) = of(scene, "value", "hidden", "bias")
    assert label(scene, bias).plain == "x_0 = 1"
    assert same(node.x for node in dots)
    assert bias.y < min(node.y for node in dots if node is not bias)
    assert not into(scene, bias)
    weights = of(scene, "weight", start="s.")
    assert said(scene, weights) == ["w_0", "w_1", "w_2", "w_3"]
    wires = between(scene, dots, weights)
    assert len(wires) == 4
    assert {colour(wire) for wire in wires} == {"#800000"}
    assert {colour(node) for node in weights} == {"#6c5353"}
    assert all(len(wire.points) == 2 and near(wire.pen.width, HAIR) for wire in wires)
