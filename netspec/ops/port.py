"""An input of a block, seen from inside: the value as it is."""

from __future__ import annotations

from netspec.ir.operation import Glyph, Lowering, Op
from netspec.ir.types import Type


class Port(Op):
    """Hands a value into a block; computes nothing."""

    name = "port"
    transparent = True

    @property
    def over_time(self) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")

    def glyph(self) -> Glyph:
        return Glyph("none")
