"""`dropout(p)`: in training each value is zero with probability p."""

from __future__ import annotations

from typing import Any, Literal

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import CHANCE, kind
from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type


class Dropout(Elementwise):
    """In training each value becomes zero with probability p, and the others grow by 1 / (1 - p).

    `dropout(p, maps)` drops whole maps.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "dropout"
    effect = "same"
    family = "regulariser"
    linear = True
    summary = "in training each value is zero with probability p"
    source = "Srivastava 2014; torch.nn.functional.dropout"
    example = "dropout(0.5)"
    positional = ("p", "role")
    p: float = option("real", "the probability", least=0, most=1, mark=CHANCE)
    role: Any = option(
        "role",
        "maps: whole maps are dropped",
        default=None,
        choices=("maps",),
        mark=kind({"maps": "whole maps"}, {"maps": "맵 전체"}),
    )

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if not call.training or self.p == 0:
            return x
        axes = len(call.types[0].space)
        shape = (*x.shape[:2], *(1,) * axes) if self.role == "maps" and axes else x.shape
        kept = call.noise("uniform", *shape) > self.p
        return x * kept / (1 - self.p) if self.p < 1 else x * kept

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.p > 0 else ""

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.role == "maps" and axes:
            return Lowering(f"F.dropout{axes}d({{x}}, {{p}}, self.training)", values={"p": self.p}, folds=True)
        return Lowering("F.dropout({x}, {p}, self.training)", values={"p": self.p})
