"""`gaussian(K)`: LeNet's output: how near the values are to K fixed prototypes."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind, shown
from netspec.ir.operation import Construct, Init, Lowering, Op, Part, Weight, option, plain, wants_values
from netspec.ir.sizes import Size
from netspec.ir.types import Type, refuse

GAUSSIAN = Part(
    "Gaussian",
    '''class Gaussian(nn.Module):
    """Minus the squared distance to K fixed prototypes: larger is nearer (LeCun 1998)."""

    prototypes: Tensor

    def __init__(
        self, values: int, prototypes: int, given: tuple[tuple[float, ...], ...] | None = None
    ) -> None:
        super().__init__()
        drawn = torch.randint(0, 2, (prototypes, values)).float() * 2 - 1
        self.register_buffer("prototypes", drawn if given is None else torch.tensor(given))

    def forward(self, x: Tensor) -> Tensor:
        return -(x.unsqueeze(-2) - self.prototypes).square().sum(-1)''',
)


class Gaussian(Op):
    """Minus the squared distance to K prototypes of +-1, drawn once or given, and never trained.

    Larger is nearer, so `cross_entropy` and `accuracy` take it as it is (the paper plots the distance).

    Shape: (B, [T,] C, *space) -> (B, [T,] count).
    """

    name = "gaussian"
    family = "dense"
    wiring = "full"
    summary = "minus the squared distance to K fixed prototypes"
    formula = "y_k = -sum_j (x_j - p_kj)^2"
    source = "LeCun 1998, section II.B"
    example = "84 perceptrons -> tanh -> gaussian(10)"
    positional = ("count",)
    depth = 1
    count: Size = option("size", "how many prototypes", least=1, mark=TITLE)
    prototypes: Any = option(
        "list",
        "the prototypes themselves, a row of numbers each",
        default=None,
        mark=kind("prototypes {}", "원형 {}", note=True),
    )

    def partial(self, *inputs: Type) -> Type:
        return Type(self.count, (), inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.prototypes is not None:
            rows = self.prototypes
            if len(rows) != self.count or any(not isinstance(row, tuple) or len(row) != value.values for row in rows):
                refuse("NS327", option="prototypes", rows=str(self.count), columns=str(value.values))
        return Type(self.count, (), value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        shape = (self.count, inputs[0].values)
        if self.prototypes is not None:
            return (Weight("prototypes", shape, Init("given"), buffer=True, given=self.prototypes),)
        return (Weight("prototypes", shape, Init("signs"), buffer=True),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0].reshape(inputs[0].shape[0], 1, -1)
        away = x - call.weight("prototypes")
        return -(away * away).sum(-1).at(-1, 0)

    def label(self, lang: str, output: Type) -> str:
        return f"gaussian({shown(output.values)})"

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        args: Any = plain((value.values, self.count))
        if self.prototypes is not None:
            args = (*args, tuple(tuple(float(number) for number in row) for row in self.prototypes))
        flat = "{x}" if not value.space else f"{{x}}.flatten({-1 - len(value.space)})"
        return Lowering(f"{{self}}({flat})", Construct("Gaussian", args), parts=(GAUSSIAN,))
