"""How a command ends where its surroundings fail it: streams closed or full, the folder gone, an unexpected error."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from netspec.cli import main
from netspec.spec import Net

SPEC = "net small {\n  input  x: 4\n  output y: 3 perceptrons\n}\n"


@pytest.fixture
def spec(inside: Path) -> Path:
    (inside / "a.net").write_text(SPEC, encoding="utf-8")
    return inside / "a.net"


def shell(command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A line of the shell in which `netspec` is netspec."""
    line = command.replace("netspec", f"'{sys.executable}' -m netspec")
    return subprocess.run(line, shell=True, capture_output=True, text=True, check=False, **options)


def raises(*given: Any, **words: Any) -> Any:
    raise LookupError("no such luck")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_nobody_foresaw_is_one_sentence_and_a_file(
    language: str, spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Net, "show", raises)
    assert main(["show", str(spec), "--lang", language]) == 70
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "NS923" in said
    assert "LookupError" in said
    path = Path(said.rpartition("`netspec-")[0] or said.split("`")[1])
    text = path.read_text(encoding="utf-8")
    assert "no such luck" in text
    assert "Traceback" in text
    path.unlink()


def test_without_a_place_for_the_file_the_traceback_is_printed(
    spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Net, "show", raises)
    monkeypatch.setattr("tempfile.mkstemp", lambda *given: (_ for _ in ()).throw(OSError(28, "full")))
    assert main(["show", str(spec)]) == 70
    said = capsys.readouterr().err
    assert said.index("Traceback") < said.index("NS923")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize(
    "command", ["show a.net", "show a.net --json", "compile a.net", "render a.net -o -", "explain"]
)
def test_a_full_disk_behind_the_output_is_said(command: str, spec: Path) -> None:
    done = shell(f"netspec {command} > /dev/full")
    assert done.returncode == 2
    assert "NS924" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="the shell of POSIX")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("netspec check - <&-", 1),
        ("netspec show a.net >&-", 0),
        ("netspec compile a.net -o - >&-", 0),
        ("netspec check b.net 2>&-", 1),
        ("netspec show a.net <&- >&- 2>&-", 0),
        ("(mkdir b; cd b; rmdir ../b; netspec check a.net)", 1),
        ("(mkdir b; cd b; rmdir ../b; netspec check -) < a.net", 2),
        ("(mkdir b; cd b; rmdir ../b; netspec new)", 2),
        ("(mkdir b; cd b; rmdir ../b; netspec render - -o x.svg) < a.net", 2),
        ("env -u HOME -u USER netspec show a.net", 0),
        ("HOME=/nowhere netspec render a.net", 0),
    ],
)
def test_closed_streams_and_missing_folders(command: str, code: int, spec: Path) -> None:
    done = shell(command)
    assert (done.returncode, "Traceback" in done.stderr, "NS923" in done.stderr) == (code, False, False), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="the pipes of POSIX")
@pytest.mark.parametrize("command", ["explain", "show a.net", "compile a.net", "explain --lang ko"])
def test_a_reader_that_ends_first_is_no_mistake(command: str, spec: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "netspec", *command.split()],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


TRAIN = "train a.net --with t.net -q --no-pictures"


@pytest.mark.skipif(os.name != "posix", reason="the signals of POSIX")
@pytest.mark.parametrize(
    ("command", "moments"),
    [
        ("check a.net", (1, 6)),
        (TRAIN, (6,)),
        *(pytest.param(command, range(1, 9), marks=pytest.mark.soak) for command in ("check a.net", TRAIN)),
    ],
)
def test_an_interrupt_at_any_moment_leaves_no_traceback(command: str, moments: Iterable[int], spec: Path) -> None:
    text = (
        'data {\n  source = sklearn("iris")\n  x = columns\n  k = label\n}\ntrain {\n  loss = cross_entropy(y, k)\n}\n'
    )
    (spec.parent / "t.net").write_text(f"{SPEC}{text}", encoding="utf-8")
    for part in moments:
        started = subprocess.Popen(
            [sys.executable, "-m", "netspec", *command.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(0.06 * part if command.startswith("check") else 0.3 * part)
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=60)[1]
        # before netspec's first line Python itself is interrupted, and says so
        assert not ("Traceback" in said and re.search(r"netspec/\w+/", said)), (part, said)
        assert "NS923" not in said, (part, said)
