"""`1 - u`, `0.5*x`, `x + 1`: a value and one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.ir.equation import joined
from netspec.ir.marks import TITLE, shown
from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type


class Number(Elementwise):
    """Adds, subtracts or multiplies every value by the same number; `first` says on which side it stands.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "number"
    family = "arithmetic"
    averages = True
    summary = "every value with one number"
    sign: str = option("word", "what is done", choices=("+", "-", "*"), mark=TITLE)
    value: float = option("real", "the number", mark=TITLE)
    first: bool = option("flag", "the number stands on the left", default=False, mark=TITLE)

    def value_of(self, s: Any) -> Any:
        left, right = (self.value, s) if self.first else (s, self.value)
        return left + right if self.sign == "+" else left - right if self.sign == "-" else left * right

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        number = f"{self.value:g}"
        return joined(self.sign, [number, *inner] if self.first else [*inner, number])

    def label(self, lang: str, output: Type) -> str:
        return self.title(lang)

    def torch(self, *inputs: Type) -> Lowering:
        forward = f"{{value}} {self.sign} {{x}}" if self.first else f"{{x}} {self.sign} {{value}}"
        return Lowering(forward, values={"value": self.value})

    def title(self, lang: str = "en") -> str:
        sign = {"*": "×", "-": "−"}.get(self.sign, self.sign)
        return f"{shown(self.value)} {sign}" if self.first else f"{sign} {shown(self.value)}"
