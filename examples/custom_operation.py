"""An operation of your own: one class says its option, its type, its weights and how PyTorch computes it."""

from __future__ import annotations

import torch

import netspec
from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.operation import Construct, Init, Lowering, Part, Weight, option
from netspec.ir.types import Type

SNAKE = Part(
    "Snake",
    '''class Snake(nn.Module):
    """x + sin(a x)^2 / a with a trained a for each map (Ziyin 2020)."""

    def __init__(self, maps: int, start: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((maps,), start))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.weight * x).square() / self.weight''',
)


@netspec.register
class Snake(netspec.Op):
    """An activation for periodic data; a is trained for each map."""

    name = "snake"
    summary = "an activation for periodic data"
    formula = "s + sin(a s)^2 / a"
    source = "Ziyin 2020"
    example = "snake"
    start: float = option("real", "the first value of a", default=1.0, least=0.01, mark="a from {}")

    def shape(self, *inputs: Type) -> Type:
        return inputs[0]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].maps,), Init("constant", (self.start,))),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, a = inputs[0], call.weight("weight")
        return x + (a * x).sin() ** 2 / a

    def torch(self, *inputs: Type) -> Lowering:
        # the constructor starts as `weights` says; what equals its default is not written
        call = Construct("Snake", (inputs[0].maps,), {"start": self.start}, {"start": 1.0})
        return Lowering("{self}({x})", call, parts=(SNAKE,))


SPEC = """
net periodic {
  input  t: 1
  hidden z: 16 perceptrons -> snake(start = 2.0)
  output y: 1 perceptron
}
"""


def main() -> torch.Tensor:
    """The operation in a spec: checked, counted, and compiled like the built-in ones."""
    net = netspec.parse(SPEC).net()
    print(net.show())
    y: torch.Tensor = net.module(seed=0)(torch.linspace(0, 6, 10)[:, None])
    print(y.squeeze())
    return y


if __name__ == "__main__":
    main()
