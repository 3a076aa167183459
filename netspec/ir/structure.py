"""Nodes that are not operations: an input of the net, an input of a block, a delayed read, reversed time.

Each class is an `Op`, so that it has types and PyTorch code like every other node. Its field `structure` says which
kind it is; `Node.kind` and `Node.delay` read it. None of them has a name in the language or options.
"""

from __future__ import annotations

from netspec.compute.arrays import Array, filled, join
from netspec.ir.call import Call
from netspec.ir.operation import Kept, Lowering, Op, Part
from netspec.ir.types import Type, refuse

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
    return joined[:, : x.shape[1]], joined[torch.arange(x.shape[0], device=x.device)[:, None], ends]''',
)

COUNTED = Part(
    "counted",
    '''def counted(
    x: Tensor, before: Tensor | None, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The number of each time step (B, T), counted from the first step of the first batch."""
    first = torch.zeros(len(x), dtype=torch.long, device=x.device) if before is None else before
    steps = first[:, None] + torch.arange(x.shape[1], device=x.device)
    if lengths is None:
        return steps, first + x.shape[1]
    after = first + lengths
    return steps.minimum((after - 1).clamp(min=0)[:, None]), after  # padding has no number''',
)

FLIP = Part(
    "flip",
    '''def flip(x: Tensor, lengths: Tensor) -> Tensor:
    """Each example's own steps in reverse order; the padding stays where it is: (B, T, ...)."""
    steps = torch.arange(x.shape[1], device=x.device)
    back = lengths[:, None] - 1 - steps
    index = torch.where(back >= 0, back, steps)
    return x.gather(1, index.view(*index.shape, *(1 for _ in x.shape[2:])).expand_as(x))''',
)


class Input(Op):
    """An input of the net; the input line declares its type."""

    name = "input"
    structure = "input"
    inputs = 0
    value: Type

    def __init__(self, value: Type) -> None:
        self.__dict__["value"] = value

    def shape(self, *inputs: Type) -> Type:
        return self.value

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")


class _SameType(Op):
    """Base of the nodes whose result has the type of their first input, as far as that is known."""

    over_time = True

    def looks_across_time(self, position: int, count: int) -> bool:
        return self.structure == "flip"

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]


class Port(_SameType):
    """An input of a block, seen from inside: it returns the value unchanged."""

    name = "port"
    structure = "port"
    effect = "same"
    linear = True

    def compute(self, call: Call, *inputs: Array) -> Array:
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("{x}")


class Delay(_SameType):
    """Reads a layer `delay` time steps ago: before the first step zeros, or the layer's `start`.

    Its first input may be a later node, so this is the only way to make a loop in a net.
    """

    name = "delay"
    structure = "delay"
    inputs = None

    def __init__(self, delay: int) -> None:
        self.__dict__["delay"] = delay

    def kept(self, *inputs: Type) -> Kept:
        return Kept(fixed=self.delay * inputs[0].values)

    def title(self, lang: str = "en") -> str:
        return f"t−{self.delay}"

    def compute(self, call: Call, *inputs: Array) -> Array:
        """Outside a recurrence: shift along time, starting with `start` or zeros and dropping the last steps."""
        x = inputs[0]
        first = inputs[1].add_axis(1) if len(inputs) > 1 else filled(0.0, (x.shape[0], 1, *x.shape[2:]))
        early = first.pick(1, [0] * min(self.delay, x.shape[1]))
        rest = x.shape[1] - self.delay
        return join(1, early, x.pick(1, range(rest))) if rest > 0 else early

    def torch(self, *inputs: Type) -> Lowering:
        # Outside a recurrence a delayed read is a shift along time; its last steps become the state that is carried on.
        start = ", start={1}" if len(inputs) > 1 else ""
        time = inputs[0].time
        lengths = ", lengths={lengths}" if time is not None and time.varying else ""
        forward = f"shift({{0}}, {{steps}}, {{before}}{start}{lengths})"
        return Lowering(forward, values={"steps": self.delay}, parts=(SHIFT,))


class Flip(_SameType):
    """Reverses time: `reversed(step)` puts one before and one after the step."""

    name = "flip"
    structure = "flip"
    titles = ("reversed", "거꾸로")

    def shape(self, *inputs: Type) -> Type:
        if inputs[0].time is None:
            refuse("NS325", input=0, step="reversed", type=str(inputs[0]))
        return inputs[0]

    def compute(self, call: Call, *inputs: Array) -> Array:
        return call.reversed(inputs[0])

    def torch(self, *inputs: Type) -> Lowering:
        time = inputs[0].time
        if time is not None and time.varying:
            return Lowering("flip({x}, {lengths})", parts=(FLIP,))
        return Lowering("{x}.flip(1)")
