"""`rmsnorm`: values divided by their root mean square."""

from __future__ import annotations

from typing import Any

from netspec.ops.base import Argument, Construct, Lowering, Weight, option, plain, wants_values
from netspec.ops.weighted import ONES, Weighted
from netspec.sizes import Size
from netspec.types import Type, refuse


class RmsNorm(Weighted):
    """Over the maps of a value without space; with space the role says over what: maps, space or all."""

    name = "rmsnorm"
    summary = "values divided by their root mean square"
    formula = "x / sqrt(mean(x^2) + eps) * weight"
    source = "Zhang & Sennrich 2019; torch.nn.RMSNorm"
    example = "x -> rmsnorm -> attention(heads)"
    norm = True
    positional = ("role",)
    role: Any = option("role", "over what, where the value has space", default=None, choices=("maps", "space", "all"))
    eps: float = option("real", "added to the mean square", default=1e-6, least=0)
    affine: bool = option("flag", "a trained weight", default=True)

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if value.space and self.role is None:
            refuse("NS323", input=0, step="rmsnorm", type=str(value), roles="rmsnorm(maps), rmsnorm(all)")
        if self.role == "space" and not value.space:
            refuse("NS309", input=0, step="rmsnorm(space)", type=str(value))
        return value

    def _shape(self, value: Type) -> tuple[Size, ...]:
        if self.role == "space":
            return value.space
        return (value.maps, *value.space) if self.role == "all" else (value.maps,)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        return (self.weight("weight", self._shape(inputs[0]), ONES),) if self.affine else ()

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        kwargs: dict[str, Argument] = {"eps": self.eps, "elementwise_affine": self.affine}
        shape = plain(self._shape(value))
        forward = "{self}({x})"
        if self.role == "maps" and value.space:
            axis = -1 - len(value.space)
            forward = f"{{self}}({{x}}.movedim({axis}, -1)).movedim(-1, {axis})"
        sizes: Argument = shape if len(shape) > 1 else shape[0]
        return Lowering(forward, Construct("nn.RMSNorm", (sizes,), kwargs, {"elementwise_affine": True}))
