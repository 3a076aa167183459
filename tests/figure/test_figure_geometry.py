"""Laws of every figure: labels apart and inside, wires on rims, all on the canvas, the same bytes twice.

A sample; `./dev soak geometry` takes thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from strategies import Spec, specs
from strategy_rules import Invalid

import netspec
from netspec import NetspecError
from netspec.elaborate.program import parse_program
from netspec.figure.scene import HAIRLINE, Dots, Node, Point, Polygon, Rect, Scene, Text, Wire
from netspec.figure.scene.typeset import words
from tests.conftest import MODELS, ROOT
from tests.figure.geometry import faults
from tests.figure.nets import spec

SPECS = sorted((ROOT / "specs").glob("[!l]*/*.net"))
VIEWS = ("neurons", "perceptron", "equals", "grid", "filter", "cells", "planes", "unrolled", "blocks")


def scenes(net: netspec.Net) -> list[Scene]:
    """The default figure and every view that suits the net."""
    found = []
    for view in (None, *VIEWS):
        try:
            found.append(net.render(view=view).scene)
        except NetspecError as error:
            codes = [each.code for each in error.diagnostics]
            # the view does not suit; a figure that needs weights; a layer `only` or a `path` that it does not have
            if codes not in (["NS713"], ["NS728"], ["NS731"], ["NS986"]):
                raise
    return found


@pytest.mark.parametrize("path", [*SPECS, *MODELS], ids=lambda path: path.stem)
def test_every_spec_in_every_view_that_suits_it(path: Path) -> None:
    spec = netspec.load(path)
    for name in spec.nets:
        for scene in scenes(spec.net(name)):
            assert faults(scene) == []


@pytest.mark.parametrize("seed", range(0, 160, 4))
def test_nets_of_other_sizes_and_captions(seed: int) -> None:
    text = spec(seed)
    assert faults(netspec.parse(text).net().render().scene) == [], text


@st.composite
def valid(draw: Callable[[object], Spec]) -> Spec:
    try:
        return draw(specs())
    except Invalid:
        reject()


@settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(valid())
def test_random_valid_specs(drawn: Spec) -> None:
    # without what `parse` says of blocks that no net calls: they are drawn in no figure
    net = netspec.Spec(parse_program(drawn.text, "<text>", None)).net()
    for scene in scenes(net):
        assert faults(scene) == [], drawn.text


@pytest.mark.parametrize("seed", [0, 16, 32, 64, 80])
def test_the_same_picture_twice_is_the_same_bytes(seed: int) -> None:
    one, two = (netspec.parse(spec(seed)).net().render() for _ in range(2))
    assert one.svg() == two.svg()
    assert one.dot() == two.dot()
    assert one.png(1) == two.png(1)
    assert one.pdf() == two.pdf()


# ---- the laws themselves can fail


def circle(id: str, x: float, y: float = 0.0) -> Node:
    return Node(id=id, shape="circle", x=x, y=y, rx=5, ry=5)


def text(id: str, x: float, y: float, size: float = 5, inside: str = "") -> Text:
    return Text(id=id, lines=(words("word"),), x=x, y=y, size=size, inside=inside)


def frame(id: str, left: float, right: float) -> Polygon:
    return Polygon(id=id, points=Rect(left, 0, right, 9).corners, classes=("cluster",))


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((circle("a", 0), circle("a", 40)), "called a"),
        ((text("a", 0, 0), text("b", 3, 1)), "labels a and b overlap"),
        ((circle("a", 0), text("b", 0, 0, 9, "a")), "label b leaves a"),
        ((circle("a", 0), text("b", 8, 0)), "label b stands on a"),
        ((circle("a", 120),), "leaves the canvas"),
        ((circle("a", 0), Wire(id="w", points=(Point(0, 4), Point(9, 9)), source="a")), "off a"),
        ((circle("a", 0), Wire(id="w", points=(Point(5, 0), Point(9, 9)), source="b")), "not drawn"),
        ((circle("a", 0), circle("b", 9)), "nodes a and b overlap"),
        ((circle("a", 0), Dots(id="d", points=(Point(0, 3), Point(0, 5), Point(0, 7)), radius=1)), "stand on a"),
        ((Wire(id="w", points=(Point(5, 0), Point(5, 0)), pen=HAIRLINE),), "no length"),
        ((Wire(id="w", points=(Point(-9, -1), Point(9, -1))), text("a", 0, 0)), "w runs through a"),
        ((frame("a", 0, 20), frame("b", 10, 30)), "frame a lies over b"),
    ],
)
def test_each_law_finds_what_breaks_it(items: tuple[Node, ...], said: str) -> None:
    scene = Scene(view="neurons", items=items, canvas=Rect(-50, -50, 100, 100))
    assert any(said in fault for fault in faults(scene))


@pytest.mark.parametrize("page", ["", "  width = column\n", "  direction = up\n"])
@pytest.mark.parametrize(
    "lines",
    [
        ("hidden a: 2 perceptrons -> relu", "output y: a + x"),
        (
            "hidden a: 5 perceptrons", "hidden b: 2 perceptrons", "hidden c: b + x -> relu",
            "output y: c & a & x -> 2 perceptrons",
        ),
    ],
)  # fmt: skip
def test_a_wire_that_skips_a_layer_runs_round_it(lines: tuple[str, ...], page: str) -> None:
    text = "\n".join(("net n {", "input x: 2", *lines, "}", f"figure {{\n  view = neurons\n{page}}}"))
    assert faults(netspec.parse(text).net().render().scene) == []


def test_loops_of_one_column_run_in_lanes_of_their_own_and_grids_are_wired_to_their_neighbours() -> None:
    loops = """net n {
  input f: 6 over 2
  input x: 4
  hidden w: f -> gain
  hidden n: f & n[t-1] -> 4 perceptrons -> tanh
  start n: zeros
  hidden p: w & p[t-1] -> 2 perceptrons -> relu
  hidden u: f & f -> 2 x 3 perceptrons (bias = false)
  output o4: x -> identity
  output o5: n -> identity
  output o6: p -> identity
  output o7: u -> identity
}
"""
    for direction in ("up", "left", "down", "right"):
        assert faults(netspec.parse(loops).net().render(view="neurons", direction=direction).scene) == []
    grids = "net n {\n  input f: 3\n  input x: 4\n  output w: f -> 2 perceptrons\n  output p: x -> 4 perceptrons\n}\n"
    scene = netspec.parse(grids).net().render(view="grid").scene
    assert faults(scene) == []
    assert not scene.wires, "no grid reads the one before it"
    assert {"← f", "← x"} <= {text.plain.splitlines()[-1] for text in scene.texts}
