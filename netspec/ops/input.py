"""What a net is given."""

from __future__ import annotations

from netspec.ir.operation import Glyph, Lowering, Op
from netspec.ir.types import Type


class Input(Op):
    """One value from outside; its type is the line's."""

    name = "input"
    inputs = 0
    value: Type

    def __init__(self, value: Type) -> None:
        self.__dict__["value"] = value

    def shape(self, *inputs: Type) -> Type:
        return self.value

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")

    def glyph(self) -> Glyph:
        return Glyph("planes" if self.value.space else "units")
