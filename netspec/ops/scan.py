"""`scan`: a state that decays and takes in every step, worked out in chunks instead of step by step."""

from __future__ import annotations

from typing import Any, NamedTuple

from netspec.compute.arrays import Array, filled, join, total
from netspec.ir.call import Call
from netspec.ir.marks import structure
from netspec.ir.operation import Kept, Lowering, Op, Part, option, wants_values
from netspec.ir.sizes import Size, divides, text
from netspec.ir.types import Type, refuse
from netspec.ops.sharing import align, shared_axes


class Scan(Op):
    """Keeps a state from step to step: of one value the sum of its steps, of queries, keys and values a matrix a head.

    The matrix sums the products of each step's key and value, and each query reads it. What the state holds decays by
    e^-decay at each step. With `delta` a step writes, instead of its value, a share of the difference between its value
    and what the state holds for its key.

    Shape: (B, T, C, *space), unchanged; queries and keys (B, T, G, N), values (B, T, H, P) -> (B, T, H, P); one head
    may go without its axis.
    """

    name = "scan"
    family = "recurrent"
    keeps_state = True
    over_time = True
    summary = "a state that decays and sums the steps; three values are queries, keys and values of a matrix"
    titles = ("scan", "스캔")
    formula = "S_t = e^-a_t S_(t-1) + k_t v_t', y_t = S_t' q_t"
    source = "Katharopoulos 2020; Dao & Gu 2024 (Mamba-2); Yang 2024 (gated delta rule)"
    example = "q, k, v -> scan(decay = a)"
    inputs = None
    decay: Any = option(
        "layer",
        "by what the state decays: e^-decay of it is left at each step",
        default=None,
        mark=structure({True: "with decay"}, {True: "감쇠 있음"}),
    )
    delta: Any = option(
        "layer",
        "which share of its error a step writes: one number for each head",
        default=None,
        mark=structure({True: "delta rule"}, {True: "델타 규칙"}),
    )

    def partial(self, *inputs: Type) -> Type:
        value: Type = self._values(inputs).value
        return value

    # ---- types

    def _values(self, inputs: tuple[Any, ...]) -> Given:
        """Return the inputs, or what belongs to them, by their roles."""
        flow = len(inputs) - bool(self.decay) - bool(self.delta)
        if flow not in (1, 3):
            refuse("NS571", given=str(flow))
        query, key = inputs[:2] if flow == 3 else (None, None)
        decay = inputs[flow] if self.decay else None
        return Given(query, key, inputs[flow - 1], decay, inputs[-1] if self.delta else None)

    def shape(self, *inputs: Type) -> Type:
        query, key, value, decay, delta = self._values(inputs)
        wants_values(self, *inputs)
        flow = inputs[:1] if key is None else inputs[:3]
        for place, item in enumerate(flow):
            if item.time is None:
                refuse("NS325", input=place, step=self.name, type=str(item))
        for place, item in enumerate(flow):
            if item.time is not None and item.time != value.time:
                code = "NS304" if item.time.length == value.time.length else "NS328"
                refuse(code, input=place, left=str(value), right=str(item))
            if key is not None and (len(item.space) > 1 or bool(item.space) != bool(value.space)):
                refuse("NS573", input=place, type=str(item))
        heads = value
        if key is not None:
            if query != key:
                refuse("NS574", input=1, left=str(query), right=str(key))
            if value.space and not divides(key.maps, value.maps):
                refuse("NS575", input=2, keys=text(key.maps), values=text(value.maps))
            heads = Type(value.maps if value.space else 1, (), value.time)
        elif delta is not None:
            refuse("NS572", option="delta")
        for name, given in (("decay", decay), ("delta", delta)):
            if given is not None and not _fits(given, heads):
                refuse("NS576", option=name, name=name, type=str(given), want=str(heads))
        return inputs[len(flow) - 1]

    # ---- the computation

    def compute(self, call: Call, *inputs: Array) -> Array:
        query, key, value, decay, delta = self._values(inputs)
        types = self._values(call.types)
        if key is None:
            if decay is not None:
                value, decay = shared_axes((value, decay), (types.value, types.decay))
            found = value.at(1, 0)
            steps = [found]
            for t in range(1, value.shape[1]):
                found = value.at(1, t) + (found if decay is None else (-decay.at(1, t)).exp() * found)
                steps.append(found)
            return join(1, *(step.add_axis(1) for step in steps))
        assert query is not None
        if not types.value.space:  # one head
            query, key, value = (x.add_axis(2) for x in (query, key, value))
        batch, length, groups, width = key.shape
        each = value.shape[2] // groups
        value = value.split(2, groups, each)
        state = filled(0.0, (batch, groups, each, width, value.shape[-1]))
        steps = []
        for t in range(length):
            if decay is not None:
                left = (-self._at(decay, types.decay, t)).exp().split(1, groups, each)
                state = state * left.add_axis(-1).add_axis(-1)
            now = value.at(1, t)
            if delta is not None:
                share = self._at(delta, types.delta, t).split(1, groups, each).add_axis(-1)
                now = share * (now - total("bgn,bgrnp->bgrp", key.at(1, t), state))
            state = state + total("bgn,bgrp->bgrnp", key.at(1, t), now)
            steps.append(total("bgn,bgrnp->bgrp", query.at(1, t), state).reshape(batch, 1, groups * each, -1))
        found = join(1, *steps)
        return found if types.value.space else found.at(2, 0)

    def _at(self, x: Array, own: Type, step: int) -> Array:
        return x if own.time is None else x.at(1, step)

    # ---- PyTorch code

    def torch(self, *inputs: Type) -> Lowering:
        _, key, value, decay, delta = self._values(inputs)
        form = Form(
            matrix=key is not None,
            decay=decay is not None,
            delta=delta is not None,
            single=not value.space,
            masked=bool(value.time.varying),
        )
        count = 3 if form.matrix else 1
        slots = [f"{{{place}}}" for place in range(count)]
        for place, own in enumerate(inputs[count:], count):
            heads = Type(own.maps, (), value.time) if form.matrix else value
            slot = align(own, heads, f"{{{place}}}")
            constant = form.matrix and own.time is None
            slots.append(f"{slot}.expand(-1, {{2}}.shape[1], -1)" if constant else slot)
        slots += ["{before}", *(["{lengths}"] if form.masked else ())]
        part = scan_part(form)
        return Lowering(f"{part.name}({', '.join(slots)})", parts=(part,))

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        words = {
            "en": ("queries", "keys", "values", "decay", "share"),
            "ko": ("질의", "키", "값", "감쇠", "비율"),
        }[lang]
        given = [*(words[3:4] if self.decay else ()), *(words[4:] if self.delta else ())]
        flow = count - len(given)
        return (*(words[:3] if flow == 3 else ("",) * flow), *given)

    def kept(self, *inputs: Type) -> Kept:
        _, key, value, _, _ = self._values(inputs)
        return Kept(fixed=value.values if key is None else self._width(key) * value.values)

    def _width(self, key: Type) -> Size:
        """Return how many values a query or key of a head has."""
        return key.space[0] if key.space else key.maps

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        _, key, value, _, delta = self._values(inputs)
        if key is None or value.time is None:
            return 0
        return (2 + (delta is not None)) * self._width(key) * value.values * value.time.length  # type: ignore[no-any-return]


