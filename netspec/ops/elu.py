"""`elu`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Elu(Elementwise):
    """exponential for negative values."""

    name = "elu"
    summary = "exponential for negative values"
    formula = "s if s > 0 else e^s - 1"
    source = "Clevert 2015"
    example = "elu"
    call = "F.elu({x})"
