"""Progress of a run -> metrics, log and checkpoints in its folder."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import to_json

from netspec import documents, files
from netspec.training.loop.progress import Moment, Progress, Row
from netspec.training.storage import checkpoint
from netspec.training.storage.folder import CHECKPOINTS, LOG, METRICS, Folder, writing

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.loop.engine import Engine

SHARE = 0.02  # the largest share of the running time that saving may take


class LogLine(documents.Piece):
    """A line of log.jsonl: an event with its time."""

    model_config = ConfigDict(extra="allow")
    time: documents.Seconds
    event: str
    step: documents.Count = 0


class RunWriter:
    """Writes the files of a run. `metrics.jsonl` does not depend on time, so it is reproducible.

    NaN is not valid JSON, so it is written as null.
    """

    def __init__(self, folder: Folder, seconds: float, steps: int | None) -> None:
        self.folder = folder
        self.seconds = seconds
        self.steps = steps
        self.saved_at = time.perf_counter()
        self.saved_step = 0
        self.cost = 0.0
        self._metrics: Any = None
        self._log: Any = None

    def open(self, metrics_bytes: int, step: int) -> None:
        """Open the files and remove the rows after the checkpoint."""
        self.saved_step = step
        with writing(self.folder / METRICS):
            self._metrics = files.open_plain(self.folder / METRICS, "ab", self.folder.path)
            self._metrics.truncate(metrics_bytes)
            self._log = files.open_plain(self.folder / LOG, "ab", self.folder.path)

    def close(self) -> None:
        for stream in (self._metrics, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):  # bytes that the disk refused: the row that held them has said so
                    stream.close()

    def row(self, row: Row) -> int:
        """Append the row of an epoch and return the size of the file in bytes."""
        with writing(self.folder / METRICS):
            files.append(self._metrics, _line(row))
        return int(self._metrics.tell())

    def log(self, moment: Moment) -> None:
        """Append the progress of the run to the log."""
        words = {"epoch": moment.epoch, "position": moment.position, "step": moment.step, "loss": moment.loss}
        self.say("step", **words, rate=round(moment.rate, 1))

    def say(self, event: str, **words: Any) -> None:
        line = LogLine(time=round(time.time(), 3), event=event, **words)
        with contextlib.suppress(OSError):  # a failed write to the log must not stop the run
            files.append(self._log, _line(line))

    # ---- checkpoints

    def due(self, now: float, step: int) -> bool:
        """Whether to save a checkpoint now: every `steps` steps if given, else as often as SHARE of the time allows."""
        if self.steps is not None:
            return step - self.saved_step >= self.steps
        return now - self.saved_at >= max(self.seconds, self.cost / SHARE)

    def save(
        self, engine: Engine, progress: Progress, best: dict[str, Tensor] | None, carried: dict[str, Tensor]
    ) -> float:
        """Write a checkpoint and return how many seconds it took. Raises NetspecError if the disk is full or fails."""
        begin = time.perf_counter()
        # even if saving fails, so that the next attempt waits as long
        self.saved_at, self.saved_step = begin, progress.step
        self.say("saving", step=progress.step)
        tensors, plain = checkpoint.optimizer_tensors(engine.turns)
        groups: dict[str, dict[str, Tensor]] = {"weights": engine.state(), "optimizer": tensors}
        if best is not None:
            groups["best"] = best
        if carried:
            groups["carried"] = carried
        state = checkpoint.State(progress=progress, optimizer=plain)
        with writing(self.folder / CHECKPOINTS):
            files.sync(self._metrics.fileno())
            checkpoint.save(self.folder / CHECKPOINTS, progress.step, groups, state)
        self.saved_at = time.perf_counter()
        self.cost = self.saved_at - begin
        self.say("saved", step=progress.step, seconds=round(self.cost, 4))
        return self.cost


class NoWriter(RunWriter):
    """The writer of all processes except the first: it does nothing."""

    def open(self, metrics_bytes: int, step: int) -> None: ...

    def row(self, row: Row) -> int:
        return 0

    def say(self, event: str, **words: Any) -> None: ...

    def due(self, now: float, step: int) -> bool:
        return False

    def save(
        self, engine: Engine, progress: Progress, best: dict[str, Tensor] | None, carried: dict[str, Tensor]
    ) -> float:
        return 0.0


def _line(record: Row | LogLine) -> bytes:
    return to_json(record, inf_nan_mode="null") + b"\n"


def rows_of(folder: Folder) -> list[dict[str, Any]]:
    """Return the complete rows of metrics.jsonl; a run that was killed may leave an incomplete one at the end.

    Raises:
        UsageError: the file cannot be read, or a row is not what a run writes (NS850, NS866, NS880, NS881).
    """
    if not os.path.lexists(folder / METRICS):
        return []
    form = TypeAdapter(Row)
    lines = documents.content(folder.path, METRICS).split(b"\n")[:-1]
    named = (f"{METRICS}:{number}" for number in itertools.count(1))
    return [documents.checked(line, form, folder.path, name).document() for line, name in zip(lines, named)]
