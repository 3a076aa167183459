"""`reshape(T)`: the same values in another arrangement."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, Op, listed, option, plain, wants_values
from netspec.ir.sizes import text
from netspec.ir.types import Type, refuse


class Reshape(Op):
    """The values of a time step, read maps first, then rows, then columns, as another type of as many values.

    Shape: (B, [T,] C, *space) -> (B, [T,] C', *space').
    """

    name = "reshape"
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "the same values in another arrangement"
    source = "torch.Tensor.reshape"
    example = "12544 perceptrons -> relu -> reshape(256@7x7)"
    positional = ("to",)
    to: Any = option("type", "the type to come out, of as many values", mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.to.time is not None or self.to.classes is not None:
            refuse("NS340", option="to", type=str(self.to))
        if self.to.values != value.values:
            have, want = text(value.values), text(self.to.values)
            refuse("NS341", option="to", input=0, type=str(value), want=str(self.to), a=have, b=want)
        return Type(self.to.maps, self.to.space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].reshape(inputs[0].shape[0], *plain((self.to.maps, *self.to.space)))

    def torch(self, *inputs: Type) -> Lowering:
        sizes, values = listed((self.to.maps, *self.to.space))
        axes = len(inputs[0].space)
        flat = "{x}" if not axes else f"{{x}}.flatten({-1 - axes})"
        if not self.to.space:
            return Lowering(flat)
        return Lowering(f"torch.unflatten({flat}, -1, ({sizes}))", values=values)
