"""`last(time)`: the last step."""

from __future__ import annotations

from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.reductions import Reduction


class Last(Reduction):
    """The last time step of each example, at its own length."""

    name = "last"
    summary = "the last time step"
    example = "last(time) -> 1 perceptron"
    transparent = True
    role: str = option("role", "what is reduced", default="time", choices=("time",))

    def torch(self, *inputs: Type) -> Lowering:
        if self.varies(inputs[0]):
            return Lowering("{x}[torch.arange(len({x}), device={x}.device), {lengths} - 1]")
        return Lowering("{x}[:, -1]")
