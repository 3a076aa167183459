"""A file of pinned requirements -> a Python environment of its own in a temporary folder, with them installed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements"
DRIVERS = HERE / "drivers"


class NotInstalled(Exception):
    """What pip said last."""


def environment(name: str, folder: Path) -> Path:
    """The Python of a new environment with `requirements/NAME.txt`; raises NotInstalled with pip's reason."""
    begun = time.monotonic()
    home = folder / name
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
    python = home / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "-r", str(REQUIREMENTS / f"{name}.txt")], capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled(said[-1] if said else f"pip ended with {done.returncode}")
    print(f"{name}: installed in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return python


def surroundings(folder: Path, *paths: Path) -> dict[str, str]:
    """What a peer's process sees: a home of its own, one thread, and nothing of this repository but `paths`."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR")}
    return kept | {
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "OMP_NUM_THREADS": "1",
        "KERAS_BACKEND": "torch",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
