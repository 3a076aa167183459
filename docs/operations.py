"""Operation classes -> a page each: what it computes, its options and bounds, an example, its figure, its PyTorch.

Everything comes from the class. Korean texts are laid over it from ko/operations.toml; what they lack stays English.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import netspec
from docs.fences import DOCS
from docs.tables import WRITTEN, groups
from netspec.elaborate.options import option_names
from netspec.ir.marks import NOTE, TOOLTIP
from netspec.ir.operation import Elementwise, Op, Option
from netspec.ops.registry import operation

NOUNS = {"perceptrons": "Nouns", "filters": "Nouns"}

# Where an example reads more than one value, or the value of a special kind: the whole net.
NETS = {
    "attention": "  input  x: 48 over 16\n  output y: x + (x -> layernorm -> attention(12, causal = true))\n",
    "carried": "  input  x: 8 over 20\n  hidden z: x & z[t-1] -> 16 perceptrons -> tanh\n  start  z: carried\n"
    "  output y: z -> 4 perceptrons\n",
    "crop": "  input  image: 1@32x32\n  hidden skip: 8 filters 5x5 -> relu\n"
    "  hidden low: skip -> maxpool(2x2) -> 8 filters 5x5 -> relu -> upsample(2)\n"
    "  output y: (skip -> crop(20x20)) & low\n",
    "droppath": "  input  x: 64@16x16\n  output y: x + (x -> 64 filters 3x3 (pad = 1) -> droppath(0.1))\n",
    "expand": "  input  x: 64@12x12\n  input  mask: 12x12\n  output y: x*(mask -> expand(maps = 64))\n",
    "gain": "  input  x: 48 over 16\n  output y: x + (x -> attention(4) -> gain(init = 1e-6))\n",
    "index": "  input  x: 8 over 20\n  hidden t: x -> index(time)\n  output y: x + (t/20 -> sin -> expand(maps))\n",
    "join": "  input  seq: 16 over 9\n  hidden token: learned(16)\n  output y: token, seq -> join(time)\n",
    "extern": '  input  x: 64\n  hidden a: x -> extern("torch:nn.PReLU", num_parameters = 64, weights = 64) is 64\n'
    "  output y: a -> 10 perceptrons\n",
    "gather": "  input  x: 8\n  input  action: one of 4\n  hidden q: x -> 4 perceptrons\n"
    "  output value: q, action -> gather\n",
    "learned": "  input  seq: 16 over 9\n  hidden token: learned(16)\n  output y: token, seq -> join(time)\n",
    "matmul": "  input  scores: 12 over 10\n  input  v: 8 over 12\n  output y: scores, v -> matmul\n",
    **{
        word: f"  input  x: 8\n  hidden a: 4 perceptrons\n  hidden b: x -> 4 perceptrons\n  output y: a, b -> {word}\n"
        for word in ("maximum", "minimum")
    },
    "noise": "  input  x: 16\n  hidden n: noise(64)\n  output y: x & n -> 16 perceptrons\n",
    "positions": "  input  tokens: one of 1000 over 20\n  hidden e: tokens -> embed(16)\n"
    "  hidden p: tokens -> positions(16)\n  output y: e + p\n",
    "relative": "  input  x: 24@14x14\n  hidden near: relative(3@7x7)\n"
    "  output y: x -> attention(3, window = 7, scores = near)\n",
    "reshape": "  input  z: 64\n  hidden a: 128*7*7 perceptrons -> relu -> reshape(128@7x7)\n"
    "  output y: 1 filter 3x3 (pad = 1)\n",
    "sample": "  input  x: 16\n  hidden mu: x -> 4 perceptrons\n  hidden logvar: x -> 4 perceptrons\n"
    "  output z: mu, logvar -> sample\n",
    "scan": "  input  x: 32 over 20\n  hidden q: x -> 16 perceptrons -> reshape(4@4)\n"
    "  hidden k: x -> 16 perceptrons -> reshape(4@4)\n  hidden v: x -> reshape(4@8)\n"
    "  hidden a: x -> 4 perceptrons -> softplus\n  output y: q, k, v -> scan(decay = a)\n",
    "split": "  input  x: 16\n  hidden a: 2*8 perceptrons -> split(2)\n  output y: a.1*(a.2 -> sigmoid)\n",
    "stop": "  input  x: 8\n  input  target: 8\n  output y: x - (target -> stop)\n",
    "unflatten": "  input  x: 16 over 196\n  output y: Encoder(4, 64) -> unflatten(14x14)\n",
    "zeros": "  input  x: 8 over 20\n  hidden z: x & z[t-1] -> 16 perceptrons -> tanh\n  start  z: zeros\n"
    "  output y: z -> 4 perceptrons\n",
    "same": "  input  left: 8\n  input  right: 8\n  hidden a: left -> 4 perceptrons -> tanh\n"
    "  hidden b: right -> same(a)\n  output y: a - b\n",
    "reversed": "  input  x: 8 over 20\n  output y: (x -> LSTM(4)) & (x -> reversed(LSTM(4)))\n",
}  # fmt: skip
_INPUTS = ("x: 16@12x12", "x: 64", "x: 64 over 16", "c: one of 1000 over 20", "x: 16@112x112")
_SIZES = {"K": 10, "H": 32, "d": 64, "heads": 8}


@lru_cache(maxsize=1)
def korean() -> dict[str, Any]:
    return tomllib.loads((DOCS / "ko" / "operations.toml").read_text(encoding="utf-8"))


def names() -> list[str]:
    """The nouns, then every step in the order of the language page's table."""
    return [*NOUNS, *(name for group in groups().values() for name in group)]


