"""States inside steps that `start z: carried` hands from batch to batch."""

from __future__ import annotations

import pytest
import torch

import netspec
from netspec.training.loop.states import CarriedStates
from tests.elaborate.test_details import codes

STEPS = (
    "e -> lstm(3, layers = 2)", "e -> gru(3)", "e -> LSTM(3)", "e -> repeat 2 { rnn(3) }", "e -> repeat 2 { GRU(3) }",
    "e + (e -> lstm(3))",
)  # fmt: skip


def net_of(chain: str, steps: int) -> netspec.Net:
    lines = f"  input  x: 2 over {steps}\n  hidden e: x -> 3 perceptrons -> tanh\n  start  h: carried\n"
    rest = f"  hidden h: {chain}\n  hidden k: h -> gru(3)\n  output y: h & k\n"
    return netspec.parse(f"net n {{\n{lines}{rest}}}\n").net()


@pytest.mark.parametrize("chain", STEPS)
def test_two_batches_are_one_sequence(chain: str) -> None:
    net = net_of(chain, 4)
    halves, whole = net.module().eval(), net_of(chain, 8).module().eval()
    whole.load_state_dict(halves.state_dict())
    x = torch.randn(5, 8, 2, generator=torch.Generator().manual_seed(0))
    states, found = CarriedStates(net.graph), []
    for part in x.split(4, dim=1):
        y, after = halves(part, state=states.before(len(x)), return_state=True)
        states.keep(after)
        found.append(y)
    assert all(len(value) == len(x) and not value.requires_grad for value in states.state.values())
    joined, wanted = torch.cat(found, 1), whole(x)
    torch.testing.assert_close(joined[..., :3], wanted[..., :3])
    assert not torch.allclose(joined[:, 4:, 3:], wanted[:, 4:, 3:])  # the state of `k` is not carried
    few = states.before(2)  # a last batch of fewer rows
    torch.testing.assert_close(halves(x[:2, :4], state=few), halves(x[:, :4], state=states.before(5))[:2])


@pytest.mark.parametrize("chain", ["lstm(3, bidirectional = true)", "reversed(gru(3))", "3 perceptrons -> tanh"])
def test_what_has_no_state_to_carry_is_said(chain: str) -> None:
    assert codes(f"input x: 2 over 4; start h: carried; hidden h: x -> {chain}; output y: h") == ["NS509"]


def test_a_recurrence_through_other_lines_carries_its_own_state() -> None:
    net = netspec.parse("""net n {
  input  x: 2 over 4
  start  h: carried
  hidden v: x & h[t-1]
  hidden h: v -> 3 perceptrons -> tanh
  output y: h
}
""").net()
    assert set(CarriedStates(net.graph).names) == {"h"}
