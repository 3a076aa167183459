"""What a run writes while it runs: rows of metrics, the log, checkpoints."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from netspec.training import checkpoint, files
from netspec.training.folder import CHECKPOINTS, LOG, METRICS, Folder, writing
from netspec.training.progress import Progress, Row
from netspec.training.watch import Moment

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.engine import Engine

SHARE = 0.02  # of the running time that saving may take


class Store:
    """Appends to the run's files; `metrics.jsonl` holds nothing that depends on time."""

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
        """Begins to append, after cutting off what a checkpoint does not know of."""
        self.saved_step = step
        with writing(self.folder / METRICS):
            self._metrics = open(self.folder / METRICS, "ab")  # noqa: SIM115 - closed by `close`
            self._metrics.truncate(metrics_bytes)
            self._log = open(self.folder / LOG, "ab")  # noqa: SIM115

    def close(self) -> None:
        for stream in (self._metrics, self._log):
            if stream is not None:
                stream.close()

    def row(self, row: Row) -> int:
        """Appends an epoch; returns how many bytes the file has then."""
        with writing(self.folder / METRICS):
            self._metrics.write(_line(row.document()))
            self._metrics.flush()
        return int(self._metrics.tell())

    def log(self, moment: Moment) -> None:
        """Appends where the run is; a full disk must not end a run that can go on."""
        words = {"epoch": moment.epoch, "position": moment.position, "step": moment.step, "loss": moment.loss}
        self.say("step", **words, rate=round(moment.rate, 1))

    def say(self, event: str, **words: Any) -> None:
        with writing(self.folder / LOG):
            self._log.write(_line({"time": round(time.time(), 3), "event": event, **words}))
            self._log.flush()

    # ---- checkpoints

    def due(self, now: float, step: int) -> bool:
        """Every `steps` optimizer steps where that is asked for; else by time, and never more than SHARE of it."""
        if self.steps is not None:
            return step - self.saved_step >= self.steps
        return now - self.saved_at >= max(self.seconds, self.cost / SHARE)

    def save(self, engine: Engine, progress: Progress, best: dict[str, Tensor] | None) -> float:
        """Writes a checkpoint; returns the seconds it took. Raises NetspecError where the disk refuses."""
        begin = time.perf_counter()
        tensors, plain = checkpoint.optimizer_tensors(engine.optimizer)
        groups: dict[str, dict[str, Tensor]] = {"weights": engine.state(), "optimizer": tensors}
        if best is not None:
            groups["best"] = best
        state = {"progress": progress.document(), "optimizer": plain}
        self._metrics.flush()
        files.sync(self._metrics.fileno())
        with writing(self.folder / CHECKPOINTS):
            checkpoint.save(self.folder / CHECKPOINTS, progress.step, groups, state)
        self.saved_at = time.perf_counter()
        self.saved_step = progress.step
        self.cost = self.saved_at - begin
        self.say("saved", step=progress.step, seconds=round(self.cost, 4))
        return self.cost


def _line(document: dict[str, Any]) -> bytes:
    # NaN is written as null: a line must be JSON that every reader takes
    return (json.dumps(_plain(document), ensure_ascii=False) + "\n").encode("utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def rows_of(folder: Folder) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl that are whole."""
    path = folder / METRICS
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
