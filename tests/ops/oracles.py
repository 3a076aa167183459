"""The registry's operations, each with what says whether it is right: torch's module, or its own formula.

What is written by hand in torch_*.py says more: what torch refuses, its keys and counts. An operation that is added
to the registry needs none of it: the audit then draws options and inputs of its own accord, and its formula
(`compute`) is what its torch expression is held to.
"""

from __future__ import annotations

from netspec.ir.operation import Elementwise, Op
from netspec.ops.registry import operation, step_names
from ops.oracle import Oracle
from ops.torch_sequences import SEQUENCES
from ops.torch_values import ONE, VALUES
from ops.torch_weights import WEIGHTS

BY_HAND: dict[str, Oracle] = {**VALUES, **WEIGHTS, **SEQUENCES}
# written with signs, or as nouns; `same` and `reversed` are no operations
WRITTEN = ("add", "subtract", "multiply", "divide", "power", "negative", "number", "perceptrons", "filters")
# begin a chain or need a text of their own: nets for them stand in test_compute.py
APART = ("learned", "relative", "zeros", "noise", "carried", "number", "split", "unflatten", "extern")


def registered() -> list[str]:
    """The names of all operations, those of a test's own included."""
    return sorted((step_names() | set(WRITTEN)) - {"same", "reversed"})


def computes(cls: type[Op]) -> bool:
    """Whether an operation says what it computes."""
    own = cls.compute
    return own is not Op.compute and (own is not Elementwise.compute or cls.value_of is not Elementwise.value_of)


def oracle(name: str) -> Oracle:
    """How an operation's inputs are drawn, and torch's module of it where there is one.

    Raises AssertionError for an operation that nothing can be compared with.
    """
    if name in BY_HAND:
        return BY_HAND[name]
    cls = operation(name)
    assert computes(cls), (
        f"{name} has no oracle: write what it computes (compute, or value_of for what acts value by value), "
        "or torch's module of it in tests/ops/torch_*.py"
    )
    return Oracle(build=lambda options, shapes: None, inputs=ONE)  # type: ignore[arg-type,return-value]
