"""Every option of every operation says what a figure must show of it, and two of its values say two things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import netspec
from netspec.figure.blocks.step_words import Listed
from netspec.ir.graph import node_marks
from netspec.ir.marks import TITLE, Mark, kind, structure, unseen
from netspec.ir.operation import Init, Op, Option, option
from netspec.ir.types import Type
from netspec.ops.registry import operation, step_names

NAMES = sorted((step_names() - {"same", "reversed"}) | {"perceptrons", "filters", "number"})
KINDS: dict[str, tuple[Any, Any]] = {
    "size": (2, 3), "extent": (2, (3, 2)), "padding": (1, "same"), "integer": (2, 3), "real": (0.25, 0.5),
    "flag": (False, True), "init": (None, {"weight": Init("normal", (0.0, 0.02))}), "layer": (None, True),
    "tie": ("straight", "turned"), "list": (("X.", ".X"), ("XX", ".X")), "text": ("one", "two"),
    "type": (Type(2), Type(3, (2,))), "argument": (None, {"deep": True}),
}  # fmt: skip


def values_of(declared: Option) -> tuple[Any, ...]:
    if declared.name == "units" and declared.kind == "extent":
        return (2,), (3, 2)
    if declared.kind in ("word", "role", "flag"):
        return (*declared.choices, *([None] if declared.default is None else []))
    return KINDS[declared.kind]


def built(cls: type[Op], **given: Any) -> Op:
    needed = {name: values_of(cls.options[name])[0] for name in cls.required}
    return cls(**needed | given)


def options() -> Iterator[tuple[type[Op], str]]:
    for cls in map(operation, NAMES):
        for name in cls.options:
            yield cls, name


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_values_that_differ_between_calls_are_listed(lang: str) -> None:
    """A block drawn once for all its calls puts a text in place of an option that no parameter gives."""
    for cls, name in options():
        mark = cls.options[name].mark
        if mark is None or not isinstance(mark.en, str) or cls.options[name].kind in ("word", "role", "flag"):
            continue  # a word is no argument of a block
        op = built(cls)
        op.__dict__[name] = Listed("2, 3")
        said = " ".join([op.title(lang), *(one.text for one in op.marks(lang))])
        assert "2, 3" in said or mark.is_a == "training", f"{cls.name}({name}): {said}"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_two_values_are_told_apart(lang: str) -> None:
    seen = 0
    for cls, name in options():
        mark = cls.options[name].mark
        assert mark is not None
        said = []
        for value in values_of(cls.options[name]):
            op = built(cls, **{name: value})
            said.append((op.title(lang), tuple(one.text for one in op.marks(lang))))
        assert len(set(said)) == len(said), f"{cls.name}({name}): {said} in {lang}"
        if mark.is_a == "training":
            assert mark.why, f"{cls.name}({name}) does not say why a figure may leave it out"
        seen += 1
    assert seen >= 158


def test_marks_of_the_built_in_operations_are_in_both_languages() -> None:
    for cls, name in options():
        mark = cls.options[name].mark
        assert mark is not None
        assert mark.titled or mark.ko is not None, f"{cls.name}({name})"
    op = operation("filters")(count=8, kernel=(3, 3), stride=2, dilation=(2, 1), bias=False)
    assert op.title() == "8 filters 3×3"
    assert op.title("ko") == "3×3 필터 8개"
    assert [mark.text for mark in op.marks()] == ["stride 2", "dilation 2×1", "no bias"]
    assert [mark.text for mark in op.marks("ko")] == ["보폭 2", "팽창 2×1", "편향 없음"]
    assert [mark.rank for mark in op.marks()] == [1, 1, 2]
    depthwise = operation("filters")(count=8, kernel=(3, 3), groups=4)
    assert [mark.text for mark in depthwise.marks("en", Type(8, (9, 9)))] == ["4 groups"]
    assert [mark.text for mark in depthwise.marks("en", Type(4, (9, 9)))] == ["depthwise"]
    assert [mark.text for mark in depthwise.marks("ko", Type(4, (9, 9)))] == ["깊이별"]


def test_an_option_without_a_decision_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match=r"option 'gap' does not say what a figure must show of it; give mark="):

        class Forgetful(Op):
            name = "forgetful"
            gap: int = option("integer", "a gap", default=1)


def test_words_that_have_no_korean_are_english_and_say_so() -> None:
    class Own(Op):
        name = "own"
        gap: int = option("integer", "a gap", default=1, mark="gap {}")
        wide: bool = option("flag", "wide", default=False, mark=kind({True: "wide"}, {True: "넓게"}))
        eps: float = option("real", "safety", default=0.1, mark=unseen("numerical safety", "ε {}"))
        count: int = option("integer", "how many", default=3, mark=TITLE)
        ways: int = option("integer", "ways", default=1, mark=structure("{} ways"))

    op = Own(gap=2, wide=True, eps=0.5)
    assert op.title() == "own 3"
    assert op.marks("ko") == (
        Mark("gap", "structure", "gap 2", 1, False),
        Mark("wide", "kind", "넓게", 1, True),
        Mark("eps", "training", "ε 0.5", 3, False),
    )


NET = """netspec 1
block Up {
  input  x: 8
  output y: 8 perceptrons -> relu
}
net n {
  input  x: one of 5 over 6
  hidden e: x -> embed(8)
  hidden m: e -> reversed(lstm(8, bidirectional = false))
  hidden r: m -> 8 perceptrons (frozen = true) -> repeat 3 shared { Up }
  hidden z: r + z[t-2] -> tanh
  output y: z -> 5 perceptrons (tie = transpose(e), bias = false)
}
"""


def test_facts_of_nodes_are_worded_once() -> None:
    graph = netspec.parse(NET).net().graph
    said: dict[str, list[str]] = {}
    for node in graph.nodes:
        said.setdefault(graph.layers[node.layer].path, []).extend(mark.text for mark in node_marks(graph, node))
    assert "weights of e" in " ".join(said["y"])
    assert "no bias" in said["y"]
    assert "frozen" in said["r"]
    assert "2 steps ago" in said["z"]
    assert "backwards in time" in said["m"]
    assert any("shared weights" in words for words in said.values())
    korean = [mark.text for node in graph.nodes for mark in node_marks(graph, node, "ko")]
    assert {"고정", "2시점 전", "시간을 거꾸로", "가중치 공유"} <= set(korean)
