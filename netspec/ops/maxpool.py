"""`maxpool(2x2)`: the largest value of each window."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import DILATION
from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.pools import Pool


class MaxPool(Pool):
    """The largest value of each window, map by map. Padding counts as -infinity: it is never the largest."""

    name = "maxpool"
    summary = "the largest value of each window"
    titles = ("max pooling {kernel}", "최대 풀링 {kernel}")
    formula = "z = max over the window"
    source = "torch.nn.functional.max_pool2d"
    example = "maxpool(3x3, stride = 2, pad = 1)"
    dilation: Any = option(
        "extent",
        "distance between two values of a window",
        default=1,
        least=1,
        mark=DILATION,
    )

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if self.to is not None:
            for axis in range(len(x.shape) - 1, 1, -1):  # rows of windows are read column by column
                spans = self._spans(x.shape[axis], axis - 2, len(x.shape) - 2)
                longest = max(map(len, spans))
                windows = [[*span, *[span[0]] * (longest - len(span))] for span in spans]
                x = x.pick(axis, [place for window in windows for place in window])
                x = x.split(axis, len(spans), longest).move(axis + 1, -1).first_largest()
            return x
        x = self._slid(x, call.types[0], LOWEST)
        axes = len(call.types[0].space)
        return x.reshape(*x.shape[:-axes], -1).first_largest()

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.to is not None:
            return self.spread(f"F.adaptive_max_pool{axes}d", inputs[0])
        return self.call(f"F.max_pool{axes}d", inputs[0])
