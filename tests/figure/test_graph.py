"""The view `graph`: the numbers that it draws are those of torch, and it draws every operation."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

import netspec
from netspec.compute.scalars import Trace, backward
from netspec.config.check import training_of
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Scene, Text
from netspec.figure.trained.passes import Passes, passes_of
from netspec.ir.graph import Edge
from tests.figure.geometry import faults

NEURON = """net neuron {
  input  x: 2
  output f: 1 perceptron (weights = [[-3, 2, -3]]) -> sigmoid
}
train {
  loss = squared(f, y)
  optimizer = sgd(lr = 0.1)
}
"""
DEEP = "  hidden h: 3 perceptrons -> tanh\n"
# a net, its loss, an example and its target
NETS = {
    "classes": ("2", DEEP + "  output y: 3 perceptrons -> softmax", "cross_entropy(y, k)", 2, "2"),
    "smoothed": ("2", DEEP + "  output y: 3 perceptrons", "cross_entropy(y, k, smoothing = 0.1)", 2, "0"),
    "yes or no": ("2", DEEP + "  output y: 1 perceptron", "0.5*binary_cross_entropy(y, k, weight = 3)", 2, "1"),
    "filters": ("1@5x5", "  hidden h: 2 filters 3x3 -> relu -> maxpool(3x3)\n  output y: 2 perceptrons",
                "huber(y, k)", 25, "0,9"),
    "recurrent": ("2 over 3", "  hidden h: x & h[t-1] -> 2 perceptrons -> tanh\n  output y: h -> 2 perceptrons",
                  "cross_entropy(y, k)", 6, "1,0,1"),
    "lstm": ("2 over 3", "  hidden h: lstm(2)\n  output y: 1 perceptron", "l1(y, k) + 0.1*squared(y)", 6, "1,0,-1"),
    "attention": ("4 over 3", "  hidden h: attention(2)\n  output y: 1 perceptron", "squared(y, k)", 12, "1,0,-1"),
    "own probability": ("2", DEEP + "  output y: 2 perceptrons -> softmax", "nll(y, k)", 2, "1"),
}  # fmt: skip
OPTIMIZERS = ("sgd(lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.1)", "adam(weight_decay = 0.1)", "adamw")


def worked(name: str, optimizer: str) -> tuple[Any, Passes, Any]:
    """The passes of a net, the module with the same weights, and the net."""
    kind, lines, loss, count, target = NETS[name]
    text = f"net n {{\n  input x: {kind}\n{lines}\n}}\ntrain {{\n  loss = {loss}\n  optimizer = {optimizer}\n}}"
    import torch

    spec = netspec.parse(text)
    net = spec.net()
    module = net.module(seed=3, dtype=torch.float64)
    weights = {key: value.numpy().copy() for key, value in module.state_dict().items()}
    example = ",".join(str((at * 7 % 5 - 2) / 3) for at in range(count))
    found = passes_of(net.graph, weights, example, target, training_of(spec.program, net.graph))
    return module, found, net


@pytest.mark.parametrize("name", NETS)
def test_values_gradients_and_the_step_are_those_of_torch(name: str) -> None:
    import torch

    module, found, net = worked(name, OPTIMIZERS[len(name) % len(OPTIMIZERS)])
    shape = found.edges[Edge(net.graph.inputs[0])].shape
    y = module(torch.tensor(found.numbers["input x"], dtype=torch.float64).reshape(shape))
    layer = net.graph.type_of(net.graph.layers[net.graph.outputs[0]].values[0])
    given = torch.tensor(found.numbers["target k"], dtype=torch.float64).reshape(y.shape)
    total: Any = 0.0
    for item, *_ in found.terms:
        term: Any = item.term
        chooses = (term.classifies and layer.maps != 1) or term.word == "nll"
        target = None if term.compared is None else given.argmax(-1) if chooses else given
        value = y.log() if chooses and name == "classes" else y  # whose softmax the loss skips
        if chooses and layer.time is not None:
            value, target = value.flatten(0, 1), given.argmax(-1).flatten(0, 1)
        total = total + item.coefficient * term.function(layer._replace(time=None), None, "cpu")(value, target, None)[0]
    total.backward()
    assert found.total == pytest.approx(total.item(), abs=1e-9)
    for key, parameter in module.named_parameters():
        torch.testing.assert_close(torch.tensor(found.weight_slopes[key]), parameter.grad, atol=1e-9, rtol=1e-9)
    assert found.turn is not None
    found.turn.optimizer.build(module.parameters(), "").step()
    for key, parameter in module.named_parameters():
        torch.testing.assert_close(torch.tensor(found.stepped()[key]), parameter.data, atol=1e-9, rtol=1e-9)


def test_the_gradient_of_what_the_loss_does_not_read_is_zero() -> None:
    """A loss of logits does not read the softmax behind them."""
    _, found, net = worked("classes", "adam")
    assert found.slopes[net.graph.layers[net.graph.outputs[0]].values[0]].tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("name", ["classes", "recurrent", "filters", "own probability"])
def test_single_numbers_have_the_same_gradients(name: str) -> None:
    """What is drawn is traced number by number: a second way to the gradients of the whole arrays."""
    _, found, _ = worked(name, "adam")
    assert found.loss is not None
    trace = Trace([found.loss], found.numbers)
    (total,) = trace.of(found.loss)
    assert total.value == pytest.approx(found.total, abs=1e-12)
    slopes = backward(total)
    for key, array in found.stored.items():
        for place, wanted in enumerate(found.weight_slopes[key].reshape(-1)):
            one = trace.at.get((array.node, place))
            assert (0.0 if one is None else slopes.get(one, 0.0)) == pytest.approx(float(wanted), abs=1e-12)


def drawn(text: str, **options: Any) -> Scene:
    scene = netspec.parse(text).render(view="graph", **options).scene
    assert faults(scene) == []
    return scene


def said(scene: Scene, name: str) -> str:
    text = scene.find(name)
    assert isinstance(text, Text)
    return text.plain


def test_a_neuron_is_drawn_as_in_the_textbook() -> None:
    """The neuron of CS231n's page on backpropagation, w = (2, -3, -3), x = (-1, -2): f = 0.73."""
    scene = drawn(NEURON, input="x=-1,-2", target="y=0")
    signs = sorted(text.plain for text in scene.texts if ".op" in text.inside)
    assert signs == ["+", "squared", "×", "×", "σ"]
    assert len(scene.wires) == 2 * 2 + 3 + 1 + 2 + 1  # products, sum, activation, loss, L
    assert said(scene, "f.op.value") == "0.731"
    assert (said(scene, "f.w_1.slope"), said(scene, "x.x_1.slope")) == ("−0.287", "0.575")
    opened = drawn(NEURON, input="x=-1,-2", target="y=0", details=True)
    assert {"× (−1)", "e^x", "1 + x", "1 / x"} <= {text.plain for text in opened.texts}


