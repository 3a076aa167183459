"""`identity`: an activation function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.ir.operation import Elementwise
from netspec.ir.types import Type


class Identity(Elementwise):
    """The value as it is.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "identity"
    effect = "same"
    family = "activation"
    summary = "the value as it is"
    formula = "s"
    source = "the post: a linear model is a perceptron with the identity"
    example = "identity"
    call = "{x}"

    def value_of(self, s: Any) -> Any:
        return s

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return inner[0]
