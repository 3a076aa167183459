"""What `netspec.train` shows by itself: a terminal's lines, a notebook's curves, nothing elsewhere or when quiet."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import netspec
from netspec import api
from netspec.training.loop.progress import Callbacks
from netspec.training.run import Run

Train = Callable[..., Run]


def test_a_terminal_sees_the_run(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    run = train("mlp", epochs=2)
    said = capsys.readouterr().out
    assert "910 weights" in said
    assert "validation accuracy" in said
    assert str(run.folder) in said
    train("mlp", epochs=1, quiet=True)
    assert capsys.readouterr().out == ""
    train("mlp", epochs=1, watch=Callbacks())
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("RANK", "1")
    with api._shown(False, None) as shown:
        assert type(shown) is Callbacks  # of several processes the first one speaks


def test_a_file_or_a_pipe_sees_nothing(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    train("mlp", epochs=1)
    assert capsys.readouterr().out == ""


def test_a_notebook_sees_curves(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    handle = SimpleNamespace(update=shown.append)
    kernel = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: kernel, version_info=(9, 0))
    display = SimpleNamespace(SVG=str, display=lambda picture, display_id: shown.append(picture) or handle)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    train("mlp", epochs=2)
    assert shown
    assert "<svg" in shown[-1]
    count = len(shown)
    train("mlp", epochs=1, quiet=True)
    assert len(shown) == count


def test_resume_shows_as_train_does(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train("mlp", epochs=1)
    seen = []
    monkeypatch.setattr(api.session, "resume", lambda folder, data, **options: seen.append(options["watch"]) or run)
    assert netspec.resume(run.folder) is run
    assert type(seen[0]) is Callbacks
