"""Diagnostics with fixes + the text they belong to -> the text with the fixes made."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.model import Diagnostic, Fix
from netspec.source import SourceFile


def fixed(source: SourceFile, diagnostics: Iterable[Diagnostic]) -> tuple[str, int]:
    """The text of `source` with every fix made that touches no other, and how many diagnostics that were.

    The fixes of one diagnostic belong together: all are made, or none. Those of other files are left alone.
    """
    taken: list[Fix] = []
    count = 0
    for diagnostic in diagnostics:
        own = list(dict.fromkeys(diagnostic.fixes))
        if not own or any(fix.span.source is not source for fix in own):
            continue
        if any(_touch(fix, other) for fix in own for other in taken):
            continue
        taken += own
        count += 1
    text = source.text
    for fix in sorted(taken, key=lambda fix: (fix.span.start, fix.span.end), reverse=True):
        text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    return text, count


def _touch(left: Fix, right: Fix) -> bool:
    """Whether two replacements overlap, or both insert at one place."""
    if left.span.start == right.span.start:
        return True
    return left.span.start < right.span.end and right.span.start < left.span.end
