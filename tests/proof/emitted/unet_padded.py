"""U-Net, padded

Written by netspec 0.1.0 from the net unet_padded; change the spec rather than this file.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Double(nn.Module):
    def __init__(self, k: int, c: int) -> None:
        super().__init__()
        self.y = nn.Conv2d(k, c, 3, padding="same")
        self.y_batchnorm = nn.BatchNorm2d(c)
        self.y_filters = nn.Conv2d(c, c, 3, padding="same")
        self.y_batchnorm2 = nn.BatchNorm2d(c)

    def forward(self, x: Tensor) -> Tensor:
        # output y: c filters 3x3 -> batchnorm -> relu -> c filters 3x3 -> batchnorm -> relu
        y: Tensor = F.relu(self.y_batchnorm2(self.y_filters(F.relu(self.y_batchnorm(self.y(x))))))
        return y


class Up(nn.Module):
    def __init__(self, k: int, c: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(k, c, 2, stride=2)
        self.y = Double(2 * c, c)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        # hidden up: low -> c filters 2x2 (transposed = true, stride = 2) -> identity
        up = self.up(low)
        # output y: skip & up -> Double(c)
        y: Tensor = self.y(torch.cat([skip, up], dim=1))
        return y


class UnetPadded(nn.Module):
    """U-Net, padded."""

    def __init__(self, c: int = 4, K: int = 2) -> None:
        super().__init__()
        self.d1 = Double(1, c)
        self.d2 = Double(c, 2 * c)
        self.d3 = Double(2 * c, 4 * c)
        self.d4 = Double(4 * c, 8 * c)
        self.m = Double(8 * c, 16 * c)
        self.u4 = Up(16 * c, 8 * c)
        self.u3 = Up(8 * c, 4 * c)
        self.u2 = Up(4 * c, 2 * c)
        self.u1 = Up(2 * c, c)
        self.y = nn.Conv2d(c, K, 1)

    def forward(self, image: Tensor) -> Tensor:
        # hidden d1: Double(c)
        d1 = self.d1(image)
        # hidden d2: maxpool(2x2) -> Double(2*c)
        d2 = self.d2(F.max_pool2d(d1, 2))
        # hidden d3: maxpool(2x2) -> Double(4*c)
        d3 = self.d3(F.max_pool2d(d2, 2))
        # hidden d4: maxpool(2x2) -> Double(8*c)
        d4 = self.d4(F.max_pool2d(d3, 2))
        # hidden m: maxpool(2x2) -> Double(16*c)
        m = self.m(F.max_pool2d(d4, 2))
        # hidden u4: m, d4 -> Up(8*c)
        u4 = self.u4(m, d4)
        # hidden u3: u4, d3 -> Up(4*c)
        u3 = self.u3(u4, d3)
        # hidden u2: u3, d2 -> Up(2*c)
        u2 = self.u2(u3, d2)
        # hidden u1: u2, d1 -> Up(c)
        u1 = self.u1(u2, d1)
        # output y: K filters 1x1
        y: Tensor = self.y(u1)
        return y
