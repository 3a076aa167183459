"""The bounds that a spec may not exceed: counted before anything is built, raisable by the caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a spec may ask for at most."""

    bytes: int = 1_000_000  # of one file
    files: int = 200  # read through `use`
    nodes: int = 100_000  # operations after blocks and repeats are expanded
    calls: int = 40  # blocks inside blocks
    size: int = 10**10  # one size: maps, steps, units
    weights: int = 10**13  # numbers stored


DEFAULT = Limits()
