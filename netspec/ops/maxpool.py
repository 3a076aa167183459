"""`maxpool(2x2)`: the largest value of each window."""

from __future__ import annotations

from typing import Any

from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.pools import Pool


class MaxPool(Pool):
    """The largest value of each window, map by map. Padding never wins: it counts as -infinity."""

    name = "maxpool"
    summary = "the largest value of each window"
    formula = "z = max over the window"
    source = "torch.nn.functional.max_pool2d"
    example = "maxpool(3x3, stride = 2, pad = 1)"
    dilation: Any = option("extent", "distance between two values of a window", default=1, least=1)

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.to is not None:
            return self.spread(f"F.adaptive_max_pool{axes}d", inputs[0])
        return self.call(f"F.max_pool{axes}d", inputs[0])