def test_a_path_is_emphasised_and_written_out_and_the_update_stands_there() -> None:
    scene = drawn(NEURON, input="x=-1,-2", target="y=1", path="w_1", update=True)
    assert [wire.id for wire in scene.wires if "path" in wire.classes] == [
        "f.w_1~f.op.3", "f.op.3~f.op.2", "f.op.2~f.op", "f.op~loss.op", "loss.op~loss"
    ]  # fmt: skip
    assert said(scene, "path.0") == "∂L/∂w_1 = (−0.538) × 0.197 × (−1) = 0.106"
    assert said(scene, "f.w_1.after") == "→ 1.99"


def test_many_paths_are_counted_and_not_walked() -> None:
    names = ["x", *(f"h{at}" for at in range(40))]
    lines = "".join(f"  hidden {name}: {before} + ({before} -> relu)\n" for before, name in pairwise(names))
    text = f"net n {{\n  input x: 1\n{lines}  output y: h39 -> 1 perceptron (weights = [[0, 1]])\n}}\n"
    scene = drawn(text + "train {\n  loss = squared(y, t)\n}", input="x=1", target="t=0", path="x")
    assert f"sum over {2**40} paths" in said(scene, "path.0")
    assert {node.pen.ink for node in scene.nodes if "input" in node.classes} == {"negative"}


def test_a_loss_of_logits_says_which_activation_it_skips() -> None:
    text = NEURON.replace("squared", "binary_cross_entropy")
    scene = drawn(text, input="x=-1,-2", target="y=1")
    assert any("sigmoid" in text.plain for text in scene.texts if "notes" in text.classes)


@pytest.mark.parametrize(
    ("line", "sign", "order"),
    [("x^z", "^", "x^z"), ("z - x", "−", "z - x"), ("x/z", "÷", "x/z"), ("x + z", "+", ""),
     ("x, z -> maximum", "max", ""), ("x, z -> minimum", "min", "")],
)  # fmt: skip
def test_of_two_values_the_operation_names_neither_and_the_line_says_which_is_first(
    line: str, sign: str, order: str
) -> None:
    scene = drawn(f"net n {{\n  input x: 1\n  input z: 1\n  output y: {line}\n}}", input="x = 2; z = 3")
    assert [text.plain for text in scene.texts if ".op" in text.inside] == [sign]
    assert [text.plain for text in scene.texts if text.id.endswith(".marks")] == ([order] if order else [])


