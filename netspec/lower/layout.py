"""Statements -> lines of at most 100 columns, broken where ruff and black break them."""

from __future__ import annotations

import re
import textwrap

WIDTH = 100


def docstring(text: str, indent: str) -> str:
    """A docstring that says exactly `text`, whatever is in it."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    safe = "".join(char if char == "\n" or char.isprintable() else f"\\u{ord(char):04x}" for char in safe)
    if safe.endswith('"'):
        safe = safe[:-1] + '\\"'
    lines = safe.split("\n")
    if len(lines) == 1:
        return f'{indent}"""{safe}."""' if not safe.endswith((".", "!", "?")) else f'{indent}"""{safe}"""'
    body = [f"{indent}{line}" if line else "" for line in lines[1:]]
    return "\n".join([f'{indent}"""{lines[0]}', *body, f'{indent}"""'])


def comment(text: str, indent: str) -> list[str]:
    """A comment, wrapped; each line begins with `# `."""
    plain = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[2:])
    rows = textwrap.wrap(plain, WIDTH - len(indent) - 2, break_long_words=True, break_on_hyphens=False)
    return [f"{indent}# {row}" for row in rows] or [f"{indent}#"]


def statement(text: str, indent: str) -> list[str]:
    """One logical line; what is too long is opened at its last bracket, then an item a line."""
    if len(indent) + len(text) <= WIDTH:
        return [indent + text]
    inner = indent + "    "
    run = _run(text)
    if run is not None:
        head, terms = run
        whole = inner + " ".join(terms)
        rows = [whole] if len(whole) <= WIDTH else [row for term in terms for row in statement(term, inner)]
        return [f"{indent}{head}(", *rows, f"{indent})"]
    opened = _open(text)
    if opened is None:
        return [indent + text]
    head, inside, tail = opened
    if len(inner) + len(inside) <= WIDTH:
        return [indent + head, inner + inside, indent + tail]
    lines = [indent + head]
    for item in _items(inside):
        lines += statement(item + ",", inner)
    return [*lines, indent + tail]


def _run(text: str) -> tuple[str, list[str]] | None:
    """An assignment or a return of several sums or products: `y = `, and the terms, each with its sign before it."""
    found = re.match(r"(?:return |[^\W\d][\w.]*(?:: \w+)? = )(?=.)", text)
    if found is None:
        return None
    value = text[found.end() :]
    places = [(at, value[at + 1]) for at in _outermost(value, " ") if re.match(r" [-+*/@%] ", value[at:])]
    sums = [at for at, sign in places if sign in "+-"] or [at for at, _ in places]
    if len(sums) < 2:
        return None
    ends = [*sums, len(value)]
    return found[0], [value[begin:end].strip() for begin, end in zip([0, *sums], ends, strict=True)]


def _is_definition(text: str) -> bool:
    return text.startswith(("def ", "class "))


def _open(text: str) -> tuple[str, str, str] | None:
    """The bracket to open: a definition's arguments, else the last outermost one of the right-hand side."""
    level = 0
    begin = end = -1
    quoted = ""
    for position, char in enumerate(text):
        if quoted:
            if char == quoted and text[position - 1] != "\\":
                quoted = ""
        elif char in "\"'":
            quoted = char
        elif char in "([{":
            if level == 0:
                begin = position
            level += 1
        elif char in ")]}":
            level -= 1
            if level == 0:
                end = position
                if _is_definition(text):
                    break
    if begin < 0 or end < begin + 2:
        return None
    inside = text[begin + 1 : end]
    alone = not text[:begin][-1:].isalnum() and len(_items(inside)) == 1
    return text[: begin + 1], inside if alone else inside.rstrip(","), text[end:]


def _items(text: str) -> list[str]:
    """The items of a bracket's inside, split at its outermost commas."""
    ends = [*_outermost(text, ","), len(text)]
    items = [text[begin:end].strip() for begin, end in zip([0, *(end + 1 for end in ends)], ends, strict=False)]
    return [*items[:-1], *(item for item in items[-1:] if item)]


def _outermost(text: str, wanted: str) -> list[int]:
    """Where a character stands outside all brackets and quotes."""
    found: list[int] = []
    level = 0
    quoted = ""
    for position, char in enumerate(text):
        if quoted:
            if char == quoted and text[position - 1] != "\\":
                quoted = ""
        elif char in "\"'":
            quoted = char
        elif char in "([{":
            level += 1
        elif char in ")]}":
            level -= 1
        elif char == wanted and level == 0:
            found.append(position)
    return found
