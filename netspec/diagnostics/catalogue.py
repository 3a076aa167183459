"""The catalogue: the texts of every code in English and in Korean, read from `catalogue/*.toml` when needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from netspec.diagnostics.display import safe

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


class Phrase(NamedTuple):
    """A word that reads differently in each language: an entry of the catalogue's phrases."""

    name: str


class Quoted(NamedTuple):
    """Words of a spec or of the language itself, shown `like this`; several are joined by commas."""

    words: tuple[str, ...]


Word = str | int | float | Phrase | Quoted | tuple[Phrase | str, ...]
Words = Mapping[str, Word]
NO_WORDS: Words = {}


@lru_cache(maxsize=1)
def entries() -> dict[str, dict[str, Any]]:
    """Every entry by its code; `shared` holds the hints that many codes use."""
    import tomllib  # both imports take longer than the check of a small spec that is right
    from importlib.resources import files

    found: dict[str, dict[str, Any]] = {}
    folder = files("netspec.diagnostics") / "catalogue"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if code in found:
                    raise LookupError(f"{code} stands twice in the catalogue")
                found[code] = entry
    return found


def message(code: str, words: Words, language: Language) -> str:
    """The one-line message of a code."""
    return fill(str(entries()[code][language]), words, language)


def text_of(code: str, kind: Literal["labels", "hints"], name: str, words: Words, language: Language) -> str:
    """A label or hint of a code, or one that is shared."""
    table = entries()
    own = table[code].get(kind, {})
    entry = own[name] if name in own else table["shared"][kind][name]
    return fill(str(entry[language]), words, language)


def help_of(code: str, words: Words, language: Language) -> str:
    """What helps against a code in general, for where its site has no hint of its own; may be empty."""
    entry = entries()[code].get("help")
    return "" if entry is None else fill(str(entry[language]), words, language)


_FIELD = re.compile(r"\{(\w*)(?::(\w+))?\}")


def fill(template: str, words: Words, language: Language) -> str:
    """Puts words into `{name}`. `{name:을}` in Korean adds the particle that fits the word's end; `{:을}` is
    the particle alone, for what stands before it: `` `{name}`{:을} ``."""
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


def word(value: Word, language: Language) -> str:
    """One word of a message as it is shown."""
    if isinstance(value, Phrase):
        return str(entries()["shared"]["phrases"][value.name][language])
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
# how digits and Latin words end when they are read aloud in Korean: 팔, 엘, 놈, 패딩, 스텝, 블록;
# compiled when a Korean message needs them
_LAST = r"[가-힣]|\d|[A-Za-z]+(?=[^A-Za-z]*$)"
_CLOSED = r"[013678]|[lmn]|r|[B-DF-HJ-NP-TV-Z]*[LMNR]|.*(?:[lmn]e?|ng|[aeiou](?:[bcpt]|c?k))"
_LIQUID = r"[178]|[lr]|[B-DF-HJ-NP-TV-Z]*[LR]|.*le?"


def particle(word: str, wanted: str) -> str:
    """은/는, 이/가, 을/를, 과/와, 으로/로: by whether the last sound of `word` is closed."""
    closed, open_ = _PARTICLES[wanted]
    end = word.rsplit(maxsplit=1)[-1] if word.strip() else ""
    sounds = re.findall(_LAST, end)
    if not sounds:  # a sign: 괄호, 등호, 화살표, but 쌍점
        return closed if ":" in end else open_
    last = sounds[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        is_closed, liquid = final > 0, final == 8
    else:
        is_closed, liquid = bool(re.fullmatch(_CLOSED, last)), bool(re.fullmatch(_LIQUID, last))
    return closed if is_closed and not (liquid and closed == "으로") else open_


# ---- the page of a code: `netspec explain`

_HEADS: dict[str, dict[Language, str]] = {
    "says": {"en": "What is said:", "ko": "나오는 말:"},
    "help": {"en": "What helps:", "ko": "도움말:"},
    "wrong": {"en": "Wrong:", "ko": "틀린 예:"},
    "right": {"en": "Right:", "ko": "옳은 예:"},
}
_ANY_FIELD = r"\{\w*(?::\w+)?\}"


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
    from textwrap import indent  # late: only `explain` needs it

    return f"{_HEADS[head][language]}\n\n{indent(text.strip(), '    ')}"


def _pattern(template: str) -> str:
    """A message whose words are not known yet."""
    return re.sub(_ANY_FIELD, lambda field: "" if field[0].startswith("{:") else "…", template)


def index(language: Language) -> str:
    """All codes with their titles."""
    rows = [(code, entry["title"][language]) for code, entry in sorted(entries().items()) if code != "shared"]
    return "\n".join(f"{code}  {title}" for code, title in rows)