def sample(name: str) -> str:
    """A whole spec that uses an operation: a written one, else the class's example after the first input it takes."""
    head = f"netspec 1\n\nnet use_of_{name}"
    if name in NETS:
        return f"{head} {{\n{NETS[name]}}}\n"
    chain = operation(name).example.partition(": ")[2] if "hidden" in operation(name).example else ""
    chain = chain or operation(name).example
    chain = re.sub(r"^\w+ -> (?=\w)", "", chain) if re.match(r"^[a-z]\w* -> ", chain) and "->" in chain else chain
    if name not in WRITTEN and _curved(operation(name)) and chain.startswith(name):
        chain = f"8 perceptrons -> {chain}"  # a function of single values stands after weighted sums
    used = [key for key in _SIZES if re.search(rf"\b{key}\b", chain)]
    sizes = f"({', '.join(f'{key} = {_SIZES[key]}' for key in used)})" if used else ""
    for given in _INPUTS:
        for source in (chain, operation(name).example):
            text = f"{head}{sizes} {{\n  input  {given}\n  output y: {source}\n}}\n"
            try:
                netspec.parse(text)
            except netspec.SpecError:
                continue
            return text
    raise LookupError(
        f"no input fits the example of {name}: {operation(name).example!r}; add a net to docs/operations.py"
    )


