"""Brackets in the expressions of textbook equations."""

from __future__ import annotations

_BINDS = {"&": 0, "+": 1, "-": 1, "*": 2, "/": 2}


def binds(text: str) -> int:
    """Return the precedence of an expression: that of its weakest operator, or 3 for a name or a call."""
    depth, weakest = 0, 3
    for before, sign, after in zip(text, text[1:], text[2:]):
        depth += (before in "([") - (before in ")]")
        if depth == 0 and before == after == " ":
            weakest = min(weakest, _BINDS.get(sign, 3))
    return weakest


def factor(text: str) -> str:
    """Return an expression for use as a factor: in brackets, unless it is a name or a call."""
    return text if binds(text) > 2 else f"({text})"


def joined(sign: str, parts: list[str]) -> str:
    """Join expressions by an operator, with brackets only where precedence requires them: `f * c + i * g`."""
    own = _BINDS[sign]
    shown = [
        f"({part})" if binds(part) < own or (sign in "-/" and place and binds(part) == own) else part
        for place, part in enumerate(parts)
    ]
    return f" {sign} ".join(shown)
