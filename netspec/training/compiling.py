"""A module -> torch.compile's version of it, where that was asked for or pays off."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import MissingPackageError, NetspecError
from netspec.diagnostics.model import Diagnostic

if TYPE_CHECKING:
    from torch import nn

    from netspec.training.batches import Batch
    from netspec.training.engine import Engine

MISSING = 5  # the exit code of an optional part that is not there
# a run that takes less than this cannot win back what compiling costs
LEAST_SECONDS = 120.0
TRIAL = 10  # steps that each way is timed over


def compiled(module: nn.Module, device: str) -> Any:
    """The compiled module; on CUDA with graphs, which save small nets the launching of every kernel."""
    import torch

    return torch.compile(module, mode="reduce-overhead" if device.startswith("cuda") else None)


def require_compiler() -> None:
    """Raises NetspecError (exit code 5) where torch.compile does not work, as without a C++ compiler."""
    import torch

    try:
        torch.compile(lambda x: x * 2 + 1)(torch.ones(3))
    except Exception as error:  # whatever a missing or broken compiler raises
        reason = str(error).strip().splitlines()[0]
        raise MissingPackageError(Diagnostic("NS865", None, {"reason": reason[:200]})) from None


def pays_off(engine: Engine, batch: Batch, steps: int) -> bool:
    """Times both ways on a copy: the seconds saved in the whole run must be twice those that compiling takes."""
    model, forward = engine.model, engine.forward
    trial = copy.deepcopy(model)

    def step(way: Any) -> None:
        engine.forward = way
        with engine.autocast or contextlib.nullcontext():
            loss = engine.objective.loss(engine.outputs(batch, training=True), batch)
        loss.backward()  # type: ignore[no-untyped-call]
        trial.zero_grad()

    try:
        plain = _seconds(step, trial)
        if plain * steps < LEAST_SECONDS:
            return False
        require_compiler()
        fast = compiled(trial, engine.device)
        begin = time.perf_counter()
        step(fast)
        cost = time.perf_counter() - begin
        saved = plain - _seconds(step, fast)
    except NetspecError:
        return False
    finally:
        engine.forward = forward
        engine.carry.reset()
    return saved * steps > 2 * cost


def _seconds(step: Callable[[Any], None], forward: Any) -> float:
    step(forward)
    begin = time.perf_counter()
    for _ in range(TRIAL):
        step(forward)
    return (time.perf_counter() - begin) / TRIAL
