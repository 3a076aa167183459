"""check, fmt, show and render where torch, scikit-learn and matplotlib are not installed at all."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# what a machine that only checks and draws has
LIGHT = ("click", "lark", "pydantic", "networkx", "graphviz", "resvg-py", "rich")
ABSENT = ("torch", "sklearn", "matplotlib", "numpy", "scipy")


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages folder that holds the light packages and what they need, and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    pending, done = list(LIGHT), set()
    while pending:
        name = pending.pop()
        if name in done:
            continue
        done.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                pending.append(requirement.split(";")[0].split("[")[0].strip("()~=<>! 0123456789.,") or requirement)
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
    return folder


def run(light: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """netspec in a Python that sees only the light packages."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(light))), "PYTHONIOENCODING": "utf-8"}
    environment.pop("VIRTUAL_ENV", None)
    command = [sys.executable, "-S", "-m", "netspec", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


def test_they_are_absent(light: Path, tmp_path: Path) -> None:
    code = f"import importlib.util as u; print([n for n in {ABSENT!r} if u.find_spec(n)])"
    environment = {**os.environ, "PYTHONPATH": str(light)}
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("command", ["check", "show", "render"])
def test_works_without(light: Path, tmp_path: Path, command: str) -> None:
    done = run(light, command, str(ROOT / "specs/zoo/resnet18.net"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if command == "render":
        assert (tmp_path / "resnet18.svg").read_text(encoding="utf-8").startswith("<")


def test_fmt_works_without(light: Path, tmp_path: Path) -> None:
    done = run(light, "fmt", "--check", str(ROOT / "specs/zoo/lenet5.net"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["train"])
def test_a_missing_part_is_exit_5_with_the_command_that_helps(light: Path, tmp_path: Path, command: str) -> None:
    done = run(light, command, str(ROOT / "specs/tasks/digits.net"), cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert "NS951" in done.stderr
    assert "pip install" in done.stderr
    assert list(tmp_path.iterdir()) == []