def test_without_an_example_each_line_is_one_value() -> None:
    scene = drawn("net n(d, H, K) {\n  input x: d\n  hidden h: H perceptrons -> tanh\n  output y: K perceptrons\n}")
    assert {"x", "W^h", "b^h", "×", "+", "tanh", "h", "y", "H×d"} <= {text.plain for text in scene.texts}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"target": "z=1"}, "NS960"),
        ({"target": "y=1,2"}, "NS960"),
        ({"target": "y=one"}, "NS960"),
        ({"target": ""}, "NS960"),
        ({"target": "y=1", "path": "w_3"}, "NS965"),
        ({"target": "y=1", "figure": "none"}, "NS714"),
        ({"update": True}, "NS961"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(NetspecError) as caught:
        drawn(NEURON, input="x=-1,-2", **options)
    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ("", "NS961"),
        ("train {\n  loss = squared(f, y, mask = f)\n}", "NS962"),
        ("train {\n  loss = squared(f, y)\n  optimizer = rprop\n}", "NS963"),
    ],
)
def test_a_train_section_without_what_is_needed_is_refused(section: str, code: str) -> None:
    text = NEURON.partition("train")[0] + section
    with pytest.raises(NetspecError) as caught:
        drawn(text, input="x=-1,-2", target="y=1", update=True)
    assert caught.value.diagnostics[0].code == code


def test_a_net_that_nobody_can_follow_is_refused() -> None:
    text = "net n {\n  input x: 40\n  output y: 40 perceptrons (init = constant(1), init.bias = constant(0))\n}"
    with pytest.raises(NetspecError) as caught:
        drawn(text, input={"x": [1.0] * 40})
    assert caught.value.diagnostics[0].code == "NS964"


@pytest.mark.parametrize("options", [{}, {"input": "x=1"}])
@pytest.mark.parametrize(("terms", "rounds"), [(1, 250), (600, 100)])
def test_a_long_chain_is_refused_as_too_large(terms: int, rounds: int, options: dict[str, Any]) -> None:
    """It needs no deep calls: neither a chain of steps, nor a sum of many terms."""
    chain = f"repeat {rounds} {{ 1 perceptron (weights = [[0, 1]]) -> relu }}"
    with pytest.raises(NetspecError) as caught:
        drawn(f"net n {{\n  input x: 1\n  hidden s: x{' + x' * terms}\n  output y: s -> {chain}\n}}", **options)
    assert caught.value.diagnostics[0].code == "NS964"


@pytest.mark.parametrize("options", [{"target": "y=1"}, {"path": "w_1"}, {"update": True}])
def test_what_is_of_an_example_needs_one(options: dict[str, Any]) -> None:
    with pytest.raises(NetspecError) as caught:
        drawn(NEURON, **options)
    assert caught.value.diagnostics[0].code == "NS968"


def test_a_target_of_two_classes_is_a_share() -> None:
    text = NEURON.replace("squared", "binary_cross_entropy")
    with pytest.raises(NetspecError) as caught:
        drawn(text, input="x=-1,-2", target="y=2")
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].hints[0].text) == ("NS960", "share")


def test_each_line_of_a_computation_has_an_arrowhead() -> None:
    """Its direction is that of the last piece of the line, which has to have a length."""
    text = NEURON.replace("squared(f, y)", "value(f)")
    for details in (True, False):
        scene = drawn(text, input="x=-1,-2", details=details)
        ends = [wire.points[-2:] for wire in scene.wires]
        assert ends
        assert all(wire.head for wire in scene.wires)
        assert min(math.dist(*pair) for pair in ends) > 0.1


def test_targets_over_time_are_named_as_the_values_that_they_are_compared_to() -> None:
    text = "net n {\n  input  x: 1 over 2\n  output y: 3 perceptrons (weights = [[0, 1], [0, 2], [0, 3]])\n}\n"
    scene = drawn(text + "train {\n  loss = cross_entropy(y, next)\n}", input="1, 2", target="1, 0")
    said = {text.inside.removeprefix("loss."): text.plain for text in scene.texts if text.inside}
    values = {text.plain for text in scene.texts if text.plain.startswith("y_")}
    assert {one.replace("next", "y") for one in said.values() if one.startswith("next")} == values
    assert any("cross entropy from logits, mean of 2 values" in text.plain for text in scene.texts)


@pytest.mark.parametrize("deep", [False, True])
def test_columns_that_a_page_has_no_room_for_stand_in_rows(deep: bool) -> None:
    """Every line leads where it led before, letters can be read, and no line runs on another or through a number."""
    text, example = NEURON.replace("x: 2", "x: 2 over 2") if deep else NEURON, "-1, -2"
    if deep:
        text = text.replace("f: 1 p", "h: x & h[t-1] -> 1 p").replace("-3]]", "-3, 0.5]]").replace("output", "hidden")
        text = text.replace(") -> sigmoid", ") -> tanh\n  output f: h -> 2 perceptrons (weights = [[0, 1], [0, 2]])")
        example = "1, 0, 0, 1"
    net = netspec.parse(text.replace("squared(f, y)", "value(f)" if not deep else "squared(f)")).net()
    wide, narrow = (net.render(view="graph", input=example, details=not deep, width=width) for width in (None, "85mm"))
    assert narrow.warnings == []
    assert faults(narrow.scene) == []
    ends = [sorted((wire.source, wire.target) for wire in one.scene.wires) for one in (wide, narrow)]
    assert ends[0] == ends[1]
    assert any("carry" in wire.classes for wire in narrow.scene.wires)
