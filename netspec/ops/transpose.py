"""`transpose`: maps and time steps change places; `transpose(space)`: rows and columns do."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import structure
from netspec.ir.operation import Lowering, Op, option, wants_values
from netspec.ir.types import Time, Type, refuse


class Transpose(Op):
    """`c over T` becomes `T over c`; `transpose(space)` turns `c @ h x w` into `c @ w x h`.

    Shape: (B, T, C) -> (B, C, T); transpose(space) (B, [T,] C, h, w) -> (B, [T,] C, w, h).
    """

    name = "transpose"
    family = "rearrange"
    summary = "maps and time steps, or rows and columns, change places"
    source = "torch.Tensor.transpose"
    example = "k -> transpose"
    positional = ("role",)
    role: Any = option(
        "role",
        "space: rows and columns change places",
        default=None,
        choices=("space",),
        mark=structure({"space": "rows and columns"}, {"space": "행과 열"}),
    )

    @property
    def over_time(self) -> bool:
        return self.role is None

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.role == "space":
            if len(value.space) != 2:
                refuse("NS342", input=0, type=str(value))
            return Type(value.maps, (value.space[1], value.space[0]), value.time)
        if value.time is None or value.space:
            refuse("NS334", input=0, type=str(value))
        if value.time.varying:
            refuse("NS308", input=0, step="transpose", type=str(value))
        return Type(value.time.length, (), Time(value.maps))

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].swap(-2, -1)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}.transpose(-2, -1)")
