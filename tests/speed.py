"""Bounds on processor time that hold on slower machines too: they stretch by how slow this one is at this moment."""

from __future__ import annotations

import time

# seconds that `_work` took on the machine where the bounds were set
REFERENCE = 0.05


def _work() -> float:
    """Processor time of a fixed piece of plain Python that fills memory, as a large spec does."""
    begun = time.process_time()
    made = [{"name": f"k{number}", "at": (number, number + 1), "inner": [number]} for number in range(60_000)]
    found = {item["name"]: item for item in made}
    assert sum(len(item["inner"]) for item in found.values()) == len(made)
    return time.process_time() - begun


def stretched(seconds: float) -> float:
    """A bound of processor time for this machine.

    Parameters:
        seconds: what the bound is where `_work` takes `REFERENCE` seconds.

    Returns:
        `seconds`, times how much slower this machine is; never less than `seconds`.
    """
    return seconds * max(1.0, max(_work() for _ in range(3)) / REFERENCE)
