"""Room for a set of pictures: in memory where it fits, else in a temporary file that is mapped into it."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SHARE = 0.5  # of the memory that is free


def empty_bytes(shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[Any]]:
    """Zeros, uint8. The file has no name any more when this returns: it is gone when nothing uses it."""
    import math

    import numpy as np

    if math.prod(shape) <= SHARE * free_memory():
        return np.zeros(shape, dtype=np.uint8)
    with tempfile.TemporaryFile() as stream:
        return np.memmap(stream, dtype=np.uint8, mode="w+", shape=shape)


def free_memory() -> int:
    """Bytes that can still be had; where the system does not say, 4 GB."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            found = next(line for line in stream if line.startswith("MemAvailable:"))
        return int(found.split()[1]) * 1024
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return 4 << 30