def page(name: str, language: str) -> str:
    """The page of one operation as Markdown."""
    parts = [f"# {name}", _lead(name, language), _call(name)]
    if name not in WRITTEN:
        parts += [_facts(operation(name), language), _options(operation(name), language)]
    spec = netspec.parse(sample(name)).format()
    net = netspec.parse(spec).net()
    weights = f"{net.weights:,}"
    layers = ", ".join(f"`{layer.label}` {_types(net, layer)}" for layer in net.layers)
    said = f"Types: {layers}. Weights: {weights}." if language == "en" else f"타입: {layers}. 가중치 {weights}개."
    titles = ("Example", "In PyTorch") if language == "en" else ("예", "PyTorch로는")
    view = " picture=curve" if name not in WRITTEN and _curved(operation(name)) else ""
    parts += [f"## {titles[0]}", f"```net figure{view}\n{spec}```", said]
    parts += [f"## {titles[1]}", f"```python shown\n{_source(net)}```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _source(net: Any) -> str:
    """The module's source without its own docstring."""
    text: str = net.source()
    first = next(item for item in ast.parse(text).body if isinstance(item, (ast.Import, ast.ImportFrom)))
    return "".join(text.splitlines(keepends=True)[first.lineno - 1 :])


def _types(net: Any, layer: Any) -> str:
    return " and ".join(f"`{net.graph.nodes[edge.node].types[edge.output]}`" for edge in layer.values)


def _curved(cls: type[Op]) -> bool:
    """Whether its picture is the curve of a function of one value."""
    return issubclass(cls, Elementwise) and re.search(r"\bs\b", cls.formula) is not None


def _lead(name: str, language: str) -> str:
    own = korean().get(name, {}) if language == "ko" else {}
    if "about" in own:
        return str(own["about"])
    if name in WRITTEN:
        return f"{WRITTEN[name][1][0].upper()}{WRITTEN[name][1][1:]}."
    cls = operation(name)
    text = re.sub(r"\s+", " ", (cls.__doc__ or cls.summary).partition("Shape:")[0].strip())
    text = re.sub(r"(?<![`\w])(\w+ = [+\-\w^()/* ]*sum_[^,:;]*)", r"`\1`", text)
    return f"{text[0].upper()}{text[1:]}".replace("*", r"\*").replace("_", r"\_") if "`" not in text else text


def _call(name: str) -> str:
    """How it is called, with every option: positional ones in brackets where they may be left out."""
    if name in WRITTEN:
        return f"```text\n{WRITTEN[name][0]}\n```"
    cls = operation(name)
    words = [key.rstrip("_") if cls.options[key].required else f"[{key.rstrip('_')}]" for key in cls.positional]
    for key, option in _shown_options(cls).items():
        if key not in cls.positional:
            words.append(f"{option.shown}" if option.default is None else f"{option.shown} = {_word(option.default)}")
    head = {"perceptrons": "N perceptrons", "filters": "N filters KxK"}.get(name, name)
    if name in NOUNS:
        words = [word for word in words if word not in ("units", "count", "kernel", "[kernel]")]
        return f"```text\n{head} ({', '.join(words)})\n```"
    return f"```text\n{head}({', '.join(words)})\n```" if words else f"```text\n{head}\n```"


def _shown_options(cls: type[Op]) -> dict[str, Option]:
    keys = [name if name in cls.options else f"{name}_" for name in option_names(cls)]
    ordered = [*cls.positional, *(key for key in keys if key not in cls.positional)]
    ordered.sort(key=lambda key: key in ("init", "frozen"))  # what nearly all have comes last
    return {key: cls.options[key] for key in ordered if key in cls.options}


def _facts(cls: type[Op], language: str) -> str:
    words = {
        "en": ("Computes", "From", "Adds to the depth", "Tensors"),
        "ko": ("계산식", "출처", "깊이에 더하는 수", "텐서"),
    }[language]
    lines = []
    if cls.formula:
        lines.append(f"- {words[0]}: `{cls.formula}`")
    if cls.source:
        lines.append(f"- {words[1]}: {cls.source}")
    if cls.depth:
        lines.append(f"- {words[2]}: {cls.depth}")
    shape = next((base.__doc__ for base in cls.__mro__ if "Shape:" in (base.__doc__ or "")), "") or ""
    if shape:
        said = re.sub(r"\s+", " ", shape.partition("Shape:")[2]).strip().rstrip(".")
        lines.append(f"- {words[3]}: {said.replace('*', chr(92) + '*')}{' (영어)' if language == 'ko' else ''}")
    return "\n".join(lines)


def _options(cls: type[Op], language: str) -> str:
    options = _shown_options(cls)
    if not options:
        return ""
    heads = {
        "en": "| option | takes | left out | meaning | in a figure |",
        "ko": "| 옵션 | 값 | 쓰지 않으면 | 뜻 | 그림에서 |",
    }
    rows = [heads[language], "|---|---|---|---|---|"]
    table = korean()
    for option in options.values():
        about = option.about
        if language == "ko":
            about = table.get(cls.name, {}).get(option.shown) or table["options"].get(option.about, f"{about} (영어)")
        takes, left_out, mark = _takes(option, language), _left_out(option, language), _mark(option, language)
        rows.append(f"| `{option.shown}` | {takes} | {left_out} | {about} | {mark} |")
    return "\n".join(rows)


def _mark(option: Option, language: str) -> str:
    """How a figure says the option; what is English in a Korean page is marked."""
    mark = option.mark
    if mark is None or mark.titled:
        return "in the title" if language == "en" else "제목에"
    words = mark.ko if language == "ko" and mark.ko is not None else mark.en
    said = ", ".join(words.values()) if isinstance(words, Mapping) else words.replace("{}", "…")
    if language == "ko" and mark.ko is None:
        said += " (영어)"
    if mark.rank == TOOLTIP:
        said += " (tooltip)" if language == "en" else " (도움말)"
    elif mark.rank == NOTE:
        said += " (note)" if language == "en" else " (주석)"
    return said.replace("|", "\\|")


KINDS = {
    "size": ("a size", "크기"), "extent": ("a size for each axis", "축마다 크기"),
    "padding": ("a size for each axis", "축마다 크기"), "integer": ("a whole number", "정수"),
    "real": ("a number", "수"), "flag": ("true or false", "true 또는 false"), "word": ("a word", "낱말"),
    "role": ("a role", "축의 역할"), "init": ("initial values", "초깃값 규칙"), "layer": ("a layer", "층"),
    "tie": ("a layer, or transpose(layer)", "층 또는 transpose(층)"), "step": ("a step", "단계"),
    "list": ("a list", "목록"), "text": ("a text", "글"), "type": ("a type", "타입"),
}  # fmt: skip


def _takes(option: Option, language: str) -> str:
    korean_column = language == "ko"
    if option.choices and option.kind in ("word", "role"):
        return ", ".join(f"`{choice}`" for choice in option.choices)
    said = KINDS[option.kind][korean_column]
    if option.least is not None and option.most is not None:
        said += f", {_word(option.least)} … {_word(option.most)}"
    elif option.least is not None:
        said += f" ≥ {_word(option.least)}"
    if option.choices:
        said += f" {'또는' if korean_column else 'or'} " + ", ".join(f"`{choice}`" for choice in option.choices)
    return said


def _left_out(option: Option, language: str) -> str:
    if option.required:
        return "required" if language == "en" else "꼭 써야 함"
    return "" if option.default is None else f"`{_word(option.default)}`"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def index(language: str) -> str:
    """The page that lists them, in the groups of the language page."""
    title = "# Operations" if language == "en" else "# 연산"
    said = {
        "en": "Every noun and step of the language, each on a page written from its class.",
        "ko": "언어의 모든 명사와 단계. 각 페이지는 연산의 클래스에서 만들어집니다.",
    }[language]
    listed = {"Nouns": list(NOUNS), **groups()}
    lines = [title, "", said]
    for group, members in listed.items():
        shown = group if language == "en" else korean()["groups"].get(group, group)
        lines += ["", f"**{shown}**", ""]
        for name in members:
            lines.append(f"- [`{name}`]({name}.md): {_summary(name, language)}")
    toc = "\n".join(names())
    return "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{toc}\n```\n"


def _summary(name: str, language: str) -> str:
    if language == "ko" and "summary" in korean().get(name, {}):
        return str(korean()[name]["summary"])
    return WRITTEN[name][1] if name in WRITTEN else operation(name).summary
