"""The numerical and the printing tests on other processors, thread counts, terminals and accounts than the usual ones.

A processor is imitated by the kernels that torch and oneDNN choose for it; a terminal by its encoding and language.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
MOST = 40  # minutes for all of it, on two cores
# what compares numbers: with references, with torch, with another process, with the same run once more
NUMERICAL = (
    "tests/networks/test_references.py", "tests/proof/test_transplant.py", "tests/proof/test_cells.py",
    "tests/proof/test_graph_laws.py", "tests/proof/test_module_laws.py", "tests/proof/test_composition.py",
    "tests/proof/test_padded_losses.py", "tests/proof/test_emitted.py::test_alone_it_is_the_same_module",
    "tests/ops", "tests/codegen", "tests/elaborate/test_ways.py", "tests/train/test_torch_agrees.py",
    "tests/train/test_resume.py", "tests/train/test_faults.py", "tests/data/test_trained.py",
)  # fmt: skip
# what prints, writes files or reads the surroundings
PRINTING = (
    "tests/test_output.py", "tests/diagnostics", "tests/rules", "tests/summary", "tests/hostile/test_corpus.py",
    "tests/hostile/test_promise.py", "tests/draw", "tests/train/test_cli.py", "tests/train/test_compile.py",
    "tests/test_without_torch.py",
)  # fmt: skip
FILE = "a file"  # stands for the path of one
SETTINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "torch without vector instructions": ({"ATEN_CPU_CAPABILITY": "default"}, NUMERICAL),
    "torch with AVX2": ({"ATEN_CPU_CAPABILITY": "avx2"}, NUMERICAL),
    "oneDNN with SSE4.1": ({"ONEDNN_MAX_CPU_ISA": "SSE41"}, NUMERICAL),
    "one thread": ({"OMP_NUM_THREADS": "1"}, NUMERICAL),
    "two threads": ({"OMP_NUM_THREADS": "2"}, NUMERICAL),
    "a terminal of ASCII": ({"PYTHONIOENCODING": "ascii"}, PRINTING),
    "a terminal of Windows' Western Europe": ({"PYTHONIOENCODING": "cp1252"}, PRINTING),
    "no language": ({"LC_ALL": "C", "LANG": "C"}, PRINTING),
    "another hash seed": ({"PYTHONHASHSEED": "4711"}, PRINTING),
    "another time zone": ({"TZ": "Pacific/Kiritimati"}, PRINTING),
    "a home that is a file": ({"HOME": FILE, "USERPROFILE": FILE}, PRINTING),
}


def main() -> bool:
    """Runs every setting and writes the table; False where a test fails, or all of it takes too long."""
    lines = ["| setting | tests | passed | skipped | failed | seconds |", "|---|---|---|---|---|---|"]
    begun, good = time.monotonic(), True
    failed: list[str] = []
    for name, (variables, tests) in SETTINGS.items():
        at = time.monotonic()
        counts, names = tried(variables, tests)
        good &= not names and counts["passed"] > 0
        failed += [f"- {name}: `{test}`" for test in names]
        kind = "numerical" if tests is NUMERICAL else "printing"
        said = " ".join(f"{key}={value}" for key, value in variables.items())
        shown = " | ".join(str(counts[word]) for word in ("passed", "skipped", "failed"))
        lines.append(f"| {name} (`{said}`) | {kind} | {shown} | {time.monotonic() - at:.0f} |")
        print(lines[-1], flush=True)
    minutes = (time.monotonic() - begun) / 60
    lines += ["", f"All of it: {minutes:.0f} minutes; at most {MOST} are allowed.", *failed]
    publish("machines", "Other machines", lines, ("torch", "numpy", "pytest"))
    return good and minutes <= MOST


def tried(variables: dict[str, str], tests: tuple[str, ...]) -> tuple[dict[str, int], list[str]]:
    """What pytest counts under these variables, and the tests that fail."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_text("", encoding="utf-8")
        given = {name: str(path) if value == FILE else value for name, value in variables.items()}
        # the folder of test results is given: pytest asks for the account's own otherwise
        command = [sys.executable, "-m", "pytest", "-rf", "-p", "no:cacheprovider", f"--basetemp={folder}/tests"]
        done = subprocess.run([*command, *tests], cwd=ROOT, env=os.environ | given, capture_output=True, check=False)
    text = done.stdout.decode("utf-8", "replace")
    found = dict.fromkeys(("passed", "skipped", "failed"), 0)
    last = text.rstrip().rpartition("\n")[2]
    found |= {word: int(count) for count, word in re.findall(r"(\d+) (passed|skipped|failed)", last)}
    found["failed"] += sum(int(count) for count in re.findall(r"(\d+) errors?", last))
    names = re.findall(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not names):
        names.append(f"pytest ended with {done.returncode}: {last or done.stderr.decode('utf-8', 'replace')[-200:]}")
    return found, names
