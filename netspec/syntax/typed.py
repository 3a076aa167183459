"""Mistakes in types -> diagnostics: sizes that are not joined by `x`, classes and lengths in other words."""

from __future__ import annotations

import re

from netspec.diagnostics.model import Diagnostic, Fix, Hint
from netspec.syntax.stop import Stop

_LIST = re.compile(r"\[\s*\d+(?:\s*,\s*\d+)*\s*,?\s*\]|\[\s*[\w\"][^\[\]\n]*\]")


def _in_type(stop: Stop) -> bool:
    """Whether what stopped belongs to a type: an input's, or the one after `is`."""
    return (stop.first == "input" and "COLON" in stop.seen.before) or "IS" in stop.seen.before


def classes(stop: Stop) -> Diagnostic | None:
    """`one 10`, `of 10`, `10 classes`, `one of [a, b, c]`."""
    if not _in_type(stop):
        return None
    seen = stop.seen
    if stop.last in ("one", "of") and seen.kind in ("INT", "NUMBER", "NAME") and "ONE" not in seen.before[:-1]:
        return stop.swap(stop.last, "one of", stop.last_span)
    if re.match(r"class(?:es)?\b", stop.rest) and stop.last.isdigit():
        end = seen.at[0] + len(re.match(r"\w+", stop.rest)[0])  # type: ignore[index]
        span = stop.between(stop.last_span.start, end)
        return stop.unexpected(Hint("classes"), fix=Fix(span, f"one of {stop.last}"))
    listed = _LIST.match(stop.rest) if seen.kind == "LSQB" else None
    if listed is not None and seen.before[-1:] == ("OF",):
        count = str(listed[0].count(",") + 1 - bool(re.search(r",\s*\]$", listed[0])))
        span = stop.between(seen.at[0], seen.at[0] + listed.end())
        return stop.unexpected(Hint("counted", {"count": count}), fix=Fix(span, count))
    return None


def lengths(stop: Stop) -> Diagnostic | None:
    """`over up 10`, `over upto 10`, `over max 10`."""
    if _in_type(stop) and stop.last in ("up", "upto", "max", "most") and re.search(r"\bover\s+\w+$", stop.left):
        if stop.seen.kind in ("INT", "NUMBER", "NAME") and stop.seen.text != "to":
            return stop.swap(stop.last, "up to", stop.last_span)
    return None


def sizes(stop: Stop) -> Diagnostic | None:
    """`3@32,32`, `3@32 32`, `[3, 32, 32]`: sizes are joined by `x`."""
    if not _in_type(stop):
        return None
    seen = stop.seen
    in_space = "AT" in seen.before and stop.last.isdigit()
    if in_space and seen.kind == "COMMA" and re.match(r",\s*\d", stop.rest):
        return stop.swap(",", "x", stop.span)
    if in_space and seen.kind in ("INT", "NUMBER"):
        gap = stop.between(stop.last_span.end, seen.at[0])
        return stop.fault("NS121", Hint("sizes"), seen=seen.text, right="x", fix=Fix(gap, "x"))
    spaced = re.match(r"\d+\s*[x×]\s*\d+", stop.rest) if stop.accepts("AT") and stop.last.isdigit() else None
    if spaced is not None:  # `3 32x32`
        gap = stop.between(stop.last_span.end, seen.at[0])
        return stop.fault("NS121", Hint("maps"), seen=seen.text, right="@", fix=Fix(gap, "@"))
    behind = re.search(r"\d+(?:\s*[x×]\s*\d+)+$", stop.left) if seen.kind == "AT" else None
    maps = re.match(r"@\s*(\d+)", stop.rest)
    if behind is not None and maps is not None:  # `32x32@3`
        span = stop.between(stop.begin + behind.start(), seen.at[0] + maps.end())
        return stop.swap(span.text, f"{maps[1]}@{behind[0]}", span, Hint("maps"))
    listed = re.match(r"\[\s*\d+(?:\s*,\s*\d+)*\s*\]", stop.rest) if stop.last == ":" else None
    if listed is not None:
        numbers = re.findall(r"\d+", listed[0])
        right = f"{numbers[0]}@{'x'.join(numbers[1:])}" if len(numbers) > 2 else "x".join(numbers)
        span = stop.between(seen.at[0], seen.at[0] + listed.end())
        return stop.unexpected(Hint("type"), fix=Fix(span, right))
    return None
