"""The examples run as `python PATH` runs them, and print nothing but what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from netspec.ops.registry import OPERATIONS
from tests.conftest import ROOT

pytest.importorskip("torch")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_example_runs(path: Path, inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OPERATIONS.temporarily():
        runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr()
    assert printed.out
    assert printed.err == ""
    if path.stem == "library":
        assert float(printed.out.split()[-1]) > 0.95
