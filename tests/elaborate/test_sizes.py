"""Sizes with open names: at every witness what ints give, and a text that says just that."""

from __future__ import annotations

import math
import operator
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from netspec.ir import sizes
from netspec.ir.sizes import Formula

WITNESSES = {"H": (4, 6, 12), "d": (2, 3, 5), "S": (7, 5, 32)}
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip


def symbol(name: str) -> Formula:
    return Formula.symbol(name, WITNESSES[name])


H, D, S = map(symbol, "HdS")


def values(size: Any) -> tuple[Any, ...]:
    return sizes.values_of(size, 3)


def read(text: str) -> tuple[Any, ...]:
    """What a formula's text says at each witness; floor(a/b) is exact, as in whole numbers."""
    text = re.sub(r"\^", "**", text)
    names = {"floor": math.floor, "sqrt": math.sqrt}
    return tuple(eval(text, {}, names | {key: at[i] for key, at in WITNESSES.items()}) for i in range(3))


def grown(source: random.Random, depth: int) -> tuple[Any, tuple[int, ...]]:
    """A random expression: as a size, and as ints at the witnesses."""
    if depth == 0 or source.random() < 0.2:
        name = source.choice(["H", "d", "S", *range(-3, 6)])
        return (symbol(name), WITNESSES[name]) if isinstance(name, str) else (name, (name,) * 3)
    (left, a), (right, b) = grown(source, depth - 1), grown(source, depth - 1)
    sign = source.choice(["+", "+", "-", "*", "*", "//", "%"])
    if sign in ("//", "%") and not all(b):
        sign = "+"
    operation = OPERATIONS[sign]
    return operation(left, right), tuple(map(operation, a, b))


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions_are_what_ints_give_and_what_their_text_says(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(60):
        size, wanted = grown(source, 3)
        assert values(size) == wanted, str(size)
        assert read(sizes.text(size)) == pytest.approx(wanted), str(size)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ("H * (D + 1)", "H*(d+1)"),
        ("2 * (D + 1)", "2*d + 2"),
        ("(D + 1) * (D + 1)", "(d+1)^2"),
        ("1 - D", "1 - d"),
        ("-D + 1", "1 - d"),
        ("-D", "-d"),
        ("-D - H", "-d - H"),
        ("D - D", "0"),
        ("D + 3 - D", "3"),
        ("H * 0", "0"),
        ("3 * H - 3 * H + D", "d"),
        ("(S - 2) // 2", "floor(S/2) - 1"),
        ("(S + 3) // 2", "1 + floor((S+1)/2)"),
        ("(3 * S) // 2", "floor(3*S/2)"),
        ("(2 * S + 1) // 2", "S + floor(1/2)"),
        ("S // (D + 1)", "floor(S/(d+1))"),
        ("7 // D", "floor(7/d)"),
        ("H // 2", "H/2"),
        ("(6 * H) // 4", "3*H/2"),
        ("H * D // D", "H"),
        ("H // 2 * 2", "H"),
        ("H / D", "H/d"),
        ("1 / H", "1/H"),
        ("1 / (2 * H)", "1/(2*H)"),
        ("0.5 / H", "0.5/H"),
        ("H / 0.5", "H/0.5"),
        ("H**1", "H"),
        ("H**2", "H^2"),
        ("H**8", "H^8"),
        ("H**9", "H^9"),
        ("2**H", "2^H"),
        ("(H + 1) ** D", "(H+1)^d"),
        ("S % 3", "(S % 3)"),
        ("(S + 1) % D", "((S+1) % d)"),
        ("7 % D", "(7 % d)"),
        ("S % (D + 1)", "(S % (d+1))"),
        ("H % 2", "0"),
        ("sizes.root(H)", "sqrt(H)"),
        ("sizes.root(9)", "3.0"),
        ("sizes.product([])", "1"),
        ("sizes.product([2, H, D])", "2*H*d"),
        ("0.25", "0.25"),
    ],
)
def test_how_a_size_is_written(size: str, shown: str) -> None:
    names = {"H": symbol("H"), "D": symbol("d"), "S": symbol("S"), "sizes": sizes}
    assert sizes.text(eval(size, names)) == shown


@pytest.mark.parametrize("sign", ["lt", "le", "gt", "ge", "eq"])
def test_a_comparison_holds_where_it_does_at_every_witness(sign: str) -> None:
    compare = getattr(operator, sign)
    others = [0, 2, 3, 4, 5, 7, 12, 32, H, D, S, H - 1, H + D, 3 * D, 12 - H]
    for left in (H, D, S, H + 1, S - 3):
        for right in others:
            assert compare(left, right) == all(map(compare, values(left), values(right)))
            assert compare(right, left) == all(map(compare, values(right), values(left)))


def test_equal_sizes_have_equal_hashes_and_none_is_false() -> None:
    assert hash(H + D) == hash(D + H)
    assert bool(H - H + D - D + H)
    assert H != "H"
    assert H + 1 != H
    assert D * 2 == D + D


def test_divides() -> None:
    assert sizes.divides(3, 12)
    assert not sizes.divides(3, 13)
    assert not sizes.divides(0, 12)
    assert sizes.divides(2, H)
    assert not sizes.divides(4, H)
    assert sizes.divides(D, 2 * D * H)
    assert not sizes.divides(D, S)
    assert not sizes.divides(Formula.symbol("z", (1, 0, 1)), H)


def test_real_values() -> None:
    assert values(H / D) == (2.0, 2.0, 12 / 5)
    assert values(H / 0.5) == (8.0, 12.0, 24.0)
    assert values(sizes.root(H)) == tuple(map(math.sqrt, (4, 6, 12)))
    assert math.isnan(values(H / Formula.symbol("z", (1, 0, 1)))[1])
    assert values(H // Formula.symbol("z", (1, 0, 1))) == (4, 0, 12)
    assert values(H % Formula.symbol("z", (3, 0, 5))) == (1, 0, 2)


def test_powers_are_bounded() -> None:
    assert values(2**H) == (16, 64, 4096)
    assert values(H**D) == (16, 216, 248832)
    assert values(2 ** (H * 8)) == (2**32, 2**48, 2**96)
    assert values(2 ** (H + 120)) == (2**124, 2**126, math.inf)
    assert values((H * (1 << 38)) ** D) == (2**80, (6 << 38) ** 3, math.inf)
    assert values(0.5 ** (H * 11)) == (0.5**44, 0.5**66, 0)
    assert values(0.5**H) == (0.5**4, 0.5**6, 0.5**12)
    assert all(isinstance(value, int) for value in values(2**H))


def test_other_things_are_no_sizes() -> None:
    assert sizes.is_open(H)
    assert not sizes.is_open(4)
    with pytest.raises(TypeError):
        H + "1"
