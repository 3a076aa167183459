"""`config.json` of a published language model -> its spec. Nothing of it is executed, and no torch is needed.

A family is a row of traits: the words of the language, and the keys that choose between them. A key that no trait reads
and that may change the net is refused, so that nothing is left out.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from netspec import files
from netspec.diagnostics.errors import DataError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, Quoted, Words
from netspec.importing.sources import Imported, Wanted

LARGEST = 4_000_000  # bytes of a configuration
MOST_LAYERS = 10_000

# keys that say how a model is stored, started, trained or sampled, and nothing of what it computes
BESIDE = re.compile(
    r"architectures|auto_map|model_type|(torch_)?dtype|transformers_version|_name_or_path|name_or_path|.*_token_id|.*_token_ids"
    r"|use_cache|initializer_range|.*initializer.*|init_std|pretraining_tp|output_.*|return_.*|router_aux_loss_coef|aux_loss_.*"
    r"|router_z_loss.*|router_jitter_noise|attn_implementation|_attn_implementation|_flash_attn.*|use_flash_attn|id2label|label2id"
    r"|problem_type|task_specific_params|summary_.*|gradient_checkpointing|tokenizer_class|cache_implementation|chunk_size_feed_forward"
    r"|is_encoder_decoder|is_decoder|add_cross_attention|cross_attention_hidden_size|quantization_config|ep_size|seq_aux|moe_layer_freq"
    r"|reorder_and_upcast_attn|n_ctx|scale_attn_by_inverse_layer_idx|slow_but_exact|_remove_final_layer_norm|enable_bias|use_mrope"
    r"|num_nextn_predict_layers|num_mtp_.*|mtp_.*|use_mtp|prefix|layerdrop|transformers\.js_config|unsloth.*|skip_special_tokens"
    r"|initial_context_length|swiglu_limit|max_window_layers|rope_interleaved|original_max_position_embeddings|gpt_j_.*"
)


class Key(NamedTuple):
    """A trait that a key of the configuration gives, or a value if the key is not there."""

    name: str
    default: Any = None


class Family(NamedTuple):
    """The traits of a family; Key where the configuration says. The defaults are those of Llama."""

    norm: str = "rmsnorm"
    eps: Any = Key("rms_norm_eps", 1e-6)
    place: str = "before"  # of the norms: before, after, both, or side by side behind one norm or two
    act: Any = Key("hidden_act", "silu")
    gated: bool = True
    bias: Any = Key("attention_bias", False)  # of queries, keys and values
    out_bias: Any = None  # as `bias` if None
    mlp_bias: Any = Key("mlp_bias", False)
    head_bias: bool = False
    tie: Any = Key("tie_word_embeddings", False)
    kv: Any = Key("num_key_value_heads")
    width: Any = Key("head_dim")
    inner: Any = Key("intermediate_size")
    positions: str = "rotary"  # rotary, alibi, learned, shifted (with two rows in front)
    theta: Any = Key("rope_theta", 10000.0)
    part: Any = Key("partial_rotary_factor", 1.0)
    pairs: str = "halves"
    qk_norm: Any = None
    window: Any = None
    options: tuple[str, ...] = ()  # of attention, as they are written
    scale: Any = None  # of the products
    cap: Any = None
    embedded: Any = None  # what embeddings are multiplied by
    embed_norm: bool = False
    residual: Any = None
    logits: Any = None  # what the output is multiplied by
    final_cap: Any = None
    experts: Any = None
    top: Any = Key("num_experts_per_tok", 2)
    expert_inner: Any = Key("intermediate_size")
    mixture: tuple[str, ...] = ()  # further options
    normalize: Any = True
    shared: Any = 0
    dense: Any = 0  # layers before the first mixture
    needs: tuple[tuple[str, Any], ...] = ()  # keys that must have this value: another one has no word here
    types: str = ""  # how layers differ: types, rope_free


@cache
def families() -> dict[str, Family]:
    """Return the traits of each family by its `model_type`."""
    rows = tomllib.loads(Path(__file__).with_name("families.toml").read_text(encoding="utf-8"))
    return {
        name: Family(**{key: _trait(key, value) for key, value in _row(rows, row).items()})
        for name, row in rows.items()
    }


def _row(rows: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return rows[row["like"]] if "like" in row else row


def _trait(name: str, value: Any) -> Any:
    if name == "needs":
        return tuple((key, None if other == "null" else other) for key, other in value.items())
    if value == "null":
        return None
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and value.startswith("@"):
        key, _, default = value[1:].partition(" = ")
        return Key(key, json.loads(default) if default else None)
    return value


ALIASES = {
    "hidden_size": ("n_embd", "d_model"),
    "num_hidden_layers": ("n_layer", "n_layers"),
    "num_attention_heads": ("n_head", "n_heads"),
    "max_position_embeddings": ("n_positions", "max_seq_len"),
    "partial_rotary_factor": ("rotary_pct",),
    "rope_theta": ("rotary_emb_base",),
    "num_experts_per_tok": ("num_experts_per_token", "experts_per_token"),
    "attention_dropout": ("attn_pdrop",),
    "residual_dropout": ("resid_pdrop", "hidden_dropout", "dropout", "resid_dropout"),
    "embedding_dropout": ("embd_pdrop",),
}
# every n-th layer has no window
PERIODS = {"gemma2": 2, "gemma3_text": 6, "cohere2": 4, "olmo3": 4, "exaone4": 4, "gpt_oss": 2}
DROPOUT = {"gpt2": 0.1, "opt": 0.1}
ACTS = {
    "silu": "silu", "swish": "silu", "gelu": "gelu", "gelu_new": "gelu(tanh)", "gelu_pytorch_tanh": "gelu(tanh)",
    "gelu_fast": "gelu(tanh)", "relu": "relu", "relu2": "relu -> square", "xielu": "XIELU",
}  # fmt: skip
XIELU = """block XIELU {
  input  x: m over n
  hidden p: learned(1)
  hidden q: learned(1)
  hidden up: p -> softplus
  hidden down: 0.5 + (q -> softplus)
  hidden r: x -> relu
  hidden low: x - r
  output y: 0.5*x + (up -> expand(maps))*r^2 + (down -> expand(maps))*((low -> exp) - 1 - low)
}
"""
OSS = """block Expert(m) {
  input  x: d
  hidden gate: x -> m perceptrons -> clamp(max = 7)
  hidden up: x -> m perceptrons -> clamp(min = -7, max = 7)
  output y: gate*(1.702*gate -> sigmoid)*(1 + up) -> d perceptrons
}
"""


# keys whose values are texts, lists or tables; those of all others are numbers or truth values
TEXTS = frozenset((
    "model_type", "hidden_act", "hidden_activation", "activation_function", "layer_types", "mlp_only_layers",
    "no_rope_layers", "rope_parameters", "rope_scaling", "topk_method", "scoring_func",
))  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


class Config:
    """A configuration, which knows the keys that were read."""

    def __init__(self, values: dict[str, Any], file: str) -> None:
        self.values, self.file = values, file
        self.known: set[str] = set()
        self.kind = self.get("model_type")

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key, or of another name of it; `default` if none is there."""
        for each in (name, *ALIASES.get(name, ())):
            self.known.add(each)
            value = self.values.get(each)
            if value is not None:
                if name not in TEXTS and not _is_number(value):
                    raise self.wrong(each, value)
                return value
        return default

    def is_null(self, name: str) -> bool:
        return self.values.get(name, "") is None

    def of(self, trait: Any) -> Any:
        return self.get(*trait) if isinstance(trait, Key) else trait

    def number(self, name: str, default: Any = None) -> int:
        """Return a whole number from 1 up."""
        value = self.get(name, default)
        if type(value) is not int or not 1 <= value < 10**9:
            raise self.wrong(name, value)
        return value

    def wrong(self, key: str, value: Any) -> UsageError:
        shown = json.dumps(value, ensure_ascii=False)
        shown = shown if len(shown) < 60 else shown[:57] + "…"
        words: Words = {"file": self.file, "key": key[:60], "value": shown}
        return UsageError(Diagnostic("NS271", None, words))

    def rest(self) -> None:
        """Raise UsageError (NS271) for a key that nothing has read and that may change the net."""
        for key, value in self.values.items():
            if key not in self.known and value is not None and not BESIDE.fullmatch(key):
                raise self.wrong(key, value)


