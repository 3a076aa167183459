"""The emitted source of attention, for exactly the options in use.

It is a class if it has the four layers of perceptrons, and a function if it stores nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

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
    turned = x * cos + torch.cat([-right, left], -1) * sin
    return turned.to(x.dtype)''',
)


NEIGHBOURS = Part(
    "rotate_neighbours",
    '''def rotate_neighbours(x: Tensor, base: float) -> Tensor:
    """Rotary positions of (B, heads, T, width): neighbours of a head are pairs (Su 2021)."""
    width = x.shape[-1]
    rates = base ** -(torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angles = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * rates
    left, right, cos, sin = x[..., ::2], x[..., 1::2], angles.cos(), angles.sin()
    turned = torch.stack([left * cos - right * sin, right * cos + left * sin], -1)
    return turned.flatten(-2).to(x.dtype)''',
)


# how the rules of stretched positions change the rates of rotation
_PAIRS = [
    "places = [",
    "    width * math.log(trained / (2 * math.pi * n)) / (2 * math.log(base)) for n in (fast, slow)",
    "]",
    "first, last = max(0, math.floor(places[0])), min(width - 1, math.ceil(places[1]))",
    "pairs = torch.arange(width // 2, device=x.device)",
    "kept = 1 - ((pairs - first) / max(1e-3, last - first)).clamp(0, 1)",
    "rates = rates * (kept + (1 - kept) / stretch)",
]
_RULES = {
    "": [],
    "all": ["rates = rates / stretch"],
    "llama3": [
        "turns = trained * rates / (2 * math.pi)  # in the trained length",
        "kept = ((turns - slow) / max(1e-3, fast - slow)).clamp(0, 1)",
        "rates = rates * (kept + (1 - kept) / stretch)",
    ],
    "yarn": _PAIRS,
    "yarn_unrounded": [*_PAIRS[:3], "first, last = max(0, places[0]), min(width - 1, places[1])", *_PAIRS[4:]],
}


def _rotating(form: Form) -> Part:
    """Return the function that rotates queries and keys."""
    part = NEIGHBOURS if form.neighbours else ROTATE
    rule = "yarn_unrounded" if form.stretched == "yarn" and not form.rounded else form.stretched
    name = "_".join([part.name, *([rule.replace("all", "stretched")] if rule else ())])
    name += "_magnified" if form.magnitude else ""
    takes = ", ".join(["x: Tensor", *(f"{key}: {kind}" for key, kind, used in _extra(form) if used and key in TURNS)])
    lines = part.source.replace(f"{part.name}(x: Tensor, base: float)", f"{name}({takes})").split("\n")
    after = next(number for number, line in enumerate(lines) if line.lstrip().startswith("rates = ")) + 1
    lines[after:after] = [f"    {line}" for line in _RULES[rule]]
    if form.magnitude or form.stretched == "yarn":
        length = "magnitude" if form.magnitude else "(0.1 * math.log(stretch) + 1)"
        lines[-1] = lines[-1].replace("turned", f"({length} * turned)")
    return Part(name, "\n".join(_head("", *_cut(lines[0])) + lines[1:]))


def _cut(head: str) -> tuple[str, list[str], str]:
    """Return the name, the parameters and the type of a function from its first line."""
    match = re.fullmatch(r"def (\w+)\((.*)\) -> (.*):", head)
    assert match is not None
    return match[1], match[2].split(", "), match[3]


TURNS = ("base", "stretch", "trained", "fast", "slow", "magnitude")


ALIBI = Part(
    "alibi",
    '''def alibi(x: Tensor, keys: int) -> Tensor:
    """What the products of (B, heads, T, width) with the keys lose by distance (Press 2022): (heads, T, keys)."""
    heads = x.shape[1]
    whole = 2 ** int(math.log2(heads))
    slopes = [2 ** (-8 * i / whole) for i in range(1, whole + 1)]
    slopes += [2 ** (-4 * i / whole) for i in range(1, 2 * (heads - whole), 2)]
    away = torch.arange(x.shape[2], device=x.device)[:, None] - torch.arange(keys, device=x.device)
    return -torch.tensor(slopes, device=x.device, dtype=x.dtype)[:, None, None] * away.abs()''',
)


CUT = Part(
    "cut",
    '''def cut(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Cut (B, C, *space) into windows: (B, windows, places, C)."""
    axes = len(size)
    for axis in reversed(range(axes)):
        x = torch.unflatten(x, 2 + axis, (-1, size[axis]))
    x = x.permute(0, *range(2, 2 + 2 * axes, 2), *range(3, 3 + 2 * axes, 2), 1)
    return x.flatten(1 + axes, 2 * axes).flatten(1, axes)''',
)


WHOLE = Part(
    "whole",
    '''def whole(x: Tensor, size: tuple[int, ...], space: torch.Size) -> Tensor:
    """Put windows (B, windows, places, C) together again: (B, C, *space)."""
    axes = len(size)
    counts = [length // window for length, window in zip(space, size, strict=True)]
    x = torch.unflatten(torch.unflatten(x, 2, size), 1, counts)
    x = x.permute(0, -1, *(axis for i in range(1, 1 + axes) for axis in (i, i + axes)))
    return x.reshape(*x.shape[:2], *space)''',
)


NEIGHBOURS_OF = Part(
    "together",
    '''def together(x: Tensor, size: tuple[int, ...], shift: tuple[int, ...]) -> Tensor:
    """Whether two places of a window lie side by side in x, which was rolled by the shift (Liu 2021)."""
    passed = x.new_zeros(1, len(size), *x.shape[2:])
    for axis, by in enumerate(shift):
        passed[:, axis].narrow(1 + axis, x.shape[2 + axis] - by, by).fill_(1)
    parts = cut(passed, size)
    return (parts[:, :, :, None] == parts[:, :, None]).all(-1)[:, :, None]''',
    (CUT,),
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
    part: bool = False  # only the first values of each head are rotated
    neighbours: bool = False  # neighbours rotate together, not halves
    stretched: str = ""  # "all", "llama3" or "yarn"
    window: bool = False  # over time
    tiled: bool = False  # space is cut into windows
    shifted: bool = False
    cap: bool = False
    norm: str = ""  # "head" or "maps"
    norm_rotated: bool = False  # the norms come after the rotation
    norm_affine: bool = True  # the norms have weights
    rounded: bool = True  # YaRN's bounds are whole pairs
    magnitude: bool = False  # rotated values are multiplied
    latent: bool = False  # keys and values come from one compressed vector
    query_latent: bool = False
    rotary_width: bool = False  # rotated values beside the others
    value_width: bool = False
    chunk: bool = False
    sinks: bool = False
    grow: bool = False  # products grow with the logarithm of the step
    alibi: bool = False
    out_bias: bool = False  # the out layer has a bias of its own choice

    @property
    def words(self) -> tuple[str, ...]:
        words = {  # what tells most stands first
            "Cross": self.several, "Latent": self.latent, "Windowed": self.window or self.tiled,
            "Shifted": self.shifted, "Chunked": self.chunk, "Sink": self.sinks, "Growing": self.grow,
            "Causal": self.causal, "Yarn": self.stretched == "yarn", "Llama3": self.stretched == "llama3",
            "Stretched": bool(self.stretched), "Rotary": self.rotary, "Alibi": self.alibi,
            "Normed": self.norm == "head", "WhollyNormed": self.norm == "maps", "Capped": self.cap,
            "Scored": self.scores, "Scaled": self.scale, "Grouped": self.grouped, "Masked": self.masked,
            "Space": bool(self.space or self.key_space), "Single": self.single, "Wide": self.wide,
            "Partly": self.part, "Neighbours": self.neighbours, "Unbiased": self.out_bias,
            "NormedLate": self.norm_rotated, "Unscaled": bool(self.norm) and not self.norm_affine,
            "Unrounded": not self.rounded, "Magnified": self.magnitude, "QueryLatent": self.query_latent,
            "Beside": self.rotary_width, "Valued": self.value_width,
        }  # fmt: skip
        return tuple(word for word, present in words.items() if present)

    @property
    def kind(self) -> str:
        return "{}Attention" if self.project else "{}_attention"

    @property
    def name(self) -> str:
        return self.kind.format("".join(self.words) if self.project else "_".join(map(str.lower, self.words)))

    @property
    def remembers(self) -> bool:
        """Whether keys and values are computed once, before the recurrence that reads them."""
        return self.single and self.project

    @property
    def rotate(self) -> Part:
        """The function that rotates queries and keys."""
        return _rotating(self)

    @property
    def explicit(self) -> bool:
        """Whether the products are needed themselves, which torch's kernel does not give."""
        return self.cap or self.sinks

    @property
    def added(self) -> str:
        """The name of what is added to the products; "" if nothing is."""
        return "scores" if self.scores else "far" if self.alibi else ""

    @property
    def swapped(self) -> str:
        """The code that swaps steps and heads."""
        return ".transpose(2, 3)" if self.tiled else ".transpose(1, 2)"

    @property
    def band(self) -> bool:
        """Whether a mask of queries and keys is needed, beside what the kernel masks itself."""
        return self.window or self.chunk or (self.causal and bool(self.masked or self.added or self.explicit))

    @property
    def own(self) -> str:
        """The code before the name of an option: `self.` in a class; "" in a function, whose options are arguments."""
        return "self." if self.project else ""


def attention_part(form: Form) -> Part:
    """Return the class or function."""
    used = {form.rotate: form.rotary, ALIBI: form.alibi, CUT: form.tiled, NEIGHBOURS_OF: form.shifted}
    used[WHOLE] = form.tiled
    needs = tuple(part for part, needed in used.items() if needed)
    again = partial(_source, form)
    return Part(form.name, again(form.name), needs, form.kind, form.words, again)


def _source(form: Form, name: str) -> str:
    about = f'"""{_about(form)} (Vaswani 2017)."""'
    if form.project:
        lines = [f"class {name}(nn.Module):", f"    {about}", ""]
        lines += _head("    ", "__init__", _stored(form), "None") + _lines("        ", _init(form)) + [""]
        if form.remembers:
            lines += _head("    ", "remember", ["self", "key: Tensor", "value: Tensor"], "tuple[Tensor, Tensor]")
            lines += _lines("        ", _remember(form)) + [""]
        lines += _head("    ", "forward", ["self", *_tensors(form)], "Tensor") + _lines("        ", _body(form, 92))
    else:
        lines = _head("", name, [*_tensors(form), *_options(form)], "Tensor")
        lines += _lines("    ", [about, *_body(form, 96)])
    return "\n".join(lines)


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
    return takes + [f"{name}: {kind}" for name, kind, used in _extra(form)[1:] if used]


def _stored(form: Form) -> list[str]:
    """Return the parameters of the class's constructor."""
    takes = ["self", *(("queries: int", "keys: int", "values: int") if form.several else ("maps: int",))]
    takes += ["heads: int", *(["width: int"] if form.wide else []), "bias: bool = True", "dropout: float = 0.0"]
    named = [f"{name}: {kind}" for name, kind, used in _extra(form) if used]
    named += ["out_bias: bool"] if form.out_bias else []
    named += ["eps: float"] if form.norm or form.latent else []
    return [*takes, "*", *named] if named else takes


def _extra(form: Form) -> tuple[tuple[str, str, bool], ...]:
    ruled = form.stretched in ("llama3", "yarn")
    return (
        ("kv_heads", "int", form.grouped), ("value_width", "int", form.value_width), ("latent", "int", form.latent),
        ("query_latent", "int", form.query_latent), ("rotary_width", "int", form.rotary_width),
        ("scale", "float", form.scale), ("window", "int", form.window), ("chunk", "int", form.chunk),
        ("window", "tuple[int, ...]", form.tiled), ("shift", "tuple[int, ...]", form.shifted),
        ("cap", "float", form.cap), ("grow", "float", form.grow), ("grow_steps", "int", form.grow),
        ("base", "float", form.rotary), ("turned", "int", form.part),
        ("stretch", "float", bool(form.stretched)), ("trained", "int", ruled), ("fast", "float", ruled),
        ("slow", "float", ruled), ("magnitude", "float", form.magnitude),
    )  # fmt: skip


def _init(form: Form) -> list[str]:
    stored = ("latent", "query_latent", "value_width", "rotary_width", *_turning(form))
    kept = ["heads", *(["kv_heads"] if form.grouped else []), *(["width"] if form.rotary_width else []), "dropout"]
    kept += [name for name, _, used in _extra(form)[1:] if used and name not in stored]
    together = f"{', '.join(f'self.{name}' for name in kept)} = {', '.join(kept)}"
    query, key, value = ("queries", "keys", "values") if form.several else ("maps", "maps", "maps")
    width = "width" if form.wide else f"{query} // heads"
    kv_heads = "kv_heads" if form.grouped else "heads"
    inner, kv = (f"heads * {width}", f"{kv_heads} * {width}") if form.wide else (query, query)
    if form.grouped and not form.wide:
        kv = f"{width} * kv_heads"
    averaged, result = kv, inner
    if form.value_width:
        averaged, result = f"{kv_heads} * value_width", "heads * value_width"
    lines = [
        "super().__init__()",
        *([together] if len(together) <= 92 else [f"self.{name} = {name}" for name in kept]),
        *([f"self.turning = {', '.join(_turning(form))}"] if _turning(form) else []),
    ]
    if form.query_latent:
        lines += _compressed("query_compress", query, "query_latent")
    if form.rotary_width:
        inner = "heads * (width + rotary_width)"
    lines.append(f"self.query = nn.Linear({'query_latent' if form.query_latent else query}, {inner}, bias=bias)")
    if form.latent:
        lines += _compressed("compress", key, "latent")
        lines += [f"self.rotary_key = nn.Linear({key}, rotary_width, bias=bias)"] if form.rotary_width else []
        key = value = "latent"
    return [
        *lines,
        f"self.key = nn.Linear({key}, {kv}, bias=bias)",
        f"self.value = nn.Linear({value}, {averaged}, bias=bias)",
        f"self.out = nn.Linear({result}, {query}, bias={'out_bias' if form.out_bias else 'bias'})",
        *(["self.sinks = nn.Parameter(torch.zeros(heads))"] if form.sinks else []),
        *_norms(form, width, inner, kv),
    ]


def _turning(form: Form) -> list[str]:
    """Return the numbers of the rotation that are kept together; none if the base is the only one."""
    used = [name for name, _, used in _extra(form) if used and name in TURNS]
    return used if len(used) > 1 else []


def _compressed(name: str, values: str, size: str) -> list[str]:
    return [f"self.{name} = nn.Linear({values}, {size}, bias=bias)", f"self.{name}_norm = nn.RMSNorm({size}, eps=eps)"]


def _norms(form: Form, head: str, inner: str, kv: str) -> list[str]:
    if not form.norm:
        return []
    sizes = (head, head) if form.norm == "head" else (inner, kv)
    affine = "" if form.norm_affine else ", elementwise_affine=False"
    return [
        f"self.{name}_norm = nn.RMSNorm({size}, eps=eps{affine})"
        for name, size in zip(("query", "key"), sizes, strict=True)
    ]


# ---- the computation


def _body(form: Form, width: int) -> list[str]:
    if form.remembers:
        lines = ["query = query[:, None]", _headed(form, "query"), "k, v = memory"]
    else:
        lines = [*_sequences(form), *_heads(form)]
    lines += _rotated(form) if form.rotary else []
    if form.norm_rotated:
        lines.append("q, k = self.query_norm(q), self.key_norm(k)")
    if form.grow:
        lines += [
            f"passed = torch.arange(1, q.shape[-2] + 1, device=q.device) // {form.own}grow_steps",
            f"q = q * (1 + {form.own}grow * torch.log1p(passed.to(q.dtype)))[:, None]",
        ]
    lines += _mask(form)
    lines += _product(form, width)
    result = f"y{form.swapped}.flatten(-2)"
    result = f"self.out({result})" if form.project else result
    if form.single:
        result = f"{result}.squeeze(1)"
    if form.tiled:
        result = f"whole({result}, {form.own}window, space)"
        if form.shifted:
            lines.append(f"y = {result}")
            result = f"y.roll({form.own}shift, {_axes(form)})"
    elif form.space:
        lines.append(f"y = {result}")
        result = "y"
        result = f"torch.unflatten({result}.transpose(1, 2), -1, space)"
    if form.project:
        return [*lines, f"out: Tensor = {result}", "return out"]
    return [*lines, f"return {result}"]


def _rotated(form: Form) -> list[str]:
    """Return the statements that rotate queries and keys."""
    turning = _turning(form)
    numbers = f"*{form.own}turning" if turning and form.project else ", ".join(turning or [f"{form.own}base"])
    call = f"{form.rotate.name}(…, {numbers})"
    if form.rotary_width:
        return [
            "still, moved = q[..., : self.width], q[..., self.width :]",
            f"q = torch.cat([still, {call.replace('…', 'moved')}], -1)",
            f"turned = {call.replace('…', 'self.rotary_key(x).unsqueeze(-3)')}",
            "k = torch.cat([k, turned.expand(*k.shape[:-1], -1)], -1)",
        ]
    if form.part:
        turned = call.replace("…", f"x[..., : {form.own}turned]")
        inside = f"torch.cat([{turned}, x[..., {form.own}turned :]], -1)"
        return ["q, k = (", f"    {inside.replace('x[', 'each[')}", "    for each in (q, k)", ")"]
    both = [call.replace("…", name) for name in "qk"]
    together = f"q, k = {', '.join(both)}"
    return [together] if len(together) <= 92 else [f"q = {both[0]}", f"k = {both[1]}"]


def _remember(form: Form) -> list[str]:
    """Return the statements that compute keys and values once, for all time steps."""
    lines = [f"{name} = {name}.flatten(2).transpose(1, 2)" for name in ("key", "value") if form.key_space]
    return [*lines, _headed(form, "key"), _headed(form, "value"), "return k, v"]


def _headed(form: Form, word: str) -> str:
    """Return the statement that computes queries, keys or values as (B, heads, T, width)."""
    parts = f"{form.own}kv_heads" if form.grouped and word != "query" else f"{form.own}heads"
    value = word if form.several else "x"
    if word == "query" and form.query_latent:
        value = "queries"
    if word != "query" and form.latent:
        value = "latent"
    value = f"self.{word}({value})" if form.project else value
    norm = form.norm if word != "value" and not form.norm_rotated else ""
    value = f"self.{word}_norm({value})" if norm == "maps" else value
    found = f"torch.unflatten({value}, -1, ({parts}, -1))"
    return f"{word[0]} = {f'self.{word}_norm({found})' if norm == 'head' else found}{form.swapped}"


def _heads(form: Form) -> list[str]:
    """Return the statements that compute queries, keys and values; a single one if all three are computed alike."""
    if form.several or form.grouped or form.norm or form.latent or not form.project:
        latent = ["latent = self.compress_norm(self.compress(x))"] if form.latent else []
        latent += ["queries = self.query_compress_norm(self.query_compress(x))"] if form.query_latent else []
        return latent + [_headed(form, word) for word in ("query", "key", "value")]
    return [
        "q, k, v = (",
        f"    layer(x).unflatten(-1, ({form.own}heads, -1)){form.swapped}",
        "    for layer in (self.query, self.key, self.value)",
        ")",
    ]


def _sequences(form: Form) -> list[str]:
    """Return the statements that turn space into a sequence, and a single query into a sequence of length one."""
    source = "query" if form.several else "x"
    lines = [f"space = {source}.shape[2:]"] if form.space else []
    others = (("key", form.key_space), ("value", form.key_space)) if form.several else ()
    for name, axes in ((source, form.space), *others):
        if form.tiled:
            if form.shifted:
                lines.append(f"{name} = {name}.roll([-by for by in {form.own}shift], {_axes(form)})")
                if name == source:
                    lines.append(f"mask = together({name}, {form.own}window, {form.own}shift)")
            lines.append(f"{name} = cut({name}, {form.own}window)")
        elif axes:
            lines.append(f"{name} = {name}.flatten(2).transpose(1, 2)")
    if form.single:
        lines.append("query = query[:, None]")
    return lines


def _axes(form: Form) -> str:
    """Return the axes of space."""
    return str(tuple(range(2, 2 + form.space)))


def _product(form: Form, width: int) -> list[str]:
    if form.explicit:
        return _explicit(form)
    args = ["q", "k", "v"]
    masked = form.masked or form.band or form.shifted
    args += ["attn_mask=mask"] if masked else [f"attn_mask={form.added}"] if form.added else []
    lines = []
    if form.project:
        lines.append("p = self.dropout if self.training else 0.0")
        args.append("dropout_p=p")
    elif form.dropping:
        args.append("dropout_p=dropout")
    args += ["is_causal=True"] if form.causal and not masked else []
    args += [f"scale={form.own}scale"] if form.scale else []
    args += ["enable_gqa=True"] if form.grouped else []
    inside = ", ".join(args)
    if len(inside) <= width - 36:
        return [*lines, f"y = F.scaled_dot_product_attention({inside})"]
    rows = [inside] if len(inside) <= width - 4 else [f"{arg}," for arg in args]
    return [*lines, "y = F.scaled_dot_product_attention(", *_lines("    ", rows), ")"]


def _explicit(form: Form) -> list[str]:
    """Return the statements of attention whose products torch's kernel cannot change as the options say."""
    own = form.own
    lines = []
    if form.grouped:
        lines += [f"k, v = (each.repeat_interleave({own}heads // {own}kv_heads, -3) for each in (k, v))"]
    scale = f"{own}scale" if form.scale else "q.shape[-1] ** -0.5"
    lines += [
        f"products = q @ k.transpose(-2, -1) * {scale}",
        *([f"products = {own}cap * torch.tanh(products / {own}cap)"] if form.cap else []),
    ]
    if form.added:
        lines.append(f"products = products + {form.added}")
    if form.masked or form.band or form.shifted:
        lines.append("products = products.masked_fill(~mask, -torch.inf)")
    shares = "products.softmax(-1)"
    if form.sinks:
        lines.append("sinks = self.sinks[:, None, None].expand(*products.shape[:-1], 1)")
        shares = "torch.cat([products, sinks], -1).softmax(-1)[..., :-1]"
    if form.project or form.dropping:
        dropped = f"F.dropout(…, {own}dropout, {'self.training' if form.project else 'dropout > 0'})"
        lines += [f"shares = {shares}"] if form.sinks else []
        shares = dropped.replace("…", "shares" if form.sinks else shares)
    return [*lines, f"y = {shares} @ v"]


def _mask(form: Form) -> list[str]:
    """Return the statements that compute the mask, and add the scores to it."""
    lines = []
    if form.masked:
        lines += [
            "seen = torch.arange(k.shape[2], device=k.device) < lengths[:, None]",
            "mask = seen[:, None, None, :]",
        ]
    if form.chunk:
        lines += [
            f"chunks = torch.arange(q.shape[2], device=q.device) // {form.own}chunk",
            "own = chunks[:, None] == chunks",
            f"mask = {'mask & own' if form.masked else 'own[None, None]'}",
        ]
    if form.band and (form.window or form.causal):
        window = f"{form.own}window"
        name = "near" if form.window else "past"
        lines.append(f"{name} = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device)")
        lines[-1] += ".tril()" if form.causal else f".tril({window} - 1)"
        if form.window:
            lines.append(f"{name} = {name}.triu(1 - {window})")
        lines.append(f"mask = mask & {name}" if form.masked or form.chunk else f"mask = {name}[None, None]")
    if form.scores:
        # The scores have the size of the longest sequence, and the batch may be shorter; or they hold for all windows.
        lines.append("scores = scores[:, None]" if form.tiled else "scores = scores[:, :, : q.shape[2], : k.shape[2]]")
    if form.alibi:
        far = "alibi(q, k.shape[2])"
        lines.append(f"scores = scores + {far}" if form.scores else f"far = {far}")
    if form.added and (form.masked or form.band or form.shifted) and not form.explicit:
        lines.append(f"mask = {form.added}.masked_fill(~mask, -torch.inf)")
    return lines
