"""Initial values: as lines of source where a spec asks for them, and filled from (seed, key)."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from netspec.graph import Stored
from netspec.lower.holes import Holes
from netspec.ops.base import Init, Weight
from netspec.ops.weighted import ONES, TORCH, ZEROS

if TYPE_CHECKING:
    import torch

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
    spread = _spread_of(weight)
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
        return (1 / math.sqrt(_int(weight.fan_in)),)
    if init.name == "orthogonal":
        return init.numbers or (1.0,)
    return init.numbers


def _spread_of(weight: Weight) -> float | None:
    """The standard deviation that follows from the fans; None for a distribution that doesn't ask for them."""
    if weight.init.name in ("he", "he_uniform"):
        return math.sqrt(2 / _int(weight.fan_in))
    if weight.init.name in ("xavier", "xavier_normal"):
        return math.sqrt(2 / (_int(weight.fan_in) + _int(weight.fan_out)))
    return None


def _as_torch(weight: Weight) -> bool:
    """Whether torch, which knows an array's shape alone, finds the same fans."""
    sizes = [_int(size) for size in weight.shape]
    area = math.prod(sizes[2:])
    return (weight.fan_in, weight.fan_out) == (sizes[1] * area, sizes[0] * area)


def _int(size: Any) -> int:
    assert isinstance(size, int)
    return size


# ---- values from (seed, key)


def generator(seed: int, key: str) -> torch.Generator:
    """A stream of random numbers that depends on the key alone: a new layer changes no other's start."""
    import torch

    digest = hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def fill(tensor: torch.Tensor, stored: Stored, seed: int) -> None:
    """Writes the initial values of one array, on the CPU: the same on every device."""
    import torch

    weight, init = stored.weight, stored.weight.init
    with torch.no_grad():
        if init.name == "given":
            tensor.copy_(torch.tensor(as_floats(weight.given)))
            return
        if init.name == "constant":
            tensor.fill_(init.numbers[0])
            return
        _draw(tensor, weight, generator(seed, stored.key))


def _draw(tensor: torch.Tensor, weight: Weight, source: torch.Generator) -> None:
    from torch import nn

    name = weight.init.name
    numbers = numbers_of(weight)
    spread = _spread_of(weight)
    if name == "torch":
        if weight.fans:
            bounds = tensor.new_tensor([1 / math.sqrt(fan) for fan in weight.fans])
            tensor.uniform_(-1, 1, generator=source).mul_(bounds.view(-1, *(1 for _ in tensor.shape[1:])))
            return
        bound = 1 / math.sqrt(_int(weight.fan_in))
        tensor.uniform_(-bound, bound, generator=source)
    elif name == "uniform":
        tensor.uniform_(numbers[0], numbers[1], generator=source)
    elif name in ("normal", "embedding"):
        mean, std = numbers or (0.0, 1.0)
        tensor.normal_(mean, std, generator=source)
    elif name == "lecun":
        tensor.normal_(0.0, numbers[0], generator=source)
    elif name == "truncated_normal":
        mean, std, least, most = numbers
        nn.init.trunc_normal_(tensor, mean, std, least, most, generator=source)
    elif name == "signs":
        tensor.bernoulli_(0.5, generator=source).mul_(2).sub_(1)
    elif spread is not None:
        _spread(tensor, spread, name in ("he", "xavier_normal"), source)
    elif name == "orthogonal":
        nn.init.orthogonal_(tensor, numbers[0], generator=source)
    else:
        raise AssertionError(f"no rule for {name}")


def _spread(tensor: torch.Tensor, scale: float, normal: bool, source: torch.Generator) -> None:
    """Normal, or uniform with the same variance."""
    if normal:
        tensor.normal_(0.0, scale, generator=source)
    else:
        bound = math.sqrt(3) * scale
        tensor.uniform_(-bound, bound, generator=source)
