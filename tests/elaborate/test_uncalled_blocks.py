"""Blocks that no net calls: told what is wrong whatever they are given, and nothing else."""

import pytest

from netspec.api import Spec
from netspec.elaborate.program import parse_program


def codes(body: str) -> list[str]:
    text = "netspec 1\n\nblock part {\n" + "".join(f"  {line}\n" for line in body.split("; ")) + "}\n"
    return [found.code for found in Spec(parse_program(text, "part.net")).check()]


@pytest.mark.parametrize(
    "body",
    [
        "input p: m @ h x w; output y: p -> reshape(1@12)",
        "input p: m @ h x w; hidden a: p is 1@29x31; output y: a -> 3 perceptrons",
        "input p: n; input q: 37; output y: p + q",
        "input p: m; input r: n; hidden q: r -> n + 1 perceptrons; output y: p + q",
        "input p: m; input r: n; hidden q: r -> 2*n perceptrons; output y: (p & p & p) * q",
        "input p: m @ h x w; input r: n; hidden q: r -> n + 1 perceptrons; output y: p - q",
        "input x: m @ h x w; hidden d: x -> maxpool(2x2) -> upsample(2); output y: x + d",
    ],
)
def test_what_fits_some_size_is_no_mistake(body: str) -> None:
    assert codes(body) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("input p: m @ h x w; output y: p -> sigmoidd", "NS202"),
        ("input p: 12; output y: p -> reshape(1@13)", "NS341"),
        ("input p: n; input q: 2*n; output y: p + q", "NS302"),
        ("input p: n; hidden q: p -> n + 1 perceptrons; output y: p + q", "NS302"),
    ],
)
def test_what_fits_no_size_is_one(body: str, code: str) -> None:
    assert codes(body) == [code]
