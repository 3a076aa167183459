"""`pad(n)`: rows and columns around each map."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind, structure
from netspec.ir.operation import Lowering, Op, extent, listed, option, plain, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse


class Pad(Op):
    """Adds n rows before and after each axis of space: a number, the map mirrored, its edge, or its other end.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *larger).
    """

    name = "pad"
    family = "rearrange"
    fills = True
    summary = "rows and columns around each map"
    source = "torch.nn.functional.pad"
    example = "pad(3, mode = reflect)"
    positional = ("size",)
    size: Any = option("extent", "how many on each side", default=None, least=0, mark=TITLE)
    to: Any = option(
        "extent",
        "the size to come out, instead: added at the end of each axis",
        default=None,
        least=1,
        mark=structure("to {}", "{}까지"),
    )
    mode: str = option(
        "word",
        "what stands there",
        default="constant",
        choices=("constant", "reflect", "edge", "wrap"),
        mark=kind(
            {"reflect": "mirrored", "edge": "edge values", "wrap": "wrapped round"},
            {"reflect": "거울처럼", "edge": "가장자리 값", "wrap": "반대편 값"},
        ),
    )
    value: float = option("real", "the number, for constant", default=0.0, mark=kind("of {}", "값 {}"))

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step="pad", type=str(value))
        if (self.size is None) == (self.to is None):
            refuse("NS344")
        if self.value != 0 and self.mode != "constant":
            refuse("NS361", option="value", name="value", other=f"mode = {self.mode}")
        sides = self._sides(value)
        for size, (before, after) in zip(value.space, sides, strict=True):
            if after < 0:
                refuse("NS345", option="to", size=text(size), type=str(value))
            most = size - 1 if self.mode == "reflect" else size
            if self.mode in ("reflect", "wrap") and (before > most or after > most):
                refuse("NS346", option="size", mode=self.mode, most=text(most), size=text(size))
        out = tuple(size + a + b for size, (a, b) in zip(value.space, sides, strict=True))
        return Type(value.maps, out, value.time)

    def _sides(self, value: Type) -> list[tuple[Size, Size]]:
        if self.to is not None:
            to = extent(self.to, value.space, "to")
            return [(0, want - size) for size, want in zip(value.space, to, strict=True)]
        return [(size, size) for size in extent(self.size, value.space, "size")]

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        for axis, (before, after) in enumerate(map(plain, self._sides(call.types[0])), 2):
            size = x.shape[axis]
            wanted = range(-before, size + after)
            if self.mode == "constant":
                x = x.pad(axis, before, after, self.value)
            elif self.mode == "wrap":
                x = x.pick(axis, [place % size for place in wanted])
            elif self.mode == "edge":
                x = x.pick(axis, [min(max(place, 0), size - 1) for place in wanted])
            else:
                x = x.pick(axis, [size - 1 - abs(size - 1 - abs(place)) for place in wanted])
        return x

    def torch(self, *inputs: Type) -> Lowering:
        # torch lists the last axis first
        pairs = [size for pair in reversed(self._sides(inputs[0])) for size in pair]
        sides, values = listed(pairs)
        if self.mode == "constant":
            extra = "" if self.value == 0 else ", value={value}"
            return Lowering(f"F.pad({{x}}, ({sides}){extra})", values=values | ({"value": self.value} if extra else {}))
        mode = {"edge": "replicate", "wrap": "circular"}.get(self.mode, self.mode)
        return Lowering(f'F.pad({{x}}, ({sides}), mode="{mode}")', values=values, folds=True)
