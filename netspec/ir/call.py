"""An operation, the types and values of its inputs, and what it stores -> the arrays of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netspec.compute.arrays import Array, constants, join
from netspec.ir.types import Type

Weights = Callable[[str], Array]
Noise = Callable[[str, tuple[int, ...]], Array]


class Call:
    """One use of an operation: what it may ask for while it says what it computes.

    Attributes:
        types: of its inputs, as it sees them: of one time step, unless it looks at several.
        examples: how many examples the batch has.
        weight: gives a stored array by its name.
        training: whether this is a training pass.
        lengths: the steps of each example, where they differ.
        before: what a value that is carried from batch to batch was at the end of the last one.
        updates: what the operation wants stored afterwards (running statistics), filled by it.
    """

    __slots__ = ("_draw", "before", "examples", "lengths", "training", "types", "updates", "weight")

    def __init__(
        self,
        types: tuple[Type, ...],
        examples: int,
        weight: Weights,
        *,
        training: bool = False,
        lengths: Sequence[int] | None = None,
        draw: Noise | None = None,
        before: Array | None = None,
        updates: dict[str, Array] | None = None,
    ) -> None:
        self.types, self.examples, self.weight = types, examples, weight
        self.training, self.lengths, self.before = training, lengths, before
        self.updates = {} if updates is None else updates
        self._draw = draw

    def noise(self, kind: str, *shape: int) -> Array:
        """Random numbers: `normal` of mean 0 and variance 1, or `uniform` between 0 and 1.

        Raises Unavailable where the caller draws none.
        """
        if self._draw is None:
            raise Unavailable
        return self._draw(kind, shape)

    def mask(self, steps: int) -> Array:
        """(B, T): 1 for the steps that an example has, 0 for its padding."""
        lengths = [steps] * self.examples if self.lengths is None else self.lengths
        return constants([float(step < length) for length in lengths for step in range(steps)], (len(lengths), steps))

    def reversed(self, x: Array) -> Array:
        """(B, T, …) with each example's own steps in reverse order; its padding stays where it is."""
        steps = x.shape[1]
        if self.lengths is None:
            return x.pick(1, range(steps - 1, -1, -1))
        rows = []
        for example, length in enumerate(self.lengths):
            turned = [*range(length - 1, -1, -1), *range(length, steps)]
            rows.append(x.pick(0, range(example, example + 1)).pick(1, turned))
        return join(0, *rows)


class Unavailable(Exception):
    """What an operation needs is not there: its numbers cannot be computed."""


def applied(
    op: Any, types: Sequence[Type], inputs: Sequence[Array], examples: int, weight: Weights, **given: Any
) -> tuple[Array, ...] | None:
    """The results of an operation, each (B, [T,] C, *space); None where it does not say what it computes.

    An operation that acts on each time step alone is asked about steps: time is folded into the batch around it.

    Args:
        op: the operation, with its method `compute`.
        types: of its inputs, with their time.
        inputs: their values, (B, [T,] C, *space); class indices have no axis C.
        examples: B.
        weight: gives a stored array by its name.
        **given: `training`, `lengths`, `draw`, `before`, `updates` of the Call.
    """
    steps = next((x.shape[1] for x, value in zip(inputs, types, strict=True) if value.time is not None), 0)
    folds = bool(steps) and not op.over_time
    call = Call(tuple(value.step for value in types) if folds else tuple(types), examples, weight, **given)
    if folds:
        timed = [x if value.time else x.add_axis(1, steps) for x, value in zip(inputs, types, strict=True)]
        inputs = [x.reshape(examples * steps, *x.shape[2:]) for x in timed]
    try:
        found = op.compute(call, *inputs)
    except Unavailable:
        return None
    if found is None:
        return None
    results = found if isinstance(found, tuple) else (found,)
    return tuple(result.reshape(examples, steps, *result.shape[1:]) for result in results) if folds else results
