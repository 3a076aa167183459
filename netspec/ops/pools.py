"""Pools: one value for each window of a map."""

from __future__ import annotations

from typing import Any, Literal

from netspec.compute.arrays import Array, constants, total
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import DILATION, PADDING, STRIDE, TITLE, kind, structure
from netspec.ir.operation import (
    Argument,
    Construct,
    Lowering,
    Op,
    Part,
    Remark,
    Weight,
    Windows,
    extent,
    option,
    plain,
    squeeze,
    wants_space,
)
from netspec.ir.sizes import Size, divides, product, text
from netspec.ir.types import UNKNOWN, Type, refuse, space_text
from netspec.ops.weighted import Weighted
from netspec.ops.window import AXES, slide, unread, unread_rows


class Windowed(Op):
    """Base of what makes one value of each window of a map.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *windows).
    """

    family = "pool"
    wiring = "window"
    positional = ("kernel",)
    kernel: Any
    stride: Any
    pad: Any = 0
    dilation: Any = 1
    ceil: bool = False

    def partial(self, *inputs: Type) -> Type:
        return Type(inputs[0].maps, UNKNOWN, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_space(self, value)
        rows = zip(value.space, *self._windows(value.space), AXES, strict=False)
        space = (slide(*numbers, option="kernel", axis=axis, ceil=self.ceil) for *numbers, axis in rows)
        return Type(value.maps, tuple(space), value.time)

    def _windows(self, space: tuple[Size, ...]) -> tuple[tuple[Size, ...], ...]:
        """Return the windows along each axis: their sizes, steps, padding and dilation."""
        kernel = extent(self.kernel, space, "kernel")
        stride = kernel if self.stride is None else extent(self.stride, space, "stride")
        dilation = extent(self.dilation, space, "dilation")
        if self.pad != "same":
            return kernel, stride, extent(self.pad, space, "pad"), dilation
        whole = tuple(gap * (size - 1) for gap, size in zip(dilation, kernel, strict=True))
        if any(step != 1 for step in stride):
            refuse("NS313", option="pad", hint="pool", stride=space_text(stride))
        if not all(divides(2, each) for each in whole):
            refuse("NS563", option="pad", kernel=space_text(kernel))
        return kernel, stride, tuple(each // 2 for each in whole), dilation

    def windows(self, value: Type) -> Windows:
        kernel, stride, pad, dilation = self._windows(value.space)
        return Windows(kernel, stride, dilation, pad)

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        rows = zip(AXES, inputs[0].space, *self._windows(inputs[0].space), strict=False)
        return unread_rows((axis, unread(*numbers)) for axis, *numbers in rows)


class Pool(Windowed):
    """A window that slides over each map; or with `to`, that many windows, spread evenly (adaptive pooling)."""

    kernel: Any = option("extent", "the window", default=None, least=1, mark=TITLE)
    stride: Any = option(
        "extent", "steps between two windows; the window itself when left out", default=None, least=1, mark=STRIDE
    )
    pad: Any = option(
        "padding",
        "rows of padding, at most half the window, or same",
        default=0,
        least=0,
        choices=("same",),
        mark=PADDING,
    )
    ceil: bool = option(
        "flag",
        "a last window may hang over the edge",
        default=False,
        mark=structure({True: "windows over the edge"}, {True: "가장자리를 넘는 창"}),
    )
    to: Any = option(
        "extent",
        "the size to come out, instead of a window",
        default=None,
        least=1,
        mark=structure("adaptive, to {}", "적응형, {}로"),
    )

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_space(self, value)
        if self.to is not None:
            if self.kernel is not None:
                refuse("NS320", option="to", step=self.name)
            for name in ("stride", "pad", "ceil", "dilation", "count_pad"):
                if name in self.options and getattr(self, name) != self.options[name].default:
                    refuse("NS361", option=name, name=name, other="to")
            return Type(value.maps, extent(self.to, value.space, "to"), value.time)
        if self.kernel is None:
            refuse("NS321", step=self.name)
        kernel, _, pad, _ = self._windows(value.space)
        for size, edge in zip(kernel, pad, strict=True):
            if edge * 2 > size:
                refuse("NS322", option="pad", pad=text(edge), kernel=text(size), half=text(size // 2))
        return super().shape(*inputs)

    def windows(self, value: Type) -> Windows:
        if self.to is not None:
            return Windows((), even=tuple(zip(extent(self.to, value.space, "to"), value.space, strict=True)))
        return super().windows(value)

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        return () if self.to is not None or self.ceil else super().remarks(*inputs)

    def call(self, function: str, value: Type, extra: str = "") -> Lowering:
        """Return the code of a pool, `F.max_pool2d(x, 3, 2, 1)`; arguments equal to torch's defaults are omitted."""
        kernel, stride, pad, dilation = self._windows(value.space)
        values: dict[str, Argument] = {"kernel": squeeze(kernel)}
        forward = f"{function}({{x}}, {{kernel}}"
        if stride != kernel:
            values["stride"] = squeeze(stride)
            forward += ", stride={stride}"
        if any(plain(pad)):
            values["pad"] = squeeze(pad)
            forward += ", padding={pad}"
        if any(step != 1 for step in plain(dilation)):
            values["dilation"] = squeeze(dilation)
            forward += ", dilation={dilation}"
        if self.ceil:
            forward += ", ceil_mode=True"
        return Lowering(f"{forward}{extra})", values=values, folds=True)

    def spread(self, function: str, value: Type) -> Lowering:
        """Return the code of an adaptive pool: `F.adaptive_avg_pool2d(x, 6)`."""
        to = squeeze(extent(self.to, value.space, "to"))
        return Lowering(f"{function}({{x}}, {{to}})", values={"to": to}, folds=True)

    def _slid(self, x: Array, value: Type, fill: float) -> Array:
        """Return the values of each window: (B, C, windows…, places inside…)."""
        rows = zip(plain(value.space), *map(plain, self._windows(value.space)), strict=True)
        counts = plain(self.shape(value).space)
        for axis, ((size, kernel, stride, pad, gap), count) in enumerate(zip(rows, counts, strict=True), 2):
            reach = (count - 1) * stride + gap * (kernel - 1) + 1
            x = x.pad(axis, pad, max(pad, reach - size - pad), fill).window(axis, count, stride, kernel, gap)
        return x

    def _spans(self, size: int, axis: int, axes: int) -> list[range]:
        """Return the places that each adaptive window reads along an axis."""
        count = plain(extent(self.to, (0,) * axes, "to"))[axis]
        return [range(place * size // count, -(-(place + 1) * size // count)) for place in range(count)]


class MaxPool(Pool):
    """The largest value of each window, map by map. Padding counts as -infinity: it is never the largest."""

    name = "maxpool"
    gathers = "max"
    summary = "the largest value of each window"
    titles = ("max pooling {kernel}", "최대 풀링 {kernel}")
    formula = "z = max over the window"
    source = "torch.nn.functional.max_pool2d"
    example = "maxpool(3x3, stride = 2, pad = 1)"
    dilation: Any = option("extent", "distance between two values of a window", default=1, least=1, mark=DILATION)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if self.to is not None:
            # axis by axis: the maximum of a window is the maximum of the maxima of its rows
            for axis in range(len(x.shape) - 1, 1, -1):
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

    @property
    def gathers(self) -> Literal["mean", ""]:  # type: ignore[override]
        return "mean" if self.count_pad or self.pad == 0 else ""

    def shape(self, *inputs: Type) -> Type:
        found = super().shape(*inputs)
        if len(inputs[0].space) == 3 and self.to is None:
            # torch's avg_pool3d requires that a window fits into the input without padding
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
        """Return how many values the mean of each window counts, along each axis."""
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


SUBSAMPLE = Part(
    "Subsample{n}d",
    '''class Subsample{n}d(nn.Module):
    """Sums each window of a map, times the map's weight, plus its bias (LeCun 1998)."""

    def __init__(
        self,
        maps: int,
        kernel: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        stride = kernel if stride is None else stride
        self.kernel = (kernel,) * {n} if isinstance(kernel, int) else kernel
        self.stride = (stride,) * {n} if isinstance(stride, int) else stride
        self.weight = nn.Parameter(torch.empty(maps))
        self.bias = nn.Parameter(torch.empty(maps))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(math.prod(self.kernel))
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        area = math.prod(self.kernel)
        sums = F.avg_pool{n}d(x, self.kernel, self.stride) * area
        shape = (1, -1, *(1 for _ in self.kernel))
        return sums * self.weight.view(shape) + self.bias.view(shape)''',
)


class Subsample(Weighted, Windowed):
    """The sum of each window times a trained weight, plus a trained bias: two numbers for each map."""

    name = "subsample"
    summary = "LeNet's trainable pool: weight * (sum of the window) + bias"
    titles = ("subsampling {kernel}", "서브샘플링 {kernel}")
    formula = "z = w_0 + w_1 * sum over the window"
    source = "LeCun 1998, section II.B"
    example = "subsample(2x2) -> tanh"
    depth = 1
    kernel: Any = option("extent", "the window", least=1, mark=TITLE)
    stride: Any = option(
        "extent", "steps between two windows; the window itself when left out", default=None, least=1, mark=STRIDE
    )

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        area = product(self._windows(inputs[0].space)[0])
        maps = inputs[0].maps
        return (self.weight("weight", (maps,), fan_in=area), self.weight("bias", (maps,), fan_in=area))

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, rest = inputs[0], (1,) * len(call.types[0].space)
        rows = zip(call.types[0].space, *self._windows(call.types[0].space), strict=True)
        for axis, (size, kernel, stride, _, _) in enumerate(map(plain, rows), 2):
            x = x.window(axis, (size - kernel) // stride + 1, stride, kernel, 1)
        sums = x.sum(*range(-len(rest), 0)).reshape(*x.shape[: -len(rest)])
        return sums * call.weight("weight").reshape(-1, *rest) + call.weight("bias").reshape(-1, *rest)

    def torch(self, *inputs: Type) -> Lowering:
        kernel, stride, _, _ = self._windows(inputs[0].space)
        axes = str(len(kernel))
        part = Part(SUBSAMPLE.name.replace("{n}", axes), SUBSAMPLE.source.replace("{n}", axes))
        args = (plain((inputs[0].maps,))[0], squeeze(kernel))
        kwargs: dict[str, Any] = {"stride": None if stride == kernel else squeeze(stride)}
        return Lowering("{self}({x})", Construct(part.name, args, kwargs, {"stride": None}), parts=(part,), folds=True)
