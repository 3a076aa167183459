"""Texts of unknown origin: how much is kept of a mistake that is everywhere, and what may reach a screen or code."""

from __future__ import annotations

import pytest

from netspec.codegen.pynames import Locals, Namer, class_name
from netspec.diagnostics.display import safe, width
from netspec.diagnostics.model import Fault, Fix, fixed, plain
from netspec.source import SourceFile, Span
from netspec.syntax.characters import LINE_ENDS, MAX_FIXES, MAX_LABELS, check_characters
from netspec.syntax.read import read
from netspec.syntax.text import decode


@pytest.mark.parametrize("sign", ["\u200b", "（", "\u3000", "\u2028", "\u200d"])
@pytest.mark.parametrize("times", [1, 2, MAX_LABELS, MAX_LABELS + 1, MAX_LABELS + 2, MAX_FIXES, MAX_FIXES + 1])
def test_one_report_however_often(sign: str, times: int) -> None:
    source = SourceFile("a.net", f"a{sign}b " * times)
    text, (found,) = check_characters(source)
    assert len(text) == len(source.text)
    # inside a word an invisible character is held by one that ends none
    assert text.count("\u200b") == (times if sign in "\u200b\u200d" else 0)
    assert sign == "\u200b" or sign not in text
    assert len(found.labels) == min(times - 1, MAX_LABELS)
    assert len(found.fixes) == min(times, MAX_FIXES)
    assert found.span == Span(source, 1, 2)
    assert [label.span.start for label in found.labels] == [1 + 4 * place for place in range(1, len(found.labels) + 1)]
    assert [hint.text for hint in found.hints if hint.text == "line_end"] == ["line_end"] * (sign in LINE_ENDS)
    assert {fix.replacement for fix in found.fixes} == {{"（": "(", "\u3000": " ", "\u2028": "\n"}.get(sign, "")}


@pytest.mark.parametrize("sign", ["\u200b", "\x1b", "\u2028", "\x85", "\u00ad"])
@pytest.mark.parametrize("wrong", ["", "  hidden w: 3 perceptrons ++\n"])
def test_one_message_for_one_invisible_character_wherever_it_stands(sign: str, wrong: str) -> None:
    """In words, numbers, signs, keywords, comments: what stands around it is read as if it were not there."""
    text = "net a {\n  input x: 3@8x8\n  hidden h: 14 filters 3x3 -> relu # c\n" + wrong
    text += '  output y: x*2 + 10 perceptrons "c d"\n}\ntrain {\n  epochs = 20\n}\n'
    usual = [found.code for found in read(SourceFile("a.net", text)).diagnostics]
    assert len(usual) == bool(wrong)
    for at in range(len(text)):
        if not wrong or at < text.index(wrong) or at > text.index(wrong) + len(wrong):
            source = SourceFile("a.net", text[:at] + sign + text[at:])
            codes = [found.code for found in read(source).diagnostics]
            assert (codes.count("NS006"), len(codes)) == (1, len(usual) + 1), at


def test_mistakes_that_say_the_same_are_told_once_with_their_count() -> None:
    lines = [f"  hidden h{number}: 3 3 perceptrons\n" for number in range(1200)]
    for times in (8, 9, 1200):
        found = read(SourceFile("a.net", "net a {\n  input x: 4\n" + "".join(lines[:times]) + "}\n")).diagnostics
        told = plain(found)
        assert told.count("`->` is missing") == (8 if times == 8 else 1)
        assert ("(the first of 9 such places)" in told) == (times == 9)
        assert ("note[NS011]" in told, "(the first of 1,000 such places)" in told) == (times == 1200,) * 2


def test_labels_of_one_form_are_different_variables() -> None:
    names = Locals(["x", "ｘ", "x", "self", "step", "step2", "y"], frozenset({"y"}))
    found = [names.line(label) for label in ("x", "ｘ", "self", "step", "step2", "y")]
    assert found == ["x", "x_", "self_", "step_", "step2_", "y_"]
    assert [names.other(name) for name in ("x", "x", "z", "F", "z")] == ["x__", "x__", "z", "F_", "z"]


