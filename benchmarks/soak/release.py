"""Wheels for Python 3.11, 3.12 and 3.13: what pip would install, resolved from the index, none built from source."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parent.parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
# pip takes --platform at its word: older wheels fit newer systems, so all are named
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)] + ["manylinux2014_x86_64", "linux_x86_64"]
SHOWN = ("torch", "numpy", "pydantic", "resvg-py", "scikit-learn", "matplotlib", "lark")


def requirements() -> list[str]:
    """The dependencies as pyproject.toml has them, with PyTorch as constraints.txt pins it."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: list[str] = project["dependencies"]
    return found


def resolved(version: str) -> dict[str, str]:
    """Package -> version for one Python, wheels only; raises RuntimeError with pip's words where there are none."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:",
            "--python-version", version, *(f"--platform={name}" for name in PLATFORMS),
            "--target", folder, "--report", str(report), "-c", str(ROOT / "constraints.txt"), *requirements(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
        return {item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"] for item in items}


def main() -> bool:
    lines = ["| Python | packages | " + " | ".join(SHOWN) + " |", "|---" * (len(SHOWN) + 2) + "|"]
    holds = True
    for version in VERSIONS:
        try:
            found = resolved(version)
        except RuntimeError as error:
            lines.append(f"| {version} | {error} |" + " |" * len(SHOWN))
            holds = False
            continue
        lines.append(f"| {version} | {len(found)} | " + " | ".join(found.get(name, "-") for name in SHOWN) + " |")
    publish("release", "Resolved wheels (Linux, x86-64)", lines, packages=("pip",))
    return holds
