"""The optimizer and schedule of a train section -> torch's optimizer, and the learning rate of every step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from netspec.sections.optimizers import TORCH_NAMES, Optimizer, Plateau, Schedule

if TYPE_CHECKING:
    import torch

# which of torch's optimizers have one kernel for all weights, by device
_FUSED = {"cpu": {"sgd", "adam", "adamw", "adagrad"}, "cuda": {"sgd", "adam", "adamw"}}


def make_optimizer(entry: Optimizer, weights: Iterable[torch.nn.Parameter], device: str) -> torch.optim.Optimizer:
    """torch's optimizer, in its fastest form on the device: fused, else foreach."""
    from torch import optim

    options: dict[str, Any] = entry.model_dump()
    if "betas" in options:
        options["betas"] = tuple(options["betas"])
    fast = {"fused": True} if entry.word in _FUSED.get(device, ()) else {"foreach": True}
    found: torch.optim.Optimizer = getattr(optim, TORCH_NAMES[entry.word])(list(weights), **options, **fast)
    return found


class Rate:
    """The learning rate as a pure function of the optimizer step and epoch (and of Plateau's own factor)."""

    def __init__(self, schedule: Schedule, lr: float, steps: int, epochs: int) -> None:
        self.schedule = schedule
        self.lr = lr
        self.steps = steps
        self.epochs = epochs
        self.moves = schedule.by_step or schedule.warmup > 0

    def at(self, step: int, epoch: int, plateau: float) -> float:
        """The rate of optimizer step `step` (from 0) in epoch `epoch` (from 0)."""
        schedule = self.schedule
        if schedule.by_step:
            factor = schedule.multiplier(step, self.steps, self.lr)
        elif isinstance(schedule, Plateau):
            factor = plateau
        else:
            factor = schedule.multiplier(epoch, self.epochs, self.lr)
        if step < schedule.warmup:
            factor *= (step + 1) / schedule.warmup
        return self.lr * factor


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr
