"""`step`: the perceptron of 1958: 0 or 1."""

from __future__ import annotations

from netspec.ir.operation import Elementwise


class Step(Elementwise):
    """1 where the sum is positive, else 0. Its gradient is zero: nothing below it learns."""

    name = "step"
    summary = "1 where the sum is positive, else 0"
    formula = "1 if s > 0 else 0"
    source = "Rosenblatt 1958"
    example = "1 perceptron -> step"
    # sign has a gradient (zero); heaviside has none, and a net that holds it could not be trained at all
    call = "F.relu(torch.sign({x}))"
