"""Transformers as their published code has them: GPT-2, BERT, ViT-B/16, Llama 2, MLP-Mixer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class GptBlock(nn.Module):
    """nanoGPT's block: one layer for query, key and value together."""

    def __init__(self, d: int, heads: int, p: float) -> None:
        super().__init__()
        self.heads, self.p = heads, p
        self.ln_1 = nn.LayerNorm(d)
        self.c_attn = nn.Linear(d, 3 * d)
        self.c_proj = nn.Linear(d, d)
        self.ln_2 = nn.LayerNorm(d)
        self.c_fc = nn.Linear(d, 4 * d)
        self.mlp_proj = nn.Linear(4 * d, d)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, d = x.size()
        q, k, v = self.c_attn(self.ln_1(x)).split(d, dim=2)
        q, k, v = (part.view(batch, steps, self.heads, d // self.heads).transpose(1, 2) for part in (q, k, v))
        p = self.p if self.training else 0.0
        y = functional.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        y = self.c_proj(y.transpose(1, 2).contiguous().view(batch, steps, d))
        x = x + functional.dropout(y, self.p, self.training)
        y = self.mlp_proj(functional.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))
        return x + functional.dropout(y, self.p, self.training)


class Gpt2(nn.Module):
    """nanoGPT's GPT-2; the head shares its weights with the embedding."""

    def __init__(self, vocabulary: int, steps: int, d: int, layers: int, heads: int, p: float) -> None:
        super().__init__()
        self.p = p
        self.wte = nn.Embedding(vocabulary, d)
        self.wpe = nn.Embedding(steps, d)
        self.h = nn.ModuleList(GptBlock(d, heads, p) for _ in range(layers))
        self.ln_f = nn.LayerNorm(d)

    def forward(self, tokens: Tensor) -> Tensor:
        places = torch.arange(tokens.size(1))
        x = functional.dropout(self.wte(tokens) + self.wpe(places), self.p, self.training)
        for block in self.h:
            x = block(x)
        return functional.linear(self.ln_f(x), self.wte.weight)


class BertLayer(nn.Module):
    """Hugging Face's names, flattened; attention written out as softmax of products."""

    def __init__(self, d: int, heads: int, m: int, p: float) -> None:
        super().__init__()
        self.heads, self.p = heads, p
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.attention_output = nn.Linear(d, d)
        self.attention_norm = nn.LayerNorm(d, eps=1e-12)
        self.intermediate = nn.Linear(d, m)
        self.output = nn.Linear(m, d)
        self.output_norm = nn.LayerNorm(d, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, steps, d = x.shape
        parts = (
            layer(x).view(batch, steps, self.heads, -1).permute(0, 2, 1, 3)
            for layer in (self.query, self.key, self.value)
        )
        q, k, v = parts
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(d / self.heads)
        scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        weights = functional.dropout(torch.softmax(scores, dim=-1), self.p, self.training)
        context = torch.matmul(weights, v).permute(0, 2, 1, 3).reshape(batch, steps, d)
        context = functional.dropout(self.attention_output(context), self.p, self.training)
        x = self.attention_norm(context + x)
        y = functional.dropout(self.output(functional.gelu(self.intermediate(x))), self.p, self.training)
        return self.output_norm(y + x)


class Bert(nn.Module):
    """BERT's encoder and pooler (Devlin 2018); `lengths` says where each example's padding begins."""

    def __init__(self, vocabulary: int, steps: int, d: int, layers: int, heads: int, m: int, p: float) -> None:
        super().__init__()
        self.p = p
        self.word_embeddings = nn.Embedding(vocabulary, d)
        self.position_embeddings = nn.Embedding(steps, d)
        self.token_type_embeddings = nn.Embedding(2, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.layer = nn.ModuleList(BertLayer(d, heads, m, p) for _ in range(layers))
        self.pooler = nn.Linear(d, d)

    def forward(self, tokens: Tensor, segments: Tensor, lengths: Tensor) -> Tensor:
        places = torch.arange(tokens.shape[1])
        mask = places < lengths[:, None]
        x = self.word_embeddings(tokens) + self.position_embeddings(places) + self.token_type_embeddings(segments)
        x = functional.dropout(self.norm(x), self.p, self.training)
        for layer in self.layer:
            x = layer(x, mask)
        return torch.tanh(self.pooler(x[:, 0]))


class EncoderBlock(nn.Module):
    """torchvision's: nn.MultiheadAttention, whose three projections are stored as one."""

    def __init__(self, d: int, heads: int, m: int, p: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(d, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(d, heads, dropout=p, batch_first=True)
        self.dropout = nn.Dropout(p)
        self.ln_2 = nn.LayerNorm(d, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(d, m), nn.GELU(), nn.Dropout(p), nn.Linear(m, d), nn.Dropout(p))

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        x = self.dropout(y) + x
        return x + self.mlp(self.ln_2(x))


class VisionTransformer(nn.Module):
    """ViT (Dosovitskiy 2020) on square images."""

    def __init__(self, side: int, patch: int, d: int, layers: int, heads: int, classes: int, p: float) -> None:
        super().__init__()
        self.conv_proj = nn.Conv2d(3, d, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, d))
        self.pos_embedding = nn.Parameter(torch.empty(1, (side // patch) ** 2 + 1, d).normal_(std=0.02))
        self.dropout = nn.Dropout(p)
        self.layers = nn.Sequential(*(EncoderBlock(d, heads, 4 * d, p) for _ in range(layers)))
        self.ln = nn.LayerNorm(d, eps=1e-6)
        self.head = nn.Linear(d, classes)

    def forward(self, x: Tensor) -> Tensor:
        batch = x.shape[0]
        x = self.conv_proj(x)
        x = x.reshape(batch, x.shape[1], -1).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(batch, -1, -1), x], dim=1)
        x = self.layers(self.dropout(x + self.pos_embedding))
        return self.head(self.ln(x)[:, 0])


class RmsNorm(nn.Module):
    """Zhang & Sennrich 2019, in float32 as Llama's code computes it."""

    def __init__(self, d: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def rotate_half(x: Tensor) -> Tensor:
    """Hugging Face's: the second half, negated, before the first."""
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


class LlamaLayer(nn.Module):
    """Attention with rotary positions, then a gated MLP, each behind an RMS norm (Touvron 2023)."""

    def __init__(self, d: int, heads: int, m: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.input_layernorm = RmsNorm(d, eps)
        self.q_proj, self.k_proj = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.v_proj, self.o_proj = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.post_attention_layernorm = RmsNorm(d, eps)
        self.gate_proj, self.up_proj = nn.Linear(d, m, bias=False), nn.Linear(d, m, bias=False)
        self.down_proj = nn.Linear(m, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, d = x.shape
        width = d // self.heads
        inverse = 1.0 / (10000 ** (torch.arange(0, width, 2).float() / width))
        angles = torch.outer(torch.arange(steps).float(), inverse)
        angles = torch.cat((angles, angles), dim=-1)
        h = self.input_layernorm(x)
        q, k, v = (
            layer(h).view(batch, steps, self.heads, width).transpose(1, 2)
            for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = (part * angles.cos() + rotate_half(part) * angles.sin() for part in (q, k))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(y.transpose(1, 2).reshape(batch, steps, d))
        h = self.post_attention_layernorm(x)
        return x + self.down_proj(functional.silu(self.gate_proj(h)) * self.up_proj(h))


class Llama(nn.Module):
    """Llama 2 without its cache."""

    def __init__(self, vocabulary: int, d: int, layers: int, heads: int, m: int) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, d)
        self.layers = nn.ModuleList(LlamaLayer(d, heads, m, 1e-5) for _ in range(layers))
        self.norm = RmsNorm(d, 1e-5)
        self.lm_head = nn.Linear(d, vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x))


class MixerBlock(nn.Module):
    """Mixes places, then maps (Tolstikhin 2021)."""

    def __init__(self, places: int, d: int, tokens_mlp: int, channels_mlp: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d, eps=1e-6)
        self.token_fc1, self.token_fc2 = nn.Linear(places, tokens_mlp), nn.Linear(tokens_mlp, places)
        self.norm2 = nn.LayerNorm(d, eps=1e-6)
        self.channel_fc1, self.channel_fc2 = nn.Linear(d, channels_mlp), nn.Linear(channels_mlp, d)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x).transpose(1, 2)
        x = x + self.token_fc2(functional.gelu(self.token_fc1(y))).transpose(1, 2)
        return x + self.channel_fc2(functional.gelu(self.channel_fc1(self.norm2(x))))


class Mixer(nn.Module):
    """MLP-Mixer on square images."""

    def __init__(
        self, side: int, patch: int, d: int, layers: int, tokens_mlp: int, channels_mlp: int, classes: int
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, d, patch, stride=patch)
        places = (side // patch) ** 2
        self.blocks = nn.ModuleList(MixerBlock(places, d, tokens_mlp, channels_mlp) for _ in range(layers))
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.head = nn.Linear(d, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))
