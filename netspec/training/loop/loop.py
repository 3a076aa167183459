"""The training loop: epochs of batches, each a forward pass, a loss, gradients and a step of the optimizer."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.config.vocabulary.metrics import is_better_larger, tally
from netspec.diagnostics.errors import NetspecError
from netspec.training.data.batches import Prefetcher
from netspec.training.data.random_streams import key_of, step_key
from netspec.training.loop.engine import Engine
from netspec.training.loop.parallel import connection_errors
from netspec.training.loop.progress import Callbacks, Moment, Progress, Row
from netspec.training.plan import Plan
from netspec.training.storage.writer import RunWriter

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.config.predictions import Prediction
    from netspec.config.train import Turn
    from netspec.ir.graph import Edge
    from netspec.training.data.batches import Batch
    from netspec.training.loop.engine import Engine
    from netspec.training.loop.objective import Criterion
    from netspec.training.loop.turns import Live, Planned

SAMPLE = 2048  # how many training rows are scored after each epoch if there is no validation part
LOOK = 0.1  # the least seconds between two reports of progress


class Interrupted(Exception):
    """Raised after SIGTERM or Ctrl-C, when the run has saved a checkpoint and must end."""


class Diverged(Exception):
    """Raised if the loss or a weight is not finite. `batch` is the batch at which the run noticed this."""

    def __init__(self, loss: float, batch: dict[str, Tensor]) -> None:
        super().__init__(str(loss))
        self.loss = loss
        self.batch = batch


class Loop:
    """Trains one run from its progress so far to its end."""

    def __init__(self, plan: Plan, engine: Engine, progress: Progress, writer: RunWriter, watch: Callbacks) -> None:
        self.plan = plan
        self.train = plan.train
        self.engine = engine
        self.progress = progress
        self.writer = writer
        self.watch = watch
        self.best: dict[str, Tensor] | None = None
        self.alone = engine.processes.size == 1
        self.asked = False  # whether a signal has asked this process to stop
        self.stop = self.due = False  # what all processes decided after a step: to stop, to save
        self.batch: dict[str, Tensor] = {}
        # Reading a loss waits for the GPU. So the GPU adds up the losses, and the run reads the sums now and then.
        self.running: dict[str, Tensor] = self._sums_on_device()
        self.began = time.perf_counter() - progress.seconds
        self.looked = 0.0
        self.pace = 0.0  # seconds per batch, smoothed

    def run(self) -> None:
        """Run the remaining epochs; raise Interrupted, Diverged or ProcessLost."""
        with _Signals(self):
            self.set_rates()
            while self.progress.epoch < self.train.epochs and not self.progress.finished:
                self.epoch()
                self.finish_epoch()
            self.progress.finished = True
            if self.progress.seconds > self.writer.seconds:
                self.save()  # the process may be killed while it scores and draws, so the last state is saved first

    def epoch(self) -> None:
        """Run the remaining batches of the current epoch."""
        progress, engine = self.progress, self.engine
        part = engine.parts["training"]
        order = engine.order(self.train.seed, progress.epoch)
        workers = self.plan.workers
        prefetcher = Prefetcher(part, lambda number: self.index(order, number), len(engine.spans), workers)
        drawn = key_of(self.train.seed, "draw", progress.epoch)
        engine.model.train()
        if progress.position == 0:
            engine.carried.reset()
        with contextlib.closing(prefetcher):
            self.steps(prefetcher, drawn)
        self.collect()

    def steps(self, prefetcher: Prefetcher, drawn: int) -> None:
        """Take the remaining steps of the epoch, and report progress every LOOK seconds."""
        progress, engine = self.progress, self.engine
        group, count = self.train.accumulate, len(engine.spans)
        self.looked = time.perf_counter()
        passed = progress.position
        while progress.position < count:
            first = progress.position
            last = min(first + group, count)
            self.step(prefetcher, drawn, first, last)
            progress.position = last
            progress.step += 1
            now = time.perf_counter()
            if self.alone:
                self.stop, self.due = self.asked, self.writer.due(now, progress.step)
            if self.stop or self.due or now - self.looked >= LOOK:
                self.look(now, progress.position - passed)
                passed = progress.position

    def index(self, order: Tensor, number: int) -> Tensor:
        """Return the indices of this process's share of a batch. If the share is empty, return the first example of the
        batch, because the process must compute something; `shared_loss` does not count that example."""
        start, stop = self.engine.spans[number]
        if self.alone:
            return order[start:stop]
        first, last = self.engine.processes.share(start, stop, self.engine.stateful_rows)
        return order[first:last] if last > first else order[start : start + 1]

    def step(self, prefetcher: Prefetcher, drawn: int, first: int, last: int) -> None:
        """Let each section whose turn it is take a step of its optimizer over the batches `first` to `last - 1`."""
        engine = self.engine
        engine.draw_from(step_key(drawn, first))
        begin, end = engine.spans[first][0], engine.spans[last - 1][1]
        held: dict[int, tuple[Batch, dict[Edge, Tensor]]] = {}
        due = engine.due(self.progress.step)
        for planned in due:
            for number in range(first, last):
                start, stop = engine.spans[number]
                if number not in held:
                    held[number] = (prefetcher.take(number, drawn), {})
                self.batch, kept = held[number] if planned is not due[-1] else held.pop(number)
                loss = (self.loss if self.alone else self.shared)(planned, kept, number)
                if last - first > 1:
                    loss = loss * ((stop - start) / (end - begin))
                self.backward(planned, loss, number == last - 1)
            self.progress.of(planned.live.turn.name).examples += end - begin
            if planned.live.rate.moves:
                self.set_rate(planned.live)
            planned.live.step()

    def backward(self, planned: Planned, loss: Tensor, last: bool) -> None:
        """Compute gradients. At the last batch of a step, the gradients become the average over all processes."""
        engine = self.engine
        if self.alone:
            loss.backward(inputs=planned.inputs)  # type: ignore[no-untyped-call]
            return
        with connection_errors(), contextlib.nullcontext() if last or planned.part else engine.forward.no_sync():
            loss.backward(inputs=planned.inputs)  # type: ignore[no-untyped-call]
        for weight in planned.live.weights.values() if last and planned.part else ():
            if weight.grad is not None:
                weight.grad = engine.processes.sum(weight.grad) / engine.processes.size

    def loss(self, planned: Planned, kept: dict[Edge, Tensor], number: int) -> Tensor:
        """Return the loss of the batch with a number, and add it to the loss of the epoch."""
        engine, batch = self.engine, self.batch
        if engine.autocast is None:
            loss = engine.loss(batch, planned, kept)
        else:
            with engine.autocast:
                loss = engine.loss(batch, planned, kept)
        start, stop = engine.spans[number]
        name = planned.live.turn.name
        if self.progress.step == number == 0:
            self.first(float(loss.detach()))
        if name in self.running:
            self.running[name].add_(loss.detach(), alpha=stop - start)
        else:
            self.count(name, float(loss.detach()), stop - start)
        return loss

    def shared(self, planned: Planned, kept: dict[Edge, Tensor], number: int) -> Tensor:
        """Return this process's part of the loss. All processes also decide whether to stop or save after the step."""
        engine = self.engine
        start, stop = engine.spans[number]
        first, last = engine.processes.share(start, stop, engine.stateful_rows)
        due = self.writer.due(time.perf_counter(), self.progress.step + 1)
        with engine.autocast or contextlib.nullcontext():
            outputs = engine.computed(self.batch, planned, kept)
            agreed = shared_loss(engine, planned.live.losses, outputs, self.batch, last > first, self.asked, due)
        self.stop, self.due = agreed.stop, agreed.due
        if self.progress.step == number == 0:
            self.first(agreed.value)
        self.count(planned.live.turn.name, agreed.value, stop - start)
        return agreed.loss

    def first(self, value: float) -> None:
        """Add the loss of a section in the first batch to the run's."""
        self.progress.first_loss = (self.progress.first_loss or 0.0) + value

    def count(self, name: str, value: float, rows: int) -> None:
        if not math.isfinite(value):
            raise Diverged(value, self.batch)
        self.progress.of(name).loss_sum += value * rows

    def collect(self) -> None:
        """Read the sums of the losses from the device; raise Diverged if a sum is not finite."""
        for name, running in self.running.items():
            value = float(running)
            if not math.isfinite(value):
                raise Diverged(value, self.batch)
            self.progress.of(name).loss_sum = value

    def _sums_on_device(self) -> dict[str, Tensor]:
        import torch

        engine = self.engine
        if engine.device == "cpu" or engine.processes.size > 1:
            return {}
        kind = torch.float32 if engine.device == "mps" else torch.float64
        names = [live.turn.name for live in engine.turns]
        sums = {name: self.progress.of(name).loss_sum for name in names}
        return {name: torch.tensor(value, dtype=kind, device=engine.device) for name, value in sums.items()}

    def set_rates(self) -> None:
        for live in self.engine.turns:
            self.set_rate(live)

    def set_rate(self, live: Live) -> None:
        progress = self.progress
        live.set_rate(progress.step, progress.epoch, progress.of(live.turn.name).plateau_factor)

    # ---- progress and checkpoints

    def look(self, now: float, batches: int) -> None:
        """Report progress, and save a checkpoint when one is due; raise Interrupted if the run must stop."""
        self.collect()
        progress = self.progress
        if batches:
            pace = (now - self.looked) / batches
            self.pace = pace if self.pace == 0.0 else 0.8 * self.pace + 0.2 * pace
        self.looked = now
        progress.seconds = now - self.began
        left = len(self.engine.spans) * (self.train.epochs - progress.epoch) - progress.position
        rate = self.train.batch / self.pace if self.pace else 0.0
        moment = Moment(
            progress.epoch + 1, progress.position, progress.step, progress.losses()["loss"], rate, left * self.pace
        )
        self.watch.moment(moment)
        self.writer.log(moment)
        whole = progress.position == len(self.engine.spans)  # after the last batch, finish_epoch saves
        if self.stop or (self.due and not whole):
            self.save()
            self.looked = time.perf_counter()
        if self.stop:
            raise Interrupted

    def save(self) -> None:
        """Write a checkpoint; raise Diverged if a weight is not finite. If the disk refuses, the run reports that and
        continues; a run that was asked to stop raises the error instead."""
        if not self.engine.finite():
            raise Diverged(math.nan, self.batch)
        state = self.engine.carried.whole(self.engine.processes)
        try:
            seconds = self.writer.save(self.engine, self.progress, self.best, state)
        except NetspecError as fault:
            if self.stop:
                raise
            self.watch.unsaved(fault.diagnostics[0])
        else:
            self.watch.saved(self.progress.step, seconds)

    def finish_epoch(self) -> None:
        """Score the validation part, then update the best epoch, the learning rate and early stopping."""
        progress, train = self.progress, self.train
        first = self.engine.turns[0]
        if first.rate.moves:
            self.set_rate(first)
        lr = first.optimizer.param_groups[0]["lr"]
        losses = progress.losses()
        row = Row(progress.epoch + 1, progress.step, lr, {**losses})
        if "validation" in self.engine.parts:
            row.validation = evaluation(self.engine, "validation").scores
        elif self.train.metrics:
            scores = evaluation(self.engine, "training", most=SAMPLE).scores
            row.training.update({**scores, **losses})
        progress.metrics_bytes = self.writer.row(row)
        self.watch.row(row)
        self.keep_best(row)
        progress.next_epoch()
        self.engine.carried.reset()
        for running in self.running.values():
            running.zero_()
        self.set_rates()
        now = time.perf_counter()
        progress.seconds = now - self.began
        if train.patience is not None and progress.waited >= train.patience:
            progress.finished = True
        self.agree(now)
        if self.stop or (self.due and progress.epoch < train.epochs):
            self.save()
        if self.stop:
            raise Interrupted

    def agree(self, now: float) -> None:
        """Decide together with all processes whether to stop or save at the end of an epoch."""
        import torch

        wishes = torch.tensor([self.asked, self.writer.due(now, self.progress.step)], dtype=torch.float64)
        self.stop, self.due = (bool(wish) for wish in self.engine.processes.sum(wishes))

    def keep_best(self, row: Row) -> None:
        """Update the best epoch so far, and the factor of a schedule that waits for progress."""
        progress, train = self.progress, self.train
        if train.best is not None or train.patience is not None:
            name = train.best or "loss"
            value = row.validation[name]
            higher = is_better_larger(name)
            before = progress.best_value
            if before is None or (value > before if higher else value < before):
                progress.best_value, progress.best_epoch, progress.waited = value, row.epoch, 0
                if train.best is not None:
                    self.best = {key: value.detach().cpu().clone() for key, value in self.engine.state().items()}
            else:
                progress.waited += 1
        for turn in train.turns:
            if turn.schedule.waits:
                self.plateau(turn, row.validation[turn.measure])

    def plateau(self, turn: Turn, loss: float) -> None:
        """Lower the rate as torch's ReduceLROnPlateau does (mode min, relative threshold 1e-4, no cooldown)."""
        progress = self.progress.of(turn.name)
        schedule: Any = turn.schedule
        if progress.plateau_best is None or loss < progress.plateau_best * (1 - 1e-4):
            progress.plateau_best, progress.plateau_waited = loss, 0
        else:
            progress.plateau_waited += 1
        if progress.plateau_waited > schedule.patience:
            progress.plateau_factor *= schedule.factor
            progress.plateau_waited = 0


