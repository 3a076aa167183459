"""Explains the first wrong token of a statement with a diagnostic that says what was probably meant.

Each rule looks at the unexpected token, at every terminal that could stand there, and at the text around the token.
A rule returns a diagnostic, or None if it does not apply; the first rule that applies decides. Rules are used because
they explain far more real mistakes than a comparison with stored examples does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netspec import foreign
from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Quoted
from netspec.names import nearest
from netspec.source import SourceFile
from netspec.syntax.build import BadText
from netspec.syntax.parser import END, MARKS, MAX_DEPTH, TooDeep
from netspec.syntax.recovery import habits, nouns, signs
from netspec.syntax.recovery.stop import KEYWORDS, OPENERS, Stop, expected

STATEMENTS = ("input", "hidden", "output", "start", "default", "require", "let")
DECLARATIONS = ("netspec", "use", "default", "net", "block", "data", "train", "figure")
_STARTERS = frozenset("NETSPEC USE EXTERN NET BLOCK INPUT HIDDEN OUTPUT START DEFAULT REQUIRE LET SECTION".split())
_CLOSERS = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}


def syntax_error(source: SourceFile, error: TooDeep | BadText) -> Diagnostic:
    """Return the diagnostic for brackets that are nested too deeply, or for a token whose text is wrong."""
    if isinstance(error, TooDeep):
        return Diagnostic("NS110", source.span(error.at), {"limit": MAX_DEPTH})
    words = {name: word if isinstance(word, str) else source.span(word).text for name, word in error.words.items()}
    return Diagnostic(error.code, source.span(error.at), {**words})


def explain(stop: Stop, plainly: bool = False) -> Diagnostic:
    """Return the diagnostic for one statement that does not parse.

    Args:
        stop: the place at which the parser stopped.
        plainly: whether to say only what was expected, without asking the rules what was meant.
    """
    for rule in () if plainly else _RULES:
        found = rule(stop)
        if found is not None:
            return found
    return _anything(stop)


def _foreign_call(stop: Stop) -> Diagnostic | None:
    """Report a call of another library whose arguments are no netspec: what is wrong first is its name."""
    if stop.start != "stmt":
        return None
    for bracket, at in stop.opened:
        name = re.search(r"(?<![\w.])[^\W\d][\w.]*\s*$", stop.source.text[stop.begin : at])
        if bracket != "(" or name is None:
            continue
        written = name[0].rstrip()
        way = foreign.called(written)
        if way is not None and re.search(rf"\bblock\s+{re.escape(written)}\b", stop.source.text) is None:
            hints = (Hint("foreign", {"name": written, "way": way}),) if way else ()
            begin = stop.begin + name.start()
            return stop.error("NS202", *hints, span=stop.between(begin, begin + len(written)), name=written)
    return None


# ---- how lines begin


def _continuation(stop: Stop) -> Diagnostic | None:
    if stop.seen.at[0] == stop.begin and stop.seen.kind in ("_ARROW", "AMPERSAND", "ADDOP", "COMMA"):
        return stop.error("NS117", seen=stop.seen.text)
    return None


def _first_word(stop: Stop) -> Diagnostic | None:
    """Report a line that does not begin with a keyword which may stand here."""
    if stop.start == "section_head" and stop.seen.at[0] == stop.begin:
        return stop.error("NS131", span=stop.first_span, kind=stop.first)
    if stop.seen.at[0] != stop.begin or stop.start in ("net_head", "block_head"):
        return None
    if stop.start == "setting":
        return stop.error("NS118", seen=stop.seen.text)
    legal = STATEMENTS if stop.start == "stmt" else DECLARATIONS
    span = stop.first_span if stop.first else stop.span
    seen = stop.first or stop.seen.text
    front = stop.between(stop.begin, stop.begin)
    line = stop.text.split("\n")[0]
    guess = nearest(stop.first, legal)
    meant = foreign.LINES.get(stop.first.casefold(), "")
    fix: Fix | None = None
    hints: tuple[Hint, ...] = ()
    glued = re.match(rf"(input|hidden|output|start)(?=[^\W\d][\w{MARKS}]*\s*:)", line)
    if stop.seen.text == "/":
        hints = (Hint("comment"),)
    elif glued is not None:  # `hiddenz: 3 perceptrons`
        at = stop.begin + glued.end()
        hints, fix = (Hint("nearest", {"name": glued[1]}),), Fix(stop.between(at, at), " ")
    elif guess:
        hints, fix = (Hint("nearest", {"name": guess}),), Fix(stop.first_span, guess)
    elif "repeat" in (stop.first, meant) and stop.start == "stmt":
        hints = (Hint("loop"),)
    elif meant == "use":
        hints = (Hint("use"),)
    elif meant in legal:
        hints = (Hint("meant", {"seen": stop.first, "meant": meant}),)
        named = re.match(r"\S+\s+[^\W\d]", line) is not None  # `layer { … }` is more than another word
        fix = Fix(stop.first_span, meant) if named else None
    elif stop.start != "stmt":
        hints = (Hint("net"),)
    elif re.match(rf"[^\W\d][\w{MARKS}]*\s*=(?!=)", line):  # `a = 3`
        hints, fix = (Hint("constant", {"text": line}),), Fix(front, "let ")
    elif re.match(rf"[^\W\d][\w{MARKS}]*\s*:", line):  # `x: 3`, `z: 3 perceptrons`
        steps = re.search(r"->|perceptron|filter|\(", line)
        hints, fix = (Hint("keyword", {"text": line}),), Fix(front, "hidden " if steps else "input ")
    return stop.error("NS116", *hints, span=span, fix=fix, seen=seen, legal=Quoted(legal))


# ---- names at the head of a line

# match whatever stands where one name should stand: `hidden my layer:`, `hidden z', w:`, `let a, b =`, `net my-net {`
_NAME = rf"[^\W\d][\w{MARKS}]*"
_NAMED = re.compile(r"(input|hidden|output|start|let)[ \t]+(?P<name>[^\n:=]*?)[ \t]*(?=[:=])")
_HEADED = re.compile(r"(net|block)[ \t]+(?P<name>[^\n(\"{:=]*?(?=[ \t]*[(\"{:=])|[^\s(\"{]+)")


def _label(stop: Stop) -> Diagnostic | None:
    """Report a new name that is a keyword, a number or missing; or a missing colon after the name."""
    words = stop.left.split()
    head = _HEADED if stop.start.endswith("_head") else _NAMED
    match = head.match(stop.source.text, stop.begin, stop.end)
    named = match is not None and not (head is _HEADED and match["name"].endswith(":"))  # `net first:`
    if named and match is not None and match["name"] and stop.begin < stop.seen.at[0] <= match.end():
        found = _odd_name(stop, match["name"], match.start("name"))
        if found is not None:
            return found
    if stop.accepts("COLON") and len(words) == 2 and stop.first in ("input", "hidden", "output", "start"):
        if stop.seen.kind == "EQUAL":
            spaced = stop.between(stop.last_span.end, stop.seen.at[1])
            return stop.error("NS122", Hint("kinds"), fix=Fix(spaced, ":"), seen="=", right=":")
        if stop.seen.kind == "_ARROW":  # a chain that begins with an arrow has no source
            return stop.swap("->", ":", stop.between(stop.last_span.end, stop.seen.at[1]), Hint("kinds"))
        at = stop.begin + len(stop.left)
        end = stop.seen.at[1] if stop.seen.text in ";.,|" else at  # another sign in its place
        fix = Fix(stop.between(at, end), ":") if stop.rest.strip() and stop.seen.kind != "LPAR" else None
        return stop.error("NS114", keyword=stop.first, label=words[1], fix=fix)
    if stop.seen.accepts == {"NAME"} and stop.seen.kind in KEYWORDS | {"SHARED", "SECTION", "PERCEPTRON", "FILTER"}:
        return stop.error("NS115", seen=stop.seen.text)
    if stop.seen.accepts == {"NAME"} and len(words) == 1:
        hints = (Hint("use", {"file": stop.seen.text}),) if stop.seen.kind == "STRING" and words == ["use"] else ()
        stray = re.match(rf"(?:->|[^\w\s\"])\s*(?={_NAME}\s*[:=({{])", stop.rest)
        at = stop.seen.at[0]
        fix = Fix(stop.between(at, at + stray.end()), "") if stray is not None else None
        return stop.error("NS130", *hints, keyword=words[0], seen=stop.seen.text, fix=fix)
    return None


_NO_NAME = re.compile(r"->|[(\"]|^\d+(?:[.\sx]|$)")


def _odd_name(stop: Stop, name: str, at: int) -> Diagnostic | None:
    span = stop.between(at, at + len(name))
    if re.search(r"\w[ \t]*,[ \t]*\w", name):
        return stop.error("NS146", span=span, keyword=stop.first, seen=name)
    timed = re.fullmatch(r"([^\W\d]\w*)\[[^\]]*\]", name) if stop.first == "start" else None
    if timed is not None:  # `start z[0]: zeros`
        return stop.error("NS115", Hint("start"), span=span, fix=Fix(span, timed[1]), seen=name)
    if re.search(r"\s\d+\s+\w", name):  # `hidden z 8 perceptrons: relu`
        return None
    quoted = re.fullmatch(r'"([^\W\d]\w*)"', name)
    if quoted is not None:
        return stop.error("NS115", Hint("bare"), span=span, fix=Fix(span, quoted[1]), seen=name)
    if _NO_NAME.search(name) or name.isidentifier() or not re.match(r"[\w$'@#~*-]", name) or len(name) > 80:
        return None
    plain = re.sub(rf"[^\w{MARKS}]+_?|_[^\w{MARKS}]+", "_", name).strip("_")
    legal = plain.isidentifier() and not {"from", "of", "is", "over"} & {*name.split()}
    return stop.error("NS115", span=span, fix=Fix(span, plain, certain=" " not in name) if legal else None, seen=name)


def _setting(stop: Stop) -> Diagnostic | None:
    """Report a setting or constant without `=`: `epochs 10`, `let a 3`."""
    if stop.first == "let" and stop.seen.accepts == {"EQUAL"} and stop.seen.kind in ("INT", "NUMBER", "NAME", "LSQB"):
        at = stop.begin + len(stop.left)
        return stop.error("NS136", key=stop.last, fix=Fix(stop.between(at, at), " ="))
    if stop.start != "setting" or "EQUAL" in stop.seen.before or stop.seen.kind in ("EQUAL", "COLON") or not stop.left:
        return None
    if stop.seen.text == "==":
        return stop.swap("==", "=", stop.span)
    at = stop.begin + len(stop.left)
    return stop.error("NS136", key=stop.left, fix=Fix(stop.between(at, at), " ="))


# ---- ends and brackets


def _ends_early(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind not in (END, "_NL"):
        return None
    goes_on = stop.rest.strip() if stop.seen.kind == "_NL" else ""
    if goes_on and stop.last and (stop.unclosed is None or stop.unclosed[1] > stop.seen.at[0]):
        return _broken_line(stop)
    if stop.unclosed is not None:
        bracket, at = stop.unclosed
        if stop.start.endswith("_head") and bracket == "(" and stop.last == "(":
            return stop.error("NS131", span=stop.last_span, fix=Fix(stop.last_span, "{"), kind=stop.first)
        return stop.error("NS102", span=stop.between(at, at + 1), seen=bracket, closer=OPENERS[bracket])
    if stop.accepts("LBRACE") and stop.start.endswith("_head"):
        at = stop.begin + len(stop.left)
        below = re.match(r"[ \t]*\n\s*\{[ \t]*(?=\n)", stop.source.text[at:])  # the brace has a line of its own
        span = stop.between(at, at + (below.end() if below is not None else 0))
        # another line may be the rest of the head
        next_line = re.match(r"\s*(?:#[^\n]*\s+)*([{}]|\w+|\S)?", stop.source.text[at:])
        more = next_line is None or next_line[1] not in ("{", "}", None, *STATEMENTS, "net")
        certain = below is not None or stop.first in ("data", "train", "figure") or not more
        return stop.error("NS131", fix=Fix(span, " {", certain), kind=stop.first)
    if stop.seen.before[-1:] == ("FILTER",) and stop.first != "default":
        return nouns.kernel(stop)
    return signs.joined_by_x(stop) or Diagnostic("NS105", stop.span, {"expected": expected(stop.seen.accepts)})


def _broken_line(stop: Stop) -> Diagnostic:
    """Return the diagnostic for a line that ends with a sign which must stand at the start of the next line."""
    sign, span = stop.last, stop.last_span
    rest = stop.source.text[stop.seen.at[0] : stop.end]
    at = stop.seen.at[0] + len(rest) - len(rest.lstrip())
    moves = sign in ("->", "&", "+", ",")
    begin = span.start
    while moves and stop.source.text[begin - 1] in " \t":
        begin -= 1
    fixes = (Fix(stop.between(begin, span.end), ""), Fix(stop.between(at, at), f"{sign} ")) if moves else ()
    return stop.error("NS144", span=span, fixes=fixes, sign=sign)


def _unclosed(stop: Stop) -> Diagnostic | None:
    """Report a bracket that is not closed before the next statement or the next line begins."""
    if stop.unclosed is not None and stop.seen.at[0] > stop.unclosed[1]:
        inside = stop.source.text[stop.unclosed[1] : stop.seen.at[0]]
        if "\n" in inside or stop.seen.kind in _STARTERS or stop.seen.kind == "LBRACE":
            bracket, at = stop.unclosed
            return stop.error("NS102", span=stop.between(at, at + 1), seen=bracket, closer=OPENERS[bracket])
    return None


def _closer(stop: Stop) -> Diagnostic | None:
    """Report a closing bracket that no bracket opened, or that does not match the open bracket."""
    if stop.seen.kind not in _CLOSERS:
        return None
    opened = stop.opened
    if opened and OPENERS[opened[-1][0]] != stop.seen.text:
        bracket, at = opened[-1]
        label = Label(stop.between(at, at + 1), "opened", {"bracket": bracket})
        wanted = OPENERS[bracket]
        return Diagnostic(
            "NS125",
            stop.span,
            {"seen": stop.seen.text, "wanted": wanted},
            labels=(label,),
            fixes=(Fix(stop.span, wanted),),
        )
    if not opened:
        # unless it stands twice, what opens it may be missing as well
        return stop.error("NS132", seen=stop.seen.text, fix=Fix(stop.span, "", certain=stop.last == stop.seen.text))
    return None


# ---- heads and order


def _one_line(stop: Stop) -> Diagnostic | None:
    """Report a second statement on one line, or text after the opening brace of a body."""
    if stop.start.endswith("_head") and "{" in stop.left:
        return stop.error("NS128", kind=stop.first)
    if stop.seen.kind in _STARTERS and stop.seen.at[0] > stop.begin:
        whole = re.match(rf"(?:input|hidden|output|start)[ \t]+{_NAME}\s*:|let[ \t]+{_NAME}\s*=", stop.rest)
        gap = stop.between(stop.begin + len(stop.left), stop.seen.at[0])
        return stop.error("NS123", fix=Fix(gap, "\n  ") if whole else None, seen=stop.seen.text)
    return None


def _head(stop: Stop) -> Diagnostic | None:
    """Report a head that does not end with `{` alone: `net first:`, `net first: {`."""
    if not stop.start.endswith("_head") or not stop.accepts("LBRACE"):
        return None
    if stop.seen.kind == "LSQB" and not stop.rest[1:].strip():
        return stop.error("NS131", fix=Fix(stop.span, "{"), kind=stop.first)
    if stop.seen.kind not in ("COLON", "EQUAL"):
        return None
    after = stop.rest[1:].strip()
    fix = Fix(stop.span, "") if after == "{" else Fix(stop.span, " {") if not after else None
    return stop.error("NS131", fix=fix, kind=stop.first)


def _order(stop: Stop) -> Diagnostic | None:
    """Report a part after the caption, or an arrow after `is`: the caption must be last, and `is` just before it."""
    before = stop.seen.before
    if before and before[-1] == "STRING" and stop.seen.kind in ("IS", "_ARROW", "OVER", "LPAR", "STRING"):
        return stop.error("NS124", seen=stop.seen.text)
    if "IS" in before and stop.seen.kind == "_ARROW":
        return stop.error("NS124", seen=stop.seen.text)
    return None


def _whole(stop: Stop) -> Diagnostic | None:
    if stop.seen.kind == "NUMBER" and stop.accepts("INT"):
        return stop.error("NS126", seen=stop.seen.text)
    return None


def _dangling(stop: Stop) -> Diagnostic | None:
    """Report a closing quote without an opening quote: `3 perceptrons scores"`."""
    if stop.seen.kind != "NAME" or stop.rest.count('"') != 1 or not stop.rest.rstrip().endswith('"'):
        return None
    end = stop.seen.at[0] + len(stop.rest.rstrip())
    fix = Fix(stop.between(stop.seen.at[0], stop.seen.at[0]), '"') if stop.accepts("STRING") else None
    return stop.error("NS145", span=stop.between(end - 1, end), fix=fix)


_RULES: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    signs.comment,
    _continuation,
    _first_word,
    _foreign_call,
    signs.doubled,
    *habits.RULES,
    _label,
    signs.character,
    _setting,
    _ends_early,
    _one_line,
    _unclosed,
    _closer,
    _head,
    signs.written_otherwise,
    signs.joined_by_x,
    signs.required,
    nouns.separators,
    nouns.noun,
    nouns.kernel,
    nouns.rounds,
    signs.equals,
    _order,
    nouns.classes,
    nouns.lengths,
    nouns.sizes,
    _whole,
    signs.comma,
    _dangling,
    nouns.misspelt,
    nouns.options,
    signs.between,
    signs.missing,
    nouns.unexpected,
    signs.unexpected,
)


def _anything(stop: Stop) -> Diagnostic:
    return stop.unexpected()
