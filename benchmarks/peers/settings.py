"""Random filters and pools in one and two dimensions -> what netspec infers and what torch does with a real tensor."""

from __future__ import annotations

import random
import warnings
from dataclasses import asdict, dataclass
from typing import Any

import netspec
from netspec.diagnostics.errors import SpecError

COUNT, SEED = 1500, 20261122
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Setting:
    """One layer and the maps that come in; every tuple has a value for each dimension of space."""

    kind: str  # conv, maxpool, avgpool
    maps: int
    size: Shape
    filters: int
    kernel: Shape
    stride: Shape
    pad: Shape
    dilation: Shape
    ceil: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def plain(self) -> bool:
        """A square layer of two dimensions without dilation, rounding up or the padding of a pool."""
        square = all(len(set(values)) == 1 for values in (self.kernel, self.stride, self.pad, self.dilation))
        unusual = self.ceil or self.dilation[0] != 1 or (self.kind != "conv" and self.pad[0] != 0)
        return len(self.size) == 2 and square and not unusual


def settings() -> list[Setting]:
    """The same 1,500 on every run: a third along one axis, most others square, as networks have them."""
    generator = random.Random(SEED)
    return [_setting(generator) for _ in range(COUNT)]


def _setting(generator: random.Random) -> Setting:
    kind = generator.choice(("conv", "conv", "maxpool", "avgpool"))
    dimensions = generator.choice((1, 2, 2))
    square = generator.random() < 0.7

    def values(*choices: int) -> Shape:
        if square:
            return (generator.choice(choices),) * dimensions
        return tuple(generator.choice(choices) for _ in range(dimensions))

    return Setting(
        kind=kind,
        maps=generator.randint(1, 4),
        size=tuple(generator.randint(3, 32) for _ in range(dimensions)),
        filters=generator.randint(1, 8),
        kernel=values(1, 2, 3, 3, 5, 7),
        stride=values(1, 1, 2, 3),
        pad=values(0, 0, 1, 2, 3),
        dilation=values(1) if kind == "avgpool" else values(1, 1, 1, 2, 3),
        ceil=kind != "conv" and generator.random() < 0.3,
    )


def inferred(s: Setting) -> Shape | str:
    """Netspec's answer from a text of its own: maps and space, or the code of its refusal."""
    window = f"stride = {_by(s.stride)}, pad = {_by(s.pad)}"
    window += f", dilation = {_by(s.dilation)}" if s.kind != "avgpool" else ""
    window += ", ceil = true" if s.ceil else ""
    step = {
        "conv": f"{s.filters} filters {_by(s.kernel)} ({window})",
        "maxpool": f"maxpool({_by(s.kernel)}, {window})",
        "avgpool": f"avgpool({_by(s.kernel)}, {window})",
    }[s.kind]
    text = f"net n {{\n  input x: {s.maps}@{_by(s.size)}\n  output y: {step}\n}}\n"
    try:
        graph = netspec.parse(text).net().graph
    except SpecError as errors:
        return next(found.code for found in errors.diagnostics if found.severity == "error")
    value = graph.nodes[graph.layers[graph.outputs[0]].values[0].node].type
    return tuple(int(size) for size in (value.maps, *value.space))  # type: ignore[arg-type]


def _by(values: Shape) -> str:
    return "x".join(map(str, values))


def real(s: Setting) -> Shape | None:
    """The shape of torch's output without the batch; None where torch refuses."""
    import torch
    from torch import nn

    d = len(s.size)
    try:
        if s.kind == "conv":
            layer: Any = getattr(nn, f"Conv{d}d")(s.maps, s.filters, s.kernel, s.stride, s.pad, s.dilation)
        elif s.kind == "maxpool":
            layer = getattr(nn, f"MaxPool{d}d")(s.kernel, s.stride, s.pad, s.dilation, ceil_mode=s.ceil)
        else:
            layer = getattr(nn, f"AvgPool{d}d")(s.kernel, s.stride, s.pad, ceil_mode=s.ceil)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return tuple(layer(torch.zeros(1, s.maps, *s.size)).shape[1:])
    except (RuntimeError, ValueError):
        return None
