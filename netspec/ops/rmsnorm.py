"""`rmsnorm`: values divided by their root mean square."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import SAFETY, kind
from netspec.ir.operation import Argument, Construct, Lowering, Weight, option, plain
from netspec.ir.types import Type
from netspec.ops.over_role import OverRole
from netspec.ops.weighted import ONES


class RmsNorm(OverRole):
    """The values of a step divided by their root mean square over its maps; with space the role says over what.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "rmsnorm"
    effect = "across"
    family = "norm"
    init_parts = ("weight",)
    summary = "values divided by their root mean square"
    titles = ("RMS norm", "RMS 정규화")
    formula = "x / sqrt(mean(x^2) + eps) * weight"
    source = "Zhang & Sennrich 2019; torch.nn.RMSNorm"
    example = "x -> rmsnorm -> attention(heads)"
    eps: float = option("real", "added to the mean square", default=1e-6, least=0, mark=SAFETY)
    affine: bool = option(
        "flag", "a trained weight", default=True, mark=kind({False: "no scale"}, {False: "배율 없음"}, note=True)
    )

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (self.weight("weight", self.sizes(inputs[0]), ONES),) if self.affine else ()

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        found = x / ((x * x).mean(*self._axes(call.types[0])) + self.eps).sqrt()
        return found * self.spread(call, "weight") if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        shape = plain(self.sizes(value))
        if not self.affine:  # nothing is stored: no module
            values: dict[str, Argument] = {"shape": shape, "eps": self.eps}
            return Lowering(self.last(value, "F.rms_norm(…, {shape}, eps={eps})"), values=values)
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(self.last(value), Construct("nn.RMSNorm", (sizes,), {"eps": self.eps}))
