"""A delayed read of a line below says the same as one of a line above: no guess about a type survives."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.errors import SpecError

# by what flows in: every kind of step, those that drop or make time and space above all
STEPS = {
    "6 over 12": (
        "relu", "dropout(0.5)", "softmax", "softmax(time)", "4 perceptrons", "2x3 perceptrons",
        "6 perceptrons (tie = w)",
        "batchnorm", "layernorm", "rmsnorm", "groupnorm(2)", "lrn(3)", "normalize", "gain", "mean(time)", "max(maps)",
        "sum(time)", "first(time)", "last(time)", "split(2)", "split(sizes = [2, 4])", "expand(space = 2x2)",
        "expand(like = v)", "crop(2)", "pad(1)", "transpose", "unflatten(3x4)", "reshape(2@3x1)", "shuffle(2)",
        "positions", "positions(4, kind = sine)", "4 filters 3 (along = time)", "4 filters 3x3", "rnn(3)", "gru(3)",
        "lstm(3, bidirectional = true)", "reversed(lstm(3))", "attention(2)", "attention(2, project = false)",
        "distance(3)", "gaussian(3)", "sample", "stop", "mean(space)", "maxpool(2)", "flatten", "onehot", "embed(3)",
        "mean(time) -> expand(time = 3)", "mean(maps) -> 4 perceptrons", "transpose -> 4 perceptrons", "Twice", "Fixed",
    ),
    "6@4x6 over 12": (
        "4 filters 3x3", "4 filters 3x3 (pad = same)", "4 filters 5x3", "4 filters 3",
        "4 filters 2x2 (transposed = true)",
        "4 filters 3x3 (pad = 1x1x1)", "maxpool(2x2)", "avgpool(to = 2x2)", "subsample(2x2)", "mean(space)",
        "max(maps)", "mean(time)", "instancenorm", "layernorm(maps)", "softmax(space)", "upsample(2)", "pad(1)",
        "crop(2x2)", "patches(2)", "unpatches(1x2)", "transpose(space)", "flatten", "flatten(space)",
        "expand(maps = 3)", "max(maps) -> expand(maps = 3)", "attention(2)", "shuffle(3)", "split(3)",
        "2x2 perceptrons", "join(space)", "Twice", "Plane",
    ),
    "one of 6 over 12": ("embed(3)", "onehot", "relu", "flatten", "positions(4)", "first(time)"),
    "one of 6 @ 2x3 over 12": ("embed(3)", "onehot", "mean(space)", "flatten"),
}  # fmt: skip
SOURCES = {
    "6 over 12": ("x, b[t-1] -> join(time)", "x, b[t-1] -> join(maps)", "b[t-1], x -> matmul", "x + b[t-1]",
                  "b[t-1] & x", "x, b[t-1], b[t-1] -> attention(2)", "2*b[t-1]", "v*b[t-1]",
                  "b[t-2] & b[t-1] -> reversed(gru(2))", "b[t-1], b[t-1] -> sample"),
    "6@4x6 over 12": ("x, b[t-1] -> join(space)", "v + b[t-1]", "x - b[t-1] -> 3 filters 3x3", "v & b[t-1]"),
}  # fmt: skip
BLOCKS = """block Twice {
  input  p: c over T
  output q: p -> 2*c perceptrons
}
block Fixed {
  input  p: 6 over 12
  output q: p -> 3 perceptrons
}
block Plane {
  input  p: c @ h x 2*k over T
  output q: p -> c*h perceptrons -> k perceptrons
}
"""
CASES = [(given, f"b[t-1] -> {step}") for given, steps in STEPS.items() for step in steps]
CASES += [(given, chain) for given, chains in SOURCES.items() for chain in chains]


def answer(given: str, lines: list[str]) -> dict[str, str] | list[str]:
    """The types of all layers, or the codes of what is wrong."""
    body = [f"input x: {given}", "input v: 6 over 12", "hidden w: v -> 6 perceptrons -> tanh", *lines]
    text = BLOCKS + "net n {\n" + "".join(f"  {line}\n" for line in body) + "  output o: w\n}\n"
    try:
        graph = netspec.parse(text).net().graph
    except SpecError as errors:
        return [found.code for found in errors.diagnostics if found.severity == "error"]
    return {
        layer.path: " ".join(str(graph.nodes[edge.node].types[edge.output]) for edge in layer.values)
        for layer in graph.layers
    }


@pytest.mark.parametrize(("given", "chain"), CASES)
def test_the_order_of_lines_changes_no_type(given: str, chain: str) -> None:
    above, read = "hidden b: x", f"hidden c: {chain}"
    assert answer(given, [above, read, "output y: c"]) == answer(given, [read, above, "output y: c"])


@pytest.mark.parametrize(("given", "chain"), CASES)
def test_nor_does_a_line_between_that_is_read_before_it_is_known(given: str, chain: str) -> None:
    lines = ["hidden b: x", f"hidden c: {chain}", "output y: c[t-1]"]
    assert answer(given, lines) == answer(given, lines[::-1])
