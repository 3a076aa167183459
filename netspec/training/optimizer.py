"""The schedule of a train section -> the learning rate of every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.sections.vocabulary.schedules import Schedule

if TYPE_CHECKING:
    import torch


class Rate:
    """The learning rate as a pure function of the optimizer step and epoch (and the factor of one that waits)."""

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
        elif schedule.waits:
            factor = plateau
        else:
            factor = schedule.multiplier(epoch, self.epochs, self.lr)
        if step < schedule.warmup:
            factor *= (step + 1) / schedule.warmup
        return self.lr * factor


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr
