"""A statement that does not parse -> the nearest statements that do: a search through the parser's table.

The search reads the tokens from left to right as the parser does, and at each of them it may also insert a sign, leave
the token out, read another one in its place, move tokens here from further on, or put quotes around them. Each of these
has a cost, and all together make the distance of what comes out from what was written. Of the ways to read the first n
tokens only the cheapest are kept. Words and numbers that say something are dear to leave out, and none is made up.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import SequenceMatcher
from heapq import heapify, heappop, heappush
from itertools import accumulate, pairwise
from typing import NamedTuple

from netspec import foreign
from netspec.edits import SPACED, TOKEN, Token, tokens_of
from netspec.names import nearest
from netspec.syntax.parser import KEYWORDS, NOUNS, STRING, Machine, advanced, ended, kinds, machine

BEAM = 60  # ways to read the first n tokens that are kept
INSERTED = 2  # tokens that are inserted one behind the other
FARTHEST = 4.5  # what is farther from what was written is no reading of it
ALIKE = 6  # of these those that the parser cannot tell apart
NEAR = 2  # tokens before the one that stops the parser which may be wrong themselves
FOUND = 24  # statements that are tried
LENGTH = 48  # tokens of a statement; a longer one is not searched
RUN = 4  # tokens that are moved together
ALONG = 12  # how many tokens away from their place
_SPLIT = re.compile(r"\d+(?:x\d+)+(?!\w)|\d+\.\d+|\w+|->|[=!<>]=|\S")
_REAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LATIN = re.compile(r"([A-Za-z_]\w*?)([ㄱ-ㅎㅏ-ㅣ가-힣]+)$", re.ASCII)
# what may be inserted, and what it costs
_INSERTED = {
    "_ARROW": ("->", 1.0), "COMMA": (",", 1.0), "EQUAL": ("=", 1.0), "COLON": (":", 1.0), "LPAR": ("(", 1.2),
    "RPAR": (")", 1.0), "LBRACE": ("{", 0.8), "RBRACE": ("}", 1.0), "LSQB": ("[", 1.4), "RSQB": ("]", 1.0),
    "REPEAT": ("repeat", 1.5), "AT": ("@", 1.2), "_X": ("x", 1.2), "OVER": ("over", 1.4), "OF": ("of", 1.0),
    "ONE": ("one", 1.4), "FROM": ("from", 1.2), "PERCEPTRON": ("perceptrons", 1.5), "DOT": (".", 1.4),
}  # fmt: skip
_SIGNS = frozenset(text for text, _ in _INSERTED.values())
# signs that are written for others which they look like, besides those that the language does not have
_ALIKE = {"*": ("x",), "-": ("->",), ">": ("->",), ",": (".",), "+": (",",), "/": ("->",), "&": ("->",),
          "=": ("->", ":"), ":": ("=", "->")}  # fmt: skip
# words for signs
_SPOKEN = {
    "is": "==",
    "equals": "==",
    "equal": "==",
    "plus": "+",
    "minus": "-",
    "times": "*",
    "by": "x",
    "to": "->",
    "then": "->",
    "into": "->",
}
_WORDS = ("true", "false", "same")  # values of options
_VALUES = frozenset("+-*/^%<>")  # arithmetic, which is not left out


class Repair(NamedTuple):
    """A statement that parses, how far it is from what was written, and whether it leaves out what says something."""

    text: str
    cost: float
    guess: bool = False


_OPEN, _CLOSE, _COMMA, _EQUALS = Token("(", ""), Token(")", ""), Token(",", ""), Token("=")


class _Way(NamedTuple):
    """A way to read some of the tokens: its cost, the parser's stack, what was read, and what is still to come."""

    cost: float
    stack: tuple[int, ...]
    text: str
    last: str
    rest: tuple[Token, ...]
    moved: bool = False
    guess: bool = False
    inserted: int = 0
    open: tuple[int, ...] = ()  # where brackets were inserted that are not closed yet


def tokens(statement: str, known: Callable[[str], bool]) -> list[Token]:
    """Cut a statement into tokens; a Korean particle is cut off the word that it stands behind."""
    found: list[tuple[str, int, int]] = []
    for match in TOKEN.finditer(statement):
        tail = _LATIN.match(match[0])
        if tail is not None and not known(match[0]):
            found += [(tail[1], match.start(), match.start() + len(tail[1]))]
            found += [(tail[2], match.start() + len(tail[1]), match.end())]
        else:
            found.append((match[0], match.start(), match.end()))
    return tokens_of(found)


