"""`stop`: no gradient flows back through here."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.operation import Elementwise


class Stop(Elementwise):
    """The value as it is; no gradient reaches what is below.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "stop"
    effect = "same"
    family = "regulariser"
    blocks_gradient = True
    summary = "no gradient flows back through here"
    titles = ("no gradient", "기울기 없음")
    source = "torch.Tensor.detach"
    example = "target -> stop"
    call = "{x}.detach()"
    transparent = True

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].stop()
