"""Torch's side of the operations that store nothing, one by one."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from netspec.ir.operation import Option
from ops.drawing import Forced, divisors, of_kind
from ops.oracle import Function, Options, Oracle, Refused, Shapes, always, need
from ops.shapes import MAPS, Shape, shapes

ONE = shapes().map(lambda value: (value,))
PLACES = shapes(axes=(1, 2, 3)).map(lambda value: (value,))
MOSTLY_PLACES = shapes(axes=(0, 1, 2, 2, 3)).map(lambda value: (value,))
TIMED = shapes(time=True).map(lambda value: (value,))


def each(function: Any) -> Oracle:
    """A function of every value alone."""
    return Oracle(build=lambda o, s: Function(function), inputs=ONE)


def with_options(function: Any) -> Oracle:
    return Oracle(build=lambda o, s: Function(lambda x: function(x, **o)), inputs=ONE)


def normalize(x: Tensor, role: str = "maps", eps: float = 1e-12) -> Tensor:
    """Torch's own over maps; over several axes of one step, torch's of these axes made one."""
    need(role != "space" or x.dim() > 2)
    if role == "all":
        return functional.normalize(x.flatten(1), dim=1, eps=eps).reshape(x.shape)
    if role == "space":
        return functional.normalize(x.flatten(2), dim=2, eps=eps).reshape(x.shape)
    return functional.normalize(x, dim=1, eps=eps)


def clamp(o: Options, s: Shapes) -> nn.Module:
    need(o.get("min", -math.inf) < o.get("max", math.inf))  # torch takes bounds in the wrong order
    return Function(lambda x: torch.clamp(x, **o))


VALUES: dict[str, Oracle] = {
    "sigmoid": each(torch.sigmoid),
    "tanh": each(torch.tanh),
    "relu": each(torch.relu),
    "relu6": each(nn.ReLU6()),
    "elu": each(nn.ELU()),
    "silu": each(nn.SiLU()),
    "mish": each(nn.Mish()),
    "softplus": each(nn.Softplus()),
    "hardsigmoid": each(nn.Hardsigmoid()),
    "hardswish": each(nn.Hardswish()),
    "identity": each(lambda x: x),
    "step": each(lambda x: (x > 0) + 0 * x),
    "exp": each(torch.exp),
    "log": each(torch.log),
    "abs": each(torch.abs),
    "sin": each(torch.sin),
    "cos": each(torch.cos),
    "clamp": Oracle(build=clamp, inputs=ONE),
    "sqrt": each(torch.sqrt),
    "square": each(torch.square),
    "stop": each(torch.Tensor.detach),
    "leaky": with_options(lambda x, slope=0.01: functional.leaky_relu(x, slope)),
    "gelu": with_options(lambda x, approximate="none": functional.gelu(x, approximate=approximate)),
    "normalize": with_options(normalize),
    # in evaluation nothing is dropped; what training does stands in test_chance.py
    "dropout": with_options(lambda x, p=0.5, role=None: x),
    "droppath": with_options(lambda x, p=0.5: x),
    "lrn": Oracle(
        build=lambda o, s: Function(
            lambda x: functional.local_response_norm(
                x, o["size"], o.get("alpha", 1e-4), o.get("beta", 0.75), o.get("k", 1.0)
            )
        ),
        inputs=MOSTLY_PLACES,
    ),
}

# ---- a role at a time


def reduction(call: Any) -> Oracle:
    """`call(x, dim)` over the axes of a role; maps stay as one map."""

    def build(o: Options, s: Shapes) -> nn.Module:
        (shape,), role = s, o["role"]
        need(role != "space" or bool(shape.space))
        need(role != "time" or shape.time is not None)
        if role == "time":
            return Function(lambda x: call(x, (1,), False))
        if role == "maps":
            return Function(lambda x: call(x, (1,), True))
        return Function(lambda x: call(x, tuple(range(2, x.dim())), False))

    return Oracle(build=build, inputs=ONE, over_time=lambda o: o["role"] == "time")


def end_of_time(place: int) -> Oracle:
    def build(o: Options, s: Shapes) -> nn.Module:
        need(s[0].time is not None)
        return Function(lambda x: x.select(1, place))

    return Oracle(build=build, inputs=ONE, over_time=always)


def softmax(o: Options, s: Shapes) -> nn.Module:
    (shape,), role = s, o.get("role")
    need(role is not None or not shape.space)  # which axis is meant?
    need(role != "space" or bool(shape.space))
    need(role != "time" or shape.time is not None)
    if role == "space":
        return Function(lambda x: torch.softmax(x.flatten(2), -1).view_as(x))
    return Function(lambda x: torch.softmax(x, 1))


VALUES |= {
    "mean": reduction(lambda x, dims, keep: x.mean(dims, keepdim=keep)),
    "sum": reduction(lambda x, dims, keep: x.sum(dims, keepdim=keep)),
    "max": reduction(lambda x, dims, keep: x.amax(dims, keepdim=keep)),
    "first": end_of_time(0),
    "last": end_of_time(-1),
    "softmax": Oracle(
        build=softmax,
        inputs=ONE,
        over_time=lambda o: o.get("role") == "time",
        stricter=frozenset(("NS324",)),  # over one map every value is 1: surely meant otherwise
    ),
}

# ---- arrangements


def axes_of(value: Any, n: int) -> tuple[int, ...]:
    """An option for each axis; torch refuses another number of them."""
    if not isinstance(value, tuple):
        return (value,) * n
    need(len(value) == n)
    return value


def flatten(o: Options, s: Shapes) -> nn.Module:
    if "role" not in o:
        return Function(lambda x: x.reshape(len(x), -1))
    need(bool(s[0].space) and s[0].time is None)
    return Function(lambda x: x.reshape(len(x), x.shape[1], -1).permute(0, 2, 1))


def transpose(o: Options, s: Shapes) -> nn.Module:
    if "role" in o:
        need(len(s[0].space) == 2)
        return Function(lambda x: x.permute(0, 1, 3, 2))
    need(s[0].time is not None and not s[0].space)
    return Function(lambda x: x.permute(0, 2, 1))


def shuffle(o: Options, s: Shapes) -> nn.Module:
    return Function(lambda x: functional.channel_shuffle(x[..., None], o["groups"])[..., 0])


def reshape(o: Options, s: Shapes) -> nn.Module:
    maps, space = o["to"]
    return Function(lambda x: x.reshape(len(x), maps, *space))


def types_of(total: int) -> st.SearchStrategy[tuple[Any, str]]:
    """Types of as many values, and sometimes of others."""
    sides = [d for d in range(1, total + 1) if total % d == 0]
    several = st.sampled_from(sides).flatmap(
        lambda a: st.sampled_from([d for d in sides if total // a % d == 0]).map(lambda b: (a, (b, total // a // b)))
    )
    flat = st.sampled_from([(total, ()), (total + 1, ())])
    return st.one_of(several, flat).map(lambda t: (t, str(Shape(*t))))


def patches(o: Options, s: Shapes) -> nn.Module:
    space = s[0].space
    need(bool(space))
    k = axes_of(o["size"], len(space))

    def call(x: Tensor) -> Tensor:
        # (B, c, h, k, w, k) -> (B, c, k, k, h, w), and the three before space are the maps
        need(all(side % size == 0 for side, size in zip(space, k, strict=True)))
        n = len(space)
        split = x.reshape(*x.shape[:2], *(v for side, size in zip(space, k, strict=True) for v in (side // size, size)))
        turned = split.permute(0, 1, *range(3, 3 + 2 * n, 2), *range(2, 2 + 2 * n, 2))
        return turned.reshape(len(x), -1, *(side // size for side, size in zip(space, k, strict=True)))

    return Function(call)


def unpatches(o: Options, s: Shapes) -> nn.Module:
    space = s[0].space
    need(bool(space))
    k = axes_of(o["size"], len(space))
    need(s[0].maps % math.prod(k) == 0)

    def call(x: Tensor) -> Tensor:
        n = len(space)
        split = x.reshape(len(x), -1, *k, *space)
        order = [place for axis in range(n) for place in (2 + n + axis, 2 + axis)]
        return split.permute(0, 1, *order).reshape(len(x), -1, *(a * b for a, b in zip(space, k, strict=True)))

    return Function(call)


def crop(o: Options, s: Shapes) -> nn.Module:
    space = s[0].space
    need(bool(space))
    to = axes_of(o["to"], len(space))
    at = (
        axes_of(o["at"], len(space))
        if "at" in o
        else tuple((side - size) // 2 for side, size in zip(space, to, strict=True))
    )
    need(all(a >= 0 and a + size <= side for a, size, side in zip(at, to, space, strict=True)))

    def call(x: Tensor) -> Tensor:
        for axis, (begin, size) in enumerate(zip(at, to, strict=True), 2):
            x = x.narrow(axis, begin, size)
        return x

    return Function(call)


def pad(o: Options, s: Shapes) -> nn.Module:
    space, mode = s[0].space, o.get("mode", "constant")
    need(bool(space) and ("size" in o) != ("to" in o))
    if "size" in o:
        sides = [(n, n) for n in axes_of(o["size"], len(space))]
    else:
        sides = [(0, to - side) for to, side in zip(axes_of(o["to"], len(space)), space, strict=True)]
        need(all(after >= 0 for _, after in sides))
    listed = [n for pair in reversed(sides) for n in pair]
    name = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    value = o.get("value") or None
    return Function(lambda x: functional.pad(x, listed, mode=name, value=value))


def upsample(o: Options, s: Shapes) -> nn.Module:
    space = s[0].space
    need(bool(space) and ("factor" in o) != ("to" in o))
    mode = "nearest"
    if o.get("mode") == "linear":
        mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(space)]
    corners = o.get("corners", False)
    if mode == "nearest":
        corners = corners or None
    factor = [float(f) for f in axes_of(o["factor"], len(space))] if "factor" in o else None
    size = axes_of(o["to"], len(space)) if "to" in o else None
    return Function(
        lambda x: functional.interpolate(x, size=size, scale_factor=factor, mode=mode, align_corners=corners)
    )


def how_much(name: str) -> Any:
    """Of two ways of saying it, mostly this one."""
    least = 0 if name == "size" else 1

    def special(s: Shapes) -> dict[str, Any]:
        return {name: Forced(of_kind(Option("extent", name, least=least), len(s[0].space)))}

    return special


VALUES |= {
    "flatten": Oracle(build=flatten, inputs=ONE, over_time=lambda o: "role" in o),
    "transpose": Oracle(build=transpose, inputs=ONE, over_time=lambda o: "role" not in o),
    "shuffle": Oracle(build=shuffle, inputs=ONE, special=lambda s: {"groups": divisors(s[0].maps)}),
    "reshape": Oracle(build=reshape, inputs=ONE, special=lambda s: {"to": types_of(s[0].values)}),
    "patches": Oracle(build=patches, inputs=MOSTLY_PLACES),
    "unpatches": Oracle(build=unpatches, inputs=MOSTLY_PLACES),
    "crop": Oracle(build=crop, inputs=MOSTLY_PLACES),
    "pad": Oracle(build=pad, inputs=MOSTLY_PLACES, special=how_much("size"), rarely=("to",)),
    "upsample": Oracle(build=upsample, inputs=MOSTLY_PLACES, special=how_much("factor"), rarely=("to",)),
}

# ---- pools


def pool(kind: str) -> Oracle:
    def build(o: Options, s: Shapes) -> nn.Module:
        n = len(s[0].space)
        need(n > 0)
        if "to" in o:
            # nn.AdaptiveMaxPool2d knows nothing else; what a default says already may be said
            usual = {"pad": 0, "ceil": False, "dilation": 1, "count_pad": True}
            need(all(name == "to" or usual.get(name) == value for name, value in o.items()))
            call = getattr(functional, f"adaptive_{kind}_pool{n}d")
            return Function(lambda x: call(x, axes_of(o["to"], n)))
        need("kernel" in o)
        module = getattr(nn, f"{'Max' if kind == 'max' else 'Avg'}Pool{n}d")
        if o.get("pad") == "same":
            kernel, gap = axes_of(o["kernel"], n), axes_of(o.get("dilation", 1), n)
            whole = [g * (k - 1) for k, g in zip(kernel, gap, strict=True)]
            need(axes_of(o.get("stride", o["kernel"]), n) == (1,) * n and not any(each % 2 for each in whole))
            o = o | {"pad": tuple(each // 2 for each in whole)}
        names = {"kernel": "kernel_size", "pad": "padding", "ceil": "ceil_mode", "count_pad": "count_include_pad"}
        return module(**{names.get(name, name): value for name, value in o.items()})

    return Oracle(build=build, inputs=MOSTLY_PLACES, special=windows, rarely=("to",))


def windows(s: Shapes) -> dict[str, Any]:
    """A window mostly stands there; the other way to pool is `to`."""
    return {"kernel": Forced(of_kind(Option("extent", "the window", least=1), len(s[0].space)))}


VALUES |= {"maxpool": pool("max"), "avgpool": pool("avg")}

# ---- several values


@st.composite
def related(draw: Any, count: int = 2, equal_maps: bool = True) -> Shapes:
    """Values that mostly share maps, space and time; now and then one lacks a role or differs."""
    first = draw(shapes())
    others = []
    for _ in range(count - 1):
        other = first
        change = draw(st.sampled_from(("none", "none", "space", "time", "maps", "any")))
        if change == "space":
            other = other._replace(space=())
        elif change == "time":
            other = other._replace(time=None)
        elif change == "maps":
            other = other._replace(maps=draw(MAPS))
        elif change == "any":
            other = draw(shapes())
        if not equal_maps and draw(st.booleans()):
            other = other._replace(maps=draw(MAPS))
        others.append(other)
    found = [first, *others]
    return tuple(draw(st.permutations(found)))


def named_axes(values: list[Tensor], s: Shapes) -> tuple[list[Tensor], Shape]:
    """The one broadcasting rule: one side has every role of the other; what it lacks is shared, nothing stretched."""
    whole = s[0]
    for other in s[1:]:
        roles = [{role for role in ("space", "time") if getattr(shape, role)} for shape in (whole, other)]
        need(roles[0] <= roles[1] or roles[1] <= roles[0])
        for role in roles[0] & roles[1]:
            need(getattr(whole, role) == getattr(other, role))
        whole = whole._replace(space=whole.space or other.space, time=whole.time or other.time)
    out = []
    for value, shape in zip(values, s, strict=True):
        if whole.time and not shape.time:
            value = value[:, None].expand(-1, whole.time, *value.shape[1:])
        if whole.space and not shape.space:
            value = value.reshape(*value.shape, *(1 for _ in whole.space)).expand(*value.shape, *whole.space)
        out.append(value)
    return out, whole


def arithmetic(call: Any) -> Oracle:
    def build(o: Options, s: Shapes) -> nn.Module:
        need(s[0].maps == s[1].maps)
        return Function(lambda *values: call(*named_axes(list(values), s)[0]))

    return Oracle(build=build, inputs=related(), over_time=always)


def join(o: Options, s: Shapes) -> nn.Module:
    role = o.get("role", "maps")
    if role == "maps":

        def maps(*values: Tensor) -> Tensor:
            aligned, whole = named_axes(list(values), s)
            return torch.cat(aligned, 2 if whole.time else 1)

        return Function(maps)
    if role == "time":
        return Function(
            lambda *values: torch.cat(
                [value if shape.time else value[:, None] for value, shape in zip(values, s, strict=True)], 1
            )
        )
    need(all(shape.space and (shape.time is None) == (s[0].time is None) for shape in s))
    return Function(lambda *values: torch.cat(values, 3 if s[0].time else 2))


def sample(o: Options, s: Shapes) -> nn.Module:
    need(s[0] == s[1])
    return Function(lambda mean, logvar: mean)


def gather(o: Options, s: Shapes) -> nn.Module:
    value, place = s
    need(place.classes is not None)
    if o.get("role", "maps") == "time":
        need(value.time is not None and not value.space and not place.space and place.classes == value.time)
        return Function(lambda x, i: torch.stack([a[b] for a, b in zip(x, i, strict=True)]))
    need((place.classes, place.space, place.time) == (value.maps, value.space, value.time))
    return Function(lambda x, i: torch.take_along_dim(x, i.unsqueeze(-1 - len(value.space)), -1 - len(value.space)))


@st.composite
def chosen(draw: Any) -> Shapes:
    """A value, and classes that name its maps or its steps; sometimes neither."""
    value = draw(st.sampled_from((Shape(4), Shape(3, (2, 3)), Shape(4, (), 4), Shape(2, (), 3), Shape(2, (3,), 2))))
    time = draw(st.sampled_from((value.time, value.time, None, 2)))
    classes = draw(st.sampled_from((value.maps, value.maps, value.time or value.maps, 5)))
    return value, Shape(1, draw(st.sampled_from((value.space, value.space, ()))), time, classes)


def matmul(o: Options, s: Shapes) -> nn.Module:
    if o.get("role") == "space":
        need(all(len(shape.space) == 2 for shape in s) and s[0].maps == s[1].maps and s[0].time == s[1].time)
    else:
        need(all(shape.time is not None and not shape.space for shape in s))
    return Function(torch.matmul)


@st.composite
def matrices(draw: Any) -> Shapes:
    a, b, c = (draw(st.integers(1, 5)) for _ in range(3))
    wrong = draw(st.sampled_from((0, 0, 0, 1)))
    if draw(st.booleans()):
        times = [draw(st.sampled_from((None, 3))) for _ in range(2)]
        return Shape(2, (a, b), times[0]), Shape(2, (b + wrong, c), times[1])
    return Shape(b, (), a), Shape(c, (), b + wrong)


def expand(o: Options, s: Shapes) -> nn.Module:
    shape = s[0]
    need("role" not in o)  # it stands beside an operator
    if "like" in o:
        other = s[1]
        need(shape.maps in (1, other.maps))
        need(not shape.space or shape.space == other.space)
        need(not shape.time or shape.time == other.time)
        maps, space, time = other.maps, other.space, other.time
    else:
        need(bool(o))
        need("maps" not in o or shape.maps == 1)
        need("space" not in o or not shape.space)
        need("time" not in o or shape.time is None)
        maps, time = o.get("maps", shape.maps), o.get("time", shape.time)
        space = o.get("space", shape.space)
        space = space if isinstance(space, tuple) else (space,)

    def call(x: Tensor, *_: Tensor) -> Tensor:
        steps = (1 if shape.time is None else shape.time,)
        x = x.reshape(len(x), *steps, shape.maps, *(shape.space or (1,) * len(space)))
        x = x.expand(len(x), time or 1, maps, *space)
        return x if time else x[:, 0]

    return Function(call)


VALUES |= {
    "add": arithmetic(torch.add),
    "subtract": arithmetic(torch.sub),
    "multiply": arithmetic(torch.mul),
    "divide": arithmetic(torch.div),
    "power": arithmetic(torch.pow),
    "negative": each(torch.neg),
    "maximum": arithmetic(torch.maximum),
    "minimum": arithmetic(torch.minimum),
    "join": Oracle(build=join, inputs=st.sampled_from((2, 3)).flatmap(lambda n: related(n, False)), over_time=always),
    "sample": Oracle(build=sample, inputs=related()),
    "gather": Oracle(build=gather, inputs=chosen(), over_time=always),
    "matmul": Oracle(build=matmul, inputs=st.one_of(matrices(), related()), over_time=lambda o: "role" not in o),
}
__all__ = ["MOSTLY_PLACES", "ONE", "PLACES", "TIMED", "VALUES", "Refused", "expand"]
