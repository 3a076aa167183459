"""Where netspec's code raises which diagnostic, read from its syntax trees: words, hints, labels, phrases.

A site is a call that is given a code: `Diagnostic("NS201", span, words)`, `fault(frame, at, "NS201", name=…)`,
`refuse("NS301", option=…, …)`. What stands in a variable is followed inside its function.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import netspec

FOLDER = Path(netspec.__file__).parent
CODE = re.compile(r"NS\d{3}")
# keywords of the calls that raise a diagnostic, which are no words of its message
NO_WORDS = frozenset(("fix", "span", "labels"))
OF_REFUSALS = frozenset(("option", "input", "hint"))
# functions that raise one code for their callers, who add the hints
WRAPPERS = {
    "unexpected": ("NS101", frozenset(("seen", "expected"))),
    "swap": ("NS122", frozenset(("seen", "right"))),
    "_unfit": ("NS727", frozenset(("name",))),
    "_unmatched": ("NS960", frozenset(("name",))),
    "_untrained": ("NS894", frozenset(("what",))),
}
# what `Core.explain` adds to the words of a step that refuses its inputs
BY_EXPLAIN = frozenset(("step", "left_name", "left_line", "right_name", "right_line"))


@dataclass(frozen=True)
class Site:
    """One place that raises `code`: the words it gives, and the names of hints and labels around it."""

    code: str
    where: str
    words: frozenset[str]
    hints: frozenset[str]
    labels: frozenset[str]


@dataclass(frozen=True)
class Scan:
    codes: frozenset[str]
    sites: tuple[Site, ...]
    hints: frozenset[str]
    labels: frozenset[str]
    phrases: frozenset[str]


@lru_cache(maxsize=1)
def scan() -> Scan:
    """Reads every module of netspec."""
    modules = {
        file.relative_to(FOLDER).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(FOLDER.rglob("*.py"))
    }
    codes = {node.value for tree in modules.values() for node in ast.walk(tree) if _is_code(node)}  # type: ignore[attr-defined]
    tables = dict(entry for tree in modules.values() for entry in _tables(tree))
    found = [
        _Function(f"{name}:{getattr(function, 'name', '')}", function, tables)
        for name, tree in modules.items()
        for function in _functions(tree)
    ]
    kinds = ("Hint", "Label", "Phrase", "phrase", "word")
    names = {kind: {name for function in found for name in function.names(kind)} for kind in kinds}
    return Scan(
        codes=frozenset(codes),
        sites=tuple(site for function in found for site in function.sites()),
        hints=frozenset(names["Hint"]),
        labels=frozenset(names["Label"]),
        phrases=frozenset(names["Phrase"] | names["phrase"] | names["word"]),
    )


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.Module]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Module))


def _is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value) is not None


def _tables(tree: ast.Module) -> Iterator[tuple[str, list[ast.expr]]]:
    """The dictionaries of a module: their names and values (`_PHRASES[terminal]` may be any of these)."""
    for statement in tree.body:
        for target, value in _assigned(statement):
            if isinstance(target, ast.Name) and isinstance(value, ast.Dict):
                yield target.id, value.values


def _assigned(statement: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets with their values; `a, b = x, y` is two."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                yield from zip(target.elts, statement.value.elts)  # a starred target is none of ours
            else:
                yield target, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield statement.target, statement.value


class _Function:
    """One function (or what of a module stands outside functions): its calls, and what its variables may hold."""

    def __init__(self, where: str, function: ast.FunctionDef | ast.Module, tables: dict[str, list[ast.expr]]) -> None:
        self.where = where
        self.tables = tables
        self.calls: list[ast.Call] = []
        self.variables: dict[str, list[ast.expr]] = {}
        pending: list[ast.AST] = list(function.body)
        while pending:
            node = pending.pop()
            if isinstance(node, ast.FunctionDef):
                continue
            pending += ast.iter_child_nodes(node)
            if isinstance(node, ast.Call):
                self.calls.append(node)
            for target, value in _assigned(node):
                if isinstance(target, ast.Name):
                    self.variables.setdefault(target.id, []).append(value)

    def sites(self) -> Iterator[Site]:
        hints, labels = frozenset(self.names("Hint")), frozenset(self.names("Label"))
        for call in self.calls:
            if _callee(call) in WRAPPERS:
                code, given = WRAPPERS[_callee(call)]
                yield Site(code, f"{self.where}:{call.lineno}", given, hints, labels)
            for code in sorted(text for argument in call.args[:3] for text in self.texts(argument)):
                if CODE.fullmatch(code):
                    edge = any(word.arg == "edge" for word in call.keywords)  # of a Remark: two hints go with it
                    named = hints | {"edge", "meant"} if edge else hints
                    yield Site(code, f"{self.where}:{call.lineno}", frozenset(self.words(call)), named, labels)

    def names(self, kind: str) -> set[str]:
        """The names in `Hint("name")`, `Label(span, "name")`, `Phrase("name")`, and in `hint="name"` of a refusal."""
        found: set[str] = set()
        position = 1 if kind == "Label" else 0
        for call in self.calls:
            if _callee(call) == kind:
                values = call.args[position : position + 1]
            else:
                values = [word.value for word in call.keywords if kind == "Hint" and word.arg == "hint"]
            found.update(text for value in values for text in self.texts(value))
        return found - {""}

    def texts(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> set[str]:
        """The texts that an expression may be: a constant, one of two, an entry of a table, a variable."""
        match node:
            case ast.Constant(value=str(value)):
                return {value}
            case ast.IfExp():
                return self.texts(node.body, seen) | self.texts(node.orelse, seen)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)):
                return {text for value in self.tables.get(name, ()) for text in self.texts(value, seen)}
            case ast.Name(id=name) if name not in seen:
                values = self.variables.get(name, ())
                return {text for value in values for text in self.texts(value, seen | {name})}
        return set()

    def words(self, call: ast.Call) -> set[str]:
        """The words that a call gives to the message."""
        name = _callee(call)
        # the place comes before the words
        if name in ("Diagnostic", "remark") or (name == "report" and not call.keywords):
            return self.keys(call.args[2]) if len(call.args) > 2 else set()
        if name == "Remark":  # the elaborator knows the step and what it makes
            return self.keys(call.args[1]) | {"step", "type"}
        found: set[str] = set()
        refusal = name in ("refuse", "ShapeFault")
        for word in call.keywords:
            if word.arg is None:
                found |= self.keys(word.value)
            elif word.arg not in (OF_REFUSALS if refusal else NO_WORDS):
                found.add(word.arg)
        if refusal:
            found |= BY_EXPLAIN | ({"verb"} if "sign" in found else set())
            if any(word.arg == "input" for word in call.keywords):
                found |= {"input_name", "input_line"}
        return found

    def keys(self, value: ast.expr) -> set[str]:
        """The keys of a dictionary: written there, in a variable of the function, or within `dict(…)`."""
        match value:
            case ast.Dict():
                keys = {key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
                return keys.union(*(self.keys(item) for key, item in zip(value.keys, value.values) if key is None))
            case ast.Call(func=ast.Name(id="dict"), args=[inner]):
                return self.keys(inner)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.keys(left) | self.keys(right)
            case ast.Name(id=name):
                found = [self.keys(item) for item in self.variables.get(name, ())]
                return set.intersection(*found) if found else set()
        return set()


def _callee(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
