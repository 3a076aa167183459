"""What mean, max, sum, first and last share: the role they remove."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import OVER
from netspec.ir.operation import Lowering, Op, Part, option, wants_values
from netspec.ir.types import Type, refuse

MASK = Part(
    "mask",
    '''def mask(x: Tensor, lengths: Tensor) -> Tensor:
    """Which steps of a padded batch exist: (B, T)."""
    return torch.arange(x.shape[1], device=x.device) < lengths[:, None]''',
)


class Reduction(Op):
    """Reduces space or time, whose axes go, or maps, of which one stays.

    Shape: (B, [T,] C, *space) without the axes of the role.
    """

    positional = ("role",)
    role: Any = option(
        "role",
        "what is reduced",
        choices=("space", "time", "maps"),
        mark=OVER,
    )
    call: ClassVar[str] = ""  # the torch method; `{dim}` the axes

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
        """The tensor axes to reduce, counted from the end but for time (a step may have time before it)."""
        space = len(value.space)
        if self.role == "time":
            return "1"
        if self.role == "maps":
            return str(-1 - space)
        return "-1" if space == 1 else f"({', '.join(str(axis) for axis in range(-space, 0))})"

    def masked(self, value: Type) -> str:
        """`mask(x, lengths)` with the axes of the value, where lengths vary."""
        return f"mask({{x}}, {{lengths}})[:, :{', None' * (1 + len(value.space))}]"

    def varies(self, value: Type) -> bool:
        return self.role == "time" and value.time is not None and bool(value.time.varying)

    def keep(self) -> str:
        return ", keepdim=True" if self.role == "maps" else ""

    def compute(self, call: Call, *inputs: Array) -> Array:
        """Over the role, whose axes go (one map stays)."""
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
        """The value over axes, which stay with length 1."""
        raise NotImplementedError

    def exists(self, call: Call, x: Array) -> Array | None:
        """1 for the time steps that each example has, where lengths differ and time is reduced."""
        if self.role != "time" or call.lengths is None:
            return None
        return call.mask(x.shape[1]).split(1, x.shape[1], *(1 for _ in x.shape[2:]))

    def torch(self, *inputs: Type) -> Lowering:
        raise NotImplementedError
