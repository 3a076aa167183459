"""`gain`: every map times a trained number."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import kind
from netspec.ir.operation import Construct, Lowering, Part, Weight, option, plain
from netspec.ir.sizes import Size
from netspec.ir.types import Type
from netspec.ops.over_role import OverRole
from netspec.ops.weighted import ONES, ZEROS

GAIN = Part(
    "Gain",
    '''class Gain(nn.Module):
    """Multiplies by trained numbers and adds trained numbers."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(*sizes))
        self.bias = nn.Parameter(torch.zeros(*sizes))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias''',
)


class Gain(OverRole):
    """Each value times a trained number: one for each map; with space the role says for what.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "gain"
    effect = "each"
    family = "arithmetic"
    summary = "every map times a trained number"
    formula = "w_c x_c"
    source = "Touvron 2021 (LayerScale)"
    example = "attention(heads) -> gain(init = 1e-6)"
    bias: bool = option(
        "flag",
        "a trained number to add, too",
        default=False,
        mark=kind({True: "with bias"}, {True: "편향 있음"}, note=True),
    )

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        shape = self._stored(inputs[0])
        weight = self.weight("weight", shape, ONES)
        return (weight, self.weight("bias", shape, ZEROS)) if self.bias else (weight,)

    def _stored(self, value: Type) -> tuple[Size, ...]:
        """The array's shape: maps are followed by an axis of one for each axis of space."""
        ones = (1,) * len(value.space) if self.role == "maps" else ()
        return (*self.sizes(value), *ones)

    def compute(self, call: Call, *inputs: Array) -> Array:
        scaled = inputs[0] * call.weight("weight")
        return scaled + call.weight("bias") if self.bias else scaled

    def torch(self, *inputs: Type) -> Lowering:
        if not self.bias:
            return Lowering("{x} * {self}")
        sizes = plain(self._stored(inputs[0]))
        return Lowering("{self}({x})", Construct("Gain", sizes), parts=(GAIN,))

    @property
    def bare(self) -> bool:
        return not self.bias
