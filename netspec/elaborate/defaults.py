"""`default` lines -> their mistakes: said where they stand, whether or not a step below takes them."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.model import Diagnostic, Fault
from netspec.elaborate import prelude
from netspec.elaborate.evaluate import Broken, fault
from netspec.elaborate.frame import Frame
from netspec.elaborate.options import Given, Source, option_of, plural
from netspec.elaborate.program import Definition, Program
from netspec.elaborate.suggest import unknown_step
from netspec.ops.registry import operation, step_names
from netspec.syntax import tree

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
        except Broken:
            continue


def _check(owner: Definition, line: tree.Default) -> None:
    frame = Frame(owner)
    name = plural(line.target.text)
    if owner.unit.find(name) is not None or prelude.block(name) is not None:
        raise fault(frame, line.target.at, "NS251", name=name)
    if name not in _NOUNS and name not in step_names():
        if name in owner.unit.poisoned:
            raise Broken
        raise unknown_step(name, line.target.at, frame, step_names())
    if name in ("same", "reversed"):
        raise fault(frame, line.target.at, "NS251", name=name)
    source = Source(line.args, frame, True)
    for position, arg in enumerate(line.args):
        option_of(operation(name), arg, position, source, Given())
