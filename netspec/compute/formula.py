"""Formula -> number, text, JavaScript and derivatives.

A formula describes a function of single numbers: `s * s.softplus().tanh()`. Operators and methods of `Numbers` build an
expression tree. The table `FUNCTIONS` defines for each function how plain Python and numpy compute it, how an equation
and JavaScript write it, and its derivatives. Arrays (`netspec.compute.arrays`) have the same methods, so the same
expression works for a number, for an array and for the JavaScript of the page.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self, TypeVar

Real = int | float
LOWEST = -sys.float_info.max


class Numbers:
    """Operators and functions that formulas and arrays have in common."""

    __slots__ = ()
    __hash__ = object.__hash__

    def apply(self, function: str, *operands: Any) -> Self:
        """Apply a function of the table FUNCTIONS to operands (numbers or values of this class)."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Self:
        return self.apply("add", self, other)

    def __radd__(self, other: Any) -> Self:
        return self.apply("add", other, self)

    def __sub__(self, other: Any) -> Self:
        return self.apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Self:
        return self.apply("subtract", other, self)

    def __mul__(self, other: Any) -> Self:
        return self.apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Self:
        return self.apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Self:
        return self.apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self.apply("divide", other, self)

    def __pow__(self, other: Any) -> Self:
        return self.apply("power", self, other)

    def __rpow__(self, other: Any) -> Self:
        return self.apply("power", other, self)

    def __neg__(self) -> Self:
        return self.apply("negative", self)

    def __gt__(self, other: Any) -> Self:
        """1 where this value is larger, else 0."""
        return self.apply("greater", self, other)

    def equals(self, other: Any) -> Self:
        """1 where both values are equal, else 0."""
        return self.apply("equal", self, other)

    def where(self, yes: Any, no: Any) -> Self:
        """`yes` where this value is not 0, else `no`."""
        return self.apply("where", self, yes, no)

    def max(self, other: Any) -> Self:
        return self.apply("max", self, other)

    def min(self, other: Any) -> Self:
        return self.apply("min", self, other)

    def exp(self) -> Self:
        return self.apply("exp", self)

    def expm1(self) -> Self:
        """e^s - 1, precise near 0."""
        return self.apply("expm1", self)

    def log(self) -> Self:
        return self.apply("log", self)

    def sqrt(self) -> Self:
        return self.apply("sqrt", self)

    def tanh(self) -> Self:
        return self.apply("tanh", self)

    def sin(self) -> Self:
        return self.apply("sin", self)

    def cos(self) -> Self:
        return self.apply("cos", self)

    def erf(self) -> Self:
        return self.apply("erf", self)

    def abs(self) -> Self:
        return self.apply("abs", self)

    def square(self) -> Self:
        return self.apply("power", self, 2)

    def sigmoid(self) -> Self:
        return self.apply("sigmoid", self)

    def softplus(self) -> Self:
        """log(1 + e^s) without overflow."""
        return self.apply("softplus", self)


class Formula(Numbers):
    """An expression tree. Its subclasses are `Constant`, `Symbol` and `Applied`."""

    __slots__ = ()

    def apply(self, function: str, *operands: Any) -> Any:
        return simplified(function, tuple(map(formula, operands)))

    def __str__(self) -> str:
        return text(self)


class Constant(Formula):
    """A number."""

    __slots__ = ("value",)

    def __init__(self, value: Real) -> None:
        self.value = value


