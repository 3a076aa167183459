"""Reads the catalogue: `catalogue/*.toml` has the texts of every code in English and in Korean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from netspec.diagnostics.display import safe

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


class Phrase(NamedTuple):
    """A word of a message that is translated: the name of a phrase of the catalogue."""

    name: str


class Quoted(NamedTuple):
    """Words of a spec or of the netspec language, which messages show `like this`; several are joined by commas."""

    words: tuple[str, ...]


Word = str | int | float | Phrase | Quoted | tuple[Phrase | str, ...]
Words = Mapping[str, Word]
NO_WORDS: Words = {}


_FOLDER = Path(__file__).with_name("catalogue")
_CODE = re.compile(r"^\[(NS\d{3}|shared)\b", re.MULTILINE)


@cache
def _texts() -> dict[str, str]:
    """Return the part of the catalogue that each code has, as TOML: a message needs few of them read."""
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        starts = [*_CODE.finditer(text)]
        for here, following in zip(starts, [*(match.start() for match in starts[1:]), len(text)]):
            found[here[1]] = found.get(here[1], "") + text[here.start() : following]
    return found


@cache
def entry_of(code: str) -> dict[str, Any]:
    """Return the entry of a code; the entry `shared` has the texts that many codes use. Raises KeyError."""
    import tomllib  # late, since the import takes longer than to check a small correct spec

    entry: dict[str, Any] = tomllib.loads(_texts()[code])[code]
    return entry


def entries() -> dict[str, dict[str, Any]]:
    """Return every entry of the catalogue by its code."""
    return {code: entry_of(code) for code in _texts()}


def message(code: str, words: Words, language: Language) -> str:
    """Return the message of a code, which is one line."""
    return fill(str(entry_of(code)[language]), words, language)


def text_of(code: str, kind: Literal["labels", "hints"], name: str, words: Words, language: Language) -> str:
    """Return the text of a label or hint: that of the code if it has one of this name, else the shared one."""
    own = entry_of(code).get(kind, {})
    entry = own[name] if name in own else entry_of("shared")[kind][name]
    return fill(str(entry[language]), words, language)


def help_of(code: str, words: Words, language: Language) -> str:
    """Return the general help for a code, shown if the diagnostic has no hint of its own; it may be empty."""
    entry = entry_of(code).get("help")
    return "" if entry is None else fill(str(entry[language]), words, language)


_FIELD = re.compile(r"\{(\w*)(?::(\w+))?\}")


def fill(template: str, words: Words, language: Language) -> str:
    """Replace each `{name}` in a template by the word of that name.

    In Korean, `{name:을}` also adds the particle that fits the end of the word. `{:을}` adds only the particle;
    it fits the text before it, as in `` `{name}`{:을} ``.
    """
    text = ""
    end = 0
    for match in _FIELD.finditer(template):
        text += template[end : match.start()]
        end = match.end()
        if match[1]:
            text += word(words[match[1]], language)
        if match[2]:
            text += particle(text, match[2])
    return text + template[end:]


def phrase(name: str, language: Language, /, **words: Word) -> str:
    """Return a text that belongs to no code: a word of several messages, or a line such as those of `netspec train`."""
    return fill(str(entry_of("shared")["phrases"][name][language]), words, language)


def word(value: Word, language: Language) -> str:
    """Return one word of a message as the message shows it."""
    if isinstance(value, Phrase):
        return phrase(value.name, language)
    if isinstance(value, Quoted):
        return ", ".join(f"`{safe(item)}`" for item in value.words)
    if isinstance(value, tuple):
        return ", ".join(word(item, language) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return safe(str(value))


_PARTICLES = {
    "은": ("은", "는"), "는": ("은", "는"), "이": ("이", "가"), "가": ("이", "가"), "을": ("을", "를"),
    "를": ("을", "를"), "과": ("과", "와"), "와": ("과", "와"), "으로": ("으로", "로"), "로": ("으로", "로"),
    "이라": ("이라", "라"), "이거나": ("이거나", "거나"), "이어야": ("이어야", "여야"),
}  # fmt: skip
# Patterns for the last sound of digits and Latin words when they are read aloud in Korean (팔, 엘, 놈, 패딩, 스텝,
# 블록). They are texts, and compiled only when a Korean message needs them.
_LAST = r"[가-힣]|\d|[A-Za-z]+(?=[^A-Za-z]*$)"
_CLOSED = r"[013678]|[lmn]|r|[B-DF-HJ-NP-TV-Z]*[LMNR]|.*(?:[lmn]e?|ng|[aeiou](?:[bcpt]|c?k))"
_LIQUID = r"[178]|[lr]|[B-DF-HJ-NP-TV-Z]*[LR]|.*le?"


def particle(word: str, wanted: str) -> str:
    """Return the form of a Korean particle (은/는, 이/가, 을/를, 과/와, 으로/로) that fits the last sound of `word`."""
    closed, open_ = _PARTICLES[wanted]
    end = word.rsplit(maxsplit=1)[-1] if word.strip() else ""
    sounds = re.findall(_LAST, end)
    if not sounds:  # only a sign: most names of signs end open (괄호, 등호, 화살표), but not 쌍점 and 쌍반점 (colons)
        return closed if ":" in end or ";" in end else open_
    last = sounds[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        is_closed, liquid = final > 0, final == 8
    else:
        is_closed, liquid = bool(re.fullmatch(_CLOSED, last)), bool(re.fullmatch(_LIQUID, last))
    return closed if is_closed and not (liquid and closed == "으로") else open_


# ---- the page of a code: `netspec explain`

_ANY_FIELD = r"\{\w*(?::\w+)?\}"


def explained(code: str, language: Language, said: str = "") -> str:
    """Return the page of one code.

    `said` is what netspec reports for the wrong example; if it is empty, the page shows the pattern of the message.
    """
    entry = entry_of(code)
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
    from textwrap import indent  # late, since only `netspec explain` needs it

    return f"{phrase(f'page {head}', language)}\n\n{indent(text.strip(), '    ')}"


def _pattern(template: str) -> str:
    """Return a message in which `…` stands for each word, since the words are not known."""
    return re.sub(_ANY_FIELD, lambda field: "" if field[0].startswith("{:") else "…", template)


def index(language: Language) -> str:
    """Return a list of all codes with their titles, one on each line."""
    rows = [(code, entry["title"][language]) for code, entry in sorted(entries().items()) if code != "shared"]
    return "\n".join(f"{code}  {title}" for code, title in rows)
