"""`droppath(p)`: in training a whole path is left out with probability p."""

from __future__ import annotations

from typing import Literal

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import CHANCE
from netspec.ir.operation import Elementwise, Lowering, Part, option
from netspec.ir.types import Type

DROP_PATH = Part(
    "drop_path",
    '''def drop_path(x: Tensor, p: float, training: bool) -> Tensor:
    """In training, an example is zeroed with probability p, others grow by 1 / (1 - p)."""
    if not training or p == 0.0:
        return x
    kept = x.new_empty(x.shape[0], *(1 for _ in x.shape[1:])).bernoulli_(1 - p)
    return x * kept / (1 - p) if p < 1 else x * kept''',
)


class DropPath(Elementwise):
    """In training all values of an example become zero with probability p: stochastic depth.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "droppath"
    effect = "same"
    family = "regulariser"
    summary = "in training a whole path is left out with probability p"
    source = "Huang 2016"
    example = "x + (x -> Basic(64) -> droppath(0.1))"
    positional = ("p",)
    p: float = option("real", "the probability", least=0, most=1, mark=CHANCE)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if not call.training or self.p == 0:
            return x
        kept = call.noise("uniform", call.examples, 1) > self.p
        # the steps of an example lie behind one another
        steps = kept.broadcast((call.examples, x.shape[0] // call.examples))
        scale = steps.reshape(x.shape[0], *(1 for _ in x.shape[1:]))
        return x * scale / (1 - self.p) if self.p < 1 else x * scale

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.p > 0 else ""

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("drop_path({x}, {p}, self.training)", values={"p": self.p}, parts=(DROP_PATH,))
