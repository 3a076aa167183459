"""Which nets and blocks a body calls, by name."""

from __future__ import annotations

from typing import Any

from netspec.elaborate.program import Definition
from netspec.syntax import tree


def used_names(definition: Definition) -> set[str]:
    """Every name that could be a call in the chains of a body."""
    found: set[str] = set()
    pending: list[Any] = [
        line.chain for line in definition.body.statements if isinstance(line, (tree.Layer, tree.Start))
    ]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                found.add(value.name)
            case tree.Call():
                found.add(value.name)
                pending += [arg.value for arg in value.args]
            case tree.Chain():
                pending += value.items
            case tree.Group() | tree.Repeat():
                pending.append(value.chain)
            case tree.Binary():
                pending += [value.left, value.right]
            case tree.Join() | tree.Several():
                pending += value.parts
    return found
