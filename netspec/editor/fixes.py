"""A mistake in a part -> what may be written instead: the fixes that `check --fix` makes, and guesses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netspec.diagnostics.catalogue import Language, phrase
from netspec.diagnostics.model import Diagnostic, Fix, applied
from netspec.editor.parts import Checker, Part
from netspec.mends import Checked, Mender
from netspec.proposals import proposed_edits
from netspec.source import SourceFile
from netspec.syntax import tree

Made = tuple[tuple[int, int, str], ...]  # what is written in place of which characters of the part


def offered(
    checker: Checker, part: Part, diagnostic: Diagnostic, opened: Mapping[str, str], language: Language
) -> Iterator[tuple[str, bool, Made]]:
    """Yield the fixes of a diagnostic: a title, whether nothing else may have been meant, and the changes."""
    seen: set[str] = set()
    for fixes in (_proved(checker, part, diagnostic, opened), _proposed(checker, part, diagnostic, opened)):
        own = list(dict.fromkeys(fixes))
        text = applied(part.source.text, own)
        if own and text not in seen:
            seen.add(text)
            certain = all(fix.certain for fix in own)
            made = tuple((fix.span.start, fix.span.end, fix.replacement) for fix in own)
            yield _title(own, certain, language), certain, made


def title_of_all(language: Language) -> str:
    return phrase("editor all", language)


def certain(checker: Checker, text: str, opened: Mapping[str, str]) -> Made:
    """Return what `check --fix` changes in a document, as one change of the text from its first to its last place."""
    after = _mender(checker, opened).mended(_state(checker.checked([text], opened)))[0].source.text
    return _difference(text, after) if after != text else ()


def _difference(before: str, after: str) -> Made:
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    same = 0
    while same < min(len(before), len(after)) - start and before[-1 - same] == after[-1 - same]:
        same += 1
    return ((start, len(before) - same, after[start : len(after) - same]),)


def _proved(checker: Checker, part: Part, diagnostic: Diagnostic, opened: Mapping[str, str]) -> Sequence[Fix]:
    """Return the fixes of a diagnostic that leave fewer mistakes."""
    if not diagnostic.fixes:
        return ()
    key = f"fixes of {part.diagnostics.index(diagnostic)}"
    if key not in part.remembered:
        part.remembered[key] = _mender(checker, opened).judge(_state(part), diagnostic).fixes
    found: Sequence[Fix] = part.remembered[key]
    return found


def _proposed(checker: Checker, part: Part, diagnostic: Diagnostic, opened: Mapping[str, str]) -> Sequence[Fix]:
    """Return what a search for the statement as it must be written finds for a diagnostic."""
    if "proposals" not in part.remembered:

        def check(source: SourceFile) -> tuple[Sequence[Diagnostic], int]:
            other = checker.checked([source.text], opened)
            return other.diagnostics, 0 if other.spec is None else other.spec.program.work

        part.remembered["proposals"] = proposed_edits(part.source, part.diagnostics, check)
    return next((found for one, found in part.remembered["proposals"] if one is diagnostic), ())


def _mender(checker: Checker, opened: Mapping[str, str]) -> Mender:
    return Mender(lambda text: _state(checker.checked([text], opened)))


def _state(part: Part) -> Checked:
    if part.spec is None:
        return Checked(part.source, tree.File(()), part.diagnostics)
    program = part.spec.program
    return Checked(part.source, program.main.file, part.diagnostics, program.work)


def _title(fixes: Sequence[Fix], certain: bool, language: Language) -> str:
    fix = fixes[0]
    text = " ".join(fix.replacement.split())
    short = text if len(text) <= 60 else f"{text[:57]}…"
    old = " ".join(fix.span.text.split())[:60]
    said = phrase("editor write", language, text=short) if text else phrase("editor delete", language, text=old)
    return said if certain else phrase("editor guess", language, text=said)
