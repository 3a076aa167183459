"""One token of a spec deleted, doubled, swapped with the next or replaced; and what netspec says to it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from netspec.api import Spec
from netspec.diagnostics.model import Diagnostic, Fault
from netspec.diagnostics.model import text as rendered
from netspec.elaborate.program import parse_program
from netspec.source import SourceFile
from netspec.syntax.parser import parse
from netspec.syntax.tree import Syntax

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|[^\W\d]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|->|==|!=|<=|>=|\.\.|[^\s\w]')
OTHERS = (
    'x y z t i K 0 1 2 3 7 2.5 1e-3 "a" -> + - * / % ^ & , : = == ( ) { } [ ] @ . .. _ x.1 z[t-1] true over up to '
    "one of is as shared repeat input hidden output start let default require net block use perceptrons perceptron "
    "filters filter relu tanh softmax batchnorm layernorm maxpool mean maps space time same transpose learned zeros gru"
).split()


class Mutation(NamedTuple):
    kind: str
    at: int
    text: str


def tokens(text: str) -> list[re.Match[str]]:
    return [match for match in TOKEN.finditer(text) if not match[0].startswith("#")]


def every(text: str, kinds: tuple[str, ...] = ("delete", "double", "swap")) -> Iterator[Mutation]:
    """Every mutation of the kinds that need no choice."""
    found = tokens(text)
    for number, match in enumerate(found):
        begin, end = match.span()
        if "delete" in kinds:
            yield Mutation("delete", begin, text[:begin] + text[end:])
        if "double" in kinds:
            yield Mutation("double", begin, f"{text[:end]} {match[0]} {text[end:]}")
        if "swap" in kinds and number + 1 < len(found):
            other = found[number + 1]
            middle = text[end : other.start()]
            yield Mutation("swap", begin, text[:begin] + other[0] + middle + match[0] + text[other.end() :])


def replaced(text: str, source: random.Random) -> Mutation:
    """A random token becomes another: of this text or of the language."""
    found = tokens(text)
    match = source.choice(found)
    other = source.choice((source.choice(found)[0], source.choice(OTHERS)))
    return Mutation("replace", match.start(), text[: match.start()] + other + text[match.end() :])


def verdict(text: str, folder: Any = None, propose: bool = True) -> list[Diagnostic]:
    """Everything that is said to a text, each message written out in both languages; any other exception escapes."""
    try:
        found = Spec(parse_program(text, "mutant.net", folder)).check(propose=propose)
    except Fault as fault:
        found = [fault.diagnostic]
    for language in ("en", "ko"):
        assert not found or rendered(found, language)
    assert all(re.fullmatch(r"NS\d{3}", diagnostic.code) for diagnostic in found)
    return found


def errors(found: list[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in found if diagnostic.severity == "error"]


# ---- what a mutation that stayed valid has changed


def change(before: str, after: str) -> str:
    """Where two valid texts first differ as trees: `Layer.caption: Text gone`; "" where they say the same."""
    trees = [parse(SourceFile("m.net", text)) for text in (before, after)]
    return _difference(trees[0], trees[1], "File") or ""


def change_class(before: str, after: str) -> str:
    """The kind of a change: `Layer.caption`, `Chain.items`; `nothing` where the texts say the same."""
    return change(before, after).partition(":")[0] or "nothing"


def _difference(one: Any, other: Any, path: str) -> str | None:
    if type(one) is not type(other):
        return f"{path}: {_kind(one)} becomes {_kind(other)}"
    if isinstance(one, Syntax):
        for name in one._said:
            found = _difference(getattr(one, name), getattr(other, name), f"{type(one).__name__}.{name}")
            if found:
                return found
        return None
    if isinstance(one, tuple):
        if len(one) != len(other):
            more = "more" if len(other) > len(one) else "fewer"
            odd = next((a for a, b in zip(one, other, strict=False) if a != b), (*one, *other)[-1])
            return f"{path}: {more} ({_kind(odd)})"
        for a, b in zip(one, other, strict=True):
            found = _difference(a, b, path)
            if found:
                return found
        return None
    return None if one == other else f"{path}: another"


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
