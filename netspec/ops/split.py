"""`split(n)`: the maps in n equal parts."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, structure
from netspec.ir.operation import Lowering, Op, listed, option, plain, wants_values
from netspec.ir.sizes import Formula, Size, divides, text
from netspec.ir.types import UNKNOWN, Type, refuse


class Split(Op):
    """Several values of fewer maps, in order: n equal parts, or parts of the given sizes.

    Shape: (B, [T,] C, *space) -> parts (B, [T,] C / n, *space).
    """

    name = "split"
    family = "rearrange"
    linear = True
    summary = "the maps in n parts"
    source = "torch.Tensor.split"
    example = "hidden a: 2*H perceptrons -> split(2)"
    positional = ("count",)
    count: Any = option("size", "how many equal parts", default=None, least=1, mark=TITLE)
    sizes: Any = option("list", "the maps of each part", default=None, mark=structure("parts of {}", "{}로 나눔"))

    @property
    def parts(self) -> int:
        if self.sizes is not None:
            return len(self.sizes)
        return self.count if isinstance(self.count, int) else 1

    def partial(self, *inputs: Type) -> Type:
        return Type(UNKNOWN, inputs[0].space, inputs[0].time)

    def shape(self, *inputs: Type) -> tuple[Type, ...]:
        value = inputs[0]
        wants_values(self, value)
        if (self.count is None) == (self.sizes is None):
            refuse("NS337")
        parts = self._parts(value)
        return tuple(Type(maps, value.space, value.time) for maps in parts)

    def _parts(self, value: Type) -> tuple[Size, ...]:
        if self.sizes is not None:
            total: Any = 0
            for size in self.sizes:
                total = total + size
            if total != value.maps or any(not isinstance(size, (int, Formula)) or size < 1 for size in self.sizes):
                refuse("NS338", option="sizes", total=text(total), maps=text(value.maps))
            return tuple(self.sizes)
        if not isinstance(self.count, int):
            refuse("NS339", option="count", count=text(self.count))
        if not divides(self.count, value.maps):
            refuse("NS315", option="count", what="maps", number=text(value.maps), groups=text(self.count))
        return (value.maps // self.count,) * self.count

    def compute(self, call: Call, *inputs: Array) -> tuple[Array, ...]:
        found, begin = [], 0
        for size in plain(self._parts(call.types[0])):
            found.append(inputs[0].pick(1, range(begin, begin + size)))
            begin += size
        return tuple(found)

    def torch(self, *inputs: Type) -> Lowering:
        axis = -1 - len(inputs[0].space)
        parts = self._parts(inputs[0])
        if self.sizes is None:
            return Lowering(f"{{x}}.chunk({{parts}}, dim={axis})", values={"parts": len(parts)})
        sizes, values = listed(parts)
        return Lowering(f"torch.split({{x}}, [{sizes}], dim={axis})", values=values)
