"""Operations of the caller's own: what the base class promises, and every kind of option that one may declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import netspec
from netspec.codegen.source import OpenSizes, emit
from netspec.diagnostics.errors import SpecError
from netspec.ir.operation import Init, Lowering, Op, Weight, option
from netspec.ir.types import Type, refuse
from netspec.ops.activations import TABLE
from netspec.ops.registry import OPERATIONS, operation, register, step_names
from netspec.ops.regularisers import Dropout
from netspec.ops.weighted import Weighted

Relu = operation("relu")


class Tagged(Op):
    """Hands its input on; `tag` is any text."""

    name = "tagged"
    tag: str = option("text", "what it is called", mark="tag {}")
    times: int = option("integer", "how often", default=1, least=1, mark="{} times")
    positional = ("tag",)

    def shape(self, *inputs: Type) -> Type:
        if self.tag == "no":
            refuse("NS309", option="tag", input=0, step="tagged", type=str(inputs[0]))
        return inputs[0]

    def partial(self, *inputs: Type) -> Type:
        return self.shape(*inputs)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")


class Scaled(Weighted):
    """One weight, and a first value that is written as one."""

    name = "scaled"
    start: Any = option("init", "how it starts", default=None, mark="from {}")

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (self.weight("weight", (inputs[0].maps,), self.start or Init("constant", (1.0,))),)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")


@pytest.fixture
def scaled() -> Iterator[None]:
    with OPERATIONS.temporarily(Scaled):
        yield


def test_first_values_are_those_of_what_is_stored(scaled: None) -> None:
    text = "net n {\n  input  x: 4\n  output y: x -> scaled(start = normal(0, 0.5))\n}\n"
    (stored,) = netspec.parse(text).net().graph.stored
    assert stored.weight.init == Init("normal", (0.0, 0.5))
    assert codes("x -> scaled(init = ones)") == []
    assert codes("x -> scaled(init.bias = 0)") == [("NS203", "init.bias = 0")]


@pytest.fixture
def tagged() -> Iterator[type[Op]]:
    with OPERATIONS.temporarily(Tagged):
        yield Tagged


def codes(chain: str, given: str = "4") -> list[tuple[str, str]]:
    text = f"net n {{\n  input  x: {given}\n  hidden z: {chain}\n  output y: z\n}}\n"
    try:
        netspec.parse(text).net()
    except SpecError as errors:
        return [(found.code, found.span.text if found.span else "") for found in errors.diagnostics]
    return []


def test_a_step_of_one_s_own_takes_text(tagged: type[Op]) -> None:
    assert operation("tagged") is tagged
    assert "tagged" in step_names()
    assert codes('x -> tagged("a b")') == []
    assert codes("x -> tagged(relu)") == [("NS430", "relu")]
    assert codes('x -> tagged("a", times = 0)') == [("NS402", "0")]


def test_what_it_refuses_is_said_where_it_stands_inside_a_loop_too(tagged: type[Op]) -> None:
    assert codes('x -> tagged("no")') == [("NS309", '"no"')]
    assert codes('(x & z[t-1]) -> tagged("no") -> 4 perceptrons', "4 over 3") == [("NS309", '"no"')]


def test_a_name_is_taken_once(tagged: type[Op]) -> None:
    for name in ("tagged", "relu", ""):
        with pytest.raises(ValueError, match=r"exists already|has no name"):
            register(type("Other", (Tagged,), {"name": name}))
    with pytest.raises(TypeError, match="is incomplete: it has no method torch"):
        register(type("Other", (Op,), {"name": "other"}))
    with pytest.raises(KeyError, match="nothing"):
        operation("nothing")


@pytest.mark.parametrize(
    ("make", "said"),
    [(lambda: Dropout(), "dropout: option 'p' is required"), (lambda: Relu(p=1), "relu: no option 'p'")],
)
def test_options_are_those_that_are_declared(make: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        make()


def test_an_operation_is_a_value() -> None:
    assert Dropout(p=0.5) == Dropout(p=0.5) != Dropout(p=0.25)
    assert Relu() != Dropout(p=0.5)
    assert len({Dropout(p=0.5), Dropout(p=0.5), Dropout(p=0.25), Relu()}) == 3
    assert repr(Dropout(p=0.5)) == "Dropout(p=0.5)"
    assert repr(Relu()) == "Relu()"
    with pytest.raises(AttributeError, match="dropout is frozen"):
        Dropout(p=0.5).p = 1.0  # type: ignore[misc]


def test_what_no_class_says_has_a_plain_answer() -> None:
    given = Type(4)
    assert (Tagged(tag="a").weights(given), Tagged(tag="a").macs((given,), (given,)), Tagged(tag="a").layers()) == (
        (), 0, 0,
    )  # fmt: skip
    assert Op.shape(Relu(), given) == given


def test_open_sizes_have_no_source() -> None:
    net = netspec.parse("net n(K) {\n  input x: 4\n  output y: K perceptrons\n}\n").net()
    with pytest.raises(OpenSizes, match="K"):
        emit(net.graph)


def test_every_row_of_the_table_of_activations_is_a_step() -> None:
    for row in TABLE:
        assert operation(row.name).activation == row.sign
