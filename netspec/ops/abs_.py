"""`abs`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Abs(Elementwise):
    """the value without its sign."""

    name = "abs"
    summary = "the value without its sign"
    formula = "|s|"
    source = "torch.abs"
    example = "abs"
    call = "torch.abs({x})"
