"""`last(time)`: the last step."""

from __future__ import annotations

from netspec.compute.arrays import Array, join
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.reductions import Reduction


class Last(Reduction):
    """The last time step of each example, at its own length.

    Shape: (B, T, C, *space) -> (B, C, *space).
    """

    name = "last"
    effect = "select"
    family = "rearrange"
    linear = True
    summary = "the last time step"
    example = "last(time) -> 1 perceptron"
    role: str = option("role", "what is reduced", default="time", choices=("time",), mark=TITLE)

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        lengths = [x.shape[1]] * x.shape[0] if call.lengths is None else call.lengths
        rows = [x.pick(0, range(row, row + 1)).pick(1, range(end - 1, end)) for row, end in enumerate(lengths)]
        return join(0, *rows) if call.lengths is not None else x.pick(1, range(x.shape[1] - 1, x.shape[1]))

    def torch(self, *inputs: Type) -> Lowering:
        if self.varies(inputs[0]):
            return Lowering("{x}[torch.arange(len({x}), device={x}.device), {lengths} - 1]")
        return Lowering("{x}[:, -1]")
