"""Initial values drawn from (seed, key): the same on every device, and a new layer changes no other's."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from netspec.ir.graph import Stored
from netspec.ir.operation import Weight
from netspec.lower.initial import as_floats, numbers_of, spread_of, whole

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
    ends = _ends(weight)
    if ends is not None:
        _uniform(tensor, *ends, number)
        if name == "torch" and weight.fans:
            bounds = tensor.new_tensor([1 / math.sqrt(fan) for fan in weight.fans])
            tensor.mul_(bounds.view(-1, *(1 for _ in tensor.shape[1:])))
        return
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


def _ends(weight: Weight) -> tuple[float, float] | None:
    """Between what the values of a uniform distribution lie; None for another one."""
    name = weight.init.name
    if name == "torch":  # where rows have fans of their own, each row is scaled by its own
        bound = 1.0 if weight.fans else 1 / math.sqrt(whole(weight.fan_in))
    elif name == "uniform":
        least, most = weight.init.numbers
        return least, most
    elif name in ("he_uniform", "xavier"):  # with the variance of the normal one
        bound = math.sqrt(3) * (spread_of(weight) or 0)
    else:
        return None
    return -bound, bound


def _uniform(tensor: torch.Tensor, least: float, most: float, number: int) -> None:
    """Uniform between `least` and `most`: numbers of 32 random bits, scaled.

    numpy's SFC64 draws them twice as fast as torch's generator; most of what building a net costs is this.
    """
    import numpy as np
    import torch

    if tensor.dtype not in (torch.float32, torch.float64):  # numpy has no bfloat16
        full = torch.empty(tensor.shape, dtype=torch.float32)
        _uniform(full, least, most, number)
        tensor.copy_(full)
        return
    bits = np.random.SFC64(number)
    flat = tensor.view(-1).numpy()
    scale, middle = (most - least) * 2.0**-32, (most + least) / 2
    for begin in range(0, len(flat), _PIECE):
        piece = flat[begin : begin + _PIECE]
        drawn = bits.random_raw((len(piece) + 1) // 2).view(np.int32)
        np.multiply(drawn[: len(piece)], scale, out=piece, casting="unsafe")
    if middle:
        flat += middle
