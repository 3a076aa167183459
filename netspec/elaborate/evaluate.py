"""Arithmetic of a spec -> int, float or Formula, with every way it can go wrong said in place."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase, Quoted, Words
from netspec.elaborate.frame import Closure, Frame, Word
from netspec.ir import sizes
from netspec.ir.sizes import Formula, Number, divides
from netspec.ir.types import UNKNOWN, Unknown
from netspec.names import nearest
from netspec.ops.registry import step_names
from netspec.syntax import tree

# size: whole, division exact. real: division is division. any: exact unless an operand is real.
Want = Literal["size", "real", "any"]
LARGEST = 10**18
LARGEST_OPEN = 10**100  # at a witness, which may be far larger than anything that will be set


def fault(frame: Frame, at: tree.Place, code: str, *hints: Hint, fix: Fix | None = None, **words: Any) -> Fault:
    """A Fault at a place of the frame's file."""
    return Fault(Diagnostic(code, frame.span(at), words, hints=hints, fixes=(fix,) if fix else ()))


def evaluate(value: tree.Value, frame: Frame, want: Want = "size", extra: dict[str, Number] | None = None) -> Any:
    """The number an expression stands for; raises Fault. `extra` holds `weights` and `depth` in a `require`."""
    match value:
        case tree.Number():
            return value.value
        case tree.Ref():
            return _name(value, frame, extra)
        case tree.Binary():
            return _binary(value, frame, want, extra)
        case tree.Negative():
            return -evaluate(value.value, frame, want, extra)
        case tree.Group() if len(value.chain.items) == 1:
            return evaluate(value.chain.items[0], frame, want, extra)
        case tree.Call() if value.name == "sqrt" and len(value.args) == 1:
            return _root(value, frame, want, extra)
    raise no_number(frame, value)


def no_number(frame: Frame, value: tree.Value) -> Fault:
    """NS404: a number in quotes, sizes in brackets, or something else."""
    text = _source(frame, value.at)
    if isinstance(value, tree.Text) and re.fullmatch(r"\s*-?\d+(?:\.\d+)?\s*", value.value):
        bare = value.value.strip()
        fix = Fix(frame.span(value.at), bare)
        return fault(frame, value.at, "NS404", Hint("bare", {"text": bare}), fix=fix, text=text)
    items = value.parts if isinstance(value, tree.Several) else value.items if isinstance(value, tree.List) else ()
    numbers = re.findall(r"\d+", text) if items and re.fullmatch(r"\[?\s*\d+(?:\s*,\s*\d+)+\s*\]?", text) else []
    if len(numbers) < 2:
        hints = (Hint("type"),) if isinstance(value, tree.Several) else ()
        return fault(frame, value.at, "NS404", *hints, text=text)
    sizes = "x".join(numbers) if len(numbers) == 2 else f"{numbers[0]}@{'x'.join(numbers[1:])}"
    source, (begin, end) = frame.unit.source.text, value.at
    bracketed = isinstance(value, tree.Several) and source[begin - 1 : begin] == "(" and source[end : end + 1] == ")"
    span = frame.span((begin - 1, end + 1)) if bracketed else frame.span(value.at)
    return fault(frame, value.at, "NS404", Hint("type"), fix=Fix(span, sizes), text=text)


class Broken(Exception):
    """Something that was reported already stands in the way."""


def _source(frame: Frame, at: tree.Place) -> str:
    text = frame.unit.source.text[at[0] : at[1]]
    return text if len(text) <= 60 else text[:57] + "..."


def _name(value: tree.Ref, frame: Frame, extra: dict[str, Number] | None) -> Any:
    name = value.name
    if name in frame.env:
        found = frame.env[name]
        if isinstance(found, (int, float, Formula, Unknown)) and not isinstance(found, bool):
            return found
        kind = {bool: "flag", Word: "word", Closure: "step", tuple: "list", str: "text"}.get(type(found), "word")
        labels = (Label(found.at, "word"),) if isinstance(found, Word) and found.at is not None else ()
        words: Words = {"name": name, "kind": Phrase(f"kind {kind}")}
        raise Fault(Diagnostic("NS405", frame.span(value.at), words, labels=labels))
    if extra is not None and name in extra:
        return extra[name]
    if name in frame.poisoned or name in frame.broken:
        raise Broken
    head = value.path[0]
    if head in frame.layers or head in frame.labels:
        raise fault(frame, value.at, "NS406", name=name)
    names = [key for key, found in frame.env.items() if isinstance(found, (int, float, Formula))]
    raise unknown_size(frame, value.at, name, names)


