"""Bounds on processor time that hold on slower machines too: they stretch by how slow this one is at this moment."""

from __future__ import annotations

import time

# seconds that `_work` took on the machine where the bounds were set
REFERENCE = 0.05
# how much longer the same work takes beside other programs
MARGIN = 2


def _work() -> float:
    """Processor time of a fixed piece of plain Python that fills memory, as a large spec does."""
    begun = time.process_time()
    made = [{"name": f"k{number}", "at": (number, number + 1), "inner": [number]} for number in range(60_000)]
    found = {item["name"]: item for item in made}
    assert sum(len(item["inner"]) for item in found.values()) == len(made)
    return time.process_time() - begun


def within(seconds: float, most: float) -> bool:
    """Whether something took no longer than a bound of processor time on this machine.

    A bound finds work that grows out of all proportion, which takes a hundred times as long. What other programs on
    the machine do to the processor's time (up to twice as much here) is no fault of the work.

    Parameters:
        seconds: what it took.
        most: what the bound is where `_work` takes `REFERENCE` seconds; how much slower this machine is, is measured
            only where that is too short.
    """
    return seconds <= most or seconds <= MARGIN * most * max(1.0, max(_work() for _ in range(3)) / REFERENCE)
