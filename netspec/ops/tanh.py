"""`tanh`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Tanh(Elementwise):
    """the hyperbolic tangent, between -1 and 1."""

    name = "tanh"
    summary = "the hyperbolic tangent, between -1 and 1"
    formula = "(e^s - e^-s) / (e^s + e^-s)"
    source = "torch.tanh"
    example = "tanh"
    call = "torch.tanh({x})"
