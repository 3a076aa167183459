"""The laws of random specs, and every operation against torch, on many times as many examples, fresh on every run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
TIMES = int(os.environ.get("NETSPEC_EXAMPLES", "20"))
LAWS = ("proof/test_text_laws.py", "proof/test_graph_laws.py", "proof/test_module_laws.py")
# what an operation's test says of its examples, one line each
OPERATIONS = {
    "ops/test_audit.py": "type, weights, values and gradients are torch's, or both refuse",
    "ops/test_padded.py": "a padded batch equals its examples one by one, or varying lengths are refused",
}
COUNTED = re.compile(r"^tests/\S+::test_(\w+):\n(?:(?!tests/).*\n)*?.*?(\d+) passing, (\d+) failing", re.M)


def main() -> bool:
    """Prints and keeps how many examples each law held on; False where one is broken."""
    begun = time.monotonic()
    lines = ["| law | random specs | broken |", "|---|---:|---:|"]
    good, total = True, 0
    for name in LAWS:
        text, passed = tested(name, "--hypothesis-show-statistics")
        counts = [(law, int(held), int(broken)) for law, held, broken in COUNTED.findall(text)]
        good = good and passed and bool(counts)
        total += sum(held for _, held, _ in counts)
        lines += [f"| {law.replace('_', ' ')} | {held:,} | {broken} |" for law, held, broken in counts]
    lines += ["", "| every operation | operations | drawings | the same | refused |", "|---|---:|---:|---:|---:|"]
    for name, claim in OPERATIONS.items():
        text, passed = tested(name, "-s")
        found = [ast.literal_eval(answers) for answers in re.findall(r"^[.\s]*\w+ (\{.*\})$", text, re.M)]
        drawn, equal = sum(sum(each.values()) for each in found), sum(each.get("equal", 0) for each in found)
        good = good and passed and bool(found)
        lines.append(f"| {claim} | {len(found)} | {drawn:,} | {equal:,} | {drawn - equal:,} |")
    lines += [
        "",
        f"{total:,} random specs, {TIMES} times as many as in the tests and others on every run; "
        f"{'no law was broken' if good else 'A LAW WAS BROKEN'}. {(time.monotonic() - begun) / 60:.0f} minutes.",
    ]
    publish("laws", "Laws of random specs", lines, ("torch", "hypothesis"))
    return good


def tested(name: str, flag: str) -> tuple[str, bool]:
    """What pytest says of a file with TIMES as many examples, printed where it failed; and whether all passed."""
    environment = os.environ | {"NETSPEC_EXAMPLES": str(TIMES)}
    command = [sys.executable, "-m", "pytest", "-q", flag, f"tests/{name}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:])
    return done.stdout, done.returncode == 0
