"""Explains mistakes with signs: doubled, missing or foreign signs, missing values, foreign comments and quotes."""

from __future__ import annotations

import re

from netspec.diagnostics.model import Diagnostic, Fix, Hint
from netspec.syntax.parser import END
from netspec.syntax.recovery.stop import Stop, expected

_NAME = r"[^\W\d]\w*"
_ITEM = frozenset("NAME INT NUMBER LPAR REPEAT PERCEPTRON FILTER".split())
_WORDS_TWICE = re.compile(
    r"\b(is|of|one|over|as|from|repeat|net|block|use|hidden|output|input|let|require|default|shared|perceptrons?|filters?)"
    r"[ \t]+(\1)$"
)
# what is surely a slip if it is written twice in a row; a number is not: `28 28` may lack an `x`
_REPEATED = re.compile(r'[^\W\d]\w*|"[^"\n]+"|[(\[{]')
# signs and words that never stand twice in a row
_TWICE = frozenset(("->", "+", "*", "/", "&", ",", ":", "=", "@", ".", "^", "==", "%", "is", "over"))


def doubled(stop: Stop) -> Diagnostic | None:
    """Report a sign or word that is written twice: `-> ->`, `, ,`, `is is 10`."""
    words = _WORDS_TWICE.search(stop.left)
    if words is not None:
        span = stop.between(stop.begin + words.start(2), stop.begin + words.end(2))
        return stop.error("NS138", span=span, fix=Fix(span, ""), seen=words[2])
    seen = stop.seen.text
    if _REPEATED.fullmatch(seen) and re.search(rf"(?<![\w.]){re.escape(seen)}$", stop.left):
        hints = (Hint("chain"),) if stop.accepts("_ARROW") and stop.seen.kind == "NAME" else ()
        return stop.error("NS138", *hints, fix=Fix(stop.span, ""), seen=seen)
    gap = stop.seen.at[0] - stop.last_span.end
    adjacent = gap == 0
    if stop.last != seen or seen not in _TWICE or (adjacent and stop.last + seen in _OTHERWISE):
        return None
    # two blanks: what stood between the signs may have been lost
    return stop.error("NS138", fix=Fix(stop.span, "", certain=gap < 2), seen=seen)


# signs of other languages -> signs of netspec
_OTHERWISE = {
    "=>": "->", "==>": "->", "-->": "->", "--->": "->", "->>": "->", ">>": "->", "|>": "->", "~>": "->", "- >": "->",
    "> >": "->", "=<": "<=", "<>": "!=", "===": "==", "!==": "!=", "**": "^", "&&": "&", "<-": "->", "<--": "->",
    ":=": ":", "..": "..", "++": "+", "+=": "+", "||": "&", "-&gt;": "->", "=&gt;": "->", "&amp;": "&",
}  # fmt: skip
_SIGN = re.compile(r"[-=]&gt;|&amp;|-\s+>|-{2,}>|->>|={1,2}>|<-{1,2}|\|>|~>|>\s?>|<>|=<|!?==+|\*\*|:=|&&|\+\+|\|\|")


def written_otherwise(stop: Stop) -> Diagnostic | None:
    """Report a sign of another language, or a sign with a space inside: `=>`, `:=`, `**`, `- >`."""
    for match in _SIGN.finditer(stop.source.text, stop.begin, stop.end):
        if match.start() <= stop.seen.at[0] < match.end():
            sign = re.sub(r"\s+", " ", match[0])
            right = _OTHERWISE.get(sign)
            if right is None:
                return None
            if stop.first == "require" and sign == "=>":
                right = ">="
            elif sign == "=>" and stop.open == "(" and re.search(r"[(,]\s*[^\W\d][\w.]*\s*=?$", stop.left):
                right = "="  # `(bias => false)`
            if sign == ":=" and (stop.first == "let" or stop.start == "setting" or stop.open):
                right = "="
            span = stop.between(match.start(), match.end())
            if sign in ("<-", "<--"):
                return stop.error("NS122", Hint("leftwards"), span=span, seen=sign, right=right)
            return stop.swap(sign, right, span)
        if match.start() > stop.seen.at[0]:
            break
    return None


