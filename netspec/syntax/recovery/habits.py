"""Explains habits from other notations: trailing commas, typed parameters, LaTeX, method calls, loops.

Each rule knows one way of writing, anywhere in a line. The rules of `signs` and `nouns` then look at the mistakes
that no rule here explains.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netspec.diagnostics.model import Diagnostic, Fix, Hint
from netspec.syntax.parser import END, MARKS
from netspec.syntax.recovery.stop import Stop, expected

_NAME = rf"[^\W\d][\w{MARKS}]*"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def trailing(stop: Stop) -> Diagnostic | None:
    """Report a comma at the end of a statement: `input x: 10,`."""
    if stop.seen.kind == "COMMA" and not stop.rest[1:].strip():
        return stop.error("NS149", fix=Fix(stop.span, ""))
    if stop.seen.kind in (END, "_NL") and stop.last == "," and stop.unclosed is None and not stop.rest.strip():
        return stop.error("NS149", span=stop.last_span, fix=Fix(stop.last_span, ""))
    return None


def crowded(stop: Stop) -> Diagnostic | None:
    """Report two settings on one line: `epochs = 10, batch = 32`."""
    if stop.start != "setting" or "EQUAL" not in stop.seen.before or stop.open:
        return None
    if stop.seen.kind == "COMMA":
        second = re.match(rf",\s*({_NAME}(?:\.{_NAME})*)\s*=(?!=)", stop.rest)
        if second is None:
            return None
        if "\n" in second[0]:  # the next line is a setting of its own, and the comma stands at the end of this one
            return stop.error("NS149", fix=Fix(stop.span, ""))
        span = stop.between(stop.seen.at[0], stop.seen.at[0] + second.start(1))
        shown = stop.between(span.end, span.end + len(second[1]))
        return stop.error("NS150", span=shown, fix=Fix(span, "\n  "), seen=second[1])
    named = re.search(rf"\s({_NAME})$", stop.left) if stop.seen.kind == "EQUAL" else None
    if named is None:
        return None
    begin = stop.begin + named.start()
    span = stop.between(begin + 1, stop.begin + named.end())
    return stop.error("NS150", span=span, fix=Fix(stop.between(begin, begin + 1), "\n  "), seen=named[1])


_TYPE = r"(?:int|float|double|bool|str|string|size|integer|number|num|real|type)"
# types of parameters in other languages: `: int` behind the name, `int` in front of it
_ANNOTATED = re.compile(
    rf"(?P<name>{_NAME})(?P<behind>\s*:\s*[^\W\d][\w.]*(?:\[[^\]\n]*\])?)(?=\s*[=,)])"
    rf"|(?<=[(,\s])(?P<front>{_TYPE}\s+)(?P<named>{_NAME})(?=\s*[=,)])"
)


def annotated(stop: Stop) -> Diagnostic | None:
    """Report a parameter with a type, which netspec does not have: `net n(d: int = 3)`, `net n(int d)`."""
    if stop.start not in ("net_head", "block_head") or stop.open != "(":
        return None
    found = list(_ANNOTATED.finditer(stop.source.text, stop.begin, stop.end))
    here = next((match for match in found if match.start() <= stop.seen.at[0] < match.end()), None)
    if here is None:
        return None
    spans = [stop.between(*match.span("behind" if match["behind"] else "front")) for match in found]
    seen = stop.between(*here.span("behind" if here["behind"] else "front"))
    fixes = tuple(Fix(span, "") for span in spans)
    shown = seen._replace(end=seen.start + len(seen.text.rstrip()))
    return stop.error("NS151", span=shown, fixes=fixes, name=here["name"] or here["named"], seen=shown.text.strip())


def bracketed(stop: Stop) -> Diagnostic | None:
    """Report parameters in square brackets instead of parentheses: `net n[d = 3] {`."""
    if stop.start not in ("net_head", "block_head") or stop.seen.kind != "LSQB":
        return None
    inner = re.match(r"\[([^\[\]\n]*)\]", stop.rest)
    if inner is None or not inner[1].strip():
        return None
    close = stop.seen.at[0] + inner.end()
    fixes = (Fix(stop.span, "("), Fix(stop.between(close - 1, close), ")"))
    return stop.error("NS137", fixes=fixes, right=f"({inner[1].strip()})")


def raised(stop: Stop) -> Diagnostic | None:
    """Report a power with a raised digit: `10²` instead of `10^2`."""
    digits = re.match("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", stop.rest)
    if digits is None:
        return None
    span = stop.between(stop.seen.at[0], stop.seen.at[0] + digits.end())
    return stop.swap(digits[0], f"^{digits[0].translate(_SUPERSCRIPTS)}", span)


def version(stop: Stop) -> Diagnostic | None:
    """Report a wrong or missing version number: `netspec v1`, `netspec: 1`, `netspec`."""
    if stop.first != "netspec" or stop.seen.kind == "NUMBER" or "INT" in stop.seen.before:
        return None
    whole = stop.between(stop.begin, stop.end)
    if stop.seen.kind in (END, "_NL"):
        fix = Fix(whole, "netspec 1")
        return stop.error("NS105", Hint("version"), span=whole, fix=fix, expected=expected(stop.seen.accepts))
    return stop.unexpected(
        Hint("version"), fix=Fix(whole, "netspec 1", certain=re.search(r"\d", stop.rest) is not None)
    )


def delayed(stop: Stop) -> Diagnostic | None:
    """Report a delay that is not written as `x[t-1]`: `x_{t-1}`, `x[t-1][t-1]`, `(a + b)[t-1]`."""
    brace = re.match(r"\{\s*(t\s*-\s*\d+)\s*\}", stop.rest) if stop.seen.kind == "LBRACE" else None
    if brace is not None:
        line = stop.source.text[: stop.seen.at[0]]
        begin = stop.seen.at[0] - line.endswith("_")
        span = stop.between(begin, stop.seen.at[0] + brace.end())
        return stop.swap(span.text, f"[{brace[1].replace(' ', '')}]", span)
    if stop.seen.kind == "LSQB" and stop.last in ("]", ")") and re.match(r"\[\s*t\s*-", stop.rest):
        return stop.unexpected(Hint("delayed"))
    return None


def looped(stop: Stop) -> Diagnostic | None:
    """Report a wrong `repeat`: `for 3 { … }`, `loop 3 { … }`, `repeat 2 { hidden a: … }`, `repeat shared 2 {`."""
    if stop.last in ("for", "loop", "times") and re.match(r"\w+\s*(?:as\s+\w+\s*)?\{", stop.rest):
        return stop.swap(stop.last, "repeat", stop.last_span)
    inside = re.search(r"\{\s*(?P<role>hidden|output|let)$", stop.left)
    if inside is not None and stop.seen.kind == "NAME" and "REPEAT" in stop.seen.before:
        return stop.error("NS141", Hint("chain"), span=stop.last_span, seen=inside["role"])
    waits = re.search(r"\brepeat\s+\w+\s+as\s+\w+$", stop.left) if stop.seen.text == "shared" else None
    if waits is not None or re.search(r"\brepeat\s+shared$", stop.left):
        return stop.error("NS141", Hint("order"), seen=stop.seen.text)
    nameless = re.search(r"\brepeat\s+\w+\s+as$", stop.left)
    return stop.error("NS141", Hint("round"), seen=stop.seen.text) if nameless is not None else None


def called(stop: Stop) -> Diagnostic | None:
    """Report a method call (`5 perceptrons.relu`), a second pair of parentheses, or a sum behind an arrow."""
    method = re.match(rf"\.\s*({_NAME})", stop.rest) if stop.seen.kind == "DOT" else None
    if method is not None and stop.accepts("_ARROW"):
        spaced = stop.between(stop.begin + len(stop.left), stop.seen.at[0] + method.start(1))
        return stop.error("NS122", seen=".", right="->", fix=Fix(spaced, " -> "))
    if stop.seen.kind == "LPAR" and stop.last == ")" and "=" in stop.rest:
        span = stop.between(stop.last_span.start, stop.seen.at[1])
        return stop.unexpected(Hint("one_pair"), fix=Fix(span, ", "))
    if stop.seen.kind in ("ADDOP", "MULOP", "AMPERSAND") and stop.last in ("}", ")") and stop.accepts("_ARROW"):
        return stop.unexpected(Hint("sum_first"))
    return None


def misplaced(stop: Stop) -> Diagnostic | None:
    """Report a layer in a section, `hidden z: is 12` without a value, or a caption in parentheses."""
    if stop.start == "setting" and re.match(rf"(?:input|hidden|output|start)\s+{_NAME}\s*:", stop.text):
        return stop.error("NS108", span=stop.first_span, keyword=stop.first)
    if re.search(r":\s*is$", stop.left) and stop.first in ("hidden", "output"):
        return stop.error("NS139", span=stop.last_span, left=":", seen="is", expected=("`x -> …`",))
    if stop.first == "input" and stop.seen.kind == "LPAR" and stop.accepts("STRING"):
        words = re.fullmatch(r"\(([^()\"\n]*[^\W\d][^()\"\n]*)\)\s*", stop.rest)
        if words is not None:
            span = stop.between(stop.seen.at[0], stop.seen.at[0] + len(stop.rest.rstrip()))
            return stop.unexpected(Hint("caption_word"), fix=Fix(span, f'"{words[1].strip()}"'))
    return None


RULES: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    trailing,
    crowded,
    annotated,
    bracketed,
    raised,
    version,
    delayed,
    looped,
    called,
    misplaced,
)
