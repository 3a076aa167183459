"""Transformers and their kin, in PyTorch by hand: small sizes, weights in the order of the specs' lines."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Own(nn.Module):
    """Trained values alone: a module, so that they stand in the order in which they are made."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(value)


class Attention(nn.Module):
    """Vaswani et al. 2017, head by head; `keys` heads hold keys and values, `base` turns pairs half a head apart."""

    def __init__(self, d: int, heads: int, *, keys: int = 0, bias: bool = True, base: float = 0, causal: bool = False):
        super().__init__()
        self.heads, self.keys, self.size, self.base, self.causal = heads, keys or heads, d // heads, base, causal
        self.query = nn.Linear(d, d, bias)
        self.key, self.value = (nn.Linear(d, self.keys * self.size, bias) for _ in range(2))
        self.out = nn.Linear(d, d, bias)

    def parts(self, x: Tensor, heads: int) -> Tensor:
        return x.unflatten(-1, (heads, self.size)).transpose(1, 2)

    def turned(self, x: Tensor) -> Tensor:
        """Su et al. 2021 as GPT-NeoX does it: entry i turns with entry i + size/2."""
        half = self.size // 2
        rates = self.base ** -(torch.arange(0, self.size, 2, dtype=torch.float32) / self.size)
        angles = torch.arange(x.shape[2], dtype=torch.float32)[:, None] * rates
        a, b, cos, sin = *x.split(half, -1), angles.cos(), angles.sin()
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        memory = x if memory is None else memory
        q = self.parts(self.query(x), self.heads)
        k, v = (self.parts(layer(memory), self.keys) for layer in (self.key, self.value))
        if self.base:
            q, k = self.turned(q), self.turned(k)
        k, v = (part.repeat_interleave(self.heads // self.keys, 1) for part in (k, v))
        scores = q @ k.transpose(2, 3) / self.size**0.5
        if self.causal:
            scores = scores.masked_fill(torch.ones(scores.shape[2:]).tril() == 0, float("-inf"))
        out: Tensor = self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """A norm and two layers, stored as the spec's line stores them: its first noun before its norm."""

    def __init__(self, d: int, hidden: int, act: str = "gelu", eps: float = 1e-5) -> None:
        super().__init__()
        self.wide, self.norm, self.narrow = nn.Linear(d, hidden), nn.LayerNorm(d, eps), nn.Linear(hidden, d)
        self.act = getattr(functional, act)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.narrow(self.act(self.wide(self.norm(x))))
        return out


class Pre(nn.Module):
    """Norms first."""

    def __init__(self, d: int, heads: int, *, act: str = "gelu", causal: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.attention, self.norm = Attention(d, heads, causal=causal), nn.LayerNorm(d, eps)
        self.mlp = Mlp(d, 4 * d, act, eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm(x))
        return x + self.mlp(x)


class Post(nn.Module):
    """BERT's layer: norms behind the sums."""

    def __init__(self, d: int, heads: int, eps: float) -> None:
        super().__init__()
        self.attention, self.norm1 = Attention(d, heads), nn.LayerNorm(d, eps)
        self.wide, self.narrow, self.norm2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d), nn.LayerNorm(d, eps)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + functional.dropout(self.attention(x), 0.1, self.training))
        h = self.narrow(functional.gelu(self.wide(x)))
        out: Tensor = self.norm2(x + functional.dropout(h, 0.1, self.training))
        return out


class Distilled(nn.Module):
    """DeiT (Touvron et al. 2020); the token of distillation stands last, its place in the table with it."""

    def __init__(self, side: int, d: int, heads: int, layers: int, classes: int) -> None:
        super().__init__()
        self.cls, self.dist = Own(torch.randn(d)), Own(torch.randn(d))
        self.patch = nn.Conv2d(3, d, 16, 16)
        self.places = Own(torch.randn(side * side + 2, d))
        self.layers = nn.Sequential(*[Pre(d, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(d, 1e-6)
        self.head, self.head_dist = nn.Linear(d, classes), nn.Linear(d, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.patch(x).flatten(2).transpose(1, 2)
        cls, dist = (token.expand(len(h), 1, -1) for token in (self.cls.weight, self.dist.weight))
        h = self.norm(self.layers(torch.cat([cls, h, dist], 1) + self.places.weight))
        return self.head(h[:, 0]), self.head_dist(h[:, -1])


class GatedMlp(nn.Module):
    """Liu et al. 2021: half of the channels gate the others, summed over places."""

    def __init__(self, d: int, m: int, steps: int) -> None:
        super().__init__()
        self.wide, self.norm = nn.Linear(d, 2 * m), nn.LayerNorm(d, 1e-6)
        self.mix, self.inner = nn.Linear(steps, steps), nn.LayerNorm(m, 1e-6)
        self.narrow = nn.Linear(m, d)

    def forward(self, x: Tensor) -> Tensor:
        u, v = functional.gelu(self.wide(self.norm(x))).chunk(2, -1)
        v = self.mix(self.inner(v).transpose(1, 2)).transpose(1, 2)
        return x + self.narrow(u * v)


class GMlp(nn.Module):
    def __init__(self, side: int, d: int, layers: int, classes: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, d, 16, 16)
        self.layers = nn.Sequential(*[GatedMlp(d, 3 * d, side * side) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(d, 1e-6), nn.Linear(d, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.norm(self.layers(self.patch(x).flatten(2).transpose(1, 2))).mean(1))
        return out


class Reduced(nn.Module):
    """Wang et al. 2021: keys and values from places that a strided filter made fewer."""

    def __init__(self, d: int, heads: int, m: int, ratio: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d, 1e-6)
        self.few, self.norm_few = nn.Conv2d(d, d, ratio, ratio), nn.LayerNorm(d)
        self.attention = Attention(d, heads)
        self.mlp = Mlp(d, m, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        n = self.norm(x)
        side = int(x.shape[1] ** 0.5)
        few = self.few(n.transpose(1, 2).unflatten(2, (side, side))).flatten(2).transpose(1, 2)
        x = x + self.attention(n, self.norm_few(few))
        return x + self.mlp(x)


class Pvt(nn.Module):
    HEADS, RATIOS, RISE = (1, 2, 5, 8), (8, 4, 2, 1), (8, 8, 4, 4)

    def __init__(self, side: int, width: int, classes: int) -> None:
        super().__init__()
        maps, self.stages = 3, nn.ModuleList()
        for stage, heads in enumerate(self.HEADS):
            d = width * heads
            size, side = (4, side // 4) if stage == 0 else (2, side // 2)
            part = nn.Module()
            part.patch, part.norm = nn.Conv2d(maps, d, size, size), nn.LayerNorm(d)
            if stage == 3:
                part.cls = Own(torch.randn(d))
            layers = [
                Pre(d, heads) if stage == 3 else Reduced(d, heads, self.RISE[stage] * d, self.RATIOS[stage])
                for _ in range(2)
            ]
            part.layers = nn.Sequential(*layers)
            part.places = Own(torch.randn(side * side + (stage == 3), d))
            self.stages.append(part)
            maps = d
        self.head, self.norm = nn.Linear(8 * width, classes), nn.LayerNorm(8 * width, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        for stage, part in enumerate(self.stages):
            x = part.patch(x)
            side = x.shape[2]
            h = part.norm(x.flatten(2).transpose(1, 2))
            if stage == 3:
                h = torch.cat([part.cls.weight.expand(len(h), 1, -1), h], 1)
            h = part.layers(h + part.places.weight)
            x = h.transpose(1, 2).unflatten(2, (side, side)) if stage < 3 else h
        out: Tensor = self.head(self.norm(x)[:, 0])
        return out


class CrossCovariance(nn.Module):
    """El-Nouby et al. 2021: the maps of a head attend to each other."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d, d, bias=False) for _ in range(3))
        self.temperature = nn.ModuleList([Own(torch.randn(1)) for _ in range(4)])
        self.out = nn.Linear(d, d)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (f(x).unflatten(2, (4, -1)).permute(0, 2, 3, 1) for f in (self.q, self.k, self.v))
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        temperature = torch.stack([part.weight for part in self.temperature]).unsqueeze(-1)
        a = (q @ k.transpose(2, 3) * temperature).softmax(-1)
        out: Tensor = self.out((a @ v).permute(0, 3, 1, 2).flatten(2))
        return out


class XcitLayer(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.attend, self.norm1, self.scale1 = CrossCovariance(d), nn.LayerNorm(d, 1e-6), Own(torch.ones(d))
        self.conv1, self.norm2 = nn.Conv2d(d, d, 3, padding=1, groups=d), nn.BatchNorm2d(d)
        self.conv2 = nn.Conv2d(d, d, 3, padding=1, groups=d)
        self.norm3, self.scale2 = nn.LayerNorm(d, 1e-6), Own(torch.ones(d))
        self.mlp, self.scale3 = Mlp(d, 4 * d, eps=1e-6), Own(torch.ones(d))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norm1(x)) * self.scale1.weight
        side = int(x.shape[1] ** 0.5)
        h = self.norm3(x).transpose(1, 2).unflatten(2, (side, side))
        h = self.conv2(self.norm2(functional.gelu(self.conv1(h)))).flatten(2).transpose(1, 2)
        x = x + h * self.scale2.weight
        return x + self.mlp(x) * self.scale3.weight


class Xcit(nn.Module):
    def __init__(self, d: int, layers: int, classes: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, d, 16, 16)
        self.layers = nn.Sequential(*[XcitLayer(d) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(d, 1e-6), nn.Linear(d, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.norm(self.layers(self.patch(x).flatten(2).transpose(1, 2))).mean(1))
        return out


class Talking(nn.Module):
    """CaiT (Touvron et al. 2021): scores of all heads mix before the softmax and behind it."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d, d) for _ in range(3))
        self.before, self.after, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(d, d)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (f(x).unflatten(2, (4, -1)).transpose(1, 2) for f in (self.q, self.k, self.v))
        a = (q * q.shape[-1] ** -0.5) @ k.transpose(2, 3)
        a = self.before(a.permute(0, 2, 3, 1)).softmax(2)
        a = self.after(a).permute(0, 3, 1, 2)
        out: Tensor = self.out((a @ v).transpose(1, 2).flatten(2))
        return out


class CaitLayer(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.attend, self.norm, self.scale = Talking(d), nn.LayerNorm(d, 1e-6), Own(torch.ones(d))
        self.mlp, self.scale2 = Mlp(d, 4 * d, eps=1e-6), Own(torch.ones(d))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.scale.weight * self.attend(self.norm(x))
        return x + self.scale2.weight * self.mlp(x)


class ClassLayer(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.norm, self.attend, self.scale = nn.LayerNorm(d, 1e-6), Attention(d, 4), Own(torch.ones(d))
        self.mlp, self.scale2 = Mlp(d, 4 * d, eps=1e-6), Own(torch.ones(d))

    def forward(self, u: Tensor, x: Tensor) -> Tensor:
        n = self.norm(torch.cat([u, x], 1))
        u = u + self.scale.weight * self.attend(n[:, :1], n)
        return u + self.scale2.weight * self.mlp(u)


class Cait(nn.Module):
    def __init__(self, side: int, d: int, layers: int, classes: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, d, 16, 16)
        self.places = Own(torch.randn(side * side, d))
        self.layers = nn.Sequential(*[CaitLayer(d) for _ in range(layers)])
        self.cls = Own(torch.randn(d))
        self.class_layers = nn.ModuleList([ClassLayer(d), ClassLayer(d)])
        self.norm, self.head = nn.LayerNorm(d, 1e-6), nn.Linear(d, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.patch(x).flatten(2).transpose(1, 2) + self.places.weight)
        u = self.cls.weight.expand(len(x), 1, -1)
        for layer in self.class_layers:
            u = layer(u, x)
        out: Tensor = self.head(self.norm(torch.cat([u, x], 1))[:, 0])
        return out


class Windowed(nn.Module):
    """Liu 2021 by its definition: all places at once, of which those of another window are masked."""

    def __init__(self, d: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.near = Own(torch.randn((2 * window - 1) ** 2, heads))
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.norm1 = nn.LayerNorm(d)
        self.wide = nn.Linear(d, 4 * d)
        self.norm2 = nn.LayerNorm(d)
        self.narrow = nn.Linear(4 * d, d)

    def forward(self, x: Tensor) -> Tensor:
        side, w = x.shape[1], self.window
        places = torch.cartesian_prod(torch.arange(side), torch.arange(side))
        own = (places - self.shift).div(w, rounding_mode="floor")
        away = places[:, None] - places
        seen = (own[:, None] == own).all(-1)
        row = (away[..., 0] + w - 1) * (2 * w - 1) + away[..., 1] + w - 1
        bias = self.near.weight[row.where(seen, 0)].permute(2, 0, 1).masked_fill(~seen, -torch.inf)
        h = self.norm1(x).flatten(1, 2)
        q, k, v = (part(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        shares = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5 + bias).softmax(-1)
        x = x + self.o((shares @ v).transpose(1, 2).flatten(2)).view_as(x)
        out: Tensor = x + self.narrow(functional.gelu(self.wide(self.norm2(x))))
        return out


class Merge(nn.Module):
    """The maps of 2x2 places side by side, map by map."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(4 * d, 2 * d, bias=False), nn.LayerNorm(4 * d)

    def forward(self, x: Tensor) -> Tensor:
        parts = torch.stack([x[:, a::2, b::2] for a in (0, 1) for b in (0, 1)], -1).flatten(-2)
        out: Tensor = self.layer(self.norm(parts))
        return out


class Swin(nn.Module):
    def __init__(self, d: int, window: int, third: int, classes: int) -> None:
        super().__init__()
        self.patch, self.norm1 = nn.Conv2d(3, d, 4, 4), nn.LayerNorm(d)
        stages: list[nn.Module] = []
        for stage, count in enumerate((2, 2, third, 2)):
            width, shift = d * 2**stage, window // 2 if stage < 3 else 0
            if stage:
                stages.append(Merge(width // 2))
            stages += [Windowed(width, 3 * 2**stage, window, shift * (i % 2)) for i in range(count)]
        self.stages = nn.Sequential(*stages)
        self.head, self.norm2 = nn.Linear(8 * d, classes), nn.LayerNorm(8 * d)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(self.patch(x).permute(0, 2, 3, 1))
        out: Tensor = self.head(self.norm2(self.stages(h)).mean((1, 2)))
        return out
