"""The progress of a run, which a checkpoint holds as JSON; and the callbacks through which a run reports."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict

from netspec.diagnostics.model import Diagnostic
from netspec.documents import STRICT, Count, Figures, Seconds


@dataclass(slots=True)
class Tally:
    """What a run counts of a section that takes a turn."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    loss_sum: float = 0.0  # in the current epoch: the sum of each batch's loss times the batch's examples
    examples: Count = 0  # examples of the current epoch that are done
    plateau_best: float | None = None
    plateau_waited: Count = 0
    plateau_factor: float = 1.0

    def epoch_loss(self) -> float:
        return self.loss_sum / self.examples if self.examples else math.nan


@dataclass(slots=True)
class Progress(Tally):
    """Counts and sums of a run; every float survives JSON with all its digits."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    epoch: Count = 0  # epochs that are complete
    position: Count = 0  # batches of the current epoch that are done
    step: Count = 0  # optimizer steps so far
    best_value: float | None = None
    best_epoch: Count = 0
    waited: Count = 0  # epochs since the best one
    first_loss: float | None = None  # of the first batch
    turns: dict[str, Tally] = field(default_factory=dict)  # by the names of the sections, if they have names
    metrics_bytes: Count = 0  # the size of metrics.jsonl when this progress was saved
    finished: bool = False
    # Training time so far, over all resumes. metrics.jsonl never holds it, so that equal runs write equal files.
    seconds: Seconds = 0.0

    def of(self, name: str) -> Tally:
        """Return what is counted of a section; the run itself counts for its only section without a name."""
        return self.turns.setdefault(name, Tally()) if name else self

    def losses(self) -> dict[str, float]:
        """Return the loss of the epoch, and that of each section with a name; the first is the sum of these."""
        each = {f"loss_{name}": tally.epoch_loss() for name, tally in self.turns.items() if tally.examples}
        return {"loss": sum(each.values()) if each else self.epoch_loss(), **each}

    def next_epoch(self) -> None:
        self.epoch += 1
        self.position = 0
        for tally in (self, *self.turns.values()):
            tally.loss_sum, tally.examples = 0.0, 0


@dataclass(slots=True)
class Row:
    """The row of one epoch in the history."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    epoch: Count
    step: Count
    lr: float
    training: Figures
    validation: Figures = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return asdict(self)


# ---- What a run reports: the command line draws it, a caller of the library may ignore it


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a run that are known before its first step."""

    folder: str
    net: str
    weights: int
    parts: dict[str, int]
    device: str
    threads: int
    steps: int  # optimizer steps of the whole run
    epochs: int
    batches: int  # per epoch
    source: str
    compiled: bool = False
    streamed: tuple[str, ...] = ()  # fields that do not lie on the device
    workers: int = 1
    remarks: tuple[Diagnostic, ...] = ()  # warnings


@dataclass(frozen=True, slots=True)
class Resumed:
    """The point from which a run continues."""

    step: int
    epoch: int
    again: int  # steps that the log holds and the checkpoint does not: they run again
    broken: tuple[tuple[str, str], ...] = ()  # damaged checkpoints, each with the reason


@dataclass(slots=True)
class Moment:
    """The state of a run between two steps."""

    epoch: int
    position: int
    step: int
    loss: float
    rate: float  # examples per second
    left: float  # estimated seconds to the end


class Callbacks:
    """What a run calls while it trains. Each method does nothing here and should return at once in a subclass."""

    def began(self, facts: Facts) -> None: ...
    def resumed(self, found: Resumed) -> None: ...
    def moment(self, moment: Moment) -> None: ...
    def row(self, row: Row) -> None: ...
    def saved(self, step: int, seconds: float) -> None: ...
    def unsaved(self, fault: Diagnostic) -> None: ...
    def ended(self, summary: Summary) -> None: ...


@dataclass(slots=True)
class Summary:
    """The result of a run."""

    folder: str
    chosen: str  # last or best
    epoch: int
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    pictures: tuple[str, ...] = ()
    equation: str = ""
    # of the part whose scores stand for the run: a table of its classes for each target, and the metrics that are
    # about one class, with its name
    classes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    remarks: tuple[Diagnostic, ...] = ()  # warnings about what came out
