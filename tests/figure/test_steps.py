"""`netspec steps`: the frames say what is known at each step, and the page needs nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Scene, Text
from tests.figure.geometry import labels_outside, off_canvas, same_ids
from tests.figure.test_graph import NEURON

MLP = """net two {
  input  x: 2
  hidden h: 2 perceptrons (weights = [[0.1, 0.5, -0.8], [0.3, 0.1, 0.2]]) -> tanh
  output y: 1 perceptron (weights = [[0, 2, 1]])
}
train {
  loss = squared(y, t)
  optimizer = sgd(lr = 0.1)
}
"""


def numbers(scene: Scene, ink: str = "") -> dict[str, str]:
    """The numbers in a frame by their ids."""
    found = [item for item in scene.items if isinstance(item, Text) and "number" in item.classes]
    return {text.id: text.plain for text in found if ink in ("", text.ink)}


def test_each_frame_adds_what_becomes_known() -> None:
    frames = netspec.parse(MLP).net().steps("x=1,0.5", "t=1").frames
    assert [re.sub(r"[,:].*", "", frame.title) for frame in frames] == [
        "the example", "forward", "forward", "the loss", "backward", "backward", "backward", "the update",
    ]  # fmt: skip
    for frame in frames:
        assert [*same_ids(frame.scene), *labels_outside(frame.scene), *off_canvas(frame.scene)] == []
        assert frame.scene.canvas == frames[0].scene.canvas
    counts = [len(numbers(frame.scene)) for frame in frames]
    assert counts[0] < counts[1] < counts[2] == counts[3] < counts[4] < counts[5] < counts[6]
    assert not numbers(frames[3].scene, "negative")
    assert numbers(frames[4].scene, "negative")["y.1.slope"] == "−0.286"
    assert len(numbers(frames[7].scene, "rise")) == len(numbers(frames[0].scene)) - 2  # each weight, without the inputs


def test_the_numbers_are_those_of_the_graph() -> None:
    frames = netspec.parse(NEURON).net().steps("x=-1,-2", "y=1").frames
    assert frames[2].title == "the loss: squared(f, y), y = 1, is 0.0723"
    assert numbers(frames[3].scene, "negative") == {
        "f.1.w.0.value": "−0.106", "f.1.w.1.value": "0.106", "f.1.w.2.value": "0.212", "f.1.sum.slope": "−0.106",
    }  # fmt: skip
    graph = netspec.parse(NEURON).net().steps("x=-1,-2", "y=1", view="graph").frames
    assert len(graph) == len(frames)
    assert numbers(graph[0].scene).keys() == {"f.w_1.value", "f.w_2.value", "f.b.value", "x.x_1.value", "x.x_2.value"}
    assert numbers(graph[-1].scene)["f.w_1.value"] == "1.99"


def test_circles_are_called_what_the_figure_calls_them() -> None:
    text = "net n {\n  input c: one of 3\n  hidden x: onehot\n  output y: 1 perceptron (weights = [[0, 1, 2, 3]])\n}\n"
    net = netspec.parse(text + 'figure {\n  view = neurons\n  c.symbol = "u"\n}\n').net()
    called = {text.plain for text in net.steps("c=1").frames[0].scene.texts if text.inside}
    assert {"u_1", "u_2", "u_3"} < called
    assert not {"x_1", "x_2", "x_3"} & called


def test_without_a_target_there_is_only_the_way_forward() -> None:
    assert len(netspec.parse(NEURON).net().steps("x=-1,-2")) == 2


def test_the_page_carries_all_and_allows_its_own_script_alone(tmp_path: Path) -> None:
    steps = netspec.parse(NEURON).net().steps("x=-1,-2", "y=1", lang="ko")
    names = [path.name for path in steps.save(tmp_path / "new")]
    assert names == ["01.svg", "02.svg", "03.svg", "04.svg", "05.svg", "06.svg", "index.html"]
    page = (tmp_path / "new" / "index.html").read_text("utf-8")
    assert page.count('src="data:image/svg+xml;base64,') == 6
    assert "http" not in re.sub('http-equiv|src="[^"]*"', "", page)
    assert "default-src 'none'" in page
    assert "on" + "click=" not in page
    assert "순전파: f" in page
    assert "prefers-reduced-motion" in page


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (NEURON, {"view": "blocks"}, "NS966"),
        (NEURON, {"view": "planes"}, "NS966"),
        (NEURON.replace("x: 2", "x: 2 over 3").replace("-> s", "-> last -> s"), {"view": "neurons"}, "NS966"),
        (NEURON.replace(" (weights = [[-3, 2, -3]])", ""), {}, "NS728"),
    ],
)
def test_what_has_no_steps_is_refused(text: str, options: dict[str, str], code: str) -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.parse(text).net().steps("x=-1,-2", **options)  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == code


def test_an_example_must_be_given() -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.parse(NEURON).net().steps()
    assert caught.value.diagnostics[0].code == "NS727"
