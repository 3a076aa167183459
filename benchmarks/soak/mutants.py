"""200 fixed mutants of type rules, elaboration and escaping: how many the tests notice."""

from __future__ import annotations

import os
import random
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.publish import publish
from benchmarks.soak.changes import PACKAGE, ROOT, Mutant, mutants
from benchmarks.soak.noticing import LIVES, SLOW, Noticing

# NETSPEC_MUTANTS="SEED COUNT" tries another sample, and keeps nothing
SEED, COUNT = map(int, os.environ.get("NETSPEC_MUTANTS", "20240229 200").split())
WANTED = 0.85
REVIEWED = Path(__file__).with_suffix(".toml")
# the parts that decide what is right, and what keeps a spec's text from becoming code or markup
PARTS = {
    "type rules": ("ops/*.py", "types.py", "sizes.py"),
    "elaboration": ("elaborate/*.py",),
    "escaping": (
        "diagnostics/display.py", "draw/svg.py", "draw/dot.py", "draw/text.py", "lower/pynames.py", "syntax/text.py",
        "syntax/characters.py", "diagnostics/fixes.py",
    ),
}  # fmt: skip
TESTS = (
    "hostile", "diagnostics", "rules", "networks", "syntax", "sections", "elaborate", "lower", "show", "figure", "draw",
    "api", "ops", "proof",
)  # fmt: skip


def main() -> bool:
    begun = time.monotonic()
    os.chdir(ROOT)
    noticing = Noticing(sample())
    tests = [f"tests/{name}" for name in TESTS if Path("tests", name).exists()]
    # output is let through, so that what forks has no file of pytest's open
    pytest.main(["-q", "-p", "no:cacheprovider", "--capture=sys", *tests], plugins=[noticing])
    if noticing.wrong:
        print(f"fail without a mutant: {', '.join(noticing.wrong)}", file=sys.stderr)
        return False
    if len(noticing.fates) < len(noticing.mutants):
        return False  # pytest has said why
    lines, alive = _table(noticing)
    lines += ["", f"{(time.monotonic() - begun) / 60:.0f} minutes."]
    if "NETSPEC_MUTANTS" in os.environ:
        print("\n".join(lines))
    else:
        publish("mutants", "Mutants: changes of the code that the tests notice", lines)
    return alive <= (1 - WANTED) * len(noticing.mutants)


def sample() -> list[Mutant]:
    """The same on every run, each change as likely as any other."""
    every = list(_every())
    return random.Random(SEED).sample(every, min(COUNT, len(every)))


def _every() -> Iterator[Mutant]:
    for part, patterns in PARTS.items():
        for pattern in patterns:
            for path in sorted(PACKAGE.glob(pattern)):
                yield from mutants(part, path)


def _table(noticing: Noticing) -> tuple[list[str], int]:
    """The lines of the result, and how many live."""
    pairs = list(zip(noticing.mutants, noticing.fates, strict=True))
    lines = [f"Seed {SEED}.", "", "| part | mutants | die | share |", "|---|---|---|---|"]
    for part in (*PARTS, "all"):
        fates = [fate for mutant, fate in pairs if part in (mutant.part, "all")]
        dead = sum(fate != LIVES for fate in fates)
        lines.append(f"| {part} | {len(fates)} | {dead} | {dead / max(1, len(fates)):.1%} |")
    slow = sum(fate == SLOW for _, fate in pairs)
    lines += ["", f"{slow} of the dead ran into their time limit. Those that live:", ""]
    reasons = tomllib.loads(REVIEWED.read_text(encoding="utf-8"))
    living = sorted(mutant.what for mutant, fate in pairs if fate == LIVES)
    lines += [f"- `{what}`: {reasons.get(what, 'not judged yet')}" for what in living] or ["- none"]
    return lines, len(living)
