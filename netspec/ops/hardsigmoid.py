"""`hardsigmoid`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class HardSigmoid(Elementwise):
    """a sigmoid of straight lines."""

    name = "hardsigmoid"
    summary = "a sigmoid of straight lines"
    formula = "min(max(0, s/6 + 1/2), 1)"
    source = "torch.nn.functional.hardsigmoid"
    example = "hardsigmoid"
    call = "F.hardsigmoid({x})"
