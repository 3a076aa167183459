"""Explains mistakes with numbers, `perceptrons` and `filters`, their options, `repeat`, and the sizes of types."""

from __future__ import annotations

import re

from netspec import foreign
from netspec.diagnostics.model import Diagnostic, Fix, Hint
from netspec.names import nearest
from netspec.syntax.recovery.signs import rounds_wait
from netspec.syntax.recovery.stop import Stop

_NUMBERS = ("INT", "NUMBER")


def separators(stop: Stop) -> Diagnostic | None:
    """Report separators inside a number: `1,000 perceptrons`, `1_000`."""
    text, at = stop.source.text, stop.seen.at[0]
    number = None
    if (
        stop.seen.kind == "COMMA" and _in_type(stop) and re.fullmatch(r"(?:,\d{3})+", stop.rest.strip())
    ):  # `input x: 1,024`
        begin = stop.last_span.start
        span, right = stop.between(begin, stop.end), re.sub(r"\D", "", stop.last + stop.rest)
        return stop.error("NS142", span=span, fix=Fix(span, right, certain=False), text=span.text, plain=right)
    if stop.seen.kind in ("PERCEPTRON", "FILTER"):
        number = re.search(r"(?<![\w,])\d{1,3}(?:,\d{3})+$", stop.left)
    elif stop.seen.kind == "NAME" and stop.last.isdigit() and re.match(r"_\d", stop.rest) and text[at - 1].isdigit():
        number = re.search(r"(?<!\w)\d+$", stop.left)
    if number is None:
        return None
    begin = stop.begin + number.start()
    end = at + len(re.match(r"[_\d]*", stop.rest)[0]) if stop.seen.kind == "NAME" else stop.begin + number.end()  # type: ignore[index]
    span = stop.between(begin, end)
    plain = re.sub(r"[,_]", "", span.text)
    return stop.error("NS142", span=span, fix=Fix(span, plain), text=span.text, plain=plain)


def noun(stop: Stop) -> Diagnostic | None:
    """Report `perceptrons` or `filters` without a number before them."""
    named = re.search(r"\b(?:perceptrons?|filters?)$", stop.left)
    if named and stop.seen.kind in _NUMBERS and stop.seen.before[-1:] == ("NAME",):
        at = stop.begin + named.start()
        span = stop.between(at, stop.seen.at[1])
        alone = not re.match(r"\s*x", stop.source.text[stop.seen.at[1] : stop.end])
        fix = Fix(span, f"{stop.seen.text} {named[0]}") if alone and named[0].startswith("perceptron") else None
        return stop.error("NS119", span=stop.between(at, stop.begin + named.end()), fix=fix, noun=named[0])
    if stop.seen.kind in ("PERCEPTRON", "FILTER") and not stop.accepts(stop.seen.kind):
        if stop.seen.kind == "PERCEPTRON" and "FILTER" in stop.seen.accepts:
            return None
        if "IS" in stop.seen.before or stop.first == "let":
            return None
        return stop.error("NS119", noun=stop.seen.text)
    return None


_BEHIND = re.compile(r"(?P<kernel>[\w.]+(?:\s*[x×]\s*[\w.]+)*)\s+(?P<noun>filters?)\b")


def kernel(stop: Stop) -> Diagnostic | None:
    """Report `filters` without a kernel size behind it, or with a kernel size in front of it or written `(5, 5)`."""
    before = stop.seen.before
    if stop.first == "default":
        return None
    if before[-2:-1] == ("FILTER",) and stop.last.isdigit() and re.match(r",\s*\d", stop.rest):  # `filters 3,3`
        return stop.swap(",", "x", stop.span)
    behind = _BEHIND.match(stop.rest) if stop.seen.kind in _NUMBERS and stop.last.isdigit() else None
    if behind is not None:  # `6 5x5 filters`
        span = stop.between(stop.seen.at[0], stop.seen.at[0] + behind.end())
        return stop.error("NS120", fix=Fix(span, f"{behind['noun']} {behind['kernel']}"), seen=stop.seen.text)
    spelt = before[-2:] == ("FILTER", "NAME") and stop.seen.kind in _NUMBERS  # `6 filters of 5x5`
    if spelt:
        return stop.error("NS120", span=stop.last_span, fix=Fix(stop.last_span, ""), seen=stop.last)
    bracketed = before[-3:-1] == ("FILTER", "LPAR") and (stop.seen.kind == "COMMA" or stop.seen.text[:1] in ("x", "×"))
    if bracketed or before[-1:] == ("FILTER",):
        needless = (Fix(stop.span, ""),) if stop.seen.text == "of" else ()
        return stop.error("NS120", fixes=_unwrapped(stop) if bracketed else needless, seen=stop.seen.text)
    return None


def _unwrapped(stop: Stop) -> tuple[Fix, ...]:
    """Return the fix that turns `(5, 5)` or `(5x5)` into `5x5`."""
    opening = stop.begin + stop.left.rindex("(")
    match = re.match(r"\(\s*(\d+)\s*[,x×]\s*(\d+)\s*\)", stop.source.text[opening : stop.end])
    return () if match is None else (Fix(stop.between(opening, opening + match.end()), f"{match[1]}x{match[2]}"),)


