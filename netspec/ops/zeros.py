"""`zeros(T)`: nothing but zeros."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array, filled
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, Op, listed, option, plain
from netspec.ir.types import Type


class Zeros(Op):
    """Begins a chain with zeros of the given type.

    Shape: nothing -> (B, [T,] C, *space) of the type.
    """

    name = "zeros"
    family = "source"
    summary = "zeros that read nothing"
    example = "start z: zeros"
    positional = ("value",)
    inputs = 0
    begins = True
    value: Any = option("type", "the type of the values", default=None, mark=TITLE)

    @property
    def over_time(self) -> bool:
        return True

    def shape(self, *inputs: Type) -> Type:
        return self.value  # type: ignore[no-any-return]

    call = "torch.zeros"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return filled(0.0, (call.examples, *self._sizes()))

    def _sizes(self) -> tuple[int, ...]:
        time = () if self.value.time is None else (self.value.time.length,)
        return plain((*time, self.value.maps, *self.value.space))

    def torch(self, *inputs: Type) -> Lowering:
        time = () if self.value.time is None else (self.value.time.length,)
        sizes, values = listed((*time, self.value.maps, *self.value.space))
        return Lowering(f"{self.call}({{batch}}, {sizes}, dtype={{dtype}}, device={{device}})", values=values)
