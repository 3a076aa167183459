"""The table of a benchmark -> benchmarks/results/NAME.md, with what it was measured on."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def publish(name: str, title: str, lines: Sequence[str], packages: Sequence[str] = ("torch", "numpy")) -> None:
    """Prints the lines, and writes them with date, processor and versions; nothing names the machine itself."""
    text = "\n".join([f"# {title}", "", *lines, "", surroundings(packages), ""])
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def surroundings(packages: Sequence[str]) -> str:
    versions = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    today = datetime.date.today().isoformat()
    return f"{today}, {processor()}, {len(os.sched_getaffinity(0))} cores; {', '.join(versions)}."


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
