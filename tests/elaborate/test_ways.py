"""The way in which a message says a foreign step is written here computes what that step computes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import netspec
from netspec.foreign import STEPS as FOREIGN

MEANT: dict[str, Callable[[Tensor], Tensor]] = {
    "min": lambda x: x.amin((2, 3)),
    "reciprocal": lambda x: 1 / x,
    "clip": lambda x: x.clamp(0, 1),
    "softsign": functional.softsign,
    "hardtanh": functional.hardtanh,
    "selu": functional.selu,
    "prelu": lambda x: functional.prelu(x, torch.full((3,), 0.25)),
}


@pytest.mark.parametrize("name", MEANT)
def test_the_way_that_is_said_is_that_step(name: str) -> None:
    text = f"netspec 1\n\nnet p {{\n  input  x: 3@4x4\n  output y: {FOREIGN[name]}\n}}\n"
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 3
    assert torch.allclose(netspec.parse(text, name="p.net").net().module()(x), MEANT[name](x), atol=1e-5, rtol=1e-5)
