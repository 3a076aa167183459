"""`mu, v -> sample`: a normal value around mu in training, mu itself afterwards."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.operation import Lowering, Op, Part, wants_values
from netspec.ir.types import Type, refuse

SAMPLE = Part(
    "sample",
    '''def sample(mean: Tensor, logvar: Tensor, training: bool) -> Tensor:
    """A value around `mean` with variance e^logvar in training, else the mean (Kingma 2013)."""
    return mean + torch.randn_like(mean) * torch.exp(0.5 * logvar) if training else mean''',
)


class Sample(Op):
    """A normal value around a mean, with the logarithm of its variance; after training the mean.

    Shape: mean and logarithm (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    name = "sample"
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
