"""`subsample(2x2)`: LeNet's pool: a trained weight and bias for each map."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import STRIDE, TITLE, shown
from netspec.ir.operation import (
    Construct,
    Lowering,
    Part,
    Remark,
    Weight,
    Windows,
    extent,
    option,
    plain,
    squeeze,
    wants_values,
)
from netspec.ir.sizes import Size, product
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted
from netspec.ops.window import slide, unread, unread_rows

_AXES = ("row", "column", "depth")

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


class Subsample(Weighted):
    """The sum of each window times a trained weight, plus a trained bias: two numbers for each map.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *windows).
    """

    name = "subsample"
    family = "pool"
    wiring = "window"
    summary = "LeNet's trainable pool: weight * (sum of the window) + bias"
    titles = ("subsampling {kernel}", "서브샘플링 {kernel}")
    formula = "z = w_0 + w_1 * sum over the window"
    source = "LeCun 1998, section II.B"
    example = "subsample(2x2) -> tanh"
    positional = ("kernel",)
    depth = 1
    kernel: Any = option("extent", "the window", least=1, mark=TITLE)
    stride: Any = option(
        "extent",
        "steps between two windows; the window itself when left out",
        default=None,
        least=1,
        mark=STRIDE,
    )

    def partial(self, *inputs: Type) -> Type:
        return Type(inputs[0].maps, super().partial(*inputs).space, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step=self.name, type=str(value))
        kernel, stride = self._windows(value)
        rows = zip(value.space, kernel, stride, _AXES, strict=False)
        return Type(
            value.maps,
            tuple(slide(size, window, step, 0, 1, option="kernel", axis=axis) for size, window, step, axis in rows),
            value.time,
        )

    def _windows(self, value: Type) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        kernel = extent(self.kernel, value.space, "kernel")
        return kernel, kernel if self.stride is None else extent(self.stride, value.space, "stride")

    def windows(self, value: Type) -> Windows:
        kernel, stride = self._windows(value)
        return Windows(kernel, stride, (1,) * len(kernel), (0,) * len(kernel))

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        rows = zip(_AXES, inputs[0].space, *self._windows(inputs[0]), strict=False)
        return unread_rows((axis, unread(size, window, step, 0, 1)) for axis, size, window, step in rows)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        area = product(self._windows(inputs[0])[0])
        maps = inputs[0].maps
        return (self.weight("weight", (maps,), fan_in=area), self.weight("bias", (maps,), fan_in=area))

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, rest = inputs[0], (1,) * len(call.types[0].space)
        rows = zip(call.types[0].space, *self._windows(call.types[0]), strict=True)
        for axis, (size, kernel, stride) in enumerate(map(plain, rows), 2):
            x = x.window(axis, (size - kernel) // stride + 1, stride, kernel, 1)
        sums = x.sum(*range(-len(rest), 0)).reshape(*x.shape[: -len(rest)])
        return sums * call.weight("weight").reshape(-1, *rest) + call.weight("bias").reshape(-1, *rest)

    def label(self, lang: str, output: Type) -> str:
        return f"subsample {shown(self.kernel)}"

    def torch(self, *inputs: Type) -> Lowering:
        kernel, stride = self._windows(inputs[0])
        axes = str(len(kernel))
        part = Part(SUBSAMPLE.name.replace("{n}", axes), SUBSAMPLE.source.replace("{n}", axes))
        args = (plain((inputs[0].maps,))[0], squeeze(kernel))
        kwargs: dict[str, Any] = {"stride": None if stride == kernel else squeeze(stride)}
        return Lowering("{self}({x})", Construct(part.name, args, kwargs, {"stride": None}), parts=(part,), folds=True)
