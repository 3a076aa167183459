"""TRUST.md: every claim with the test or the dated result that stands behind it."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.publish import RESULTS, surroundings

ROOT = Path(__file__).resolve().parent.parent
# a claim -> the test that holds it on every run of ./dev test
TESTS = {
    "Each of {wrong} wrong specs is answered with its code, at its place, once, in words that name the cause":
        "tests/hostile/test_corpus.py",
    "Each of {odd} odd but valid specs is accepted": "tests/hostile/test_corpus.py",
    "Every fix that is offered makes its mistake go away": "tests/hostile/test_corpus.py",
    "Each of {codes} codes has a message, help and examples in English and Korean that are run":
        "tests/diagnostics/test_catalogue.py",
    "2^40 steps, 10^15 units, 10,000 brackets, devices and 10 MB of errors: refused within 1 s and 50 MB":
        "tests/hostile/test_bounds.py",
    "200 hostile texts change only themselves in source, SVG, DOT, JSON and messages, and in formatted text":
        "tests/hostile/test_injection.py",
    "The same 200 as captions, columns and classes change only themselves in run folders and logs":
        "tests/hostile/test_injected_runs.py",
    "Checking, drawing and compiling runs, imports and opens nothing that a spec names":
        "tests/hostile/test_promise.py",
    "`use` reads only `.net` files below its root: no `..`, links, absolute paths, devices":
        "tests/hostile/test_promise.py",
    "Edited documents, links and special files in a run's folder, bombs and names that act: a code answers each":
        "tests/train/test_hostile_folders.py",
    "`extern` imports a class with permission alone, by whatever name, and computes what that class does":
        "tests/codegen/test_outside.py",
    "Train sections that take turns move weights as the loop that people write by hand does":
        "tests/train/test_turns.py",
    "The page answers its own address alone, opens and saves specs below its folder alone, and outlives its engines":
        "tests/serve/test_app.py",
    "Korean, Greek, Arabic and decomposed names work up to a run that was cut and goes on":
        "tests/hostile/test_promise.py",
}  # fmt: skip


def main() -> bool:
    """Writes TRUST.md; False where a test that it names is missing."""
    counts = {
        "wrong": len(list((ROOT / "tests/hostile/wrong").glob("*.net"))),
        "odd": len(list((ROOT / "tests/hostile/odd").glob("*.net"))),
        "codes": sum(
            len(re.findall(r"^\[NS\d{3}\]$", path.read_text(encoding="utf-8"), re.MULTILINE))
            for path in (ROOT / "netspec/diagnostics/catalogue").glob("*.toml")
        ),
    }
    lines = [
        "# What is proven, and how",
        "",
        "Written by `./dev bench trust` from the tests and the dated results.",
        "",
    ]
    lines += ["## On every run of `./dev test`", "", "| claim | test |", "|---|---|"]
    lines += [f"| {claim.format(**counts)} | `{test}` |" for claim, test in TESTS.items()]
    lines += ["", "## Long proofs, with their dates", "", "Run again by `./dev soak NAME` or `./dev bench NAME`.", ""]
    for path in sorted(RESULTS.glob("*.md")):
        title, _, rest = path.read_text(encoding="utf-8").partition("\n")
        lines += [f"### {path.stem}: {title.removeprefix('# ')}", "", rest.strip(), ""]
    lines += ["Counted: " + surroundings(("torch",)), ""]
    (ROOT / "TRUST.md").write_text("\n".join(lines), encoding="utf-8")
    print("TRUST.md")
    return all((ROOT / test).exists() for test in TESTS.values())
