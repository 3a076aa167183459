"""How words and symbols are set: a part of TeX, one size for each role, one baseline for each row."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.figure.scene.canvas import evened
from netspec.figure.scene.tex import TexFault, inline, mathematics, plain, split_text
from netspec.figure.scene.typeset import set_line, symbol, upright
from tests.conftest import ROOT
from tests.figure.drawn import draw


def net(*lines: str, settings: str) -> str:
    return "\n".join(("net n {", *lines, "}", "figure {", settings, "}", ""))


SET = {
    r"h^{(1)}": "h^(1)",
    r"W_{ij}": "W_{ij}",
    r"W_{ij}^{(1)}": "W_{ij}^(1)",
    r"\hat{y}_t": "ŷ_t",
    r"\bar x": "x̄",
    r"\tilde{c}": "c̃",
    r"\sqrt{d_k}": "√(d_k)",
    r"\mathbb{R}^{d \times H}": "ℝ^{d×H}",
    r"\alpha\Sigma": "αΣ",
    "\theta \to \nu": "θ → ν",  # the language reads \t and \n as a tab and a line break
    r"x \in X": "x ∈ X",
    r"a - b": "a − b",
    r"-1": "−1",
    r"x'": "x^′",
    r"\text{all of it}": "all of it",
    r"\mathcal{L}": "ℒ",
}


@pytest.mark.parametrize("text", SET, ids=lambda text: repr(text))
def test_mathematics(text: str) -> None:
    assert plain(mathematics(text)) == SET[text]


@pytest.mark.parametrize(
    ("text", "what", "part"),
    [
        (r"\frac{1}{2}", "unknown", r"\frac"),
        (r"\mathbb{r}", "unknown", r"\mathbb"),
        ("h^{(1)", "incomplete", "{"),
        ("x_", "incomplete", "_"),
        ("x^a^b", "incomplete", "^"),
        (r"\hat{x + y_1}", "incomplete", r"\hat"),
        ("a}", "incomplete", "}"),
    ],
)
def test_what_is_not_set(text: str, what: str, part: str) -> None:
    with pytest.raises(TexFault) as fault:
        mathematics(text)
    assert (fault.value.what, fault.value.part) == (what, part)


@pytest.mark.parametrize("text", ["costs 5$ and 6$", "$5 and $6", "one $", r"\$x\$"])
def test_dollars_that_are_money(text: str) -> None:
    assert plain(inline(text)) == text.replace("\\", "")


def test_words_break_only_outside_of_mathematics() -> None:
    assert split_text("the $a + b$ of $x$", " ") == ["the", "$a + b$", "of", "$x$"]


def test_an_accent_stands_on_the_middle_of_its_letter_and_a_bar_over_its_line() -> None:
    letter, accent = set_line(mathematics(r"\hat{y}"), 10.0)[0]
    assert accent.y + accent.below < letter.y - letter.above < accent.y + accent.below + 2
    assert abs((accent.x + accent.width / 2) - (letter.x + letter.width / 2)) < 2
    root, inner, index, bar = set_line(mathematics(r"\sqrt{d_k}"), 10.0)[0]
    assert abs((bar.y - bar.above) - (root.y - root.above)) < 0.01
    assert bar.x == inner.x
    assert abs(bar.x + bar.width - (index.x + index.width)) < 1


def test_units_of_a_layer_with_a_number_are_read_as_one_name_and_one_index() -> None:
    assert plain(symbol("h1", upright("1"))) == "h_1^(1)"
    assert plain(symbol("h1", upright("1"), upright("(t)"))) == "h_{1,1}^(t)"
    assert plain(symbol("x1")) == "x_1"
    assert plain(symbol("h_1", upright("2"))) == "h_{1,2}"
    assert plain(symbol("image_rows", upright("2"))) == "image_rows_2"
    assert plain(symbol(r"\hat{y}^{(k)}", upright("2"))) == "ŷ_2^(k)"


def test_mathematics_in_every_text_of_a_figure() -> None:
    settings = """view = neurons
  y.symbol = "\\hat{y}"
  captions = ["$W_{ij}$"]
  x.title = "$x \\in \\mathbb{R}^3$"
