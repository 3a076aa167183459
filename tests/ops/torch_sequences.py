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
            norms = o.get("qk_norm")
            if norms is not None:
                heads = (1, 1) if norms == "head" else (self.heads, self.kv)
                self.query_norm, self.key_norm = (nn.RMSNorm(n * self.width, o.get("eps", 1e-6)) for n in heads)
            self.query = nn.Linear(query.maps, self.heads * self.width, bias)
            self.key = nn.Linear(key.maps, self.kv * self.width, bias)
            self.value = nn.Linear(value.maps, self.kv * self.width, bias)
            self.out = nn.Linear(self.heads * self.width, query.maps, o.get("out_bias", bias))
        need(self.project or not ("qk_norm" in o or "out_bias" in o))
        usual = {"part": 1.0, "pairs": "halves", "stretch": 1.0, "stretching": "all"}
        need("rotary" in o or all(o.get(name, value) == value for name, value in usual.items()))
        need((o.get("stretching", "all") == "all") == ("trained" not in o))
        need("qk_norm" in o or o.get("eps", 1e-6) == 1e-6)
        self.turned = int(self.width * o.get("part", 1.0))
        need("rotary" not in o or (self.turned > 0 and self.turned % 2 == 0))
        apart = (query.time, query.space) != (key.time, key.space)
        need(not apart or not ("window" in o or o.get("alibi")))
        need(len(query.space) <= 1 or not o.get("alibi"))
        shift = o.get("shift", 0)
        need("window" in o or not any(shift if isinstance(shift, tuple) else (shift,)))
        if "window" in o and query.space:
            need(not o.get("causal") and not o.get("alibi"))
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
        if self.project:
            q, k, v = self.query(q), self.key(k), self.value(v)
            if self.o.get("qk_norm") == "maps":
                q, k = self.query_norm(q), self.key_norm(k)
        results = []
        each = self.heads // self.kv
        for head in range(self.heads):
            a, b = part(q, head, self.heads), part(k, head // each, self.kv)
            if self.o.get("qk_norm") == "head":
                a, b = self.query_norm(a), self.key_norm(b)
            a, b = self.turn(a), self.turn(b)
            results.append(self.one_head(a, b, part(v, head // each, self.kv), scores, head))
        y = torch.cat(results, 2)
        y = self.out(y) if self.project else y
        return y if self.timed else y.transpose(1, 2).reshape(len(y), -1, *self.space)

    @property
    def timed(self) -> bool:
        return not self.space

    def one_head(self, q: Tensor, k: Tensor, v: Tensor, scores: Tensor | None, head: int) -> Tensor:
        products = torch.einsum("bqd,bkd->bqk", q, k) * self.o.get("scale", 1 / math.sqrt(self.width))
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
        return torch.softmax(products, 2) @ v

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
        slow, length = rates / by, 1.0
        if rule == "llama3":  # the bounds of transformers' wavelengths
            waves = 2 * math.pi / rates
            smooth = (trained / waves - 1) / 3
            between = (1 - smooth) * slow + smooth * rates
            rates = torch.where(waves < trained / 4, rates, torch.where(waves > trained, slow, between))
        elif rule == "yarn" and by > 1:
            ends = [
                self.turned * math.log(trained / (turns * 2 * math.pi)) / (2 * math.log(self.o["rotary"]))
                for turns in (32, 1)
            ]
            low, high = max(math.floor(ends[0]), 0), min(math.ceil(ends[1]), self.turned - 1)
            ramp = ((torch.arange(half) - low) / (high - low or 1e-3)).clamp(0, 1)
            rates, length = slow * ramp + rates * (1 - ramp), 0.1 * math.log(by) + 1
        else:
            rates = slow
        steps = self.windows()[1] if "window" in self.o and self.space else torch.arange(x.shape[1])
        angles = steps[:, None] * rates
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
    special = {"heads": divisors(s[0].maps), "kv_heads": divisors(4), "scale": real, "rotary": base}
    special |= {"part": half, "cap": real, "stretch": real.filter(lambda pair: pair[0] >= 1), "eps": eps}
    if len(s) in (2, 4):
        special["scores"] = Forced(("scores", "abcd"[len(s) - 1]))
    return special


# options that need others, or refuse much of what is drawn
RARE = ("part", "pairs", "stretch", "eps", "out_bias", "shift", "alibi", "qk_norm", "stretching", "trained")


def scored(o: Options, s: Shapes) -> nn.Module:
    found = Attention(o, s)
    if "scores" in o:
        scores = s[-1]
        lengths = tuple(math.prod(x.space) if x.space else x.time for x in (s[0], s[1] if len(s) == 4 else s[0]))
        lengths = (math.prod(found.tile),) * 2 if s[0].space and "window" in o else lengths
        need(scores.time is None and scores.space == lengths and scores.maps in (1, o["heads"]))
    return found


def like(s: Shapes) -> dict[str, Any]:
    return {"like": Forced(("like", "b"))} if len(s) == 2 else {}


SEQUENCES |= {
    "rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "attention": Oracle(build=scored, inputs=attended(), special=with_heads, rarely=RARE, over_time=always),
    "expand": Oracle(build=expand, inputs=st.one_of(ONE, related()), special=like, over_time=always),
}
