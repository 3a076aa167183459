"""Torch's side of the operations that store numbers: torch's own modules, or the definition written out."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from ops.drawing import divisors
from ops.oracle import Function, Options, Oracle, Shapes, always, need
from ops.shapes import MAPS, Shape, shapes
from ops.torch_values import MOSTLY_PLACES, ONE, axes_of, expand

WEIGHTS: dict[str, Oracle] = {}

# ---- nouns


class Perceptrons(nn.Linear):
    """All values of a step, maps first, then rows, then columns; a grid of units is one map of sums."""

    def __init__(self, values: int, units: tuple[int, ...], bias: bool) -> None:
        super().__init__(values, math.prod(units), bias)
        self.units = units

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x.reshape(len(x), -1))
        return y if len(self.units) == 1 else y.reshape(len(x), 1, *self.units)


def perceptrons(o: Options, s: Shapes) -> nn.Module:
    need(len(o["units"]) <= 3)
    if "weights_" in o:
        rows = o["weights_"]
        wide = s[0].values + (1 if o.get("bias", True) else 0)
        need(len(rows) == math.prod(o["units"]) and all(len(row) == wide for row in rows))
    return Perceptrons(s[0].values, o["units"], o.get("bias", True))


def units(s: Shapes) -> st.SearchStrategy[tuple[Options, str]]:
    return st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
        lambda sizes: ({"units": tuple(sizes)}, f"{' x '.join(map(str, sizes))} perceptrons")
    )


class Connected(nn.Module):
    """A full convolution whose weights are zero where the table has a dot; stored: the marked ones, by filter."""

    def __init__(self, links: tuple[str, ...], kernel: tuple[int, ...], bias: bool, **options: Any) -> None:
        super().__init__()
        filters = len(links[0])
        need(all(len(row) == filters for row in links))
        self.pairs = [(j, i) for j in range(filters) for i in range(len(links)) if links[i][j] != "."]
        need({j for j, _ in self.pairs} == set(range(filters)))
        self.full = (filters, len(links), *kernel)
        self.weight = nn.Parameter(torch.randn(len(self.pairs), *kernel))
        self.bias = nn.Parameter(torch.randn(filters)) if bias else None
        self.options = options

    def forward(self, x: Tensor) -> Tensor:
        full = x.new_zeros(self.full)
        for number, pair in enumerate(self.pairs):
            full[pair] = self.weight[number]
        return getattr(functional, f"conv{x.dim() - 2}d")(x, full, self.bias, **self.options)


class OverTime(nn.Module):
    """A module of (B, maps, T) asked about (B, T, maps)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.add_module("inner", inner)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.permute(0, 2, 1)).permute(0, 2, 1)


def filters(o: Options, s: Shapes) -> nn.Module:
    time = o.get("along") == "time"
    need((s[0].time is not None and not s[0].space) if time else bool(s[0].space))
    n = 1 if time else len(s[0].space)
    need(len(o["kernel"]) == n)
    names = {"pad": "padding"}
    causal = o.get("pad") == "causal"
    need(not causal or (time and not o.get("transposed")))
    o = {key: value for key, value in o.items() if key != "pad" or not causal}
    kwargs = {
        names.get(key, key): value if isinstance(value, str) else axes_of(value, n)
        for key, value in o.items()
        if key in ("stride", "pad", "dilation")
    }
    if "connect" in o:
        need(o.get("groups", 1) == 1 and not o.get("transposed") and len(o["connect"]) == s[0].maps)
        need(len(o["connect"][0]) == o["count"])
        found: nn.Module = Connected(o["connect"], o["kernel"], o.get("bias", True), **kwargs)
    else:
        kind = getattr(nn, f"Conv{'Transpose' if o.get('transposed') else ''}{n}d")
        kwargs |= {key: o[key] for key in ("groups", "bias") if key in o}
        found = kind(s[0].maps, o["count"], o["kernel"], **kwargs)
    if causal:  # zeros before the first step, as many as the filter looks back
        back = axes_of(o.get("dilation", 1), 1)[0] * (o["kernel"][0] - 1)
        found = OverTime(found)
        found.register_forward_pre_hook(lambda module, given: functional.pad(given[0], (0, 0, back, 0)))
        return found
    return OverTime(found) if time else found


@st.composite
def kernels(draw: Any, s: Shapes) -> tuple[Options, str]:
    axes = max(1, len(s[0].space))
    axes = draw(st.sampled_from((axes, axes, axes, axes, axes % 3 + 1)))
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(axes))
    count = draw(MAPS)
    return {"count": count, "kernel": kernel}, f"{count} filters {' x '.join(map(str, kernel))}"


