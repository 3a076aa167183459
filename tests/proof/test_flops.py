"""Multiply-adds as `show` counts them are what torch.utils.flop_counter counts of the running module, exactly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import netspec
from proof.cases import CASES

# its attention stands in a recurrence, where the module projects keys and values anew at every step, and counts
# them each time; its gru is one operation that torch's counter does not know
NOT_COUNTED = ("seq2seq",)


def counted(module: torch.nn.Module, *inputs: Any) -> int:
    """FLOPs of one forward pass; attention written as its two products, which is how the counter knows it."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return int(counter.get_total_flops())


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_COUNTED])
def test_flops_of_a_network(name: str) -> None:
    case = CASES[name]
    net = case.small()
    document = net.to_dict()
    assert document["flops"] == 2 * document["macs"]
    assert counted(net.module().eval(), *(value[:1] for value in case.inputs())) == document["flops"] > 0


@pytest.mark.parametrize("step", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "options", ["", ", layers = 2", ", bidirectional = true", ", layers = 2, bidirectional = true"]
)
def test_multiply_adds_of_torchs_recurrent_layers_are_their_matrices_at_every_step(step: str, options: str) -> None:
    """The counter does not see into them: each step multiplies by every weight once, biases aside."""
    net = netspec.parse(f"net n {{\n  input x: 3 over 7\n  output y: {step}(5{options})\n}}\n").net()
    weights = sum(value.numel() for key, value in net.module().state_dict().items() if "weight" in key)
    assert net.to_dict()["macs"] == 7 * weights
