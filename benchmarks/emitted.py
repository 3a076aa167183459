"""Emitted source: lines of code, style and types, and how a backward pass through a loop over time grows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT.parent / "shared" / "cases" / "emitted"
# network, its file, the most lines of code it may take
LINES = (
    ("resnet18", ROOT / "specs" / "zoo" / "resnet18.net", 60), ("gpt2", ROOT / "specs" / "zoo" / "gpt2.net", 70),
    ("lstm_lm", CASES / "lstmlm.net", 32), ("swin_t", CASES / "swin.net", 300),
)  # fmt: skip
STEPS = (128, 512)
GROWTH = 5.0


def main() -> bool:
    """Prints and keeps the tables; False where a bar is missed. Networks whose file is not there are left out."""
    import netspec

    lines = ["Lines of code without blanks and comments, at 100 columns.", "", "| network | lines | at most | clean |"]
    lines.append("|---|---:|---:|---|")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name, path, most in LINES:
            if not path.exists():
                continue
            source = netspec.load(path).net(name).source()
            file = Path(folder) / f"{name}.py"
            file.write_text(source, encoding="utf-8")
            count, clean = code_lines(source), is_clean(file)
            good = good and count <= most and clean
            lines.append(f"| {name} | {count} | {most} | {'yes' if clean else 'no'} |")
    if (CASES / "mamba.net").exists():
        times = [backward(CASES / "mamba.net", steps) for steps in STEPS]
        growth = times[1] / times[0]
        good = good and growth <= GROWTH
        lines += [
            "",
            f"Backward pass of a state-space block, {STEPS[0]} to {STEPS[1]} steps: {growth:.1f} times as long.",
        ]
    publish("emitted", "Emitted source", lines)
    return good


def code_lines(source: str) -> int:
    """Lines that are neither empty nor a comment."""
    rows = map(str.strip, source.splitlines())
    return sum(1 for row in rows if row and not row.startswith("#"))


def is_clean(file: Path) -> bool:
    """Whether ruff formats and checks it as it is, and mypy --strict finds nothing."""
    ruff = [sys.executable, "-m", "ruff"]
    commands = (
        [*ruff, "format", "--check", "--isolated", "--line-length", "100", str(file)],
        [*ruff, "check", "--isolated", "--line-length", "100", str(file)],
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)],
    )
    return all(
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0 for command in commands
    )


def backward(path: Path, steps: int) -> float:
    """Seconds of a backward pass: the best of five, one thread."""
    import torch

    import netspec

    torch.set_num_threads(1)
    module = netspec.load(path).net("mamba", L=1, d=128, T=steps, V=1000).module()
    x = torch.randint(0, 1000, (1, steps))
    best = float("inf")
    for _ in range(5):
        total = module(x).sum()
        begun = time.process_time()
        total.backward()
        best = min(best, time.process_time() - begun)
    return best
