"""`max(space)`: the largest value over space, time or maps."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.operation import Lowering
from netspec.ir.types import Type
from netspec.ops.reductions import MASK, Reduction


class Max(Reduction):
    """The largest value over space, time or maps; steps after an example's end do not count."""

    name = "max"
    family = "pool"
    summary = "the largest value over space, time or maps"
    formula = "max_i x_i"
    source = "torch.amax"
    example = "max(space)"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return (x if exists is None else exists.where(x, LOWEST)).largest(*axes)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            return Lowering(f"{{x}}.masked_fill(~{self.masked(value)}, -torch.inf).amax(1)", parts=(MASK,))
        return Lowering(f"{{x}}.amax({self.axes(value)}{self.keep()})")
