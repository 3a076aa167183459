"""Memory for a set of pictures: main memory if it fits, else a memory-mapped temporary file."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SHARE = 0.5  # the largest share of free memory to use


def empty_bytes(shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return zeros, uint8. A temporary file is already unlinked, so the system removes it when the array is freed."""
    import math

    import numpy as np

    if math.prod(shape) <= SHARE * free_memory():
        return np.zeros(shape, dtype=np.uint8)
    with tempfile.TemporaryFile() as stream:
        return np.memmap(stream, dtype=np.uint8, mode="w+", shape=shape)


def free_memory() -> int:
    """Return the free memory in bytes; 4 GB if the system does not tell."""
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
