"""Operations that choose by value: the largest values in order, which one is largest, the value at a given place."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.compute.arrays import Array, Winner, constants, filled, join, total, whole
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import OVER, TITLE, structure
from netspec.ir.operation import Lowering, Op, Part, option, plain, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Time, Type, refuse


def _timed(op: Op, value: Type, step: str) -> Time:
    """Return the time of a value that an operation chooses steps of; raise ShapeFault if there is none to choose of."""
    if value.time is None:
        refuse("NS325", input=0, step=step, type=str(value))
    if value.time.varying:
        refuse("NS308", input=0, step=step, type=str(value))
    return value.time


def _winners(x: Array, count: int) -> Iterator[Array]:
    """Yield 1 where the largest value along the last axis is, then where the second is, …"""
    chosen = filled(0.0, x.shape)
    for _ in range(count):
        best = whole(Winner(chosen.where(LOWEST, x), False), x.shape)
        yield best
        chosen = chosen + best


class Ordered(Op):
    """Largest values along maps or time, one after the other."""

    family = "rearrange"
    role: str = option("role", "along what", default="maps", choices=("maps", "time"), mark=structure(OVER.en, OVER.ko))

    @property
    def over_time(self) -> bool:
        return self.role == "time"

    def length(self, value: Type) -> Size:
        """Return how many values it chooses of."""
        wants_values(self, value)
        return _timed(self, value, f"{self.name}(…, time)").length if self.role == "time" else value.maps

    def axis(self, value: Type) -> int:
        return (-2 if self.role == "time" else -1) - len(value.space)

    def last(self, x: Array) -> Array:
        """Move the axis that it chooses along, which is the first after the batch, to the end."""
        return x.move(1, -1)


class TopK(Ordered):
    """The k largest values, the largest first; or where they stand, or the value itself with all others 0.

    Shape: (B, [T,] C, *space) -> (B, [T,] k, *space), places (B, [T,] k); over time (B, T, C) -> (B, k, C).
    """

    name = "topk"
    summary = "the k largest values, the largest first"
    source = "torch.topk; Kalchbrenner 2014 (k-max pooling), Makhzani 2013 (k-sparse)"
    titles = ("top {count}", "상위 {count}개")
    example = "64 perceptrons -> topk(8)"
    positional = ("count", "role")
    count: Size = option("size", "how many", least=1, mark=TITLE)
    give: str = option(
        "word",
        "the values, their places as classes, or the input with all others 0",
        default="values",
        choices=("values", "places", "sparse"),
        mark=structure({"places": "their places", "sparse": "others 0"}, {"places": "그 자리", "sparse": "나머지는 0"}),
    )

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        length = self.length(value)
        if isinstance(length, int) and isinstance(self.count, int) and self.count > length:
            refuse("NS600", option="count", input=0, count=text(self.count), number=text(length), type=str(value))
        if self.give == "sparse":
            return value
        if self.give == "places":
            if value.space or self.role == "time":
                refuse("NS589", option="give", input=0, type=str(value))
            return Type(1, (self.count,), value.time, value.maps)
        return value._replace(time=Time(self.count)) if self.role == "time" else value._replace(maps=self.count)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = self.last(inputs[0])
        best = [each.add_axis(-1) for each in _winners(x, plain((self.count,))[0])]
        chosen = join(-1, *best)  # (…, length, k)
        letters = "abcdefgh"[: len(x.shape)]
        if self.give == "sparse":
            return (x * total(f"{letters}z->{letters}", chosen)).move(-1, 1)
        if self.give == "places":
            places = constants(range(x.shape[-1]), (x.shape[-1],))
            return total(f"{letters}z,{letters[-1]}->{letters[:-1]}z", chosen, places)
        return total(f"{letters}z,{letters}->{letters[:-1]}z", chosen, x).move(-1, 1)

    def torch(self, *inputs: Type) -> Lowering:
        values = {"count": self.count, "axis": self.axis(inputs[0])}
        if self.give == "sparse":
            return Lowering("largest_only({x}, {count}, {axis})", values=values, parts=(LARGEST_ONLY,))
        found = "values" if self.give == "values" else "indices"
        return Lowering(f"{{x}}.topk({{count}}, {{axis}}).{found}", values=values)


LARGEST_ONLY = Part(
    "largest_only",
    '''def largest_only(x: Tensor, k: int, dim: int) -> Tensor:
    """The k largest values along an axis at their places, all others 0."""
    values, places = x.topk(k, dim)
    return torch.zeros_like(x).scatter(dim, places, values)''',
)


class Sort(Ordered):
    """The same values in order: the smallest first, or with `descending` the largest.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "sort"
    summary = "the same values in order, the smallest first"
    source = "torch.sort"
    example = "8 perceptrons -> sort"
    positional = ("role",)
    descending: bool = option(
        "flag", "the largest first", default=False, mark=structure({True: "largest first"}, {True: "큰 것부터"})
    )

    def shape(self, *inputs: Type) -> Type:
        self.length(inputs[0])
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = self.last(inputs[0])
        letters = "abcdefgh"[: len(x.shape)]
        best = [total(f"{letters},{letters}->{letters[:-1]}", each, x) for each in _winners(x, x.shape[-1])]
        best = best if self.descending else best[::-1]
        return join(1, *(each.add_axis(1) for each in best))

    def torch(self, *inputs: Type) -> Lowering:
        largest = ", descending=True" if self.descending else ""
        return Lowering(f"{{x}}.sort({{axis}}{largest}).values", values={"axis": self.axis(inputs[0])})


