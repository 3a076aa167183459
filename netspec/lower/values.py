"""Initial values drawn from (seed, key): the same on every device, and a new layer changes no other's."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from netspec.graph import Stored
from netspec.lower.initial import as_floats, numbers_of, spread_of, whole
from netspec.ops.base import Weight

if TYPE_CHECKING:
    import torch

# random bits are drawn and scaled in pieces that stay in the processor's cache
_PIECE = 1 << 15


def fill(tensor: torch.Tensor, stored: Stored, seed: int) -> None:
    """Writes the initial values of one array, a tensor on the CPU that lies in rows; under `torch.no_grad`."""
    import torch

    weight, init = stored.weight, stored.weight.init
    if init.name == "given":
        tensor.copy_(torch.tensor(as_floats(weight.given)))
    elif init.name == "constant":
        tensor.fill_(init.numbers[0])
    else:
        _draw(tensor, weight, _number(seed, stored.key))


def _number(seed: int, key: str) -> int:
    """Where an array's stream of random numbers begins."""
    digest = hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _draw(tensor: torch.Tensor, weight: Weight, number: int) -> None:
    import torch
    from torch import nn

    name = weight.init.name
    numbers = numbers_of(weight)
    spread = spread_of(weight)
    if name == "torch" and weight.fans:
        bounds = tensor.new_tensor([1 / math.sqrt(fan) for fan in weight.fans])
        _uniform(tensor, -1, 1, number)
        tensor.mul_(bounds.view(-1, *(1 for _ in tensor.shape[1:])))
        return
    if name == "torch":
        bound = 1 / math.sqrt(whole(weight.fan_in))
        return _uniform(tensor, -bound, bound, number)
    if name == "uniform":
        return _uniform(tensor, numbers[0], numbers[1], number)
    if name in ("he_uniform", "xavier"):  # the normal one's variance
        assert spread is not None
        return _uniform(tensor, -math.sqrt(3) * spread, math.sqrt(3) * spread, number)
    source = torch.Generator().manual_seed(number)
    if name in ("normal", "embedding"):
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
        tensor.normal_(0.0, spread, generator=source)
    elif name == "orthogonal":
        nn.init.orthogonal_(tensor, numbers[0], generator=source)
    else:
        raise AssertionError(f"no rule for {name}")


def _uniform(tensor: torch.Tensor, least: float, most: float, number: int) -> None:
    """Uniform in [least, most): numbers of 32 random bits, scaled.

    numpy's SFC64 draws them twice as fast as torch's generator; most of what building a net costs is this.
    """
    import torch
    from numpy.random import SFC64

    bits = SFC64(number)
    flat = tensor.view(-1)
    scale, middle = (most - least) * 2.0**-32, (most + least) / 2
    for begin in range(0, flat.numel(), _PIECE):
        piece = flat[begin : begin + _PIECE]
        drawn = torch.from_numpy(bits.random_raw((piece.numel() + 1) // 2).view("int32"))
        torch.mul(drawn[: piece.numel()], scale, out=piece)
    if middle:
        flat.add_(middle)
