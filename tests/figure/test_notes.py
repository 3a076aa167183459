"""The line below a figure that says what is not drawn: each mark with its layers, in plain words."""

from __future__ import annotations

import pytest

import netspec
from netspec.figure.scene import Scene, meets
from tests.figure.drawn import draw, of

ACT = "block Act(act) {\n  input x: 8\n  output y: 8 perceptrons -> act\n}\n"
PADDED = "4 filters 3x3 (pad = 1) -> relu"
TWO = f"block Two {{\n  input x: k @ h x w\n  output y: {PADDED} -> {PADDED}\n}}\n"
NOTES = {
    "the layer alone where one thinks of the right step": (
        "",
        ("input x: 3@32x32", "hidden a: 8 filters 3x3 (pad = 2) -> batchnorm -> relu", "output y: 4 filters 3x3"),
        "blocks",
        ("padding 2 (a)", "패딩 2 (a)"),
    ),
    "the values of one option stand together": (
        "",
        (
            "input x: 3@9x9",
            "hidden a: x -> 8 filters 3x3 (pad = 1)",
            "hidden b: x -> 8 filters 3x3 (pad = 2, dilation = 2)",
            "output y: a & b -> 2 filters 1x1",
        ),
        "blocks",
        ("padding 1 (a), 2 (b)", "패딩 1 (a), 2 (b)"),
    ),
    "both steps of a block, in all its calls": (
        TWO,
        ("input x: 1@8x8", "hidden a: Two", "hidden b: Two", "hidden c: Two", "output y: 2 filters 1x1"),
        "blocks",
        ("padding 1 (Two.y)", "패딩 1 (Two.y)"),
    ),
    "which step of a line": (
        "",
        (
            "input x: 3@32x32",
            "hidden a: 8 filters 3x3 (pad = 1) -> relu -> 9 filters 5x5 -> avgpool(3x3, pad = 1)",
            "output y: 2 perceptrons",
        ),
        "blocks",
        ("padding 1 (a at 8 filters 3×3; a at average pooling)", "패딩 1 (a의 3×3 필터 8개; a의 평균 풀링)"),
    ),
    "all steps of a name": (
        "",
        ("input x: 8", "hidden a: 4 perceptrons (bias = false)", "output y: 2 perceptrons (bias = false)"),
        "blocks",
        ("no bias (all perceptrons)", "편향 없음 (모든 퍼셉트론)"),
    ),
    "a step that has no such option is none of the others": (
        "",
        (
            "input s: one of 9 over 5",
            "hidden e: s -> embed(4)",
            "hidden first: e -> 4 perceptrons (bias = false)",
            "hidden second: attention(2, bias = false)",
            "output third: 9 perceptrons (bias = false)",
        ),
        "blocks",
        ("no bias (first, second, third)", "편향 없음 (first, second, third)"),
    ),
    "what has no bias without saying so is none of the others": (
        "",
        (
            "input x: 64 over 9",
            "hidden h: x -> attention(4, bias = false)",
            "hidden a: h -> mixture(8, top = 2) { SwiGLU(256) }",
            "output y: 10 perceptrons (bias = false)",
        ),
        "blocks",
        ("no bias (h, gate, up, down, y)", "편향 없음 (h, gate, up, down, y)"),
    ),
    "all but one": (
        "",
        (
            "input x: 8",
            *(f"hidden {name}: 4 perceptrons -> relu" for name in ("a1", "a2", "a3")),
            "output y: 1 perceptron",
        ),
        "grid",
        (
            "not shown: relu (all but y); bias (all perceptrons)",
            "그리지 않은 것: relu (y 외 모두); 편향 (모든 퍼셉트론)",
        ),
    ),
    "before the sums, and behind a pool": (
        "",
        (
            "input x: 3@32x32",
            "hidden a: 8 filters 3x3 -> maxpool(2x2) -> relu",
            "hidden b: dropout(0.5) -> 4 perceptrons -> relu",
            "output y: 2 perceptrons",
        ),
        "planes",
        (
            "not shown: relu (b; a after max pooling); dropout (b before perceptrons)",
            "그리지 않은 것: relu (b; a의 최대 풀링 뒤); 드롭아웃 (b의 퍼셉트론 앞)",
        ),
    ),
    "an order that the note's own order would turn round": (
        "",
        (
            "input x: 8",
            "hidden a: 4 perceptrons -> relu -> dropout(0.5)",
            "output y: 2 perceptrons -> dropout(0.5) -> relu",
        ),
        "neurons",
        (
            "not shown: relu (a; y after dropout); dropout (a, y)",
            "그리지 않은 것: relu (a; y의 드롭아웃 뒤); 드롭아웃 (a, y)",
        ),
    ),
    "some calls of a block": (
        ACT,
        ("input x: 8", "hidden z: Act(relu) -> Act(tanh) -> Act(tanh)", "output y: 2 perceptrons"),
        "grid",
        (
            "not shown: relu (Act.y in the 1st call); tanh (Act.y in the 2nd and 3rd call); bias (all perceptrons)",
            "그리지 않은 것: relu (첫째 호출의 Act.y); tanh (둘째, 셋째 호출의 Act.y); 편향 (모든 퍼셉트론)",
        ),
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_says_each_mark_with_its_layers_in_plain_words(name: str) -> None:
    before, lines, view, wanted = NOTES[name]
    text = "\n".join((before + "net n {", *(f"  {line}" for line in lines), "}", ""))
    for lang, said in zip(("en", "ko"), wanted, strict=True):
        notes = [one.plain.replace("\n", " ") for one in draw(text, view=view, lang=lang).texts if one.id == "notes"]
        assert notes == [said]


XOR = """net xor {
  input x: 2
  hidden h: 2 perceptrons (weights = [[-0.5, 1, 1], [1.5, -1, -1]]) -> step
  output y: 1 perceptron (weights = [[-1.5, 1, 1]]) -> step
}
"""


def plain_texts(scene: Scene, kind: str) -> list[str]:
    return [text.plain.replace("\n", " ") for text in scene.texts if kind in text.classes]


def test_a_small_net_has_its_given_weights_beside_their_wires() -> None:
    scene = draw(XOR, view="neurons")
    ends = {text.id.removesuffix(".number"): text for text in scene.texts if "number" in text.classes}
    wires = {wire.id: wire for wire in scene.wires}
    wanted = {
        "h": {"+1": ("−0.5", "1.5"), "1": ("1", "−1"), "2": ("1", "−1")},
        "y": {"+1": ("−1.5",), "1": ("1",), "2": ("1",)},
    }
    for name, text in ends.items():
        wire = wires[name]
        source, target = wire.source.split(".")[1], wire.target.split(".")
        assert text.plain == wanted[target[0]][source][int(target[1]) - 1]
        near = [other.id for other in scene.wires if meets(other, text.box.grown(1.5))]
        assert near == [name] or meets(wire, text.box.grown(0.9)), "a number is nearest to its own wire"
        assert not any(meets(other, text.box) for other in scene.wires)
    assert len(ends) == len(wires) == 9
    assert plain_texts(scene, "notes") == []
    assert "given weights (all perceptrons)" in plain_texts(draw(XOR, view="blocks"), "notes")[0]


def test_the_circles_of_a_perceptron_hold_the_weights_that_the_spec_gives() -> None:
    scene = draw(XOR, view="perceptron")
    assert plain_texts(scene, "number") == ["−0.5", "1", "1", "1.5", "−1", "−1", "−1.5", "1", "1"]
    assert plain_texts(scene, "notes") == []
    one = "net n {\n  input x: 2\n  output y: 1 perceptron (weights = [[3, -2, -2]]) -> step\n}\n"
    assert plain_texts(draw(one, view="perceptron"), "formula")[-1] == "= step(s) = step(3 − 2x_1 − 2x_2)"


def test_weights_of_several_perceptrons_say_which_one_they_belong_to() -> None:
    text = "net n {\n  input x: 2\n  hidden h: 2 perceptrons\n  output y: 1 perceptron\n}\n"
    scene = draw(text, view="perceptron")
    said = [text.plain for text in scene.texts if ".w." in text.id]
    assert said == [f"w_{{1{k}}}^(1)" for k in range(3)] + [f"w_{{2{k}}}^(1)" for k in range(3)] + [
        f"w_{k}^(2)" for k in range(3)
    ]
    assert {"x_0 = 1", "h_0 = 1", "h_1", "h_2", "y"} <= {text.plain for text in scene.texts}


@pytest.mark.parametrize(
    ("lines", "view", "said"),
    [
        (("input x: 2", "output y: 2 perceptrons"), "neurons", "bias (y)"),
        (("input x: 1@4", "output z: 1 filter 3 (pad = 1)"), "neurons", "padding 1 (z); bias (z)"),
        (("input x: 3@9x9", 'output z: 2 filters 3x3 "edges"'), "planes", "2 filters 3×3 (z)"),
        (("input x: 2 over T", "output h: rnn(3)"), "unrolled", "RNN, 3 units (h); tanh (h)"),
        (("input x: 2 over T", "output h: rnn(3)"), "blocks", None),
        (("input x: 2", "output y: dropout(0) -> 2 perceptrons"), "neurons", "bias (y)"),
    ],
)  # fmt: skip
def test_a_note_says_biases_and_what_all_windows_share(lines: tuple[str, ...], view: str, said: str | None) -> None:
    hints = "figure {\n  bias = none\n}\n" if view == "neurons" else ""
    net = "net n(T) {\n" if "T" in lines[0] else "net n {\n"
    scene = draw(net + "\n".join(lines) + "\n}\n" + hints, view=view)
    if said is None:
        assert "tanh" in " ".join(text.plain for text in scene.texts)
    else:
        assert plain_texts(scene, "notes") == [f"not shown: {said}"]


def test_numbers_that_would_meet_wires_are_named_in_the_note() -> None:
    rows = ", ".join(f"[{k}, 1, 2, 3, 4]" for k in range(4))
    text = f"net n {{\n  input x: 4\n  hidden h: 4 perceptrons (weights = [{rows}])\n  output y: 1 perceptron\n}}\n"
    scene = draw(text, view="neurons")
    assert plain_texts(scene, "number") == []
    assert plain_texts(scene, "notes") == ["not shown: given weights (h)"]
    assert plain_texts(draw(text, view="neurons", lang="ko"), "notes") == ["그리지 않은 것: 주어진 가중치 (h)"]


def test_an_activation_stands_below_its_layer() -> None:
    lines = ("input x: 3", "hidden a: 4 perceptrons -> relu", "output y: 2 perceptrons -> softmax")
    text = "net n {\n  " + "\n  ".join(lines) + "\n}\n"
    scene = draw(text, view="neurons")
    words = {one.plain: one for one in scene.texts if "mark" in one.classes}
    assert list(words) == ["relu", "softmax"]
    for name, path in (("relu", "a"), ("softmax", "y")):
        units = [node for node in of(scene, "unit") if node.layer == path and "bias" not in node.classes]
        assert abs(words[name].box.middle.x - units[0].x) < 0.5
        assert words[name].box.top > max(unit.box.bottom for unit in units)
    assert not plain_texts(scene, "notes")
    assert not plain_texts(draw(text, view="neurons", notes="none"), "mark")
    both = draw(text.replace("relu", "relu -> dropout(0.5)"), view="neurons")
    assert plain_texts(both, "notes") == ["not shown: relu (a); dropout (a)"]


def test_words_at_a_layer_keep_off_wires() -> None:
    lines = ("input x: 4", "hidden a: 4 perceptrons -> relu", "hidden b: 4 perceptrons", "output y: b + x")
    scene = draw("net n {\n  " + "\n  ".join(lines) + "\n}\n", view="neurons")
    (word,) = [text for text in scene.texts if text.plain == "relu"]
    assert not any(meets(wire, word.box.grown(0.9)) for wire in scene.wires)


def test_a_filter_without_a_wire_for_its_bias_says_so() -> None:
    text = "net n {\n  input x: 1@6x6\n  output y: 1 filter 3x3\n}\n"
    assert plain_texts(draw(text, view="filter"), "notes") == ["not shown: bias (y)"]
    bare = text.replace("3x3", "3x3 (bias = false)")
    assert plain_texts(draw(bare, view="filter"), "notes") == ["no bias (y)"]


def test_a_note_leaves_out_what_the_title_of_the_author_says() -> None:
    """'mlp (64, 128)' says the sizes, not that relu follows; a title without the numbers says none of them."""
    text = (
        "net n {\n  input x: 3\n  hidden m: 64 perceptrons -> relu -> 128 perceptrons\n  output y: 5 perceptrons\n}\n"
    )

    def note(title: str) -> str:
        settings = f'figure {{\n  view = blocks\n  m.title = "{title}"\n}}\n'
        texts = netspec.parse(text + settings).net().render().scene.texts
        return " ".join(one.plain for one in texts if "notes" in one.classes)

    assert note("mlp (64, 128)") == "relu (m)"
    assert all(word in note("an mlp") for word in ("64 perceptrons", "128 perceptrons", "relu"))
    assert note("ReLU, 64") == "128 perceptrons (m)"


@pytest.mark.parametrize(
    ("view", "lines", "settings", "said"),
    [
        ("unrolled", "hidden b: x -> reversed(Elman(3))\n  output o: 2 perceptrons", "", "tanh (b); bias (all"),
        ("unrolled", "output h: x & h[t-1] -> 2 perceptrons -> tanh", 'h.symbol = "z"', "tanh (z); bias (z)"),
        ("neurons", "output y: distance(3) -> gain -> exp", "", ""),
    ],
)
def test_a_note_calls_a_layer_as_the_figure_does_and_repeats_nothing(
    view: str, lines: str, settings: str, said: str
) -> None:
    over = " over T" if view == "unrolled" else ""
    units = 1 if over else 5
    text = f"net n(T = 4) {{\n  input x: 2{over}\n  {lines}\n}}\n"
    text += f"figure {{\n  view = {view}\n  max_units = {units}\n  {settings}\n}}"
    notes = [one.plain.replace("\n", " ") for one in draw(text, view=view).texts if one.id == "notes"]
    assert (said in notes[0]) if said else not notes


def test_an_activation_stands_beside_its_own_row_not_between_it_and_an_earlier_step() -> None:
    text = "net n(T) {\n  input x: 2 over T\n  hidden h: x & y[t-1] -> 3 perceptrons -> relu\n"
    scene = draw(text + "  output y: h -> 2 perceptrons -> sigmoid\n}\n", view="neurons")
    rows = {text.plain: text.box.middle.y for text in scene.texts if "mark" in text.classes}
    circles = {node.id: node.y for node in scene.nodes}
    assert rows == {"relu": pytest.approx(circles["h.1"], abs=1), "sigmoid": pytest.approx(circles["y.1"], abs=1)}


def test_all_in_a_note_counts_what_closed_boxes_hold() -> None:
    def note(inner: str, name: str = "a", lang: str = "en") -> str:
        text = (
            f"block Inner {{\n  input x: c @ h x w\n  output y: x -> 8 filters 1x1 ({inner})\n}}\n"
            f"net n {{\n  input x: 8@16x16\n  hidden {name}: 8 filters 3x3 (bias = false)\n"
            f"  hidden b: repeat 3 {{ 8 filters 3x3 (bias = false) }}\n  output y: Inner -> Inner\n}}\n"
        )
        scene = draw(text, view="blocks", lang=lang, depth=0, details=False)
        return next(one.plain for one in scene.texts if one.id == "notes")

    assert note("bias = false") == "no bias (all filters)"
    assert note("bias = true") == "no bias (a, b)"
    assert note("bias = true", "a_very_long_name") == "no bias (all drawn filters)"
    assert note("bias = true", "a_very_long_name", "ko") == "편향 없음 (그린 모든 필터)"


@pytest.mark.parametrize(
    ("lines", "drawn", "note"),
    [
        (
            ("hidden g: x & h[t-1] -> 3 perceptrons -> sigmoid", "output h: g*(g -> tanh)"),
            "tanh",
            "sigmoid (g); multiply (h); bias (g)",
        ),
        (("hidden u: x & h[t-1] -> 3 perceptrons", "output h: u + (1 - u)*u"), "1 −", "add (h); bias (u)"),
        (("output h: x -> lstm(3)",), "LSTM", ""),
    ],
)
def test_a_note_denies_nothing_that_stands_in_a_shape(lines: tuple[str, ...], drawn: str, note: str) -> None:
    """The drawer records each name that it writes, so that what is drawn and the note cannot contradict."""
    text = "\n".join(("net n(T) {", "  input x: 2 over T", *lines, "}", "figure {", "  view = unrolled"))
    scene = draw(text + "\n  max_units = 1\n}\n")
    assert drawn in {text.plain for text in scene.texts if text.inside}
    found = [text.plain.replace("\n", " ") for text in scene.texts if "notes" in text.classes]
    assert found == ([f"not shown: {note}"] if note else [])


def test_wires_of_a_filter_say_which_of_them_share_a_weight() -> None:
    """A look for each weight, explained below the figure; where they are too many, the note names the filter."""
    text = "net n {\n  input x: 1@6\n  hidden h: 1 filter 3 (bias = false)\n  output y: maxpool(2)\n}\n"
    scene = draw(text, view="neurons")
    looks: dict[tuple[int, ...], set[tuple[str, bool]]] = {}
    for wire in scene.wires:
        if wire.target.startswith("h."):
            assert wire.weight is not None
            read, unit = (int(end.rpartition(".")[2]) for end in (wire.source, wire.target))
            assert wire.weight.place == (0, 0, read - unit)
            looks.setdefault(wire.weight.place, set()).add((wire.pen.ink, wire.pen.dash))
    assert sorted(looks) == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]
    assert all(len(look) == 1 for look in looks.values())
    assert len(set.union(*looks.values())) == 3
    samples = {(wire.pen.ink, wire.pen.dash) for wire in scene.wires if "legend" in wire.classes}
    assert samples == set.union(*looks.values())
    assert {"w_1", "w_2", "w_3"} <= set(plain_texts(scene, "legend"))
    assert plain_texts(scene, "notes") == ["no bias (h); not shown: max pooling 2 (y)"]
    many = draw(text.replace("1 filter 3", "4 filters 3"), view="neurons")
    assert not any("legend" in item.classes for item in many)
    assert "4 filters 3" in " ".join(text.plain for text in many.texts)


def test_numbers_of_a_filter_stand_beside_its_wires_or_in_their_legend() -> None:
    given = "weights = [[1, 0.125, -1]], bias = false"
    net = f"net n {{\n  input x: 1@LONG\n  output h: 1 filter 3 ({given})\n}}\nfigure {{\n  view = neurons\n"
    near = draw(net.replace("LONG", "5") + "}\n")
    assert sorted(set(plain_texts(near, "number"))) == ["0.125", "1", "−1"]
    example = draw(net.replace("LONG", "5") + '  input = "1, 2, 3, 4, 5"\n}\n')
    looks = [{(wire.id, wire.pen) for wire in scene.wires if wire.weight} for scene in (near, example)]
    assert looks[0] == looks[1]
    assert not any("filter" in text.plain for text in example.texts)
    far = draw(net.replace("LONG", "16") + "  max_units = 16\n}\n")
    assert sorted(plain_texts(far, "number")) == ["w_1 = 1", "w_2 = 0.125", "w_3 = −1"]
    assert not any("given weights" in text.plain for text in (*near.texts, *far.texts))


@pytest.mark.parametrize("units", [16, 6])
def test_a_page_keeps_the_units_that_are_asked_for(units: int) -> None:
    text = "net n {\n  input x: 1@16\n  output y: 1 filter 2 (dilation = 8)\n}\n"
    scene = draw(f"{text}figure {{\n  view = neurons\n  direction = up\n  max_units = {units}\n}}\n", width="85mm")
    assert (len(of(scene, "unit", "input")) == 16) == (units == 16)
