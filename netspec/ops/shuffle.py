"""`shuffle(groups)`: maps of different groups change places."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import GROUPS
from netspec.ir.operation import Lowering, Op, option, plain, wants_values
from netspec.ir.sizes import Size, divides, text
from netspec.ir.types import Type, refuse


class Shuffle(Op):
    """Maps in `groups` rows, read by columns: the next grouped filters see maps of every group.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "shuffle"
    family = "rearrange"
    summary = "maps of different groups change places"
    source = "Zhang 2017 (ShuffleNet); torch.nn.functional.channel_shuffle"
    example = "64 filters 1x1 (groups = 4) -> shuffle(4)"
    positional = ("groups",)
    groups: Size = option("size", "how many groups", least=1, mark=GROUPS)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not divides(self.groups, value.maps):
            refuse("NS315", option="groups", what="maps", number=text(value.maps), groups=text(self.groups))
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        (groups,) = plain((self.groups,))
        return x.split(1, groups, x.shape[1] // groups).swap(1, 2).reshape(*x.shape)

    def torch(self, *inputs: Type) -> Lowering:
        axis = -1 - len(inputs[0].space)
        turned = f"torch.unflatten({{x}}, {axis}, ({{groups}}, -1)).transpose({axis - 1}, {axis})"
        return Lowering(f"{turned}.flatten({axis - 1}, {axis})", values={"groups": self.groups})
