"""Blocks that no net of the file calls -> the mistakes that no call could mend: wrong names, reads and options.

A file of blocks has no net, and what a block means is known where it is called. What can be said before is
tried with open sizes: as a net whose sizes are the block's parameters and the names in its inputs' types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault
from netspec.elaborate.arguments import argument
from netspec.elaborate.elaborate import expanded, finish
from netspec.elaborate.evaluate import Broken
from netspec.elaborate.frame import Closure, Frame
from netspec.elaborate.program import Definition, Program
from netspec.elaborate.uses import used_names
from netspec.elaborate.witness import find
from netspec.limits import Limits
from netspec.sizes import Formula
from netspec.syntax import tree

# mistakes of names and grammar: no value of a size, and nothing that flows in, makes them right
CERTAIN = frozenset(
    "NS201 NS202 NS203 NS205 NS206 NS208 NS209 NS210 NS211 NS212 NS213 NS214 NS216 NS217 NS218 NS219 NS220 NS221 NS222 "
    "NS223 NS224 NS226 NS227 NS229 NS230 NS231 NS232 NS234 NS236 NS237 NS238 NS239 NS241 NS245 NS246 NS248 NS249 NS361 "
    "NS422 NS423 NS424 NS425 NS427 NS428 NS431 NS432 NS502 NS503 NS505 NS508 NS509 NS601 NS616 NS617 NS618 NS690 NS691 "
    "NS692".split()
)


def uncalled_blocks(program: Program, limits: Limits) -> Iterator[Diagnostic]:
    """What is certainly wrong in the blocks of the main file that none of its nets calls, directly or not."""
    called: set[str] = set()
    pending = list(program.nets)
    while pending:
        for name in used_names(pending.pop()) - called:
            called.add(name)
            definition = program.main.own.get(name)
            if definition is not None:
                pending.append(definition)
    for name, definition in program.main.own.items():
        if name not in called and definition.body.kind == "block":
            yield from _tried(program, definition, limits)


def _tried(program: Program, definition: Definition, limits: Limits) -> Iterator[Diagnostic]:
    body = definition.body
    trial = Definition(
        tree.Body("net", body.name, body.params, body.caption, body.statements, body.at, body.head_at), definition.unit
    )
    root = Frame(definition.unit, trial, 0, "", "")
    try:
        names = _bound(root, trial)
    except (Fault, Broken):
        return
    expansion, frame, report = expanded(root, limits)
    if not report.failed:
        report = finish(program, trial, frame, expansion, report, frozenset())[1]
    for diagnostic in report.diagnostics:
        mentioned = set() if diagnostic.span is None else set(diagnostic.span.text.split()) & names
        certain = diagnostic.code in CERTAIN or diagnostic.code.startswith("NS1")
        if certain and diagnostic.severity == "error" and not mentioned:
            yield diagnostic


def _bound(root: Frame, definition: Definition) -> set[str]:
    """Binds every name of the block's sizes; returns those that stay open."""
    steps = used_names(definition)
    open_names: list[str] = []
    for param in definition.body.params or ():
        name = param.name.text
        if param.default is not None:
            root.env[name] = argument(param.default, None, root, definition)
        elif name in steps:  # a step of the caller's: any step that changes nothing stands for it
            identity = tree.Ref(("identity",), param.at)
            root.env[name] = Closure(tree.Chain((identity,), param.at), root)
        else:
            open_names.append(name)
    for line in definition.body.statements:
        if isinstance(line, tree.Input):
            open_names += [name for name in _sizes(line.type) if name not in root.env and name not in open_names]
    for binding in [find(open_names, root, definition.body.statements)] if open_names else []:
        if not binding:
            raise Broken
        for name in open_names:
            root.env[name] = Formula.symbol(name, tuple(values[name] for values in binding))
    return set(open_names)


def _sizes(syntax: Any) -> Iterator[str]:
    """The names in an input's type."""
    pending: list[Any] = [syntax]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending += value
        elif isinstance(value, tree.Ref):
            yield value.name
        elif isinstance(value, tree.Syntax) and not isinstance(value, tree.Name):
            pending += [getattr(value, field) for field in value._said]
