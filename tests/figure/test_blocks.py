"""The blocks view: what is folded, what stands beside, what is set on one line; told from the Scene."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.backends.layout import plan_dot
from netspec.figure.blocks.boxes import plan_of
from netspec.figure.blocks.placing import place
from netspec.figure.scene import Node, Rect, Scene, Text
from netspec.figure.scene.tex import plain
from netspec.figure.settings import FigureSettings, LayerHints
from netspec.ir.marks import shown
from tests.figure.law import body

ZOO = Path(__file__).parents[2] / "specs" / "zoo"


def drawn(name: str, **options: Any) -> Scene:
    return netspec.load(ZOO / f"{name}.net").render(view="blocks", **options).scene


def said(scene: Scene, inside: str) -> list[str]:
    """The lines in a box."""
    return [item.plain for item in scene if isinstance(item, Text) and item.inside == inside]


def frames(scene: Scene) -> dict[str, Rect]:
    return {item.id: item.box for item in scene.polygons}


def node(scene: Scene, name: str) -> Node:
    found = scene.find(name)
    assert isinstance(found, Node)
    return found


def test_resnet_is_drawn_whole_and_each_block_once() -> None:
    scene = drawn("resnet50")
    assert said(scene, "r2") == ["r2", "Project(128, 2)", "Bottleneck(128) × 3"]
    assert list(frames(scene)) == ["detail Project", "detail Bottleneck"]
    assert [item.plain for item in scene.texts if item.id == "detail Bottleneck.row1"] == ["c = 64, 128, 256, 512"]
    frame = frames(scene)["detail Bottleneck"]
    inside = [item for item in scene.nodes if item.id.startswith("detail Bottleneck/")]
    assert len(inside) == 6  # x, three layers, the sum, relu
    assert all(frame.left < item.box.left and item.box.right < frame.right for item in inside)


def test_the_longest_way_is_straight_and_the_skip_bows() -> None:
    scene = drawn("resnet50")
    way = [
        "x",
        "r1.repeat.1.a.filters",
        "r1.repeat.1.b.filters",
        "r1.repeat.1.d.filters",
        "r1.repeat.1.y.add",
        "r1.repeat.1.y.relu",
    ]
    nodes = [node(scene, f"detail Bottleneck/{name}") for name in way]
    assert max(item.x for item in nodes) - min(item.x for item in nodes) < 0.2
    skip = scene.find("detail Bottleneck/x~detail Bottleneck/r1.repeat.1.y.add")
    assert max(point.x for point in skip.points) > max(item.box.right for item in nodes)  # type: ignore[union-attr]


def test_unfolded_every_round_is_drawn() -> None:
    folded = drawn("gpt2", depth=2)
    assert len([item for item in folded.nodes if "attention" in item.id]) == 1
    assert any(item.plain == "h: Transformer × 12" for item in folded.texts)
    every = drawn("gpt2", depth=3, unfold=True)
    assert len([item for item in every.nodes if "attention" in item.id]) == 12


def test_a_small_net_is_open_and_nothing_stands_beside() -> None:
    assert list(frames(drawn("gpt2"))) == ["cluster h"]
    assert "detail Transformer" in frames(drawn("gpt2", depth=0, details=True))


def test_only_draws_a_block_by_its_name() -> None:
    scene = drawn("googlenet", only="Inception", depth=1)
    assert said(scene, "x") == ["x"]
    assert [item.id for item in scene.nodes if item.id.endswith(".join")] == ["i3.y.join"]
    with pytest.raises(NetspecError) as wrong:
        drawn("googlenet", only="Inceptoin")
    assert wrong.value.diagnostic.code == "NS730"
    assert "Inception" in str(wrong.value)


def test_what_a_u_net_copies_stands_level() -> None:
    scene = drawn("unet")
    for down, up in (("d1", "u1"), ("d2", "u2"), ("d3", "u3"), ("d4", "u4")):
        assert abs(node(scene, down).y - node(scene, up).y) < 0.2
        assert node(scene, up).box.left - node(scene, down).box.right > 15
    assert node(scene, "m").y > node(scene, "d4").box.bottom


def test_a_long_chain_is_set_in_columns() -> None:
    scene = drawn("googlenet")
    assert abs(node(scene, "image").box.top - node(scene, "i4c").box.top) < 0.2
    assert node(scene, "i4c").x > node(scene, "image").box.right
    wire = scene.find("i4b~i4c")
    assert wire.points[-1].y == pytest.approx(node(scene, "i4c").box.top, abs=0.2)  # type: ignore[union-attr]
    one = drawn("googlenet", columns=1, details=False)
    assert node(one, "i4c").y > node(one, "i4b").y


def test_the_start_of_a_loop_and_what_runs_back() -> None:
    text = """netspec 1
net attended(d = 4, H = 3) {
  input  x: d over 9
  hidden enc: x -> gru(H)
  hidden z: enc & z[t-1] & z[t-2] -> H perceptrons -> tanh
  start  z: enc -> last(time)
  output s: 2 perceptrons
}
"""
    scene = netspec.parse(text).render(view="blocks").scene
    labels = {item.id: item.plain for item in scene.texts if item.id.endswith(".shape")}
    assert labels["z.last~z.join@start.shape"] == "t=0"
    assert sorted(text for text in labels.values() if text.startswith("t−")) == ["t−1, t−2"]


def test_words_in_korean() -> None:
    assert "퍼셉트론 1000개" in said(drawn("resnet18", lang="ko"), "y")
    assert "1000 perceptrons" in said(drawn("resnet18"), "y")


@pytest.mark.parametrize("direction", ["right", "left", "up", "down"])
def test_each_direction(direction: str) -> None:
    scene = drawn("resnet18", direction=direction)
    first, last = node(scene, "image"), node(scene, "y")
    ahead = {
        "right": last.x - first.x, "left": first.x - last.x, "up": first.y - last.y, "down": last.y - first.y,
    }  # fmt: skip
    assert ahead[direction] > 50
    assert all(scene.canvas.left <= item.box.left and item.box.right <= scene.canvas.right for item in scene.nodes)


def test_the_dot_text_has_the_same_boxes() -> None:
    picture = netspec.load(ZOO / "resnet50.net").render()
    assert picture.plan is not None
    text = plan_dot(picture.plan)
    for item in picture.scene.nodes:
        assert f'"{item.id}" [' in text


def test_what_very_many_boxes_read_is_named_in_them() -> None:
    scene = drawn("ddpm")
    assert said(scene, "d5")[0] == "d5  ← time"  # beside the name: a row less
    assert not [wire for wire in scene.wires if wire.source == "time"]
    for down in range(12):  # what is left is a U, its lowest resolution with several skips too
        assert abs(node(scene, f"d{down}").y - node(scene, f"u{12 - down}").y) < 0.2


def test_a_box_says_whose_weights_it_uses_again() -> None:
    scene = netspec.load(ZOO.parent / "paper" / "siamese.net").render().scene
    assert "same weights as a" in said(scene, "b")
    assert "same weights as a" not in said(scene, "a")
    assert scene.find("b~d.subtract.shape").plain == "−, 32"  # type: ignore[union-attr]
    inner = "block F {\n  input  x: d\n  output y: d perceptrons -> relu\n}\n"
    twice = "block Twice {\n  input  x: d\n  hidden t: F\n  hidden u: x -> same(t)\n  output y: t & u\n}\n"
    net = netspec.parse(inner + twice + "net n {\n  input  x: 4\n  hidden z: Twice\n  output y: 2 perceptrons\n}\n")
    texts = [text.plain for text in net.render().scene.texts]
    assert "same weights as t" in texts
    assert "same weights as z" not in texts


def test_a_chain_too_wide_for_a_page_goes_on_in_rows() -> None:
    scene = netspec.load(ZOO.parent / "paper" / "cnn_lstm.net").render().scene
    assert scene.canvas.width < 260
    first, second = node(scene, "video.input"), node(scene, "c2.filters")
    assert second.y > first.box.bottom
    assert abs(second.box.left - first.box.left) < 0.5


def test_equal_blocks_in_a_row_are_counted_and_what_runs_backwards_says_so() -> None:
    cell = "block R(H) {\n  input  x: d over T\n  output h: x & h[t-1] -> H perceptrons -> tanh\n}\n"
    body = (
        "net n {\n  input  x: 3 over 5\n  hidden a: R(4) -> R(4)\n  hidden b: R(4) -> R(5) -> R(4) -> identity\n"
        "  hidden c: R(4) -> reversed(R(4))\n  hidden d: reversed(gru(4)) -> tanh -> tanh\n"
        "  output y: last(time) -> 2 perceptrons\n}\n"
    )
    scene = netspec.parse(f"netspec 1\n\n{cell}\n{body}", name="n.net").net().render(view="blocks", depth=0).scene
    assert said(scene, "a") == ["a", "R(4) × 2"]
    assert said(scene, "b") == ["b", "R(4)", "R(5)", "R(4)"]  # what changes nothing is not said
    assert said(scene, "c") == ["c", "R(4)", "reversed(R(4))"]
    assert said(scene, "d") == ["d", "reversed(GRU, 4 units)", "tanh", "tanh"]


def test_each_kind_of_call_has_a_panel_of_its_own() -> None:
    text = (
        "block Unit(act) {\n  input x: 8\n  hidden a: 8 perceptrons -> act\n  output y: a + x\n}\n"
        "net n {\n  input x: 8\n  hidden a: Unit(relu) -> Unit(tanh) -> Unit(relu)\n"
        "  hidden b: Unit(tanh) -> Unit(relu)\n  hidden c: Unit(relu) -> Unit(relu)\n  output y: 2 perceptrons\n}\n"
    )
    scene = netspec.parse(text).net().render(view="blocks").scene
    titles = [text.plain for text in scene.texts if text.id.startswith("detail Unit") and "title" in text.classes]
    assert titles.count("Unit") == 2
    assert {"act relu", "act tanh"} <= set(titles)


LOOKS_BACK = """block B(d) {
  input  x: 3 over T
  hidden a: x -> 4 perceptrons -> relu
  output y: a & a[t-d] & a[t-2*d] -> 3 perceptrons
}
net n(T) {
  input  x: 3 over T
  hidden r: B(1)
  hidden s: B(4)
  output y: last(time) -> 2 perceptrons
}"""


def test_a_read_of_an_earlier_step_inside_a_closed_block_is_no_loop() -> None:
    for depth in ("0", "1"):
        text = f"{LOOKS_BACK}\nfigure {{\n  depth = {depth}\n}}"
        scene = netspec.parse(text).net().render(view="blocks").scene
        assert not [wire.id for wire in scene.wires if wire.source == wire.target]
        said = [text.plain for text in scene.texts]
        assert any("inside, it reads t−1, t−2" in one for one in said)
        assert any("inside, it reads t−4, t−8" in one for one in said)


def test_a_block_drawn_for_all_its_calls_says_the_delays_of_all() -> None:
    scene = netspec.parse(LOOKS_BACK).net().render(view="blocks").scene
    assert "t−d, t−2d" in [text.plain for text in scene.texts]


def test_a_true_loop_of_a_closed_block_is_drawn() -> None:
    text = LOOKS_BACK.replace("a[t-d]", "y[t-d]") + "\nfigure {\n  depth = 0\n}"
    scene = netspec.parse(text).net().render(view="blocks").scene
    assert len([wire for wire in scene.wires if wire.source == wire.target]) == 2


# ---- words for lines and calls: the language's own syntax stands in no box

CALLS = """block Two(c) {
  input x: k @ h x w
  output y: c filters 3x3 (pad = 1) -> relu -> c filters 3x3 (pad = 1) -> relu
}
block Look(heads, p, whole) {
  input x: d over T
  output y: x + (x -> attention(heads, causal = whole) -> dropout(p))
}
"""
UNET = """net n {
  input image: 1@32x32
  hidden d1: Two(64)
  hidden d2: maxpool(2x2) -> Two(128)
  hidden m: maxpool(2x2) -> Two(256)
  hidden u2: d2 & (m -> 128 filters 2x2 (transposed = true, stride = 2)) -> Two(128)
  hidden u1: d1 & (u2 -> 64 filters 2x2 (transposed = true, stride = 2)) -> Two(64)
  output y: 2 filters 1x1
}
"""
FORMULA = """net n(T) {
  input x: 8 over T
  hidden u: x & s[t-1] -> 8 perceptrons -> sigmoid
  hidden s: (1 - u)*s[t-1] + u*(x -> layernorm -> 8 perceptrons)
  hidden e: s - (x + u) + (s -> positions(8))
  hidden z: repeat 2 { Look(2, 0.1, false) } -> Look(2, 0.1, true)
  output y: z & e -> 2 perceptrons
}
"""


def boxes_of(text: str, **settings: Any) -> dict[str, str]:
    plan = plan_of(netspec.parse(CALLS + text).net("n").graph, FigureSettings(**settings))
    return {box.id: " / ".join(plain(row.line) for row in box.rows) for box in plan.boxes if not box.cluster}


def test_only_a_call_is_closed_in_a_line_that_joins_values() -> None:
    boxes = boxes_of(UNET)
    assert boxes["d2"] == "d2 / max pooling 2×2 / Two(128)"
    assert boxes["u1.filters"].replace(" / ", " ") == "64 filters 2×2, stride 2, transposed"
    assert (boxes["u1.join"], boxes["u1.Two"]) == ("&", "u1 / Two(64)")
    assert boxes_of(UNET, layers={"u1": LayerHints(title="up")})["u1"] == "up"


def test_a_closed_line_says_in_words_what_its_steps_read() -> None:
    unet = {name: said.replace(" / ", " ") for name, said in boxes_of(UNET, depth=0).items()}
    assert unet["u1"] == "u1 d1 & (64 filters 2×2, stride 2, transposed of u2) Two(64)"
    boxes = {name: said.replace(" / ", " ") for name, said in boxes_of(FORMULA, depth=0).items()}
    assert boxes["u"] == "u x & s[t−1] 8 perceptrons sigmoid"
    assert boxes["s"] == "s (1 − u) × s[t−1] + u × (8 perceptrons of layer norm of x)"
    assert boxes["e"] == "e s − (x + u) + (positions 8, learned of s)"
    assert boxes["z"] == "z Look (heads 2, p = 0.1, no whole) × 2 Look(heads 2, p = 0.1, whole)"
    korean = boxes_of(FORMULA, depth=0, lang="ko")["s"].replace(" / ", " ")
    assert korean == "s (1 − u) × s[t−1] + u × (x의 층 정규화의 퍼셉트론 8개)"


def test_a_closed_repeat_of_one_step_names_it() -> None:
    text = "net n {\n  input x: 8\n  hidden a: repeat 2 { 8 perceptrons }\n  output y: repeat 3 { tanh }\n}\n"
    assert list(boxes_of(text, depth=0).values())[1:3] == ["a / (8 perceptrons) × 2", "y / tanh × 3"]
    two = text.replace("{ tanh }", "{ tanh -> layernorm }")
    assert boxes_of(two, depth=0)["y"] == "y / (tanh → layer norm) × 3"


def test_a_closed_repeat_over_a_table_says_its_steps_with_letters_and_their_values() -> None:
    text = (
        "block Res(c) {\n  input  x: c @ h x w\n  output y: x + (x -> c filters 3x3 (pad = 1))\n}\n"
        "net n {\n  input x: 3@32x32\n  hidden s: repeat [[16, 2], [32, 6], [16, 6]] as c, n "
        "{ c filters 3x3 (pad = 1) -> repeat n { Res(c) } }\n  output y: mean(space) -> 10 perceptrons\n}\n"
    )
    said = "(c filters 3×3 → Res(c) × n) × 3: c = 16, 32, 16; n = 2, 6, 6"
    assert boxes_of(text, depth=0)["s"].replace(" / ", " ") == f"s {said}"
    notes = [item.plain for item in netspec.parse(text).net().render(view="blocks", depth=0).scene.texts]
    assert "padding 1 (all filters)" in notes


def test_a_filter_size_as_argument_and_values_that_stand_side_by_side_are_of_one_call() -> None:
    text = (
        "block C(c, k, d) {\n  input  x: m @ h x w\n  output y: c filters k (pad = same, dilation = d)\n}\n"
        "net n {\n  input x: 8@16x16\n  hidden a: C(8, 3x3, 1) -> C(8, 5x5, 2) -> C(8, 3x3, 2) -> C(8, 3x3, 1)\n"
        "  output y: mean(space) -> 2 perceptrons\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=0, details=True))
    said = " ".join(plain(row.line) for row in plan.clusters[0].rows)
    assert said == "c = 8; k = 3×3, 5×5, 3×3; d = 1, 2, 2"
    assert "8 filters k, dilation d" in [plain(row.line) for box in plan.boxes for row in box.rows]


def test_a_step_stands_under_the_name_of_its_own_line() -> None:
    text = "net n {\n  input x: 8\n  hidden t: 4 perceptrons -> relu\n  hidden m: tanh -> softmax\n  output y: t\n}\n"
    found = boxes_of(text.replace("output y: t", "output y: m -> 2 perceptrons"), depth=1)
    assert list(found.values())[1:3] == ["t / 4 perceptrons / relu", "m / tanh / softmax"]


def test_a_line_that_begins_with_a_constant_says_what_else_its_block_reads() -> None:
    text = (
        "block L {\n  input x: c over n\n  input s: k over n\n  hidden z: x -> c perceptrons\n"
        "  output on: x + z\n  output total: s + (z -> k perceptrons)\n}\n"
        "net n {\n  input x: 8 over 20\n  hidden r: x, (zeros(4 over 20)) -> repeat 3 { L }\n"
        "  output y: r.total -> 2 perceptrons\n}\n"
    )
    assert boxes_of(text, depth=0)["r"] == "r / L × 3 of x, zeros 4 over 20"


def test_a_figure_tells_the_active_weights_of_a_mixture() -> None:
    text = "net n {\n  input x: 4\n  output y: mixture(3) { 4 perceptrons }\n}\n"
    assert "72 weights, 32 active for a token" in netspec.parse(text).net().render().scene.description


CHOICE = """net n {
  input  x: 4
  hidden a: mixture(6, top = 2, shared = 1) { 4 perceptrons -> relu }
  hidden b: x + a
  output y: b -> mixture(3, top = 3) { SwiGLU(5) }
}"""


def test_a_choice_among_copies_shows_what_chooses_and_which_are_chosen() -> None:
    scene = netspec.parse(CHOICE).net().render(view="blocks").scene
    inside = {item.id: " / ".join(said(scene, item.id)) for item in scene.nodes if item.id.startswith(("a.", "y."))}
    assert inside == {
        "a.in.choice": "",
        "a.mixture.chooser": "router / 6 perceptrons, no bias / softmax, top 2",
        **{f"a.experts.{text}": f"expert {text}" for text in "126"},
        "a.experts.…": "…",
        "a.shared.1": "shared expert",
        "a.mixture": "a / weighted sum / for example of 2, 6",
        "y.in.choice": "",
        "y.mixture.chooser": "router / 3 perceptrons, no bias / softmax, top 3",
        **{f"y.experts.{number}": f"expert {number}" for number in "123"},
        "y.mixture": "y / weighted sum",
    }
    ends = {(wire.source, wire.target) for wire in scene.wires}
    copies = ["experts.1", "experts.2", "experts.…", "experts.6", "shared.1", "mixture.chooser"]
    assert {("a.in.choice", f"a.{one}") for one in copies} | {(f"a.{one}", "a.mixture") for one in copies} <= ends
    assert ("x", "a.mixture") not in ends
    assert {node(scene, f"a.experts.{text}").pen.ink for text in "26"} == {"ink"}
    assert node(scene, "a.experts.1").pen.ink == "faint"
    assert list(frames(scene)) == ["cluster a", "cluster y", "detail SwiGLU"]  # a line says what the copies of a are
    assert [one.plain for one in scene.texts if one.id == "cluster a.title"] == ["a: mixture, 6 experts, top 2"]
    rows = [item.plain for item in scene.texts if item.id.endswith(".row1")]
    assert [text for text in rows if "perceptrons" in text or "SwiGLU" in text] == [
        "4 perceptrons → relu, 1 shared",
        "SwiGLU(5)",
    ]


def test_the_first_input_of_a_block_needs_no_name_and_a_closed_block_has_the_colour_of_its_kind() -> None:
    block = "block B {\n  input u: d\n  input v: d\n  output y: u + v -> d perceptrons\n}\n"
    net = "net n {\n  input p: 4\n  input q: 4\n  output y: p -> B(v = q)\n}"
    scene = netspec.parse(block + net).net().render(view="blocks", depth=0, details=False).scene
    assert [item.plain for item in scene.texts if "~y" in item.id] == ["4", "v, 4"]
    outer = "block C {\n  input u: d\n  output y: u + (u -> B(v = u))\n}\n"
    stacked = block + outer + "net n {\n  input p: 4\n  output y: repeat 2 { C }\n}"
    closed = netspec.parse(stacked).net().render(view="blocks", depth=0, details=True).scene
    filled = {item.fill for item in closed.nodes if "B" in said(closed, item.id)}
    assert filled == {"tint-dense"}


def test_a_closed_choice_names_its_copies() -> None:
    boxes = boxes_of(CHOICE, depth=0, details=False)
    assert boxes["a"] == "a / mixture, 6 experts, top 2, / 1 shared: / 4 perceptrons → relu"
    assert boxes["y"] == "y / mixture, 3 experts, top 3: / SwiGLU(5)"


def test_a_caption_that_is_the_name_is_written_once() -> None:
    boxes = boxes_of(
        'net n {\n  input image: 8 "image"\n  hidden z: 4 perceptrons "$z$"\n  output y: 2 perceptrons "class"\n}\n'
    )
    assert list(boxes.values())[:3] == ["image", "z / 4 perceptrons", "y / class / 2 perceptrons"]


BRANCHES = """net aspp {
  input  x: 8@9x9
  hidden a: x -> 16 filters 1x1 -> relu
  hidden b: x -> 16 filters 3x3 (pad = 1) -> relu
  hidden c: x -> 16 filters 1x1 -> relu -> 16 filters 3x3 (pad = 1) -> relu
  hidden d: x -> maxpool(3x3, stride = 1, pad = 1) -> 16 filters 1x1
  output y: c & b & a & d -> 4 filters 1x1
}"""


def test_branches_stand_side_by_side_in_the_order_of_the_join() -> None:
    scene = netspec.parse(BRANCHES).net().render(view="blocks", direction="down").scene
    ends = [wire for wire in scene.wires if wire.target == "y.join"]
    boxes = sorted((node(scene, wire.source) for wire in ends), key=lambda box: box.x)
    assert [box.id.split(".")[0] for box in boxes] == ["c", "b", "a", "d"]
    assert boxes[0].y == boxes[3].y  # the last boxes of two branches of equal length stand in one row
    join = node(scene, "y.join")
    assert boxes[1].x < join.x < boxes[2].x
    heads = {(round(wire.points[-1].x, 2), round(wire.points[-1].y, 2)) for wire in ends}
    # what comes from the left ends at the left of the circle, the rest at its right, each value at a place of its own
    assert sorted(x > join.x for x, _ in heads) == [False, False, True, True]


GATED_SUM = """net moe {
  input  x: 8
  hidden w: x -> 3 perceptrons -> softmax -> split(3)
  hidden e1: x -> 8 perceptrons -> tanh
  hidden e2: x -> 8 perceptrons -> tanh
  hidden e3: x -> 8 perceptrons -> tanh
  output y: e1*(w.1 -> expand(maps)) + e2*(w.2 -> expand(maps)) + e3*(w.3 -> expand(maps))
}"""


@pytest.mark.parametrize(("text", "direction"), [(BRANCHES, "down"), (GATED_SUM, "right")])
def test_lines_run_level_and_upright(text: str, direction: str) -> None:
    scene = netspec.parse(text).net().render(view="blocks", direction=direction).scene
    for wire in scene.wires:
        for a, b in zip(wire.points[::3], wire.points[3::3], strict=False):
            corner = abs(a.x - b.x) < 2 and abs(a.y - b.y) < 2
            assert corner or abs(a.x - b.x) < 0.01 or abs(a.y - b.y) < 0.01, wire.id


def test_a_skip_of_one_resolution_makes_no_u() -> None:
    text = """net squeeze {
      input  x: 4@8x8
      hidden b: x -> 6 filters 1x1 -> relu
      hidden s: b -> mean(space) -> 6 perceptrons -> sigmoid
      hidden e: b * s
      hidden c: e -> 4 filters 1x1
      output y: x + c
    }"""
    scene = netspec.parse(text).net().render(view="blocks", direction="down").scene
    line = [node(scene, name) for name in ("x.input", "b.filters", "e.multiply", "c.filters", "y.add")]
    assert max(one.x for one in line) - min(one.x for one in line) < 0.01
    assert [one.y for one in line] == sorted(one.y for one in line)


def test_a_size_that_differs_between_calls_is_written_with_the_parameters() -> None:
    """In letters: a parameter, a multiple, a square, a product or a quotient; else the values."""
    text = (
        "block A(e, r, n) {\n  input x: c\n  hidden a: x -> e*c perceptrons\n  hidden b: a -> c/r perceptrons\n"
        "  hidden d: b -> n*n perceptrons\n  output y: d -> 10 - n perceptrons\n}\n\n"
        "net n {\n  input x: 8\n  hidden a: A(2, 4, 1)\n  hidden b: A(4, 3, 5)\n  output y: A(6, 5, 3)\n}\n"
    )
    words = {text.plain for text in netspec.parse(text).net().render(view="blocks").scene.texts}
    assert {"ec perceptrons", "c/r perceptrons", "n² perceptrons", "/ 7 perceptrons"} <= words


def test_arrows_name_inputs_and_outputs_of_a_called_block() -> None:
    text = (
        "block R(c) {\n  input  x: c\n  input  g: c\n  output skip: x -> c perceptrons\n  output res: x + g\n}\n"
        "net n {\n  input  x: 8\n  hidden b1: x, x -> R(8)\n  hidden b2: b1.res, x -> R(8)\n"
        "  output y: b1.skip + b2.skip + b2.res -> relu\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings())
    said = {(one.source, one.target): plain(one.label) for one in plan.arrows if one.label}
    assert (said["x", "b1"], said["b1", "b2"], said["x", "b2"]) == ("x, g, 8", "res, x", "g")
    assert {"skip", "res"} <= set(said.values())
    assert "res: 8" in {plain(box.rows[0].line) for box in plan.boxes if box.rows}  # the sign of the panel has no name


def test_a_sum_of_several_values_is_one_sign() -> None:
    def signs(said: str) -> list[tuple[int, str]]:
        lines = "".join(f"  hidden {name}: x -> 4 perceptrons\n" for name in "abcd" if name in said)
        plan = plan_of(
            netspec.parse(f"net n {{\n  input x: 4\n{lines}  output y: {said}\n}}\n").net().graph, FigureSettings()
        )
        found = [box for box in plan.boxes if box.shape == "pill" or box.shape == "circle"][1:]
        return [(sum(arrow.target == box.id for arrow in plan.arrows), plain(box.rows[-1].line)) for box in found]

    assert signs("a + b + c + d") == signs("(a + b) + (c + d)") == [(4, "y: +")]
    assert signs("a - b - c") == [(2, "−"), (2, "y: −")]  # not the same as a − (b − c)
    assert signs("a + a + b") == [(1, "+"), (2, "y: +")]  # one arrow would say a + b


def test_a_value_that_is_repeated_for_a_sign_has_no_box_but_a_word() -> None:
    text = "net n {{\n  input x: 4\n  input g: 1\n  output y: {}\n}}\n"
    plans = [
        plan_of(netspec.parse(text.format(said)).net().graph, FigureSettings())
        for said in ("x*(g -> expand(maps))", "(g -> expand(maps = 4)) & x")
    ]
    assert [sorted(box.id for box in plan.boxes) for plan in plans] == [
        ["g.input", "x.input", "y.multiply", "y.out.1"],
        ["g.input", "x.input", "y.expand", "y.join", "y.out.1"],
    ]
    assert [plain(arrow.label) for arrow in plans[0].arrows if arrow.source == "g.input"] == ["expand, 1"]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("g -> S(4)", ["own weights"]),
        ("g -> same(a)", ["same weights as a"]),
        ("g -> S(3)", []),  # nobody takes it for the first
        ("a -> S(4)", []),  # nor a block behind another one
    ],
)
def test_equal_blocks_that_stand_side_by_side_say_whose_weights_they_have(second: str, said: list[str]) -> None:
    text = "block S(n) {\n  input x: c\n  output y: x -> n perceptrons -> relu\n}\n"
    text += f"net n {{\n  input f: 4\n  input g: 4\n  hidden a: f -> S(4)\n  hidden b: {second}\n"
    text += "  output y: a & b & g\n}\n"
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=0))
    assert [plain(row.line) for box in plan.boxes for row in box.rows if "weights" in plain(row.line)] == said


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("9 filters 3x3 -> maxpool(2x2) -> 9 filters 3x3", ["all of b: same weights as a"]),
        ("9 filters 3x3", ["same weights as a"]),
    ],
)
def test_a_line_of_boxes_says_once_whose_weights_it_has(steps: str, said: list[str]) -> None:
    text = f"net n {{\n  input x: 1@32x32\n  input z: 1@32x32\n  hidden a: x -> {steps}\n  hidden b: z -> same(a)\n"
    rows = [row for box in boxes_of(text + "  output y: a - b\n}\n", depth=1).values() for row in box.split(" / ")]
    assert [row for row in rows if "same weights" in row] == said


def test_a_step_in_braces_has_no_name_that_nobody_wrote() -> None:
    text = "net n {\n  input x: 8\n  hidden m: x -> mixture(4, top = 2) { 6 perceptrons -> relu -> 8 perceptrons }\n"
    plan = plan_of(netspec.parse(f"{text}  output y: 4 perceptrons\n}}\n").net().graph, FigureSettings(depth=3))
    named = [plain(box.rows[0].line) for box in plan.boxes if box.rows]
    assert (named.count("y"), named.count("8 perceptrons")) == (1, 1)


def test_each_part_of_a_value_says_its_size_if_it_is_another_one() -> None:
    text = "net n {\n  input x: 6\n  hidden p: x -> split(sizes = [4, 1, 1])\n"
    text += "  hidden a: p.1 -> tanh\n  hidden b: p.2 -> tanh\n  hidden d: p.3 -> tanh\n  output y: a & b & d\n}\n"
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings())
    assert [plain(one.label) for one in plan.arrows if one.source[0] == "p"] == ["p.1, 4", "p.2, 1", "p.3"]


def test_values_that_come_in_from_one_side_are_numbered_unless_they_lie_round_the_sign_in_their_order() -> None:
    gates = [("r", "h", "reset gate"), ("z", "h", "update gate"), ("n", "r*h", "candidate")]
    lines = [f'  hidden {a}: x & {b}[t-1] -> H perceptrons -> tanh "{said}"\n' for a, b, said in gates]
    text = f"net n(d, H) {{\n  input x: d over up to 20\n{''.join(lines)}"
    spec = netspec.parse(f'{text}  output h: z*h[t-1] + (1 - z)*n "hidden state"\n}}\n')
    said = [text.plain for text in spec.net().render(view="blocks").scene.texts if "shape" in text.classes]
    assert sorted(one[:3] for one in said if one[:3] in ("1st", "2nd")) == ["1st", "1st", "2nd", "2nd"]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("a & h.2", []),  # branches stand in the order in which they are joined
        ("x & a & h.2", ["1st", "2nd", "3rd"]),  # what goes past them comes in last
        ("a & h.2 & x", []),
        ("m & x", []),
        ("x & m", ["1st", "2nd"]),
        ("m, x -> matmul", []),
        ("x, m -> matmul", ["1st", "2nd"]),
        ("m & m", ["1st, 2nd"]),
        ("m & x & m", ["1st, 3rd", "2nd"]),
        ("m + x", []),
    ],
)
def test_the_order_of_values_is_written_where_their_arrows_come_in_otherwise(
    line: str, numbers: list[str], direction: Any
) -> None:
    lines = "  hidden h: x -> split(2)\n  hidden a: x -> 4 perceptrons\n" if "a" in line.split() else ""
    lines = lines or "  hidden m: x -> 4 perceptrons -> tanh\n"
    net = netspec.parse(f"net n {{\n  input x: 4 over 4\n{lines}  output y: {line}\n}}\n").net()
    scene = net.render(view="blocks", depth=1, direction=direction).scene
    labels = [text.plain for text in scene.texts if "shape" in text.classes]
    found = [
        ", ".join(part for part in label.split(", ") if part[:1] in "123" and part[1:].isalpha()) for label in labels
    ]
    assert sorted(filter(None, found)) == numbers


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ("8, 512, 1024", ["BlockWithALongName", "(8, 512, 1024)"]),
        ("1000000, 2000000, 3000000", ["BlockWithALongName", "(1000000, 2000000,", "3000000)"]),
    ],
)
def test_a_long_call_is_broken_before_its_parentheses(given: str, rows: list[str]) -> None:
    text = "block BlockWithALongName(a, b, d) {\n  input x: c\n  output y: x*a*b*d\n}\n"
    text += f"net n {{\n  input x: 4\n  hidden a: BlockWithALongName({given})\n  output y: 2 perceptrons\n}}\n"
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=0, details=False))
    assert [plain(row.line) for box in plan.boxes for row in box.rows if box.id == "a"] == ["a", *rows]


@pytest.mark.parametrize(("after", "columns"), [(5, 1), (12, 2)])
def test_no_lone_tail_stands_beside_a_long_column(after: int, columns: int) -> None:
    body = "".join(
        f"  hidden a{n}: {'x & ' if n == 19 else ''}{f'a{n - 1}' if n else 'x'} -> 4 perceptrons\n" for n in range(20)
    )
    tail = "".join(f"  hidden b{n}: 4 perceptrons\n" for n in range(after))
    text = f"net n {{\n  input x: 4\n{body}{tail}  output y: 2 perceptrons\n}}\n"
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(direction="down", columns=3, depth=0))
    assert 1 + sum(arrow.carry for arrow in plan.arrows) == columns


def test_numbers_are_written_as_people_write_them() -> None:
    text = (
        "block A(s, e) {\n  input x: c\n  output y: x*s -> layernorm(eps = e)\n}\n"
        "net n {\n  input x: 4\n  hidden a: A(1000000.0, 1e-5)\n  output y: A(0.25, 0.001)\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=0, details=False))
    rows = [plain(row.line) for box in plan.boxes for row in box.rows]
    assert {"A(s = 1000000, e = 1e-5)", "A(s = 0.25, e = 0.001)"} <= set(rows)
    assert [shown(value) for value in (1e6, -2.0, 1e-5, 1e20, 0.1, 3)] == ["1000000", "−2", "1e−5", "1e20", "0.1", "3"]


def test_a_sign_that_repeats_a_value_does_not_change_the_type_on_its_arrow() -> None:
    text = (
        "net n(A = 6) {\n  input x: 8\n  hidden v: x -> 1 perceptron\n  hidden a: x -> A perceptrons\n"
        "  output q: (v -> expand(maps = A)) + a\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings())
    assert [plain(one.label) for one in plan.arrows if one.target == "q.add"] == ["expand, 1", "6"]


def test_a_step_of_a_block_is_said_by_the_parameter_that_it_has() -> None:
    text = (
        "block F(s, e) {\n  input x: c over T\n  output y: s perceptrons -> e perceptrons\n}\n"
        "net n {\n  input x: 2 over 9\n  output y: F(4, 16) -> F(8, 32)\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=0, details=True))
    rows = [plain(row.line) for box in plan.boxes for row in box.rows]
    assert {"s perceptrons", "e perceptrons"} <= set(rows)


def test_a_caption_or_a_parameter_that_is_a_name_is_said_once() -> None:
    text = (
        "block A(heads) {\n  input  x: c over T\n  output y: attention(heads)\n}\n"
        'net n {\n  input x: 8 over 4\n  hidden tower_a: x -> 8 perceptrons -> relu "Tower A"\n'
        "  hidden b: A(2)\n  output y: A(4)\n}\n"
    )
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(details=True))
    rows = [[plain(row.line) for row in box.rows] for box in plan.boxes]
    assert ["Tower A", "8 perceptrons", "relu"] in rows
    assert ["y", "attention, heads"] in rows


def test_branches_of_unequal_length_have_rows_of_their_own() -> None:
    tall = " -> ".join(f"{number} filters 3x3 (pad = 1) -> relu -> batchnorm" for number in range(2, 6))
    text = f"""net n {{
  input  a: 1@8x8
  input  b: 1@8x8
  hidden u: a -> {tall} -> maxpool(2x2) -> maxpool(2x2) -> maxpool(2x2) -> mean(space)
  hidden v: b -> maxpool(2x2) -> maxpool(2x2) -> maxpool(2x2) -> {tall} -> mean(space)
  output y: u + v
}}
"""
    scene = netspec.parse(text).net().render(view="blocks", depth=1, direction="down").scene
    for tower in "uv":
        boxes = sorted((item.box for item in scene.nodes if item.id.startswith(f"{tower}.")), key=lambda box: box.top)
        assert len(boxes) == 8
        assert max(after.top - before.bottom for before, after in pairwise(boxes)) < 12


def test_what_is_no_series_stands_in_rows_where_few_edges_cross() -> None:
    experts = "".join(f"  hidden e{n}: x -> 4 perceptrons\n" for n in (1, 2, 3))
    mixes = "".join(
        f"  hidden g{m}: x -> 3 perceptrons -> softmax -> split(3)\n"
        f"  output y{m}: {' + '.join(f'(e{n}*(g{m}.{n} -> expand(maps)))' for n in (1, 2, 3))}\n"
        for m in "ab"
    )
    plan = plan_of(netspec.parse(f"net n {{\n  input x: 9\n{experts}{mixes}}}\n").net().graph, FigureSettings(depth=1))
    placed = place(plan)
    across = sorted(
        (placed.boxes[box.id].y, box.layer) for box in plan.boxes if box.layer[:1] == "e" and box.shape == "round"
    )
    assert [layer for _, layer in across] in (["e1", "e2", "e3"], ["e3", "e2", "e1"])
    sums = {box.layer: placed.boxes[box.id].y for box in plan.boxes if box.shape == "pill" and box.layer[:1] == "y"}
    low, high = sorted(sums.values())
    assert low < across[1][0] < high  # the experts that both read stand between


def test_a_step_that_a_block_is_given_is_called_by_its_name_where_that_tells_the_calls_apart() -> None:
    def titles(*given: str) -> set[str]:
        calls = "\n".join(f"    -> Res(8) {{ {step} }} -> relu" for step in given)
        text = (
            "block Res(n, step) {\n  input x: c\n  output y: x + (x -> n perceptrons -> step -> n perceptrons)\n}\n\n"
            "block Group {\n  input x: c\n  output y: x\n"
            f"{calls}\n}}\n\nnet n {{\n  input x: 8\n  output y: x -> repeat 3 {{ Group() }}\n}}\n"
        )
        scene = netspec.parse(text).net().render(view="blocks").scene
        return {text.plain for text in scene.texts if "Res(" in text.plain}

    assert titles("leaky(0.1)", "tanh") == {"Res(n = 8, step leaky)", "Res(n = 8, step tanh)"}
    assert titles("leaky(0.1)", "leaky(0.2)") == {"Res(n = 8, step leaky(0.1))", "Res(n = 8, step leaky(0.2))"}


def test_a_size_behind_a_repeat_is_that_of_its_last_round() -> None:
    text = (
        "block Dense {\n  input x: k\n  hidden f: x -> 4 perceptrons -> relu\n  output y: x & f\n}\n"
        "net n {\n  input x: 3\n  hidden a: repeat 6 { Dense }\n  hidden b: tanh\n  output y: 2 perceptrons\n}\n"
    )
    graph = netspec.parse(text).net().graph

    def sizes(depth: int) -> list[str]:
        plan = plan_of(graph, FigureSettings(depth=depth, details=False))
        assert any(box.tip == "a: 27" for box in plan.boxes) or depth
        return sorted(plain(arrow.label) for arrow in plan.arrows if arrow.label)

    assert sizes(0) == ["27", "3"]
    assert sizes(3) == ["27", "3", "4"]  # in the frame no size that only one round has: 4 is that of f in each


@pytest.mark.parametrize("direction", ["down", "right"])
def test_a_loop_and_its_label_stand_between_its_box_and_the_next(direction: str) -> None:
    text = (
        "net m(d, H, T) {\n  input x: d over T\n  hidden e: x -> H perceptrons\n"
        "  output h: (e -> Elman(H)) & (e -> reversed(Elman(H)))\n}\n"
        f"figure {{\n  view = blocks\n  direction = {direction}\n}}\n"
    )
    scene = netspec.parse(text).net().render(width="85mm" if direction == "down" else None).scene
    loops = [wire for wire in scene.wires if wire.source == wire.target]
    assert len(loops) == 2
    for wire in loops:
        around = [wire.box, *(item.box for item in scene.texts if item.id.startswith(wire.id))]
        assert len(around) == 2
        assert not [one.id for one in scene.nodes if one.id != wire.source and any(map(one.box.overlaps, around))]


GATED = """block Two(c) {
  input  x: k @ h x w
  output y: c filters 3x3 (pad = 1) -> relu
}
block Gate {
  input  g: k @ h x w
  input  x: c @ 2*h x 2*w
  output y: x * (g -> 1 filter 1x1 -> sigmoid -> upsample(2) -> expand(maps))
}
net n {
  input  image: 1@32x32
  hidden e1: Two(8)
  hidden e2: maxpool(2x2) -> Two(16)
  hidden m: maxpool(2x2) -> Two(32)
  hidden g2: m, e2 -> Gate
  hidden d2: g2 & (m -> upsample(2)) -> Two(16)
  hidden g1: d2, e1 -> Gate
  hidden d1: g1 & (d2 -> upsample(2)) -> Two(8)
  output y: 1 filter 1x1
}
"""
PYRAMID = """net n {
  input  image: 3@64x64
  hidden c1: 8 filters 3x3 (pad = 1) -> maxpool(2x2)
  hidden c2: 8 filters 3x3 (pad = 1) -> maxpool(2x2)
  hidden c3: 16 filters 3x3 (pad = 1) -> maxpool(2x2)
  hidden m3: 8 filters 1x1
  hidden m2: (c2 -> 8 filters 1x1) + (m3 -> upsample(2))
  hidden m1: (c1 -> 8 filters 1x1) + (m2 -> upsample(2))
  output p3: m3 -> 8 filters 3x3 (pad = 1)
  output p2: m2 -> 8 filters 3x3 (pad = 1)
  output p1: m1 -> 8 filters 3x3 (pad = 1)
}
"""
TIMED = """block Res(c) {
  input  x: k @ h x w
  input  t: e
  output y: (x -> c filters 3x3 (pad = 1)) + (t -> c perceptrons)
}
net n {
  input  image: 3@16x16
  input  when: one of 10
  hidden t: when -> embed(8) -> 8 perceptrons
  hidden d1: image, t -> Res(8)
  hidden d2: (d1 -> maxpool(2x2)), t -> Res(16)
  hidden m: (d2 -> maxpool(2x2)), t -> Res(32)
  hidden u2: (m -> upsample(2)) & d2, t -> Res(16)
  hidden u1: (u2 -> upsample(2)) & d1, t -> Res(8)
  output y: 3 filters 1x1
}
"""


def levels(text: str, *rows: str) -> tuple[list[list[tuple[float, float]]], Any]:
    """Return for each row of names of boxes where their middles are, and the scene."""
    scene = netspec.parse("netspec 1\n" + text).net("n").render(view="blocks", depth=None).scene
    return [[(node(scene, name).x, node(scene, name).y) for name in row.split()] for row in rows], scene


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (GATED, ["e1 g1 d1.join d1 y", "e2 g2 d2.join d2"]),
        (
            PYRAMID,
            [
                "c1.maxpool m1.filters m1.add p1.filters",
                "c2.maxpool m2.filters m2.add p2.filters",
                "c3.maxpool m3.filters",
            ],
        ),
        (TIMED, ["d1 u1.join u1 y", "d2 u2.join u2"]),
    ],
)
def test_what_has_one_resolution_stands_level_with_gates_laterals_and_heads(text: str, rows: list[str]) -> None:
    places, _ = levels(text, *rows)
    for row in places:
        assert max(y for _, y in row) - min(y for _, y in row) < 0.2
        assert [x for x, _ in row] == sorted(x for x, _ in row)
    assert [row[0][1] for row in places] == sorted(row[0][1] for row in places)


def test_a_value_that_comes_in_at_all_levels_is_named_in_its_readers() -> None:
    boxes = boxes_of(TIMED)
    readers = [name for name, said in boxes.items() if "← t" in said]
    assert readers == ["d1", "d2", "m", "u2", "u1"]
    _, scene = levels(TIMED)
    assert [wire.id for wire in scene.wires if wire.id.startswith(("t~", "when~"))] == ["when~t"]


@pytest.mark.parametrize(
    "more",
    [
        "hidden q2: m2 -> 4 filters 3x3 (pad = 1)\n  output z: m2 & q2 -> 2 filters 1x1",  # a level has two heads
        "input  mask: 8@32x32\n  output z: m1 * mask -> 2 filters 1x1",  # a value comes in on the way up
        "hidden q1: c2 -> upsample(2)\n  output z: m1 + q1 -> 2 filters 1x1",
    ],
)
def test_what_is_no_clear_ladder_is_no_u(more: str) -> None:
    _, scene = levels(PYRAMID.rstrip().removesuffix("}") + f"  {more}\n}}\n")
    assert node(scene, "m1.add").y > node(scene, "c3.maxpool").y


def test_a_long_block_beside_the_net_stands_in_two_columns() -> None:
    steps = "\n".join(f"  hidden c{number}: {number + 1} filters 3x3 (pad = 1) -> relu" for number in range(14))
    text = f"block Long {{\n  input  x: k @ h x w\n{steps}\n  output y: 2 filters 1x1\n}}\n"
    text += "net n {\n  input a: 1@8x8\n  input b: 2@8x8\n  hidden u: a -> Long\n  hidden v: b -> Long\n"
    _, scene = levels(text + "  output y: u + v\n}\n")
    inner = [item for item in scene.nodes if item.id.startswith("detail Long/")]
    assert len({round(item.x) for item in inner}) == 2
    assert max(item.box.bottom for item in inner) - min(item.box.top for item in inner) < sum(
        item.box.height for item in inner
    )


@pytest.mark.parametrize("depth", [0, 1])
def test_a_closed_repeat_says_that_its_rounds_share_weights(depth: int) -> None:
    text = "block S {\n  input  x: c\n  hidden h: x -> c perceptrons\n  output y: x + h\n}\n"
    text += "net n {\n  input x: 4\n  hidden a: repeat 3 shared { S } -> relu\n  output y: 2 perceptrons\n}\n"
    plan = plan_of(netspec.parse(text).net().graph, FigureSettings(depth=depth, details=False))
    assert any(plain(row.line).endswith("shared weights") for box in plan.boxes for row in box.rows)


@pytest.mark.parametrize("settings", [{}, {"depth": 0}, {"direction": "down"}, {"width": "85mm"}], ids=str)
@pytest.mark.parametrize("line", ["y: e.{} + e", "y: e - e.{}", "y: e.1 & e.{}", "y: e.{}"])
def test_a_read_of_one_round_of_a_repeat_has_its_own_arrow_that_names_the_round(
    line: str, settings: dict[str, Any]
) -> None:
    """One box stands for all rounds: without the words each round would be drawn as the last."""
    lines = ("input x: 8", "hidden e: repeat 4 { 8 perceptrons -> relu }", f"output {line.format(2)}")
    net = netspec.parse(body(*lines, "output z: e -> 2 perceptrons")).net()
    scene = net.render(view="blocks", **settings).scene
    said = [text.plain for text in scene.texts if "round" in text.plain]
    rounds = [number for number in (1, 2) if f"e.{number}" in line.format(2)]
    assert sorted(re.findall(r"after round (\d)", " ".join(said))) == [str(number) for number in rounds]
    ways = [wire.points for wire in scene.wires if "e" in wire.source.split(".")[0]]
    assert len(ways) == len(set(map(tuple, ways))) == line.count("e") + 1
