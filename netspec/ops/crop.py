"""`crop(h x w)`: the middle of each map."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, structure
from netspec.ir.operation import Argument, Lowering, Op, extent, option, plain, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse, space_text


class Crop(Op):
    """The middle of each map, or the part that begins at `at`; an odd row that is left over stays at the end.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *to).
    """

    name = "crop"
    family = "rearrange"
    linear = True
    summary = "the middle of each map"
    source = "Ronneberger 2015 (U-Net)"
    example = "skip -> crop(2*h x 2*w)"
    positional = ("to",)
    to: Any = option("extent", "the size to come out", least=1, mark=TITLE)
    at: Any = option(
        "extent",
        "the first row and column; the middle when left out",
        default=None,
        least=0,
        mark=structure("from {}", "{}부터"),
    )

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step="crop", type=str(value))
        to, begins = self._ranges(value)
        for size, part, begin in zip(value.space, to, begins, strict=True):
            if size - part - begin < 0 or begin < 0:
                reach = text(part) if self.at is None else f"{text(begin)} + {text(part)} = {text(begin + part)}"
                refuse("NS343", option="to", size=text(size), part=reach, type=str(value), to=space_text(to))
        return Type(value.maps, to, value.time)

    def _ranges(self, value: Type) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        to = extent(self.to, value.space, "to")
        if self.at is not None:
            return to, extent(self.at, value.space, "at")
        return to, tuple((size - part) // 2 for size, part in zip(value.space, to, strict=True))

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        for axis, (size, begin) in enumerate(zip(*map(plain, self._ranges(call.types[0])), strict=True), 2):
            x = x.pick(axis, range(begin, begin + size))
        return x

    def torch(self, *inputs: Type) -> Lowering:
        to, begins = self._ranges(inputs[0])
        values: dict[str, Argument] = {}
        for axis, (begin, size) in enumerate(zip(begins, to, strict=True)):
            values |= {f"begin{axis}": begin, f"end{axis}": begin + size}
        slots = [
            f"{f'{{begin{axis}}}' if begin != 0 else ''}:{f'{{end{axis}}}' if begin + size != whole else ''}"
            for axis, (begin, size, whole) in enumerate(zip(begins, to, inputs[0].space, strict=True))
        ]
        ranges = ", ".join(slots)
        return Lowering(f"{{x}}[..., {ranges}]", values=values)
