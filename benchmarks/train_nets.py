"""The nets of `benchmarks train`: each as a spec and as the module that one would write by hand, with its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_TRAIN = """
train {
  loss = cross_entropy(s, label)
  optimizer = adam(lr = 1e-3)
  batch = 64
}
"""


@dataclass
class Case:
    """One net. `spec` is trained by netspec, `model` by hand; x, y: (rows, …)."""

    name: str
    spec: str
    model: Callable[[], nn.Module]
    x: Tensor
    y: Tensor


def cases() -> list[Case]:
    draw = torch.Generator().manual_seed(0)

    def data(rows: int, *shape: int) -> tuple[Tensor, Tensor]:
        return torch.randn(rows, *shape, generator=draw), torch.randint(10, (rows,), generator=draw)

    return [
        Case("MLP", _MLP, mlp, *data(16384 + 37, 784)),
        Case("LeNet", _LENET, LeNet, *data(4096 + 37, 1, 28, 28)),
        Case("GRU", _GRU, Gru, *data(2048 + 37, 32, 16)),
        Case("small ResNet", _RESNET, ResNet, *data(512 + 37, 3, 16, 16)),
    ]


_MLP = (
    """netspec 1
net mlp {
  input  x: 784
  hidden z: 100 perceptrons -> relu
  output s: 10 perceptrons
}
"""
    + _TRAIN
)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))


_LENET = (
    """netspec 1
net lenet {
  input  x: 1@28x28
  hidden c1: 6 filters 5x5 (pad = 2) -> relu
  hidden s2: c1 -> maxpool(2x2)
  hidden c3: 16 filters 5x5 -> relu
  hidden s4: c3 -> maxpool(2x2)
  hidden f5: 120 perceptrons -> relu
  hidden f6: 84 perceptrons -> relu
  output s: 10 perceptrons
}
"""
    + _TRAIN
)


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5, padding=2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.f5 = nn.Linear(400, 120)
        self.f6 = nn.Linear(120, 84)
        self.s = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.c1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.c3(x)), 2)
        x = x.flatten(1)
        x = functional.relu(self.f5(x))
        x = functional.relu(self.f6(x))
        out: Tensor = self.s(x)
        return out


_GRU = (
    """netspec 1
net sequence {
  input  x: 16 over 32
  hidden z: gru(64)
  output s: z -> last(time) -> 10 perceptrons
}
"""
    + _TRAIN
)


class Gru(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.z = nn.GRU(16, 64, batch_first=True)
        self.s = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        z, _ = self.z(x)
        out: Tensor = self.s(z[:, -1])
        return out


_RESNET = (
    """netspec 1
block Basic(c, s = 1) {
  input x: k @ h x w
  hidden a: x -> c filters 3x3 (stride = s, pad = 1, bias = false) -> batchnorm -> relu
  hidden b: a -> c filters 3x3 (pad = 1, bias = false) -> batchnorm
  output y: b + x -> relu
}
block Down(c) {
  input x: k @ h x w
  hidden a: x -> c filters 3x3 (stride = 2, pad = 1, bias = false) -> batchnorm -> relu
  hidden b: a -> c filters 3x3 (pad = 1, bias = false) -> batchnorm
  hidden d: x -> c filters 1x1 (stride = 2, bias = false) -> batchnorm
  output y: b + d -> relu
}
net resnet {
  input  x: 3@16x16
  hidden stem: 16 filters 3x3 (pad = 1, bias = false) -> batchnorm -> relu
  hidden r1: Basic(16)
  hidden r2: Down(32)
  hidden r3: Basic(32)
  output s: r3 -> mean(space) -> 10 perceptrons
}
"""
    + _TRAIN
)


def _conv(before: int, after: int, size: int, stride: int = 1) -> nn.Module:
    return nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.a, self.an = _conv(before, after, 3, stride), nn.BatchNorm2d(after)
        self.b, self.bn = _conv(after, after, 3), nn.BatchNorm2d(after)
        if stride > 1:
            self.d, self.dn = _conv(before, after, 1, 2), nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        a = functional.relu(self.an(self.a(x)))
        b = self.bn(self.b(a))
        return functional.relu(b + (self.dn(self.d(x)) if hasattr(self, "d") else x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = _conv(3, 16, 3), nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16), Block(16, 32), Block(32, 32))
        self.s = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.stem(x)))
        out: Tensor = self.s(self.blocks(x).mean((2, 3)))
        return out
