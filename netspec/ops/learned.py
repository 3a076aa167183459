"""`learned(T)`: values that are weights themselves: a class token, queries, a first state."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Init, Lowering, Weight, option
from netspec.ir.sizes import Size
from netspec.ir.types import Type
from netspec.ops.weighted import Weighted


class Learned(Weighted):
    """Begins a chain with trained values of the given type; normal(0, 0.02) unless `init` says otherwise.

    Shape: nothing -> (B, [T,] C, *space) of the type.
    """

    name = "learned"
    family = "embed"
    init_parts = ("weight",)
    summary = "trained values that read nothing"
    source = "Devlin 2018 (class token)"
    example = "hidden cls: learned(768)"
    positional = ("value",)
    inputs = 0
    begins = True
    value: Any = option("type", "the type of the values", default=None, mark=TITLE)

    @property
    def over_time(self) -> bool:
        return True

    def shape(self, *inputs: Type) -> Type:
        return self.value  # type: ignore[no-any-return]

    def _sizes(self) -> tuple[Size, ...]:
        time = () if self.value.time is None else (self.value.time.length,)
        return (*time, self.value.maps, *self.value.space)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (self.weight("weight", self._sizes(), Init("normal", (0.0, 0.02))),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        return call.weight("weight").add_axis(0, call.examples)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering(f"{{self}}.expand({{batch}}{', -1' * len(self._sizes())})")

    @property
    def bare(self) -> bool:
        return True
