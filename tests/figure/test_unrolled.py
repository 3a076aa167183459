"""Time steps side by side: phases of an encoder and a decoder, lanes, layers and directions of recurrent steps."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Node, Scene
from netspec.figure.scene.tex import plain
from netspec.figure.trained.overlay import number
from tests.figure.drawn import draw, label, of
from tests.figure.geometry import faults

SEQ2SEQ = """net n {
  input  x: 8 over LENGTH
  input  w: 5 over 9
  hidden h: x & h[t-1] -> 4 perceptrons -> tanh
  start  s: h -> last
  hidden s: w & s[t-1] -> 4 perceptrons -> tanh
  output y: s -> 5 perceptrons
}"""


def drawn(*lines: str) -> Scene:
    text = lines[0] if len(lines) == 1 else "\n".join(("net n {", *lines, "}"))
    return netspec.parse(text).net().render(view="unrolled").scene


def pill(scene: Scene, name: str) -> Node:
    node = scene.find(f"{name}.pill")
    assert isinstance(node, Node)
    return node


def arrows(scene: Scene) -> set[tuple[str, str]]:
    """The arrows between pills, by the names of their layers and steps."""
    return {(wire.source.removesuffix(".pill"), wire.target.removesuffix(".pill")) for wire in scene.wires}


@pytest.mark.parametrize("length", ["7", "9"])
def test_a_decoder_follows_its_encoder(length: str) -> None:
    scene = drawn(SEQ2SEQ.replace("LENGTH", length))
    assert faults(scene) == []
    assert pill(scene, f"h@{length}").box.right < pill(scene, "s@1").box.left
    assert (f"h@{length}", "s@1") in arrows(scene)
    assert {("s@1", "s@2"), ("s@9", "y@9"), ("w@9", "s@9")} <= arrows(scene)
    assert sum(source.startswith("h@") and target.startswith("s@") for source, target in arrows(scene)) == 1


def test_a_context_reaches_every_step() -> None:
    text = SEQ2SEQ.replace("LENGTH", "7").replace("hidden s: w & s[t-1]", "hidden s: w & c & s[t-1]")
    scene = drawn(text.replace("start  s: h -> last", "hidden c: h -> last\n  start  s: c"))
    assert faults(scene) == []
    assert {("h@7", f"s@{step}") for step in "1239"} <= arrows(scene)


def test_a_start_stands_before_the_first_step() -> None:
    scene = drawn(
        "input x: 3 over 6", "input a: 4", "start z: a", "hidden z: x & z[t-1] -> 4 perceptrons",
        "output y: z -> 2 perceptrons",
    )  # fmt: skip
    assert pill(scene, "a@").box.right < pill(scene, "z@1").box.left
    assert ("a@", "z@1") in arrows(scene)
    assert faults(scene) == []


def test_layers_and_directions_have_rows_of_their_own() -> None:
    scene = drawn("input x: 3 over 4", "hidden z: lstm(2, layers = 2, bidirectional = true)", "output y: 2 perceptrons")
    assert faults(scene) == []
    assert len({pill(scene, f"z.{row}@1").y for row in ("1→", "1←", "2→", "2←")}) == 4
    assert {("z.1→@1", "z.1→@2"), ("z.2←@4", "z.2←@3"), ("z.1←@2", "z.2→@2"), ("z.2←@1", "y@1")} <= arrows(scene)
    assert ("z.2←@3", "z.2←@4") not in arrows(scene)
    assert {"layer 1 →", "layer 2 ←"} <= {text.plain for text in scene.texts}


def test_a_reversed_step_runs_back_and_each_state_has_its_lane() -> None:
    scene = drawn(
        "input x: 3 over 4",
        "hidden f: x -> gru(4)",
        "hidden b: x -> reversed(gru(4))",
        "output y: f & b -> 2 perceptrons",
    )
    assert {("f@1", "f@2"), ("b@2", "b@1")} <= arrows(scene)
    assert pill(scene, "f@1").y != pill(scene, "b@1").y
    assert faults(scene) == []


@pytest.mark.parametrize("block", ["LSTM", "GRU"])
def test_blocks_of_the_prelude_keep_their_labels_free(block: str) -> None:
    assert faults(drawn("input x: 3 over 6", f"hidden h: {block}(4)", "output y: 2 perceptrons")) == []


def test_a_longer_delay_passes_over_the_steps_between() -> None:
    scene = drawn("input x: 3 over 4", "hidden c: x & c[t-2] -> 4 perceptrons", "output y: 2 perceptrons")
    assert {("c@1", "c@3"), ("c@2", "c@4")} <= arrows(scene)
    assert faults(scene) == []


@pytest.mark.parametrize("page", ["wide", "page"])
@pytest.mark.parametrize(
    "lines",
    [
        ("hidden h: x & x[t-1] -> 3 perceptrons", "output y: h & h[t-2] -> 1 perceptron"),
        ("hidden h: x & h[t-1] & h[t-2] & x[t-1] -> 3 perceptrons", "output y: h & x[t-3] -> 1 perceptron"),
        ("hidden h: x & h[t-2] -> 3 perceptrons", "output y: last(time) -> 1 perceptron"),
        (
            "hidden g: x & x[t-1] -> 16 perceptrons", "hidden h: g & g[t-2] -> 16 perceptrons",
            "hidden k: h & h[t-4] -> 16 perceptrons", "output y: k & k[t-8] -> 1 perceptron",
        ),
    ],
)  # fmt: skip
def test_wires_of_different_steps_share_no_line(lines: tuple[str, ...], page: str) -> None:
    """A shared piece of a line would show a read that the net does not have."""
    hints = "figure {\n  view = unrolled\n  steps = 6\n" + ("  width = page\n" if page == "page" else "") + "}"
    scene = drawn("\n".join(("net n(T) {", "input x: 1 over T", *lines, "}", hints)))
    assert faults(scene) == []
    pills = {node.id: node.box for node in scene.nodes if "pill" in node.classes}
    for wire in scene.wires:  # an arrow comes from outside; one with an open end reaches no pill
        if not wire.target:
            assert min(node.distance(wire.points[-1]) for node in scene.nodes) > 3, wire.id
        else:
            box, before = pills[wire.target], wire.points[-2]
            assert not (box.left < before.x < box.right and box.top < before.y < box.bottom), wire.id


@pytest.mark.parametrize("begin", ["learned", "zeros"])
def test_a_loop_starts_from_values_that_read_nothing(begin: str) -> None:
    text = (
        f"net n(T) {{\n  input x: 3 over T\n  hidden h: x & h[t-1] -> 2 perceptrons -> tanh\n  start h: {begin}\n"
        "  output y: 2 perceptrons\n}\n"
    )
    scene = draw(text, view="unrolled")
    pill = next(node for node in of(scene, "pill") if node.id.startswith("h@.") and node.shape == "pill")
    first = [label(scene, node).plain for node in of(scene, "unit") if node.id.startswith("h@.")]
    assert first == ["h_1^(0)", "h_2^(0)"]
    assert [wire.target for wire in scene.wires if wire.source == pill.id] == ["h#2@1.pill"]
    (name,) = [text for text in scene.texts if text.plain == f"{begin} 2"]
    assert name.box.right < pill.box.left
    assert name.box.top < pill.y < name.box.bottom
    texts = [text.plain for text in draw(text, view="neurons").texts]
    assert any(f"starts from {begin} 2" in text for text in texts)
    assert not [word for word in texts if word == "h_1"]


MANY_TO_ONE = """net n(d, H, T) {
  input  x: d over up to 20                      "input"
  hidden h: x & h[t-1] -> H perceptrons -> tanh  "state"
  output o: h -> last(time) -> 1 perceptron      "answer"
}
figure {
  view = unrolled
  max_units = 1
  arrows = ["x -> h: $U$", "h -> h: $W$", "h -> o: $V$"]
}
"""


def test_one_circle_a_layer_with_captions_words_on_arrows_and_a_letter_for_lengths() -> None:
    scene = netspec.parse(MANY_TO_ONE.replace(", T)", ")")).net().render().scene
    assert faults(scene) == []
    units = [node for node in scene.nodes if "unit" in node.classes]
    assert len(units) == 2 * 4 + 1
    said = [text.plain for text in scene.texts]
    assert {"input (d)", "state (H)", "answer", "x^(T)", "time step", "T"} <= set(said)
    assert (said.count("U"), said.count("W"), said.count("V"), said.count("time step")) == (4, 2, 1, 1)
    assert any("T ≤ 20" in text for text in said)
    strokes = [wire for wire in scene.wires if wire.points[0].x == wire.points[-1].x]
    beside = [text.box for text in scene.texts if text.plain in ("U", "V")]
    assert not [box for box in beside for wire in strokes if wire.box.grown(wire.pen.width / 2 + 0.5).overlaps(box)]


def test_arrows_from_an_earlier_step_of_the_row_below_are_straight() -> None:
    lines = "input x: 1 over T", "hidden a: x & x[t-1] -> 1 perceptron", "output y: a & a[t-2] -> 1 perceptron"
    scene = netspec.parse("\n".join(("net n(T) {", *lines, "}"))).net().render(view="unrolled").scene
    assert faults(scene) == []
    assert all(len(wire.points) == 2 for wire in scene.wires if "delayed" in wire.classes)


@pytest.mark.parametrize("bias", ["none", "plus"])
def test_what_every_step_reads_enters_apart_from_what_the_step_reads(bias: str) -> None:
    lines = (
        "input x: 1 over T", "input y: 1 over S", "hidden h: x & h[t-1] -> 1 perceptron", "hidden c: h -> last(time)",
        "output s: y & s[t-1] & c -> 1 perceptron",
    )  # fmt: skip
    hints = f"figure {{\n  bias = {bias}\n}}"
    scene = netspec.parse("\n".join(("net n(T, S) {", *lines, "}", hints))).net().render(view="unrolled").scene
    assert faults(scene) == []
    tips = [wire.points[-1] for wire in scene.wires if wire.target.startswith("s@")]
    assert len(set(tips)) == len(tips)


def test_words_about_a_call_stand_beside_what_it_computes_and_arrows_say_which_way() -> None:
    scene = drawn(
        "input  x: 5 over 9", "hidden f: x -> Elman(3)", "hidden g: x -> reversed(Elman(3))",
        "output o: f & g -> reversed(Elman(3))",
    )  # fmt: skip
    said = [text.plain for text in scene.texts if "f & g" in text.plain or "reversed" in text.plain]
    assert said == ["f & g → reversed(Elman(3))"]  # at the right of the row of `o`


@pytest.mark.parametrize(
    "lines",
    [
        ("output y: x & x[t-2] -> 1 perceptron",),
        ("hidden f: x -> 1 perceptron", "output c: f*c[t-1] + x"),
        ("hidden g: x & g[t-2] -> 1 perceptron", "hidden k: g & x[t-1] -> 1 perceptron", "output y: last(time)"),
        ("hidden g: x & g[t-1] -> 1 perceptron", "output y: g & x[t-1] -> last(time) -> 1 perceptron"),
    ],
)
def test_a_read_past_the_drawn_end_leaves_towards_its_reader(lines: tuple[str, ...]) -> None:
    """Along its own row it would say that the layer reads its own step before."""
    scene = (
        netspec.parse("\n".join(("net n(T) {", "input x: 1 over T", *lines, "}"))).net().render(view="unrolled").scene
    )
    assert faults(scene) == []
    pills = {node.id: node for node in scene.nodes if "pill" in node.classes}
    heights = {name.partition("@")[0]: node.y for name, node in pills.items()}
    for wire in scene.wires:
        if wire.source in pills and not wire.target:
            reader, _, delay = wire.id.partition("~")[2].partition("@")
            low, high, end = pills[wire.source].y, heights[reader], wire.points[-1].y
            alone = low == high and not delay
            assert (end == low) if alone else (end < low - 1 if high <= low else end > low + 1), wire.id


@pytest.mark.parametrize(
    ("most", "end", "steps", "dots"),
    [
        (1, False, "1", False), (2, False, "12", False), (3, False, "123", False), (9, False, "123", True),
        (1, True, "1", False), (2, True, "1T", False), (3, True, "1T", True), (4, True, "12T", True),
    ],
)  # fmt: skip
def test_no_more_steps_than_the_examples_can_have(most: int, end: bool, steps: str, dots: bool) -> None:
    layers = f"input x: 1 over up to {most}", f"{'hidden' if end else 'output'} h: x & h[t-1] -> 1 perceptron"
    scene = drawn(*layers, *(("output y: last(time) -> 1 perceptron",) if end else ()))
    assert faults(scene) == []
    assert [text.plain for text in scene.texts if text.id.endswith(".caption")] == list(steps)
    assert any(item.id.endswith("@later") for item in scene.items) == dots


@pytest.mark.parametrize("units", ["", "max_units = 1\n"])
def test_circles_have_the_symbol_of_their_layer(units: str) -> None:
    text = (
        "net n(T) {\n  input word: one of 9 over T\n  hidden e: embed(2)\n"
        "  output h: e & h[t-1] -> 2 perceptrons\n}\n"
        f'figure {{\n  view = unrolled\n  {units}  word.symbol = "w"\n  h.symbol = "z"\n}}'
    )
    scene = netspec.parse(text).net().render().scene
    said = {label(scene, node).plain for node in of(scene, "unit")}
    assert {one[:1] for one in said - {"+1"}} == {"w", "e", "z"}


WORDS = """net n(V, H) {
  input  w: one of V over LENGTH                         "words"
  hidden e: embed(8)
  hidden h: e & h[t-1] -> H perceptrons -> tanh          "state"
  output y: h -> V perceptrons -> softmax                "next"
}
figure {
  view = unrolled
  max_units = 1
  w.words = ["So", "long", "and", "thanks"]
  y.targets = ["long", "and", "thanks", "for"]
}
"""


@pytest.mark.parametrize(("length", "dots"), [("4", False), ("9", True), ("up to 9", False), ("T", False)])
def test_steps_have_words_and_losses_have_targets(length: str, dots: bool) -> None:
    """An example has as many steps as words; where the net fixes their number, dots stand for the others."""
    text = WORDS.replace("LENGTH", length).replace("(V, H)", "(V, H, T)" if length == "T" else "(V, H)")
    scene = netspec.parse(text).net().render().scene
    assert faults(scene) == []
    texts = {text.id: text for text in scene.texts}
    said = ("So", "long", "and", "thanks", "for")
    for step, word, target in zip("1234", said, said[1:], strict=False):
        below, above = texts[f"w@{step}.word"], texts[f"y.loss@{step}.word"]
        assert (below.plain, above.plain) == (word, target)
        assert below.box.top > pill(scene, f"w@{step}").box.bottom
        assert above.box.bottom < pill(scene, f"y.loss@{step}").box.top
        assert (f"y@{step}", f"y.loss@{step}") in arrows(scene)
    assert any(item.id.endswith("@later") for item in scene.items) == dots
    assert texts["step@4.caption"].plain == "4"
    assert "step@5.caption" not in texts


@pytest.mark.parametrize("name", ["h", "e"])
def test_words_between_rows_are_refused(name: str) -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.parse(WORDS.replace("LENGTH", "9").replace("w.words", f"{name}.words")).net().render()
    assert [one.code for one in caught.value.diagnostics] == ["NS939"]


CELL = """net n(d, H, T) {
  input  x: d over T
  hidden f: x & h[t-1] -> H perceptrons -> sigmoid   "forget gate"
  hidden i: x & h[t-1] -> H perceptrons -> sigmoid   "input gate"
  hidden g: x & h[t-1] -> H perceptrons -> tanh      "candidate"
  hidden c: f*c[t-1] + i*g                           "cell"
  output h: c -> tanh
}
figure {
  view = unrolled
  max_units = 1
}
"""


@pytest.mark.parametrize("width", [None, "column"])
def test_gates_stand_in_one_row_and_read_one_trunk(width: str | None) -> None:
    picture = netspec.parse(CELL).net().render(width=width)
    scene = picture.scene
    assert faults(scene) == []
    assert picture.warnings == []
    assert len({pill(scene, f"{gate}@2").y for gate in "fig"}) == 1
    assert {("h@1", f"{gate}@2") for gate in "fig"} <= arrows(scene)
    trunk = {wire.points[1].x for wire in scene.wires if wire.source == "h@1.pill" and wire.target}
    assert len(trunk) == 1
    names = {" ".join(text.plain.split()) for text in scene.texts}  # each says which circle of the row it names
    assert "f: forget gate, i: input gate, g: candidate (H)" in names
    assert not [
        (one.plain, other.plain)
        for one, other in combinations([text for text in scene.texts if "caption" in text.classes], 2)
        if one.box.overlaps(other.box)
    ]


def test_a_product_with_nothing_before_the_first_step_reads_zero() -> None:
    """`f*c[t-1]` with one arrow would read as a copy of f; a sum of weighted values lacks nothing."""
    scene = netspec.parse(CELL).net().render().scene
    zeros = [text for text in scene.texts if text.plain == "0"]
    assert len(zeros) == 1
    assert [wire.target for wire in scene.wires if ".zero" in wire.id] == ["c@1.pill"]
    started = CELL.replace("  output h", "  start  c: learned\n  output h")
    assert not [text for text in netspec.parse(started).net().render().scene.texts if text.plain == "0"]


def test_a_number_that_changes_another_line_has_a_circle() -> None:
    """In `x*(1 - t)` the other factor is not t."""
    lines = "input x: 2", "hidden t: x -> 2 perceptrons -> sigmoid", "output y: (x -> 2 perceptrons)*t + x*(1 - t)"
    scene = draw("\n".join(("net n {", *lines, "}")), view="neurons")
    minus = [text.inside for text in scene.texts if text.plain == "1 −"]
    assert len(minus) == 2
    assert {wire.source[:1] for wire in scene.wires if wire.target in minus} == {"t"}


@pytest.mark.parametrize("view", ["neurons", "unrolled"])
def test_a_number_that_changes_an_earlier_step_has_a_circle(view: str) -> None:
    scene = draw("net n {\n  input x: 1 over 9\n  output m: x*0.3 + x[t-1]*0.7\n}", view=view)
    assert faults(scene) == []
    assert {"× 0.3", "× 0.7"} <= {text.plain for text in scene.texts}


def test_a_caption_of_an_earlier_step_stands_at_its_copy_or_in_the_note() -> None:
    text = """net elman(T) {
  input  x: 2 over T                                "input units"
  hidden c: h[t-1]                                  "context units"
  output h: x & c -> 2 perceptrons -> sigmoid       "hidden units"
}
"""
    for direction in ("up", "right"):
        scene = netspec.parse(text + f"figure {{\n  direction = {direction}\n}}\n").net().render(view="neurons").scene
        assert faults(scene) == []
        (said,) = [one for one in scene.texts if one.plain == "context units"]
        copy = pill(scene, "h@t-1")
        gap = said.box.top - copy.box.bottom if direction == "up" else copy.box.left - said.box.right
        assert 0 < gap < 6
    scene = netspec.parse(text).net().render(view="unrolled").scene
    assert any('"context units" (c)' in one.plain for one in scene.texts)


def test_a_layer_that_reads_earlier_steps_alone_stands_behind_their_copies() -> None:
    text = "net n(T) {\n  input x: 2 over T\n  hidden h: x[t-1] & h[t-1] -> 3 perceptrons\n  output y: 2 perceptrons\n}"
    net = netspec.parse(text).net()
    scene = net.render(view="neurons").scene
    assert faults(scene) == []
    assert len({node.y for node in of(scene, "unit")}) == 3
    ones = [wire.source for wire in scene.wires if wire.source.endswith("+1") and wire.target.startswith("h.")]
    assert len(ones) == 3
    said = " ".join(one.plain for one in net.render(view="unrolled").scene.texts)
    assert "bias (all perceptrons)" in said


def test_no_constant_goes_with_the_units_to_another_step() -> None:
    """The +1 of `y` would stand with the units of `h`, from which an arrow leads to the next step."""
    lines = (
        "  input x: 2 over up to 20\n  output h: x & h[t-1] -> 2 perceptrons -> tanh\n  output y: h -> 1 perceptron\n"
    )
    scene = netspec.parse(f"net n {{\n{lines}}}\n").net().render(view="unrolled").scene
    assert {node.layer for node in of(scene, "bias")} == {"x"}
    assert any("bias (y)" in text.plain for text in scene.texts)


@pytest.mark.parametrize(("targets", "said"), [(0, "T ≤ 20"), (3, "T ≤ 20, here T = 3")])
def test_the_figure_of_an_example_says_how_many_steps_it_has(targets: int, said: str) -> None:
    words = ", ".join(f'"{number}"' for number in range(targets))
    lines = "  input x: 2 over up to 20\n  output h: x & h[t-1] -> 2 perceptrons\n"
    settings = f"figure {{\n  view = unrolled\n{f'  h.targets = [{words}]' if targets else ''}\n}}\n"
    scene = netspec.parse(f"net n {{\n{lines}}}\n{settings}").net().render().scene
    assert said in {text.plain for text in scene.texts}


def test_a_recurrent_step_in_one_shape_says_its_kind() -> None:
    text = (
        'net n(H) {\n  input x: 3 over 9\n  hidden z: lstm(H, bidirectional = true) "states"\n'
        "  output y: 2 perceptrons\n}\nfigure {\n  view = unrolled\n  max_units = 1\n}"
    )
    scene = netspec.parse(text).net().render().scene
    assert faults(scene) == []
    said = [one.plain for one in scene.texts]
    assert said.count("LSTM") == 6
    assert {"states (H) →", "states (H) ←"} <= set(said)


@pytest.mark.parametrize("lines", [
    ("hidden h: x & h[t-1] -> 8 perceptrons -> tanh", "output y: 4 perceptrons"),
    ("hidden z: lstm(5, layers = 2, bidirectional = true)", "output y: 4 perceptrons"),
])  # fmt: skip
def test_a_column_shows_the_steps_that_delays_need_in_letters_that_can_be_read(lines: tuple[str, ...]) -> None:
    text = "\n".join(("net n(T) {", "input x: 6 over T", *lines, "}"))
    picture = netspec.parse(text).net().render(view="unrolled", width="column")
    assert picture.warnings == []
    assert faults(picture.scene) == []
    assert len({item.id.partition("@")[2][:1] for item in of(picture.scene, "pill")}) >= 2


@pytest.mark.parametrize("lines", [
    (
        "hidden b: x -> 1 perceptron", "hidden c: x & c[t-1] & x[t-1] -> 1 perceptron",
        "output y: c & b & x -> 1 perceptron",
    ),
    ("hidden a: x -> reversed(gru(1))", "hidden c: a & c[t-3] & a[t-2] -> 1 perceptron", "output y: c -> 1 perceptron"),
    (
        "hidden f: x & h[t-1] -> 1 perceptron", "hidden g: x & k[t-1] & h[t-1] -> 1 perceptron",
        "hidden h: f -> 1 perceptron", "hidden k: g -> 1 perceptron", "output y: h & k -> 1 perceptron",
    ),
    (
        "hidden b: x & b[t-1] -> 1 perceptron", "hidden h: x & h[t-1] -> 1 perceptron",
        "hidden g: h & g[t-1] -> 1 perceptron",
        "hidden k: g -> 1 perceptron", "output y: b & h & k -> 1 perceptron",
    ),
])  # fmt: skip
def test_circles_close_to_each_other_keep_their_wires_apart(lines: tuple[str, ...]) -> None:
    for width in (None, "column"):
        text = "\n".join(("net n(T) {", "input x: 1 over T", *lines, "}"))
        assert faults(netspec.parse(text).net().render(view="unrolled", width=width).scene) == []


def test_the_words_of_the_author_win_over_the_units_that_a_page_has_no_room_for() -> None:
    lines = "  input x: 4 over 4\n  output h: x & h[t-1] -> 3 perceptrons\n"
    hints = 'figure {\n  view = unrolled\n  x.words = ["h", "e", "l", "o"]\n}\n'
    scene = netspec.parse(f"net n {{\n{lines}}}\n{hints}").net().render(width="column").scene
    assert [text.plain for text in scene.texts if "word" in text.classes] == ["h", "e", "l", "o"]


BACK = """block Back {
  input  x: 1 over any
  hidden b: x & b[t-1] -> 1 perceptron (weights = [[0, 1, 1]])
  output s: b
}
net n {
  input  x: 1 over 9
  hidden f: x & f[t-1] -> 2 perceptrons (weights = [[0, 1, 0.5, 0], [0, 2, 0, 0.5]]) -> relu
  hidden r: x -> reversed(Back)
  hidden g: f & r -> 1 perceptron (weights = [[0, 1, 0, 1]])
  output y: g -> last(time) -> 1 perceptron (weights = [[0, 1]])
}"""


def test_the_numbers_of_an_example_stand_at_each_step() -> None:
    net, x = netspec.parse(BACK).net(), [float(at) for at in range(1, 10)]
    scene = net.render(view="unrolled", input=", ".join(map(str, x))).scene
    wanted = {}
    one, two = 0.0, 0.0
    for step, read in enumerate(x, 1):
        one, two = max(read + 0.5 * one, 0), max(2 * read + 0.5 * two, 0)
        back = sum(x[step - 1 :])
        if step in (1, 2, 3, 9):  # the others are not drawn
            wanted |= {f"x@{step}.1": read, f"f@{step}.1": one, f"f@{step}.2": two}
            wanted |= {f"r.b@{step}.pill": back, f"g@{step}.1": one + back}
    wanted["y@9.pill"] = wanted["g@9.1"]
    found = {text.inside: plain(text.lines[0]) for text in scene.texts if "number" in text.classes}
    assert found == {name: number(value) for name, value in wanted.items()}


def test_numbers_need_circles_of_single_values() -> None:
    text = "net n {\n  input x: 2 over 3\n  output y: x & y[t-1] -> 2 perceptrons (bias = false, weights = [W, W])\n}"
    net = netspec.parse(text.replace("W", "[1, 0, 1, 0]")).net()
    with pytest.raises(NetspecError, match="NS970"):
        net.render(view="unrolled", max_units=1, input="1, 2, 3, 4, 5, 6")


def test_causal_filters_are_reads_of_earlier_steps() -> None:
    """Each step reads those that the filter's weights meet, and words say which of these no drawn arrow shows."""
    net = (
        "net n {\n input x: 4 over 16\n output y: 2 filters 3 (along = time, pad = causal, dilation = D, groups = 2)\n}"
    )

    def drawn(dilation: int, steps: int) -> tuple[Scene, str]:
        scene = netspec.parse(net.replace("D", str(dilation))).net().render(view="unrolled", steps=steps).scene
        return scene, " ".join(text.plain for text in scene.texts).replace("\n", " ")

    for dilation in (1, 3, 7):
        scene, said = drawn(dilation, 16)
        wanted = {(step - back, step) for step in range(1, 17) for back in (0, dilation, 2 * dilation) if step > back}
        assert arrows(scene) == {(f"x@{source}", f"y@{target}") for source, target in wanted}
        assert "zeros before step 1" in said
        assert "2 groups" in said
    _, few = drawn(7, 10)
    assert "reads x[t−14]" in few
    assert "reads x[t−7]" not in few
    with pytest.raises(NetspecError, match="NS713"):  # a filter that reads later steps
        netspec.parse(net.replace("D", "1").replace("causal", "same")).net().render(view="unrolled")


