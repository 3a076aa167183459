"""Formulas of sizes -> Python expressions, each checked against the values of its formula."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from netspec.ir.sizes import Factors, Formula

_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
LONGEST = 4  # the maximum number of operators of an expression that is easy to read
ROUNDED = 10**6  # a real coefficient becomes a fraction with a smaller denominator than this


def python_of(formula: Formula, names: Mapping[str, tuple[Any, ...]]) -> ast.expr | None:
    """Write a formula as a Python expression.

    Args:
        formula: the formula.
        names: every name that the expression may use, with its value for each witness.

    Returns:
        The expression; None if its values would differ from the formula's, or if it would be too long to read.
    """
    whole = all(isinstance(value, int) for value in formula.values)
    try:
        code = ast.parse(_sum(formula, whole).strip(), mode="eval").body
        for number, value in enumerate(formula.values):
            found = evaluate(code, {name: values[number] for name, values in names.items()})
            if found != value or isinstance(found, int) != isinstance(value, int):
                return None
    except (SyntaxError, KeyError, TypeError, ArithmeticError):
        return None
    return code if sum(isinstance(node, ast.BinOp) for node in ast.walk(code)) <= LONGEST else None


def names_of(formula: Formula) -> set[str]:
    """Return the names in a formula."""
    words = "".join(
        char if char.isalnum() or char == "_" else " " for factors in formula.terms for char in f"{factors}"
    )
    return {word for word in words.split() if word.isidentifier()}


def _sum(formula: Formula, whole: bool) -> str:
    """Write the terms of a formula, a positive one first. A sum of integers shares its denominator: `(k - 1) // 2`."""
    terms = [(factors, value.limit_denominator(ROUNDED)) for factors, value in formula.terms.items()]
    terms.sort(key=lambda term: term[1] < 0)
    below = math.lcm(*(value.denominator for _, value in terms))
    if len(terms) == 1 or not whole or below == 1:
        return "".join(_signed(number, *term, whole) for number, term in enumerate(terms))
    inside = "".join(_signed(number, factors, value * below, whole) for number, (factors, value) in enumerate(terms))
    return f"({inside}) // {below}"


def _signed(number: int, factors: Factors, coefficient: Fraction, whole: bool) -> str:
    sign = "-" if coefficient < 0 else "+" if number else ""
    return f" {sign} {_term(factors, abs(coefficient), whole)}"


def _term(factors: Factors, coefficient: Fraction, whole: bool) -> str:
    over = [_factor(name, power, whole) for name, power in factors if power > 0]
    under = [_factor(name, -power, whole) for name, power in factors if power < 0]
    if coefficient.numerator != 1 or not over:
        over.insert(0, str(coefficient.numerator))
    if coefficient.denominator != 1:
        under.insert(0, str(coefficient.denominator))
    return "*".join(over) + "".join(f"{'//' if whole else '/'}{each}" for each in under)


def _factor(name: str, power: int, whole: bool) -> str:
    text = name
    if not name.isidentifier():  # `(d+1)` and `floor((S-2)/2)` are text for people, not Python
        text = name.replace("floor(", "(").replace("^", "**").replace("sqrt(", "math.sqrt(")
        text = text.replace("/", "//") if whole else text
        text = f"({text})"
    return text if power == 1 else f"{text}**{power}"


def evaluate(code: ast.expr, names: Mapping[str, Any]) -> Any:
    """Evaluate an expression; raise KeyError for a name without a value."""
    match code:
        case ast.Constant():
            return code.value
        case ast.Name():
            return names[code.id]
        case ast.BinOp():
            return _OPERATORS[type(code.op)](evaluate(code.left, names), evaluate(code.right, names))
        case ast.UnaryOp(op=ast.USub()):
            return -evaluate(code.operand, names)
        case ast.Call(func=ast.Attribute(attr="sqrt"), args=[inner]):
            return math.sqrt(evaluate(inner, names))
    raise TypeError(type(code).__name__)
