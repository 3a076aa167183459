"""The processes that torchrun started -> one run: who takes which rows, sums over all, one that speaks.

The order of examples is a pure function of (seed, epoch), so every process knows it; each takes its share of
every batch. What a mean divides by is summed over all, so that uneven shares count by their examples.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

# a process that is gone must not leave the others waiting for ever
PATIENCE = timedelta(minutes=5)


class ProcessLost(Exception):
    """Another process of the run is gone."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among all of a run; `device` is where tensors must lie to be sent."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def leads(self) -> bool:
        """Whether this one writes and speaks."""
        return self.rank == 0

    def share(self, begin: int, end: int, lanes: int | None = None) -> tuple[int, int]:
        """This process's part of a batch. With `lanes`, a row stays with its process though the batch shrinks."""
        count = end - begin
        whole = count if lanes is None else lanes
        first, last = (min(count, whole * number // self.size) for number in (self.rank, self.rank + 1))
        return begin + first, begin + last

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes; raises ProcessLost."""
        if self.size == 1:
            return tensor
        import torch.distributed as dist

        sent = tensor.to(self.device)
        with connection_errors():
            dist.all_reduce(sent)
        return sent.to(tensor.device)

    def rows(self, tensor: Tensor) -> Tensor:
        """The rows (n, …) of all processes, one below the other; every process calls it."""
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
        """What the first process says, told to all."""
        if self.size == 1:
            return text
        import torch

        data = torch.zeros(4096, dtype=torch.uint8)
        if self.leads:
            encoded = text.encode("utf-8")
            data[: len(encoded)] = torch.tensor(list(encoded), dtype=torch.uint8)
        return bytes(self.sum(data).tolist()).rstrip(b"\0").decode("utf-8")

    def wrap(self, model: nn.Module, unused: bool) -> nn.Module:
        """The module whose backward pass averages gradients over all processes: torch's DDP."""
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model, find_unused_parameters=unused)

    def leave(self) -> None:
        import torch.distributed as dist

        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()


class connection_errors:  # noqa: N801 - reads as a clause
    """torch's errors about a connection, as ProcessLost."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import torch.distributed as dist

        words = ("gloo", "NCCL", "Connection", "process group", "Timed out")
        if isinstance(error, dist.DistError) or (
            isinstance(error, RuntimeError) and any(word in str(error) for word in words)
        ):
            raise ProcessLost(str(error)) from None


def started() -> tuple[int, int, int]:
    """(rank, processes, rank on this machine) as torchrun says, or (0, 1, 0)."""
    return tuple(int(os.environ.get(name, rest)) for name, rest in _NAMES)  # type: ignore[return-value]


_NAMES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


def join(device: str) -> Processes:
    """Meets the other processes: gloo on the CPU, NCCL on CUDA."""
    rank, size, _ = started()
    if size == 1:
        return Processes()
    import torch.distributed as dist

    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    return Processes(rank, size, device if device.startswith("cuda") else "cpu")
