"""`mish`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Mish(Elementwise):
    """the value times tanh of its softplus."""

    name = "mish"
    summary = "the value times tanh of its softplus"
    formula = "s * tanh(softplus(s))"
    source = "Misra 2019"
    example = "mish"
    call = "F.mish({x})"
