"""Bindings of open sizes: as many as can be had, each of which satisfies what the body requires."""

from __future__ import annotations

from math import gcd

import pytest

from netspec.api import Spec
from netspec.elaborate.program import parse_program

HOLDS = {
    "": lambda a, b: True,
    "a == b": lambda a, b: a == b,
    "a == 2*b": lambda a, b: a == 2 * b,
    "8*a == b": lambda a, b: 8 * a == b,
    "a == 840*b": lambda a, b: a == 840 * b,
    "a % 7 == 0": lambda a, b: a % 7 == 0,
    "a % b == 0": lambda a, b: a % b == 0,
    "a % (3*b) == 0": lambda a, b: a % (3 * b) == 0,
    "a < 100": lambda a, b: a < 100,
    "a <= 2": lambda a, b: a <= 2,
    "a > 4000": lambda a, b: a > 4000,
    "a >= b*16": lambda a, b: a >= b * 16,
    "a != b": lambda a, b: a != b,
    "a % 2 != 0": lambda a, b: a % 2 != 0,
    "a == b^2": lambda a, b: a == b * b,
    "a < b": lambda a, b: a < b,
}


def bindings(require: str) -> list[tuple[int, int]]:
    line = f"  require {require}\n" if require else ""
    text = f"net n(a, b) {{\n{line}  input  x: a\n  input  z: b\n  output y: x & z\n}}\n"
    spec = Spec(parse_program(text, "n.net"))
    assert [found.code for found in spec.check()] == []
    first, second = (node.type.maps for node in spec.net().graph.nodes[:2])
    values = [size.values if hasattr(size, "values") else (size,) * 3 for size in (first, second)]
    return list(zip(*values, strict=True))


@pytest.mark.parametrize("require", HOLDS)
def test_each_binding_satisfies_the_body(require: str) -> None:
    found = bindings(require)
    assert all(HOLDS[require](a, b) for a, b in found)
    assert len(set(found)) == len(found)
    assert all(a > 0 and b > 0 for a, b in found)


def test_where_nothing_is_asked_sizes_are_large_and_share_no_factor() -> None:
    found = bindings("")
    assert len(found) == 3
    for a, b in found:
        assert min(a, b) > 1000
        assert gcd(a, b) == 1


@pytest.mark.parametrize("require", ["a < 1", "a == 1000000007", "a != a", "a < b\n  require b < a"])
def test_where_no_binding_is_found_the_net_says_so(require: str) -> None:
    text = f"net n(a, b) {{\n  require {require}\n  input  x: a\n  input  z: b\n  output y: x & z\n}}\n"
    assert [found.code for found in Spec(parse_program(text, "n.net")).check()] == ["NS515"]
