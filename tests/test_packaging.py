"""The package as others get it: version, wheel with grammar and prelude, public names."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import netspec
from netspec.version import VERSION
from tests.conftest import ROOT


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION == netspec.__version__


def test_torch_is_bounded_and_torchvision_is_absent() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    torch = [line for line in project["dependencies"] if line.startswith("torch")]
    assert torch == ["torch>=2.10,<2.14"]
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 and "hatchling" in done.stderr:
        pytest.skip("the build backend cannot be fetched here")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_grammar_table_prelude_and_catalogue(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "netspec/grammar/netspec.lark",
        "netspec/syntax/table.json",
        "netspec/prelude/LSTM.net",
        "netspec/diagnostics/catalogue/3-shapes.toml",
        "netspec/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "specs/"))]


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    spec = tmp_path / "a.net"
    spec.write_text("net a {\n  input x: 3\n  hidden z: LSTM(4)\n  output y: 2 perceptrons\n}\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from netspec.cli import main; main(['check', 'a.net'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert "NS611" in done.stderr  # the prelude and the catalogue were found: LSTM wants time


def test_public_names() -> None:
    for name in netspec.__all__:
        if name not in ("train", "load_run"):
            assert getattr(netspec, name) is not None
    with pytest.raises(AttributeError):
        netspec.nothing  # noqa: B018
