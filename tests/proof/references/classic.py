"""The perceptrons and the plain convolutional networks: MLP, LeNet-5, AlexNet, VGG-16, SqueezeNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# LeCun 1998, table I: which of the six maps of S2 each of the sixteen maps of C3 is connected to
TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip


class Mlp(nn.Module):
    """Two layers of perceptrons on a flat input."""

    def __init__(self, d: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(d, hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.sigmoid(self.fc1(x)))


class TrainablePool(nn.Module):
    """The sum of each 2x2 window times a coefficient, plus a bias, one of each a map."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.rand(maps))
        self.bias = nn.Parameter(torch.rand(maps))

    def forward(self, x: Tensor) -> Tensor:
        total = nn.functional.avg_pool2d(x, 2) * 4
        return total * self.coefficient[None, :, None, None] + self.bias[None, :, None, None]


class PartialConv(nn.Module):
    """Each filter reads the maps of its row in TABLE and has weights for those only."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.ParameterList([nn.Parameter(torch.randn(len(maps), 5, 5) / 10) for maps in TABLE])
        self.bias = nn.Parameter(torch.randn(len(TABLE)) / 10)

    def forward(self, x: Tensor) -> Tensor:
        # written as a full convolution whose missing connections are zero, so that one kernel computes it
        rows = []
        for maps, kernel in zip(TABLE, self.kernels, strict=True):
            row = x.new_zeros(x.shape[1], 5, 5)
            rows.append(row.index_copy(0, torch.tensor(maps), kernel))
        return nn.functional.conv2d(x, torch.stack(rows), self.bias)

    def by_filter(self, x: Tensor) -> Tensor:
        """The same, filter by filter, each on its own maps: what the table means."""
        pairs = zip(TABLE, self.kernels, strict=True)
        sums = [nn.functional.conv2d(x[:, list(maps)], kernel[None]) for maps, kernel in pairs]
        return torch.cat(sums, dim=1) + self.bias[None, :, None, None]


class LeNet5(nn.Module):
    """As published in 1998: partial connections, trainable pools, distances to fixed prototypes."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = TrainablePool(6)
        self.c3 = PartialConv()
        self.s4 = TrainablePool(16)
        self.c5 = nn.Linear(16 * 5 * 5, 120)
        self.f6 = nn.Linear(120, 84)
        self.register_buffer("rbf", torch.randint(0, 2, (10, 84)).float() * 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.s2(torch.tanh(self.c1(x))))
        x = torch.tanh(self.s4(torch.tanh(self.c3(x))))
        x = torch.tanh(self.f6(torch.tanh(self.c5(x.flatten(1)))))
        return -((x[:, None, :] - self.rbf[None]) ** 2).sum(2)


class AlexNet(nn.Module):
    """torchvision's form: two Sequentials around an adaptive pool."""

    def __init__(self, classes: int = 1000, width: int = 4096, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, width),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(width, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


class Vgg16(nn.Module):
    """torchvision's form of configuration D; `side` is the input's, `top` the maps of the last two stages."""

    def __init__(
        self, classes: int = 1000, width: int = 4096, side: int = 224, dropout: float = 0.5, top: int = 512
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        maps = 3
        for word in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", top, top, top, "M", top, top, top, "M"):
            if word == "M":
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            else:
                layers += [nn.Conv2d(maps, int(word), kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                maps = int(word)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(top * (side // 32) ** 2, width),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(width, width),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(width, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class Fire(nn.Module):
    """Squeeze to few maps, expand by 1x1 and 3x3 side by side (Iandola 2016)."""

    def __init__(self, maps: int, squeeze: int, ones: int, threes: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(maps, squeeze, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze, ones, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze, threes, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """torchvision's squeezenet1_1."""

    def __init__(self, classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=3, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Fire(64, 16, 64, 64),
            Fire(128, 16, 64, 64),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Fire(128, 32, 128, 128),
            Fire(256, 32, 128, 128),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Fire(256, 48, 192, 192),
            Fire(384, 48, 192, 192),
            Fire(384, 64, 256, 256),
            Fire(512, 64, 256, 256),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Conv2d(512, classes, kernel_size=1),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.classifier(self.features(x)), 1)
