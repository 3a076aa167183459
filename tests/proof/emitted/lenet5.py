"""LeNet-5

Written by netspec 0.1.0 from the net lenet5; change the spec rather than this file.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Subsample2d(nn.Module):
    """Sums each window of a map, times the map's weight, plus its bias (LeCun 1998)."""

    def __init__(
        self,
        maps: int,
        kernel: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        stride = kernel if stride is None else stride
        self.kernel = (kernel,) * 2 if isinstance(kernel, int) else kernel
        self.stride = (stride,) * 2 if isinstance(stride, int) else stride
        self.weight = nn.Parameter(torch.empty(maps))
        self.bias = nn.Parameter(torch.empty(maps))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(math.prod(self.kernel))
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        area = math.prod(self.kernel)
        sums = F.avg_pool2d(x, self.kernel, self.stride) * area
        shape = (1, -1, *(1 for _ in self.kernel))
        return sums * self.weight.view(shape) + self.bias.view(shape)


class Connected2d(nn.Module):
    """Filters that each see some maps: a weight for each pair (LeCun 1998, table I)."""

    outs: Tensor
    ins: Tensor

    def __init__(
        self, links: tuple[str, ...], kernel: tuple[int, ...], bias: bool = True, **kwargs: Any
    ) -> None:
        super().__init__()
        self.links = links
        count = len(links[0])
        self.pairs = [(j, i) for j in range(count) for i, row in enumerate(links) if row[j] != "."]
        self.shape = (len(links[0]), len(links))
        self.kernel = kernel
        self.kwargs = kwargs
        self.weight = nn.Parameter(torch.empty(len(self.pairs), *kernel))
        self.bias = nn.Parameter(torch.empty(len(links[0]))) if bias else None
        for name in ("outs", "ins"):
            places = torch.empty(len(self.pairs), dtype=torch.long)
            self.register_buffer(name, places, persistent=False)
        self.reset_buffers()
        self.reset_parameters()

    def reset_buffers(self) -> None:
        self.outs.copy_(torch.tensor([j for j, _ in self.pairs]))
        self.ins.copy_(torch.tensor([i for _, i in self.pairs]))

    def reset_parameters(self) -> None:
        area = math.prod(self.kernel)
        for j in range(self.shape[0]):
            bound = 1 / math.sqrt(area * sum(row[j] != "." for row in self.links))
            rows = [k for k, pair in enumerate(self.pairs) if pair[0] == j]
            nn.init.uniform_(self.weight[rows[0] : rows[-1] + 1], -bound, bound)
            if self.bias is not None:
                nn.init.uniform_(self.bias[j : j + 1], -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        full = self.weight.new_zeros(*self.shape, *self.kernel)
        full = full.index_put((self.outs, self.ins), self.weight)
        return F.conv2d(x, full, self.bias, **self.kwargs)


class Gaussian(nn.Module):
    """Minus the squared distance to K fixed prototypes: larger is nearer (LeCun 1998)."""

    prototypes: Tensor

    def __init__(
        self, values: int, prototypes: int, given: tuple[tuple[float, ...], ...] | None = None
    ) -> None:
        super().__init__()
        drawn = torch.randint(0, 2, (prototypes, values)).float() * 2 - 1
        self.register_buffer("prototypes", drawn if given is None else torch.tensor(given))

    def forward(self, x: Tensor) -> Tensor:
        return -(x.unsqueeze(-2) - self.prototypes).square().sum(-1)


class Lenet5(nn.Module):
    """LeNet-5."""

    def __init__(self) -> None:
        super().__init__()
        self.C1 = nn.Conv2d(1, 6, 5)
        self.S2 = Subsample2d(6, 2)
        self.C3 = Connected2d(
            (
                "X...XXX..XXXX.XX",
                "XX...XXX..XXXX.X",
                "XXX...XXX..X.XXX",
                ".XXX..XXXX..X.XX",
                "..XXX..XXXX.XX.X",
                "...XXX..XXXX.XXX",
            ),
            (5, 5),
        )
        self.S4 = Subsample2d(16, 2)
        self.C5 = nn.Linear(400, 120)
        self.F6 = nn.Linear(120, 84)
        self.y = Gaussian(84, 10)

    def forward(self, image: Tensor) -> Tensor:
        # hidden C1: 6 filters 5x5 -> tanh
        C1 = torch.tanh(self.C1(image))
        # hidden S2: subsample(2x2) -> tanh
        S2 = torch.tanh(self.S2(C1))
        # hidden C3: 16 filters 5x5 (connect = links) -> tanh
        C3 = torch.tanh(self.C3(S2))
        # hidden S4: subsample(2x2) -> tanh
        S4 = torch.tanh(self.S4(C3))
        # hidden C5: 120 perceptrons -> tanh
        C5 = torch.tanh(self.C5(S4.flatten(-3)))
        # hidden F6: 84 perceptrons -> tanh
        F6 = torch.tanh(self.F6(C5))
        # output y: gaussian(10)
        y: Tensor = self.y(F6)
        return y
