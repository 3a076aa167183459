"""Initial values of stored arrays, as emitted source and as values drawn from (seed, key).

Emitted source sets initial values only where the spec asks for others than torch's defaults. Values drawn from (seed,
key) are the same on every device, and a new layer does not change the values of other layers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from netspec.codegen.python import UNKNOWN
from netspec.ir.graph import Stored
from netspec.ir.operation import Weight

if TYPE_CHECKING:
    import torch

# Random bits are drawn and scaled in pieces that fit into the processor's cache.
_PIECE = 1 << 15


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


def start(weight: Weight, asked: bool) -> tuple[str, tuple[Any, ...]] | None:
    """Return the call that writes initial values into `{w}`, and its numbers; None if torch's default is right.

    Numbers that depend on open sizes are UNKNOWN.
    """
    init = weight.init
    if not asked or init.name == "torch":
        return None
    if init.name == "given":
        return "{w}.data.copy_(torch.tensor({0}))", (as_floats(weight.given),)
    if init.name == "constant" and init.numbers in ((0.0,), (1.0,)):
        return ("nn.init.zeros_({w})" if init.numbers == (0.0,) else "nn.init.ones_({w})"), ()
    template = _CALLS[init.name]
    try:
        numbers: tuple[Any, ...] = numbers_of(weight)
        spread = spread_of(weight)
    except OpenFan:
        numbers, spread = (UNKNOWN,) * (template.count("{") - 1), 1.0
    if spread is not None and not _as_torch(weight):
        normal = init.name in ("he", "xavier_normal")
        template = _CALLS["normal" if normal else "uniform"]
        numbers = (0.0, spread) if normal else (-math.sqrt(3) * spread, math.sqrt(3) * spread)
        if not all(isinstance(size, int) for size in (weight.fan_in, weight.fan_out)):
            numbers = (UNKNOWN, UNKNOWN)
    return template, numbers


def parameter(weight: Weight) -> tuple[str, tuple[str, tuple[Any, ...]] | None]:
    """Return the function that creates a parameter without a module, and the call that writes its initial values."""
    if weight.init.name == "constant" and weight.init.numbers in ((0.0,), (1.0,)):
        return ("torch.ones" if weight.init.numbers == (1.0,) else "torch.zeros"), None
    if weight.init.name == "torch":
        open_ = not isinstance(weight.fan_in, int)
        bound = UNKNOWN if open_ else 1 / math.sqrt(whole(weight.fan_in))
        least = UNKNOWN if open_ else -1 / math.sqrt(whole(weight.fan_in))
        return "torch.empty", (_CALLS["uniform"], (least, bound))
    return "torch.empty", start(weight, True)


def flat(rows: Any) -> Iterator[float]:
    """Yield the numbers of nested rows, in reading order."""
    for row in rows:
        if isinstance(row, tuple):
            yield from flat(row)
        else:
            yield float(row)


def as_floats(rows: Any) -> Any:
    return tuple(as_floats(row) for row in rows) if isinstance(rows, tuple) else float(rows)


def numbers_of(weight: Weight) -> tuple[float, ...]:
    """Return the arguments of a distribution, those that depend on the fans included."""
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
    """Return the standard deviation that follows from the fans; None if the distribution does not use them."""
    if weight.init.name in ("he", "he_uniform"):
        return math.sqrt(2 / whole(weight.fan_in))
    if weight.init.name in ("xavier", "xavier_normal"):
        return math.sqrt(2 / (whole(weight.fan_in) + whole(weight.fan_out)))
    return None


def _as_torch(weight: Weight) -> bool:
    """Whether torch.nn.init, which derives the fans from the shape alone, finds the same fans."""
    sizes: Any = weight.shape
    area: Any = math.prod(sizes[2:])
    return bool(weight.fan_in == sizes[1] * area and weight.fan_out == sizes[0] * area)


class OpenFan(Exception):
    """The number of values that are summed for a result depends on open sizes."""


def whole(size: Any) -> int:
    if not isinstance(size, int):
        raise OpenFan
    return size


# ---- values drawn from (seed, key)


def fill(tensor: torch.Tensor, stored: Stored, seed: int) -> None:
    """Write the initial values of a stored array into a contiguous CPU tensor, under `torch.no_grad`."""
    import torch

    weight, init = stored.weight, stored.weight.init
    if init.name == "given":
        tensor.copy_(torch.tensor(as_floats(weight.given)))
    elif init.name == "constant":
        tensor.fill_(init.numbers[0])
    else:
        _draw(tensor, weight, number_of(seed, stored.key))


def number_of(seed: int, key: str) -> int:
    """Return the seed of the array's own stream of random numbers."""
    digest = hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _draw(tensor: torch.Tensor, weight: Weight, number: int) -> None:
    import torch
    from torch import nn

    if tensor.dtype not in (torch.float32, torch.float64):  # numpy has no bfloat16, and erfinv loses digits in it
        full = torch.empty(tensor.shape, dtype=torch.float32)
        _draw(full, weight, number)
        tensor.copy_(full)
        return
    name = weight.init.name
    numbers = numbers_of(weight)
    spread = spread_of(weight)
    ends = ends_of(weight)
    if ends is not None:
        _uniform(tensor, *ends, number)
        if name == "torch" and weight.fans:
            bounds = tensor.new_tensor([1 / math.sqrt(fan) for fan in weight.fans])
            tensor.mul_(bounds.view(-1, *(1 for _ in tensor.shape[1:])))
        return
    if name == "truncated_normal":
        # the inverse of the distribution function; torch's trunc_normal_ draws a whole array until all of it fits
        mean, std, least, most = numbers
        share = math.erf((most - mean) / (std * math.sqrt(2))) if std else 0.0
        _uniform(tensor, -share, share, number)
        tensor.erfinv_().mul_(std * math.sqrt(2)).add_(mean).clamp_(least, most)
        return
    source = torch.Generator().manual_seed(number)
    if name in ("normal", "embedding"):
        mean, std = numbers or (0.0, 1.0)
        tensor.normal_(mean, std, generator=source)
    elif name == "lecun":
        tensor.normal_(0.0, numbers[0], generator=source)
    elif name == "signs":
        tensor.bernoulli_(0.5, generator=source).mul_(2).sub_(1)
    elif spread is not None:
        tensor.normal_(0.0, spread, generator=source)
    elif name == "orthogonal":
        nn.init.orthogonal_(tensor, numbers[0], generator=source)
    else:
        raise AssertionError(f"no rule for {name}")


