"""Initial values as lines of source, where a spec asks for another start than torch's."""

from __future__ import annotations

import math
from typing import Any

from netspec.ir.operation import Init, Weight
from netspec.lower.holes import Holes
from netspec.ops.weighted import ONES, TORCH, ZEROS

# what torch's own constructors do already: no line is written for it
_STANDARD = (TORCH, ONES, ZEROS, Init("signs"), Init("embedding"))

_CALLS = {
    "normal": "nn.init.normal_({w}, {0}, {1})",
    "truncated_normal": "nn.init.trunc_normal_({w}, {0}, {1}, {2}, {3})",
    "uniform": "nn.init.uniform_({w}, {0}, {1})",
    "constant": "nn.init.constant_({w}, {0})",
    "he": 'nn.init.kaiming_normal_({w}, nonlinearity="relu")',
    "he_uniform": 'nn.init.kaiming_uniform_({w}, nonlinearity="relu")',
    "xavier": "nn.init.xavier_uniform_({w})",
    "xavier_normal": "nn.init.xavier_normal_({w})",
    "lecun": "nn.init.normal_({w}, 0.0, {0})",
    "orthogonal": "nn.init.orthogonal_({w}, {0})",
}


def init_line(weight: Weight, asked: bool, holes: Holes) -> str | None:
    """`nn.init.normal_({self}.weight, 0.0, 0.02)` where the spec asks for another start than torch's."""
    init = weight.init
    if not asked or init.name == "torch":
        return None
    target = f"{{self}}.{weight.name}"
    if init.name == "given":
        return f"{target}.data.copy_(torch.tensor({holes.put(as_floats(weight.given))}))"
    numbers = numbers_of(weight)
    template = _CALLS[init.name]
    spread = spread_of(weight)
    if spread is not None and not _as_torch(weight):
        normal = init.name in ("he", "xavier_normal")
        template = _CALLS["normal" if normal else "uniform"]
        numbers = (0.0, spread) if normal else (-math.sqrt(3) * spread, math.sqrt(3) * spread)
    text = template.replace("{w}", target)
    for position, number in enumerate(numbers):
        text = text.replace(f"{{{position}}}", holes.put(number))
    return text


def as_floats(rows: Any) -> Any:
    return tuple(as_floats(row) for row in rows) if isinstance(rows, tuple) else float(rows)


def numbers_of(weight: Weight) -> tuple[float, ...]:
    """The arguments of a distribution, with what follows from the fans."""
    init = weight.init
    if init.name == "truncated_normal":
        mean, std = init.numbers
        return (mean, std, mean - 2 * std, mean + 2 * std)
    if init.name == "lecun":
        return (1 / math.sqrt(whole(weight.fan_in)),)
    if init.name == "orthogonal":
        return init.numbers or (1.0,)
    return init.numbers


def spread_of(weight: Weight) -> float | None:
    """The standard deviation that follows from the fans; None for a distribution that doesn't ask for them."""
    if weight.init.name in ("he", "he_uniform"):
        return math.sqrt(2 / whole(weight.fan_in))
    if weight.init.name in ("xavier", "xavier_normal"):
        return math.sqrt(2 / (whole(weight.fan_in) + whole(weight.fan_out)))
    return None


def _as_torch(weight: Weight) -> bool:
    """Whether torch, which knows an array's shape alone, finds the same fans."""
    sizes = [whole(size) for size in weight.shape]
    area = math.prod(sizes[2:])
    return (weight.fan_in, weight.fan_out) == (sizes[1] * area, sizes[0] * area)


def whole(size: Any) -> int:
    assert isinstance(size, int)
    return size
