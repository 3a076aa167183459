"""The examples run, each in a process of its own, as a user runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytest.importorskip("torch")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_example_runs(path: object, tmp_path: object) -> None:
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if "library" in str(path):
        assert float(done.stdout.split()[-1]) > 0.95
