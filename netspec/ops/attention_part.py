"""The emitted source of attention, for exactly the options in use.

It is a class if it has the four layers of perceptrons, and a function if it stores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from netspec.ir.operation import Part

ROTATE = Part(
    "rotate",
    '''def rotate(x: Tensor, base: float) -> Tensor:
    """Rotary positions of (B, heads, T, width): halves of a head are pairs (Su 2021)."""
    width = x.shape[-1]
    rates = base ** -(torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angles = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * rates
    cos, sin = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
    left, right = x.chunk(2, dim=-1)
    return (x * cos + torch.cat([-right, left], -1) * sin).to(x.dtype)''',
)


@dataclass(frozen=True, slots=True)
class Form:
    """The options of attention that are in use, and which axes are its sequences."""

    several: bool  # queries, keys and values are separate inputs
    project: bool
    grouped: bool
    causal: bool
    rotary: bool
    scores: bool
    masked: bool  # the examples have different lengths
    scale: bool
    dropping: bool
    space: int  # how many axes of space are the sequence of queries; 0 if time is
    key_space: int
    single: bool  # the query is a single time step, inside a recurrence
    wide: bool  # `width` is given, so heads do not divide the maps among them

    @property
    def name(self) -> str:
        words = {
            "Causal": self.causal, "Grouped": self.grouped, "Rotary": self.rotary, "Scaled": self.scale,
            "Scored": self.scores, "Masked": self.masked, "Cross": self.several,
            "Space": bool(self.space or self.key_space), "Single": self.single, "Wide": self.wide,
        }  # fmt: skip
        used = [word for word, present in words.items() if present]
        return "".join(used) + "Attention" if self.project else "_".join([*map(str.lower, used), "attention"])

    @property
    def remembers(self) -> bool:
        """Whether keys and values are computed once, before the recurrence that reads them."""
        return self.single and self.project

    @property
    def own(self) -> str:
        """The code before the name of an option: `self.` in a class; "" in a function, whose options are arguments."""
        return "self." if self.project else ""


def attention_part(form: Form) -> Part:
    """Return the class or function; its name says which options it supports."""
    about = f'"""{_about(form)} (Vaswani 2017)."""'
    if form.project:
        lines = [f"class {form.name}(nn.Module):", f"    {about}", ""]
        lines += _head("    ", "__init__", _stored(form), "None") + _lines("        ", _init(form)) + [""]
        if form.remembers:
            lines += _head("    ", "remember", ["self", "key: Tensor", "value: Tensor"], "tuple[Tensor, Tensor]")
            lines += _lines("        ", _remember(form)) + [""]
        lines += _head("    ", "forward", ["self", *_tensors(form)], "Tensor") + _lines("        ", _body(form, 92))
    else:
        lines = _head("", form.name, [*_tensors(form), *_options(form)], "Tensor")
        lines += _lines("    ", [about, *_body(form, 96)])
    return Part(form.name, "\n".join(lines), (ROTATE,) if form.rotary else ())


def _about(form: Form) -> str:
    what = "Attention from one sequence to another" if form.several else "Self-attention"
    return f"{what}, to earlier steps only" if form.causal else what


def _lines(indent: str, lines: list[str]) -> list[str]:
    return [indent + line for line in lines]


def _head(indent: str, name: str, takes: list[str], result: str) -> list[str]:
    line = f"{indent}def {name}({', '.join(takes)}) -> {result}:"
    if len(line) <= 100:
        return [line]
    inside = ", ".join(takes)
    rows = [inside] if len(indent) + 4 + len(inside) <= 100 else [f"{each}," for each in takes]
    return [f"{indent}def {name}(", *_lines(f"{indent}    ", rows), f"{indent}) -> {result}:"]


# ---- parameters


def _tensors(form: Form) -> list[str]:
    takes = ["query: Tensor", "key: Tensor", "value: Tensor"] if form.several else ["x: Tensor"]
    takes = ["query: Tensor", "memory: tuple[Tensor, Tensor]"] if form.remembers else takes
    takes += ["scores: Tensor"] if form.scores else []
    return takes + (["lengths: Tensor"] if form.masked else [])


def _options(form: Form) -> list[str]:
    """Return the options as keyword parameters of the function."""
    takes = ["*", "heads: int"]
    takes += ["kv_heads: int"] if form.grouped else []
    takes += ["dropout: float"] if form.dropping else []
    takes += ["scale: float"] if form.scale else []
    return takes + (["base: float"] if form.rotary else [])


def _stored(form: Form) -> list[str]:
    """Return the parameters of the class's constructor."""
    takes = ["self", *(("queries: int", "keys: int", "values: int") if form.several else ("maps: int",))]
    takes += ["heads: int", *(["width: int"] if form.wide else []), "bias: bool = True", "dropout: float = 0.0"]
    named = [f"{name}: {kind}" for name, kind, used in _extra(form) if used]
    return [*takes, "*", *named] if named else takes


def _extra(form: Form) -> tuple[tuple[str, str, bool], ...]:
    return ("kv_heads", "int", form.grouped), ("scale", "float", form.scale), ("base", "float", form.rotary)


