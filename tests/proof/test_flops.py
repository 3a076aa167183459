"""Multiply-adds as `show` counts them are what torch.utils.flop_counter counts of the running module, exactly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import netspec
from proof.cases import CASES

# its gru is one operation that torch's counter does not know; its attention has a test of its own
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


LOOKING = """net n {
  input  src: 6 over 9
  input  tgt: 4 over 12
  hidden s: tgt & c[t-1] & s[t-1] -> 8 perceptrons -> tanh
  hidden c: s, src, src -> attention(2)
  output y: c -> 3 perceptrons
}
"""
LOOK = """block Look(h) {
  input  q: d
  input  m: k over T
  output z: q, m, m -> attention(h)
}

"""


def test_a_recurrence_works_out_keys_and_values_of_attention_once() -> None:
    """Twelve steps look at them; the counter sees one product for each, as the table says. In a block, too."""
    plain = netspec.parse(LOOKING).net()
    inside = netspec.parse(LOOK + LOOKING.replace("s, src, src -> attention(2)", "s, src -> Look(2)")).net()
    inputs = torch.rand(1, 9, 6), torch.rand(1, 12, 4)
    modules = plain.module().eval(), inside.module().eval()
    modules[1].load_state_dict({key.replace("c.", "c.z.", 1): value for key, value in modules[0].state_dict().items()})
    torch.testing.assert_close(modules[0](*inputs), modules[1](*inputs))
    for net, module in zip((plain, inside), modules, strict=True):
        assert counted(module, *inputs) == net.to_dict()["flops"]
