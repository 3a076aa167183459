"""Two processes by torchrun against one: the same weights; one of them killed, and the run resumed by a single one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import netspec
from benchmarks.publish import publish
from benchmarks.soak.nets import NETS, waves

MOST = 1e-6
HEAD = """netspec 1

net digits {
  input  image: 1@8x8
BODY
  output y: 10 perceptrons
}

data {
  source = sklearn("digits")
  image = image -> scale(0, 1) -> shift(1)
  label = label
  split = [0.7, 0.15, 0.15]
}

train {
  loss = cross_entropy(y, label)
  metrics = [accuracy(y, label)]
  optimizer = sgd(lr = 0.05, momentum = 0.9)
  schedule = cosine
  EXTRA
  epochs = 3
  batch = 41
}
"""
SPECS = {
    "mlp": HEAD.replace("BODY", "  hidden z: 32 perceptrons -> tanh").replace("EXTRA", "clip = 1.0"),
    "conv": HEAD.replace("BODY", "  hidden C: 6 filters 3x3 -> relu -> maxpool(2x2)").replace(
        "EXTRA", "accumulate = 2"
    ),
    "carried": NETS["carried"].replace(" -> dropout(0.1)", "").replace("epochs = 25", "epochs = 3"),
}
HOLDS = {
    "mlp": "clipping, cosine, shifts; 1,258 rows in batches of 41",
    "conv": "filters, accumulation, shifts; the same rows",
    "carried": "carried state in lanes, RMSprop, plateau",
}


def main() -> bool:
    lines = ["| net | holds | 2 against 1 process | one killed: exit code, and 2 then 1 against 1 |", "|---" * 4 + "|"]
    held = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "waves.csv").write_text(waves(2000), encoding="utf-8")
        for net, text in SPECS.items():
            (folder / f"{net}.net").write_text(text, encoding="utf-8")
            run(folder, 1, f"{net}.net", "--out", f"{net}-1")
            run(folder, 2, f"{net}.net", "--out", f"{net}-2")
            code = killed(folder, f"{net}.net", f"{net}-3")
            run(folder, 1, "--resume", f"{net}-3")
            shared, again = (gap(folder / f"{net}-1", folder / f"{net}-{number}") for number in (2, 3))
            held = held and max(shared, again) <= MOST and code != 0
            lines.append(f"| {net} | {HOLDS[net]} | {shared:.1e} | {code}; {again:.1e} |")
    lines += [
        "",
        "Largest difference of any final weight; gloo; `python -m torch.distributed.run --nproc-per-node 2`.",
        f"Asked: at most {MOST:.0e}. The killed process got SIGKILL in the middle of the run, proven by the log; the",
        "other one stopped by itself, and one process went on from the last checkpoint.",
    ]
    publish("shared", "Shared runs: two processes against one", lines)
    return held


def command(processes: int, *arguments: str) -> list[str]:
    start = [sys.executable, "-m", "netspec"]
    if processes > 1:
        own = ["--standalone", "--nproc-per-node", str(processes), "--max-restarts", "0", "-m", "netspec"]
        start = [sys.executable, "-m", "torch.distributed.run", *own]
    flags = [] if "--resume" in arguments else ["--threads", "1", "--save-every", "3"]
    return [*start, "train", *arguments, "--quiet", "--no-pictures", *flags]


def environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}


def run(folder: Path, processes: int, *arguments: str) -> None:
    subprocess.run(command(processes, *arguments), cwd=folder, env=environment(), check=True)


def killed(folder: Path, spec: str, out: str) -> int:
    """Kills the second process once the log tells of a tenth step; the exit code of the launcher."""
    many = [*command(2, spec, "--out", out), "--set", "train.epochs=3"]
    process = subprocess.Popen(many, cwd=folder, env=environment(), stderr=subprocess.DEVNULL)
    log = folder / out / "log.jsonl"
    while process.poll() is None and last_step(log) < 10:
        time.sleep(0.001)
    victims = workers(process.pid)
    os.kill(victims[-1], signal.SIGKILL)
    code = process.wait(timeout=180)
    state = json.loads((folder / out / "status.json").read_text())["state"]
    if state == "finished":
        raise SystemExit("the run ended before it could be killed")
    return code


def workers(parent: int) -> list[int]:
    """The processes that a launcher started, in order."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(number) for number in found]


def last_step(log: Path) -> int:
    if not log.exists():
        return 0
    steps = [0]
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            steps.append(int(json.loads(line).get("step", 0)))
        except ValueError:
            continue
    return max(steps)


def gap(one: Path, other: Path) -> float:
    a, b = (netspec.load_run(path).weights() for path in (one, other))
    return max(float(np.abs(a[key] - b[key]).max()) for key in a)


if __name__ == "__main__":
    sys.exit(not main())
