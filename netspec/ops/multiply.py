"""`a * b`: elementwise."""

from __future__ import annotations

from netspec.ops.base import Glyph, Lowering, Op
from netspec.ops.sharing import align, merge, merge_partial
from netspec.types import Type


class Multiply(Op):
    """Two values, number by number; a side without space or time is shared along it."""

    name = "multiply"
    summary = "two values, number by number"
    inputs = 2

    @property
    def over_time(self) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        return merge_partial(inputs[0], inputs[1])

    def shape(self, *inputs: Type) -> Type:
        return merge("*", inputs[0], inputs[1])

    def torch(self, *inputs: Type) -> Lowering:
        result = self.shape(*inputs)
        return Lowering(f"{align(inputs[0], result, '{0}')} * {align(inputs[1], result, '{1}')}")

    def glyph(self) -> Glyph:
        return Glyph("product", "*")
