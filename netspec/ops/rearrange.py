"""Operations that rearrange values: reshape, flatten, transpose, split, repeat."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import GROUPS, OVER, TITLE, structure
from netspec.ir.operation import Lowering, Op, extent, listed, option, plain, wants_values
from netspec.ir.sizes import Formula, Size, divides, product, text
from netspec.ir.types import UNKNOWN, Time, Type, refuse, space_text


class Reshape(Op):
    """Rearranges the values of a time step, read maps first, then rows, then columns, as another type of the same size.

    Shape: (B, [T,] C, *space) -> (B, [T,] C', *space').
    """

    name = "reshape"
    titles = ("", "모양 바꾸기")
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "the same values in another arrangement"
    source = "torch.Tensor.reshape"
    example = "12544 perceptrons -> relu -> reshape(256@7x7)"
    positional = ("to",)
    to: Any = option("type", "the type to come out, of as many values", mark=TITLE)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.to.time is not None or self.to.classes is not None:
            refuse("NS340", option="to", type=str(self.to))
        if self.to.values != value.values:
            have, want = text(value.values), text(self.to.values)
            refuse("NS341", option="to", input=0, type=str(value), want=str(self.to), a=have, b=want)
        return Type(self.to.maps, self.to.space, value.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].reshape(inputs[0].shape[0], *plain((self.to.maps, *self.to.space)))

    def torch(self, *inputs: Type) -> Lowering:
        sizes, values = listed((self.to.maps, *self.to.space))
        axes = len(inputs[0].space)
        flat = "{x}" if not axes else f"{{x}}.flatten({-1 - axes})"
        if not self.to.space:
            return Lowering(flat)
        return Lowering(f"torch.unflatten({flat}, -1, ({sizes}))", values=values)


class Flatten(Op):
    """Turns places into time steps, row by row: `d @ h x w` -> `d over h*w`. Without a role every value becomes a map.

    `perceptrons` read all values of a step, so they need no `flatten` before them.

    Shape: (B, [T,] C, *space) -> (B, [T,] C * places); flatten(space) (B, C, *space) -> (B, places, C).
    """

    name = "flatten"
    titles = ("", "한 줄로")
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "places become time steps, or values become maps"
    example = "d filters 16x16 (stride = 16) -> flatten(space)"
    positional = ("role",)
    role: Any = option(
        "role",
        "space: its places become time steps",
        default=None,
        choices=("space",),
        mark=structure({"space": "places as time steps"}, {"space": "칸을 시점으로"}),
    )

    @property
    def over_time(self) -> bool:
        return self.role is not None

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if self.role is None:
            return Type(value.values, (), value.time, value.classes)
        if not value.space:
            refuse("NS309", input=0, step="flatten(space)", type=str(value))
        if value.time is not None:
            refuse("NS326", input=0, step="flatten(space)", type=str(value))
        return Type(value.maps, (), Time(product(value.space)), value.classes)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value = inputs[0], call.types[0]
        if self.role is None or value.classes is not None:
            return x.reshape(x.shape[0], -1)
        return x.reshape(*x.shape[:2], -1).swap(1, 2)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if value.classes is not None:
            return Lowering("{x}.flatten(1)")
        if self.role is None:
            return Lowering("{x}.flatten(1)", folds=True) if value.space else Lowering("{x}")
        return Lowering("{x}.flatten(2).transpose(1, 2)")


class Unflatten(Op):
    """Turns time steps into places, row by row: the reverse of `flatten(space)`.

    Shape: (B, T, C) -> (B, C, *to).
    """

    name = "unflatten"
    titles = ("", "여러 축으로")
    effect = "order"
    family = "rearrange"
    over_time = True
    linear = True
    summary = "time steps become places, row by row"
    source = "torch.nn.Unflatten"
    example = "repeat 12 { Encoder(12, 3072) } -> unflatten(14x14)"
    positional = ("to",)
    to: Any = option("extent", "the space to come out", least=1, mark=TITLE)

    @property
    def _space(self) -> tuple[Size, ...]:
        return self.to if isinstance(self.to, tuple) else (self.to,)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.time is None or value.space:
            refuse("NS311", input=0, step="unflatten", type=str(value))
        if value.time.varying:
            refuse("NS308", input=0, step="unflatten", type=str(value))
        if product(self._space) != value.time.length:
            places = text(product(self._space))
            refuse("NS370", option="to", input=0, type=str(value), want=space_text(self._space),
                   steps=text(value.time.length), places=places)  # fmt: skip
        return Type(value.maps, self._space, None, value.classes)

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        steps = x if call.types[0].classes is not None else x.swap(1, 2)
        return steps.reshape(*steps.shape[:-1], *plain(self._space))

    def torch(self, *inputs: Type) -> Lowering:
        sizes, values = listed(self._space)
        steps = "{x}" if inputs[0].classes is not None else "{x}.transpose(1, 2)"
        if len(self._space) == 1:
            return Lowering(steps)
        return Lowering(f"torch.unflatten({steps}, -1, ({sizes}))", values=values)


class Transpose(Op):
    """`c over T` becomes `T over c`; `transpose(space)` turns `c @ h x w` into `c @ w x h`.

    Shape: (B, T, C) -> (B, C, T); transpose(space) (B, [T,] C, h, w) -> (B, [T,] C, w, h).
    """

    name = "transpose"
    titles = ("", "전치")
    family = "rearrange"
    summary = "maps and time steps, or rows and columns, change places"
    source = "torch.Tensor.transpose"
    example = "k -> transpose"
    positional = ("role",)
    role: Any = option(
        "role",
        "space: rows and columns change places",
        default=None,
        choices=("space",),
        mark=structure({"space": "rows and columns"}, {"space": "행과 열"}),
    )

    @property
    def over_time(self) -> bool:
        return self.role is None

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.role == "space":
            if len(value.space) != 2:
                refuse("NS342", input=0, type=str(value))
            return Type(value.maps, (value.space[1], value.space[0]), value.time)
        if value.time is None or value.space:
            refuse("NS334", input=0, type=str(value))
        if value.time.varying:
            refuse("NS308", input=0, step="transpose", type=str(value))
        return Type(value.time.length, (), Time(value.maps))

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0].swap(-2, -1)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}.transpose(-2, -1)")


class Roll(Op):
    """Moves values to later places, or time steps; those that leave at the end come in at the start.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "roll"
    effect = "order"
    family = "rearrange"
    linear = True
    summary = "values move to later places, and round from the end to the start"
    source = "torch.roll"
    example = "8 filters 3x3 (pad = 1) -> roll(2x0)"
    positional = ("by", "role")
    by: Any = option("extent", "by how many places, for each axis", least=0, mark=TITLE)
    role: Any = option(
        "role", "along what", default="space", choices=("space", "time"), mark=structure(OVER.en, OVER.ko)
    )

    @property
    def over_time(self) -> bool:
        return bool(self.role == "time")

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        step = f"roll(…, {self.role})"
        if self.role == "time":
            if value.time is None:
                refuse("NS325", input=0, step=step, type=str(value))
            if value.time.varying:
                refuse("NS308", input=0, step=step, type=str(value))
            if isinstance(self.by, tuple):
                refuse("NS306", option="by", given=len(self.by), axes=1, name="by", space=str(value.time.length))
        elif not value.space:
            refuse("NS309", input=0, step=step, type=str(value))
        else:
            extent(self.by, value.space, "by")
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value = inputs[0], call.types[0]
        axes = self._axes(value)
        for axis, by in zip(axes, plain(self._sizes(value)), strict=True):
            x = x.pick(axis, [(place - by) % x.shape[axis] for place in range(x.shape[axis])])
        return x

    def _axes(self, value: Type) -> tuple[int, ...]:
        return (1,) if self.role == "time" else tuple(range(-len(value.space), 0))

    def _sizes(self, value: Type) -> tuple[Size, ...]:
        return (self.by,) if self.role == "time" else extent(self.by, value.space, "by")

    def torch(self, *inputs: Type) -> Lowering:
        sizes, values = listed(self._sizes(inputs[0]))
        axes = ", ".join(map(str, self._axes(inputs[0])))
        many = ", " in axes
        return Lowering(f"{{x}}.roll(({sizes}), ({axes}))" if many else f"{{x}}.roll({sizes}, {axes})", values=values)


