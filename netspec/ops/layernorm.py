"""`layernorm`: the values of one step to mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import NO_AFFINE, NO_BIAS, SAFETY
from netspec.ir.operation import Argument, Construct, Lowering, Weight, option, plain
from netspec.ir.types import Type
from netspec.ops.over_role import OverRole
from netspec.ops.weighted import ONES, ZEROS, standard


class LayerNorm(OverRole):
    """The values of a step to mean 0 and variance 1 over its maps; with space the role says over what.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "layernorm"
    effect = "across"
    family = "norm"
    summary = "the values of one step to mean 0 and variance 1"
    titles = ("layer norm", "층 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ba 2016; torch.nn.LayerNorm"
    example = "x -> layernorm -> attention(heads)"
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option(
        "flag",
        "a trained weight and bias",
        default=True,
        mark=NO_AFFINE,
    )
    bias: bool = option("flag", "a trained bias", default=True, mark=NO_BIAS)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        if not self.affine:
            return ()
        shape = self.sizes(inputs[0])
        weight = self.weight("weight", shape, ONES)
        return (weight, self.weight("bias", shape, ZEROS)) if self.bias else (weight,)

    def compute(self, call: Call, *inputs: Array) -> Array:
        found = standard(inputs[0], self._axes(call.types[0]), self.eps)
        if not self.affine:
            return found
        found = found * self.spread(call, "weight")
        return found + self.spread(call, "bias") if self.bias else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        kwargs: dict[str, Argument] = {"eps": self.eps, "bias": self.bias}
        defaults: dict[str, Argument] = {"eps": 1e-5, "bias": True}
        shape = plain(self.sizes(value))
        if not self.affine:  # nothing is stored: no module
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            values: dict[str, Argument] = {"shape": shape, "eps": self.eps}
            return Lowering(self.last(value, f"F.layer_norm(…, {{shape}}{extra})"), values=values)
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(self.last(value), Construct("nn.LayerNorm", (sizes,), kwargs, defaults))
