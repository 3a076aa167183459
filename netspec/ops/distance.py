"""`distance(N)`: how far the values are from N trained prototypes."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, shown
from netspec.ir.operation import Construct, Init, Lowering, Part, Weight, option, plain, wants_values
from netspec.ir.sizes import Size
from netspec.ir.types import Type
from netspec.ops.weighted import Weighted

DISTANCE = Part(
    "Distance",
    '''class Distance(nn.Module):
    """The squared distance to each of N trained prototypes."""

    def __init__(self, values: int, prototypes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(prototypes, values))

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(-2) - self.weight).square().sum(-1)''',
)


class Distance(Weighted):
    """The squared distance to each of N trained prototypes: smaller is nearer.

    Shape: (B, [T,] C, *space) -> (B, [T,] count).
    """

    name = "distance"
    family = "dense"
    wiring = "full"
    init_parts = ("weight",)
    summary = "the squared distance to N trained prototypes"
    formula = "y_n = sum_j (x_j - p_nj)^2"
    source = "Broomhead & Lowe 1988 (radial basis functions)"
    example = "distance(10)"
    positional = ("count",)
    depth = 1
    count: Size = option("size", "how many prototypes", least=1, mark=TITLE)

    def partial(self, *inputs: Type) -> Type:
        return Type(self.count, (), inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return Type(self.count, (), inputs[0].time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        fan = inputs[0].values
        return (self.weight("weight", (self.count, fan), Init("embedding"), fan_in=fan, fan_out=self.count),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0].reshape(inputs[0].shape[0], 1, -1)
        away = x - call.weight("weight")
        return (away * away).sum(-1).at(-1, 0)

    def label(self, lang: str, output: Type) -> str:
        return f"distance({shown(output.values)})"

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        flat = "{x}" if not value.space else f"{{x}}.flatten({-1 - len(value.space)})"
        return Lowering(
            f"{{self}}({flat})", Construct("Distance", plain((value.values, self.count))), parts=(DISTANCE,)
        )
