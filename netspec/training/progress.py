"""How far a run is: all that a checkpoint must hold besides tensors, as plain JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Progress:
    """Counts and sums of a run; every float survives JSON with all its digits."""

    epoch: int = 0  # epochs that are complete
    position: int = 0  # batches of the current epoch that are done
    step: int = 0  # optimizer steps so far
    loss_sum: float = 0.0  # of the current epoch: each batch's loss times its examples
    examples: int = 0
    best_value: float | None = None
    best_epoch: int = 0
    waited: int = 0  # epochs since the best one
    plateau_best: float | None = None
    plateau_waited: int = 0
    plateau_factor: float = 1.0
    metrics_bytes: int = 0  # of metrics.jsonl when this was written
    finished: bool = False
    seconds: float = 0.0  # training time so far, over all resumes; never in the metrics

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of(document: dict[str, Any]) -> Progress:
        return Progress(**document)

    def epoch_loss(self) -> float:
        return self.loss_sum / self.examples if self.examples else math.nan

    def next_epoch(self) -> None:
        self.epoch += 1
        self.position = 0
        self.loss_sum = 0.0
        self.examples = 0


@dataclass(slots=True)
class Row:
    """What one epoch came to."""

    epoch: int
    step: int
    lr: float
    training: dict[str, float]
    validation: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return asdict(self)
