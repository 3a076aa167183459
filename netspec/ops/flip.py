"""Time turned round: what `reversed(step)` puts before and after the step."""

from __future__ import annotations

from netspec.ir.operation import Glyph, Lowering, Op, Part
from netspec.ir.types import Type, refuse

FLIP = Part(
    "flip",
    '''def flip(x: Tensor, lengths: Tensor) -> Tensor:
    """Each example's own steps in reverse order; the padding stays where it is: (B, T, ...)."""
    steps = torch.arange(x.shape[1], device=x.device)
    back = lengths[:, None] - 1 - steps
    index = torch.where(back >= 0, back, steps)
    return x.gather(1, index.view(*index.shape, *(1 for _ in x.shape[2:])).expand_as(x))''',
)


class Flip(Op):
    """The last step first."""

    name = "flip"
    summary = "the last time step first"
    transparent = True

    @property
    def over_time(self) -> bool:
        return True

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        if inputs[0].time is None:
            refuse("NS325", input=0, step="reversed", type=str(inputs[0]))
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        time = inputs[0].time
        if time is not None and time.varying:
            return Lowering("flip({x}, {lengths})", parts=(FLIP,))
        return Lowering("{x}.flip(1)")

    def glyph(self) -> Glyph:
        return Glyph("box", "reversed")
