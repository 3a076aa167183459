"""Configurations of published language models: their specs are those that people wrote, and nothing is left out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.cli import main
from netspec.importing.config import families, read, spec_of
from netspec.importing.sources import Wanted
from netspec.spec import Net

LLM = Path(__file__).parents[2] / "specs" / "llm"
ROPE = {"rope_type": "default", "rope_theta": 1e6}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
YARN = {"rope_type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "rope_theta": 10000.0}
# published values, as they stand in the files of their makers
MODELS: dict[str, dict[str, Any]] = {
    "llama3.2_1b": {
        "model_type": "llama", "vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 8192,
        "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
        "rope_theta": 5e5, "rope_scaling": {**LLAMA3, "original_max_position_embeddings": 8192},
        "auto_map": {"AutoModel": "modeling_evil.Evil"},
    },
    "gemma2_9b": {
        "model_type": "gemma2", "vocab_size": 256000, "hidden_size": 3584, "intermediate_size": 14336,
        "num_hidden_layers": 42, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256,
        "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
        "sliding_window": 4096, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "hidden_activation": None,
    },
    "qwen3_30b_a3b": {
        "model_type": "qwen3_moe", "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144,
        "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
        "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": True,
        "decoder_sparse_step": 1, "mlp_only_layers": [], "max_position_embeddings": 40960, "rope_parameters": ROPE,
    },
    "deepseek_v3": {
        "model_type": "deepseek_v3", "vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432,
        "moe_intermediate_size": 2048, "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128,
        "n_shared_experts": 1, "n_routed_experts": 256, "num_experts_per_tok": 8, "routed_scaling_factor": 2.5,
        "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "v_head_dim": 128, "qk_nope_head_dim": 128,
        "n_group": 8, "topk_group": 4, "first_k_dense_replace": 3, "norm_topk_prob": True, "topk_method": "noaux_tc",
        "scoring_func": "sigmoid", "max_position_embeddings": 163840, "moe_layer_freq": 1,
        "rope_parameters": {**YARN, "mscale": 1.0, "mscale_all_dim": 1.0},
    },
}  # fmt: skip


def steps(net: Net) -> Counter[Any]:
    """What a net computes: each operation with its options and the type that comes out, and how often."""
    found: Counter[Any] = Counter()
    for node in net.graph.nodes:
        options = {name: getattr(node.op, name) for name in node.op.options if name not in ("init", "frozen")}
        shown = {name: round(value, 9) if isinstance(value, float) else value for name, value in options.items()}
        found[node.op.name, str(sorted(shown.items(), key=str)), str(node.type)] += 1
    return found


# one of each kind; the others with the long proofs
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.soak] * (number % 3 > 0)) for number, name in enumerate(MODELS)]
)
def test_a_configuration_gives_the_net_that_people_wrote(name: str) -> None:
    net, written = netspec.parse(spec_of(MODELS[name])).net(), netspec.load(LLM / f"{name}.net").net()
    assert (net.weights, net.active) == (written.weights, written.active)
    ours, theirs = steps(net), steps(written)
    for kind in ("identity", "port", "input"):  # how a spec is divided into blocks
        ours, theirs = (Counter({key: many for key, many in each.items() if key[0] != kind}) for each in (ours, theirs))
    assert ours == theirs


def test_there_are_forty_families() -> None:
    assert len(families()) >= 40


@pytest.mark.parametrize(("lang", "noun"), [("en", " families:"), ("ko", "개 계열을")])
def test_the_page_names_every_family(lang: str, noun: str) -> None:
    page = (LLM.parents[1] / "docs" / lang / "howto" / "bring-in.md").read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in sorted(families())) in page
    assert f" {len(families())}{noun}" in page


SMALL = {"model_type": "llama", "vocab_size": 9, "hidden_size": 8, "intermediate_size": 4, "num_hidden_layers": 2}
SMALL |= {"num_attention_heads": 2}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model_type": "evil"}, "NS270"),
        ({"model_type": None}, "NS270"),
        ({"model_type": ["llama"]}, "NS270"),
        ({"secret_gate": True}, "NS271"),
        ({"hidden_act": "quick_gelu"}, "NS271"),
        ({"hidden_act": "os.system('true')"}, "NS271"),
        ({"hidden_size": "8; }"}, "NS271"),
        ({"hidden_size": True}, "NS271"),
        ({"hidden_size": 10**30}, "NS271"),
        ({"num_hidden_layers": 10**8}, "NS271"),
        ({"num_hidden_layers": -1}, "NS271"),
        ({"head_dim": 0.5}, "NS271"),
        ({"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}, "NS271"),
        ({"rope_scaling": {"rope_type": "linear", "factor": "2"}}, "NS271"),
        ({"rope_scaling": {"rope_type": "linear", "surprise": 2}}, "NS271"),
        ({"rope_scaling": [1]}, "NS271"),
        ({"rope_theta": "1e4 }"}, "NS271"),
        ({"rms_norm_eps": "0.1) }"}, "NS271"),
        ({"layer_types": ["conv", "conv"]}, "NS271"),
        ({"model_type": "mistral", "sliding_window": "4 }"}, "NS271"),
        ({"model_type": "mixtral", "num_local_experts": -2}, "NS271"),
        ({"model_type": "mixtral", "num_experts_per_tok": "2"}, "NS271"),
        ({"model_type": "gemma2", "query_pre_attn_scalar": "x"}, "NS271"),
        ({"model_type": "granite", "residual_multiplier": [2]}, "NS271"),
        ({"attention_dropout": "often"}, "NS271"),
    ],
)
def test_what_has_no_word_is_refused_by_its_name(change: dict[str, Any], code: str) -> None:
    with pytest.raises(netspec.UsageError) as error:
        spec_of({**SMALL, **change})
    assert error.value.diagnostic.code == code


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"model_type": NaN', "[" * 100_000, "\x00"])
def test_a_file_that_is_no_configuration_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(netspec.DataError) as error:
        read(str(tmp_path / "config.json"), Wanted())
    assert error.value.diagnostic.code == "NS272"


def test_the_command_writes_a_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SMALL))
    assert main(["import", str(tmp_path / "config.json"), "-o", str(tmp_path / "x.net")]) == 0
    assert main(["check", str(tmp_path / "x.net")]) == 0
    assert main(["import", str(tmp_path / "none.json")]) == 3
    assert "NS800" in capsys.readouterr().err
