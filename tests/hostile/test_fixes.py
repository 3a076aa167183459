"""`check --fix` makes the fixes that are offered; that each takes its mistake away, test_corpus.py holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.api import Spec
from netspec.cli import main
from netspec.diagnostics.model import Diagnostic, fixed
from netspec.elaborate.program import parse_program

BROKEN = """net first {
  input  x： 2
  hidden z: x => 3 neurons -> reluu
  output y: z → 1 perceptron;
}
"""
MENDED = """net first {
  input  x: 2
  hidden z: x -> 3 perceptrons -> relu
  output y: z -> 1 perceptron
}
"""


def diagnose(text: str) -> list[Diagnostic]:
    return Spec(parse_program(text, "example.net")).check()


def test_fixes_that_touch_are_not_made_together() -> None:
    found = diagnose("net first {\n  input  x: 2\n  output y: x => relu\n}\n")
    source = found[0].fixes[0].span.source
    text, count = fixed(source, [*found, *found])
    assert count == 1
    assert "x -> relu" in text


def test_check_fix_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    path.write_text(BROKEN, encoding="utf-8")
    assert main(["check", "--fix", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == MENDED
    assert "fixed" in capsys.readouterr().out
    assert main(["check", "--fix", str(path)]) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["broken.net"]


def test_what_no_machine_can_mend_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    text = "net first {\n  input  x: 3@8x8\n  output y: 4 filters 9x9 -> reluu\n}\n"
    path.write_text(text, encoding="utf-8")
    assert main(["check", "--fix", str(path), "--format", "json"]) == 1
    assert [item["code"] for item in json.loads(capsys.readouterr().out)] == ["NS301"]
    assert path.read_text(encoding="utf-8") == text.replace("reluu", "relu")


def test_check_without_fix_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    path.write_text(BROKEN, encoding="utf-8")
    assert main(["check", str(path)]) == 1
    capsys.readouterr()
    assert path.read_text(encoding="utf-8") == BROKEN
