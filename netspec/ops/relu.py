"""`relu`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Relu(Elementwise):
    """negative values become zero."""

    name = "relu"
    summary = "negative values become zero"
    formula = "max(0, s)"
    source = "Nair & Hinton 2010"
    example = "relu"
    call = "F.relu({x})"
