"""The bounds that a spec may not exceed: counted before anything is built, raisable by the caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a spec may ask for at most; `netspec.load(path, limits=…)` and `--limit NAME=N` change it.

    Attributes:
        bytes: the size of one file.
        files: how many files are read through `use`.
        nodes: how many operations there are after blocks and repeats are expanded.
        calls: how deep blocks stand inside blocks.
        size: the largest single size: maps, steps, units.
        weights: how many numbers are stored.

    Example:
        >>> netspec.Limits(nodes=1000).nodes
        1000
    """

    bytes: int = 1_000_000
    files: int = 200
    nodes: int = 100_000
    calls: int = 40
    size: int = 10**10
    weights: int = 10**13


DEFAULT = Limits()
