"""50 SIGKILLs in the middle of runs, some inside a save: every run still ends in the bytes of an uninterrupted one.

Each kill counts only where the run's own log proves that it hit a running run: the log's last step lies between the
first and the last one, and the process died of the signal. One inside a save is proven by a log that ends in 'saving'.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.publish import publish
from benchmarks.soak.nets import NETS, waves

KILLS = int(os.environ.get("KILLS", "50"))
IN_SAVES = 4  # one in so many kills aims at a save
HOLDS = {
    "dropout": "dropout, Adam, cosine",
    "batchnorm": "batchnorm, augmentation, momentum, step schedule, best weights",
    "accumulate": "accumulation, clipping, AdamW, one-cycle, best weights, crops",
    "carried": "carried state, RMSprop, plateau schedule, dropout, clipping",
}
RESULT = ("weights.safetensors", "metrics.jsonl", "scores.json")


@dataclass
class Kill:
    """One kill, as the log proves it."""

    net: str
    step: int
    steps: int
    saving: bool
    resumed: int = 0
    same: bool = False


def main() -> bool:
    draw = random.Random(int(os.environ.get("SEED", "0")))
    kills: list[Kill] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder)
        whole = {net: _whole(folder, net) for net in NETS}
        runs = 0
        while len(kills) < KILLS:
            net = list(NETS)[runs % len(NETS)]
            runs += 1
            found = _killed_run(folder, net, f"run-{runs}", whole[net], draw, min(2, KILLS - len(kills)))
            kills += found
            print(f"{len(kills):3} kills: {net}, {[(kill.step, kill.saving, kill.same) for kill in found]}", flush=True)
    return _report(kills, runs, time.perf_counter() - began)


def _write(folder: Path) -> None:
    for net, text in NETS.items():
        (folder / f"{net}.net").write_text(text, encoding="utf-8")
    (folder / "waves.csv").write_text(waves(), encoding="utf-8")


def _whole(folder: Path, net: str) -> tuple[list[bytes], int]:
    """The uninterrupted run: its results, and how many steps it has."""
    out = folder / f"whole-{net}"
    subprocess.run(_command(folder, f"{net}.net", "--out", str(out)), check=True, env=_environment())
    return _bytes(out), json.loads((out / "status.json").read_text())["step"]


def _bytes(run: Path) -> list[bytes]:
    return [(run / name).read_bytes() for name in RESULT]


def _command(folder: Path, *arguments: str) -> list[str]:
    given = [str(folder / item) if item.endswith(".net") else item for item in arguments]
    return [sys.executable, "-m", "netspec", "train", *given, "--quiet", "--no-pictures", "--threads", "1"]


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}


def _killed_run(
    folder: Path, net: str, name: str, whole: tuple[list[bytes], int], draw: random.Random, most: int
) -> list[Kill]:
    """A run that is killed, resumed, killed again (at most `most` times), and then let go on to its end."""
    expected, steps = whole
    out = folder / name
    kills: list[Kill] = []
    begins = 0
    for number in range(most):
        saving = draw.randrange(IN_SAVES) == 0
        # the second kill of a run lies behind the first
        target = draw.randint(begins + 1, begins + max(2, int((steps - begins) * 0.7)))
        # a resumed run keeps its interval, so the first start decides it
        first = _command(folder, f"{net}.net", "--out", str(out), "--save-every", "1" if saving else "17")
        again = [*_command(folder, "--resume", str(out))[:-2]]
        kill = _kill(first if number == 0 else again, out, target, steps, saving)
        if kill is None:
            break
        kill.net = net
        kills.append(kill)
        kill.resumed = _newest(out)
        begins = kill.step
    if json.loads((out / "status.json").read_text())["state"] != "finished":
        subprocess.run([*_command(folder, "--resume", str(out))[:-2]], check=True, env=_environment())
    same = _bytes(out) == expected
    for kill in kills:
        kill.same = same
    return kills


def _kill(command: list[str], out: Path, target: int, steps: int, saving: bool) -> Kill | None:
    """Starts the run and kills it at or soon after a step; None where it ended before."""
    log = out / "log.jsonl"
    seen = log.stat().st_size if log.exists() else 0
    process = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL)
    while process.poll() is None:
        last = _last(log, seen)
        if last is not None and last["step"] >= target and (not saving or last["event"] == "saving"):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.0005)
    if process.wait() != -signal.SIGKILL:
        if process.returncode:
            raise SystemExit(f"a run ended with {process.returncode}: {' '.join(command)}")
        return None
    last = _last(log, seen)
    state = json.loads((out / "status.json").read_text())["state"]
    if last is None or state != "running" or not 0 < last["step"] < steps:
        return None
    return Kill("", last["step"], steps, last["event"] == "saving")


def _last(log: Path, begin: int) -> dict[str, Any] | None:
    """The last whole line that the log got since `begin`, of those that tell a step."""
    try:
        with open(log, "rb") as stream:
            stream.seek(max(begin, os.fstat(stream.fileno()).st_size - 400))
            lines = stream.read().split(b"\n")[:-1]
    except OSError:
        return None
    for line in reversed(lines):
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        if "step" in found:
            return found
    return None


def _newest(out: Path) -> int:
    """The step of the newest checkpoint whose manifest is in place: where the resumed run goes on."""
    steps = [int(path.parent.name.removeprefix("step-")) for path in out.glob("checkpoints/step-*/manifest.json")]
    return max(steps, default=0)


def _report(kills: list[Kill], runs: int, seconds: float) -> bool:
    same, saving = sum(kill.same for kill in kills), sum(kill.saving for kill in kills)
    held = same == len(kills) >= KILLS and saving >= 5
    lines = [
        f"{len(kills)} SIGKILLs in {runs} runs, each proven mid-run by the step in the run's log; "
        f"{saving} of them inside a save.",
        f"**{same} of {len(kills)} ended bit-identical** to the uninterrupted run on the CPU (weights, metrics and "
        f"scores, byte by byte). {seconds / 60:.0f} minutes.",
        "",
        "| net | holds | kills | inside a save | identical |",
        "|---|---|---|---|---|",
    ]
    for net, what in HOLDS.items():
        own = [kill for kill in kills if kill.net == net]
        counts = f"{len(own)} | {sum(kill.saving for kill in own)} | {sum(kill.same for kill in own)}"
        lines.append(f"| {net} | {what} | {counts} |")
    lines += ["", "| kill | net | killed at step | of | inside a save | resumed from | identical |", "|---" * 7 + "|"]
    for number, kill in enumerate(kills, 1):
        words = (
            kill.net,
            kill.step,
            kill.steps,
            "yes" if kill.saving else "",
            kill.resumed,
            "yes" if kill.same else "NO",
        )
        lines.append(f"| {number} | {' | '.join(map(str, words))} |")
    publish("kills", "Kills: 50 SIGKILLs in the middle of runs", lines)
    return held


if __name__ == "__main__":
    sys.exit(not main())
