"""Text -> syntax objects: a context-dependent scanner and an LALR(1) parser.

The table comes from Lark (grammar.py). This parser replaces Lark's for two reasons, both measured. It is four times as
fast and saves the import of Lark. And for a wrong text it reports what recovery needs: the unexpected token, all
terminals that are possible there, and the terminals before. It is not recursive; the scanner limits the nesting depth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from netspec.source import SourceFile
from netspec.syntax import build
from netspec.syntax.grammar import load_table
from netspec.syntax.tree import Place

MAX_DEPTH = 64
END = "$END"

# combining marks, which are part of a name (é as e and an accent, decomposed 한글, Thai, Arabic)
MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0df3"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ece\u0f18-\u0fbc\u102b-\u109d\u135d-\u135f"
    r"\u1ab0-\u1ace\u1b00-\u1b44\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099\u309a\ufe20-\ufe2f"
)
# a text in quotes; QUOTED also takes one that is not closed, until its line ends. A pattern that
# finds no end, and begins again at the next quote, would take quadratic time.
STRING = r'"(?>(?:[^"\\\n]+|\\.)*)"'
QUOTED = f"{STRING}?"
# atomic groups: with backtracking, n spaces before a wrong character would take 2^n attempts
_SKIP = r"(?>(?:[ \t]++|\#[^\n]*+|\r?\n[ \t]*+(?=\#|->|[&+,]))*)"
# \u200b stands for an invisible character inside a word, which is reported elsewhere
_REST = r"""
    (?: (?P<WORD>[^\W\d][\wMARKS\u200b]*)
      | (?P<NUMBER>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<PUNCT>->|==|!=|<=|>=|\.\.|[-+*/%(){}\[\]=:,@&^.<>→⟶➔⇒➜➡⮕…≤≥≠])
      | (?P<STRING>TEXT)
      | (?P<NL>(?:\r?\n[ \t]*)+)
    )
