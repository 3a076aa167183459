"""Every operation of the registry: what it computes by itself is what torch computes, gradients included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import netspec
from netspec.compute.arrays import Array, constants
from netspec.ops.registry import operation
from ops.computing import compare, evaluated, hold, near, traced
from ops.oracles import APART, computes, registered


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Parts make their tables (positions) in torch's default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_every_operation_says_what_it_computes() -> None:
    """But for `extern`, whose class nothing may import to find out."""
    assert [name for name in registered() if not computes(operation(name))] == ["extern"]


@pytest.mark.parametrize("name", [name for name in registered() if name not in APART])
def test_values_and_gradients_are_torchs(name: str) -> None:
    hold(name)


NETS = {
    "numbers": "input x: 3\n  output y: (1 - x) * (2 * x) + (x - 0.5) + (3 + x)",
    "parts": "input x: 6@2x3 over 2\n  hidden a: x -> split(2)\n  output y: a.1 * a.2",
    "parts of sizes": "input x: 6\n  hidden a: x -> split(sizes = [1, 2, 3])\n  output y: a.3 & a.1",
    "places": "input x: 2 over 6\n  output y: x -> unflatten(2x3) -> 2 filters 2x2",
    "classes as places": "input x: one of 4 over 6\n  output y: x -> unflatten(2x3) -> embed(3)",
    "learned": "input x: 3\n  hidden c: learned(3 over 2)\n  output y: c * x",
    "relative in windows": "input x: 4@4x6\n  hidden near: relative(2@2x3)\n"
    "  output y: x -> attention(2, window = 2x3, shift = 1x2, scores = near)",
    "relative in buckets": "input x: 4 over 9\n  hidden near: relative(2 over 9, buckets = 8, farthest = 7)\n"
    "  output y: x -> attention(2, scores = near)",
    "relative backwards": "input x: 4 over 9\n"
    "  hidden back: relative(2 over 9, buckets = 6, farthest = 7, causal = true)\n"
    "  output y: x -> attention(2, scores = back, causal = true)",
    "zeros": "input x: 3\n  hidden c: zeros(3)\n  output y: c + x",
    "carried": "input x: 3 over 4\n  start z: carried\n  hidden z: x + z[t-1] -> tanh\n  output y: z",
    "a loop": "input x: 3 over 5\n  hidden z: x & z[t-1] -> 4 perceptrons -> tanh\n  output y: z -> 2 perceptrons",
    "a loop of two": "input x: 3 over 5\n  start c: learned(4)\n  hidden c: a[t-1] & c[t-2] & x -> 4 perceptrons\n"
    "  hidden a: c -> sigmoid\n  output y: a -> mean(time)",
    "a shift": "input x: 3 over 5\n  output y: x + x[t-1] + x[t-7]",
    "backwards": "input x: 3 over 5\n  output y: x -> reversed(gru(2))",
    "tied": "input x: one of 5 over 3\n  hidden e: x -> embed(4)\n  hidden h: e -> 4 perceptrons\n"
    "  output y: h -> 5 perceptrons (tie = transpose(e))",
    "tied to prototypes": "input x: 4\n  hidden far: distance(5)\n"
    "  output y: -far -> argmax -> onehot -> 4 perceptrons (tie = transpose(far), bias = false)\n"
    "  output z: x -> 5 perceptrons (tie = far)",
    "attention in a loop": "input a: 4 over 3\n  input b: 4 over 5\n  hidden y: z[t-1], b, b -> attention(2)\n"
    "  hidden z: a + y -> tanh\n  output o: z",
}


def inputs_of(net: Any, examples: int) -> list[torch.Tensor]:
    source, found = torch.Generator().manual_seed(1), []
    for index in net.graph.inputs:
        own = net.graph.nodes[index].type
        time = () if own.time is None else (own.time.length,)
        if own.classes is not None:
            found.append(torch.randint(own.classes, (examples, *time, *own.space), generator=source))
        else:
            found.append(torch.randn(examples, *time, own.maps, *own.space, generator=source))
    return found


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("training", [False, True])
def test_nets_compute_what_their_modules_do(name: str, training: bool) -> None:
    text = f"net n {{\n  {NETS[name]}\n}}\n"
    net = netspec.parse(text).net()
    compare(net, text, inputs_of(net, 2), training)


PADDED = (
    "softmax(time)", "mean(time)", "max(time)", "sum(time)", "first(time)", "last(time)",
    "lstm(3, bidirectional = true)", "gru(3, layers = 2)", "reversed(rnn(3, act = relu))", "attention(2)",
    "attention(2, causal = true)", "positions", "layernorm -> 2 perceptrons",
)  # fmt: skip


@pytest.mark.parametrize("step", PADDED)
def test_examples_of_their_own_lengths_are_torchs(step: str) -> None:
    """What stands at the steps that an example has; what its padding becomes is nobody's business."""
    net = netspec.parse(f"net n {{\n  input x: 4 over up to 5 as T\n  output y: {step}\n}}\n").net()
    (x,), lengths = inputs_of(net, 3), [5, 3, 1]
    module = net.module(dtype=torch.float64).eval()
    wanted = module(x, torch.tensor(lengths))
    varying = net.graph.nodes[0].type.time.varying  # type: ignore[union-attr]
    values, _, _ = traced(net, 3, lengths={varying: lengths})
    (found,) = evaluated(net, values, {"x": x}, module.state_dict())
    mine = torch.tensor(found).reshape(wanted.shape)
    for example, length in enumerate(lengths):
        timed = wanted.dim() == 3 and wanted.shape[1] == 5
        part = (example, slice(length)) if timed else (example,)
        near(mine[part].flatten().tolist(), wanted[part], 1e-12, step)


