"""Comments, quotes and characters of other notations -> diagnostics."""

from __future__ import annotations

import re

from netspec.diagnostics.model import Diagnostic, Fix, Hint
from netspec.syntax import signs
from netspec.syntax.stop import Stop

_COMMENT = re.compile(r"//|/\*|<!--|--(?!>)|%|'''|\"\"\"")
_DIVIDES = re.compile(r"(?:[\w)]//[\w(]|\s//\s*\d)")  # `S//2`, `S // 2` of Python


def comment(stop: Stop) -> Diagnostic | None:
    """`// first layer`: how other languages begin a comment."""
    at = stop.seen.at[0]
    for begin in (at, at - 1):
        match = _COMMENT.match(stop.source.text, begin, stop.end) if begin >= stop.begin else None
        alone = begin == stop.begin
        if match is not None and match[0] == "//" and _DIVIDES.match(stop.source.text, begin - 1):
            span = stop.between(begin, match.end())
            return stop.swap("//", "/", span)
        if match is not None and (alone or match[0] in ("//", "/*", "<!--")):
            span = stop.between(begin, match.end())
            return stop.fault("NS140", span=span, fixes=tuple(_to_hash(stop, begin, match[0])), seen=match[0])
    return None


def _to_hash(stop: Stop, begin: int, seen: str) -> list[Fix]:
    """`/* a */` is `# a` where the line ends with it; what goes over several lines is left to the writer."""
    opened = Fix(stop.between(begin, begin + len(seen)), "#")
    closer = {"/*": "*/", "<!--": "-->"}.get(seen)
    if closer is None:
        return [] if seen in ("'''", '"""') else [opened]
    line_end = stop.source.text.find("\n", begin)
    line_end = len(stop.source.text) if line_end < 0 else line_end
    line = stop.source.text[begin:line_end].rstrip()
    if not line.endswith(closer):
        return []
    end = begin + len(line)
    return [opened, Fix(stop.between(end - len(closer), end), "")]


# what opens a text elsewhere, and what then closes it
_QUOTES = {"'": "'", "`": "`", "‘": "’", "’": "’", "‚": "‘", "´": "´"}


def character(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind != "CHARACTER":
        return None
    seen = stop.seen.text
    at = stop.seen.at[0]
    if seen == '"':
        line_end = stop.source.text.find("\n", at)
        line_end = len(stop.source.text) if line_end < 0 else line_end
        before = stop.source.text[stop.begin : at]
        if line_end == at + 1 and not before[-1:].isspace():  # `scores"`: it can only end a text
            return stop.fault("NS145")
        return stop.fault("NS103", span=stop.between(at, line_end))
    if seen in _QUOTES:
        return _quote(stop, seen)
    if seen == ";":
        entity = signs.written_otherwise(stop)
        if entity is not None:
            return entity
        ends = not stop.rest[1:].strip()
        joins = bool(stop.open)
        fix = Fix(stop.span, "" if ends else ",") if ends or joins else None
        return stop.fault("NS109", *([Hint("comma")] if joins else []), fix=fix)
    if seen in "|!~":
        hints = (Hint("pipe"),) if seen == "|" else ()
        return signs.written_otherwise(stop) or stop.unexpected(*hints)
    hints = (Hint("below"),) if seen == "\\" and not stop.rest[1:].strip() else ()
    return stop.fault("NS129", *hints, fix=Fix(stop.span, ""), seen=seen)


def _quote(stop: Stop, character: str) -> Diagnostic:
    at = stop.seen.at[0]
    closing = stop.source.text.find(_QUOTES[character], at + 1, stop.end)
    fixes: tuple[Fix, ...] = ()
    if closing > 0 and stop.accepts("STRING") and '"' not in stop.source.text[at:closing]:
        fixes = (Fix(stop.span, '"'), Fix(stop.between(closing, closing + 1), '"'))
    return stop.fault("NS104", fixes=fixes, seen=character)
