"""What share of other people's models `netspec import` brings in whole: timm, transformers, segmentation models.

Run it with an environment that has timm, transformers and segmentation-models-pytorch beside netspec, which needs none
of them. `python -m benchmarks importing` takes all; NAMES in the environment takes some.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import re
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

RESULTS = Path(__file__).parent / "results" / "importing.md"

# of each of timm's 98 modules a small model; by name, for making all of them to count takes an hour
TIMM = [
    "beit_base_patch16_224", "halonet26t", "test_byobnet", "cait_xxs24_224", "coat_tiny", "convit_tiny",
    "convmixer_768_32", "test_convnext", "cpubone_nano", "crossvit_tiny_240", "csatv2", "cs3darknet_s",
    "cspnext_tiny", "davit_tiny", "deepseek_vit_412m", "deit_tiny_patch16_224", "densenet121", "dla46_c", "dpn48b",
    "edgenext_small", "efficientformer_l1", "efficientformerv2_s0", "test_efficientnet", "efficientvim_m1",
    "efficientvit_b0", "efficientvit_m0", "eva02_tiny_patch14_224", "fasternet_s", "fastvit_t8", "focalnet_tiny_srf",
    "gcvit_xxtiny", "gemma4_vit_167m", "ghostnet_050", "hardcorenas_a", "hgnet_tiny", "hiera_tiny_224",
    "sam2_hiera_tiny", "hrnet_w18_small", "iformer_s", "inception_next_atto", "inception_resnet_v2", "inception_v3",
    "inception_v4", "lcnetv2_small", "levit_128s", "lowformer_b0", "test_mambaout", "test_maxvit", "caformer_s18",
    "mixer_s32_224", "mobilenetv3_small_050", "mobilenetv5_300m", "mobilevitv2_050", "mvitv2_tiny",
    "naflexvit_base_patch16_gap", "nasnetalarge", "nest_tiny", "nextvit_small", "test_nfnet", "pit_xs_224",
    "pnasnet5large", "pvt_v2_b0", "qwen3_vit_88m", "rdnet_tiny", "regnetx_002", "repghostnet_050", "repvit_m0_9",
    "res2net50_14w_8s", "resnest14d", "test_resnet", "resnetv2_18", "rexnet_100", "selecsls42", "legacy_seresnet18",
    "sequencer2d_s", "shvit_s1", "skresnet18", "starnet_s050", "swiftformer_xs", "swin_s3_tiny_224",
    "swinv2_tiny_window8_256", "swinv2_cr_tiny_224", "tiny_vit_5m_224", "tnt_s_patch16_224", "tresnet_m",
    "twins_svt_small", "vgg11", "visformer_tiny", "test_vit", "vit_small_r26_s32_224", "test_vit_relpos",
    "samvit_base_patch16", "vitamin_small_224", "volo_d1_224", "ese_vovnet19b_slim", "legacy_xception", "xception41",
    "xcit_tiny_12_p16_224",
]  # fmt: skip
# families of transformers, shrunk: 2 layers of width 64
FAMILIES = """
albert apertus bert bert-generation bigbird_pegasus biogpt bloom camembert codegen cohere convbert data2vec-text
deberta deberta-v2 deepseek_v3 distilbert electra ernie ernie4_5 esm exaone4 falcon flaubert fnet fsmt funnel gemma
gemma2 gemma3_text glm glm4 gpt2 gpt_bigcode gpt_neo gpt_neox gpt_oss gptj granite helium ibert layoutlm lfm2 llama
mamba mamba2 megatron-bert mistral mixtral mobilebert mpnet mpt nezha olmo olmo2 opt persimmon phi phi3 qwen2 qwen3
rembert roberta rwkv smollm3 stablelm starcoder2 t5 xglm xlm-roberta vit
""".split()
# the architectures of segmentation-models-pytorch, with an encoder that needs no torchvision
SMP = ("Unet UnetPlusPlus MAnet Linknet FPN PSPNet DeepLabV3 DeepLabV3Plus PAN UPerNet Segformer DPT").split()
SMALL = {
    "hidden_size": 64, "d_model": 64, "n_embd": 64, "embed_dim": 64, "dim": 64, "emb_dim": 64,
    "word_embed_proj_dim": 64, "num_hidden_layers": 2, "n_layer": 2, "num_layers": 2, "n_layers": 2,
    "encoder_layers": 2, "decoder_layers": 2, "num_attention_heads": 4, "n_head": 4, "num_heads": 4, "n_heads": 4,
    "encoder_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "d_kv": 16, "intermediate_size": 96,
    "n_inner": 96, "ffn_dim": 96, "d_ff": 96, "hidden_dim": 96, "vocab_size": 97, "embedding_size": 64,
    "max_position_embeddings": 16, "n_positions": 16, "n_ctx": 16, "num_experts": 4, "num_local_experts": 4,
    "num_experts_per_tok": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "type_vocab_size": 2,
    "max_seq_len": 16, "block_size": 4, "image_size": 32, "patch_size": 8, "rotary_dim": 8,
}  # fmt: skip


class _Nothing(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _Module(types.ModuleType):
    __path__: ClassVar[list[str]] = []
    __version__ = "0.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing(name, (), {"__init__": lambda self, *args, **kwargs: None})


class Stub(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers `import torchvision`, whose build for another torch would not load; models need nothing of it."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != "torchvision":
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def models() -> Iterator[tuple[str, str, Callable[[], tuple[Any, str]]]]:
    """Yield the collection, the name, and what makes the module and the type of its input."""
    for name in TIMM:
        yield "timm", name, lambda name=name: _timm(name)  # type: ignore[misc]
    for name in FAMILIES:
        yield "transformers", name, lambda name=name: _family(name)  # type: ignore[misc]
    for name in SMP:
        yield "smp", name, lambda name=name: _smp(name)  # type: ignore[misc]


def _timm(name: str) -> tuple[Any, str]:
    import timm

    size = timm.get_pretrained_cfg(name).input_size
    return timm.create_model(name), f"x: {size[0]}@{size[1]}x{size[2]}"


def _family(name: str) -> tuple[Any, str]:
    import torch
    from transformers import AutoConfig, AutoModel

    usual = AutoConfig.for_model(name)
    known = vars(usual).keys() | set(usual.attribute_map)
    given: dict[str, Any] = {option: value for option, value in SMALL.items() if option in known}
    if getattr(usual, "layer_types", None):
        given["layer_types"] = [*usual.layer_types[:1], *usual.layer_types[-1:]]
    if "use_cache" in known:
        given["use_cache"] = False
    config = AutoConfig.for_model(name, **given)
    inner = AutoModel.from_config(config)

    class First(torch.nn.Module):
        """The first output alone: caches and poolers are no outputs of the net."""

        def __init__(self) -> None:
            super().__init__()
            self.model = inner

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.model(tokens, return_dict=False)[0]  # type: ignore[no-any-return]

    picture = inner.main_input_name == "pixel_values"
    return First(), "tokens: 3@32x32" if picture else "tokens: one of 97 over 12"


def _smp(name: str) -> tuple[Any, str]:
    import segmentation_models_pytorch as smp

    size = {"DPT": 224, "PAN": 128}.get(name, 64)
    encoder = "mit_b0" if name == "Segformer" else "tu-vit_tiny_patch16_224" if name == "DPT" else "efficientnet-b0"
    return getattr(smp, name)(encoder, encoder_weights=None, classes=2), f"x: 3@{size}x{size}"


def one(make: Callable[[], tuple[Any, str]]) -> tuple[str, str]:
    """Return how an import ended, and what is to be said of it."""
    import torch

    from netspec.diagnostics.errors import NetspecError
    from netspec.importing.module import example_types, imported

    torch.manual_seed(0)
    try:
        module, example = make()
        for weight in module.parameters():  # norms and gains that are all ones would hide a mistake
            if weight.dim() <= 1:
                weight.data += 0.02 * torch.randn_like(weight)
    except Exception as error:
        return "not built", f"{type(error).__name__}: {error}".splitlines()[0][:100]
    try:
        found = imported(module, example_types([example]))
    except NetspecError as error:
        return error.diagnostic.code, re.sub(r"\s+", " ", error.diagnostic.message)[:160]
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}".splitlines()[0][:100]
    lines = sum(bool(line.strip()) for line in found.text.splitlines())
    if "SHOW" in os.environ:
        print(found.text)
    return "in", f"{lines} lines, difference {found.difference:.0e}, {found.left:,} weights left out"


def main(names: Sequence[str] = ()) -> bool:
    """Import every model of the lists, and write the table of what came in."""
    warnings.simplefilter("ignore")
    sys.meta_path.insert(0, Stub())
    names = names or os.environ.get("NAMES", "").split()
    rows: list[tuple[str, str, str, str]] = []
    for collection, name, make in models():
        if names and name not in names and collection not in names:
            continue
        begun = time.perf_counter()
        outcome, said = one(make)
        rows.append((collection, name, outcome, said))
        print(f"{collection:12} {name:34} {outcome:9} {said} ({time.perf_counter() - begun:.0f} s)", flush=True)
    parts = ["# What `netspec import` brings in\n"]
    for collection in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == collection]
        tried = [row for row in own if row[2] != "not built"]
        whole = sum(row[2] == "in" for row in tried)
        parts.append(
            f"\n{collection}: {whole} of {len(tried)} whole and equal ({len(own) - len(tried)} could not be built)\n"
        )
        parts.append("\n| model | outcome | |\n|---|---|---|")
        parts += [f"| {name} | {outcome} | {said} |" for _, name, outcome, said in own]
    if not names:
        RESULTS.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return True
