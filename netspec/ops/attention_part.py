"""The class that attention becomes in source: written for the options in use, and for no others."""

from __future__ import annotations

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


def attention_part(
    *,
    several: bool,
    project: bool,
    grouped: bool,
    causal: bool,
    rotary: bool,
    scores: bool,
    masked: bool,
    scale: bool,
    space: int,
    key_space: int,
    single: bool,
) -> Part:
    """One class; its name says which options it was written for."""
    words = [
        ("Causal", causal), ("Grouped", grouped), ("Rotary", rotary), ("Scaled", scale), ("Scored", scores),
        ("Masked", masked), ("Plain", not project), ("Cross", several), ("Space", bool(space or key_space)),
        ("Single", single),
    ]  # fmt: skip
    name = "".join(word for word, used in words if used) + "Attention"
    lines = [f"class {name}(nn.Module):", f'    """{_about(several, causal)} (Vaswani 2017)."""', ""]
    lines += _init(several, project, grouped, rotary, scale)
    lines += _forward(several, project, grouped, causal, rotary, scores, masked, scale, space, key_space, single)
    return Part(name, "\n".join(lines), (ROTATE,) if rotary else ())


def _about(several: bool, causal: bool) -> str:
    what = "Attention from one sequence to another" if several else "Self-attention"
    return f"{what}, to earlier steps only" if causal else what


def _init(several: bool, project: bool, grouped: bool, rotary: bool, scale: bool) -> list[str]:
    takes = ["self"]
    if project:
        takes += ["queries: int", "keys: int", "values: int"] if several else ["maps: int"]
    takes.append("heads: int")
    if project:
        takes.append("bias: bool = True")
    takes.append("dropout: float = 0.0")
    if project:
        takes.append("width: int | None = None")
    takes += ["*"] if grouped or scale or rotary else []
    takes += ["kv_heads: int"] if grouped else []
    takes += ["scale: float"] if scale else []
    takes += ["base: float"] if rotary else []
    lines = ["    def __init__(", f"        {', '.join(takes)}", "    ) -> None:"]
    if len(f"    def __init__({', '.join(takes)}) -> None:") <= 100:
        lines = [f"    def __init__({', '.join(takes)}) -> None:"]
    lines += ["        super().__init__()", "        self.heads = heads"]
    lines += ["        self.kv_heads = kv_heads"] if grouped else []
    lines += ["        self.dropout = dropout"]
    lines += ["        self.scale = scale"] if scale else []
    lines += ["        self.base = base"] if rotary else []
    if project:
        query, key, value = ("queries", "keys", "values") if several else ("maps", "maps", "maps")
        kv = "kv_heads" if grouped else "heads"
        lines += [
            f"        width = {query} // heads if width is None else width",
            f"        self.query = nn.Linear({query}, heads * width, bias=bias)",
            f"        self.key = nn.Linear({key}, {kv} * width, bias=bias)",
            f"        self.value = nn.Linear({value}, {kv} * width, bias=bias)",
            f"        self.out = nn.Linear(heads * width, {query}, bias=bias)",
        ]
    return [*lines, ""]


def _forward(
    several: bool,
    project: bool,
    grouped: bool,
    causal: bool,
    rotary: bool,
    scores: bool,
    masked: bool,
    scale: bool,
    space: int,
    key_space: int,
    single: bool,
) -> list[str]:
    takes = ["self", "query: Tensor", "key: Tensor", "value: Tensor"] if several else ["self", "x: Tensor"]
    takes += ["scores: Tensor"] if scores else []
    takes += ["lengths: Tensor"] if masked else []
    lines = [f"    def forward({', '.join(takes)}) -> Tensor:"]
    source = "query" if several else "x"
    if space > 1 or space and not several:
        lines.append(f"        space = {source}.shape[2:]")
    for name, axes in ((source, space), *((("key", key_space), ("value", key_space)) if several else ())):
        if axes:
            lines.append(f"        {name} = {name}.flatten(2).transpose(1, 2)")
    if single:
        lines.append("        query = query[:, None]")
    kv = "self.kv_heads" if grouped else "self.heads"
    parts = (("q", "query", "self.heads"), ("k", "key", kv), ("v", "value", kv))
    for short, word, heads in parts:
        value = word if several else "x"
        value = f"self.{word}({value})" if project else value
        lines.append(f"        {short} = torch.unflatten({value}, -1, ({heads}, -1)).transpose(1, 2)")
    if rotary:
        lines.append("        q, k = rotate(q, self.base), rotate(k, self.base)")
    lines += _mask(causal, scores, masked)
    args = ["q", "k", "v"]
    if scores or masked:
        args.append("attn_mask=mask")
    args.append("dropout_p=self.dropout if self.training else 0.0")
    if causal and not (scores or masked):
        args.append("is_causal=True")
    args += ["scale=self.scale"] if scale else []
    args += ["enable_gqa=True"] if grouped else []
    call = f"        y = F.scaled_dot_product_attention({', '.join(args)})"
    if len(call) > 100:
        lines += ["        y = F.scaled_dot_product_attention(", f"            {', '.join(args)}", "        )"]
    else:
        lines.append(call)
    lines.append("        y = y.transpose(1, 2).flatten(-2)")
    result = "self.out(y)" if project else "y"
    if single:
        result = f"{result}.squeeze(1)"
    if space:
        result = f"torch.unflatten({result}.transpose(1, 2), -1, space)"
    if project:
        return [*lines, f"        result: Tensor = {result}", "        return result"]
    return [*lines, f"        return {result}"]


def _mask(causal: bool, scores: bool, masked: bool) -> list[str]:
    """What is added to the products, or which of them count."""
    lines = []
    if masked:
        lines += [
            "        seen = torch.arange(k.shape[2], device=k.device) < lengths[:, None]",
            "        mask = seen[:, None, None, :]",
        ]
    if causal and (masked or scores):
        lines.append(
            "        past = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()"
        )
        if masked:
            lines.append("        mask = mask & past")
        else:
            lines.append("        mask = past[None, None]")
    if scores:
        if masked or causal:
            lines.append("        mask = scores.masked_fill(~mask, -torch.inf)")
        else:
            lines.append("        mask = scores")
    return lines
