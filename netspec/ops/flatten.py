"""`flatten(space)`: space becomes time; `flatten`: all values become maps."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import structure
from netspec.ir.operation import Lowering, Op, option
from netspec.ir.sizes import product
from netspec.ir.types import Time, Type, refuse


class Flatten(Op):
    """Places become time steps, row by row: `d @ h x w` -> `d over h*w`. Without a role every value becomes a map.

    `perceptrons` read all values of a step: nothing needs to be flattened before them.

    Shape: (B, [T,] C, *space) -> (B, [T,] C * places); flatten(space) (B, C, *space) -> (B, places, C).
    """

    name = "flatten"
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "places become time steps, or values become maps"
    example = "d filters 16x16 (stride = 16) -> flatten(space)"
    positional = ("role",)
    role: Any = option(
        "role",
        "space: its places become time steps",
        default=None,
        choices=("space",),
        mark=structure({"space": "places as time steps"}, {"space": "칸을 시점으로"}),
    )

    @property
    def over_time(self) -> bool:
        return self.role is not None

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if self.role is None:
            return Type(value.values, (), value.time, value.classes)
        if not value.space:
            refuse("NS309", input=0, step="flatten(space)", type=str(value))
        if value.time is not None:
            refuse("NS326", input=0, step="flatten(space)", type=str(value))
        return Type(value.maps, (), Time(product(value.space)), value.classes)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value = inputs[0], call.types[0]
        if self.role is None or value.classes is not None:
            return x.reshape(x.shape[0], -1)
        return x.reshape(*x.shape[:2], -1).swap(1, 2)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if value.classes is not None:
            return Lowering("{x}.flatten(1)")
        if self.role is None:
            return Lowering("{x}.flatten(1)", folds=True) if value.space else Lowering("{x}")
        return Lowering("{x}.flatten(2).transpose(1, 2)")