def read(source: str, wanted: Wanted) -> Imported:
    """Make a spec of a configuration.

    Parameters:
        source: the path of a JSON file.
        wanted: nothing of it is needed.

    Raises:
        DataError: there is no such file (NS800), or it holds no configuration (NS272).
        UsageError: the family (NS270) or a key (NS271) says what netspec has no word for.
    """
    path = Path(source)
    try:
        values = json.loads(files.read(path, most=LARGEST))
        if not isinstance(values, dict):
            raise ValueError("no object")
    except FileNotFoundError:
        raise DataError(Diagnostic("NS800", None, {"file": path.name, "folder": str(path.parent)})) from None
    except (OSError, ValueError, RecursionError) as error:
        why: Any = reason(error) if isinstance(error, OSError) else (str(error) or type(error).__name__)[:100]
        raise DataError(Diagnostic("NS272", None, {"file": source, "reason": why})) from None
    return Imported(spec_of(values, path.name))


def spec_of(values: dict[str, Any], file: str = "config.json") -> str:
    """Return the spec of a configuration, in canonical format; raise UsageError NS270, NS271."""
    from netspec.spec import parse

    config = Config(values, file)
    family = families().get(config.kind) if isinstance(config.kind, str) else None
    if family is None:
        words: Words = {"family": str(config.kind)[:60], "known": Quoted(tuple(sorted(families())))}
        raise UsageError(Diagnostic("NS270", None, words))
    text = _Writer(config, family).text()
    config.rest()
    return parse(text, name=file).format()


