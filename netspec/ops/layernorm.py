"""`layernorm`: the values of one step to mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

from typing import Any

from netspec.ops.base import Argument, Construct, Lowering, Weight, option, plain, wants_values
from netspec.ops.weighted import ONES, ZEROS, Weighted
from netspec.sizes import Size
from netspec.types import Type, refuse


class LayerNorm(Weighted):
    """Over the maps of a value without space; with space the role says over what: maps, space or all."""

    name = "layernorm"
    summary = "the values of one step to mean 0 and variance 1"
    formula = "(x - mean) / sqrt(var + eps) * weight + bias"
    source = "Ba 2016; torch.nn.LayerNorm"
    example = "x -> layernorm -> attention(heads)"
    norm = True
    positional = ("role",)
    role: Any = option("role", "over what, where the value has space", default=None, choices=("maps", "space", "all"))
    eps: float = option("real", "added to the variance", default=1e-5, least=0)
    affine: bool = option("flag", "a trained weight and bias", default=True)
    bias: bool = option("flag", "a trained bias", default=True)

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if value.space and self.role is None:
            refuse("NS323", input=0, step="layernorm", type=str(value), roles="layernorm(maps), layernorm(all)")
        if self.role == "space" and not value.space:
            refuse("NS309", input=0, step="layernorm(space)", type=str(value))
        return value

    def _shape(self, value: Type) -> tuple[Size, ...]:
        if self.role == "space":
            return value.space
        return (value.maps, *value.space) if self.role == "all" else (value.maps,)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        if not self.affine:
            return ()
        shape = self._shape(inputs[0])
        weight = self.weight("weight", shape, ONES)
        return (weight, self.weight("bias", shape, ZEROS)) if self.bias else (weight,)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        kwargs: dict[str, Argument] = {"eps": self.eps, "elementwise_affine": self.affine, "bias": self.bias}
        defaults: dict[str, Argument] = {"eps": 1e-5, "elementwise_affine": True, "bias": True}
        shape = plain(self._shape(value))
        forward = "{self}({x})"
        if self.role == "maps" and value.space:
            # nn.LayerNorm reads the last axis; a step's maps come first
            axis = -1 - len(value.space)
            forward = f"{{self}}({{x}}.movedim({axis}, -1)).movedim(-1, {axis})"
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(forward, Construct("nn.LayerNorm", (sizes,), kwargs, defaults))
