"""(seed, name, epoch, index) -> numbers: splits, orders and augmentation as pure functions without state.

Every index gets its own 64 random bits by SplitMix64 (Steele et al. 2014), so an order does not depend on how
many processes share it, on the device, or on a library's version.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def key_of(*parts: object) -> int:
    """The key of a stream of random numbers: 64 bits that depend on every part."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def step_key(key: int, step: int) -> int:
    """The seed of the random numbers of one step, such as those of dropout."""
    value = (key + (step + 1) * _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return (value ^ (value >> 31)) >> 1


def bits(key: int, index: Array) -> Array:
    """64 random bits for each index, uint64."""
    import numpy as np

    with np.errstate(over="ignore"):
        value = np.uint64(key) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found: Array = value ^ (value >> np.uint64(31))
    return found


def uniform(key: int, index: Array) -> Array:
    """A number in [0, 1) for each index, float64."""
    import numpy as np

    found: Array = (bits(key, index) >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))
    return found


class Draw:
    """Named streams of random arrays: each number depends only on its name and its place."""

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def part(self, name: object) -> Draw:
        return Draw(*self.parts, name)

    def uniform(self, name: object, shape: int | tuple[int, ...]) -> Array:
        """Numbers in [0, 1), float64."""
        import numpy as np

        return uniform(key_of(*self.parts, name), np.arange(int(np.prod(shape)))).reshape(shape)

    def normal(self, name: object, shape: int | tuple[int, ...]) -> Array:
        """Numbers of the standard normal distribution (Box and Muller 1958), float64."""
        import numpy as np

        radius = np.sqrt(-2 * np.log1p(-self.uniform((name, "radius"), shape)))
        found: Array = radius * np.cos(2 * np.pi * self.uniform((name, "angle"), shape))
        return found


def permutation(key: int, count: int) -> Array:
    """The indices 0 … count - 1 in an order that depends on the key alone, int64."""
    import numpy as np

    found: Array = np.argsort(bits(key, np.arange(count)), kind="stable")
    return found


def split(
    seed: int, count: int, shares: tuple[float, ...], ordered: bool = False, classes: Array | None = None
) -> list[Array]:
    """The rows of each part, as many parts as shares; `ordered` keeps them in stretches, else they are drawn.

    Part sizes are rounded so that they add up to `count`; a part with a share above 0 has a row where there are
    enough. With `classes`, the class of each row (count,), every part has the same share of each class, but for
    rounding.
    """
    import numpy as np

    order = np.arange(count) if ordered else permutation(key_of(seed, "split"), count)
    if classes is not None:
        drawn = classes[order]
        first = np.argsort(drawn, kind="stable")  # the places of the first class, in the order drawn, then of the next
        _, begins, sizes = np.unique(drawn[first], return_index=True, return_counts=True)
        # the k-th of the n rows of a class lies at (k + 1/2) / n of the way, so a cut takes an equal share of each class
        way = (np.arange(count) - np.repeat(begins, sizes) + 0.5) / np.repeat(sizes, sizes)
        order = order[first[np.lexsort((first, way))]]
    ends = [round(sum(shares[: number + 1]) * count) for number in range(len(shares))]
    ends[-1] = count
    parts = np.split(order, ends[:-1])
    return [part if ordered else np.sort(part) for part in parts]
