"""Common to operations with weights: initial values and freezing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.equation import factor
from netspec.ir.marks import unseen
from netspec.ir.operation import Init, Op, Weight, option
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse

# The default of nn.Linear and nn.ConvNd: uniform within 1 / sqrt(fan_in), for weight and bias.
TORCH = Init("torch")
ZEROS = Init("constant", (0.0,))
ONES = Init("constant", (1.0,))


class Weighted(Op):
    """An operation that stores trainable numbers."""

    init: Any = option(
        "init",
        "the distribution of the initial weights",
        default=None,
        dotted=True,
        mark=unseen("initial values, that training moves", "starts from {}", "{}에서 시작"),
    )
    frozen: bool = option(
        "flag",
        "true: never trained, no weight decay, statistics stay",
        default=False,
        mark=unseen("what is trained, not what is computed", {True: "frozen"}, {True: "고정"}),
    )

    def initial(self, name: str, standard: Init) -> Init:
        """Return the initial distribution of a stored array: that of the spec, else `standard`."""
        given: dict[str, Init] = self.init or {}
        return given.get(name, standard)

    def sets_initial(self, part: str) -> bool:
        return part in (self.init or {})

    def weight(
        self, name: str, shape: tuple[Size, ...], standard: Init = TORCH, fan_in: Size = 0, fan_out: Size = 0
    ) -> Weight:
        return Weight(name, shape, self.initial(name.rpartition(".")[2], standard), fan_in=fan_in, fan_out=fan_out)


def given_rows(rows: Any, count: Size, fan: Size, bias: bool) -> tuple[tuple[float, ...], ...]:
    """Return the initial weights that a spec lists: for each sum a row [w_0, w_1, …], without w_0 if it has no bias.

    Raises ShapeFault. Within a row the numbers may stand in lists, such as the rows of a filter.
    """
    wide = fan + 1 if bias else fan
    found = tuple(_flat(row) for row in rows)
    fits = all(isinstance(row, tuple) for row in rows) and all(isinstance(one, int | float) for one in sum(found, ()))
    if not fits or len(rows) != count or any(len(row) != wide for row in found):
        refuse("NS331", option="weights_", rows=text(count), columns=text(wide))
    return found


def _flat(row: Any) -> tuple[Any, ...]:
    return sum(map(_flat, row), ()) if isinstance(row, tuple) else (row,)


def arranged(numbers: tuple[Any, ...], shape: tuple[Size, ...]) -> Any:
    """Return numbers in reading order as nested tuples of a shape."""
    if len(shape) < 2:
        return numbers
    step = len(numbers) // int(shape[0])  # type: ignore[arg-type]
    return tuple(arranged(numbers[at : at + step], shape[1:]) for at in range(0, len(numbers), step))


def standard(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """Normalise to mean 0 and variance 1 over axes."""
    away = x - x.mean(*axes)
    return away / ((away * away).mean(*axes) + eps).sqrt()


def scaled(call: Call, x: Array) -> Array:
    """Multiply (B, C, *space) by a stored weight and add a stored bias, for each map."""
    rest = (1,) * (len(x.shape) - 2)
    return x * call.weight("weight").reshape(-1, *rest) + call.weight("bias").reshape(-1, *rest)


def weighted_sum(op: Op, inner: str, fresh: Callable[[str, str], str], *inputs: Type, sign: str = " ") -> str:
    """Return the equation of perceptrons and filters: `W x + b`, or with another sign `W * x + b`."""
    stored = {weight.name: weight for weight in op.weights(*inputs)}
    shape = " x ".join(map(str, stored["weight"].shape)) if "weight" in stored else ""
    found = f"{fresh('W', shape)}{sign}{factor(inner)}"
    return f"{found} + {fresh('b', '')}" if "bias" in stored else found
