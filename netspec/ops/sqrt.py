"""`sqrt`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Sqrt(Elementwise):
    """the square root."""

    name = "sqrt"
    summary = "the square root"
    formula = "s^(1/2)"
    source = "torch.sqrt"
    example = "sqrt"
    call = "torch.sqrt({x})"
