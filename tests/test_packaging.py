"""The package as others get it: version, what the wheel is told to hold, public names."""

from __future__ import annotations

import tomllib

import pytest

import netspec
from netspec.version import VERSION
from tests.conftest import ROOT

READ = (
    "netspec/grammar/netspec.lark",
    "netspec/syntax/table.json",
    "netspec/prelude/LSTM.net",
    "netspec/diagnostics/catalogue/3-shapes.toml",
    "netspec/py.typed",
    "netspec/editor/ko/operations.toml",
    "netspec/serve/page/index.html",
    "netspec/serve/page/page.js",
    "netspec/serve/page/LICENSES.txt",
    "netspec/specs/zoo/resnet18.net",
    "netspec/specs/netspec.toml",
)


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION == netspec.__version__


def test_torch_is_bounded_and_torchvision_is_absent() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    torch = [line for line in project["dependencies"] if line.startswith("torch")]
    assert torch == ["torch>=2.10,<2.14"]
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_wheel_is_told_of_all_that_is_read_when_it_runs() -> None:
    """What comes of it, tests/release/test_installed.py says: it builds the wheel, which takes a while."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {folder: folder for folder in wheel["packages"]} | wheel["force-include"]
    kept = {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in folders.items()
        for path in (ROOT / folder).rglob("*")
    }
    kept |= {inside for file, inside in folders.items() if (ROOT / file).is_file()}
    assert kept >= set(READ)


def test_public_names() -> None:
    for name in netspec.__all__:
        if name not in ("train", "load_run"):
            assert getattr(netspec, name) is not None
    with pytest.raises(AttributeError):
        netspec.nothing  # noqa: B018
