"""The first wrong token of a line -> the diagnostic that says what was meant.

Hand rules over (the unexpected token, everything that would have been right, the text to the left):
tried on real mistakes they name far more causes than matching against examples. A rule returns None
where it has nothing to say; the last one always speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Phrase, Quoted, Word
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax.build import BadText
from netspec.syntax.parser import END, MAX_DEPTH, TooDeep, Unexpected

STATEMENTS = ("input", "hidden", "output", "start", "default", "require", "let")
DECLARATIONS = ("netspec", "use", "default", "net", "block", "data", "train", "figure", "extern")
_KEYWORDS = frozenset(
    "NETSPEC USE FROM AS EXTERN NET BLOCK INPUT HIDDEN OUTPUT START DEFAULT REQUIRE LET IS ONE OF OVER REPEAT".split()
)
_STARTERS = frozenset("NETSPEC USE EXTERN NET BLOCK INPUT HIDDEN OUTPUT START DEFAULT REQUIRE LET SECTION".split())
_ITEM = frozenset("NAME INT NUMBER LPAR REPEAT PERCEPTRON FILTER".split())
_CLOSERS = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_OPENERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the reading of one statement stopped."""

    source: SourceFile
    begin: int
    end: int
    seen: Unexpected
    start: str  # the start symbol the statement was read by
    unclosed: tuple[str, int] | None

    @property
    def span(self) -> Span:
        at = self.seen.at
        if self.seen.kind == END:
            end = max(self.end, 1)
            return Span(self.source, end - 1, end)
        return Span(self.source, at[0], at[1])

    @property
    def left(self) -> str:
        """The statement's text before the token."""
        return self.source.text[self.begin : self.seen.at[0]].rstrip()

    @property
    def first(self) -> str:
        match = re.match(r"[^\W\d]\w*", self.source.text[self.begin : self.end])
        return match[0] if match else ""

    @property
    def first_span(self) -> Span:
        return Span(self.source, self.begin, self.begin + max(1, len(self.first)))

    def accepts(self, *terminals: str) -> bool:
        return any(terminal in self.seen.accepts for terminal in terminals)

    def fault(
        self, code: str, *hints: Hint, span: Span | None = None, fix: Fix | None = None, **words: Word
    ) -> Diagnostic:
        return Diagnostic(code, span or self.span, words, hints=hints, fixes=(fix,) if fix else ())


def syntax_fault(source: SourceFile, error: TooDeep | BadText) -> Diagnostic:
    if isinstance(error, TooDeep):
        return Diagnostic("NS110", source.span(error.at), {"limit": MAX_DEPTH})
    return Diagnostic(error.code, source.span(error.at), dict(error.words))


def explain(
    source: SourceFile, begin: int, end: int, seen: Unexpected, start: str, unclosed: tuple[str, int] | None
) -> Diagnostic:
    """The diagnostic for one statement `[begin, end)` that stopped at `seen`."""
    stop = Stop(source, begin, end, seen, start, unclosed)
    for rule in _RULES:
        found = rule(stop)
        if found is not None:
            return found
    return _anything(stop)


