"""`z[t-k]`: the value of k steps ago."""

from __future__ import annotations

from netspec.ops.base import Glyph, Lowering, Op, Part, option
from netspec.types import Type

SHIFT = Part(
    "shift",
    '''def shift(x: Tensor, steps: int, start: Tensor | None = None) -> Tensor:
    """x delayed by `steps` along time, filled from `start` or with zeros: (B, T, ...) -> (B, T, ...)."""
    first = torch.zeros_like(x[:, :1]) if start is None else start[:, None].expand_as(x[:, :1])
    return torch.cat([first.repeat_interleave(steps, dim=1), x], dim=1)[:, : x.shape[1]]''',
)


class Delay(Op):
    """Reads a layer k time steps ago; before the first step zeros, or the layer's `start`.

    Its first input may be a later node: this is the only loop a net can have.
    """

    name = "delay"
    summary = "the value of k time steps ago"
    inputs = None
    transparent = True
    steps: int = option("integer", "how many steps ago", least=1)

    @property
    def over_time(self) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        # outside a recurrence a delayed read is a shift along time
        started = len(inputs) > 1
        if started:
            return Lowering("shift({0}, {steps}, {1})", values={"steps": self.steps}, parts=(SHIFT,))
        return Lowering("shift({0}, {steps})", values={"steps": self.steps}, parts=(SHIFT,))

    def glyph(self) -> Glyph:
        return Glyph("box", f"t-{self.steps}")
