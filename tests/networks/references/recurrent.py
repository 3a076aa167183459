"""Recurrent cells and nets over sequences, step by step by hand, weights in the order of the specs' lines."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .attention import Own


class PeepholeCell(nn.Module):
    """Sak, Senior and Beaufays 2014: gates see the cell; a projection of the cell is what recurs."""

    def __init__(self, d: int, hidden: int, projected: int) -> None:
        super().__init__()
        self.i, self.look_i = nn.Linear(d + projected, hidden), Own(torch.randn(hidden))
        self.f, self.look_f = nn.Linear(d + projected, hidden), Own(torch.randn(hidden))
        self.g = nn.Linear(d + projected, hidden)
        self.o, self.look_o = nn.Linear(d + projected, hidden), Own(torch.randn(hidden))
        self.project = nn.Linear(hidden, projected, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        r, c = x.new_zeros(len(x), self.project.out_features), x.new_zeros(len(x), self.g.out_features)
        steps: list[Tensor] = []
        for t in range(x.shape[1]):
            v = torch.cat([x[:, t], r], 1)
            i = (self.i(v) + self.look_i.weight * c).sigmoid()
            f = (self.f(v) + self.look_f.weight * c).sigmoid()
            c = f * c + i * self.g(v).tanh()
            o = (self.o(v) + self.look_o.weight * c).sigmoid()
            r = self.project(o * c.tanh())
            steps.append(r)
        return torch.stack(steps, 1)


class Lstmp(nn.Module):
    def __init__(self, d: int, hidden: int, projected: int, classes: int) -> None:
        super().__init__()
        cells = (PeepholeCell(d, hidden, projected), PeepholeCell(projected, hidden, projected))
        self.cells, self.out = nn.Sequential(*cells), nn.Linear(projected, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(self.cells(x))
        return out


class Sru(nn.Module):
    """Lei et al. 2018, version 2: only numbers of one channel meet over time."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.u = nn.Linear(d, d, bias=False)
        self.f, self.look_f = nn.Linear(d, d), Own(torch.randn(d))
        self.r, self.look_r = nn.Linear(d, d), Own(torch.randn(d))

    def forward(self, x: Tensor) -> Tensor:
        c = torch.zeros_like(x[:, 0])
        steps: list[Tensor] = []
        for now in x.unbind(1):
            f = (self.f(now) + self.look_f.weight * c).sigmoid()
            r = (self.r(now) + self.look_r.weight * c).sigmoid()
            c = f * c + (1 - f) * self.u(now)
            steps.append(r * c + (1 - r) * now)
        return torch.stack(steps, 1)


class IndRnn(nn.Module):
    """Li et al. 2018: each neuron remembers itself alone."""

    def __init__(self, d: int, hidden: int) -> None:
        super().__init__()
        self.w, self.u = nn.Linear(d, hidden), Own(torch.randn(hidden))

    def forward(self, x: Tensor) -> Tensor:
        h, steps = x.new_zeros(len(x), self.w.out_features), []
        for now in x.unbind(1):
            h = (self.w(now) + self.u.weight * h).relu()
            steps.append(h)
        return torch.stack(steps, 1)


class Qrnn(nn.Module):
    """Bradbury et al. 2016: convolutions over two steps, then fo-pooling."""

    def __init__(self, d: int, hidden: int) -> None:
        super().__init__()
        self.z, self.f, self.o = (nn.Linear(2 * d, hidden) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        w = torch.cat([torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1), x], 2)
        z, f, o = self.z(w).tanh(), self.f(w).sigmoid(), self.o(w).sigmoid()
        c, steps = torch.zeros_like(z[:, 0]), []
        for t in range(x.shape[1]):
            c = f[:, t] * c + (1 - f[:, t]) * z[:, t]
            steps.append(o[:, t] * c)
        return torch.stack(steps, 1)


class Quasi(nn.Module):
    def __init__(self, words: int, d: int) -> None:
        super().__init__()
        self.sru, self.words = Sru(d), nn.Embedding(words, d)
        self.ind, self.quasi, self.out = IndRnn(d, 2 * d), Qrnn(2 * d, d), nn.Linear(d, words)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.out(self.quasi(self.ind(self.sru(self.words(tokens)))))
        return out


