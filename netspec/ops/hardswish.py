"""`hardswish`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class HardSwish(Elementwise):
    """the value times its hardsigmoid."""

    name = "hardswish"
    summary = "the value times its hardsigmoid"
    formula = "s * hardsigmoid(s)"
    source = "Howard 2019"
    example = "hardswish"
    call = "F.hardswish({x})"
