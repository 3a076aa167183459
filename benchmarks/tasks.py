"""Specs of specs/tasks that bring their data along reach the score that their first comments promise."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import netspec
from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs" / "tasks"
TEN = tuple(range(10))


@dataclass(frozen=True)
class Task:
    """`least` (or `most`) holds at every seed, `mean` on average; `part` is the one that is scored."""

    name: str
    score: str
    part: str
    seeds: Sequence[int]
    least: float | None = None
    most: float | None = None
    mean: float | None = None
    seconds: float | None = None  # of CPU time, at most
    data: str | None = None  # below NETSPEC_DATA


TASKS = (
    Task("loan", "accuracy", "training", TEN, least=1.0),
    Task("xor", "accuracy", "test", TEN, least=1.0),
    Task("two_moons", "accuracy", "test", TEN, least=0.97),
    Task("iris", "accuracy", "test", TEN, least=0.9, mean=0.94),
    Task("wine", "accuracy", "test", TEN, least=0.94, mean=0.96),
    Task("digits", "accuracy", "test", TEN, least=0.98, mean=0.99, seconds=30),
    Task("tree", "accuracy", "test", TEN, least=0.97),
    Task("waves", "r2", "test", TEN, least=0.9),
)
LARGE = (
    Task("mnist", "accuracy", "test", (0,), least=0.989, data="mnist"),
    Task("mnist_modern", "accuracy", "test", (0,), least=0.993, data="mnist"),
    Task("characters", "loss", "validation", (0,), most=1.65, seconds=900, data="tinyshakespeare"),
)


def data_folder() -> Path:
    """NETSPEC_DATA, or shared/data beside the checkout."""
    return Path(os.environ.get("NETSPEC_DATA", ROOT.parent / "shared" / "data"))


def promised(name: str) -> str:
    """The first comment of a task's spec."""
    found = re.search(r"^# (.*)", (SPECS / f"{name}.net").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def command(task: Task, folder: Path) -> tuple[float, float]:
    """The score and the CPU seconds of the one command, imports and pictures included, on one thread."""
    out = folder / task.name
    call = [sys.executable, "-m", "netspec", "train", str(SPECS / f"{task.name}.net"), "--out", str(out), "--quiet"]
    call += ["--seed", str(task.seeds[0]), "--threads", "1"]
    if task.data is not None:
        call += ["--data", str(data_folder() / task.data)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(call, check=True, capture_output=True, cwd=folder, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return netspec.load_run(out).scores[task.part][task.score], seconds


def again(task: Task, seed: int, folder: Path) -> float:
    """The score of another seed."""
    spec = netspec.load(SPECS / f"{task.name}.net")
    run = netspec.train(spec, seed=seed, threads=1, pictures=False, out=folder / f"{task.name}-{seed}")
    return run.scores[task.part][task.score]


def holds(task: Task, scores: Sequence[float], seconds: float) -> bool:
    mean = sum(scores) / len(scores)
    return (
        (task.least is None or min(scores) >= task.least)
        and (task.most is None or max(scores) <= task.most)
        and (task.mean is None or mean >= task.mean)
        and (task.seconds is None or seconds <= task.seconds)
    )


def bar_of(task: Task) -> str:
    """What is promised, as the table says it."""
    parts = [] if task.least is None else [f"each >= {task.least:g}"]
    parts += [] if task.most is None else [f"each <= {task.most:g}"]
    parts += [] if task.mean is None else [f"mean >= {task.mean:g}"]
    parts += [] if task.seconds is None else [f"<= {task.seconds:g} CPU s"]
    return ", ".join(parts)


def measure(tasks: Sequence[Task], name: str, title: str) -> bool:
    """Trains everything and publishes the table; True where every promise holds."""
    head = "| task | score | seeds | least | mean | most | CPU s of the command | promised | holds |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for task in tasks:
            if task.data is not None and not (data_folder() / task.data).is_dir():
                lines.append(f"| {task.name} | | | | | | | {bar_of(task)} | not run: no data here |")
                continue
            first, seconds = command(task, Path(folder))
            scores = [first, *(again(task, seed, Path(folder)) for seed in task.seeds[1:])]
            fine = holds(task, scores, seconds)
            good &= fine
            seeds = f"{task.seeds[0]}-{task.seeds[-1]}" if len(task.seeds) > 1 else str(task.seeds[0])
            numbers = f"{min(scores):.4f} | {sum(scores) / len(scores):.4f} | {max(scores):.4f} | {seconds:.1f}"
            shown = f"{task.part} {task.score}"
            lines.append(
                f"| {task.name} | {shown} | {seeds} | {numbers} | {bar_of(task)} | {'yes' if fine else 'NO'} |"
            )
            print(lines[-1], flush=True)
    lines += ["", "What each spec's first comment says:", ""]
    lines += [f"- `{task.name}.net`: {promised(task.name)}" for task in tasks]
    publish(name, title, lines, ("torch", "numpy", "scikit-learn"))
    return good


def main() -> bool:
    return measure(TASKS, "tasks", "Tasks: the scores that specs/tasks promise")
