"""Batches of one epoch, fetched a few ahead by workers where their part does not lie on the device."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from netspec.training.batches import Part

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.batches import Batch

AHEAD = 2  # batches for each worker


def default_workers() -> int:
    """One a core but the one that trains, at most four: reading and copying let Python's lock go."""
    return max(1, min(4, (os.cpu_count() or 1) - 1))


class Feed:
    """Hands out batches by their number; the order is known beforehand, so nothing here could be lost or mixed up."""

    def __init__(self, part: Part, index: Callable[[int], Tensor], count: int, workers: int) -> None:
        self.part = part
        self.index = index
        self.count = count
        self.ahead = AHEAD * workers
        self.pool = ThreadPoolExecutor(workers, "netspec-worker") if part.remote else None
        self.pending: dict[int, Future[Batch]] = {}

    def take(self, number: int, drawn: int) -> Batch:
        """The batch of a number, on the device."""
        index = self.index(number)
        if self.pool is None:
            return self.part.take(index, (drawn, index))
        for later in range(number, min(number + self.ahead, self.count)):
            if later not in self.pending:
                self.pending[later] = self.pool.submit(self.part.fetch, self.index(later))
        return self.part.take(index, (drawn, index), self.pending.pop(number).result())

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
