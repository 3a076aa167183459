"""A diagnostic: one mistake as data. A code, its places, the words for its message, and fixes.

No sentence is written here or at the place that finds the mistake: the catalogue holds every text, in
English and in Korean, and `render` puts the words in.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from netspec.source import Span

Severity = Literal["error", "warning"]


class Phrase(NamedTuple):
    """A word that reads differently in each language: an entry of the catalogue's phrases."""

    name: str


class Quoted(NamedTuple):
    """Words of a spec or of the language itself, shown `like this`; several are joined by commas."""

    words: tuple[str, ...]


Word = str | int | float | Phrase | Quoted | tuple[Phrase | str, ...]
Words = Mapping[str, Word]
NO_WORDS: Words = MappingProxyType({})


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
    code: str
    span: Span | None
    words: Words = NO_WORDS
    label: Label | None = None  # what to write under the main place
    labels: tuple[Label, ...] = ()
    hints: tuple[Hint, ...] = ()
    fixes: tuple[Fix, ...] = ()
    severity: Severity = "error"

    @property
    def place(self) -> tuple[str, int]:
        """What diagnostics are sorted by."""
        return ("", -1) if self.span is None else (self.span.source.name, self.span.start)


class Fault(Exception):
    """A diagnostic on its way from the place that finds a mistake to the report; `more` were found beside it."""

    def __init__(self, diagnostic: Diagnostic, more: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic
        self.more = more


class SpecErrors(Exception):
    """What `netspec.load`, `parse` and `net` raise: every mistake that was found, sorted by place."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = diagnostics
        super().__init__(diagnostics)

    def __str__(self) -> str:
        from netspec.diagnostics.render import plain

        return plain(self.diagnostics)


class NetspecError(Exception):
    """A failure that is no mistake in a spec: usage, data, a diverged run, a missing part.

    `exit_code` is what the command line ends with: 2 usage, 3 data, 4 diverged, 5 a missing part.
    """

    def __init__(self, diagnostic: Diagnostic, exit_code: int, more: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic
        self.diagnostics = [diagnostic, *more]  # faulty data says all that is wrong at once
        self.exit_code = exit_code

    def __str__(self) -> str:
        from netspec.diagnostics.render import plain

        return plain(self.diagnostics)


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

    def raise_errors(self) -> None:
        if self.failed:
            raise SpecErrors(self.diagnostics)
