"""Diagnostics -> the same with the statement as it must be written, wherever one can be worked out that checks.

A proposal is made by the fixes of the diagnostic, by a call of another library (`nn.Linear(4, 10)`), or by one of the
habits below. It is shown only if the file with it has fewer mistakes and none in that statement, so a habit may guess:
what does not check is never said. Nothing here is written into a file; that is for fixes alone.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from heapq import heappop, heappush
from itertools import chain, islice
from math import inf, isqrt
from typing import NamedTuple

from netspec import edits, foreign, repairs
from netspec.diagnostics.model import Diagnostic, Fix, Hint, Quoted, fixed
from netspec.elaborate.program import built_in_names
from netspec.ops.registry import operation, step_names
from netspec.source import SourceFile, Span
from netspec.syntax.build import BadText
from netspec.syntax.parser import KEYWORDS, NOUNS, STRING, TooDeep, Unexpected, parse
from netspec.syntax.recovery.lines import DECLARES, Logical, logical_lines
from netspec.syntax.recovery.mistakes import explain, syntax_error
from netspec.syntax.recovery.stop import Stop

MOST = 12  # mistakes of a file for which a mend is looked for
WIDE = 300  # characters of a statement; a longer one is not written anew
LONGEST = 10_000  # characters of a file; a longer one is checked once
EFFORT = 400_000  # characters of text that are checked for all mistakes of a file, with those that operations stand for
OPERATION = 20  # an operation takes as long to check as so many characters
PLACES = 4  # places of one mistake at which a mend is looked for
TRIES = 40  # proposals for one mistake that are checked
WIDEST = 200  # proposals for one mistake
HABIT = 1.5  # what a habit costs at most
LOST = 2.0  # what it costs that a proposal leaves out what was said
DEPTH = 3  # habits in one statement
EDITS = 8  # edits of a statement that parses
_NUMBERS = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
_OPTIONS = re.compile(r"(\w+)\s*=\s*(\d+(?:\.\d+)?(?:e-?\d+)?)")
_UNREADABLE = re.compile(r"x0\d|\b\d+[OolI]\b|\b[lO]\d+\b")
_WRITTEN = ("NS1", "NS201", "NS202", "NS203")  # mistakes of how a statement is written
_NEEDLESS = ("foreign", "nearest", "usage", "options")  # hints that the mend makes needless

# a text -> what is wrong with it, and how many operations were made to find it
Check = Callable[[SourceFile], tuple[Sequence[Diagnostic], int]]


class Proposal(NamedTuple):
    """A text in which `[start, end)` is the statement that was changed."""

    text: str
    start: int
    end: int
    guess: bool = False  # whether something that was written is left out, or changed for another thing

    @property
    def statement(self) -> str:
        return self.text[self.start : self.end]

    @property
    def rule(self) -> str:
        return edits.rule(self.text, self.start)

    def replaced(self, statement: str, guess: bool = False) -> Proposal:
        text = self.text[: self.start] + statement + self.text[self.end :]
        return Proposal(text, self.start, self.start + len(statement), guess or self.guess)


def proposed(source: SourceFile, diagnostics: list[Diagnostic], check: Check) -> list[Diagnostic]:
    """Return the diagnostics; those of which a mend was found have it as their first hint.

    Args:
        source: the file; mistakes in other files stay as they are.
        diagnostics: all that was found.
        check: what finds the mistakes of a text.
    """
    search, here = _searched(source, diagnostics, check)
    if search is None:
        return diagnostics
    mended = {id(one): _saying(one._replace(span=search.place(one)), search.hints(one)) for one in here}
    return [mended.get(id(one), one) for one in diagnostics]


def proposed_edits(
    source: SourceFile, diagnostics: list[Diagnostic], check: Check
) -> list[tuple[Diagnostic, tuple[Fix, ...]]]:
    """Return the mistakes of which a mend was found, each with what is to be written; the arguments are as above."""
    search, here = _searched(source, diagnostics, check)
    found = [(one, search.chosen(one)[0]) for one in here] if search is not None else []
    return [
        (one, tuple(Fix(Span(source, edit.start, edit.end), edit.text, False) for edit in edits))
        for one, edits in found
        if edits
    ]


def _searched(
    source: SourceFile, diagnostics: list[Diagnostic], check: Check
) -> tuple[_Search | None, list[Diagnostic]]:
    """Look for mends; return the search, and the mistakes for which it was made."""
    errors = [one for one in diagnostics if one.severity == "error"]
    here = [one for one in errors if one.span is not None and one.span.source is source][:MOST]
    if not here or len(source.text) > LONGEST:
        return None, []
    search = _Search(source, errors, check)
    for one in here:
        search.look(one)
    search.look_again()
    return search, here


class _Way(NamedTuple):
    """A proposal that is to be tried, or of which the habits are to be read."""

    cost: float
    number: int
    proposal: Proposal
    depth: int
    habits: bool = False


class _Queue:
    """The proposals for a statement, the nearest to what was written first."""

    def __init__(self, first: Proposal, known: Known) -> None:
        self.first, self.known = first, known
        self.waiting: list[_Way] = []
        self.seen: dict[str, float] = {}

    def add(self, made: Iterable[Proposal], cost: float, depth: int = 0) -> None:
        """Add proposals at a cost."""
        for one in made:
            if len(self.seen) < WIDEST and self.seen.get(one.text, cost + 1) > cost:
                self.seen[one.text] = cost
                heappush(self.waiting, _Way(cost, len(self.seen), one, depth))

    def add_near(self, made: Iterable[Proposal], way: _Way, most: float = inf, deeper: int = 1) -> None:
        """Add proposals at what they cost beside `way`, `most` at most; what says less than was written costs more."""
        for one in made:
            if one.text in self.seen or len(self.seen) >= WIDEST:
                continue
            before = self.known.text[one.start : len(self.known.text) - len(one.text) + one.end]
            says, legal = (self.known.says, self.known.legal) if one.rule == "stmt" else (str.isidentifier,) * 2
            lost, distance = repairs.distance(before, one.statement, says, legal)
            cost = min(distance + LOST * (lost or one.guess) + ("\n" in one.statement), most)
            self.add([one], max(way.cost, cost), way.depth + deeper)

    def add_habits(self, way: _Way, cost: float = 1.0) -> None:
        """Read the habits of a proposal after all that costs as much: most mistakes are mended without them."""
        heappush(self.waiting, way._replace(cost=way.cost + cost, number=WIDEST + 1, habits=True))

    def nearest(self) -> _Way | None:
        while self.waiting:
            way = heappop(self.waiting)
            if way.habits or self.seen.get(way.proposal.text) == way.cost:
                return way
        return None


class _Edit(NamedTuple):
    """What is to be written in place of `[start, end)` of the file."""

    start: int
    end: int
    text: str
    guess: bool


class _Search:
    """Mends statement by statement, until the effort is spent; each mend is checked in the text with those before it.

    So a name that a wrong line hides from the check is seen once that line is mended.
    """

    def __init__(self, source: SourceFile, errors: Sequence[Diagnostic], check: Check) -> None:
        self.source = source
        self.lines = logical_lines(source.text)
        self.check = check
        self.effort = EFFORT
        self.text = source.text  # the text with all edits
        self.errors = errors  # its mistakes
        self.edits: list[_Edit] = []  # of which no two overlap
        self.given_up: set[int] = set()  # beginnings of statements for which no mend is found

    def look(self, diagnostic: Diagnostic) -> None:
        """Mend the statements of a mistake; if none can be mended, one that its labels underline."""
        here = self.statements(diagnostic.span, *diagnostic.further)[:PLACES]
        mended = [self.mend(line, diagnostic._replace(span=span)) for line, span in here]
        if not any(mended):
            for line, _ in self.statements(*(label.span for label in diagnostic.labels if label.text)):
                if self.mend(line, diagnostic, guess=True):
                    break

    def look_again(self) -> None:
        """Mend anew what is wrong once all other statements are mended."""
        for edit in self.edits:
            begin = self.now(edit.start)
            if any(self.within(one, begin, begin + len(edit.text)) for one in self.errors):
                self.edits.remove(edit)
                first = Proposal(self.text, begin, begin + len(edit.text), edit.guess)
                if not self.search(first, edit.start, edit.end, None):
                    self.text = self.text[:begin] + self.source.text[edit.start : edit.end] + self.text[first.end :]

    def place(self, diagnostic: Diagnostic) -> Span | None:
        """The place of a mistake: where the parser stops, and all that its mend changes, which may begin before."""
        span = diagnostic.span
        for line, _ in self.statements(span)[:1] if diagnostic.code.startswith(_WRITTEN) else ():
            edit = self.edit_of(line)
            if span is not None and edit is not None and edit.start == line.start and "\n" not in edit.text + line.text:
                start, end = edits.difference(self.source.text[line.start : line.end], edit.text)
                return Span(self.source, min(span.start, line.start + start), max(span.end, line.start + end))
        return span

    def hints(self, diagnostic: Diagnostic) -> list[Hint]:
        """What is to be written at each place of a mistake, or at what its labels underline."""
        return [self.said(edit, own) for edit, own in zip(*self.chosen(diagnostic), strict=True)]

    def chosen(self, diagnostic: Diagnostic) -> tuple[list[_Edit], list[bool]]:
        """The edits for a mistake, and for each whether it stands in the line of the mistake."""
        here = self.statements(diagnostic.span, *diagnostic.further)
        edits = [edit for line, _ in here if (edit := self.edit_of(line)) is not None][:PLACES]
        if edits:
            return edits, [edit.start <= here[0][0].start < edit.end for edit in edits]
        labelled = self.statements(*(label.span for label in diagnostic.labels if label.text))
        edits = [edit for line, _ in labelled if (edit := self.edit_of(line)) is not None and edit.guess][:1]
        return edits, [not here or self.source.position(edit.start)[0] == here[0][1].line for edit in edits]

    def statements(self, *spans: Span | None) -> list[tuple[Logical, Span]]:
        """The statements in which these places lie, each once, without those that are long."""
        seen: dict[int, tuple[Logical, Span]] = {}
        for span in spans:
            if span is not None and span.source is self.source:
                line = next((line for line in reversed(self.lines) if line.start <= span.start), None)
                if line is not None and line.end - line.start <= WIDE:
                    seen.setdefault(line.start, (line, span))
        return list(seen.values())

    def edit_of(self, line: Logical) -> _Edit | None:
        return next((edit for edit in self.edits if edit.start <= line.start < edit.end), None)

    def now(self, place: int) -> int:
        """Where a place of the file lies in the text with all edits."""
        return place + sum(len(edit.text) - (edit.end - edit.start) for edit in self.edits if edit.end <= place)

    def within(self, one: Diagnostic, start: int, end: int) -> bool:
        return one.span is None or (one.span.source.name == self.source.name and start <= one.span.start <= end)

    def mend(self, line: Logical, diagnostic: Diagnostic, guess: bool = False) -> bool:
        """Mend a statement; False if that is not possible or not needed."""
        if self.edit_of(line) is not None:
            return True
        if line.start in self.given_up:
            return False
        begin = self.now(line.start)
        first = Proposal(self.text, begin, begin + line.end - line.start, guess)
        found = self.search(first, line.start, line.end, diagnostic)
        row, sign, _ = line.text.partition("\n")
        if not found and sign and row.rstrip().endswith(","):  # which made the next line a part of this one
            end = line.start + len(row.rstrip())
            found = self.search(first._replace(end=begin + end - line.start), line.start, end, diagnostic)
        if not found and not guess:
            self.given_up.add(line.start)
        return found

    def search(self, first: Proposal, start: int, end: int, diagnostic: Diagnostic | None) -> bool:
        """Try the proposals for a statement, those with the fewest habits first; keep the first one that checks.

        Args:
            first: the statement as it stands in the text.
            start, end: its place in the file.
            diagnostic: the mistake; None for those in the statement.
        """
        own = tuple(one for one in self.errors if self.within(one, first.start, first.end))
        diagnostic = diagnostic or own[0]
        known = Known(first.text, diagnostic)
        queue = _Queue(first, known)
        queue.add([first, first.replaced(_untexed(first.statement))], 0.0)
        tries = 0
        while self.effort > 0 and tries < TRIES and (way := queue.nearest()) is not None:
            other = way.proposal
            if way.habits:
                queue.add_near(_by_habits(other, known), way, way.cost + HABIT if way.depth else HABIT)
                queue.add_near(_calls_of(other, known), way)
                if way.depth == 0:
                    others = chain(_by_tokens(other, known), _meant(other, known), _guesses(other, known))
                    queue.add_near(others, way, deeper=DEPTH - 1)
                continue
            stops = own if other is first else _stops(other)
            if other is not first and not stops:
                tries += 1
                found = self.tried(other)
                bare = other.replaced(_BARE.sub(r"\1", other.statement))
                if not found and bare.text != other.text and not self.tried(bare):
                    other = bare
                stops = tuple(one for one in found if self.within(one, other.start, other.end))
                if not stops and self.better(found, first, other) and _keeps(first, other, diagnostic):
                    return self.keep(first, other, start, end, found)
            # what comes to light may have a mend of its own; a guess is made at most once
            certain = [one for one in stops if way.depth == 0 or all(fix.certain for fix in one.fixes)]
            if way.depth == 0:
                queue.add(_foreign(other, known), 0.0, 1)
                queue.add(_by_fixes(other, certain), 0.1, 1)
                queue.add(_told(other, known), 0.1, 1)
                queue.add_habits(way, 0.1)
            elif way.depth < DEPTH:
                queue.add(_foreign(other, known), way.cost + 0.1, way.depth + 1)
                queue.add_near(_by_fixes(other, certain), way)
                if way.depth < DEPTH - 1:
                    queue.add_habits(way)
        return False

    def tried(self, proposal: Proposal) -> list[Diagnostic]:
        """The errors of a text."""
        checked, work = self.check(SourceFile(self.source.name, proposal.text, self.source.path))
        self.effort -= len(proposal.text) + OPERATION * work
        return [one for one in checked if one.severity == "error"]

    def better(self, found: Sequence[Diagnostic], first: Proposal, other: Proposal) -> bool:
        """Whether a text has fewer mistakes, apart from those in other statements that the wrong one hid."""
        if other.guess and not other.statement.strip():
            return False
        return _count(found) < _count(self.errors)

    def keep(self, first: Proposal, other: Proposal, start: int, end: int, found: Sequence[Diagnostic]) -> bool:
        """Take a proposal over; False if it reaches into another edit."""
        beyond = len(self.text) - (len(other.text) - other.end) - first.end
        edit = _Edit(start, end + beyond, other.statement, other.guess)
        if any(edit.start < one.end and one.start < edit.end for one in self.edits):
            return False
        self.edits = sorted([*self.edits, edit])
        self.text, self.errors = other.text, found
        return True

    def said(self, edit: _Edit, first: bool) -> Hint:
        """The hint that says what stands in place of which lines; `first`: in place of the line of the mistake."""
        begins, ends = (self.source.position(place)[0] for place in (edit.start, max(edit.start, edit.end - 1)))
        lines = [line.strip() for line in edit.text.split("\n") if line.strip()]
        if not lines:
            return Hint("mend_delete", {"text": self.source.text[edit.start : edit.end].split("\n")[0].strip()})
        if ends > begins:
            return Hint("mend_over", {"first": begins, "last": ends, "lines": Quoted(tuple(lines))})
        if len(lines) > 1:
            return Hint("mend_lines", {"lines": Quoted(tuple(lines))})
        if not first:
            return Hint("mend_line", {"line": begins, "text": lines[0]})
        return Hint("mend_example" if edit.guess else "mend", {"text": lines[0]})


def _saying(diagnostic: Diagnostic, mends: list[Hint]) -> Diagnostic:
    """The mends come first, and a mere example last."""
    if not mends or mends[0].text == "mend_example":
        return diagnostic._replace(hints=(*diagnostic.hints, *mends))
    return diagnostic._replace(hints=(*mends, *(hint for hint in diagnostic.hints if hint.text not in _NEEDLESS)))


def _keeps(first: Proposal, other: Proposal, diagnostic: Diagnostic) -> bool:
    """Whether a proposal keeps the numbers of the statement: those of options stay, and none is made up.

    A first number may go (`nn.Linear(4, 10)`: 4 comes from what is read), small ones may come (`3x3`, `stride = 2`),
    and so may the sides of a square (28x28 for 784).
    """
    written, made = first.statement, other.statement
    if _UNREADABLE.search(made) or _captions(written, made, other.rule):
        return False
    if other.guess and _NUMBERS.sub("#", written) == _NUMBERS.sub("#", made):
        return True  # another number stands where one stood
    numbers = set(_NUMBERS.findall(made))
    wrong = diagnostic.span.text if diagnostic.code == "NS203" and diagnostic.span is not None else ""
    options = {
        value
        for name, value in _OPTIONS.findall(written)
        if value not in "01" and name not in foreign.READ and (name != wrong or name in foreign.OPTIONS)
    }
    known = (
        foreign.NUMBERS
        | {*re.findall(r"\d+", " ".join(map(str, diagnostic.words.values())))}
        | {str(isqrt(int(size))) for size in _NUMBERS.findall(written) if size.isdecimal()}
    )
    made_up = {one for one in numbers if len(one) > 1 and one.isdigit() and one not in first.text} - known
    shares = {value for value in options if f"{float(value) / 100:g}" in numbers}  # 80 %
    return options - shares <= numbers and not made_up


def _captions(written: str, made: str, rule: str) -> bool:
    """Whether words that were read as the language's come to stand in quotes, where they say nothing; settings may."""
    quoted = {text.strip('" ').partition(" ")[0] for text in re.findall(STRING, made) if text not in written}
    captioned = rule == "stmt" and not written.startswith("use")
    return bool(quoted) and captioned and (not quoted.isdisjoint(KEYWORDS) or edits.stop(written, rule) is None)


