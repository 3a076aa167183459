"""`gelu`: the value times the Gaussian distribution function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type


class Gelu(Elementwise):
    """The value times the probability that a normal variable is smaller; `tanh` is GPT-2's approximation."""

    name = "gelu"
    summary = "the value times the Gaussian distribution function"
    formula = "s * Phi(s)"
    source = "Hendrycks & Gimpel 2016; torch.nn.functional.gelu"
    example = "gelu"
    positional = ("approximate",)
    approximate: str = option("word", "exact, or the tanh approximation", default="none", choices=("none", "tanh"))

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("F.gelu({x})" if self.approximate == "none" else 'F.gelu({x}, approximate="tanh")')