class Shuffle(Op):
    """Writes the maps in `groups` rows and reads them by columns, so that the next grouped filters see every group.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "shuffle"
    titles = ("", "맵 섞기")
    family = "rearrange"
    summary = "maps of different groups change places"
    source = "Zhang 2017 (ShuffleNet); torch.nn.functional.channel_shuffle"
    example = "64 filters 1x1 (groups = 4) -> shuffle(4)"
    positional = ("groups",)
    groups: Size = option("size", "how many groups", least=1, mark=GROUPS)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if not divides(self.groups, value.maps):
            refuse("NS315", option="groups", what="maps", number=text(value.maps), groups=text(self.groups))
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        (groups,) = plain((self.groups,))
        return x.split(1, groups, x.shape[1] // groups).swap(1, 2).reshape(*x.shape)

    def torch(self, *inputs: Type) -> Lowering:
        axis = -1 - len(inputs[0].space)
        turned = f"torch.unflatten({{x}}, {axis}, ({{groups}}, -1)).transpose({axis - 1}, {axis})"
        return Lowering(f"{turned}.flatten({axis - 1}, {axis})", values={"groups": self.groups})


class Split(Op):
    """Splits the maps into several values, in order: n equal parts, or parts of the given sizes.

    Shape: (B, [T,] C, *space) -> parts (B, [T,] C / n, *space).
    """

    name = "split"
    titles = ("", "나누기")
    family = "rearrange"
    linear = True
    summary = "the maps in n parts"
    source = "torch.Tensor.split"
    example = "hidden a: 2*H perceptrons -> split(2)"
    positional = ("count",)
    count: Any = option("size", "how many equal parts", default=None, least=1, mark=TITLE)
    sizes: Any = option("list", "the maps of each part", default=None, mark=structure("parts of {}", "{}로 나눔"))

    @property
    def parts(self) -> int:
        if self.sizes is not None:
            return len(self.sizes)
        return self.count if isinstance(self.count, int) else 1

    def partial(self, *inputs: Type) -> Type:
        return Type(UNKNOWN, inputs[0].space, inputs[0].time)

    def shape(self, *inputs: Type) -> tuple[Type, ...]:
        value = inputs[0]
        wants_values(self, value)
        if (self.count is None) == (self.sizes is None):
            refuse("NS337")
        parts = self._parts(value)
        return tuple(Type(maps, value.space, value.time) for maps in parts)

    def _parts(self, value: Type) -> tuple[Size, ...]:
        if self.sizes is not None:
            numbers = [size for size in self.sizes if isinstance(size, int | Formula)]
            total: Any = sum(numbers)
            if total != value.maps or len(numbers) < len(self.sizes) or any(size < 1 for size in numbers):
                refuse("NS338", option="sizes", total=text(total), maps=text(value.maps))
            return tuple(self.sizes)
        if not isinstance(self.count, int):
            refuse("NS339", option="count", count=text(self.count))
        if not divides(self.count, value.maps):
            refuse("NS315", option="count", what="maps", number=text(value.maps), groups=text(self.count))
        return (value.maps // self.count,) * self.count

    def compute(self, call: Call, *inputs: Array) -> tuple[Array, ...]:
        found, begin = [], 0
        for size in plain(self._parts(call.types[0])):
            found.append(inputs[0].pick(1, range(begin, begin + size)))
            begin += size
        return tuple(found)

    def torch(self, *inputs: Type) -> Lowering:
        axis = -1 - len(inputs[0].space)
        parts = self._parts(inputs[0])
        if self.sizes is None:
            return Lowering(f"{{x}}.chunk({{parts}}, dim={axis})", values={"parts": len(parts)})
        sizes, values = listed(parts)
        return Lowering(f"torch.split({{x}}, [{sizes}], dim={axis})", values=values)


class Expand(Op):
    """Repeats a value along axes that it does not have: one map becomes n, or a value gets space or time.

    `like = x` gives it every role of the layer x.

    Shape: (B, [T,] C, *space) -> (B, [T',] C', *space').
    """

    name = "expand"
    titles = ("", "늘리기")
    family = "rearrange"
    over_time = True
    summary = "one value repeated along maps, space or time"
    source = "torch.Tensor.expand"
    example = "mask -> expand(maps = 64)"
    repeats = True
    positional = ("role",)
    role: Any = option(
        "word",
        "maps: as many maps as the value has that an operator combines it with",
        default=None,
        choices=("maps",),
        mark=TITLE,
    )
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

    def looks_across_time(self, position: int, count: int) -> bool:
        return self.time is not None

    def ignores(self, position: int) -> bool:
        return self.like is not None and position == 1

    def beside(self, other: Type) -> Op:
        return Expand(maps=other.maps, space=self.space, time=self.time) if self.waits else self

    @property
    def waits(self) -> bool:
        return self.role is not None

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
        if self.like is not None and self.role is not None:
            refuse("NS361", option="role", name="maps", other="like")
        if self.like is not None:
            return self._like(value, inputs[1])
        if self.maps is None and self.space is None and self.time is None and not self.waits:
            refuse("NS349")
        if self.waits and self.maps is not None:
            refuse("NS361", option="maps", name="maps", other="expand(maps)")
        if self.waits and value.maps != 1:
            refuse("NS350", option="role", role="maps", type=str(value), size="n")
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
