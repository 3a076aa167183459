"""A place in a text -> what may be written there: tokens as the parser expects them, words of the registries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from netspec.diagnostics.catalogue import Language
from netspec.editor import words
from netspec.editor.names import Name
from netspec.editor.parts import Part
from netspec.elaborate.options import plural
from netspec.ir.operation import Option
from netspec.ops.registry import begins as begins_chain
from netspec.ops.registry import operation
from netspec.source import SourceFile
from netspec.syntax.build import BadText
from netspec.syntax.parser import KEYWORDS, NOUNS, TooDeep, Unexpected, parse
from netspec.syntax.recovery.lines import BRACKETS, logical_lines

_PREFIX = re.compile(r"[^\W\d]\w*\Z")
_HEAD = re.compile(r"^[ \t]*(net|block|data|train|figure)\b[ \t]*([^\W\d]\w*)?[^\n]*\{", re.MULTILINE)
_TOP = ("net", "block", "data", "train", "figure", "use", "default", "netspec")
_STATEMENTS = ("input", "hidden", "output", "start", "let", "require", "default")
# kinds of the protocol
_KEYWORD, _FUNCTION, _CLASS, _VARIABLE, _PROPERTY, _VALUE = 14, 3, 7, 6, 10, 12
_KINDS = {"input": _VARIABLE, "layer": _VARIABLE, "field": _VARIABLE, "net": _CLASS, "block": _CLASS}


class Context(NamedTuple):
    """Where a place stands.

    Attributes:
        kind: the kind of the body or section around it; "" outside of all.
        owner: its name.
        begin: where the word begins that is being written.
        start: where the statement begins.
        accepts: the terminals that are possible.
        before: the terminals of the statement before.
        call: the name of the call in whose parentheses it stands; "" if it stands in none.
        option: the option of the call whose value is written; "" if none is.
        position: how many arguments stand before.
        given: the options that are set already.
    """

    kind: str
    owner: str
    begin: int
    start: int
    accepts: frozenset[str]
    before: tuple[str, ...]
    call: str
    option: str
    position: int
    given: frozenset[str]


def context(text: str, offset: int) -> Context:
    before = text[:offset]
    prefix = _PREFIX.search(before)
    begin = offset if prefix is None else prefix.start()
    kind = owner = ""
    inside = 0
    for head in _HEAD.finditer(text, 0, begin):
        kind, owner, inside = head[1], head[2] or "", head.end()
    depth = 1 if kind else 0
    for match in BRACKETS.finditer(text, inside, begin):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
    if depth <= 0:
        kind = owner = ""
    lines = [line for line in logical_lines(text[inside:begin] + "?") if line.text != "?"] if kind else []
    fresh = text[inside:begin].rpartition("\n")[2].strip() == "" or not lines
    goes_on = lines and not fresh
    start = inside + lines[-1].start if goes_on else begin
    accepts, terminals = _possible(text[:begin], start, kind)
    call, option, position, given = _call(text[start:begin])
    return Context(kind, owner, begin, start, accepts, terminals, call, option, position, given)


def _possible(text: str, start: int, kind: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the terminals that are possible at the end of a text, and those of its last statement."""
    source = SourceFile("", f"{text}?")  # a sign that begins no token: the parser says what it expects instead
    try:
        parse(source, "setting" if kind in ("data", "train", "figure") else "stmt", (start, len(source.text)))
    except Unexpected as unexpected:
        if unexpected.at[0] == len(text):
            return unexpected.accepts, unexpected.before
    except (TooDeep, BadText):
        pass
    return frozenset(), ()


def _call(text: str) -> tuple[str, str, int, frozenset[str]]:
    """Return the call in whose parentheses the end of a statement stands, and what is given in it."""
    opened: list[int] = []
    for match in BRACKETS.finditer(text):
        if match[0] in "([{":
            opened.append(match.start())
        elif match[0] in ")]}" and opened:
            opened.pop()
    while opened and text[opened[-1]] == "[":
        opened.pop()
    if not opened or text[opened[-1]] != "(":
        return "", "", 0, frozenset()
    head, inner = text[: opened[-1]].rstrip(), text[opened[-1] + 1 :]
    name = re.search(r"([^\W\d]\w*)(?:\s+[\w.]+(?:\s*[x×]\s*[\w.]+)*)?\Z", head)
    noun = re.search(r"\b(perceptrons?|filters?)\b[^-]*\Z", head)
    option = re.search(r"([^\W\d][\w.]*)\s*=\s*[^,=]*\Z", inner)
    given = frozenset(re.findall(r"([^\W\d]\w*)\s*=(?!=)", inner))
    flat = re.sub(r"\[[^\]]*\]|\([^)]*\)", "", inner)
    found = noun[1] if noun is not None else name[1] if name is not None else ""
    return found, option[1] if option is not None else "", flat.count(","), given