class Lstm(nn.Module):
    """Hochreiter and Schmidhuber 1997 with a forget gate, one bias: torch's LSTM whose second bias is zero."""

    def __init__(self, d: int, hidden: int) -> None:
        super().__init__()
        self.i, self.f, self.g, self.o = (nn.Linear(d + hidden, hidden) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        h = c = x.new_zeros(len(x), self.i.out_features)
        steps: list[Tensor] = []
        for now in x.unbind(1):
            v = torch.cat([now, h], 1)
            c = self.f(v).sigmoid() * c + self.i(v).sigmoid() * self.g(v).tanh()
            h = self.o(v).sigmoid() * c.tanh()
            steps.append(h)
        return torch.stack(steps, 1)


class Pointer(nn.Module):
    """Vinyals et al. 2015: for each place of the input, how much it is the answer now."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.encode, self.decode = Lstm(2, hidden), Lstm(2, hidden)
        self.w1, self.w2 = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(self, points: Tensor, chosen: Tensor) -> Tensor:
        e, g = self.w1(self.encode(points)), self.w2(self.decode(chosen))
        out: Tensor = self.v((e[:, None] + g[:, :, None]).tanh()).squeeze(-1)
        return out


class Bidaf(nn.Module):
    """Seo et al. 2016, words alone: the text attends to the question, and the question to the text."""

    def __init__(self, words: int, d: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, d)
        self.encode = nn.LSTM(d, d, bidirectional=True, batch_first=True)
        self.both, self.left, self.right = (
            Own(torch.randn(2 * d)),
            nn.Linear(2 * d, 1, False),
            nn.Linear(2 * d, 1, False),
        )
        self.model = nn.LSTM(8 * d, d, 2, bidirectional=True, batch_first=True)
        self.model2 = nn.LSTM(2 * d, d, bidirectional=True, batch_first=True)
        self.begin, self.end = nn.Linear(10 * d, 1), nn.Linear(10 * d, 1)

    def forward(self, text: Tensor, question: Tensor) -> tuple[Tensor, Tensor]:
        h, u = self.encode(self.words(text))[0], self.encode(self.words(question))[0]
        s = (h * self.both.weight) @ u.transpose(1, 2) + self.left(h) + self.right(u).transpose(1, 2)
        asked = s.softmax(2) @ u
        heard = s.amax(2).softmax(1).unsqueeze(1) @ h
        g = torch.cat([h, asked, h * asked, h * heard], 2)
        m = self.model(g)[0]
        return self.begin(torch.cat([g, m], 2)), self.end(torch.cat([g, self.model2(m)[0]], 2))


class WaveNet(nn.Module):
    """van den Oord et al. 2016: two taps, each twice as far back as in the layer before, a gate, and a sum of skips."""

    def __init__(self, c: int, s: int, rounds: int) -> None:
        super().__init__()
        self.first = nn.Linear(256, c)
        self.layers = nn.ModuleList(
            nn.ModuleList([nn.Conv1d(c, 2 * c, 2), nn.Linear(c, c), nn.Linear(c, s)]) for _ in range(rounds)
        )
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(s, s), nn.ReLU(), nn.Linear(s, 256))

    def forward(self, wave: Tensor) -> Tensor:
        x = self.first(nn.functional.one_hot(wave, 256).to(self.first.weight.dtype))
        skips: Tensor | float = 0.0
        for number, (taps, on, skip) in enumerate(self.layers):  # type: ignore[misc]
            earlier = torch.cat([torch.zeros_like(x[:, : 2**number]), x], 1)[:, : x.shape[1]]
            both = torch.stack([earlier, x], -1)
            filtered, gate = (torch.einsum("btck,nck->btn", both, taps.weight) + taps.bias).chunk(2, -1)
            z = filtered.tanh() * gate.sigmoid()
            x, skips = x + on(z), skips + skip(z)
        y: Tensor = self.head(skips)
        return y


class Bahdanau(nn.Module):
    """Bahdanau et al. 2014: at each step of the target a softmax over the source, from the state before."""

    def __init__(self, V: int, W: int, d: int, H: int) -> None:
        super().__init__()
        self.source = nn.Embedding(V, d)
        self.encoder = nn.GRU(d, H, bidirectional=True, batch_first=True)
        self.keys = nn.Linear(2 * H, H)
        self.target = nn.Embedding(W, d)
        self.query, self.share = nn.Linear(H, H, bias=False), nn.Linear(H, 1, bias=False)
        self.u, self.r, self.n = (nn.Linear(d + 3 * H, H) for _ in range(3))
        self.logits = nn.Linear(3 * H + d, W)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        h = self.encoder(self.source(source))[0]
        keys, found = self.keys(h), []
        state = h.new_zeros(len(h), self.n.out_features)
        for e in self.target(target).unbind(1):
            shares = self.share((self.query(state)[:, None] + keys).tanh()).softmax(1)
            x = torch.cat([e, (shares * h).sum(1)], 1)
            both = torch.cat([x, state], 1)
            u, r = self.u(both).sigmoid(), self.r(both).sigmoid()
            new = self.n(torch.cat([x, r * state], 1)).tanh()
            state = (1 - u) * new + u * state
            found.append(self.logits(torch.cat([state, x[:, e.shape[1] :], e], 1)))
        return torch.stack(found, 1)


class SelectiveStateSpace(nn.Module):
    """h_t = e^(-dt e^A) h_(t-1) + dt u B, y = C h + D u, one step after another (Gu & Dao 2023)."""

    def __init__(self, d: int, width: int, rank: int) -> None:
        super().__init__()
        self.into = nn.Linear(d, 4 * d, bias=False)
        self.norm = nn.RMSNorm(d, eps=1e-5)
        self.conv = nn.Conv1d(2 * d, 2 * d, 4, groups=2 * d, padding=3)
        self.project = nn.Linear(2 * d, rank + 2 * width, bias=False)
        self.step = nn.Linear(rank, 2 * d)
        self.logs = Own(torch.randn(2 * d, width))
        self.out = nn.Linear(2 * d, d, bias=False)
        self.skip = Own(torch.randn(2 * d))
        self.sizes = (rank, width, width)

    def forward(self, x: Tensor) -> Tensor:
        u, gate = self.into(self.norm(x)).chunk(2, -1)
        u = F.silu(self.conv(u.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))
        rank, reads, writes = self.project(u).split(self.sizes, -1)
        dt = F.softplus(self.step(rank))
        state, found = x.new_zeros(len(x), *self.logs.weight.shape), []
        for t in range(x.shape[1]):
            kept = torch.exp(-dt[:, t, :, None] * torch.exp(self.logs.weight))
            state = kept * state + torch.einsum("bd,bn->bdn", dt[:, t] * u[:, t], reads[:, t])
            found.append(torch.einsum("bdn,bn->bd", state, writes[:, t]))
        return x + self.out((torch.stack(found, 1) + self.skip.weight * u) * F.silu(gate))


class Mamba(nn.Module):
    def __init__(self, classes: int, d: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, d)
        self.layers = nn.ModuleList(SelectiveStateSpace(d, 16, d // 16) for _ in range(layers))
        self.norm = nn.RMSNorm(d, eps=1e-5)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x) @ self.embed.weight.T


class Retention(nn.Module):
    """Sun 2023 in its parallel form: products of queries and keys that complex numbers turn, times a decay."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.v, self.g = nn.Linear(d, 2 * d, bias=False), nn.Linear(d, 2 * d, bias=False)
        self.out = nn.Linear(2 * d, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(x.shape[1], dtype=x.dtype)
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.q, self.k, self.v))
        half = q.shape[-1] // 2
        turn = torch.exp(1j * steps[:, None] * 10000 ** (-torch.arange(half, dtype=x.dtype) / half))
        q, k = (torch.complex(a[..., :half], a[..., half:]) * turn for a in (q, k))
        products = (q @ k.conj().transpose(-1, -2)).real / (2 * half) ** 0.5
        gamma = 1 - 2.0 ** (-5 - torch.arange(self.heads, dtype=x.dtype))
        away = steps[:, None] - steps
        decay = torch.where(away < 0, 0.0, gamma[:, None, None] ** away.clamp_min(0))
        s = F.layer_norm((products * decay) @ v, v.shape[-1:], eps=1e-5)
        return self.out(F.silu(self.g(x)) * s.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class RetNet(nn.Module):
    def __init__(self, classes: int, d: int, heads: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, d)
        parts = (Retention(d, heads), nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.LayerNorm(d), nn.Linear(2 * d, d))
        self.layers = nn.ModuleList(nn.ModuleList(copy.deepcopy(parts)) for _ in range(layers))
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for retain, norm, up, norm2, down in self.layers:  # type: ignore[misc]
            x = x + retain(norm(x))
            x = x + down(F.gelu(up(norm2(x))))
        return self.norm(x) @ self.embed.weight.T
