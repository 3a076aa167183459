"""The line below a figure that says what is not drawn: each mark with its layers, in plain words."""

from __future__ import annotations

import pytest

from tests.figure.drawn import draw

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
    "all but one": (
        "",
        (
            "input x: 8",
            *(f"hidden {name}: 4 perceptrons -> relu" for name in ("a1", "a2", "a3")),
            "output y: 1 perceptron",
        ),
        "neurons",
        ("not shown: relu (all but y)", "그리지 않은 것: relu (y 외 모두)"),
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
            "그리지 않은 것: relu (b; a의 최대 풀링 뒤); dropout (b의 퍼셉트론 앞)",
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
            "그리지 않은 것: relu (a; y의 dropout 뒤); dropout (a, y)",
        ),
    ),
    "some calls of a block": (
        ACT,
        ("input x: 8", "hidden z: Act(relu) -> Act(tanh) -> Act(tanh)", "output y: 2 perceptrons"),
        "neurons",
        (
            "not shown: relu (Act.y in the 1st call); tanh (Act.y in the 2nd and 3rd call)",
            "그리지 않은 것: relu (첫째 호출의 Act.y); tanh (둘째, 셋째 호출의 Act.y)",
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
