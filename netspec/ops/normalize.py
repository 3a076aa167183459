"""`normalize`: the values of a step to length 1."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import SAFETY
from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type


class Normalize(Elementwise):
    """The maps of a step divided by their Euclidean length, at each place of space.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "normalize"
    effect = "across"
    family = "arithmetic"
    summary = "the maps of a step to length 1"
    formula = "x / max(|x|, eps)"
    source = "torch.nn.functional.normalize"
    example = "128 perceptrons -> normalize"
    eps: float = option("real", "the least length", default=1e-12, least=0, mark=SAFETY)

    def compute(self, call: Call, *inputs: Array) -> Array:
        length = (inputs[0] * inputs[0]).sum(1).sqrt()
        return inputs[0] / length.max(self.eps)

    def torch(self, *inputs: Type) -> Lowering:
        axis = -1 - len(inputs[0].space)
        extra = "" if self.eps == 1e-12 else ", eps={eps}"
        values = {} if self.eps == 1e-12 else {"eps": self.eps}
        return Lowering(f"F.normalize({{x}}, dim={axis}{extra})", values=dict(values))
