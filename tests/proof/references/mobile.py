"""Networks for small devices: MobileNetV2 and EfficientNet-B0, in torchvision's form."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


def conv_norm(maps: int, out: int, kernel: int, stride: int, groups: int, act: type[nn.Module] | None) -> nn.Sequential:
    """Convolution, batchnorm, activation, under the names 0, 1, 2."""
    parts: list[nn.Module] = [
        nn.Conv2d(maps, out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*parts, *([] if act is None else [act()]))


class InvertedResidual(nn.Module):
    """Expand, filter map by map, project back (Sandler 2018)."""

    def __init__(self, maps: int, out: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = maps * expand
        layers: list[nn.Module] = []
        if expand != 1:
            layers.append(conv_norm(maps, hidden, 1, 1, 1, nn.ReLU6))
        layers += [
            conv_norm(hidden, hidden, 3, stride, hidden, nn.ReLU6),
            nn.Conv2d(hidden, out, 1, bias=False),
            nn.BatchNorm2d(out),
        ]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and maps == out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """Width 1.0."""

    def __init__(self, classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        rows = (
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        )
        features: list[nn.Module] = [conv_norm(3, 32, 3, 2, 1, nn.ReLU6)]
        maps = 32
        for expand, out, count, stride in rows:
            for position in range(count):
                features.append(InvertedResidual(maps, out, stride if position == 0 else 1, expand))
                maps = out
        features.append(conv_norm(maps, 1280, 1, 1, 1, nn.ReLU6))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class SqueezeExcitation(nn.Module):
    """A factor between 0 and 1 for each map, from all maps' means (Hu 2017)."""

    def __init__(self, maps: int, squeeze: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(maps, squeeze, 1)
        self.fc2 = nn.Conv2d(squeeze, maps, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(self.avgpool(x)))))
        return scale * x


class Stage(NamedTuple):
    """A row of table 1 of Tan & Le 2019."""

    expand: int
    kernel: int
    stride: int
    out: int
    count: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


class MBConv(nn.Module):
    """Expand, filter map by map, squeeze and excite, project; a skip that whole examples may lose in training."""

    def __init__(self, maps: int, stage: Stage, first: bool, drop: float) -> None:
        super().__init__()
        stride = stage.stride if first else 1
        hidden = maps * stage.expand
        layers: list[nn.Module] = []
        if stage.expand != 1:
            layers.append(conv_norm(maps, hidden, 1, 1, 1, nn.SiLU))
        layers += [
            conv_norm(hidden, hidden, stage.kernel, stride, hidden, nn.SiLU),
            SqueezeExcitation(hidden, max(1, maps // 4)),
            conv_norm(hidden, stage.out, 1, 1, 1, None),
        ]
        self.block = nn.Sequential(*layers)
        self.residual = stride == 1 and maps == stage.out
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        out = self.block(x)
        if not self.residual:
            return out
        if self.training and self.drop > 0:
            keep = 1 - self.drop
            out = out * torch.empty(len(x), 1, 1, 1).bernoulli_(keep) / keep
        return x + out


class EfficientNetB0(nn.Module):
    """torchvision's efficientnet_b0; probabilities of dropping a path grow from 0 to `stochastic`."""

    def __init__(self, classes: int = 1000, dropout: float = 0.2, stochastic: float = 0.2) -> None:
        super().__init__()
        features: list[nn.Module] = [conv_norm(3, 32, 3, 2, 1, nn.SiLU)]
        maps, number, total = 32, 0, sum(stage.count for stage in STAGES)
        for stage in STAGES:
            blocks = []
            for position in range(stage.count):
                blocks.append(MBConv(maps, stage, position == 0, stochastic * number / total))
                maps, number = stage.out, number + 1
            features.append(nn.Sequential(*blocks))
        features.append(conv_norm(maps, 1280, 1, 1, 1, nn.SiLU))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 1)
        return self.classifier(torch.flatten(x, 1))