class ArgMax(Op):
    """Which map holds the largest value, as a class; of equal ones the first. No gradient flows back.

    Shape: (B, [T,] C, *space) -> class indices (B, [T,] *space).
    """

    name = "argmax"
    family = "rearrange"
    blocks_gradient = True
    summary = "which map is the largest, as a class"
    source = "torch.argmax"
    example = "K perceptrons -> argmax"

    def partial(self, *inputs: Type) -> Type:
        return Type(1, inputs[0].space, inputs[0].time, inputs[0].maps)

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return self.partial(*inputs)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0].move(1, -1)
        letters = "abcdefgh"[: len(x.shape)]
        places = constants(range(x.shape[-1]), (x.shape[-1],))
        return total(f"{letters},{letters[-1]}->{letters[:-1]}", whole(Winner(x, False), x.shape), places)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}.argmax({axis})", values={"axis": -1 - len(inputs[0].space)})


class Gather(Op):
    """The value at a given place: `q, action -> gather` is the map that `action` names, at each place and time step.

    `x, place -> gather(time)` is the time step that `place` names, or one step for each of its own.

    Shape: (B, [T,] C, *space) with classes (B, [T,] *space) -> (B, [T,] 1, *space); time (B, T, C) with classes
    (B, [S]) -> (B, [S,] C).
    """

    name = "gather"
    family = "rearrange"
    inputs = 2
    summary = "the map, or the time step, that a class names"
    source = "torch.gather"
    example = "q, action -> gather"
    positional = ("role",)
    role: str = option("role", "of what", default="maps", choices=("maps", "time"), mark=structure(OVER.en, OVER.ko))

    @property
    def over_time(self) -> bool:
        return self.role == "time"

    def shape(self, *inputs: Type) -> Type:
        value, place = inputs
        wants_values(self, value)
        if place.classes is None:
            refuse("NS332", input=1, step="gather", type=str(place))
        if self.role == "time":
            length = _timed(self, value, "gather(time)").length
            if place.classes != length or place.space or value.space:
                refuse("NS588", input=1, left=str(value), right=str(place), number=text(length))
            return Type(value.maps, (), place.time)
        if place.classes != value.maps or place.space != value.space or place.time != value.time:
            refuse("NS588", input=1, left=str(value), right=str(place), number=text(value.maps))
        return value._replace(maps=1)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, place = inputs
        if self.role == "maps":
            rows = constants(range(x.shape[1]), (x.shape[1], *(1 for _ in x.shape[2:])))
            return (x * place.add_axis(1).equals(rows)).sum(1)
        chosen = place.add_axis(-1).equals(constants(range(x.shape[1]), (x.shape[1],)))
        steps = "s" if call.types[1].time is not None else ""
        return total(f"b{steps}t,btc->b{steps}c", chosen, x)

    def torch(self, *inputs: Type) -> Lowering:
        value, place = inputs
        if self.role == "time":
            rows = "[:, None]" if place.time is not None else ""
            return Lowering(f"{{0}}[torch.arange({{0}}.shape[0], device={{0}}.device){rows}, {{1}}]")
        return Lowering("{0}.gather({axis}, {1}.unsqueeze({axis}))", values={"axis": -1 - len(value.space)})

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        return ("values", "which") if lang == "en" else ("값", "어느 것")
