"""A run of another format is refused as a whole, by one code that names its release, wherever a run is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.training.run import Run
from netspec.version import RUN_FORMAT

Train = Callable[..., Run]


def made_by(folder: Path, release: str, number: int | None) -> Path:
    """A copy of a run, as if another release had made it."""
    copy = folder.with_name(f"{folder.name}-of-{release}")
    shutil.copytree(folder, copy)
    settings = json.loads((copy / "settings.json").read_text())
    assert settings.pop("format") == RUN_FORMAT
    settings["netspec"] = release
    if number is not None:
        settings |= {"format": number, "written_by_a_later_one": [1]}
    (copy / "settings.json").write_text(json.dumps(settings))
    return copy


@pytest.fixture
def runs(train: Train, place: Path) -> tuple[Path, Path, Path]:
    """A run, the same made by an earlier release, and by a later one."""
    run = train("mlp", out=place / "runs" / "mlp", epochs=1).folder
    return run, made_by(run, "0.0.9", None), made_by(run, "9.0", RUN_FORMAT + 1)


def test_every_command_answers_one_code(
    runs: tuple[Path, Path, Path], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "rows.npz").write_bytes(b"")
    for run, release, hint in zip(runs[1:], ("0.0.9", "9.0"), ("train anew", "update netspec"), strict=True):
        for command in (
            ["train", "--resume", run],
            ["predict", run, place / "rows.npz"],
            ["evaluate", run],
            ["runs", run],
            ["compile", run, "-o", place / "out.py"],
            ["compile", run, "-o", place / "out.pt2"],
            ["render", run, "-o", place / "out.svg"],
            ["render", place / "mlp.net", "--weights", run, "-o", place / "out.svg"],
        ):
            assert main([str(word) for word in command]) == 2, command
            said = capsys.readouterr().err
            assert "NS867" in said, command
            assert release in said
            assert hint in said
        for name in ("out.py", "out.pt2", "out.svg"):
            assert not (place / name).exists()


def test_python_raises_one_code(runs: tuple[Path, Path, Path], place: Path) -> None:
    net = netspec.load(place / "mlp.net").net()
    asks: tuple[Callable[[Path], Any], ...] = (
        netspec.load_run,
        netspec.resume,
        lambda run: net.render(weights=run).svg(),
    )
    for run in runs[1:]:
        for ask in asks:
            with pytest.raises(UsageError) as caught:
                ask(run)
            assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["NS867"]


def test_one_run_that_cannot_be_read_hides_no_other(
    runs: tuple[Path, Path, Path], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = place / "runs" / "nested"
    shutil.copytree(runs[0], broken)
    (broken / "settings.json").write_text("[" * 100_000)
    assert main(["runs"]) == 0
    shown = capsys.readouterr()
    rows = {line.split()[0]: line for line in shown.out.splitlines()[1:]}
    assert {name: rows[f"runs/{name}"].split()[1:3] for name in ("nested", "mlp-of-0.0.9", "mlp-of-9.0")} == {
        "nested": ["unreadable", "(NS880)"],
        "mlp-of-0.0.9": ["unreadable", "(NS867)"],
        "mlp-of-9.0": ["unreadable", "(NS867)"],
    }
    assert "finished" in rows["runs/mlp"]
    assert shown.err.count("warning[NS867]") == 2
    assert shown.err.count("warning[NS880]") == 1
    shutil.rmtree(runs[0])
    assert main(["runs"]) == 2


@pytest.mark.parametrize(("release", "code"), [(None, "NS880"), ("9.0", "NS881")])
def test_a_request_with_an_unknown_option_is_no_traceback(
    runs: tuple[Path, Path, Path], release: str | None, code: str
) -> None:
    """A later release may write options of its own; in a run of this one somebody has edited the file."""
    settings = json.loads((runs[0] / "settings.json").read_text())
    settings["request"]["later"] = 1
    settings["netspec"] = release or settings["netspec"]
    (runs[0] / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(NetspecError) as caught:
        netspec.load_run(runs[0]).predict({"image": np.zeros((1, 8, 8))})
    assert caught.value.diagnostics[0].code == code
