"""Branches of type rules, elaboration and escaping that no test takes: at least 97 % are, and each other has a reason.

Only tests that do the same on every run count: what a random sweep reaches by chance need not be reached again. Tests
of whole commands run netspec in a process of its own, which is not measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.publish import publish
from benchmarks.soak.mutants import PARTS

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("uncovered.toml")
WANTED = 0.97
# what draws at random, and what runs netspec elsewhere: an installed wheel, a built site
LEFT_OUT = (
    "tests/proof/test_emitted.py", "tests/proof/test_graph_laws.py", "tests/proof/test_module_laws.py",
    "tests/proof/test_mutation.py", "tests/proof/test_oracle.py",
    "tests/proof/test_text_laws.py", "tests/ops/test_audit.py", "tests/ops/test_padded.py",
    "tests/hostile/test_fuzz.py", "tests/documents", "tests/release",
)  # fmt: skip
# a subclass says what it does; for mypy alone
NO_CODE = ("raise NotImplementedError", "if TYPE_CHECKING:")


class Gap(NamedTuple):
    """What no test reaches, named by its text: line numbers change with every line above."""

    file: str
    function: str
    line: str  # a condition, the first of some lines in a row, or "" for a function that is never called
    to: str  # the line that the condition never leads to, "" where it is not about one


def main() -> bool:
    """Measures, writes the result; False where a gap has no reason, a reason no gap, or a part is under 97 %."""
    with tempfile.TemporaryDirectory() as name:
        report = _measured(Path(name))
    if report is None:
        return False
    known = {Gap(**{key: entry.get(key, "") for key in Gap._fields}): entry["why"] for entry in _entries()}
    lines = ["| part | branches | taken | share | lines |", "|---|---|---|---|---|"]
    enough = True
    found: Counter[Gap] = Counter()
    for part, patterns in PARTS.items():
        files = [file for file in sorted(report) if any(Path(file).match(f"netspec/{pattern}") for pattern in patterns)]
        sums = Counter[str]()
        for file in files:
            sums.update({key: value for key, value in report[file]["summary"].items() if isinstance(value, int)})
            found.update(gaps(file, report[file]))
        share = sums["covered_branches"] / sums["num_branches"]
        enough &= share >= WANTED
        lines.append(
            f"| {part} | {sums['num_branches']} | {sums['covered_branches']} | {share:.1%}"
            f" | {sums['covered_lines'] / sums['num_statements']:.1%} |"
        )
    unnamed, over = [gap for gap in found if gap not in known], [gap for gap in known if gap not in found]
    lines += ["", f"Not taken, with the reason (`benchmarks/soak/uncovered.toml`): {len(found)}.", ""]
    lines += [f"- {_shown(gap)}: {known[gap]}" for gap in found if gap in known]
    lines += [f"- NOT IN THE LIST: {_shown(gap)}" for gap in unnamed]
    lines += [f"- IN THE LIST, AND REACHED OR GONE: {_shown(gap)}" for gap in over]
    lines += ["", "Tests that draw at random are left out: " + ", ".join(f"`{name}`" for name in LEFT_OUT[:-2]) + "."]
    publish("coverage", "Branches that tests take", lines, ("coverage", "pytest", "torch"))
    return enough and not unnamed and not over


def _measured(folder: Path) -> dict[str, Any] | None:
    """coverage.py's report of every file; None where a test fails."""
    settings = folder / "coverage.ini"
    excluded = "".join(f"\n    {line}" for line in NO_CODE)
    settings.write_text(
        f"[run]\nbranch = true\nsource = netspec\ndata_file = {folder / 'data'}\n"
        f"[report]\nexclude_also = {excluded}\n[json]\noutput = {folder / 'report.json'}\n",
        encoding="utf-8",
    )
    ignored = [f"--ignore={name}" for name in LEFT_OUT]
    call = [sys.executable, "-m", "coverage"]
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not hypothesis and not soak", *ignored]
    if subprocess.run([*call, "run", f"--rcfile={settings}", *tests], cwd=ROOT, check=False).returncode:
        print("a test fails", file=sys.stderr)
        return None
    subprocess.run([*call, "json", "-q", f"--rcfile={settings}"], cwd=ROOT, check=True)
    files: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))["files"]
    return files


def _entries() -> list[dict[str, str]]:
    return tomllib.loads(LIST.read_text(encoding="utf-8"))["gap"]  # type: ignore[no-any-return]


def gaps(file: str, report: dict[str, Any]) -> Iterator[Gap]:
    """What a file's functions leave out: branches, lines that follow none of them, whole functions."""
    text = ["", *(ROOT / file).read_text(encoding="utf-8").splitlines()]
    for name, part in report["functions"].items():
        if name and part["missing_lines"] and not part["executed_lines"]:
            yield Gap(file, name, "", "")
            continue
        reached = set()
        for begin, end in part["missing_branches"]:
            reached.add(end)
            yield Gap(file, name, text[begin].strip(), text[end].strip() if end > 0 else "leaves the function")
        missing = set(part["missing_lines"])
        statements = sorted({*part["executed_lines"], *missing})
        for before, line in pairwise(statements):  # an `except` that nothing raises is no branch of coverage.py's
            if line in missing and before not in missing and line not in reached:
                yield Gap(file, name, text[line].strip(), "")


def _shown(gap: Gap) -> str:
    if not gap.line:
        return f"`{gap.file}` `{gap.function}` is never called"
    return f"`{gap.file}` `{gap.function}`: `{gap.line}`" + (f" -> `{gap.to}`" if gap.to else "")
