"""A setting's value as written -> numbers, flags, words, texts and sizes, each refused at its place."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Quoted
from netspec.ir.sizes import Formula
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax import tree

LARGEST = 1e18


class OpenSize(Exception):
    """A value depends on a size of the net that is not set yet; nothing can be said about it."""


class Undecided(dict[str, Any]):
    """The names of a net that is not known, because it has mistakes: any name may be one of its sizes."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        raise OpenSize(name)

    def get(self, name: str, default: Any = None) -> Any:
        raise OpenSize(name)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values of one source; `names` holds the net's sizes and lists."""

    source: SourceFile
    names: Mapping[str, Any] = field(default_factory=dict)

    def span(self, at: tree.Place) -> Span:
        return Span(self.source, at[0], at[1])

    def text_at(self, at: tree.Place) -> str:
        shown = self.source.text[at[0] : at[1]]
        return shown if len(shown) <= 60 else shown[:57] + "..."

    def fault(self, at: tree.Place, code: str, *hints: Hint, fix: str | None = None, **words: Any) -> Fault:
        span = self.span(at)
        fixes = () if fix is None else (Fix(span, fix),)
        return Fault(Diagnostic(code, span, words, hints=hints, fixes=fixes))

    # ---- numbers

    def number(self, value: tree.Value) -> int | float:
        """A number, or arithmetic of numbers and the net's sizes; a whole result of whole numbers is an int."""
        value = single(value)
        match value:
            case tree.Number():
                return value.value
            case tree.Negative():
                return -self.number(value.value)
            case tree.Binary():
                return self._binary(value)
            case tree.Ref() if value.name in self.names:
                return self._named(value)
            case tree.Ref() if value.name in ("inf", "infinity", "nan"):
                raise self.fault(value.at, "NS404", text=value.name)
            case tree.Ref():
                raise self._unknown(value)
        raise self.fault(value.at, "NS404", text=self.text_at(value.at))

    def _named(self, value: tree.Ref) -> int | float:
        found = self.names[value.name]
        if isinstance(found, Formula):
            raise OpenSize(value.name)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self.fault(value.at, "NS404", text=value.name)
        return found

    def _unknown(self, value: tree.Ref) -> Fault:
        numbers = [name for name, found in self.names.items() if isinstance(found, int | float | Formula)]
        guess = nearest(value.name, numbers)
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        return self.fault(value.at, "NS404", *hints, fix=guess, text=value.name)

    def _binary(self, value: tree.Binary) -> int | float:
        first, operators = run_of(value)
        result = self.number(first)
        for node in operators:
            right = self.number(node.right)
            if node.op in ("/", "%") and right == 0:
                raise self.fault(node.right.at, "NS408", text=self.text_at(node.at))
            result = _apply(node.op, result, right)
            if not math.isfinite(result) or abs(result) > LARGEST:
                raise self.fault(node.at, "NS409", text=self.text_at(node.at))
        return result

    def integer(self, value: tree.Value, option: str) -> int:
        found = self.number(value)
        if isinstance(found, float):
            if found != int(found):
                raise self.fault(value.at, "NS401", value=f"{found:g}", what=Quoted((option,)))
            found = int(found)
        return found

    # ---- other kinds

    def flag(self, value: tree.Value, option: str) -> bool:
        value = single(value)
        if isinstance(value, tree.Ref):
            if value.name in ("true", "false"):
                return value.name == "true"
            found = self.names.get(value.name)
            if isinstance(found, bool):
                return found
        shown = self.text_at(value.at)
        meant = {"True": "true", "False": "false", "yes": "true", "no": "false", "1": "true", "0": "false"}
        raise self.fault(value.at, "NS422", fix=meant.get(shown), option=option, value=shown)

    def text(self, value: tree.Value, option: str) -> str:
        value = single(value)
        if isinstance(value, tree.Text):
            return value.value
        shown = self.text_at(value.at)
        fix = f'"{shown}"' if isinstance(value, tree.Ref) else None
        raise self.fault(value.at, "NS430", fix=fix, option=option, value=shown)

    def word(self, value: tree.Value, option: str, choices: tuple[str, ...]) -> str:
        """One of a few words, without quotes."""
        value = single(value)
        if isinstance(value, tree.Text):
            fix = value.value if value.value in choices else None
            raise self.fault(value.at, "NS423", fix=fix, option=option, value=value.value, legal=Quoted(choices))
        shown = value.name if isinstance(value, tree.Ref) else self.text_at(value.at)
        return self.choice(shown, value.at, option, choices)

    def choice(self, shown: str, at: tree.Place, option: str, choices: tuple[str, ...]) -> str:
        if shown in choices:
            return shown
        guess = nearest(shown, choices)
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        quoted = self.source.text[at[0]] == '"'
        fix = f'"{guess}"' if guess and quoted else guess
        raise self.fault(at, "NS424", *hints, fix=fix, option=option, value=shown, legal=Quoted(choices))

    def name(self, value: tree.Value, option: str) -> str:
        """The name of a layer or field: `y`, `p.left`."""
        value = single(value)
        if isinstance(value, tree.Ref):
            return value.name
        raise self.fault(value.at, "NS425", option=option, value=self.text_at(value.at))

    def extent(self, value: tree.Value, option: str) -> tuple[int, ...]:
        """`28x28`, `100 x 150`, or one size."""
        value = single(value)
        items = value.sizes if isinstance(value, tree.Grid) else (value,)
        found = tuple(self.integer(item, option) for item in items)
        for size, item in zip(found, items):
            if size < 1:
                raise self.fault(item.at, "NS402", value=size, least=1, what=Quoted((option,)))
        return found

    def items(self, value: tree.Value, option: str) -> tuple[tree.Value, ...]:
        """The items of a list."""
        value = single(value)
        if not isinstance(value, tree.List):
            raise self.fault(value.at, "NS428", option=option, value=self.text_at(value.at))
        for item in value.items:
            if isinstance(item, tree.Dots):
                raise self.fault(item.at, "NS429")
        return value.items

    def numbers(self, value: tree.Value, option: str) -> tuple[float, ...]:
        """A list of numbers, or a list of the net by its name."""
        value = single(value)
        if isinstance(value, tree.Ref) and isinstance(self.names.get(value.name), tuple):
            return tuple(float(item) for item in self.names[value.name])
        return tuple(float(self.number(item)) for item in self.items(value, option))


