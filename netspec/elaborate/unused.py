"""What a file declares: names that nothing uses, `default` lines that reach no step or name none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.lookup import unknown_step
from netspec.elaborate.options import Given, Source, option_of, plural
from netspec.elaborate.program import Definition, Program, built_in
from netspec.ops.registry import operation, step_names
from netspec.source import Span
from netspec.syntax import tree


def unused_names(program: Program) -> Iterator[Diagnostic]:
    """NS250 for every size, list or step that a file of its own gives a name and never uses."""
    unit = program.main
    for definition in unit.own.values():
        body = definition.body
        declared = [param.name for param in body.params or ()]
        declared += [line.name for line in body.statements if isinstance(line, tree.Let)]
        wanted = {name.text for name in declared}
        unread = _without(wanted, (body.params, body.statements))
        if body.kind == "net":
            unread = _without(unread, unit.sections)
        for name in declared:
            if name.text in unread and name.text not in unit.unread:
                yield Diagnostic("NS250", Span(unit.source, *name.at), {"name": name.text}, severity="warning")


def idle_defaults(program: Program) -> Iterator[Diagnostic]:
    """NS254 for a `default` of the file that stands below every body it could reach."""
    unit = program.main
    last = max((definition.body.at[0] for definition in unit.own.values()), default=0)
    if not unit.own:
        return
    for default in unit.defaults:
        if default.at[0] > last:
            words = {"step": default.target.text}
            yield Diagnostic("NS254", Span(unit.source, *default.at), words, severity="warning")


def _without(names: set[str], syntax: Any) -> set[str]:
    """Those of `names` that a piece of syntax does not mention, labels and keys of settings aside."""
    left = set(names)
    for value in tree.walk(syntax):
        if isinstance(value, (tree.Ref, tree.Call, tree.Indexed)):
            left.discard(value.path[0])
    return left


_NOUNS = ("perceptrons", "filters")


def check_defaults(program: Program) -> Iterator[Diagnostic]:
    """The `default` lines of the main file: a step that exists, and options that it has."""
    unit = program.main
    owners = list(unit.own.values())
    lines = [(owners[0], line) for line in unit.defaults if owners]
    lines += [(owner, line) for owner in owners for line in owner.body.statements if isinstance(line, tree.Default)]
    for owner, line in lines:
        try:
            _check(owner, line)
        except Fault as error:
            yield error.diagnostic
        except Undefined:
            continue


def _check(owner: Definition, line: tree.Default) -> None:
    env = Environment(owner)
    name = plural(line.target.text)
    if owner.unit.find(name) is not None or built_in(name) is not None:
        raise fault(env, line.target.at, "NS251", name=name)
    if name not in _NOUNS and name not in step_names():
        if name in owner.unit.unread:
            raise Undefined
        raise unknown_step(name, line.target.at, env, step_names())
    if name in ("same", "reversed"):
        raise fault(env, line.target.at, "NS251", name=name)
    source = Source(line.args, env, True)
    for position, arg in enumerate(line.args):
        option_of(operation(name), arg, position, source, Given())
