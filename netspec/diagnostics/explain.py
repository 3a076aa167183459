"""A code of the catalogue -> a page: what it means, a wrong example and what is said of it, a right one."""

from __future__ import annotations

from textwrap import indent

from netspec.diagnostics.catalogue import Language, entries

_HEADS: dict[str, dict[Language, str]] = {
    "wrong": {"en": "Wrong:", "ko": "틀린 예:"},
    "right": {"en": "Right:", "ko": "옳은 예:"},
}


def explained(code: str, language: Language) -> str:
    """The page of one code."""
    entry = entries()[code]
    parts = [f"{code}: {entry['title'][language]}"]
    for name in ("about", "situation"):
        if name in entry:
            parts.append(str(entry[name][language]))
    for name in ("wrong", "right"):
        if name in entry:
            parts.append(f"{_HEADS[name][language]}\n\n{indent(str(entry[name]).strip(), '    ')}")
    return "\n\n".join(parts)


def index(language: Language) -> str:
    """All codes with their titles."""
    rows = [(code, entry["title"][language]) for code, entry in sorted(entries().items()) if code != "shared"]
    return "\n".join(f"{code}  {title}" for code, title in rows)
