"""Expressions of textbook equations: what needs brackets beside an operator."""

from __future__ import annotations

_BINDS = {"&": 0, "+": 1, "-": 1, "*": 2}


def binds(text: str) -> int:
    """How strongly an expression holds together: 3 for a name or call, else as its weakest operator."""
    depth, weakest = 0, 3
    for before, sign, after in zip(text, text[1:], text[2:]):
        depth += (before in "([") - (before in ")]")
        if depth == 0 and before == after == " ":
            weakest = min(weakest, _BINDS.get(sign, 3))
    return weakest


def factor(text: str) -> str:
    """An expression behind a weight: in brackets, unless it is a name or a call."""
    return text if binds(text) > 2 else f"({text})"


def joined(sign: str, parts: list[str]) -> str:
    """`f * c + i * g`: brackets only where something weaker stands beside the sign, or behind a minus."""
    own = _BINDS[sign]
    shown = [
        f"({part})" if binds(part) < own or (sign == "-" and place and binds(part) == own) else part
        for place, part in enumerate(parts)
    ]
    return f" {sign} ".join(shown)
