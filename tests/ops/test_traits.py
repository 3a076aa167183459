"""No trait can lie, no formula be wrong, no torch expression name what torch has not: shown with made-up operations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netspec
from netspec.api import Net
from netspec.compute.arrays import Array, filled
from netspec.ir.call import Call
from netspec.ir.graph import Graph, Node
from netspec.ir.operation import Elementwise, Lowering, Op
from netspec.ir.types import Time, Type
from netspec.ops.registry import OPERATIONS, operation
from ops.audit import Enough, trial
from ops.computing import hold
from ops.oracles import APART, oracle, registered
from ops.traits import CLAIMS, lies

ENOUGH, SMALL = 4, 40  # trials of each operation, and how many values one has at most


def types_of(graph: Graph, node: Node) -> list[Type]:
    return [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]


@pytest.mark.parametrize(
    "name", [name for name in registered() if name not in APART and not operation(name).takes_step]
)
def test_no_trait_lies(name: str) -> None:
    uses: list[tuple[Op, list[Type]]] = []

    @settings(max_examples=50)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        drawn = trial(data.draw, name, oracle(name))
        small = all(shape.values * (shape.time or 1) <= SMALL for shape in drawn.shapes)
        net = drawn.net() if small else None
        for node in net.graph.nodes if isinstance(net, Net) else ():
            if node.op.name == name:
                uses.append((node.op, types_of(net.graph, node)))
        if len(uses) >= ENOUGH:
            raise Enough

    with suppress(Enough):
        sweep()
    assert uses, "no trial was legal"
    found = lies(uses)
    assert not found, "\n".join(found)


@contextmanager
def added(cls: type[Op]) -> Iterator[None]:
    """An operation of the registry for the time of a test."""
    with OPERATIONS.temporarily(cls):
        yield


class Own(Elementwise):
    """A made-up activation."""

    name = "own"
    summary = "a made-up activation"
    effect = "each"
    linear = mixes_batch = weighted_sum = False
    draws = squashes = ""

    def value_of(self, s: Any) -> Any:
        return s * s.sigmoid() + (s > 0).where(s, 0.1 * s)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x} * torch.sigmoid({x}) + F.leaky_relu({x}, 0.1)")


SAYS = (Type(3), Type(2, (2,)), Type(2, (), Time(3)))


def test_an_operation_added_is_audited_like_every_other() -> None:
    with added(Own):
        assert "own" in registered()
        hold("own")
        assert lies([(Own(), [own]) for own in SAYS]) == []


def test_a_figure_shows_the_numbers_of_an_operation_that_was_added() -> None:
    text = "net n {\n  input  x: 2\n  output y: 2 perceptrons (weights = [[1, 2, 0], [0, 0, -3]]) -> own\n}\n"
    with added(Own):
        scene = netspec.parse(text).net().render(view="neurons", input="x=0.5,1").scene
    said = " ".join(run.text for text in scene.texts for line in text.lines for run in line)
    sums = (1 + 2 * 0.5, -3.0)
    wanted = [s / (1 + math.exp(-s)) + (s if s > 0 else 0.1 * s) for s in sums]
    for value in wanted:
        assert f"{value:.2f}".replace("-", "−").rstrip("0") in said.replace("-", "−"), (value, said)


def test_a_wrong_formula_is_found() -> None:
    class Wrong(Own):
        name = "wrong"

        def value_of(self, s: Any) -> Any:
            return s * s.sigmoid() + (s > 0).where(s, 0.11 * s)

    with added(Wrong), pytest.raises(AssertionError, match="the value of"):
        hold("wrong")


def test_what_torch_has_not_is_found() -> None:
    class Nonexistent(Own):
        name = "nonexistent"

        def torch(self, *inputs: Type) -> Lowering:
            return Lowering("torch.nonexistent({x})")

    with added(Nonexistent), pytest.raises(AttributeError, match="nonexistent"):
        hold("nonexistent")


def test_an_operation_without_an_oracle_is_found() -> None:
    class Silent(Op):
        name = "silent"

        def torch(self, *inputs: Type) -> Lowering:
            return Lowering("{x}")

    with added(Silent), pytest.raises(AssertionError, match="silent has no oracle"):
        oracle("silent")


class Mixing(Op):
    """Its value is the mean over the batch, times its own."""

    name = "mixing"

    @property
    def over_time(self) -> bool:
        return True

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0] * inputs[0].mean(0, 1)


class Noisy(Op):
    """Adds noise in training."""

    name = "noisy"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0] + call.noise("normal", *inputs[0].shape) if call.training else inputs[0]


class Stopped(Op):
    """Hands its value on, but no gradient back."""

    name = "stopped"
    effect = "same"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].stop()


class Numbered(Op):
    """Gives the same numbers, whatever comes in."""

    name = "numbered"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return filled(3.0, inputs[0].shape)


LIES: list[tuple[str, type[Op], dict[str, Any]]] = [
    ("effect", Own, {"effect": "same"}),
    ("effect", Own, {"effect": "new"}),
    ("effect", Own, {"effect": "order"}),
    ("effect", Own, {"effect": "select"}),
    ("effect", Mixing, {"effect": "each"}),
    ("linear", Own, {"linear": True}),
    ("mixes_batch", Mixing, {"mixes_batch": False}),
    ("mixes_batch", Own, {"mixes_batch": True}),
    ("draws", Noisy, {"draws": ""}),
    ("draws", Noisy, {"draws": "always"}),
    ("draws", Own, {"draws": "training"}),
    ("squashes", Own, {"squashes": "sigmoid"}),
    ("weighted_sum", Own, {"weighted_sum": True}),
    ("blocks_gradient", Own, {"blocks_gradient": True}),
    ("blocks_gradient", Stopped, {"blocks_gradient": False}),
    ("probabilities", Own, {"probabilities": True}),
    ("wiring", Own, {"wiring": "full"}),
    ("wiring", Own, {"wiring": "side"}),
    ("wiring", Mixing, {"wiring": "pair"}),
    ("ignores", Own, {"ignores": lambda self, position: True}),
    ("ignores", Numbered, {"ignores": lambda self, position: False}),
    ("looks_across_time", Mixing, {"looks_across_time": lambda self, position, count: False}),
]


@pytest.mark.parametrize(("trait", "base", "said"), LIES)
def test_a_lying_trait_is_found(trait: str, base: type[Op], said: dict[str, Any]) -> None:
    liar = type("Liar", (base,), {"name": "liar", **said})
    sentence = CLAIMS[trait](liar(), [Type(3, (), None if trait == "wiring" else Time(4))])
    assert sentence, f"{trait} was believed"
