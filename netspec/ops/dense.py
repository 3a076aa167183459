"""Operations that read all values of a time step: weighted sums, and distances to prototypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from netspec.compute.arrays import Array, total
from netspec.ir.call import Call
from netspec.ir.marks import NO_BIAS, TITLE, kind, structure, unseen
from netspec.ir.operation import Construct, Init, Lowering, Op, Part, Weight, listed, option, plain, wants_values
from netspec.ir.sizes import Formula, Size, product
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted, given_rows, weighted_sum


class Perceptrons(Weighted):
    """N weighted sums of all values of a time step: s_j = w_j0 + w_j1 x_1 + ... + w_jd x_d.

    Values are read maps first, then rows, then columns. `h x w perceptrons` arranges the sums as a grid.

    Shape: (B, [T,] C, *space) -> (B, [T,] units), or (B, [T,] 1, h, w) for a grid.
    """

    name = "perceptrons"
    family = "dense"
    wiring = "full"
    weighted_sum = True
    summary = "N weighted sums, each of all values of a time step"
    titles = ("{units} perceptrons", "퍼셉트론 {units}개")
    formula = "s_j = w_j0 + sum_i w_ji x_i"
    source = "Rosenblatt 1958; torch.nn.Linear"
    example = "128 perceptrons -> relu"
    noun = True
    depth = 1
    units: tuple[Size, ...] = option("extent", "how many, or a grid of them", least=1, mark=TITLE, written=False)
    bias: bool = option("flag", "each has a weight w_0 for the constant 1", default=True, mark=NO_BIAS)
    tie: Any = option(
        "tie",
        "uses the weights of another layer: a, or transpose(a)",
        default=None,
        mark=structure(
            {"straight": "tied weights", "turned": "tied weights, transposed"},
            {"straight": "묶인 가중치", "turned": "묶인 가중치, 전치"},
        ),
    )
    weights_: Any = option(
        "list",
        "the initial weights, a row [w_0, w_1, …] for each perceptron",
        default=None,
        mark=unseen("initial values, that training moves", "initial weights {}", "초기 가중치 {}"),
    )

    @property
    def stored(self) -> Literal["out_in", "in_out"]:
        return "in_out" if self.tie == "turned" else "out_in"

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return weighted_sum(self, inner[0], fresh, *inputs)

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
        if self.weights_ is not None and not isinstance(inputs[0].values, Formula):
            self._given(inputs[0].values)
        return self._result(inputs[0])

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        fan = inputs[0].values
        if self.weights_ is not None:
            return self._given(fan)
        weight = self.weight("weight", (self.total, fan), fan_in=fan, fan_out=self.total)
        if not self.bias:
            return (weight,)
        return (weight, self.weight("bias", (self.total,), fan_in=fan))

    def _given(self, fan: Size) -> tuple[Weight, ...]:
        """Return the initial weights that the spec lists: a row for each perceptron, with w_0 (the bias) first."""
        rows, first = given_rows(self.weights_, self.total, fan, self.bias), int(self.bias)
        given = tuple(row[first:] for row in rows)
        weight = Weight("weight", (self.total, fan), Init("given"), fan_in=fan, given=given)
        if not self.bias:
            return (weight,)
        return (weight, Weight("bias", (self.total,), Init("given"), given=tuple(row[0] for row in rows)))

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0].reshape(inputs[0].shape[0], -1)
        matrix = call.weight("weight")
        found = total("ji,bi->bj", matrix.swap(0, 1) if self.tie == "turned" else matrix, x)
        if self.bias:
            found = found + call.weight("bias")
        return found if len(self.units) == 1 else found.reshape(found.shape[0], 1, *plain(self.units))

    def torch(self, *inputs: Type) -> Lowering:
        (fan, total) = plain((inputs[0].values, self.total))
        flat = "{x}" if not inputs[0].space else f"{{x}}.flatten({-1 - len(inputs[0].space)})"
        module: Construct | None = Construct("nn.Linear", (fan, total), {"bias": self.bias}, {"bias": True})
        forward = f"{{self}}({flat})"
        if self.tie is not None:
            turned = "{tied}.t()" if self.tie == "turned" else "{tied}"
            forward = f"F.linear({flat}, {turned}, {{self}})" if self.bias else f"F.linear({flat}, {turned})"
            module = None
        if len(self.units) > 1:
            grid, values = listed(self.units)
            return Lowering(f"torch.unflatten({forward}, -1, (1, {grid}))", module, values)
        return Lowering(forward, module)

    @property
    def bare(self) -> bool:
        return self.tie is not None  # perceptrons with tied weights store only a bias

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        steps = 1 if outputs[0].time is None else outputs[0].time.length
        return self.total * inputs[0].values * steps


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
    """The negative squared distance to K prototypes of +-1, which are random or listed and never trained.

    A larger value is nearer, so `cross_entropy` and `accuracy` work directly (the paper plots the distance).

    Shape: (B, [T,] C, *space) -> (B, [T,] count).
    """

    name = "gaussian"
    family = "dense"
    wiring = "full"
    summary = "minus the squared distance to K fixed prototypes"
    titles = ("minus the squared distance to {count} prototypes", "원형 {count}개까지의 제곱거리에 빼기 부호")
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
            if len(rows) != self.count or not all(_is_row(row, value.values) for row in rows):
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

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        args: Any = plain((value.values, self.count))
        if self.prototypes is not None:
            args = (*args, tuple(tuple(float(number) for number in row) for row in self.prototypes))
        flat = "{x}" if not value.space else f"{{x}}.flatten({-1 - len(value.space)})"
        return Lowering(f"{{self}}({flat})", Construct("Gaussian", args), parts=(GAUSSIAN,))


def _is_row(row: Any, count: Size) -> bool:
    """Whether an item of a list is a row of `count` numbers."""
    return isinstance(row, tuple) and len(row) == count and all(isinstance(one, int | float) for one in row)


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
    titles = ("squared distance to {count} prototypes", "원형 {count}개까지의 제곱거리")
    formula = "y_n = sum_j (x_j - p_nj)^2"
    source = "Broomhead & Lowe 1988 (radial basis functions)"
    example = "distance(10)"
    stored = "out_in"
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

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        flat = "{x}" if not value.space else f"{{x}}.flatten({-1 - len(value.space)})"
        return Lowering(
            f"{{self}}({flat})", Construct("Distance", plain((value.values, self.count))), parts=(DISTANCE,)
        )
