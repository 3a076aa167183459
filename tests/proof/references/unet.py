"""U-Net (Ronneberger 2015): the paper's, unpadded with cropped skips, and the padded one with batchnorm."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with relu; with batchnorm and padding if asked."""

    def __init__(self, maps: int, out: int, padded: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for begin in (maps, out):
            layers.append(nn.Conv2d(begin, out, 3, padding=1 if padded else 0))
            layers += [nn.BatchNorm2d(out)] if padded else []
            layers.append(nn.ReLU(inplace=True))
        self.double_conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.double_conv(x)


class UNet(nn.Module):
    """`width` maps at the top, doubled at each of four halvings."""

    def __init__(self, width: int = 64, classes: int = 2, padded: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.padded = padded
        self.dropout = 0.0 if padded else dropout
        widths = [width * 2**level for level in range(5)]
        self.down = nn.ModuleList(DoubleConv(a, b, padded) for a, b in zip([1, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in reversed(widths[:-1]))
        self.merge = nn.ModuleList(DoubleConv(2 * c, c, padded) for c in reversed(widths[:-1]))
        self.outc = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for level, double in enumerate(self.down):
            x = double(x if level == 0 else functional.max_pool2d(x, 2))
            if level >= 3:
                x = functional.dropout(x, self.dropout, self.training)
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1]), strict=True):
            x = up(x)
            rows, columns = x.shape[2:]
            top, left = (skip.shape[2] - rows) // 2, (skip.shape[3] - columns) // 2
            cropped = skip[:, :, top : top + rows, left : left + columns]
            x = merge(torch.cat([cropped, x], dim=1))
        return self.outc(x)