def items(part: Part, offset: int, names: list[Name], language: Language, snippets: bool) -> list[dict[str, Any]]:
    """Return the completions at a place, the likely ones first."""
    here = context(part.source.text, offset)
    found: dict[str, dict[str, Any]] = {}
    for rank, item in _items(part, here, names, language):
        item["sortText"] = f"{rank}{item['label']}"
        found.setdefault(item["label"], item)
        call = item.get("data", {}).get("step")
        if snippets and call and _needs_option(call):
            item |= {"insertText": f"{item['label']}($1)", "insertTextFormat": 2}
    return list(found.values())


Items = Iterator[tuple[int, dict[str, Any]]]


def _items(part: Part, here: Context, names: list[Name], language: Language) -> Items:
    own = [name for name in names if name.owner == here.owner and name.declares]
    if here.kind in ("data", "train", "figure"):
        yield from _in_section(part, here, names, language)
        return
    if not here.kind:
        if here.start == here.begin:
            yield from ((0, _item(word, _KEYWORD)) for word in _TOP)
        return
    if here.start == here.begin:
        yield from ((0, _item(word, _KEYWORD)) for word in _STATEMENTS)
        return
    if here.before == ("START",):
        yield from ((0, _item(name.text, _VARIABLE)) for name in own if name.kind in ("layer", "input"))
        return
    if here.call and ("LPAR" in here.before):
        options = words.options_of("", here.call)
        if here.option:
            yield from _choices(options.get(here.option), own)
            return
        yield from _options(options, here, language, "")
        option = _positional(here)
        if option is not None:
            yield from _choices(option, own)
            return
    if "NAME" in here.accepts:
        yield from _values(part, here, own)
    for word, terminal in {**KEYWORDS, **NOUNS}.items():
        if terminal in here.accepts and word not in _STATEMENTS and word not in ("perceptron", "filter"):
            data = {"step": word} if word in NOUNS else {}
            yield 2, _item(word, _KEYWORD, data=data)


def _values(part: Part, here: Context, own: list[Name]) -> Items:
    """Yield what a name in a chain may be: a layer, a size, a step, a block."""
    after_arrow = here.before[-1:] == ("_ARROW",)
    typed = here.before[:1] == ("INPUT",) or "IS" in here.before
    for name in own:
        layer = name.kind in ("layer", "input") and name.start < here.start and not typed and not after_arrow
        if layer or (name.kind in ("parameter", "size") and not (after_arrow and name.kind == "size")):
            yield 0 if layer or typed else 1, _item(name.text, _KINDS.get(name.kind, _VALUE))
    if typed:
        return
    unit = part.spec.program.main if part.spec is not None else None
    for word in unit.names if unit is not None else []:
        if word != here.owner:
            yield 1, _item(word, _CLASS)
    begins = not after_arrow and here.before[-1:] != ("COLON",)
    for word in words.steps():
        if not begins or begins_chain(word):
            yield 1 if after_arrow else 2, _item(word, _FUNCTION, data={"step": word})


def _positional(here: Context) -> Option | None:
    """Return the option that a value without a name would set."""
    options = words.options_of("", here.call)
    cls = operation(plural(here.call)) if options else None
    if cls is None or here.position >= len(cls.positional):
        return None
    return cls.options[cls.positional[here.position]]


def _options(options: Mapping[str, Option], here: Context, language: Language, kind: str) -> Items:
    for key, option in options.items():
        if key not in here.given:
            about = words.said(option.about, language)
            data = {"option": key, "call": here.call, "section": kind}
            yield 0, _item(key, _PROPERTY, detail=about, text=f"{key} = ", data=data)


