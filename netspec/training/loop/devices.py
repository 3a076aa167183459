"""Choose the device, the number of threads and the precision of a run by fixed rules. The run reports the choice."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.ir.graph import Graph
from netspec.summary.rows import total_macs
from netspec.training.loop.parallel import started

if TYPE_CHECKING:
    import torch

# A training step with fewer multiply-adds than this runs slower on two threads than on one.
SMALL_STEP = 2_000_000_000


def require_device(wanted: str) -> None:
    """Raise UsageError (NS853) for a device that cannot be here, as far as that is known without importing torch."""
    kinds = ["cpu", *["cuda"] * _may_have_cuda(), *["mps"] * (sys.platform == "darwin")]
    if wanted != "auto" and not (_FORM.fullmatch(wanted) and wanted.partition(":")[0] in kinds):
        raise _absent(wanted, kinds)


_FORM = re.compile(r"cpu|mps|cuda(:\d{1,4})?")


def _may_have_cuda() -> bool:
    """Whether torch is built for graphics cards, and a driver is installed where one can be looked for."""
    spec = find_spec("torch")
    try:
        text = Path(spec.origin or "").with_name("version.py").read_text(encoding="utf-8") if spec else ""
    except OSError:
        return True
    built = dict(re.findall(r"^(cuda|hip)\b[^=\n]*= *(.*)$", text, re.MULTILINE))
    if built.get("cuda") == built.get("hip") == "None":
        return False
    if built.get("hip") == "None" and sys.platform == "linux":
        try:
            ctypes.CDLL("libcuda.so.1")
        except OSError:
            return False
    return True


def _absent(wanted: str, there: Iterable[str]) -> UsageError:
    return UsageError(Diagnostic("NS853", None, {"device": wanted, "legal": ", ".join(there)}, hints=(Hint("auto"),)))


def choose_device(wanted: str) -> str:
    """Return the device; `auto` means CUDA if it is available, else the CPU. Raise NetspecError (NS853) if missing."""
    require_device(wanted)
    import torch

    _, _, local = started()
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and local:
        wanted = f"cuda:{local}"  # one card for each process of a machine
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = ["cpu", *["cuda"] * bool(cards), *(f"cuda:{card}" for card in range(cards))]
    there += ["mps"] * torch.backends.mps.is_available()
    if wanted not in there:
        raise _absent(wanted, there)
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