def distance(
    written: str, other: str, known: Callable[[str], bool], legal: Callable[[str], bool]
) -> tuple[bool, float]:
    """Return whether a statement lacks something that was said, and how far it is from what was written.

    What is left out weighs most, then what is put in, then what is moved.
    """
    ours, theirs = (_SPLIT.findall(text.replace('"', ' " ')) for text in (written, other))
    texts = [text for text in re.findall(STRING, other) if text not in written]
    spoken = (
        [word for text in texts for word in re.findall(r"\w+", text)]
        if written.split(None, 1)[:1] and written.split(None, 1)[0] in KEYWORDS
        else []
    )
    far = sum(2.5 for word in spoken if word[0].isdigit() or known(word))
    if not texts and re.sub(r"\W+", "", written) == re.sub(r"\W+", "", other):
        return False, 0.4 * _signs(*(re.sub(r"\s+", "", text.replace("->", "→")) for text in (written, other)))
    left: list[str] = []
    right: list[str] = []
    for kind, low, high, begin, end in SequenceMatcher(None, ours, theirs, False).get_opcodes():
        if kind != "equal":
            doubled = [at for at in range(low, high) if ours[at] in ours[max(at - 1, 0) : at] + ours[at + 1 : at + 2]]
            far += 0.4 * (len(doubled) if begin == end else 0)
            left += [ours[at] for at in range(low, high) if begin != end or at not in doubled]
            right += theirs[begin:end]
    moved, lost = 0, False
    for text in [*left]:
        if text in right:
            left.remove(text)
            right.remove(text)
            moved += text[0].isalnum()
    far += 0.6 + 0.3 * moved if moved else 0.0
    for one, two in pairwise([*left]):
        if one + two in right:
            left.remove(one)
            left.remove(two)
            right.remove(one + two)
            far += 0.3
    for text in [*left]:  # a number for a number, a word for a word, a sign for a sign
        same = next((one for one in right if _sort(one) == _sort(text)), None)
        if same is not None:
            left.remove(text)
            right.remove(same)
            far += _exchanged(text, same, known)
            lost = lost or (_sort(text) == "word" and legal(text) and not nearest(text, [same]))
    for text in left:
        sort = _sort(text)
        lost = lost or sort == "number" or (sort == "word" and known(text))
        far += {"number": 3.0, "word": 2.5 if known(text) else 1.0, "sign": 1.0 if text in "{}" else 0.4}[sort]
    far += sum({"number": 0.8, "word": 0.7, "sign": 0.6 if text == '"' else 0.25}[_sort(text)] for text in right)
    return lost, far


def _signs(written: str, other: str) -> float:
    """How many signs two statements with the same words differ in; a pair of brackets counts once."""
    found = 0.0
    changed = ["", ""]
    for kind, low, high, begin, end in SequenceMatcher(None, written, other, False).get_opcodes():
        if kind != "equal":
            found += max(high - low, end - begin) + 2 * sum(sign in "{}" for sign in written[low:high])
            changed[0] += written[low:high]
            changed[1] += other[begin:end]
    return found - any(left in text and right in text for text in changed for left, right in ("()", "[]", "{}"))


def _sort(text: str) -> str:
    return "number" if text[0].isdigit() else "word" if text[0].isalpha() or text[0] == "_" else "sign"


def _exchanged(text: str, other: str, known: Callable[[str], bool]) -> float:
    if _sort(text) == "number":
        if not _REAL.fullmatch(text) or not _REAL.fullmatch(other):
            return 1.5
        one, two = float(text), float(other)
        return 1.2 + min(1.0, abs(one - two) / max(one, two, 1.0))
    if _sort(text) == "word":
        same = other in (foreign.NOUNS.get(text), foreign.LINES.get(text))
        return 0.6 if same or nearest(text, [other]) else 2.0 if known(text) else 0.8
    return 0.4


def repairs(
    statement: str, kind: str, known: Callable[[str], bool], words: Collection[str] = (), place: int = 0
) -> Iterator[Repair]:
    """Yield other statements that parse by the rule `kind`, the nearest first.

    Args:
        statement: what was written.
        kind: the rule of the grammar.
        known: whether a word says something: a name of the file, a word of the language or of another tool.
        words: the names and steps that a misspelt word may be.
        place: where the mistake of a statement is that parses.
    """
    written = tuple(tokens(statement, known))
    if not 0 < len(written) <= LENGTH:
        return
    levels: list[list[_Way]] = [[] for _ in range(len(written) + 1)]  # by how many tokens are left
    table = machine()
    levels[len(written)] = [_Way(0.0, (table.starts[kind],), "", "", written)]
    seen = {statement}
    search = _Search(table, known, words, written)
    reached = search.reached(kind)
    if reached is None:
        reached = sum(match.end() <= place for match in TOKEN.finditer(statement))
        search.most = reached + NEAR
    search.free = reached - NEAR
    for left in range(len(levels) - 1, 0, -1):
        for way in search.kept(levels[left], BEAM):
            for made in search.read(way):
                levels[len(made.rest)].append(made)
    number = 0
    for way in search.kept(levels[0], 4 * BEAM):
        text = way.text
        if number < FOUND and text not in seen and ended(table, way.stack, kind):
            seen.add(text)
            number += 1
            yield Repair(text, way.cost, way.guess)


class _Search:
    def __init__(
        self, table: Machine, known: Callable[[str], bool], words: Collection[str], written: Sequence[Token]
    ) -> None:
        self.machine = table
        self.written = written
        self.most = len(written)  # what stands behind so many tokens stays as it is
        self.free = 0  # how many tokens at the beginning stay as they are, but for brackets and for what is moved there
        self.uneven = sum(token.text in "([{" for token in written) != sum(token.text in ")]}" for token in written)
        self.words = words
        self.known = known
        self.cache: dict[tuple[tuple[int, ...], str], tuple[int, ...] | None] = {}
        self.costs: dict[str, tuple[float, bool]] = {}
        self.others: dict[str, list[tuple[str, float]]] = {}

    def kept(self, ways: list[_Way], most: int) -> Iterator[_Way]:
        """The cheapest ways, few of those that the parser cannot tell apart, and these with tokens inserted."""
        counts: Counter[tuple[tuple[int, ...], tuple[Token, ...]]] = Counter()
        seen = set()
        number = itertools.count()
        waiting = [(way.cost, next(number), way) for way in ways]
        heapify(waiting)
        while waiting and most:
            way = heappop(waiting)[2]
            key = way.stack, way.rest
            if (same := (*key, way.text)) not in seen and counts[key] < ALIKE:
                counts[key] += 1
                seen.add(same)
                most -= 1
                yield way
                for made in self.inserting(way):
                    heappush(waiting, (made.cost, next(number), made))

    def reached(self, kind: str) -> int | None:
        """How many tokens the parser reads as they are; None if they are a whole `kind`."""
        stacks: set[tuple[int, ...]] = {(self.machine.starts[kind],)}
        for number, token in enumerate(self.written):
            stacks = {stack for old in stacks for one in kinds(token.text) if (stack := self.shifted(old, one))}
            if not stacks:
                return number
        return None if any(ended(self.machine, stack, kind) for stack in stacks) else len(self.written)

    def shifted(self, stack: tuple[int, ...], kind: str) -> tuple[int, ...] | None:
        key = stack, kind
        if key not in self.cache:
            self.cache[key] = advanced(self.machine, stack, kind)
        return self.cache[key]

    def inserting(self, way: _Way) -> Iterator[_Way]:
        """The way with a token inserted, or with tokens moved here from further on."""
        actions, rest = self.machine.states[way.stack[-1]], way.rest
        if way.cost >= FARTHEST - 1:
            return
        at = len(self.written) - len(rest)
        early = at < self.free
        if at > self.most:
            return
        if way.inserted < INSERTED:
            for kind, (text, cost) in _INSERTED.items():
                if early and text not in "([{" and not (self.uneven and text in ")]}"):
                    continue
                if kind in actions and (stack := self.shifted(way.stack, kind)) is not None:
                    cost += _unlike(text, way.last, rest) + (text == "{" and "repeat" not in way.text)
                    opened = way.open
                    if text in "([{":
                        opened += (len(way.text),)
                        cost += 1.0 * (way.last in ("(", "["))
                    elif text in ")]}" and opened:
                        inner = way.text[opened[-1] :]
                        cost = 0.1 + 0.6 * ("->" in inner or text == "}") + 0.4 * (inner.count("(") > 1)
                        opened = opened[:-1]
                    yield way._replace(
                        cost=way.cost + cost,
                        stack=stack,
                        text=behind(way.text, way.last, Token(text, "")),
                        last=text,
                        inserted=way.inserted + 1,
                        open=opened,
                    )
        if way.inserted or way.moved or way.cost > 1.0:
            return
        for at in range(max(1, self.free - len(self.written) + len(rest)), min(len(rest), ALONG)):
            if any(self.shifted(way.stack, kind) for kind in kinds(rest[at].text)):
                depth = 0
                for end in range(at + 1, len(rest) + 1):
                    depth += (rest[end - 1].text in "([{") - (rest[end - 1].text in ")]}")
                    if depth < 0:
                        break
                    if not depth and (end <= at + RUN or end == len(rest)):
                        cost = way.cost + 1.2 + 0.15 * min(end - at, at)
                        order = (*rest[at:end], *rest[:at], *rest[end:])
                        yield way._replace(cost=cost, rest=order, moved=True, inserted=INSERTED)

    def enclosed(self, rest: tuple[Token, ...]) -> Iterator[tuple[tuple[Token, ...], tuple[Token, ...], float]]:
        """A word in front of its number, which brackets enclose, or options in brackets; what is left; the cost."""
        run = 0
        while run < len(rest) and (rest[run].text[0].isdigit() or (run and rest[run].text == "x")):
            run += 1
        if 0 < run < len(rest) and rest[run].word and rest[run].text not in NOUNS and rest[run].text not in KEYWORDS:
            yield (rest[run], _OPEN, *rest[:run], _CLOSE), rest[run + 1 :], 1.4
            yield (rest[run], _EQUALS, *rest[:run]), rest[run + 1 :], 1.4
        pairs: list[Token] = []
        at = 0
        while at + 1 < len(rest) and rest[at].text in self.words and rest[at].word and rest[at].text != "x":
            value = at + 1 + (rest[at + 1].text in ("=", ":"))
            if value >= len(rest) or not (rest[value].text[0].isdigit() or rest[value].text in _WORDS):
                break
            pairs += [*([_COMMA] if pairs else []), rest[at], _EQUALS, rest[value]]
            at = value + 1
            if at < len(rest) and rest[at].text == "," and rest[at + 1 : at + 2] and rest[at + 1].word:
                at += 1
        if pairs:
            yield (_OPEN, *pairs, _CLOSE), rest[at:], 1.5

    def bracketed(self, way: _Way) -> Iterator[_Way]:
        """The ways that read brackets of another kind in place of the next ones, or none."""
        pairs = (("(", ")"), ("[", "]"), ("{", "}"))
        opening = next((pair for pair in pairs if way.rest[0].text == pair[0]), None)
        if opening is None:
            return
        depths = accumulate((token.text in "([{") - (token.text in ")]}") for token in way.rest)
        at = next((number for number, depth in enumerate(depths) if not depth), None)
        if at is None or way.rest[at].text != opening[1]:
            return
        inner, behind_it = way.rest[1:at], way.rest[at + 1 :]
        if opening[0] != "(" and not way.last[-1:].isalnum():  # no index
            yield way._replace(cost=way.cost + 0.8, rest=(*inner, *behind_it), inserted=0)
        for left, right in pairs:
            if (left, right) != opening:
                for kind in kinds(left):
                    if (stack := self.shifted(way.stack, kind)) is not None:
                        text = behind(way.text, way.last, way.rest[0]._replace(text=left))
                        rest, cost = (*inner, way.rest[at]._replace(text=right), *behind_it), way.cost + 0.8
                        yield way._replace(cost=cost, stack=stack, text=text, last=left, rest=rest, inserted=0)

    def read(self, way: _Way) -> Iterator[_Way]:
        """The ways that have read or left out the next token."""
        token, rest = way.rest[0], way.rest[1:]

        def made(text: str, stack: tuple[int, ...], cost: float) -> _Way:
            left = rest
            if rest and text != token.text and rest[0].after == token.text:
                left = (rest[0]._replace(after=text), *rest[1:])
            whole = behind(way.text, way.last, Token(text, token.after))
            return _Way(way.cost + cost, stack, whole, text, left, way.moved, way.guess, 0, way.open)

        strange = 0.5 if token.word and not self.known(token.text) else 0.0
        for kind in kinds(token.text):
            if (stack := self.shifted(way.stack, kind)) is not None:
                yield made(token.text, stack, strange)
        if len(self.written) - len(way.rest) > self.most:
            return
        for run, left, cost in self.enclosed(way.rest):
            ways = [way._replace(cost=way.cost + cost, rest=left, inserted=0)]
            for one in run:
                ways = [
                    other._replace(stack=stack, text=behind(other.text, other.last, one), last=one.text)
                    for other in ways
                    for kind in kinds(one.text)
                    if (stack := self.shifted(other.stack, kind)) is not None
                ]
            yield from ways
        yield from self.bracketed(way)
        doubled = token.text == way.last
        if len(self.written) - len(way.rest) < self.free and not doubled:
            return
        for text, cost in self.replaced(token):
            cost += _unlike(text, way.last, rest)
            if way.cost + cost <= FARTHEST:
                for kind in kinds(text):
                    if (kind != "NAME" or text not in _SIGNS) and (stack := self.shifted(way.stack, kind)) is not None:
                        yield made(text, stack, cost)
        cost, guess = (0.4, False) if doubled else self.left_out(token)
        if way.cost + cost <= FARTHEST and way.inserted in (0, INSERTED):
            yield way._replace(cost=way.cost + cost, rest=rest, guess=way.guess or guess, inserted=0)
        yield from self.quoted(way)

    def quoted(self, way: _Way) -> Iterator[_Way]:
        """The ways that read the next tokens as a text: those without blanks between, or all that are left."""
        if (stack := self.shifted(way.stack, "STRING")) is None or not way.rest[0].word or way.moved:
            return
        rest = way.rest
        ends = [end for end in range(1, len(rest)) if rest[end].after == " " or rest[end].text in "),]}"][:1]
        for end in dict.fromkeys([*ends, len(rest)]):
            run = rest[:end]
            if all(token.text[0].isalnum() or token.text in "._-,/" for token in run) and way.cost + 1.3 <= FARTHEST:
                text = "".join(" " * (token.after == " " and bool(at)) + token.text for at, token in enumerate(run))
                cost = way.cost + 1.3 + sum(self.left_out(token)[1] for token in run)
                made = Token(f'"{text}"', run[0].after)
                whole = behind(way.text, way.last, made)
                yield way._replace(cost=cost, stack=stack, text=whole, last=made.text, rest=rest[end:], inserted=0)

    def left_out(self, token: Token) -> tuple[float, bool]:
        """What it costs to leave a token out, and whether it said something."""
        if token.text not in self.costs:
            text = token.text
            if " " in text:  # up to, at defaults
                found = FARTHEST + 1, True
            elif text[0].isdigit() or (text[0] in '."' and len(text) > 1):
                found = 4.0, True
            elif token.word:
                found = (2.8, True) if self.known(text) else (1.1, False)
            else:
                found = (3.5, True) if text in _VALUES else (1.0, False)
            self.costs[text] = found
        return self.costs[token.text]

    def replaced(self, token: Token) -> list[tuple[str, float]]:
        """What may stand in the place of a token, and what that costs."""
        text = token.text
        if text not in self.others:
            found: list[tuple[str, float]] = []
            if text[0] == '"' and len(text) > 1:
                found = [(text[1:-1], 0.8)] if re.fullmatch(r"[^\W\d]\w*|\d+(\.\d+)?", text[1:-1]) else []
            elif token.word:
                word = text.casefold()
                found = [(_SPOKEN[word], 0.5)] if word in _SPOKEN else []
                guesses = [table.get(word) for table in (foreign.LINES, foreign.NOUNS)]
                guesses += [nearest(text, table) for table in (NOUNS, KEYWORDS)]
                found += [(guess, 0.4) for guess in dict.fromkeys(guesses) if guess and guess != text]
                if not self.known(text):
                    near = nearest(text, self.words)
                    found += [(near, 0.6)] if near else []
                    found += [("->", 1.0), (",", 1.2), ("=", 1.3), (":", 1.3), ("x", 1.1)]
            elif not text[0].isdigit():
                alike = _ALIKE.get(text, ())
                signs = [sign for sign, _ in _INSERTED.values() if sign != text and sign != "perceptrons"]
                free = text not in _VALUES or text in "<>"
                found = [(sign, 0.7 if sign in alike else 1.0) for sign in signs if sign in alike or free]
                found += [(".", 0.8)] if "." in alike else []
            self.others[text] = found
        return self.others[text]


def _unlike(text: str, last: str, rest: tuple[Token, ...]) -> float:
    """What a sign of types costs where no number stands beside it."""
    near = last[:1].isdigit() or bool(rest and rest[0].text[0].isdigit())
    return 0.8 if text in ("x", "@", "over", "of", "one") and not near else 0.0


def behind(text: str, last: str, token: Token) -> str:
    """Write a token behind others: with the blank that it had, or that the form of a statement asks for."""
    blank = token.after not in ("", last) or token.text in SPACED or last in (*SPACED, ",", ":")
    if token.text in ",):]" or last in ("(", "["):
        blank = False
    elif token.text == "(" and (last[:1].isdigit() or last in NOUNS):
        blank = True
    elif (last[-1:].isalnum() or last[-1:] in '"_') and (token.text[0].isalnum() or token.text[0] in '"_'):
        blank = blank or not (token.text == "x" or last == "x")
    return text + " " * (blank and bool(text)) + token.text
