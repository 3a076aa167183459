"""The laws of random specs, and every operation against torch, on many times as many examples, fresh on every run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
TIMES = int(os.environ.get("NETSPEC_EXAMPLES", "20"))
FILES = ("test_text_laws.py", "test_graph_laws.py", "test_module_laws.py", "test_templates.py")


def main() -> bool:
    """Prints and keeps what pytest says of each file; False where a law is broken."""
    lines = ["| laws | examples, against the tests' own | result |", "|---|---|---|"]
    good = True
    for name in FILES:
        environment = os.environ | {"NETSPEC_EXAMPLES": str(TIMES)}
        command = [sys.executable, "-m", "pytest", "-q", f"tests/proof/{name}"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        good = good and done.returncode == 0
        found = re.search(r"(\d+ passed|\d+ failed)[^\n]*", done.stdout)
        lines.append(f"| {name} | x {TIMES} | {found[0] if found else done.stdout[-200:]} |")
        if done.returncode:
            print(done.stdout[-4000:])
    publish("laws", "Laws of random specs", lines, ("torch", "hypothesis"))
    return good
