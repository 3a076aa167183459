"""`unflatten(h x w)`: the time steps of a sequence become the places of a map."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Lowering, Op, listed, option, plain
from netspec.ir.sizes import Size, product, text
from netspec.ir.types import Type, refuse, space_text


class Unflatten(Op):
    """Time steps become places, row by row: the reverse of `flatten(space)`.

    Shape: (B, T, C) -> (B, C, *to).
    """

    name = "unflatten"
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "time steps become places, row by row"
    source = "torch.nn.Unflatten"
    example = "repeat 12 { Encoder(12, 3072) } -> unflatten(14x14)"
    positional = ("to",)
    to: Any = option("extent", "the space to come out", least=1, mark=TITLE)

    @property
    def over_time(self) -> bool:
        return True

    @property
    def _space(self) -> tuple[Size, ...]:
        return self.to if isinstance(self.to, tuple) else (self.to,)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.time is None or value.space:
            refuse("NS311", input=0, step="unflatten", type=str(value))
        if value.time.varying:
            refuse("NS308", input=0, step="unflatten", type=str(value))
        if product(self._space) != value.time.length:
            places = text(product(self._space))
            refuse("NS370", option="to", input=0, type=str(value), want=space_text(self._space),
                   steps=text(value.time.length), places=places)  # fmt: skip
        return Type(value.maps, self._space, None, value.classes)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        steps = x if call.types[0].classes is not None else x.swap(1, 2)
        return steps.reshape(*steps.shape[:-1], *plain(self._space))

    def torch(self, *inputs: Type) -> Lowering:
        sizes, values = listed(self._space)
        steps = "{x}" if inputs[0].classes is not None else "{x}.transpose(1, 2)"
        if len(self._space) == 1:
            return Lowering(steps)
        return Lowering(f"torch.unflatten({steps}, -1, ({sizes}))", values=values)