class Evaluation(NamedTuple):
    """What a net makes of a part of the data.

    scores: the loss and every metric, by name, `loss` first.
    classes: for each target of classes or labels a row for each: its name, how many examples have it and how often it
        is answered, its precision, recall and f1.
    subjects: the metrics that are about one class or label, with its name.
    loads: for each layer that chooses among copies of a step, the share of the choices that fell on each copy.
    """

    scores: dict[str, float]
    classes: dict[str, list[dict[str, Any]]]
    subjects: dict[str, str]
    loads: dict[str, list[float]]


def evaluation(engine: Engine, name: str, most: int | None = None) -> Evaluation:
    """Return the loss, every metric and the tables of classes of a part, computed in evaluation mode.

    Every process of the run must call this function; each scores some of the chunks.

    Parameters:
        engine: the live parts of the run.
        name: the part: training, validation or test.
        most: how many rows to score, from the first; None scores all.
    """
    import torch

    part = engine.parts[name]
    objective, processes = engine.objective, engine.processes
    sums = torch.zeros(len(objective.losses), 2, dtype=torch.float64)
    states = objective.states()
    tables = {target: torch.zeros(4, kind.count, dtype=torch.float64) for target, (_, kind) in objective.tables.items()}
    # With carried states a chunk needs the states of the chunk before, so the processes cannot divide the chunks.
    alone = processes.size == 1 or engine.carried
    engine.model.eval()
    engine.carried.reset()
    engine.draw_from(0)  # a net that draws in every pass has the same scores each time
    with torch.inference_mode(), _Loads(engine) as loads:
        for turn, index in enumerate(engine.chunks(part.count if most is None else min(most, part.count))):
            if not alone and turn % processes.size != processes.rank:
                continue
            batch = part.take(index)
            outputs = engine.outputs(batch)
            for number, criterion in enumerate(objective.losses):
                mean, weight = objective.mean(criterion, outputs, batch)
                sums[number] += torch.tensor([float(mean) * float(weight), float(weight)], dtype=torch.float64)
            objective.measure(states, outputs, batch)
            for target, (criterion, kind) in objective.tables.items():
                tables[target] += tally(*criterion.compared(outputs, batch), kind).cpu()
    engine.carried.reset()
    engine.model.train()
    if not alone:
        sums = processes.sum(sums)
        for state in states:
            state.share(processes.sum, processes.rows)
        tables = {target: processes.sum(table) for target, table in tables.items()}
        loads.counts = [processes.sum(count) for count in loads.counts]
    each = [
        criterion.coefficient * (total / weight if weight else math.nan)
        for criterion, (total, weight) in zip(objective.losses, sums.tolist(), strict=True)
    ]
    found = {"loss": sum(each)}
    begin = 0
    for live in engine.turns:
        found.setdefault(live.turn.measure, sum(each[begin : begin + len(live.losses)]))
        begin += len(live.losses)
    for name, state in zip(objective.names, states, strict=True):
        found[name] = state.result()
    classes = {target: _rows(table, objective.tables[target][1]) for target, table in tables.items()}
    subjects = {name: of for name, of in zip(objective.names, objective.subjects) if of}
    return Evaluation(found, classes, subjects, loads.shares())


