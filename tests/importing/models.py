"""Modules as people write them, to be imported: each factory returns the module; its example stands in EXAMPLES."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EXAMPLES = {
    "MLP": ["x: 20"],
    "LeNet": ["x: 1@28x28"],
    "vgg": ["x: 3@64x64"],
    "resnet18": ["x: 3@64x64"],
    "resnet50": ["x: 3@64x64"],
    "UNet": ["x: 1@64x64"],
    "LSTMClassifier": ["tokens: one of 100 over 12"],
    "encoder": ["x: 32 over 10"],
    "ViT": ["image: 3@32x32"],
    "GPT": ["tokens: one of 65 over 16"],
    "Llama": ["tokens: one of 65 over 16"],
}


class MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.drop(nn.functional.relu(self.fc1(x))))  # type: ignore[no-any-return]


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))  # type: ignore[no-any-return]


class VGG(nn.Module):
    def __init__(self, stages: list[tuple[int, int]]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        maps = 3
        for width, count in stages:
            for _ in range(count):
                layers += [nn.Conv2d(maps, width, 3, padding=1), nn.ReLU(inplace=True)]
                maps = width
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(nn.Linear(maps * 49, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))  # type: ignore[no-any-return]


def vgg() -> nn.Module:
    return VGG([(8, 2), (16, 2), (32, 3)])


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, maps: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(maps, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Module | None = None
        if stride != 1 or maps != width:
            self.downsample = nn.Sequential(nn.Conv2d(maps, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        same = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += same
        return self.relu(out)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, maps: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(maps, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or maps != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(maps, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x: Tensor) -> Tensor:
        same = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + same)  # type: ignore[no-any-return]


class ResNet(nn.Module):
    def __init__(self, block: type[BasicBlock | Bottleneck], counts: list[int], width: int = 8) -> None:
        super().__init__()
        self.maps = width
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._stage(block, width, counts[0], 1)
        self.layer2 = self._stage(block, 2 * width, counts[1], 2)
        self.layer3 = self._stage(block, 4 * width, counts[2], 2)
        self.layer4 = self._stage(block, 8 * width, counts[3], 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(self.maps, 10)

    def _stage(self, block: type[BasicBlock | Bottleneck], width: int, count: int, stride: int) -> nn.Sequential:
        found: list[nn.Module] = []
        for number in range(count):
            found.append(block(self.maps, width, stride if number == 0 else 1))
            self.maps = width * block.expansion
        return nn.Sequential(*found)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))  # type: ignore[no-any-return]


def resnet18() -> nn.Module:
    return ResNet(BasicBlock, [2, 2, 2, 2])


def resnet50() -> nn.Module:
    return ResNet(Bottleneck, [3, 4, 6, 3])


class DoubleConv(nn.Module):
    def __init__(self, maps: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(maps, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # type: ignore[no-any-return]


class Up(nn.Module):
    def __init__(self, maps: int, width: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(maps, maps // 2, 2, stride=2)
        self.conv = DoubleConv(maps, width)

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        return self.conv(torch.cat([skip, self.up(low)], dim=1))  # type: ignore[no-any-return]


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv(1, 8)
        self.down1, self.down2, self.down3 = DoubleConv(8, 16), DoubleConv(16, 32), DoubleConv(32, 64)
        self.up1, self.up2, self.up3 = Up(64, 32), Up(32, 16), Up(16, 8)
        self.outc = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x1 = self.inc(x)
        x2 = self.down1(nn.functional.max_pool2d(x1, 2))
        x3 = self.down2(nn.functional.max_pool2d(x2, 2))
        x4 = self.down3(nn.functional.max_pool2d(x3, 2))
        return self.outc(self.up3(self.up2(self.up1(x4, x3), x2), x1))  # type: ignore[no-any-return]


class LSTMClassifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True, dropout=0.1)
        self.fc = nn.Linear(32, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.embedding(tokens))
        return self.fc(h[-1])  # type: ignore[no-any-return]


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        qkv = self.qkv(x).reshape(batch, steps, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if self.causal:
            mask = torch.ones(steps, steps, dtype=torch.bool).tril()
            scores = scores.masked_fill(~mask, float("-inf"))
        x = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, steps, width)
        return self.proj(x)  # type: ignore[no-any-return]


class Block(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, heads, causal)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, 32, 8, 8)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 32))
        self.pos_embed = nn.Parameter(torch.randn(1, 17, 32))
        self.blocks = nn.Sequential(*(Block(32, 4) for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patch_embed(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])  # type: ignore[no-any-return]


class GPT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(65, 32), nn.Embedding(16, 32)
        self.h = nn.ModuleList(Block(32, 4, True) for _ in range(3))
        self.ln_f = nn.LayerNorm(32)
        self.lm_head = nn.Linear(32, 65, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))  # type: ignore[no-any-return]


class RMSNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


def rotate_half(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], -1)


class LlamaLayer(nn.Module):
    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.heads, self.groups, self.head = heads, groups, width // heads
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj, self.v_proj = (nn.Linear(width, groups * self.head, bias=False) for _ in range(2))
        self.o_proj = nn.Linear(width, width, bias=False)
        self.gate, self.up = (nn.Linear(width, 2 * width, bias=False) for _ in range(2))
        self.down = nn.Linear(2 * width, width, bias=False)
        self.input_norm, self.post_norm = RMSNorm(width), RMSNorm(width)

    def attend(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        q, k, v = (
            each(x).view(batch, steps, -1, self.head).transpose(1, 2)
            for each in (self.q_proj, self.k_proj, self.v_proj)
        )
        rates = 10000.0 ** (-torch.arange(0, self.head, 2).float() / self.head)
        angles = torch.arange(steps).float()[:, None] * rates
        cos, sin = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
        q, k = (each * cos + rotate_half(each) * sin for each in (q, k))
        k, v = (
            each[:, :, None]
            .expand(-1, -1, self.heads // self.groups, -1, -1)
            .reshape(batch, self.heads, steps, self.head)
            for each in (k, v)
        )
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, steps, width))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.input_norm(x))
        y = self.post_norm(x)
        return x + self.down(nn.functional.silu(self.gate(y)) * self.up(y))  # type: ignore[no-any-return]


class Llama(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(65, 32)
        self.layers = nn.ModuleList(LlamaLayer(32, 4, 2) for _ in range(3))
        self.norm, self.lm_head = RMSNorm(32), nn.Linear(32, 65, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x))  # type: ignore[no-any-return]
