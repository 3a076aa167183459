"""Defines a diagnostic (one mistake as data: code, places, words of its message, fixes), and writes it as text or JSON.

All sentences are in the catalogue, in English and in Korean. The code that finds a mistake only names them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal, NamedTuple

from netspec.diagnostics.catalogue import (
    NO_WORDS,
    Language,
    Phrase,
    Quoted,
    Word,
    Words,
    help_of,
    message,
    phrase,
    text_of,
)
from netspec.diagnostics.display import PLAIN, Style, excerpts, json_text, safe
from netspec.source import Span

__all__ = [
    "Diagnostic",
    "Fault",
    "Fix",
    "Hint",
    "Label",
    "Language",
    "Phrase",
    "Quoted",
    "Report",
    "Severity",
    "Word",
    "Words",
    "applied",
    "as_dict",
    "as_json",
    "concise",
    "fixed",
    "help_lines",
    "label_text",
    "message_text",
    "plain",
    "suggestion",
    "text",
]

Severity = Literal["error", "warning", "note"]


class Label(NamedTuple):
    """A further place that belongs to the mistake; `text` names an entry of the code's labels."""

    span: Span
    text: str = ""
    words: Words = NO_WORDS


class Hint(NamedTuple):
    """A line of help; `text` names an entry of the code's hints or of the shared ones."""

    text: str
    words: Words = NO_WORDS


class Fix(NamedTuple):
    """A replacement that takes the mistake away.

    Attributes:
        span: the place of the text to replace; it may be empty.
        replacement: the text to write there.
        certain: whether nothing else may have been meant. `netspec check --fix` writes only such fixes; all others
            are guesses, to be shown to a reader.
    """

    span: Span
    replacement: str
    certain: bool = True


def suggestion(guess: str | None, span: Span | None = None) -> tuple[tuple[Hint, ...], tuple[Fix, ...]]:
    """Return the hint that another name was meant, and the fix that writes it at `span`; () and () without a guess."""
    if not guess:
        return (), ()
    return (Hint("nearest", {"name": guess}),), () if span is None else (Fix(span, guess),)


class Diagnostic(NamedTuple):
    """One mistake or warning: what is wrong, where, and what helps.

    Attributes:
        code: the code, such as "NS201"; `netspec explain NS201` explains it.
        span: the place in its file; None where the mistake has none (a file that cannot be opened).
        words: the words that the message is filled with.
        label: the note under the main place.
        labels: further places that belong to the mistake.
        hints: what helps, as data; `help` has the sentences.
        fixes: replacements that take the mistake away; all of them belong together.
        severity: "error", "warning", or "note" for what netspec decided by itself.
        times: the number of places with this mistake. `span` is the first place; `labels` has a few of the others.

    Example:
        >>> import netspec
        >>> try:
        ...     netspec.parse("net a {\\n  input x: 3\\n  output y: 2 perceptrons -> rellu\\n}")
        ... except netspec.SpecError as error:
        ...     [mistake] = error.diagnostics
        >>> mistake.code, mistake.line, mistake.column, mistake.severity
        ('NS202', 3, 30, 'error')
        >>> mistake.message
        'there is no step `rellu`'
    """

    code: str
    span: Span | None
    words: Words = NO_WORDS
    label: Label | None = None
    labels: tuple[Label, ...] = ()
    hints: tuple[Hint, ...] = ()
    fixes: tuple[Fix, ...] = ()
    severity: Severity = "error"
    times: int = 1

    @property
    def message(self) -> str:
        """The message in one English sentence; `text(lang="ko")` has it in Korean."""
        return message_text(self, "en")

    @property
    def help(self) -> tuple[str, ...]:
        """What helps, as English sentences."""
        return tuple(help_lines(self, "en"))

    @property
    def file(self) -> str | None:
        """The file's name, as the caller wrote it."""
        return None if self.span is None else self.span.source.name

    @property
    def line(self) -> int | None:
        """The line in the file; the first one is 1."""
        return None if self.span is None else self.span.line

    @property
    def column(self) -> int | None:
        """The column in the line, in characters; the first one is 1."""
        return None if self.span is None else self.span.column

    def text(self, lang: Language = "en") -> str:
        """The long form that `netspec check` prints: message, lines with carets, help."""
        return plain((self,), lang)

    def __str__(self) -> str:
        return self.text()

    @property
    def further(self) -> list[Span]:
        """The further places with the same mistake, as many of them as are kept."""
        return [label.span for label in self.labels if not label.text]

    @property
    def place(self) -> tuple[str, int]:
        """The key by which diagnostics are sorted: the file, then the place in the file."""
        return ("", -1) if self.span is None else (self.span.source.name, self.span.start)


