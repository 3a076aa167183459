"""The fixes of a wrong text -> those that are proved by trying them: what `check --fix` writes, and what JSON offers.

One law for all fixes, whatever message offers them: a fix is kept if the text after it has strictly fewer mistakes,
and it is certain if no other slip that is as small explains the text as well: another word, or another edit of its
tokens. A fix that leaves a word out is certain only if no edit keeps the word. Everything else is a guess: it is shown,
and not written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from netspec import edits
from netspec.diagnostics.model import Diagnostic, Fix, Quoted, Severity, applied, fixed
from netspec.elaborate.program import built_in_names
from netspec.names import alike
from netspec.ops.registry import step_names
from netspec.source import SourceFile, Span
from netspec.syntax import tree
from netspec.syntax.parser import KEYWORDS, QUOTED
from netspec.syntax.recovery.lines import logical_lines

# characters of text that are read to try fixes; fixes that are left over when they are spent stay guesses
EFFORT = 1_000_000
# fixes in one statement that help only together: at most this many are made one after the other
DEPTH = 5
# edits of tokens of one statement that are tried besides a fix
OTHERS = 12
# a name that stands in more places than this is not wrong where it is defined
DEFINED = 6
_TOKEN = re.compile(QUOTED + r"|#[^\n]*|[^\W\d]\w*|\d\w*|->|\S")
_WORD = re.compile(r"[^\W\d]\w*")

Places = tuple[tuple[int, int], ...]
Fixes = tuple[Fix, ...]  # those of one mistake: they are made all or not at all


class Checked(NamedTuple):
    """A text that was checked: its source, what it says (apart from places), its diagnostics, what the check cost."""

    source: SourceFile
    said: tree.File
    diagnostics: Sequence[Diagnostic]
    work: int = 0

    @property
    def mistakes(self) -> tuple[int, int]:
        """How many errors there are, and how many warnings: what a fix must make smaller."""
        return self._count("error"), self._count("warning")

    def said_newly(self, before: Checked) -> bool:
        """Whether there is an error that was not there before: what a fix uncovers may be the same slip."""
        known = {(one.code, str(one.words)) for one in before.diagnostics}
        errors = (one for one in self.diagnostics if one.severity == "error")
        return any((one.code, str(one.words)) not in known for one in errors)

    def _count(self, severity: Severity) -> int:
        return sum(diagnostic.times for diagnostic in self.diagnostics if diagnostic.severity == severity)


class _Proof(NamedTuple):
    """Fixes that take a mistake away, what the text is after them, and whether nothing else explains it as well."""

    fixes: Fixes
    after: Checked
    certain: bool
    made: int  # how many mistakes were fixed on the way


class Mender:
    """Tries the fixes of a text. `check` reads a changed text and everything around it as it was read first."""

    def __init__(self, check: Callable[[str], Checked]) -> None:
        self._check = check
        self._effort = EFFORT

    def judged(self, state: Checked) -> list[Diagnostic]:
        """Return the diagnostics with the fixes that help; `Fix.certain` says which of them `--fix` writes."""
        return [self.judge(state, diagnostic) for diagnostic in state.diagnostics]

    def judge(self, state: Checked, diagnostic: Diagnostic) -> Diagnostic:
        """Return one of the diagnostics with the fixes that help."""
        if not diagnostic.fixes:
            return diagnostic
        proof = self._proof(state, diagnostic)
        fixes = () if proof is None else tuple(fix._replace(certain=proof.certain) for fix in proof.fixes)
        return diagnostic._replace(fixes=fixes)

    def mended(self, state: Checked) -> tuple[Checked, int]:
        """Make every certain fix; return the text after them, checked, and the number of mistakes that were fixed."""
        made = 0
        while True:
            proofs = [self._proof(state, diagnostic) for diagnostic in state.diagnostics if diagnostic.fixes]
            certain = [proof for proof in proofs if proof is not None and proof.certain]
            if not certain:
                return state, made
            after, count = certain[0].after, certain[0].made
            text, number = fixed(state.source.text, [proof.fixes for proof in certain])
            together = self._tried(text) if number > 1 else None
            if together is not None and together.mistakes[0] <= state.mistakes[0] - number:
                after, count = together, number
            state, made = after, made + count

    def _tried(self, text: str) -> Checked | None:
        """Check a changed text; None if the effort is spent."""
        self._effort -= len(text)
        return self._check(text) if self._effort >= 0 else None

    def _proof(self, state: Checked, diagnostic: Diagnostic, mended: Places = ()) -> _Proof | None:
        """Return what the fixes of a diagnostic come to; None if they do not leave strictly fewer mistakes.

        `mended` are the places that fixes have changed already which uncovered this diagnostic.
        """
        own = tuple(dict.fromkeys(diagnostic.fixes))
        if any(fix.span.source is not state.source for fix in own):
            return None  # in a file that the text uses
        found = self._outcome(state, own, mended)
        again = any(fix.span.start <= end and start <= fix.span.end for fix in own for start, end in mended)
        if again or not all(fix.certain for fix in own):  # a word that is wrong twice may be another word
            return found and found._replace(certain=False)
        proofs = [found] if found is not None else []
        for rival in _rivals(state.source, own, diagnostic):
            after = self._tried(applied(state.source.text, rival))
            if after is not None and after.mistakes < state.mistakes:
                proofs.append(_Proof(rival, after, True, 1))
        if not proofs:
            return None
        # the explanation that leaves the fewest mistakes, and among these the one with the fewest slips
        best = min(proofs, key=_cost)
        alone = all(proof.after.said == best.after.said for proof in proofs if _cost(proof) == _cost(best))
        certain = best.certain and alone and not best.after.said_newly(state) and not self._explained(state, best)
        return best._replace(certain=certain and self._effort >= 0)

    def _explained(self, state: Checked, best: _Proof) -> bool:
        """Whether an edit of tokens of the same statement explains the text as well as the best fixes, otherwise."""
        self._effort -= len(state.source.text)
        for text in _edited(state, best.fixes):
            after = self._tried(text)
            if after is None or after.mistakes[0] < best.after.mistakes[0]:
                return True
            if after.mistakes[0] == best.after.mistakes[0] and after.said != best.after.said:
                return True
        return False

    def _outcome(self, state: Checked, fixes: Fixes, mended: Places) -> _Proof | None:
        """Make fixes, and those of a mistake that they uncover in the same lines; None if it is not worth it."""
        after = self._tried(applied(state.source.text, fixes))
        if after is None or after.mistakes < state.mistakes:
            return None if after is None else _Proof(fixes, after, True, 1)
        if len(mended) >= DEPTH or after.mistakes > state.mistakes:
            return None
        lines = {fix.span.line for fix in fixes}
        for uncovered in after.diagnostics:
            if uncovered.fixes and uncovered.span is not None and uncovered.span.line in lines:
                proof = self._proof(after, uncovered, _moved(mended, fixes))
                if proof is not None:
                    whole = (_difference(state.source, proof.after.source.text),)
                    return _Proof(whole, proof.after, proof.certain, proof.made + 1)
        return None


def _moved(places: Places, fixes: Fixes) -> Places:
    """Return where places of a text lie after fixes, and the places of the fixes themselves."""
    moved = 0
    for fix in sorted(fixes, key=lambda fix: fix.span.start):
        start = fix.span.start + moved
        grown = len(fix.replacement) - (fix.span.end - fix.span.start)
        places = tuple((a + grown, b + grown) if a >= start else (a, b) for a, b in places)
        places += ((start, start + len(fix.replacement)),)
        moved += grown
    return places


def _cost(proof: _Proof) -> tuple[int, int]:
    return proof.after.mistakes[0], max(len(proof.fixes), proof.made)


def _difference(source: SourceFile, text: str) -> Fix:
    """Return the one replacement that turns a source into a text."""
    start = _alike(source.text, text)
    end = _alike(source.text[start:][::-1], text[start:][::-1])
    return Fix(Span(source, start, len(source.text) - end), text[start : len(text) - end])


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _edited(state: Checked, fixes: Fixes) -> Iterator[str]:
    """Yield the text after other edits of the statement that `fixes` mend.

    They are: the line joined with the next one or with the one above, if that is wrong, too; and if the statement does
    not parse, edits of its tokens. Where the fixes leave a word out, tokens may be moved or enclosed as well.
    """
    source = state.source
    start, end = min(fix.span.start for fix in fixes), max(fix.span.end for fix in fixes)
    lines = logical_lines(source.text)
    at = max((at for at, line in enumerate(lines) if line.start <= start), default=None)
    if at is None or any(lines[at].end < line.start < end for line in lines[at + 1 : at + 2]):
        return
    line, rule = lines[at], edits.rule(source.text, start)
    wrong = {one.span.start for one in state.diagnostics if one.severity == "error" and one.span is not None}
    for one, other in itertools.pairwise(lines[max(at - 1, 0) : at + 2]):
        beside = other if one is line else one
        joined = f"{one.text} {other.text}"
        if any(beside.start <= place < beside.end for place in wrong) and edits.stop(joined, rule) is None:
            yield source.text[: one.start] + joined + source.text[other.end :]
    if edits.stop(line.text, rule) is None:
        return
    drops = any(len(_WORD.findall(fix.replacement)) < len(_WORD.findall(fix.span.text)) for fix in fixes)
    found = edits.edited(line.text, rule, start - line.start)
    slips = itertools.takewhile(lambda one: one.size == edits.SLIP or (drops and not one.guess), found)
    for slip in itertools.islice(slips, OTHERS):
        yield source.text[: line.start] + slip.text + source.text[line.end :]


def _rivals(source: SourceFile, fixes: Fixes, diagnostic: Diagnostic) -> Iterator[Fixes]:
    """Yield other slips of a hand that may explain what `fixes` mend, each with the change that undoes it.

    They are: another word is as near, of the text, of the language, or of those that the message lists; the name is
    right here and wrong where it is defined; a token stands twice.
    """
    tokens = [match for match in _TOKEN.finditer(source.text) if not match[0].startswith("#")]
    wrong, right = fixes[0].span.text, fixes[0].replacement
    same = all(fix.span.text == wrong and fix.replacement == right for fix in fixes)
    if same and _WORD.fullmatch(wrong) and _WORD.fullmatch(right):
        words = dict.fromkeys(match[0] for match in tokens if _WORD.fullmatch(match[0]))
        said = [*diagnostic.words.values(), *(word for hint in diagnostic.hints for word in hint.words.values())]
        listed = [word for words in said if isinstance(words, Quoted) for word in words.words]
        known = [*words, *listed, *sorted(step_names()), *sorted(built_in_names()), *KEYWORDS]
        for word in alike(wrong, right, dict.fromkeys(known)):
            yield tuple(fix._replace(replacement=word) for fix in fixes)
        places = [match.span() for match in tokens if match[0] == right]
        for start, end in places if len(places) <= DEFINED else ():
            yield (Fix(Span(source, start, end), wrong),)
    for one, other in itertools.pairwise(tokens):
        touched = any(one.start() <= fix.span.end and fix.span.start <= other.end() for fix in fixes)
        if touched and one[0] == other[0]:
            yield (Fix(Span(source, one.end(), other.end()), ""),)
            yield (Fix(Span(source, one.end(), other.start()), " -> "),)
