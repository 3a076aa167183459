"""What a step inherits from where it stands, whatever was expanded before it."""

from __future__ import annotations

import pytest

from netspec.api import Spec
from netspec.elaborate.program import parse_program

BLOCK = "block Z {\n  input  x: d\n  hidden k: learned\n  output y: x + k\n}\n"
LOOP = "  output z: x & z[t-1] -> 3 perceptrons -> tanh\n  start z: learned(3) -> Z\n"
LAST = "  hidden v: x -> last(time) -> 3 perceptrons -> relu\n"


def codes(lines: str, head: str = "  input  x: 4 over 5\n") -> list[str]:
    return [item.code for item in Spec(parse_program(f"{BLOCK}net m {{\n{head}{lines}}}\n", "m.net")).check()]


def test_a_start_line_gives_its_type_to_the_blocks_it_calls() -> None:
    assert codes(LOOP) == []


def test_without_a_start_line_the_block_lacks_a_type() -> None:
    assert codes("  output z: x -> Z\n", "  input  x: 4\n") == ["NS209"]


@pytest.mark.parametrize(
    "lines",
    [
        LAST + LOOP + "  output u: v -> Z\n",
        LAST + "  hidden u: v -> Z\n" + LOOP + "  output y: u\n",
    ],
    ids=["after the start line", "before it"],
)
def test_the_order_of_lines_does_not_decide(lines: str) -> None:
    assert codes(lines) == ["NS209"]


@pytest.mark.parametrize("place", ["above", "below"])
def test_same_gives_its_value_to_a_delayed_read(place: str) -> None:
    """`hidden a: z[t-1] -> …`: `x -> same(a)` reads x[t-1], wherever the line of z is."""
    loop = "  hidden z: x + z[t-1] -> 4 perceptrons -> tanh\n"
    lines = ["  hidden a: z[t-1] -> 4 perceptrons -> relu\n", "  hidden b: x -> same(a)\n"]
    lines.insert(0 if place == "above" else 2, loop)
    text = f"net m {{\n  input  x: 4 over 5\n{''.join(lines)}  output y: z & a & b\n}}\n"
    graph = Spec(parse_program(text, "m.net")).net().graph
    delays = [node for node in graph.nodes if node.word == "z[t-1]" and node.again]
    assert [graph.nodes[node.inputs[0].node].word for node in delays] == ["input"]
