"""Evaluates the arithmetic of a spec to an int, a float or a Formula, in nets and in data, train and figure sections.

Two arguments say what is special about a place: a `Want` says which numbers the place takes, and `Names` say what names
stand for there (in a net or in a section). `Names` also choose the error for a name that is not known.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal, NamedTuple, Protocol

from netspec import foreign
from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase, Quoted, Words, suggestion
from netspec.ir import sizes
from netspec.ir.sizes import Formula, Number, divides
from netspec.ir.types import UNKNOWN, Unknown
from netspec.source import Span
from netspec.syntax import tree

LARGEST = 10**18
# the bound at a witness; it is larger, since the numbers of a witness may be far larger than sizes in use
LARGEST_OPEN = 10**100


class Undefined(Exception):
    """Raised for a value that is undefined because of an earlier error, which was reported."""


class Open(Exception):
    """Raised if a place needs a number and its value depends on a size of the net that is not set yet."""


class Names(Protocol):
    """Says what the names at a place stand for."""

    @property
    def largest(self) -> int:
        """The largest size that is allowed."""

    @property
    def damaged(self) -> bool:
        """Whether a line could not be parsed; it may have been a `require` that says more about the sizes."""

    def span(self, at: tree.Place) -> Span:
        """Return a place of the text as a span of its file."""

    def lookup(self, ref: tree.Ref) -> Any:
        """Return the number of a name; raise Fault if the name has none, Undefined if that was reported before."""

    def unknown(self, value: tree.Value) -> Diagnostic:
        """Return the diagnostic for a value that is not a number."""

    def unclear(self, diagnostic: Diagnostic) -> None:
        """Handle NS407 (a text such as `a % b * c`): raise it as an error in a net, report a warning in a section."""


class Want(NamedTuple):
    """Which numbers a place takes.

    Fields:
        kind: how `/` works. With `whole` (for sizes) the division must be exact; with `real` any result is fine; with
            `any` it must be exact unless one of the two numbers is a float.
        least: if given, the result must be a whole number that is at least this; if None, the caller checks it.
        most: the largest size; None stands for `Names.largest`.
        what: the word by which messages name the number: the name of an option, or "size".
        open: whether the result may be a Formula of open sizes; if not, Open is raised.
        whole_floats: a result such as 6.0 or 0.5*H counts as the whole number it is.
    """

    kind: Literal["whole", "real", "any"] = "whole"
    least: int | None = None
    most: int | None = None
    what: str = "size"
    open: bool = True
    whole_floats: bool = False


WHOLE = Want("whole")
REAL = Want("real")
ANY = Want("any")


def fault(
    names: Names,
    at: tree.Place,
    code: str,
    /,
    *hints: Hint,
    fix: Fix | None = None,
    guess: str | None = None,
    labels: tuple[Label, ...] = (),
    **words: Any,
) -> Fault:
    """Return a Fault at a place in the file to which the names belong; `guess` is the name that was probably meant."""
    near, fixes = suggestion(guess, names.span(at))
    fixes = (fix,) if fix else fixes
    return Fault(Diagnostic(code, names.span(at), words, labels=labels, hints=(*near, *hints), fixes=fixes))


def evaluate(value: tree.Value, names: Names, want: Want = WHOLE) -> Any:
    """Return the number that an expression stands for.

    Parameters:
        value: the expression.
        names: what its names stand for.
        want: which numbers its place takes.

    Returns:
        An int, a float, a Formula if sizes of the net are open, or UNKNOWN if a type in a recurrence is not known yet.

    Raises:
        Fault: the expression has a mistake.
        Undefined: the value depends on something that has a mistake, which was reported before.
        Open: the value depends on a size that is not set, and `want.open` is false.
    """
    if want.whole_floats:
        result = _number(value, names, REAL)
        if isinstance(result, float) and result.is_integer():
            result = int(result)
    else:
        result = _number(value, names, want)
    if not want.open and isinstance(result, Formula):
        raise Open
    return result if want.least is None else check_size(result, value, names, want)


def _number(value: tree.Value, names: Names, want: Want) -> Any:
    match value:
        case tree.Number():
            return value.value
        case tree.Ref():
            return names.lookup(value)
        case tree.Binary():
            return _binary(value, names, want)
        case tree.Negative():
            return -_number(value.value, names, want)
        case tree.Group() if len(value.chain.items) == 1:
            return _number(value.chain.items[0], names, want)
        case tree.Chain() if len(value.items) == 1:
            return _number(value.items[0], names, want)
        case tree.Call() if value.name == "sqrt" and len(value.args) == 1 and value.step is None:
            return _root(value, names, want)
        case tree.Unreadable():
            raise Undefined
    raise Fault(names.unknown(value))


def excerpt(names: Names, at: tree.Place) -> str:
    """Return the text of a place, shortened for a message if it is long."""
    text = names.span(at).text
    return text if len(text) <= 60 else text[:57] + "..."


def not_a_number(names: Names, value: tree.Value) -> Diagnostic:
    """Return NS404 for a value that is not a number, with a fix for a number in quotes and for sizes in brackets."""
    span = names.span(value.at)
    text = excerpt(names, value.at)
    if isinstance(value, tree.Text) and re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", value.value):
        bare = value.value.strip()
        return Diagnostic(
            "NS404", span, {"text": text}, hints=(Hint("bare", {"text": bare}),), fixes=(Fix(span, bare),)
        )
    items = value.parts if isinstance(value, tree.Several) else value.items if isinstance(value, tree.List) else ()
    numbers = re.findall(r"\d+", text) if items and re.fullmatch(r"\[?\s*\d+(?:\s*,\s*\d+)+\s*\]?", text) else []
    if len(numbers) < 2:
        hints = (Hint("type"),) if isinstance(value, tree.Several) else ()
        return Diagnostic("NS404", span, {"text": text}, hints=hints)
    wanted, certain = foreign.shape(numbers)
    source, (begin, end) = span.source.text, value.at
    bracketed = isinstance(value, tree.Several) and source[begin - 1 : begin] == "(" and source[end : end + 1] == ")"
    whole = names.span((begin - 1, end + 1)) if bracketed else span
    hints = (Hint("write", {"wanted": wanted}),)
    return Diagnostic("NS404", span, {"text": text}, hints=hints, fixes=(Fix(whole, wanted, certain),))


def _binary(value: tree.Binary, names: Names, want: Want) -> Any:
    """Return the result of a run of operators.

    `a + b + c` is parsed as ((a + b) + c). A loop walks down the left sides and then back up, since recursion could be
    too deep.
    """
    spine: list[tree.Binary] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        spine.append(current)
        current = current.left
    result = _number(current, names, want)
    for node in reversed(spine):
        if _unclear(node):
            names.unclear(Diagnostic("NS407", names.span(node.at), {"text": excerpt(names, node.at)}))
        result = _apply(node, result, _number(node.right, names, want), names, want)
    return result


def _unclear(node: tree.Binary) -> bool:
    """Whether an expression mixes `%` with `*` or `/`, as `a % b * c` does: readers may group it in two ways."""
    ops = {node.op}
    if isinstance(node.left, tree.Binary) and node.left.op in ("*", "/", "%"):
        ops.add(node.left.op)
    return node.op in ("*", "/", "%") and "%" in ops and len(ops) > 1


def _apply(node: tree.Binary, left: Any, right: Any, names: Names, want: Want) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    match node.op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "^":
            result = _power(node, left, right, names, want)
        case "%":
            if _zero(right):
                raise fault(names, node.right.at, "NS408", text=excerpt(names, node.at))
            result = left % right
        case _:
            result = _divide(node, left, right, names, want)
    if _too_large(result):
        raise fault(names, node.at, "NS409", text=excerpt(names, node.at))
    return result


def _too_large(result: Any) -> bool:
    if isinstance(result, Formula):
        return any(isinstance(value, int) and abs(value) > LARGEST_OPEN for value in result.values)
    return abs(result) > LARGEST if isinstance(result, int) else not math.isfinite(result)


def _zero(value: Any) -> bool:
    return any(found == 0 for found, _ in _witnessed(value, 0))


def _is_real(left: Any, right: Any, want: Want) -> bool:
    return want.kind == "real" or (want.kind == "any" and (isinstance(left, float) or isinstance(right, float)))


def _divide(node: tree.Binary, left: Any, right: Any, names: Names, want: Want) -> Any:
    if _zero(right):
        raise fault(names, node.right.at, "NS408", text=excerpt(names, node.at))
    if _is_real(left, right, want):
        return left / right
    if isinstance(left, float) or isinstance(right, float):
        raise fault(names, node.at, "NS410", text=excerpt(names, node.at))
    if divides(right, left):
        return left // right
    raise Fault(_not_exact(node, left, right, names))


def _not_exact(node: tree.Binary, left: Any, right: Any, names: Names) -> Diagnostic:
    """Return the diagnostic for a division of sizes that leaves a remainder.

    The message shows the two numbers; if sizes are open, it shows a witness: numbers for which a remainder is left.
    """
    span = names.span(node.at)
    text = excerpt(names, node.at)
    if isinstance(left, Formula) or isinstance(right, Formula):
        if names.damaged:  # the line that could not be parsed may be a `require` that makes the division exact
            raise Undefined
        a, b = next((a, b) for a, b in _witnessed(left, right) if a % b)
        words: Words = {"text": text, "left": sizes.text(left), "right": sizes.text(right), "a": str(a), "b": str(b)}
        condition = f"{sizes.text(left)} % {sizes.text(right)} == 0"
        return Diagnostic("NS411", span, words, hints=(Hint("require", {"condition": condition}),))
    return Diagnostic("NS403", span, {"text": text, "left": str(left), "right": str(right), "rest": str(left % right)})


def _power(node: tree.Binary, left: Any, right: Any, names: Names, want: Want) -> Any:
    text = excerpt(names, node.at)
    real = _is_real(left, right, want)
    for base, exponent in _witnessed(left, right):
        if exponent < 0 and base == 0:
            raise fault(names, node.at, "NS408", text=text)
        if exponent < 0 and not real:
            raise fault(names, node.at, "NS410", text=text)
        if base < 0 and exponent % 1:
            raise fault(names, node.at, "NS435", text=text, base=sizes.text(base), exponent=sizes.text(exponent))
    if isinstance(left, Formula) or isinstance(right, Formula):
        return left**right
    return sizes.power(left, right)


def _witnessed(left: Number, right: Number) -> list[tuple[int | float, int | float]]:
    """Return the pair of numbers that two values have at each witness; one pair if neither value is open."""
    count = next((len(side.values) for side in (left, right) if isinstance(side, Formula)), 1)
    return list(zip(sizes.values_of(left, count), sizes.values_of(right, count), strict=True))


def _root(value: tree.Call, names: Names, want: Want) -> Any:
    if want.kind == "whole":
        raise fault(names, value.at, "NS412")
    inside = _number(value.args[0].value, names, REAL)
    if isinstance(inside, Unknown):
        return UNKNOWN
    if any(found < 0 for found, _ in _witnessed(inside, 0)):
        raise fault(names, value.at, "NS413", value=sizes.text(inside))
    return sizes.root(inside)


# ---- whole numbers


def size(value: tree.Value, names: Names, least: int = 1, what: str = "size", limit: int | None = None) -> Any:
    """Return the value of an expression that must be a whole number >= `least`; raise the errors of `evaluate`.

    Sizes of types, the numbers before nouns, and options that take whole numbers are read by this function.
    """
    return evaluate(value, names, Want("whole", least, limit, what))


def check_size(result: Any, value: tree.Value, names: Names, want: Want) -> Any:
    """Return the result if it is a whole number within the bounds of `want`; if not, raise Fault."""
    if isinstance(result, Unknown):
        return result
    least = want.least or 0
    if isinstance(result, int) and result >= least:
        most = names.largest if want.most is None else want.most
        if result > most:
            raise fault(names, value.at, "NS415", value=result, limit=most)
        return result
    what = Phrase("a size") if want.what == "size" else Quoted((want.what,))
    if any(map(_fractional, sizes.values_of(result, 1))):
        raise fault(names, value.at, "NS401", value=sizes.text(result), what=what)
    if isinstance(result, Formula) and result >= least:
        return result
    if isinstance(result, float):
        raise fault(names, value.at, "NS414", value=sizes.text(result), whole=str(int(result)))
    raise fault(names, value.at, "NS402", value=sizes.text(result), least=str(least), what=what)


def _fractional(number: int | float) -> bool:
    return isinstance(number, float) and number < math.inf and not number.is_integer()
