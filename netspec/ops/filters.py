"""`N filters KxK`: convolutions. Each filter slides over space and writes one map."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from netspec.compute.arrays import Array, onto, place, total
from netspec.ir.call import Call
from netspec.ir.marks import BOX, DILATION, GROUPS, NO_BIAS, PADDING, STRIDE, TITLE, Mark, structure, unseen
from netspec.ir.operation import (
    Argument,
    Construct,
    Init,
    Kept,
    Lowering,
    Part,
    Remark,
    Weight,
    Windows,
    extent,
    option,
    plain,
    squeeze,
    wants_values,
)
from netspec.ir.sizes import Formula, Size, divides, product, text
from netspec.ir.types import ShapeFault, Type, Unknown, refuse, space_text
from netspec.ops.weighted import TORCH, Weighted, arranged, given_rows, weighted_sum
from netspec.ops.window import AXES, slide, unread, unread_rows

_DEFAULTS: dict[str, Argument] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}

CONNECTED = Part(
    "Connected{n}d",
    '''class Connected{n}d(nn.Module):
    """Filters that each see some maps: a weight for each pair (LeCun 1998, table I)."""

    outs: Tensor
    ins: Tensor

    def __init__(
        self, links: tuple[str, ...], kernel: tuple[int, ...], bias: bool = True, **kwargs: Any
    ) -> None:
        super().__init__()
        self.links = links
        count = len(links[0])
        self.pairs = [(j, i) for j in range(count) for i, row in enumerate(links) if row[j] != "."]
        self.shape = (len(links[0]), len(links))
        self.kernel = kernel
        self.kwargs = kwargs
        self.weight = nn.Parameter(torch.empty(len(self.pairs), *kernel))
        self.bias = nn.Parameter(torch.empty(len(links[0]))) if bias else None
        for name in ("outs", "ins"):
            places = torch.empty(len(self.pairs), dtype=torch.long)
            self.register_buffer(name, places, persistent=False)
        self.reset_buffers()
        self.reset_parameters()

    def reset_buffers(self) -> None:
        self.outs.copy_(torch.tensor([j for j, _ in self.pairs]))
        self.ins.copy_(torch.tensor([i for _, i in self.pairs]))

    def reset_parameters(self) -> None:
        area = math.prod(self.kernel)
        for j in range(self.shape[0]):
            bound = 1 / math.sqrt(area * sum(row[j] != "." for row in self.links))
            rows = [k for k, pair in enumerate(self.pairs) if pair[0] == j]
            nn.init.uniform_(self.weight[rows[0] : rows[-1] + 1], -bound, bound)
            if self.bias is not None:
                nn.init.uniform_(self.bias[j : j + 1], -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        full = self.weight.new_zeros(*self.shape, *self.kernel)
        full = full.index_put((self.outs, self.ins), self.weight)
        return F.conv{n}d(x, full, self.bias, **self.kwargs)''',
)


CAUSAL = Part(
    "causal",
    '''def causal(
    filters: nn.Module, x: Tensor, back: int, before: Tensor | None, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Filters along time that read no later step; and the last steps, for the next batch."""
    x = x.transpose(1, 2)
    x = F.pad(x, (back, 0)) if before is None else torch.cat([before, x], 2)
    y = filters(x).transpose(1, 2)
    if lengths is None:
        return y, x[..., -back:]
    last = lengths[:, None, None] + torch.arange(back, device=x.device)
    return y, x.gather(2, last.expand(-1, x.shape[1], -1))''',
)


class Filters(Weighted):
    """N filters that slide over space. Each reads all maps, the maps of its group, or the maps that it is connected to.

    Shape: (B, [T,] C, *space) -> (B, [T,] count, *windows); along time (B, T, C) -> (B, T', count).
    """

    name = "filters"
    family = "filters"
    wiring = "window"
    gathers = "sum"
    summary = "N filters that slide over space, each writing one map"
    titles = ("{count} filters {kernel}", "{kernel} 필터 {count}개")
    formula = "z_j = w_j0 + sum_i w_ji * x_i"
    source = "LeCun 1989; torch.nn.Conv1d/2d/3d"
    example = "64 filters 3x3 (pad = 1) -> relu"
    noun = True
    depth = 1
    count: Size = option("size", "how many filters: the maps that come out", least=1, mark=TITLE, written=False)
    kernel: tuple[Size, ...] = option("extent", "the filter's size along each axis", least=1, mark=TITLE, written=False)
    stride: Any = option("extent", "steps between two places of the filter", default=1, least=1, mark=STRIDE)
    pad: Any = option(
        "padding",
        "rows of zeros around the input; same keeps its size, causal reads no later time step",
        default=0,
        least=0,
        choices=("same", "causal"),
        mark=PADDING,
    )
    dilation: Any = option("extent", "distance between two values the filter reads", default=1, least=1, mark=DILATION)
    groups: Size = option("size", "maps are split into this many groups", default=1, least=1, mark=GROUPS)
    bias: bool = option("flag", "each filter has a weight for the constant 1", default=True, mark=NO_BIAS)
    connect: Any = option(
        "list",
        "a row a map read, a column a filter; `.` marks no connection",
        default=None,
        mark=structure("connections {}", "연결 {}"),
    )
    along: str = option(
        "role",
        "what the filter slides over",
        default="space",
        choices=("space", "time"),
        mark=structure({"time": "along time"}, {"time": "시간을 따라"}),
    )
    transposed: bool = option(
        "flag",
        "writes windows instead of reading them",
        default=False,
        mark=structure({True: "transposed"}, {True: "전치"}),
    )
    weights_: Any = option(
        "list",
        "the initial weights, for each filter [w_0, …]: maps, then rows, then columns; lists inside may group them",
        default=None,
        mark=unseen("initial values, that training moves", "initial weights {}", "초기 가중치 {}"),
    )

    @property
    def over_time(self) -> bool:
        return self.along == "time"

    @property
    def keeps_state(self) -> bool:  # type: ignore[override]
        """The steps that the first of the next batch read; with a stride a batch may end between two windows."""
        return self.pad == "causal" and self._back != 0 and self.stride in (1, (1,))

    @property
    def weighted_sum(self) -> bool:
        return self.groups == 1  # with groups, each filter reads only some of the maps

    @property
    def looks_back(self) -> tuple[int, ...]:
        if self.pad != "causal":
            return ()
        kernel, stride, dilation = (extent(item, (1,), "")[0] for item in (self.kernel, self.stride, self.dilation))
        if stride != 1 or not isinstance(kernel, int) or not isinstance(dilation, int):
            return ()
        return tuple(range(0, kernel * dilation, dilation))

    def windows(self, value: Type) -> Windows | None:
        if self.over_time:
            return None
        kernel, stride, dilation = (extent(item, value.space, "") for item in (self.kernel, self.stride, self.dilation))
        same = tuple(gap * (size - 1) // 2 for size, gap in zip(kernel, dilation, strict=True))
        pad = same if self.pad == "same" else extent(self.pad, value.space, "")
        return Windows(kernel, stride, dilation, pad, turned=self.transposed)

    def joins_maps(self, target: int, source: int, maps: int) -> bool:
        if self.connect is not None and self.connect[source][target] == ".":
            return False
        return target // (self.count // self.groups) == source // (maps // self.groups)

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return weighted_sum(self, inner[0], fresh, *inputs, sign=" * ")

    # ---- types

    def partial(self, *inputs: Type) -> Type:
        value = inputs[0]
        along: Any = value.time if self.over_time else value.space
        if isinstance(along, Unknown):
            return Type(self.count, () if self.over_time else value.space, value.time)
        try:
            if along and len(self.kernel) == (1 if self.over_time else len(along)):
                return self._place(value)
        except ShapeFault:
            pass
        return Type(self.count, value.space, value.time)  # `shape` reports the reason once all sizes are known

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if self.over_time and (value.time is None or value.space):
            refuse("NS311", input=0, type=str(value), step="filters (along = time)")
        if self.pad == "causal" and (self.transposed or not self.over_time):
            refuse("NS562", option="pad", hint="transposed" if self.transposed else "time")
        # no padded step is before a true one: causal filters never read it, unless they skip steps
        safe = self.pad == "causal" and self.stride == 1
        if self.over_time and not safe and value.time is not None and value.time.varying:
            hint = "" if self.transposed or self.stride != 1 else "causal"
            refuse("NS308", input=0, hint=hint, step="filters (along = time)", type=str(value))
        if not self.over_time and not value.space:
            refuse("NS309", input=0, step="filters", type=str(value))
        axes = 1 if self.over_time else len(value.space)
        if len(self.kernel) != axes:
            refuse(
                "NS312", option="kernel", kernel=space_text(self.kernel), given=len(self.kernel), axes=axes,
                type=str(value), right=space_text((self.kernel[0],) * axes),
            )  # fmt: skip
        self._check_groups(value)
        self._check_links(value)
        if self.weights_ is not None and not isinstance(value.maps * self.count * product(self.kernel), Formula):
            self.weights(value)
        return self._place(value)

    def _place(self, value: Type) -> Type:
        if self.over_time and value.time is not None:
            (length,) = self._sizes((value.time.length,), "time")
            return Type(self.count, (), type(value.time)(length, value.time.varying))
        return Type(self.count, self._sizes(value.space, "space"), value.time)

    def _sizes(self, sizes: tuple[Size, ...], role: str) -> tuple[Size, ...]:
        axes = len(sizes)
        names = ("step",) if role == "time" else AXES[:axes]
        stride = extent(self.stride, sizes, "stride")
        dilation = extent(self.dilation, sizes, "dilation")
        if self.pad == "same":
            if self.transposed or any(step != 1 for step in stride):
                refuse("NS313", option="pad", stride=space_text(stride))
            return sizes
        sizes, pad = self._padded(sizes)
        result = self._grown if self.transposed else _slid
        return tuple(map(result, sizes, self.kernel, stride, pad, dilation, names))

    @property
    def _back(self) -> Size:
        """How many time steps a causal filter looks back."""
        back: Size = extent(self.dilation, (1,), "")[0] * (self.kernel[0] - 1)
        return back

    def _padded(self, sizes: tuple[Size, ...]) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        """Return the sizes, with the zeros before the first step if `causal`, and the padding on both sides."""
        if self.pad == "causal":
            return (sizes[0] + self._back,), (0,)
        return sizes, extent(self.pad, sizes, "pad")

    def _grown(self, size: Size, kernel: Size, step: Size, edge: Size, gap: Size, axis: str) -> Size:
        grown = (size - 1) * step - 2 * edge + gap * (kernel - 1) + 1
        if grown < 1:
            refuse(
                "NS314", option="pad", axis=axis, result=text(grown),
                arithmetic=f"({text(size)} - 1)*{text(step)} - 2*{text(edge)} + {text(gap)}*({text(kernel)} - 1) + 1",
            )  # fmt: skip
        return grown

    def _check_groups(self, value: Type) -> None:
        for what, number in (("maps", value.maps), ("filters", self.count)):
            if not divides(self.groups, number):
                common = _divisors(value.maps, self.count)
                hint, groups = "common" if common else "", text(self.groups)
                refuse(
                    "NS315", option="groups", hint=hint, what=what, number=text(number), groups=groups, common=common
                )

    def _check_links(self, value: Type) -> None:
        if self.connect is None:
            return
        rows = self.connect
        if self.groups != 1 or self.transposed or isinstance(self.count, Formula) or isinstance(value.maps, Formula):
            refuse("NS316", option="connect", reason="groups")
        if not all(isinstance(row, str) for row in rows):
            refuse("NS316", option="connect", reason="text")
        if len(rows) != value.maps:
            refuse("NS317", option="connect", rows=len(rows), maps=text(value.maps))
        for number, row in enumerate(rows, 1):
            if len(row) != self.count:
                refuse("NS318", option="connect", row=number, columns=len(row), filters=text(self.count))
        for column in range(self.count):
            if all(row[column] == "." for row in rows):
                refuse("NS319", option="connect", filter=column + 1)

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        value = inputs[0]
        if self.transposed or self.pad == "same" or self.stride == 1:
            return ()
        sizes = (value.time.length,) if self.over_time and value.time is not None else value.space
        sizes, pad = self._padded(sizes)
        stride, dilation = (extent(value, sizes, "") for value in (self.stride, self.dilation))
        rows = zip(AXES, sizes, self.kernel, stride, pad, dilation, strict=False)
        return unread_rows((axis, unread(*numbers)) for axis, *numbers in rows)

    # ---- weights

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        area = product(self.kernel)
        maps = inputs[0].maps
        per = maps // self.groups
        if self.connect is not None and self.weights_ is None:
            return self._connected_weights(plain((area,))[0])
        if self.transposed:
            shape: tuple[Size, ...] = (maps, self.count // self.groups, *self.kernel)
        else:
            shape = (self.count, per, *self.kernel)
        if self.weights_ is not None:
            return self._given(shape, per * area)
        fan = shape[1] * area  # torch counts the fan of transposed filters in this way, too
        weight = self.weight("weight", shape, fan_in=fan, fan_out=shape[0] * area)
        if not self.bias:
            return (weight,)
        return (weight, self.weight("bias", (self.count,), fan_in=fan))

    def _given(self, shape: tuple[Size, ...], fan: Size) -> tuple[Weight, ...]:
        """Return the weights that the spec lists, in the layout of the array."""
        if self.connect is not None or (self.transposed and self.groups != 1):
            refuse("NS361", option="weights_", name="weights", other="connect" if self.connect else "groups")
        rows, first = given_rows(self.weights_, self.count, fan, self.bias), int(self.bias)
        given = tuple(arranged(row[first:], (fan // product(self.kernel), *self.kernel)) for row in rows)
        if self.transposed:  # its array has the maps that it reads first
            given = tuple(zip(*given, strict=True))
        kernel = Weight("weight", shape, Init("given"), fan_in=fan, given=given)
        if not self.bias:
            return (kernel,)
        return (kernel, Weight("bias", (self.count,), Init("given"), given=tuple(row[0] for row in rows)))

    def _connected_weights(self, area: int) -> tuple[Weight, ...]:
        """Return weights for connected pairs only, in the order of the filters. The fan differs between filters."""
        columns = range(len(self.connect[0]))
        fans = [area * sum(row[column] != "." for row in self.connect) for column in columns]
        by_pair = tuple(fans[column] for column in columns for row in self.connect if row[column] != ".")
        shape = (len(by_pair), *self.kernel)
        out = area * max(sum(mark != "." for mark in row) for row in self.connect)
        weight = Weight("weight", shape, self.initial("weight", TORCH), fan_in=max(fans), fan_out=out, fans=by_pair)
        if not self.bias:
            return (weight,)
        return (weight, Weight("bias", (len(fans),), self.initial("bias", TORCH), fan_in=max(fans), fans=tuple(fans)))

    # ---- the computation

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0].swap(1, 2) if self.over_time else inputs[0]
        space, kernel = x.shape[2:], plain(self.kernel)
        stride, dilation = (plain(extent(value, space, "")) for value in (self.stride, self.dilation))
        whole = [gap * (size - 1) for gap, size in zip(dilation, kernel, strict=True)]
        sides = [(each // 2, each - each // 2) for each in whole]
        if self.pad == "causal":
            sides = [(whole[0], 0)]
        elif self.pad != "same":
            sides = [(edge, edge) for edge in plain(extent(self.pad, space, ""))]
        slide = self._slide_back if self.transposed else self._slide
        found = slide(x, self._matrix(call, x.shape[1]), list(zip(stride, kernel, dilation, sides, strict=True)))
        if self.bias:
            found = found + call.weight("bias").split(0, found.shape[1], *(1 for _ in space))
        return found.swap(1, 2) if self.over_time else found

    def _matrix(self, call: Call, maps: int) -> Array:
        """Return the weights of every filter for all maps; they are zero where a filter is not connected."""
        weight, count = call.weight("weight"), plain((self.count,))[0]
        if self.connect is None:
            return weight
        pairs = [j * maps + i for j in range(count) for i, row in enumerate(self.connect) if row[j] != "."]
        zeros: Any = [0] * (len(weight.shape) - 1)
        return place((count * maps, *weight.shape[1:]), (weight, (pairs, *zeros))).split(0, count, maps)

    def _slide(self, x: Array, weight: Array, axes: list[Any]) -> Array:
        """Convolve: each place of the result is the weighted sum of a window."""
        for axis, (stride, kernel, dilation, (before, after)) in enumerate(axes, 2):
            x = x.pad(axis, before, after)
            count = (x.shape[axis] - dilation * (kernel - 1) - 1) // stride + 1
            x = x.window(axis, count, stride, kernel, dilation)
        places, insides = "xyz"[: len(axes)], "ijk"[: len(axes)]
        (groups,) = plain((self.groups,))
        seen, own = x.split(1, groups, x.shape[1] // groups), weight.split(0, groups, weight.shape[0] // groups)
        found = total(f"bgc{places}{insides},gnc{insides}->bgn{places}", seen, own)
        return found.reshape(found.shape[0], -1, *found.shape[3:])

    def _slide_back(self, x: Array, weight: Array, axes: list[Any]) -> Array:
        """Transposed convolution: spread each value over a window of the result, as the gradient of `_slide` does."""
        places, insides = "xyz"[: len(axes)], "ijk"[: len(axes)]
        (groups,), sizes = plain((self.groups,)), x.shape[2:]
        lengths = [(size - 1) * axis[0] + axis[2] * (axis[1] - 1) + 1 for size, axis in zip(sizes, axes, strict=True)]

        def windows(found: Array) -> Array:
            for axis, ((stride, kernel, dilation, _), size) in enumerate(zip(axes, sizes, strict=True), 2):
                found = found.window(axis, size, stride, kernel, dilation)
            return found.split(1, groups, found.shape[1] // groups)

        seen, own = x.split(1, groups, x.shape[1] // groups), weight.split(0, groups, weight.shape[0] // groups)
        wiring = f"bgc{places},gcn{insides}->bgn{places}{insides}"
        found = onto((x.shape[0], groups * weight.shape[1], *lengths), windows, wiring, seen, own)
        for axis, (_, _, _, (before, after)) in enumerate(axes, 2):
            found = found.pick(axis, range(before, found.shape[axis] - after))
        return found

    # ---- PyTorch code

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        axes = len(self.kernel)
        kwargs: dict[str, Any] = {
            "stride": _plainly(self.stride),
            "padding": 0 if self.pad == "causal" else _plainly(self.pad),
            "dilation": _plainly(self.dilation),
            "groups": self.groups,
            "bias": self.bias,
        }
        forward = "{self}({x}.transpose(1, 2)).transpose(1, 2)" if self.over_time else "{self}({x})"
        values: dict[str, Any] = {}
        parts: tuple[Part, ...] = ()
        if self.keeps_state:
            varying = value.time is not None and value.time.varying
            forward = f"causal({{self}}, {{x}}, {{back}}, {{before}}{', {lengths}' if varying else ''})"
            values, parts = {"back": self._back}, (CAUSAL,)
        elif self.pad == "causal":
            forward = "{self}(F.pad({x}.transpose(1, 2), ({back}, 0))).transpose(1, 2)"
            values = {"back": self._back}
        folds = not self.over_time
        if self.connect is not None:
            part = Part(CONNECTED.name.replace("{n}", str(axes)), CONNECTED.source.replace("{n}", str(axes)))
            del kwargs["groups"]
            call = Construct(part.name, (tuple(self.connect), plain(self.kernel)), kwargs, _DEFAULTS)
            return Lowering(forward, call, values, parts=(part, *parts), folds=folds)
        kind = f"nn.ConvTranspose{axes}d" if self.transposed else f"nn.Conv{axes}d"
        (maps, count) = plain((value.maps, self.count))
        module = Construct(kind, (maps, count, squeeze(self.kernel)), kwargs, _DEFAULTS)
        return Lowering(forward, module, values, parts=parts, folds=folds)

    def marks(self, lang: str = "en", *inputs: Type) -> tuple[Mark, ...]:
        found = super().marks(lang, *inputs)
        if self.pad == "causal":  # which steps a filter reads is the wiring
            text = "인과적" if lang == "ko" else "causal"
            causal = Mark("pad", "structure", text, BOX)
            found = tuple(causal if mark.option == "pad" else mark for mark in found)
        if not inputs or self.groups == 1 or self.groups != inputs[0].maps:
            return found
        words = "깊이별" if lang == "ko" else "depthwise"
        return tuple(mark._replace(text=words) if mark.option == "groups" else mark for mark in found)

    def kept(self, *inputs: Type) -> Kept:
        causal = self.pad == "causal" and self._back != 0
        return Kept(fixed=(self._back + 1) * inputs[0].values) if causal else Kept()

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        area = product(self.kernel)
        places = product((inputs[0] if self.transposed else outputs[0]).space)
        steps = 1 if outputs[0].time is None else (inputs[0] if self.transposed else outputs[0]).time.length  # type: ignore[union-attr]
        pairs = inputs[0].maps * self.count // self.groups
        return pairs * area * places * steps


def _slid(size: Size, kernel: Size, step: Size, edge: Size, gap: Size, axis: str) -> Size:
    return slide(size, kernel, step, edge, gap, option="kernel", axis=axis)


def _plainly(given: Any) -> Any:
    """Return an option in torch's form: `same`, one number, or one for each axis."""
    return given if isinstance(given, str) else squeeze(given if isinstance(given, tuple) else (given,))


def _divisors(maps: Size, count: Size) -> str:
    """Return the numbers of groups that maps and filters can both be divided into; "" if a size is open."""
    if isinstance(maps, Formula) or isinstance(count, Formula):
        return ""
    common = math.gcd(maps, count)
    return ", ".join(str(groups) for groups in range(1, min(common, 64) + 1) if common % groups == 0)
