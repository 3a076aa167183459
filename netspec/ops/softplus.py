"""`softplus`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Softplus(Elementwise):
    """a smooth relu."""

    name = "softplus"
    summary = "a smooth relu"
    formula = "log(1 + e^s)"
    source = "torch.nn.functional.softplus"
    example = "softplus"
    call = "F.softplus({x})"
