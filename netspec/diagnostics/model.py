"""A diagnostic: one mistake as data. A code, its places, the words for its message, and fixes.

No sentence is written here or at the place that finds the mistake: the catalogue holds every text, in
English and in Korean, and `render` puts the words in.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Literal, NamedTuple

from netspec.source import SourceFile, Span

Severity = Literal["error", "warning"]
Language = Literal["en", "ko"]


class Phrase(NamedTuple):
    """A word that reads differently in each language: an entry of the catalogue's phrases."""

    name: str


class Quoted(NamedTuple):
    """Words of a spec or of the language itself, shown `like this`; several are joined by commas."""

    words: tuple[str, ...]


Word = str | int | float | Phrase | Quoted | tuple[Phrase | str, ...]
Words = Mapping[str, Word]
NO_WORDS: Words = {}


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
    """A replacement that a machine may make: it takes the mistake away."""

    span: Span
    replacement: str


class Diagnostic(NamedTuple):
    """One mistake or warning: what is wrong, where, and what helps.

    Attributes:
        code: the code, such as "NS201"; `netspec explain NS201` explains it.
        span: the place in its file; None where the mistake has none (a file that cannot be opened).
        words: the words that the message is filled with.
        label: the note under the main place.
        labels: further places that belong to the mistake.
        hints: what helps, as data; `help` has the sentences.
        fixes: replacements that take the mistake away; `netspec check --fix` makes them.
        severity: "error" or "warning".

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

    @property
    def message(self) -> str:
        """The message in one English sentence; `text(lang="ko")` has it in Korean."""
        from netspec.diagnostics.catalogue import message

        return message(self.code, self.words, "en")

    @property
    def help(self) -> tuple[str, ...]:
        """What helps, as English sentences."""
        from netspec.diagnostics.render import help_lines

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
        from netspec.diagnostics.render import plain

        return plain((self,), lang)

    def __str__(self) -> str:
        return self.text()

    @property
    def place(self) -> tuple[str, int]:
        """What diagnostics are sorted by: the file, then the place in it."""
        return ("", -1) if self.span is None else (self.span.source.name, self.span.start)


class Fault(Exception):
    """A diagnostic on its way from the place that finds a mistake to the report; `more` were found beside it."""

    def __init__(self, diagnostic: Diagnostic, more: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic
        self.more = more


# so many further places of one mistake are kept; each may have its fix
MAX_PLACES = 8
Key = tuple[str, object, object, object]


def _with_place(first: Diagnostic, span: Span, fixes: tuple[Fix, ...]) -> Diagnostic:
    """A diagnostic that holds for one more place; a block that is expanded again adds nothing."""
    further = [label for label in first.labels if not label.text]
    if any(label.span == span for label in further) or first.span == span:
        return first
    labels = (*first.labels, Label(span)) if len(further) < MAX_PLACES else first.labels
    return first._replace(labels=labels, fixes=first.fixes + fixes)


class Report:
    """Collects diagnostics; one mistake at one place is kept once, and one cause at several places as one."""

    def __init__(self) -> None:
        self._seen: dict[Key, Diagnostic] = {}
        self._causes: dict[Hashable, Key] = {}

    def add(self, diagnostic: Diagnostic, cause: Hashable = None) -> None:
        """`cause`: what tells this mistake from others; a second of the same cause becomes a place of the first."""
        span = diagnostic.span
        key: Key = (diagnostic.code, None, None, None)
        if span is not None:
            key = (diagnostic.code, span.source.name, span.start, span.end)
        first = key if cause is None else self._causes.setdefault(cause, key)
        if first == key:
            self._seen.setdefault(key, diagnostic)
        elif span is not None:
            self._seen[first] = _with_place(self._seen[first], span, diagnostic.fixes)

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


def fixed(source: SourceFile, diagnostics: Iterable[Diagnostic]) -> tuple[str, int]:
    """The text of `source` with every fix made that touches no other, and how many diagnostics that were.

    The fixes of one diagnostic belong together: all are made, or none. Those of other files are left alone.
    """
    taken: list[Fix] = []
    count = 0
    for diagnostic in diagnostics:
        own = list(dict.fromkeys(diagnostic.fixes))
        if not own or any(fix.span.source is not source for fix in own):
            continue
        if any(_touch(fix, other) for fix in own for other in taken):
            continue
        taken += own
        count += 1
    text = source.text
    for fix in sorted(taken, key=lambda fix: (fix.span.start, fix.span.end), reverse=True):
        text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    return text, count


def _touch(left: Fix, right: Fix) -> bool:
    """Whether two replacements overlap, or both insert at one place."""
    if left.span.start == right.span.start:
        return True
    return left.span.start < right.span.end and right.span.start < left.span.end