# words that are no size, and those that stand for a number
_NO_NUMBER = frozenset("true false none null nan inf infinity auto none None True False".split())
_BATCH = ("B", "N", "b", "n", "batch")  # what other tools write in front of a shape
_DIGITS = "one two three four five six seven eight nine ten".split()
_SPELT = {word: str(number) for number, word in enumerate(_DIGITS, 1)}


def unknown_size(frame: Frame, at: tree.Place, name: str, legal: list[str]) -> Fault:
    hints: list[Hint] = []
    fix = None
    guess = nearest(name, legal)
    if guess is None and name in _NO_NUMBER:
        return fault(frame, at, "NS404", text=name)
    if guess is None and name in _SPELT:
        digits = _SPELT[name]
        return fault(frame, at, "NS206", Hint("digits", {"digits": digits}), fix=Fix(frame.span(at), digits), name=name)
    if guess is None and name in step_names():
        return fault(frame, at, "NS405", name=name, kind=Phrase("kind step"))
    parts = name.split("x")
    if guess is None and len(parts) == 4 and parts[0] in _BATCH and all(part.isdigit() for part in parts[1:]):
        wanted = f"{parts[1]}@{parts[2]}x{parts[3]}"
        hints.append(Hint("batch", {"wanted": wanted}))
        fix = Fix(frame.span(at), wanted)
    elif (
        guess is None
        and len(parts) > 1
        and all(part and (part.isdigit() or part in legal or len(part) == 1) for part in parts)
    ):
        wanted = " x ".join(parts)
        hints.append(Hint("spaced", {"wanted": wanted}))
        fix = Fix(frame.span(at), wanted)
    elif guess is not None:
        hints.append(Hint("nearest", {"name": guess}))
        fix = Fix(frame.span(at), guess)
    kind = frame.definition.body.kind
    body = frame.definition.body.name.text
    hints.append(Hint("declare", {"kind": kind, "body": body, "name": name}))
    return fault(frame, at, "NS206", *hints, fix=fix, name=name)


def _binary(value: tree.Binary, frame: Frame, want: Want, extra: dict[str, Number] | None) -> Any:
    """A run of operators leans left: its spine is walked down and back up without recursion."""
    spine: list[tree.Binary] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        spine.append(current)
        current = current.left
    result = evaluate(current, frame, want, extra)
    for node in reversed(spine):
        if _unclear(node):
            raise fault(frame, node.at, "NS407", text=_source(frame, node.at))
        result = _apply(node, result, evaluate(node.right, frame, want, extra), frame, want)
    return result


def _unclear(node: tree.Binary) -> bool:
    """`a % b * c`: nobody reads it the same way."""
    ops = {node.op}
    if isinstance(node.left, tree.Binary) and node.left.op in ("*", "/", "%"):
        ops.add(node.left.op)
    return node.op in ("*", "/", "%") and "%" in ops and len(ops) > 1


def _apply(node: tree.Binary, left: Any, right: Any, frame: Frame, want: Want) -> Any:
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
            result = _power(node, left, right, frame, want)
        case "%":
            if _zero(right):
                raise fault(frame, node.right.at, "NS408", text=_source(frame, node.at))
            result = left % right
        case _:
            result = _divide(node, left, right, frame, want)
    values, most = (result.values, LARGEST_OPEN) if isinstance(result, Formula) else ((result,), LARGEST)
    if any(isinstance(value, int) and abs(value) > most for value in values):
        raise fault(frame, node.at, "NS409", text=_source(frame, node.at))
    return result


def _zero(value: Any) -> bool:
    return any(found == 0 for found, _ in _witnessed(value, 0))