class Given(NamedTuple):
    """The inputs of a scan, or their types, by their roles; None for what is not given."""

    query: Any
    key: Any
    value: Any
    decay: Any
    delta: Any


class Form(NamedTuple):
    """Which equations a scan follows."""

    matrix: bool  # queries, keys and values
    decay: bool
    delta: bool
    single: bool  # one head, without an axis of its own
    masked: bool  # the examples have different lengths

    @property
    def name(self) -> str:
        what = "running_sum" if not self.matrix else "delta_rule" if self.delta else "linear_attention"
        words = {"masked": self.masked, "single": self.single and self.matrix}
        words |= {"gated" if self.matrix else "decaying": self.decay}
        return "_".join([*(word for word, used in words.items() if used), what])


SCAN = Part(
    "scan",
    '''def scan(x: Tensor, keep: Tensor) -> Tensor:
    """y_t = keep_t y_(t-1) + x_t along axis 1, in chunks of 8 steps that go side by side."""
    steps = x.shape[1]
    size = min(8, steps)
    rest = (0, 0) * (x.dim() - 2)
    x, keep = (
        torch.unflatten(F.pad(each, (*rest, 0, -steps % size)), 1, (-1, size)) for each in (x, keep)
    )
    y, kept = [x[:, :, 0]], [keep[:, :, 0]]
    for x_t, keep_t in zip(x.unbind(2)[1:], keep.unbind(2)[1:], strict=True):
        y.append(x_t + keep_t * y[-1])
        kept.append(keep_t * kept[-1])
    found = torch.stack(y, 2)
    if x.shape[1] > 1:  # each chunk goes on from the last value of the chunk before
        ends = scan(y[-1], kept[-1])
        found = found + torch.stack(kept, 2) * F.pad(ends[:, :-1], (*rest, 1, 0))[:, :, None]
    return found.flatten(1, 2)[:, :steps]''',
)


def _fits(own: Type, want: Type) -> bool:
    """Whether a type is the one that is wanted, or lacks its time or its space."""
    return own.maps == want.maps and own.time in (None, want.time) and own.space in ((), want.space)


def scan_part(form: Form) -> Part:
    """Return the function of a form: it takes a state or None, and returns the values and the last state."""
    takes = ["query", "key", "value"] if form.matrix else ["x"]
    takes = [f"{name}: Tensor" for name in (*takes, *(name for name in ("decay", "delta") if getattr(form, name)))]
    takes += ["before: Tensor | None", *(["lengths: Tensor"] if form.masked else ())]
    line = f"def {form.name}({', '.join(takes)}) -> tuple[Tensor, Tensor]:"
    if len(line) > 100:
        row = f"    {', '.join(takes)}"
        rows = [row] if len(row) <= 100 else [f"    {each}," for each in takes]
        line = "\n".join([f"def {form.name}(", *rows, ") -> tuple[Tensor, Tensor]:"])
    body = _matrix(form) if form.matrix else _sum(form)
    needs = (SCAN,) if form.decay and not form.matrix else ()
    return Part(form.name, "\n".join([line, *(f"    {row}" if row else "" for row in body)]), needs)