"""
    picture = (
        netspec.parse(net("input x: 3", 'output y: 2 perceptrons "costs $c_y$"', settings=settings)).net().render()
    )
    texts = {text.plain for text in picture.scene.texts}
    assert {"ŷ_1", "ŷ_2", "W_{ij}", "x ∈ ℝ^3", "costs c_y"} <= texts
    assert "costs c_y" in picture.scene.description
    assert "ŷ" in picture.dot()


# ---- one size for each role, one baseline for each row


def test_sizes_that_are_near_become_one() -> None:
    assert evened([8, 7.5, 7, 4, 3.9]) == {8: 7, 7.5: 7, 7: 7, 4: 3.9, 3.9: 3.9}


@pytest.mark.parametrize("path", ["post/mlp", "post/grid", "tasks/iris", "tasks/wine", "tasks/waves", "zoo/gpt2"])
def test_a_role_has_one_size_and_a_smaller_one_for_what_does_not_fit(path: str) -> None:
    scene = netspec.load(ROOT / "specs" / f"{path}.net").net().render(theme="safe").scene
    roles: dict[tuple[str, ...], set[float]] = {}
    for text in scene.texts:
        roles.setdefault(text.classes, set()).add(round(text.size, 2))
    most = 3 if scene.view == "blocks" else 2  # the name of a line, its steps, what is said beside
    assert all(len(sizes) <= most for sizes in roles.values()), roles


def test_titles_and_labels_of_a_row_have_one_baseline() -> None:
    lines = ['input x: 3 "input"', 'hidden h: 3 perceptrons "hidden"', 'output y: 3 perceptrons "은닉층"']
    scene = draw(net(*lines, settings="view = neurons"), theme="safe")
    assert len({text.y for text in scene.texts if "title" in text.classes}) == 1
    labels = {text.y for text in scene.texts if text.plain in ("x_1", "h_1")}
    assert len(labels) == 1


# ---- the author's words

RESIDUAL = """block Residual(c) {
  input  x: c
  hidden f: x -> c perceptrons -> relu -> c perceptrons
  output y: x + f -> layernorm
}

net encoder {
  input  x: 64 over 10
  hidden a: x -> attention(8)
  hidden n: x + a "residual connection"
  hidden s: x + n
  hidden r: s -> Residual(64) -> Residual(64)
  output y: 5 perceptrons
}

figure {
  view = blocks
  a.title = "Multi-Head\\nAttention"
  Residual.y.title = "Add & Norm"
  arrows = ["x -> n: identity", "Residual.f -> Residual.y: $F(x)$"]
}
"""


def test_a_title_replaces_the_words_of_a_box_and_what_they_said_is_noted() -> None:
    scene = draw(RESIDUAL)
    texts = [text.plain for text in scene.texts]
    assert {"Multi-Head", "Attention", "Add & Norm"} <= set(texts)
    assert not any("heads" in text for text in texts if "8 heads (a)" not in text)
    note = next(text for text in scene.texts if text.id == "notes")
    assert "8 heads (a)" in note.plain
    assert "layer norm (Residual.y" in note.plain.replace("\n", " ")


def test_words_on_arrows_and_names_of_sums() -> None:
    texts = [text.plain for text in draw(RESIDUAL).texts]
    assert {"identity", "F(x)", "10 × 64"} <= set(texts)
    lines = ("input x: 4", "hidden h: 4 perceptrons -> relu", 'hidden n: x + h "residual"', "output y: x + n")
    texts = [text.plain for text in draw(net(*lines, settings="view = blocks")).texts]
    assert {"n: +", "residual", "y: +"} <= set(texts)


def test_a_section_draws_a_block_by_its_name() -> None:
    scene = draw(RESIDUAL.replace("  a.title", "  only = Residual\n  a.title"))
    assert "F(x)" in {text.plain for text in scene.texts}


def test_captions_in_planes_and_no_more_than_there_are_places() -> None:
    lines = ("input x: 1@12x12", "hidden c: 4 filters 3x3", "hidden p: maxpool(2x2)", "output y: 3 perceptrons")
    scene = draw(net(*lines, settings='captions = ["scan $W$", "shrink"]'))
    assert {"scan W", "shrink"} <= {text.plain for text in scene.texts}
    with pytest.raises(NetspecError, match="NS745"):
        draw(net(*lines, settings='captions = ["a", "b", "c", "d"]'))


@pytest.mark.parametrize("view", ["neurons", "perceptron", "grid"])
def test_one_caption_too_many_is_refused(view: str) -> None:
    text = net("input x: 3", "output y: 1 perceptron -> relu", settings=f"view = {view}")
    drawn = netspec.parse(text).net()
    most = 3 if view == "perceptron" else 1
    drawn.render(captions=["w"] * most)
    with pytest.raises(UsageError, match="NS745"):
        drawn.render(captions=["w"] * (most + 1))
