"""The catalogue against the code that uses it, against itself, and against its own examples."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sites import scan

from netspec.api import Spec
from netspec.diagnostics.catalogue import LANGUAGES, entries, particle
from netspec.diagnostics.model import Diagnostic
from netspec.elaborate.program import parse_program
from netspec.source import SourceFile
from netspec.syntax.parser import parse
from netspec.syntax.printer import format_file

CODES = {code: entry for code, entry in entries().items() if code != "shared"}
SHARED = entries()["shared"]
EXAMPLES = [code for code, entry in CODES.items() if "wrong" in entry]
FIELD = re.compile(r"\{(\w*)(?::\w+)?\}")
# phrases whose names the code puts together: `axis row`, `verb +`
COMPOSED = (
    "axis ",
    "editor ",
    "file ",
    "kind ",
    "new ",
    "page ",
    "paired ",
    "part ",
    "reason ",
    "said ",
    "state ",
    "train best",
    "train last",
    "verb ",
)


def texts(entry: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Every text of an entry by where it stands, in both languages."""
    found: dict[str, dict[str, str]] = {}
    for name in ("title", "about", "help", "situation"):
        if name in entry:
            found[name] = entry[name]
    if "en" in entry:
        found["message"] = {language: entry[language] for language in LANGUAGES}
    for kind in ("hints", "labels", "phrases"):
        for name, table in entry.get(kind, {}).items():
            found[f"{kind}.{name}"] = {language: table[language] for language in LANGUAGES}
    return found


def fields(template: str) -> set[str]:
    return set(FIELD.findall(template)) - {""}


def diagnose(spec: str) -> list[Diagnostic]:
    """Everything that reading and checking a text reports."""
    return Spec(parse_program(spec, "example.net")).check()


# ---- against the code


def test_every_code_stands_in_the_catalogue_and_none_is_dead() -> None:
    assert set(CODES) == scan().codes


def words_are_given_wherever_it_is_raised(code: str) -> None:
    entry = CODES[code]
    needed = fields(entry["en"]) | fields(entry.get("help", {"en": ""})["en"])
    for site in scan().sites:
        if site.code == code:
            assert needed <= site.words, f"{site.where} gives no {sorted(needed - site.words)}"


def test_hints_and_labels_exist_and_none_is_unused() -> None:
    for kind, used in (("hints", scan().hints), ("labels", scan().labels)):
        known = {name for entry in entries().values() for name in entry.get(kind, {})}
        assert used == known


def hints_and_labels_are_named_where_it_is_raised(code: str) -> None:
    sites = [site for site in scan().sites if site.code == code]
    if sites:
        assert set(CODES[code].get("hints", {})) <= {name for site in sites for name in site.hints}
        assert set(CODES[code].get("labels", {})) <= {name for site in sites for name in site.labels}


def test_phrases_exist_and_none_is_unused() -> None:
    known = set(SHARED["phrases"])
    assert scan().phrases <= known
    assert all(name.startswith(COMPOSED) for name in known - scan().phrases)


# ---- against itself


def both_languages_say_the_same(code: str) -> None:
    for where, table in texts(entries()[code]).items():
        assert set(table) == set(LANGUAGES), where
        assert all(table.values()), where
        assert fields(table["en"]) == fields(table["ko"]), where
        assert not re.search(r"\{\w*:", table["en"]), f"{where}: English has no particles"


def nothing_is_missing(code: str) -> None:
    entry = CODES[code]
    assert {"title", "en", "ko", "about"} <= set(entry)
    assert ("wrong" in entry, "right" in entry) == ("situation" not in entry,) * 2
    assert "help" in entry or any(site.hints for site in scan().sites if site.code == code), "nothing that helps"


def messages_begin_small_and_end_without_a_stop(code: str) -> None:
    for where, table in texts(CODES[code]).items():
        if where == "message" or where == "help" or where.startswith(("hints.", "labels.")):
            assert not table["en"][0].isupper(), where
            for language in LANGUAGES:
                assert not table[language].endswith("."), where
                assert "\n" not in table[language], where


@pytest.mark.parametrize("code", CODES)
def test_entry(code: str) -> None:
    words_are_given_wherever_it_is_raised(code)
    hints_and_labels_are_named_where_it_is_raised(code)
    both_languages_say_the_same(code)
    nothing_is_missing(code)
    messages_begin_small_and_end_without_a_stop(code)


def test_phrases_of_both_languages_say_the_same() -> None:
    both_languages_say_the_same("shared")


@pytest.mark.parametrize(
    ("word", "wanted", "right"),
    [
        ("필터", "을", "를"), ("층", "을", "을"), ("28", "을", "을"), ("64@56x56", "과", "과"), ("`relu`", "은", "는"),
        ("maxpool", "이", "이"), ("filter", "은", "는"), ("lr", "을", "를"), ("LSTM", "을", "을"), ("R", "으로", "로"),
        ("pool", "으로", "로"), ("step", "으로", "으로"), ("padding", "을", "을"), ("K", "이라", "라"),
        ("`(`", "이", "가"), ("`:`", "이", "이"), ("`;`", "을", "을"),
        ("12", "으로", "로"), ("3", "으로", "으로"), ("scale", "이", "이"),
    ],
)  # fmt: skip
def test_particles_follow_the_sound(word: str, wanted: str, right: str) -> None:
    assert particle(word, wanted) == right


# ---- against its examples; that a wrong one gives its code alone, hostile/test_corpus.py holds


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_right_example_gives_nothing_and_examples_are_written_as_fmt_writes_them(code: str) -> None:
    assert diagnose(CODES[code]["right"]) == []
    for kind in ("wrong", "right"):
        spec = CODES[code][kind]
        if kind == "right" or code >= "NS2":
            source = SourceFile("example.net", spec)
            assert format_file(source, parse(source)) == spec
