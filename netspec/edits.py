"""A wrong statement -> the statements that parse and differ from it by one edit of tokens, the smallest edits first.

An edit puts a sign in the place of another, inserts or deletes signs, or moves tokens; at last it leaves a word out. It
makes nothing up: words and numbers stay as they are written, and arithmetic is neither inserted nor deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from netspec.source import SourceFile
from netspec.syntax.build import BadText
from netspec.syntax.parser import MARKS, STRING, TooDeep, Unexpected, parse

NEAR = 9  # tokens on each side of the place where the parser stops
TOKEN = re.compile(
    rf"{STRING}|(?:up[ \t]+to|at[ \t]+defaults)\b|(?<=\w)\.\d+(?!\d*[eE.]\d)|(?<=\d)[x×](?=[\s\d(])|[^\W\d][\w{MARKS}]*"
    r"|\d+\.\d+(?=[A-Za-z])|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|\d+|->|==|!=|<=|>=|\.\.(?!\.)|[=|~-]+>|:=|>>|\|\||--|\.\.\.|\S"
)
_ARITHMETIC = frozenset("+-*/^%&<>")
# signs that give a statement its form
_SIGNS = ("->", ",", "=", ":", "(", ")", "{", "}", "@", "over", "of", "from")
SPACED = ("->", "=", "{", "}", "over", "of", "from")
_PAIRS = (("(", ")"), ("{", "}"))
# signs that are written for others which they look like, besides those that the language does not have
_ALIKE = {"*": ("x",), "-": ("->",), ">": ("->",), ".": (), ",": ("->", "."), "/": ("->",), "&": ("->",),
          "is": ("==",), "equals": ("==",), "equal": ("==",)}  # fmt: skip
_HEADS = {"net": "net_head", "block": "block_head", "data": "section_head", "train": "section_head",
          "figure": "section_head", "use": "decl", "default": "decl", "netspec": "decl"}  # fmt: skip


# how large an edit is: a sign of a slip of the hand, tokens moved or enclosed, a word or a number left out
SLIP, MOVED, LEFT_OUT = 1, 2, 3


class Edited(NamedTuple):
    """A statement after an edit, and how large the edit is."""

    text: str
    size: int

    @property
    def guess(self) -> bool:
        return self.size == LEFT_OUT


class Token(NamedTuple):
    text: str
    after: str = " "  # the token before it, where no blank stands between the two

    @property
    def sign(self) -> bool:
        return re.match(r'\w|".', self.text) is None

    @property
    def word(self) -> bool:
        return self.text[0].isalpha() or self.text[0] == "_"


def tokens_of(texts: Sequence[tuple[str, int, int]]) -> list[Token]:
    """Return pieces of a statement, each with the places where it begins and ends, as tokens."""
    before = [" ", *(one[0] if one[2] == other[1] else " " for one, other in pairwise(texts))]
    return [Token(text, after) for (text, _, _), after in zip(texts, before, strict=True)]


def rule(text: str, start: int) -> str:
    """Return the rule of the grammar for a line of the body in which the statement at `start` of a text stands."""
    heads = re.findall(r"^\s*(net|block|data|train|figure)\b[^\n]*\{", text[:start], re.MULTILINE)
    return "setting" if heads[-1:] and heads[-1] not in ("net", "block") else "stmt"


def kind(statement: str, start: str) -> str:
    """Return the rule of the grammar for a statement; `start` is that of the lines around it."""
    found = _HEADS.get((re.match(r"\w*", statement) or [""])[0], start)
    return start if found == "decl" and start == "setting" else found


def stop(statement: str, start: str) -> int | None:
    """Return the place of the first token that cannot stand in a statement; None if it parses."""
    source = SourceFile("", statement)
    try:
        parse(source, kind(statement, start), (0, len(statement)))
    except Unexpected as unexpected:
        return unexpected.at[0]
    except (TooDeep, BadText) as fault:
        return fault.at[0]
    return None


def difference(statement: str, other: str) -> tuple[int, int]:
    """Return the place in a statement from the first token that another one does not have to the last."""
    found = list(TOKEN.finditer(statement))
    words, others = [match[0] for match in found], TOKEN.findall(other)
    ahead = next((at for at, pair in enumerate(zip(words, others, strict=False)) if pair[0] != pair[1]), None)
    ahead = min(len(words), len(others)) if ahead is None else ahead
    most = min(len(words), len(others)) - ahead
    behind = next((at for at in range(most) if words[-1 - at] != others[-1 - at]), most)
    ends = len(words) - behind
    start = found[ahead].start() if ahead < len(found) else len(statement)
    return start, found[ends - 1].end() if ends > ahead else start


def edited(statement: str, start: str, place: int) -> Iterator[Edited]:
    """Yield the statements that parse by the rule `start` after one edit; `place` is that of the mistake if it parses.

    Of a statement that parses only signs are replaced, and the word at `place` is left out.
    """
    stopped = stop(statement, start)
    found = list(TOKEN.finditer(statement))
    tokens = tokens_of([(match[0], *match.span()) for match in found])
    place = place if stopped is None else stopped
    near = next((number for number, match in enumerate(found) if match.end() > place), len(found))
    low, high = max(0, near - NEAR), min(len(tokens), near + NEAR)
    seen = {statement}
    for size, edits in _edits(tokens, low, high, near if stopped is None else None, start == "setting"):
        # the nearest to the stop first
        for _, made in sorted(edits, key=lambda edit: abs(edit[0] - near)):
            text = _joined(made)
            if text not in seen:
                seen.add(text)
                if stop(text, start) is None:
                    yield Edited(text, size)


_Edit = tuple[int, list[Token]]  # the place of an edit, and the tokens after it


def _edits(
    tokens: list[Token], low: int, high: int, wrong: int | None, setting: bool
) -> Iterator[tuple[int, list[_Edit]]]:
    """Yield lists of edits with their sizes, the smallest first.

    `wrong` is the token of the mistake in a statement that parses.
    """
    inside = range(low, high)
    if sum(token.text == '"' for token in tokens) % 2:  # what stands in the text is not known until it is closed
        yield SLIP, list(_inserted(tokens, low, high, '"'))
        return
    uneven = any(sum(_opens(token, pair) for token in tokens) for pair in ("()", "[]", "{}"))
    yield SLIP, [(at, _without(tokens, at)) for at in inside[1:] if _same(tokens, at, uneven)]
    yield SLIP, list(_bared(tokens, inside))
    yield SLIP, list(_rebracketed(tokens, inside))
    signs = [
        (at, sign)
        for at in inside
        for sign in _ALIKE.get(tokens[at].text, _SIGNS if tokens[at].sign else ())
        if sign != "." or _decimal(tokens, at)
    ]
    yield SLIP, [(at, _everywhere(tokens, at, sign)) for at, sign in signs]
    yield SLIP, [(at, _replaced(tokens, at, sign)) for at, sign in signs]
    if wrong is None:
        yield SLIP, [edit for sign in _SIGNS for edit in _inserted(tokens, low, high, sign)]
        yield (
            SLIP,
            [(at, _without(tokens, at)) for at in inside if tokens[at].sign and tokens[at].text not in _ARITHMETIC],
        )
        yield SLIP, list(_moved(tokens, low, high, 1, 1))
        yield MOVED, list(_moved(tokens, low, high, 1))
        yield MOVED, [*_exchanged(tokens, inside), *_behind(tokens, inside)]
        yield MOVED, list(_paired(tokens, low, high, (*_PAIRS, ('"', '"'), ("[", "]")) if setting else _PAIRS))
        yield MOVED, [edit for length in (2, 3) for edit in _moved(tokens, low, high, length)]
    calls = {at for at in inside[:-1] if tokens[at + 1].text == "("}  # its arguments alone would mean another thing
    yield (
        LEFT_OUT,
        [
            (at, _emptied(tokens, at))
            for at in inside
            if not tokens[at].sign and wrong in (None, at) and at not in calls
        ],
    )


def _inserted(tokens: list[Token], low: int, high: int, sign: str) -> Iterator[_Edit]:
    return ((at, [*tokens[:at], Token(sign, ""), *tokens[at:]]) for at in range(low, high + 1))


def _replaced(tokens: list[Token], at: int, sign: str) -> list[Token]:
    behind = [token._replace(after=sign) if token.after == tokens[at].text else token for token in tokens[at + 1 :][:1]]
    return [*tokens[:at], tokens[at]._replace(text=sign), *behind, *tokens[at + 2 :]]


def _decimal(tokens: list[Token], at: int) -> bool:
    return all(token.text.isdecimal() for token in (tokens[at - 1], *tokens[at + 1 : at + 2]))


def _everywhere(tokens: list[Token], at: int, sign: str) -> list[Token]:
    """Replace a sign wherever it stands inside the same brackets."""
    depths = list(accumulate(map(_opens, tokens)))
    same = [token.text == tokens[at].text and depth == depths[at] for token, depth in zip(tokens, depths, strict=True)]
    return [token._replace(text=sign) if alike else token for token, alike in zip(tokens, same, strict=True)]


def _without(tokens: list[Token], at: int) -> list[Token]:
    return [*tokens[:at], *tokens[at + 1 :]]


def _emptied(tokens: list[Token], at: int) -> list[Token]:
    """Leave a token out, and the brackets that then enclose nothing."""
    alone = [token.text for token in tokens[at - 1 : at + 2 : 2]] == ["(", ")"]
    return [*tokens[: at - alone], *tokens[at + 1 + alone :]]


def _opens(token: Token, pair: str = "([{)]}") -> int:
    """1 for an opening bracket, -1 for a closing one."""
    return (token.text in pair[: len(pair) // 2]) - (token.text in pair[len(pair) // 2 :])


def _same(tokens: Sequence[Token], at: int, uneven: bool) -> bool:
    return tokens[at].text == tokens[at - 1].text and (uneven or not _opens(tokens[at]))


def _bared(tokens: list[Token], inside: range) -> Iterator[_Edit]:
    """Yield the tokens without a pair of square or curly brackets."""
    for at in inside:
        end = next((end for end in range(at + 1, len(tokens)) if tokens[end].text in "]}"), None)
        if tokens[at].text in ("[", "{") and end is not None:
            yield at, [*tokens[:at], *tokens[at + 1 : end], *tokens[end + 1 :]]


def _rebracketed(tokens: list[Token], inside: range) -> Iterator[_Edit]:
    """Yield the tokens with round brackets in place of square ones, or the other way round."""
    for opening, closing, left, right in (("(", ")", "[", "]"), ("[", "]", "(", ")")):
        for at in (at for at in inside if tokens[at].text == opening):
            end = next((end for end in range(at + 1, len(tokens)) if tokens[end].text == closing), None)
            if end is not None:
                yield at, _replaced(_replaced(tokens, end, right), at, left)


def _moved(tokens: list[Token], low: int, high: int, length: int, far: int = 2 * NEAR) -> Iterator[_Edit]:
    """Yield the tokens with a run of them at another place, at most `far` tokens away."""
    for at in range(low, high - length + 1):
        run = tokens[at : at + length]
        rest = [*tokens[:at], *tokens[at + length :]]
        for to in range(low, high - length + 1):
            if 0 < abs(to - at) <= far:
                yield max(at, to), [*rest[:to], *run, *rest[to:]]


def _exchanged(tokens: list[Token], inside: range) -> Iterator[_Edit]:
    """Yield the tokens with what stands before a sign and what stands after it in each other's place."""
    for at in inside:
        for before in range(max(1, at - 3), at) if tokens[at].sign else ():
            for after in range(at + 2, min(at + 4, len(tokens)) + 1):
                left, right, rest = tokens[before:at], tokens[at + 1 : after], tokens[after:]
                yield at, [*tokens[:before], *right, tokens[at], *left, *rest]
                yield at, [*tokens[:before], *right, *left, *rest]


