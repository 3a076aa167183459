"""attention decoder

Written by netspec 0.1.0 from the net seq2seq; change the spec rather than this file.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def recur(cell: nn.RNNBase, x: Tensor, before: Any, lengths: Tensor) -> tuple[Tensor, Any]:
    """Runs torch's recurrent module over (B, T, d), each to its length; and its last state."""
    packed = nn.utils.rnn.pack_padded_sequence(
        x, lengths.cpu(), batch_first=True, enforce_sorted=False
    )
    y, state = cell(packed, before)
    padded, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return padded, state


class Attention(nn.Module):
    """Attention from one sequence to another (Vaswani 2017)."""

    def __init__(
        self,
        queries: int,
        keys: int,
        values: int,
        heads: int,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(queries, queries, bias=bias)
        self.key = nn.Linear(keys, queries, bias=bias)
        self.value = nn.Linear(values, queries, bias=bias)
        self.out = nn.Linear(queries, queries, bias=bias)

    def remember(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        k = torch.unflatten(self.key(key), -1, (self.heads, -1)).transpose(1, 2)
        v = torch.unflatten(self.value(value), -1, (self.heads, -1)).transpose(1, 2)
        return k, v

    def forward(self, query: Tensor, memory: tuple[Tensor, Tensor], lengths: Tensor) -> Tensor:
        query = query[:, None]
        q = torch.unflatten(self.query(query), -1, (self.heads, -1)).transpose(1, 2)
        k, v = memory
        seen = torch.arange(k.shape[2], device=k.device) < lengths[:, None]
        mask = seen[:, None, None, :]
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        out: Tensor = self.out(y.transpose(1, 2).flatten(-2)).squeeze(1)
        return out


class Seq2seq(nn.Module):
    """attention decoder."""

    def __init__(self, V: int = 20, W: int = 24, d: int = 8, H: int = 12) -> None:
        super().__init__()
        self.H = H
        self.enc = nn.Embedding(V, d)
        self.enc_gru = nn.GRU(d, H, batch_first=True)
        self.e = nn.Embedding(W, d)
        self.s = nn.Linear(d + 2 * H, H)
        self.ctx = Attention(H, H, H, 1)
        self.logits = nn.Linear(2 * H, W)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_length: Tensor,
        tgt_length: Tensor,
        state: dict[str, Any] | None = None,
        return_state: bool = False,
    ) -> Any:
        before = state or {}
        after: dict[str, Any] = {}
        # hidden enc: src -> embed(d) -> gru(H)
        enc, after["enc"] = recur(self.enc_gru, self.enc(src), before.get("enc"), src_length)
        # hidden e: tgt -> embed(d)
        e = self.e(tgt)
        # start s: enc -> last(time)
        s_start = enc[torch.arange(enc.shape[0], device=enc.device), src_length - 1]
        ctx_before = before["ctx"] if "ctx" in before else e.new_zeros(e.shape[0], self.H)
        s_before = before["s"] if "s" in before else s_start.expand(e.shape[0], -1)
        s_steps = []
        ctx_steps = []
        ctx_memory = self.ctx.remember(enc, enc)
        for t, e_t in enumerate(e.unbind(1)):
            # hidden s: e & ctx[t-1] & s[t-1] -> H perceptrons -> tanh
            s = torch.tanh(self.s(torch.cat([e_t, ctx_before, s_before], dim=1)))
            # hidden ctx: s, enc, enc -> attention(1)
            ctx = self.ctx(s, ctx_memory, lengths=src_length)
            s_steps.append(s)
            ctx_steps.append(ctx)
            ctx_before = torch.where((t < tgt_length)[:, None], ctx, ctx_before)
            s_before = torch.where((t < tgt_length)[:, None], s, s_before)
        s = torch.stack(s_steps, dim=1)
        ctx = torch.stack(ctx_steps, dim=1)
        after["ctx"] = ctx_before
        after["s"] = s_before
        # output logits: s & ctx -> W perceptrons
        logits: Tensor = self.logits(torch.cat([s, ctx], dim=2))
        return (logits, after) if return_state else logits