class Symbol(Formula):
    """A variable."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Applied(Formula):
    """A function of the table FUNCTIONS, applied to operands."""

    __slots__ = ("function", "operands")

    def __init__(self, function: str, operands: tuple[Formula, ...]) -> None:
        self.function = function
        self.operands = operands


class Function(NamedTuple):
    """An entry of the table FUNCTIONS.

    `numpy` is the name of the numpy function, or a function that takes numpy and the operands. `script` and `shown` are
    templates for JavaScript and for equations; `slots` gives the precedence that each operand needs to stand without
    brackets. `slopes` gives the derivative by each operand. `meaning` is the definition of a function with a name of
    its own.
    """

    plain: Callable[..., float]
    numpy: str | Callable[..., Any]
    script: str
    shown: str
    slopes: Callable[..., tuple[Any, ...]]
    level: float = 4
    slots: tuple[float, ...] = (0, 0, 0)
    meaning: Callable[[Any], Any] | None = None


def formula(value: Any) -> Formula:
    """Turn a number into a formula; return a formula unchanged."""
    return value if isinstance(value, Formula) else Constant(value)


def simplified(function: str, operands: tuple[Formula, ...]) -> Formula:
    """Apply a function and simplify trivial results: 0 + a, 1 * a, operands that are all numbers."""
    numbers = [operand.value if isinstance(operand, Constant) else None for operand in operands]
    if None not in numbers:
        return Constant(FUNCTIONS[function].plain(*numbers))
    first, last = operands[0], operands[-1]
    match function, numbers:
        case "add", [0, None]:
            return last
        case "add" | "subtract", [None, 0]:
            return first
        case "subtract", [0, None]:
            return -last
        case "multiply", [0, None] | [None, 0]:
            return Constant(0)
        case "multiply", [1, None]:
            return last
        case "multiply" | "divide" | "power", [None, 1]:
            return first
        case "divide", [0, None]:
            return Constant(0)
        case "negative", _ if isinstance(first, Applied) and first.function == "negative":
            return first.operands[0]
        case "where", [_, 0, 0]:
            return Constant(0)
    return Applied(function, operands)


# ---- uses of a formula

Value = TypeVar("Value")


def evaluated(
    tree: Formula, values: Mapping[str, Value], apply: Callable[[str, list[Value]], Value], number: Any
) -> Value:
    """Evaluate a formula: `number` converts its constants, `apply` applies its functions."""
    known: dict[Formula, Value] = {}

    def value(part: Formula) -> Value:
        if part not in known:
            match part:
                case Constant():
                    known[part] = number(part.value)
                case Symbol():
                    known[part] = values[part.name]
                case Applied():
                    known[part] = apply(part.function, [value(operand) for operand in part.operands])
        return known[part]

    return value(tree)


def number(tree: Formula, **values: float) -> float:
    """Evaluate a formula with plain numbers.

    >>> s = Symbol("s")
    >>> number(s.max(0) + 1, s=2.0)
    3.0
    """
    return evaluated(tree, values, lambda name, given: FUNCTIONS[name].plain(*given), float)


_PLACES = (0.0, 1e-3, *(step / 8 for step in range(1, 81)), 100.0, 1e150)
_LARGE = 100.0  # beyond this a value counts as unbounded


def image(tree: Formula, interval: tuple[float, float], name: str = "s") -> tuple[float, float]:
    """Return the smallest and the largest value of a formula of one value over an interval, by trying many places.

    >>> image(Symbol("s").max(0), (-math.inf, math.inf)), image(Symbol("s").tanh(), (0, math.inf))
    ((0.0, inf), (0.0, 1.0))
    """
    low, high = interval
    places = {sign * place + 0.0 for place in _PLACES for sign in (-1, 1) if low <= sign * place <= high}
    found = []
    for place in places | {bound for bound in interval if math.isfinite(bound)}:
        try:
            found.append(number(tree, **{name: place}))
        except (OverflowError, ZeroDivisionError):
            return -math.inf, math.inf
        except ValueError:  # outside of what the formula is defined for, such as the logarithm of -1
            continue
    found = [value for value in found if not math.isnan(value)]
    if not found:
        return -math.inf, math.inf
    smallest, largest = min(found), max(found)
    return (smallest if smallest > -_LARGE else -math.inf), (largest if largest < _LARGE else math.inf)


def derivative(tree: Formula, name: str) -> Formula:
    """Return the derivative of a formula by one of its variables.

    >>> print(derivative(Symbol("s").tanh(), "s"))
    1 - tanh(s)^2
    """
    known: dict[Formula, Formula] = {}

    def slope(part: Formula) -> Formula:
        if part in known:
            return known[part]
        found: Formula = Constant(1 if isinstance(part, Symbol) and part.name == name else 0)
        if isinstance(part, Applied) and part.function == "where":
            # `where` selects a slope. Multiplication by 0 and 1 would be wrong, because the other slope may be
            # infinite.
            found = part.operands[0].where(slope(part.operands[1]), slope(part.operands[2]))
        elif isinstance(part, Applied):
            for each, operand in zip(FUNCTIONS[part.function].slopes(*part.operands), part.operands, strict=True):
                inner = slope(operand)
                if not (isinstance(inner, Constant) and inner.value == 0):
                    found = found + formula(each) * inner
        known[part] = found
        return found

    return slope(tree)


def text(tree: Formula, spelled_out: bool = False) -> str:
    """Format a formula as an equation; `spelled_out` replaces named functions by their definitions.

    >>> s = Symbol("s")
    >>> text(s * s.sigmoid()), text(s.sigmoid(), spelled_out=True)
    ('s * sigmoid(s)', '1 / (1 + e^-s)')
    """
    if spelled_out and isinstance(tree, Applied):
        meaning = FUNCTIONS[tree.function].meaning
        tree = tree if meaning is None else meaning(tree.operands[0])
    return _written(tree, 0, lambda part: part.shown, lambda value: f"{value:.6g}")


def script(tree: Formula, names: Mapping[str, str]) -> str:
    """Format a formula as a JavaScript expression; `names` maps each variable to an expression."""
    return _written(tree, 0, lambda part: part.script, repr, names)


def _written(
    tree: Formula,
    level: float,
    template: Callable[[Function], str],
    constant: Callable[[Real], str],
    names: Mapping[str, str] = {},
) -> str:
    if isinstance(tree, Symbol):
        return names.get(tree.name, tree.name)
    if isinstance(tree, Constant):
        written = constant(tree.value)
        own: float = 3 if tree.value < 0 else 4
    else:
        assert isinstance(tree, Applied)
        function = FUNCTIONS[tree.function]
        operands = zip(tree.operands, function.slots, strict=False)
        parts = [_written(operand, slot, template, constant, names) for operand, slot in operands]
        written, own = template(function).format(*parts), function.level
    return f"({written})" if own < level else written


# ---- the functions; where Python raises an error (log 0, e^1000), they return inf or nan as IEEE floats do


def _exp(s: float) -> float:
    return math.exp(s) if s < 709.7 else math.inf


def _expm1(s: float) -> float:
    return math.expm1(s) if s < 709.7 else math.inf


def _log(s: float) -> float:
    if s > 0:
        return math.log(s)
    return -math.inf if s == 0 else math.nan


def _sqrt(s: float) -> float:
    return math.sqrt(s) if s >= 0 else math.nan


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        found = a**b
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return math.nan if isinstance(found, complex) else found


def _sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s)) if s > -700 else 0.0


def _softplus(s: float) -> float:
    return max(s, 0.0) + math.log1p(math.exp(-abs(s)))


def _sign(s: float) -> float:
    return float((s > 0) - (s < 0))


def _numpy_erf(np: Any, s: Any) -> Any:
    return np.vectorize(math.erf, otypes=[float])(s)


def _numpy_softplus(np: Any, s: Any) -> Any:
    return np.logaddexp(0, s)


def _numpy_sigmoid(np: Any, s: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * s))


def _larger(a: Formula, b: Formula) -> tuple[Formula, Formula]:
    return a > b, 1 - (a > b)


def _smaller(a: Formula, b: Formula) -> tuple[Formula, Formula]:
    return b > a, 1 - (b > a)


FUNCTIONS: Mapping[str, Function] = {
    "add": Function(lambda a, b: a + b, "add", "{} + {}", "{} + {}", lambda a, b: (1, 1), 1, (1, 1)),
    "subtract": Function(lambda a, b: a - b, "subtract", "{} - {}", "{} - {}", lambda a, b: (1, -1), 1, (1, 2)),
    "multiply": Function(lambda a, b: a * b, "multiply", "{} * {}", "{} * {}", lambda a, b: (b, a), 2, (2, 2)),
    "divide": Function(_divide, "divide", "{} / {}", "{} / {}", lambda a, b: (1 / b, -a / (b * b)), 2, (2, 3)),
    "power": Function(_power, "power", "Math.pow({}, {})", "{}^{}",
                      lambda a, b: (b * a ** (b - 1), a**b * a.log()), 3, (4, 4)),
    "negative": Function(lambda s: -s, "negative", "-({})", "-{}", lambda s: (-1,), 3, (3,)),
    "greater": Function(lambda a, b: float(a > b), lambda np, a, b: np.greater(a, b) * 1.0,
                        "({} > {} ? 1 : 0)", "{} > {}", lambda a, b: (0, 0), 0.5, (1, 1)),
    "equal": Function(lambda a, b: float(a == b), lambda np, a, b: np.equal(a, b) * 1.0,
                      "({} === {} ? 1 : 0)", "{} = {}", lambda a, b: (0, 0), 0.5, (1, 1)),
    "where": Function(lambda c, a, b: a if c else b, lambda np, c, a, b: np.where(c, a, b),
                      "{} ? {} : {}", "{1} if {0} else {2}", lambda c, a, b: (), 0,
                      (0.5, 1, 0.5)),
    "max": Function(lambda a, b: a if a > b else b, "maximum", "Math.max({}, {})", "max({1}, {0})", _larger),
    "min": Function(lambda a, b: a if a < b else b, "minimum", "Math.min({}, {})", "min({}, {})", _smaller),
    "exp": Function(_exp, "exp", "Math.exp({})", "e^{}", lambda s: (s.exp(),), 3, (3,)),
    "expm1": Function(_expm1, "expm1", "Math.expm1({})", "e^{} - 1", lambda s: (s.exp(),), 1, (3,)),
    "log": Function(_log, "log", "Math.log({})", "ln({})", lambda s: (1 / s,)),
    "sqrt": Function(_sqrt, "sqrt", "Math.sqrt({})", "sqrt({})", lambda s: (0.5 / s.sqrt(),)),
    "tanh": Function(math.tanh, "tanh", "Math.tanh({})", "tanh({})", lambda s: (1 - s.tanh() ** 2,),
                     meaning=lambda s: (s.exp() - (-s).exp()) / (s.exp() + (-s).exp())),
    "sin": Function(math.sin, "sin", "Math.sin({})", "sin({})", lambda s: (s.cos(),)),
    "cos": Function(math.cos, "cos", "Math.cos({})", "cos({})", lambda s: (-s.sin(),)),
    "erf": Function(math.erf, _numpy_erf, "erf({})", "erf({})",
                    lambda s: (2 / math.sqrt(math.pi) * (-(s * s)).exp(),)),
    "abs": Function(abs, "abs", "Math.abs({})", "|{}|", lambda s: (s.apply("sign", s),)),
    "sign": Function(_sign, "sign", "Math.sign({})", "sign({})", lambda s: (0,)),
    "sigmoid": Function(_sigmoid, _numpy_sigmoid, "(1 / (1 + Math.exp(-({}))))", "sigmoid({})",
                        lambda s: (s.sigmoid() * (1 - s.sigmoid()),), meaning=lambda s: 1 / (1 + (-s).exp())),
    "softplus": Function(_softplus, _numpy_softplus, "softplus({})", "softplus({})",
                         lambda s: (s.sigmoid(),), meaning=lambda s: (1 + s.exp()).log()),
}  # fmt: skip

# functions that JavaScript's Math does not have
SCRIPT = """\
const softplus = (s) => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
function erf(s) {
  const a = Math.abs(s);
  if (a > 6) return Math.sign(s);
  if (a < 2.5) {
    let term = a, sum = a;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= -a * a / n;
      sum += term / (2 * n + 1);
      if (term === 0) break;
    }
    return Math.sign(s) * sum * 2 / Math.sqrt(Math.PI);
  }
  let tail = a;
  for (let n = 60; n > 0; n--) tail = a + n / 2 / tail;
  return Math.sign(s) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / tail);
}
"""
