"""`unpatches(KxK)`: maps become patches of larger maps."""

from __future__ import annotations

import math
from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, Op, extent, listed, option, plain, wants_values
from netspec.ir.sizes import divides, product, text
from netspec.ir.types import Type, refuse


class Unpatches(Op):
    """Maps become patches of larger maps: the reverse of `patches` (pixel shuffle).

    Shape: (B, [T,] C * patch, *patches) -> (B, [T,] C, *space).
    """

    name = "unpatches"
    family = "rearrange"
    summary = "maps become patches of larger maps"
    source = "Shi 2016; torch.nn.functional.pixel_shuffle"
    example = "12 filters 3x3 (pad = 1) -> unpatches(2x2)"
    positional = ("size",)
    size: Any = option("extent", "the size of a patch", least=1, mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step="unpatches", type=str(value))
        sizes = extent(self.size, value.space, "size")
        if not divides(product(sizes), value.maps):
            refuse("NS315", option="size", what="maps", number=text(value.maps), groups=text(product(sizes)))
        space = tuple(length * size for length, size in zip(value.space, sizes, strict=True))
        return Type(value.maps // product(sizes), space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, axes = inputs[0], len(call.types[0].space)
        sizes = plain(extent(self.size, call.types[0].space, "size"))
        x = x.split(1, x.shape[1] // math.prod(sizes), *sizes)
        for axis in range(axes):  # the axis of a patch goes right behind the axis of its places
            x = x.move(2, 2 + axes + axis)
        return x.reshape(*x.shape[:2], *(x.shape[2 + 2 * axis] * sizes[axis] for axis in range(axes)))

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        axes = len(value.space)
        sizes = plain(extent(self.size, value.space, "size"))
        if axes == 2 and len(set(sizes)) == 1:
            return Lowering("F.pixel_shuffle({x}, {size})", values={"size": sizes[0]})
        inner, values = listed(sizes)
        moved = f"torch.unflatten({{x}}, {-axes - 1}, (-1, {inner}))"
        # the axis of a patch goes right behind the axis of its places
        insides = tuple(range(-2 * axes, -axes))
        moved += f".movedim({insides}, {tuple(range(1 - 2 * axes, 1, 2))})" if axes > 1 else ".movedim(-2, -1)"
        for axis in range(axes):
            moved += f".flatten({-2 - axis}, {-1 - axis})"
        return Lowering(moved, values=values)