""".replace("MARKS", MARKS).replace("TEXT", STRING)
# Where `x` between sizes is possible, `3x4` is three tokens. No parser state accepts both this sign and a name.
_SIGNS = {"INDEX": r"(?P<INDEX>\.\d+)", "_X": "(?P<X>[x×])"}
_SKIPPED = re.compile(_SKIP, re.VERBOSE)

KEYWORDS = {
    word: word.upper()
    for word in (
        "netspec use from as net block input hidden output start default require let is one of over repeat shared"
    ).split()
}
NOUNS = {"perceptron": "PERCEPTRON", "perceptrons": "PERCEPTRON", "filter": "FILTER", "filters": "FILTER"}
_WORDS = frozenset((*KEYWORDS.values(), *NOUNS.values()))
_SECTION = re.compile(r"(?:data|train|figure)(?=[ \t]+[^\W\d]|[ \t]*\{)")
_UP_TO = re.compile(r"up[ \t]+to(?=[ \t])")
_DEFAULTS = re.compile(r"at[ \t]+defaults(?!\w)")
_ANY = re.compile(r"any(?=[ \t]+[^\W\d])")
# words that are keywords only before certain text
_LOOKING = {
    "data": ("SECTION", _SECTION),
    "train": ("SECTION", _SECTION),
    "figure": ("SECTION", _SECTION),
    "up": ("UPTO", _UP_TO),
    "any": ("ANY", _ANY),
    "at": ("DEFAULTS", _DEFAULTS),
}
_PUNCTUATION = {
    "->": "_ARROW", "==": "CMP", "!=": "CMP", "<=": "CMP", ">=": "CMP", "<": "CMP", ">": "CMP", "..": "DOTS",
    "+": "ADDOP", "-": "ADDOP", "*": "MULOP", "/": "MULOP", "%": "MULOP", "(": "LPAR", ")": "RPAR",
    "{": "LBRACE", "}": "RBRACE", "[": "LSQB", "]": "RSQB", "=": "EQUAL", ":": "COLON", ",": "COMMA",
    "@": "AT", "&": "AMPERSAND", "^": "CIRCUMFLEX", ".": "DOT",
    # these are already reported by characters.check_characters; they are read so that the rest of the line is checked
    "→": "_ARROW", "⟶": "_ARROW", "➔": "_ARROW", "⇒": "_ARROW", "➜": "_ARROW", "➡": "_ARROW",
    "⮕": "_ARROW", "…": "DOTS", "≤": "CMP", "≥": "CMP", "≠": "CMP",
}  # fmt: skip


class Unexpected(Exception):
    """A token that no rule accepts.

    Attributes:
        kind: its terminal; "CHARACTER" for a character that begins no token; "$END" at the end of the text.
        text: the token.
        at: its place.
        accepts: every terminal that is possible there.
        before: the terminals of the statement so far, the last one at the end.
    """

    def __init__(self, kind: str, text: str, at: Place, accepts: frozenset[str], before: tuple[str, ...]) -> None:
        super().__init__(f"{kind} {text!r} at {at[0]}")
        self.kind = kind
        self.text = text
        self.at = at
        self.accepts = accepts
        self.before = before


class TooDeep(Exception):
    """More than MAX_DEPTH brackets are open at `at`."""

    def __init__(self, at: Place) -> None:
        super().__init__(f"nested too deeply at {at[0]}")
        self.at = at


class _Rule(NamedTuple):
    """A rule of the grammar: how many symbols it has, and what it builds from those that it keeps."""

    left: str
    length: int
    action: build.Action | None  # None: the children become children of the parent
    unwrap: bool
    keep: tuple[tuple[int, bool, int], ...]  # (position, whether it is a list to splice in, number of Nones before it)
    trailing: int
    whole: bool  # whether all symbols are kept unchanged


class Machine(NamedTuple):
    rules: list[_Rule]
    passes: list[str | None]  # for each rule that keeps its only symbol unchanged, its left side
    states: list[dict[str, int]]
    scanners: list[re.Pattern[str]]
    starts: dict[str, int]
    ends: dict[str, int]
    named: frozenset[int]  # the states after a name that may be a call


@cache
def _scanner(signs: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of the next token, in states where some of `_SIGNS` are possible."""
    return re.compile(f"{_SKIP} (?: {' | '.join([*map(_SIGNS.__getitem__, signs), _REST])} )", re.VERBOSE)


@cache
def machine() -> Machine:
    table = load_table()
    rules = []
    passes: list[str | None] = []
    for left, length, name, unwrap, keep, trailing in table["rules"]:
        spliced = left.startswith("_")
        plain = length == 1 and len(keep) == 1 and not keep[0][1] and not trailing and not keep[0][2]
        rules.append(
            _Rule(
                left,
                length,
                None if spliced or (unwrap and plain) else build.action(name),
                unwrap,
                keep,
                trailing,
                not trailing and len(keep) == length and not any(splice or nones for _, splice, nones in keep),
            )
        )
        passes.append(left if plain and unwrap else None)
    scanners = [_scanner(tuple(sign for sign in _SIGNS if sign in state)) for state in table["states"]]
    named = frozenset(state["path"] for state in table["states"] if "path" in state)
    return Machine(rules, passes, table["states"], scanners, table["starts"], table["ends"], named)


def _terminal(group: str, word: str, text: str, at: int, actions: dict[str, int]) -> tuple[str, int]:
    """Return the terminal of a word, which depends on what is possible here, and where the word ends."""
    end = at + len(word)
    if group == "WORD":
        if "\u200b" in word:
            word = word.replace("\u200b", "")
        looking = _LOOKING.get(word)
        if looking is not None and looking[0] in actions:
            match = looking[1].match(text, at)
            if match is not None:
                return looking[0], match.end()
        kind = NOUNS.get(word) or KEYWORDS.get(word)
        if kind is not None and (kind in actions or "NAME" not in actions):
            return kind, end
        return "NAME", end
    if group == "PUNCT":
        if word == "-" and "_NEG" in actions:
            return "_NEG", end
        return _PUNCTUATION[word], end
    if group == "NUMBER":
        return ("INT" if word.isdigit() and "INT" in actions else "NUMBER"), end
    return {"NL": "_NL", "X": "_X"}.get(group, group), end


