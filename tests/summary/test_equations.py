"""Equations of lines: brackets where they mean something, and nowhere else."""

from __future__ import annotations

import pytest

import netspec
from netspec.summary.equations import equation_lines
from netspec.summary.rows import rows

SPEC = """
net cell {{
  input  x: 4 over 5
  hidden u: x & h[t-1] -> 4 perceptrons -> sigmoid
  hidden a: {chain}  # a comment
    -> tanh  is 4 over 5
  hidden h: (1 - u)*h[t-1] + u*(a + x)
  output y: h -> last(time)
}}
"""
CASES = {
    "x": "tanh(x)",
    "x - (x -> relu) - (u - 0.5*x)": "tanh(x - relu(x) - (u - 0.5 * x))",
    "x + (u + x)": "tanh(x + u + x)",
    "x - (u + x)": "tanh(x - (u + x))",
    "x*(u + x)*0.5": "tanh(x * (u + x) * 0.5)",
    "1 - (1 - x)": "tanh(1 - (1 - x))",
    "(x & u -> 4 perceptrons)*u": "tanh((W (x & u) + b) * u)",
    "(x -> 4 perceptrons) + (u -> relu -> 4 perceptrons)": "tanh(W x + b + W2 relu(u) + b2)",
}


@pytest.mark.parametrize("chain", CASES)
def test_brackets(chain: str) -> None:
    graph = netspec.parse(SPEC.format(chain=chain)).net().graph
    lines = {layer.label: equation_lines(graph, layer) for layer in graph.layers}
    assert lines["a"][0].partition("    ")[0] == f"a = {CASES[chain]}"
    assert lines["h"] == ["h = (1 - u) * h[t-1] + u * (a + x)"]


def test_the_table_says_what_a_line_does_without_comment_and_type() -> None:
    graph = netspec.parse(SPEC.format(chain="x")).net().graph
    does = {row.path: " ".join(row.does.split()) for row in rows(graph)}
    assert does["a"] == "x -> tanh"