class Fault(Exception):
    """Raised where a mistake is found, to carry its diagnostic to the report; `more` are mistakes found with it."""

    def __init__(self, diagnostic: Diagnostic, more: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic
        self.more = more


# at most this many further places of one mistake are kept; the fixes of all places are kept
MAX_PLACES = 8
Key = tuple[str, object, object, object]


def _with_place(first: Diagnostic, span: Span, fixes: tuple[Fix, ...]) -> Diagnostic:
    """Return a diagnostic with one more place and its fixes."""
    labels = (*first.labels, Label(span)) if len(first.further) < MAX_PLACES else first.labels
    return first._replace(labels=labels, fixes=first.fixes + fixes, times=first.times + 1)


class Report:
    """Collects diagnostics.

    The same mistake at the same place is kept only once; mistakes with the same cause become one with several places.
    """

    def __init__(self) -> None:
        self._seen: dict[Key, Diagnostic] = {}
        self._causes: dict[Hashable, Key] = {}
        self._places: set[tuple[Key, Span]] = set()

    def add(self, diagnostic: Diagnostic, cause: Hashable = None) -> None:
        """Add a diagnostic.

        If an earlier one had an equal `cause`, only the place and the fixes of the new one are added to it; a place
        that it has already adds nothing, which happens if a block is expanded again.
        """
        span = diagnostic.span
        key: Key = (diagnostic.code, None, None, None)
        if span is not None:
            key = (diagnostic.code, span.source.name, span.start, span.end)
        first = key if cause is None else self._causes.setdefault(cause, key)
        if first == key:
            self._seen.setdefault(key, diagnostic)
        elif span is not None:
            known = self._seen[first]
            if known.span != span and (first, span) not in self._places:
                self._places.add((first, span))
                self._seen[first] = _with_place(known, span, diagnostic.fixes)

    def __len__(self) -> int:
        return len(self._seen)

    def __bool__(self) -> bool:
        return True

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return sorted(self._seen.values(), key=lambda diagnostic: diagnostic.place)

    @property
    def errors(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "error"]

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self._seen.values())


def applied(text: str, fixes: Iterable[Fix]) -> str:
    """Return a text after fixes, of which no two touch."""
    for fix in sorted(fixes, key=lambda fix: (fix.span.start, fix.span.end), reverse=True):
        text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    return text


def fixed(text: str, mistakes: Iterable[tuple[Fix, ...]]) -> tuple[str, int]:
    """Return a text after the fixes of several mistakes, and the number of mistakes that were fixed.

    The fixes of one mistake are made all or not at all: not if one of them touches a fix that is made already.
    """
    taken: list[Fix] = []
    count = 0
    for fixes in mistakes:
        if not any(_touch(fix, other) for fix in fixes for other in taken):
            taken += fixes
            count += 1
    return applied(text, taken), count


def _touch(left: Fix, right: Fix) -> bool:
    """Whether two replacements overlap, or begin at the same place."""
    if left.span.start == right.span.start:
        return True
    return left.span.start < right.span.end and right.span.start < left.span.end


# ---- diagnostics as text: the long form, the form of one line each, and JSON

MAX_SHOWN = 50  # the long form shows at most this many; its last line says how many are left