def _init(form: Form) -> list[str]:
    kept = ["heads", *(["kv_heads"] if form.grouped else []), "dropout"]
    kept += [name for name, _, used in _extra(form)[1:] if used]
    query, key, value = ("queries", "keys", "values") if form.several else ("maps", "maps", "maps")
    inner = "heads * width" if form.wide else query
    kv = inner
    if form.wide:
        kv = f"{'kv_heads' if form.grouped else 'heads'} * width"
    elif form.grouped:
        kv = f"{query} // heads * kv_heads"
    return [
        "super().__init__()",
        f"{', '.join(f'self.{name}' for name in kept)} = {', '.join(kept)}",
        f"self.query = nn.Linear({query}, {inner}, bias=bias)",
        f"self.key = nn.Linear({key}, {kv}, bias=bias)",
        f"self.value = nn.Linear({value}, {kv}, bias=bias)",
        f"self.out = nn.Linear({inner}, {query}, bias=bias)",
    ]


# ---- the computation


def _body(form: Form, width: int) -> list[str]:
    if form.remembers:
        lines = ["query = query[:, None]", _headed(form, "query"), "k, v = memory"]
    else:
        lines = [*_sequences(form), *_heads(form)]
    if form.rotary:
        lines.append(f"q, k = rotate(q, {form.own}base), rotate(k, {form.own}base)")
    lines += _mask(form)
    lines += _product(form, width)
    result = "y.transpose(1, 2).flatten(-2)"
    result = f"self.out({result})" if form.project else result
    if form.single:
        result = f"{result}.squeeze(1)"
    if form.space:
        lines.append(f"y = {result}")
        result = "y"
        result = f"torch.unflatten({result}.transpose(1, 2), -1, space)"
    if form.project:
        return [*lines, f"out: Tensor = {result}", "return out"]
    return [*lines, f"return {result}"]


def _remember(form: Form) -> list[str]:
    """Return the statements that compute keys and values once, for all time steps."""
    lines = [f"{name} = {name}.flatten(2).transpose(1, 2)" for name in ("key", "value") if form.key_space]
    return [*lines, _headed(form, "key"), _headed(form, "value"), "return k, v"]


def _headed(form: Form, word: str) -> str:
    """Return the statement that computes queries, keys or values as (B, heads, T, width)."""
    parts = f"{form.own}kv_heads" if form.grouped and word != "query" else f"{form.own}heads"
    value = word if form.several else "x"
    value = f"self.{word}({value})" if form.project else value
    return f"{word[0]} = torch.unflatten({value}, -1, ({parts}, -1)).transpose(1, 2)"


def _heads(form: Form) -> list[str]:
    """Return the statements that compute queries, keys and values; a single one if all three are computed alike."""
    if form.several or form.grouped or not form.project:
        return [_headed(form, word) for word in ("query", "key", "value")]
    return [
        "q, k, v = (",
        f"    layer(x).unflatten(-1, ({form.own}heads, -1)).transpose(1, 2)",
        "    for layer in (self.query, self.key, self.value)",
        ")",
    ]


def _sequences(form: Form) -> list[str]:
    """Return the statements that turn space into a sequence, and a single query into a sequence of length one."""
    source = "query" if form.several else "x"
    lines = [f"space = {source}.shape[2:]"] if form.space else []
    others = (("key", form.key_space), ("value", form.key_space)) if form.several else ()
    for name, axes in ((source, form.space), *others):
        if axes:
            lines.append(f"{name} = {name}.flatten(2).transpose(1, 2)")
    if form.single:
        lines.append("query = query[:, None]")
    return lines


def _product(form: Form, width: int) -> list[str]:
    args = ["q", "k", "v"]
    masked = form.masked or (form.scores and form.causal)
    args += ["attn_mask=mask"] if masked else ["attn_mask=scores"] if form.scores else []
    lines = []
    if form.project:
        lines.append("p = self.dropout if self.training else 0.0")
        args.append("dropout_p=p")
    elif form.dropping:
        args.append("dropout_p=dropout")
    args += ["is_causal=True"] if form.causal and not (form.scores or form.masked) else []
    args += [f"scale={form.own}scale"] if form.scale else []
    args += ["enable_gqa=True"] if form.grouped else []
    inside = ", ".join(args)
    if len(inside) <= width - 36:
        return [*lines, f"y = F.scaled_dot_product_attention({inside})"]
    rows = [inside] if len(inside) <= width - 4 else [f"{arg}," for arg in args]
    return [*lines, "y = F.scaled_dot_product_attention(", *_lines("    ", rows), ")"]


def _mask(form: Form) -> list[str]:
    """Return the statements that compute the mask, and add the scores to it."""
    lines = []
    if form.masked:
        lines += [
            "seen = torch.arange(k.shape[2], device=k.device) < lengths[:, None]",
            "mask = seen[:, None, None, :]",
        ]
    if form.causal and (form.masked or form.scores):
        lines.append("past = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()")
        lines.append("mask = mask & past" if form.masked else "mask = past[None, None]")
    if form.scores:
        # The scores have the size of the longest sequence; the batch may be shorter.
        lines.append("scores = scores[:, :, : q.shape[2], : k.shape[2]]")
        if form.masked or form.causal:
            lines.append("mask = scores.masked_fill(~mask, -torch.inf)")
    return lines
