"""Loops in modules: no variable hides what another line still needs, and blocks take turns as written."""

from __future__ import annotations

from typing import Any

import pytest

import netspec

torch = pytest.importorskip("torch")

OUTSIDE_IN_ITS_OWN_LINE = """
net gated {
  input  x: 3 over 5
  hidden z: 3 perceptrons -> sigmoid
  hidden n: x -> 3 perceptrons -> tanh
  output h: (1 - z)*h[t-1] + z*n
}
"""

# the block has a state of its own, so it is written out inside the loop of the net; both have lines h and h_before
SAME_NAMES_INSIDE = """
block Cell {
  input  v: k over T
  hidden h: v & w[t-1] -> 2 perceptrons -> tanh
  hidden h_before: h -> 2 perceptrons -> tanh
  output w: h + h_before
}

net looped {
  input  h: 3 over 4
  hidden h_before: h -> 2 perceptrons -> tanh
  hidden v: (h & h_before & q[t-1]) -> Cell
  hidden q: v + h_before
  output y: (h & q) -> 1 perceptron
}
"""


def linear(weights: dict[str, Any], key: str, value: Any) -> Any:
    return value @ weights[f"{key}.weight"].T + weights[f"{key}.bias"]


def test_what_a_line_computes_once_keeps_a_variable_of_its_own() -> None:
    model = netspec.parse(OUTSIDE_IN_ITS_OWN_LINE).module()
    weights = model.state_dict()
    x = torch.randn(2, 5, 3)
    z, n = linear(weights, "z", x).sigmoid(), linear(weights, "n", x).tanh()
    h = torch.zeros(2, 3)
    steps = []
    for t in range(5):
        h = (1 - z[:, t]) * h + z[:, t] * n[:, t]
        steps.append(h)
    torch.testing.assert_close(model(x), torch.stack(steps, 1))


def test_lines_of_a_block_in_the_loop_may_be_called_as_lines_outside() -> None:
    model = netspec.parse(SAME_NAMES_INSIDE).module()
    weights = model.state_dict()
    x = torch.randn(2, 4, 3)
    outer = linear(weights, "h_before", x).tanh()
    w = q = torch.zeros(2, 2)
    steps = []
    for t in range(4):
        inner = linear(weights, "v.h", torch.cat([x[:, t], outer[:, t], q, w], 1)).tanh()
        w = inner + linear(weights, "v.h_before", inner).tanh()
        q = w + outer[:, t]
        steps.append(q)
    y = linear(weights, "y", torch.cat([x, torch.stack(steps, 1)], 2))
    torch.testing.assert_close(model(x), y)


def test_the_state_goes_on_under_the_same_names() -> None:
    model = netspec.parse(SAME_NAMES_INSIDE).module()
    x = torch.randn(2, 4, 3)
    first, state = model(x, return_state=True)
    second = model(x, state=state)
    assert not torch.equal(first, second)
    begun, half = model(x[:, :2], return_state=True)
    torch.testing.assert_close(torch.cat([begun, model(x[:, 2:], state=half)], 1), first)


KEYS_OF_ANOTHER_LENGTH = """
net attended {
  input  places: 2 over 7
  input  words: 2 over 4
  hidden context: h[t-1], places, places -> attention(1, project = false)
  hidden h: context + words
  output y: h
}
"""


def test_a_loop_runs_over_its_own_time_whatever_length_keys_have() -> None:
    model = netspec.parse(KEYS_OF_ANOTHER_LENGTH).module()
    places, words = torch.randn(3, 7, 2), torch.randn(3, 4, 2)
    h = torch.zeros(3, 2)
    steps = []
    for t in range(4):
        scores = (places @ h.unsqueeze(-1)).squeeze(-1) / 2**0.5
        h = (scores.softmax(1).unsqueeze(-1) * places).sum(1) + words[:, t]
        steps.append(h)
    torch.testing.assert_close(model(places, words), torch.stack(steps, 1))


NOTHING_OVER_TIME = """
net sequence {
  input  kind: one of 3
  hidden z: z[t-1] & 0.5*z[t-1] -> 2 perceptrons -> tanh  is 2 over 5
  start  z: kind -> embed(2)
  hidden a: a[t-1] -> 2 perceptrons  is 2 over 5
  output y: z + a
}
"""


def test_a_loop_that_reads_nothing_over_time_has_the_length_it_says() -> None:
    model = netspec.parse(NOTHING_OVER_TIME).module()
    weights = model.state_dict()
    kind = torch.tensor([0, 2])
    z, a = weights["z_start.weight"][kind], torch.zeros(2, 2)
    steps = []
    for _ in range(5):
        z = linear(weights, "z", torch.cat([z, 0.5 * z], 1)).tanh()
        a = linear(weights, "a", a)
        steps.append(z + a)
    torch.testing.assert_close(model(kind), torch.stack(steps, 1))


TWO_BLOCKS_IN_TURN = """
block A {
  input  x: c
  output y: c perceptrons
}

block B {
  input  x: c
  output y: c perceptrons
}

net turns {
  input  x: 4
  output y: repeat 2 { A -> B }
}
"""


def test_blocks_that_take_turns_are_applied_in_turn() -> None:
    model = netspec.parse(TWO_BLOCKS_IN_TURN).module()
    weights = model.state_dict()
    x = value = torch.randn(2, 4)
    for number in (0, 2, 1, 3):  # both A, then both B, as the keys have them
        value = linear(weights, f"y.{number}.y", value)
    torch.testing.assert_close(model(x), value)
