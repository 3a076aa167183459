"""What layernorm, rmsnorm and gain share: weights for maps, space or all values of a step."""

from __future__ import annotations

from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import OVER
from netspec.ir.operation import option, wants_values
from netspec.ir.sizes import Size
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted


class OverRole(Weighted):
    """Acts over the maps of a value without space; with space the role says over what: maps, space or all."""

    norm = True
    positional = ("role",)
    role: Any = option(
        "role",
        "over what, where the value has space",
        default=None,
        choices=("maps", "space", "all"),
        mark=OVER,
    )

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

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
        """The sizes of what the role names."""
        if self.role == "space":
            return value.space
        return (value.maps, *value.space) if self.role == "all" else (value.maps,)

    def last(self, value: Type, call: str = "{self}(…)") -> str:
        """The forward expression: torch's norms read the last axes, and a step's maps come before its space.

        `call` is what is called, `…` where the value stands.
        """
        if self.role == "maps" and value.space:
            axis = -1 - len(value.space)
            return call.replace("…", f"{{x}}.movedim({axis}, -1)") + f".movedim(-1, {axis})"
        return call.replace("…", "{x}")

    def _axes(self, value: Type) -> tuple[int, ...]:
        """The axes of (B, C, *space) that the role names."""
        space = tuple(range(2, 2 + len(value.space)))
        return space if self.role == "space" else (1, *space) if self.role == "all" else (1,)

    def spread(self, call: Call, name: str) -> Array:
        """An array of the role's sizes, to stand beside (B, C, *space)."""
        array, space = call.weight(name), call.types[0].space
        return array.reshape(-1, *(1 for _ in space)) if space and self.role == "maps" else array