def ends_of(weight: Weight) -> tuple[float, float] | None:
    """Return the bounds of a uniform distribution; None for other distributions."""
    name = weight.init.name
    if name == "torch":  # if rows have their own fans, each row is scaled later
        bound = 1.0 if weight.fans else 1 / math.sqrt(whole(weight.fan_in))
    elif name == "uniform":
        least, most = weight.init.numbers
        return least, most
    elif name in ("he_uniform", "xavier"):  # the bound that gives the variance of the normal variant
        bound = math.sqrt(3) * (spread_of(weight) or 0)
    else:
        return None
    return -bound, bound


def _uniform(tensor: torch.Tensor, least: float, most: float, number: int) -> None:
    """Fill with uniform values between `least` and `most`, made by scaling 32 random bits.

    numpy's SFC64 is twice as fast as torch's generator, and this is most of the time it takes to build a net.
    """
    import numpy as np

    bits = np.random.SFC64(number)
    flat = tensor.view(-1).numpy()
    scale, middle = (most - least) * 2.0**-32, (most + least) / 2
    for begin in range(0, len(flat), _PIECE):
        piece = flat[begin : begin + _PIECE]
        drawn = bits.random_raw((len(piece) + 1) // 2).view(np.int32)
        np.multiply(drawn[: len(piece)], scale, out=piece, casting="unsafe")
    if middle:
        flat += middle