def _behind(tokens: list[Token], inside: range) -> Iterator[_Edit]:
    """Yield the tokens with what stands before a word in brackets behind it: `2x2 maxpool`."""
    for at in inside:
        for before in range(max(1, at - 3), at) if tokens[at].text.isidentifier() else ():
            enclosed = [Token("(", ""), *tokens[before:at], Token(")", "")]
            yield at, [*tokens[:before], tokens[at], *enclosed, *tokens[at + 1 :]]


def _paired(tokens: list[Token], low: int, high: int, pairs: Sequence[tuple[str, str]]) -> Iterator[_Edit]:
    """Yield the tokens with brackets or quotes around some of them; the opening one may replace a sign."""
    for opening, closing in pairs:
        for at in range(low, high):
            kept = at + (tokens[at].sign and tokens[at].text not in "()[]{}")
            for begin, end in ((begin, end) for end in range(at + 1, high + 1) for begin in {at, kept} if begin < end):
                inner = [Token(opening, ""), *tokens[begin:end], Token(closing, "")]
                yield at, [*tokens[:at], *inner, *tokens[end:]]


def _joined(tokens: Sequence[Token]) -> str:
    """Write tokens with the blanks that they had, and with those that the form of a statement asks for."""
    text, last, quoted = "", "", False
    for token in tokens:
        blank = token.after not in ("", last) or token.text in SPACED or last in (*SPACED, ",", ":")
        if token.text in ",):" or last in ("(", "[") or (quoted and '"' in (token.text, last)):
            blank = False
        quoted ^= token.text == '"'
        text += " " * (blank and bool(text)) + token.text
        last = token.text
    return text
