"""Normalisation: values with mean 0 and variance 1, or of length 1, often followed by a trained scale and shift."""

from __future__ import annotations

import math
from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import GROUPS, NO_AFFINE, NO_BIAS, OVER, SAFETY, TITLE, kind, structure, unseen
from netspec.ir.operation import (
    Argument,
    Construct,
    Elementwise,
    Init,
    Lowering,
    Part,
    Weight,
    option,
    plain,
    wants_space,
    wants_values,
)
from netspec.ir.sizes import Size, divides, product, text
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import ONES, ZEROS, Weighted, scaled, standard


class OverRole(Weighted):
    """Base of norms over a role. Without space it is the maps; with space the role is maps, space or all."""

    norm = True
    positional = ("role",)
    role: Any = option(
        "role", "over what, where the value has space", default=None, choices=("maps", "space", "all"), mark=OVER
    )

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if value.space and self.role is None:
            roles = f"{self.name}(maps), {self.name}(all)"
            refuse("NS323", input=0, step=self.name, type=str(value), roles=roles)
        if self.role == "space" and not value.space:
            refuse("NS309", input=0, step=f"{self.name}(space)", type=str(value))
        return value

    def sizes(self, value: Type) -> tuple[Size, ...]:
        """Return the sizes of the axes that the role names."""
        if self.role == "space":
            return value.space
        return (value.maps, *value.space) if self.role == "all" else (value.maps,)

    def last(self, value: Type, call: str = "{self}(…)") -> str:
        """Return the forward expression for torch's norms, which act on the last axes, while maps come before space.

        `call` is the call, with `…` in place of the value.
        """
        if self.role == "maps" and value.space:
            axis = -1 - len(value.space)
            return call.replace("…", f"{{x}}.movedim({axis}, -1)") + f".movedim(-1, {axis})"
        return call.replace("…", "{x}")

    def _axes(self, value: Type) -> tuple[int, ...]:
        """Return the axes of (B, C, *space) that the role names."""
        space = tuple(range(2, 2 + len(value.space)))
        return space if self.role == "space" else (1, *space) if self.role == "all" else (1,)

    def spread(self, call: Call, name: str) -> Array:
        """Return a stored array in a shape that broadcasts with (B, C, *space)."""
        array, space = call.weight(name), call.types[0].space
        return array.reshape(-1, *(1 for _ in space)) if space and self.role == "maps" else array


class LayerNorm(OverRole):
    """Normalises each time step to mean 0 and variance 1 over its maps; with space the role says over what.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "layernorm"
    effect = "across"
    family = "norm"
    summary = "the values of one step to mean 0 and variance 1"
    titles = ("layer norm", "층 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ba 2016; torch.nn.LayerNorm"
    example = "x -> layernorm -> attention(heads)"
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option("flag", "a trained weight and bias", default=True, mark=NO_AFFINE)
    bias: bool = option("flag", "a trained bias", default=True, mark=NO_BIAS)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        if not self.affine:
            return ()
        shape = self.sizes(inputs[0])
        weight = self.weight("weight", shape, ONES)
        return (weight, self.weight("bias", shape, ZEROS)) if self.bias else (weight,)

    def compute(self, call: Call, *inputs: Array) -> Array:
        found = standard(inputs[0], self._axes(call.types[0]), self.eps)
        if not self.affine:
            return found
        found = found * self.spread(call, "weight")
        return found + self.spread(call, "bias") if self.bias else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        kwargs: dict[str, Argument] = {"eps": self.eps, "bias": self.bias}
        defaults: dict[str, Argument] = {"eps": 1e-5, "bias": True}
        shape = plain(self.sizes(value))
        if not self.affine:  # without weights no module is needed
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            values: dict[str, Argument] = {"shape": shape, "eps": self.eps}
            return Lowering(self.last(value, f"F.layer_norm(…, {{shape}}{extra})"), values=values)
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(self.last(value), Construct("nn.LayerNorm", (sizes,), kwargs, defaults))


class RmsNorm(OverRole):
    """Divides each time step by the root mean square of its maps; with space the role says over what.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "rmsnorm"
    effect = "across"
    family = "norm"
    init_parts = ("weight",)
    summary = "values divided by their root mean square"
    titles = ("RMS norm", "RMS 정규화")
    formula = "x / sqrt(mean(x^2) + eps) * weight"
    source = "Zhang & Sennrich 2019; torch.nn.RMSNorm"
    example = "x -> rmsnorm -> attention(heads)"
    eps: float = option("real", "added to the mean square", default=1e-6, least=0, mark=SAFETY)
    affine: bool = option(
        "flag", "a trained weight", default=True, mark=kind({False: "no scale"}, {False: "배율 없음"}, note=True)
    )

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (self.weight("weight", self.sizes(inputs[0]), ONES),) if self.affine else ()

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        found = x / ((x * x).mean(*self._axes(call.types[0])) + self.eps).sqrt()
        return found * self.spread(call, "weight") if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        shape = plain(self.sizes(value))
        if not self.affine:  # without weights no module is needed
            values: dict[str, Argument] = {"shape": shape, "eps": self.eps}
            return Lowering(self.last(value, "F.rms_norm(…, {shape}, eps={eps})"), values=values)
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(self.last(value), Construct("nn.RMSNorm", (sizes,), {"eps": self.eps}))


