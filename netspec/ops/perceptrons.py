"""`N perceptrons`: every one reads all values of a time step."""

from __future__ import annotations

from typing import Any

from netspec.ops.base import Construct, Glyph, Lowering, Weight, option, plain, wants_values
from netspec.ops.weighted import Weighted
from netspec.sizes import Size, product
from netspec.types import Type, refuse


class Perceptrons(Weighted):
    """N weighted sums of everything that comes in: s_j = w_j0 + w_j1 x_1 + ... + w_jd x_d.

    Values are read maps first, then rows, then columns. `h x w perceptrons` arranges the sums as a grid.
    """

    name = "perceptrons"
    summary = "N weighted sums, each of all values of a time step"
    formula = "s_j = w_j0 + sum_i w_ji x_i"
    source = "Rosenblatt 1958; torch.nn.Linear"
    example = "128 perceptrons -> relu"
    noun = True
    depth = 1
    units: tuple[Size, ...] = option("extent", "how many, or a grid of them", least=1)
    bias: bool = option("flag", "each has a weight w_0 for the constant 1", default=True)
    tie: Any = option("tie", "uses the weights of another layer: a, or transpose(a)", default=None)
    weights_: Any = option("list", "the initial weights, a row [w_0, w_1, …] for each perceptron", default=None)

    @property
    def total(self) -> Size:
        return product(self.units)

    def partial(self, *inputs: Type) -> Type:
        return self._result(inputs[0])

    def _result(self, value: Type) -> Type:
        if len(self.units) == 1:
            return Type(self.units[0], (), value.time)
        return Type(1, self.units, value.time)

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        if len(self.units) > 3:
            refuse("NS310", option="units", axes=len(self.units))
        return self._result(inputs[0])

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        fan = inputs[0].values
        weight = self.weight("weight", (self.total, fan), fan_in=fan, fan_out=self.total)
        if not self.bias:
            return (weight,)
        return (weight, self.weight("bias", (self.total,), fan_in=fan))

    def torch(self, *inputs: Type) -> Lowering:
        kwargs: dict[str, Any] = {} if self.bias else {"bias": False}
        (fan, total) = plain((inputs[0].values, self.total))
        flat = "{x}" if not inputs[0].space else "{x}.flatten(-%d)" % (len(inputs[0].space) + 1)
        forward = f"{{self}}({flat})"
        if len(self.units) > 1:
            grid = ", ".join(str(size) for size in plain((1, *self.units)))
            forward = f"{forward}.unflatten(-1, ({grid}))"
        return Lowering(forward, Construct("nn.Linear", (fan, total), kwargs))

    def glyph(self) -> Glyph:
        return Glyph("units", "")

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        steps = 1 if outputs[0].time is None else outputs[0].time.length
        return self.total * inputs[0].values * steps  # type: ignore[return-value]
