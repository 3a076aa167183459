"""Describes the place at which the parser stopped in a statement. The rules that explain mistakes look at it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netspec.diagnostics.model import Diagnostic, Fix, Hint, Phrase, Word
from netspec.source import SourceFile, Span
from netspec.syntax.parser import END, Unexpected
from netspec.syntax.recovery.lines import BRACKETS

KEYWORDS = frozenset(
    "NETSPEC USE FROM AS EXTERN NET BLOCK INPUT HIDDEN OUTPUT START DEFAULT REQUIRE LET IS ONE OF OVER REPEAT".split()
)
_SHOWN = {
    "COMMA": ",", "EQUAL": "=", "COLON": ":", "LPAR": "(", "RPAR": ")", "LBRACE": "{", "RBRACE": "}", "LSQB": "[",
    "RSQB": "]", "AT": "@", "AMPERSAND": "&", "CIRCUMFLEX": "^", "DOT": ".", "_ARROW": "->", "DOTS": "..", "_X": "x",
    "IS": "is", "OVER": "over", "REPEAT": "repeat", "ONE": "one of", "OF": "of", "FROM": "from", "AS": "as",
    "SHARED": "shared", "UPTO": "up to", "ANY": "any", "PERCEPTRON": "perceptrons", "FILTER": "filters",
    "DEFAULTS": "at defaults",
}  # fmt: skip
_PHRASES = {
    "NAME": "a name", "INT": "a number", "NUMBER": "a number", "STRING": "a text", "CMP": "a comparison",
    "_NL": "the end of the line", END: "the end of the line", "ADDOP": "an operator", "MULOP": "an operator",
}  # fmt: skip
# messages show at most six terminals, so the terminals that help most come first
_ORDER = ("NAME", "INT", "_ARROW", "COLON", "EQUAL", "CMP", "STRING", "PERCEPTRON", "FILTER", "RPAR", "RSQB", "RBRACE")


def expected(accepts: frozenset[str]) -> tuple[Phrase | str, ...]:
    """Return at most six of the terminals that could stand at a place, the most helpful first, in words."""
    ordered = [terminal for terminal in _ORDER if terminal in accepts]
    ordered += sorted(accepts - set(_ORDER))
    words: list[Phrase | str] = []
    for terminal in ordered:
        if terminal in _PHRASES:
            word: Phrase | str = Phrase(_PHRASES[terminal])
        elif terminal in _SHOWN:
            word = f"`{_SHOWN[terminal]}`"
        elif terminal in KEYWORDS:
            word = f"`{terminal.lower()}`"
        else:
            continue
        if word not in words:
            words.append(word)
    return tuple(words[:6])


_LAST_TOKEN = re.compile(r"(?:->|==|!=|<=|>=|\.\.|\w+|[^\w\s])$")
OPENERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Stop:
    """One statement `[begin, end)` of a text, and the first token that does not fit."""

    source: SourceFile
    begin: int
    end: int
    seen: Unexpected
    start: str  # the start symbol of the grammar with which the statement was parsed
    unclosed: tuple[str, int] | None

    @property
    def span(self) -> Span:
        at = self.seen.at
        if self.seen.kind == END:
            end = max(self.end, 1)
            return Span(self.source, end - 1, end)
        return Span(self.source, at[0], at[1])

    def between(self, begin: int, end: int) -> Span:
        return Span(self.source, begin, end)

    @property
    def text(self) -> str:
        return self.source.text[self.begin : self.end]

    @property
    def left(self) -> str:
        """The text of the statement before the token that does not fit."""
        return self.source.text[self.begin : self.seen.at[0]].rstrip()

    @property
    def rest(self) -> str:
        """The text of the statement from the token that does not fit to the end."""
        return self.source.text[self.seen.at[0] : self.end]

    @property
    def last(self) -> str:
        """The token before the token that does not fit."""
        match = _LAST_TOKEN.search(self.left)
        return match[0] if match else ""

    @property
    def last_span(self) -> Span:
        end = self.begin + len(self.left)
        return Span(self.source, end - len(self.last), end)

    @property
    def first(self) -> str:
        match = re.match(r"[^\W\d]\w*", self.source.text[self.begin : self.end])
        return match[0] if match else ""

    @property
    def first_span(self) -> Span:
        return Span(self.source, self.begin, self.begin + max(1, len(self.first)))

    @property
    def open(self) -> str:
        """The innermost bracket that is open before the token, or "" if none is open."""
        opened = self.opened
        return opened[-1][0] if opened else ""

    @property
    def opened(self) -> list[tuple[str, int]]:
        """The brackets that are open before the token, each with its place, the innermost last."""
        opened: list[tuple[str, int]] = []
        for match in BRACKETS.finditer(self.source.text, self.begin, self.seen.at[0]):
            if match[0] in OPENERS:
                opened.append((match[0], match.start()))
            elif match[0] in ")]}" and opened:
                opened.pop()
        return opened

    def accepts(self, *terminals: str) -> bool:
        return any(terminal in self.seen.accepts for terminal in terminals)

    def error(
        self,
        code: str,
        *hints: Hint,
        span: Span | None = None,
        fix: Fix | None = None,
        fixes: tuple[Fix, ...] = (),
        **words: Word,
    ) -> Diagnostic:
        return Diagnostic(code, span or self.span, words, hints=hints, fixes=(fix,) if fix else fixes)

    def swap(self, seen: str, right: str, span: Span, *hints: Hint) -> Diagnostic:
        """Return NS122 with a fix that writes `right` in place of the text at `span`."""
        return self.error("NS122", *hints, span=span, seen=seen, right=right, fix=Fix(span, right))

    def unexpected(self, *hints: Hint, fix: Fix | None = None) -> Diagnostic:
        """Return NS101, which lists what could stand here."""
        return self.error("NS101", *hints, fix=fix, seen=self.seen.text, expected=expected(self.seen.accepts))
