"""What an item expands to, counted before anything is built."""

from __future__ import annotations

import pytest

from netspec.api import Spec
from netspec.elaborate.budget import NodeBudget
from netspec.elaborate.environment import Environment
from netspec.elaborate.program import parse_program
from netspec.limits import Limits
from netspec.syntax import tree

BLOCKS = """
block B {
  input  x: c
  hidden h: relu
  output y: 3 perceptrons
}
block P(n = 2) {
  input  x: c
  output y: repeat n { relu }
}
block Two(n, m) {
  input  x: c
  output y: repeat n { repeat m { relu } }
}
block F(f) {
  input  x: c
  output y: f -> f
}
block Many {
  input  x: c
  output y: repeat 99 { relu }
}
block R {
  input  x: c
  output y: relu -> R
}
block Left {
  input  x: c
  output y: relu -> Right
}
block Right {
  input  x: c
  output y: Left -> Left
}
net n {
  input  x: 4
  output y: CHAIN
}
"""


def count(chain: str, limit: int = 1000) -> int:
    program = parse_program(BLOCKS.replace("CHAIN", chain), "n.net")
    definition = program.nets[0]
    line = definition.body.statements[-1]
    assert isinstance(line, tree.Layer)
    return NodeBudget(limit).chain(line.chain, Environment(definition))


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        ("relu", 1), ("relu -> tanh", 2), ("3 perceptrons -> relu", 2), ("2 filters 3x3 -> relu -> tanh", 3),
        ("repeat 3 { relu -> tanh }", 6), ("repeat 2 { repeat 3 { relu } }", 6), ("repeat 0 { relu -> tanh }", 2),
        ("repeat x { relu }", 1), ("repeat 2*3 { relu }", 6), ("B", 2), ("B -> B -> tanh", 5), ("P", 2), ("P(7)", 7),
        ("P(n = 5)", 5), ("P(x)", 2), ("Two(2, 3)", 6), ("Two(m = 5, n = 1)", 5), ("Two(2, m = 4)", 8), ("Two(3)", 3),
        ("Two(q = 4)", 1), ("Two(2, 3, 4)", 6), ("F(relu)", 2), ("F(relu -> tanh)", 4), ("F(f = B)", 4),
        ("F(P(3))", 6), ("F(repeat 4 { relu })", 8), ("F(F(relu -> tanh))", 8), ("F(g = B)", 2), ("R", 2),
        ("Left", 3), ("(relu) + (relu -> tanh)", 4), ("(relu) + (relu) + (relu)", 4), ("(relu) & (B)", 3),
        ("(relu), (tanh), (B)", 4), ("(relu -> (tanh -> B))", 4), ("Unknown(3)", 1),
    ],
)  # fmt: skip
def test_how_many(chain: str, wanted: int) -> None:
    assert count(chain) == wanted


@pytest.mark.parametrize("chain", [
    "repeat 10 { relu }", "repeat 11 { relu }", "repeat 12 { relu }", "Many", "Many -> Many", "(Many) + (Many)",
    "(Many) & (Many)", "(Many), (Many)", "repeat 9 { Many }", "F(Many)", "P(10)", "P(11)", "P(12)", "P(10^12)",
])  # fmt: skip
def test_beyond_the_limit_one_more_is_enough(chain: str) -> None:
    """The number is right up to one above the limit, and no larger, whatever stands there."""
    assert count(chain, 10) == min(count(chain, 10**15), 11)


@pytest.mark.parametrize(
    ("parts", "limit", "codes"), [(4, 20, []), (4, 6, []), (8, 6, ["NS612"]), (1000, 900, ["NS612"])]
)
def test_parts_of_one_step_count_before_they_are_made(parts: int, limit: int, codes: list[str]) -> None:
    text = f"net n {{\n  input  x: {parts}\n  hidden h: split({parts})\n  output y: h.1\n}}\n"
    limits = Limits(nodes=limit)
    assert [found.code for found in Spec(parse_program(text, "n.net", limits=limits), limits).check()] == codes


@pytest.mark.parametrize(("limit", "codes"), [(4, []), (3, ["NS612"])])
def test_as_many_nodes_as_the_limit_are_none_too_many(limit: int, codes: list[str]) -> None:
    text = "net n {\n  input  x: 4\n  hidden a: relu\n  hidden b: tanh\n  output y: sigmoid\n}\n"
    limits = Limits(nodes=limit)
    assert [found.code for found in Spec(parse_program(text, "n.net", limits=limits), limits).check()] == codes


@pytest.mark.parametrize(("units", "codes"), [(10, []), (11, ["NS415"])])
def test_a_size_may_be_as_large_as_the_limit(units: int, codes: list[str]) -> None:
    limits = Limits(size=10)
    text = f"net n {{\n  input  x: 4\n  output y: {units} perceptrons\n}}\n"
    assert [found.code for found in Spec(parse_program(text, "n.net", limits=limits), limits).check()] == codes