@st.composite
def links(draw: Any, maps: int) -> tuple[Any, str]:
    """A table for four filters; the other counts it meets are wrong and both sides must say so."""
    rows = maps + draw(st.sampled_from((0, 0, 0, 0, 1)))
    cells = st.sampled_from("XX.")
    table = tuple("".join(draw(cells) for _ in range(4)) for _ in range(rows))
    return table, "[" + ", ".join(f'"{row}"' for row in table) + "]"


@st.composite
def given_rows(draw: Any, s: Shapes) -> tuple[Any, str]:
    wide = s[0].values + draw(st.sampled_from((1, 1, 0)))
    number = st.integers(-9, 9).map(lambda n: n / 2)
    rows = tuple(tuple(draw(number) for _ in range(wide)) for _ in range(draw(st.integers(1, 3))))
    return rows, "[" + ", ".join("[" + ", ".join(map(str, row)) + "]" for row in rows) + "]"


few_values = shapes().filter(lambda s: s.values <= 12).map(lambda s: (s,))
WEIGHTS |= {
    "perceptrons": Oracle(
        build=perceptrons,
        inputs=few_values,
        noun=units,
        special=lambda s: {"weights_": given_rows(s)},
    ),
    "filters": Oracle(
        build=filters,
        inputs=MOSTLY_PLACES,
        noun=kernels,
        special=lambda s: {"groups": divisors(s[0].maps), "connect": links(s[0].maps)},
        rarely=("connect", "along", "transposed", "groups", "init"),
        over_time=lambda o: o.get("along") == "time",
    ),
}

# ---- norms and gains


def batchnorm(o: Options, s: Shapes) -> nn.Module:
    kind = getattr(nn, f"BatchNorm{max(1, len(s[0].space))}d")
    norm = kind(s[0].maps, **{key: o[key] for key in ("eps", "momentum", "affine") if key in o})

    def together(x: Tensor) -> Tensor:
        """Statistics are over the batch, space and time."""
        y = norm(x.flatten(0, 1) if s[0].time else x)
        return y.reshape(x.shape)

    found = Function(together)
    found.add_module("norm", norm)
    return found


def layernorm(o: Options, s: Shapes) -> nn.Module:
    return over_role(
        o, s, lambda sizes: nn.LayerNorm(sizes, o.get("eps", 1e-5), o.get("affine", True), o.get("bias", True))
    )


def rmsnorm(o: Options, s: Shapes) -> nn.Module:
    return over_role(o, s, lambda sizes: nn.RMSNorm(sizes, o.get("eps", 1e-6), o.get("affine", True)))


def over_role(o: Options, s: Shapes, make: Any) -> nn.Module:
    """A norm over the last axes, asked about maps, space or both."""
    (shape,), role = s, o.get("role")
    need(role is not None or not shape.space)
    need(role != "space" or bool(shape.space))
    sizes = {None: (shape.maps,), "maps": (shape.maps,), "space": shape.space, "all": (shape.maps, *shape.space)}[role]
    norm = make(list(sizes))
    found = Function(lambda x: norm(x.movedim(1, -1)).movedim(-1, 1) if role in (None, "maps") else norm(x))
    found.add_module("norm", norm)
    return found


class Gain(nn.Module):
    """Times a number for each map, place or value; plus another if there is a bias."""

    def __init__(self, sizes: tuple[int, ...], bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(sizes))
        self.bias = nn.Parameter(torch.randn(sizes)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + (0 if self.bias is None else self.bias)


def gain(o: Options, s: Shapes) -> nn.Module:
    (shape,), role = s, o.get("role")
    need(role is not None or not shape.space)
    need(role != "space" or bool(shape.space))
    ones = (1,) * len(shape.space)
    sizes = {None: (shape.maps,), "maps": (shape.maps, *ones), "space": shape.space, "all": (shape.maps, *shape.space)}
    return Gain(sizes[role], o.get("bias", False))


def instancenorm(o: Options, s: Shapes) -> nn.Module:
    need(bool(s[0].space))
    kind = getattr(nn, f"InstanceNorm{len(s[0].space)}d")
    return kind(s[0].maps, **{key: o[key] for key in ("eps", "affine") if key in o})


def groupnorm(o: Options, s: Shapes) -> nn.Module:
    return nn.GroupNorm(o["groups"], s[0].maps, **{key: o[key] for key in ("eps", "affine") if key in o})


WEIGHTS |= {
    "batchnorm": Oracle(build=batchnorm, inputs=ONE, over_time=always),
    "layernorm": Oracle(build=layernorm, inputs=ONE),
    "rmsnorm": Oracle(build=rmsnorm, inputs=ONE),
    "gain": Oracle(build=gain, inputs=ONE),
    "instancenorm": Oracle(build=instancenorm, inputs=MOSTLY_PLACES),
    "groupnorm": Oracle(
        build=groupnorm,
        inputs=ONE,
        special=lambda s: {"groups": divisors(s[0].maps)},
        stricter=frozenset(("NS360",)),  # a group of one value: torch refuses it for a batch of one alone
    ),
}

# ---- classes, positions, prototypes, LeNet's pool

CLASSES = shapes(classes=True).map(lambda value: (value,))
MOSTLY_CLASSES = st.one_of(CLASSES, CLASSES, CLASSES, ONE)


def embed(o: Options, s: Shapes) -> nn.Module:
    need(s[0].classes is not None)
    table = nn.Embedding(s[0].classes or 1, o["width"])
    found = Function(lambda x: table(x).movedim(-1, 1))
    found.add_module("table", table)
    return found


def onehot(o: Options, s: Shapes) -> nn.Module:
    need(s[0].classes is not None)
    return Function(lambda x: torch.eye(s[0].classes or 1, dtype=torch.float64)[x].movedim(-1, 1))


class Positions(nn.Module):
    """One trained vector a place."""

    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(steps, width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.weight] * len(x))


