"""The ways of attention of today's language models: each is its definition, and what it says it computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netspec.api import Net
from ops import computing
from ops.audit import Trial, compare
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
    {"causal": True, "cap": 0.5, "kv_heads": 2, "window": 3, "alibi": True, "out_bias": False},
]


@pytest.mark.parametrize("options", TOGETHER, ids=lambda options: " ".join(options))
def test_options_together_are_their_definition(options: dict[str, Any]) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        written = [f"{name} = {str(value).lower()}" for name, value in options.items()]
        step = f"attention({', '.join(['4', *written])})"
        found = Trial("attention", BY_HAND["attention"], (Shape(16, (), 5),), {"heads": 4, **options}, step)
        assert compare(found) == "equal"
        assert judge(found) == "equal"
        net = found.net()
        assert isinstance(net, Net)
        computing.compare(net, found.text(), found.inputs(), loose=1e6 if "rotary" in options else 1.0)
    finally:
        torch.set_default_dtype(before)
