"""Formulas: their numbers, derivatives, equations and JavaScript."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netspec.compute import formula as module
from netspec.compute.arrays import constants, each
from netspec.compute.evaluate import evaluate, evaluate_numpy
from netspec.compute.formula import FUNCTIONS, Constant, Symbol, derivative, number, script, text
from netspec.ops.activations import TABLE

S = Symbol("s")
PLACES = (-40.0, -3.3, -1.0, -0.2, 0.4, 1.7, 2.6, 5.2, 31.0)
FORMULAS: dict[str, Callable[[Any], Any]] = {row.name: row.value for row in TABLE} | {
    "powers": lambda s: (s * s + 2) ** 1.5 - 3 / (s - 0.5),
    "chosen": lambda s: (s > 1).where(s.exp(), -s) + s.equals(0.4),
    "waves": lambda s: (2 * s).sin() * s.cos() - s.erf(),
    "both sides": lambda s: 2 - (1 - s) / (4 / (1 + s * s)) + s.max(-s).min(3 * s + 7),
    "a power of itself": lambda s: (s * s + 1) ** s.tanh(),
}


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", FORMULAS)
def test_a_derivative_is_the_slope(name: str) -> None:
    tree, slope = FORMULAS[name](S), derivative(FORMULAS[name](S), "s")
    for s in PLACES:
        wanted, found = [], number(slope, s=s)
        for step in (1e-5, 1e-6):
            wanted.append((number(tree, s=s + step) - number(tree, s=s - step)) / (2 * step))
        if not any(math.isnan(value) for value in wanted):
            assert found == pytest.approx(wanted[0], rel=1e-4, abs=1e-4), (name, s)


@pytest.mark.parametrize("name", FORMULAS)
def test_numpy_says_the_same(name: str) -> None:
    tree = FORMULAS[name](Symbol("a0"))
    array = each(tree, constants(PLACES, (3, 3)))
    (plain,), (fast,) = evaluate([array]), evaluate_numpy([array])
    assert fast.shape == (3, 3)
    np.testing.assert_allclose(plain, fast.reshape(-1), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(plain, [number(tree, a0=s) for s in PLACES], rtol=0, atol=0)


def test_floats_say_what_python_refuses() -> None:
    assert number(S.exp(), s=1000.0) == math.inf
    assert number(S.expm1(), s=1000.0) == math.inf
    assert number(S.log(), s=0.0) == -math.inf
    assert math.isnan(number(S.log(), s=-1.0))
    assert math.isnan(number(S.sqrt(), s=-1.0))
    assert number(1 / S, s=0.0) == math.inf
    assert number(-1 / S, s=0.0) == -math.inf
    assert math.isnan(number(S / S, s=0.0))
    assert number(S**-1, s=0.0) == math.inf
    assert number(S**400, s=1e300) == math.inf
    assert math.isnan(number(S**0.5, s=-1.0))
    assert number(S.sigmoid(), s=-1000.0) == 0
    assert number(S.softplus(), s=1000.0) == 1000
    assert number(S.softplus(), s=-30.0) == pytest.approx(math.exp(-30), rel=1e-12)
    assert number(S.expm1(), s=1e-12) == pytest.approx(1e-12, rel=1e-12)


def test_equations() -> None:
    said = {row.name: text(row.value(S), spelled_out=True) for row in TABLE}
    assert said["sigmoid"] == "1 / (1 + e^-s)"
    assert said["tanh"] == "(e^s - e^-s) / (e^s + e^-s)"
    assert said["relu6"] == "min(max(0, s), 6)"
    assert said["elu"] == "s if s > 0 else e^s - 1"
    assert said["mish"] == "s * tanh(softplus(s))"
    assert said["softplus"] == "ln(1 + e^s)"
    assert said["step"] == "1 if s > 0 else 0"
    assert said["square"] == "s^2"
    assert said["abs"] == "|s|"
    assert text(1 - (2 - S)) == "1 - (2 - s)"
    assert text((1 + S) * 2 / (S - 1)) == "(1 + s) * 2 / (s - 1)"
    assert text(-((S + 1) ** 2)) == "-(s + 1)^2"
    assert text((-S) ** 2) == "(-s)^2"
    assert str(derivative(S * S, "s")) == "s + s"


def test_what_needs_no_arithmetic_is_worked_out() -> None:
    for same in (S + 0, 0 + S, S - 0, 1 * S, S * 1, S / 1, S**1, S.apply("negative", -S)):
        assert same is S
    for zero in (0 * S, S * 0, 0 / S, (S > 0).where(0, 0)):
        assert isinstance(zero, Constant)
        assert zero.value == 0
    three = Constant(1) + 2
    assert isinstance(three, Constant)
    assert three.value == 3
    assert text(0 - S) == "-s"


def test_javascript() -> None:
    def written(value: Any) -> str:
        return script(value, {"s": "x[i]"})

    assert written(S.max(0)) == "Math.max(x[i], 0)"
    assert written((S > 0).where(S, 0.01 * S)) == "(x[i] > 0 ? 1 : 0) ? x[i] : 0.01 * x[i]"
    assert written(2 * (S > 0).where(1, 0)) == "2 * ((x[i] > 0 ? 1 : 0) ? 1 : 0)"
    assert written(1 - (S - 2)) == "1 - (x[i] - 2)"
    assert written(S * S.sigmoid()) == "x[i] * (1 / (1 + Math.exp(-(x[i]))))"
    assert written(-S.exp() / (S - 1)) == "-(Math.exp(x[i])) / (x[i] - 1)"
    assert written(S**0.5) == "Math.pow(x[i], 0.5)"
    assert all(name in module.SCRIPT for name in ("erf", "softplus"))
    for name, function in FUNCTIONS.items():  # every function can be written
        operands = [S] * max(1, function.script.count("{}"))
        assert "x[i]" in written(S.apply(name, *operands))
