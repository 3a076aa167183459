"""Torch's side of the operations over a sequence: recurrent layers, attention, and `expand` to another layer."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from ops.drawing import Forced, divisors
from ops.oracle import Function, Options, Oracle, Shapes, always, need
from ops.shapes import Shape, shapes
from ops.torch_values import ONE, expand, related

SEQUENCES: dict[str, Oracle] = {}


def recurrent(kind: type[nn.RNNBase]) -> Oracle:
    def build(o: Options, s: Shapes) -> nn.Module:
        need(s[0].time is not None and not s[0].space)
        names = {"layers_": "num_layers", "act": "nonlinearity"}
        kwargs = {names.get(key, key): value for key, value in o.items() if key not in ("units", "init", "frozen")}
        if o.get("layers_", 1) == 1:
            kwargs.pop("dropout", None)  # torch warns that it does nothing; so does netspec
        cell = kind(s[0].maps, o["units"], batch_first=True, **kwargs)
        found = Function(lambda x: cell(x)[0])
        found.add_module("cell", cell)
        return found

    inputs = st.one_of(shapes(axes=(0,), time=True).map(lambda s: (s,)), ONE)
    return Oracle(build=build, inputs=inputs, over_time=always)


# options that need others
USUAL: Options = {
    "part": 1.0, "pairs": "halves", "stretch": 1.0, "stretching": "all", "eps": 1e-6, "slow": 1.0, "rounded": True,
    "norm_affine": True, "norm_rotated": False, "sinks": False, "qk_norm": None, "out_bias": None, "trained": None,
    "grow": None, "grow_steps": None,
    "fast": None, "magnitude": None, "latent": None, "query_latent": None, "rotary_width": None, "value_width": None,
}  # fmt: skip


class Attention(nn.Module):
    """softmax(q k' / sqrt(d) + scores) v, head by head, as Vaswani 2017 writes it."""

    def __init__(self, o: Options, s: Shapes) -> None:
        super().__init__()
        flow = s[:-1] if "scores" in o else s
        query, key, value = flow if len(flow) == 3 else flow * 3
        self.places = (query, key, value)
        self.o, self.scored, self.several = o, "scores" in o, len(flow) == 3
        self.heads, self.kv = o["heads"], o.get("kv_heads", o["heads"])
        self.project, self.space = o.get("project", True), query.space
        need(self.heads % self.kv == 0)
        need(not o.get("causal") or (query.time, query.space) == (key.time, key.space))
        need((key.time, key.space) == (value.time, value.space))
        for shape in (query, key, value):
            need((shape.time is None) != (not shape.space))
        need("width" in o or query.maps % self.heads == 0)
        self.width = o.get("width") or query.maps // self.heads
        need(self.project or not ("width" in o or "init" in o))
        if not self.project:
            need(key.maps == self.kv * self.width and value.maps % self.kv == 0)
        else:
            bias = o.get("bias", True)
            norms, eps = o.get("qk_norm"), o.get("eps", 1e-6)
            if norms is not None:
                heads, weighted = ((1, 1) if norms == "head" else (self.heads, self.kv)), o.get("norm_affine", True)
                self.query_norm, self.key_norm = (nn.RMSNorm(n * self.width, eps, weighted) for n in heads)
            beside, wide = o.get("rotary_width", 0), o.get("value_width", self.width)
            low, narrow = o.get("latent"), o.get("query_latent")
            if low:  # DeepSeek 2024: what all heads share stands in one short vector
                self.compress, self.compress_norm = nn.Linear(key.maps, low, bias), nn.RMSNorm(low, eps)
            if narrow:
                self.query_compress, self.query_compress_norm = (
                    nn.Linear(query.maps, narrow, bias), nn.RMSNorm(narrow, eps)
                )  # fmt: skip
            if beside:
                self.rotary_key = nn.Linear(key.maps, beside, bias)
            self.query = nn.Linear(narrow or query.maps, self.heads * (self.width + beside), bias)
            self.key = nn.Linear(low or key.maps, self.kv * self.width, bias)
            self.value = nn.Linear(low or value.maps, self.kv * wide, bias)
            self.out = nn.Linear(self.heads * wide, query.maps, o.get("out_bias", bias))
            if o.get("sinks"):
                self.sinks = nn.Parameter(torch.zeros(self.heads))
        given = {
            name for name, usual in USUAL.items() if o.get(name, usual) != usual
        }  # fmt: skip
        need(self.project or not given & {"qk_norm", "out_bias", "value_width", "latent", "sinks"})
        need("rotary" in o or not given & {"part", "pairs", "stretch", "magnitude", "trained"})
        need(o.get("stretching", "all") != "all" if "trained" in o else not given & {"stretching", "fast", "slow"})
        need("rounded" not in given or o.get("stretching") == "yarn")
        need("qk_norm" in o or not given & {"norm_rotated", "norm_affine"})
        need(("grow" in o) == ("grow_steps" in o))
        need("latent" in o or not given & {"query_latent", "rotary_width"})
        need("qk_norm" in o or "latent" in o or "eps" not in given)
        if "latent" in o:
            need(not self.several and "qk_norm" not in o and ("rotary" in o) <= ("rotary_width" in o))
            need(not {"part", "rotary_width"} <= given)
        need(not ("norm_rotated" in given and o.get("qk_norm") == "maps"))
        self.turned = o.get("rotary_width") or int(self.width * o.get("part", 1.0))
        need("rotary" not in o or (self.turned > 0 and self.turned % 2 == 0))
        apart = (query.time, query.space) != (key.time, key.space)
        need(not apart or not ("window" in o or "chunk" in o or o.get("alibi")))
        need(len(query.space) <= 1 or not ("chunk" in o or o.get("alibi")))
        shift = o.get("shift", 0)
        need("window" in o or not any(shift if isinstance(shift, tuple) else (shift,)))
        if "window" in o and query.space:
            need(not o.get("causal") and not o.get("alibi") and "chunk" not in o)
            self.tile, self.by = each(o["window"], query.space), each(shift, query.space)
            pairs = zip(query.space, self.tile, self.by, strict=True)
            need(all(n % size == 0 and by < size for n, size, by in pairs))
        elif "window" in o:
            need(isinstance(o["window"], int) and shift == 0)

    def forward(self, *values: Tensor) -> Tensor:
        scores = values[-1] if self.scored else None
        flow = values[:-1] if self.scored else values
        pairs = zip(flow, self.places, strict=False)
        flow = tuple(value.flatten(2).transpose(1, 2) if shape.space else value for value, shape in pairs)
        q, k, v = flow if self.several else flow * 3
        beside = self.turn(self.rotary_key(k)) if "rotary_width" in self.o else None
        if "query_latent" in self.o:
            q = self.query_compress_norm(self.query_compress(q))
        if "latent" in self.o:
            k = v = self.compress_norm(self.compress(k))
        if self.project:
            q, k, v = self.query(q), self.key(k), self.value(v)
            if self.o.get("qk_norm") == "maps":
                q, k = self.query_norm(q), self.key_norm(k)
        results = []
        each = self.heads // self.kv
        for head in range(self.heads):
            a, b = part(q, head, self.heads), part(k, head // each, self.kv)
            after = self.o.get("norm_rotated")
            if self.o.get("qk_norm") == "head" and not after:
                a, b = self.query_norm(a), self.key_norm(b)
            if beside is None:
                a, b = self.turn(a), self.turn(b)
            else:
                a = torch.cat([a[..., : self.width], self.turn(a[..., self.width :])], -1)
                b = torch.cat([b, beside], -1)
            if after:
                a, b = self.query_norm(a), self.key_norm(b)
            results.append(self.one_head(a, b, part(v, head // each, self.kv), scores, head))
        y = torch.cat(results, 2)
        y = self.out(y) if self.project else y
        return y if self.timed else y.transpose(1, 2).reshape(len(y), -1, *self.space)

    @property
    def timed(self) -> bool:
        return not self.space

    def one_head(self, q: Tensor, k: Tensor, v: Tensor, scores: Tensor | None, head: int) -> Tensor:
        products = torch.einsum("bqd,bkd->bqk", q, k) * self.o.get("scale", 1 / math.sqrt(q.shape[-1]))
        if "grow" in self.o:
            passed = (self.places_of(q.shape[1]) + 1) // self.o["grow_steps"]
            products = products * (1 + self.o["grow"] * torch.log1p(passed.double()))[:, None]
        if "cap" in self.o:
            products = self.o["cap"] * torch.tanh(products / self.o["cap"])
        away = torch.arange(q.shape[1])[:, None] - torch.arange(k.shape[1])
        if self.o.get("alibi"):
            products = products - slope(head, self.heads) * away.abs()
        if "window" in self.o and self.space:
            window, place = self.windows()
            if scores is not None:
                products = products + scores[:, head if scores.shape[1] > 1 else 0][:, place[:, None], place]
            products = products.masked_fill((window[:, None] != window).any(-1), -math.inf)
        elif "window" in self.o:
            products = products.masked_fill(away.abs() >= self.o["window"], -math.inf)
        if scores is not None and not ("window" in self.o and self.space):
            products = products + scores[:, head if scores.shape[1] > 1 else 0]
        if self.o.get("causal"):
            later = torch.ones(q.shape[1], k.shape[1]).triu(1).bool()
            products = products.masked_fill(later, -math.inf)
        if "chunk" in self.o:
            place = torch.arange(q.shape[1]) // self.o["chunk"]
            products = products.masked_fill(place[:, None] != place, -math.inf)
        powers = products.exp()
        whole = powers.sum(2, keepdim=True) + (self.sinks[head].exp() if self.o.get("sinks") else 0)
        return powers / whole @ v

    def places_of(self, steps: int) -> Tensor:
        """Which place of the sequence, or of its window, each step is, from 0."""
        return self.windows()[1] if "window" in self.o and self.space else torch.arange(steps)

    def windows(self) -> tuple[Tensor, Tensor]:
        """Each place's window, a number an axis, and which place of a window it is; shifted ones begin later."""
        places = torch.cartesian_prod(*map(torch.arange, self.space)).reshape(-1, len(self.space))
        moved, size = places - torch.tensor(self.by), torch.tensor(self.tile)
        inside = moved % size
        steps = [math.prod(self.tile[axis + 1 :]) for axis in range(len(self.tile))]
        return moved.div(size, rounding_mode="floor"), (inside * torch.tensor(steps)).sum(-1)

    def turn(self, x: Tensor) -> Tensor:
        """Rotary positions by complex numbers: value i and i + width/2 of a head turn together (Su 2021)."""
        if "rotary" not in self.o:
            return x
        half = self.turned // 2
        rates = torch.tensor([self.o["rotary"] ** (-2 * i / self.turned) for i in range(half)])
        by, rule, trained = self.o.get("stretch", 1.0), self.o.get("stretching", "all"), self.o.get("trained", 1)
        slow, length = rates / by, self.o.get("magnitude", 0.1 * math.log(by) + 1 if rule == "yarn" else 1.0)
        few, many = self.o.get("slow", 1.0), self.o.get("fast", 32.0 if rule == "yarn" else 4.0)
        if rule == "llama3":  # the bounds of transformers' wavelengths
            waves = 2 * math.pi / rates
            smooth = (trained / waves - few) / max(many - few, 1e-3)
            between = (1 - smooth) * slow + smooth * rates
            between = torch.where(waves > trained / few, slow, between)
            rates = torch.where((smooth >= 1) & (waves < trained / few), rates, between)
        elif rule == "yarn" and by > 1:
            ends = [
                self.turned * math.log(trained / (turns * 2 * math.pi)) / (2 * math.log(self.o["rotary"]))
                for turns in (many, few)
            ]
            ends = [math.floor(ends[0]), math.ceil(ends[1])] if self.o.get("rounded", True) else ends
            low, high = max(ends[0], 0), min(ends[1], self.turned - 1)
            ramp = ((torch.arange(half) - low) / max(high - low, 1e-3)).clamp(0, 1)
            rates = slow * ramp + rates * (1 - ramp)
        else:
            rates = slow
        angles = self.places_of(x.shape[1])[:, None] * rates
        x, rest = x[..., : self.turned], x[..., self.turned :]
        near = self.o.get("pairs") == "neighbours"
        halves = (x[..., ::2], x[..., 1::2]) if near else (x[..., :half], x[..., half:])
        turned = torch.complex(*halves) * torch.polar(torch.full_like(angles, length), angles)
        together = torch.view_as_real(turned).flatten(-2) if near else torch.cat([turned.real, turned.imag], -1)
        return torch.cat([together, rest], -1)


def each(value: int | tuple[int, ...], space: tuple[int, ...]) -> tuple[int, ...]:
    found = value if isinstance(value, tuple) else (value,) * len(space)
    need(len(found) == len(space))
    return found


def slope(head: int, heads: int) -> float:
    """ALiBi's slope of a head; with a number of heads that is no power of 2, every other one of twice as many."""
    whole = 1 << (heads.bit_length() - 1)
    return 2.0 ** (-8 * (head + 1) / whole) if head < whole else 2.0 ** (-4 * (2 * (head - whole) + 1) / whole)


def part(x: Tensor, number: int, of: int) -> Tensor:
    return x.chunk(of, dim=2)[number]


@st.composite
def attended(draw: Any) -> Shapes:
    """One value, or queries, keys and values; then perhaps the scores that are added."""
    maps = draw(st.sampled_from((2, 4, 6, 8, 12)))
    place = st.sampled_from(
        [
            Shape(maps, (), 3),
            Shape(maps, (), 4),
            Shape(maps, (3,)),
            Shape(maps, (2, 2)),
            Shape(maps, (4, 6)),
            Shape(maps),
        ]
    )
    query = draw(place)
    found = [query]
    if draw(st.booleans()):
        key = draw(st.one_of(place, st.just(query)))
        key = key._replace(maps=draw(st.sampled_from((maps, maps, 4))))
        value = draw(st.sampled_from((key, key, key, query)))
        found += [key, value._replace(maps=draw(st.sampled_from((maps, 6))))]
    if draw(st.integers(0, 3)) == 0:
        length = [math.prod(shape.space) if shape.space else shape.time or 1 for shape in (found[0], found[-1])]
        length[1] += draw(st.sampled_from((0, 0, 0, 1)))
        found.append(Shape(draw(st.sampled_from((1, 2, 4))), tuple(length)))
    return tuple(found)


def with_heads(s: Shapes) -> dict[str, Any]:
    real = st.sampled_from((0.5, 1.0, 3.0)).map(lambda v: (v, str(v)))
    base = st.sampled_from((1.0, 100.0, 10000.0)).map(lambda v: (v, str(int(v))))
    half = st.sampled_from((1.0, 0.5)).map(lambda v: (v, str(v)))
    eps = st.just((1e-3, "1e-3"))
    turns = st.sampled_from((1.0, 8.0)).map(lambda v: (v, str(v)))
    even = st.sampled_from((2, 4)).map(lambda v: (v, str(v)))
    special = {"heads": divisors(s[0].maps), "kv_heads": divisors(4), "scale": real, "rotary": base}
    special |= {"part": half, "cap": real, "stretch": real.filter(lambda pair: pair[0] >= 1), "eps": eps}
    special |= {"fast": turns, "slow": turns, "magnitude": real, "rotary_width": even}
    if len(s) in (2, 4):
        special["scores"] = Forced(("scores", "abcd"[len(s) - 1]))
    return special


# options that need others, or refuse much of what is drawn
RARE = (*USUAL, "chunk", "shift", "alibi")


def scored(o: Options, s: Shapes) -> nn.Module:
    found = Attention(o, s)
    if "scores" in o:
        scores = s[-1]
        lengths = tuple(math.prod(x.space) if x.space else x.time for x in (s[0], s[1] if len(s) == 4 else s[0]))
        lengths = (math.prod(found.tile),) * 2 if s[0].space and "window" in o else lengths
        need(scores.time is None and scores.space == lengths and scores.maps in (1, o["heads"]))
    return found


class Scan(nn.Module):
    """A sum of steps, or a matrix for each head that sums products of keys and values, one step after another."""

    def __init__(self, o: Options, s: Shapes) -> None:
        super().__init__()
        self.o = o
        flow = s[: len(s) - ("decay" in o) - ("delta" in o)]
        need(len(flow) in (1, 3))
        need(all(shape.time is not None and shape.time == flow[0].time for shape in flow))
        self.single, rest, heads = not flow[-1].space, s[len(flow) :], flow[-1]
        if len(flow) == 3:
            need(flow[0] == flow[1])
            need(all(len(shape.space) == len(flow[2].space) < 2 for shape in flow))
            need(self.single or flow[2].maps % flow[1].maps == 0)
            heads = Shape(1 if self.single else heads.maps, (), heads.time)
        else:
            need("delta" not in o)
        for shape in rest:
            need(shape.maps == heads.maps and shape.space in ((), heads.space) and shape.time in (None, heads.time))
        self.flow, self.rest = flow, rest

    def forward(self, *values: Tensor) -> Tensor:
        flow, steps = [*values[: len(self.flow)]], values[0].shape[1]
        rest = [
            x if shape.time else x[:, None].expand(-1, steps, *x.shape[1:])
            for x, shape in zip(values[len(self.flow) :], self.rest, strict=True)
        ]
        axes = flow[-1].dim() if len(flow) == 1 else 3
        rest = [x[(..., *(None,) * (axes - x.dim()))] for x in rest]
        left = torch.exp(-rest[0]) if "decay" in self.o else torch.ones(1, steps, *(1,) * (axes - 2))
        found = []
        if len(flow) == 1:
            state = torch.zeros_like(flow[0][:, 0])
            for t in range(steps):
                state = flow[0][:, t] + left[:, t] * state
                found.append(state)
            return torch.stack(found, 1)
        q, k, v = (x[:, :, None] if self.single else x for x in flow)
        q, k = (x.repeat_interleave(v.shape[2] // x.shape[2], 2) for x in (q, k))
        state = torch.zeros(v.shape[0], v.shape[2], k.shape[3], v.shape[3])
        for t in range(steps):
            state, now = left[:, t, :, None, None] * state, v[:, t]
            if "delta" in self.o:
                now = rest[-1][:, t, :, None] * (now - torch.einsum("bhn,bhnp->bhp", k[:, t], state))
            state = state + torch.einsum("bhn,bhp->bhnp", k[:, t], now)
            found.append(torch.einsum("bhn,bhnp->bhp", q[:, t], state))
        return torch.stack(found, 1).squeeze(2) if self.single else torch.stack(found, 1)


@st.composite
def scanned(draw: Any) -> Shapes:
    """One value, or queries, keys and values; then perhaps numbers for a decay and for the delta rule."""
    time = draw(st.integers(1, 4))
    if draw(st.booleans()):
        flow = [draw(shapes(axes=(0, 1), time=True))]
        numbers = [flow[0], flow[0].step, Shape(flow[0].maps, (), flow[0].time)]
    else:
        groups, width, heads = (draw(st.sampled_from(sizes)) for sizes in ((1, 2), (2, 3), (2, 4, 1)))
        key = Shape(groups, (width,), time) if heads > 1 else Shape(width, (), time)
        flow = [key, key, Shape(heads, (3,), time) if heads > 1 else Shape(3, (), time)]
        flow[1] = draw(st.sampled_from((key, key, key, key, Shape(5, (width,), time))))
        numbers = [Shape(heads, (), time), Shape(heads), Shape(heads + 1, (), time)]
    for _ in range(draw(st.integers(0, 2))):
        flow.append(draw(st.sampled_from((*numbers[:2], *numbers))))
    return tuple(flow)


def with_layers(s: Shapes) -> dict[str, Any]:
    """The layers that follow the one value or the three: the decay, then the share."""
    rest = s[3:] if len(s) > 3 or (len(s) == 3 and s[0] == s[1] and s[2].time) else s[1:]
    names = ("decay", "delta") if len(rest) == 2 else (("decay",) if len(s) % 2 else ("delta",))
    labels = "abcde"[len(s) - len(rest) : len(s)]
    return {name: Forced((name, label)) for name, label in zip(names, labels, strict=False)}


def like(s: Shapes) -> dict[str, Any]:
    return {"like": Forced(("like", "b"))} if len(s) == 2 else {}


SEQUENCES |= {
    "rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "attention": Oracle(build=scored, inputs=attended(), special=with_heads, rarely=RARE, over_time=always),
    "scan": Oracle(build=Scan, inputs=scanned(), special=with_layers, over_time=always),
    "expand": Oracle(build=expand, inputs=st.one_of(ONE, related()), special=like, over_time=always),
}
