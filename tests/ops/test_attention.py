"""The ways of attention of today's language models: each is its definition, and what it says it computes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import netspec
from netspec.api import Net
from ops import computing
from ops.audit import Trial, compare
from ops.drawing import literal
from ops.oracles import BY_HAND
from ops.shapes import Shape
from ops.test_padded import judge

TOGETHER: list[dict[str, Any]] = [
    {"causal": True, "window": 2, "kv_heads": 2},
    {"window": 2, "cap": 1.5},
    {"causal": True, "rotary": 100.0, "part": 0.5, "qk_norm": "head", "kv_heads": 1},
    {"causal": True, "rotary": 100.0, "pairs": "neighbours", "stretch": 3.0, "qk_norm": "maps", "eps": 0.01},
    {"rotary": 100.0, "stretch": 8.0, "stretching": "llama3", "trained": 30},
    {"rotary": 100.0, "stretch": 8.0, "stretching": "yarn", "trained": 700, "part": 0.5, "width": 8},
    {"rotary": 100.0, "part": 0.5, "pairs": "neighbours", "bias": False, "out_bias": True},
    {"causal": True, "alibi": True, "width": 3},
    {"causal": True, "rotary": 100.0, "width": 3, "value_width": 5, "latent": 6, "rotary_width": 4, "kv_heads": 2},
    {"latent": 6, "query_latent": 5, "rotary_width": 2, "rotary": 9.0, "pairs": "neighbours", "bias": False},
    {"latent": 3, "eps": 0.01, "chunk": 3, "window": 2},
    {"causal": True, "chunk": 2, "qk_norm": "head", "norm_rotated": True, "norm_affine": False, "rotary": 100.0},
    {"causal": True, "sinks": True, "kv_heads": 2, "window": 2, "cap": 2.0},
    {"rotary": 100.0, "stretch": 8.0, "stretching": "yarn", "trained": 700, "rounded": False, "magnitude": 1.0},
    {"rotary": 100.0, "stretch": 8.0, "stretching": "llama3", "trained": 30, "fast": 1.0, "magnitude": 2.0},
    {"rotary": 100.0, "stretch": 8.0, "stretching": "yarn", "trained": 90, "fast": 2.0, "slow": 0.5},
    {"causal": True, "grow": 0.5, "grow_steps": 2, "cap": 2.0},
    {"causal": True, "cap": 0.5, "kv_heads": 2, "window": 3, "alibi": True, "out_bias": False},
]


WINDOWS: list[dict[str, Any]] = [
    {"window": (2, 3)},
    {"window": (2, 3), "shift": (1, 2), "qk_norm": "maps", "scores": "b"},
    {"window": 2, "shift": 1, "kv_heads": 2, "dropout": 0.5},
    {"window": 2, "shift": (0, 1), "cap": 1.5, "rotary": 100.0, "scores": "b", "width": 4, "kv_heads": 2},
    {"window": (4, 2), "project": False, "scores": "b"},
    {
        "window": 2,
        "shift": 1,
        "sinks": True,
        "latent": 6,
        "rotary_width": 2,
        "rotary": 100.0,
        "grow": 0.5,
        "grow_steps": 2,
    },
]


@pytest.mark.parametrize("options", TOGETHER + WINDOWS, ids=lambda options: " ".join(options))
def test_options_together_are_their_definition(options: dict[str, Any]) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        written = [f"{name} = {literal(value)}" for name, value in options.items()]
        step = f"attention({', '.join(['4', *written])})"
        inputs = [Shape(16, (4, 6))] if options in WINDOWS else [Shape(16, (), 5)]
        if "scores" in options:
            window = options["window"]
            places = math.prod(window) if isinstance(window, tuple) else window**2
            inputs.append(Shape(4, (places, places)))
        found = Trial("attention", BY_HAND["attention"], tuple(inputs), {"heads": 4, **options}, step)
        assert compare(found) == "equal"
        assert options in WINDOWS or judge(found) == "equal"
        net = found.net()
        assert isinstance(net, Net)
        computing.compare(net, found.text(), found.inputs(), loose=1e6 if "rotary" in options else 1.0)
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize(("causal", "rows", "farthest"), [(False, 32, 128), (True, 32, 128), (False, 8, 20)])
def test_buckets_are_those_of_t5(causal: bool, rows: int, farthest: int) -> None:
    """By the published code of T5, out to distances that share the last bucket."""
    steps = 150
    options = f"buckets = {rows}, farthest = {farthest}, causal = {str(causal).lower()}"
    near = f"hidden near: relative(2 over {steps}, {options})"
    net = netspec.parse(f"net n {{\n  input  x: 2@{steps}x{steps}\n  {near}\n  output y: x + near\n}}").net()
    module = net.module()
    away = torch.arange(steps) - torch.arange(steps)[:, None]
    wanted = module.get_parameter("near")[bucket(away, not causal, rows, farthest)].permute(2, 0, 1)
    assert torch.equal(module(torch.zeros(1, 2, steps, steps))[0], wanted)


def bucket(away: Tensor, both: bool, rows: int, farthest: int) -> Tensor:
    first = torch.zeros_like(away)
    if both:
        rows //= 2
        first = (away > 0) * rows
        away = away.abs()
    else:
        away = -torch.min(away, torch.zeros_like(away))
    exact = rows // 2
    large = exact + (torch.log(away.float() / exact) / math.log(farthest / exact) * (rows - exact)).long()
    return first + torch.where(away < exact, away, large.clamp(max=rows - 1))