def rounds(stop: Stop) -> Diagnostic | None:
    """Report a `repeat` that is not written as `repeat 3 { … }`."""
    seen = stop.seen
    if seen.kind == "LBRACE" and stop.seen.before[-1:] == ("REPEAT",):
        return stop.error("NS141", Hint("count"), seen=seen.text)
    if not rounds_wait(stop) or not stop.accepts("LBRACE"):
        return None
    if seen.kind == "NAME" and seen.text == "in":
        return stop.error("NS141", Hint("round"), seen=seen.text)
    braced = re.match(r"(?:times|rounds|x|번|회|:)\s*\{", stop.rest)
    if braced is not None:
        return stop.error("NS141", fix=Fix(stop.span, ""), seen=seen.text)
    inner = re.match(r"\(([^()]*)\)", stop.rest) if seen.kind == "LPAR" else None
    fixes: tuple[Fix, ...] = ()
    if inner is not None:
        close = seen.at[0] + inner.end() - 1
        fixes = (Fix(stop.span, "{ "), Fix(stop.between(close, close + 1), " }"))
    return stop.error("NS141", fixes=fixes, seen=seen.text)


def misspelt(stop: Stop) -> Diagnostic | None:
    """Report a word after a number that is neither `perceptrons` nor `filters`: `4 perceptons`, `100 neurons`."""
    if stop.seen.kind != "NAME" or not stop.accepts("PERCEPTRON"):
        return None
    seen = stop.seen.text
    if stop.start == "setting" and not stop.open and stop.last_span.end == stop.seen.at[0]:  # `85mm`
        span = stop.between(stop.last_span.start, stop.seen.at[1])
        return stop.unexpected(Hint("text", {"text": span.text}), fix=Fix(span, f'"{span.text}"'))
    guess = nearest(seen, ("perceptrons", "filters", "perceptron", "filter"))
    if guess and stop.seen.before[-1:] in (("INT",), ("NUMBER",), ("NAME",)):
        return stop.error("NS127", Hint("nearest", {"name": guess}), seen=seen, fix=Fix(stop.span, guess))
    number = stop.seen.before[-1:] in (("INT",), ("NUMBER",))
    if not number or seen in ("x", "X", "by"):
        return None
    meant = foreign.NOUNS.get(seen.casefold())
    if meant is not None:
        return stop.error("NS127", Hint("meant", {"seen": seen, "meant": meant}), seen=seen, fix=Fix(stop.span, meant))
    return stop.error("NS127", seen=seen)


_OPTION = re.compile(r"[,\[{]?\s*([^\W\d][\w.]*)(?:\s*=(?!=)\s*|\s+(?=\d))([^\s,)\]}]+)")
_SIZES = re.compile(r"[\w.]++(?>(?:[ \t]*[x×][ \t]*[\w.]++)*)(?![ \t]*(?:perceptron|filter))")


_NO_OPTIONS = ("in", "as", "of", "by", "is", "caption", "repeat")


def options(stop: Stop) -> Diagnostic | None:
    """Report options without parentheses: `maxpool 2x2`, `6 filters 5x5, stride = 2`."""
    text, at = stop.source.text, stop.seen.at[0]
    if stop.start not in ("stmt", "decl") or stop.left.count("(") > stop.left.count(")") or stop.first == "let":
        return None
    braces = re.match(r"([\[{])([^\[\]{}\n]*)([\]}])", stop.rest)
    step = re.search(r"[\w)]$", stop.left) and stop.seen.before[-1:] != ("_X",)
    called = stop.accepts("LPAR") or stop.seen.before[-1:] == ("NAME",)
    if braces is not None and step and called and stop.seen.kind in ("LBRACE", "LSQB"):
        close = at + braces.end() - 1
        if re.fullmatch(r"\s*[^\W\d]\w*\s*", braces[2]):  # `10 perceptrons {relu}`
            fix = Fix(stop.between(at, close + 1), f"-> {braces[2].strip()}")
            return stop.unexpected(Hint("brackets"), fix=fix)
        fixes = (Fix(stop.span, "("), Fix(stop.between(close, close + 1), ")"))
        return stop.error("NS137", fixes=fixes, right=f"({braces[2].strip()})")
    option = _OPTION.match(text, at, stop.end)
    outside = stop.seen.kind in ("COMMA", "LSQB") or stop.accepts("LPAR") or stop.left.endswith(")")
    if option and (outside or stop.first == "default") and option[1] not in _NO_OPTIONS:
        if option[1] == "over" and stop.seen.kind == "COMMA":  # `input x: 8, over 100`
            return stop.unexpected(Hint("over", {"text": option[2]}), fix=Fix(stop.span, ""))
        return stop.error("NS137", right=f"({option[1]} = {option[2]})")
    sizes = _SIZES.match(text, at, stop.end)
    word = re.search(r"[^\W\d][\w.]*$", stop.left)
    beside = stop.seen.kind in _NUMBERS and stop.seen.before[-1:] == ("NAME",) and stop.accepts("_ARROW")
    if sizes and word and beside:
        right = f"{word[0]}({sizes[0]})"
        span = stop.between(stop.begin + word.start(), sizes.end())
        ends = re.match(r"\s*(?:$|->|is\b|[\"),&+\n])", text[sizes.end() : stop.end])
        return stop.error("NS137", fix=Fix(span, right) if ends else None, right=right)
    return None


