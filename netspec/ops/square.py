"""`square`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Square(Elementwise):
    """the value times itself."""

    name = "square"
    summary = "the value times itself"
    formula = "s^2"
    source = "torch.square"
    example = "square"
    call = "torch.square({x})"
