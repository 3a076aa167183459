"""Vectors for class indices and for positions in time."""

from __future__ import annotations

import itertools
import math
from typing import Any

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import OVER, TITLE, kind, structure
from netspec.ir.operation import (
    Argument,
    Construct,
    Init,
    Lowering,
    Op,
    Part,
    Weight,
    listed,
    option,
    plain,
    wants_values,
)
from netspec.ir.sizes import Size, divides, product
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted


class Embed(Weighted):
    """Replaces a class index by a row of a trained K x width table.

    Shape: class indices (B, [T,] *space) -> (B, [T,] width, *space).
    """

    name = "embed"
    family = "embed"
    wiring = "full"
    stored = "in_out"
    init_parts = ("weight",)
    summary = "a trained vector for each class"
    titles = ("embedding, {width} values", "임베딩, 값 {width}개")
    formula = "x = W[c]"
    source = "Bengio 2003; torch.nn.Embedding"
    example = "tokens -> embed(768, init = normal(0, 0.02))"
    positional = ("width",)
    width: Size = option("size", "values of each vector", least=1, mark=TITLE)

    def partial(self, *inputs: Type) -> Type:
        return Type(self.width, inputs[0].space, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.classes is None:
            refuse("NS332", input=0, step="embed", type=str(value))
        return Type(self.width, value.space, value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        classes = inputs[0].classes
        assert classes is not None
        return (self.weight("weight", (classes, self.width), Init("embedding"), fan_in=self.width, fan_out=classes),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        table, x = call.weight("weight"), inputs[0]
        chosen = x.add_axis(-1).equals(constants(range(table.shape[0]), (table.shape[0],)))
        places = "xyz"[: len(x.shape) - 1]
        return total(f"b{places}k,kd->bd{places}", chosen, table)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        assert value.classes is not None
        forward = "{self}({x})" if not value.space else f"{{self}}({{x}}).movedim(-1, {-1 - len(value.space)})"
        return Lowering(forward, Construct("nn.Embedding", plain((value.classes, self.width))))


class Index(Op):
    """The number of each place along a role, from 0: of each map, of each time step, or of each place of space.

    Shape: (B, [T,] C, *space) -> (B, [T,] C) of maps, (B, T, 1) of time, (B, [T,] axes, *space) of space.
    """

    name = "index"
    titles = ("index {over}", "{over} 번호")
    family = "embed"
    summary = "the number of each map, time step or place, from 0"
    source = "torch.arange"
    example = "x -> index(time)"
    positional = ("role",)
    role: str = option("role", "what is numbered", choices=("maps", "time", "space"), mark=TITLE)

    def title(self, lang: str = "en") -> str:
        return self.titles[lang == "ko"].format(over=OVER.words(lang, self.role, None)[0])

    @property
    def over_time(self) -> bool:
        return self.role == "time"

    @property
    def counts_steps(self) -> bool:  # type: ignore[override]
        return self.role == "time"

    def ignores(self, position: int) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        value = inputs[0]
        if self.role == "space":
            return Type(len(value.space) if isinstance(value.space, tuple) else value.maps, value.space, value.time)
        return Type(1 if self.role == "time" else value.maps, (), value.time)

    def shape(self, *inputs: Type) -> Type:
        value, step = inputs[0], f"index({self.role})"
        if self.role == "maps":
            wants_values(self, value)
        elif self.role == "space" and not value.space:
            refuse("NS309", input=0, step=step, type=str(value))
        elif self.role == "time" and value.time is None:
            refuse("NS325", input=0, step=step, type=str(value))
        return self.partial(value)

    def compute(self, call: Call, *inputs: Array) -> Array:
        value, lead = call.types[0], inputs[0].shape[:1]
        if self.role == "time":
            steps = inputs[0].shape[1]
            return constants(range(steps), (steps, 1)).add_axis(0, *lead)
        if self.role == "maps":
            (maps,) = plain((value.maps,))
            return constants(range(maps), (maps,)).add_axis(0, *lead)
        space = plain(value.space)
        places = list(itertools.product(*map(range, space)))
        numbers = [float(place[axis]) for axis in range(len(space)) for place in places]
        return constants(numbers, (len(space), *space)).add_axis(0, *lead)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        sizes, values = listed((value.maps,) if self.role == "maps" else value.space)
        numbers = "torch.arange({count}, dtype={dtype}, device={x}.device)"
        if self.role == "time":
            forward = numbers.replace("{count}", "{x}.shape[1]") + "[:, None].expand({batch}, -1, -1)"
            return Lowering(forward, onward="{counted}[..., None].to({dtype})")
        axes = [numbers.replace("{count}", size) for size in sizes.split(", ")]
        lead = f"*{{x}}.shape[:{-len(value.space) - (value.classes is None)}]"
        if self.role == "maps":
            return Lowering(f"{axes[0]}.expand({lead}, -1)", values=values)
        grid = f'torch.stack(torch.meshgrid({", ".join(axes)}, indexing="ij"))' if len(axes) > 1 else f"{axes[0]}[None]"
        return Lowering(f"{grid}.expand({lead}{', -1' * (len(axes) + 1)})", values=values)


class OneHot(Op):
    """Turns a class index into K maps: 1 in the map of the index, 0 in the others.

    Shape: class indices (B, [T,] *space) -> (B, [T,] K, *space).
    """

    name = "onehot"
    titles = ("", "원-핫")
    effect = "select"
    family = "embed"
    summary = "a class index as K maps, one of them 1"
    formula = "x_k = 1 if k = c else 0"
    example = "hidden x: onehot"

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.classes is None:
            refuse("NS332", input=0, step="onehot", type=str(value))
        return Type(value.classes, value.space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        classes: Any = call.types[0].classes
        return inputs[0].add_axis(1).equals(constants(range(classes), (classes, *(1 for _ in inputs[0].shape[1:]))))

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        hot = "F.one_hot({x}, {classes}).to({dtype})"
        if value.space:
            hot = f"{hot}.movedim(-1, {-1 - len(value.space)})"
        return Lowering(hot, values={"classes": value.classes})


SINES = Part(
    "sines",
    '''def sines(places: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Sines and cosines of each place, of wavelengths from 2 pi to 10,000 * 2 pi (Vaswani 2017)."""
    rates = torch.exp(torch.arange(0, width, 2, device=places.device) * (-math.log(10000.0) / width))
    angles = places[..., None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(dtype)''',
)


class Positions(Weighted):
    """Adds a vector for each position in time; the vectors are trained, or made of sines.

    Shape: (B, T, C) -> (B, T, width).
    """

    name = "positions"
    titles = ("", "위치")
    family = "embed"
    over_time = True
    counts_steps = True
    init_parts = ("weight",)
    summary = "a vector for each place in time"
    formula = "p_t = W[t]"
    source = "Gehring 2017 (trained), Vaswani 2017 (sines)"
    example = "hidden wpe: tokens -> positions(768)"
    positional = ("width",)
    width: Any = option(
        "size", "values of each vector; those of the input when left out", default=None, least=1, mark=TITLE
    )
    kind: str = option(
        "word",
        "trained vectors, or sines and cosines",
        default="learned",
        choices=("learned", "sine"),
        mark=kind({"learned": "learned", "sine": "sinusoidal"}, {"learned": "학습됨", "sine": "사인파"}),
    )

    def ignores(self, position: int) -> bool:
        return True

    def unstored(self, part: str) -> str:
        return "kind = sine" if self.kind == "sine" else super().unstored(part)

    def _width(self, value: Type) -> Size:
        return value.maps if self.width is None else self.width

    def partial(self, *inputs: Type) -> Type:
        return Type(self._width(inputs[0]), (), inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.time is None:
            refuse("NS325", input=0, step="positions", type=str(value))
        width = self._width(value)
        if self.kind == "sine" and not divides(2, width):
            refuse("NS333", option="width", width=str(width))
        return Type(width, (), value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        time = inputs[0].time
        if self.kind == "sine" or time is None:
            return ()
        width = self._width(inputs[0])
        return (self.weight("weight", (time.length, width), Init("embedding"), fan_in=width, fan_out=time.length),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        examples, steps = inputs[0].shape[:2]
        (width,) = plain((self._width(call.types[0]),))
        if self.kind == "learned":
            return call.weight("weight").pick(0, range(steps)).add_axis(0, examples)
        rates = [math.exp(place * -math.log(10000) / width) for place in range(0, width, 2)]
        waves = [wave(step * rate) for step in range(steps) for rate in rates for wave in (math.sin, math.cos)]
        return constants(waves, (steps, width)).add_axis(0, examples)

    def torch(self, *inputs: Type) -> Lowering:
        time = inputs[0].time
        assert time is not None
        sizes = plain((time.length, self._width(inputs[0])))
        places = "torch.arange({x}.shape[1], device={x}.device)"
        if self.kind == "sine":
            table = f"sines({places}, {{width}}, {{dtype}})"
            onward = "sines({counted}, {width}, {dtype})"
            found = Lowering("", values={"width": sizes[1]}, parts=(SINES,))
        else:
            table, onward = f"{{self}}({places})", "{self}({counted})"
            found = Lowering("", Construct("nn.Embedding", sizes))
        return found._replace(forward=f"{table}.expand({{batch}}, -1, -1)", shared=table, onward=onward)


RELATIVE = Part(
    "relative",
    '''def relative(table: Tensor, *space: int) -> Tensor:
    """The row of the table for the way from each place to each other: (heads, places, places) (Liu 2021)."""
    axes = [torch.arange(n, device=table.device) for n in space]
    places = torch.stack(torch.meshgrid(axes, indexing="ij"), -1).flatten(0, -2)
    index = torch.zeros(len(places), len(places), dtype=torch.long, device=table.device)
    for n, axis in zip(space, places.unbind(-1), strict=True):
        index = index * (2 * n - 1) + axis[:, None] - axis + n - 1
    return table[index].movedim(-1, 0)''',
)
_BUCKETS = {
    False: (
        "rows //= 2  # one half for what lies ahead",
        "index = rows * (ahead > 0)",
        "away = ahead.abs()",
    ),
    True: ("index = torch.zeros_like(ahead)", "away = (-ahead).clamp(min=0)"),
}


def _buckets(causal: bool) -> Part:
    """Return the function that counts distances in buckets, in both directions or backwards only."""
    name = "relative_causal_buckets" if causal else "relative_buckets"
    lines = "\n    ".join(_BUCKETS[causal])
    return Part(
        name,
        f'''def {name}(table: Tensor, steps: int, farthest: int) -> Tensor:
    """The row of the table for the bucket of each distance: (heads, steps, steps) (Raffel 2020)."""
    rows = table.shape[0]
    place = torch.arange(steps, device=table.device)
    ahead = place - place[:, None]
    {lines}
    near = rows // 2  # distances below this have rows of their own
    log = torch.log(away.clamp(min=near).float() / near) / math.log(farthest / near)
    far = (near + (log * (rows - near)).long()).clamp(max=rows - 1)
    return table[index + torch.where(away < near, away, far)].movedim(-1, 0)''',
    )


class Relative(Weighted):
    """Begins a chain with a trained number for each head and each way from one place, or step, to another.

    `relative(8 over T)` holds 8 numbers for each of 2T - 1 distances, `relative(3@7x7)` 3 for each of 13 x 13 ways;
    attention adds them to its products as `scores`. With `buckets` distances share rows, far ones more than near ones.

    Shape: nothing -> (B, heads, places, places).
    """

    name = "relative"
    family = "embed"
    over_time = True
    init_parts = ("weight",)
    summary = "trained scores for the distance between two places"
    titles = ("relative positions, {value}", "상대 위치, {value}")
    formula = "s_qk = W[k - q]"
    source = "Shaw 2018; Raffel 2020 (buckets); Liu 2021 (windows)"
    example = "hidden near: relative(8 over 16)"
    positional = ("value",)
    inputs = 0
    begins = True
    value: Any = option("type", "how many heads, and over which steps or places", mark=TITLE)
    buckets: Any = option(
        "size", "how many rows the distances share", default=None, least=4, mark=structure("{} buckets", "구간 {}개")
    )
    farthest: Size = option(
        "size",
        "distances from here on share the last bucket",
        default=128,
        least=2,
        mark=structure("farthest {}", "가장 먼 거리 {}"),
    )
    causal: bool = option(
        "flag",
        "buckets for earlier steps only; later ones count as the step itself",
        default=False,
        mark=structure({True: "backwards only"}, {True: "뒤로만"}),
    )

    @property
    def _space(self) -> tuple[Size, ...]:
        value = self.value
        return value.space if value.time is None else (value.time.length,)

    def shape(self, *inputs: Type) -> Type:
        value = self.value
        if value.classes is not None or bool(value.space) == (value.time is not None):
            refuse("NS598", option="value", type=str(value))
        for name, usual in (("farthest", 128), ("causal", False)):
            if getattr(self, name) != usual and self.buckets is None:
                refuse("NS567", option=name, name=name, other="buckets")
        if self.buckets is not None:
            if len(self._space) > 1:
                refuse("NS361", option="buckets", name="buckets", other=str(value))
            if not self.causal and not divides(2, self.buckets):
                refuse("NS315", option="buckets", what="buckets", number=str(self.buckets), groups="2")
            near = self._rows // 2
            if isinstance(near, int) and isinstance(self.farthest, int) and self.farthest <= near:
                refuse("NS599", option="farthest", farthest=str(self.farthest), near=str(near))
        places = product(self._space)
        return Type(value.maps, (places, places))

    @property
    def _rows(self) -> Any:
        """The buckets of one direction."""
        return self.buckets if self.causal else self.buckets // 2

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        rows = product(2 * size - 1 for size in self._space) if self.buckets is None else self.buckets
        return (self.weight("weight", (rows, self.value.maps), Init("normal", (0.0, 0.02))),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        table, rows = call.weight("weight"), self.rows()
        chosen = table.pick(0, [row for line in rows for row in line]).swap(0, 1)
        return chosen.reshape(table.shape[1], len(rows), len(rows)).add_axis(0, call.examples)

    def rows(self) -> list[list[int]]:
        """Return which row of the table each place reads for each other place."""
        space = plain(self._space)
        places = list(itertools.product(*map(range, space)))
        return [[self._row(q, k, space) for k in places] for q in places]

    def _row(self, query: tuple[int, ...], key: tuple[int, ...], space: tuple[int, ...]) -> int:
        if self.buckets is None:
            row = 0
            for size, q, k in zip(space, query, key, strict=True):
                row = row * (2 * size - 1) + q - k + size - 1
            return row
        (rows,) = plain((self._rows,))
        ahead = key[0] - query[0]
        first = rows if ahead > 0 and not self.causal else 0
        away, near = (max(0, -ahead) if self.causal else abs(ahead)), rows // 2
        if away < near:
            return first + away
        share = math.log(away / near) / math.log(plain((self.farthest,))[0] / near)
        return first + min(rows - 1, near + int(share * (rows - near) + 1e-9))  # type: ignore[no-any-return]

    def torch(self, *inputs: Type) -> Lowering:
        if self.buckets is None:
            sizes, values = listed(self._space)
            return Lowering(
                f"relative({{self}}, {sizes}).expand({{batch}}, -1, -1, -1)", values=values, parts=(RELATIVE,)
            )
        part = _buckets(self.causal)
        numbers: dict[str, Argument] = {"steps": plain(self._space)[0], "farthest": self.farthest}
        forward = f"{part.name}({{self}}, {{steps}}, {{farthest}}).expand({{batch}}, -1, -1, -1)"
        return Lowering(forward, values=numbers, parts=(part,))

    @property
    def bare(self) -> bool:
        return True