# ---- chance: given its random numbers, an operation computes what torch made of the same


def drawn_by(numbers: dict[str, torch.Tensor]) -> Any:
    def draw(kind: str, shape: tuple[int, ...]) -> Array:
        found = numbers[kind]
        assert found.numel() == torch.Size(shape).numel(), (found.shape, shape)
        return constants(found.flatten().tolist(), shape)

    return draw


@pytest.mark.parametrize(
    ("step", "shape", "axes"),
    [
        ("dropout(0.4)", "8@2x2 over 3", ()),
        ("dropout(0.4, maps)", "8@2x2 over 3", (-1, -2)),
        ("droppath(0.4)", "4@2x2 over 3", (1, 2, 3, 4)),
        ("droppath(1)", "4", (1,)),
    ],
)
def test_dropped_values_are_torchs(step: str, shape: str, axes: tuple[int, ...]) -> None:
    net = netspec.parse(f"net n {{\n  input x: {shape}\n  output y: {step}\n}}\n").net()
    (x,) = inputs_of(net, 6)
    wanted = net.module(dtype=torch.float64).train()(x)
    kept = (wanted != 0).double()
    uniform = 0.99 * (kept.amax(axes) if axes else kept)
    values, _, _ = traced(net, 6, training=True, draw=drawn_by({"uniform": uniform}))
    (found,) = evaluated(net, values, {"x": x})
    near(found, wanted, 1e-12, step)


def test_a_sample_is_its_mean_and_its_noise() -> None:
    net = netspec.parse("net n {\n  input m: 3\n  input v: 3\n  output y: m, v -> sample\n}\n").net()
    m, v = inputs_of(net, 2)
    wanted = net.module(dtype=torch.float64).train()(m, v)
    noise = (wanted - m) / (v / 2).exp()
    values, _, _ = traced(net, 2, training=True, draw=drawn_by({"normal": noise}))
    (found,) = evaluated(net, values, {"m": m, "v": v})
    near(found, wanted, 1e-12, "sample")


def test_dropout_inside_acts_where_torch_has_it() -> None:
    """With probability 1 nothing passes between two LSTM layers; kept weights of attention grow by 1 / (1 - p)."""
    net = netspec.parse("net n {\n  input x: 3 over 4\n  output y: lstm(2, layers = 2, dropout = 1)\n}\n").net()
    (x,) = inputs_of(net, 2)
    state = net.module(dtype=torch.float64).train()
    values, _, _ = traced(net, 2, training=True, draw=lambda kind, shape: constants([0.5] * size(shape), shape))
    (found,) = evaluated(net, values, {"x": x}, state.state_dict())
    near(found, state(x), 1e-12, "lstm")
    text = "net n {\n  input x: 4 over 3\n  output y: x, x, x -> attention(2, project = false, dropout = 0.5)\n}\n"
    net = netspec.parse(text).net()
    (x,) = inputs_of(net, 2)
    values, _, _ = traced(net, 2, training=True, draw=lambda kind, shape: constants([0.9] * size(shape), shape))
    (found,) = evaluated(net, values, {"x": x})
    near(found, 2 * net.module(dtype=torch.float64).eval()(x), 1e-12, "attention")


def size(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()
