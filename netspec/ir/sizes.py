"""Sizes that may stay symbolic: arithmetic, comparison and text.

A size is an int or a Formula. A Formula has its terms, from which it is printed (`H*(d+1)`), and its value for each of
a few witnesses. A witness is a choice of values for the open names that satisfies the `require` lines of the body. All
comparisons use these values: they are as cheap as with ints, and no algebra system is needed.

    a == b    equal for every witness
    a < b     smaller for every witness (so `if size < 1: raise` rejects a size that is wrong for all of them)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from fractions import Fraction

Factors = tuple[tuple[str, int], ...]  # (name or text in brackets, power), in the order of the spec
LARGEST_POWER = 128  # in binary digits; a larger result becomes infinity


Operation = Callable[["Formula", Any], Any]


def _of_numbers(operation: Operation) -> Operation:
    """Make a method return NotImplemented if the operand is not a number, so that `Unknown` can handle it."""

    def wrapped(formula: Formula, other: Any) -> Any:
        return operation(formula, other) if isinstance(other, (Formula, int, float)) else NotImplemented

    return wrapped


class Formula:
    """A size or number that depends on open names: a sum of products, and its value for each witness."""

    __slots__ = ("terms", "values")

    def __init__(self, terms: dict[Factors, Fraction], values: tuple[int | float, ...]) -> None:
        self.terms = terms
        self.values = values

    @staticmethod
    def symbol(name: str, values: tuple[int, ...]) -> Formula:
        return Formula({((name, 1),): whole(1)}, values)

    # ---- arithmetic: each method returns an int if all witnesses agree, else a Formula. The result has type Any, so
    # that callers can calculate with both.

    @_of_numbers
    def __add__(self, other: Number) -> Any:
        left, right, values = _both(self, other, lambda a, b: a + b)
        terms = dict(left)
        for factors, coefficient in right.items():
            total = terms.get(factors, whole(0)) + coefficient
            if total:
                terms[factors] = total
            else:
                terms.pop(factors, None)
        return _settle(terms, values)

    __radd__ = __add__

    def __neg__(self) -> Formula:
        return Formula({key: -value for key, value in self.terms.items()}, tuple(-v for v in self.values))

    @_of_numbers
    def __sub__(self, other: Number) -> Any:
        return self + (-other)

    @_of_numbers
    def __rsub__(self, other: Number) -> Any:
        return (-self) + other

    @_of_numbers
    def __mul__(self, other: Number) -> Any:
        # a fraction such as 0.1 prints as written, not as a ratio of ints
        if isinstance(other, float) and not other.is_integer():
            return _opaque(self, other, lambda a, b: a * b, "{}*{}")
        left, right, values = _both(self, other, lambda a, b: a * b)
        return _settle(_product(left, right), values)

    @_of_numbers
    def __rmul__(self, other: Number) -> Any:
        if isinstance(other, float) and not other.is_integer():
            return _opaque(other, self, lambda a, b: a * b, "{}*{}")
        left, right, values = _both(self, other, lambda a, b: a * b)
        return _settle(_product(right, left), values)

    @_of_numbers
    def __floordiv__(self, other: Number) -> Any:
        """Divide and round down; the division is exact if it is exact for all witnesses."""
        return _divide(self, other)

    @_of_numbers
    def __rfloordiv__(self, other: Number) -> Any:
        return _divide(other, self)

    @_of_numbers
    def __mod__(self, other: Number) -> Any:
        return _opaque(self, other, lambda a, b: a % b, "{} % {}")

    @_of_numbers
    def __rmod__(self, other: Number) -> Any:
        return _opaque(other, self, lambda a, b: a % b, "{} % {}")

    @_of_numbers
    def __truediv__(self, other: Number) -> Any:
        """Divide without rounding."""
        return _quotient(self, other)

    @_of_numbers
    def __rtruediv__(self, other: Number) -> Any:
        return _quotient(other, self)

    @_of_numbers
    def __pow__(self, other: Number) -> Any:
        if isinstance(other, int) and 0 < other <= 8:
            result: Number = self
            for _ in range(other - 1):
                result = result * self
            return result
        return _opaque(self, other, power, "{}^{}", tight=True)

    @_of_numbers
    def __rpow__(self, other: Number) -> Any:
        return _opaque(other, self, power, "{}^{}", tight=True)

    # ---- comparisons, for every witness

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Formula, int, float)):
            return NotImplemented
        return all(a == b for a, b in _pairs(self, other))

    def __hash__(self) -> int:
        return hash(self.values)

    def __lt__(self, other: Number) -> bool:
        return all(a < b for a, b in _pairs(self, other))

    def __le__(self, other: Number) -> bool:
        return all(a <= b for a, b in _pairs(self, other))

    def __gt__(self, other: Number) -> bool:
        return all(a > b for a, b in _pairs(self, other))

    def __ge__(self, other: Number) -> bool:
        return all(a >= b for a, b in _pairs(self, other))

    def __bool__(self) -> bool:
        return True

    # ---- text

    def __str__(self) -> str:
        return _sum_text(self.terms, " + ", " - ")

    def __repr__(self) -> str:
        return f"Formula({self})"


Size = int | Formula
Number = int | float | Formula


def is_open(value: object) -> TypeGuard[Formula]:
    """Whether a size depends on names that are not set."""
    return isinstance(value, Formula)


def values_of(value: Number, count: int) -> tuple[int | float, ...]:
    """Return the values for the `count` witnesses."""
    return value.values if isinstance(value, Formula) else (value,) * count


def divides(divisor: Number, value: Number) -> bool:
    """Whether `value / divisor` is an integer for every witness."""
    if isinstance(divisor, int) and isinstance(value, int):
        return divisor != 0 and value % divisor == 0
    return all(b != 0 and a % b == 0 for a, b in _pairs(value, divisor))


def product(sizes: Iterable[Size]) -> Size:
    return math.prod(sizes)


def root(value: Number) -> Number:
    """Return the square root, for real options."""
    if isinstance(value, Formula):
        text = f"sqrt({value})"
        return _settle({((text, 1),): whole(1)}, tuple(math.sqrt(v) for v in value.values))
    return math.sqrt(value)


def power(base: int | float, exponent: int | float) -> int | float:
    """Raise to a power, if the result is real; a result with too many digits becomes infinity."""
    digits = exponent * math.log2(abs(base)) if base else 0.0
    if abs(digits) > LARGEST_POWER:
        return math.inf if digits > 0 else 0
    found: int | float = base**exponent
    return found


def text(value: Number) -> str:
    """Format a number for messages and tables."""
    if isinstance(value, float):
        return repr(value)
    return str(value)


# ---- internals


def whole(value: int | float) -> Fraction:
    """Return a coefficient. `fractions` is imported here, because most specs have no open sizes."""
    from fractions import Fraction

    return Fraction(value)


def _pairs(left: Number, right: Number) -> Iterable[tuple[int | float, int | float]]:
    if isinstance(left, Formula):
        if isinstance(right, Formula):
            return zip(left.values, right.values, strict=True)
        return ((a, right) for a in left.values)
    assert isinstance(right, Formula)
    return ((left, b) for b in right.values)


def _terms(value: Number) -> dict[Factors, Fraction]:
    if isinstance(value, Formula):
        return value.terms
    return {(): whole(value)} if value else {}


def _both(
    left: Formula, right: Number, operation: Callable[[float, float], float]
) -> tuple[dict[Factors, Fraction], dict[Factors, Fraction], tuple[int | float, ...]]:
    values = tuple(operation(a, b) for a, b in _pairs(left, right))
    return left.terms, _terms(right), values


def _settle(terms: dict[Factors, Fraction], values: tuple[int | float, ...]) -> Number:
    """Return a number if no name is left. Names may also cancel for the witnesses alone (S % 16)."""
    if not any(terms):
        return values[0]
    return Formula(terms, values)


def _product(left: dict[Factors, Fraction], right: dict[Factors, Fraction]) -> dict[Factors, Fraction]:
    """Multiply two sums. They are expanded only if one is a plain number, so that H*(d+1) prints as written."""
    if not left or not right:
        return {}
    for one, other in ((left, right), (right, left)):
        if len(one) == 1 and () in one:
            return {factors: one[()] * value for factors, value in other.items()}
    (first, a), (second, b) = _monomial(left), _monomial(right)
    powers: dict[str, int] = {}
    for name, power in (*first, *second):
        powers[name] = powers.get(name, 0) + power
    return {tuple((name, power) for name, power in powers.items() if power): a * b}


def _monomial(terms: dict[Factors, Fraction]) -> tuple[Factors, Fraction]:
    """Return a sum as one product: the sum itself if it has one term, else a factor in brackets."""
    if len(terms) == 1:
        ((factors, coefficient),) = terms.items()
        return factors, coefficient
    return ((f"({_sum_text(terms, '+', '-')})", 1),), whole(1)


def _divide(left: Number, right: Number) -> Number:
    values = tuple((int(a // b) if abs(a) < math.inf else a) if b else 0 for a, b in _pairs(left, right))
    if divides(right, left):
        return _settle(_ratio(_terms(left), _terms(right)), values)
    outside, inside = _whole_part(_terms(left), right)
    if not inside:  # infinite values leave no remainder
        return _settle(outside, values)
    inner = _sum_text(inside, "+", "-")
    top = f"({inner})" if len(inside) > 1 else inner
    floor: Factors = ((f"floor({top}/{_atom(right)})", 1),)
    return _settle({**outside, floor: outside.get(floor, whole(0)) + 1}, values)


def _whole_part(
    terms: dict[Factors, Fraction], divisor: Number
) -> tuple[dict[Factors, Fraction], dict[Factors, Fraction]]:
    """Split what can be divided exactly from what must be rounded: floor((S-2)/2) is floor(S/2) - 1."""
    if not isinstance(divisor, int) or any(value.denominator != 1 for value in terms.values()):
        return {}, terms
    outside: dict[Factors, Fraction] = {}
    inside: dict[Factors, Fraction] = {}
    for factors, value in terms.items():
        quotient = value.numerator // divisor
        # Only the constant may be split: 3*S/2 is S + S/2 only if S is even.
        if factors and value.numerator % divisor:
            quotient = 0
        if quotient:
            outside[factors] = whole(quotient)
        if value - quotient * divisor:
            inside[factors] = value - quotient * divisor
    return outside, inside


def _ratio(left: dict[Factors, Fraction], right: dict[Factors, Fraction]) -> dict[Factors, Fraction]:
    factors, coefficient = _monomial(right)
    inverse = {tuple((name, -power) for name, power in factors): 1 / coefficient}
    return _product(left, inverse)


def _quotient(left: Number, right: Number) -> Number:
    values = tuple(a / b if b else math.nan for a, b in _pairs(left, right))
    if isinstance(left, float) or isinstance(right, float):
        return _settle({((f"{_atom(left)}/{_atom(right)}", 1),): whole(1)}, values)
    return _settle(_ratio(_terms(left), _terms(right)), values)


def _opaque(
    left: Number, right: Number, operation: Callable[[float, float], float], pattern: str, tight: bool = False
) -> Number:
    values = tuple(operation(a, b) if b or not pattern.startswith("{} %") else 0 for a, b in _pairs(left, right))
    if len(set(values)) == 1 and pattern.startswith("{} %"):
        return values[0]  # the `require` lines fix the remainder
    shown = pattern.format(_atom(left), _atom(right))
    return _settle({((shown if tight else f"({shown})", 1),): whole(1)}, values)


def _atom(value: Number) -> str:
    """Return the text of an operand of `/`, `%` or `^`: in brackets, unless it is one name or number."""
    if not isinstance(value, Formula):
        return text(value) if value >= 0 else f"({text(value)})"
    shown = _sum_text(value.terms, "+", "-")
    return shown if list(value.terms.values()) == [1] and _is_one_name(*value.terms) else f"({shown})"


def _is_one_name(factors: Factors) -> bool:
    return len(factors) == 1 and factors[0][1] == 1


def _sum_text(terms: dict[Factors, Fraction], plus: str, minus: str) -> str:
    parts: list[str] = []
    # A positive term goes first, because `1 - u` reads better than `-u + 1`.
    items = sorted(terms.items(), key=lambda item: item[1] < 0) if next(iter(terms.values())) < 0 else terms.items()
    for factors, coefficient in items:
        shown = _term_text(factors, abs(coefficient))
        if not parts:
            parts.append(f"-{shown}" if coefficient < 0 else shown)
        else:
            parts.append(f"{minus if coefficient < 0 else plus}{shown}")
    return "".join(parts)


def _term_text(factors: Factors, coefficient: Fraction) -> str:
    over = [_factor(name, power) for name, power in factors if power > 0]
    under = [_factor(name, -power) for name, power in factors if power < 0]
    if coefficient.numerator != 1 or not over:
        over.insert(0, str(coefficient.numerator))
    if coefficient.denominator != 1:
        under.insert(0, str(coefficient.denominator))
    top = "*".join(over)
    if not under:
        return top
    return f"{top}/{under[0]}" if len(under) == 1 else f"{top}/({'*'.join(under)})"


def _factor(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"