def _count(errors: Sequence[Diagnostic]) -> int:
    return sum(error.times for error in errors)


def _stops(proposal: Proposal) -> tuple[Diagnostic, ...]:
    """What stops the parser in the statement; () also for a head, and for what is more than one statement."""
    text = proposal.statement
    start = proposal.rule
    if DECLARES.match(text) or "\n" in text or not text or text[0] == "#":
        return ()
    source = SourceFile("", proposal.text)
    try:
        parse(source, start, (proposal.start, proposal.end))
    except Unexpected as unexpected:
        return (explain(Stop(source, proposal.start, proposal.end, unexpected, start, None)),)
    except (TooDeep, BadText) as fault:
        return (syntax_error(source, fault),)
    return ()


_ARROW = re.compile(r"(?<=\S)[ \t]*->[ \t]*(?=\S)")


def _by_fixes(proposal: Proposal, faults: Sequence[Diagnostic]) -> Iterator[Proposal]:
    """The statement with the fixes of all its mistakes, then with those of each."""
    offered = [
        tuple(fix for fix in fault.fixes if proposal.start <= fix.span.start and fix.span.end <= proposal.end)
        for fault in faults
    ]
    for fixes in ([*offered], *([one] for one in offered)):
        text, count = fixed(proposal.text, filter(None, fixes))
        if count:
            made = Proposal(text, proposal.start, proposal.end + len(text) - len(proposal.text), proposal.guess)
            parts = re.split(f"({STRING})", made.statement)
            parts[::2] = [_ARROW.sub(" -> ", part) for part in parts[::2]]
            yield made.replaced("".join(parts))