def parse(source: SourceFile, start: str = "start", region: Place | None = None) -> Any:
    """Parse `region` of the text by the rule `start` (see grammar.STARTS) and return its syntax object.

    Raises Unexpected, TooDeep or build.BadText at the first mistake.
    """
    table = machine()
    if region is None:
        text, at, stop = source.text + "\n", 0, len(source.text) + 1
    else:
        text, at, stop = source.text, *region
    return _run(table, start, text, at, stop)


def _run(machine: Machine, start: str, text: str, at: int, stop: int) -> Any:
    rules, states, scanners, passes = machine.rules, machine.states, machine.scanners, machine.passes
    final = machine.ends[start]
    state = machine.starts[start]
    stack = [state]
    values: list[Any] = []
    begins: list[int] = []
    ends: list[int] = []
    recent: list[str] = []
    words: dict[str, str] = {}  # equal words share one string object
    depth = signs = 0
    while True:
        actions = states[state]
        match = scanners[state].match(text, at, stop)
        if match is not None and (group := match.lastgroup) is not None:
            begin, end = match.span(group)
            kind, at = _terminal(group, word := text[begin:end], text, begin, actions)
            word = words.setdefault(word, word) if at == end else text[begin:at]
        else:
            _check_end(machine, stack, text, at, stop, recent)
            kind, word, begin, at = END, "", stop, stop
        while True:  # reduce until the token can be shifted
            code = actions.get(kind)
            if code is None:
                if kind == END and state == final:
                    return values[0]
                kind = _as_name(machine, stack, kind, word, (begin, at), recent)
            elif code < 0:
                left = passes[~code]
                if left is not None:  # most rules only rename a symbol
                    state = stack[-1] = states[stack[-2]][left]
                else:
                    _reduce(rules[~code], states, stack, values, begins, ends)
                    state = stack[-1]
                actions = states[state]
            else:
                if kind == "LBRACE" and state in machine.named and begin == ends[-1]:
                    # `B{3}` and `x_{t-1}` mean something else than a step argument, before which stands a blank
                    raise Unexpected(kind, word, (begin, at), _viable(machine, stack) - {kind}, tuple(recent))
                state = code
                stack.append(code)
                values.append((word, begin, at))
                begins.append(begin)
                ends.append(at)
                break
        depth += _NESTING.get(kind, 0)
        signs = signs + 1 if kind == "_NEG" else 0
        if depth > MAX_DEPTH or signs > MAX_DEPTH:
            raise TooDeep((begin, at))
        if kind == "_NL":
            recent.clear()
        else:
            recent.append(kind)


_NESTING = {"LPAR": 1, "LSQB": 1, "LBRACE": 1, "RPAR": -1, "RSQB": -1, "RBRACE": -1}


def _check_end(machine: Machine, stack: list[int], text: str, at: int, stop: int, recent: list[str]) -> None:
    """Raise Unexpected unless the text ends here; called if no token matches."""
    skipped = _SKIPPED.match(text, at, stop)
    begin = skipped.end() if skipped else at
    if begin < stop:
        raise Unexpected("CHARACTER", text[begin], (begin, begin + 1), _viable(machine, stack), tuple(recent))


def _as_name(machine: Machine, stack: list[int], kind: str, word: str, at: Place, recent: list[str]) -> str:
    """Return the terminal NAME for a keyword that is allowed as a name here; otherwise raise Unexpected."""
    if kind in _WORDS and "NAME" in machine.states[stack[-1]]:
        return "NAME"
    raise Unexpected(kind, word, at, _viable(machine, stack), tuple(recent))


