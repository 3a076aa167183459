"""Every command where the terminal is not UTF-8: nothing ends in a traceback, JSON stays JSON, files stay files."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from netspec.cli import main
from tests.conftest import ROOT

SPEC = """net 첫망 {
  input  입력: 2
  hidden 은닉: 입력 -> 4 perceptrons -> relu "σ × 😀"
  output α: 1 perceptron
}
"""
WRONG = SPEC.replace("-> relu", "-> reluu")
# a command -> its exit code; every one prints letters that the encodings lack
COMMANDS = {
    ("show", "은닉.net"): 0,
    ("show", "은닉.net", "--json"): 0,
    ("show", "은닉.net", "--equations"): 0,
    ("check", "은닉.net"): 0,
    ("check", "틀린.net", "--lang", "ko"): 1,
    ("check", "틀린.net", "--format", "json"): 1,
    ("check", "없음.net"): 1,
    ("fmt", "--check", "넓은.net"): 1,
    ("fmt", "--diff", "넓은.net"): 1,
    ("diff", "은닉.net", "넓은.net"): 0,
    ("explain", "NS302", "--lang", "ko"): 0,
    ("explain", "--lang", "ko"): 0,
    ("compile", "은닉.net", "-o", "-"): 0,
    ("compile", "은닉.net", "-o", "은닉.py"): 0,
    ("render", "은닉.net", "-o", "은닉.svg"): 0,
    ("render", "은닉.net", "-o", "은닉.jpg"): 2,
    ("new", "새.net"): 0,
}


@pytest.fixture
def folder(inside: Path) -> Path:
    (inside / "은닉.net").write_text(SPEC, encoding="utf-8")
    (inside / "틀린.net").write_text(WRONG, encoding="utf-8")
    (inside / "넓은.net").write_text(SPEC.replace("2\n", "2  \n"), encoding="utf-8")
    return inside


def printed(encoding: str, *arguments: str) -> tuple[int, bytes, bytes]:
    """The exit code, standard output and standard error of a command on a terminal of that encoding."""
    before = sys.stdout, sys.stderr
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=how) for how in ("strict", "backslashreplace")]
    sys.stdout, sys.stderr = streams
    try:
        code = main(list(arguments))
    finally:
        sys.stdout, sys.stderr = before
    for stream in streams:
        stream.flush()
    out, error = (stream.buffer.getvalue() for stream in streams)  # type: ignore[attr-defined]
    return code, out, error


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_every_command_prints_there(folder: Path, encoding: str) -> None:
    for command, wanted in COMMANDS.items():
        code, out, error = printed(encoding, *command)
        assert code == wanted, (command, out, error)
        assert out or error, command
        files = command[0] in ("compile", "fmt") or {"--json", "json"} & set(command)  # UTF-8 everywhere
        if encoding == "ascii" and not files:
            assert (out + error).isascii(), command


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_programs_read_says_the_same_there(folder: Path, encoding: str) -> None:
    shown = json.loads(printed(encoding, "show", "은닉.net", "--json")[1])
    assert [layer["path"] for layer in shown["layers"]] == ["입력", "은닉", "α"]
    assert "× 😀" in json.dumps(shown, ensure_ascii=False)
    [found] = json.loads(printed(encoding, "check", "틀린.net", "--format", "json")[1])
    assert found["code"] == "NS202"
    source = printed(encoding, "compile", "은닉.net", "-o", "-")[1]
    assert source == printed("utf-8", "compile", "은닉.net", "-o", "-")[1]
    compile(source, "은닉.py", "exec")
    changes = printed(encoding, "fmt", "--diff", "넓은.net")[1]
    assert "-  input  입력: 2  \n" in changes.decode("utf-8")


@pytest.mark.skipif(os.fsencode("é") != "é".encode(), reason="file names are not UTF-8 here")
def test_a_file_whose_name_is_not_text(inside: Path) -> None:
    path = os.fsdecode(b"a\xff.net")
    try:
        (inside / path).write_text(
            (ROOT / "specs" / "zoo" / "lenet5.net").read_text(encoding="utf-8"), encoding="utf-8"
        )
    except OSError:
        pytest.skip("this file system takes only text as names")
    code, out, _ = printed("utf-8", "check", path)
    assert code == 0
    assert b"dcff" in out
