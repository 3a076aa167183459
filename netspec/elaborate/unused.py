"""The parameters and `let` names of a file that nothing uses: each a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic
from netspec.elaborate.program import Program
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
            if name.text in unread and name.text not in unit.poisoned:
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
    pending: list[Any] = [syntax]
    while pending and left:
        value = pending.pop()
        if isinstance(value, (tuple, list)):
            pending += value
        elif isinstance(value, tree.Syntax):
            if isinstance(value, (tree.Ref, tree.Call, tree.Indexed)):
                left.discard(value.path[0])
            pending += [getattr(value, field) for field in value._said]
    return left
