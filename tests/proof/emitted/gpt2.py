"""GPT-2 small

Written by netspec 0.1.0 from the net gpt2; change the spec rather than this file.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention, to earlier steps only (Vaswani 2017)."""

    def __init__(self, maps: int, heads: int, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(maps, maps, bias=bias)
        self.key = nn.Linear(maps, maps, bias=bias)
        self.value = nn.Linear(maps, maps, bias=bias)
        self.out = nn.Linear(maps, maps, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        out: Tensor = self.out(y.transpose(1, 2).flatten(-2))
        return out


class Transformer(nn.Module):
    def __init__(self, d: int, heads: int, p: float) -> None:
        super().__init__()
        self.p = p
        self.a_layernorm = nn.LayerNorm(d)
        self.a = Attention(d, heads, dropout=p)
        self.y_layernorm = nn.LayerNorm(d)
        self.y = nn.Linear(d, 4 * d)
        self.y_perceptrons = nn.Linear(4 * d, d)

    def forward(self, x: Tensor) -> Tensor:
        # hidden a: x + (x -> layernorm -> attention(heads, causal = true, dropout = p) ->
        # dropout(p))
        a = x + F.dropout(self.a(self.a_layernorm(x)), self.p, self.training)
        # output y: a + (a -> layernorm -> 4*d perceptrons -> gelu(tanh) -> d perceptrons ->
        # dropout(p))
        y: Tensor = self.y_perceptrons(F.gelu(self.y(self.y_layernorm(a)), approximate="tanh"))
        y = a + F.dropout(y, self.p, self.training)
        return y


class Gpt2(nn.Module):
    """GPT-2 small."""

    def __init__(
        self, V: int = 50, T: int = 12, d: int = 24, L: int = 2, heads: int = 3, p: float = 0.1
    ) -> None:
        super().__init__()
        self.p = p
        self.wte = nn.Embedding(V, d)
        self.wpe = nn.Embedding(T, d)
        self.h = nn.Sequential(*(Transformer(d, heads, p) for _ in range(L)))
        self.h_layernorm = nn.LayerNorm(d)
        for module in self.modules():
            if isinstance(module, (nn.Embedding, nn.Linear)):
                nn.init.normal_(module.weight, 0.0, 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        # hidden wte: tokens -> embed(d, init = normal(0, 0.02))
        wte = self.wte(tokens)
        # hidden wpe: tokens -> positions(d, init = normal(0, 0.02))
        wpe = self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        # hidden h: wte + wpe -> dropout(p) -> repeat L { Transformer(heads, p) } -> layernorm
        h = self.h_layernorm(self.h(F.dropout(wte + wpe, self.p, self.training)))
        # output logits: V perceptrons (tie = transpose(wte), bias = false)
        logits: Tensor = F.linear(h, self.wte.weight)
        return logits
