"""(seed, name, epoch, index) -> random numbers for splits, orders and augmentation, as pure functions.

Every index has its own 64 random bits by SplitMix64 (Steele et al. 2014). So the numbers do not depend on the number of
processes, the device, or the version of a library.
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
    """Return the key of a stream of random numbers: 64 bits that depend on every part."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def step_key(key: int, step: int) -> int:
    """Return the seed for one training step, for example for its dropout."""
    value = (key + (step + 1) * _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return (value ^ (value >> 31)) >> 1


def bits(key: int, index: Array) -> Array:
    """Return 64 random bits for each index, as uint64."""
    import numpy as np

    with np.errstate(over="ignore"):
        value = np.uint64(key) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found: Array = value ^ (value >> np.uint64(31))
    return found


def uniform(key: int, index: Array) -> Array:
    """Return a number in [0, 1) for each index, as float64."""
    import numpy as np

    found: Array = (bits(key, index) >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))
    return found


class Draw:
    """Named streams of random arrays: each number depends only on the seed, its name and its position."""

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def part(self, name: object) -> Draw:
        return Draw(*self.parts, name)

    def uniform(self, name: object, shape: int | tuple[int, ...]) -> Array:
        """Return numbers in [0, 1), as float64."""
        import numpy as np

        return uniform(key_of(*self.parts, name), np.arange(int(np.prod(shape)))).reshape(shape)

    def normal(self, name: object, shape: int | tuple[int, ...]) -> Array:
        """Return numbers from the standard normal distribution (Box and Muller 1958), as float64."""
        import numpy as np

        radius = np.sqrt(-2 * np.log1p(-self.uniform((name, "radius"), shape)))
        found: Array = radius * np.cos(2 * np.pi * self.uniform((name, "angle"), shape))
        return found


def permutation(key: int, count: int) -> Array:
    """Return the indices 0 … count - 1 in a random order that depends only on the key, as int64."""
    import numpy as np

    found: Array = np.argsort(bits(key, np.arange(count)), kind="stable")
    return found


def split(
    seed: int, count: int, shares: tuple[float, ...], ordered: bool = False, classes: Array | None = None
) -> list[Array]:
    """Divide rows into parts, one for each share.

    `ordered` makes each part consecutive rows; otherwise rows are chosen at random. Part sizes are rounded so that they
    add up to `count`; a part with a share above 0 is not empty if there are enough rows. `classes` gives the class of
    each row (count,): then every part has the same share of each class, except for rounding.
    """
    import numpy as np

    order = np.arange(count) if ordered else permutation(key_of(seed, "split"), count)
    if classes is not None:
        drawn = classes[order]
        first = np.argsort(drawn, kind="stable")  # positions sorted by class, within a class in random order
        _, begins, sizes = np.unique(drawn[first], return_index=True, return_counts=True)
        # Row k of the n rows of a class gets the position (k + 1/2) / n, so that every part takes an equal share of
        # each class.
        way = (np.arange(count) - np.repeat(begins, sizes) + 0.5) / np.repeat(sizes, sizes)
        order = order[first[np.lexsort((first, way))]]
    ends = [round(sum(shares[: number + 1]) * count) for number in range(len(shares))]
    ends[-1] = count
    parts = np.split(order, ends[:-1])
    return [part if ordered else np.sort(part) for part in parts]
