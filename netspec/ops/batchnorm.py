"""`batchnorm`: each map to mean 0 and variance 1 over the batch, then scaled and shifted."""

from __future__ import annotations

import math

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import NO_AFFINE, SAFETY, unseen
from netspec.ir.operation import Argument, Construct, Init, Lowering, Weight, option, plain, wants_values
from netspec.ir.types import Type
from netspec.ops.weighted import ONES, ZEROS, Weighted


class BatchNorm(Weighted):
    """Each map to mean 0 and variance 1 over the batch, space and time; afterwards a weight and a bias for each map.

    In training the batch's own statistics count, afterwards the running ones.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "batchnorm"
    effect = "across"
    family = "norm"
    linear = True
    mixes_batch = True
    summary = "each map to mean 0 and variance 1 over the batch"
    titles = ("batch norm", "배치 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ioffe & Szegedy 2015; torch.nn.BatchNorm2d"
    example = "64 filters 3x3 (bias = false) -> batchnorm -> relu"
    norm = True
    varying = False
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    momentum: float = option(
        "real",
        "how fast running statistics follow",
        default=0.1,
        least=0,
        most=1,
        mark=unseen("how fast running statistics follow, in training alone", "momentum {}", "모멘텀 {}"),
    )
    affine: bool = option(
        "flag",
        "a trained weight and bias for each map",
        default=True,
        mark=NO_AFFINE,
    )

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return inputs[0]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        maps = inputs[0].maps
        trained = (self.weight("weight", (maps,), ONES), self.weight("bias", (maps,), ZEROS)) if self.affine else ()
        return (
            *trained,
            Weight("running_mean", (maps,), ZEROS, buffer=True),
            Weight("running_var", (maps,), ONES, buffer=True),
            Weight("num_batches_tracked", (), Init("constant", (0.0,)), buffer=True, integer=True),
        )

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        rest = (1,) * (len(x.shape) - 2)
        axes = (0, *range(2, len(x.shape)))
        if call.training and not self.frozen:
            count = x.node.size // x.shape[1] if x.contiguous else math.prod(x.shape) // x.shape[1]
            mean = x.mean(*axes)
            variance = ((x - mean) * (x - mean)).mean(*axes)
            for name, now in (("running_mean", mean), ("running_var", variance * (count / max(1, count - 1)))):
                before = call.weight(name)
                call.updates[name] = before * (1 - self.momentum) + now.reshape(-1) * self.momentum
        else:
            mean, variance = (call.weight(name).reshape(-1, *rest) for name in ("running_mean", "running_var"))
        found = (x - mean) / (variance + self.eps).sqrt()
        if not self.affine:
            return found
        return found * call.weight("weight").reshape(-1, *rest) + call.weight("bias").reshape(-1, *rest)

    def torch(self, *inputs: Type) -> Lowering:
        axes = max(1, len(inputs[0].space))
        kwargs: dict[str, Argument] = {"eps": self.eps, "momentum": self.momentum, "affine": self.affine}
        defaults: dict[str, Argument] = {"eps": 1e-5, "momentum": 0.1, "affine": True}
        module = Construct(f"nn.BatchNorm{axes}d", plain((inputs[0].maps,)), kwargs, defaults)
        if not self.frozen:
            return Lowering("{self}({x})", module, folds=True)
        arrays = ("running_mean", "running_var", *(("weight", "bias") if self.affine else ()))
        names = ", ".join(f"{{self}}.{name}" for name in arrays)
        return Lowering(f"F.batch_norm({{x}}, {names}, eps={{eps}})", module, {"eps": self.eps}, folds=True)
