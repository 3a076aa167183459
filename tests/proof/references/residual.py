"""Networks whose layers add up or pile up: ResNet, ResNeXt, DenseNet, GoogLeNet, ShuffleNet, ConvNeXt."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He 2015)."""

    expansion = 1

    def __init__(self, maps: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(maps, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += identity
        return self.relu(out)


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, 1x1; `groups` and `base` make it ResNeXt (Xie 2016)."""

    expansion = 4

    def __init__(
        self, maps: int, planes: int, stride: int, downsample: nn.Module | None, groups: int = 1, base: int = 64
    ) -> None:
        super().__init__()
        width = int(planes * (base / 64.0)) * groups
        self.conv1 = nn.Conv2d(maps, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    """torchvision's ResNet of four stages."""

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        counts: tuple[int, ...],
        classes: int = 1000,
        groups: int = 1,
        base: int = 64,
        widths: tuple[int, ...] = (64, 128, 256, 512),
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        extra = {} if block is BasicBlock else {"groups": groups, "base": base}
        maps = 64
        for number, (planes, count) in enumerate(zip(widths, counts, strict=True), 1):
            stage: list[nn.Module] = []
            for position in range(count):
                stride = 2 if number > 1 and position == 0 else 1
                downsample = None
                if stride != 1 or maps != planes * block.expansion:
                    downsample = nn.Sequential(
                        nn.Conv2d(maps, planes * block.expansion, 1, stride, bias=False),
                        nn.BatchNorm2d(planes * block.expansion),
                    )
                stage.append(block(maps, planes, stride, downsample, **extra))
                maps = planes * block.expansion
            self.add_module(f"layer{number}", nn.Sequential(*stage))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(maps, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in (1, 2, 3, 4):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class DenseLayer(nn.Module):
    """norm, relu, 1x1, norm, relu, 3x3 (Huang 2016)."""

    def __init__(self, maps: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(maps)
        self.conv1 = nn.Conv2d(maps, 4 * growth, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(functional.relu(self.norm1(x)))
        return self.conv2(functional.relu(self.norm2(x)))


class DenseNet(nn.Module):
    """torchvision's DenseNet: each layer reads the concatenation of all before it in its block."""

    def __init__(self, growth: int, counts: tuple[int, ...], classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(64))
        maps = 64
        for number, count in enumerate(counts, 1):
            block = nn.ModuleDict()
            for position in range(count):
                block[f"denselayer{position + 1}"] = DenseLayer(maps + position * growth, growth)
            self.features.add_module(f"denseblock{number}", block)
            maps += count * growth
            if number < len(counts):
                transition = nn.Sequential()
                transition.add_module("norm", nn.BatchNorm2d(maps))
                transition.add_module("relu", nn.ReLU(inplace=True))
                transition.add_module("conv", nn.Conv2d(maps, maps // 2, kernel_size=1, bias=False))
                transition.add_module("pool", nn.AvgPool2d(kernel_size=2, stride=2))
                self.features.add_module(f"transition{number}", transition)
                maps //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(maps))
        self.classifier = nn.Linear(maps, classes)
        self.counts = counts

    def forward(self, x: Tensor) -> Tensor:
        parts = self.features
        x = functional.relu(parts.norm0(parts.conv0(x)))
        x = functional.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        for number in range(1, len(self.counts) + 1):
            for layer in getattr(parts, f"denseblock{number}").values():
                x = torch.cat([x, layer(x)], 1)
            if number < len(self.counts):
                x = getattr(parts, f"transition{number}")(x)
        x = functional.relu(parts.norm5(x))
        return self.classifier(torch.flatten(functional.adaptive_avg_pool2d(x, (1, 1)), 1))


class BasicConv2d(nn.Module):
    """Convolution, batchnorm (eps 0.001), relu."""

    def __init__(self, maps: int, out: int, **kwargs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(maps, out, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Four branches side by side (Szegedy 2014); torchvision's 3x3 where the paper has 5x5."""

    def __init__(self, maps: int, a: int, rb: int, b: int, rc: int, c: int, p: int) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(maps, a, kernel_size=1)
        self.branch2 = nn.Sequential(BasicConv2d(maps, rb, kernel_size=1), BasicConv2d(rb, b, kernel_size=3, padding=1))
        self.branch3 = nn.Sequential(BasicConv2d(maps, rc, kernel_size=1), BasicConv2d(rc, c, kernel_size=3, padding=1))
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True), BasicConv2d(maps, p, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(nn.Module):
    """torchvision's form, without side outputs."""

    def __init__(self, classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        self.conv1 = BasicConv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, kernel_size=1)
        self.conv3 = BasicConv2d(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4c(self.inception4b(self.inception4a(x)))
        x = self.maxpool4(self.inception4e(self.inception4d(x)))
        x = self.inception5b(self.inception5a(x))
        return self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """torchvision's: (B, g * n, H, W) read as g rows of n and turned."""
    batch, maps, height, width = x.size()
    x = x.view(batch, groups, maps // groups, height, width)
    x = torch.transpose(x, 1, 2).contiguous()
    return x.view(batch, maps, height, width)


class InvertedResidual(nn.Module):
    """ShuffleNet V2's unit (Ma 2018): half of the maps pass, half are worked on; with a stride both are."""

    def __init__(self, maps: int, out: int, stride: int) -> None:
        super().__init__()
        half = out // 2
        self.stride = stride
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(
                nn.Conv2d(maps, maps, 3, stride, 1, bias=False, groups=maps),
                nn.BatchNorm2d(maps),
                nn.Conv2d(maps, half, 1, bias=False),
                nn.BatchNorm2d(half),
                nn.ReLU(inplace=True),
            )
        self.branch2 = nn.Sequential(
            nn.Conv2d(maps if stride > 1 else half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, stride, 1, bias=False, groups=half),
            nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1:
            left, right = x.chunk(2, dim=1)
            out = torch.cat((left, self.branch2(right)), dim=1)
        else:
            out = torch.cat((self.branch1(x), self.branch2(x)), dim=1)
        return channel_shuffle(out, 2)


class ShuffleNetV2(nn.Module):
    """torchvision's shufflenet_v2_x1_0."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        maps = 24
        for number, (out, repeats) in enumerate(((116, 4), (232, 8), (464, 4)), 2):
            units = [InvertedResidual(maps, out, 2), *(InvertedResidual(out, out, 1) for _ in range(repeats - 1))]
            self.add_module(f"stage{number}", nn.Sequential(*units))
            maps = out
        self.conv5 = nn.Sequential(
            nn.Conv2d(maps, 1024, 1, 1, 0, bias=False), nn.BatchNorm2d(1024), nn.ReLU(inplace=True)
        )
        self.fc = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(x))
        for number in (2, 3, 4):
            x = getattr(self, f"stage{number}")(x)
        return self.fc(self.conv5(x).mean([2, 3]))


class LayerNorm2d(nn.LayerNorm):
    """Over the maps at each place."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        x = functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """ConvNeXt's block (Liu 2022) in the form of the paper's code: pointwise layers as 1x1 convolutions."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(maps, maps, kernel_size=7, padding=3, groups=maps)
        self.norm = LayerNorm2d(maps, eps=1e-6)
        self.pwconv1 = nn.Conv2d(maps, 4 * maps, 1)
        self.pwconv2 = nn.Conv2d(4 * maps, maps, 1)
        self.gamma = nn.Parameter(torch.ones(maps, 1, 1) * 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        out = self.pwconv2(functional.gelu(self.pwconv1(self.norm(self.dwconv(x)))))
        return x + out * self.gamma


class ConvNeXt(nn.Module):
    """The tiny one by default."""

    def __init__(
        self, widths: tuple[int, ...] = (96, 192, 384, 768), counts: tuple[int, ...] = (3, 3, 9, 3), classes: int = 1000
    ) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), LayerNorm2d(widths[0], eps=1e-6))]
        )
        for before, after in pairwise(widths):
            step = nn.Sequential(LayerNorm2d(before, eps=1e-6), nn.Conv2d(before, after, 2, stride=2))
            self.downsample_layers.append(step)
        pairs = zip(widths, counts, strict=True)
        self.stages = nn.ModuleList([nn.Sequential(*(CNBlock(width) for _ in range(count))) for width, count in pairs])
        self.norm = nn.LayerNorm(widths[-1], eps=1e-6)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))
        return self.head(self.norm(x.mean([-2, -1])))
