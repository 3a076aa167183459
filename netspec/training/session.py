"""A plan -> a run in its folder: set up, trained, scored and drawn; or stopped, with all that can be kept."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.model import Diagnostic, NetspecError, Words
from netspec.training import folder as names
from netspec.training.engine import Engine, build_engine
from netspec.training.folder import Folder, Lock, new_folder
from netspec.training.loop import Diverged, Interrupted, Loop, score
from netspec.training.plan import Plan
from netspec.training.progress import Progress
from netspec.training.report.pictures import draw
from netspec.training.run import Run
from netspec.training.store import Store
from netspec.training.watch import Facts, Summary, Watch
from netspec.version import VERSION

if TYPE_CHECKING:
    from torch import Tensor

DIVERGED, STOPPED = 4, 130


class Session:
    """One process's work on one run."""

    def __init__(self, plan: Plan, watch: Watch) -> None:
        self.plan = plan
        self.watch = watch
        self.engine: Engine = build_engine(plan)

    def start(self, out: Path | None) -> Run:
        """From the beginning, in a new folder."""
        folder = new_folder(out, self.plan.graph.name)
        with Lock(folder):
            self.describe(folder)
            return self.work(folder, Progress())

    def work(self, folder: Folder, progress: Progress) -> Run:
        """From where `progress` stands to the end; raises NetspecError for a run that stopped or diverged."""
        request = self.plan.request
        store = Store(folder, request.save_seconds, request.save_steps)
        store.open(progress.metrics_bytes)
        folder.status(state="running", step=progress.step)
        loop = Loop(self.plan, self.engine, progress, store, self.watch)
        self.watch.began(self.facts(folder))
        try:
            loop.run()
            self.finish(folder, loop)
        except Interrupted:
            folder.status(state="stopped", step=progress.step)
            stopped: Words = {"step": progress.step, "epoch": progress.epoch + 1, "folder": str(folder.path)}
            raise NetspecError(Diagnostic("NS855", None, stopped, severity="warning"), STOPPED) from None
        except Diverged as fault:
            folder.status(state="diverged", step=progress.step)
            lost: Words = {"step": progress.step + 1, "epoch": progress.epoch + 1, "loss": str(fault.loss)}
            raise NetspecError(Diagnostic("NS856", None, lost), DIVERGED) from None
        finally:
            store.close()
        return Run(folder.path)

    def finish(self, folder: Folder, loop: Loop) -> None:
        """Chooses the weights, scores every part, writes weights and pictures; `finished` comes last."""
        progress = loop.progress
        chosen, epoch = "last", progress.epoch
        last = self.engine.state()
        if loop.best is not None:
            chosen, epoch = "best", progress.best_epoch
            folder.write_bytes(names.LAST, as_bytes(last))
            self.engine.model.load_state_dict(loop.best)
        folder.write_bytes(names.WEIGHTS, as_bytes(self.engine.state()))
        scores = {name: score(self.engine, name) for name in self.engine.parts}
        folder.write_json(names.SCORES, {"chosen": chosen, "epoch": epoch, "scores": scores})
        drawn = draw(self.plan, self.engine, folder, scores) if self.plan.request.pictures else ()
        progress.seconds = time.perf_counter() - loop.began
        folder.status(state="finished", step=progress.step, seconds=round(progress.seconds, 3))
        self.watch.ended(Summary(str(folder.path), chosen, epoch, scores, progress.seconds, tuple(drawn)))

    # ---- what is known before the first step

    def describe(self, folder: Folder) -> None:
        """Writes the spec, the settings, the net and the facts of the data."""
        plan = self.plan
        main = write_spec(plan, folder)
        request = asdict(plan.request)
        folder.write_json(
            names.SETTINGS, {"netspec": VERSION, "spec": main, "net": plan.graph.name, "request": request}
        )
        folder.write_json(names.SECTIONS, {"data": plan.data.document(), "train": plan.train.document()})
        folder.write_json(names.GRAPH, plan.net.to_dict())
        folder.write(names.SOURCE, plan.net.source())
        folder.write_json(names.DATA, plan.dataset.document())
        folder.write_json(names.ENVIRONMENT, self.environment())

    def environment(self) -> dict[str, Any]:
        import torch

        return {
            "netspec": VERSION,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "platform": platform.platform(),
            "device": self.engine.device,
            "threads": self.engine.threads,
            "command": sys.argv[:1] + sys.argv[1:],
            "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "cores": os.cpu_count(),
        }

    def facts(self, folder: Folder) -> Facts:
        plan, engine = self.plan, self.engine
        return Facts(
            str(folder.path),
            plan.graph.name,
            int(plan.graph.counts.weights),  # type: ignore[arg-type]
            {name: part.count for name, part in engine.parts.items()},
            engine.device,
            engine.threads,
            engine.rate.steps,
            plan.train.epochs,
            len(engine.spans),
            plan.dataset.source,
        )


def as_bytes(tensors: dict[str, Tensor]) -> bytes:
    from safetensors.torch import save

    found: bytes = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    return found


def write_spec(plan: Plan, folder: Folder) -> str:
    """Copies the spec and all that it uses, as they lie below their root; returns the main file's place."""
    program = plan.spec.program
    root = program.root
    main = "spec.net"
    names_of_files: dict[str, str] = {}
    for unit in program.units.values():
        path = unit.source.path
        if path is None or root is None or not path.resolve().is_relative_to(root):
            place = "spec.net"
        else:
            place = path.resolve().relative_to(root).as_posix()
        names_of_files[place] = unit.source.text
        if unit is program.main:
            main = place
    for place, text in names_of_files.items():
        target = folder.path / names.SPEC / place
        with names.writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        folder.write(f"{names.SPEC}/{place}", text)
    folder.write(f"{names.SPEC}/netspec.toml", "")
    return main
