"""The class that attention becomes in source: written for the options in use, and for no others."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.ops.base import Part

ROTATE = Part(
    "rotate",
    '''def rotate(x: Tensor, base: float) -> Tensor:
    """Rotary positions: (B, heads, T, width), the first half of each head paired with the second (Su 2021)."""
    width = x.shape[-1]
    rates = base ** -(torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angles = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * rates
    cos, sin = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
    left, right = x.chunk(2, dim=-1)
    return (x * cos + torch.cat([-right, left], -1) * sin).to(x.dtype)''',
)


@dataclass(frozen=True, slots=True)
class Form:
    """Which options of attention are in use, and where its sequences lie."""

    several: bool  # queries, keys and values apart
    project: bool
    grouped: bool
    causal: bool
    rotary: bool
    scores: bool
    masked: bool  # examples have their own lengths
    scale: bool
    space: int  # axes of space that are the queries' sequence; 0: time is
    key_space: int
    single: bool  # the query is one step, inside a recurrence

    @property
    def name(self) -> str:
        words = {
            "Causal": self.causal, "Grouped": self.grouped, "Rotary": self.rotary, "Scaled": self.scale,
            "Scored": self.scores, "Masked": self.masked, "Plain": not self.project, "Cross": self.several,
            "Space": bool(self.space or self.key_space), "Single": self.single,
        }  # fmt: skip
        return "".join(word for word, used in words.items() if used) + "Attention"


def attention_part(form: Form) -> Part:
    """One class; its name says which options it was written for."""
    lines = [f"class {form.name}(nn.Module):", f'    """{_about(form)} (Vaswani 2017)."""', ""]
    lines += _init(form)
    lines += _forward(form)
    return Part(form.name, "\n".join(lines), (ROTATE,) if form.rotary else ())


def _about(form: Form) -> str:
    what = "Attention from one sequence to another" if form.several else "Self-attention"
    return f"{what}, to earlier steps only" if form.causal else what


def _init(form: Form) -> list[str]:
    takes = _arguments(form)
    lines = [f"    def __init__({takes}) -> None:"]
    if len(lines[0]) > 100:
        lines = ["    def __init__(", f"        {takes}", "    ) -> None:"]
    lines += ["        super().__init__()", "        self.heads = heads"]
    lines += ["        self.kv_heads = kv_heads"] if form.grouped else []
    lines += ["        self.dropout = dropout"]
    lines += ["        self.scale = scale"] if form.scale else []
    lines += ["        self.base = base"] if form.rotary else []
    if form.project:
        query, key, value = ("queries", "keys", "values") if form.several else ("maps", "maps", "maps")
        kv = "kv_heads" if form.grouped else "heads"
        lines += [
            f"        width = {query} // heads if width is None else width",
            f"        self.query = nn.Linear({query}, heads * width, bias=bias)",
            f"        self.key = nn.Linear({key}, {kv} * width, bias=bias)",
            f"        self.value = nn.Linear({value}, {kv} * width, bias=bias)",
            f"        self.out = nn.Linear(heads * width, {query}, bias=bias)",
        ]
    return [*lines, ""]


def _arguments(form: Form) -> str:
    takes = ["self"]
    if form.project:
        takes += ["queries: int", "keys: int", "values: int"] if form.several else ["maps: int"]
    takes.append("heads: int")
    takes += ["bias: bool = True"] if form.project else []
    takes.append("dropout: float = 0.0")
    takes += ["width: int | None = None"] if form.project else []
    takes += ["*"] if form.grouped or form.scale or form.rotary else []
    takes += ["kv_heads: int"] if form.grouped else []
    takes += ["scale: float"] if form.scale else []
    takes += ["base: float"] if form.rotary else []
    return ", ".join(takes)


def _forward(form: Form) -> list[str]:
    takes = ["self", "query: Tensor", "key: Tensor", "value: Tensor"] if form.several else ["self", "x: Tensor"]
    takes += ["scores: Tensor"] if form.scores else []
    takes += ["lengths: Tensor"] if form.masked else []
    lines = [f"    def forward({', '.join(takes)}) -> Tensor:", *_sequences(form)]
    kv = "self.kv_heads" if form.grouped else "self.heads"
    for short, word, heads in (("q", "query", "self.heads"), ("k", "key", kv), ("v", "value", kv)):
        value = word if form.several else "x"
        value = f"self.{word}({value})" if form.project else value
        lines.append(f"        {short} = torch.unflatten({value}, -1, ({heads}, -1)).transpose(1, 2)")
    if form.rotary:
        lines.append("        q, k = rotate(q, self.base), rotate(k, self.base)")
    lines += _mask(form)
    lines += _product(form)
    lines.append("        y = y.transpose(1, 2).flatten(-2)")
    result = "self.out(y)" if form.project else "y"
    if form.single:
        result = f"{result}.squeeze(1)"
    if form.space:
        result = f"torch.unflatten({result}.transpose(1, 2), -1, space)"
    if form.project:
        return [*lines, f"        result: Tensor = {result}", "        return result"]
    return [*lines, f"        return {result}"]


def _sequences(form: Form) -> list[str]:
    """Space becomes the sequence; a single query one of length one."""
    source = "query" if form.several else "x"
    lines = [f"        space = {source}.shape[2:]"] if form.space else []
    others = (("key", form.key_space), ("value", form.key_space)) if form.several else ()
    for name, axes in ((source, form.space), *others):
        if axes:
            lines.append(f"        {name} = {name}.flatten(2).transpose(1, 2)")
    if form.single:
        lines.append("        query = query[:, None]")
    return lines


def _product(form: Form) -> list[str]:
    args = ["q", "k", "v"]
    args += ["attn_mask=mask"] if form.scores or form.masked else []
    args.append("dropout_p=self.dropout if self.training else 0.0")
    args += ["is_causal=True"] if form.causal and not (form.scores or form.masked) else []
    args += ["scale=self.scale"] if form.scale else []
    args += ["enable_gqa=True"] if form.grouped else []
    call = f"        y = F.scaled_dot_product_attention({', '.join(args)})"
    if len(call) <= 100:
        return [call]
    inside = ", ".join(args)
    if len(inside) <= 88:
        return ["        y = F.scaled_dot_product_attention(", f"            {inside}", "        )"]
    return ["        y = F.scaled_dot_product_attention(", *(f"            {arg}," for arg in args), "        )"]


def _mask(form: Form) -> list[str]:
    """What is added to the products, or which of them count."""
    lines = []
    if form.masked:
        lines += [
            "        seen = torch.arange(k.shape[2], device=k.device) < lengths[:, None]",
            "        mask = seen[:, None, None, :]",
        ]
    if form.causal and (form.masked or form.scores):
        lines.append("        past = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()")
        lines.append("        mask = mask & past" if form.masked else "        mask = past[None, None]")
    if form.scores:
        both = form.masked or form.causal
        lines.append("        mask = scores.masked_fill(~mask, -torch.inf)" if both else "        mask = scores")
    return lines
