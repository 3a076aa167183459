"""`silu`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Silu(Elementwise):
    """the value times its sigmoid."""

    name = "silu"
    summary = "the value times its sigmoid"
    formula = "s * sigmoid(s)"
    source = "Elfwing 2017"
    example = "silu"
    call = "F.silu({x})"
