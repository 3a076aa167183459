"""Language models, in PyTorch by hand: small sizes, weights in the order of the specs' lines."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import Attention, Own, Post, Pre


class Roberta(nn.Module):
    """Liu et al. 2019: the first place of a text has number 2."""

    def __init__(self, words: int, steps: int, d: int, heads: int, layers: int) -> None:
        super().__init__()
        self.words, self.segment = nn.Embedding(words, d), Own(torch.randn(d))
        self.places, self.norm = nn.Embedding(steps + 2, d), nn.LayerNorm(d)
        self.layers = nn.Sequential(*[Post(d, heads, 1e-5) for _ in range(layers)])
        self.pool = nn.Linear(d, d)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        places = self.places(torch.arange(tokens.shape[1]) + 2)
        h = functional.dropout(self.norm(self.words(tokens) + places + self.segment.weight), 0.1, self.training)
        z = self.layers(h)
        return z, self.pool(z[:, 0]).tanh()


class Electra(nn.Module):
    """Clark et al. 2020, the discriminator: small embeddings, and for each token whether it was replaced."""

    def __init__(self, words: int, steps: int, e: int, d: int, heads: int, layers: int) -> None:
        super().__init__()
        self.words, self.places, self.parts = nn.Embedding(words, e), nn.Embedding(steps, e), nn.Embedding(2, e)
        self.project, self.norm = nn.Linear(e, d), nn.LayerNorm(e, 1e-12)
        self.layers = nn.Sequential(*[Post(d, heads, 1e-12) for _ in range(layers)])
        self.dense, self.predict = nn.Linear(d, d), nn.Linear(d, 1)

    def forward(self, tokens: Tensor, segment: Tensor) -> Tensor:
        h = self.words(tokens) + self.places.weight + self.parts(segment)
        h = self.layers(self.project(functional.dropout(self.norm(h), 0.1, self.training)))
        out: Tensor = self.predict(functional.gelu(self.dense(h)))
        return out


class Opt(nn.Module):
    """Zhang et al. 2022: learned places with an offset of 2, relu, the embedding used again at the end."""

    def __init__(self, words: int, steps: int, d: int, heads: int, layers: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, d), nn.Embedding(steps + 2, d)
        self.layers = nn.Sequential(*[Pre(d, heads, act="relu", causal=True) for _ in range(layers)])
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens: Tensor) -> Tensor:
        h = self.words(tokens) + self.places(torch.arange(tokens.shape[1]) + 2)
        return functional.linear(self.norm(self.layers(h)), self.words.weight)


class Parallel(nn.Module):
    """Falcon-7B's layer (Almazrouei et al. 2023): attention with one key head beside the perceptrons."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.norm, self.wide = nn.LayerNorm(d), nn.Linear(d, 4 * d, bias=False)
        self.attention = Attention(d, heads, keys=1, bias=False, base=10000, causal=True)
        self.narrow = nn.Linear(4 * d, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        n = self.norm(x)
        return x + self.attention(n) + self.narrow(functional.gelu(self.wide(n)))


class Falcon(nn.Module):
    def __init__(self, words: int, d: int, heads: int, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, d)
        self.layers = nn.Sequential(*[Parallel(d, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.linear(self.norm(self.layers(self.words(tokens))), self.words.weight)


def before(x: Tensor) -> Tensor:
    """What stood one step earlier; zeros at the first."""
    return functional.pad(x, (0, 0, 1, 0))[:, :-1]


class TimeMix(nn.Module):
    """RWKV-4 (Peng et al. 2023): exponentially fading means of the past, one decay a channel, step by step."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.mix = nn.ModuleList([Own(torch.rand(d)) for _ in range(3)])
        self.decay, self.bonus = Own(torch.randn(d)), Own(torch.randn(d))
        self.k, self.v, self.r, self.out = (nn.Linear(d, d, bias=False) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        mixed = [mu.weight * x + (1 - mu.weight) * before(x) for mu in self.mix]
        k, v, r = self.k(mixed[0]), self.v(mixed[1]), self.r(mixed[2]).sigmoid()
        w = (-self.decay.weight.exp()).exp()
        a, b = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0])
        steps: list[Tensor] = []
        for t in range(x.shape[1]):
            now = (self.bonus.weight + k[:, t]).exp()
            steps.append((a + now * v[:, t]) / (b + now))
            a, b = w * a + k[:, t].exp() * v[:, t], w * b + k[:, t].exp()
        out: Tensor = self.out(r * torch.stack(steps, 1))
        return out


class ChannelMix(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.mix = nn.ModuleList([Own(torch.rand(d)) for _ in range(2)])
        self.k, self.r, self.v = nn.Linear(d, 4 * d, False), nn.Linear(d, d, False), nn.Linear(4 * d, d, False)

    def forward(self, x: Tensor) -> Tensor:
        k, r = (mu.weight * x + (1 - mu.weight) * before(x) for mu in self.mix)
        out: Tensor = self.r(r).sigmoid() * self.v(self.k(k).relu() ** 2)
        return out


class RwkvLayer(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.time, self.norm1 = TimeMix(d), nn.LayerNorm(d)
        self.channel, self.norm2 = ChannelMix(d), nn.LayerNorm(d)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.time(self.norm1(x))
        return x + self.channel(self.norm2(x))


class Rwkv(nn.Module):
    def __init__(self, words: int, d: int, layers: int) -> None:
        super().__init__()
        self.words, self.norm0 = nn.Embedding(words, d), nn.LayerNorm(d)
        self.layers = nn.Sequential(*[RwkvLayer(d) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, words, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.head(self.norm(self.layers(self.norm0(self.words(tokens)))))
        return out