class Known(NamedTuple):
    """What the habits may look at besides the statement: the file's text, and the mistake."""

    text: str
    diagnostic: Diagnostic

    def names(self, keyword: str) -> list[str]:
        """The names that lines with this keyword define."""
        return re.findall(rf"^\s*{keyword}\s+([^\W\d]\w*)", self.text, re.MULTILINE)

    def layers(self) -> list[str]:
        return [name for keyword in ("input", "hidden", "output") for name in self.names(keyword)]

    def says(self, word: str) -> bool:
        """Whether a word means something: a name of the file, a word of the language or of another tool."""
        if word in foreign.ACTIVATION_OPTIONS:
            return False
        if f"{word}(" in self.text or re.search(r"[\d_]", word) or self.legal(word):
            return True
        return any(word in table for table in (foreign.OPTIONS, foreign.WORDS, foreign.NOUNS)) or (
            foreign.fold(word) in foreign.STEPS
        )

    def legal(self, word: str) -> bool:
        return word in self.words()

    def words(self) -> frozenset[str]:
        """The names of the file, and the words of the language."""
        return _words(self.text) | _language()

    def free(self, *names: str) -> str:
        """The first of these names that the file does not use."""
        used = set(re.findall(r"\w+", self.text))
        return next((name for name in names if name not in used), names[-1] + "1")

    def terms(self) -> list[str]:
        """What losses and metrics of this file compare: `kind, label`."""
        written = re.findall(r"\(\s*([^\W\d]\w*\s*,\s*[^\W\d]\w*)\s*[,)]", self.section("train"))
        fields = re.findall(r"^\s*(?!source\b|split\b)([^\W\d]\w*)\s*=", self.section("data"), re.MULTILINE)
        targets = [name for name in fields if name not in self.names("input")]
        made = [f"{layer}, {target}" for layer in self.names("output") for target in targets]
        return [pair for pair in dict.fromkeys([*written, *made]) if pair.partition(",")[0] in self.names("output")]

    def maps(self) -> str:
        """How many maps come in, where that is written: 3 of `input x: 3@32x32`."""
        found = re.search(r"^\s*input\s+\w+\s*:\s*(\d+)\s*@", self.text, re.MULTILINE)
        return found[1] if found is not None else "1"

    def before(self) -> str:
        """The layer above the mistake: what a line reads that names none."""
        end = self.diagnostic.span.start if self.diagnostic.span is not None else len(self.text)
        above = re.findall(r"^\s*(?:input|hidden|output)\s+([^\W\d]\w*)\s*:(?=[^\n]*\n)", self.text[:end], re.MULTILINE)
        return above[-1] if above else "x"

    def section(self, kind: str) -> str:
        found = re.search(rf"^{kind}\b[^\n]*\n(.*?)^\}}", self.text, re.MULTILINE | re.DOTALL)
        return found[1] if found is not None else ""


