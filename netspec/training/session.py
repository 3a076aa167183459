"""Carry out a plan: train, score and draw a run in its folder; or stop the run with a checkpoint."""

from __future__ import annotations

import contextlib
import linecache
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec import files
from netspec.codegen.forward import comment_text
from netspec.config.match import batch_fault
from netspec.config.remarks import MOST_NAMED, remark
from netspec.diagnostics.errors import DataError, DivergedError, NetspecError, StoppedError, UsageError, record
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words, as_dict
from netspec.documents import Environment, Scores, Settings, Warnings
from netspec.ir.graph import Graph, Layer
from netspec.source import Span
from netspec.training.loop.engine import Engine, build_engine
from netspec.training.loop.loop import Diverged, Evaluation, Interrupted, Loop, evaluation
from netspec.training.loop.parallel import ProcessLost, started
from netspec.training.loop.progress import Callbacks, Facts, Progress, Resumed, Summary
from netspec.training.pairing import Pairing
from netspec.training.plan import Plan, make_plan
from netspec.training.report.pictures import Drawn, draw
from netspec.training.run import Run
from netspec.training.storage import checkpoint
from netspec.training.storage import folder as names
from netspec.training.storage.folder import Folder, Lock, new_folder
from netspec.training.storage.resume import Restored, begin, description, last_logged, refuse_changes, restore, sections
from netspec.training.storage.writer import NoWriter, RunWriter
from netspec.version import VERSION

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.spec import Spec
    from netspec.training.loop.engine import Engine

MARGIN = 10_000_000  # bytes of the disk that are kept free for logs and pictures

# the kind of place where the first value is not finite -> the hint that the message shows
_CAUSES = {"layer": "in_layer", "weights": "in_weights", "input": "in_input", "loss": "in_loss"}


def start(plan: Plan, out: Path | None, watch: Callbacks, begun: Pairing | None = None) -> Run:
    """Start a run in a new folder: `out`, or the next free `runs/NET-N`; `begun` has arrays of elsewhere."""
    return Session(plan, watch).start(out, begun)


def resume(
    folder: Path,
    data: Mapping[str, Any] | None = None,
    *,
    watch: Callbacks,
    spec: Spec | None = None,
    others: Sequence[Spec] = (),
    data_folder: str | os.PathLike[str] | None = None,
    allow: Sequence[str] = (),
    pictures: bool | None = None,
) -> Run:
    """Continue a run that was stopped or killed; see `netspec.resume`."""
    run = Run(folder, allow)
    Folder(run.folder).require_plain()
    if run.status["state"] == "finished":
        raise UsageError(Diagnostic("NS859", None, {"folder": str(folder)}))
    request = run.request
    if data_folder is not None:
        request.data = os.fspath(data_folder)
    if pictures is not None:
        request.pictures = pictures
    found = Folder(run.folder)
    with contextlib.nullcontext() if started()[0] else Lock(found):  # the first of several processes has it
        plan = make_plan(spec or run.spec, request, data, others or run.others, allow, run.data)
        refuse_changes(found, plan)
        return Session(plan, watch).resume(found)


