"""What a net keeps of earlier time steps: the numbers that `show` and `require` tell, held to the states of modules."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import netspec

ATTENTION = "attention(4, kv_heads = 2, causal = true"


def net(line: str, more: str = "") -> netspec.api.Net:
    return netspec.parse(f"net n {{\n  input  x: 8 over 6\n{more}  output y: {line}\n}}").net()


def numbers(state: Any) -> int:
    if isinstance(state, torch.Tensor):
        return state.numel()
    return sum(map(numbers, state.values() if isinstance(state, dict) else state))


@pytest.mark.parametrize(
    "line",
    [
        "x -> lstm(5, layers = 2)",
        "x -> gru(4) -> rnn(2)",
        "x & x[t-2] -> 4 perceptrons",
        "x & y[t-1] & y[t-3] & y[t-1] -> 4 perceptrons",
        "x -> repeat 2 shared { Elman(8) }",
    ],
)
def test_state_is_as_large_as_what_the_module_hands_on(line: str) -> None:
    found = net(line)
    _, state = found.module()(torch.randn(1, 6, 8), return_state=True)
    kept = found.graph.kept(found.graph.nodes)
    assert (kept.bounds, kept.fixed) == ({}, numbers(state))
    assert f"state {kept.fixed} values" in found.show()


@pytest.mark.parametrize(
    ("line", "bounds", "fixed"),
    [
        (f"x -> {ATTENTION})", {None: 8}, 0),
        (f"x -> {ATTENTION}, width = 3, window = 5)", {5: 12}, 0),
        (f"x -> repeat 3 {{ {ATTENTION}) }} -> {ATTENTION}, window = 2)", {None: 24, 2: 8}, 0),
        ("x, x, x -> attention(2, project = false, causal = true)", {None: 16}, 0),
        ("x -> 4 filters 3 (along = time, pad = causal, dilation = 2)", {}, 40),
        ("x -> 4 filters 1 (along = time, pad = causal)", {}, 0),
        ("x -> attention(2)", {}, 0),  # looks ahead
        ("x -> lstm(4, bidirectional = true)", {}, 0),
        ("x -> reversed(gru(4))", {}, 0),
    ],
)
def test_what_each_step_keeps(line: str, bounds: dict[int | None, int], fixed: int) -> None:
    graph = net(line).graph
    assert graph.kept(graph.nodes) == (bounds, fixed)


def test_it_is_required_and_told() -> None:
    text = f"  require cache == 16\n  require state == 4\n  hidden a: x -> {ATTENTION}) -> {ATTENTION}, window = 3)\n"
    found = net("gru(4)", text)
    assert "cache 16 values a time step (32 bytes in 16 bits); 8 of them for the last 3 steps only" in found.show()
    told = found.to_dict()
    assert told["cache"] == [{"values": 8, "steps": None}, {"values": 8, "steps": 3}]
    assert told["state"] == 4
    with pytest.raises(netspec.SpecErrors, match="NS511"):
        net("gru(5)", text)


def test_open_sizes_and_blocks() -> None:
    block = f"block B {{\n  input  x: d over n\n  output y: x -> {ATTENTION})\n  require cache == d\n}}\n"
    text = block + "net n(d) {\n  input  x: d over 9\n  require d % 4 == 0\n  output y: x -> repeat 2 { B }\n}"
    graph = netspec.parse(text).net().graph
    assert str(graph.kept(graph.nodes).step) == "2*d"
