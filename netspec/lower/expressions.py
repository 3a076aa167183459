"""Forward templates with values put in: where parentheses are needed, and where a name is."""

from __future__ import annotations

import re
from typing import NamedTuple

_SLOT = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[^\W\d]\w*\Z")

# how tightly an expression binds
NAME, CALL, UNARY, PRODUCT, SUM = range(5)


class Expr(NamedTuple):
    """A piece of source and how tightly it binds."""

    text: str
    binds: int

    @property
    def simple(self) -> bool:
        return self.binds == NAME


def binding(text: str) -> int:
    """How tightly a piece of source binds, by its operators outside all brackets."""
    if _NAME.match(text):
        return NAME
    level = 0
    found = CALL
    for position, character in enumerate(text):
        if character in "([{":
            level += 1
        elif character in ")]}":
            level -= 1
        elif level == 0 and character in "+-*/~":
            if position == 0:
                found = max(found, UNARY)
            elif text[position - 1] == " ":
                found = max(found, SUM if character in "+-" else PRODUCT)
    return found


def slots(template: str) -> list[str]:
    """The slots of a template, each as often as it stands there."""
    return _SLOT.findall(template)


def fill(template: str, values: dict[str, Expr]) -> Expr:
    """Puts expressions into a template, in parentheses where they would be read otherwise."""

    def put(match: re.Match[str]) -> str:
        value = values[match[1]]
        return f"({value.text})" if _wraps(template, match, value) else value.text

    text = _SLOT.sub(put, template)
    return Expr(text, binding(text))


def _wraps(template: str, match: re.Match[str], value: Expr) -> bool:
    if value.binds <= CALL:
        return False
    before, after = template[: match.start()].rstrip(" "), template[match.end() :]
    if after[:1] in (".", "["):
        return True
    left_open = not before or before[-1] in "(,="
    right_open = not after or after[0] in "),"
    if left_open and right_open:
        return False
    operator = before[-1:] if before[-1:] in "+-*/~" else ""
    following = after.lstrip(" ")[:1]
    if value.binds == SUM:
        # a sum may stand on the left of a sum: that is how it would be computed anyway
        return bool(operator) or following in "*/" or (following == "-" and operator != "")
    if value.binds == UNARY:
        return bool(operator)
    return operator in ("*", "/", "~") if value.binds == PRODUCT else bool(operator)