def _n(value: float) -> str:
    """Return a number as a spec writes it."""
    return (
        str(int(value))
        if float(value).is_integer() and abs(value) < 1e7
        else f"{value:.12g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    )


class _Writer:
    def __init__(self, config: Config, family: Family) -> None:
        self.config, self.family = config, family
        get = config.number
        self.d, self.heads = get("hidden_size"), get("num_attention_heads")
        self.layers = get("num_hidden_layers")
        if self.layers > MOST_LAYERS:
            raise config.wrong("num_hidden_layers", self.layers)
        latent = config.get("kv_lora_rank")
        kv = config.of(family.kv)
        self.kv = self.heads if kv is None or latent else kv
        width = None if latent else config.of(family.width)
        self.width = width if width is not None else self.d // self.heads
        inner = config.of(family.inner)
        self.inner = 4 * self.d if inner is None else inner
        for name, value in (
            ("num_key_value_heads", self.kv),
            ("head_dim", self.width),
            ("intermediate_size", self.inner),
        ):
            if type(value) is not int or value < 1:
                raise config.wrong(name, value)
        self.params: dict[str, int] = {
            "V": get("vocab_size"),
            "T": get("max_position_embeddings", 2048),
            "d": self.d,
            "L": self.layers,
            "heads": self.heads,
        }
        self.eps = config.of(family.eps)
        self.act = config.of(family.act)
        if not isinstance(self.act, str) or (self.act not in ACTS and self.act != "oss"):
            raise config.wrong("hidden_act", self.act)
        for key, value in family.needs:
            if config.get(key, value) != value:
                raise config.wrong(key, config.get(key))
        drop = DROPOUT.get(config.kind, 0.0)
        self.drops = [
            config.get(name, drop if config.kind != "opt" or at == 1 else 0.0)
            for at, name in enumerate(("attention_dropout", "residual_dropout", "embedding_dropout"))
        ]

    def text(self) -> str:
        family, config = self.family, self.config
        norm = family.norm
        mlp_bias = bool(config.of(family.mlp_bias))
        blocks: list[str] = []
        dense = self.step(mlp_bias, blocks)
        experts = config.of(family.experts)
        layers = [dense] * self.layers
        if experts is not None:
            begin = config.of(family.dense)
            if type(begin) is not int or begin < 0:
                raise config.wrong("first_k_dense_replace", begin)
            last = config.get("moe_layer_end_index", self.layers - 1)
            if last not in (-1, self.layers - 1):
                raise config.wrong("moe_layer_end_index", last)
            begin = min(begin, self.layers)
            layers = [dense] * begin + [self.mixture(experts, begin > 0)] * (self.layers - begin)
        kinds = self.attention()
        if any("(m)" in step for step in layers):
            self.params["m"] = self.inner if experts is None or layers[0] == dense else self.expert_inner
        common = [option for option in kinds[0] if all(option in each for each in kinds)]
        calls = []
        for each, step in zip(kinds, layers, strict=True):
            own = [option for option in each if option not in common]
            calls.append(f"Layer(attention({', '.join(['heads', *own])})) {{ {step} }}")
        chain = " -> ".join(_folded(calls, len(calls)))
        default = ["default perceptrons (bias = false)"] if not mlp_bias else []
        plain = norm.split("(")[0]
        usual = {"rmsnorm": 1e-6, "layernorm": 1e-5}[plain]
        if self.eps != usual:
            default.append(f"default {plain} (eps = {_n(self.eps)})")
        lines = [*self.ends(chain, norm)]
        needed = " ".join([*lines, *blocks, *common])
        params = ", ".join(
            f"{name} = {value}" for name, value in self.params.items() if re.search(rf"\b{name}\b", needed)
        )
        name = re.sub(r"\W", "_", self.config.kind)
        attend = f"  default attention ({', '.join(common)})\n"
        return "\n".join([
            f"netspec 1\n\n# {self.config.kind}, of {_safe(self.config.file)}", *default, "", *blocks, self.layer(norm),
            f"net {name}({params}) {{\n{attend}" + "\n".join(f"  {line}" for line in lines) + "\n}\n",
        ])  # fmt: skip

    def layer(self, norm: str) -> str:
        """Return the block of a layer: where its norms stand, and what is added to what."""
        drop = f" -> dropout({_n(self.drops[1])})" if self.drops[1] else ""
        before = f" -> {norm}" if self.family.place in ("before", "both", "two") else ""
        after = f" -> {norm}" if self.family.place in ("after", "both") else ""
        share = self.config.of(self.family.residual)
        times = f"{_n(share)}*" if share not in (None, 1, 1.0) else ""
        rows = ["block Layer(attend, step) {", "  input  x: d over n"]
        if self.family.place == "one":
            rows += [
                f"  hidden h: x -> {norm}",
                f"  hidden a: h -> attend{drop}",
                f"  output y: x + a + (h -> step{drop})",
            ]
        elif self.family.place == "two":
            rows += [
                f"  hidden a: x{before} -> attend{drop}",
                f"  hidden b: x{before} -> step{drop}",
                "  output y: x + a + b",
            ]
        else:
            rows += [
                f"  hidden a: x + {times}(x{before} -> attend{after}{drop})",
                f"  output y: a + {times}(a{before} -> step{after}{drop})",
            ]
        return "\n".join([*rows, "}\n"])

    def step(self, bias: bool, blocks: list[str]) -> str:
        """Return the call of a layer's perceptrons, and add the block that it needs."""
        if self.act == "oss":
            blocks.append(OSS)
            return "Expert(m)"
        if self.family.gated and self.act in ("silu", "swish") and not bias:
            return "SwiGLU(m)"
        act = ACTS[self.act]
        if act == "XIELU":
            blocks.append(XIELU)
        if self.family.gated:
            rows = [
                f"  hidden gate: x -> m perceptrons -> {act}",
                "  output y: gate*(x -> m perceptrons) -> d perceptrons",
            ]
        else:
            rows = [f"  output y: x -> m perceptrons -> {act} -> d perceptrons"]
        blocks.append("\n".join(["block Perceptrons(m) {", "  input  x: d over n", *rows, "}\n"]))
        return "Perceptrons(m)"

    def mixture(self, experts: int, mixed: bool) -> str:
        """Return the call of a mixture; beside dense layers its experts have a width of their own, M."""
        family, config = self.family, self.config
        self.expert_inner = config.of(family.expert_inner)
        self.params |= {"E": experts, "top": config.of(family.top)}
        for value in (experts, self.params["top"], self.expert_inner):
            if type(value) is not int or not 1 <= value < 10**9:
                raise config.wrong("num_experts", value)
        inner = "m"
        if mixed:
            self.params["M"], inner = self.expert_inner, "M"
        shared = config.of(family.shared)
        options = ["E", "top = top"] + ([f"shared = {shared}"] if shared else [])
        groups = config.get("n_group", 1)
        if groups != 1:
            if config.kind == "deepseek_v2":
                raise config.wrong("n_group", groups)
            options += [f"groups = {groups}", f"top_groups = {config.get('topk_group', 1)}"]
        config.get("topk_group")
        method, score = config.get("topk_method"), config.get("scoring_func")
        sigmoid = "score = sigmoid" in family.mixture
        if method not in (None, "noaux_tc" if sigmoid else "greedy") and not (
            method == "group_limited_greedy" and groups == 1
        ):
            raise config.wrong("topk_method", method)
        if score not in (None, "sigmoid" if sigmoid else "softmax"):
            raise config.wrong("scoring_func", score)
        if not config.of(family.normalize):
            options.append("normalize = false")
        share = config.get("routed_scaling_factor", 1.0)
        if share != 1.0:
            options.append(f"scale = {_n(share)}")
        step = "Expert" if self.act == "oss" else "SwiGLU"
        if self.act not in ("silu", "swish", "oss"):
            raise config.wrong("hidden_act", self.act)
        return f"mixture({', '.join([*options, *family.mixture])}) {{ {step}({inner}) }}"

    # ---- attention

    def attention(self) -> list[list[str]]:
        """Return the options of attention of each layer, as they are written."""
        family, config = self.family, self.config
        bias = bool(config.of(family.bias))
        out = bias if family.out_bias is None else bool(config.of(family.out_bias))
        options = ["causal = true", f"bias = {'true' if bias else 'false'}"]
        options += [f"out_bias = {'true' if out else 'false'}"] if out != bias else []
        if config.get("kv_lora_rank"):
            options += self.latent()
        else:
            if self.kv != self.heads:
                self.params["kv"] = self.kv
                options.append("kv_heads = kv")
            if self.width * self.heads != self.d:
                self.params["width"] = self.width
                options.append("width = width")
            scale = config.of(family.scale)
            if isinstance(family.scale, Key) and family.scale.name == "query_pre_attn_scalar":
                options += [f"scale = 1/sqrt({_n(scale)})"] if scale != self.width else []
            elif scale is not None:
                options.append(f"scale = {_n(scale)}")
        norm = config.of(family.qk_norm)
        if norm:
            options.append(f"qk_norm = {norm if isinstance(norm, str) else 'head'}")
            options += [f"eps = {_n(self.eps)}"] if self.eps != 1e-6 else []
        cap = config.of(family.cap)
        options += [f"cap = {_n(cap)}"] if cap is not None else []
        options += [f"dropout = {_n(self.drops[0])}"] if self.drops[0] else []
        options += family.options
        if family.positions == "alibi":
            return [[*options, "alibi = true"]] * self.layers
        if family.positions != "rotary":
            return [options] * self.layers
        absent = isinstance(family.window, Key) and config.is_null(family.window.name)  # where null is not the default
        window = None if absent else config.of(family.window)
        made: dict[tuple[bool, bool], list[str]] = {}
        for near, rotates in self.kinds(window):
            if (near, rotates) not in made:
                own = ["window = window"] if near else []
                made[near, rotates] = [*options, *own, *(self.rotary(near) if rotates else [])]
        if window is not None:
            if type(window) is not int or window < 1:
                raise config.wrong("sliding_window", window)
            self.params["window"] = window
        return [made[kind] for kind in self.kinds(window)]

    def kinds(self, window: Any) -> list[tuple[bool, bool]]:
        """Return for each layer whether it sees a window alone, and whether positions turn its heads."""
        family, config = self.family, self.config
        if family.types == "rope_free":
            step = config.get("no_rope_layer_interval", 4)
            turned = config.get("no_rope_layers", [int((at + 1) % step != 0) for at in range(self.layers)])
            config.get("layer_types")
            return [(False, bool(each)) for each in self.listed("no_rope_layers", turned, (0, 1))]
        if not family.types:
            named = config.get("layer_types", ["full_attention"] * self.layers)
            config.get("sliding_window_pattern")
            if window is None:
                self.listed("layer_types", named, ("full_attention",))
            return [(window is not None, True)] * self.layers
        period = config.get("sliding_window_pattern", PERIODS[config.kind])
        usual = (
            [
                "full_attention" if window is None or (at + 1) % period == 0 else "sliding_attention"
                for at in range(self.layers)
            ]
            if type(period) is int and period > 0
            else None
        )
        named = self.listed("layer_types", config.get("layer_types", usual), ("full_attention", "sliding_attention"))
        near = [each == "sliding_attention" and window is not None for each in named]
        turns = family.types == "types" or (config.kind == "exaone4" and window is None)
        return [(each, each or turns) for each in near]

    def listed(self, key: str, values: Any, legal: tuple[Any, ...]) -> list[Any]:
        if not isinstance(values, list) or len(values) != self.layers or any(each not in legal for each in values):
            raise self.config.wrong(key, values)
        return values

    def rotary(self, near: bool) -> list[str]:
        """Return the options of rotary positions, of the layers with a window or of the others."""
        config = self.config
        every = config.get("rope_parameters") or {}
        legacy = config.get("rope_scaling") or {}
        local = config.get("rope_local_base_freq", 10000.0 if config.kind == "gemma3_text" else None)
        theta, part = config.of(self.family.theta), config.of(self.family.part)
        if not isinstance(every, dict) or not isinstance(legacy, dict):
            raise config.wrong("rope_parameters", every)
        name = "sliding_attention" if near else "full_attention"
        own = every[name] if isinstance(every.get(name), dict) else every
        if not own:
            alone = near and config.kind in ("gemma3_text", "olmo3")
            own = {} if alone else legacy
            theta = local if near and local is not None else theta
        if isinstance(every.get("full_attention"), dict) and not set(every) <= {"full_attention", "sliding_attention"}:
            raise config.wrong("rope_parameters", every)
        unknown = set(own) - ROPE
        if unknown:
            raise config.wrong("rope_parameters", {key: own[key] for key in sorted(unknown)})
        theta, part = own.get("rope_theta", theta), own.get("partial_rotary_factor", part)
        kind = own.get("rope_type", own.get("type", "default"))
        numbers = {key: value for key, value in own.items() if key not in ("rope_type", "type", "truncate")}
        if not all(map(_is_number, (theta, part, *(each for each in numbers.values() if each is not None)))):
            raise config.wrong("rope_parameters", own)
        part = part / self.width if part > 1 else part
        if kind == "dynamic" and own.get("alpha"):
            options = [f"rotary = {_n(theta)}*{_n(own['alpha'])}^({self.width}/{self.width - 2})"]
        else:
            options = [f"rotary = {_n(theta)}"]
        options += [f"part = {_n(part)}"] if part != 1 else []
        options += [f"pairs = {self.family.pairs}"] if self.family.pairs != "halves" else []
        factor, trained = own.get("factor") or 1.0, own.get("original_max_position_embeddings")
        if factor <= 0:
            raise config.wrong("rope_parameters", own)
        if kind == "linear" and factor != 1:
            options.append(f"stretch = {_n(factor)}")
        elif kind in ("llama3", "yarn"):
            options += [f"stretch = {_n(factor)}", f"stretching = {kind}", "trained = trained"]
            self.params["trained"] = trained if trained is not None else self.params["T"]
            high, low = ("high_freq_factor", "low_freq_factor") if kind == "llama3" else ("beta_fast", "beta_slow")
            fast, slow = own.get(high, 4.0 if kind == "llama3" else 32.0), own.get(low, 1.0)
            options += [f"fast = {_n(fast)}"] if fast != (4.0 if kind == "llama3" else 32.0) else []
            options += [f"slow = {_n(slow)}"] if slow != 1 else []
            options += ["rounded = false"] if own.get("truncate") is False else []
            options += self.magnitude(own, factor) if kind == "yarn" else []
        elif kind not in ("default", "linear", "dynamic") or (kind == "dynamic" and not own.get("alpha")):
            raise config.wrong("rope_type", kind)
        return options

    def magnitude(self, own: dict[str, Any], factor: float) -> list[str]:
        """Return how much larger stretched products are; the usual factor is not written."""
        usual = 0.1 * math.log(factor) + 1 if factor > 1 else 1.0
        given = own.get("attention_factor")
        both = [own.get(name) for name in ("mscale", "mscale_all_dim")]
        if given is None and all(both):
            over, under = (0.1 * float(each or 0) * math.log(factor) + 1 for each in both)
            given = over / under
        if given is None or abs(given - usual) < 1e-9:
            return []
        return [f"magnitude = {_n(given)}"]

    def latent(self) -> list[str]:
        """Return the options of latent attention."""
        config = self.config
        beside, width, value = (config.number(name) for name in ("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"))
        config.get("qk_head_dim"), config.get("num_key_value_heads"), config.get("head_dim")
        self.params |= {"width": width, "rank": config.number("kv_lora_rank"), "beside": beside}
        self.width = beside
        options = ["width = width", "latent = rank", "rotary_width = beside"]
        if value != width:
            self.params["values"] = value
            options.append("value_width = values")
        if config.get("q_lora_rank"):
            self.params["ranks"] = config.number("q_lora_rank")
            options.append("query_latent = ranks")
        options += [f"eps = {_n(self.eps)}"] if self.eps != 1e-6 else []
        self.rotary(False)  # for its checks: what lies below reads numbers
        own = config.get("rope_parameters") or config.get("rope_scaling") or {}
        if (
            isinstance(own, dict)
            and own.get("mscale_all_dim")
            and own.get("factor", 1) > 1
            and own.get("rope_type", own.get("type")) == "yarn"
        ):
            share = 0.1 * own["mscale_all_dim"] * math.log(own["factor"]) + 1
            options.append(f"scale = {_n(share)}^2/sqrt(width + beside)")
        return options

    # ---- the ends of the net

    def ends(self, chain: str, norm: str) -> Iterator[str]:
        family, config = self.family, self.config
        tie = bool(config.of(family.tie))
        yield f"input  tokens: one of V over {'' if family.positions == 'shifted' else 'up to '}T"
        yield "hidden e: embed(d)"
        scale = config.of(family.embedded)
        first = "e" if scale in (None, 1, 1.0) else f"{scale if isinstance(scale, str) else _n(scale)}*e"
        if family.positions == "learned":
            yield "hidden places: tokens -> positions(d)"
            first = "e + places"
        if family.positions == "shifted":
            if config.get("word_embed_proj_dim", self.d) != self.d:
                raise config.wrong("word_embed_proj_dim", config.get("word_embed_proj_dim"))
            yield "hidden table: learned(d over T + 2)"
            yield "hidden rows: table -> transpose -> split(sizes = [2, T])"
            first = "e + (rows.2 -> transpose)"
        opening = " -> layernorm" if family.embed_norm else ""
        opening += f" -> dropout({_n(self.drops[2])})" if self.drops[2] else ""
        yield f"hidden h: {first}{opening} -> {chain} -> {norm}"
        options = [*(["tie = transpose(e)"] if tie else []), f"bias = {'true' if family.head_bias else 'false'}"]
        logits, cap = config.of(family.logits), config.of(family.final_cap)
        if logits in (None, 1, 1.0) and cap is None:
            yield f"output logits: V perceptrons ({', '.join(options)})"
            return
        yield f"hidden s: V perceptrons ({', '.join(options)})"
        if cap is not None:
            yield f"output logits: {_n(cap)}*(s/{_n(cap)} -> tanh)"
        elif isinstance(family.logits, Key) and family.logits.name == "logits_scaling":
            yield f"output logits: s/{_n(logits)}"
        else:
            yield f"output logits: {_n(logits)}*s"


ROPE = {
    "rope_type", "type", "rope_theta", "factor", "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow",
    "original_max_position_embeddings", "partial_rotary_factor", "attention_factor", "mscale", "mscale_all_dim",
    "truncate", "alpha",
}  # fmt: skip


def _safe(name: str) -> str:
    return re.sub(r"[^\w.\- ]", "_", name)[:60]


def _folded(calls: Sequence[str], whole: int) -> Iterator[str]:
    """Yield the steps of a chain in which equal layers, and equal groups of layers, are repeats."""
    runs = [(call, len(list(same))) for call, same in groupby(calls)]
    for period in range(2, min(16, len(calls) // 2) + 1):
        if len(runs) <= 3:
            break
        rounds = len(calls) // period
        if all(calls[at] == calls[at % period] for at in range(len(calls))):
            yield f"repeat {rounds} {{ {' -> '.join(_folded(calls[:period], whole))} }}"
            yield from _folded(calls[rounds * period :], whole)
            return
    for call, count in runs:
        yield call if count == 1 else f"repeat {'L' if count == whole else count} {{ {call} }}"
