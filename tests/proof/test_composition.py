"""Every operation in every kind of place: in a block, used twice, in rounds, in a loop over time, backwards.

What a net computes with an operation in such a place is what the operation's own net computes, called by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import Tensor, nn

import netspec
from docs.operations import names, sample
from netspec.api import Net
from netspec.ir.types import Type

STEPS = 3
RANDOM = ("noise", "sample")  # new numbers at every call
UNDEFINED = ("log", "sqrt")  # of numbers below zero


@dataclass
class Own:
    """An operation's own small net: its text in pieces, its module."""

    inputs: list[str]
    lines: list[str]
    net: Net
    module: nn.Module

    @property
    def labels(self) -> list[str]:
        return [line.split()[1].rstrip(":") for line in self.inputs]

    @property
    def types(self) -> list[Type]:
        return [self.net.graph.nodes[index].type for index in self.net.graph.inputs]

    @property
    def result(self) -> Type:
        (edge,) = self.net.graph.layers[self.net.graph.outputs[0]].values
        return self.net.graph.nodes[edge.node].types[edge.output]

    def values(self, steps: int = 0) -> list[Tensor]:
        """Random inputs, two examples; `steps` > 0: with a time axis that the types lack."""
        found = []
        for kind in self.types:
            time = [steps] if steps else [kind.time.length] if kind.time else []
            if kind.classes is None:
                found.append(torch.randn(2, *time, kind.maps, *kind.space))
            else:
                found.append(torch.randint(0, kind.classes, (2, *time, *kind.space)))
        return found

    def around(self, *lines: str, over: bool = False) -> str:
        """A net with the operation's inputs, which calls it as the block `Wrap`."""
        inputs = [f"{line} over {STEPS}" if over else line for line in self.inputs]
        return "\n".join(["block Wrap {", *self.inputs, *self.lines, "}", "net n {", *inputs, *lines, "}\n"])


@cache
def own(name: str) -> Own:
    text = sample(name)
    found = re.search(r"net \w+(?:\((.*)\))? \{\n(.*)\n\}\s*\Z", text, re.DOTALL)
    assert found is not None
    body = found[2]
    for size in (found[1] or "").split(", "):
        key, _, value = size.partition(" = ")
        body = re.sub(rf"\b{key}\b", value, body) if value else body
    lines = body.split("\n")
    net = netspec.parse(text).net()
    inputs = [line for line in lines if line.split()[0] == "input"]
    return Own(inputs, [line for line in lines if line not in inputs], net, net.module().eval())


def built(text: str, op: Own, apart: str = "s") -> tuple[nn.Module, list[Tensor]]:
    """A net's module with the weights of the operation's own, in order, and those of the line `apart`."""
    module = netspec.parse(text).net().module().eval()
    state = module.state_dict()
    rest = [key for key in state if apart in key.split(".")[:-1]]
    keys = [key for key in state if key not in rest]
    given = list(op.module.state_dict().values())
    given *= len(keys) // max(1, len(given))  # rounds with weights of their own all get these
    module.load_state_dict(dict(zip(keys, given, strict=True)), strict=False)
    return module, [state[key] for key in rest]


def assert_computes(module: nn.Module, inputs: list[Tensor], expected: Callable[[], Tensor]) -> None:
    torch.manual_seed(0)
    wanted = expected()
    torch.manual_seed(0)
    torch.testing.assert_close(module(*inputs), wanted, atol=1e-5, rtol=1e-4, equal_nan=True)


def fits_rounds(op: Own) -> bool:
    return op.types == [op.result]


def fits_sum(op: Own) -> bool:
    """It has one input, and its result can be added to."""
    return len(op.inputs) == 1 and op.result.classes is None


def fits_loop(op: Own) -> bool:
    """It acts on one step of time, and its first input can be added to."""
    timeless = all(kind.time is None for kind in (*op.types, op.result))
    timeless = timeless and not any(node.op.over_time for node in op.net.graph.nodes)
    return timeless and op.types[0].classes is None and op.result.classes is None


def cases(*without: str, fits: Callable[[Own], bool] = lambda op: True) -> list[str]:
    return [
        name for name in names() if name not in without and len(own(name).net.graph.outputs) == 1 and fits(own(name))
    ]


