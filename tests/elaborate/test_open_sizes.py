"""Sizes beyond all bounds, and those that are not known yet."""

from __future__ import annotations

import math

from netspec.ir import sizes
from netspec.ir.sizes import Formula
from netspec.ir.types import UNKNOWN, Type

S, H = Formula.symbol("S", (840, 1223, 2000)), Formula.symbol("H", (1, 2, 3))


def test_powers_end_where_no_size_is() -> None:
    assert sizes.power(2, 100) == 2**100
    assert sizes.power(10.0, 400) == math.inf
    assert sizes.power(10, -400) == 0
    assert sizes.power(0.5, -400) == math.inf
    assert (sizes.power(1, 5000), sizes.power(-1, 5001), sizes.power(0, 5000)) == (1, -1, 0)
    large = 2**S
    assert str(2 * large // 2) == "2^S"
    assert list(sizes.values_of(large // 2, 3)) == [math.inf] * 3
    assert list(sizes.values_of(4 // (H - 1), 3)) == [0, 4, 2]


def test_what_is_not_known_yet_stays_so() -> None:
    for found in (UNKNOWN + 1, 1 - UNKNOWN, S * UNKNOWN, UNKNOWN // 2, 2**UNKNOWN, UNKNOWN % 2, -UNKNOWN):
        assert found is UNKNOWN
    assert not UNKNOWN < 1
    assert not UNKNOWN >= 1
    assert repr(UNKNOWN) == "?"
    assert not Type(4, (8, UNKNOWN)).known
    assert str(Type(UNKNOWN, UNKNOWN, UNKNOWN)) == "?@? over ?"
