"""Tests that take too long for every change: the built site, the installed wheel, lost processes, all emitted types."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]


def main() -> bool:
    """Runs what is marked `soak` and writes the slowest; False where a test fails."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-m", "soak", "-rf", "--durations=12", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    took = re.findall(r"^([\d.]+)s (?:call|setup) +(\S+)", done.stdout, re.MULTILINE)
    lines = [done.stdout.rstrip().rpartition("\n")[2], "", "| test | seconds |", "|---|---|"]
    lines += [f"| `{name}` | {float(seconds):.0f} |" for seconds, name in took]
    lines += [f"- {line}" for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    lines += ["", f"All of it: {time.monotonic() - begun:.0f} seconds."]
    publish("long", "Long tests", lines, ("torch", "pytest", "sphinx", "mypy"))
    return done.returncode == 0
