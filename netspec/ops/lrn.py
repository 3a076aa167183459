"""`lrn(n)`: local response normalisation over neighbouring maps."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import TITLE, kind
from netspec.ir.operation import Elementwise, Lowering, option, wants_values
from netspec.ir.types import Type, refuse


class Lrn(Elementwise):
    """Each value divided by (k + alpha/n * sum of squares over n neighbouring maps)^beta.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "lrn"
    effect = "across"
    family = "norm"
    summary = "local response normalisation over neighbouring maps"
    titles = ("local response norm, {size} maps", "국소 응답 정규화, 맵 {size}개")
    formula = "x / (k + alpha/n sum x^2)^beta"
    source = "Krizhevsky 2012; torch.nn.functional.local_response_norm"
    example = "lrn(5)"
    positional = ("size",)
    size: int = option("integer", "how many neighbouring maps", least=1, mark=TITLE)
    alpha: float = option(
        "real", "how much the neighbours count", default=1e-4, mark=kind("α = {}", "α = {}", note=True)
    )
    beta: float = option("real", "the exponent", default=0.75, mark=kind("β = {}", "β = {}", note=True))
    k: float = option("real", "the constant", default=1.0, mark=kind("k = {}", "k = {}", note=True))

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        if not inputs[0].space:
            refuse("NS309", input=0, step="lrn", type=str(inputs[0]))
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        squares = (x * x).pad(1, self.size // 2, (self.size - 1) // 2)
        neighbours = squares.window(1, x.shape[1], 1, self.size, 1)
        mean = neighbours.sum(-1).reshape(*x.shape) / self.size
        return x / (mean * self.alpha + self.k) ** self.beta

    def torch(self, *inputs: Type) -> Lowering:
        values = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return Lowering("F.local_response_norm({x}, {size}, {alpha}, {beta}, {k})", values=dict(values), folds=True)
