"""The tables of the sections (sources, steps, losses, metrics, optimizers, schedules) -> one page, in one language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from docs.fences import DOCS
from netspec.config.entries import Entry
from netspec.config.vocabulary.losses import LOSSES
from netspec.config.vocabulary.metrics import METRICS
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES
from netspec.config.vocabulary.sources import SOURCES
from netspec.config.vocabulary.steps import STEPS
from netspec.figure.backends import WRITERS
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS
from netspec.ir.operation import Option

TABLES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Sources: `source = …`", "데이터 출처: `source = …`", SOURCES),
    ("Steps of fields", "필드의 단계", STEPS),
    ("Losses: `loss = …`", "손실함수: `loss = …`", LOSSES),
    ("Metrics: `metrics = […]`", "평가 지표: `metrics = […]`", METRICS),
    ("Optimizers: `optimizer = …`", "최적화 방법: `optimizer = …`", OPTIMIZERS),
    ("Schedules: `schedule = …`", "학습률 일정: `schedule = …`", SCHEDULES),
)

FIGURES: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("Views of figures: `view = …`", "그림의 보기: `view = …`", VIEWS),
    ("Themes of figures: `theme = …`", "그림의 테마: `theme = …`", THEMES),
    ("Formats of figures: `netspec render -o x.svg`", "그림의 형식: `netspec render -o x.svg`", WRITERS),
)


@lru_cache(maxsize=1)
def korean() -> dict[str, str]:
    """The Korean of each English text."""
    table: dict[str, str] = tomllib.loads((DOCS / "ko" / "settings.toml").read_text(encoding="utf-8"))["texts"]
    return table


def texts() -> list[str]:
    """Every English text that the page shows."""
    found = []
    for _, _, table in TABLES:
        for entry in table.values():
            found += [entry.about, *(option.about for option in entry.options().values())]
    return list(dict.fromkeys(found))


def page(language: str) -> str:
    """The page of all tables."""
    title, lead = {
        "en": (
            "# Data, training, figures",
            "Everything that `data`, `train` and `figure` sections may name. How the sections work stands in"
            " [the language](language.md); a table and images of your own in [Own data](howto/own-data.md).",
        ),
        "ko": (
            "# 데이터, 학습, 그림",
            "`data`, `train`, `figure` 절에 쓸 수 있는 모든 것입니다. 절이 어떻게 돌아가는지는 [언어](language.md)에,"
            " 내 표와 이미지를 쓰는 방법은 [내 데이터로 학습시키기](howto/own-data.md)에 있습니다.",
        ),
    }[language]
    parts = [title, lead]
    for english, own, table in TABLES:
        parts.append(f"## {own if language == 'ko' else english}")
        parts += [_entry(name, entry, language) for name, entry in table.items()]
    for english, own, figures in FIGURES:
        parts.append(f"## {own if language == 'ko' else english}")
        parts += [f"**`{name}`** {_about(thing, language)}." for name, thing in figures.items()]
    return "\n\n".join(parts) + "\n"


def _about(thing: Any, language: str) -> str:
    """What a view, a theme or a format is; English is marked where the Korean is missing."""
    return (thing.about_ko or f"{thing.about} (영어)") if language == "ko" else thing.about


def _entry(name: str, entry: type[Entry], language: str) -> str:
    example = f" `{entry.example}`" if entry.example and entry.example != name else ""
    lines = [f"**`{name}`** {_said(entry.about, language)}.{example}"]
    for option in entry.options().values():
        bounds = _bounds(option, language)
        lines.append(f"- `{option.name}{_default(option)}`{bounds}: {_said(option.about, language)}")
    return lines[0] + ("\n\n" + "\n".join(lines[1:]) if lines[1:] else "")


def _default(option: Option) -> str:
    return "" if option.required or option.default is None else f" = {_word(option.default)}"


def _bounds(option: Option, language: str) -> str:
    bounds = ((option.least, "≥"), (option.above, ">"), (option.most, "≤"))
    shown = [f"{sign} {bound:g}" for bound, sign in bounds if bound is not None]
    shown += [f"`{choice}`" for choice in option.choices]
    if option.required:
        shown.insert(0, "required" if language == "en" else "꼭 써야 함")
    return f" ({', '.join(shown)})" if shown else ""


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_word(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _said(text: str, language: str) -> str:
    said = korean().get(text, f"{text} (영어)") if language == "ko" and text else text
    return re.sub(r"(?<![`\w])(\w+\*\w+)", r"`\1`", said)