def unexpected(stop: Stop) -> Diagnostic | None:
    """Return NS101 with a hint that depends on the keyword of the line; None if no hint fits."""
    seen = stop.seen
    if stop.first == "input":
        if seen.kind == "_ARROW":
            labelled = re.match(r"->\s*[^\W\d]\w*\s*:", stop.rest)  # a line `-> z: 3 perceptrons`
            return stop.unexpected(Hint("given"), fix=Fix(stop.span, "hidden") if labelled else None)
        if seen.text == "over":
            return stop.unexpected(Hint("one_time"))
        if stop.last == "of" and seen.kind == "STRING":
            return stop.unexpected(Hint("counted", {"count": str(stop.rest.count(",") + 1)}))
        return stop.unexpected(Hint("classes") if re.match(r"class(?:es)?\b", stop.rest) else Hint("type"))
    if stop.first == "let":
        return stop.unexpected(Hint("constant"))
    if stop.first == "use":
        quoted = re.match(r"[\w./-]+\.net\b", stop.rest) if stop.accepts("STRING") else None
        span = stop.between(seen.at[0], seen.at[0] + quoted.end()) if quoted is not None else stop.span
        return stop.unexpected(Hint("use"), fix=Fix(span, f'"{quoted[0]}"') if quoted is not None else None)
    if stop.first == "default" and seen.kind in ("LPAR", "EQUAL", "LBRACE"):
        return stop.unexpected(Hint("default"))
    if "IS" in seen.before:
        return stop.unexpected(Hint("is_type"))
    return None


_LIST = re.compile(r"\[\s*\d+(?:\s*,\s*\d+)*\s*,?\s*\]|\[\s*[\w\"][^\[\]\n]*\]")


def _in_type(stop: Stop) -> bool:
    """Whether the wrong token stands in a type annotation: of an input, or after `is`."""
    return (stop.first == "input" and "COLON" in stop.seen.before) or "IS" in stop.seen.before


def classes(stop: Stop) -> Diagnostic | None:
    """Report a number of classes that is not written as `one of 10`: `one 10`, `word of 10`, `10 classes`."""
    if not _in_type(stop):
        return None
    seen = stop.seen
    if seen.text == "of" and stop.last.isidentifier() and stop.last != "one":  # `word of 10000`
        return stop.swap(stop.last, "one", stop.last_span)
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
    """Report a longest length that is not written as `over up to 10`: `over up 10`, `over upto 10`, `over max 10`."""
    if _in_type(stop) and stop.last in ("up", "upto", "max", "most") and re.search(r"\bover\s+\w+$", stop.left):
        if stop.seen.kind in ("INT", "NUMBER", "NAME") and stop.seen.text != "to":
            return stop.swap(stop.last, "up to", stop.last_span)
    return None


def sizes(stop: Stop) -> Diagnostic | None:
    """Report sizes that are not written as `3@32x32`: `3@32,32`, `3@32 32`, `[3, 32, 32]`."""
    if not _in_type(stop):
        return None
    seen = stop.seen
    in_space = "AT" in seen.before and stop.last.isdigit()
    if in_space and seen.kind == "COMMA" and re.match(r",\s*\d", stop.rest):
        return stop.swap(",", "x", stop.span)
    if in_space and seen.kind in ("INT", "NUMBER"):
        gap = stop.between(stop.last_span.end, seen.at[0])
        return stop.error("NS121", Hint("sizes"), seen=seen.text, right="x", fix=Fix(gap, "x"))
    spaced = re.match(r"\d+\s*[x×]\s*\d+", stop.rest) if stop.accepts("AT") and stop.last.isdigit() else None
    if spaced is not None:  # `3 32x32`
        gap = stop.between(stop.last_span.end, seen.at[0])
        other = re.match(r"\d+", stop.rest)[0] != stop.last  # type: ignore[index]  # else a number may stand twice
        return stop.error("NS121", Hint("maps"), seen=seen.text, right="@", fix=Fix(gap, "@", certain=other))
    behind = re.search(r"\d+(?:\s*[x×]\s*\d+)+$", stop.left) if seen.kind == "AT" else None
    maps = re.match(r"@\s*(\d+)", stop.rest)
    if behind is not None and maps is not None:  # `32x32@3`
        span = stop.between(stop.begin + behind.start(), seen.at[0] + maps.end())
        return stop.swap(span.text, f"{maps[1]}@{behind[0]}", span, Hint("maps"))
    listed = re.match(r"\[\s*\d+(?:\s*,\s*\d+)*\s*\]", stop.rest) if stop.last == ":" else None
    if listed is not None:
        numbers = re.findall(r"\d+", listed[0])
        span = stop.between(seen.at[0], seen.at[0] + listed.end())
        return stop.unexpected(Hint("type"), fix=Fix(span, *foreign.shape(numbers)))
    return None