@pytest.mark.parametrize(("which", "length"), [("first", "9"), ("last", "9"), ("first", "3"), ("last", "3")])
def test_an_arrow_comes_from_the_one_step_that_is_read(which: str, length: str) -> None:
    net = ["input x: 2 over " + length, "hidden h: x & h[t-1] -> 3 perceptrons", f"hidden c: h -> {which}(time)"]
    step = "1" if which == "first" else length
    scene = drawn(*net, "output y: c -> 2 perceptrons")
    assert [pair for pair in arrows(scene) if pair[1].startswith("y")] == [(f"h@{step}", f"y@{step}")]
    assert not any("time step" in text.plain for text in scene.texts if "first" in text.plain)
    context = drawn(*net, "input w: 2 over 4", "hidden d: w & c & d[t-1] -> 3 perceptrons", "output y: d -> relu")
    read = {pair for pair in arrows(context) if pair[0].startswith("h") and pair[1].startswith("d")}
    assert read == {(f"h@{step}", f"d@{at}") for at in "1234"}


def test_no_arrow_is_drawn_from_a_step_that_is_not_read() -> None:
    """One value of the first and the last step has no place; nor has a loop that begins with the first."""
    net = ["input x: 2 over 9", "hidden h: x & h[t-1] -> 3 perceptrons", "hidden c: h -> first(time)"]
    for rest in (
        ["hidden l: h -> last(time)", "output y: c & l -> 2 perceptrons"],
        ["input w: 2 over 4", "start d: c", "hidden d: w & d[t-1] -> 3 perceptrons", "output y: d -> relu"],
    ):
        with pytest.raises(NetspecError, match="NS713"):
            drawn(*net, *rest)


def test_no_arrow_to_a_step_that_is_left_out_ends_on_a_wire() -> None:
    """It leads past the wires inside its cell, as if these were no cells of their own."""
    net = netspec.parse(
        "net n {\n input x: 3 over up to 20\n hidden h: lstm(4, bidirectional = true, layers = 2)\n"
        " output y: h -> last(time) -> 2 perceptrons\n}"
    ).net()
    drawing = net.render(view="unrolled", max_units=1).scene
    upright = [
        (a.x, min(a.y, b.y), max(a.y, b.y))
        for wire in drawing.wires for a, b in pairwise(wire.points) if a.x == b.x
    ]  # fmt: skip
    tips = [wire.points[-1] for wire in drawing.wires if "delayed" in wire.classes and not wire.target]
    assert tips
    assert not [tip for tip in tips for x, top, low in upright if abs(x - tip.x) < 2.5 and top < tip.y < low]
