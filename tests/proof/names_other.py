"""As names.py, for the mobile networks, U-Net, transformers and sequences."""

from __future__ import annotations

import re

from proof.names import numbered, plus, rules
from proof.transplant import NameMap

# ---- mobile: blocks by their number in torchvision's one Sequential


def _places(stages: tuple[tuple[str, int], ...]) -> dict[str, str]:
    """Block's place in `features` -> where its weights begin: the first of a stage, then its skips."""
    found = {}
    number = 2
    for stage, count in stages:
        for position in range(count):
            skip = f"{stage}.repeat.{position}.y" if count > 2 else f"{stage}.Skip.y"
            found[str(number)] = stage if position == 0 else skip
            number += 1
    return found


_LITE = _places((("r2", 2), ("r3", 3), ("r4", 4), ("r5", 3), ("r6", 3), ("r7", 1)))
_EXPAND = {"0.0": "a.", "0.1": "a.batchnorm.", "1.0": "b.", "1.1": "b.batchnorm.", "2": "y.", "3": "y.batchnorm."}
_FIRST = {"0.0": "", "0.1": "batchnorm.", "1": "filters.", "2": "batchnorm2."}
MOBILENETV2 = rules(
    (r"features\.0\.0\.(.*)", r"stem.\1"),
    (r"features\.0\.1\.(.*)", r"stem.batchnorm.\1"),
    (r"features\.1\.conv\.([\d.]+)\.(.*)", lambda m: f"r1.{_FIRST[m[1]]}{m[2]}"),
    (r"features\.18\.0\.(.*)", r"head.\1"),
    (r"features\.18\.1\.(.*)", r"head.batchnorm.\1"),
    (r"features\.(\d+)\.conv\.([\d.]+)\.(.*)", lambda m: f"{_LITE[m[1]]}.{_EXPAND[m[2]]}{m[3]}"),
    (r"classifier\.1\.(.*)", r"y.\1"),
)
_MB = {
    "0.0": "a.",
    "0.1": "a.batchnorm.",
    "1.0": "b.",
    "1.1": "b.batchnorm.",
    "2.fc1": "b.SE.y.",
    "2.fc2": "b.SE.y.perceptrons.",
    "3.0": "y.",
    "3.1": "y.batchnorm.",
}
_MB1 = {
    "0.0": "",
    "0.1": "batchnorm.",
    "1.fc1": "SE.y.",
    "1.fc2": "SE.y.perceptrons.",
    "2.0": "filters.",
    "2.1": "batchnorm2.",
}


def _mb(match: re.Match[str]) -> str:
    stage, position = f"r{match[1]}", int(match[2])
    long = match[1] in "456"
    where = stage if position == 0 else f"{stage}.repeat.{position}.y" if long else f"{stage}.Skip.y"
    return f"{where}.{_MB[match[3]]}{match[4]}"


EFFICIENTNET = rules(
    (r"features\.0\.0\.(.*)", r"stem.\1"),
    (r"features\.0\.1\.(.*)", r"stem.batchnorm.\1"),
    (r"features\.8\.0\.(.*)", r"head.\1"),
    (r"features\.8\.1\.(.*)", r"head.batchnorm.\1"),
    (r"features\.1\.0\.block\.(\d\.\w+)\.(.*)", lambda m: f"r1.{_MB1[m[1]]}{m[2]}"),
    (r"features\.(\d)\.(\d)\.block\.(\d\.\w+)\.(.*)", _mb),
    (r"classifier\.1\.(.*)", r"y.\1"),
)

# ---- U-Net

_DOWN = ("d1", "d2", "d3", "d4", "m")


def _double(line: str, place: int, padded: bool, rest: str) -> str:
    """conv (, norm), relu, conv (, norm), relu -> the line's own weights and `filters`, `batchnorm`, `batchnorm2`."""
    if padded and place in (1, 4):
        return f"{line}.{numbered('batchnorm', 1 if place == 1 else 2)}.{rest}"
    return f"{line}.{rest}" if place == 0 else f"{line}.filters.{rest}"


def _unet(padded: bool) -> NameMap:
    return rules(
        (r"down\.(\d)\.double_conv\.(\d)\.(.*)", lambda m: _double(f"{_DOWN[int(m[1])]}.y", int(m[2]), padded, m[3])),
        (r"up\.(\d)\.(.*)", lambda m: f"u{4 - int(m[1])}.up.{m[2]}"),
        (r"merge\.(\d)\.double_conv\.(\d)\.(.*)", lambda m: _double(f"u{4 - int(m[1])}.y.y", int(m[2]), padded, m[3])),
        (r"outc\.(.*)", r"y.\1"),
    )


UNET = _unet(False)
UNET_PADDED = _unet(True)

# ---- transformers

_QKV = tuple(f"h.{{}}.a.{part}.{{}}" for part in ("query", "key", "value"))


