"""Bytes and characters that are no text of the language: said with their place, shown so that they do nothing."""

from __future__ import annotations

import pytest

from netspec.api import Spec
from netspec.diagnostics.display import safe, width
from netspec.diagnostics.model import Diagnostic, Fault
from netspec.elaborate.program import parse_program
from netspec.syntax.characters import MAX_FIXES

TEXT = "net n {\n  input  x: 4\n  output y: x -> relu\n}\n"


def check(text: str | bytes) -> list[Diagnostic]:
    return Spec(parse_program(text, "a.net")).check()


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (TEXT.encode("utf-16"), "NS002", {"line": "1", "byte": "0xff", "encoding": "UTF-16"}),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "NS002", {"line": "1", "byte": "0xfe", "encoding": "UTF-16"}),
        (TEXT.replace("4", "4 # 입력").encode("cp949"), "NS002", {"line": "2", "encoding": "EUC-KR / CP949"}),
        (TEXT.encode() + b"# \xff\n", "NS002", {"line": "5", "byte": "0xff"}),
        (TEXT.encode() + b"\x00", "NS003", {}),
    ],
)
def test_bytes_that_are_no_utf_8(data: bytes, code: str, words: dict[str, str]) -> None:
    with pytest.raises(Fault) as caught:
        parse_program(data, "a.net")
    assert caught.value.diagnostic.code == code
    assert words.items() <= {name: str(word) for name, word in caught.value.diagnostic.words.items()}.items()


def test_a_letter_of_another_script_among_latin_ones_is_said_a_word_of_it_is_not() -> None:
    mixed = TEXT.replace("relu", "rеlu")  # a Cyrillic е
    (found,) = check(mixed)
    assert (found.code, found.span.text if found.span else "") == ("NS007", "е")
    assert found.fixes[0].replacement == "e"
    # beside a letter that looks like no Latin one it is a name of its own
    assert check(TEXT.replace("x:", "xеж:").replace("x ->", "xеж ->")) == []


def test_of_one_mistake_so_many_places_are_kept() -> None:
    lines = "".join(f"  hidden z{number}： x\n" for number in range(MAX_FIXES + 50))
    found = [item for item in check(TEXT.replace("  output", lines + "  output")) if item.fixes]
    assert [(item.code, len(item.fixes)) for item in found] == [("NS007", MAX_FIXES)]


def test_of_digits_of_another_script_so_many_places_are_kept() -> None:
    lines = "".join(f"  hidden z{number}: x -> ٣ perceptrons\n" for number in range(MAX_FIXES + 50))
    found = [item for item in check(TEXT.replace("  output", lines + "  output")) if item.fixes]
    assert [(item.code, len(item.fixes)) for item in found] == [("NS007", MAX_FIXES)]
    assert {fix.replacement for fix in found[0].fixes} == {"3"}


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        ("plain", "plain", 5),
        ("a\tb", "a    b", 6),
        ("a\u00a0b", "a b", 3),
        ("a\u202eb\u200b\x1b", "a\\u{202e}b\\u{200b}\\u{1b}", 24),
        ("은닉층", "은닉층", 6),
        ("e\u0301", "e\u0301", 1),
    ],
)
def test_shown_text_does_nothing_and_its_width_is_known(text: str, shown: str, columns: int) -> None:
    assert safe(text) == shown
    assert width(shown) == columns