@pytest.mark.parametrize("name", cases())
def test_in_a_block(name: str) -> None:
    op = own(name)
    inputs = op.values()
    module, _ = built(op.around(f"  output out: {', '.join(op.labels)} -> Wrap"), op)
    assert_computes(module, inputs, lambda: op.module(*inputs))


@pytest.mark.parametrize("name", cases(*RANDOM, *UNDEFINED, fits=fits_sum))
def test_the_same_once_more(name: str) -> None:
    op = own(name)
    inputs = op.values()
    (label,) = op.labels
    lines = f"  hidden a: {label} -> Wrap", f"  hidden b: {label} -> same(a)", "  output out: a + 2*b"
    module, _ = built(op.around(*lines), op)
    assert_computes(module, inputs, lambda: 3 * op.module(*inputs))


@pytest.mark.parametrize("shared", ["", " shared"])
@pytest.mark.parametrize("name", cases(*RANDOM, fits=fits_rounds))
def test_in_rounds(name: str, shared: str) -> None:
    op = own(name)
    inputs = op.values()
    module, _ = built(op.around(f"  output out: {op.labels[0]} -> repeat 2{shared} {{ Wrap }}"), op)
    assert_computes(module, inputs, lambda: op.module(op.module(*inputs)))


def loop(op: Own, step: str) -> list[str]:
    """u adds to the first input what the last step made of the result: the operation stands inside the loop."""
    back = f"{'mean(space) -> ' if op.result.space else ''}{op.types[0].maps} perceptrons -> tanh"
    lines = [
        f"hidden u: {op.labels[0]} + s[t-1]",
        f"hidden out_: {step}",
        f"hidden s: out_ -> {back}",
        "output out: out_",
    ]
    return [f"  {line}" for line in lines]


def assert_loops(op: Own, text: str, order: range) -> None:
    """The net of `text` computes the loop that `by_hand` does, its steps of time in `order`."""
    inputs = op.values(STEPS)
    module, back = built(text, op)
    assert_computes(module, inputs, lambda: by_hand(op, inputs, back, order))


def by_hand(op: Own, inputs: list[Tensor], back: list[Tensor], order: range) -> Tensor:
    made: dict[int, Tensor] = {}
    state = torch.zeros(2, op.types[0].maps)
    for t in order:
        u = inputs[0][:, t] + state.reshape(*state.shape, *(1 for _ in op.types[0].space))
        made[t] = op.module(u, *(value[:, t] for value in inputs[1:]))
        mean = made[t].flatten(2).mean(2) if op.result.space else made[t]
        state = torch.tanh(nn.functional.linear(mean, *back))
    return torch.stack([made[t] for t in range(STEPS)], 1)


# over the examples of a time step alone no statistics are kept
@pytest.mark.parametrize("name", cases(*RANDOM, *UNDEFINED, "batchnorm", fits=fits_loop))
def test_in_a_loop_as_a_block(name: str) -> None:
    op = own(name)
    assert_loops(op, op.around(*loop(op, f"{', '.join(['u', *op.labels[1:]])} -> Wrap"), over=True), range(STEPS))


@pytest.mark.parametrize(
    "name", cases(*RANDOM, *UNDEFINED, "batchnorm", fits=lambda op: fits_loop(op) and len(op.lines) == 1)
)
def test_in_a_loop_as_it_is(name: str) -> None:
    op = own(name)
    chain = op.lines[0].partition(": ")[2]
    inside = re.sub(rf"\b{op.labels[0]}\b(?! *=)", "u", chain)
    text = op.around(*loop(op, inside if inside != chain else f"u -> {chain}"), over=True)
    assert_loops(op, text, range(STEPS))


@pytest.mark.parametrize(
    "name", cases(*RANDOM, *UNDEFINED, "batchnorm", fits=lambda op: fits_loop(op) and len(op.inputs) == 1)
)
def test_backwards(name: str) -> None:
    """A block that holds a loop, called in `reversed`: from the last step to the first."""
    op = own(name)
    turned = [f"{line} over {STEPS}" for line in op.inputs]
    inner = "\n".join(["block Loop {", *turned, *loop(op, "u -> Wrap"), "}", "net n {"])
    text = op.around(f"  output out: {op.labels[0]} -> reversed(Loop)", over=True).replace("net n {", inner)
    assert_loops(op, text, range(STEPS - 1, -1, -1))
