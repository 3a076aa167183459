"""Names of local variables: every label one of its own, whatever emitted code and other labels are called."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec.codegen.pynames import Locals


def test_a_label_that_code_needs_gives_way_to_the_labels_of_others() -> None:
    names = Locals(["x", "torch", "torch_", "torch__", "step", "x", "torch"], frozenset({"mask"}))
    found = {label: names.line(label) for label in ("x", "torch", "torch_", "torch__", "step")}
    assert found == {"x": "x", "torch": "torch___", "torch_": "torch_", "torch__": "torch__", "step": "step_"}
    assert names.other("mask") == "mask_"
    assert names.other("mask") == "mask_"
    assert names.other("x") == "x_"
    assert names.other("lambda") == "lambda_"


@pytest.mark.parametrize("taken", ["torch", "self", "len", "step", "state", "F"])
def test_nets_of_such_labels_compute(taken: str) -> None:
    text = f"""net n {{
  input  {taken}: 3
  hidden {taken}_: {taken} -> relu
  hidden {taken}__: {taken}_ + {taken}
  output y: {taken}__*{taken}_ + {taken}
}}
"""
    module = netspec.parse(text).net().module()
    x = torch.tensor([[1.0, -2.0, 3.0]])
    wanted = (x.relu() + x) * x.relu() + x
    assert torch.equal(module(x), wanted)
