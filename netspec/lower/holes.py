"""Code with holes: text in which each value stands as a mark, so that instances of a block can share a class.

A mark is `\\x02n\\x03`; `n` counts the draft's values. A keyword argument is one mark with its comma and name
(`, stride=2`), because it vanishes where all instances have the default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from netspec.ir.operation import Argument

MARK = re.compile("\x02(\\d+)\x03")
WIDTH = 4  # what a value counts for where lines are broken: the same for every instance


@dataclass(frozen=True, slots=True)
class Hole:
    """One value in the code of a draft."""

    value: Argument
    keyword: str = ""  # `stride`: written as `, stride=2`
    default: Argument = None
    stored: bool = False  # used in forward: a varying value becomes an attribute

    @property
    def shape(self) -> tuple[object, ...]:
        """What must agree for two holes to be filled by one parameter."""
        kind = "number" if isinstance(self.value, int | float) and not isinstance(self.value, bool) else "other"
        return (self.keyword, kind if kind == "number" else repr(self.value), repr(self.default), self.stored)


class Holes:
    """Collects the values of a draft and hands out their marks."""

    def __init__(self) -> None:
        self.items: list[Hole] = []

    def put(self, value: Argument, *, stored: bool = False) -> str:
        self.items.append(Hole(value, stored=stored))
        return f"\x02{len(self.items) - 1}\x03"

    def keyword(self, name: str, value: Argument, default: Argument) -> str:
        self.items.append(Hole(value, name, default))
        return f"\x02{len(self.items) - 1}\x03"


def code_width(code: str) -> int:
    """The length of code with each mark counted as WIDTH."""
    return len(MARK.sub("0" * WIDTH, code))


def literal(value: Argument) -> str:
    """A value as Python source: numbers, booleans, None, strings of a spec, tuples of these."""
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return repr(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return '"' + ascii(value)[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    raise TypeError(f"no literal for {type(value).__name__}")


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return repr(value)
