"""`avgpool(2x2)`: the mean of each window."""

from __future__ import annotations

from netspec.ops.base import Lowering, option, plain
from netspec.ops.pools import Pool
from netspec.types import Type


class AvgPool(Pool):
    """The mean of each window, map by map. With padding, `count_pad` says whether its zeros count."""

    name = "avgpool"
    summary = "the mean of each window"
    formula = "z = mean over the window"
    source = "torch.nn.functional.avg_pool2d"
    example = "avgpool(2x2)"
    count_pad: bool = option("flag", "zeros of the padding count in the mean", default=True)

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.to is not None:
            return Lowering(f"F.adaptive_avg_pool{axes}d({{x}}, {{to}})", values={"to": plain(self.to)}, folds=True)
        extra = "" if self.count_pad else ", count_include_pad=False"
        return self.call(f"F.avg_pool{axes}d", inputs[0], extra)
