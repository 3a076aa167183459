"""`sum(space)`: the sum over space, time or maps."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.operation import Lowering
from netspec.ir.types import Type
from netspec.ops.reductions import MASK, Reduction


class Sum(Reduction):
    """The sum over space, time or maps; steps after an example's end do not count."""

    name = "sum"
    family = "pool"
    averages = True
    summary = "the sum over space, time or maps"
    formula = "sum_i x_i"
    source = "torch.sum"
    example = "sum(time)"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return (x if exists is None else x * exists).sum(*axes)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            return Lowering(f"({{x}} * {self.masked(value)}).sum(1)", parts=(MASK,))
        return Lowering(f"{{x}}.sum({self.axes(value)}{self.keep()})")