def positions(o: Options, s: Shapes) -> nn.Module:
    need(s[0].time is not None)
    steps, width = s[0].time or 1, o.get("width", s[0].maps)
    if o.get("kind", "learned") == "learned":
        return Positions(steps, width)
    need(width % 2 == 0)

    def sines(x: Tensor) -> Tensor:
        rows = []
        for place in range(steps):
            angles = [place / 10000 ** (2 * pair / width) for pair in range(width // 2)]
            rows.append([f(angle) for angle in angles for f in (math.sin, math.cos)])
        return torch.tensor([rows] * len(x), dtype=torch.float64)

    return Function(sines)


class Prototypes(nn.Module):
    """Squared distances to N points, minus for a Gaussian output."""

    def __init__(self, points: int, values: int, name: str, sign: int) -> None:
        super().__init__()
        self.sign, self.name = sign, name
        start = torch.randn(points, values)
        if name == "weight":
            self.weight = nn.Parameter(start)
        else:
            self.register_buffer(name, start)

    def forward(self, x: Tensor) -> Tensor:
        return self.sign * torch.cdist(x.reshape(len(x), -1), getattr(self, self.name)) ** 2


def gaussian(o: Options, s: Shapes) -> nn.Module:
    if "prototypes" in o:
        rows = o["prototypes"]
        need(len(rows) == o["count"] and all(len(row) == s[0].values for row in rows))
    return Prototypes(o["count"], s[0].values, "prototypes", -1)


@st.composite
def prototypes(draw: Any, s: Shapes) -> tuple[Any, str]:
    wide = s[0].values + draw(st.sampled_from((0, 0, 0, 1)))
    rows = tuple(tuple(draw(st.sampled_from((-1, 1))) for _ in range(wide)) for _ in range(draw(st.integers(1, 3))))
    return rows, "[" + ", ".join("[" + ", ".join(map(str, row)) + "]" for row in rows) + "]"


class Subsample(nn.Module):
    """Sum of the window, times the map's weight, plus its bias: the window by unfolding, not by a pool."""

    def __init__(self, maps: int, kernel: tuple[int, ...], stride: tuple[int, ...]) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(maps)), nn.Parameter(torch.randn(maps))
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        for axis, (size, step) in enumerate(zip(self.kernel, self.stride, strict=True), 2):
            x = x.unfold(axis, size, step)
        x = x.sum(tuple(range(-len(self.kernel), 0)))
        shape = (1, -1, *(1 for _ in self.kernel))
        return x * self.weight.view(shape) + self.bias.view(shape)


def subsample(o: Options, s: Shapes) -> nn.Module:
    n = len(s[0].space)
    need(n > 0)
    kernel = axes_of(o["kernel"], n)
    return Subsample(s[0].maps, kernel, axes_of(o["stride"], n) if "stride" in o else kernel)


WEIGHTS |= {
    "embed": Oracle(build=embed, inputs=MOSTLY_CLASSES),
    "onehot": Oracle(build=onehot, inputs=MOSTLY_CLASSES),
    "positions": Oracle(build=positions, inputs=st.one_of(CLASSES, ONE, ONE), over_time=always),
    "distance": Oracle(build=lambda o, s: Prototypes(o["count"], s[0].values, "weight", 1), inputs=few_values),
    "gaussian": Oracle(build=gaussian, inputs=few_values, special=lambda s: {"prototypes": prototypes(s)}),
    "subsample": Oracle(build=subsample, inputs=MOSTLY_PLACES),
}
__all__ = ["WEIGHTS", "Shape", "expand"]
