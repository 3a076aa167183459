"""`sigmoid`: an activation function."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Sigmoid(Elementwise):
    """the logistic function, between 0 and 1."""

    name = "sigmoid"
    summary = "the logistic function, between 0 and 1"
    formula = "1 / (1 + e^-s)"
    source = "torch.sigmoid"
    example = "sigmoid"
    call = "torch.sigmoid({x})"
