"""`python -m docs.models`: which published language models stand in specs/, and the word that each other one lacks.

The numbers are those that the specs claim (`require weights == … at defaults`); a test checks the claims.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "specs" / "llm"
PAGE = FOLDER / "README.md"
SHARED = "calls of one block that share some of its weights and have others of their own"
# by model: the spec, or what it lacks
MODELS = {
    "Apertus 8B": "llm/apertus_8b", "Bamba 9B": "llm/bamba_9b", "BLOOM 560M": "llm/bloom_560m",
    "Command R 35B": "llm/command_r_35b", "DeepSeek V2 Lite": "llm/deepseek_v2_lite",
    "DeepSeek V3": "llm/deepseek_v3", "ERNIE 4.5 21B-A3B": "llm/ernie4.5_21b_a3b",
    "EXAONE 4.0 1.2B": "llm/exaone4_1.2b", "EXAONE 4.0 32B": "llm/exaone4_32b",
    "Falcon H1 0.5B": "llm/falcon_h1_0.5b", "Gemma 2 9B": "llm/gemma2_9b", "Gemma 3 4B": "llm/gemma3_4b",
    "Gemma 3 27B": "llm/gemma3_27b", "GLM-4.5": "llm/glm_4.5", "GLM-4.5 Air": "llm/glm_4.5_air", "GPT-2": "zoo/gpt2",
    "GPT-NeoX 20B": "llm/gpt_neox_20b", "gpt-oss 20B": "llm/gpt_oss_20b", "gpt-oss 120B": "llm/gpt_oss_120b",
    "Granite 4.0 H Micro": "llm/granite4_h_micro", "Granite 4.0 H Tiny": "llm/granite4_h_tiny",
    "Hunyuan A13B": "llm/hunyuan_a13b", "Jamba 0.1": "llm/jamba_0.1", "Kimi K2": "llm/kimi_k2",
    "LFM2 1.2B": "llm/lfm2_1.2b", "Llama 3 8B": "zoo/llama3_8b", "Llama 3.2 1B": "llm/llama3.2_1b",
    "Llama 4 Maverick": "llm/llama4_maverick", "Llama 4 Scout": "llm/llama4_scout", "Mamba 2 2.7B": "llm/mamba2_2.7b",
    "MiniMax M2": "llm/minimax_m2", "Mistral 7B": "llm/mistral_7b", "Mistral Small 3.1 24B": "llm/mistral_small_24b",
    "Mixtral 8x7B": "llm/mixtral_8x7b", "Mixtral 8x22B": "llm/mixtral_8x22b",
    "Nemotron 3 Nano 30B-A3B": "llm/nemotron3_nano", "Nemotron H 8B": "llm/nemotron_h_8b",
    "OLMo 2 7B": "llm/olmo2_7b", "OLMo 3 7B": "llm/olmo3_7b", "OPT 1.3B": "llm/opt_1.3b",
    "Phi-3 mini": "llm/phi3_mini", "Phi-4": "llm/phi4", "Pythia 1.4B": "llm/pythia_1.4b", "Qwen3 4B": "llm/qwen3_4b",
    "Qwen3 8B": "llm/qwen3_8b", "Qwen3 32B": "llm/qwen3_32b", "Qwen3 30B-A3B": "llm/qwen3_30b_a3b",
    "Qwen3 235B-A22B": "llm/qwen3_235b_a22b", "Qwen3-Next 80B-A3B": "llm/qwen3_next", "RWKV-4 169M": "llm/rwkv4_169m",
    "Seed-OSS 36B": "llm/seed_oss_36b", "SmolLM3 3B": "llm/smollm3_3b", "Stable LM 2 1.6B": "llm/stablelm2_1.6b",
    "Zamba 2 1.2B": SHARED, "Zamba 2 2.7B": SHARED,
}  # fmt: skip


def page() -> str:
    """The page of specs/llm: a row for each model."""
    said = {model: spec for model, spec in MODELS.items() if "/" in spec and " " not in spec}
    lines = [
        "# Published language models",
        "",
        f"{len(said)} of {len(MODELS)} are specs of at most 45 lines. `netspec check` holds each to its published "
        "number of weights, tied weights counted once, a mixture of experts to the number that one token uses, and "
        "each to the values that a token adds to the cache and to the state that does not grow. "
        "`python -m docs.models` writes this page.",
        "",
        "| model | spec | weights | of these active | cache a token | state | lines |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for model, spec in said.items():
        text = (ROOT / "specs" / f"{spec}.net").read_text(encoding="utf-8")
        claims = dict(re.findall(r"require (\w+) == (\d+) at defaults", text))
        told = (f"{int(claims[name]):,}" if name in claims else "" for name in ("weights", "active", "cache", "state"))
        name = spec.rpartition("/")[2]
        place = f"{name}.net" if spec.startswith("llm") else f"../{spec}.net"
        lines.append(f"| {model} | [{name}]({place}) | {' | '.join(told)} | {text.count(chr(10))} |")
    lines += [
        "",
        "RWKV-4 claims no state: of its five published vectors a layer, one only guards exponentials against overflow, "
        "and a scan and the delayed read of its result are counted apart here, as six.",
    ]
    lines += ["", "Not said yet, with what the language lacks:", "", "| model | lacks |", "|---|---|"]
    lines += [f"| {model} | {lacks} |" for model, lacks in MODELS.items() if model not in said]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
