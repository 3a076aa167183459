"""Random inputs for a random spec, and its module run on them."""

from __future__ import annotations

import os
from typing import Any

import torch
from strategies import Spec
from strategy_rules import Shape
from torch import Tensor, nn

BATCH = 3
# the soak runs the same laws on many times as many specs
TIMES = int(os.environ.get("NETSPEC_EXAMPLES", "1"))


def examples(count: int) -> int:
    return count * TIMES


def inputs_of(spec: Spec, batch: int = BATCH) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Values by label, and the lengths of those that are `over up to T`: the longest first, down to one step."""
    values, lengths = {}, {}
    for number, (label, shape) in enumerate(spec.inputs.items()):
        values[label] = tensor(shape, number, batch)
        if shape.varying:
            assert shape.time is not None
            lengths[label] = torch.tensor([max(1, shape.time - row) for row in range(batch)])
    return values, lengths


def tensor(shape: Shape, seed: int, batch: int = BATCH) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    if shape.classes is not None:
        return torch.randint(shape.classes, (batch, *shape.sizes), generator=source)
    return torch.randn(batch, *shape.sizes, generator=source, dtype=torch.get_default_dtype())


def run(module: nn.Module, spec: Spec, **options: Any) -> list[Tensor]:
    """The outputs in order, without gradients."""
    values, lengths = inputs_of(spec)
    with torch.no_grad():
        found = module(*values.values(), *lengths.values(), **options)
    return list(found) if isinstance(found, tuple) else [found]


def close(mine: Tensor, theirs: Tensor, what: str) -> None:
    assert mine.shape == theirs.shape, what
    assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-9, equal_nan=True), (
        f"differs by {(mine - theirs).abs().max():.3g}:\n{what}"
    )