def _viable(machine: Machine, stack: list[int]) -> frozenset[str]:
    """Return the terminals that are possible next. The state lists more of them, because LALR merges states."""
    known = [name for name in machine.states[stack[-1]] if name.isupper() or name[0] in "_$"]
    found = {name: _reduced(machine, stack, name) for name in known}
    ends = machine.ends.values()
    return frozenset(
        name for name, (made, state) in found.items() if state is not None or (name == END and made[-1] in ends)
    )


def _reduced(machine: Machine, stack: Sequence[int], kind: str) -> tuple[list[int], int | None]:
    """Return a copy of the stack after the reductions before a terminal, and the state behind the terminal, if any."""
    made = [*stack]
    while (code := machine.states[made[-1]].get(kind)) is not None and code < 0:
        rule = machine.rules[~code]
        if rule.length:
            del made[-rule.length :]
        made.append(machine.states[made[-1]][rule.left])
    return made, code


def advanced(machine: Machine, stack: tuple[int, ...], kind: str) -> tuple[int, ...] | None:
    """Return the parser's stack after it has read a terminal; None if the terminal cannot stand there."""
    made, state = _reduced(machine, stack, kind)
    return None if state is None else (*made, state)


def ended(machine: Machine, stack: tuple[int, ...], start: str) -> bool:
    """Whether what was read is a whole `start`, with nothing behind it."""
    return _reduced(machine, stack, END)[0][-1] == machine.ends[start]


@cache
def kinds(text: str) -> tuple[str, ...]:
    """Return the terminals that a token may be, depending on where it stands; () for a sign without a meaning."""
    if text[0].isalpha():
        word = NOUNS.get(text) or KEYWORDS.get(text) or ("_X" if text == "x" else None)
        looking = _LOOKING.get(text.split()[0])
        return (*filter(None, (word, looking and looking[0])), *([] if " " in text else ["NAME"]))
    if text[0].isdigit():
        return ("INT", "NUMBER") if text.isdigit() else ("NUMBER",)
    if text[0] == '"':
        return ("STRING",) if len(text) > 1 else ()
    if text[0] == "." and text[1:].isdigit():
        return ("INDEX",)
    sign = _PUNCTUATION.get(text) if text.isascii() else None
    return ("_NEG", "ADDOP") if text == "-" else () if sign is None else (sign,)


def _reduce(
    rule: _Rule, states: list[dict[str, int]], stack: list[int], values: list[Any], begins: list[int], ends: list[int]
) -> None:
    """Replace the top `rule.length` symbols of the stack by what the rule builds from them."""
    length = rule.length
    if not length:
        stack.append(states[stack[-1]][rule.left])
        place = ends[-1] if ends else 0
        values.append([] if rule.action is None else rule.action([None] * rule.trailing, (place, place)))
        begins.append(place)
        ends.append(place)
        return
    base = len(values) - length
    if rule.whole:
        kids = values[base:]
    else:
        kids = _children(rule, values, base)
    begin, end = begins[base], ends[-1]
    if rule.action is None:
        value: Any = kids
    elif rule.unwrap and len(kids) == 1:
        value = kids[0]
    else:
        value = rule.action(kids, (begin, end))
    if length == 1:
        stack[-1] = states[stack[-2]][rule.left]
        values[-1] = value
        return
    del stack[-length:], values[base:], begins[base:], ends[base:]
    stack.append(states[stack[-1]][rule.left])
    values.append(value)
    begins.append(begin)
    ends.append(end)


def _children(rule: _Rule, values: list[Any], base: int) -> list[Any]:
    """Return the children of a rule: the symbols that it keeps, with lists spliced in and None for absent parts."""
    if rule.action is None and rule.keep[:1] and rule.keep[0][0] == 0 and rule.keep[0][1]:
        kids: list[Any] = values[base]  # append to the list instead of copying it for every item
        rest = rule.keep[1:]
    else:
        kids = []
        rest = rule.keep
    for position, splice, nones in rest:
        if nones:
            kids += [None] * nones
        if splice:
            kids += values[base + position]
        else:
            kids.append(values[base + position])
    if rule.trailing:
        kids += [None] * rule.trailing
    return kids
