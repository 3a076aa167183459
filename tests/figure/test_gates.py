"""The view `gates`: a recurrent cell between its states of two time steps."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Scene
from netspec.figure.settings import FigureSettings
from netspec.figure.units.gates import _Gates
from tests.figure.geometry import faults

STACK = """net n(T) {
  input  x: 3 over T
  hidden h: x & h[t-1] -> 4 perceptrons -> tanh
  hidden k: (h -> 5 perceptrons) + (k[t-1] -> 5 perceptrons) -> relu
  output y: k -> 2 perceptrons
}"""


def drawn(text: str, **options: str) -> Scene:
    scene = netspec.parse(text).net().render(view="gates", **options).scene  # type: ignore[arg-type]
    assert faults(scene) == []
    return scene


def cell(block: str) -> Scene:
    return drawn(f"net n(T) {{\n  input x: 3 over T\n  output h: {block}(4)\n}}")


def signs(scene: Scene, kind: str) -> list[str]:
    named = {text.inside: text.plain for text in scene.texts if text.inside}
    return sorted(named[node.id] for node in scene.nodes if kind in node.classes)


@pytest.mark.parametrize(
    ("block", "gates", "operations", "states"),
    [
        ("LSTM", ["tanh", "σ", "σ", "σ"], ["&", "+", "tanh", "×", "×", "×"], ["c_t", "h_t"]),
        ("GRU", ["tanh", "σ", "σ"], ["&", "&", "+", "1 −", "×", "×", "×"], ["h_t"]),
        ("Elman", ["tanh"], ["&"], ["h_t"]),
    ],
)
def test_gates_are_boxes_and_the_rest_are_circles(
    block: str, gates: list[str], operations: list[str], states: list[str]
) -> None:
    scene = cell(block)
    assert signs(scene, "gate") == gates
    assert signs(scene, "operation") == operations
    assert signs(scene, "output") == states
    assert signs(scene, "input") == sorted([*(state.replace("_t", "_{t−1}") for state in states), "x_t"])


@pytest.mark.parametrize(
    ("line", "states"),
    [
        ("LSTM(4)", {"x_t", "c_{t−1}", "y_{t−1}"}),
        ("reversed(LSTM(4))", {"x_t", "c_{t+1}", "h_{t+1}"}),
        ("reversed(Elman(4)) -> reversed(Elman(4))", {"x_t", "h_{t+1}"}),
        ("reversed(reversed(Elman(4)))", {"x_t", "h_{t−1}"}),
    ],
)
def test_the_state_of_a_reversed_cell_comes_from_the_time_step_after(line: str, states: set[str]) -> None:
    scene = drawn(f"net n(T) {{\n  input x: 3 over T\n  output y: {line}\n}}")
    assert set(signs(scene, "input")) == states
    assert not any("notes" in text.classes for text in scene.texts)  # no line is left out


@pytest.mark.parametrize("join", ["x & h[t-1]", "h[t-1] & x", "x & r*h[t-1]", "r*h[t-1] & x"])
def test_an_order_of_a_join_that_is_not_that_of_the_net_is_said(join: str) -> None:
    gate = "  hidden r: x & h[t-1] -> 4 perceptrons -> sigmoid\n" if "r" in join else ""
    scene = drawn(
        f"net n(T) {{\n  input x: 3 over T\n{gate}  hidden h: {join} -> 4 perceptrons -> tanh\n  output y: h\n}}"
    )
    said = [text.plain for text in scene.texts if text.id == "h.marks"]
    assert said == ([] if join.startswith("x") else [f"{join} → 4 perceptrons → tanh"])


def test_what_enters_stands_left_of_the_frame_and_what_leaves_right_of_it() -> None:
    scene = cell("LSTM")
    (frame,) = (polygon.box for polygon in scene.polygons if "frame" in polygon.classes)
    for node in scene.nodes:
        if "input" in node.classes:
            assert node.x + node.rx < frame.left
        elif "output" in node.classes:
            assert node.x - node.rx > frame.right
        else:
            assert frame.left < node.x - node.rx < node.x + node.rx < frame.right


def test_one_of_several_cells_is_drawn_and_the_others_are_said() -> None:
    assert signs(drawn(STACK), "output") == ["h_t"]
    scene = drawn(STACK, only="k")
    assert signs(scene, "gate") == ["Σ", "Σ"]
    assert any(text.plain.startswith("not shown: lines x, y") for text in scene.texts)


def test_what_is_read_at_all_time_steps_has_none() -> None:
    lines = (
        "  input m: 4 over S\n  hidden a: h[t-1], m, m -> attention(1)\n  output h: x & a -> 4 perceptrons -> tanh\n"
    )
    assert signs(drawn(f"net n(S, T) {{\n  input x: 3 over T\n{lines}}}"), "input") == ["h_{t−1}", "m", "x_t"]


@pytest.mark.parametrize("line", ["x -> 3 perceptrons", "x -> lstm(3)", "x & x[t-1] -> 3 perceptrons"])
def test_a_net_without_a_loop_that_is_written_out_is_refused(line: str) -> None:
    with pytest.raises(NetspecError) as caught:
        drawn(f"net n(T) {{\n  input x: 3 over T\n  output y: {line}\n}}")
    assert caught.value.diagnostics[0].code == "NS713"


def test_a_long_cell_needs_no_deep_calls() -> None:
    line = "x & h[t-1] -> 1 perceptron -> repeat 500 { 1 perceptron -> tanh }"
    graph = netspec.parse(f"net n {{\n  input x: 1 over 2\n  output h: {line}\n}}").net().graph
    spots = _Gates(graph, FigureSettings()).computation().spots
    assert [spot.kind for spot in spots].count("gate") == 501
