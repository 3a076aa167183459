"""`patches(KxK)`: each patch of a map becomes maps."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, Op, extent, listed, option, plain, wants_values
from netspec.ir.sizes import divides, product, text
from netspec.ir.types import Type, refuse


class Patches(Op):
    """Each patch of a map becomes maps: `c @ h x w` -> `c*k*k @ h/k x w/k`. Patches do not overlap.

    Shape: (B, [T,] C, *space) -> (B, [T,] C * patch, *patches).
    """

    name = "patches"
    family = "embed"
    summary = "each patch of a map becomes maps"
    source = "torch.nn.functional.pixel_unshuffle"
    example = "patches(4x4)"
    positional = ("size",)
    size: Any = option("extent", "the size of a patch", least=1, mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step="patches", type=str(value))
        sizes = extent(self.size, value.space, "size")
        for length, size in zip(value.space, sizes, strict=True):
            if not divides(size, length):
                refuse("NS348", option="size", length=text(length), size=text(size), type=str(value))
        space = tuple(length // size for length, size in zip(value.space, sizes, strict=True))
        return Type(value.maps * product(sizes), space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        for axis, size in enumerate(plain(extent(self.size, call.types[0].space, "size")), 2):
            x = x.split(axis, x.shape[axis] // size, size).move(axis + 1, -1)
        axes = len(call.types[0].space)
        order = (0, 1, *range(2 + axes, 2 + 2 * axes), *range(2, 2 + axes))
        moved = x.permute(*order)
        return moved.reshape(moved.shape[0], -1, *moved.shape[2 + axes :])

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        axes = len(value.space)
        sizes = plain(extent(self.size, value.space, "size"))
        if axes == 2 and len(set(sizes)) == 1:
            return Lowering("F.pixel_unshuffle({x}, {size})", values={"size": sizes[0]})
        text_ = "{x}"
        for axis in range(axes):
            # from the last axis: each splits into (places, inside the patch)
            text_ = f"torch.unflatten({text_}, {-1 - 2 * axis}, (-1, {{size{axes - 1 - axis}}}))"
        places = [-2 * axes + 2 * axis for axis in range(axes)]
        insides = [place + 1 for place in places]
        moved = f"{text_}.movedim({tuple(insides)}, {tuple(range(-2 * axes, -axes))})"
        return Lowering(f"{moved}.flatten({-2 * axes - 1}, {-axes - 1})", values=listed(sizes)[1])
