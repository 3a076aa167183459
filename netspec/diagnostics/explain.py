"""A code of the catalogue -> a page: its message, what it means and what helps, a wrong and a right example."""

from __future__ import annotations

import re
from textwrap import indent

from netspec.diagnostics.catalogue import Language, entries

_HEADS: dict[str, dict[Language, str]] = {
    "says": {"en": "What is said:", "ko": "나오는 말:"},
    "help": {"en": "What helps:", "ko": "도움말:"},
    "wrong": {"en": "Wrong:", "ko": "틀린 예:"},
    "right": {"en": "Right:", "ko": "옳은 예:"},
}
_FIELD = re.compile(r"\{\w*(?::\w+)?\}")


def explained(code: str, language: Language, said: str = "") -> str:
    """The page of one code; `said` is the report of its wrong example, the message's pattern where there is none."""
    entry = entries()[code]
    parts = [f"{code}: {entry['title'][language]}"]
    parts += [str(entry[name][language]) for name in ("about", "situation") if name in entry]
    if "wrong" in entry:
        parts.append(_block("wrong", str(entry["wrong"]), language))
    parts.append(_block("says", said or _pattern(entry[language]), language))
    if "help" in entry:
        parts.append(_block("help", _pattern(entry["help"][language]), language))
    if "right" in entry:
        parts.append(_block("right", str(entry["right"]), language))
    return "\n\n".join(parts)


def _block(head: str, text: str, language: Language) -> str:
    return f"{_HEADS[head][language]}\n\n{indent(text.strip(), '    ')}"


def _pattern(template: str) -> str:
    """A message whose words are not known yet."""
    return _FIELD.sub(lambda field: "" if field[0].startswith("{:") else "…", template)


def index(language: Language) -> str:
    """All codes with their titles."""
    rows = [(code, entry["title"][language]) for code, entry in sorted(entries().items()) if code != "shared"]
    return "\n".join(f"{code}  {title}" for code, title in rows)
