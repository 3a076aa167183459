"""A part of a data set -> batches on the device, by index, in a new order each epoch.

Rows are kept on the device if they fit; otherwise the workers of `Prefetcher` fetch a few batches ahead. The order of
rows and the random numbers of an example depend only on (seed, epoch, index), so a resumed run and another number of
processes see exactly the same batches.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from netspec.config.arrays import Affine
from netspec.config.vocabulary.steps import FieldStep
from netspec.training.data.dataset import Dataset, Prepared
from netspec.training.data.random_streams import permutation, uniform

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Array = np.ndarray[Any, np.dtype[Any]]
    Batch = dict[str, Tensor]
    Augment = Callable[[Tensor, tuple[int, Tensor] | None], Tensor]

SHARE = 0.4  # the largest part of a GPU's free memory that one field of a part may use


@dataclass(slots=True)
class Column:
    """One field of a part on the device: a row for each example, or consecutive rows from which examples are cut."""

    values: Tensor
    dtype: Any  # the dtype of the batches
    bytes: bool = False  # whether values are stored as bytes and converted for each batch
    offsets: Tensor | None = None  # the rows of an example, relative to its first row
    single: bool = False  # whether an example is a single row, without a time axis

    def take(self, index: Tensor) -> Tensor:
        """Return the examples with these indices; `index` is on the same device."""
        if self.offsets is None:
            found = self.values.index_select(0, index)
        else:
            found = self.values[(index if self.single else index.unsqueeze(1)) + self.offsets]
        return found.to(self.dtype) if self.bytes else found


@dataclass(slots=True)
class Remote:
    """One field of a part in main memory, or in a memory-mapped file."""

    array: Array
    rows: Array
    dtype: Any

    def fetch(self, index: Array, pinned: bool) -> Tensor:
        """Return the examples with these indices on the CPU; workers call this."""
        import torch

        found = torch.from_numpy(self.array[self.rows[index]])
        return found.pin_memory() if pinned else found


class Part:
    """The training, validation or test part of a data set."""

    def __init__(self, dataset: Dataset, name: str, device: Any, dtype: Any) -> None:
        import torch

        rows = dataset.parts[name]
        self.name = name
        self.count = len(rows)
        self.device = device
        self.pinned = str(device).startswith("cuda")
        self.begins = torch.from_numpy(rows).to(device) if dataset.windowed else None
        self.columns: dict[str, Column] = {}
        self.remote: dict[str, Remote] = {}
        for key, item in dataset.fields.items():
            if not dataset.windowed and stays_away(item.values.array, len(rows), device):
                kind = dtype if item.values.array.dtype.kind in "uf" else torch.int64
                self.remote[key] = Remote(item.values.array, rows, kind)
            else:
                self.columns[key] = _column(item, rows, dataset.windowed, device, dtype)
            if item.values.lengths is not None:
                lengths = torch.from_numpy(item.values.lengths[rows]).to(device)
                self.columns[f"{key}_length"] = Column(lengths, torch.int64)
        self.augments: dict[str, list[Augment]] = {
            key: [*affine(item.values.pending), *augments(item.training)]
            for key, item in dataset.fields.items()
            if item.training or item.values.pending
        }

    def fetch(self, index: Tensor) -> Batch:
        """Return the fields of a batch that are not on the device; workers may call this in advance."""
        chosen = index.numpy()
        return {name: column.fetch(chosen, self.pinned) for name, column in self.remote.items()}

    def take(self, index: Tensor, drawn: tuple[int, Tensor] | None = None, fetched: Batch | None = None) -> Batch:
        """Return a batch.

        Parameters:
            index: the indices of the examples, (B,), on the CPU.
            drawn: in training (key, index), which determine the augmentation; None in evaluation.
            fetched: the result of `fetch` for this index; None to fetch now.

        Returns:
            The fields of the examples by name, on the device.
        """
        if self.remote and fetched is None:
            fetched = self.fetch(index)
        if self.device != "cpu":
            index = index.to(self.device, non_blocking=True)
        if self.begins is not None:
            index = self.begins.index_select(0, index)
        batch = {name: column.take(index) for name, column in self.columns.items()}
        for name, column in self.remote.items():
            assert fetched is not None
            batch[name] = fetched[name].to(self.device, non_blocking=True).to(column.dtype)
        for name, steps in self.augments.items():
            for step in steps:
                batch[name] = step(batch[name], drawn)
        return batch

    def order(self, key: int) -> Tensor:
        """Return the indices in the order of an epoch, on the CPU."""
        import torch

        return torch.from_numpy(permutation(key, self.count))


def stays_away(array: Array, rows: int, device: Any) -> bool:
    """Whether a field is kept off the device: it is a memory-mapped file, or too large for the memory of the GPU."""
    import numpy as np
    import torch

    if isinstance(array, np.memmap):
        return True
    if not str(device).startswith("cuda"):
        return False
    free, _ = torch.cuda.mem_get_info()
    return rows * array[:1].nbytes > SHARE * free


def _column(item: Prepared, rows: Any, windowed: bool, device: Any, dtype: Any) -> Column:
    import torch

    values = item.values
    array = torch.from_numpy(values.array if windowed else values.array[rows])
    kind = dtype if array.dtype == torch.uint8 or array.is_floating_point() else array.dtype
    offsets = None
    if windowed:
        assert values.length is not None
        offsets = torch.arange(values.ahead, values.ahead + values.length, device=device)
    few = array.dtype == torch.uint8
    array = array if few else array.to(kind)
    return Column(array.to(device), kind, few, offsets, single=windowed and not item.timed)


def bounds(count: int, batch: int, least: int) -> list[tuple[int, int]]:
    """Return the begin and end of each batch. A last batch smaller than `least` is merged with the one before."""
    found = [(start, min(start + batch, count)) for start in range(0, count, batch)]
    if len(found) > 1 and found[-1][1] - found[-1][0] < least:
        found[-2:] = [(found[-2][0], found[-1][1])]
    return found


# ---- Augmentation of each batch: crops, shifts and flips, random by (seed, epoch, index)


def augments(late: tuple[FieldStep, ...]) -> list[Augment]:
    """Return the augmentations of a field as functions (pictures (B, C, H, W), drawn) -> pictures.

    `drawn` is (key, index of each example) in training and None otherwise.
    """
    return [_augment(step, position) for position, step in enumerate(late)]


def _augment(step: FieldStep, position: int) -> Augment:
    def act(pictures: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        if drawn is None:
            return step.augment(pictures, None)
        import torch

        key, index = drawn
        streams = count(3 * position + 1)

        def draw() -> Tensor:
            """Return a number in [0, 1) for each example of the batch."""
            stream = next(streams) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
            return torch.from_numpy(uniform(key ^ stream, index.numpy())).to(pictures.device)

        return step.augment(pictures, draw)

    return act


def affine(pending: tuple[Affine, ...]) -> list[Augment]:
    """Return the steps to apply to each batch (B, maps, …), for a data set too large to be transformed in advance."""
    return [_affine(step) for step in pending]


def _affine(step: Affine) -> Augment:
    import torch

    def act(values: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        shape = (-1, *(1,) * (values.dim() - 2))
        minus, by = (torch.tensor(numbers, device=values.device).reshape(shape) for numbers in step[:2])
        found = (values - minus.to(values.dtype)) / by.to(values.dtype)
        return found if (step.times, step.plus) == (1.0, 0.0) else found * step.times + step.plus

    return act


# ---- Batches of one epoch; workers fetch a few ahead if the part is not on the device


AHEAD = 2  # batches per worker


def default_workers() -> int:
    """Return the number of cores minus one, at most four. Reading and copying release the GIL, so threads suffice."""
    return max(1, min(4, (os.cpu_count() or 1) - 1))


class Prefetcher:
    """Provides batches by number; workers fetch the next ones. It has no state that a checkpoint would need."""

    def __init__(self, part: Part, index: Callable[[int], Tensor], count: int, workers: int) -> None:
        self.part = part
        self.index = index
        self.count = count
        self.ahead = AHEAD * workers
        self.pool = ThreadPoolExecutor(workers, "netspec-worker") if part.remote else None
        self.pending: dict[int, Future[Batch]] = {}

    def take(self, number: int, drawn: int) -> Batch:
        """Return the batch with a number, on the device."""
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
