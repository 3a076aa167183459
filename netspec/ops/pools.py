"""What pools share: windows that by default don't overlap, and torch's limits on padding."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.marks import PADDING, STRIDE, TITLE, shown, structure
from netspec.ir.operation import Argument, Lowering, Op, Remark, Windows, extent, option, plain, squeeze, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import UNKNOWN, Type, refuse
from netspec.ops.window import slide, unread, unread_rows

AXES = ("row", "column", "depth")


class Pool(Op):
    """A window that slides over each map; or `to`: as many windows as wanted, spread evenly (adaptive pooling).

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *windows).
    """

    family = "pool"
    wiring = "window"
    positional = ("kernel",)
    kernel: Any = option("extent", "the window", default=None, least=1, mark=TITLE)
    stride: Any = option(
        "extent",
        "steps between two windows; the window itself when left out",
        default=None,
        least=1,
        mark=STRIDE,
    )
    pad: Any = option(
        "extent",
        "rows of padding, at most half the window",
        default=0,
        least=0,
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

    def partial(self, *inputs: Type) -> Type:
        return Type(inputs[0].maps, UNKNOWN, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step=self.name, type=str(value))
        if self.to is not None:
            if self.kernel is not None:
                refuse("NS320", option="to", step=self.name)
            for name in ("stride", "pad", "ceil", "dilation", "count_pad"):
                if name in self.options and getattr(self, name) != self.options[name].default:
                    refuse("NS361", option=name, name=name, other="to")
            return Type(value.maps, extent(self.to, value.space, "to"), value.time)
        if self.kernel is None:
            refuse("NS321", step=self.name)
        kernel, stride, pad, dilation = self._windows(value.space)
        for size, edge in zip(kernel, pad, strict=True):
            if edge * 2 > size:
                refuse("NS322", option="pad", pad=text(edge), kernel=text(size), half=text(size // 2))
        rows = zip(value.space, kernel, stride, pad, dilation, AXES, strict=False)
        return Type(
            value.maps,
            tuple(
                slide(size, window, step, edge, gap, option="kernel", axis=axis, ceil=self.ceil)
                for size, window, step, edge, gap, axis in rows
            ),
            value.time,
        )

    def _windows(self, space: tuple[Size, ...]) -> tuple[tuple[Size, ...], ...]:
        kernel = extent(self.kernel, space, "kernel")
        stride = kernel if self.stride is None else extent(self.stride, space, "stride")
        dilation = extent(getattr(self, "dilation", 1), space, "dilation")
        return kernel, stride, extent(self.pad, space, "pad"), dilation

    def windows(self, value: Type) -> Windows:
        if self.to is not None:
            return Windows((), even=tuple(zip(extent(self.to, value.space, "to"), value.space, strict=True)))
        kernel, stride, pad, dilation = self._windows(value.space)
        return Windows(kernel, stride, dilation, pad)

    def label(self, lang: str, output: Type) -> str:
        return "" if self.kernel is None else f"{self.name} {shown(self.kernel)}"

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        if self.to is not None or self.ceil:
            return ()
        rows = zip(AXES, inputs[0].space, *self._windows(inputs[0].space), strict=False)
        return unread_rows((axis, unread(*numbers)) for axis, *numbers in rows)

    def call(self, function: str, value: Type, extra: str = "") -> Lowering:
        """`F.max_pool2d(x, 3, 2, 1)`: arguments only as far as they differ from torch's defaults."""
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
        """`F.adaptive_avg_pool2d(x, 6)`."""
        to = squeeze(extent(self.to, value.space, "to"))
        return Lowering(f"{function}({{x}}, {{to}})", values={"to": to}, folds=True)

    def _slid(self, x: Array, value: Type, fill: float) -> Array:
        """(B, C, places…, windows…): what each window reads."""
        rows = zip(plain(value.space), *map(plain, self._windows(value.space)), strict=True)
        counts = plain(self.shape(value).space)
        for axis, ((size, kernel, stride, pad, gap), count) in enumerate(zip(rows, counts, strict=True), 2):
            reach = (count - 1) * stride + gap * (kernel - 1) + 1
            x = x.pad(axis, pad, max(pad, reach - size - pad), fill).window(axis, count, stride, kernel, gap)
        return x

    def _spans(self, size: int, axis: int, axes: int) -> list[range]:
        """What each place of an axis reads where windows are spread evenly."""
        count = plain(extent(self.to, (0,) * axes, "to"))[axis]
        return [range(place * size // count, -(-(place + 1) * size // count)) for place in range(count)]