def _choices(option: Option | None, own: list[Name]) -> Items:
    """Yield the values of an option: its words, or the names that fit its kind."""
    if option is None:
        return
    for word in ("true", "false") if option.kind == "flag" else option.choices:
        yield 0, _item(word, _VALUE)
    if option.kind == "role":
        for word in ("maps", "space", "time"):
            yield 0, _item(word, _VALUE)
    wanted = ("layer", "input") if option.kind in ("layer", "tie") else ("parameter", "size")
    if option.kind not in ("flag", "word", "text", "role", "init"):
        for name in own:
            if name.kind in wanted:
                yield 1, _item(name.text, _KINDS.get(name.kind, _VALUE))


def _in_section(part: Part, here: Context, names: list[Name], language: Language) -> Items:
    program = part.spec.program if part.spec is not None else None
    own = [name for name in names if name.declares and name.kind in ("layer", "input", "field")]
    statement = part.source.text[here.start : here.begin]
    key, equals, _ = statement.partition("=")
    if not equals:
        if here.kind == "figure" and key.rstrip().endswith("."):
            for word, option in words.hints().items():
                yield 0, _item(word, _PROPERTY, detail=words.said(option.about, language), text=f"{word} = ")
            return
        for word, found in words.settings(here.kind).items():
            detail = words.said(found.about, language) if found is not None else ""
            yield (
                0,
                _item(word, _PROPERTY, detail=detail, text=f"{word} = ", data={"setting": word, "section": here.kind}),
            )
        if here.kind == "figure":
            yield from ((1, _item(name.text, _VARIABLE)) for name in own)
        if here.kind == "data":
            yield from (
                (0, _item(name.text, _VARIABLE, text=f"{name.text} = ")) for name in own if name.kind == "input"
            )
        return
    key = key.strip()
    if key == "net" and program is not None:
        yield from ((0, _item(word, _CLASS)) for word in program.net_names)
        return
    if here.call:
        options = words.options_of(here.kind, here.call)
        if here.option:
            yield from _choices(options.get(here.option), [])
        else:
            yield from _options(options, here, language, here.kind)
        yield from ((1, _item(name.text, _VARIABLE)) for name in own)
        return
    for word in words.values(here.kind, key):
        yield 0, _item(word, _FUNCTION, data={"entry": word, "section": here.kind})
    if key in ("best", "only"):
        yield from ((1, _item(name.text, _VARIABLE)) for name in own)


def _item(
    label: str, kind: int, detail: str = "", text: str = "", data: dict[str, str] | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {"label": label, "kind": kind}
    found |= {"detail": detail} if detail else {}
    found |= {"insertText": text} if text else {}
    return found | ({"data": data} if data else {})


def _needs_option(step: str) -> bool:
    return step not in NOUNS and any(option.required for option in words.options_of("", step).values())


def resolved(item: dict[str, Any], language: Language) -> dict[str, Any]:
    """Return a completion with its documentation."""
    data = item.get("data")
    if not isinstance(data, dict):
        return item
    text = ""
    if isinstance(data.get("step"), str):
        text = words.step(data["step"], language)
    elif isinstance(data.get("entry"), str):
        text = words.entry(str(data.get("section")), data["entry"], language)
    elif isinstance(data.get("setting"), str):
        text = words.setting(str(data.get("section")), data["setting"], language)
    elif isinstance(data.get("option"), str):
        option = words.options_of(str(data.get("section") or ""), str(data.get("call"))).get(data["option"])
        text = "" if option is None else words.meaning(option, words.said(option.about, language), language)
    return item | {"documentation": {"kind": "markdown", "value": text}} if text else item


def signature(part: Part, offset: int, language: Language) -> dict[str, Any] | None:
    """Return how the call around a place is written, and which of its options is being written."""
    here = context(part.source.text, offset)
    kind = here.kind if here.kind in ("data", "train", "figure") else ""
    found = words.usage_text(kind, here.call) if here.call else None
    if found is None:
        return None
    label, keys = found
    options = words.options_of(kind, here.call)
    parameters = []
    for key in keys:
        place = re.search(rf"\[?\b{re.escape(key)}\b[^,)]*", label[label.find("(") :])
        shown: Any = key
        if place is not None:
            start = label.find("(") + place.start()
            shown = [start, start + len(place[0].rstrip())]
        about = words.meaning(options[key], words.said(options[key].about, language), language)
        parameters.append({"label": shown, "documentation": about})
    active = keys.index(here.option) if here.option in keys else min(here.position, max(0, len(keys) - 1))
    return {
        "signatures": [{"label": label, "parameters": parameters}], "activeSignature": 0, "activeParameter": active,
    }  # fmt: skip
