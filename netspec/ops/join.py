"""Concatenation: `a & b` along maps, `a, b -> join(time)` along time or space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from netspec.compute.arrays import Array, join
from netspec.ir.call import Call
from netspec.ir.equation import joined
from netspec.ir.marks import structure
from netspec.ir.operation import Lowering, Op, listed, option, wants_values
from netspec.ir.types import UNKNOWN, Time, Type, refuse
from netspec.ops.sharing import align, merge, merge_partial, shared_axes


class Join(Op):
    """Concatenates values: along maps (`&`), along time, or along the first axis of space.

    Along time a value without time counts as one step.

    Shape: values (B, [T,] C, *space) -> one value, whose length along the role is the sum of their lengths.
    """

    name = "join"
    family = "rearrange"
    over_time = True
    circle = "&"
    titles = ("join", "이어 붙이기")
    linear = True
    averages = True
    summary = "values side by side, along maps, time or space"
    example = "cls, seq -> join(time)"
    inputs = None
    positional = ("role",)
    role: str = option(
        "role",
        "what is put side by side",
        default="maps",
        choices=("maps", "time", "space"),
        mark=structure({"time": "along time", "space": "along space"}, {"time": "시간을 따라", "space": "공간을 따라"}),
    )

    @property
    def wiring(self) -> Literal["side", "none"]:
        return "side" if self.role == "maps" else "none"

    @property
    def infix(self) -> str:
        return "&" if self.role == "maps" else ""

    def looks_across_time(self, position: int, count: int) -> bool:
        return self.role != "maps"

    def partial(self, *inputs: Type) -> Type:
        first = inputs[0]
        if self.role == "time":
            return first.over(UNKNOWN)
        if self.role == "space":
            return Type(first.maps, UNKNOWN, first.time)
        result = first
        for other in inputs[1:]:
            result = merge_partial(result, other, adds_maps=True)
        return result

    def shape(self, *inputs: Type) -> Type:
        if self.role == "maps":
            result = inputs[0]
            for position, other in enumerate(inputs[1:], 1):
                result = merge("&", result, other, adds_maps=True, position=position)
            return result
        wants_values(self, *inputs)
        return self._along_time(inputs) if self.role == "time" else self._along_space(inputs)

    def _along_time(self, inputs: tuple[Type, ...]) -> Type:
        length: Any = 0
        for position, value in enumerate(inputs):
            if value.step != inputs[0].step:
                refuse("NS307", input=position, left=str(inputs[0].step), right=str(value.step), role="time")
            if value.time is not None and value.time.varying:
                refuse("NS308", input=position, step="join(time)", type=str(value))
            length = length + (1 if value.time is None else value.time.length)
        return inputs[0].over(Time(length))

    def _along_space(self, inputs: tuple[Type, ...]) -> Type:
        first = inputs[0]
        if not first.space:
            refuse("NS309", input=0, step="join(space)", type=str(first))
        rows: Any = 0
        for position, value in enumerate(inputs):
            same = (value.maps, value.space[1:], len(value.space), value.time)
            if same != (first.maps, first.space[1:], len(first.space), first.time):
                refuse("NS307", input=position, left=str(first), right=str(value), role="space")
            rows = rows + value.space[0]
        return Type(first.maps, (rows, *first.space[1:]), first.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        timed = any(value.time is not None for value in call.types)
        if self.role == "time":
            steps = [x if own.time else x.add_axis(1) for x, own in zip(inputs, call.types, strict=True)]
            return join(1, *steps)
        if self.role == "space":
            return join(2 + timed, *inputs)
        shared = shared_axes(inputs, call.types)
        return join(1 + timed, *shared)

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return joined("&", inner)

    def torch(self, *inputs: Type) -> Lowering:
        slots = [f"{{{position}}}" for position in range(len(inputs))]
        result = self.shape(*inputs)
        timed = 0 if result.time is None else 1
        if self.role == "time":
            slots = [slot if value.time else f"{slot}[:, None]" for slot, value in zip(slots, inputs, strict=True)]
            return Lowering(f"torch.cat([{', '.join(slots)}], dim=1)")
        if self.role == "space":
            return Lowering(f"torch.cat([{', '.join(slots)}], dim={2 + timed})")
        if all(value.space == result.space and value.time == result.time for value in inputs):
            return Lowering(f"torch.cat([{', '.join(slots)}], dim={1 + timed})")
        steps = next((f"{slot}.shape[1]" for slot, value in zip(slots, inputs, strict=True) if value.time), "")
        aligned = [_stretch(slot, value, result, steps) for slot, value in zip(slots, inputs, strict=True)]
        _, values = listed(result.space)
        return Lowering(f"torch.cat([{', '.join(aligned)}], dim={1 + timed})", values=values)


def _stretch(slot: str, own: Type, result: Type, steps: str) -> str:
    """Expand the shared axes, because torch.cat needs equal shapes. `steps` is an expression for the length of time."""
    if own.space == result.space and own.time == result.time:
        return slot
    sizes = ["-1"]
    if result.time is not None:
        sizes.append("-1" if own.time is not None else steps)
    sizes.append("-1")
    sizes += ["-1" if own.space else f"{{size{axis}}}" for axis in range(len(result.space))]
    return f"{align(own, result, slot)}.expand({', '.join(sizes)})"
