"""Operations that begin a chain without an input: zeros, noise, a carried state, trained values."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array, filled
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Init, Lowering, Op, Weight, listed, option, plain
from netspec.ir.sizes import Size
from netspec.ir.types import Type
from netspec.ops.weighted import Weighted


class Zeros(Op):
    """Begins a chain with zeros of the given type.

    Shape: nothing -> (B, [T,] C, *space) of the type.
    """

    name = "zeros"
    titles = ("", "0")
    family = "source"
    over_time = True
    summary = "zeros that read nothing"
    example = "start z: zeros"
    positional = ("value",)
    inputs = 0
    begins = True
    value: Any = option("type", "the type of the values", default=None, mark=TITLE)

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


class Noise(Zeros):
    """Begins a chain with random values from normal(0, 1), new in every pass, in training and afterwards."""

    name = "noise"
    titles = ("", "잡음")
    draws = "always"
    summary = "fresh normal values at every pass"
    example = "hidden n: noise(64)"
    call = "torch.randn"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return call.noise("normal", call.examples, *self._sizes())


class Carried(Zeros):
    """The last state of the previous batch, without its gradient; zeros before the first batch.

    `netspec train` passes it from batch to batch; a module takes it as `state` and returns it.
    """

    name = "carried"
    titles = ("", "이어받은 값")
    carries = True
    summary = "the last state of the previous batch, detached"
    example = "start z: carried"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return super().compute(call) if call.before is None else call.before.stop()


class Learned(Weighted):
    """Begins a chain with trained values of the given type; they start as normal(0, 0.02) unless `init` is given.

    Shape: nothing -> (B, [T,] C, *space) of the type.
    """

    name = "learned"
    titles = ("", "학습되는 값")
    family = "embed"
    over_time = True
    init_parts = ("weight",)
    summary = "trained values that read nothing"
    source = "Devlin 2018 (class token)"
    example = "hidden cls: learned(768)"
    positional = ("value",)
    inputs = 0
    begins = True
    value: Any = option("type", "the type of the values", default=None, mark=TITLE)

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