def _character(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind != "CHARACTER":
        return None
    character = stop.seen.text
    if character == '"':
        line_end = stop.source.text.find("\n", stop.seen.at[0])
        line_end = len(stop.source.text) if line_end < 0 else line_end
        return stop.fault("NS103", span=Span(stop.source, stop.seen.at[0], line_end))
    if character in "'`":
        return stop.fault("NS104", seen=character)
    if character == ";":
        return stop.fault("NS109")
    if character == "|" or character == "!" or character == "~":
        return stop.fault("NS101", seen=character, expected=_expected(stop))
    return stop.fault("NS129", seen=character)


def _continuation(stop: Stop) -> Diagnostic | None:
    if stop.seen.at[0] == stop.begin and stop.seen.kind in ("_ARROW", "AMPERSAND", "ADDOP", "COMMA"):
        return stop.fault("NS117", seen=stop.seen.text)
    return None


def _first_word(stop: Stop) -> Diagnostic | None:
    """The line begins with no keyword that may stand here."""
    if stop.seen.at[0] != stop.begin or stop.start in ("net_head", "block_head", "section_head"):
        return None
    if stop.start == "setting":
        return stop.fault("NS118", seen=stop.seen.text)
    legal = STATEMENTS if stop.start == "stmt" else DECLARATIONS
    guess = nearest(stop.first, legal)
    fix = Fix(stop.first_span, guess) if guess else None
    hints = (Hint("nearest", {"name": guess}),) if guess else ()
    return Diagnostic(
        "NS116",
        stop.first_span if stop.first else stop.span,
        {"seen": stop.seen.text, "legal": Quoted(legal)},
        hints=hints,
        fixes=(fix,) if fix else (),
    )


def _label(stop: Stop) -> Diagnostic | None:
    """What should be a new name is a keyword, a number, or missing; or its colon is."""
    words = stop.left.split()
    if stop.accepts("COLON") and len(words) == 2 and stop.first in ("input", "hidden", "output", "start"):
        if stop.seen.kind == "EQUAL":
            return stop.fault("NS122", seen="=", right=":", fix=Fix(stop.span, ":"))
        at = stop.begin + len(stop.left)
        return stop.fault("NS114", keyword=stop.first, label=words[1], fix=Fix(Span(stop.source, at, at), ":"))
    if stop.seen.accepts == {"NAME"} and stop.seen.kind in _KEYWORDS | {"SHARED", "SECTION", "PERCEPTRON", "FILTER"}:
        return stop.fault("NS115", seen=stop.seen.text)
    if stop.seen.accepts == {"NAME"} and len(words) == 1:
        return stop.fault("NS130", keyword=words[0], seen=stop.seen.text)
    return None


def _ends_early(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind not in (END, "_NL"):
        return None
    if stop.unclosed is not None:
        bracket, at = stop.unclosed
        return stop.fault("NS102", span=Span(stop.source, at, at + 1), seen=bracket, closer=_OPENERS[bracket])
    if stop.accepts("LBRACE") and stop.start.endswith("_head"):
        return stop.fault("NS131", kind=stop.first)
    if stop.accepts("_X") and stop.seen.before and stop.seen.before[-1] == "FILTER":
        return _kernel(stop)
    return Diagnostic("NS105", stop.span, {"expected": _expected(stop)})


def _unclosed(stop: Stop) -> Diagnostic | None:
    """A bracket stays open and the next statement's words run into it."""
    if stop.unclosed is not None and stop.seen.at[0] > stop.unclosed[1]:
        inside = stop.source.text[stop.unclosed[1] : stop.seen.at[0]]
        if "\n" in inside or stop.seen.kind in _STARTERS or stop.seen.kind == "LBRACE":
            bracket, at = stop.unclosed
            return stop.fault("NS102", span=Span(stop.source, at, at + 1), seen=bracket, closer=_OPENERS[bracket])
    return None


def _closer(stop: Stop) -> Diagnostic | None:
    """A bracket that closes nothing, or the wrong one."""
    if stop.seen.kind not in _CLOSERS:
        return None
    opened = []
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|[()\[\]{}]', stop.source.text[stop.begin : stop.seen.at[0]]):
        if match[0] in _OPENERS:
            opened.append((match[0], stop.begin + match.start()))
        elif match[0] in ")]}" and opened:
            opened.pop()
    if opened and _OPENERS[opened[-1][0]] != stop.seen.text:
        bracket, at = opened[-1]
        label = Label(Span(stop.source, at, at + 1), "opened", {"bracket": bracket})
        wanted = _OPENERS[bracket]
        return Diagnostic(
            "NS125", stop.span, {"seen": stop.seen.text, "wanted": wanted}, labels=(label,), fixes=(Fix(stop.span, wanted),)
        )
    if not opened:
        return stop.fault("NS132", seen=stop.seen.text, fix=Fix(stop.span, ""))
    return None


def _noun(stop: Stop) -> Diagnostic | None:
    """`perceptrons` and `filters` want a number before, filters a kernel after."""
    if stop.seen.kind in ("PERCEPTRON", "FILTER") and not stop.accepts(stop.seen.kind):
        if stop.seen.kind == "PERCEPTRON" and "FILTER" in stop.seen.accepts:
            return None
        return stop.fault("NS119", noun=stop.seen.text)
    return None


def _kernel(stop: Stop) -> Diagnostic | None:
    """No size after `filters`, or one that is written `(5, 5)` or `(5x5)`."""
    before = stop.seen.before
    bracketed = before[-3:-1] == ("FILTER", "LPAR") and (stop.seen.kind == "COMMA" or stop.seen.text[:1] in ("x", "×"))
    if bracketed or before[-1:] == ("FILTER",):
        return stop.fault("NS120", seen=stop.seen.text)
    return None


def _equals(stop: Stop) -> Diagnostic | None:
    """`=` for `==` or `:`, `:` for `=`, a comparison with two signs."""
    seen = stop.seen
    if seen.kind == "EQUAL" and stop.accepts("CMP"):
        return stop.fault("NS122", seen="=", right="==", fix=Fix(stop.span, "=="))
    if seen.kind == "COLON" and stop.accepts("EQUAL"):
        return stop.fault("NS122", seen=":", right="=", fix=Fix(stop.span, "="))
    if seen.kind == "COLON" and stop.left.count("(") > stop.left.count(")"):
        return stop.fault("NS122", seen=":", right="=", fix=Fix(stop.span, "="))
    if seen.kind == "CMP" and seen.text == "==" and stop.accepts("EQUAL"):
        return stop.fault("NS122", seen="==", right="=", fix=Fix(stop.span, "="))
    if seen.kind == "CMP" and stop.first == "require" and re.search(r"==|!=|<=|>=|<|>", stop.left):
        return stop.fault("NS133", seen=seen.text)
    if seen.kind == "CMP" and seen.text == ">":
        return stop.fault("NS122", seen=">", right="->", fix=Fix(stop.span, "->"))
    return None


def _one_line(stop: Stop) -> Diagnostic | None:
    """A second statement on the line, or a body that opens and goes on."""
    if stop.start.endswith("_head") and "{" in stop.left:
        return stop.fault("NS128", kind=stop.first)
    if stop.seen.kind in _STARTERS and stop.seen.at[0] > stop.begin:
        return stop.fault("NS123", seen=stop.seen.text)
    return None


def _order(stop: Stop) -> Diagnostic | None:
    """A caption is the last thing of its line, `is` the thing before it."""
    before = stop.seen.before
    if before and before[-1] == "STRING" and stop.seen.kind in ("IS", "_ARROW", "OVER", "LPAR", "STRING"):
        return stop.fault("NS124", seen=stop.seen.text)
    if "IS" in before and stop.seen.kind == "_ARROW":
        return stop.fault("NS124", seen=stop.seen.text)
    return None


def _whole(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind == "NUMBER" and stop.accepts("INT"):
        return stop.fault("NS126", seen=stop.seen.text)
    return None


def _arrow(stop: Stop) -> Diagnostic | None:
    """Two things side by side where an arrow joins them."""
    if stop.seen.kind in _ITEM and stop.accepts("_ARROW"):
        at = stop.seen.at[0]
        guess = nearest(stop.seen.text, ("perceptrons", "filters", "perceptron", "filter")) if stop.accepts("PERCEPTRON") else None
        if guess and stop.seen.before and stop.seen.before[-1] in ("INT", "NAME", "NUMBER"):
            return stop.fault("NS127", Hint("nearest", {"name": guess}), seen=stop.seen.text, fix=Fix(stop.span, guess))
        if stop.seen.kind == "LPAR":
            return None
        return stop.fault("NS121", seen=stop.seen.text, fix=Fix(Span(stop.source, at, at), "-> "))
    return None


_RULES: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    _character,
    _continuation,
    _first_word,
    _label,
    _ends_early,
    _one_line,
    _unclosed,
    _closer,
    _noun,
    _kernel,
    _equals,
    _order,
    _whole,
    _arrow,
)


def _anything(stop: Stop) -> Diagnostic:
    return Diagnostic("NS101", stop.span, {"seen": stop.seen.text, "expected": _expected(stop)})


_SHOWN = {
    "COMMA": ",", "EQUAL": "=", "COLON": ":", "LPAR": "(", "RPAR": ")", "LBRACE": "{", "RBRACE": "}", "LSQB": "[",
    "RSQB": "]", "AT": "@", "AMPERSAND": "&", "CIRCUMFLEX": "^", "DOT": ".", "_ARROW": "->", "DOTS": "..", "_X": "x",
    "IS": "is", "OVER": "over", "REPEAT": "repeat", "ONE": "one of", "OF": "of", "FROM": "from", "AS": "as",
    "SHARED": "shared", "UPTO": "up to", "ANY": "any", "PERCEPTRON": "perceptrons", "FILTER": "filters",
}  # fmt: skip
_PHRASES = {
    "NAME": "a name", "INT": "a number", "NUMBER": "a number", "STRING": "a text", "CMP": "a comparison",
    "_NL": "the end of the line", END: "the end of the line", "ADDOP": "an operator", "MULOP": "an operator",
}  # fmt: skip
# what says most comes first; the rest of a long list helps nobody
_ORDER = ("NAME", "INT", "_ARROW", "COLON", "EQUAL", "CMP", "STRING", "PERCEPTRON", "FILTER", "RPAR", "RSQB", "RBRACE")


def _is_open(stop: Stop, closer: str) -> bool:
    opener = next(bracket for bracket, other in _OPENERS.items() if other == closer)
    return stop.left.count(opener) > stop.left.count(closer)


def _expected(stop: Stop) -> tuple[Phrase | str, ...]:
    """At most six of the things that could stand here, the telling ones first."""
    accepts = {kind for kind in stop.seen.accepts if kind not in _CLOSERS or _is_open(stop, _CLOSERS[kind])}
    ordered = [terminal for terminal in _ORDER if terminal in accepts]
    ordered += sorted(accepts - set(_ORDER))
    words: list[Phrase | str] = []
    for terminal in ordered:
        if terminal in _PHRASES:
            word: Phrase | str = Phrase(_PHRASES[terminal])
        elif terminal in _SHOWN:
            word = f"`{_SHOWN[terminal]}`"
        elif terminal in _KEYWORDS:
            word = f"`{terminal.lower()}`"
        else:
            continue
        if word not in words:
            words.append(word)
    return tuple(words[:6])
