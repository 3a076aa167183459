"""What checkpoints cost: the share of a run's time that saving takes, at the default interval and for large nets."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import netspec
from benchmarks.publish import publish
from netspec.training.loop.engine import Engine
from netspec.training.loop.progress import Progress
from netspec.training.run import Run
from netspec.training.storage.writer import RunWriter

MOST = 0.03
# (hidden units, rows, epochs, seconds between checkpoints)
DEFAULT = 60.0
CASES = ((64, 200_000, 3, 1.0), (4096, 16_000, 3, 1.0), (4096, 16_000, 20, DEFAULT), (16384, 5_000, 20, DEFAULT))
SPEC = """netspec 1

net wide(H = 64) {
  input  x: 256
  hidden z: H perceptrons -> relu
  output s: 10 perceptrons
}

train {
  loss = cross_entropy(s, label)
  optimizer = adam(lr = 1e-3)
  epochs = 1
  batch = 64
}
"""


def main() -> bool:
    lines = ["| weights | interval | run | checkpoints | a save | share of the run |", "|---|---|---|---|---|---|"]
    held = True
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            line, share = measured(*case, Path(name))
            lines.append(line)
            held = held and (share <= MOST or case[-1] != DEFAULT)
    lines += [
        "",
        "Wall time. Adam, so a checkpoint holds three numbers a weight. 60 s is the default interval, and there the",
        f"share must be at most {MOST:.0%}; a save also waits until the one before is at most 2 % of the time since.",
    ]
    publish("saving", "What checkpoints cost", lines)
    return held


def measured(hidden: int, rows: int, epochs: int, interval: float, folder: Path) -> tuple[str, float]:
    """One line of the table, and the share of the run that saving took."""
    draw = np.random.default_rng(0)
    data = {"x": draw.normal(size=(rows, 256)).astype(np.float32), "label": np.arange(rows) % 10}
    costs: list[float] = []
    plain = RunWriter.save

    def timed(writer: RunWriter, engine: Engine, progress: Progress, *rest: Any) -> float:
        costs.append(plain(writer, engine, progress, *rest))
        return costs[-1]

    RunWriter.save = timed  # type: ignore[method-assign, assignment]
    try:
        spec = netspec.parse(SPEC)
        begin = time.perf_counter()
        run = train(spec, hidden, data, epochs, interval, folder)
        seconds = time.perf_counter() - begin
    finally:
        RunWriter.save = plain  # type: ignore[method-assign]
    share = sum(costs) / seconds
    weights = sum(value.size for value in run.weights().values())
    mean = f"{1000 * sum(costs) / len(costs):.0f} ms" if costs else ""
    return f"| {weights:,} | {interval:.0f} s | {seconds:.0f} s | {len(costs)} | {mean} | {share:.2%} |", share


def train(spec: Any, hidden: int, data: dict[str, Any], epochs: int, interval: float, folder: Path) -> Run:
    from netspec import api
    from netspec.documents import Request
    from netspec.training.loop.progress import Callbacks
    from netspec.training.plan import make_plan

    request = Request(sizes={"H": hidden}, threads=1, pictures=False, save_seconds=interval)
    request.assignments = [("train.epochs", str(epochs))]
    plan = make_plan(spec, request, data)
    return api.start(plan, Path(tempfile.mkdtemp(dir=folder)) / "run", Callbacks())


if __name__ == "__main__":
    sys.exit(not main())
