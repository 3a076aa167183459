"""Every operation with sizes that are open or not known yet: its rule says what it says of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.api import Net
from netspec.ir.graph import Node
from netspec.ir.operation import Op
from netspec.ir.sizes import Formula, text
from netspec.ir.types import UNKNOWN, Time, Type, Unknown
from ops.audit import Enough, trial
from ops.oracles import BY_HAND as ORACLES

ENOUGH = 6  # legal trials; of some operations few of those drawn are
# of these an unknown side is taken to be like the other, until it is known
PAIRS = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "join")


def asked(net: Net, node: Node) -> list[Type]:
    """The types that the operation was asked about: of one time step, unless it looks at several."""
    found = [net.graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    return found if node.op.over_time else [value.step for value in found]


def applied(net: Net) -> Iterator[tuple[Op, list[Type]]]:
    for node in net.graph.nodes:
        if node.inputs:
            yield node.op, asked(net, node)


def several(types: Type | tuple[Type, ...]) -> tuple[Type, ...]:
    return (types,) if isinstance(types, Type) else types


def sizes(value: Type) -> list[Any]:
    return [value.maps, *value.space, value.classes, None if value.time is None else value.time.length]


def opened(size: Any) -> Any:
    """A name for a size: `n12` is 12 at its only witness."""
    return Formula.symbol(f"n{size}", (size,)) if isinstance(size, int) and size > 1 else size


def open_type(value: Type) -> Type:
    time = None if value.time is None else value.time._replace(length=opened(value.time.length))
    return Type(opened(value.maps), tuple(map(opened, value.space)), time, opened(value.classes))


def said(size: Any) -> Any:
    """What the text of a size says, as long as it names sizes."""
    if not isinstance(size, Formula):
        return size
    shown = re.sub(r"\bn(\d+)\b", r"\1", text(size)).replace("^", "**")
    return eval(shown, {"floor": math.floor, "sqrt": math.sqrt})


def settled(size: Any) -> Any:
    return size.values[0] if isinstance(size, Formula) else size


def weights(op: Op, inputs: list[Type]) -> list[tuple[Any, ...]]:
    return [
        (weight.part, *map(settled, weight.shape), settled(weight.fan_in), settled(weight.fan_out))
        for weight in op.weights(*inputs)
    ]


@pytest.mark.parametrize("name", ORACLES)
def test_open_sizes_follow_the_rule_of_numbers(name: str) -> None:
    seen = 0

    @settings(max_examples=30)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        nonlocal seen
        drawn = trial(data.draw, name, ORACLES[name])
        net = drawn.net()
        for op, inputs in applied(net) if isinstance(net, Net) else ():
            seen += op.name == name
            wanted = several(op.shape(*inputs))
            free = [open_type(value) for value in inputs]
            found = several(op.shape(*free))
            for mine, right in zip(found, wanted, strict=True):
                assert list(map(settled, sizes(mine))) == sizes(right), f"{op} of {inputs}"
                assert [said(size) for size in sizes(mine)] == pytest.approx(sizes(right)), f"{op} of {free}: {mine}"
            assert weights(op, free) == weights(op, inputs)
            assert settled(op.macs(tuple(free), found)) == op.macs(tuple(inputs), wanted)
        if seen >= ENOUGH:
            raise Enough

    with suppress(Enough):
        sweep()
    assert seen, "no trial was legal"


def hidden(value: Type) -> Iterator[Type]:
    """A type of which some is not known, as inside a recurrence."""
    yield value
    yield value._replace(maps=UNKNOWN)
    yield value._replace(space=UNKNOWN)
    yield value._replace(maps=UNKNOWN, space=UNKNOWN)
    yield value._replace(space=(UNKNOWN,) * len(value.space))


def agrees(partial: Any, whole: Any) -> bool:
    if isinstance(partial, Unknown) or (isinstance(whole, int) and partial == whole):
        return True
    if isinstance(partial, tuple) and not isinstance(partial, (Type, Time)):
        return len(partial) == len(whole) and all(map(agrees, partial, whole))
    return bool(partial == whole)


@pytest.mark.parametrize("name", [name for name in ORACLES if name not in PAIRS])
def test_what_is_known_early_stays(name: str) -> None:
    @settings(max_examples=5)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        net = trial(data.draw, name, ORACLES[name]).net()
        for op, inputs in applied(net) if isinstance(net, Net) else ():
            wanted = several(op.shape(*inputs))
            for number, value in enumerate(inputs):
                for some in hidden(value):
                    early = op.partial(*inputs[:number], some, *inputs[number + 1 :])
                    assert agrees(early.maps, wanted[0].maps), f"{op} of {inputs}, {some}: {early}"
                    assert agrees(early.space, wanted[0].space), f"{op} of {inputs}, {some}: {early}"
                    assert agrees(early.time, wanted[0].time), f"{op} of {inputs}, {some}: {early}"

    sweep()
