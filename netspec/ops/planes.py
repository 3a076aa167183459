"""Operations that change the space of maps: crop, pad, enlarge, cut into patches."""

from __future__ import annotations

import math
from typing import Any

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind, structure
from netspec.ir.operation import Argument, Lowering, Op, Windows, extent, listed, option, plain, squeeze, wants_space
from netspec.ir.sizes import Size, divides, product, text
from netspec.ir.types import Type, refuse, space_text


class Crop(Op):
    """Takes the middle of each map, or the part that begins at `at`. If the margin is odd, the larger part is at the
    end.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *to).
    """

    name = "crop"
    titles = ("", "자르기")
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
        wants_space(self, value)
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


class Pad(Op):
    """Adds n rows before and after each axis of space: a constant, a mirror image, the edge, or the opposite side.

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *larger).
    """

    name = "pad"
    titles = ("", "패딩")
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
        wants_space(self, value)
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


class Upsample(Op):
    """Enlarges each map by repeating values (nearest) or by linear interpolation (linear).

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *larger).
    """

    name = "upsample"
    family = "pool"
    wiring = "window"
    summary = "each map k times as large"
    titles = ("upsampling", "업샘플링")
    source = "torch.nn.functional.interpolate"
    example = "upsample(2, mode = linear)"
    positional = ("factor",)
    factor: Any = option("extent", "how many times as large", default=None, least=1, mark=structure("{} times", "{}배"))
    to: Any = option(
        "extent", "the size to come out, instead", default=None, least=1, mark=structure("to {}", "{}까지")
    )
    mode: str = option(
        "word",
        "how values between are found",
        default="nearest",
        choices=("nearest", "linear"),
        mark=kind(
            {"nearest": "nearest value", "linear": "linear"}, {"nearest": "가장 가까운 값", "linear": "선형 보간"}
        ),
    )
    corners: bool = option(
        "flag",
        "linear: corner values stay at the corners",
        default=False,
        mark=kind({True: "corners aligned"}, {True: "모서리 맞춤"}, note=True),
    )

    def partial(self, *inputs: Type) -> Type:
        return Type(inputs[0].maps, super().partial(*inputs).space, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_space(self, value)
        if (self.factor is None) == (self.to is None):
            refuse("NS347")
        if self.corners and self.mode == "nearest":
            refuse("NS361", option="corners", name="corners", other="mode = nearest")
        if self.to is not None:
            return Type(value.maps, extent(self.to, value.space, "to"), value.time)
        factors = extent(self.factor, value.space, "factor")
        out = tuple(size * factor for size, factor in zip(value.space, factors, strict=True))
        return Type(value.maps, out, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        for axis, (size, to) in enumerate(zip(x.shape[2:], plain(self.shape(*call.types).space), strict=True), 2):
            if self.mode == "nearest":
                x = x.pick(axis, [min(place * size // to, size - 1) for place in range(to)])
                continue
            shares: list[float] = []
            for place in range(to):
                at = self._between(place, size, to)
                low = min(int(at), size - 1)
                row = [0.0] * size
                row[low] += 1 - (at - low)
                row[min(low + 1, size - 1)] += at - low
                shares += row
            letters = "abcde"[: len(x.shape)]
            own = letters[axis]
            x = total(f"{letters},o{own}->{letters.replace(own, 'o')}", x, constants(shares, (to, size)))
        return x

    def windows(self, value: Type) -> Windows | None:
        if self.factor is None or self.mode != "nearest":
            return None
        factors, axes = extent(self.factor, value.space, "factor"), len(value.space)
        return Windows(factors, factors, (1,) * axes, (0,) * axes, turned=True)

    def _between(self, place: int, size: int, to: int) -> float:
        """Return the position in the smaller map that corresponds to a place of the larger one."""
        if self.corners:
            return place * (size - 1) / (to - 1) if to > 1 else 0.0
        return max(0.0, (place + 0.5) * size / to - 0.5)

    def torch(self, *inputs: Type) -> Lowering:
        space = inputs[0].space
        if self.to is not None:
            size: Any = squeeze(extent(self.to, space, "to"))
            call, values = "F.interpolate({x}, {size}", {"size": size}
        else:
            factors: Any = squeeze(extent(self.factor, space, "factor"))
            factors = tuple(map(_real, factors)) if isinstance(factors, tuple) else _real(factors)
            call, values = "F.interpolate({x}, scale_factor={factor}", {"factor": factors}
        if self.mode == "linear":
            mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(space)]
            call += f', mode="{mode}"' + (", align_corners=True" if self.corners else "")
        return Lowering(f"{call})", values=dict(values), folds=True)


def _real(size: Any) -> Any:
    """Return a factor in the form that torch's interpolate needs."""
    return float(size) if isinstance(size, int) else size


class Patches(Op):
    """Turns each patch of a map into maps: `c @ h x w` -> `c*k*k @ h/k x w/k`. Patches do not overlap.

    Shape: (B, [T,] C, *space) -> (B, [T,] C * patch, *patches).
    """

    name = "patches"
    titles = ("", "패치로 나누기")
    family = "embed"
    summary = "each patch of a map becomes maps"
    source = "torch.nn.functional.pixel_unshuffle"
    example = "patches(4x4)"
    positional = ("size",)
    size: Any = option("extent", "the size of a patch", least=1, mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_space(self, value)
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
            # starting at the last axis, each axis is split into (patch, place inside the patch)
            text_ = f"torch.unflatten({text_}, {-1 - 2 * axis}, (-1, {{size{axes - 1 - axis}}}))"
        places = [-2 * axes + 2 * axis for axis in range(axes)]
        insides = [place + 1 for place in places]
        moved = f"{text_}.movedim({tuple(insides)}, {tuple(range(-2 * axes, -axes))})"
        return Lowering(f"{moved}.flatten({-2 * axes - 1}, {-axes - 1})", values=listed(sizes)[1])


class Unpatches(Op):
    """Turns maps into patches of larger maps: the reverse of `patches` (pixel shuffle).

    Shape: (B, [T,] C * patch, *patches) -> (B, [T,] C, *space).
    """

    name = "unpatches"
    titles = ("", "패치 합치기")
    family = "rearrange"
    summary = "maps become patches of larger maps"
    source = "Shi 2016; torch.nn.functional.pixel_shuffle"
    example = "12 filters 3x3 (pad = 1) -> unpatches(2x2)"
    positional = ("size",)
    size: Any = option("extent", "the size of a patch", least=1, mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_space(self, value)
        sizes = extent(self.size, value.space, "size")
        if not divides(product(sizes), value.maps):
            refuse("NS315", option="size", what="maps", number=text(value.maps), groups=text(product(sizes)))
        space = tuple(length * size for length, size in zip(value.space, sizes, strict=True))
        return Type(value.maps // product(sizes), space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, axes = inputs[0], len(call.types[0].space)
        sizes = plain(extent(self.size, call.types[0].space, "size"))
        x = x.split(1, x.shape[1] // math.prod(sizes), *sizes)
        for axis in range(axes):  # the axis inside a patch must directly follow the axis of patches
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
        # the axis inside a patch must directly follow the axis of patches
        insides = tuple(range(-2 * axes, -axes))
        moved += f".movedim({insides}, {tuple(range(1 - 2 * axes, 1, 2))})" if axes > 1 else ".movedim(-2, -1)"
        for axis in range(axes):
            moved += f".flatten({-2 - axis}, {-1 - axis})"
        return Lowering(moved, values=values)
