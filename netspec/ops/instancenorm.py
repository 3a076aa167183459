"""`instancenorm`: each map of each example to mean 0 and variance 1 over its space."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import SAFETY, kind
from netspec.ir.operation import Argument, Construct, Lowering, Weight, option, plain, wants_values
from netspec.ir.sizes import product
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import ONES, ZEROS, Weighted, scaled, standard


class InstanceNorm(Weighted):
    """Each map to mean 0 and variance 1 over its own space; `affine = true` adds a weight and a bias for each map.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "instancenorm"
    effect = "across"
    family = "norm"
    summary = "each map of each example to mean 0 and variance 1"
    titles = ("instance norm", "인스턴스 정규화")
    formula = "(x - mean) / sqrt(var + eps)"
    source = "Ulyanov 2016; torch.nn.InstanceNorm2d"
    example = "32 filters 9x9 (pad = 4) -> instancenorm -> relu"
    norm = True
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option(
        "flag",
        "a trained weight and bias for each map",
        default=False,
        mark=kind({True: "with scale and shift"}, {True: "배율과 이동 있음"}, note=True),
    )

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space or product(value.space) == 1:
            refuse("NS309", input=0, step="instancenorm", type=str(value))
        return value

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        maps = (inputs[0].maps,)
        return (self.weight("weight", maps, ONES), self.weight("bias", maps, ZEROS)) if self.affine else ()

    def compute(self, call: Call, *inputs: Array) -> Array:
        found = standard(inputs[0], tuple(range(2, len(inputs[0].shape))), self.eps)
        return scaled(call, found) if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if not self.affine:  # nothing is stored: no module
            values: dict[str, Argument] = {"eps": self.eps}
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            return Lowering(f"F.instance_norm({{x}}{extra})", values=values, folds=True)
        kwargs: dict[str, Argument] = {"eps": self.eps, "affine": self.affine}
        call = f"nn.InstanceNorm{len(value.space)}d"
        return Lowering(
            "{self}({x})", Construct(call, plain((value.maps,)), kwargs, {"eps": 1e-5, "affine": False}), folds=True
        )
