"""`relu6`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Relu6(Elementwise):
    """relu, capped at 6."""

    name = "relu6"
    summary = "relu, capped at 6"
    formula = "min(max(0, s), 6)"
    source = "Howard 2017"
    example = "relu6"
    call = "F.relu6({x})"
