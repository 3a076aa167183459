"""What a user wrote and what a view draws reaches the page: captions, whole shapes, words where they are true."""

from __future__ import annotations

import pytest

import netspec
from netspec.figure.scene import Scene, Text, around, canvas_of
from netspec.figure.views import VIEWS

XOR = """net n {
  input x: 2
  hidden h: 2 perceptrons (weights = [[-0.5, 1, 1], [1.5, -1, -1]]) -> step
  output y: 1 perceptron (weights = [[-1.5, 1, 1]]) -> step
}
"""
FILTER = "net n {\n  input x: 1@5x5\n  output y: 1 filter 3x3 -> sigmoid\n}\n"
ELMAN = """net n {
  input  x: 2 over up to 5
  hidden h: x & h[t-1] -> 2 perceptrons -> tanh
  output y: h -> 1 perceptron
}
"""
DEEP = """net n {
  input x: 4@32x32
  hidden a: 8 filters 5x5 (stride = 2, groups = 2) -> relu
  hidden b: 16 filters 3x3 (groups = 4) -> relu
  hidden c: 32 filters 3x3 -> relu
  hidden d: 64 filters 3x3 -> relu
  hidden e: 120 perceptrons -> relu
  hidden f: 84 perceptrons -> relu
  output y: 10 perceptrons
}
"""


def scene(text: str, view: str, **more: object) -> Scene:
    return netspec.parse(text).net().render(view=view, **more).scene  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [None, "column", "page"])
@pytest.mark.parametrize("view", [name for name, one in VIEWS.items() if not one.needs and name != "unrolled"])
def test_the_canvas_holds_every_item(view: str, width: str | None) -> None:
    text = {"planes": DEEP, "blocks": DEEP, "filter": FILTER, "cells": FILTER, "gates": ELMAN}.get(view, XOR)
    numbers = {"input": "x=1,0"} if view in ("neurons", "perceptron") else {}
    found = scene(text, view, width=width, **numbers)
    ink = canvas_of(list(found.items), 0.0)
    assert around((ink, found.canvas)) == found.canvas


def test_words_of_an_upper_row_do_not_stand_below_a_lower_row_without_a_name() -> None:
    marks = [text.plain for text in scene(DEEP, "planes", width="page").texts if "mark" in text.classes]
    assert marks == ["a: stride 2, 2 groups; b: 4 groups"]
    usual = [text.plain for text in scene(DEEP, "planes").texts if "mark" in text.classes]
    assert usual == ["stride 2, 2 groups", "4 groups"]


CAPTIONS = {
    "a sum": "hidden z: a + x  {caption}",
    "a product": "hidden z: a * x  {caption}",
    "a join": "hidden z: a & x  {caption}",
    "a repeat": "hidden z: repeat 3 {{ Two }}  {caption}",
    "a block": "hidden z: Two  {caption}",
    "blocks": "hidden z: Two -> Two  {caption}",
    "a step": "hidden z: 4 perceptrons  {caption}",
}


@pytest.mark.parametrize("depth", [None, 0, 1])
@pytest.mark.parametrize("line", CAPTIONS)
def test_boxes_write_each_caption_once(line: str, depth: int | None) -> None:
    written = CAPTIONS[line].format(caption='"the $W_1$ line"')
    block = "block Two {\n  input x: c\n  output y: c perceptrons -> relu\n}\n"
    net = f"net n {{\n  input x: 4\n  hidden a: 4 perceptrons\n  {written}\n  output y: 2 perceptrons\n}}\n"
    said = [text.plain for text in scene(block + net, "blocks", depth=depth).texts]
    assert [text for text in said if text.startswith("the ")] == ["the W_1 line"]


@pytest.mark.parametrize("view", ["planes", "neurons", "blocks", "grid"])
def test_no_view_writes_the_source_of_mathematics(view: str) -> None:
    text = 'net n {\n  input x: 1@9x9  "$x$"\n  hidden a: 1 filter 5x5 -> relu  "$W_1$"\n  output y: 2 perceptrons\n}\n'
    assert not [one.plain for one in scene(text, view).items if isinstance(one, Text) and "$" in one.plain]


@pytest.mark.parametrize(("lang", "places"), [("en", ["1st, 6", "2nd", "3rd"]), ("ko", ["첫째, 6", "둘째", "셋째"])])
def test_the_place_of_an_input_is_no_size(lang: str, places: list[str]) -> None:
    lines = [f"  hidden {name}: {size} perceptrons\n" for name, size in (("a", 4), ("b", 4), ("c", 6))]
    text = f"net n {{\n  input x: 4\n{''.join(lines)}  output y: c & a & b -> 2 perceptrons\n}}\n"
    drawn = scene(text, "blocks", lang=lang)
    assert [one.plain for one in drawn.texts if "shape" in one.classes and not one.plain.isdigit()] == places
