"""The catalogue: every code's texts in English and in Korean, read from `catalogue/*.toml` when needed."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from netspec.diagnostics.display import safe
from netspec.diagnostics.model import Phrase, Quoted, Word, Words

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


@lru_cache(maxsize=1)
def entries() -> dict[str, dict[str, Any]]:
    """Every entry by its code; `shared` holds the hints that many codes use."""
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


_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


def fill(template: str, words: Words, language: Language) -> str:
    """Puts words into `{name}`; `{name:을}` in Korean adds the particle that fits the word's end."""

    def put(match: re.Match[str]) -> str:
        text = word(words[match[1]], language)
        return text + particle(text, match[2]) if match[2] else text

    return _FIELD.sub(put, template)


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
    "이라": ("이라", "라"), "라": ("이라", "라"),
}  # fmt: skip
# how a digit or a Latin letter ends when it is read aloud in Korean
_CLOSED_DIGITS = "013678"
_CLOSED_LETTERS = "lmnrLMNR"


def particle(word: str, wanted: str) -> str:
    """은/는, 이/가, 을/를, 과/와, 으로/로: by whether the last sound of `word` is closed."""
    closed, open_ = _PARTICLES[wanted]
    letters = [character for character in word if character.isalnum()]
    if not letters:
        return open_
    last = letters[-1]
    if "가" <= last <= "힣":
        jongseong = (ord(last) - ord("가")) % 28
        if closed == "으로" and jongseong == 8:  # ㄹ
            return open_
        return closed if jongseong else open_
    if closed == "으로" and last in "178lrLR":
        return open_
    return closed if last in _CLOSED_DIGITS or last in _CLOSED_LETTERS else open_