class Session:
    """The work of one process on one run."""

    def __init__(self, plan: Plan, watch: Callbacks) -> None:
        self.plan = plan
        self.watch = watch
        self.engine: Engine = build_engine(plan)
        require_batches(plan, self.engine)

    def start(self, out: Path | None, begun: Pairing | None = None) -> Run:
        """Start the run in a new folder."""
        if begun is not None:
            begin(self.engine, begun.arrays)
        if not self.leads:
            return self.work(Folder(Path(self.engine.processes.said(""))), Restored())
        folder = new_folder(out, self.plan.graph.name)
        with Lock(folder):
            room(folder, self.engine)
            if begun is not None:
                import safetensors.numpy

                folder.write_bytes(names.BEGIN, safetensors.numpy.save(begun.arrays))
                folder.write(names.MAP, begun.text())
            self.describe(folder)
            self.engine.processes.said(str(folder.path.resolve()))
            return self.work(folder, Restored())

    def resume(self, folder: Folder) -> Run:
        """Continue a run, whose lock is held, from its newest undamaged checkpoint."""
        self.engine.processes.said(str(folder.path))
        found = restore(folder, self.engine, self.plan)
        if self.leads:
            step, logged = found.progress.step, last_logged(folder)
            self.watch.resumed(Resumed(step, found.progress.epoch + 1, max(0, logged - step), tuple(found.broken)))
        return self.work(folder, found)

    @property
    def leads(self) -> bool:
        return self.engine.processes.leads

    def work(self, folder: Folder, found: Restored) -> Run:
        """Train from the restored state to the end; raise NetspecError if the run stops or diverges."""
        request, progress = self.plan.request, found.progress
        writer = (RunWriter if self.leads else NoWriter)(folder, request.save_seconds, request.save_steps)
        try:
            writer.open(progress.metrics_bytes, progress.step)
            self.status(folder, state="running", step=progress.step)
            loop = Loop(self.plan, self.engine, progress, writer, self.watch)
            loop.best = found.best
            self.watch.began(self.facts(folder))
            loop.run()
            summary = self.finish(folder, loop)
        except Interrupted:
            self.status(folder, state="stopped", step=progress.step)
            stopped: Words = {"step": progress.step, "epoch": progress.epoch + 1, "folder": str(folder.path)}
            raise StoppedError(Diagnostic("NS855", None, stopped, severity="warning")) from None
        except Diverged as fault:
            self.status(folder, state="diverged", step=progress.step)
            raise DivergedError(self.diagnosis(fault, progress, folder)) from None
        except ProcessLost:
            self.status(folder, state="stopped", step=progress.step)
            words: Words = {"rank": self.engine.processes.rank, "step": progress.step, "folder": str(folder.path)}
            raise StoppedError(Diagnostic("NS863", None, words)) from None
        except BaseException as error:
            self.failed(folder, progress, error)
            raise
        finally:
            writer.close()
        if summary is not None:
            with names.writing(folder / names.CHECKPOINTS):  # the files of weights hold all that is needed
                files.remove_folder(folder / names.CHECKPOINTS, folder.path)
            self.watch.ended(summary)
        self.engine.processes.leave()
        return Run(folder.path, self.plan.allow)

    def status(self, folder: Folder, **words: Any) -> None:
        if self.leads:
            folder.status(**words)

    def failed(self, folder: Folder, progress: Progress, error: BaseException) -> None:
        """Write that the run failed and why: the disk refused, a callback raised, netspec made a mistake; or that a
        second Ctrl-C stopped it. It can be resumed."""
        known = isinstance(error, NetspecError)
        if self.leads and isinstance(error, Exception) and not known:
            record(error, folder.path)
        reason = error.diagnostic.message if isinstance(error, NetspecError) else f"{type(error).__name__}: {error}"
        state = "failed" if isinstance(error, Exception) else "stopped"
        with contextlib.suppress(NetspecError):  # the disk may be full
            self.status(folder, state=state, step=progress.step, reason=reason)

    def diagnosis(self, fault: Diverged, progress: Progress, folder: Folder) -> Diagnostic:
        """Return the message NS856, which names the first value that is not finite and the checkpoint that is kept."""
        cause = find_cause(self.engine, self.plan.graph, fault.batch)
        words: Words = {"step": progress.step + 1, "epoch": progress.epoch + 1, "loss": str(fault.loss)}
        hints = [Hint(_CAUSES[cause.kind], {"name": cause.name}), Hint("smaller")]
        kept = checkpoint.existing(folder / names.CHECKPOINTS)
        if kept:
            hints.append(Hint("kept", {"checkpoint": str(kept[0])}))
        span = None if cause.layer is None else cause.layer.span
        return Diagnostic("NS856", span, words, hints=tuple(hints))

    def finish(self, folder: Folder, loop: Loop) -> Summary | None:
        """Choose the weights, score every part, write weights and pictures, then the status `finished`.

        Return what the run came to; None in every process but the first."""
        progress = loop.progress
        chosen, epoch = "last", progress.epoch
        last = self.engine.state()
        if loop.best is not None:
            chosen, epoch = "best", progress.best_epoch
            last = {key: value.clone() for key, value in last.items()}
            self.engine.model.load_state_dict(loop.best)
        found = {name: evaluation(self.engine, name) for name in self.engine.parts}
        scores = {name: each.scores for name, each in found.items()}
        if not self.leads:
            self.engine.processes.said("")
            return None
        if loop.best is not None:
            folder.write_bytes(names.LAST, as_bytes(last))
        folder.write_bytes(names.WEIGHTS, as_bytes(self.engine.state()))
        classes = {name: each.classes for name, each in found.items()}
        folder.put(Scores(chosen=chosen, epoch=epoch, scores=scores, classes=classes))
        drawn = draw(self.plan, self.engine, folder) if self.plan.request.pictures else Drawn(())
        progress.seconds = time.perf_counter() - loop.began
        folder.status(state="finished", step=progress.step, seconds=round(progress.seconds, 3))
        self.engine.processes.said("finished")
        shown = next(found[name] for name in ("test", "validation", "training") if name in found)
        summary = Summary(str(folder.path), chosen, epoch, scores, progress.seconds, *drawn)
        summary.classes, summary.subjects = shown.classes, shown.subjects
        summary.remarks = self.unsaid(folder, tuple(outcome_remarks(self.plan, progress, list(found.values()))))
        return summary

    # ---- before the first step

    def describe(self, folder: Folder) -> None:
        """Write the spec, the settings, the net and the facts of the data to the folder."""
        plan = self.plan
        main, *others = names.put(plan.spec, plan.others, folder)
        folder.put(sections(plan))
        folder.put(description(plan))
        folder.write(names.SOURCE, plan.net.source())
        folder.put(plan.dataset.document())
        folder.put(self.environment())
        folder.put(Warnings(warnings=[]))
        folder.status(state="running", step=0)
        # The settings are written last, because a folder without settings holds no run and a new run may use it.
        # A resumed run takes the same device and number of threads, so that it adds numbers in the same order.
        request = replace(plan.request, device=self.engine.device, threads=self.engine.threads)
        folder.put(Settings(netspec=VERSION, spec=main, others=others, net=plan.graph.name, request=request))

    def environment(self) -> Environment:
        import torch

        return Environment(
            netspec=VERSION,
            python=platform.python_version(),
            torch=str(torch.__version__),
            platform=platform.platform(),
            device=self.engine.device,
            threads=self.engine.threads,
            command=list(sys.argv),
            began=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            cores=os.cpu_count(),
        )

    def facts(self, folder: Folder) -> Facts:
        plan, engine = self.plan, self.engine
        return Facts(
            str(folder.path),
            plan.graph.name,
            int(plan.graph.counts.weights),  # type: ignore[arg-type]
            {name: part.count for name, part in engine.parts.items()},
            engine.device,
            engine.threads,
            engine.steps,
            plan.train.epochs,
            len(engine.spans),
            plan.dataset.source,
            compiled=plan.request.compile == "on",
            streamed=tuple(engine.parts["training"].remote),
            workers=plan.workers,
            remarks=(*self.plan.dataset.notes, *self.unsaid(folder, (*self.plan.remarks, *self.remarks()))),
        )

    def remarks(self) -> Iterator[Diagnostic]:
        """Yield the warnings of a run: NS862 if several processes will reach other weights than one process would."""
        size = self.engine.processes.size
        differing = parts_that_differ(self.plan)
        if size > 1 and differing:
            words: Words = {"steps": Quoted(differing), "size": size}
            yield Diagnostic("NS862", None, words, severity="warning")

    def unsaid(self, folder: Folder, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        """Return those warnings that the run has not given before, and store them in its folder."""
        if not self.leads:
            return ()
        given = Run(folder.path).warnings
        known = {(item["code"], item["message"]) for item in given}
        new = tuple(item for item in found if (item.code, item.message) not in known)
        if new:
            folder.put(Warnings(warnings=[*given, *map(as_dict, new)]))
        return new


def require_batches(plan: Plan, engine: Engine) -> None:
    """Raise DataError (NS927) if the smallest share of a batch has fewer examples than a step of the net needs."""
    smallest = min(end - begin for begin, end in engine.spans)
    fault = batch_fault(plan.train, plan.graph, smallest, engine.processes.size)
    if fault is not None:
        raise DataError(fault)


def parts_that_differ(plan: Plan) -> tuple[str, ...]:
    """Return the names of operations and losses that draw random numbers, or mix the examples of a batch."""
    operations = {node.op.name for node in plan.graph.nodes if node.op.mixes_batch or node.op.draws}
    losses = {term.word for term in plan.train.terms if term.mixes_batch or term.draws}
    return tuple(sorted(operations | losses))


def room(folder: Folder, engine: Engine) -> None:
    """Raise NetspecError (NS864) if the disk has no room for the checkpoints.

    A checkpoint is counted as 4 times the weights, which are the weights, the best weights and the optimizer's two
    tensors for each weight. While a new checkpoint is written, the KEEP older ones are still there.
    """
    bytes_ = sum(value.numel() * value.element_size() for value in engine.state().values())
    needed = (checkpoint.KEEP + 1) * 4 * bytes_ + MARGIN
    free = shutil.disk_usage(folder.path).free
    if free < needed:
        words: Words = {"folder": str(folder.path), "needed": _megabytes(needed), "free": _megabytes(free)}
        raise UsageError(Diagnostic("NS864", None, words))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def as_bytes(tensors: dict[str, Tensor]) -> bytes:
    from safetensors.torch import save

    found: bytes = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    return found


# ---- Find the first place in the net where a value is not finite


@dataclass(frozen=True, slots=True)
class Cause:
    """The first place where a value is not finite: an input, a weight, a layer, or a term of the loss."""

    kind: str  # weights, layer, loss, input
    name: str
    layer: Layer | None = None


def find_cause(engine: Engine, graph: Graph, batch: dict[str, Tensor]) -> Cause:
    """Run the batch once more, check every value on the way, and return the first place that is not finite."""
    import torch

    for name, value in batch.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return Cause("input", name)
    for key, value in engine.model.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return Cause("weights", key, _owner(graph, key))
    found = _first_in_forward(engine, batch)
    if found is None:
        return Cause("loss", _first_term(engine, batch))
    layer = next((layer for layer in graph.layers if layer.text and comment_text(layer) == found), None)
    return Cause("layer", layer.path if layer is not None else found, layer)


def _owner(graph: Graph, key: str) -> Layer | None:
    """Return the line of the spec to which a weight belongs."""
    for stored in graph.arrays:
        if stored.key == key:
            return graph.layers[graph.nodes[stored.node].layer]
    return None


def _first_in_forward(engine: Engine, batch: dict[str, Tensor]) -> str | None:
    """Find the first call whose result is not finite; return the line of the spec that the emitted source quotes above
    that call, or None."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Looking(TorchFunctionMode):
        line: str | None = None

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            if self.line is None and isinstance(result, torch.Tensor) and result.is_floating_point():
                with torch._C.DisableTorchFunction():
                    if not torch.isfinite(result).all():
                        self.line = _spec_line()
            return result

    looking = Looking()
    with torch.no_grad(), looking:
        engine.outputs(batch)
    return looking.line


def _spec_line() -> str:
    """Return the comment above the innermost statement of emitted source in the call stack, or ''."""
    frame: Any = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<netspec "):
            for number in range(frame.f_lineno, 0, -1):
                text = linecache.getline(name, number).strip()
                if text.startswith("# "):
                    return text.removeprefix("# ")
        frame = frame.f_back
    return ""


def _first_term(engine: Engine, batch: dict[str, Tensor]) -> str:
    import torch

    with torch.no_grad():
        outputs = engine.outputs(batch)
        for criterion in engine.objective.losses:
            mean, _ = engine.objective.mean(criterion, outputs, batch)
            if not torch.isfinite(mean):
                return criterion.term.word
    return "loss"


# ---- Warn of what came out


RARE = 4  # so many times more rows has the most frequent class than a rare one
LEAST = 5  # rows of a class that tell something
HIGH = 0.8  # an accuracy that looks good
GROWN = 10.0  # how many times the first loss the last one is, if it exploded


class _Row(NamedTuple):
    """A class in all parts together: its examples, how often it is answered, and how often that is right."""

    name: str
    examples: int
    answered: int
    hits: int

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, self.answered + self.examples)


def _row(parts: Sequence[Mapping[str, Any]]) -> _Row:
    hits = sum(round(part["recall"] * part["examples"]) for part in parts)
    examples, answered = (sum(part[key] for part in parts) for key in ("examples", "answered"))
    return _Row(parts[0]["class"], examples, answered, hits)


def _seldom(rows: Sequence[_Row], place: Span | None) -> Iterator[Diagnostic]:
    """Yield NS885 for a rare class of which most rows are not found, though the accuracy looks good."""
    total = sum(row.examples for row in rows)
    if total != sum(row.answered for row in rows):
        return  # several labels: a row has none or many
    accuracy = sum(row.hits for row in rows) / max(1, total)
    most = max(row.examples for row in rows)
    missed = [row for row in rows if LEAST <= row.examples <= most / RARE and 2 * row.hits < row.examples]
    if missed and accuracy >= HIGH:
        worst = min(missed, key=lambda row: row.hits / row.examples)
        macro = sum(row.f1 for row in rows) / len(rows)
        words: Words = {
            "class": worst.name,
            "found": worst.hits,
            "examples": worst.examples,
            "accuracy": f"{accuracy:.2f}",
            "f1": f"{macro:.2f}",
        }
        yield remark("NS885", place, words, Hint("mend"))


def outcome_remarks(plan: Plan, progress: Progress, parts: Sequence[Evaluation]) -> Iterator[Diagnostic]:
    """Yield the warnings about a run at its end: classes that are never or seldom answered, a loss that exploded.

    Parameters:
        plan: the plan of the run.
        progress: the progress, with the loss of the first batch.
        parts: what the net makes of each part, training first.
    """
    train, match = plan.train, plan.match
    for target in parts[0].classes:
        rows = [_row(same) for same in zip(*(part.classes[target] for part in parts), strict=True)]
        never = [row.name for row in rows if row.examples and not row.answered]
        want = match.wanted.get(target)
        if want is None or want.time is not None:
            continue
        if never and "unanswered" not in train.meant:
            shown = Quoted(tuple(never[:MOST_NAMED]))
            words: Words = {"classes": shown, "count": len(never), "of": len(rows), "name": target}
            yield remark("NS899", match.places.get(target), words, Hint("mend"))
        elif not never and "seldom" not in train.meant:
            yield from _seldom(rows, match.places.get(target))
    first, last = progress.first_loss, parts[0].scores["loss"]
    if first is not None and 0 < GROWN * first < last and "exploded" not in train.meant:
        numbers: Words = {"first": f"{first:.4g}", "last": f"{last:.4g}"}
        yield remark("NS900", train.loss_span, numbers, Hint("mend"))
