"""A batch that several processes share -> each one's part of the loss, and what all of them agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.batches import Batch
    from netspec.training.engine import Engine


class Agreed(NamedTuple):
    """This process's loss, whose gradient DDP averages to that of the whole batch; and what all know."""

    loss: Tensor
    value: float  # the loss of the whole batch
    stop: bool  # one of the processes was asked to stop
    due: bool  # the first one wants a checkpoint


def shared_loss(engine: Engine, batch: Batch, counts: bool, stop: bool, due: bool) -> Agreed:
    """Means are weighted by what each divides by, so shares of different sizes count as in one batch.

    A process whose share is empty brings a row that does not count: every process must take part in the sums.
    Raises Lost where another process is gone.
    """
    import torch

    outputs = engine.outputs(batch, training=True)
    objective, processes = engine.objective, engine.processes
    means = [objective.mean(judge, outputs, batch) for judge in objective.losses]
    numbers = []
    for mean, weight in means:
        counted = float(weight) if counts else 0.0
        numbers += [counted, counted * float(mean.detach()) if counts else 0.0]
    sums = processes.sum(torch.tensor([*numbers, float(stop), float(due)], dtype=torch.float64)).tolist()
    total: Any = 0.0
    value = 0.0
    for number, (judge, (mean, _)) in enumerate(zip(objective.losses, means, strict=True)):
        whole = sums[2 * number] or 1.0  # a mask may leave nothing
        total = total + judge.coefficient * mean * (numbers[2 * number] * processes.size / whole)
        value += judge.coefficient * sums[2 * number + 1] / whole
    return Agreed(total, value, sums[-2] > 0, sums[-1] > 0)