GAIN = Part(
    "Gain",
    '''class Gain(nn.Module):
    """Multiplies by trained numbers and adds trained numbers."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(*sizes))
        self.bias = nn.Parameter(torch.zeros(*sizes))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias''',
)


class Gain(OverRole):
    """Multiplies each value by a trained number: one for each map; with space the role says for what.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "gain"
    titles = ("", "배율")
    effect = "each"
    family = "arithmetic"
    summary = "every map times a trained number"
    formula = "w_c x_c"
    source = "Touvron 2021 (LayerScale)"
    example = "attention(heads) -> gain(init = 1e-6)"
    bias: bool = option(
        "flag",
        "a trained number to add, too",
        default=False,
        mark=kind({True: "with bias"}, {True: "편향 있음"}, note=True),
    )

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        shape = self._stored(inputs[0])
        weight = self.weight("weight", shape, ONES)
        return (weight, self.weight("bias", shape, ZEROS)) if self.bias else (weight,)

    def _stored(self, value: Type) -> tuple[Size, ...]:
        """Return the shape of the stored array. Behind maps there is an axis of length one for each axis of space."""
        ones = (1,) * len(value.space) if self.role == "maps" else ()
        return (*self.sizes(value), *ones)

    def compute(self, call: Call, *inputs: Array) -> Array:
        scaled = inputs[0] * call.weight("weight")
        return scaled + call.weight("bias") if self.bias else scaled

    def torch(self, *inputs: Type) -> Lowering:
        if not self.bias:
            return Lowering("{x} * {self}")
        sizes = plain(self._stored(inputs[0]))
        return Lowering("{self}({x})", Construct("Gain", sizes), parts=(GAIN,))

    @property
    def bare(self) -> bool:
        return not self.bias


class MapNorm(Weighted):
    """Base of norms that scale and shift each map: `affine` says whether they do."""

    effect = "across"
    family = "norm"
    norm = True
    affine: bool

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return inputs[0]

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        maps = (inputs[0].maps,)
        return (self.weight("weight", maps, ONES), self.weight("bias", maps, ZEROS)) if self.affine else ()


class BatchNorm(MapNorm):
    """Normalises each map to mean 0 and variance 1 over the batch, space and time, then scales and shifts it.

    In training it uses the statistics of the batch, afterwards the running statistics.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "batchnorm"
    linear = True
    mixes_batch = True
    summary = "each map to mean 0 and variance 1 over the batch"
    titles = ("batch norm", "배치 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ioffe & Szegedy 2015; torch.nn.BatchNorm2d"
    example = "64 filters 3x3 (bias = false) -> batchnorm -> relu"
    varying = False
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    momentum: float = option(
        "real",
        "how fast running statistics follow",
        default=0.1,
        least=0,
        most=1,
        mark=unseen("how fast running statistics follow, in training alone", "momentum {}", "모멘텀 {}"),
    )
    affine: bool = option("flag", "a trained weight and bias for each map", default=True, mark=NO_AFFINE)

    def least_examples(self, *inputs: Type) -> int:
        """Two where an example has one value for each map: one value has no variance."""
        value = inputs[0]
        sizes = (*value.space, *(() if value.time is None else (value.time.length,)))
        return 1 if self.frozen or any(size != 1 for size in sizes) else 2

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        maps = inputs[0].maps
        return (
            *super().weights(*inputs),
            Weight("running_mean", (maps,), ZEROS, buffer=True),
            Weight("running_var", (maps,), ONES, buffer=True),
            Weight("num_batches_tracked", (), Init("constant", (0.0,)), buffer=True, integer=True),
        )

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        rest = (1,) * (len(x.shape) - 2)
        axes = (0, *range(2, len(x.shape)))
        if call.training and not self.frozen:
            count = x.node.size // x.shape[1] if x.contiguous else math.prod(x.shape) // x.shape[1]
            mean = x.mean(*axes)
            variance = ((x - mean) * (x - mean)).mean(*axes)
            for name, now in (("running_mean", mean), ("running_var", variance * (count / max(1, count - 1)))):
                before = call.weight(name)
                call.updates[name] = before * (1 - self.momentum) + now.reshape(-1) * self.momentum
        else:
            mean, variance = (call.weight(name).reshape(-1, *rest) for name in ("running_mean", "running_var"))
        found = (x - mean) / (variance + self.eps).sqrt()
        if not self.affine:
            return found
        return found * call.weight("weight").reshape(-1, *rest) + call.weight("bias").reshape(-1, *rest)

    def torch(self, *inputs: Type) -> Lowering:
        axes = max(1, len(inputs[0].space))
        kwargs: dict[str, Argument] = {"eps": self.eps, "momentum": self.momentum, "affine": self.affine}
        defaults: dict[str, Argument] = {"eps": 1e-5, "momentum": 0.1, "affine": True}
        module = Construct(f"nn.BatchNorm{axes}d", plain((inputs[0].maps,)), kwargs, defaults)
        if not self.frozen:
            return Lowering("{self}({x})", module, folds=True)
        arrays = ("running_mean", "running_var", *(("weight", "bias") if self.affine else ()))
        names = ", ".join(f"{{self}}.{name}" for name in arrays)
        return Lowering(f"F.batch_norm({{x}}, {names}, eps={{eps}})", module, {"eps": self.eps}, folds=True)


class GroupNorm(MapNorm):
    """Normalises each group of maps to mean 0 and variance 1 over its maps and space, then scales and shifts each map.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "groupnorm"
    summary = "groups of maps to mean 0 and variance 1"
    titles = ("group norm", "그룹 정규화")
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Wu & He 2018; torch.nn.GroupNorm"
    example = "64 filters 3x3 -> groupnorm(8) -> relu"
    positional = ("groups",)
    groups: Size = option("size", "into how many groups the maps are split", least=1, mark=GROUPS)
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option("flag", "a trained weight and bias for each map", default=True, mark=NO_AFFINE)

    def shape(self, *inputs: Type) -> Type:
        maps = super().shape(*inputs).maps
        if not divides(self.groups, maps):
            refuse("NS315", option="groups", what="maps", number=text(maps), groups=text(self.groups))
        if product((maps, *inputs[0].space)) == self.groups:
            refuse("NS360", option="groups", input=0, groups=text(self.groups), type=str(inputs[0]))
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        (groups,) = plain((self.groups,))
        grouped = x.split(1, groups, x.shape[1] // groups)
        found = standard(grouped, tuple(range(2, len(grouped.shape))), self.eps).reshape(*x.shape)
        return scaled(call, found) if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        sizes = plain((self.groups, inputs[0].maps))
        if not self.affine:  # without weights no module is needed
            values: dict[str, Argument] = {"groups": sizes[0], "eps": self.eps}
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            return Lowering(f"F.group_norm({{x}}, {{groups}}{extra})", values=values, folds=True)
        return Lowering("{self}({x})", Construct("nn.GroupNorm", sizes, {"eps": self.eps}, {"eps": 1e-5}), folds=True)


class InstanceNorm(MapNorm):
    """Normalises each map to mean 0 and variance 1 over its own space. `affine = true` then scales and shifts it.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "instancenorm"
    summary = "each map of each example to mean 0 and variance 1"
    titles = ("instance norm", "인스턴스 정규화")
    formula = "(x - mean) / sqrt(var + eps)"
    source = "Ulyanov 2016; torch.nn.InstanceNorm2d"
    example = "32 filters 9x9 (pad = 4) -> instancenorm -> relu"
    eps: float = option("real", "added to the variance", default=1e-5, least=0, mark=SAFETY)
    affine: bool = option(
        "flag",
        "a trained weight and bias for each map",
        default=False,
        mark=kind({True: "with scale and shift"}, {True: "배율과 이동 있음"}, note=True),
    )

    def shape(self, *inputs: Type) -> Type:
        value = super().shape(*inputs)
        if not value.space or product(value.space) == 1:
            refuse("NS309", input=0, step="instancenorm", type=str(value))
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        found = standard(inputs[0], tuple(range(2, len(inputs[0].shape))), self.eps)
        return scaled(call, found) if self.affine else found

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        if not self.affine:  # without weights no module is needed
            values: dict[str, Argument] = {"eps": self.eps}
            extra = "" if self.eps == 1e-5 else ", eps={eps}"
            return Lowering(f"F.instance_norm({{x}}{extra})", values=values, folds=True)
        kwargs: dict[str, Argument] = {"eps": self.eps, "affine": self.affine}
        call = f"nn.InstanceNorm{len(value.space)}d"
        return Lowering(
            "{self}({x})", Construct(call, plain((value.maps,)), kwargs, {"eps": 1e-5, "affine": False}), folds=True
        )


class Lrn(Elementwise):
    """Divides each value by (k + alpha/n * sum of squares over n neighbouring maps)^beta.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "lrn"
    effect = "across"
    family = "norm"
    summary = "local response normalisation over neighbouring maps"
    titles = ("local response norm, {size} maps", "국소 응답 정규화, 맵 {size}개")
    formula = "x / (k + alpha/n sum x^2)^beta"
    source = "Krizhevsky 2012; torch.nn.functional.local_response_norm"
    example = "lrn(5)"
    positional = ("size",)
    size: int = option("integer", "how many neighbouring maps", least=1, mark=TITLE)
    alpha: float = option(
        "real", "how much the neighbours count", default=1e-4, mark=kind("α = {}", "α = {}", note=True)
    )
    beta: float = option("real", "the exponent", default=0.75, mark=kind("β = {}", "β = {}", note=True))
    k: float = option("real", "the constant", default=1.0, mark=kind("k = {}", "k = {}", note=True))

    def shape(self, *inputs: Type) -> Type:
        wants_space(self, inputs[0])
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        x = inputs[0]
        squares = (x * x).pad(1, self.size // 2, (self.size - 1) // 2)
        neighbours = squares.window(1, x.shape[1], 1, self.size, 1)
        mean = neighbours.sum(-1).reshape(*x.shape) / self.size
        return x / (mean * self.alpha + self.k) ** self.beta

    def torch(self, *inputs: Type) -> Lowering:
        values = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return Lowering("F.local_response_norm({x}, {size}, {alpha}, {beta}, {k})", values=dict(values), folds=True)


class Normalize(Elementwise):
    """Divides the maps of a time step by their Euclidean length, at each place of space; or what the role says.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "normalize"
    effect = "across"
    family = "arithmetic"
    titles = ("normalize", "길이를 1로")
    summary = "the maps of a step to length 1"
    formula = "x / max(|x|, eps)"
    source = "torch.nn.functional.normalize"
    example = "128 perceptrons -> normalize"
    positional = ("role",)
    role: Any = option(
        "role",
        "over what the length is taken",
        default="maps",
        choices=("maps", "space", "all"),
        mark=structure(
            {"space": "over space", "all": "over all values"}, {"space": "공간에 대해", "all": "모든 값에 대해"}
        ),
    )
    eps: float = option("real", "the least length", default=1e-12, least=0, mark=SAFETY)

    def shape(self, *inputs: Type) -> Type:
        if self.role == "space" and not inputs[0].space:
            refuse("NS309", input=0, step="normalize(space)", type=str(inputs[0]))
        return super().shape(*inputs)

    def compute(self, call: Call, *inputs: Array) -> Array:
        places = range(2, len(inputs[0].shape))
        axes = (1,) if self.role == "maps" else (*places,) if self.role == "space" else (1, *places)
        length = (inputs[0] * inputs[0]).sum(*axes).sqrt()
        return inputs[0] / length.max(self.eps)

    def torch(self, *inputs: Type) -> Lowering:
        axes = len(inputs[0].space)
        extra = "" if self.eps == 1e-12 else ", eps={eps}"
        values: dict[str, Argument] = {} if self.eps == 1e-12 else {"eps": self.eps}
        if self.role == "maps" or axes == 0 or (self.role == "space" and axes == 1):
            return Lowering(
                f"F.normalize({{x}}, dim={-1 if self.role == 'space' else -1 - axes}{extra})", values=values
            )
        values |= {"axes": tuple(range(-axes - (self.role == "all"), 0)), "eps": self.eps}
        return Lowering("{x} / torch.linalg.vector_norm({x}, dim={axes}, keepdim=True).clamp_min({eps})", values=values)
