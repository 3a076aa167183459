"""`expand(maps = n)`: one value repeated along a role."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import structure
from netspec.ir.operation import Lowering, Op, listed, option, plain, wants_values
from netspec.ir.sizes import text
from netspec.ir.types import Time, Type, refuse


class Expand(Op):
    """Repeats a value along roles it does not have: one map as n, a value without space or time over one.

    `like = x` gives it every role of the layer x.

    Shape: (B, [T,] C, *space) -> (B, [T',] C', *space').
    """

    name = "expand"
    family = "rearrange"
    summary = "one value repeated along maps, space or time"
    source = "torch.Tensor.expand"
    example = "mask -> expand(maps = 64)"
    maps: Any = option(
        "size", "how many maps one map becomes", default=None, least=1, mark=structure("as {} maps", "맵 {}개로")
    )
    space: Any = option(
        "extent",
        "the space a value without space is spread over",
        default=None,
        least=1,
        mark=structure("over {}", "{}에 걸쳐"),
    )
    time: Any = option(
        "size",
        "the steps a value without time is repeated for",
        default=None,
        least=1,
        mark=structure("for {} steps", "{}시점 동안"),
    )
    like: Any = option(
        "layer",
        "a layer whose roles it gets",
        default=None,
        mark=structure({True: "as large as another layer"}, {True: "다른 층의 크기로"}),
    )
    inputs = None

    @property
    def over_time(self) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        if self.like is not None:
            return inputs[1]
        value = inputs[0]
        space = value.space if self.space is None else self.space if isinstance(self.space, tuple) else (self.space,)
        time = value.time if self.time is None else Time(self.time)
        return Type(value.maps if self.maps is None else self.maps, space, time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.like is not None:
            return self._like(value, inputs[1])
        if self.maps is None and self.space is None and self.time is None:
            refuse("NS349")
        maps, space, time = value.maps, value.space, value.time
        if self.maps is not None:
            if maps != 1:
                refuse("NS350", option="maps", role="maps", type=str(value), size=text(maps))
            maps = self.maps
        if self.space is not None:
            if space:
                refuse("NS350", option="space", role="space", type=str(value), size="")
            space = self.space if isinstance(self.space, tuple) else (self.space,)
        if self.time is not None:
            if time is not None:
                refuse("NS350", option="time", role="time", type=str(value), size="")
            time = Time(self.time)
        return Type(maps, space, time)

    def _like(self, value: Type, other: Type) -> Type:
        if value.maps not in (1, other.maps):
            refuse("NS350", option="like", role="maps", type=str(value), size=text(value.maps))
        for mine, theirs, role in ((value.space, other.space, "space"), (value.time, other.time, "time")):
            if mine and mine != theirs:
                refuse("NS350", option="like", role=role, type=str(value), size="")
        return Type(other.maps, other.space, other.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value, result = inputs[0], call.types[0], self.shape(*call.types)
        if result.time is not None and value.time is None:
            steps = inputs[1].shape[1] if self.like is not None else plain((result.time.length,))[0]
            x = x.add_axis(1, steps)
        if not value.space:
            for size in plain(result.space):
                x = x.add_axis(-1, size)
        timed = 1 if result.time is None else 2
        return x.broadcast((*x.shape[:timed], *plain((result.maps, *result.space))))

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        result = self.shape(*inputs)
        slot = "{0}"
        if result.time is not None and value.time is None:
            slot += "[:, None]"
        slot += "[..., " + ", ".join("None" for _ in result.space) + "]" if result.space and not value.space else ""
        sizes, values = listed((result.maps, *result.space))
        steps = ""
        if result.time is not None and value.time is not None:
            steps = "-1, "
        elif result.time is not None and self.like is not None:
            steps = "{1}.shape[1], "
        elif result.time is not None:
            steps = "{steps}, "
            values["steps"] = result.time.length
        return Lowering(f"{slot}.expand(-1, {steps}{sizes})", values=values)
