"""`log`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Log(Elementwise):
    """the natural logarithm."""

    name = "log"
    summary = "the natural logarithm"
    formula = "ln s"
    source = "torch.log"
    example = "log"
    call = "torch.log({x})"
