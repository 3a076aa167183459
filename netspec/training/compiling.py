"""A module -> torch.compile's version of it, where that was asked for or pays off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

CHOICES = ("off", "on", "auto")
# a run that takes less than this cannot win back what compiling costs
LEAST_SECONDS = 120.0
TRIAL = 10  # steps that each way is timed over


def compiled(module: nn.Module) -> Any:
    """The compiled module; the last, smaller batch takes the same code."""
    import torch

    return torch.compile(module, dynamic=None)


def pays_off(step: Callable[[Any], None], module: nn.Module, steps: int) -> bool:
    """Times `step(forward)` both ways: the seconds saved in the run must be twice those that compiling takes.

    `step` must leave the run as it was. False where no compiler works.
    """
    plain = _seconds(step, module)
    if plain * steps < LEAST_SECONDS:
        return False
    try:
        fast = compiled(module)
        begin = time.perf_counter()
        step(fast)
        cost = time.perf_counter() - begin
        saved = plain - _seconds(step, fast)
    except Exception:  # whatever a missing or broken compiler raises
        return False
    return saved * steps > 2 * cost


def _seconds(step: Callable[[Any], None], forward: Any) -> float:
    step(forward)
    begin = time.perf_counter()
    for _ in range(TRIAL):
        step(forward)
    return (time.perf_counter() - begin) / TRIAL
