"""`z[t-k]`: the value of k steps ago."""

from __future__ import annotations

from netspec.ir.operation import Glyph, Lowering, Op, Part, option
from netspec.ir.types import Type

SHIFT = Part(
    "shift",
    '''def shift(
    x: Tensor,
    steps: int,
    before: Tensor | None = None,
    start: Tensor | None = None,
    lengths: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """x delayed by `steps`, after `before`, `start` or zeros; and the steps that come next."""
    if before is None:
        first = torch.zeros_like(x[:, :1]) if start is None else start[:, None].expand_as(x[:, :1])
        before = first.repeat_interleave(steps, dim=1)
    joined = torch.cat([before, x], dim=1)
    if lengths is None:
        return joined[:, : x.shape[1]], joined[:, x.shape[1] :]
    ends = lengths[:, None] + torch.arange(steps, device=x.device)
    return joined[:, : x.shape[1]], joined[torch.arange(len(x), device=x.device)[:, None], ends]''',
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
        # outside a recurrence a delayed read is a shift along time, that hands on its last steps
        start = ", start={1}" if len(inputs) > 1 else ""
        time = inputs[0].time
        lengths = ", lengths={lengths}" if time is not None and time.varying else ""
        forward = f"shift({{0}}, {{steps}}, {{before}}{start}{lengths})"
        return Lowering(forward, values={"steps": self.steps}, parts=(SHIFT,))

    def glyph(self) -> Glyph:
        return Glyph("box", f"t-{self.steps}")
