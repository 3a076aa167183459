"""SourceFile -> syntax objects and diagnostics: the entry point of this package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from netspec.diagnostics.model import Diagnostic
from netspec.source import SourceFile
from netspec.syntax import tree
from netspec.syntax.build import BadText
from netspec.syntax.parser import TooDeep, Unexpected, parse
from netspec.syntax.recovery import Unread

# a text with other characters than printable ASCII is checked character by character
_ODD = re.compile("[^\t\n\r -~]|\r(?!\n)")
_LINE_END = re.compile("\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")
_UNDERSCORE = re.compile(r"(?<!\w)_")


@dataclass(slots=True)
class Parsed:
    """The result of reading a text.

    Attributes:
        source: the text.
        file: the statements that could be parsed.
        diagnostics: the mistakes in the other statements.
        unread: names that the other statements may define.
    """

    source: SourceFile
    file: tree.File
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unread: Unread = field(default_factory=Unread)


def read(source: SourceFile) -> Parsed:
    """Parse a whole file; if that fails, parse each of its statements separately.

    Args:
        source: the text.

    Returns:
        The statements that could be parsed, and a diagnostic for each of the others.
    """
    original = source.text
    readings: list[tuple[str, list[Diagnostic]]] = [(original, [])]
    if _ODD.search(original) is not None:
        from netspec.syntax.characters import check_characters

        # a line end of other programs ends a line here as well, unless the text parses only without that
        ends = ("\n", " ", "") if _LINE_END.search(original) else ("\n",)
        readings = [check_characters(source, end) for end in ends]
    try:
        for source.text, found in readings:
            try:
                return Parsed(source, parse(source), found + _beginnings(source, []))
            except (Unexpected, TooDeep, BadText):
                pass
        # imported only if needed, because it takes 30 ms, a fifth of `netspec check`
        from netspec.syntax.recovery.recover import recover

        attempts = []
        for source.text, found in readings:
            attempts.append((recover(source), found))
        recovered, found = min(attempts, key=lambda attempt: len(attempt[0].diagnostics))
    finally:
        source.text = original
    if not recovered.diagnostics and not found:
        raise AssertionError(f"{source.name}: the file does not parse, each of its statements does")
    found += recovered.diagnostics
    if not recovered.unread.any:
        found += _beginnings(source, recovered.diagnostics)
    return Parsed(source, recovered.file, found, recovered.unread)


def _beginnings(source: SourceFile, found: list[Diagnostic]) -> list[Diagnostic]:
    """Report names that begin with `_`, in lines that could be parsed."""
    if _UNDERSCORE.search(source.text) is None:
        return []
    from netspec.syntax.characters import check_beginnings

    return check_beginnings(source, frozenset(one.span.line for one in found if one.span is not None))
