"""A setting's value -> numbers, flags, words, texts and sizes, each refused at its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Quoted, Report
from netspec.elaborate.evaluate import LARGEST, Undefined, Want, evaluate
from netspec.ir.sizes import Formula
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax import tree

NUMBER = Want("real", open=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the values of one source.

    `names` holds the sizes, parameters and lists of the net; None where the net has mistakes: then any name may
    be one of its sizes. Warnings go to the report.
    """

    source: SourceFile
    names: Mapping[str, Any] | None = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    def text_at(self, at: tree.Place) -> str:
        shown = self.source.text[at[0] : at[1]]
        return shown if len(shown) <= 60 else shown[:57] + "..."

    def fault(self, at: tree.Place, code: str, *hints: Hint, fix: str | None = None, **words: Any) -> Fault:
        span = self.span(at)
        fixes = () if fix is None else (Fix(span, fix),)
        return Fault(Diagnostic(code, span, words, hints=hints, fixes=fixes))

    # ---- what the evaluator asks (`netspec.elaborate.evaluate.Names`)

    @property
    def largest(self) -> int:
        return LARGEST

    @property
    def damaged(self) -> bool:
        return False

    def span(self, at: tree.Place) -> Span:
        return Span(self.source, at[0], at[1])

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
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        return self.fault(value.at, "NS404", *hints, fix=guess, text=self.text_at(value.at)).diagnostic

    def unclear(self, diagnostic: Diagnostic) -> None:
        self.report.add(diagnostic._replace(severity="warning"))

    # ---- kinds of values

    def named(self, name: str) -> Any:
        """What a name of the net stands for, or None. Raises Undefined where the net is not known."""
        if name in ("true", "false"):
            return None
        if self.names is None and name not in _NEVER:
            raise Undefined
        return (self.names or {}).get(name)

    def number(self, value: tree.Value) -> int | float:
        """A number, or arithmetic of numbers and the net's sizes."""
        found: int | float = evaluate(value, self, NUMBER)
        return found

    def integer(self, value: tree.Value, option: str, least: int = -LARGEST) -> int:
        """A whole number; 6.0 and 0.5*12 are whole."""
        found: int = evaluate(value, self, Want("whole", least, LARGEST, option, open=False, whole_floats=True))
        return found

    def flag(self, value: tree.Value, option: str) -> bool:
        value = single(value)
        if isinstance(value, tree.Ref):
            if value.name in ("true", "false"):
                return value.name == "true"
            found = self.named(value.name)
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
        return tuple(self.integer(item, option, 1) for item in items)

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
        found = self.named(value.name) if isinstance(value, tree.Ref) else None
        if isinstance(found, tuple):
            return tuple(float(item) for item in found)
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


# words that stand for no number in any net
_NEVER = frozenset(("inf", "infinity", "nan"))
