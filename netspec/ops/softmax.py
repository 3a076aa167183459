"""`softmax`: positive values that sum to one."""

from __future__ import annotations

from typing import Any, Literal

from netspec.compute.arrays import Array
from netspec.compute.formula import LOWEST
from netspec.ir.call import Call
from netspec.ir.marks import OVER
from netspec.ir.operation import Lowering, Op, listed, option, wants_values
from netspec.ir.types import Type, refuse


class Softmax(Op):
    """Positive values that sum to one along a role: maps, unless another is named.

    Shape: (B, [T,] C, *space), as it came in.
    """

    name = "softmax"
    effect = "across"
    family = "activation"
    activation = "softmax"
    probabilities = True
    summary = "positive values that sum to one"
    formula = "e^s_k / sum_j e^s_j"
    source = "Bridle 1990; torch.softmax"
    example = "K perceptrons -> softmax"
    positional = ("role",)
    role: Any = option(
        "role",
        "what the values sum to one over",
        default=None,
        choices=("maps", "space", "time"),
        mark=OVER,
    )

    @property
    def over_time(self) -> bool:
        return bool(self.role == "time")

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        role = self.role or "maps"
        if self.role is None and value.space:
            refuse("NS323", input=0, step="softmax", type=str(value), roles="softmax(maps), softmax(space)")
        if role == "maps" and value.maps == 1:
            refuse("NS324", input=0, type=str(value))
        if role == "space" and not value.space:
            refuse("NS309", input=0, step="softmax(space)", type=str(value))
        if role == "time" and value.time is None:
            refuse("NS325", input=0, step="softmax(time)", type=str(value))
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value = inputs[0], call.types[0]
        maps = 1 if value.time is None else 2
        axes = {"time": (1,), "space": tuple(range(maps + 1, len(x.shape)))}.get(self.role, (maps,))
        if self.role == "time" and call.lengths is not None:
            exists = call.mask(x.shape[1]).split(1, x.shape[1], *(1 for _ in x.shape[2:]))
            x = exists.where(x, LOWEST)
        powers = (x - x.largest(*axes).stop()).exp()
        return powers / powers.sum(*axes)

    @property
    def squashes(self) -> Literal["", "softmax"]:
        return "softmax" if self.role in (None, "maps") else ""

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        axes = len(value.space)
        if self.role == "time":
            if value.time is not None and value.time.varying:
                from netspec.ops.reductions import MASK

                tail = ", None" * (axes + 1)
                mask = f"mask({{x}}, {{lengths}})[:, :{tail}]"
                return Lowering(f"torch.softmax({{x}}.masked_fill(~{mask}, -torch.inf), dim=1)", parts=(MASK,))
            return Lowering("torch.softmax({x}, dim=1)")
        if self.role == "space" and axes > 1:
            shape, values = listed(value.space)
            softmax = f"torch.softmax({{x}}.flatten(-{axes}), dim=-1)"
            return Lowering(f"torch.unflatten({softmax}, -1, ({shape}))", values=values)
        return Lowering(f"torch.softmax({{x}}, dim={-1 if self.role == 'space' else -1 - axes})")
