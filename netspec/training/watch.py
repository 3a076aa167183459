"""What a run tells whoever watches it: the command line draws it, a library caller may ignore it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from netspec.diagnostics.model import Diagnostic
from netspec.training.progress import Row


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known before the first step, to be said aloud."""

    folder: str
    net: str
    weights: int
    parts: dict[str, int]
    device: str
    threads: int
    steps: int  # optimizer steps of the whole run
    epochs: int
    batches: int  # of an epoch
    source: str
    compiled: bool = False
    streamed: tuple[str, ...] = ()  # fields that do not lie on the device as a whole
    workers: int = 1
    remarks: tuple[Diagnostic, ...] = ()  # Diagnostics of severity warning: choices worth knowing


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a run goes on: steps that a kill took are done again, checkpoints that were not whole are passed over."""

    step: int
    epoch: int
    again: int
    broken: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Moment:
    """Where the run is right now."""

    epoch: int
    position: int
    step: int
    loss: float
    rate: float  # examples a second
    left: float  # seconds that the rest will take


class Watch(Protocol):
    """Called by the run; all methods return at once."""

    def began(self, facts: Facts) -> None: ...
    def resumed(self, found: Resumed) -> None: ...
    def moment(self, moment: Moment) -> None: ...
    def row(self, row: Row) -> None: ...
    def saved(self, step: int, seconds: float) -> None: ...
    def unsaved(self, fault: Diagnostic) -> None: ...
    def ended(self, summary: Summary) -> None: ...


@dataclass(slots=True)
class Summary:
    """What a run came to."""

    folder: str
    chosen: str  # last or best
    epoch: int
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    pictures: tuple[str, ...] = ()
    equation: str = ""


class Silent:
    """Watches nothing."""

    def began(self, facts: Facts) -> None: ...
    def resumed(self, found: Resumed) -> None: ...
    def moment(self, moment: Moment) -> None: ...
    def row(self, row: Row) -> None: ...
    def saved(self, step: int, seconds: float) -> None: ...
    def unsaved(self, fault: Diagnostic) -> None: ...
    def ended(self, summary: Summary) -> None: ...