def _sum(form: Form) -> list[str]:
    """Return the body of the sum of one value's steps."""
    left = ", of which e^-decay is left at each step" if form.decay else ""
    lines = [f'"""The sum of the steps so far{left}; and the last sum."""']
    x = "x"
    if form.masked:
        x = "x.masked_fill(past, 0)"
        lines += [
            "past = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]",
            "past = past[(..., *(None,) * (x.dim() - 2))]",
        ]
    lines += [
        "dtype = torch.promote_types(x.dtype, torch.float32)  # 16 bits are too few for a sum",
        f"terms = {x}.to(dtype)",
    ]
    if not form.decay:
        return [*lines, "y = terms.cumsum(1) if before is None else terms.cumsum(1) + before[:, None]",
                "return y.to(x.dtype), y[:, -1]"]  # fmt: skip
    lines += ["keep = torch.exp(-decay).expand_as(terms)"]
    lines += ["keep = keep.masked_fill(past, 1)"] if form.masked else []
    return [
        *lines,
        "if before is not None:",
        "    terms = torch.cat([terms[:, :1] + keep[:, :1] * before[:, None], terms[:, 1:]], 1)",
        "y = scan(terms, keep)",
        "return y.to(x.dtype), y[:, -1]",
    ]


def _matrix(form: Form) -> list[str]:
    """Return the body of the matrix that sums products of keys and values."""
    what = "writes its error" if form.delta else "adds key times value"
    lines = [f'"""A state of each head, to which a step {what}, in chunks; and the last one."""']
    if form.single:
        lines += ["query, key, value = (each[:, :, None] for each in (query, key, value))"]
    lines += [
        "steps, groups = key.shape[1:3]",
        "size = min(64, steps)",
        "dtype = torch.promote_types(value.dtype, torch.float32)  # 16 bits are too few for a state",
        "",
        "def chunked(x: Tensor) -> Tensor:",
        "    # (B, groups, heads of a group, chunks, steps, values)",
        "    x = F.pad(x.to(dtype), (0, 0, 0, 0, 0, -steps % size))",
        "    x = torch.unflatten(x, 2, (groups, -1))",
        "    return torch.unflatten(x, 1, (-1, size)).permute(0, 3, 4, 1, 2, 5)",
        "",
    ]
    if form.masked:
        lines += [
            "past = torch.arange(steps, device=key.device) >= lengths[:, None]",
            "key = key.masked_fill(past[..., None, None], 0)",
            *(["decay = decay.masked_fill(past[..., None], 0)"] if form.decay else []),
        ]
    lines += ["q, k, v = chunked(query), chunked(key), chunked(value)"]
    left, keep = ("left * ", "keep * ") if form.decay else ("", "")
    if form.decay:
        lines += [
            "# by how much the state has decayed in a chunk; what is left of each step at a later one",
            "gone = chunked(decay[..., None]).cumsum(-2)",
            "left = (gone.mT - gone).tril().exp().tril()",
            "keep = torch.exp(-gone)",
        ]
    lines += [f"mixed = {'(left * (q @ k.mT))' if form.decay else '(q @ k.mT)'}.tril()"]
    if form.delta:
        lines += [
            "# what a step writes depends on what those before it in the chunk wrote: a triangular system",
            "share = chunked(delta[..., None])",
            f"wrote = (share * {left}(k @ k.mT)).tril(-1)",
            f"both = torch.cat([share * v, (share * {keep}k).expand(*v.shape[:-1], -1)], -1)",
            "both = torch.linalg.solve_triangular(wrote, both, upper=False, unitriangular=True)",
            "v, known = both.split([v.shape[-1], k.shape[-1]], -1)",
        ]
    if form.decay:
        lines += ["k, q = k * left[..., -1:, :].mT, q * keep"]
    parts = ["q", "k", "v", "mixed", *(["keep"] if form.decay else []), *(["known"] if form.delta else [])]
    each = ", ".join(f"{name}_c" for name in parts)
    return [
        *lines,
        "state = v.new_zeros(*v.shape[:3], k.shape[-1], v.shape[-1])",
        "if before is not None:",
        "    state = torch.unflatten(before, 1, (groups, -1))",
        "y = []",
        f"parts = [part.unbind(3) for part in ({', '.join(parts)})]",
        f"for {each} in zip(*parts, strict=True):",
        *(["    v_c = v_c - known_c @ state"] if form.delta else []),
        "    y.append(q_c @ state + mixed_c @ v_c)",
        f"    state = {'keep_c[..., -1:, :] * ' if form.decay else ''}state + k_c.mT @ v_c",
        "found = torch.stack(y, 3).permute(0, 3, 4, 1, 2, 5).flatten(1, 2)[:, :steps]",
        f"return found.flatten(2, 3){'.squeeze(2)' if form.single else ''}.to(value.dtype), state.flatten(1, 2)",
    ]
