"""Choose the device, the number of threads and the precision of a run by fixed rules. The run reports the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.ir.graph import Graph
from netspec.summary.rows import total_macs
from netspec.training.loop.parallel import started

if TYPE_CHECKING:
    import torch

USAGE = 2
# A training step with fewer multiply-adds than this runs slower on two threads than on one.
SMALL_STEP = 2_000_000_000


def choose_device(wanted: str) -> str:
    """Return the device; `auto` means CUDA if it is available, else the CPU. Raise NetspecError (NS853) if missing."""
    import torch

    _, _, local = started()
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and local:
        wanted = f"cuda:{local}"  # one card for each process of a machine
    kind = wanted.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, False):
        legal = ", ".join(name for name, found in there.items() if found)
        raise UsageError(Diagnostic("NS853", None, {"device": wanted, "legal": legal}, hints=(Hint("auto"),)))
    return wanted


def choose_threads(wanted: int | None, graph: Graph, batch: int) -> int:
    """Return the number of threads. It depends on the size of a training step and not on a timing, because another
    number of threads adds the same numbers in another order, which changes the last digits."""
    import os

    if wanted is not None:
        return wanted
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    return 1 if 3 * int(total_macs(graph, graph.nodes)) * batch < SMALL_STEP else cores  # type: ignore[arg-type]


def autocast(precision: str, device: str) -> Any:
    """Return the context that makes training passes compute in bfloat16; None for other precisions."""
    import torch

    if precision != "bfloat16":
        return None
    return torch.autocast(device.partition(":")[0], dtype=torch.bfloat16)


def dtype_of(precision: str) -> torch.dtype:
    """Return the torch type of weights and data. With bfloat16 this is float32: only the passes compute in bfloat16."""
    import torch

    return torch.float64 if precision == "float64" else torch.float32
