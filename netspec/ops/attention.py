"""`attention(heads)`: every time step computes a weighted mean of the values of all time steps."""

from __future__ import annotations

import itertools
import math
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from netspec.compute.arrays import Array, constants, join, total
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import NO_BIAS, SAFETY, TITLE, kind, structure, unseen
from netspec.ir.operation import Argument, Construct, Kept, Lowering, Weight, extent, option, plain, wants_values
from netspec.ir.sizes import Formula, Size, divides, is_open, product, text
from netspec.ir.types import Type, refuse, space_text
from netspec.ops.attention_part import Form, attention_part
from netspec.ops.weighted import ONES, ZEROS, Weighted

# options that mean something only beside another one: one of these
_NEEDS = {
    "part": ("rotary",), "pairs": ("rotary",), "stretch": ("rotary",), "stretching": ("trained",),
    "trained": ("rotary",), "fast": ("trained",), "slow": ("trained",), "magnitude": ("rotary",),
    "rotary_width": ("latent",), "query_latent": ("latent",), "norm_rotated": ("qk_norm",),
    "norm_affine": ("qk_norm",), "grow": ("grow_steps",), "grow_steps": ("grow",), "eps": ("qk_norm", "latent"),
}  # fmt: skip


class Attention(Weighted):
    """Scaled dot-product attention with query, key, value and out layers.

    With one input it is self-attention; three inputs are queries, keys and values. The sequence is time, or space if
    the input has maps without time.

    Shape: (B, T, C), keys and values (B, S, C') -> (B, T, C); without time (B, C, *space), unchanged.
    """

    name = "attention"
    family = "attention"
    over_time = True
    summary = "every step takes a weighted mean of what all steps hold"
    titles = ("attention, {heads} heads", "어텐션, 헤드 {heads}개")
    formula = "softmax(q k' / sqrt(d)) v"
    source = "Vaswani 2017; torch.nn.functional.scaled_dot_product_attention"
    example = "x + (x -> layernorm -> attention(12, causal = true))"
    inputs = None
    depth = 1
    inherits = MappingProxyType({"perceptrons": ("bias", "init", "frozen")})
    positional = ("heads",)
    heads: Size = option("size", "how many heads", least=1, mark=TITLE)
    kv_heads: Any = option(
        "size",
        "heads of keys and values, fewer than of queries",
        default=None,
        least=1,
        mark=structure("{} key-value heads", "키·값 헤드 {}개"),
    )
    width: Any = option(
        "size",
        "values of each head; maps / heads when left out",
        default=None,
        least=1,
        mark=structure("head width {}", "헤드 너비 {}"),
    )
    value_width: Any = option(
        "size",
        "of these, how many the values of a head have; `width` when left out",
        default=None,
        least=1,
        mark=structure("values of width {}", "값의 너비 {}"),
    )
    latent: Any = option(
        "size",
        "keys and values are computed from one compressed vector of so many values, which has an RMS norm",
        default=None,
        least=1,
        mark=structure("keys and values from a latent of {}", "너비 {}의 잠재 벡터에서 키와 값"),
    )
    query_latent: Any = option(
        "size",
        "queries, too, are computed from a compressed vector",
        default=None,
        least=1,
        mark=structure("queries from a latent of {}", "너비 {}의 잠재 벡터에서 질의"),
    )
    rotary_width: Any = option(
        "size",
        "each head has so many further values, which alone are rotated; all heads share those of keys",
        default=None,
        least=1,
        mark=structure("{} further values rotated", "따로 도는 값 {}개"),
    )
    causal: bool = option(
        "flag",
        "a step looks at itself and earlier ones only",
        default=False,
        mark=structure({True: "causal mask"}, {True: "인과 마스크"}),
    )
    window: Any = option(
        "extent",
        "over time a step looks at steps less than this far away; space is cut into windows of this size",
        default=None,
        least=1,
        mark=structure("window {}", "창 {}"),
    )
    shift: Any = option(
        "extent",
        "windows of space begin this many places later; those that the edge cuts are smaller",
        default=0,
        least=0,
        mark=structure("shifted by {}", "{}만큼 옮김"),
    )
    chunk: Any = option(
        "size",
        "steps are cut into chunks of so many, and a step looks at its own chunk only",
        default=None,
        least=1,
        mark=structure("chunks of {} steps", "{}시점의 덩어리"),
    )
    sinks: bool = option(
        "flag",
        "a learned number for each head joins its products before the softmax, so that a step may look at nothing",
        default=False,
        mark=structure({True: "attention sinks"}, {True: "어텐션 싱크"}),
    )
    bias: bool = option("flag", "the four layers have a weight for the constant 1", default=True, mark=NO_BIAS)
    out_bias: Any = option(
        "flag",
        "whether the out layer has one; as `bias` when left out",
        default=None,
        mark=kind(
            {False: "no bias of out", True: "bias of out"},
            {False: "출력 층에 편향 없음", True: "출력 층에 편향"},
            note=True,
        ),
    )
    dropout: float = option(
        "real",
        "probability with which a weight is dropped in training",
        default=0.0,
        least=0,
        most=1,
        mark=unseen("acts in training alone", "dropout {}", "드롭아웃 {}"),
    )
    # torch's kernels mask before they scale: a scale <= 0 would turn masked products (-inf) into NaN or +inf.
    scale: Any = option(
        "real",
        "what products are multiplied by; 1/sqrt(width) when left out",
        default=None,
        least=1e-6,
        mark=kind("scale {}", "배율 {}"),
    )
    cap: Any = option(
        "real",
        "products are kept within this bound by tanh",
        default=None,
        least=1e-6,
        mark=kind("scores capped at {}", "점수 상한 {}"),
    )
    grow: Any = option(
        "real",
        "products of step t are multiplied by 1 + this ln(1 + floor(t / grow_steps))",
        default=None,
        least=1e-6,
        mark=kind("products grow with {} ln t", "{} ln t로 자라는 곱"),
    )
    grow_steps: Any = option(
        "size",
        "after how many steps they begin to grow",
        default=None,
        least=1,
        mark=kind("growth from step {}", "{}시점부터 자람"),
    )
    qk_norm: Any = option(
        "word",
        "RMS norms of queries and keys: of each head, or of all maps",
        default=None,
        choices=("head", "maps"),
        mark=structure(
            {"head": "norms of queries and keys, head by head", "maps": "norms of queries and keys"},
            {"head": "헤드마다 질의와 키의 정규화", "maps": "질의와 키의 정규화"},
        ),
    )
    norm_rotated: bool = option(
        "flag",
        "these norms come after the rotation",
        default=False,
        mark=structure({True: "normed after rotation"}, {True: "회전 뒤 정규화"}),
    )
    norm_affine: bool = option(
        "flag",
        "these norms have weights",
        default=True,
        mark=kind({False: "norms without weights"}, {False: "정규화에 가중치 없음"}, note=True),
    )
    eps: float = option("real", "added to the mean square in these norms", default=1e-6, least=0, mark=SAFETY)
    rotary: Any = option(
        "real",
        "rotary positions with this base",
        default=None,
        least=1,
        mark=structure("rotary positions, base {}", "회전 위치, 밑 {}"),
    )
    part: float = option(
        "real",
        "which part of each head is rotated, from its first value on",
        default=1.0,
        least=0,
        most=1,
        mark=structure("{} of each head rotated", "헤드의 {}만 회전"),
    )
    pairs: str = option(
        "word",
        "which values rotate together: the halves of a head, or neighbours",
        default="halves",
        choices=("halves", "neighbours"),
        mark=structure({"neighbours": "neighbours rotated"}, {"neighbours": "이웃끼리 회전"}),
    )
    stretch: float = option(
        "real",
        "positions are divided by this",
        default=1.0,
        least=1,
        mark=kind("positions stretched {} times", "위치를 {}배로 늘림"),
    )
    stretching: str = option(
        "word",
        "what is stretched: all rotations, or slow ones more than fast ones by the rule of Llama 3 or YaRN",
        default="all",
        choices=("all", "llama3", "yarn"),
        mark=kind(
            {"llama3": "slow rotations only (Llama 3)", "yarn": "slow rotations only (YaRN)"},
            {"llama3": "느린 회전만(Llama 3)", "yarn": "느린 회전만(YaRN)"},
        ),
    )
    trained: Any = option(
        "size",
        "the length by which these rules tell fast rotations from slow ones",
        default=None,
        least=1,
        mark=unseen("the length that the net was trained at", "trained at {} steps", "{}시점으로 학습"),
    )
    fast: Any = option(
        "real",
        "rotations that turn so often in that length stay; 4 for llama3, 32 for yarn when left out",
        default=None,
        least=1e-6,
        mark=unseen("which rotations are stretched", "fast from {} turns", "{}바퀴부터 빠름"),
    )
    slow: float = option(
        "real",
        "rotations that turn less often are stretched whole",
        default=1.0,
        least=1e-6,
        mark=unseen("which rotations are stretched", "slow up to {} turns", "{}바퀴까지 느림"),
    )
    rounded: bool = option(
        "flag",
        "YaRN's bounds between fast and slow are whole pairs",
        default=True,
        mark=unseen("which rotations are stretched", {False: "bounds not rounded"}, {False: "반올림하지 않은 경계"}),
    )
    magnitude: Any = option(
        "real",
        "what rotated values are multiplied by; 1, or 0.1 ln(stretch) + 1 for yarn when left out",
        default=None,
        least=1e-6,
        mark=kind("rotated values × {}", "돈 값 × {}", note=True),
    )
    alibi: bool = option(
        "flag",
        "products fall with the distance, at another rate for each head",
        default=False,
        mark=structure({True: "ALiBi"}, {True: "ALiBi"}),
    )
    scores: Any = option(
        "layer",
        "a layer that is added to the products: heads @ queries x keys",
        default=None,
        mark=structure({True: "scores added"}, {True: "점수를 더함"}),
    )
    project: bool = option(
        "flag",
        "false: no query, key, value and out layers",
        default=True,
        mark=structure({False: "no projections"}, {False: "투영 없음"}),
    )

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def looks_across_time(self, position: int, count: int) -> bool:
        # a separate query is computed one time step at a time
        return position > 0 or count - (self.scores is not None) == 1

    # ---- types

    def _values(self, inputs: tuple[Type, ...]) -> tuple[Type, Type, Type, Type | None]:
        """Return queries, keys, values and scores."""
        scores = inputs[-1] if self.scores is not None else None
        given = inputs[:-1] if self.scores is not None else inputs
        if len(given) not in (1, 3):
            refuse("NS351", given=str(len(given)))
        query = given[0]
        key, value = (given[1], given[2]) if len(given) == 3 else (query, query)
        return query, key, value, scores

    def shape(self, *inputs: Type) -> Type:
        query, key, value, scores = self._values(inputs)
        wants_values(self, *inputs)
        for position, item in enumerate((query, key, value)):
            if self.length(item) is None:
                single = position == 0 and len(inputs) > 1 and not item.space and item.time is None
                refuse("NS352", input=position, hint="single" if single else "", type=str(item))
        if key.time != value.time or key.space != value.space:
            refuse("NS353", input=1, left=str(key), right=str(value))
        if self.causal and (query.time != key.time or query.space != key.space):
            refuse("NS354", option="causal", left=str(query), right=str(key))
        for name in ("window", "chunk", "alibi"):
            apart = (query.space, query.time) != (key.space, key.time)
            if getattr(self, name) and (apart or (name != "window" and len(query.space) > 1)):
                refuse("NS566", option=name, name=name, left=str(query), right=str(key))
        self._check_windows(query)
        self._check_heads(query, key, value)
        for name in ("width", "value_width", "latent", "qk_norm", "out_bias", "sinks"):
            if getattr(self, name) and not self.project:
                refuse("NS361", option=name, name=name, other="project = false")
        if self.latent is not None and len(inputs) - (scores is not None) > 1:
            refuse("NS582", option="latent", count=text(len(inputs) - (scores is not None)))
        self._check_needs()
        if self.rotary is not None and (self.turned(query) == 0 or not divides(2, self.turned(query))):
            at = "part" if self.part < 1 else "rotary" if self.rotary_width is None else "rotary_width"
            refuse("NS355", option=at, width=text(self.turned(query)))
        if scores is not None:
            self._check_scores(scores, query, key)
        maps = query.maps if self.project else value.maps * self.heads // self.kv
        return Type(maps, query.space, query.time)

    def _check_windows(self, query: Type) -> None:
        moved = any(by != 0 for by in (self.shift if isinstance(self.shift, tuple) else (self.shift,)))
        if self.window is None:
            if moved:
                refuse("NS567", option="shift", name="shift", other="window")
            return
        if not query.space:
            if isinstance(self.window, tuple):
                refuse("NS306", option="window", given=len(self.window), axes=1, name="window", space=str(query))
            if moved:
                refuse("NS596", option="shift", type=str(query))
            return
        for name in ("causal", "alibi", "chunk"):
            if getattr(self, name):
                refuse("NS361", option=name, name=name, other="window")
        for length, size, by in zip(query.space, self.tile(query), self.shifts(query) or (0, 0, 0), strict=False):
            if not divides(size, length):
                refuse("NS348", option="window", input=0, length=text(length), size=text(size), type=str(query))
            if isinstance(by, int) and isinstance(size, int) and by >= size:
                refuse("NS597", option="shift", shift=text(by), size=text(size))

    def _check_needs(self) -> None:
        """Refuse options that have no effect without another one, or together with it."""
        used = {name for name, declared in self.options.items() if getattr(self, name) != declared.default}
        for name, needed in _NEEDS.items():
            if name in used and not used.intersection(needed):
                refuse("NS567", option=name, name=name, other=needed[0])
        if self.stretching == "all" and self.trained is not None:
            refuse("NS567", option="trained", name="trained", other="stretching")
        if self.latent is not None and self.rotary is not None and self.rotary_width is None:
            refuse("NS584", option="rotary")
        if not self.rounded and self.stretching != "yarn":
            refuse("NS567", option="rounded", name="rounded", other="stretching = yarn")
        for name, other in (("part", "rotary_width"), ("qk_norm", "latent")):
            if name in used and other in used:
                refuse("NS583", option=name, name=name, other=other)
        if self.norm_rotated and self.qk_norm == "maps":
            refuse("NS583", option="norm_rotated", name="norm_rotated", other="qk_norm = maps")

    def _check_heads(self, query: Type, key: Type, value: Type) -> None:
        if not divides(self.kv, self.heads):
            refuse("NS356", option="kv_heads", heads=text(self.heads), kv=text(self.kv))
        if self.width is None and not divides(self.heads, query.maps):
            _uneven(query.maps, self.heads)
        if self.project:
            return
        per = query.maps // self.heads
        if not divides(self.kv, key.maps) or key.maps // self.kv != per:
            refuse("NS358", input=1, left=str(query), right=str(key))
        if not divides(self.kv, value.maps):
            _uneven(value.maps, self.kv)

    def _check_scores(self, scores: Type, query: Type, key: Type) -> None:
        want = (self.reach(query), self.reach(key))
        if scores.time is not None or scores.space != want or scores.maps not in (1, self.heads):
            shown = f"{text(self.heads)} @ {space_text(want)}"  # type: ignore[arg-type]
            refuse("NS359", option="scores", type=str(scores), want=shown)

    @property
    def kv(self) -> Size:
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def turns(self) -> tuple[float, float]:
        """How often fast and slow rotations turn in the trained length."""
        usual = 32.0 if self.stretching == "yarn" else 4.0
        return (usual if self.fast is None else self.fast), self.slow

    def head(self, query: Type) -> Size:
        """Return the number of values of one head, without those that are rotated beside them."""
        if self.width is not None and self.project:
            return self.width  # type: ignore[no-any-return]
        return query.maps // self.heads

    def value_head(self, query: Type) -> Size:
        """Return how many values of each head are averaged."""
        return self.head(query) if self.value_width is None else self.value_width

    def turned(self, query: Type) -> Size:
        """Return how many values of each head are rotated."""
        if self.rotary_width is not None:
            return self.rotary_width  # type: ignore[no-any-return]
        head = self.head(query)
        if self.part == 1 or isinstance(head, Formula):
            return head
        return int(head * self.part)

    def length(self, value: Type) -> Size | None:
        """Return the length of the sequence, which is time, or space if there is no time."""
        if value.time is not None:
            return None if value.space else value.time.length
        return product(value.space) if value.space else None

    def tile(self, value: Type) -> tuple[Size, ...]:
        """Return the size of the windows that space is cut into; () if it is not."""
        return extent(self.window, value.space, "window") if self.window is not None and value.space else ()

    def shifts(self, value: Type) -> tuple[Size, ...]:
        """Return by how much these windows are moved along each axis; () if they are not."""
        found = extent(self.shift, value.space, "shift")
        return found if any(by != 0 for by in found) else ()

    def reach(self, value: Type) -> Size | None:
        """Return how many places there are in what one of them looks at: a window of space, or the whole sequence."""
        return product(self.tile(value)) if self.tile(value) else self.length(value)

    # ---- weights

    def _sizes(self, inputs: tuple[Type, ...]) -> dict[str, tuple[Size, Size]]:
        """Return (out, in) of each of its layers."""
        query, key, value, _ = self._values(inputs)
        head, averaged = self.head(query), self.value_head(query)
        beside: Size = 0 if self.rotary_width is None else self.rotary_width
        found: dict[str, tuple[Size, Size]] = {}
        if self.query_latent is not None:
            found["query_compress"] = (self.query_latent, query.maps)
        found["query"] = (self.heads * (head + beside), self.query_latent or query.maps)
        if self.latent is not None:
            found["compress"] = (self.latent, key.maps)
        if self.rotary_width is not None:
            found["rotary_key"] = (beside, key.maps)
        found["key"] = (self.kv * head, self.latent or key.maps)
        found["value"] = (self.kv * averaged, self.latent or value.maps)
        found["out"] = (query.maps, self.heads * averaged)
        return found

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        if not self.project:
            return ()
        found: list[Weight] = []
        for name, (out, fan) in self._sizes(inputs).items():
            found.append(self.weight(f"{name}.weight", (out, fan), fan_in=fan, fan_out=out))
            if self._biased(name):
                found.append(self.weight(f"{name}.bias", (out,), fan_in=fan))
        for name, latent in (("query_compress", self.query_latent), ("compress", self.latent)):
            if latent is not None:
                found.append(Weight(f"{name}_norm.weight", (latent,), ONES))
        if self.sinks:
            found.append(Weight("sinks", (self.heads,), ZEROS))
        if self.qk_norm is not None and self.norm_affine:
            head = self.head(inputs[0])
            for name, heads in (("query_norm", self.heads), ("key_norm", self.kv)):
                found.append(Weight(f"{name}.weight", (head if self.qk_norm == "head" else heads * head,), ONES))
        return tuple(found)

    def _biased(self, name: str) -> bool:
        return bool(self.bias if name != "out" or self.out_bias is None else self.out_bias)

    # ---- the computation

    def compute(self, call: Call, *inputs: Array) -> Array:
        query, key, _, scores = self._values(call.types)
        single = query.time is None and not query.space
        given = inputs[:-1] if scores is not None else inputs
        size, by = plain(self.tile(query)), plain(self.shifts(query))
        cut = [_cut(x, size, by) for x in given] if size else given
        sequences = [_sequence(x, own) for x, own in zip(cut, call.types, strict=False)]
        queries, keys, values = sequences if len(sequences) == 3 else sequences * 3
        beside = self._rotated(self._layer(call, "rotary_key", keys).add_axis(1)) if self.rotary_width else None
        if self.query_latent is not None:
            queries = self._compressed(call, "query_compress", queries)
        if self.latent is not None:
            keys = values = self._compressed(call, "compress", keys)
        q = self._headed(call, "query", queries, plain((self.heads,))[0])
        k, v = (self._headed(call, name, x, plain((self.kv,))[0]) for name, x in (("key", keys), ("value", values)))
        if beside is not None:
            still = k.shape[-1]
            q = join(-1, q.pick(-1, range(still)), self._rotated(q.pick(-1, range(still, q.shape[-1]))))
            k = join(-1, k, beside.broadcast((*k.shape[:-1], beside.shape[-1])))
        elif self.rotary is not None:
            q, k = self._rotated(q), self._rotated(k)
        if self.norm_rotated:
            q, k = (self._scaled(call, f"{name}_norm", x) for name, x in (("query", q), ("key", k)))
        if self.grow is not None:
            (every,) = plain((self.grow_steps,))
            length = q.shape[2]
            growth = [1 + self.grow * math.log(1 + step // every) for step in range(1, length + 1)]
            q = q * constants(growth, (length, 1))
        # neighbouring query heads share a key head
        q = q.split(1, k.shape[1], q.shape[1] // k.shape[1])
        scale = 1 / math.sqrt(q.shape[-1]) if self.scale is None else self.scale
        products = total("bghtw,bgsw->bghts", q, k) * scale
        if self.cap is not None:
            products = (products / self.cap).tanh() * self.cap
        if self.alibi:
            products = products + self._far(*products.shape[1:])
        if scores is not None:
            added = inputs[-1].pick(-2, range(q.shape[3])).pick(-1, range(k.shape[2]))
            if size:  # the same for all windows of an example
                added = added.add_axis(1, q.shape[0] // call.examples).reshape(-1, *added.shape[1:])
            added = added.broadcast((added.shape[0], q.shape[1] * q.shape[2], *added.shape[2:]))
            products = products + added.split(1, q.shape[1], q.shape[2])
        products = self._masked(call, products, key)
        if by:
            products = _neighbours(call.examples, plain(query.space), size, by).where(products, LOWEST)
        seen = products.shape[-1]
        if self.sinks:
            sinks = call.weight("sinks").split(0, *q.shape[1:3]).add_axis(-1).add_axis(-1)
            products = join(-1, products, sinks.broadcast((*products.shape[:-1], 1)))
        powers = (products - products.largest(-1).stop()).exp()
        shares = (powers / powers.sum(-1)).pick(-1, range(seen))
        if call.training and self.dropout > 0:
            shares = call.dropped(shares, self.dropout)
        found = total("bghts,bgsw->btghw", shares, v)
        found = found.reshape(*found.shape[:2], -1)
        if self.project:
            found = self._layer(call, "out", found)
        if single:
            return found.at(1, 0)
        if size:
            return _whole(found, plain(query.space), size, by)
        return found if query.time is not None else found.swap(1, 2).reshape(found.shape[0], -1, *plain(query.space))

    def _layer(self, call: Call, name: str, x: Array) -> Array:
        found = total("ji,bti->btj", call.weight(f"{name}.weight"), x)
        return found + call.weight(f"{name}.bias") if self._biased(name) else found

    def _headed(self, call: Call, name: str, x: Array, heads: int) -> Array:
        """Return the queries, keys or values as (B, heads, T, width)."""
        whole = self._layer(call, name, x) if self.project else x
        norm = "" if name == "value" or self.norm_rotated else self.qk_norm
        whole = self._scaled(call, f"{name}_norm", whole) if norm == "maps" else whole
        found = whole.split(2, heads, whole.shape[2] // heads).swap(1, 2)
        return self._scaled(call, f"{name}_norm", found) if norm == "head" else found

    def _compressed(self, call: Call, name: str, x: Array) -> Array:
        return self._scaled(call, f"{name}_norm", self._layer(call, name, x))

    def _scaled(self, call: Call, name: str, x: Array) -> Array:
        found = x / ((x * x).mean(-1) + self.eps).sqrt()
        return found * call.weight(f"{name}.weight") if self.norm_affine else found

    def _far(self, groups: int, heads: int, steps: int, others: int) -> Array:
        """Return what ALiBi adds to the products (B, groups, heads of a group, T, S)."""
        away = [-slope * abs(t - s) for slope in slopes(groups * heads) for t in range(steps) for s in range(others)]
        return constants(away, (groups, heads, steps, others))

    def _rotated(self, x: Array) -> Array:
        """Apply rotary positions to (B, heads, T, width): pairs of values turn together (Su 2021)."""
        steps, width = x.shape[-2], int(x.shape[-1] * self.part)
        rates = rotations(width, self)
        factor = self._magnitude()
        angles = [step * rate for step in range(steps) for rate in rates]
        waves = ([factor * wave(angle) for angle in angles] for wave in (math.cos, math.sin))
        cos, sin = (constants(each, (steps, width // 2)) for each in waves)
        first = range(width // 2) if self.pairs == "halves" else range(0, width, 2)
        second = range(width // 2, width) if self.pairs == "halves" else range(1, width, 2)
        left, right = x.pick(-1, first), x.pick(-1, second)
        turned = join(-1, left * cos - right * sin, right * cos + left * sin)
        order = sorted(range(width), key=[*first, *second].__getitem__)
        turned = turned.pick(-1, order)
        return turned if width == x.shape[-1] else join(-1, turned, x.pick(-1, range(width, x.shape[-1])))

    def _magnitude(self) -> float:
        """Return what rotated values are multiplied by."""
        if self.magnitude is None:
            return 0.1 * math.log(self.stretch) + 1 if self.stretching == "yarn" else 1.0
        return float(self.magnitude)

    def _masked(self, call: Call, products: Array, key: Type) -> Array:
        """Set the products that a step must not see to the lowest number."""
        steps, others = products.shape[-2:]
        if self.causal or (self.window is not None and not key.space):
            (far,) = plain((self.window or max(steps, others),))
            behind = 1 if self.causal else far
            near = [float(-behind < t - s < far) for t in range(steps) for s in range(others)]
            products = constants(near, (steps, others)).where(products, LOWEST)
        if self.chunk is not None:
            (size,) = plain((self.chunk,))
            own = [float(t // size == s // size) for t in range(steps) for s in range(others)]
            products = constants(own, (steps, others)).where(products, LOWEST)
        if call.lengths is not None and key.time is not None and key.time.varying:
            seen = call.mask(others).split(0, call.examples, 1, 1, 1)
            products = seen.where(products, LOWEST)
        return products

    # ---- PyTorch code

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.dropout > 0 else ""

    def torch(self, *inputs: Type) -> Lowering:
        form = self._form(inputs)
        part = attention_part(form)
        slots = ["{0}", "{1}", "{2}"] if form.several else ["{0}"]
        ahead = ""
        if form.remembers:
            slots, ahead = ["{0}", "{ahead}"], "{self}.remember({1}, {2})"
        if form.scores:
            slots.append(f"scores={{{len(inputs) - 1}}}")
        if form.masked:
            slots.append("lengths={lengths1}" if form.several else "lengths={lengths}")
        if form.project:
            made = self._construct(part.name, form, inputs)
            return Lowering(f"{{self}}({', '.join(slots)})", made, parts=(part,), ahead=ahead)
        values = self._extra(form, inputs[0])
        slots += [f"{name}={{{name}}}" for name in values]
        if form.dropping:
            slots.append("dropout={dropout} if self.training else 0.0")
            values["dropout"] = self.dropout
        return Lowering(f"{part.name}({', '.join(slots)})", values=values, parts=(part,))

    def _form(self, inputs: tuple[Type, ...]) -> Form:
        query, key, _, scores = self._values(inputs)
        return Form(
            several=len(inputs) >= 3,
            project=self.project,
            grouped=self.kv != self.heads,
            causal=self.causal,
            rotary=self.rotary is not None,
            part=self.rotary is not None and self.part < 1,
            neighbours=self.pairs == "neighbours",
            stretched="" if self.stretch == 1 else self.stretching,
            window=self.window is not None and not query.space,
            tiled=bool(self.tile(query)),
            shifted=bool(self.tile(query) and self.shifts(query)),
            cap=self.cap is not None,
            norm=self.qk_norm or "",
            norm_rotated=self.norm_rotated,
            norm_affine=self.norm_affine,
            rounded=self.rounded,
            magnitude=self.magnitude is not None,
            latent=self.latent is not None,
            query_latent=self.query_latent is not None,
            rotary_width=self.rotary_width is not None,
            value_width=self.value_width is not None,
            chunk=self.chunk is not None,
            sinks=self.sinks,
            grow=self.grow is not None,
            alibi=self.alibi,
            out_bias=self.out_bias is not None,
            scores=scores is not None,
            masked=key.time is not None and bool(key.time.varying),
            scale=self.scale is not None,
            dropping=not self.project and self.dropout > 0,
            space=len(query.space) if query.time is None else 0,
            key_space=len(key.space) if key.time is None else 0,
            # inside a recurrence the query is a single time step, and the keys are outside of it
            single=query.time is None and not query.space,
            wide=self.project
            and (
                self.latent is not None or self.value_width is not None or self.heads * self.head(query) != query.maps
            ),
        )

    def _construct(self, name: str, form: Form, inputs: tuple[Type, ...]) -> Construct:
        query, key, value, _ = self._values(inputs)
        dims = plain((query.maps, key.maps, value.maps)) if form.several else plain((query.maps,))
        extra = self._extra(form, query)
        width: tuple[Argument, ...] = (self.head(query),) if form.wide else ()
        sizes: tuple[Argument, ...] = (*dims, extra.pop("heads"), *width)
        kwargs: dict[str, Argument] = {"bias": self.bias, "dropout": self.dropout, **extra}
        if form.out_bias:
            kwargs["out_bias"] = self.out_bias
        if form.norm or form.latent:
            kwargs["eps"] = self.eps
        return Construct(name, sizes, kwargs, {"bias": True, "dropout": 0.0})

    def _extra(self, form: Form, query: Type) -> dict[str, Argument]:
        """Return the options that are in use, as numbers."""
        found: dict[str, Argument] = {"heads": plain((self.heads,))[0]}
        if form.grouped:
            found["kv_heads"] = plain((self.kv,))[0]
        if form.scale:
            found["scale"] = _real(self.scale)
        for name in ("value_width", "latent", "query_latent", "rotary_width", "window", "chunk"):
            if getattr(form, name):
                found[name] = plain((getattr(self, name),))[0]
        if form.tiled:
            found["window"] = plain(self.tile(query))
        if form.shifted:
            found["shift"] = plain(self.shifts(query))
        if form.cap:
            found["cap"] = _real(self.cap)
        if form.grow:
            found["grow"], found["grow_steps"] = _real(self.grow), plain((self.grow_steps,))[0]
        if form.rotary:
            found["base"] = _real(self.rotary)
        if form.part:
            found["turned"] = plain((self.turned(query),))[0]
        if form.stretched:
            found["stretch"] = _real(self.stretch)
        if form.stretched not in ("", "all"):
            found["trained"] = plain((self.trained,))[0]
            found["fast"], found["slow"] = map(_real, self.turns)
        if form.magnitude:
            found["magnitude"] = _real(self.magnitude)
        return found

    def kept(self, *inputs: Type) -> Kept:
        query, key, value, _ = self._values(inputs)
        if not self.causal or query.time is None:
            return Kept()
        own: Any = key.maps + value.maps
        if self.latent is not None:
            own = self.latent + (self.rotary_width or 0)
        elif self.project:
            own = self.kv * (self.head(query) + self.value_head(query))
        near = [size for size in (self.window, self.chunk) if size is not None]
        return Kept(step=own, bound=min(near, default=None))

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        words = {"en": ("queries", "keys", "values", "scores"), "ko": ("질의", "키", "값", "점수")}[lang]
        scores = words[3:] if self.scores is not None else ()
        given = count - len(scores)
        return (*({1: ("",), 2: (words[0], f"{words[1]}, {words[2]}")}.get(given, words[:given])), *scores)

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        query, key, _, _ = self._values(inputs)
        steps, others = self.length(query) or 1, self.length(key) or 1
        beside: Any = 0 if self.rotary_width is None else self.rotary_width
        total: Any = self.heads * (self.head(query) + beside + self.value_head(query)) * steps * (self.reach(key) or 1)
        if self.project:
            for name, (out, fan) in self._sizes(inputs).items():
                total = total + out * fan * (steps if name.startswith("query") or name == "out" else others)
        return total  # type: ignore[no-any-return]


def _real(value: Any) -> Argument:
    return value if is_open(value) else float(value)


def _uneven(maps: Any, heads: Any) -> NoReturn:
    """Raise ShapeFault for maps not divisible by heads. For open sizes the message suggests a `require` line."""
    numbers = isinstance(maps, int) and isinstance(heads, int)
    refuse("NS357", option="heads", hint="" if numbers else "open", maps=text(maps), heads=text(heads))


def _cut(x: Array, size: tuple[int, ...], by: tuple[int, ...]) -> Array:
    """Cut (B, C, *space) into windows: (B * windows, C, *size). Shifted windows at the edge lie side by side in one."""
    axes = len(size)
    for axis, step in enumerate(by, 2):
        x = x.pick(axis, [(place + step) % x.shape[axis] for place in range(x.shape[axis])])
    for axis, length in enumerate(size):
        x = x.split(2 + 2 * axis, x.shape[2 + 2 * axis] // length, length)
    order = (0, *range(2, 2 + 2 * axes, 2), 1, *range(3, 3 + 2 * axes, 2))
    return x.permute(*order).reshape(-1, x.shape[1], *size)


def _whole(x: Array, space: tuple[int, ...], size: tuple[int, ...], by: tuple[int, ...]) -> Array:
    """Put windows (B * windows, places, C) together again: (B, C, *space)."""
    counts = [length // window for length, window in zip(space, size, strict=True)]
    axes = len(size)
    x = x.reshape(-1, *counts, *size, x.shape[-1])
    x = x.permute(0, 1 + 2 * axes, *(axis for place in range(1, 1 + axes) for axis in (place, place + axes)))
    x = x.reshape(x.shape[0], x.shape[1], *space)
    for axis, step in enumerate(by, 2):
        x = x.pick(axis, [(place - step) % x.shape[axis] for place in range(x.shape[axis])])
    return x


def _neighbours(examples: int, space: tuple[int, ...], size: tuple[int, ...], by: tuple[int, ...]) -> Array:
    """Return 1 for places of a window that are none of two at opposite edges: (B * windows, 1, 1, places, places)."""
    places = itertools.product(*map(range, space))
    round_ = [
        [float(place >= length - step) for place, length, step in zip(at, space, by, strict=True)] for at in places
    ]
    marks = [sum(2**axis * passed for axis, passed in enumerate(each)) for each in round_]
    cut = _cut(constants(marks, (1, 1, *space)), size, ()).reshape(-1, 1, 1, math.prod(size))
    found = cut.add_axis(-1).equals(cut.add_axis(-2))
    return found.add_axis(0, examples).reshape(-1, *found.shape[1:])


def _sequence(x: Array, own: Type) -> Array:
    """Return a value as (B, T, maps): space becomes the sequence, a single time step a sequence of length one."""
    if own.time is not None:
        return x
    return x.reshape(*x.shape[:2], -1).swap(1, 2) if own.space else x.add_axis(1)


def rotations(width: int, op: Attention) -> list[float]:
    """Return by which angle each pair of `width` values turns from step to step."""
    rates: list[float] = [op.rotary ** (-place / width) for place in range(0, width, 2)]
    if op.stretch == 1 or op.stretching == "all":
        return [rate / op.stretch for rate in rates]
    fast, slow = op.turns
    if op.stretching == "llama3":
        turns = [op.trained * rate / (2 * math.pi) for rate in rates]
        kept = [min(1.0, max(0.0, (turn - slow) / max(1e-3, fast - slow))) for turn in turns]
    else:  # evenly in the order of pairs (Peng 2023)
        first, last = (
            width * math.log(op.trained / (2 * math.pi * turn)) / (2 * math.log(op.rotary)) for turn in (fast, slow)
        )
        first, last = (math.floor(first), math.ceil(last)) if op.rounded else (first, last)
        first, last = max(0, first), min(width - 1, last)
        kept = [1 - min(1.0, max(0.0, (place - first) / max(1e-3, last - first))) for place in range(len(rates))]
    return [rate * (keep + (1 - keep) / op.stretch) for rate, keep in zip(rates, kept, strict=True)]


def slopes(heads: int) -> list[float]:
    """Return by how much each head's products fall from step to step under ALiBi (Press 2022)."""
    whole = 2 ** int(math.log2(heads))
    first = [2 ** (-8 * place / whole) for place in range(1, whole + 1)]
    return first + [2 ** (-4 * place / whole) for place in range(1, 2 * (heads - whole), 2)]
