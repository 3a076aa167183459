"""An operation with its input types, input values and stored arrays -> the arrays of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netspec.compute.arrays import Array, constants, join
from netspec.ir.types import Type

Weights = Callable[[str], Array]
Noise = Callable[[str, tuple[int, ...]], Array]


class Call:
    """The context of one use of an operation: what `Op.compute` may read while it describes its computation.

    Attributes:
        types: the types of the inputs as the operation sees them: of a single time step, unless it looks across time.
        examples: the number of examples in the batch.
        weight: a function from the name of a stored array to the array.
        training: whether this is a training pass.
        lengths: the number of time steps of each example; None if all have the same number.
        before: the final state of the previous batch, for an operation that carries state from batch to batch.
        updates: arrays to store after this pass (running statistics); the operation fills it.
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
        """Return random numbers: kind `normal` (mean 0, variance 1) or `uniform` (between 0 and 1).

        Raises:
            Unavailable: the caller does not provide random numbers.
        """
        if self._draw is None:
            raise Unavailable
        return self._draw(kind, shape)

    def dropped(self, x: Array, p: float, shape: tuple[int, ...] | None = None) -> Array:
        """Set values to zero with probability p and multiply the others by 1 / (1 - p).

        `shape` is the shape of the random numbers, which are repeated over x; by default that of x.
        """
        kept = self.noise("uniform", *(x.shape if shape is None else shape)) > p
        return x * kept / (1 - p) if p < 1 else x * kept

    def mask(self, steps: int) -> Array:
        """Return a mask (B, T): 1 where a time step belongs to the example, 0 where it is padding."""
        lengths = [steps] * self.examples if self.lengths is None else self.lengths
        return constants([float(step < length) for length in lengths for step in range(steps)], (len(lengths), steps))

    def reversed(self, x: Array) -> Array:
        """Return x (B, T, …) with the time steps of each example in reverse order; padding stays in place."""
        steps = x.shape[1]
        if self.lengths is None:
            return x.pick(1, range(steps - 1, -1, -1))
        rows = []
        for example, length in enumerate(self.lengths):
            turned = [*range(length - 1, -1, -1), *range(length, steps)]
            rows.append(x.pick(0, range(example, example + 1)).pick(1, turned))
        return join(0, *rows)


class Unavailable(Exception):
    """The values of an operation cannot be computed, because something that it needs is missing."""


def applied(
    op: Any,
    types: Sequence[Type],
    inputs: Sequence[Array],
    examples: int,
    weight: Weights,
    compute: Callable[..., Any] | None = None,
    **given: Any,
) -> tuple[Array, ...] | None:
    """Compute the results of an operation.

    Most operations see a single time step. For these, the time axis is merged into the batch axis and restored
    afterwards.

    Args:
        op: the operation, with its method `compute`.
        types: the types of its inputs, time included.
        inputs: the values of its inputs, (B, [T,] C, *space); class indices have no axis C.
        examples: B.
        weight: a function from the name of a stored array to the array.
        compute: computes the results; by default the operation's method of this name.
        **given: `training`, `lengths`, `draw`, `before` and `updates` of the Call.

    Returns:
        The results, each (B, [T,] C, *space); None if the operation does not define how it computes them.
    """
    steps = next((x.shape[1] for x, value in zip(inputs, types, strict=True) if value.time is not None), 0)
    folds = bool(steps) and not op.over_time
    call = Call(tuple(value.step for value in types) if folds else tuple(types), examples, weight, **given)
    if folds:
        timed = [x if value.time else x.add_axis(1, steps) for x, value in zip(inputs, types, strict=True)]
        inputs = [x.reshape(examples * steps, *x.shape[2:]) for x in timed]
    try:
        found = (compute or op.compute)(call, *inputs)
    except Unavailable:
        return None
    if found is None:
        return None
    results = found if isinstance(found, tuple) else (found,)
    return tuple(result.reshape(examples, steps, *result.shape[1:]) for result in results) if folds else results
