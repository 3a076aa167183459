"""Canonical text means what the text it was written from meant, and is its own canonical text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.display import width
from netspec.source import SourceFile
from netspec.syntax import tree
from netspec.syntax.printer import LIMIT, format_file
from netspec.syntax.read import read

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("tests/*/**/*.net"))

CHAINS = [
    "x -> 2*c filters (k + 1)/2 x k -> relu",
    "x -> c filters k*(k - 1) x (k) (stride = 2)",
    "x -> (c + 1)*2 perceptrons",
    "x - (a - b) - c -> relu",
    "x - a - (b - c)",
    "(1 - u)*x + u*(a + b)",
    "x*(a*b)*c",
    "(a & b) & c",
    "a & (b + c)",
    "(a, b), c -> step",
    "x -> pad((k + 1)/2 x (k - 1)/2, value = -(k - 1)/2)",
    "x -> crop(c @ (h - 1)/2 x w^(2^k))",
    "x -> f((a^b)^c, a^(b^c), -(a + b), -a + b, (-a)*b)",
    "x -> repeat (n + 1)*2 shared as i { Basic(c*(i - 1)/17.0) }",
    'x -> f("\\"quoted\\" and \\\\ and \\n", [1, 2, .., 9], k + 1 @ 2*h x w over up to T as n)',
]


def bare(value: Any) -> Any:
    """A tree without its places."""
    if isinstance(value, tuple | list):
        return [bare(item) for item in value]
    if is_dataclass(value):
        kept = [item.name for item in fields(value) if not item.name.endswith("at") and item.name != "text_at"]
        return [type(value).__name__, *(bare(getattr(value, name)) for name in kept)]
    return value


def tree_of(text: str) -> tree.File:
    parsed = read(SourceFile("test.net", text))
    assert not parsed.diagnostics, [item.code for item in parsed.diagnostics]
    return parsed.file


def formatted(text: str) -> str:
    return format_file(SourceFile("test.net", text), tree_of(text))


def check(text: str) -> str:
    once = formatted(text)
    assert bare(tree_of(once)) == bare(tree_of(text))
    assert formatted(once) == once
    return once


def test_files_mean_the_same() -> None:
    """Every fourth spec of the tests that can be read; those of specs are held to it, with their comments, by
    proof/test_text_laws.py."""
    right = 0
    for path in FILES[::4]:
        text = path.read_text(encoding="utf-8")
        parsed = read(SourceFile("test.net", text))
        if not parsed.diagnostics:
            right += 1
            once = format_file(SourceFile("test.net", text), parsed.file)
            again = tree_of(once)
            assert bare(again) == bare(parsed.file), path
            assert format_file(SourceFile("test.net", once), again) == once, path
    assert right > 200


@pytest.mark.parametrize("chain", CHAINS)
def test_parentheses_stay(chain: str) -> None:
    text = f"netspec 1\n\nnet n {{\n  input  x: 3\n  output y: {chain}\n}}\n"
    assert chain in check(text)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("joined", [" -> ", " + ", " & ", " - ", "*"])
def test_long_chains_are_broken_and_mean_the_same(chain: str, joined: str) -> None:
    inner = joined.join(f"({chain})" for _ in range(9))
    once = check(f"netspec 1\n\nnet n {{\n  input  x: 3\n  output y: {inner} -> (x -> {inner})*x is 3\n}}\n")
    assert joined in (" - ", "*") or len(once.splitlines()) > 6  # no line begins with another sign


def test_no_line_is_wider_than_it_must_be() -> None:
    long = "(x -> c filters 7x7 (pad = 3, groups = c) -> layernorm(maps, eps = 1e-6) -> 4*c filters 1x1 -> gelu)"
    text = formatted(
        f"netspec 1\n\nnet n {{\n  input  x: 3\n  output y: x + {long} is 3@8x8\n  require 3 == {'1 + ' * 60}1\n}}\n"
    )
    assert max(width(line) for line in text.splitlines()) <= LIMIT
    assert "output y: x + (x -> c filters" in text
