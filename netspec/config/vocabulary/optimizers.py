"""The optimizers, with the names, options and defaults of torch. A test compares them with torch's signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from netspec.config.entries import Entry, incomplete, setting
from netspec.elaborate.options import shown
from netspec.ir.types import refuse
from netspec.registry import Registry

if TYPE_CHECKING:
    import torch

    from netspec.compute.arrays import Array

# options with two numbers: the condition that torch requires, in words and as a function
_PAIRS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "betas": ("0 <= each < 1", lambda first, second: 0 <= first < 1 and 0 <= second < 1),
    "etas": ("0 < first < 1 < second", lambda first, second: 0 < first < 1 < second),
    "step_sizes": ("0 < first <= second", lambda first, second: 0 < first <= second),
}


class Optimizer(Entry):
    """An optimizer; it does not change frozen weights and buffers.

    To add an optimizer, inherit from this class and set `torch_name`, or define `build`.

    Attributes:
        torch_name: the class in torch.optim, which takes the same options.
        fused: the devices for which torch updates all weights in one kernel.

    Example:
        >>> class Lbfgs(netspec.Optimizer):
        ...     word, about, example = "lbfgs", "quasi-Newton steps", "lbfgs"
        ...     torch_name = "LBFGS"
        >>> Lbfgs(lr=0.5).document()
        {'word': 'lbfgs', 'lr': 0.5}
    """

    torch_name: ClassVar[str] = ""
    fused: ClassVar[tuple[str, ...]] = ()
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 1e-3

    def check(self) -> None:
        for name, (rule, holds) in _PAIRS.items():
            values = getattr(self, name, None)
            if values is not None and not holds(*values):
                refuse("NS779", option=name, name=name, rule=rule, values=shown(values))

    def build(self, weights: Iterable[torch.nn.Parameter], device: str) -> torch.optim.Optimizer:
        """Return torch's optimizer for these weights, in its fastest form on `cpu` or `cuda`: fused, else foreach."""
        from torch import optim

        options = self.as_dict()
        if "betas" in options:
            options["betas"] = tuple(options["betas"])
        fast = {"fused": True} if device in self.fused else {"foreach": True}
        found: torch.optim.Optimizer = getattr(optim, self.torch_name)(list(weights), **options, **fast)
        return found

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the arrays that it keeps for each weight from step to step; they begin with zeros."""
        return ()

    def moved(self, weight: Array, slope: Array, rate: Array, count: Array, *states: Array) -> tuple[Array, ...] | None:
        """Describe a step by `netspec.compute`: for figures, and for pages that train without torch.

        Parameters:
            weight, slope: the weights, and the gradient of the loss by them.
            rate: the learning rate, one number.
            count: the number of the step, from 1.
            states: what it keeps, as `states` names it.

        Returns:
            The weights and the states after the step; None if it cannot be described.
        """
        return None


def _incomplete(optimizer: type[Optimizer]) -> str:
    if not optimizer.torch_name and optimizer.build is Optimizer.build:
        return "it needs `torch_name`, its class in torch.optim, or a method `build(self, weights, device)`"
    return incomplete(optimizer)


OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer", Optimizer, __package__, key="word", missing=_incomplete)


class Decaying(Optimizer):
    """An optimizer with weight decay, which pulls the weights towards 0."""

    weight_decay: Annotated[float, setting("number", "how strongly weights are drawn to 0", least=0)] = 0.0


@OPTIMIZERS.register
class Sgd(Decaying):
    word = "sgd"
    torch_name = "SGD"
    fused = ("cpu", "cuda")
    about = "stochastic gradient descent (torch.optim.SGD)"
    example = "sgd(lr = 0.1, momentum = 0.9)"
    momentum: Annotated[float, setting("number", "how much of the last step goes into this one", least=0)] = 0.0
    dampening: Annotated[float, setting("number", "how much less of the gradient then", least=0)] = 0.0
    nesterov: Annotated[bool, setting("flag", "looks ahead along the momentum")] = False

    def check(self) -> None:
        super().check()
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            refuse("NS778", option="nesterov", momentum=f"{self.momentum:g}", dampening=f"{self.dampening:g}")

    @property
    def states(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def moved(self, weight: Array, slope: Array, rate: Array, count: Array, *states: Array) -> tuple[Array, ...]:
        step = slope + weight * self.weight_decay if self.weight_decay else slope
        if not states:
            return (weight - step * rate,)
        kept = states[0] * self.momentum + step * (1 - self.dampening)
        if self.dampening:  # torch begins with the whole gradient
            kept = count.equals(1).where(step, kept)
        return weight - (step + kept * self.momentum if self.nesterov else kept) * rate, kept


@OPTIMIZERS.register
class Adam(Decaying):
    word = "adam"
    torch_name = "Adam"
    fused = ("cpu", "cuda")
    about = "steps scaled by running means of the gradient and its square (torch.optim.Adam)"
    example = "adam(lr = 1e-3)"
    betas: Annotated[
        tuple[float, ...], setting("numbers", "how slowly the two means follow", least=0, most=1, count=2)
    ] = (0.9, 0.999)
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-8
    amsgrad: Annotated[bool, setting("flag", "the largest second mean counts, not the last")] = False

    @property
    def states(self) -> tuple[str, ...]:
        return ("mean", "square", *(("largest",) if self.amsgrad else ()))

    def moved(self, weight: Array, slope: Array, rate: Array, count: Array, *states: Array) -> tuple[Array, ...]:
        return self._stepped(
            weight, slope + weight * self.weight_decay if self.weight_decay else slope, rate, count, *states
        )

    def _stepped(
        self, weight: Array, slope: Array, rate: Array, count: Array, mean: Array, square: Array, *largest: Array
    ) -> tuple[Array, ...]:
        first, second = self.betas
        mean = mean + (slope - mean) * (1 - first)
        square = square * second + slope * slope * (1 - second)
        largest = tuple(one.max(square) for one in largest)
        scale = (largest or (square,))[0].sqrt() / (1 - second**count).sqrt() + self.eps
        return weight - mean / scale * (rate / (1 - first**count)), mean, square, *largest


@OPTIMIZERS.register
class AdamW(Adam):
    word = "adamw"
    torch_name = "AdamW"
    fused = ("cpu", "cuda")
    about = "Adam with weight decay apart from the gradient (torch.optim.AdamW)"
    example = "adamw(lr = 1e-3, weight_decay = 0.01)"
    weight_decay: Annotated[float, setting("number", "how strongly weights are drawn to 0", least=0)] = 0.01

    def moved(self, weight: Array, slope: Array, rate: Array, count: Array, *states: Array) -> tuple[Array, ...]:
        return self._stepped(weight * (1 - rate * self.weight_decay), slope, rate, count, *states)


@OPTIMIZERS.register
class RmsProp(Decaying):
    word = "rmsprop"
    torch_name = "RMSprop"
    about = "steps scaled by a running mean of the squared gradient (torch.optim.RMSprop)"
    example = "rmsprop(lr = 1e-3)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 1e-2
    alpha: Annotated[float, setting("number", "how slowly the mean follows", least=0, most=1)] = 0.99
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-8
    momentum: Annotated[float, setting("number", "how much of the last step goes into this one", least=0)] = 0.0
    centered: Annotated[bool, setting("flag", "scales by the variance instead")] = False


@OPTIMIZERS.register
class Adagrad(Decaying):
    word = "adagrad"
    torch_name = "Adagrad"
    fused = ("cpu",)
    about = "steps scaled by the sum of squared gradients so far (torch.optim.Adagrad)"
    example = "adagrad(lr = 0.01)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 1e-2
    lr_decay: Annotated[float, setting("number", "how fast the learning rate falls", least=0)] = 0.0
    initial_accumulator_value: Annotated[float, setting("number", "what the sum begins with", least=0)] = 0.0
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-10


@OPTIMIZERS.register
class NAdam(Decaying):
    word = "nadam"
    torch_name = "NAdam"
    about = "Adam that looks ahead along the momentum (torch.optim.NAdam)"
    example = "nadam(lr = 2e-3)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 2e-3
    betas: Annotated[
        tuple[float, ...], setting("numbers", "how slowly the two means follow", least=0, most=1, count=2)
    ] = (0.9, 0.999)
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-8
    momentum_decay: Annotated[float, setting("number", "how fast the momentum's share grows", least=0)] = 4e-3
    decoupled_weight_decay: Annotated[bool, setting("flag", "weight decay apart from the gradient, as AdamW")] = False


@OPTIMIZERS.register
class RAdam(Decaying):
    word = "radam"
    torch_name = "RAdam"
    about = "Adam whose first steps are held back until their variance is known (torch.optim.RAdam)"
    example = "radam(lr = 1e-3)"
    betas: Annotated[
        tuple[float, ...], setting("numbers", "how slowly the two means follow", least=0, most=1, count=2)
    ] = (0.9, 0.999)
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-8
    decoupled_weight_decay: Annotated[bool, setting("flag", "weight decay apart from the gradient, as AdamW")] = False


@OPTIMIZERS.register
class Adamax(Decaying):
    word = "adamax"
    torch_name = "Adamax"
    about = "Adam scaled by the largest gradient instead of a mean square (torch.optim.Adamax)"
    example = "adamax(lr = 2e-3)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 2e-3
    betas: Annotated[
        tuple[float, ...], setting("numbers", "how slowly mean and largest follow", least=0, most=1, count=2)
    ] = (0.9, 0.999)
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-8


@OPTIMIZERS.register
class Adadelta(Decaying):
    word = "adadelta"
    torch_name = "Adadelta"
    about = "steps scaled by running means of the gradient and of the steps themselves (torch.optim.Adadelta)"
    example = "adadelta(lr = 1.0)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 1.0
    rho: Annotated[float, setting("number", "how slowly the means follow", least=0, most=1)] = 0.9
    eps: Annotated[float, setting("number", "keeps the division from zero", least=0)] = 1e-6


@OPTIMIZERS.register
class Asgd(Decaying):
    word = "asgd"
    torch_name = "ASGD"
    about = "averaged stochastic gradient descent (torch.optim.ASGD)"
    example = "asgd(lr = 1e-2)"
    lr: Annotated[float, setting("number", "the learning rate", above=0)] = 1e-2
    lambd: Annotated[float, setting("number", "how fast weights decay", least=0)] = 1e-4
    alpha: Annotated[float, setting("number", "the power by which the rate falls", least=0)] = 0.75
    t0: Annotated[float, setting("number", "the step at which averaging begins", least=0)] = 1e6


@OPTIMIZERS.register
class Rprop(Optimizer):
    word = "rprop"
    torch_name = "Rprop"
    about = "steps by the signs of the gradient alone, for whole batches (torch.optim.Rprop)"
    example = "rprop(lr = 1e-2)"
    lr: Annotated[float, setting("number", "the first step", above=0)] = 1e-2
    etas: Annotated[
        tuple[float, ...], setting("numbers", "factors after a change of sign, and after none", count=2)
    ] = (0.5, 1.2)
    step_sizes: Annotated[tuple[float, ...], setting("numbers", "the least and the largest step", count=2)] = (
        1e-6,
        50.0,
    )
