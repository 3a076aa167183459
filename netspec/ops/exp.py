"""`exp`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Exp(Elementwise):
    """the exponential."""

    name = "exp"
    summary = "the exponential"
    formula = "e^s"
    source = "torch.exp"
    example = "exp"
    call = "torch.exp({x})"
