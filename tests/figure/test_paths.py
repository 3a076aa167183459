"""A path in `neurons`: what it emphasises, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Scene

NET = """net n {
  input  x: 3
  hidden h: 4 perceptrons -> tanh
  output y: 2 perceptrons
}"""
LOOP = "net n {\n  input x: 2 over 3\n  hidden h: x & h[t-1] -> 2 perceptrons -> tanh\n  output y: h -> 1 perceptron\n}"


def drawn(text: str = NET, **options: Any) -> Scene:
    return netspec.parse(text).render(view="neurons", bias="none", **options).scene


def bold(scene: Scene) -> set[str]:
    return {item.id for item in (*scene.wires, *scene.nodes) if item.pen.width > 0.7}


def test_a_path_leads_through_its_units_and_on_to_every_output() -> None:
    onwards = {"h.2~y.1", "h.2~y.2", "h.2", "y.1", "y.2"}
    assert bold(drawn(path="h_2")) == onwards
    assert bold(drawn(path="x_3 -> h_2")) == onwards | {"x.3", "x.3~h.2"}
    assert bold(drawn(path="x_3->h_2 -> y_1")) == {"x.3", "x.3~h.2", "h.2", "h.2~y.1", "y.1"}
    assert bold(drawn()) == set()


def test_a_path_lies_over_other_wires_and_below_circles() -> None:
    items = drawn(path="x_1").items
    marked = [at for at, item in enumerate(items) if "path" in getattr(item, "classes", ()) and "wire" in item.classes]
    others = [at for at, item in enumerate(items) if "wire" in getattr(item, "classes", ()) and at not in marked]
    circles = [at for at, item in enumerate(items) if "unit" in getattr(item, "classes", ())]
    assert max(others) < min(marked) <= max(marked) < min(circles)


def test_a_loop_is_followed_once() -> None:
    scene = drawn(LOOP, path="x_1^(t)")
    assert any(wire.target.startswith("y") for wire in scene.wires if "path" in wire.classes)


def test_no_unit_of_a_path_is_left_out_for_room() -> None:
    scene = drawn("net n {\n  input x: 6\n  output y: 6 perceptrons\n}", path="x_4 -> y_5", width="30mm")
    assert "x.4~y.5" in bold(scene)


@pytest.mark.parametrize(("path", "code"), [("z_1", "NS986"), ("", "NS986"), ("x_1 -> y_1", "NS987")])
def test_what_is_not_drawn_is_refused(path: str, code: str) -> None:
    with pytest.raises(NetspecError) as caught:
        drawn(path=path)
    assert caught.value.diagnostics[0].code == code