def plain(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    return text(diagnostics, language, PLAIN)


def text(diagnostics: Iterable[Diagnostic], language: Language = "en", style: Style = PLAIN) -> str:
    """Return diagnostics in the long form: message, places with carets, help."""
    rows = _gathered(diagnostics)
    left, notes = rows[MAX_SHOWN:], [row for row in rows[MAX_SHOWN:] if row.severity == "note"]
    parts = [_one(diagnostic, language, style) for diagnostic in rows[:MAX_SHOWN]]
    if len(left) > len(notes):
        count = sum(row.times for row in left) - len(notes)
        parts.append(phrase("said more", language, count=count))
    parts += [_one(diagnostic, language, style) for diagnostic in notes]
    return "\n\n".join(parts)


def _gathered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return diagnostics in which those of one file that say the same, if they are many, are one with a count."""
    alike: dict[Hashable, list[tuple[int, Diagnostic]]] = {}
    for number, one in enumerate(diagnostics):
        file = None if one.span is None else one.span.source.name
        alike.setdefault((one.severity, file, one.message), []).append((number, one))
    rows: list[tuple[int, Diagnostic]] = []
    for found in alike.values():
        if len(found) <= MAX_PLACES:
            rows += found
        else:
            number, first = found[0]
            rows.append((number, first._replace(times=sum(one.times for _, one in found))))
    return [one for _, one in sorted(rows, key=lambda row: row[0])]


def concise(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    """Return diagnostics, each on one line: `file:line:column: error[NS201]: message`."""
    lines = []
    for diagnostic in diagnostics:
        place = "" if diagnostic.span is None else f"{safe(str(diagnostic.span))}: "
        kind = phrase(f"said {diagnostic.severity}", language)
        lines.append(f"{place}{kind}[{diagnostic.code}]: {message_text(diagnostic, language)}")
    return "\n".join(lines)


def as_json(diagnostics: Iterable[Diagnostic], language: Language = "en") -> str:
    """Return diagnostics as a JSON list; lines and columns count from 1, and the end of a place is exclusive."""
    return json_text([as_dict(diagnostic, language) for diagnostic in diagnostics])


def as_dict(diagnostic: Diagnostic, language: Language = "en") -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "times": diagnostic.times,
        "message": message_text(diagnostic, language),
        "place": _place(diagnostic.span),
        "labels": [
            {"place": _place(label.span), "text": label_text(diagnostic, label, language)}
            for label in diagnostic.labels
        ],
        "help": help_lines(diagnostic, language),
        "fixes": [
            {"place": _place(fix.span), "replacement": fix.replacement, "certain": fix.certain}
            for fix in diagnostic.fixes
        ],
    }


def _place(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def message_text(diagnostic: Diagnostic, language: Language) -> str:
    text = message(diagnostic.code, diagnostic.words, language)
    if diagnostic.times > 1:
        text = phrase("said times", language, text=text, count=diagnostic.times)
    return text


def label_text(diagnostic: Diagnostic, label: Label, language: Language) -> str:
    if not label.text:
        return ""
    return text_of(diagnostic.code, "labels", label.text, {**diagnostic.words, **label.words}, language)


_LAST = ("mend_example", "places")  # hints that do not take the place of the general help


def help_lines(diagnostic: Diagnostic, language: Language) -> list[str]:
    """Return the lines of help: the hints of the diagnostic, or the general help of its code if it has none.

    Examples with numbers come first; a statement that would check, and the line that names further places, come last.
    """
    examples: list[str] = []
    hints: list[str] = []
    places: list[str] = []
    for hint in diagnostic.hints:
        text = text_of(diagnostic.code, "hints", hint.text, {**diagnostic.words, **hint.words}, language)
        (examples if hint.text == "witness" else places if hint.text in _LAST else hints).append(text)
    general = help_of(diagnostic.code, diagnostic.words, language)
    return examples + (hints or [general] * bool(general)) + places


def _one(diagnostic: Diagnostic, language: Language, style: Style) -> str:
    colour = style.error if diagnostic.severity == "error" else style.warning
    kind = phrase(f"said {diagnostic.severity}", language)
    lines = [
        f"{colour}{kind}[{diagnostic.code}]{style.reset}{style.bold}: {message_text(diagnostic, language)}{style.reset}"
    ]
    if diagnostic.span is not None or diagnostic.labels:
        under = "" if diagnostic.label is None else label_text(diagnostic, diagnostic.label, language)
        marks = [] if diagnostic.span is None else [(diagnostic.span, under, True)]
        marks += [(label.span, label_text(diagnostic, label, language), False) for label in diagnostic.labels]
        lines += excerpts(marks, colour, style)
    for hint in help_lines(diagnostic, language):
        lines.append(f"  {style.help}{phrase('said help', language)}:{style.reset} {hint}")
    return "\n".join(lines)