def single(value: tree.Value) -> tree.Value:
    """What parentheses and chains of one item hold."""
    while True:
        if isinstance(value, tree.Group):
            value = value.chain
        elif isinstance(value, tree.Chain) and len(value.items) == 1:
            value = value.items[0]
        else:
            return value


def run_of(value: tree.Value, signs: tuple[str, ...] = ()) -> tuple[tree.Value, list[tree.Binary]]:
    """The first operand of a run of operators (all, or those of `signs`) and the operators behind it, in order.

    A run leans left: this way there is no recursion over its length.
    """
    spine: list[tree.Binary] = []
    while isinstance(value, tree.Binary) and (not signs or value.op in signs):
        spine.append(value)
        value = value.left
    return value, spine[::-1]


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
}


def _apply(sign: str, left: int | float, right: int | float) -> int | float:
    if sign == "/":
        exact = isinstance(left, int) and isinstance(right, int) and left % right == 0
        return left // right if exact else left / right
    if sign == "^":
        try:
            result = float(left) ** float(right)
        except (OverflowError, ZeroDivisionError):
            return math.inf
        if isinstance(result, complex):
            return math.inf
        whole = isinstance(left, int) and isinstance(right, int) and result.is_integer() and abs(result) < 2**53
        return int(result) if whole else result
    result = _OPERATORS[sign](left, right)
    return result if isinstance(result, int) else float(result)
