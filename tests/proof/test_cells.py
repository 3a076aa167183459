"""LSTM, GRU and Elman written from their equations equal torch.nn's; and state is handed on as the language says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netspec

D, H, T, BATCH = 3, 5, 6, 4

ELMAN = """
net elman(d, H, T) {
  input  x: d over T
  output h: x & h[t-1] -> H perceptrons -> tanh
}
"""
# Hochreiter & Schmidhuber 1997, Gers 1999: input, forget and output gate, candidate, cell
LSTM = """
net lstm_(d, H, T) {
  input  x: d over T
  hidden v: x & h[t-1]
  hidden i: v -> H perceptrons -> sigmoid
  hidden f: v -> H perceptrons -> sigmoid
  hidden g: v -> H perceptrons -> tanh
  hidden o: v -> H perceptrons -> sigmoid
  hidden c: f*c[t-1] + i*g
  output h: o*(c -> tanh)
}
"""
# Cho 2014 in torch's form: the reset gate lets the state in after its weights
GRU = """
net gru_(d, H, T) {
  input  x: d over T
  hidden v: x & h[t-1]
  hidden r: v -> H perceptrons -> sigmoid
  hidden z: v -> H perceptrons -> sigmoid
  hidden m: h[t-1] -> H perceptrons -> identity
  hidden n: (x -> H perceptrons) + r*m -> tanh
  output h: (1 - z)*n + z*h[t-1]
}
"""
# the order of the rows in torch's stacked matrices
CELLS = {"elman": (ELMAN, nn.RNN, "h"), "lstm": (LSTM, nn.LSTM, "ifgo"), "gru": (GRU, nn.GRU, "rz")}


def compiled(text: str, dtype: torch.dtype = torch.float64) -> nn.Module:
    return netspec.parse(text).net(d=D, H=H, T=T).module(dtype=dtype)


def gate(cell: nn.RNNBase, rows: slice, grad: bool) -> tuple[Tensor, Tensor]:
    """The weights of one gate over (x, h) side by side and its one bias; or their gradients."""
    parts = {name: value.grad if grad else value.detach() for name, value in cell.named_parameters()}
    weight = torch.cat([parts["weight_ih_l0"][rows], parts["weight_hh_l0"][rows]], dim=1)
    biases = parts["bias_ih_l0"][rows], parts["bias_hh_l0"][rows]
    return weight, (biases[0] if grad else biases[0] + biases[1])


def wanted(name: str, cell: nn.RNNBase, grad: bool = False) -> dict[str, Tensor]:
    """Torch's weights (or their gradients) under the names of the equations."""
    found = {}
    for number, label in enumerate(CELLS[name][2]):
        rows = slice(number * H, (number + 1) * H)
        found[f"{label}.weight"], found[f"{label}.bias"] = gate(cell, rows, grad)
    if name == "gru":  # the candidate's two sums keep their own bias
        parts = {key: value.grad if grad else value.detach() for key, value in cell.named_parameters()}
        for label, which in (("n", "ih"), ("m", "hh")):
            found[f"{label}.weight"] = parts[f"weight_{which}_l0"][2 * H :]
            found[f"{label}.bias"] = parts[f"bias_{which}_l0"][2 * H :]
    return found


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_equations_are_torchs_cell_with_all_its_gradients(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    text, make, _ = CELLS[name]
    cell, net = make(D, H, batch_first=True).to(dtype), compiled(text, dtype)
    net.load_state_dict(wanted(name, cell))
    x = torch.randn(BATCH, T, D, dtype=dtype)
    weights = torch.randn(BATCH, T, H, dtype=dtype)
    results = []
    for module in (cell, net):
        own = x.clone().requires_grad_()
        y = module(own)
        y = y[0] if isinstance(y, tuple) else y
        (y * weights).sum().backward()
        assert own.grad is not None
        results.append((y.detach(), own.grad))
    bound = 1e-6 if dtype == torch.float32 else 1e-13
    for mine, theirs in zip(results[1], results[0], strict=True):
        assert (mine - theirs).abs().max() <= bound * max(1.0, float(theirs.abs().max()))
    for key, theirs in wanted(name, cell, grad=True).items():
        mine = net.get_parameter(key).grad
        assert mine is not None, key
        assert (mine - theirs).abs().max() <= bound * max(1.0, float(theirs.abs().max())), key


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize(("name", "make"), [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_the_steps_are_torchs_modules_bit_for_bit(name: str, make: Any, layers: int, both: bool) -> None:
    torch.manual_seed(0)
    options = f"{H}, layers = {layers}, bidirectional = {str(both).lower()}"
    net = netspec.parse(f"net n {{\n  input x: {D} over {T}\n  output y: {name}({options})\n}}\n").net().module()
    cell = make(D, H, layers, batch_first=True, bidirectional=both)
    net.load_state_dict({f"y.{key}": value for key, value in cell.state_dict().items()})
    x = torch.randn(BATCH, T, D)
    sides = []
    for module in (net, cell):
        y = module(x)
        y = y[0] if isinstance(y, tuple) else y
        y.square().sum().backward()
        sides.append([y, *(value.grad for _, value in sorted(module.named_parameters()))])
    for mine, theirs in zip(*sides, strict=True):
        assert torch.equal(mine, theirs)


def test_reversed_is_torchs_backward_direction() -> None:
    torch.manual_seed(0)
    text = f"net n {{\n  input x: {D} over {T}\n  hidden f: x -> gru({H})\n  hidden b: x -> reversed(gru({H}))\n"
    net = netspec.parse(text + "  output y: f & b\n}\n").net().module()
    cell = nn.GRU(D, H, batch_first=True, bidirectional=True)
    names = {
        key: f"{'b' if key.endswith('_reverse') else 'f'}.{key.removesuffix('_reverse')}" for key in cell.state_dict()
    }
    net.load_state_dict({names[key]: value for key, value in cell.state_dict().items()})
    x = torch.randn(BATCH, T, D)
    assert torch.allclose(net(x), cell(x)[0], atol=1e-6)


# ---- the state

STATEFUL = {
    "cell": ["hidden y: x & y[t-1] -> 3 perceptrons -> tanh"],
    "two steps back": ["hidden y: x & y[t-1] & y[t-2] -> 3 perceptrons -> tanh"],
    "shift": ["hidden y: x & x[t-1] & x[t-3] -> 3 perceptrons -> relu"],
    "shift of a cell": [
        "hidden a: x & a[t-1] -> 3 perceptrons -> tanh",
        "hidden y: a & a[t-2] -> 3 perceptrons -> tanh",
    ],
    "rnn": ["hidden y: x -> rnn(3)"],
    "lstm": ["hidden y: x -> lstm(3, layers = 2)"],
    "gru": ["hidden y: x -> gru(3) -> 4 perceptrons -> relu -> gru(3)"],
    "block": ["hidden y: x -> LSTM(3) -> GRU(3) -> Elman(3)"],
    "repeat": ["hidden y: x -> 3 perceptrons -> relu -> repeat 3 { Elman(3) }"],
    "shared": ["hidden y: x -> 3 perceptrons -> relu -> repeat 3 shared { LSTM(3) }"],
    "same": ["hidden e: x -> 2 perceptrons -> tanh", "hidden a: x -> LSTM(3)", "hidden y: a + (e -> same(a))"],
    "learned": ["hidden y: x & y[t-1] -> 3 perceptrons -> tanh", "start y: learned(3)"],
    "zeros": ["hidden y: x & y[t-1] -> 3 perceptrons -> tanh", "start y: zeros(3)"],
    "carried": ["hidden y: x & y[t-1] -> 3 perceptrons -> tanh", "start y: carried"],
    "chain": ["input s: 2", "hidden y: x & y[t-1] -> 3 perceptrons -> tanh", "start y: s -> 3 perceptrons -> tanh"],
    "space": [
        "hidden g: x -> 2 x 2 perceptrons -> tanh",
        "hidden w: g & w[t-1] -> 1 filter 3x3 (pad = 1) -> tanh is 1@2x2 over TIME",
        "hidden y: w -> 3 perceptrons",
    ],
}


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("lengths", [False, True])
def test_two_halves_with_the_state_between_equal_the_whole(name: str, lengths: bool) -> None:
    torch.manual_seed(0)
    kind = f"up to {T}" if lengths else f"{T}"
    lines = [f"input x: 2 over {kind}", *STATEFUL[name], "output out: y -> identity"]
    text = "\n  ".join(["net n {", *lines]).replace("TIME", kind) + "\n}\n"
    net = netspec.parse(text).net().module(dtype=torch.float64).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn_like(weight) * 0.7)
        x, s = torch.randn(BATCH, T, 2, dtype=torch.float64), torch.randn(BATCH, 2, dtype=torch.float64)
        more = [s] if name == "chain" else []
        ends = torch.tensor([6, 5, 4, 3])
        whole = net(x, *more, *([ends] if lengths else []))
        for at in (1, 3):
            cut = [ends.clamp(max=at)] if lengths else []
            rest = [(ends - at).clamp(min=0)] if lengths else []
            if lengths and int(rest[0].min()) < 1:
                continue
            begun, state = net(x[:, :at], *more, *cut, return_state=True)
            ended = net(x[:, at:], *more, *rest, state=state)
            joined = torch.cat([begun, ended], dim=1)
            for row in range(BATCH):
                steps = int(ends[row]) if lengths else T
                assert torch.allclose(joined[row, :steps], whole[row, :steps], atol=1e-12), (at, row)
    assert state


def test_start_values_are_what_the_lines_say() -> None:
    torch.manual_seed(0)
    for start, first in (("zeros(3)", None), ("learned(3)", "y_start"), ("s -> 3 perceptrons", "s")):
        uses = ["input s: 2"] if first == "s" else []
        lines = [f"input x: 2 over {T}", *uses, "output y: x & y[t-1] -> 3 perceptrons -> tanh", f"start y: {start}"]
        text = "\n  ".join(["net n {", *lines]) + "\n}\n"
        net = netspec.parse(text).net().module()
        state = net.state_dict()
        x, s = torch.randn(BATCH, T, 2), torch.randn(BATCH, 2)
        if first == "s":
            before = s @ state["y_start.weight"].T + state["y_start.bias"]
        elif first is not None:
            (key,) = [key for key in state if key.startswith("y_start")]
            before = state[key].expand(BATCH, 3)
        else:
            before = torch.zeros(BATCH, 3)
        y = net(x, s) if uses else net(x)
        for t in range(T):
            before = torch.tanh(torch.cat([x[:, t], before], 1) @ state["y.weight"].T + state["y.bias"])
            assert torch.allclose(y[:, t], before, atol=1e-6)
