"""Residual nets and nets for small devices: PyTorch by hand, weights in the order of the specs' lines."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv(maps: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size where it does not stride."""
    return nn.Conv2d(maps, out, kernel, stride, kernel // 2, groups=groups, bias=False)


def conv_norm(maps: int, out: int, kernel: int, stride: int = 1, groups: int = 1, act: str = "relu") -> nn.Sequential:
    parts: list[nn.Module] = [conv(maps, out, kernel, stride, groups), nn.BatchNorm2d(out)]
    return nn.Sequential(*parts, *([nn.ReLU()] if act else []))


class Wide(nn.Module):
    """Zagoruyko and Komodakis 2016: norms first; where maps grow, the short way starts behind the first norm."""

    def __init__(self, maps: int, out: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(maps)
        self.short = conv(maps, out, 1, stride) if maps != out else None
        self.conv1 = conv(maps, out, 3, stride)
        self.norm2 = nn.BatchNorm2d(out)
        self.conv2 = conv(out, out, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.relu(self.norm1(x))
        out: Tensor = self.conv2(functional.relu(self.norm2(self.conv1(h))))
        return out + (x if self.short is None else self.short(h))


class WideNet(nn.Module):
    def __init__(self, count: int, width: int, classes: int) -> None:
        super().__init__()
        self.stem = conv(3, 16, 3)
        blocks: list[nn.Module] = []
        maps = 16
        for stage in range(3):
            for position in range(count):
                out = width * 2**stage
                blocks.append(Wide(maps, out, 2 if stage and not position else 1))
                maps = out
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(maps)
        self.fc = nn.Linear(maps, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.relu(self.norm(self.blocks(self.stem(x))))
        out: Tensor = self.fc(h.mean((2, 3)))
        return out


class Bottle2Neck(nn.Module):
    """Gao et al. 2019: the maps in four parts, each filtered together with the part before."""

    def __init__(self, maps: int, width: int, out: int, stride: int, first: bool) -> None:
        super().__init__()
        self.first, self.width = first, width
        self.reduce = conv_norm(maps, 4 * width, 1)
        self.scales = nn.ModuleList([conv_norm(width, width, 3, stride) for _ in range(3)])
        self.pool = nn.AvgPool2d(3, stride, 1)
        self.expand = conv_norm(4 * width, out, 1, act="")
        self.short = conv_norm(maps, out, 1, stride, act="") if first else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        parts = self.reduce(x).split(self.width, 1)
        done: list[Tensor] = []
        for number, scale in enumerate(self.scales):
            part = parts[number]
            done.append(scale(part if self.first or not done else part + done[-1]))
        done.append(self.pool(parts[3]) if self.first else parts[3])
        h = self.expand(torch.cat(done, 1))
        return functional.relu(h + self.short(x) if self.first else self.short(x) + h)


class Res2Net(nn.Module):
    def __init__(self, width: int, maps: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1))
        blocks: list[nn.Module] = []
        before = 64
        for stage, count in enumerate((3, 4, 6, 3)):
            for position in range(count):
                size = (width * 2**stage, maps * 2**stage)
                stride = 2 if stage and not position else 1
                blocks.append(Bottle2Neck(before, *size, stride, position == 0))
                before = maps * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(self.blocks(self.stem(x)).mean((2, 3)))
        return out


class Attended(nn.Module):
    """ECA (Wang et al. 2020) behind one convolution, CBAM (Woo et al. 2018) behind the next."""

    def __init__(self, maps: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, maps, 3, padding=1)
        self.neighbours = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.second = nn.Conv2d(maps, maps, 3, 2, 1)
        self.mlp = nn.Sequential(nn.Linear(maps, maps // 16), nn.ReLU(), nn.Linear(maps // 16, maps))
        self.places = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1))
        self.fc = nn.Linear(maps, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x).relu()
        weight = self.neighbours(h.mean((2, 3)).unsqueeze(1)).squeeze(1).sigmoid()
        h = self.second(h * weight[:, :, None, None]).relu()
        weight = (self.mlp(h.mean((2, 3))) + self.mlp(h.amax((2, 3)))).sigmoid()
        h = h * weight[:, :, None, None]
        h = h * self.places(torch.cat([h.amax(1, True), h.mean(1, True)], 1)).sigmoid()
        out: Tensor = self.fc(h.mean((2, 3)))
        return out


class Ghost(nn.Module):
    """Han et al. 2020: half of the maps are filtered from the other half, map by map."""

    def __init__(self, maps: int, out: int, act: str = "relu") -> None:
        super().__init__()
        self.primary = conv_norm(maps, out // 2, 1, act=act)
        self.cheap = conv_norm(out // 2, out // 2, 3, groups=out // 2, act=act)

    def forward(self, x: Tensor) -> Tensor:
        h = self.primary(x)
        return torch.cat([h, self.cheap(h)], 1)


class Squeeze(nn.Module):
    def __init__(self, maps: int, inner: int) -> None:
        super().__init__()
        self.reduce, self.expand = nn.Linear(maps, inner), nn.Linear(inner, maps)

    def forward(self, x: Tensor) -> Tensor:
        return x * functional.hardsigmoid(self.expand(self.reduce(x.mean((2, 3))).relu()))[:, :, None, None]


class GhostBottleneck(nn.Module):
    def __init__(self, maps: int, inner: int, out: int, kernel: int, stride: int, squeeze: int) -> None:
        super().__init__()
        self.same = maps == out and stride == 1
        short = (conv_norm(maps, maps, kernel, stride, maps, act=""), conv_norm(maps, out, 1, act=""))
        self.short = nn.Identity() if self.same else nn.Sequential(*short)
        self.ghost1 = Ghost(maps, inner)
        self.down = conv_norm(inner, inner, kernel, 2, inner, act="") if stride == 2 else nn.Identity()
        self.squeeze = Squeeze(inner, squeeze) if squeeze else nn.Identity()
        self.ghost2 = Ghost(inner, out, act="")

    def forward(self, x: Tensor) -> Tensor:
        short: Tensor = self.short(x)
        return short + self.ghost2(self.squeeze(self.down(self.ghost1(x))))


class GhostNet(nn.Module):
    ROWS = (
        (16, 16, 16, 3, 1, 0),
        (16, 48, 24, 3, 2, 0),
        (24, 72, 24, 3, 1, 0),
        (24, 72, 40, 5, 2, 20),
        (40, 120, 40, 5, 1, 32),
        (40, 240, 80, 3, 2, 0),
        (80, 200, 80, 3, 1, 0),
        (80, 184, 80, 3, 1, 0),
        (80, 184, 80, 3, 1, 0),
        (80, 480, 112, 3, 1, 120),
        (112, 672, 112, 3, 1, 168),
        (112, 672, 160, 5, 2, 168),
        (160, 960, 160, 5, 1, 0),
        (160, 960, 160, 5, 1, 240),
        (160, 960, 160, 5, 1, 0),
        (160, 960, 160, 5, 1, 240),
    )

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = conv_norm(3, 16, 3, 2)
        self.blocks = nn.Sequential(*[GhostBottleneck(*row) for row in self.ROWS])
        self.head = conv_norm(160, 960, 1)
        self.fc1, self.fc2 = nn.Linear(960, 1280), nn.Linear(1280, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = self.head(self.blocks(self.stem(x))).mean((2, 3))
        out: Tensor = self.fc2(functional.dropout(self.fc1(h).relu(), 0.2, self.training))
        return out


class MnasNet(nn.Module):
    """torchvision's mnasnet1_0 (Tan et al. 2018), block after block."""

    ROWS = (
        (24, 3, 2, 3, 3),
        (40, 5, 2, 3, 3),
        (80, 5, 2, 6, 3),
        (96, 3, 1, 6, 2),
        (192, 5, 2, 6, 4),
        (320, 3, 1, 6, 1),
    )

    class Inverted(nn.Module):
        def __init__(self, maps: int, out: int, kernel: int, stride: int, expand: int) -> None:
            super().__init__()
            inner = maps * expand
            self.residual = maps == out and stride == 1
            self.layers = nn.Sequential(
                conv_norm(maps, inner, 1),
                conv_norm(inner, inner, kernel, stride, inner),
                conv_norm(inner, out, 1, act=""),
            )

        def forward(self, x: Tensor) -> Tensor:
            h: Tensor = self.layers(x)
            return x + h if self.residual else h

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers = [conv_norm(3, 32, 3, 2), conv_norm(32, 32, 3, 1, 32), conv_norm(32, 16, 1, act="")]
        maps = 16
        blocks: list[nn.Module] = list(layers)
        for out, kernel, stride, expand, count in self.ROWS:
            for position in range(count):
                blocks.append(self.Inverted(maps, out, kernel, 1 if position else stride, expand))
                maps = out
        self.layers = nn.Sequential(*blocks, conv_norm(320, 1280, 1))
        self.fc = nn.Linear(1280, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(functional.dropout(self.layers(x).mean((2, 3)), 0.2, self.training))
        return out


class DualPath(nn.Module):
    """Chen et al. 2017, in the sizes of DPN-92: a residual path is added, a dense path grows."""

    def __init__(self, maps: int, inner: int, out: int, grow: int, groups: int, stride: int, first: bool) -> None:
        super().__init__()
        self.out = out
        norm: Callable[[int], nn.Module] = lambda size: nn.BatchNorm2d(size, eps=0.001)  # noqa: E731
        self.project = nn.ModuleList([conv(maps, out + 2 * grow, 1, stride), norm(maps)]) if first else None
        self.conv1, self.norm1 = conv(maps, inner, 1), norm(maps)
        self.norm2 = norm(inner)
        self.conv2 = conv(inner, inner, 3, stride, groups)
        self.conv3, self.norm3 = conv(inner, out + grow, 1), norm(inner)

    def forward(self, x: Tensor) -> Tensor:
        old = x if self.project is None else self.project[0](self.project[1](x).relu())
        h = self.conv1(self.norm1(x).relu())
        h = self.conv3(self.norm3(self.conv2(self.norm2(h).relu())).relu())
        return torch.cat([old[:, : self.out] + h[:, : self.out], old[:, self.out :], h[:, self.out :]], 1)


class DPN(nn.Module):
    ROWS = ((3, 16), (4, 32), (20, 24), (3, 128))

    def __init__(self, inner: int, out: int, groups: int, classes: int) -> None:
        super().__init__()
        self.stem, self.norm0 = conv(3, 64, 7, 2), nn.BatchNorm2d(64, eps=0.001)
        self.pool = nn.MaxPool2d(3, 2, 1)
        blocks: list[nn.Module] = []
        maps = 64
        for stage, (count, grow) in enumerate(self.ROWS):
            for position in range(count):
                first = position == 0
                sizes = (inner * 2**stage, out * 2**stage, grow, groups)
                blocks.append(DualPath(maps, *sizes, 2 if stage and first else 1, first))
                maps = out * 2**stage + 3 * grow if first else maps + grow
        self.blocks = nn.Sequential(*blocks)
        self.fc, self.norm = nn.Linear(maps, classes), nn.BatchNorm2d(maps, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        h = self.blocks(self.pool(self.norm0(self.stem(x)).relu()))
        out: Tensor = self.fc(self.norm(h).relu().mean((2, 3)))
        return out


class Pose(nn.Module):
    """HRNet-W32 (Sun et al. 2019): one to four resolutions side by side, each fed from all others after four units."""

    class Unit(nn.Module):
        def __init__(self, c: int) -> None:
            super().__init__()
            self.layers = nn.Sequential(conv_norm(c, c, 3), conv_norm(c, c, 3, act=""))

        def forward(self, x: Tensor) -> Tensor:
            return functional.relu(x + self.layers(x))

    class Bottle(nn.Module):
        def __init__(self, maps: int, m: int, out: int) -> None:
            super().__init__()
            self.layers = nn.Sequential(conv_norm(maps, m, 1), conv_norm(m, m, 3), conv_norm(m, out, 1, act=""))
            self.short = conv_norm(maps, out, 1, act="") if maps != out else nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            h: Tensor = self.layers(x)
            return functional.relu(h + self.short(x))

    class Exchange(nn.Module):
        def __init__(self, c: int, branches: int, outputs: int) -> None:
            super().__init__()
            unit = Pose.Unit
            self.units = nn.ModuleList(
                [nn.Sequential(*[unit(c * 2**b) for _ in range(4)]) for b in range(branches)],
            )
            self.fuse = nn.ModuleList(
                [nn.ModuleList([self.way(c, b, to) for b in range(branches)]) for to in range(outputs)],
            )

        def way(self, c: int, source: int, to: int) -> nn.Module:
            if source == to:
                return nn.Identity()
            if source > to:
                up = nn.Upsample(scale_factor=2 ** (source - to))
                return nn.Sequential(*conv_norm(c * 2**source, c * 2**to, 1, act=""), up)
            steps = [conv_norm(c * 2**source, c * 2**source, 3, 2) for _ in range(to - source - 1)]
            return nn.Sequential(*steps, conv_norm(c * 2**source, c * 2**to, 3, 2, act=""))

        def forward(self, *values: Tensor) -> list[Tensor]:
            done = [units(value) for units, value in zip(self.units, values, strict=True)]
            outputs: list[Tensor] = []
            for ways in self.fuse:
                total, *others = [way(value) for way, value in zip(ways, done, strict=True)]
                for other in others:
                    total = total + other
                outputs.append(functional.relu(total))
            return outputs

    def __init__(self, c: int, joints: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm(3, 64, 3, 2), conv_norm(64, 64, 3, 2))
        self.first = nn.Sequential(*[self.Bottle(64 if n == 0 else 256, 64, 256) for n in range(4)])
        self.to1, self.to2 = conv_norm(256, c, 3), conv_norm(256, 2 * c, 3, 2)
        self.two, self.to3 = self.Exchange(c, 2, 2), conv_norm(2 * c, 4 * c, 3, 2)
        self.three = nn.ModuleList([self.Exchange(c, 3, 3) for _ in range(4)])
        self.to4 = conv_norm(4 * c, 8 * c, 3, 2)
        self.four = nn.ModuleList([self.Exchange(c, 4, 4 if n < 2 else 1) for n in range(3)])
        self.out = nn.Conv2d(c, joints, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(self.stem(x))
        values = self.two(self.to1(h), self.to2(h))
        values.append(self.to3(values[-1]))
        for part in self.three:
            values = part(*values)
        values.append(self.to4(values[-1]))
        for part in self.four:
            values = part(*values)
        out: Tensor = self.out(values[0])
        return out
