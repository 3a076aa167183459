"""`batchnorm`: each map to mean 0 and variance 1 over the batch, then scaled and shifted."""

from __future__ import annotations

from typing import Any

from netspec.ops.base import Construct, Init, Lowering, Weight, option, plain, wants_values
from netspec.ops.weighted import ONES, ZEROS, Weighted
from netspec.types import Type


class BatchNorm(Weighted):
    """Per map, over the batch and space (and time): in training by the batch, else by running statistics."""

    name = "batchnorm"
    summary = "each map to mean 0 and variance 1 over the batch"
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ioffe & Szegedy 2015; torch.nn.BatchNorm2d"
    example = "64 filters 3x3 (bias = false) -> batchnorm -> relu"
    norm = True
    varying = False
    eps: float = option("real", "added to the variance", default=1e-5, least=0)
    momentum: float = option("real", "how fast running statistics follow", default=0.1, least=0, most=1)
    affine: bool = option("flag", "a trained weight and bias for each map", default=True)

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

    def torch(self, *inputs: Type) -> Lowering:
        axes = max(1, len(inputs[0].space))
        kwargs: dict[str, Any] = {}
        if self.eps != 1e-5:
            kwargs["eps"] = self.eps
        if self.momentum != 0.1:
            kwargs["momentum"] = self.momentum
        if not self.affine:
            kwargs["affine"] = False
        return Lowering("{self}({x})", Construct(f"nn.BatchNorm{axes}d", plain((inputs[0].maps,)), kwargs), folds=True)
