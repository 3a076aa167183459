"""Operations that remove space or time, or reduce all maps to one."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.compute.arrays import Array, join
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import OVER, TITLE
from netspec.ir.operation import Lowering, Op, Part, option, wants_values
from netspec.ir.types import Type, refuse

MASK = Part(
    "mask",
    '''def mask(x: Tensor, lengths: Tensor) -> Tensor:
    """Which steps of a padded batch exist: (B, T)."""
    return torch.arange(x.shape[1], device=x.device) < lengths[:, None]''',
)


class Reduction(Op):
    """Reduces space or time, whose axes are removed, or maps, of which one remains.

    Shape: (B, [T,] C, *space) without the axes of the role.
    """

    positional = ("role",)
    role: Any = option("role", "what is reduced", choices=("space", "time", "maps"), mark=TITLE)
    call: ClassVar[str] = ""  # the torch method; `{dim}` stands for the axes

    def title(self, lang: str = "en") -> str:
        template = self.titles[lang == "ko"] or f"{self.name} {{over}}"
        return template.format(over=OVER.words(lang, self.role, None)[0])

    @property
    def over_time(self) -> bool:
        return bool(self.role == "time")

    def partial(self, *inputs: Type) -> Type:
        value = inputs[0]
        maps, space = 1 if self.role == "maps" else value.maps, () if self.role == "space" else value.space
        return Type(maps, space, None if self.role == "time" else value.time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        step = f"{self.name}({self.role})"
        if self.role == "space":
            if not value.space:
                refuse("NS309", input=0, step=step, type=str(value))
            return Type(value.maps, (), value.time)
        if self.role == "time":
            if value.time is None:
                refuse("NS325", input=0, step=step, type=str(value))
            return Type(value.maps, value.space)
        return Type(1, value.space, value.time)

    def axes(self, value: Type) -> str:
        """Return the axes to reduce, counted from the end. Time is axis 1, because further axes may follow it."""
        space = len(value.space)
        if self.role == "time":
            return "1"
        if self.role == "maps":
            return str(-1 - space)
        return "-1" if space == 1 else f"({', '.join(str(axis) for axis in range(-space, 0))})"

    def masked(self, value: Type) -> str:
        """Return the code `mask(x, lengths)` with the axes of the value, for batches with different lengths."""
        return f"mask({{x}}, {{lengths}})[:, :{', None' * (1 + len(value.space))}]"

    def varies(self, value: Type) -> bool:
        return self.role == "time" and value.time is not None and bool(value.time.varying)

    def keep(self) -> str:
        return ", keepdim=True" if self.role == "maps" else ""

    def compute(self, call: Call, *inputs: Array) -> Array:
        """Reduce over the role, whose axes are removed (one map remains)."""
        x, value = inputs[0], call.types[0]
        timed = int(value.time is not None)
        start = 1 + timed
        axes = {"time": (1,), "maps": (start,), "space": tuple(range(start + 1, start + 1 + len(value.space)))}[
            self.role
        ]
        found = self.reduced(call, x, axes)
        if self.role == "maps":
            return found
        return found.reshape(*(length for axis, length in enumerate(found.shape) if axis not in axes))

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        """Reduce over axes, which keep length 1."""
        raise NotImplementedError

    def exists(self, call: Call, x: Array) -> Array | None:
        """Return 1 for the time steps that belong to each example, if lengths differ and time is reduced."""
        if self.role != "time" or call.lengths is None:
            return None
        return call.mask(x.shape[1]).split(1, x.shape[1], *(1 for _ in x.shape[2:]))


class Mean(Reduction):
    """The mean over space, time or maps; steps after an example's end do not count."""

    name = "mean"
    titles = ("mean {over}", "{over} 평균")
    family = "pool"
    linear = True
    averages = True
    summary = "the mean over space, time or maps"
    formula = "1/n sum_i x_i"
    source = "Lin 2013 (global average pooling)"
    example = "mean(space) -> K perceptrons"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return x.mean(*axes) if exists is None else (x * exists).sum(1) / exists.sum(1)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            shape = ", 1" * len(value.space)
            return Lowering(f"({{x}} * {self.masked(value)}).sum(1) / {{lengths}}.view(-1, 1{shape})", parts=(MASK,))
        return Lowering(f"{{x}}.mean({self.axes(value)}{self.keep()})")


class Sum(Reduction):
    """The sum over space, time or maps; steps after an example's end do not count."""

    name = "sum"
    titles = ("sum {over}", "{over} 합")
    family = "pool"
    averages = True
    summary = "the sum over space, time or maps"
    formula = "sum_i x_i"
    source = "torch.sum"
    example = "sum(time)"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return (x if exists is None else x * exists).sum(*axes)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            return Lowering(f"({{x}} * {self.masked(value)}).sum(1)", parts=(MASK,))
        return Lowering(f"{{x}}.sum({self.axes(value)}{self.keep()})")


class Max(Reduction):
    """The largest value over space, time or maps; steps after an example's end do not count."""

    name = "max"
    titles = ("max {over}", "{over} 최댓값")
    family = "pool"
    summary = "the largest value over space, time or maps"
    formula = "max_i x_i"
    source = "torch.amax"
    example = "max(space)"

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        exists = self.exists(call, x)
        return (x if exists is None else exists.where(x, LOWEST)).largest(*axes)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if self.varies(value):
            return Lowering(f"{{x}}.masked_fill(~{self.masked(value)}, -torch.inf).amax(1)", parts=(MASK,))
        return Lowering(f"{{x}}.amax({self.axes(value)}{self.keep()})")


class First(Reduction):
    """The first time step, where for example a class token is.

    Shape: (B, T, C, *space) -> (B, C, *space).
    """

    name = "first"
    effect = "select"
    family = "rearrange"
    linear = True
    summary = "the first time step"
    titles = ("first time step", "첫 시점")
    only_step = 0
    example = "first(time) -> K perceptrons"
    role: str = option("role", "what is reduced", default="time", choices=("time",), mark=TITLE)

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        return x.pick(1, range(1))

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}[:, 0]")


class Last(Reduction):
    """The last time step of each example, according to its own length.

    Shape: (B, T, C, *space) -> (B, C, *space).
    """

    name = "last"
    effect = "select"
    family = "rearrange"
    linear = True
    summary = "the last time step"
    titles = ("last time step", "마지막 시점")
    only_step = -1
    example = "last(time) -> 1 perceptron"
    role: str = option("role", "what is reduced", default="time", choices=("time",), mark=TITLE)

    def reduced(self, call: Call, x: Array, axes: tuple[int, ...]) -> Array:
        lengths = [x.shape[1]] * x.shape[0] if call.lengths is None else call.lengths
        rows = [x.pick(0, range(row, row + 1)).pick(1, range(end - 1, end)) for row, end in enumerate(lengths)]
        return join(0, *rows) if call.lengths is not None else x.pick(1, range(x.shape[1] - 1, x.shape[1]))

    def torch(self, *inputs: Type) -> Lowering:
        if self.varies(inputs[0]):
            return Lowering("{x}[torch.arange({x}.shape[0], device={x}.device), {lengths} - 1]")
        return Lowering("{x}[:, -1]")
