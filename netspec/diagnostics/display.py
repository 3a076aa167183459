"""How a text of unknown origin is shown: nothing in it acts on the terminal, and its width is known."""

from __future__ import annotations

import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe(value: str) -> str:
    """No control, direction or invisible character reaches a terminal as it is."""
    if value.isprintable() and value.isascii():
        return value
    shown = []
    for character in value:
        if character == "\t":
            shown.append("    ")
        elif character == "\u00a0":
            shown.append(" ")
        elif unicodedata.category(character) in _HIDDEN:
            shown.append(f"\\u{{{ord(character):x}}}")
        else:
            shown.append(character)
    return "".join(shown)


def width(value: str) -> int:
    """Columns a text takes on a terminal: East Asian wide characters two, combining marks none."""
    if value.isascii():
        return len(value)
    columns = 0
    for character in value:
        if unicodedata.combining(character):
            continue
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns
