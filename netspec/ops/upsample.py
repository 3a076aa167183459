"""`upsample(k)`: each map k times as large."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import kind, structure
from netspec.ir.operation import Lowering, Op, extent, option, plain, squeeze, wants_values
from netspec.ir.types import Type, refuse


class Upsample(Op):
    """Each map larger, by repeating values (nearest) or by straight lines between them (linear).

    Shape: (B, [T,] C, *space) -> (B, [T,] C, *larger).
    """

    name = "upsample"
    family = "pool"
    wiring = "window"
    summary = "each map k times as large"
    source = "torch.nn.functional.interpolate"
    example = "upsample(2, mode = linear)"
    positional = ("factor",)
    factor: Any = option("extent", "how many times as large", default=None, least=1, mark=structure("×{}", "×{}"))
    to: Any = option(
        "extent", "the size to come out, instead", default=None, least=1, mark=structure("to {}", "{}까지")
    )
    mode: str = option(
        "word",
        "how values between are found",
        default="nearest",
        choices=("nearest", "linear"),
        mark=kind({"nearest": "nearest", "linear": "linear"}, {"nearest": "가장 가까운 값", "linear": "선형 보간"}),
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
        wants_values(self, value)
        if not value.space:
            refuse("NS309", input=0, step="upsample", type=str(value))
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

    def _between(self, place: int, size: int, to: int) -> float:
        """Where among the values of the smaller map a place of the larger one lies."""
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
    """A factor as torch's interpolate wants it."""
    return float(size) if isinstance(size, int) else size
