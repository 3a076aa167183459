"""`avgpool(2x2)`: the mean of each window."""

from __future__ import annotations

from netspec.ir.operation import Lowering, option
from netspec.ir.types import Type
from netspec.ops.pools import AXES, Pool
from netspec.ops.window import slide


class AvgPool(Pool):
    """The mean of each window, map by map. With padding, `count_pad` says whether its zeros count."""

    name = "avgpool"
    summary = "the mean of each window"
    formula = "z = mean over the window"
    source = "torch.nn.functional.avg_pool2d"
    example = "avgpool(2x2)"
    count_pad: bool = option("flag", "zeros of the padding count in the mean", default=True)

    def shape(self, *inputs: Type) -> Type:
        found = super().shape(*inputs)
        if len(inputs[0].space) == 3 and self.to is None:
            # torch's mean over volumes wants the window inside the input, whatever the padding
            kernel, stride, _, _ = self._windows(inputs[0].space)
            for size, window, step, axis in zip(inputs[0].space, kernel, stride, AXES, strict=True):
                slide(size, window, step, 0, 1, option="kernel", axis=axis)
        return found

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.to is not None:
            return self.spread(f"F.adaptive_avg_pool{axes}d", inputs[0])
        extra = "" if self.count_pad else ", count_include_pad=False"
        return self.call(f"F.avg_pool{axes}d", inputs[0], extra)
