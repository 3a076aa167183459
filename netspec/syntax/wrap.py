"""A chain item that is wider than a line -> the pieces it may be broken into, each to stand on one line."""

from __future__ import annotations

from netspec.diagnostics.display import width
from netspec.syntax import tree
from netspec.syntax.expression import TIGHT, repeat_head, value_text


def pieces(value: tree.Value, room: int) -> list[str]:
    """The text in pieces of at most `room` columns where it can be: broken at `&` and `+`, then inside what is left.

    A piece after the first begins with a sign that continues a line: `->`, `&` or `+`.
    """
    text = value_text(value)
    if width(text) <= room:
        return [text]
    match value:
        case tree.Chain():
            return _chain(value, room)
        case tree.Join():
            return _signed(value.parts, "&", room)
        case tree.Binary():
            return _binary(value, room)
        case tree.Group():
            return _enclosed("(", _chain(value.chain, room), ")")
        case tree.Repeat():
            return _enclosed(repeat_head(value) + " { ", _chain(value.chain, room), " }")
    return [text]


def filled(first: str, parts: list[str], indent: str, limit: int, tail: int = 0) -> list[str]:
    """Lines that hold the pieces one after another, each line as full as may be; the last leaves room for a tail."""
    lines = [first]
    for position, part in enumerate(parts, 1):
        room = limit - (tail if position == len(parts) else 0)
        if width(lines[-1]) + 1 + width(part) <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(indent + part)
    return lines


def _chain(chain: tree.Chain, room: int) -> list[str]:
    return _signed(chain.items, "->", room)


def _signed(values: tuple[tree.Value, ...], sign: str, room: int) -> list[str]:
    found = pieces(values[0], room)
    for value in values[1:]:
        first, *rest = pieces(value, room - len(sign) - 1)
        found += [f"{sign} {first}", *rest]
    return found


def _enclosed(before: str, inner: list[str], after: str) -> list[str]:
    return [before + inner[0], *inner[1:-1], inner[-1] + after] if len(inner) > 1 else [before + inner[0] + after]


def _binary(value: tree.Binary, room: int) -> list[str]:
    """A line may begin with `+` alone of all operators; a product or difference is broken inside its operands."""
    operands: list[tuple[str, tree.Value]] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        operands.append((current.op, current.right))
        current = current.left
    found = pieces(current, room)
    for op, operand in reversed(operands):
        first, *rest = pieces(operand, room - 2)
        if op == "+":
            found.append(f"+ {first}")
        else:
            found[-1] += f"{op}{first}" if op in TIGHT else f" {op} {first}"
        found += rest
    return found
