"""Which layers the sections of a file read."""

from __future__ import annotations

from typing import Any

from netspec.elaborate.program import Program
from netspec.syntax import tree


def labels_read(program: Program, net: str) -> frozenset[str]:
    """Every name that a data, train or figure section mentions; a layer among them counts as read."""
    found: set[str] = set()
    for section in program.main.sections:
        pending: list[Any] = []
        for setting in section.settings:
            found.add(setting.key[0])
            pending.append(setting.value)
        while pending:
            value = pending.pop()
            match value:
                case tree.Ref():
                    found.add(value.path[0])
                case tree.Call():
                    pending += [arg.value for arg in value.args]
                case tree.Chain() | tree.List():
                    pending += value.items
                case tree.Group():
                    pending.append(value.chain)
                case tree.Binary():
                    pending += [value.left, value.right]
                case tree.Negative():
                    pending.append(value.value)
    return frozenset(found)
