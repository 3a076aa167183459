"""Operations that matter only in training: dropout, stochastic depth, sampling, a stop for gradients."""

from __future__ import annotations

from typing import Any, Literal

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import CHANCE, kind
from netspec.ir.operation import Elementwise, Lowering, Op, Part, Remark, option, wants_values
from netspec.ir.types import Type, refuse


class Dropout(Elementwise):
    """In training each value becomes zero with probability p, and the others are multiplied by 1 / (1 - p).

    `dropout(p, maps)` drops whole maps.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "dropout"
    titles = ("", "드롭아웃")
    effect = "same"
    family = "regulariser"
    linear = True
    drops_units = True
    summary = "in training each value is zero with probability p"
    source = "Srivastava 2014; torch.nn.functional.dropout"
    example = "dropout(0.5)"
    positional = ("p", "role")
    p: float = option("real", "the probability", least=0, most=1, mark=CHANCE)
    role: Any = option(
        "role",
        "maps: whole maps are dropped",
        default=None,
        choices=("maps",),
        mark=kind({"maps": "whole maps"}, {"maps": "맵 전체"}),
    )

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if not call.training or self.p == 0:
            return x
        axes = len(call.types[0].space)
        return call.dropped(x, self.p, (*x.shape[:2], *(1,) * axes) if self.role == "maps" and axes else x.shape)

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        return (Remark("NS717", {}),) if self.p == 1 else ()

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.p > 0 else ""

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        if self.role == "maps" and axes:
            return Lowering(f"F.dropout{axes}d({{x}}, {{p}}, self.training)", values={"p": self.p}, folds=True)
        return Lowering("F.dropout({x}, {p}, self.training)", values={"p": self.p})


DROP_PATH = Part(
    "drop_path",
    '''def drop_path(x: Tensor, p: float, training: bool) -> Tensor:
    """In training, an example is zeroed with probability p, others grow by 1 / (1 - p)."""
    if not training or p == 0.0:
        return x
    kept = x.new_empty(x.shape[0], *(1 for _ in x.shape[1:])).bernoulli_(1 - p)
    return x * kept / (1 - p) if p < 1 else x * kept''',
)


class DropPath(Elementwise):
    """In training all values of an example become zero with probability p: stochastic depth.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "droppath"
    titles = ("", "확률적 깊이")
    effect = "same"
    family = "regulariser"
    summary = "in training a whole path is left out with probability p"
    source = "Huang 2016"
    example = "x + (x -> Basic(64) -> droppath(0.1))"
    positional = ("p",)
    p: float = option("real", "the probability", least=0, most=1, mark=CHANCE)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        if not call.training or self.p == 0:
            return x
        kept = call.noise("uniform", call.examples, 1) > self.p
        # the time steps of an example are consecutive
        steps = kept.broadcast((call.examples, x.shape[0] // call.examples))
        scale = steps.reshape(x.shape[0], *(1 for _ in x.shape[1:]))
        return x * scale / (1 - self.p) if self.p < 1 else x * scale

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        return (Remark("NS717", {}),) if self.p == 1 else ()

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.p > 0 else ""

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("drop_path({x}, {p}, self.training)", values={"p": self.p}, parts=(DROP_PATH,))


SAMPLE = Part(
    "sample",
    '''def sample(mean: Tensor, logvar: Tensor, training: bool) -> Tensor:
    """A value around `mean` with variance e^logvar in training, else the mean (Kingma 2013)."""
    return mean + torch.randn_like(mean) * torch.exp(0.5 * logvar) if training else mean''',
)


class Sample(Op):
    """In training a normal random value with the given mean and logarithm of the variance; afterwards the mean.

    Shape: mean and logarithm (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    name = "sample"
    titles = ("", "표본 추출")
    family = "regulariser"
    draws = "training"
    summary = "a normal value around a mean, in training"
    formula = "mu + e^(v/2) * noise"
    source = "Kingma & Welling 2013"
    example = "mu, logvar -> sample"
    inputs = 2

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, *inputs)
        if inputs[0] != inputs[1]:
            refuse("NS336", input=1, step="sample", left=str(inputs[0]), right=str(inputs[1]))
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        mean, logvar = inputs
        return mean + call.noise("normal", *mean.shape) * (0.5 * logvar).exp() if call.training else mean

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("sample({0}, {1}, self.training)", parts=(SAMPLE,))


class Stop(Elementwise):
    """Returns the value unchanged, but passes no gradient on.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "stop"
    effect = "same"
    family = "regulariser"
    blocks_gradient = True
    summary = "no gradient flows back through here"
    titles = ("no gradient", "기울기 없음")
    source = "torch.Tensor.detach"
    example = "target -> stop"
    call = "{x}.detach()"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].stop()