def _fused(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(part.format(plus(match[1]), match[2]) for part in _QKV)


GPT2 = rules(
    (r"(wte|wpe)\.weight", r"\1.weight"),
    (r"h\.(\d+)\.ln_1\.(.*)", lambda m: f"h.{plus(m[1])}.a.layernorm.{m[2]}"),
    (r"h\.(\d+)\.c_attn\.(.*)", _fused),
    (r"h\.(\d+)\.c_proj\.(.*)", lambda m: f"h.{plus(m[1])}.a.out.{m[2]}"),
    (r"h\.(\d+)\.ln_2\.(.*)", lambda m: f"h.{plus(m[1])}.y.layernorm.{m[2]}"),
    (r"h\.(\d+)\.c_fc\.(.*)", lambda m: f"h.{plus(m[1])}.y.{m[2]}"),
    (r"h\.(\d+)\.mlp_proj\.(.*)", lambda m: f"h.{plus(m[1])}.y.perceptrons.{m[2]}"),
    (r"ln_f\.(.*)", r"h.layernorm.\1"),
)
_BERT = {
    "query": "a.query",
    "key": "a.key",
    "value": "a.value",
    "attention_output": "a.out",
    "attention_norm": "a.layernorm",
    "intermediate": "y",
    "output": "y.perceptrons",
    "output_norm": "y.layernorm",
}
BERT = rules(
    (r"word_embeddings\.weight", "e.weight"),
    (r"position_embeddings\.weight", "e.positions.weight"),
    (r"token_type_embeddings\.weight", "e.embed.weight"),
    (r"norm\.(.*)", r"e.layernorm.\1"),
    (r"layer\.(\d+)\.(\w+)\.(.*)", lambda m: f"h.{plus(m[1])}.{_BERT[m[2]]}.{m[3]}"),
    (r"pooler\.(.*)", r"pooled.\1"),
)
VIT = rules(
    (r"conv_proj\.(.*)", r"seq.\1"),
    (r"class_token", "token.weight"),
    (r"pos_embedding", "h.positions.weight"),
    (r"layers\.(\d+)\.ln_1\.(.*)", lambda m: f"h.{plus(m[1])}.a.layernorm.{m[2]}"),
    (r"layers\.(\d+)\.self_attention\.in_proj_(weight|bias)", _fused),
    (r"layers\.(\d+)\.self_attention\.out_proj\.(.*)", lambda m: f"h.{plus(m[1])}.a.out.{m[2]}"),
    (r"layers\.(\d+)\.ln_2\.(.*)", lambda m: f"h.{plus(m[1])}.y.layernorm.{m[2]}"),
    (r"layers\.(\d+)\.mlp\.0\.(.*)", lambda m: f"h.{plus(m[1])}.y.{m[2]}"),
    (r"layers\.(\d+)\.mlp\.3\.(.*)", lambda m: f"h.{plus(m[1])}.y.perceptrons.{m[2]}"),
    (r"ln\.(.*)", r"h.layernorm.\1"),
    (r"head\.(.*)", r"y.\1"),
)
_LLAMA = {
    "input_layernorm": "a.rmsnorm",
    "q_proj": "a.query",
    "k_proj": "a.key",
    "v_proj": "a.value",
    "o_proj": "a.out",
    "post_attention_layernorm": "n",
    "gate_proj": "y",
    "up_proj": "y.perceptrons",
    "down_proj": "y.perceptrons2",
}
LLAMA = rules(
    (r"embed_tokens\.weight", "h.embed.weight"),
    (r"layers\.(\d+)\.(\w+)\.weight", lambda m: f"h.{plus(m[1])}.{_LLAMA[m[2]]}.weight"),
    (r"norm\.weight", "h.rmsnorm.weight"),
    (r"lm_head\.weight", "logits.weight"),
)
_MIXER = {
    "norm1": "a.layernorm",
    "token_fc1": "a",
    "token_fc2": "a.perceptrons",
    "norm2": "y.layernorm",
    "channel_fc1": "y",
    "channel_fc2": "y.perceptrons",
}
MIXER = rules(
    (r"stem\.(.*)", r"p.\1"),
    (r"blocks\.(\d+)\.(\w+)\.(.*)", lambda m: f"h.{plus(m[1])}.{_MIXER[m[2]]}.{m[3]}"),
    (r"norm\.(.*)", r"h.layernorm.\1"),
    (r"head\.(.*)", r"y.\1"),
)

# ---- sequences and generators

CHARRNN = rules((r"i2h\.(.*)", r"z.\1"), (r"h2o\.(.*)", r"s.\1"))
_GATE = {"filter": "f", "gate": "g", "project": "y"}
WAVENET = rules(
    (r"embed\.(.*)", r"h.\1"),
    (r"gates\.(\d)\.(\w+)\.(.*)", lambda m: f"h.{numbered('Gate', int(m[1]) + 1)}.{_GATE[m[2]]}.{m[3]}"),
    (r"out\.(.*)", r"y.\1"),
)
SEQ2SEQ = rules(
    (r"source_embedding\.weight", "enc.weight"),
    (r"encoder\.(.*)", r"enc.gru.\1"),
    (r"target_embedding\.weight", "e.weight"),
    (r"cell\.(.*)", r"s.\1"),
    (r"(query|key|value|out)\.(.*)", r"ctx.\1.\2"),
    (r"generator\.(.*)", r"logits.\1"),
)
VAE = rules(
    (r"fc1\.(.*)", r"e.\1"),
    (r"fc21\.(.*)", r"mu.\1"),
    (r"fc22\.(.*)", r"logvar.\1"),
    (r"fc3\.(.*)", r"g.\1"),
    (r"fc4\.(.*)", r"xhat.\1"),
)
_UP = {0: "a", 3: "b.y", 6: "b.Up.y", 9: "b.Up2.y", 12: "image"}


def _generator(match: re.Match[str]) -> str:
    place = int(match[1])
    return f"{_UP[place]}.{match[2]}" if place in _UP else f"{_UP[place - 1]}.batchnorm.{match[2]}"


GENERATOR = rules((r"main\.(\d+)\.(.*)", _generator))
_CRITIC = {
    "0": "a",
    "2": "b",
    "3": "b.batchnorm",
    "5": "c",
    "6": "c.batchnorm",
    "8": "d",
    "9": "d.batchnorm",
    "11": "real",
}
DISCRIMINATOR = rules((r"main\.(\d+)\.(.*)", lambda m: f"{_CRITIC[m[1]]}.{m[2]}"))