def _divide(node: tree.Binary, left: Any, right: Any, frame: Frame, want: Want) -> Any:
    if _zero(right):
        raise fault(frame, node.right.at, "NS408", text=_source(frame, node.at))
    real = want == "real" or (want == "any" and (isinstance(left, float) or isinstance(right, float)))
    if real:
        return left / right
    if isinstance(left, float) or isinstance(right, float):
        raise fault(frame, node.at, "NS410", text=_source(frame, node.at))
    if divides(right, left):
        return left // right
    raise Fault(not_exact(frame, node, left, right))


def not_exact(frame: Frame, node: tree.Binary, left: Any, right: Any) -> Diagnostic:
    """`/` of sizes leaves a rest: with the numbers, or the witness that shows it."""
    span = frame.span(node.at)
    text = _source(frame, node.at)
    if isinstance(left, Formula) or isinstance(right, Formula):
        if frame.poisoned:  # the `require` that settles it may be what could not be read
            raise Broken
        a, b = next((a, b) for a, b in _witnessed(left, right) if a % b)
        words: Words = {"text": text, "left": sizes.text(left), "right": sizes.text(right), "a": str(a), "b": str(b)}
        condition = f"{sizes.text(left)} % {sizes.text(right)} == 0"
        return Diagnostic("NS411", span, words, hints=(Hint("require", {"condition": condition}),))
    return Diagnostic("NS403", span, {"text": text, "left": str(left), "right": str(right), "rest": str(left % right)})


def _power(node: tree.Binary, left: Any, right: Any, frame: Frame, want: Want) -> Any:
    text = _source(frame, node.at)
    real = want == "real" or (want == "any" and (isinstance(left, float) or isinstance(right, float)))
    for base, exponent in _witnessed(left, right):
        if exponent < 0 and base == 0:
            raise fault(frame, node.at, "NS408", text=text)
        if exponent < 0 and not real:
            raise fault(frame, node.at, "NS410", text=text)
        if base < 0 and exponent % 1:
            raise fault(frame, node.at, "NS435", text=text, base=sizes.text(base), exponent=sizes.text(exponent))
    if isinstance(left, Formula) or isinstance(right, Formula):
        return left**right
    result = sizes.power(left, right)
    if math.isinf(result):
        raise fault(frame, node.at, "NS409", text=text)
    return result


def _witnessed(left: Number, right: Number) -> list[tuple[int | float, int | float]]:
    """Two numbers at each witness of which one may be open; once where none is."""
    count = next((len(side.values) for side in (left, right) if isinstance(side, Formula)), 1)
    return list(zip(sizes.values_of(left, count), sizes.values_of(right, count), strict=True))


def _root(value: tree.Call, frame: Frame, want: Want, extra: dict[str, Number] | None) -> Any:
    if want == "size":
        raise fault(frame, value.at, "NS412")
    inside = evaluate(value.args[0].value, frame, "real", extra)
    if isinstance(inside, Unknown):
        return UNKNOWN
    if any(found < 0 for found, _ in _witnessed(inside, 0)):
        raise fault(frame, value.at, "NS413", value=sizes.text(inside))
    return sizes.root(inside)


def size(value: tree.Value, frame: Frame, least: int = 1, what: str = "size", limit: int | None = None) -> Any:
    """A whole number >= `least`: a size of a type or noun, or a whole option."""
    result = evaluate(value, frame, "size")
    return check_size(result, value, frame, least, what, limit)


def _fractional(number: int | float) -> bool:
    return isinstance(number, float) and number < math.inf and not number.is_integer()


def check_size(
    result: Any, value: tree.Value, frame: Frame, least: int = 1, what: str = "size", limit: int | None = None
) -> Any:
    if isinstance(result, Unknown):
        return result
    if isinstance(result, int) and result >= least:
        most = frame.unit.limits.size if limit is None else limit
        if result > most:
            raise fault(frame, value.at, "NS415", value=result, limit=most)
        return result
    shown = Phrase("a size") if what == "size" else Quoted((what,))
    if any(map(_fractional, sizes.values_of(result, 1))):
        raise fault(frame, value.at, "NS401", value=sizes.text(result), what=shown)
    if isinstance(result, Formula) and result >= least:
        return result
    if isinstance(result, float):
        raise fault(frame, value.at, "NS414", value=sizes.text(result), whole=str(int(result)))
    raise fault(frame, value.at, "NS402", value=sizes.text(result), least=str(least), what=shown)
