"""`netspec train` as it is called: exit codes, what is said, and flags that must not be ignored."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netspec.cli import main


def call(*arguments: str) -> int:
    return main(["train", *arguments])


def test_a_run_says_what_it_does_and_where_it_lies(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("mlp.net", "--no-pictures") == 0
    out = capsys.readouterr().out
    assert "910 weights" in out
    assert "cpu, 1 thread(s)" in out
    assert "validation accuracy" in out
    assert "runs/mlp-1" in out
    for name in ("weights.safetensors", "model.py", "metrics.jsonl", "scores.json", "spec/mlp.net"):
        assert (place / "runs" / "mlp-1" / name).exists()


def test_quiet_says_the_folder_only(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("mlp.net", "--no-pictures", "-q", "-o", "here") == 0
    assert capsys.readouterr().out == "here\n"


@pytest.mark.parametrize(
    "flags",
    [("--epochs", "3"), ("--device", "cpu"), ("--save-every", "5"), ("--workers", "2"), ("--set", "train.batch=4")],
)
def test_a_resumed_run_takes_no_other_settings(
    flags: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--resume", "nowhere", *flags) == 2
    errors = capsys.readouterr().err
    assert "NS861" in errors
    assert flags[0] in errors


def test_settings_and_short_forms(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--epochs", "1", "--batch", "90", "--lr", "0.01", "--seed", "3", "--set", "train.clip=1")
    assert call("mlp.net", "--no-pictures", "-o", "here", *flags) == 0
    written = (place / "here" / "sections.json").read_text()
    for part in ('"epochs": 1', '"batch": 90', '"lr": 0.01', '"seed": 3', '"clip": 1'):
        assert part in written


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("nothing.net",), "NS001", 1),
        (("mlp.net", "--set", "train.optimizer=adm(lr = 1)"), "NS753", 1),
        (("mlp.net", "--device", "tpu"), "NS853", 2),
        (("mlp.net", "--save-every", "often"), "NS857", 2),
        (("--resume", "nowhere"), "NS850", 2),
        ((), "NS903", 2),
    ],
)
def test_mistakes_and_their_exit_codes(
    arguments: tuple[str, ...], code: str, exit_code: int, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == exit_code
    assert code in capsys.readouterr().err
    assert not (place / "runs").exists()


def test_a_missing_package_names_the_command_that_helps(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert call("mlp.net") == 5
    assert "python -m pip install safetensors" in capsys.readouterr().err
    assert not (place / "runs").exists()
