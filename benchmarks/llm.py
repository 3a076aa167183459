"""Whether the language models of specs/llm compute what transformers computes: shrunk copies with the same weights.

Run it with an environment that has transformers (`pip install transformers==5.24.0`), which netspec does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import netspec

SPECS = Path(__file__).parents[1] / "specs" / "llm"
T = 24  # steps; longer than the windows, so that they matter
GATED = ("input_layernorm", "q", "k", "v", "o", "q_norm", "k_norm", "post_attention_layernorm", "gate", "up", "down")
AFTER = ("q", "k", "v", "o", "q_norm", "k_norm", "post_attention_layernorm", "gate", "up", "down",
         "post_feedforward_layernorm")  # fmt: skip
GEMMA = ("input_layernorm", "q", "k", "v", "o", "q_norm", "k_norm", "post_attention_layernorm",
         "pre_feedforward_layernorm", "gate", "up", "down", "post_feedforward_layernorm")  # fmt: skip
LATENT = ("input_layernorm", "q", "q_a", "q_b", "compress", "rotary_key", "key", "value", "o", "q_a_layernorm",
          "kv_a_layernorm", "post_attention_layernorm", "gate", "up", "down")  # fmt: skip
SIZES = {
    "vocab_size": 97,
    "hidden_size": 64,
    "intermediate_size": 80,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
SET = {"V": 97, "d": 64, "m": 80, "heads": 4, "kv": 2, "T": T, "E": 6, "top": 2}


def rope(theta: float, **more: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta, **more}}


LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
YARN = {"rope_type": "yarn", "rope_theta": 5e5, "factor": 8.0, "original_max_position_embeddings": 512,
        "beta_fast": 32.0, "beta_slow": 1.0, "attention_factor": 1.2079441541679836}  # fmt: skip
SLIDING = ["sliding_attention"] * 3 + ["full_attention"]
GEMMA_ROPE = {
    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
}
MLA = {"num_hidden_layers": 3, "num_key_value_heads": 4, "kv_lora_rank": 10, "q_lora_rank": 12, "qk_rope_head_dim": 4,
       "qk_nope_head_dim": 6, "v_head_dim": 6, "n_routed_experts": 6, "num_experts_per_tok": 2, "n_group": 1,
       "topk_group": 1, "n_shared_experts": 1, "moe_intermediate_size": 24, "first_k_dense_replace": 1,
       "norm_topk_prob": True, "rms_norm_eps": 1e-6}  # fmt: skip
MLA_SIZES = {"L": 3, "dense": 1, "width": 6, "rank": 10, "ranks": 12, "beside": 4, "trained": 512, "M": 24}
LLAMA4 = {"num_hidden_layers": 4, "head_dim": 8, "intermediate_size": 24, "intermediate_size_mlp": 80,
          "num_local_experts": 6, "num_experts_per_tok": 1, "no_rope_layer_interval": 4, "attention_chunk_size": 5,
          "floor_scale": 5, "attn_scale": 0.1, "rms_norm_eps": 1e-5, "pad_token_id": 0, "bos_token_id": 1,
          "eos_token_id": 2}  # fmt: skip
LLAMA4_SIZES = {"L": 4, "width": 8, "chunk": 5, "trained": 16, "m": 24, "M": 80}
GPT_OSS = {"num_hidden_layers": 2, "head_dim": 8, "num_local_experts": 6, "num_experts_per_tok": 2,
           "sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"], "attention_bias": True,
           "rms_norm_eps": 1e-5}  # fmt: skip


def yarn(theta: float, factor: float, **more: Any) -> dict[str, Any]:
    kept = {"original_max_position_embeddings": 512, "beta_fast": 32.0, "beta_slow": 1.0}
    return {"rope_parameters": {"rope_type": "yarn", "rope_theta": theta, "factor": factor, **kept, **more}}


MAMBA = ("z", "c", "conv1d", "dt", "A_log", "D", "gain", "out")
STATES = {"mamba_n_heads": 16, "mamba_d_head": 8, "mamba_d_state": 6, "mamba_n_groups": 1, "mamba_chunk_size": 8}
NEMOTRON = ["linear_attention", "mlp", "linear_attention", "full_attention", "mlp"]
STATE_SIZES = {"H": 16, "P": 8, "N": 6, "first": 1, "gap": 1, "last": 1}
GRANITE = {"num_hidden_layers": 9, "layer_types": [*(["mamba", "attention"] * 4), "mamba"], "rms_norm_eps": 1e-5,
           "position_embedding_type": None, "embedding_multiplier": 12.0, "residual_multiplier": 0.22,
           "tie_word_embeddings": True, "pad_token_id": 0, **STATES}  # fmt: skip
HYBRID = ("input_layernorm", *MAMBA, "q", "k", "v", "o", "post_attention_layernorm", "gate", "up", "down")
# for each spec: transformers' class, its settings, the order of a layer's weights there, further sizes here
MODELS: dict[str, tuple[str, dict[str, Any], tuple[str, ...], dict[str, Any]]] = {
    "llama3.2_1b": ("Llama", {"num_hidden_layers": 2, "tie_word_embeddings": True, "rms_norm_eps": 1e-5,
                    **rope(5e5, **LLAMA3, factor=32.0) | {}}, GATED, {"L": 2, "trained": 16}),
    "mistral_7b": ("Mistral", {"num_hidden_layers": 2, "sliding_window": 5, "rms_norm_eps": 1e-5, **rope(1e4)}, GATED,
                   {"L": 2, "window": 5}),
    "mistral_small_24b": ("Mistral", {"num_hidden_layers": 2, "sliding_window": None, "head_dim": 8,
                          "rms_norm_eps": 1e-5, **rope(1e9)}, GATED, {"L": 2, "width": 8}),
    "phi3_mini": ("Phi3", {"num_hidden_layers": 2, "sliding_window": 5, "rms_norm_eps": 1e-5, "num_key_value_heads": 4,
                  "pad_token_id": 0, **rope(1e4, partial_rotary_factor=1.0)}, GATED, {"L": 2, "window": 5}),
    "phi4": ("Phi3", {"num_hidden_layers": 2, "sliding_window": None, "rms_norm_eps": 1e-5, "pad_token_id": 0,
             **rope(25e4, partial_rotary_factor=1.0)}, GATED, {"L": 2}),
    "qwen3_4b": ("Qwen3", {"num_hidden_layers": 2, "head_dim": 8, "tie_word_embeddings": True, **rope(1e6)}, GATED,
                 {"L": 2, "width": 8}),
    "qwen3_8b": ("Qwen3", {"num_hidden_layers": 2, "head_dim": 8, **rope(1e6)}, GATED, {"L": 2, "width": 8}),
    "qwen3_32b": ("Qwen3", {"num_hidden_layers": 2, "head_dim": 8, **rope(1e6)}, GATED, {"L": 2, "width": 8}),
    "gemma2_9b": ("Gemma2", {"num_hidden_layers": 2, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 5,
                  "layer_types": ["sliding_attention", "full_attention"], "tie_word_embeddings": True, **rope(1e4)},
                  GEMMA, {"L": 2, "width": 8, "window": 5}),
    "gemma3_4b": ("Gemma3", {"num_hidden_layers": 7, "head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 5,
                  "layer_types": ["sliding_attention"] * 5 + ["full_attention", "sliding_attention"],
                  "tie_word_embeddings": True, "rope_parameters": GEMMA_ROPE}, GEMMA,
                  {"rounds": 1, "rest": 1, "width": 8, "window": 5}),
    "gemma3_27b": ("Gemma3", {"num_hidden_layers": 7, "head_dim": 8, "query_pre_attn_scalar": 168, "sliding_window": 5,
                   "layer_types": ["sliding_attention"] * 5 + ["full_attention", "sliding_attention"],
                   "tie_word_embeddings": True, "rope_parameters": GEMMA_ROPE}, GEMMA,
                   {"rounds": 1, "rest": 1, "width": 8, "window": 5}),
    "olmo2_7b": ("Olmo2", {"num_hidden_layers": 2, "num_key_value_heads": 4, "rms_norm_eps": 1e-6, **rope(5e5)}, AFTER,
                 {"L": 2}),
    "olmo3_7b": ("Olmo3", {"num_hidden_layers": 4, "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "sliding_window": 5,
                 "layer_types": SLIDING, "rope_parameters": {
                     "sliding_attention": {"rope_type": "default", "rope_theta": 5e5}, "full_attention": YARN}}, AFTER,
                 {"L": 4, "window": 5, "trained": 512}),
    "gpt_neox_20b": ("GPTNeoX", {"num_hidden_layers": 2, "intermediate_size": 256, "hidden_act": "gelu_fast",
                     **rope(1e4, partial_rotary_factor=0.25)}, (), {"L": 2}),
    "pythia_1.4b": ("GPTNeoX", {"num_hidden_layers": 2, "intermediate_size": 256,
                    **rope(1e4, partial_rotary_factor=0.25)}, (), {"L": 2}),
    "bloom_560m": ("Bloom", {"n_layer": 2, "n_head": 4}, (), {"L": 2}),
    "stablelm2_1.6b": ("StableLm", {"num_hidden_layers": 2, "num_key_value_heads": 4, "use_qkv_bias": True,
                       "layer_norm_eps": 1e-5, **rope(1e4, partial_rotary_factor=0.25)}, GATED, {"L": 2}),
    "seed_oss_36b": ("SeedOss", {"num_hidden_layers": 2, "head_dim": 8, "attention_bias": True,
                     "attention_out_bias": False, "mlp_bias": False, **rope(1e7)}, GATED, {"L": 2, "width": 8}),
    "smollm3_3b": ("SmolLM3", {"num_hidden_layers": 4, "no_rope_layer_interval": 4, "tie_word_embeddings": True,
                   "pad_token_id": 0, **rope(5e6)}, GATED, {"L": 4}),
    "command_r_35b": ("Cohere", {"num_hidden_layers": 2, "num_key_value_heads": 4, "logit_scale": 0.0625,
                      "tie_word_embeddings": True, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
                      **rope(8e6)}, GATED, {"L": 2}),
    "exaone4_1.2b": ("Exaone4", {"num_hidden_layers": 2, "sliding_window": None, "tie_word_embeddings": True,
                     "rms_norm_eps": 1e-5, "layer_types": ["full_attention"] * 2,
                     **rope(1e6, **LLAMA3, factor=16.0)}, AFTER, {"L": 2, "trained": 16}),
    "exaone4_32b": ("Exaone4", {"num_hidden_layers": 4, "sliding_window": 5, "sliding_window_pattern": 4, "head_dim": 8,
                    "rms_norm_eps": 1e-5, "layer_types": SLIDING, **rope(1e6, **LLAMA3, factor=16.0)}, AFTER,
                    {"L": 4, "trained": 16, "window": 5, "width": 8}),
    "apertus_8b": ("Apertus", {"num_hidden_layers": 2, "rms_norm_eps": 1e-5, "hidden_act": "xielu",
                   **rope(12e6, **LLAMA3, factor=8.0)},
                   ("attention_layernorm", "q", "k", "v", "o", "q_norm", "k_norm", "feedforward_layernorm", "up",
                    "act_fn.alpha_p", "act_fn.alpha_n", "down"), {"L": 2, "trained": 16}),
    "mixtral_8x7b": ("Mixtral", {"num_hidden_layers": 2, "num_local_experts": 6, "sliding_window": None,
                     "rms_norm_eps": 1e-5, **rope(1e6)}, GATED, {"L": 2}),
    "qwen3_30b_a3b": ("Qwen3Moe", {"num_hidden_layers": 2, "head_dim": 8, "num_experts": 6, "num_experts_per_tok": 2,
                      "norm_topk_prob": True, "moe_intermediate_size": 24, "mlp_only_layers": [], **rope(1e6)}, GATED,
                      {"L": 2, "width": 8, "m": 24}),
    "minimax_m2": ("MiniMaxM2", {"num_hidden_layers": 2, "head_dim": 8, "num_local_experts": 6,
                   "num_experts_per_tok": 2, "rms_norm_eps": 1e-6, "bos_token_id": 1, "eos_token_id": 2,
                   **rope(5e6, partial_rotary_factor=0.5)}, GATED, {"L": 2, "width": 8}),
    "glm_4.5": ("Glm4Moe", {"num_hidden_layers": 3, "head_dim": 8, "n_routed_experts": 6, "num_experts_per_tok": 2,
                "moe_intermediate_size": 24, "first_k_dense_replace": 1, "use_qk_norm": True, "attention_bias": True,
                "routed_scaling_factor": 2.5, "n_group": 1, "topk_group": 1, "n_shared_experts": 1,
                "norm_topk_prob": True, "rms_norm_eps": 1e-5, **rope(1e6, partial_rotary_factor=0.5)}, GATED,
                {"L": 3, "dense": 1, "width": 8, "M": 24}),
    "deepseek_v2_lite": ("DeepseekV2", {**MLA, "q_lora_rank": None, "n_shared_experts": 2, "topk_method": "greedy",
                         "norm_topk_prob": False, "routed_scaling_factor": 1.0,
                         **yarn(1e4, 40.0, mscale=0.707, mscale_all_dim=0.707)}, LATENT, MLA_SIZES),
    "deepseek_v3": ("DeepseekV3", {**MLA, "n_group": 3, "topk_group": 2, "routed_scaling_factor": 2.5,
                    **yarn(1e4, 40.0, mscale=1.0, mscale_all_dim=1.0)}, LATENT, MLA_SIZES | {"groups": 3, "near": 2}),
    "kimi_k2": ("DeepseekV3", {**MLA, "routed_scaling_factor": 2.827,
                **yarn(5e4, 32.0, beta_fast=1.0, mscale=1.0, mscale_all_dim=1.0)}, LATENT, MLA_SIZES),
    "gpt_oss_20b": ("GptOss", {**GPT_OSS, **yarn(15e4, 32.0, truncate=False)}, (*GATED[:5], "sinks", GATED[7]),
                    {"L": 2, "width": 8, "window": 5, "trained": 512}),
    "gpt_oss_120b": ("GptOss", {**GPT_OSS, **yarn(15e4, 32.0, truncate=False)}, (*GATED[:5], "sinks", GATED[7]),
                     {"L": 2, "width": 8, "window": 5, "trained": 512}),
    "ernie4.5_21b_a3b": ("Ernie4_5_Moe", {"num_hidden_layers": 3, "moe_num_experts": 6, "moe_k": 2,
                         "moe_num_shared_experts": 2, "moe_intermediate_size": 24, "moe_layer_start_index": 1,
                         "moe_layer_end_index": 2, "moe_layer_interval": 1, "use_bias": False, "rms_norm_eps": 1e-5,
                         "tie_word_embeddings": True, **rope(5e5)}, GATED, {"L": 3, "dense": 1, "M": 24}),
    "hunyuan_a13b": ("HunYuanMoEV1", {"num_hidden_layers": 2, "head_dim": 8, "num_experts": 6, "moe_topk": 2,
                     "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "rope_parameters": {"rope_type": "dynamic",
                     "rope_theta": 1e4, "factor": 1.0, "alpha": 1000.0}},
                     (*GATED[:5], "query_layernorm", "key_layernorm", *GATED[7:]), {"L": 2, "width": 8}),
    "llama4_scout": ("Llama4", {**LLAMA4, "interleave_moe_layer_step": 1, "use_qk_norm": True, **rope(5e5, **{
                     **LLAMA3, "high_freq_factor": 1.0}, factor=16.0)}, GATED, LLAMA4_SIZES),
    "llama4_maverick": ("Llama4", {**LLAMA4, "interleave_moe_layer_step": 2, "use_qk_norm": False, **rope(5e5)}, GATED,
                        LLAMA4_SIZES),
    "opt_1.3b": ("OPT", {"num_hidden_layers": 2, "ffn_dim": 80, "word_embed_proj_dim": 64,
                 "max_position_embeddings": T}, ("self_attn_layer_norm", "q", "k", "v", "out",
                 "final_layer_norm", "fc1", "fc2"), {"L": 2}),
    "mamba2_2.7b": ("Mamba2", {"num_hidden_layers": 2, "state_size": 6, "num_heads": 16, "head_dim": 8, "n_groups": 1,
                    "chunk_size": 8, "tie_word_embeddings": True}, ("norm", *MAMBA), {"L": 2, **STATE_SIZES}),
    "bamba_9b": ("Bamba", {"num_hidden_layers": 7, "attn_layer_indices": [1, 3, 5], "rms_norm_eps": 1e-5, **STATES,
                 **rope(1e4, partial_rotary_factor=0.5)}, ("input_layernorm", *MAMBA, "q", "k", "v", "o",
                 "pre_ff_layernorm", "gate", "up", "down"), STATE_SIZES),
    "granite4_h_micro": ("GraniteMoeHybrid", {**GRANITE, "num_local_experts": 0, "num_experts_per_tok": 0,
                         "shared_intermediate_size": 80, "attention_multiplier": 0.015625, "logits_scaling": 8.0},
                         HYBRID, STATE_SIZES),
    "granite4_h_tiny": ("GraniteMoeHybrid", {**GRANITE, "num_local_experts": 6, "num_experts_per_tok": 2,
                        "shared_intermediate_size": 24, "intermediate_size": 12, "attention_multiplier": 0.0078125,
                        "logits_scaling": 6.0}, HYBRID, {**STATE_SIZES, "m": 12, "M": 24}),
    "falcon_h1_0.5b": ("FalconH1", {"num_hidden_layers": 2, "head_dim": 8, **STATES, "mamba_n_heads": 6,
                       "mamba_d_ssm": 48, "mamba_rms_norm": False, "rms_norm_eps": 1e-5,
                       "embedding_multiplier": 5.656854249492381, "lm_head_multiplier": 0.0390625,
                       "key_multiplier": 0.048828125 * 8**0.5, "attention_in_multiplier": 1.0,
                       "attention_out_multiplier": 0.9375, "ssm_in_multiplier": 1.25,
                       "ssm_out_multiplier": 0.23570226039551587, "mlp_multipliers": [0.8838834764831844, 0.5859375],
                       "ssm_multipliers": [0.3535533905932738, 0.25, 0.3535533905932738, 0.5, 0.3535533905932738],
                       **rope(1e11)}, ("input_layernorm", "z", "B", "X", "C", "conv1d", "dt", "A_log", "D", "out", "q",
                       "k", "v", "o", "pre_ff_layernorm", "gate", "up", "down"), {"L": 2, "width": 8, "H": 6, "P": 8,
                       "N": 6}),
    "nemotron_h_8b": ("NemotronH", {"layers_block_type": [*(4 * NEMOTRON), "linear_attention", "mlp"], "head_dim": 16,
                      "mamba_num_heads": 16, "mamba_head_dim": 8, "ssm_state_size": 6, "n_groups": 2, "chunk_size": 8,
                      "layer_norm_epsilon": 1e-5, "mlp_hidden_act": "relu2"},
                      ("norm", *MAMBA, "q", "k", "v", "o", "up", "down"), {**STATE_SIZES, "G": 2}),
    "jamba_0.1": ("Jamba", {"num_hidden_layers": 8, "num_experts": 6, "num_experts_per_tok": 2, "mamba_d_state": 6,
                  "mamba_dt_rank": 5, "pad_token_id": 0}, ("input_layernorm", "in", "conv1d", "x", "dt_layernorm", "dt",
                  "b_layernorm", "c_layernorm", "A_log", "D", "out", "q", "k", "v", "o", "pre_ff_layernorm", "gate",
                  "up", "down"), {"L": 1, "N": 6, "r": 5}),
    "qwen3_next": ("Qwen3Next", {"num_hidden_layers": 4, "head_dim": 8, "linear_key_head_dim": 8,
                   "linear_value_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
                   "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
                   "shared_expert_intermediate_size": 24, **rope(1e7, partial_rotary_factor=0.25)},
                   ("input_layernorm", "c", "conv1d", "z", "b", "s", "A_log", "gain", "out", "q", "q_norm", "k",
                    "k_norm", "v", "side", "o", "post_attention_layernorm", "gate", "up", "down"),
                   {"L": 1, "width": 8, "G": 2, "H": 4, "w": 8, "m": 24}),
}  # fmt: skip
for _name, (_, _settings, _, _) in MODELS.items():
    parameters = _settings.get("rope_parameters", {})
    if parameters.get("low_freq_factor"):
        parameters["rope_type"] = "llama3"


def reference(kind: str, settings: dict[str, Any]) -> torch.nn.Module:
    import transformers

    config = getattr(transformers, f"{kind}{'Text' if kind in ('Gemma3', 'Llama4') else ''}Config")
    chosen = {**SIZES, **settings}
    made = config(**chosen, attn_implementation="eager", experts_implementation="eager")
    torch.manual_seed(0)
    found: torch.nn.Module = getattr(transformers, f"{kind}ForCausalLM")(made).double().eval()
    for weight in found.parameters():  # norms and biases must matter too
        weight.data += 0.1 * torch.randn_like(weight)
    found.tie_weights()
    return found


def layers(
    state: dict[str, Tensor], heads: int, kv: int, order: tuple[str, ...], kind: str, shared: int
) -> Iterator[Tensor]:
    """The arrays of each layer in netspec's order."""
    numbers = sorted({int(match[1]) for key in state if (match := re.search(r"\.(?:layers|h)\.(\d+)\.", key))})
    for number in numbers:
        inside = {re.split(rf"\.(?:layers|h)\.{number}\.", key)[1]: value for key, value in state.items()
                  if re.search(rf"\.(?:layers|h)\.{number}\.", key)}  # fmt: skip
        if kind in ("GPTNeoX", "Bloom"):
            attention, mlp = ("attention", ("mlp.dense_h_to_4h", "mlp.dense_4h_to_h")) if kind == "GPTNeoX" else (
                "self_attention", ("mlp.dense_h_to_4h", "mlp.dense_4h_to_h"))  # fmt: skip
            yield from (inside["input_layernorm.weight"], inside["input_layernorm.bias"])
            fused, bias = inside[f"{attention}.query_key_value.weight"], inside[f"{attention}.query_key_value.bias"]
            parts = zip(
                fused.view(heads, 3, -1, fused.shape[1]).unbind(1), bias.view(heads, 3, -1).unbind(1), strict=True
            )
            for weight, constant in parts:
                yield from (weight.flatten(0, 1), constant.flatten())
            for name in (f"{attention}.dense", "post_attention_layernorm", *mlp):
                yield from (inside[f"{name}.weight"], inside[f"{name}.bias"])
            continue
        if kind == "Phi3":
            wide = inside["self_attn.o_proj.weight"].shape[1] // heads
            fused = inside.pop("self_attn.qkv_proj.weight").split([heads * wide, kv * wide, kv * wide])
            inside |= {f"self_attn.{name}_proj.weight": part for name, part in zip("qkv", fused, strict=True)}
            gate, up = inside.pop("mlp.gate_up_proj.weight").chunk(2)
            inside |= {"mlp.gate_proj.weight": gate, "mlp.up_proj.weight": up}
        if "self_attn.kv_b_proj.weight" in inside:
            whole, latent = inside.pop("self_attn.kv_a_proj_with_mqa.weight"), inside["self_attn.kv_b_proj.weight"]
            inside["self_attn.compress.weight"] = whole[: latent.shape[1]]
            inside["self_attn.rotary_key.weight"] = whole[latent.shape[1] :]
            parts = inside.pop("self_attn.kv_b_proj.weight").unflatten(0, (heads, -1)).chunk(2, 1)
            inside |= {f"self_attn.{name}.weight": parts[at].flatten(0, 1) for at, name in enumerate(("key", "value"))}
        for mixer in {key.partition(".")[0] for key in inside if "A_log" in key}:
            unfuse(inside, f"{mixer}.")
        if "self_attn.q_norm.weight" in inside and kind == "Qwen3Next":
            both = inside["self_attn.q_proj.weight"].unflatten(0, (heads, 2, -1)).unbind(1)
            inside |= {
                f"self_attn.{name}.weight": part.flatten(0, 1) for name, part in zip(("q", "side"), both, strict=True)
            }
            del inside["self_attn.q_proj.weight"]
        beside = besides(inside)
        routed = [name for name in inside if name.endswith("experts.gate_up_proj")]
        for name in (name for name in order if not routed or name not in ("gate", "up", "down")):
            matched = [key for key in inside if re.search(rf"(^|\.){re.escape(name)}(_proj)?(\.weight|\.bias)?$", key)]
            found = [
                inside[key].reshape(-1) if "alpha" in key else inside[key] for key in sorted(matched, reverse=True)
            ]
            yield from (
                value + 1 if kind.startswith(("Gemma", "Qwen3Next")) and "norm" in name else value for value in found
            )
        if routed:
            yield from experts(inside, kind, shared)
        yield from beside.values()


def unfuse(inside: dict[str, Tensor], at: str) -> None:
    """Give the parts of a state space's or a delta rule's fused matrix names of their own."""
    channels, heads = inside[f"{at}conv1d.weight"].shape[0], inside[f"{at}A_log"].shape[0]
    if f"{at}norm.weight" in inside:
        inside[f"{at}gain.weight"] = inside.pop(f"{at}norm.weight")
    if f"{at}in_proj_qkvz.weight" in inside:
        width = inside[f"{at}gain.weight"].shape[0]
        groups = (channels // width - heads) // 2
        both = inside.pop(f"{at}in_proj_qkvz.weight").unflatten(0, (groups, -1))
        each = heads // groups * width
        *flow, gate = (part.flatten(0, 1) for part in both.split([width, width, each, each], 1))
        share, decay = inside.pop(f"{at}in_proj_ba.weight").unflatten(0, (groups, 2, -1)).unbind(1)
        inside |= {f"{at}c.weight": torch.cat(flow), f"{at}z.weight": gate, f"{at}b.weight": share.flatten(0, 1)}
        inside |= {f"{at}s.weight": decay.flatten(0, 1), f"{at}s.bias": inside.pop(f"{at}dt_bias")}
    elif f"{at}dt_bias" in inside:
        inner = inside[f"{at}out_proj.weight"].shape[1]
        gate, flow, step = inside.pop(f"{at}in_proj.weight").split([inner, channels, heads])
        value, key, query = flow.split([inner, (channels - inner) // 2, (channels - inner) // 2])
        inside |= {f"{at}z.weight": gate, f"{at}c.weight": flow, f"{at}dt.weight": step}
        inside |= {f"{at}X.weight": value, f"{at}B.weight": key, f"{at}C.weight": query}
        inside |= {f"{at}dt.bias": inside.pop(f"{at}dt_bias"), f"{at}D": inside[f"{at}D"][:, None]}


def besides(inside: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take out, in netspec's order, the perceptrons that stand beside a mixture or in its place."""
    found: dict[str, Tensor] = {}
    if "shared_mlp.input_linear.weight" in inside:
        found["gate"], found["up"] = inside.pop("shared_mlp.input_linear.weight").chunk(2)
        found["down"] = inside.pop("shared_mlp.output_linear.weight")
    elif "mlp.shared_expert_gate.weight" in inside:
        found["side"] = inside.pop("mlp.shared_expert_gate.weight")
        for name in ("gate", "up", "down"):
            found[name] = inside.pop(f"mlp.shared_expert.{name}_proj.weight")
    return found


def experts(inside: dict[str, Tensor], kind: str, shared: int) -> Iterator[Tensor]:
    """The arrays of a mixture: of all experts matrix by matrix, of what is shared, then the router's."""
    found = {key.rpartition("experts.")[2]: value for key, value in inside.items() if ".experts." in key}
    fused, down = found["gate_up_proj"], found["down_proj"]
    if kind in ("GptOss", "Llama4"):
        fused, down = fused.mT, down.mT
    gate, up = (fused[:, ::2], fused[:, 1::2]) if kind == "GptOss" else fused.chunk(2, 1)
    biases: list[Tensor] = []
    if "gate_up_proj_bias" in found:
        both = found["gate_up_proj_bias"]
        biases = [both[:, ::2], both[:, 1::2], found["down_proj_bias"]]
    for number, matrices in enumerate((gate, up, down)):
        yield from matrices
        yield from biases[number] if biases else ()
    for key, value in inside.items():
        if "shared" in key:
            yield from value.chunk(shared, int("down" in key))
    yield from (value for key, value in inside.items() if re.search(r"(router|gate|gate\.wg)\.(weight|bias)$", key))
    yield from (value.flatten() for key, value in inside.items() if "correction" in key)


def compare(name: str) -> tuple[float, float]:
    """The largest difference of the logits, beside their largest number."""
    kind, settings, order, sizes = MODELS[name]
    theirs = reference(kind, settings)
    state = dict(theirs.named_parameters())
    for key, value in theirs.named_buffers():
        if "correction" in key:
            state[key] = value.uniform_(-0.2, 0.2)
    heads, kv = SIZES["num_attention_heads"], settings.get("num_key_value_heads", SIZES["num_key_value_heads"])
    shared = settings.get("n_shared_experts", settings.get("moe_num_shared_experts", 1))
    params = re.search(r"^net \w+\((.*?)\) ", (SPECS / f"{name}.net").read_text(), re.M | re.S)
    assert params is not None
    known = set(re.findall(r"(\w+) =", params[1]))
    net = netspec.load(SPECS / f"{name}.net").net(
        **{key: value for key, value in (SET | sizes).items() if key in known}
    )
    inner = {key: value for key, value in state.items() if not re.search(r"\.(?:layers|h)\.\d+\.", key)}
    gemma = kind.startswith(("Gemma", "Qwen3Next"))
    first = [value for key, value in inner.items() if re.search(r"(embed_\w+|embeddings|embed_in)\.weight$", key)]
    last = [value + gemma for key, value in inner.items() if "norm" in key.lower() or "ln_f" in key]
    head = [value for key, value in inner.items() if key in ("lm_head.weight", "embed_out.weight")]
    arrays = [*first, *([*last[:2]] if kind == "Bloom" else []), *layers(state, heads, kv, order, kind, shared)]
    arrays += [*(last[2:] if kind == "Bloom" else last), *head]
    module = net.module(dtype=torch.float64).eval()
    stored = [item.key for item in net.graph.arrays]
    assert len(stored) == len(arrays), (name, len(stored), len(arrays))
    own = module.state_dict()
    for key, value in zip(stored, arrays, strict=True):
        weight = own[key]
        assert weight.shape == value.shape, (name, key, tuple(weight.shape), tuple(value.shape))
        weight.copy_(value.data)
    tokens = torch.randint(3, 97, (2, T))
    lengths = (torch.tensor([T, T]),) if "up to" in (SPECS / f"{name}.net").read_text() else ()
    with torch.no_grad():
        mine, wanted = module(tokens, *lengths), theirs(tokens).logits
    return float((mine - wanted).abs().max()), float(wanted.abs().max())


def main() -> bool:
    """Prints the largest difference of the logits of each model, beside their largest number."""
    held = True
    for name in MODELS:
        difference, scale = compare(name)
        held = held and difference < 1e-4 * scale
        print(f"{name:20} {difference:.1e} of {scale:.2g}", flush=True)
    return held


if __name__ == "__main__":
    main()
