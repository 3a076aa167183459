"""`onehot`: a class index as K maps, one of them 1."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array, constants
from netspec.ir.call import Call
from netspec.ir.operation import Lowering, Op
from netspec.ir.types import Type, refuse


class OneHot(Op):
    """A class index as K maps: 1 in the map of the index, 0 elsewhere.

    Shape: class indices (B, [T,] *space) -> (B, [T,] K, *space).
    """

    name = "onehot"
    effect = "select"
    family = "embed"
    summary = "a class index as K maps, one of them 1"
    formula = "x_k = 1 if k = c else 0"
    example = "hidden x: onehot"

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.classes is None:
            refuse("NS332", input=0, step="onehot", type=str(value))
        return Type(value.classes, value.space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        classes: Any = call.types[0].classes
        return inputs[0].add_axis(1).equals(constants(range(classes), (classes, *(1 for _ in inputs[0].shape[1:]))))

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        hot = "F.one_hot({x}, {classes}).to({dtype})"
        if value.space:
            hot = f"{hot}.movedim(-1, {-1 - len(value.space)})"
        return Lowering(hot, values={"classes": value.classes})
