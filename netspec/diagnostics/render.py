"""Diagnostics -> text for people (with excerpt and carets), one line each, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.catalogue import help_of, message, text_of
from netspec.diagnostics.display import safe, width
from netspec.diagnostics.model import Diagnostic, Label, Language
from netspec.source import SourceFile, Span

# More than this helps nobody; the last line says how many are left.
MAX_SHOWN = 50
MAX_WIDTH = 160


@dataclass(frozen=True)
class Style:
    """Escape sequences of a terminal; empty where colours are off."""

    error: str = ""
    warning: str = ""
    bold: str = ""
    dim: str = ""
    help: str = ""
    reset: str = ""


PLAIN = Style()
COLOURED = Style("\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[34m", "\x1b[36m", "\x1b[0m")

_WORDS: dict[str, dict[Language, str]] = {
    "error": {"en": "error", "ko": "오류"},
    "warning": {"en": "warning", "ko": "경고"},
    "help": {"en": "help", "ko": "도움말"},
    "more": {"en": "{count} more not shown", "ko": "{count}개를 더 표시하지 않았습니다"},
}


def plain(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    return text(diagnostics, language, PLAIN)


def text(diagnostics: Iterable[Diagnostic], language: Language = "en", style: Style = PLAIN) -> str:
    """The long form: message, places with carets, help."""
    rows = list(diagnostics)
    parts = [_one(diagnostic, language, style) for diagnostic in rows[:MAX_SHOWN]]
    if len(rows) > MAX_SHOWN:
        parts.append(_WORDS["more"][language].format(count=len(rows) - MAX_SHOWN))
    return "\n\n".join(parts)


def concise(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    """One line a diagnostic: `file:line:column: error[NS201]: message`."""
    lines = []
    for diagnostic in diagnostics:
        place = "" if diagnostic.span is None else f"{safe(str(diagnostic.span))}: "
        kind = _WORDS[diagnostic.severity][language]
        lines.append(f"{place}{kind}[{diagnostic.code}]: {_message(diagnostic, language)}")
    return "\n".join(lines)


def as_json(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    """A JSON list; lines and columns are 1-based, ends exclusive."""
    return json.dumps([as_dict(diagnostic, language) for diagnostic in diagnostics], ensure_ascii=False, indent=2)


def as_dict(diagnostic: Diagnostic, language: Language = "en") -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": _message(diagnostic, language),
        "place": _place(diagnostic.span),
        "labels": [
            {"place": _place(label.span), "text": _label(diagnostic, label, language)} for label in diagnostic.labels
        ],
        "help": help_lines(diagnostic, language),
        "fixes": [{"place": _place(fix.span), "replacement": fix.replacement} for fix in diagnostic.fixes],
    }


def _place(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _message(diagnostic: Diagnostic, language: Language) -> str:
    return message(diagnostic.code, diagnostic.words, language)


def _label(diagnostic: Diagnostic, label: Label, language: Language) -> str:
    if not label.text:
        return ""
    return text_of(diagnostic.code, "labels", label.text, {**diagnostic.words, **label.words}, language)


def help_lines(diagnostic: Diagnostic, language: Language) -> list[str]:
    """What helps: what its place says, else what helps with its code in general; examples come first, how often it
    holds comes last."""
    examples: list[str] = []
    hints: list[str] = []
    counts: list[str] = []
    for hint in diagnostic.hints:
        text = text_of(diagnostic.code, "hints", hint.text, {**diagnostic.words, **hint.words}, language)
        (examples if hint.text == "witness" else counts if hint.text == "more" else hints).append(text)
    general = help_of(diagnostic.code, diagnostic.words, language)
    return examples + (hints or [general] * bool(general)) + counts


def _one(diagnostic: Diagnostic, language: Language, style: Style) -> str:
    colour = style.error if diagnostic.severity == "error" else style.warning
    kind = _WORDS[diagnostic.severity][language]
    lines = [
        f"{colour}{kind}[{diagnostic.code}]{style.reset}{style.bold}: {_message(diagnostic, language)}{style.reset}"
    ]
    if diagnostic.span is not None:
        under = "" if diagnostic.label is None else _label(diagnostic, diagnostic.label, language)
        marks = [(diagnostic.span, under, True)]
        marks += [(label.span, _label(diagnostic, label, language), False) for label in diagnostic.labels]
        lines += _excerpts(marks, colour, style)
    for hint in help_lines(diagnostic, language):
        lines.append(f"  {style.help}{_WORDS['help'][language]}:{style.reset} {hint}")
    return "\n".join(lines)


Mark = tuple[Span, str, bool]


def _excerpts(marks: list[Mark], colour: str, style: Style) -> list[str]:
    """Every marked line with its carets, file by file, the main place's file first."""
    main = marks[0][0].source
    sources: list[SourceFile] = [main]
    for span, _, _ in marks:
        if all(span.source is not source for source in sources):
            sources.append(span.source)
    gutter = max(len(str(span.line)) for span, _, _ in marks)
    lines = []
    for source in sources:
        own = [mark for mark in marks if mark[0].source is source]
        line, column = source.position(own[0][0].start)
        lines.append(f"{' ' * gutter}{style.dim}-->{style.reset} {safe(source.name)}:{line}:{column}")
        by_line: dict[int, list[Mark]] = {}
        for mark in own:
            by_line.setdefault(mark[0].line, []).append(mark)
        previous = None
        for number in sorted(by_line):
            if previous is not None and number > previous + 1:
                lines.append(f"{' ' * gutter} {style.dim}...{style.reset}")
            lines += _excerpt(source, number, by_line[number], gutter, colour, style)
            previous = number
    return lines


def _excerpt(source: SourceFile, number: int, marks: list[Mark], gutter: int, colour: str, style: Style) -> list[str]:
    raw = source.line(number)
    shift, shown = _window(raw, min(mark[0].column for mark in marks) - 1)
    bar = f"{style.dim}|{style.reset}"
    lines = [f"{style.dim}{number:>{gutter}}{style.reset} {bar} {safe(shown)}"]
    for span, under, main in sorted(marks, key=lambda mark: not mark[2]):
        begin = min(max(span.column - 1 - shift, 0), len(shown))
        length = max(1, min(span.end - span.start, len(shown) - begin))
        pad = " " * width(safe(shown[:begin]))
        caret = ("^" if main else "-") * max(1, width(safe(shown[begin : begin + length])))
        note = f" {under}" if under else ""
        paint = colour if main else style.help
        lines.append(f"{' ' * gutter} {bar} {pad}{paint}{caret}{note}{style.reset}")
    return lines


def _window(raw: str, column: int) -> tuple[int, str]:
    """The part of a long line that holds `column`: how many characters were left out, and the rest."""
    if len(raw) <= MAX_WIDTH:
        return 0, raw
    shift = max(0, min(column - MAX_WIDTH // 3, len(raw) - MAX_WIDTH))
    return shift, raw[shift : shift + MAX_WIDTH]
