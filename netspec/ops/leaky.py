"""`leaky`: a relu that lets a little of the negative values through."""

from __future__ import annotations

from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type


class Leaky(Elementwise):
    """Negative values are multiplied by a small slope."""

    name = "leaky"
    summary = "negative values are multiplied by a small slope"
    formula = "s if s > 0 else slope * s"
    source = "Maas 2013; torch.nn.functional.leaky_relu"
    example = "leaky(0.2)"
    positional = ("slope",)
    slope: float = option("real", "what negative values are multiplied by", default=0.01)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("F.leaky_relu({x}, {slope})", values={"slope": self.slope})
