"""Nets that end in maps, in volumes or in one number: PyTorch by hand, weights in the order of the specs' lines."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention, Own
from .vision import conv_norm


class NetVlad(nn.Module):
    """Arandjelovic et al. 2016: what is left of each local descriptor beside the centres of clusters."""

    def __init__(self, maps: int, clusters: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, maps, 3, padding=1)
        self.assign, self.centres = nn.Conv2d(maps, clusters, 1, bias=False), Own(torch.randn(clusters, maps))

    def forward(self, x: Tensor) -> Tensor:
        h = functional.max_pool2d(self.conv1(x).relu(), 2)
        h = functional.normalize(functional.max_pool2d(self.conv2(h).relu(), 2))
        a = self.assign(h).softmax(1).flatten(2)
        left = h.flatten(2)[:, None] - self.centres.weight[:, :, None]
        v = functional.normalize((left * a[:, :, None]).sum(3), dim=2)
        return functional.normalize(v.flatten(1))


class Edsr(nn.Module):
    """Lim et al. 2017, the baseline: residual blocks without norms, maps turned into pixels."""

    class Res(nn.Module):
        def __init__(self, c: int) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.conv2(self.conv1(x).relu())

    def __init__(self, c: int, blocks: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, c, 3, padding=1)
        self.blocks = nn.Sequential(*[self.Res(c) for _ in range(blocks)])
        self.after = nn.Conv2d(c, c, 3, padding=1)
        self.up = nn.Sequential(nn.Conv2d(c, 4 * c, 3, padding=1), nn.PixelShuffle(2))
        self.out = nn.Conv2d(c, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.head(x)
        out: Tensor = self.out(self.up(h + self.after(self.blocks(h))))
        return out


class Fsrcnn(nn.Module):
    """Dong et al. 2016: nearly all at the small size, one transposed convolution at the end."""

    def __init__(self, d: int, s: int, m: int, n: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d), nn.Conv2d(d, s, 1), nn.PReLU(s)]
        for _ in range(m):
            layers += [nn.Conv2d(s, s, 3, padding=1), nn.PReLU(s)]
        layers += [nn.Conv2d(s, d, 1), nn.PReLU(d)]
        self.layers = nn.Sequential(*layers)
        self.up = nn.ConvTranspose2d(d, 1, 9, n, 4, n - 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.up(self.layers(x))
        return out


class Volume(nn.Module):
    """Milletari et al. 2016: residual units of 5 x 5 x 5 convolutions, down and up again."""

    class Unit(nn.Module):
        def __init__(self, c: int, count: int) -> None:
            super().__init__()
            parts = [[nn.Conv3d(c, c, 5, padding=2), nn.BatchNorm3d(c), nn.ELU()] for _ in range(count)]
            self.layers = nn.Sequential(*[layer for part in parts for layer in part])

        def forward(self, x: Tensor) -> Tensor:
            return functional.elu(x + self.layers(x))

    def __init__(self, c: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv3d(1, c, 5, padding=2), nn.BatchNorm3d(c))
        self.down1 = self.stage(nn.Conv3d(c, 2 * c, 2, 2), 2)
        self.down2 = self.stage(nn.Conv3d(2 * c, 4 * c, 2, 2), 3)
        self.up2, self.unit2 = self.rise(4 * c), self.Unit(4 * c, 2)
        self.up1, self.unit1 = self.rise(4 * c, c), self.Unit(2 * c, 1)
        self.out = nn.Conv3d(2 * c, classes, 1)

    def stage(self, conv: nn.Conv3d, count: int) -> nn.Sequential:
        return nn.Sequential(conv, nn.BatchNorm3d(conv.out_channels), nn.ELU(), self.Unit(conv.out_channels, count))

    def rise(self, c: int, out: int = 0) -> nn.Sequential:
        out = out or c // 2
        return nn.Sequential(nn.ConvTranspose3d(c, out, 2, 2), nn.BatchNorm3d(out), nn.ELU())

    def forward(self, x: Tensor) -> Tensor:
        a = functional.elu(x + self.first(x))
        b = self.down1(a)
        h = self.unit2(torch.cat([self.up2(self.down2(b)), b], 1))
        h = self.unit1(torch.cat([self.up1(h), a], 1))
        out: Tensor = self.out(h).softmax(1)
        return out


class RealNvp(nn.Module):
    """Dinh et al. 2016 on vectors: each half scales and shifts the other; the logarithms of the scales add up."""

    class Coupling(nn.Module):
        def __init__(self, d: int, m: int) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(d // 2, m), nn.ReLU(), nn.Linear(m, m), nn.ReLU())
            self.s, self.t = nn.Linear(m, d // 2), nn.Linear(m, d // 2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            a, b = x.chunk(2, 1)
            h = self.net(a)
            s = self.s(h).tanh()
            return torch.cat([b * s.exp() + self.t(h), a], 1), s.sum(1, keepdim=True)

    def __init__(self, d: int, m: int) -> None:
        super().__init__()
        self.couplings = nn.ModuleList([self.Coupling(d, m) for _ in range(4)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logdet = torch.zeros(len(x), 1)
        for coupling in self.couplings:
            x, s = coupling(x)
            logdet = logdet + s
        return x, logdet


class EegNet(nn.Module):
    """Lawhern et al. 2018: filters over time, then over electrodes."""

    def __init__(self, electrodes: int, steps: int, f: int, d: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, f, (1, 64), padding="same", bias=False),
            nn.BatchNorm2d(f),
            nn.Conv2d(f, d * f, (electrodes, 1), groups=f, bias=False),
            nn.BatchNorm2d(d * f),
            nn.ELU(),
            nn.AvgPool2d((1, 4)),
            nn.Dropout(0.5),
            nn.Conv2d(d * f, d * f, (1, 16), padding="same", groups=d * f, bias=False),
            nn.Conv2d(d * f, d * f, 1, bias=False),
            nn.BatchNorm2d(d * f),
            nn.ELU(),
            nn.AvgPool2d((1, 8)),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(d * f * steps // 32, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


class Dpcnn(nn.Module):
    """Johnson and Zhang 2017: each block halves the text and adds two convolutions."""

    def __init__(self, words: int, d: int, c: int, classes: int) -> None:
        super().__init__()
        self.words, self.region = nn.Embedding(words, d), nn.Conv1d(d, c, 3, padding=1)
        self.convs = nn.ModuleList([nn.Conv1d(c, c, 3, padding=1) for _ in range(12)])
        self.out = nn.Linear(c, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        h = self.region(self.words(tokens).transpose(1, 2))
        for block in range(6):
            h = functional.max_pool1d(h, 3, 2, 1) if block else h
            h = h + self.convs[2 * block + 1](self.convs[2 * block](h.relu()).relu())
        out: Tensor = self.out(h.amax(2))
        return out


class YoloTiny(nn.Module):
    """Redmon and Farhadi 2018, the small one: a pool that keeps the size, and two grids of boxes."""

    def __init__(self, c: int, classes: int) -> None:
        super().__init__()

        def conv(maps: int, out: int, kernel: int = 3) -> nn.Sequential:
            return nn.Sequential(*conv_norm(maps, out, kernel, act=""), nn.LeakyReLU(0.1))

        widths = (3, c, 2 * c, 4 * c, 8 * c, 16 * c, 32 * c)
        self.down = nn.ModuleList([conv(a, b) for a, b in pairwise(widths)])
        self.mid = nn.Sequential(conv(32 * c, 64 * c), conv(64 * c, 16 * c, 1))
        self.coarse = nn.Sequential(conv(16 * c, 32 * c), nn.Conv2d(32 * c, 3 * (classes + 5), 1))
        self.up = nn.Sequential(conv(16 * c, 8 * c, 1), nn.Upsample(scale_factor=2))
        self.fine = nn.Sequential(conv(24 * c, 16 * c), nn.Conv2d(16 * c, 3 * (classes + 5), 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        seen: list[Tensor] = []
        for layer in self.down:
            x = layer(functional.max_pool2d(x, 2) if seen else x)
            seen.append(x)
        h = self.mid(functional.max_pool2d(functional.pad(x, (0, 1, 0, 1)), 2, 1))
        return self.coarse(h), self.fine(torch.cat([self.up(h), seen[4]], 1))


class Dqn(nn.Module):
    """Mnih et al. 2015."""

    def __init__(self, actions: int) -> None:
        super().__init__()
        convs = (nn.Conv2d(4, 32, 8, 4), nn.Conv2d(32, 64, 4, 2), nn.Conv2d(64, 64, 3))
        self.convs = nn.Sequential(*[part for conv in convs for part in (conv, nn.ReLU())])
        self.fc, self.q = nn.Linear(64 * 7 * 7, 512), nn.Linear(512, actions)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.q(self.fc(self.convs(x).flatten(1)).relu())
        return out


class Impala(nn.Module):
    """Espeholt et al. 2018, the deep net: frames one by one, an LSTM over them, what to do and what it is worth."""

    def __init__(self, actions: int, hidden: int, places: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        for maps, c in ((3, 16), (16, 32), (32, 32)):
            self.convs.extend([nn.Conv2d(maps if n == 0 else c, c, 3, padding=1) for n in range(5)])
        self.fc = nn.Linear(32 * places, hidden)
        self.lstm = nn.LSTM(hidden + actions + 1, hidden, batch_first=True)
        self.policy, self.value = nn.Linear(hidden, actions), nn.Linear(hidden, 1)
        self.actions = actions

    def forward(self, frames: Tensor, action: Tensor, reward: Tensor) -> tuple[Tensor, Tensor]:
        h = frames.flatten(0, 1)
        for section in range(3):
            first, *rest = self.convs[5 * section : 5 * section + 5]
            h = functional.max_pool2d(first(h), 3, 2, 1)
            for a, b in (rest[:2], rest[2:]):
                h = h + b(a(h.relu()).relu())
        h = self.fc(h.relu().flatten(1)).relu().unflatten(0, frames.shape[:2])
        z = self.lstm(torch.cat([h, functional.one_hot(action, self.actions).to(h.dtype), reward], 2))[0]
        return self.policy(z), self.value(z)


class DeepFm(nn.Module):
    """Guo et al. 2017: pairs of fields by the square of a sum, and perceptrons over all fields."""

    def __init__(self, features: int, fields: int, d: int, m: int) -> None:
        super().__init__()
        self.table, self.line = nn.Embedding(features, d), nn.Embedding(features, 1)
        sizes = ((fields * d, m), (m, m), (m, 1))
        self.deep = nn.ModuleList([nn.Linear(*size) for size in sizes])

    def forward(self, x: Tensor) -> Tensor:
        e = self.table(x)
        pairs = 0.5 * (e.sum(1) ** 2 - (e**2).sum(1)).sum(1, keepdim=True)
        h = e.transpose(1, 2).flatten(1)
        for layer in self.deep[:2]:
            h = layer(h).relu()
        return torch.sigmoid(self.line(x).sum(1) + pairs + self.deep[2](h))


class CrossNet(nn.Module):
    """Wang et al. 2020: DCN-v2, the crossed and the deep side by side."""

    def __init__(self, features: int, fields: int, d: int, layers: int, m: int) -> None:
        super().__init__()
        n = fields * d
        self.table = nn.Embedding(features, d)
        self.cross = nn.ModuleList([nn.Linear(n, n) for _ in range(layers)])
        self.deep = nn.Sequential(nn.Linear(n, m), nn.ReLU(), nn.Linear(m, m), nn.ReLU())
        self.out = nn.Linear(n + m, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = h = self.table(x).transpose(1, 2).flatten(1)
        for layer in self.cross:
            h = h + first * layer(h)
        return torch.sigmoid(self.out(torch.cat([h, self.deep(first)], 1)))


class Compressed(nn.Module):
    """Lian et al. 2018, xDeepFM's interactions: weighted sums of all products of rows, entry by entry."""

    def __init__(self, features: int, fields: int, d: int, maps: int) -> None:
        super().__init__()
        self.table = nn.Embedding(features, d)
        self.first, self.second = nn.Conv1d(fields * fields, maps, 1), nn.Conv1d(fields * maps, maps, 1)
        self.out = nn.Linear(2 * maps, 1)

    def forward(self, x: Tensor) -> Tensor:
        e = self.table(x)
        a = self.first(torch.einsum("bkd,bfd->bkfd", e, e).flatten(1, 2)).relu()
        b = self.second(torch.einsum("bkd,bfd->bkfd", a, e).flatten(1, 2)).relu()
        return torch.sigmoid(self.out(torch.cat([a.sum(2), b.sum(2)], 1)))


class AutoInt(nn.Module):
    """Song et al. 2018: fields attend to fields."""

    def __init__(self, features: int, fields: int, d: int, layers: int) -> None:
        super().__init__()
        parts = [nn.ModuleList([nn.Linear(d, d, bias=False), Attention(d, 2, bias=False)]) for _ in range(layers)]
        self.layers, self.table = nn.ModuleList(parts), nn.Embedding(features, d)
        self.out = nn.Linear(fields * d, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.table(x)
        for residual, attention in self.layers:
            h = (attention(h) + residual(h)).relu()
        return torch.sigmoid(self.out(h.transpose(1, 2).flatten(1)))
