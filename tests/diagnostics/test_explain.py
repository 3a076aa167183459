"""`netspec explain`: every code with its example, in both languages; and what is no code."""

from __future__ import annotations

import itertools

import pytest

from netspec.cli import main
from netspec.diagnostics.catalogue import LANGUAGES, entries

CODES = {code: entry for code, entry in entries().items() if code != "shared"}


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


# one code of five, the languages in turn; the soak takes all. test_catalogue.py holds every entry to have both
# languages, and test_corpus.py how the wrong example of each is answered
EXPLAINED = [
    pytest.param(code, language, marks=[pytest.mark.soak] * (number % 5 > 0))
    for number, (code, language) in enumerate(zip(CODES, itertools.cycle(LANGUAGES), strict=False))
]


@pytest.mark.parametrize(("code", "language"), EXPLAINED)
def test_every_code_is_explained(code: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    entry = CODES[code]
    said = explained(capsys, code, "--lang", language)
    assert said.startswith(f"{code}: {entry['title'][language]}\n")
    assert entry["about"][language] in said
    if "wrong" not in entry:
        assert entry["situation"][language] in said
        return
    for kind in ("wrong", "right"):
        for line in entry[kind].strip().splitlines():
            assert line.rstrip() in said
    assert f"[{code}]: " in said  # the message itself, as the wrong example gets it
    assert said.count("[NS") == 1


def test_codes_are_found_as_people_write_them(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys, "NS302")
    assert explained(capsys, "ns302") == explained(capsys, "302") == said
    assert explained(capsys, "NS302", "--lang", "ko") != said


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    for language in LANGUAGES:
        lines = explained(capsys, "--lang", language).splitlines()
        assert [line.split(maxsplit=1) for line in lines if line.startswith("NS")] == [
            [code, entry["title"][language]] for code, entry in sorted(CODES.items())
        ]


@pytest.mark.parametrize("given", ["NS999", "NS", "relu", "NS30", "-1", "NS302x", "", "ㄱ"])
def test_what_is_no_code(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--", given]) == 2
    assert "[NS907]" in capsys.readouterr().err


def test_one_code_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "NS302", "NS303"]) == 2
    assert "[NS911]" in capsys.readouterr().err
