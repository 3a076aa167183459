"""Wrong specs, each answered with the right code, at the right place, in words that name the cause; odd ones that
are valid.

A wrong file begins with what is expected of it, `# expect CODE at LINE:COLUMN-LINE:COLUMN: words of the message`
for each report; an odd one with the warnings it gives.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from netspec.cli import main

HERE = Path(__file__).parent
WRONG = sorted((HERE / "wrong").glob("*.net"))
ODD = sorted((HERE / "odd").glob("*.net"))
EXPECTED = re.compile(r"# expect (NS\d{3}) at (\d+:\d+-\d+:\d+|-): (.+)")
WARNED = re.compile(r"# warns (NS\d{3})")
SLOWEST = 2.0  # seconds, on a busy machine


def check(path: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["check", str(path), "--format", "json", *flags])
    return code, json.loads(capsys.readouterr().out)


def place(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    return f"{found['line']}:{found['column']}-{found['end_line']}:{found['end_column']}"


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(WRONG) >= 150
    assert len(ODD) >= 60


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_wrong(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = path.read_bytes().decode()
    expected = EXPECTED.findall(text)
    begun = time.perf_counter()
    code, found = check(path, capsys)
    assert time.perf_counter() - begun < SLOWEST
    assert [(item["code"], place(item["place"])) for item in found] == [(one, where) for one, where, _ in expected]
    for item, (_, _, words) in zip(found, expected, strict=True):
        assert words in item["message"]
        assert item["help"]
        assert all(item["help"])
    assert code == 1


@pytest.mark.parametrize("path", ODD, ids=lambda path: path.stem)
def test_odd(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = check(path, capsys)
    assert [item["code"] for item in found] == WARNED.findall(path.read_bytes().decode("utf-8-sig"))
    assert code == 0


def test_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (*WRONG[::20], *ODD[::20]):
        (tmp_path / path.name).write_bytes(path.read_bytes())
        main(["check", path.name])
    capsys.readouterr()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (*WRONG[::20], *ODD[::20])}


@pytest.mark.parametrize("path", WRONG[::12], ids=lambda path: path.stem)
def test_both_languages_say_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    english, korean = check(path, capsys)[1], check(path, capsys, "--lang", "ko")[1]
    assert [item["code"] for item in english] == [item["code"] for item in korean]
    for first, second in zip(english, korean, strict=True):
        assert re.search("[가-힣]", second["message"])
        assert first["message"] != second["message"]
        assert len(first["help"]) == len(second["help"])
