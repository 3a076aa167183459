"""200 fixed mutants of type rules, elaboration and escaping, and 100 others: how many the tests notice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from benchmarks.publish import publish
from benchmarks.soak.changes import PACKAGE, ROOT, Mutant, mutants
from benchmarks.soak.noticing import LIVES, SLOW, Noticing

# (seed, mutants): the fixed sample, and another by which to see that the tests are not made for the first.
# NETSPEC_MUTANTS="SEED:COUNT …" tries others, and keeps nothing
SAMPLES = ((20240229, 200), (7, 100))
WANTED = 0.85
# the parts that decide what is right, and what keeps a spec's text from becoming code or markup
PARTS = {
    "type rules": ("ops/*.py", "ir/types.py", "ir/sizes.py"),
    "elaboration": ("elaborate/*.py",),
    "escaping": (
        "diagnostics/display.py", "figure/backends/svg.py", "figure/backends/dot.py", "codegen/pynames.py",
        "syntax/text.py", "syntax/characters.py", "diagnostics/model.py",
    ),
}  # fmt: skip
TESTS = (
    "hostile", "diagnostics", "rules", "networks", "syntax", "config", "elaborate", "codegen", "summary", "figure",
    "draw", "ops", "proof",
)  # fmt: skip


def main() -> bool:
    begun = time.monotonic()
    os.chdir(ROOT)
    given = os.environ.get("NETSPEC_MUTANTS", "").split()
    chosen = [tuple(map(int, words.split(":"))) for words in given] or SAMPLES
    every = list(_every())
    samples = {(seed, count): random.Random(seed).sample(every, min(count, len(every))) for seed, count in chosen}
    noticing = Noticing(list(dict.fromkeys(chain.from_iterable(samples.values()))))
    tests = [f"tests/{name}" for name in TESTS if Path("tests", name).exists()]
    # output is let through, so that what forks has no file of pytest's open
    pytest.main(["-q", "-p", "no:cacheprovider", "--capture=sys", *tests], plugins=[noticing])
    if not noticing.fates:
        return False  # pytest has said why
    fates = dict(zip(noticing.mutants, noticing.fates, strict=True))
    lines = _table(samples, fates)
    if noticing.wrong:
        lines += ["", f"Left out, as they fail without a mutant: {', '.join(noticing.wrong)}."]
    lines += ["", f"{(time.monotonic() - begun) / 60:.0f} minutes."]
    if given:
        print("\n".join(lines))
    else:
        publish("mutants", "Mutants: changes of the code that the tests notice", lines)
    return all(_share(sample, fates) >= WANTED for sample in samples.values())


def _every() -> Iterator[Mutant]:
    """All that there could be, in an order that the same seed gives the same sample of."""
    for part, patterns in PARTS.items():
        for pattern in patterns:
            for path in sorted(PACKAGE.glob(pattern)):
                yield from mutants(part, path)


def _table(samples: dict[tuple[int, int], list[Mutant]], fates: dict[Mutant, str]) -> list[str]:
    lines = ["| seed | part | mutants | die | share |", "|---|---|---|---|---|"]
    for (seed, _), sample in samples.items():
        for part in (*PARTS, "all"):
            own = [mutant for mutant in sample if part in (mutant.part, "all")]
            dead = sum(fates[mutant] != LIVES for mutant in own)
            lines.append(f"| {seed} | {part} | {len(own)} | {dead} | {_share(own, fates):.1%} |")
    slow = sum(fate == SLOW for fate in fates.values())
    lines += ["", f"{slow} of the dead ran into their time limit, or ended the process.", "", "Those that live:", ""]
    living = sorted(mutant.what for mutant, fate in fates.items() if fate == LIVES)
    return lines + ([f"- `{what}`" for what in living] or ["- none"])


def _share(sample: list[Mutant], fates: dict[Mutant, str]) -> float:
    return sum(fates[mutant] != LIVES for mutant in sample) / max(1, len(sample))