def required(stop: Stop) -> Diagnostic | None:
    """Report a `require` with parentheses, `and`, `or`, `not`, `in`, or a second comparison."""
    if stop.first != "require":
        return None
    seen = stop.seen
    if seen.kind == "CMP" and re.search(r"==|!=|<=|>=|<|>", stop.left):
        return stop.error("NS133", seen=seen.text)
    if seen.kind == "CMP" and stop.open == "(" and re.match(r"require\s*\(", stop.text):
        return stop.error("NS143", Hint("bare"), fixes=_without_brackets(stop), seen="(")
    if seen.kind == "NAME" and stop.last == "not":
        return stop.error("NS143", Hint("opposite"), span=stop.last_span, seen="not")
    if seen.kind == "NAME" and seen.text == "in":
        return stop.error("NS143", Hint("among"), seen="in")
    if (seen.kind == "NAME" and seen.text in ("and", "or")) or seen.text in ("&", "|"):
        return stop.error("NS143", Hint("two") if seen.text in ("and", "&") else Hint("one"), seen=seen.text)
    return None


def _without_brackets(stop: Stop) -> tuple[Fix, ...]:
    """Return fixes that remove the outer parentheses of `require (a == b)`."""
    opening = stop.text.index("(")
    match = re.fullmatch(r"require\s*\([^()]*(\))\s*(?:\"[^\"]*\")?\s*", stop.text)
    if match is None:
        return ()
    begin = stop.begin
    return (
        Fix(stop.between(begin + opening, begin + opening + 1), ""),
        Fix(stop.between(begin + match.start(1), begin + match.end(1)), ""),
    )


def equals(stop: Stop) -> Diagnostic | None:
    """Report `=` instead of `==`, `==` or `:` instead of `=`, `:` instead of `is`, and `>` instead of `->`."""
    seen = stop.seen
    if seen.kind == "EQUAL" and stop.accepts("CMP"):
        return stop.swap("=", "==", stop.span, Hint("kinds"))
    if seen.kind == "COLON" and (stop.accepts("EQUAL") or stop.left.count("(") > stop.left.count(")")):
        spaced = stop.start == "setting" and not stop.open and stop.last_span.end == seen.at[0]
        return stop.error("NS122", Hint("kinds"), fix=Fix(stop.span, " =" * spaced or "="), seen=":", right="=")
    if seen.kind == "COLON" and stop.accepts("IS"):
        labelled = re.search(rf"\n\s*(->)\s*{_NAME}$", stop.left)
        if labelled is not None:  # a line `-> z2: 3 perceptrons`
            span = stop.between(stop.begin + labelled.start(1), stop.begin + labelled.end(1))
            return stop.swap("->", "hidden", span, Hint("line"))
        right = "->" if re.match(r":\s*[^\W\d]\w+\s*(?:$|[(\n]|->)", stop.rest) else "is"
        return stop.swap(":", right, stop.span)
    if seen.kind == "CMP" and seen.text == "==" and stop.accepts("EQUAL"):
        return stop.swap("==", "=", stop.span, Hint("kinds"))
    if seen.kind == "CMP" and seen.text == ">":
        return stop.swap(">", "->", stop.span)
    return None


_OPTION = re.compile(r"[,\[]?\s*([^\W\d][\w.]*)(?:\s*=(?!=)\s*|\s+(?=\d))([^\s,)\]]+)")


