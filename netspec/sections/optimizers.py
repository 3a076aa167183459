"""The tables of optimizers and schedules: torch's names and options, torch's defaults.

A test holds the optimizers to torch's own signatures and every schedule, step by step, to torch's class.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from netspec.ir.types import refuse
from netspec.sections.entries import Entry, option, shown, table

# options that are two numbers: what torch asks of them
_PAIRS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "betas": ("0 <= each < 1", lambda first, second: 0 <= first < 1 and 0 <= second < 1),
    "etas": ("0 < first < 1 < second", lambda first, second: 0 < first < 1 < second),
    "step_sizes": ("0 < first <= second", lambda first, second: 0 < first <= second),
}


class Optimizer(Entry):
    """How weights follow their gradients. Frozen weights and buffers take no part."""

    lr: float = option("number", "the learning rate", default=1e-3, above=0)

    def vet(self) -> None:
        for name, (rule, holds) in _PAIRS.items():
            values = getattr(self, name, None)
            if values is not None and not holds(*values):
                refuse("NS779", option=name, name=name, rule=rule, values=shown(values))


class Decaying(Optimizer):
    """One that also draws weights to 0."""

    weight_decay: float = option("number", "how strongly weights are drawn to 0", default=0.0, least=0)


class Sgd(Decaying):
    word = "sgd"
    about = "stochastic gradient descent (torch.optim.SGD)"
    example = "sgd(lr = 0.1, momentum = 0.9)"
    momentum: float = option("number", "how much of the last step goes into this one", default=0.0, least=0)
    dampening: float = option("number", "how much less of the gradient then", default=0.0, least=0)
    nesterov: bool = option("flag", "looks ahead along the momentum", default=False)

    def vet(self) -> None:
        super().vet()
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            refuse("NS778", option="nesterov", momentum=f"{self.momentum:g}", dampening=f"{self.dampening:g}")


class Adam(Decaying):
    word = "adam"
    about = "steps scaled by running means of the gradient and its square (torch.optim.Adam)"
    example = "adam(lr = 1e-3)"
    betas: tuple[float, ...] = option(
        "numbers", "how slowly the two means follow", default=(0.9, 0.999), least=0, most=1, count=2
    )
    eps: float = option("number", "keeps the division from zero", default=1e-8, least=0)
    amsgrad: bool = option("flag", "the largest second mean counts, not the last", default=False)


class AdamW(Adam):
    word = "adamw"
    about = "Adam with weight decay apart from the gradient (torch.optim.AdamW)"
    example = "adamw(lr = 1e-3, weight_decay = 0.01)"
    weight_decay: float = option("number", "how strongly weights are drawn to 0", default=0.01, least=0)


class RmsProp(Decaying):
    word = "rmsprop"
    about = "steps scaled by a running mean of the squared gradient (torch.optim.RMSprop)"
    example = "rmsprop(lr = 1e-3)"
    lr: float = option("number", "the learning rate", default=1e-2, above=0)
    alpha: float = option("number", "how slowly the mean follows", default=0.99, least=0, most=1)
    eps: float = option("number", "keeps the division from zero", default=1e-8, least=0)
    momentum: float = option("number", "how much of the last step goes into this one", default=0.0, least=0)
    centered: bool = option("flag", "scales by the variance instead", default=False)


class Adagrad(Decaying):
    word = "adagrad"
    about = "steps scaled by the sum of squared gradients so far (torch.optim.Adagrad)"
    example = "adagrad(lr = 0.01)"
    lr: float = option("number", "the learning rate", default=1e-2, above=0)
    lr_decay: float = option("number", "how fast the learning rate falls", default=0.0, least=0)
    initial_accumulator_value: float = option("number", "what the sum begins with", default=0.0, least=0)
    eps: float = option("number", "keeps the division from zero", default=1e-10, least=0)


class NAdam(Decaying):
    word = "nadam"
    about = "Adam that looks ahead along the momentum (torch.optim.NAdam)"
    example = "nadam(lr = 2e-3)"
    lr: float = option("number", "the learning rate", default=2e-3, above=0)
    betas: tuple[float, ...] = option(
        "numbers", "how slowly the two means follow", default=(0.9, 0.999), least=0, most=1, count=2
    )
    eps: float = option("number", "keeps the division from zero", default=1e-8, least=0)
    momentum_decay: float = option("number", "how fast the momentum's share grows", default=4e-3, least=0)
    decoupled_weight_decay: bool = option("flag", "weight decay apart from the gradient, as AdamW", default=False)


class RAdam(Decaying):
    word = "radam"
    about = "Adam whose first steps are held back until their variance is known (torch.optim.RAdam)"
    example = "radam(lr = 1e-3)"
    betas: tuple[float, ...] = option(
        "numbers", "how slowly the two means follow", default=(0.9, 0.999), least=0, most=1, count=2
    )
    eps: float = option("number", "keeps the division from zero", default=1e-8, least=0)
    decoupled_weight_decay: bool = option("flag", "weight decay apart from the gradient, as AdamW", default=False)


class Adamax(Decaying):
    word = "adamax"
    about = "Adam scaled by the largest gradient instead of a mean square (torch.optim.Adamax)"
    example = "adamax(lr = 2e-3)"
    lr: float = option("number", "the learning rate", default=2e-3, above=0)
    betas: tuple[float, ...] = option(
        "numbers", "how slowly mean and largest follow", default=(0.9, 0.999), least=0, most=1, count=2
    )
    eps: float = option("number", "keeps the division from zero", default=1e-8, least=0)


class Adadelta(Decaying):
    word = "adadelta"
    about = "steps scaled by running means of the gradient and of the steps themselves (torch.optim.Adadelta)"
    example = "adadelta(lr = 1.0)"
    lr: float = option("number", "the learning rate", default=1.0, above=0)
    rho: float = option("number", "how slowly the means follow", default=0.9, least=0, most=1)
    eps: float = option("number", "keeps the division from zero", default=1e-6, least=0)


class Asgd(Decaying):
    word = "asgd"
    about = "averaged stochastic gradient descent (torch.optim.ASGD)"
    example = "asgd(lr = 1e-2)"
    lr: float = option("number", "the learning rate", default=1e-2, above=0)
    lambd: float = option("number", "how fast weights decay", default=1e-4, least=0)
    alpha: float = option("number", "the power by which the rate falls", default=0.75, least=0)
    t0: float = option("number", "the step at which averaging begins", default=1e6, least=0)


class Rprop(Optimizer):
    word = "rprop"
    about = "steps by the signs of the gradient alone, for whole batches (torch.optim.Rprop)"
    example = "rprop(lr = 1e-2)"
    lr: float = option("number", "the first step", default=1e-2, above=0)
    etas: tuple[float, ...] = option(
        "numbers", "factors after a change of sign, and after none", default=(0.5, 1.2), count=2
    )
    step_sizes: tuple[float, ...] = option("numbers", "the least and the largest step", default=(1e-6, 50.0), count=2)


OPTIMIZERS: dict[str, type[Optimizer]] = table(
    Sgd, Adam, AdamW, RmsProp, Adagrad, NAdam, RAdam, Adamax, Adadelta, Asgd, Rprop
)
TORCH_NAMES = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad", "nadam": "NAdam",
    "radam": "RAdam", "adamax": "Adamax", "adadelta": "Adadelta", "asgd": "ASGD", "rprop": "Rprop",
}  # fmt: skip


class Schedule(Entry):
    """A factor on the learning rate: a pure function of how far the run is, so a resumed run has no state to lose.

    Where torch's class wants the length of the run (T_max, total_steps), it is the length of the run.
    """

    by_step: ClassVar[bool] = False  # moves with every optimizer step, not with every epoch
    warmup: int = option("integer", "optimizer steps over which the rate first rises from 0", default=0, least=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        """The factor at step `step` of `steps`, counted in optimizer steps or epochs as `by_step` says."""
        return 1.0


class Constant(Schedule):
    word = "constant"
    about = "the same learning rate all along"
    example = "constant"


class Cosine(Schedule):
    word = "cosine"
    about = "down along half a cosine to `eta_min`, step by step (CosineAnnealingLR)"
    example = "cosine"
    by_step = True
    eta_min: float = option("number", "the rate at the end", default=0.0, least=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return _cosine(1.0, self.eta_min / lr, min(1.0, step / steps))


class Linear(Schedule):
    word = "linear"
    about = "along a line from `start_factor` to `end_factor` times the rate, step by step (LinearLR)"
    example = "linear"
    by_step = True
    start_factor: float = option("number", "times the rate at the start", default=1.0, above=0, most=1)
    end_factor: float = option("number", "times the rate at the end", default=0.0, least=0, most=1)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * min(1.0, step / steps)


class OneCycle(Schedule):
    word = "one_cycle"
    about = "up along a cosine to the rate, then down to almost nothing, step by step (OneCycleLR, momentum kept)"
    example = "one_cycle"
    by_step = True
    pct_start: float = option("number", "the share of the steps that the rate rises", default=0.3, above=0, most=1)
    div_factor: float = option("number", "the first rate is the full one divided by this", default=25.0, least=1)
    final_div_factor: float = option("number", "the last rate is the first one divided by this", default=1e4, least=1)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        peak = self.pct_start * steps - 1
        first = 1 / self.div_factor
        if step <= peak:
            return _cosine(first, 1.0, step / peak if peak > 0 else 1.0)
        return _cosine(1.0, first / self.final_div_factor, min(1.0, (step - peak) / max(1e-12, steps - 1 - peak)))


class Step(Schedule):
    word = "step"
    about = "times `gamma` after every `step_size` epochs (StepLR)"
    example = "step(30, gamma = 0.1)"
    positional = ("step_size",)
    step_size: int = option("integer", "epochs between two falls", least=1)
    gamma: float = option("number", "what is left of the rate", default=0.1, above=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma ** (step // self.step_size))


class MultiStep(Schedule):
    word = "multistep"
    about = "times `gamma` after each of these epochs (MultiStepLR)"
    example = "multistep([30, 80])"
    positional = ("milestones",)
    milestones: tuple[float, ...] = option("numbers", "the epochs after which it falls", least=1)
    gamma: float = option("number", "what is left of the rate", default=0.1, above=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma ** sum(step >= epoch for epoch in self.milestones))


class Exponential(Schedule):
    word = "exponential"
    about = "times `gamma` after every epoch (ExponentialLR)"
    example = "exponential(0.95)"
    positional = ("gamma",)
    gamma: float = option("number", "what is left of the rate", above=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float(self.gamma**step)


class Polynomial(Schedule):
    word = "polynomial"
    about = "down to 0 as a power of what is left of the run, step by step (PolynomialLR)"
    example = "polynomial(power = 2)"
    by_step = True
    power: float = option("number", "the power", default=1.0, above=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return float((1 - min(1.0, step / steps)) ** self.power)


class CosineRestarts(Schedule):
    word = "cosine_restarts"
    about = "down along half a cosine, again and again, epoch by epoch (CosineAnnealingWarmRestarts)"
    example = "cosine_restarts(10)"
    positional = ("T_0",)
    T_0: int = option("integer", "epochs before the first restart", least=1)
    T_mult: int = option("integer", "how much longer each round is than the one before", default=1, least=1)
    eta_min: float = option("number", "the rate at the end of a round", default=0.0, least=0)

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        length = self.T_0
        while step >= length:
            step, length = step - length, length * self.T_mult
        return _cosine(1.0, self.eta_min / lr, step / length)


class Plateau(Schedule):
    word = "plateau"
    about = "times `factor` when the validation loss has not fallen for more than `patience` epochs (ReduceLROnPlateau)"
    example = "plateau(patience = 5)"
    factor: float = option("number", "what is left of the rate", default=0.1, above=0, most=1)
    patience: int = option("integer", "epochs without progress that are borne", default=10, least=0)


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


SCHEDULES: dict[str, type[Schedule]] = table(
    Constant, Cosine, CosineRestarts, Linear, Polynomial, OneCycle, Step, MultiStep, Exponential, Plateau
)
