"""`groupnorm(groups)`: groups of maps to mean 0 and variance 1."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import GROUPS, NO_AFFINE, SAFETY
from netspec.ir.operation import Argument, Construct, Lowering, Weight, option, plain, wants_values
from netspec.ir.sizes import Size, divides, product, text
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import ONES, ZEROS, Weighted, scaled, standard


class GroupNorm(Weighted):
    """Each group of maps, over its maps and space, to mean 0 and variance 1; then a weight and a bias for each map.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "groupnorm"
    effect = "across"
    family = "norm"
    summary = "groups of maps to mean 0 and variance 1"
    titles = ("group norm", "그룹 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Wu & He 2018; torch.nn.GroupNorm"
    example = "64 filters 3x3 -> groupnorm(8) -> relu"
    norm = True
    positional = ("groups",)
    groups: Size = option("size", "into how many groups the maps are split", least=1, mark=GROUPS)
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option(
        "flag",
        "a trained weight and bias for each map",
        default=True,
        mark=NO_AFFINE,
    )

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        maps = inputs[0].maps
        if not divides(self.groups, maps):
            refuse("NS315", option="groups", what="maps", number=text(maps), groups=text(self.groups))
        if product((maps, *inputs[0].space)) == self.groups:
            refuse("NS360", option="groups", input=0, groups=text(self.groups), type=str(inputs[0]))
        return inputs[0]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        maps = (inputs[0].maps,)
        return (self.weight("weight", maps, ONES), self.weight("bias", maps, ZEROS)) if self.affine else ()

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        (groups,) = plain((self.groups,))
        grouped = x.split(1, groups, x.shape[1] // groups)
        found = standard(grouped, tuple(range(2, len(grouped.shape))), self.eps).reshape(*x.shape)
        return scaled(call, found) if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        sizes = plain((self.groups, inputs[0].maps))
        if not self.affine:  # nothing is stored: no module
            values: dict[str, Argument] = {"groups": sizes[0], "eps": self.eps}
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            return Lowering(f"F.group_norm({{x}}, {{groups}}{extra})", values=values, folds=True)
        return Lowering("{self}({x})", Construct("nn.GroupNorm", sizes, {"eps": self.eps}, {"eps": 1e-5}), folds=True)