def comma(stop: Stop) -> Diagnostic | None:
    """Report a missing comma or `=`: `(stride = 2 pad = 1)`, `(pad 2)`, `net a(K 10)`, `block A(c d)`."""
    at = stop.seen.at[0]
    option = _OPTION.match(stop.source.text, at, stop.end) if stop.seen.kind == "NAME" else None
    if option is not None and stop.accepts("COMMA") and (stop.open == "(" or "=" in option[0]):
        end = stop.begin + len(stop.left)
        pairs = "=" in option[0] and re.search(r"=[^,(]*$", stop.left) is not None
        certain = pairs or not stop.start.endswith("_head")  # else any word becomes a parameter
        return stop.error("NS121", seen=stop.seen.text, right=",", fix=Fix(stop.between(end, end), ",", certain))
    if stop.open != "(" or stop.seen.kind not in ("NAME", "INT", "NUMBER", "STRING"):
        return None
    key = re.search(r"[(,]\s*([^\W\d][\w.]*)$", stop.left)
    if key is None or not re.match(r"[^\s,()]+\s*[,)]", stop.rest):
        return None
    if stop.start.endswith("_head") and stop.seen.kind == "NAME":
        return stop.error(
            "NS121", seen=stop.seen.text, right=",", fix=Fix(stop.last_span._replace(start=at, end=at), ", ")
        )
    if stop.last in ("no", "not", "without"):
        span = stop.between(stop.last_span.start, stop.seen.at[1])
        right = f"{stop.seen.text} = false"
        return stop.error("NS122", span=span, seen=span.text, right=right, fix=Fix(span, right))
    end = stop.begin + len(stop.left)
    return stop.error("NS136", key=key[1], fix=Fix(stop.between(end, end), " ="))


# words that people write instead of the sign between two values
_INFIX = {
    "and": "&", "with": "&", "concat": "&", "cat": "&", "plus": "+", "minus": "-", "times": "*", "then": "->",
    "to": "->", "into": "->", "by": "x", "as": "is", "그리고": "&", "더하기": "+",
}  # fmt: skip


def between(stop: Stop) -> Diagnostic | None:
    """Report two items that stand side by side without a sign between them."""
    if stop.seen.kind not in _ITEM | {"AS"} or stop.seen.kind == "LPAR":
        return None
    seen = stop.seen.text
    where = stop.between(stop.seen.at[0], stop.seen.at[0])
    if stop.accepts("_X"):  # `5 by 5`, `4X5`, `4 5`
        sizes = re.match(r"(?:by\b|[X*])\s*(?=\d|\w+\b)", stop.rest)
        if sizes is not None and (seen != "by" or stop.accepts("IS", "_NL")):
            span = stop.between(stop.seen.at[0], stop.seen.at[0] + len(sizes[0].rstrip()))
            return stop.swap(span.text, "x", span)
    word = _INFIX.get(seen)
    if word is not None and (stop.accepts("_ARROW") or stop.accepts("IS")):
        if word != "x" and (word != "is" or stop.accepts("IS")):
            return stop.swap(seen, word, stop.span)
    if stop.seen.kind != "AS" and stop.accepts("_ARROW") and not rounds_wait(stop) and not _is_caption_word(stop):
        sums = stop.last.isdigit() and stop.seen.kind in ("INT", "NUMBER")  # `3 3 perceptrons` has one number too many
        return stop.error("NS121", seen=seen, right="->", fix=None if sums else Fix(where, "-> "))
    return None


def rounds_wait(stop: Stop) -> bool:
    """Whether the opening brace of a `repeat` is still to come."""
    before = stop.seen.before
    return "REPEAT" in before and "LBRACE" not in before[len(before) - 1 - before[::-1].index("REPEAT") :]


def _is_caption_word(stop: Stop) -> bool:
    return re.match(r'[^\W\d]\w*\s*=?\s*"', stop.rest) is not None


