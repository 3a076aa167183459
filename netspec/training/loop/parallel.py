"""Let the processes that torchrun started work on one run: share rows, sum over all processes, let the first write.

The order of examples depends only on the seed and the epoch, so every process knows it; each process takes its share
of every batch. The counts by which means are divided are summed over all processes, so that shares of different
sizes give the mean of the whole batch.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

# After this time a process gives up waiting for another process, which may have died.
PATIENCE = timedelta(minutes=5)


class ProcessLost(Exception):
    """Raised if another process of the run has died or cannot be reached."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among all processes of a run: its number, their count, and the device that tensors are sent from."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def share(self, begin: int, end: int, rows: int | None = None) -> tuple[int, int]:
        """Return this process's share of a batch.

        Parameters:
            begin: the first example of the batch.
            end: the number after the last example's.
            rows: the size of a full batch if states are carried, else None. With it, a row stays with its process
                even if the last batches are smaller.

        Returns:
            the number of the first example of the share, and the number after the last example's.
        """
        count = end - begin
        whole = count if rows is None else rows
        first, last = (min(count, whole * number // self.size) for number in (self.rank, self.rank + 1))
        return begin + first, begin + last

    def sum(self, tensor: Tensor) -> Tensor:
        """Return the sum of this tensor over all processes; raise ProcessLost."""
        if self.size == 1:
            return tensor
        import torch.distributed as dist

        sent = tensor.to(self.device)
        with connection_errors():
            dist.all_reduce(sent)
        return sent.to(tensor.device)

    def rows(self, tensor: Tensor) -> Tensor:
        """Return the rows (n, …) of all processes, in the processes' order. Every process must call this method."""
        if self.size == 1:
            return tensor
        import torch

        counts = torch.zeros(self.size, dtype=torch.int64)
        counts[self.rank] = len(tensor)
        before = [int(count) for count in self.sum(counts)]
        whole = torch.zeros(sum(before), *tensor.shape[1:], dtype=tensor.dtype, device=tensor.device)
        start = sum(before[: self.rank])
        whole[start : start + len(tensor)] = tensor
        return self.sum(whole)

    def said(self, text: str) -> str:
        """Return, in every process, the text that the first process passes to this method."""
        if self.size == 1:
            return text
        import torch

        data = torch.zeros(4096, dtype=torch.uint8)
        if self.leads:
            encoded = text.encode("utf-8")
            data[: len(encoded)] = torch.tensor(list(encoded), dtype=torch.uint8)
        return bytes(self.sum(data).tolist()).rstrip(b"\0").decode("utf-8")

    def wrap(self, model: nn.Module, unused: bool) -> nn.Module:
        """Return torch's DDP of the module, whose backward pass averages gradients over all processes."""
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model, find_unused_parameters=unused)

    def leave(self) -> None:
        import torch.distributed as dist

        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()


class connection_errors:  # noqa: N801 - reads as a clause
    """A context in which a connection error of torch becomes ProcessLost."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import torch.distributed as dist

        words = ("gloo", "NCCL", "Connection", "process group", "Timed out")
        if isinstance(error, dist.DistError) or (
            isinstance(error, RuntimeError) and any(word in str(error) for word in words)
        ):
            raise ProcessLost(str(error)) from None


def started() -> tuple[int, int, int]:
    """Return (rank, processes, rank on this machine) as torchrun sets them; (0, 1, 0) without torchrun."""
    return tuple(int(os.environ.get(name, rest)) for name, rest in _NAMES)  # type: ignore[return-value]


_NAMES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


def join(device: str) -> Processes:
    """Connect to the other processes: by gloo on the CPU, by NCCL on CUDA."""
    rank, size, _ = started()
    if size == 1:
        return Processes()
    import torch.distributed as dist

    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    return Processes(rank, size, device if device.startswith("cuda") else "cpu")