class _Loads:
    """A context that counts how many tokens each copy of a step gets (`Engine.copies`)."""

    def __init__(self, engine: Engine) -> None:
        import torch

        self.paths = [path for path, _ in engine.copies]
        self.lists: list[Any] = [engine.model.get_submodule(key) for _, key in engine.copies]
        self.counts = [torch.zeros(len(modules), dtype=torch.float64) for modules in self.lists]
        self.hooks: list[Any] = []

    def __enter__(self) -> _Loads:
        for count, modules in zip(self.counts, self.lists, strict=True):
            for number, module in enumerate(modules):
                self.hooks.append(module.register_forward_pre_hook(partial(_counted, count, number)))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def shares(self) -> dict[str, list[float]]:
        """Return for each layer the share of the tokens that each copy got."""
        found: dict[str, list[float]] = {}
        for path, count in zip(self.paths, self.counts, strict=True):
            found[path] = (count / count.sum().clamp_min(1)).tolist()
        return found


def _counted(count: Tensor, number: int, module: Any, inputs: tuple[Tensor, ...]) -> None:
    count[number] += len(inputs[0])


def _rows(table: Tensor, kind: Prediction) -> list[dict[str, Any]]:
    """The table of classes that follows from the counts of `tally`."""
    hits, answered, right, _ = table
    scores = {
        "precision": hits / answered.clamp_min(1),
        "recall": hits / right.clamp_min(1),
        "f1": 2 * hits / (answered + right).clamp_min(1),
    }
    return [
        {
            "class": kind.name(number),
            "examples": int(right[number]),
            "answered": int(answered[number]),
            **{name: float(values[number]) for name, values in scores.items()},
        }
        for number in range(kind.count)
    ]