def joined_by_x(stop: Stop) -> Diagnostic | None:
    """Report a layer named x behind another layer (`a x`), which is read as the size sign; or `×` as a product."""
    if (
        stop.seen.kind not in (END, "_NL", "_ARROW")
        or "_X" not in stop.seen.before[-2:]
        or not stop.accepts("PERCEPTRON")
    ):
        return None
    times = stop.left.rfind("×")
    if times >= 0 and "->" not in stop.left[times:]:
        return stop.swap("×", "*", stop.between(stop.begin + times, stop.begin + times + 1))
    if (
        stop.last == "x"
        and re.search(r":\s*[^\W\d]\w*\s+x$", stop.left)
        and stop.first in ("hidden", "output", "start")
    ):
        return stop.error("NS121", Hint("joined"), span=stop.last_span, seen="x", right="&")
    return None


_NEEDS_LEFT = frozenset(
    "_ARROW ADDOP MULOP AMPERSAND COMMA RPAR RSQB RBRACE EQUAL CMP AT CIRCUMFLEX IS OVER DOTS COLON LPAR DOT".split()
)


def missing(stop: Stop) -> Diagnostic | None:
    """Report a missing value: `x + -> relu`, `(pad = )`, `( , 3)`."""
    seen = stop.seen
    if seen.kind not in _NEEDS_LEFT or not stop.accepts("NAME") or not stop.last:
        return None
    if stop.accepts("_ARROW", "ADDOP") or seen.kind == "LPAR" or (seen.kind == "DOT" and stop.rest[1:2].isdigit()):
        return None
    hints: tuple[Hint, ...] = ()
    if stop.last == "%":
        return _percent(stop)
    if stop.last == "=":
        hints = (Hint("value"),)
    elif stop.last in "(," and seen.kind == "EQUAL":
        hints = (Hint("option"),)
    elif stop.last == "{":
        hints = (Hint("rounds"),)
    elif stop.last == "[" and seen.kind == "RSQB":
        hints = (Hint("step"),)
    return stop.error("NS139", *hints, left=stop.last, seen=seen.text, expected=expected(seen.accepts))


def _percent(stop: Stop) -> Diagnostic:
    """Return the diagnostic for a share written in percent: `dropout(50%)`."""
    share = re.search(r"\b(\d+)\s*%$", stop.left)
    fixes: tuple[Fix, ...] = ()
    if share is not None:
        span = stop.between(stop.begin + share.start(), stop.begin + share.end())
        fixes = (Fix(span, f"{int(share[1]) / 100:g}"),)
    legal = expected(stop.seen.accepts)
    return stop.error(
        "NS139", Hint("percent"), span=stop.last_span, fixes=fixes, left="%", seen=stop.seen.text, expected=legal
    )


def _bracketed(stop: Stop) -> Diagnostic:
    """Return the diagnostic for steps inside needless brackets: `[10 perceptrons]`, `{ relu }`."""
    closer = {"[": "]", "{": "}"}[stop.seen.text]
    inner = re.match(r".([^\[\]{}()\n]*)", stop.rest)
    close = stop.seen.at[0] + inner.end() if inner is not None else stop.end
    fixes: tuple[Fix, ...] = ()
    if stop.source.text[close : close + 1] == closer:
        fixes = (Fix(stop.span, ""), Fix(stop.between(close, close + 1), ""))
    legal = expected(stop.seen.accepts)
    return stop.error("NS101", Hint("brackets"), fixes=fixes, seen=stop.seen.text, expected=legal)


