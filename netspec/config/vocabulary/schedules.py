"""The schedules of the learning rate. Tests compare each of them, step by step, with torch's class."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from netspec.config.entries import Entry, incomplete, setting
from netspec.registry import Registry


class Schedule(Entry):
    """A factor for the learning rate. It depends only on the step, so a resumed run needs no state of it.

    Where torch's class takes the length of the run (T_max, total_steps), it is always the actual length of the run. To
    add a schedule, inherit from this class and define `multiplier`.

    Attributes:
        by_step: whether it changes with every optimizer step instead of every epoch.
        waits: whether it reacts to the validation loss instead, by the options `factor` and `patience`.

    Example:
        >>> class Halving(netspec.Schedule):
        ...     word, about, example = "halving", "half the rate after every epoch", "halving"
        ...
        ...     def multiplier(self, step, steps, lr):
        ...         return 0.5**step
        >>> Halving().multiplier(2, steps=10, lr=0.1)
        0.25
    """

    by_step: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    warmup: Annotated[int, setting("whole", "optimizer steps over which the rate first rises from 0", least=0)] = 0

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        """Return the factor at step `step` of `steps`, counted in optimizer steps or epochs as `by_step` says."""
        return 1.0


def _incomplete(schedule: type[Schedule]) -> str:
    if schedule.waits and not {"factor", "patience"} <= set(schedule.options()):
        return "a schedule that waits for the validation loss needs the options `factor` and `patience`"
    return incomplete(schedule)


SCHEDULES: Registry[type[Schedule]] = Registry("schedule", Schedule, __package__, key="word", missing=_incomplete)


@SCHEDULES.register
class Constant(Schedule):
    word = "constant"
    about = "the same learning rate all along"
    example = "constant"


@SCHEDULES.register
class Cosine(Schedule):
    word = "cosine"
    about = "down along half a cosine to `eta_min`, step by step (CosineAnnealingLR)"
    example = "cosine"
    by_step = True
    eta_min: Annotated[float, setting("number", "the rate at the end", least=0)] = 0.0

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return _cosine(1.0, self.eta_min / lr, min(1.0, step / steps))


@SCHEDULES.register
class CosineRestarts(Schedule):
    word = "cosine_restarts"
    about = "down along half a cosine, again and again, epoch by epoch (CosineAnnealingWarmRestarts)"
    example = "cosine_restarts(10)"
    positional = ("T_0",)
    T_0: Annotated[int, setting("whole", "epochs before the first restart", least=1)]
    T_mult: Annotated[int, setting("whole", "how much longer each round is than the one before", least=1)] = 1
    eta_min: Annotated[float, setting("number", "the rate at the end of a round", least=0)] = 0.0

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        length = self.T_0
        while step >= length:
            step, length = step - length, length * self.T_mult
        return _cosine(1.0, self.eta_min / lr, step / length)


@SCHEDULES.register
class Linear(Schedule):
    word = "linear"
    about = "along a line from `start_factor` to `end_factor` times the rate, step by step (LinearLR)"
    example = "linear"
    by_step = True
    start_factor: Annotated[float, setting("number", "times the rate at the start", above=0, most=1)] = 1.0
    end_factor: Annotated[float, setting("number", "times the rate at the end", least=0, most=1)] = 0.0

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * min(1.0, step / steps)


@SCHEDULES.register
class Polynomial(Schedule):
    word = "polynomial"
    about = "down to 0 as a power of what is left of the run, step by step (PolynomialLR)"
    example = "polynomial(power = 2)"
    by_step = True
    power: Annotated[float, setting("number", "the power", above=0)] = 1.0

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float((1 - min(1.0, step / steps)) ** self.power)


@SCHEDULES.register
class OneCycle(Schedule):
    word = "one_cycle"
    about = "up along a cosine to the rate, then down to almost nothing, step by step (OneCycleLR, momentum kept)"
    example = "one_cycle"
    by_step = True
    pct_start: Annotated[float, setting("number", "the share of the steps that the rate rises", above=0, most=1)] = 0.3
    div_factor: Annotated[float, setting("number", "the first rate is the full one divided by this", least=1)] = 25.0
    final_div_factor: Annotated[float, setting("number", "the last rate is the first one divided by this", least=1)] = (
        1e4
    )

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        peak = self.pct_start * steps - 1
        first = 1 / self.div_factor
        if step <= peak:
            return _cosine(first, 1.0, step / peak if peak > 0 else 1.0)
        return _cosine(1.0, first / self.final_div_factor, min(1.0, (step - peak) / max(1e-12, steps - 1 - peak)))


@SCHEDULES.register
class Step(Schedule):
    word = "step"
    about = "times `gamma` after every `step_size` epochs (StepLR)"
    example = "step(30, gamma = 0.1)"
    positional = ("step_size",)
    step_size: Annotated[int, setting("whole", "epochs between two falls", least=1)]
    gamma: Annotated[float, setting("number", "what is left of the rate", above=0)] = 0.1

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma ** (step // self.step_size))


@SCHEDULES.register
class MultiStep(Schedule):
    word = "multistep"
    about = "times `gamma` after each of these epochs (MultiStepLR)"
    example = "multistep([30, 80])"
    positional = ("milestones",)
    milestones: Annotated[tuple[float, ...], setting("numbers", "the epochs after which it falls", least=1)]
    gamma: Annotated[float, setting("number", "what is left of the rate", above=0)] = 0.1

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma ** sum(step >= epoch for epoch in self.milestones))


@SCHEDULES.register
class Exponential(Schedule):
    word = "exponential"
    about = "times `gamma` after every epoch (ExponentialLR)"
    example = "exponential(0.95)"
    positional = ("gamma",)
    gamma: Annotated[float, setting("number", "what is left of the rate", above=0)]

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma**step)


@SCHEDULES.register
class Plateau(Schedule):
    word = "plateau"
    about = "times `factor` when the validation loss has not fallen for more than `patience` epochs (ReduceLROnPlateau)"
    example = "plateau(patience = 5)"
    waits = True
    factor: Annotated[float, setting("number", "what is left of the rate", above=0, most=1)] = 0.1
    patience: Annotated[int, setting("whole", "epochs without progress that are borne", least=0)] = 10


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


class Rate:
    """The learning rate, computed only from the step, the epoch and the factor of a schedule that waits for progress.

    moves: whether the rate can change within an epoch.
    """

    def __init__(self, schedule: Schedule, lr: float, steps: int, epochs: int) -> None:
        self.schedule = schedule
        self.lr = lr
        self.steps = steps
        self.epochs = epochs
        self.moves = schedule.by_step or schedule.warmup > 0

    def at(self, step: int, epoch: int, plateau: float) -> float:
        """Return the learning rate for optimizer step `step` in epoch `epoch`; both count from 0."""
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