class _Signals:
    """A context in which SIGTERM and Ctrl-C ask the loop to save and stop; a second Ctrl-C stops at once."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.before: dict[int, Any] = {}
        self.seen: set[int] = set()

    def __enter__(self) -> None:
        import threading

        if threading.current_thread() is not threading.main_thread():
            return  # only the main thread may handle signals; the caller's own handlers stay
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self.ask)

    def ask(self, number: int, frame: object) -> None:
        if number == signal.SIGINT and number in self.seen:
            raise KeyboardInterrupt
        self.seen.add(number)  # torchrun sends a SIGTERM after a Ctrl-C: it must not stop the run at once
        self.loop.asked = True

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)


# ---- Compute the loss of a batch that several processes share, and decide together whether to stop or save


class Agreed(NamedTuple):
    """What the processes agree on after a forward pass.

    loss: this process's loss, scaled so that the average of all processes' gradients, which torch's DDP computes, is
        the gradient of the whole batch.
    """

    loss: Tensor
    value: float  # the loss of the whole batch
    stop: bool  # whether a signal has asked one of the processes to stop
    due: bool  # whether the first process wants a checkpoint


def shared_loss(
    engine: Engine,
    losses: list[Criterion],
    outputs: tuple[Tensor, ...],
    batch: Batch,
    counts: bool,
    stop: bool,
    due: bool,
) -> Agreed:
    """Return the loss of a batch that several processes share, and what they decide.

    The mean of a share is weighted by the count that it was divided by, so the result is the mean of the whole batch
    even if the shares have different sizes.

    Parameters:
        losses: the losses to add up.
        outputs: what the net gives for `batch`.
        batch: this process's share.
        counts: False if the share is empty. Then `batch` has one row that does not count, because the process must
            still join the sums.
        stop: whether this process was asked to stop.
        due: whether this process wants a checkpoint.

    Raises:
        ProcessLost: another process is gone.
    """
    import torch

    processes = engine.processes
    means = [engine.objective.mean(criterion, outputs, batch) for criterion in losses]
    numbers = []
    for mean, weight in means:
        counted = float(weight) if counts else 0.0
        numbers += [counted, counted * float(mean.detach()) if counts else 0.0]
    sums = processes.sum(torch.tensor([*numbers, float(stop), float(due)], dtype=torch.float64)).tolist()
    total: Any = 0.0
    value = 0.0
    for number, (criterion, (mean, _)) in enumerate(zip(losses, means, strict=True)):
        whole = sums[2 * number] or 1.0  # a mask may leave no value to count; 1 avoids a division by 0
        total = total + criterion.coefficient * mean * (numbers[2 * number] * processes.size / whole)
        value += criterion.coefficient * sums[2 * number + 1] / whole
    return Agreed(engine.penalised_by(total), value, sums[-2] > 0, sums[-1] > 0)