@lru_cache(maxsize=4)
def _words(text: str) -> frozenset[str]:
    """The names that a text defines, and the words that stand in it more than once."""
    seen = Counter(re.findall(r"[^\W\d]\w*", text))
    defined = re.findall(r"^\s*(?:input|hidden|output|let|net|block)\s+([^\W\d]\w*)", text, re.MULTILINE)
    return frozenset(defined) | {word for word, times in seen.items() if times > 1}


_VALUES = ("true", "false", "maps", "space", "time", "all", "x")


def _options() -> Iterator[str]:
    for name in step_names():
        with contextlib.suppress(KeyError):
            for option, declared in operation(name).options.items():
                yield from (option.rstrip("_"), *declared.choices)


@cache
def _language() -> frozenset[str]:
    return frozenset((*KEYWORDS, *NOUNS, *step_names(), *built_in_names(), *_VALUES, *_options()))


def _foreign(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    edges = re.split(r"\s*(?:->|→|,)\s*", re.sub(r"^return\s+", "", proposal.statement))
    if edges != [proposal.statement] and set(edges) <= {*known.layers()}:  # x -> z -> y, return y: the layers say it
        yield proposal.replaced("")
    yield from (proposal.replaced(text) for text in _calls(proposal.statement, known, False))


def _told(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The statement with its type, or the arguments of its calls, read as other libraries write them."""
    if known.diagnostic.code.startswith(("NS1", "NS3", "NS404")):
        yield from (proposal.replaced(text) for text in _shapes(proposal.statement, known))
    if known.diagnostic.code.startswith("NS21"):
        yield from (proposal.replaced(text) for text in _calls(proposal.statement, known, True))


def _by_habits(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The statement as the habits read it."""
    statement = proposal.statement
    layers = set(re.findall(rf"\b(?:{'|'.join(('0', *known.layers()))})\b|(?<!\w)\d+(?!\w)", statement))
    yield proposal.replaced(
        re.sub(r"\((-?[\d.]+),\s*(-?[\d.]+)\)", r"(\2, \1)", statement)
    )  # bounds in the wrong order
    yield proposal.replaced(_CONFUSED.sub(lambda match: match[0].translate(_DIGITS), statement))
    for habits in (_shapes, _context, _patterns):
        for text in habits(statement, known):
            yield proposal.replaced(text, bool(layers - set(re.findall(r"\w+", text))) and habits is not _shapes)
    yield from _regions(proposal)
    if known.diagnostic.code == "NS212":
        yield from _raised(proposal, known)


def _calls_of(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    return (proposal.replaced(text) for text in _calls(proposal.statement, known, True))


def _raised(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The line of a layer moved above the statement that reads it."""
    name = known.diagnostic.span.text if known.diagnostic.span is not None else ""
    text, start, end = proposal.text, proposal.start, proposal.end
    line = re.compile(rf"\n[ \t]*((?:input|hidden|output)[ \t]+{re.escape(name)}[ \t]*:[^\n]*)").search(text, end)
    if line is not None and line.start() - end < WIDE:
        made = f"{line[1]}\n{text[text.rfind(chr(10), 0, start) + 1 : start]}{text[start : line.start()]}"
        yield Proposal(text[:start] + made + text[line.end() :], start, start + len(made))


def _guesses(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The statement with another number, or without what the mistake underlines."""
    statement = proposal.statement
    if known.diagnostic.code == "NS752":  # a setting that there is not
        yield proposal.replaced("")
    if not proposal.guess or proposal.text == known.text:  # one guess is enough
        yield from (proposal.replaced(text, True) for text in _numbers(statement, known))
        yield from (proposal.replaced(text, True) for text in _without(statement, known))


def _by_tokens(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The nearest other statements that parse."""
    span = known.diagnostic.span
    statement, rule = proposal.statement, proposal.rule
    if "\n" in statement:
        return
    place = max(0, span.start - proposal.start) if span is not None else 0
    found = repairs.repairs(statement, edits.kind(statement, rule), known.says, known.words(), place)
    for one in found if edits.stop(statement, rule) is not None else islice(found, EDITS):
        names = _USED.findall(re.sub(STRING, "", one.text)) if statement.startswith(("hidden", "output")) else []
        texts = [text for text in re.findall(STRING, one.text) if text not in statement and rule == "stmt"]
        if all(map(known.legal, names)) and not any(known.says(text.strip('"').partition(" ")[0]) for text in texts):
            yield proposal.replaced(one.text, one.guess)


# names that are read: neither that of the line nor those of options
_USED = re.compile(r"(?<!\.)(?<!^)(?<!\w)(?<!hidden )(?<!output )(?<!input )(?<!let )[^\W\d]\w*+(?!\s*[=:](?!=))")
_READS = ("NS218", "NS219", "NS221", "NS226", "NS227", "NS228")  # mistakes of what a line reads
_PIECE = re.compile(r"`([^`…]+)`")
_OPERAND = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.\w+)?(?![\w(=.]|\s*(?:[:=({]|->))")
_NOUNS = re.compile(r"\b(?:perceptrons?|filters?\s+\w+(?:\s*x\s*\w+)*)(?=\s|$|[,)])(?P<options>\s*\()?")


def _meant(proposal: Proposal, known: Known) -> Iterator[Proposal]:
    """The statement with what the message speaks of: steps behind values, options, a layer in front of a step."""
    statement, diagnostic = proposal.statement, known.diagnostic
    if diagnostic.span is None or not statement.startswith(("hidden", "output")):
        return
    head = _HEAD.match(statement)
    if head is None:
        return
    pieces = [piece for line in diagnostic.help for piece in _PIECE.findall(line)]
    for piece in dict.fromkeys(pieces):
        if piece.startswith("->"):
            for match in _OPERAND.finditer(statement, head.end()):
                yield proposal.replaced(f"{statement[: match.start()]}({match[0]} {piece}){statement[match.end() :]}")
            for match in re.finditer(r"\s*(?:\)|$)", statement[head.end() :]):
                at = head.end() + match.start()
                yield proposal.replaced(f"{statement[:at]} {piece}{statement[at:]}")
        elif (named := re.fullmatch(r"(\w+) -> .+", piece)) is not None:  # `k -> transpose`
            for match in re.finditer(rf"(?<![\w.]){named[1]}(?![\w.])", statement[head.end() :]):
                at = head.end() + match.start()
                yield proposal.replaced(f"{statement[:at]}({piece}){statement[at + len(named[1]) :]}")
        elif re.fullmatch(r"[\w.]+ = \S+", piece):
            for match in _NOUNS.finditer(statement, head.end()):
                if match["options"]:
                    yield proposal.replaced(f"{statement[: match.end()]}{piece}, {statement[match.end() :]}")
                else:
                    yield proposal.replaced(f"{statement[: match.end()]} ({piece}){statement[match.end() :]}")
    if diagnostic.code not in _READS:
        return
    begin = max(diagnostic.span.start - proposal.start, head.end())
    for at in dict.fromkeys((begin, head.end(), *(match.end() for match in re.finditer(r"\(", statement)))):
        for layer in known.layers():
            yield proposal.replaced(f"{statement[:at]}{layer} -> {statement[at:]}")


# ---- habits


def _untexed(statement: str) -> str:
    """Return a statement with its TeX as netspec writes it; texts in quotes may have TeX of their own."""
    if re.search(r"[\\$]|[_^]\{", statement) is None:
        return statement
    parts = re.split(f"({STRING})", statement)
    for pattern, right in foreign.LATEX:
        parts[::2] = [re.sub(pattern, right, part) for part in parts[::2]]
    return "".join(parts)


def _patterns(statement: str, known: Known) -> Iterator[str]:
    """The statement with one habit of `foreign.WAYS` taken back."""
    plain = _untexed(statement)
    real = _REAL.match(plain)
    if real is not None:
        yield f"input {real[1]}: {'x'.join(real[2].translate(_RAISED).split())}"
    for pattern, right in foreign.WAYS:
        if re.search(pattern, statement) is not None:
            yield re.sub(pattern, right, statement).replace("{before}", known.before())


# brackets around nothing or a single word, and a comma before a bracket
_BARE = re.compile(r"(?<=\w)\(\s*\)|,\s*(?=\))|(?<![\w.])\(([\w.]+)\)(?!\.)")
_QUOTES = '", "'
_CLOSES = {"(": ")", "[": "]"}
_MADE = re.compile(r"\b(?:perceptron|filter)s?\b")
# a number with letters that look like digits: 1O, l0
_CONFUSED = re.compile(r"(?<![\w.])(?=[OolI]*\d)(?=\d*[OolI])[\dOolI]+(?!\w)")
_DIGITS = str.maketrans("OolI", "0011")
_REAL = re.compile(r"input\s+(\w+)\s*:?\s*(?:∈|in\b|(?=ℝ))\s*[ℝR]\s*\^?\s*\{?\(?([\w\s×x*,⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?\}?$")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹×x*,", "0123456789    ")
_HEAD = re.compile(r"(?:(?:hidden|output|start)\s+[^\W\d]\w*\s*[:=]\s*|(?:self\.)?[^\W\d]\w*\s*=\s*)")
_TOKENS = re.compile(r"\"[^\"]*\"|'[^']*'|->|.", re.DOTALL)


def _steps(chain: str) -> list[str]:
    """The steps of a chain: cut at the arrows that stand in no text and no brackets."""
    steps, depth = [""], 0
    for token in _TOKENS.findall(chain):
        depth += (token in "([{") - (token in ")]}")
        if token == "->" and depth <= 0:
            steps.append("")
        else:
            steps[-1] += token
    return [step.strip() for step in steps]


def _calls(statement: str, known: Known, own: bool) -> Iterator[str]:
    """The statement with all calls of other libraries translated: `nn.Linear(4, 10) -> nn.ReLU()`.

    With `own`, also the calls of steps that netspec has: `lstm(28, 64)`.
    """
    head = _HEAD.match(statement)
    if head is None:
        return
    begin, rest = head[0], statement[head.end() :]
    made = re.match(r"(?:self\.)?([^\W\d]\w*)\s*=", begin)
    if made is not None and known.diagnostic.code == "NS116":  # self.fc1 = nn.Linear(4, 8)
        begin = f"hidden {known.free(made[1], *foreign.NAMES['hidden']) if made[1] in known.layers() else made[1]}: "
    parts = _steps(rest)
    steps = step_names()
    choices = [foreign.translated(part, steps, known.maps(), own) for part in parts]
    for number in range(max(map(len, choices), default=0)):
        picked = [made[min(number, len(made) - 1)] if made else part for part, made in zip(parts, choices, strict=True)]
        yield begin + " -> ".join(filter(None, picked))


def _numbers(statement: str, known: Known) -> Iterator[str]:
    """The statement with another number: one that the message speaks of, else the nearest."""
    if known.diagnostic.code[:3] in ("NS1", "NS2") or known.diagnostic.code == "NS618":
        return  # it is not about a number
    said = [int(one) for one in re.findall(r"\b\d{1,18}\b", " ".join(map(str, known.diagnostic.words.values())))]
    span = known.diagnostic.span.text if known.diagnostic.span is not None else ""
    if re.fullmatch(r"-\d+|\d+\.\d+", span) and known.diagnostic.code != "NS419":
        yield statement.replace(span, span.lstrip("-").partition(".")[0])
    if re.fullmatch(r"-?\d+(?:\.\d+)?", span):  # dropout(50), dropout(1.5)
        yield from (statement.replace(span, f"{abs(float(span)) / part:g}") for part in (1, 10, 100))
    square = re.fullmatch(r"(\d{1,6})x\1", span)
    if square is not None:
        yield from (statement.replace(span, f"{side}x{side}") for side in said if 0 < side < int(square[1]))
    found = list(re.finditer(r"(?<![\w.@])\d{1,18}(?![\w.@])", statement))
    for match in sorted(found, key=lambda match: match[0] not in re.findall(r"\d+", span))[:4]:
        number = int(match[0])
        near = [number + step * sign for step in range(1, 6) for sign in (-1, 1)]
        for other in [*near, *said][:14]:
            if 0 < other != number:
                yield statement[: match.start()] + str(other) + statement[match.end() :]


def _without(statement: str, known: Known) -> Iterator[str]:
    """The statement without what the mistake underlines: an option, or a value in parentheses."""
    if known.diagnostic.span is None:
        return
    written = known.diagnostic.span.text
    if written in foreign.OPTIONS or written in foreign.ACTIVATION_OPTIONS:
        return  # it says what is meant
    seen = re.escape(written)
    stepped = re.search(rf",?\s*(?<![\w.]){seen}\s*=\s*[\"']?([^\W\d]\w*)[\"']?", statement)
    if stepped is not None and stepped[1] in step_names():
        yield re.sub(r"\s*\(\s*\)", "", statement.replace(stepped[0], "")) + f" -> {stepped[1]}"
        return
    if known.diagnostic.code in ("NS201", "NS205", "NS212", "NS252"):
        yield re.sub(rf"(:.*?)(?<!\w){seen}(?!\w)", rf"\g<1>{known.before()}", statement, count=1)
    if known.diagnostic.code == "NS230":  # z -> x -> relu, where x is a layer
        yield re.sub(rf"->\s*{seen}(?!\w)", f"& {written}", statement, count=1)
    yield re.sub(rf",\s*{seen}\s*(?=[,)])", "", statement, count=1)
    head = _HEAD.match(statement)
    steps = _steps(statement[head.end() :]) if head is not None else []
    if len(steps) > 1 and statement.count(written) and known.diagnostic.code[:3] == "NS3":
        for step in (step for step in reversed(steps) if written in step and not _MADE.search(step)):
            yield statement[: head.end()] + " -> ".join(one for one in steps if one is not step)  # type: ignore[union-attr]
    bare = re.sub(rf",?\s*(?<![\w.])(?:{seen}\s*=\s*(?:\([^()]*\)|[^,()]+)|\w+\s*=\s*{seen}(?!\w))", "", statement)
    yield re.sub(r"\s*\(\s*,?\s*\)", "", re.sub(r"\(\s*,\s*", "(", bare))
    yield re.sub(r"\b(\w+)\(\s*[\d., ]+\)", r"\1", statement)
    yield re.sub(r"\b(\w+)\(\s*\d+\s*,\s*(\w+)", r"\1(\2", statement)


_SHAPE = re.compile(r"(?<=:)\s*(?P<shape>[^\"#]*\d[^\"#]*?)(?P<rest>\s*(?:over\b.*|\".*|#.*)?)$")


def _shapes(statement: str, known: Known) -> Iterator[str]:
    """The statement with the shape of an input as types are written: `(28, 28, 3)`, `3x32x32`, `Size([3, 8, 8])`."""
    statement = re.sub(r"(?<=:)\s*[^\W\d][\w.]*\s*[(\[<]\s*(?:\w+\s*=\s*)?(?=[(\[\d])", " (", statement)  # Input(shape=
    statement = re.sub(r"(?<!-)>\s*$", ")", statement)  # Tensor<4>
    match = _SHAPE.search(statement) if statement.startswith("input") and "one of" not in statement else None
    if match is None or not re.fullmatch(r"[\w.]*[\d\s,x×*@()\[\]None-]+\s*\w*", match["shape"]):
        return
    sizes = [size for size in re.findall(r"-?\d+|None", match["shape"]) if size.isdecimal()]
    types = []
    if len(sizes) == 4 and sizes[0] == "1":
        sizes = sizes[1:]
    if len(sizes) == 1:
        types.append(sizes[0])
        side = isqrt(int(sizes[0])) if len(sizes[0]) < 9 else 0
        types += [f"{side}x{side}"] if side > 3 and side * side == int(sizes[0]) else []
    elif len(sizes) == 2:
        types.append(f"{sizes[0]}x{sizes[1]}")
    elif len(sizes) == 3:
        first, last = f"{sizes[0]}@{sizes[1]}x{sizes[2]}", f"{sizes[2]}@{sizes[0]}x{sizes[1]}"
        few = ("1", "3", "4")
        types += [last, first] if sizes[2] in few and sizes[0] not in few else [first, last]
    for shape in types:
        yield statement[: match.start("shape")].rstrip() + f" {shape}" + match["rest"]


def _context(statement: str, known: Known) -> Iterator[str]:
    """Habits that need a name or a number of the file."""
    role = re.match(r"(input|hidden|output|net|block)\b\s*:?\s*(?!.*[^\W\d]\w*\s*:)(.+)$", statement, re.DOTALL)
    if role is not None:
        text = re.match(r'"([^"]*)"\s*\{', role[2])
        free = known.free(*foreign.NAMES[role[1]])
        if text is not None:
            name = re.sub(r"\W+", "_", text[1]).strip("_")
            yield f'{role[1]} {name if name[:1].isalpha() else free} "{text[1]}" {{'
        yield f"{role[1]} {free} {role[2]}" if role[1] in ("net", "block") else f"{role[1]} {free}: {role[2]}"
    first = re.match(r"[^\W\d]\w*(?=\s+[^\s=:])", statement)
    if first is not None and first[0].casefold() in foreign.LINES:  # 데이터 {
        yield foreign.LINES[first[0].casefold()] + statement[first.end() :]
    inputs = known.names("input")
    span = known.diagnostic.span.text if known.diagnostic.span is not None else ""
    if known.diagnostic.code == "NS309" and span.endswith(")"):  # roll(1) of a sequence
        yield from (statement.replace(span, f"{span[:-1]}, {role})") for role in ("time", "maps"))
    added = re.match(r"([^\W\d]\w*)\s*([-+*&])=\s*(.+)$", statement)
    if added is not None:  # z += x
        yield f"hidden {known.free(*foreign.NAMES['hidden'])}: {added[1]} {added[2]} {added[3]}"
    for pair in re.finditer(r"(?=(?<!\w)([^\W\d]+)\s+([^\W\d]+)(?!\w))", statement):
        if pair[1] + pair[2] in {*NOUNS, *foreign.STEPS, *step_names()}:  # percept rons, max pool, max pooling
            yield statement[: pair.start(1)] + pair[1] + pair[2] + statement[pair.end(2) :]
    if known.diagnostic.code == "NS102" and known.diagnostic.span is not None:  # dropout(0.5 -> relu
        bracket = known.diagnostic.span.text
        for at in [match.start() for match in re.finditer(r"\s*->|$", statement)]:
            if statement[:at].count(bracket) and bracket in _CLOSES:
                yield statement[:at] + _CLOSES[bracket] + statement[at:]
    head = _HEAD.match(statement)
    if head is not None and re.search(r"<-|[←⟵⇐]", statement[head.end() :]):  # z: relu <- 8 perceptrons
        steps = re.split(r"\s*(?:<-+|[←⟵⇐])\s*", statement[head.end() :])
        yield head[0] + " -> ".join(reversed(steps))
    label = re.match(r"(hidden|output|input|let)\s+([^\W\d]\w*)(?=\s*[:=])", statement)
    if label is not None and known.diagnostic.code == "NS204":
        yield f"{label[1]} {known.free(*(f'{label[2]}{number}' for number in range(2, 9)))}{statement[label.end() :]}"
    spoken = re.match(r"(.*\bfilters?\s+\w+?)((?:\s*,\s*[a-z_]+\s*=?\s*\d\w*)+)(.*)$", statement)
    if spoken is not None:  # 16 filters 3x3, stride 2, padding 1
        made = re.sub(r"([a-z_]+)\s*=?\s*(?=\d)", lambda key: f"{foreign.OPTIONS.get(key[1], key[1])} = ", spoken[2])
        yield f"{spoken[1]} ({made.lstrip(', ')}){spoken[3]}"
    widths = re.search(r"\b\w+\(\s*\[([\d,\s]+)\]\s*(?:,\s*(?:\w+\s*=\s*)?[\"']?([\w.]+)[\"']?)?\s*\)", statement)
    if widths is not None:  # MLP([8, 16], activation=relu)
        between = f" -> {widths[2]}" if widths[2] else " -> relu"
        row = " -> ".join(f"{width} perceptrons{between}" for width in re.findall(r"\d+", widths[1]))
        yield statement[: widths.start()] + row + statement[widths.end() :]
    chain = re.match(r"((?:hidden|output)\s+\w+\s*:\s*)(.+)$", statement, re.DOTALL)
    if chain is not None:
        if len(inputs) > 1:
            yield f"{chain[1]}{' & '.join(inputs)} -> {chain[2]}"
        added = re.match(r"(?:(\w+)\s*->\s*)?(.+->.*?)\s*\+\s*(\w+)$", chain[2])
        if added is not None:
            yield f"{chain[1]}{added[3]} + ({added[1] or added[3]} -> {added[2]})"
        causal = re.match(r"(?:(\w+)\s*->\s*)?(\d+)\s+filters\s+(\d)\s*\([^()]*causal[^()]*\)(.*)$", chain[2])
        if causal is not None and inputs:
            source = causal[1] or inputs[-1]
            delayed = "".join(f" & {source}[t-{back}]" for back in range(1, int(causal[3])))
            yield f"{chain[1]}{source}{delayed} -> {causal[2]} perceptrons{causal[4]}"
    same = re.search(r"(\d{1,9})x(\d{1,9})[^()]*(?:\([^()]*)?pad\s*=\s*\"?(?:same|causal)\"?", statement)
    if same is not None:
        down, right = int(same[1]) // 2, int(same[2]) // 2
        yield re.sub(
            r'pad\s*=\s*"?(?:same|causal)"?', f"pad = {down}" if down == right else f"pad = {down}x{right}", statement
        )
    if statement.startswith("use") and '"' in statement:
        file = statement[statement.index('"') :]
        for name in sorted(set(re.findall(r"\b[^\W\d_a-z]\w*", known.text[known.text.find(file) + len(file) :]))):
            yield f"use {name} from {file}"
    setting = re.match(r"([^\W\d]\w*)\s*=\s*(.*)$", statement, re.DOTALL)
    if setting is not None:
        yield from _setting(setting[1], setting[2], known)
    if re.match(r"(train|figure)\b", statement):
        yield from (f"{statement}\n  net = {name}" for name in known.names("net"))


def _setting(key: str, value: str, known: Known) -> Iterator[str]:
    """Habits in the lines of a section."""
    bare = [word for word in re.findall(r"[^\W\d][\w.]*", value) if word not in ("weight", "none")]
    if key in ("loss", "metrics") and bare:
        said = [foreign.ENTRIES.get(foreign.fold(word).removesuffix("loss"), word) for word in bare]
        spoken = [said[0], *_vocabulary(key)]
        for pair in known.terms():
            if key == "metrics":
                yield f"metrics = [{', '.join(f'{word}({pair})' for word in said)}]"
            for word in dict.fromkeys(spoken):
                yield f"{key} = {word}({pair})" if key == "loss" else f"{key} = [{word}({pair})]"
    if key in foreign.SETTINGS:
        yield f"{foreign.SETTINGS[key]} = {value}"
    word = foreign.fold(value.strip("\"' "))
    if word in foreign.VALUES:
        yield f"{key} = {foreign.VALUES[word]}"
    if re.search(r'"[^"]*,[^"]*"', value):  # columns("age, salary")
        yield f"{key} = " + re.sub(r'"([^"]*,[^"]*)"', lambda text: _QUOTES.join(re.split(r"\s*,\s*", text[0])), value)
    if known.diagnostic.code == "NS757":  # a field that no input is called like
        yield from (f"{name} = {value}" for name in known.names("input"))
    if key in foreign.OPTIMIZER_OPTIONS and "optimizer" not in known.section("train"):
        yield f"optimizer = adam({foreign.OPTIMIZER_OPTIONS[key]} = {value})"
    around = re.match(r"([^\W\d][\w.]*)\(([^\W\d]\w*\(.*\))\)$", value)
    if around is not None:  # x = StandardScaler(columns(…))
        yield f"{key} = {around[2]} -> {foreign.ENTRIES.get(foreign.fold(around[1]), around[1])}"
    if key == "best":
        yield from (f"metrics = [{value.strip()}({pair})]\n  {key} = {value}" for pair in known.terms())
    if key in ("split", "test_size", "validation_split"):
        shares = [float(share) for share in re.findall(r"\d*\.?\d+", value)]
        if sum(shares) == 100:
            shares = [share / 100 for share in shares]
        if len(shares) == 1:
            train = shares[0] if key == "split" and "test" not in value else 1 - shares[0]
            yield f"split = [{train:g}, {1 - train:.6g}]"
        elif shares:
            rest = [f"{share:g}" for share in shares[1:]]
            yield f"split = [{1 - sum(shares[1:]):.6g}, {', '.join(rest)}]"


def _vocabulary(key: str) -> Sequence[str]:
    """The losses or metrics that there are; read only where one is wrong, since pydantic comes with them."""
    from netspec.config.vocabulary.losses import LOSSES
    from netspec.config.vocabulary.metrics import METRICS

    return tuple(LOSSES if key == "loss" else METRICS)


_BLOCK_REPEAT = re.compile(r"repeat\s+(\w+)\s*\{\s*\n\s*(?:hidden|output)\s+(\w+)\s*:\s*([^\n]*?)\s*\n\s*\}")
_HEADED = re.compile(r"(?:net|block|data|train|figure)\b[^\n]*\{$")
# a body inside another one, and what stands below it
_NESTED = re.compile(r"(?P<inner>\w+[^\n{]*\{(?:\n[^\n{}]*)*\n[ \t]*\}\n)(?P<below>(?:[^\n{}]*\n)*)\}")
_INDENTED = re.compile(r"(?P<head>[^\W\d]\w*(?:\s+\w+)?)\s*:?(?P<lines>(?:\n[ \t]+[^\n]*|\n(?=\n[ \t]))+)(?!\n\s*\})")


def _regions(proposal: Proposal) -> Iterator[Proposal]:
    """Habits that reach over several lines, or break one into several."""
    text, start = proposal.text, proposal.start
    repeat = _BLOCK_REPEAT.match(text, start)
    if repeat is not None:
        made = f"hidden {repeat[2]}: repeat {repeat[1]} {{ {repeat[3]} }}"
        yield Proposal(text[:start] + made + text[repeat.end() :], start, start + len(made))
    indented = _INDENTED.match(text, start)
    if indented is not None:
        made = f"{indented['head']} {{{indented['lines']}\n}}"
        yield Proposal(text[:start] + made + text[indented.end() :], start, start + len(made))
    fence = re.match(r"```\w*\n(.*?)\n```[^\n]*", text[start:], re.DOTALL)
    if fence is not None:
        yield Proposal(text[:start] + fence[1] + text[start + fence.end() :], start, start + len(fence[1]))
    nested = _NESTED.match(text, start)
    if nested is not None and re.match(r"\s", text[text.rfind("\n", 0, start) + 1 : start] or "x"):  # move it behind
        made = f"{nested['below']}}}\n{nested['inner']}"
        yield Proposal(text[:start] + made + text[nested.end() :], start, start + len(made))
    statement = proposal.statement
    if _HEADED.match(statement):
        yield proposal.replaced(f"}}\n{statement}")
    one = re.match(r"((?:net|block)\s+[^{\n]*\{)\s*(\S.*)$", statement, re.DOTALL)
    if one is not None:
        lines = re.split(r"\s*;?\s+(?=(?:input|hidden|output|let|start)\s+\w+\s*[:=])", one[2].strip())
        last = lines[-1].rstrip()
        closed = last.endswith("}") and last.count("}") > last.count("{")
        lines[-1] = last[:-1].rstrip() if closed else last
        made = one[1] + "".join(f"\n  {line}" for line in lines) + ("\n}" if closed else "")
        yield proposal.replaced(made)
    section = re.match(r"((?:data|train|figure)\s*\{)\s*(\S.*?)\s*(\}?)$", statement, re.DOTALL)
    if section is not None:  # figure { view = blocks, lang = ko }
        lines = re.split(r"\s*[,;]?\s+(?=[^\W\d][\w.]*\s*=)", section[2])
        proposed = section[1] + "".join(f"\n  {line.rstrip(',;')}" for line in lines) + ("\n}" if section[3] else "")
        yield proposal.replaced(proposed)
    shared = re.match(r"(hidden|output|input)\s+([^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)+)\s*(:.*)$", statement)
    if shared is not None:  # hidden a, b: 8 perceptrons
        names = re.split(r"\s*,\s*", shared[2])
        yield proposal.replaced("\n".join(f"{shared[1]} {name}{shared[3]}" for name in names))
    second = re.match(r"(input|hidden|output|let)(\s+\w+\s*[:=][^(]*?)\s*[,;]\s*([^\W\d]\w*\s*[:=].*)$", statement)
    if second is not None:
        yield proposal.replaced(f"{second[1]}{second[2]}\n{second[1]} {second[3]}")
    several = re.split(r"\s*[,;&]?\s+(?=(?:input|hidden|output|let|start)\s+[^\W\d]\w*\s*[:=])", statement)
    if len(several) > 1 and re.match(r"(?:input|hidden|output|let|start)\b", statement):
        yield proposal.replaced("\n".join(several))
    if re.search(r"\S\s*\}$", statement) and statement.count("}") > statement.count("{"):
        yield proposal.replaced(statement[:-1].rstrip() + "\n}")
    chained = re.match(r"(input\s+\w+\s*:\s*[^\n]*?)\s*->\s*([^\n]+)$", statement)
    if chained is not None:
        yield proposal.replaced(f"{chained[1]}\n  hidden z: {chained[2]}")
