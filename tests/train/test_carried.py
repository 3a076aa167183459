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


COUNTING = ("x -> index(time)", "x -> positions(2, kind = sine)", "x -> Where", "repeat 2 { Where }")


@pytest.mark.parametrize("varying", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("step", COUNTING)
def test_the_number_of_a_step_goes_on(step: str, varying: bool) -> None:
    """Two batches are one sequence, also for what counts its steps; each example goes on where its own ended."""
    upto = "up to " if varying else ""
    net = netspec.parse(f"""block Where {{
  input  x: c over n
  output y: x & (x -> index(time))
}}
net n {{
  input  x: 2 over {upto}8
  hidden p: {step}
  start  h: carried
  hidden h: x & p -> lstm(3)
  output y: h & p
}}
""").net()
    module, carried = net.module().eval(), CarriedStates(net.graph)
    x = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(0))
    first, rest = ([3, 2], [3, 4]) if varying else ([4, 4], [4, 4])
    lengths = (lambda counts: (torch.tensor(counts),)) if varying else (lambda counts: ())
    whole = module(x, *lengths([a + b for a, b in zip(first, rest, strict=True)]))
    parts = [torch.zeros(2, 4, 2) for _ in range(2)]
    for row, (a, b) in enumerate(zip(first, rest, strict=True)):
        parts[0][row, :a], parts[1][row, :b] = x[row, :a], x[row, a : a + b]
    found = []
    for part, counts in zip(parts, (first, rest), strict=True):
        y, after = module(part, *lengths(counts), state=carried.before(2), return_state=True)
        carried.keep(after)
        found.append(y)
    for row, (a, b) in enumerate(zip(first, rest, strict=True)):
        torch.testing.assert_close(torch.cat([found[0][row, :a], found[1][row, :b]]), whole[row, : a + b])


def test_trained_positions_end_before_a_carried_state_does() -> None:
    body = "input x: 2 over 4; hidden p: x + (x -> positions); start h: carried; hidden h: p -> lstm(3); output y: h"
    assert codes(body) == ["NS293"]
    assert not codes(body.replace("positions", "positions(kind = sine)"))


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
