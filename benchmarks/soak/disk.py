"""Every write, fsync and rename of a run fails in turn: it goes on, resumes, or begins again, to the same bytes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netspec
from benchmarks.publish import publish
from benchmarks.soak.nets import NETS, waves
from netspec import api, files
from netspec.diagnostics.errors import NetspecError
from netspec.training.run import Run

CALLS = ("_write", "sync", "rename")
PLAIN: dict[str, Callable[..., Any]] = {name: getattr(files, name) for name in CALLS}
RESULT = ("weights.safetensors", "metrics.jsonl", "scores.json")
OPTIONS: dict[str, dict[str, Any]] = {
    "batchnorm": {"epochs": 2, "save_every": 3, "settings": {"data.split": [0.2, 0.1, 0.7]}},
    "carried": {"epochs": 2, "save_every": 5},
}


def main() -> bool:
    lines = ["| net | calls | went on | resumed | begun again | complete already | same bytes |", "|---" * 7 + "|"]
    held = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "waves.csv").write_text(waves(800), encoding="utf-8")
        for net, options in OPTIONS.items():
            path = folder / f"{net}.net"
            path.write_text(NETS[net], encoding="utf-8")
            counts = _each_call(path, folder, options)
            held = held and counts["calls"] == counts["same"]
            lines.append(f"| {net} | " + " | ".join(str(count) for count in counts.values()) + " |")
    lines.append("")
    lines.append("Each call failed once with ENOSPC, in a run of its own. A run that could not go on said so (NS906).")
    publish("disk", "Disk: every write, fsync and rename fails in turn", lines)
    return held


def _each_call(path: Path, folder: Path, options: dict[str, Any]) -> dict[str, int]:
    whole = _bytes(_train(path, folder / f"whole-{path.stem}", options))
    total = _watched(0)
    _train(path, folder / f"counted-{path.stem}", options)
    counts = {"calls": total[0], "went on": 0, "resumed": 0, "begun again": 0, "complete": 0, "same": 0}
    for number in range(1, counts["calls"] + 1):
        out = folder / f"{path.stem}-{number}"
        _watched(number)
        try:
            run = _train(path, out, options)
            counts["went on"] += 1
        except NetspecError as error:
            if error.diagnostics[0].code != "NS906":
                raise
            _watched(-1)
            run = _again(path, out, options, counts)
        counts["same"] += _bytes(run) == whole
    _watched(-1)
    return counts


def _again(path: Path, out: Path, options: dict[str, Any], counts: dict[str, int]) -> Run:
    """What is to be done after a fault: nothing, if the very last flush failed and all is in place."""
    if not (out / "settings.json").exists():
        counts["begun again"] += 1
        return _train(path, out, options)
    run = netspec.load_run(out)
    if run.status["state"] == "finished":
        counts["complete"] += 1
        return run
    counts["resumed"] += 1
    return api.resume(out)


def _train(path: Path, out: Path, options: dict[str, Any]) -> Run:
    return netspec.train(path, out=out, pictures=False, threads=1, **options)


def _bytes(run: Run) -> list[bytes]:
    return [(run.folder / name).read_bytes() for name in RESULT]


def _watched(failing: int) -> list[int]:
    """Counts all calls from now on, and lets the one of this number fail."""
    count = [0]

    def watch(plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            count[0] += 1
            if count[0] == failing:
                raise OSError(28, os.strerror(28))
            return plain(*given)

        return call

    for name, plain in PLAIN.items():
        setattr(files, name, watch(plain))
    return count


if __name__ == "__main__":
    sys.exit(not main())
