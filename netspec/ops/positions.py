"""`positions(d)`: a vector for each place in time."""

from __future__ import annotations

import math
from typing import Any

from netspec.compute.arrays import Array, constants
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind
from netspec.ir.operation import Construct, Init, Lowering, Part, Weight, option, plain
from netspec.ir.sizes import Size, divides
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted

SINES = Part(
    "sines",
    '''def sines(x: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Sines and cosines of each place, of wavelengths from 2 pi to 10,000 * 2 pi (Vaswani 2017)."""
    rates = torch.exp(torch.arange(0, width, 2, device=x.device) * (-math.log(10000.0) / width))
    angles = torch.arange(x.shape[1], device=x.device)[:, None] * rates
    table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return table.to(dtype).expand(x.shape[0], -1, -1)''',
)


class Positions(Weighted):
    """The vector of each place in time, trained or of sines; it is added to the values.

    Shape: (B, T, C) -> (B, T, width).
    """

    name = "positions"
    family = "embed"
    init_parts = ("weight",)
    summary = "a vector for each place in time"
    formula = "p_t = W[t]"
    source = "Gehring 2017 (trained), Vaswani 2017 (sines)"
    example = "hidden wpe: tokens -> positions(768)"
    positional = ("width",)
    width: Any = option(
        "size", "values of each vector; those of the input when left out", default=None, least=1, mark=TITLE
    )
    kind: str = option(
        "word",
        "trained vectors, or sines and cosines",
        default="learned",
        choices=("learned", "sine"),
        mark=kind({"learned": "learned", "sine": "sinusoidal"}, {"learned": "학습됨", "sine": "사인파"}),
    )

    def unstored(self, part: str) -> str:
        return "kind = sine" if self.kind == "sine" else super().unstored(part)

    @property
    def over_time(self) -> bool:
        return True

    def _width(self, value: Type) -> Size:
        return value.maps if self.width is None else self.width

    def partial(self, *inputs: Type) -> Type:
        return Type(self._width(inputs[0]), (), inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.time is None:
            refuse("NS325", input=0, step="positions", type=str(value))
        width = self._width(value)
        if self.kind == "sine" and not divides(2, width):
            refuse("NS333", option="width", width=str(width))
        return Type(width, (), value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        time = inputs[0].time
        if self.kind == "sine" or time is None:
            return ()
        width = self._width(inputs[0])
        return (self.weight("weight", (time.length, width), Init("embedding"), fan_in=width, fan_out=time.length),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        examples, steps = inputs[0].shape[:2]
        (width,) = plain((self._width(call.types[0]),))
        if self.kind == "learned":
            return call.weight("weight").pick(0, range(steps)).add_axis(0, examples)
        rates = [math.exp(place * -math.log(10000) / width) for place in range(0, width, 2)]
        waves = [wave(step * rate) for step in range(steps) for rate in rates for wave in (math.sin, math.cos)]
        return constants(waves, (steps, width)).add_axis(0, examples)

    def torch(self, *inputs: Type) -> Lowering:
        time = inputs[0].time
        assert time is not None
        sizes = plain((time.length, self._width(inputs[0])))
        if self.kind == "sine":
            return Lowering("sines({x}, {width}, {dtype})", values={"width": sizes[1]}, parts=(SINES,))
        places = "torch.arange({x}.shape[1], device={x}.device)"
        table = f"{{self}}({places})"
        return Lowering(f"{table}.expand({{batch}}, -1, -1)", Construct("nn.Embedding", sizes), shared=table)
