"""Vectors for class indices and for positions in time."""

from __future__ import annotations

import math
from typing import Any

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind
from netspec.ir.operation import Construct, Init, Lowering, Op, Part, Weight, option, plain
from netspec.ir.sizes import Size, divides
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted


class Embed(Weighted):
    """Replaces a class index by a row of a trained K x width table.

    Shape: class indices (B, [T,] *space) -> (B, [T,] width, *space).
    """

    name = "embed"
    family = "embed"
    wiring = "full"
    stored = "in_out"
    init_parts = ("weight",)
    summary = "a trained vector for each class"
    titles = ("embedding, {width} values", "임베딩, 값 {width}개")
    formula = "x = W[c]"
    source = "Bengio 2003; torch.nn.Embedding"
    example = "tokens -> embed(768, init = normal(0, 0.02))"
    positional = ("width",)
    width: Size = option("size", "values of each vector", least=1, mark=TITLE)

    def partial(self, *inputs: Type) -> Type:
        return Type(self.width, inputs[0].space, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.classes is None:
            refuse("NS332", input=0, step="embed", type=str(value))
        return Type(self.width, value.space, value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        classes = inputs[0].classes
        assert classes is not None
        return (self.weight("weight", (classes, self.width), Init("embedding"), fan_in=self.width, fan_out=classes),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        table, x = call.weight("weight"), inputs[0]
        chosen = x.add_axis(-1).equals(constants(range(table.shape[0]), (table.shape[0],)))
        places = "xyz"[: len(x.shape) - 1]
        return total(f"b{places}k,kd->bd{places}", chosen, table)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        assert value.classes is not None
        forward = "{self}({x})" if not value.space else f"{{self}}({{x}}).movedim(-1, {-1 - len(value.space)})"
        return Lowering(forward, Construct("nn.Embedding", plain((value.classes, self.width))))


class OneHot(Op):
    """Turns a class index into K maps: 1 in the map of the index, 0 in the others.

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
    """Adds a vector for each position in time; the vectors are trained, or made of sines.

    Shape: (B, T, C) -> (B, T, width).
    """

    name = "positions"
    family = "embed"
    over_time = True
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
