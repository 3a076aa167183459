"""The training loop: epochs of batches, each a forward pass, a loss, gradients and a step of the optimizer."""

from __future__ import annotations

import math
import signal
import time
from typing import TYPE_CHECKING, Any

from netspec.training.batches import Part
from netspec.training.engine import EVALUATION_BATCH, Engine
from netspec.training.optimizer import set_rate
from netspec.training.plan import Plan
from netspec.training.progress import Progress, Row
from netspec.training.store import Store
from netspec.training.streams import key_of, step_key
from netspec.training.watch import Moment, Watch

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE = 2048  # training rows that are scored each epoch where there is no validation part
LOOK = 0.1  # seconds between two looks at the clock's consequences: progress, log, checkpoints


class Interrupted(Exception):
    """SIGTERM or Ctrl-C: the run is saved and ends."""


class Diverged(Exception):
    """A loss that is no number, with the batch that it came from."""

    def __init__(self, loss: float, batch: dict[str, Tensor]) -> None:
        super().__init__(str(loss))
        self.loss = loss
        self.batch = batch


class Loop:
    """One run from where its progress stands to its end."""

    def __init__(self, plan: Plan, engine: Engine, progress: Progress, store: Store, watch: Watch) -> None:
        self.plan = plan
        self.train = plan.train
        self.engine = engine
        self.progress = progress
        self.store = store
        self.watch = watch
        self.best: dict[str, Tensor] | None = None
        self.stop = False
        self.began = time.perf_counter() - progress.seconds
        self.looked = 0.0
        self.pace = 0.0  # seconds a batch, smoothed

    def run(self) -> None:
        """All epochs that are left; raises Interrupted or Diverged."""
        with _Signals(self):
            while self.progress.epoch < self.train.epochs and not self.progress.finished:
                self.epoch()
                self.finish_epoch()
        self.progress.finished = True

    def epoch(self) -> None:
        """The batches of the current epoch that are left."""
        progress, engine = self.progress, self.engine
        part = engine.parts["training"]
        order = part.order(self.train.seed, progress.epoch, True)
        drawn = key_of(self.train.seed, "draw", progress.epoch)
        engine.model.train()
        spans, group = engine.spans, self.train.accumulate
        self.looked = time.perf_counter()
        passed = progress.position
        while progress.position < len(spans):
            first = progress.position
            last = min(first + group, len(spans))
            self.step(part, order, drawn, first, last)
            progress.position = last
            progress.step += 1
            now = time.perf_counter()
            if self.stop or now - self.looked >= LOOK:
                self.look(now, progress.position - passed)
                passed = progress.position

    def step(self, part: Part, order: Tensor, drawn: int, first: int, last: int) -> None:
        """One step of the optimizer, over the batches `first` to `last`."""
        engine, progress, train = self.engine, self.progress, self.train
        engine.draw_from(step_key(drawn, first))
        begin, end = engine.spans[first][0], engine.spans[last - 1][1]
        for start, stop in engine.spans[first:last]:
            index = order[start:stop]
            batch = part.take(index, (drawn, index))
            loss = self.loss(batch)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise Diverged(value, batch)
            progress.loss_sum += value * (stop - start)
            if last - first > 1:
                loss = loss * ((stop - start) / (end - begin))
            loss.backward()  # type: ignore[no-untyped-call]
        progress.examples += end - begin
        if train.clip is not None:
            engine.clip(train.clip)
        if engine.rate.moves:
            set_rate(engine.optimizer, self.lr())
        engine.optimizer.step()
        engine.optimizer.zero_grad()

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        engine = self.engine
        if engine.autocast is None:
            return engine.objective.loss(engine.outputs(batch), batch)
        with engine.autocast:
            return engine.objective.loss(engine.outputs(batch), batch)

    def lr(self) -> float:
        progress = self.progress
        return self.engine.rate.at(progress.step, progress.epoch, progress.plateau_factor)

    # ---- now and then

    def look(self, now: float, batches: int) -> None:
        """Says where the run is, and saves it when that is due."""
        progress = self.progress
        if batches:
            pace = (now - self.looked) / batches
            self.pace = pace if self.pace == 0.0 else 0.8 * self.pace + 0.2 * pace
        self.looked = now
        progress.seconds = now - self.began
        left = len(self.engine.spans) * (self.train.epochs - progress.epoch) - progress.position
        rate = self.train.batch / self.pace if self.pace else 0.0
        moment = Moment(
            progress.epoch + 1, progress.position, progress.step, progress.epoch_loss(), rate, left * self.pace
        )
        self.watch.moment(moment)
        self.store.log(moment)
        whole = progress.position == len(self.engine.spans)  # the epoch's end saves itself
        if self.stop or (not whole and self.store.due(now, progress.step)):
            self.save()
            self.looked = time.perf_counter()
        if self.stop:
            raise Interrupted

    def save(self) -> None:
        seconds = self.store.save(self.engine, self.progress, self.best)
        self.watch.saved(self.progress.step, seconds)

    def finish_epoch(self) -> None:
        """Scores the validation part, and decides what follows from it."""
        progress, train = self.progress, self.train
        lr = self.lr() if self.engine.rate.moves else self.engine.optimizer.param_groups[0]["lr"]
        row = Row(progress.epoch + 1, progress.step, lr, {"loss": progress.epoch_loss()})
        if "validation" in self.engine.parts:
            row.validation = score(self.engine, "validation")
        elif self.train.metrics:
            row.training.update(score(self.engine, "training", most=SAMPLE), loss=row.training["loss"])
        progress.metrics_bytes = self.store.row(row)
        self.watch.row(row)
        self.judge(row)
        progress.next_epoch()
        set_rate(self.engine.optimizer, self.lr())
        now = time.perf_counter()
        progress.seconds = now - self.began
        if train.patience is not None and progress.waited >= train.patience:
            progress.finished = True
        if self.stop or (self.store.due(now, progress.step) and progress.epoch < train.epochs):
            self.save()
        if self.stop:
            raise Interrupted

    def judge(self, row: Row) -> None:
        """The best epoch so far, and the schedule that waits for progress."""
        progress, train = self.progress, self.train
        if train.best is not None or train.patience is not None:
            name = train.best or "loss"
            value = row.validation[name]
            higher = any(metric.word == name and metric.higher for metric in train.metrics)
            before = progress.best_value
            if before is None or (value > before if higher else value < before):
                progress.best_value, progress.best_epoch, progress.waited = value, row.epoch, 0
                if train.best is not None:
                    self.best = {key: value.detach().cpu().clone() for key, value in self.engine.state().items()}
            else:
                progress.waited += 1
        if train.schedule.word == "plateau":
            self.plateau(row.validation["loss"])

    def plateau(self, loss: float) -> None:
        """torch's ReduceLROnPlateau: mode min, threshold 1e-4 relative, no cooldown."""
        progress = self.progress
        schedule: Any = self.train.schedule
        if progress.plateau_best is None or loss < progress.plateau_best * (1 - 1e-4):
            progress.plateau_best, progress.plateau_waited = loss, 0
        else:
            progress.plateau_waited += 1
        if progress.plateau_waited > schedule.patience:
            progress.plateau_factor *= schedule.factor
            progress.plateau_waited = 0


def score(engine: Engine, name: str, most: int | None = None) -> dict[str, float]:
    """The loss and every metric over a whole part (or its first `most` rows), in evaluation mode."""
    import torch

    part = engine.parts[name]
    count = part.count if most is None else min(most, part.count)
    objective = engine.objective
    sums = [[0.0, 0.0] for _ in objective.losses]
    meters = objective.meters()
    engine.model.eval()
    with torch.inference_mode():
        for start in range(0, count, EVALUATION_BATCH):
            index = torch.arange(start, min(start + EVALUATION_BATCH, count))
            batch = part.take(index)
            outputs = engine.outputs(batch)
            for number, judge in enumerate(objective.losses):
                mean, weight = objective.mean(judge, outputs, batch)
                sums[number][0] += float(mean) * float(weight)
                sums[number][1] += float(weight)
            objective.measure(meters, outputs, batch)
    engine.model.train()
    loss = sum(
        judge.coefficient * (total / weight if weight else math.nan)
        for judge, (total, weight) in zip(objective.losses, sums, strict=True)
    )
    found = {"loss": loss}
    for judge, meter in zip(objective.metrics, meters, strict=True):
        found[judge.term.word] = meter.result()
    return found


class _Signals:
    """SIGTERM and Ctrl-C ask the loop to save and stop; a second one stops at once."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.before: dict[int, Any] = {}

    def __enter__(self) -> None:
        import threading

        if threading.current_thread() is not threading.main_thread():
            return  # only a main thread may take signals; the caller's own ones stay
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self.ask)

    def ask(self, number: int, frame: object) -> None:
        if self.loop.stop:
            raise KeyboardInterrupt
        self.loop.stop = True

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
