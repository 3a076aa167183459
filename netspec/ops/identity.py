"""`identity`: an activation function."""

from __future__ import annotations

from typing import Any

from netspec.ir.operation import Elementwise


class Identity(Elementwise):
    """The value as it is.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "identity"
    summary = "the value as it is"
    formula = "s"
    source = "the post: a linear model is a perceptron with the identity"
    example = "identity"
    call = "{x}"

    def value_of(self, s: Any) -> Any:
        return s
