"""A part of a data set -> batches on the device: all rows resident, one order an epoch, chosen by index.

The order, and what is drawn for an example, are pure functions of (seed, epoch, index): a resumed run, or
another number of processes, sees the very same batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.sections.steps import Step
from netspec.training.augment import augments
from netspec.training.prepare import Dataset, Prepared
from netspec.training.streams import permutation

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.augment import Augment

    Batch = dict[str, Tensor]


@dataclass(slots=True)
class Column:
    """One field of a part, on the device: (rows, …), or a stretch of rows that examples are cut from."""

    values: Tensor
    offsets: Tensor | None = None  # of an example's rows from where it begins
    scale: float | None = None  # bytes are multiplied by this once they are on their way into the net
    late: tuple[Step, ...] = ()
    single: bool = False  # one row of each stretch, without a time axis

    def take(self, index: Tensor) -> Tensor:
        """The examples of an index."""
        if self.single and self.offsets is not None:
            return self.values[index + self.offsets]
        if self.offsets is not None:
            return self.values[index.unsqueeze(1) + self.offsets]
        return self.values.index_select(0, index)


class Part:
    """The rows of training, validation or test."""

    def __init__(self, dataset: Dataset, name: str, device: Any, dtype: Any) -> None:
        import torch

        rows = dataset.parts[name]
        self.name = name
        self.count = len(rows)
        self.device = device
        self.begins = torch.from_numpy(rows).to(device) if dataset.windowed else None
        self.columns = {
            key: _column(item, rows, dataset.windowed, device, dtype) for key, item in dataset.fields.items()
        }
        for key, item in dataset.fields.items():
            if item.values.lengths is not None:
                self.columns[f"{key}_length"] = Column(torch.from_numpy(item.values.lengths[rows]).to(device))
        self.augments: dict[str, list[Augment]] = {
            key: augments(item.training) for key, item in dataset.fields.items() if item.training
        }

    def take(self, index: Tensor, drawn: tuple[int, Tensor] | None = None) -> Batch:
        """The fields of the examples at `index`; `drawn` is (key, index on the CPU) in training passes."""
        if self.begins is not None:
            index = self.begins.index_select(0, index)
        batch = {name: column.take(index) for name, column in self.columns.items()}
        for name, steps in self.augments.items():
            for step in steps:
                batch[name] = step(batch[name], drawn)
        return batch

    def order(self, key: int) -> Tensor:
        """The order of an epoch, on the CPU."""
        import torch

        return torch.from_numpy(permutation(key, self.count))


def _column(item: Prepared, rows: Any, windowed: bool, device: Any, dtype: Any) -> Column:
    import torch

    values = item.values
    array = torch.from_numpy(values.array if windowed else values.array[rows])
    if array.dtype == torch.uint8 or array.is_floating_point():
        array = array.to(dtype)
    offsets = None
    if windowed:
        assert values.length is not None
        offsets = torch.arange(values.ahead, values.ahead + values.length, device=device)
    return Column(array.to(device), offsets, late=item.training, single=windowed and not item.timed)


def bounds(count: int, batch: int, least: int) -> list[tuple[int, int]]:
    """Where each batch begins and ends; a last one smaller than `least` joins the one before."""
    found = [(start, min(start + batch, count)) for start in range(0, count, batch)]
    if len(found) > 1 and found[-1][1] - found[-1][0] < least:
        found[-2:] = [(found[-2][0], found[-1][1])]
    return found