def unexpected(stop: Stop) -> Diagnostic | None:
    """Return NS101 with a hint that depends on the unexpected sign; None if no hint fits."""
    seen = stop.seen
    if seen.kind in ("LSQB", "LBRACE") and stop.last in (":", "->") and stop.first in ("hidden", "output", "start"):
        return _bracketed(stop)
    if seen.kind == "AT" and stop.accepts("_ARROW"):
        return stop.unexpected(Hint("matrix"))
    if seen.text in ("=", "==") and stop.first in ("hidden", "output") and stop.accepts("_ARROW"):
        return stop.unexpected(Hint("one_name"))
    if seen.text == "/" and (stop.rest[1:2] in ("/", "*") or stop.left.endswith("/")):
        return stop.unexpected(Hint("comment"))
    if stop.left.endswith("%"):
        return stop.unexpected(Hint("percent"))
    if seen.kind == "DOT" and (stop.rest[1:2].isdigit() or stop.last.isdigit()):
        here = stop.between(seen.at[0], seen.at[0])
        return stop.unexpected(Hint("zero"), fix=None if stop.last.isdigit() else Fix(here, "0"))
    if seen.kind == "COLON" and stop.open == "[":
        return stop.unexpected(Hint("slice"))
    if seen.kind == "COMMA" and stop.accepts("_ARROW"):
        return stop.unexpected(Hint("comma"))
    if seen.kind == "STRING" and stop.last == "->":
        bare = seen.text[1:-1]
        return stop.unexpected(Hint("quoted"), fix=Fix(stop.span, bare) if bare.isidentifier() else None)
    if _is_caption_word(stop) and seen.kind == "NAME":
        return stop.unexpected(Hint("caption_word"), fix=Fix(stop.span, ""))
    return None


_COMMENT = re.compile(r"//|/\*|<!--|--(?!>)|%|'''|\"\"\"")
_DIVIDES = re.compile(r"(?:[\w)]//[\w(]|\s//\s*\d)")  # `S//2`, `S // 2` of Python


def comment(stop: Stop) -> Diagnostic | None:
    """Report a comment that is written as in another language: `// first layer`."""
    at = stop.seen.at[0]
    for begin in (at, at - 1):
        match = _COMMENT.match(stop.source.text, begin, stop.end) if begin >= stop.begin else None
        alone = begin == stop.begin
        if match is not None and match[0] == "//" and _DIVIDES.match(stop.source.text, begin - 1):
            span = stop.between(begin, match.end())
            return stop.swap("//", "/", span)
        if match is not None and (alone or match[0] in ("//", "/*", "<!--")):
            span = stop.between(begin, match.end())
            return stop.error("NS140", span=span, fixes=tuple(_to_hash(stop, begin, match[0])), seen=match[0])
    return None


def _to_hash(stop: Stop, begin: int, seen: str) -> list[Fix]:
    """Return fixes for a foreign comment; an empty list if it spans several lines or code follows it on its line."""
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


# quotes of other notations: opening quote -> closing quote
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
        if line_end == at + 1 and not before[-1:].isspace():  # the quote in `scores"` can only end a text
            return stop.error("NS145")
        return stop.error("NS103", span=stop.between(at, line_end))
    if seen in _QUOTES:
        return _quote(stop, seen)
    if seen == ";":
        entity = written_otherwise(stop)
        if entity is not None:
            return entity
        ends = not stop.rest[1:].strip()
        joins = bool(stop.open)
        fix = Fix(stop.span, "" if ends else ",") if ends or joins else None
        return stop.error("NS109", *([Hint("comma")] if joins else []), fix=fix)
    if seen in "|!~":
        hints = (Hint("pipe"),) if seen == "|" else ()
        return written_otherwise(stop) or stop.unexpected(*hints)
    hints = (Hint("below"),) if seen == "\\" and not stop.rest[1:].strip() else ()
    return stop.error("NS129", *hints, fix=Fix(stop.span, ""), seen=seen)


def _quote(stop: Stop, character: str) -> Diagnostic:
    at = stop.seen.at[0]
    closing = stop.source.text.find(_QUOTES[character], at + 1, stop.end)
    fixes: tuple[Fix, ...] = ()
    if closing > 0 and stop.accepts("STRING") and '"' not in stop.source.text[at:closing]:
        fixes = (Fix(stop.span, '"'), Fix(stop.between(closing, closing + 1), '"'))
    return stop.error("NS104", fixes=fixes, seen=character)