def test_names_are_handed_out_once() -> None:
    names = Namer(["Basic"])
    assert [names.fresh(name) for name in ("Basic", "Basic", "Up", "Up", "Any", "Tensor")] == [
        "Basic2", "Basic3", "Up", "Up2", "Any2", "Tensor2",
    ]  # fmt: skip
    wanted = {"lenet5": "Lenet5", "tree_or_not": "TreeOrNot", "_": "Net", "망": "망", "any": "Any_", "a__b": "AB"}
    assert {name: class_name(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        ("plain", "plain", 5), ("a\tb", "a    b", 3), ("a\u00a0b", "a b", 3), ("\x1b[2J", "\\u{1b}[2J", 4),
        ("\u202eab", "\\u{202e}ab", 3), ("한글", "한글", 4), ("ｆ", "ｆ", 2), ("e\u0301", "e\u0301", 1), ("é", "é", 1),
        ("\u2028", "\\u{2028}", 1), ("\ue000", "\\u{e000}", 1), ("\ud800", "\\u{d800}", 1), ("\n", "\\u{a}", 1),
    ],
)  # fmt: skip
def test_what_reaches_a_terminal(text: str, shown: str, columns: int) -> None:
    assert safe(text) == shown
    assert width(text) == columns


def test_fixes_that_touch_are_not_made_together() -> None:
    def fixes(*places: tuple[int, int, str]) -> tuple[Fix, ...]:
        return tuple(Fix(Span(SourceFile("a.net", "abcdef"), start, end), new) for start, end, new in places)

    assert fixed("abcdef", [fixes((0, 2, "X")), fixes((2, 3, "Y"))]) == ("XYdef", 2)
    assert fixed("abcdef", [fixes((0, 2, "X")), fixes((1, 3, "Y"))]) == ("Xcdef", 1)
    assert fixed("abcdef", [fixes((1, 3, "X")), fixes((0, 2, "Y"))]) == ("aXdef", 1)
    assert fixed("abcdef", [fixes((2, 2, "X")), fixes((2, 2, "Y"))]) == ("abXcdef", 1)
    assert fixed("abcdef", [fixes((0, 1, "X"), (4, 5, "Z")), fixes((4, 6, "Y"), (2, 3, ""))]) == ("XbcdZf", 1)


@pytest.mark.parametrize(
    ("data", "place", "code", "words"),
    [
        (b"\xff\xfea\x00", (1, 1), "NS002", {"line": "1", "encoding": "UTF-16", "byte": "0xff"}),
        (b"\xfe\xff\x00a", (1, 1), "NS002", {"encoding": "UTF-16", "byte": "0xfe"}),
        (b"a\nb\x00", (2, 2), "NS003", {}),
        ("net\n# 한글".encode("cp949"), (2, 3), "NS002", {"line": "2", "encoding": "EUC-KR / CP949"}),
        (b"a\nb\n\nc\xff", (4, 2), "NS002", {"line": "4", "byte": "0xff"}),
        (b"a" * 11, (None, None), "NS005", {"limit": 10}),
    ],
)
def test_bytes_that_are_no_spec(data: bytes, place: tuple[int, int], code: str, words: dict[str, object]) -> None:
    with pytest.raises(Fault) as caught:
        decode(data, "a.net", limit=10 if code == "NS005" else 1000)
    assert caught.value.diagnostic.code == code
    assert (caught.value.diagnostic.line, caught.value.diagnostic.column) == place
    assert words.items() <= dict(caught.value.diagnostic.words).items()


def test_bytes_that_are() -> None:
    assert decode(b"a" * 10, "a.net", limit=10).text == "a" * 10
    assert decode(b"\xef\xbb\xbfnet", "a.net").text == "net"
