"""Sizes with open names: the value at every witness is that of plain numbers, and the text is what a person writes."""

from __future__ import annotations

import math

import pytest

from netspec import sizes
from netspec.sizes import Formula, divides
from netspec.types import UNKNOWN, Type

S, K, H = (840, 1223, 2000), (7, 1451, 5), (1, 2, 3)  # three witnesses
OPEN = {name: Formula.symbol(name, values) for name, values in (("S", S), ("K", K), ("H", H))}
TEXTS = {
    "S + 1": "S + 1", "1 + S": "S + 1", "2 - S": "2 - S", "-S": "-S", "1 - 2*S": "1 - 2*S", "S + K - S": "K",
    "S*K": "S*K", "K*2": "2*K", "S*S": "S^2", "S*(K + 1)": "S*(K+1)", "(S - 1)*(K + 1)": "(S-1)*(K+1)",
    "3*(S + K)": "3*S + 3*K", "2*S // 2": "S", "S*K // K": "S", "S*K // S // K": "1", "(S + K)*H // (S + K)": "H",
    "S // 3": "floor(S/3)", "(S - 2) // 2 + 1": "floor(S/2)", "(S + K) // 2": "floor((S+K)/2)",
    "S // K": "floor(S/K)", "S // (K + 1)": "floor(S/(K+1))", "5000 // S": "floor(5000/S)", "S // 2 // 2": None,
    "S % 11": "(S % 11)", "5000 % S": "(5000 % S)", "S % K": "(S % K)", "(S + 1) % 11": "((S+1) % 11)",
    "S**2": "S^2", "S**1": "S", "(S + 1)**2": "(S+1)^2", "S**9": "S^9", "2**H": "2^H", "S**H": "S^H", "H**-1": "H^-1",
    "H**0.5": "H^0.5", "S / K": "S/K", "1 / S": "1/S", "S / 2": "S/2", "S*K / K": "S", "S / (2*K)": "S/(2*K)",
    "1.5 / S": "1.5/S", "S / 2.5": "S/2.5", "(S + 1) / 2.5": "(S+1)/2.5", "S*H / (K*H*2)": "S/(2*K)",
}  # fmt: skip


@pytest.mark.parametrize("expression", TEXTS)
def test_values_and_text(expression: str) -> None:
    found = eval(expression, dict(OPEN))
    wanted = [eval(expression, {"S": s, "K": k, "H": h}) for s, k, h in zip(S, K, H, strict=True)]
    assert list(sizes.values_of(found, 3)) == pytest.approx(wanted, rel=1e-12)
    if TEXTS[expression] is not None:
        assert str(found) == TEXTS[expression]


@pytest.mark.parametrize(
    ("expression", "number"),
    [("S - S", 0), ("0*S", 0), ("S*0", 0), ("S + 1 - S", 1), ("S*0 + 7", 7),
     ("(K - K)*S", 0), ("H // H", 1)],
)  # fmt: skip
def test_what_leaves_nothing_open_is_a_number(expression: str, number: int) -> None:
    found = eval(expression, dict(OPEN))
    assert isinstance(found, int)
    assert found == number


def test_decisions_hold_at_every_witness() -> None:
    s, k, h = OPEN["S"], OPEN["K"], OPEN["H"]
    assert s == s + 0
    assert (s == k) is False
    assert s != "S"
    assert (h < 4, h < 3, h <= 3, h > 0, h >= 1, h > 1, h < s, s > h, s >= h, h <= s) == (
        True, False, True, True, True, False, True, True, True, True,
    )  # fmt: skip
    assert not s < k
    assert not s > k  # K is the larger one at one witness
    assert hash(s + 0) == hash(s)
    assert bool(h)
    assert repr(2 * s) == "Formula(2*S)"
    assert divides(2, 2 * s)
    assert not divides(2, s)
    assert divides(s, s * k)
    assert not divides(0, 4)
    assert not divides(h - 1, 4)


def test_roots() -> None:
    found = sizes.root(OPEN["S"])
    assert str(found) == "sqrt(S)"
    assert list(sizes.values_of(found, 3)) == pytest.approx([value**0.5 for value in S])
    assert sizes.root(16) == 4.0


def test_powers_end_where_no_size_is() -> None:
    assert sizes.power(2, 100) == 2**100
    assert sizes.power(10.0, 400) == math.inf
    assert sizes.power(10, -400) == 0
    assert sizes.power(0.5, -400) == math.inf
    assert (sizes.power(1, 5000), sizes.power(-1, 5001), sizes.power(0, 5000)) == (1, -1, 0)
    large = 2 ** OPEN["S"]
    assert str(2 * large // 2) == "2^S"
    assert list(sizes.values_of(large // 2, 3)) == [math.inf] * 3
    assert list(sizes.values_of(4 // (OPEN["H"] - 1), 3)) == [0, 4, 2]


def test_what_is_not_known_yet_stays_so() -> None:
    for found in (UNKNOWN + 1, 1 - UNKNOWN, OPEN["S"] * UNKNOWN, UNKNOWN // 2, 2**UNKNOWN, UNKNOWN % 2, -UNKNOWN):
        assert found is UNKNOWN
    assert not UNKNOWN < 1
    assert not UNKNOWN >= 1
    assert repr(UNKNOWN) == "?"
    assert not Type(4, (8, UNKNOWN)).known
    assert str(Type(UNKNOWN, UNKNOWN, UNKNOWN)) == "?@? over ?"
