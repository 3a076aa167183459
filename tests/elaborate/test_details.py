"""Single decisions of elaboration, each asked from both sides."""

from __future__ import annotations

import pytest

from netspec.api import Spec
from netspec.elaborate.program import parse_program

STEP = "block f {\n  input  x: c\n  output y: x -> tanh\n}\n"


def codes(body: str, before: str = "") -> list[str]:
    text = before + "net n {\n" + "".join(f"  {line}\n" for line in body.split("; ")) + "}\n"
    return [found.code for found in Spec(parse_program(text, "n.net")).check()]


@pytest.mark.parametrize(
    ("rate", "code"),
    [
        ("sqrt(0.25)", ""), ("1/sqrt(4)", ""), ("sqrt(0.25, 1)", "NS404"), ("sqrt()", "NS404"), ("root(4)", "NS404"),
        ("root(4, 2)", "NS404"), ("sqrt(-1)", "NS413"), ("2^(0-1)", ""), ("0.5^2", ""), ("0.5^(0-1)", "NS419"),
        ("0/0", "NS408"), ("1 - 0.5", ""), ("3 % 0", "NS408"), ("(0-1.5)^0.5", "NS435"), ("0.0^(0-1.0)", "NS408"),
    ],
)  # fmt: skip
def test_numbers_of_options(rate: str, code: str) -> None:
    assert codes(f"input x: 4; output y: dropout({rate})") == ([code] if code else [])


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ("6/2", ""), ("7/2", "NS403"), ("2*3 - 5", ""), ("2*3 - 6", "NS402"), ("sqrt(4)", "NS412"),
        ("2^40", "NS415"), ("2^62", "NS409"), ("2^40 - 2^40 + 3", ""), ("2^128", "NS409"),
        ("2^129 - 2^129 + 3", "NS409"), ("1^999", ""), ("8 % 3 * 2", "NS407"), ("8 * 3 % 2", "NS407"),
        ("8 / 4 * 2", ""), ("8 % 3 + 2", ""), ("5 - 8 % 3", ""), ("3.0", "NS414"), ("2.5", "NS401"),
    ],
)  # fmt: skip
def test_numbers_of_sizes(size: str, code: str) -> None:
    assert codes(f"input x: 4; output y: ({size}) perceptrons") == ([code] if code else [])


def test_a_round_begins_with_a_step_even_where_a_layer_has_its_name() -> None:
    body = "input x: 4; hidden f: relu; output y: repeat 2 { f -> relu }"
    assert codes(body) == ["NS616"]
    assert codes(body, STEP) == []
