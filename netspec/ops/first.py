"""`first(time)`: the first step."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.reductions import Reduction


class First(Reduction):
    """The first time step: a class token's place.

    Shape: (B, T, C, *space) -> (B, C, *space).
    """

    name = "first"
    effect = "select"
    family = "rearrange"
    linear = True
    summary = "the first time step"
    example = "first(time) -> K perceptrons"
    role: str = option("role", "what is reduced", default="time", choices=("time",), mark=TITLE)

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        return x.pick(1, range(1))

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}[:, 0]")
