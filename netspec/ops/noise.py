"""`noise(T)`: fresh normal values at every pass."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ops.zeros import Zeros


class Noise(Zeros):
    """Begins a chain with values drawn from normal(0, 1) at every pass, in training and afterwards."""

    name = "noise"
    draws = "always"
    summary = "fresh normal values at every pass"
    example = "hidden n: noise(64)"
    call = "torch.randn"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return call.noise("normal", call.examples, *self._sizes())
