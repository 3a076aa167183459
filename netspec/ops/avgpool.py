"""`avgpool(2x2)`: the mean of each window."""

from __future__ import annotations

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import kind
from netspec.ir.operation import Lowering, option, plain
from netspec.ir.types import Type
from netspec.ops.pools import AXES, Pool
from netspec.ops.window import slide


class AvgPool(Pool):
    """The mean of each window, map by map. With padding, `count_pad` says whether its zeros count."""

    name = "avgpool"
    summary = "the mean of each window"
    titles = ("average pooling {kernel}", "평균 풀링 {kernel}")
    formula = "z = mean over the window"
    source = "torch.nn.functional.avg_pool2d"
    example = "avgpool(2x2)"
    count_pad: bool = option(
        "flag",
        "zeros of the padding count in the mean",
        default=True,
        mark=kind({False: "padding not counted"}, {False: "패딩은 세지 않음"}, note=True),
    )

    def shape(self, *inputs: Type) -> Type:
        found = super().shape(*inputs)
        if len(inputs[0].space) == 3 and self.to is None:
            # torch's mean over volumes wants the window inside the input, whatever the padding
            kernel, stride, _, _ = self._windows(inputs[0].space)
            for size, window, step, axis in zip(inputs[0].space, kernel, stride, AXES, strict=True):
                slide(size, window, step, 0, 1, option="kernel", axis=axis)
        return found

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if self.to is not None:
            for axis in range(2, len(x.shape)):
                spans, size = self._spans(x.shape[axis], axis - 2, len(x.shape) - 2), x.shape[axis]
                shares = [1 / len(span) if place in span else 0.0 for span in spans for place in range(size)]
                letters = "abcde"[: len(x.shape)]
                own = letters[axis]
                means = constants(shares, (len(spans), size))
                x = total(f"{letters},o{own}->{letters.replace(own, 'o')}", x, means)
            return x
        axes = len(call.types[0].space)
        sums = self._slid(x, call.types[0], 0.0)
        sums = sums.sum(*range(-axes, 0)).reshape(*sums.shape[:-axes])
        for axis, counts in enumerate(self._counts(call.types[0], sums.shape[2:]), 2):
            sums = sums / constants(counts, (len(counts), *(1 for _ in sums.shape[axis + 1 :])))
        return sums

    def _counts(self, value: Type, places: tuple[int, ...]) -> list[list[int]]:
        """How many values a window's mean is of, for each place of each axis."""
        rows = zip(plain(value.space), places, *map(plain, self._windows(value.space)), strict=True)
        found = []
        for size, count, kernel, stride, pad, _ in rows:
            edges = (-pad, size + pad) if self.count_pad else (0, size)
            begins = [place * stride - pad for place in range(count)]
            found.append([min(b + kernel, edges[1]) - max(b, edges[0]) for b in begins])
        return found

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.to is not None:
            return self.spread(f"F.adaptive_avg_pool{axes}d", inputs[0])
        extra = "" if self.count_pad else ", count_include_pad=False"
        return self.call(f"F.avg_pool{axes}d", inputs[0], extra)
