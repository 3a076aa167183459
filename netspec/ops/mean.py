"""`mean(space)`: global average pooling, and the mean over time or maps."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.operation import Lowering
from netspec.ir.types import Type
from netspec.ops.reductions import MASK, Reduction


class Mean(Reduction):
    """The mean over space, time or maps; steps after an example's end do not count."""

    name = "mean"
    family = "pool"
    linear = True
    averages = True
    summary = "the mean over space, time or maps"
    formula = "1/n sum_i x_i"
    source = "Lin 2013 (global average pooling)"
    example = "mean(space) -> K perceptrons"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return x.mean(*axes) if exists is None else (x * exists).sum(1) / exists.sum(1)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            shape = ", 1" * len(value.space)
            return Lowering(f"({{x}} * {self.masked(value)}).sum(1) / {{lengths}}.view(-1, 1{shape})", parts=(MASK,))
        return Lowering(f"{{x}}.mean({self.axes(value)}{self.keep()})")
