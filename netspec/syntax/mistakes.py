"""The first wrong token of a line -> the diagnostic that says what was meant.

Hand rules over (the unexpected token, everything that would have been right, the text to the left):
tried on real mistakes they name far more causes than matching against examples. A rule returns None
where it has nothing to say; the last one always speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Quoted, Word
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax.build import BadText
from netspec.syntax.expected import KEYWORDS, expected
from netspec.syntax.parser import END, MAX_DEPTH, TooDeep, Unexpected

STATEMENTS = ("input", "hidden", "output", "start", "default", "require", "let")
DECLARATIONS = ("netspec", "use", "default", "net", "block", "data", "train", "figure", "extern")
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
        return stop.fault("NS101", seen=character, expected=expected(stop.seen.accepts))
    return stop.fault("NS129", seen=character)


def _continuation(stop: Stop) -> Diagnostic | None:
    if stop.seen.at[0] == stop.begin and stop.seen.kind in ("_ARROW", "AMPERSAND", "ADDOP", "COMMA"):
        return stop.fault("NS117", seen=stop.seen.text)
    return None


def _first_word(stop: Stop) -> Diagnostic | None:
    """The line begins with no keyword that may stand here."""
    if stop.start == "section_head" and stop.seen.at[0] == stop.begin:
        return stop.fault("NS131", span=stop.first_span, kind=stop.first)
    if stop.seen.at[0] != stop.begin or stop.start in ("net_head", "block_head"):
        return None
    if stop.start == "setting":
        return stop.fault("NS118", seen=stop.seen.text)
    legal = STATEMENTS if stop.start == "stmt" else DECLARATIONS
    guess = nearest(stop.first, legal)
    fix = Fix(stop.first_span, guess) if guess else None
    hints = (Hint("nearest", {"name": guess}),) if guess else (Hint("net"),) if legal is DECLARATIONS else ()
    if stop.seen.text == "/":
        hints = (Hint("comment"),)
    return Diagnostic(
        "NS116",
        stop.first_span if stop.first else stop.span,
        {"seen": stop.seen.text, "legal": Quoted(legal)},
        hints=hints,
        fixes=(fix,) if fix else (),
    )


# a name of several words: `hidden my layer: …`, `net my-net {`
_SEVERAL = re.compile(
    r"(?:input|hidden|output|start)\s+([^\W\d][\w.-]*(?:\s+[\w.-]+)*)\s*:|(?:net|block)\s+([^\W\d]\w*-[\w-]*)"
)


def _setting(stop: Stop) -> Diagnostic | None:
    """`epochs 10`: a setting without its `=`."""
    if stop.start != "setting" or "EQUAL" in stop.seen.before or stop.seen.kind in ("EQUAL", "COLON") or not stop.left:
        return None
    at = stop.begin + len(stop.left)
    return stop.fault("NS136", key=stop.left, fix=Fix(Span(stop.source, at, at), " ="))


def _label(stop: Stop) -> Diagnostic | None:
    """What should be a new name is a keyword, a number, or missing; or its colon is."""
    words = stop.left.split()
    several = _SEVERAL.match(stop.source.text, stop.begin, stop.end)
    if several and several.lastindex:
        begin, end = several.span(several.lastindex)
        if begin < stop.seen.at[0] <= end:
            return stop.fault("NS115", span=Span(stop.source, begin, end), seen=several[several.lastindex])
    if stop.accepts("COLON") and len(words) == 2 and stop.first in ("input", "hidden", "output", "start"):
        if stop.seen.kind == "EQUAL":
            return stop.fault("NS122", seen="=", right=":", fix=Fix(stop.span, ":"))
        at = stop.begin + len(stop.left)
        return stop.fault("NS114", keyword=stop.first, label=words[1], fix=Fix(Span(stop.source, at, at), ":"))
    if stop.seen.accepts == {"NAME"} and stop.seen.kind in KEYWORDS | {"SHARED", "SECTION", "PERCEPTRON", "FILTER"}:
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
    return Diagnostic("NS105", stop.span, {"expected": expected(stop.seen.accepts)})


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
            "NS125",
            stop.span,
            {"seen": stop.seen.text, "wanted": wanted},
            labels=(label,),
            fixes=(Fix(stop.span, wanted),),
        )
    if not opened:
        return stop.fault("NS132", seen=stop.seen.text, fix=Fix(stop.span, ""))
    return None


def _noun(stop: Stop) -> Diagnostic | None:
    """`perceptrons` and `filters` want a number before, filters a kernel after."""
    named = re.search(r"\b(?:perceptrons?|filters?)$", stop.left)
    if named and stop.seen.kind in ("INT", "NUMBER") and stop.seen.before[-1:] == ("NAME",):
        at = stop.begin + named.start()
        return stop.fault("NS119", span=Span(stop.source, at, stop.begin + named.end()), noun=named[0])
    if stop.seen.kind in ("PERCEPTRON", "FILTER") and not stop.accepts(stop.seen.kind):
        if stop.seen.kind == "PERCEPTRON" and "FILTER" in stop.seen.accepts:
            return None
        return stop.fault("NS119", noun=stop.seen.text)
    return None


def _kernel(stop: Stop) -> Diagnostic | None:
    """No size after `filters`, or one that is written `(5, 5)` or `(5x5)`."""
    before = stop.seen.before
    if stop.first == "default":
        return None
    spelt = before[-2:] == ("FILTER", "NAME") and stop.seen.kind in ("INT", "NUMBER")  # `6 filters of 5x5`
    bracketed = before[-3:-1] == ("FILTER", "LPAR") and (stop.seen.kind == "COMMA" or stop.seen.text[:1] in ("x", "×"))
    if spelt or bracketed or before[-1:] == ("FILTER",):
        return stop.fault("NS120", seen=stop.seen.text)
    return None


def _equals(stop: Stop) -> Diagnostic | None:
    """`=` for `==` or `:`, `:` for `=`, a comparison with two signs."""
    seen = stop.seen
    begin = seen.at[0] - (seen.kind == "EQUAL" and stop.source.text[seen.at[0] - 1 : seen.at[0]] == ":")
    double = {":=": ":", "=>": "->"}.get(stop.source.text[begin : begin + 2])
    if double:
        span = Span(stop.source, begin, begin + 2)
        return stop.fault("NS122", span=span, seen=span.text, right=double, fix=Fix(span, double))
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


def _misspelt(stop: Stop) -> Diagnostic | None:
    """`4 perceptons`, `100 neurons`: after a number comes one of the two nouns."""
    if stop.seen.kind != "NAME" or not stop.accepts("PERCEPTRON"):
        return None
    guess = nearest(stop.seen.text, ("perceptrons", "filters", "perceptron", "filter"))
    if guess and stop.seen.before[-1:] in (("INT",), ("NUMBER",), ("NAME",)):
        return stop.fault("NS127", Hint("nearest", {"name": guess}), seen=stop.seen.text, fix=Fix(stop.span, guess))
    number = stop.seen.before[-1:] in (("INT",), ("NUMBER",))
    return stop.fault("NS127", seen=stop.seen.text) if number else None


_OPTION = re.compile(r"[,\[]?\s*([^\W\d][\w.]*)(?:\s*=(?!=)\s*|\s+(?=\d))([^\s,)\]]+)")
_SIZES = re.compile(r"[\w.]++(?:[ \t]*[x×][ \t]*[\w.]++)*+(?![ \t]*(?:perceptron|filter))")


def _options(stop: Stop) -> Diagnostic | None:
    """`maxpool 2x2`, `6 filters 5x5, stride = 2`: options that stand beside their parentheses."""
    text, at = stop.source.text, stop.seen.at[0]
    if stop.start not in ("stmt", "decl") or stop.left.count("(") > stop.left.count(")"):
        return None
    option = _OPTION.match(text, at, stop.end)
    outside = stop.seen.kind in ("COMMA", "LSQB") or stop.accepts("LPAR") or stop.left.endswith(")")
    if option and (outside or stop.first == "default"):
        return stop.fault("NS137", right=f"({option[1]} = {option[2]})")
    sizes = _SIZES.match(text, at, stop.end)
    word = re.search(r"[\w.]+$", stop.left)
    beside = stop.seen.kind in ("INT", "NUMBER") and stop.seen.before[-1:] == ("NAME",) and stop.accepts("_ARROW")
    if sizes and word and beside:
        return stop.fault("NS137", right=f"{word[0]}({sizes[0]})")
    return None


def _comma(stop: Stop) -> Diagnostic | None:
    """`(stride = 2 pad = 1)`: two options side by side."""
    at = stop.seen.at[0]
    if stop.seen.kind == "NAME" and stop.accepts("COMMA") and _OPTION.match(stop.source.text, at, stop.end):
        return stop.fault("NS121", seen=stop.seen.text, right=",", fix=Fix(Span(stop.source, at, at), ", "))
    return None


def _between(stop: Stop) -> Diagnostic | None:
    """Two things side by side where an arrow joins them."""
    span = Span(stop.source, stop.seen.at[0], stop.seen.at[0])
    if stop.seen.kind in _ITEM - {"LPAR"} and stop.accepts("_ARROW") and not _rounds(stop):
        return stop.fault("NS121", seen=stop.seen.text, right="->", fix=Fix(span, "-> "))
    return None


def _rounds(stop: Stop) -> bool:
    """Whether a `repeat` waits for its brace."""
    before = stop.seen.before
    return "REPEAT" in before and "LBRACE" not in before[len(before) - 1 - before[::-1].index("REPEAT") :]


_RULES: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    _character,
    _continuation,
    _first_word,
    _setting,
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
    _comma,
    _misspelt,
    _options,
    _between,
)


def _anything(stop: Stop) -> Diagnostic:
    seen = stop.seen
    after = stop.source.text[seen.at[1] : seen.at[1] + 1]
    hint = ""
    if _rounds(stop):
        hint = "repeat"
    elif seen.text == "/" and (after in ("/", "*") or stop.left.endswith("/")):
        hint = "comment"
    elif stop.left.endswith("%"):
        hint = "percent"
    elif seen.kind == "DOT" and after.isdigit():
        hint = "zero"
    elif stop.first == "input":
        hint = "given" if seen.kind == "_ARROW" else "type"
    elif seen.kind == "COMMA" and stop.accepts("_ARROW"):
        hint = "comma"
    hints = (Hint(hint),) if hint else ()
    return Diagnostic("NS101", stop.span, {"seen": seen.text, "expected": expected(stop.seen.accepts)}, hints=hints)
