"""Reads the values of settings: numbers, flags, words, texts and sizes, with the names of the net.

The kinds `flag`, `word` and `text` also belong to options of operations; the kinds in this module exist only in
sections. A whole number in a section may be written 6.0 or 0.5*12. Every size of the net that it uses must be set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Report
from netspec.elaborate.evaluate import LARGEST, Undefined, Want, evaluate, excerpt, fault
from netspec.elaborate.kinds import items_of, kind, parse
from netspec.ir.operation import Option
from netspec.ir.sizes import Formula
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax import tree

NUMBER = Want("real", open=False)
_NEVER = frozenset(("inf", "infinity", "nan"))  # no net has sizes with these names, so they are mistakes


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values of one source file, and looks up names for the evaluator and the kinds of options.

    `names` holds the sizes, parameters and lists of the net. It is None if the net has mistakes; then any name may be
    a size of the net. Warnings go to the report.
    """

    source: SourceFile
    names: Mapping[str, Any] | None = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    def text_at(self, at: tree.Place) -> str:
        """Return the text at a place, shortened for a message."""
        return excerpt(self, at)

    def fault(
        self, at: tree.Place, code: str, *hints: Hint, fix: str | None = None, guess: str | None = None, **words: Any
    ) -> Fault:
        """Return a Fault at a place of the file; `guess` is the name that was probably meant."""
        return fault(self, at, code, *hints, fix=Fix(self.span(at), fix) if fix else None, guess=guess, **words)

    def read(self, option: Option, value: tree.Value) -> Any:
        """Return the value of an option, and check its bounds. Raises Fault, Undefined or Open."""
        return parse(option, single(value), self)

    def number(self, value: tree.Value) -> int | float:
        """Return the value of a number, or of arithmetic with numbers and sizes of the net."""
        found: int | float = evaluate(value, self, NUMBER)
        return found

    # ---- what the evaluator and the kinds of options ask

    @property
    def largest(self) -> int:
        return LARGEST

    @property
    def damaged(self) -> bool:
        return False

    def span(self, at: tree.Place) -> Span:
        return Span(self.source, at[0], at[1])

    def named(self, name: str) -> Any:
        """Return the value of a name of the net, or None. Raises Undefined if the net is not known."""
        if name in ("true", "false"):
            return None
        if self.names is None and name not in _NEVER:
            raise Undefined
        return (self.names or {}).get(name)

    def lookup(self, ref: tree.Ref) -> Any:
        found = self.named(ref.name)
        if isinstance(found, int | float | Formula) and not isinstance(found, bool):
            return found
        raise Fault(self.unknown(ref))

    def unknown(self, value: tree.Value) -> Diagnostic:
        guess = None
        if isinstance(value, tree.Ref) and self.named(value.name) is None:
            numbers = [name for name, found in (self.names or {}).items() if isinstance(found, int | float | Formula)]
            guess = nearest(value.name, numbers)
        return self.fault(value.at, "NS404", guess=guess, text=self.text_at(value.at)).diagnostic

    def unclear(self, diagnostic: Diagnostic) -> None:
        self.report.add(diagnostic._replace(severity="warning"))


def single(value: tree.Value) -> tree.Value:
    """Return the value inside parentheses and chains of one item."""
    while True:
        if isinstance(value, tree.Group):
            value = value.chain
        elif isinstance(value, tree.Chain) and len(value.items) == 1:
            value = value.items[0]
        else:
            return value


# ---- kinds of options that only sections have


@kind("number")
def _number(option: Option, value: tree.Value, names: Reader) -> float:
    return float(names.number(value))


@kind("whole")
def _whole(option: Option, value: tree.Value, names: Reader) -> int:
    return _integer(option, value, names, -LARGEST)


def _integer(option: Option, value: tree.Value, names: Reader, least: int) -> int:
    want = Want("whole", least, LARGEST, option.shown, open=False, whole_floats=True)
    found: int = evaluate(value, names, want)
    return found


@kind("shape")
def _shape(option: Option, value: tree.Value, names: Reader) -> tuple[int, ...]:
    """Return the sizes of `28x28` or `100 x 150`, or a single size as a tuple."""
    items = value.sizes if isinstance(value, tree.Grid) else (value,)
    return tuple(_integer(option, item, names, 1) for item in items)


@kind("numbers")
def _numbers(option: Option, value: tree.Value, names: Reader) -> tuple[float, ...]:
    """Return a list of numbers that is written out, or a list of the net that is named."""
    found = names.named(value.name) if isinstance(value, tree.Ref) else None
    if isinstance(found, tuple):
        return tuple(float(item) for item in found)
    return tuple(float(names.number(item)) for item in items_of(option, value, names))


BALANCED = "balanced"


@kind("weight", "weights")
def _weights(option: Option, value: tree.Value, names: Reader) -> Any:
    """Return the word `balanced`, or a number (`weight`), or a list of numbers (`weights`)."""
    if isinstance(value, tree.Ref) and value.name == BALANCED and names.named(BALANCED) is None:
        return BALANCED
    return _numbers(option, value, names) if option.kind == "weights" else _number(option, value, names)


@kind("texts")
def _texts(option: Option, value: tree.Value, names: Reader) -> tuple[str, ...]:
    return tuple(names.read(option._replace(kind="text"), item) for item in items_of(option, value, names))


@kind("name")
def _name(option: Option, value: tree.Value, names: Reader) -> str:
    """Return the name of a layer or field, such as `y` or `p.left`."""
    if isinstance(value, tree.Ref):
        return value.name
    raise names.fault(value.at, "NS425", option=option.shown, value=names.text_at(value.at))


@kind("names")
def _names(option: Option, value: tree.Value, names: Reader) -> tuple[str, ...]:
    """Return one name, or the names of a list, as a tuple."""
    items = value.items if isinstance(value, tree.List) else (value,)
    return tuple(names.read(option._replace(kind="name"), item) for item in items)


@kind("target")
def _target(option: Option, value: tree.Value, names: Reader) -> str | float:
    """Return the name of a layer or field, or a number that stands for the same value everywhere."""
    found: str | float = names.read(option._replace(kind="name" if isinstance(value, tree.Ref) else "number"), value)
    return found


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@kind("path")
def _path(option: Option, value: tree.Value, names: Reader) -> str:
    """Return the name of a file or folder. Whether it exists is checked when the data are opened."""
    found: str = names.read(option._replace(kind="text"), value)
    if not found.strip():
        raise names.fault(value.at, "NS780", Hint("empty"), option=option.shown, value=found)
    if _ADDRESS.match(found):
        raise names.fault(value.at, "NS780", Hint("address"), option=option.shown, value=found)
    return found
