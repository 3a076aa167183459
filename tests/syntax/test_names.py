"""Names begin with a letter, wherever one is declared: another beginning is NS115, and the fix renames every place."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.model import Diagnostic

# what is declared -> a spec that says `NAME` where it is declared and used
PLACES = {
    "net": "net NAME {\n  input  x: 3\n  output y: 2 perceptrons\n}\n",
    "parameter": "net n(NAME = 3) {\n  input  x: NAME\n  output y: 2 perceptrons\n}\n",
    "input": "net n {\n  input  NAME: 3\n  output y: NAME -> 2 perceptrons\n}\n",
    "hidden": "net n {\n  input  x: 3\n  hidden NAME: 4 perceptrons\n  output y: NAME -> 2 perceptrons\n}\n",
    "output": "net n {\n  input  x: 3\n  output NAME: 2 perceptrons\n}\n",
    "constant": "net n {\n  let NAME = 3\n  input  x: NAME\n  output y: 2 perceptrons\n}\n",
    "state": "net n {\n  input x: 3 over 4\n  start NAME: zeros\n  output NAME: x & NAME[t-1] -> 2 perceptrons\n}\n",
    "length": "net n {\n  input  x: 3 over up to 5 as NAME\n  output y: 2 perceptrons\n}\n",
    "round": "net n {\n  input  x: 3\n  output y: repeat 2 as NAME { NAME perceptrons }\n}\n",
    "block": "net n {\n  input  x: 3\n  output y: x -> NAME\n}\nblock NAME {\n  input a: d\n  output b: a -> relu\n}\n",
    "pattern": "net n {\n  input  x: 3\n  output y: x -> B\n}\nblock B {\n  input a: NAME\n  output b: a + a\n}\n",
    "step": "net n {\n  input  x: 3\n  output y: x -> B(relu)\n}\nblock B(NAME) {\n  input a: d\n  output b: NAME\n}\n",
    "figure": "net n {\n  input  x: 3\n  output y: 2 perceptrons\n}\nfigure NAME {\n  view = blocks\n}\n",
}
BROKEN = ("_x", "__x", "__class__", "_modules", "__call__", "_weight")


def mistakes(text: str) -> list[Diagnostic]:
    try:
        found = netspec.parse(text).check()
    except netspec.SpecError as error:
        found = error.diagnostics
    return [one for one in found if one.severity == "error"]


@pytest.mark.parametrize("place", PLACES)
def test_the_places_are_right_with_a_letter(place: str) -> None:
    assert not mistakes(PLACES[place].replace("NAME", "q"))


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_begins_otherwise_is_said_once_and_the_fix_is_right(place: str, name: str) -> None:
    text = PLACES[place].replace("NAME", name)
    [found] = mistakes(text)
    assert (found.code, found.words["seen"]) == ("NS115", name)
    assert found.span is not None
    assert found.span.text == name
    assert len(found.fixes) == text.count(name)
    for fix in sorted(found.fixes, key=lambda fix: -fix.span.start):
        text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    assert not mistakes(text)


def test_a_new_name_that_is_taken_gets_a_number() -> None:
    [found] = mistakes("net n {\n  input  x: 3\n  hidden _x: 4 perceptrons\n  output y: x & _x -> 2 perceptrons\n}\n")
    assert {fix.replacement for fix in found.fixes} == {"x2"}


@pytest.mark.parametrize("name", ["_", "__", "_1"])
def test_nothing_is_offered_where_no_letter_follows(name: str) -> None:
    [found] = mistakes(f"net n {{\n  input  x: 3\n  output {name}: 2 perceptrons\n}}\n")
    assert (found.code, found.fixes) == ("NS115", ())


def test_captions_comments_and_the_middle_of_a_name_are_left_alone() -> None:
    assert not mistakes('net n {  # _a\n  input  a_b_: 3 "_a"\n  output y: 2 perceptrons\n}\n')
