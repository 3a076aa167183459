"""The parts of a grammar rule -> a syntax object. There is one function for each rule, with the name of the rule.

A terminal is passed as `(text, start, end)`. An optional part `[x]` of the grammar is passed as None if it is absent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from netspec.syntax import tree
from netspec.syntax.tree import Place

Token = tuple[str, int, int]
Kids = list[Any]
Action = Callable[[Kids, Place], Any]

# No size needs more digits, and Python limits how many digits it converts.
MAX_DIGITS = 18
# Other backslashes are literal, because captions contain formulas.
_ESCAPE = re.compile(r'\\([nt"\\])')
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class BadText(Exception):
    """A token that the grammar accepts but that is wrong: a code, a place and the words of the message.

    A word that is a place stands for the text there.
    """

    def __init__(self, code: str, at: Place, **words: str | Place) -> None:
        super().__init__(code)
        self.code = code
        self.at = at
        self.words = words


def name(token: Token) -> tree.Name:
    return tree.Name(_nfc(token[0]), (token[1], token[2]))


def _nfc(text: str) -> str:
    """Return a name in NFC form without invisible characters, which are reported elsewhere."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.replace("\u200b", ""))


def _text(token: Token | None) -> tree.Text | None:
    return None if token is None else string([token], (token[1], token[2]))


def start(kids: Kids, at: Place) -> tree.File:
    return tree.File(tuple(kids), at)


def header(kids: Kids, at: Place) -> tree.Header:
    return tree.Header(_integer(kids[0]), at)


def use(kids: Kids, at: Place) -> tree.Use:
    file = kids[-1]
    return tree.Use(tuple(kids[:-1]), string([file], (file[1], file[2])), at)


def used(kids: Kids, at: Place) -> tree.Used:
    return tree.Used(name(kids[0]), None if kids[1] is None else name(kids[1]), at)


def net(kids: Kids, at: Place) -> tree.Body:
    return _body("net", kids, at)


def block(kids: Kids, at: Place) -> tree.Body:
    return _body("block", kids, at)


def _body(kind: str, kids: Kids, at: Place) -> tree.Body:
    label, params_, caption, (statements, brace) = kids
    return tree.Body(kind, name(label), params_, _text(caption), statements, at, (at[0], brace))


def net_head(kids: Kids, at: Place) -> tree.Body:
    return _body("net", [*kids, ((), at[1])], at)


def block_head(kids: Kids, at: Place) -> tree.Body:
    return _body("block", [*kids, ((), at[1])], at)


def params(kids: Kids, at: Place) -> tuple[tree.Param, ...] | None:
    """Return the parameters of a head; empty parentheses mean the same as none."""
    return tuple(kid for kid in kids if kid is not None) or None


def param(kids: Kids, at: Place) -> tree.Param:
    return tree.Param(name(kids[0]), kids[1], at)


def body(kids: Kids, at: Place) -> tuple[tuple[tree.Statement, ...], int]:
    return tuple(kids), at[0]


def input_(kids: Kids, at: Place) -> tree.Input:
    return tree.Input(name(kids[0]), kids[1], _text(kids[2]), at)


def hidden(kids: Kids, at: Place) -> tree.Layer:
    return tree.Layer("hidden", name(kids[0]), kids[1], kids[2], _text(kids[3]), at)


def output(kids: Kids, at: Place) -> tree.Layer:
    return tree.Layer("output", name(kids[0]), kids[1], kids[2], _text(kids[3]), at)


def start_at(kids: Kids, at: Place) -> tree.Start:
    return tree.Start(name(kids[0]), kids[1], at)


def default(kids: Kids, at: Place) -> tree.Default:
    return tree.Default(name(kids[0]), kids[1], at)


def require(kids: Kids, at: Place) -> tree.Require:
    left, op, right, defaults, why = kids
    return tree.Require(left, op[0], right, defaults is not None, _text(why), at)


def let(kids: Kids, at: Place) -> tree.Let:
    return tree.Let(name(kids[0]), kids[1], at)


def expect(kids: Kids, at: Place) -> tree.TypeText:
    written: tree.TypeText = kids[0]
    return written


# ---- types


def type_(kids: Kids, at: Place) -> tree.TypeText:
    written, over_ = kids
    return tree.TypeText(written.maps, written.space, written.classes, over_, at)


def nodes(kids: Kids, at: Place) -> tree.TypeText:
    return tree.TypeText(None, kids[0], at=at)


def maps(kids: Kids, at: Place) -> tree.TypeText:
    return tree.TypeText(kids[0], kids[1], at=at)


def index(kids: Kids, at: Place) -> tree.TypeText:
    return tree.TypeText(None, kids[1], kids[0], at=at)


def over(kids: Kids, at: Place) -> tree.Over:
    kind, length, called = kids
    word = "exactly" if kind is None else kind[0].split()[0]
    return tree.Over(length, "up to" if word == "up" else word, None if called is None else name(called), at)


# ---- chains


def chain(kids: Kids, at: Place) -> tree.Chain:
    return tree.Chain(tuple(kids), at)


def vchain(kids: Kids, at: Place) -> tree.Chain:
    return tree.Chain(tuple(kids), at)


def perceptrons(kids: Kids, at: Place) -> tree.Perceptrons:
    return tree.Perceptrons(kids[0], kids[2] or (), kids[1][0], at)


def filters(kids: Kids, at: Place) -> tree.Filters:
    return tree.Filters(kids[0], kids[2], kids[3] or (), kids[1][0], at)


def repeat(kids: Kids, at: Place) -> tree.Repeat:
    count, shared, called, inside = kids
    return tree.Repeat(count, shared is not None, called or (), inside, at)


def names(kids: Kids, at: Place) -> tuple[tree.Name, ...]:
    return tuple(map(name, kids))


def tuple_(kids: Kids, at: Place) -> tree.Several:
    return tree.Several(tuple(kids), at)


def join(kids: Kids, at: Place) -> tree.Join:
    return tree.Join(tuple(kids), at)


def binop(kids: Kids, at: Place) -> tree.Binary:
    return tree.Binary(kids[1][0], kids[0], kids[2], at)


def neg(kids: Kids, at: Place) -> tree.Negative:
    return tree.Negative(kids[-1], at)


def power(kids: Kids, at: Place) -> tree.Binary:
    if isinstance(kids[1], tree.Binary) and kids[1].op == "^":
        # `a ^ b ^ c` is ambiguous for readers, and could be nested without limit
        raise BadText("NS113", at, a=kids[0].at, b=kids[1].left.at, c=kids[1].right.at)
    return tree.Binary("^", kids[0], kids[1], at)


def number(kids: Kids, at: Place) -> tree.Number:
    token: Token = kids[0]
    text = token[0]
    if text.isdigit():
        return tree.Number(_integer(token), text, at)
    if len(text) > 4 * MAX_DIGITS:
        raise BadText("NS111", at, digits=str(len(text)))
    value = float(text)
    if value in (float("inf"),):
        raise BadText("NS112", at, text=text)
    return tree.Number(value, text, at)


def _integer(token: Token) -> int:
    if len(token[0]) > MAX_DIGITS:
        raise BadText("NS111", (token[1], token[2]), digits=str(len(token[0])))
    return int(token[0])


def ref(kids: Kids, at: Place) -> tree.Ref:
    return tree.Ref(kids[0].parts, at)


def call(kids: Kids, at: Place) -> tree.Call:
    path_, args = kids
    return tree.Call(path_.parts, args, at, path_.at)


def applied(kids: Kids, at: Place) -> tree.Call:
    path_, args, step = kids
    return tree.Call(path_.parts, args or (), at, path_.at, step)


def indexed(kids: Kids, at: Place) -> tree.Indexed:
    return tree.Indexed(kids[0].parts, kids[1], at)


def group(kids: Kids, at: Place) -> tree.Group:
    return tree.Group(kids[0], at)


def katom(kids: Kids, at: Place) -> Any:
    # "(" sum ")": the parentheses are kept for the printer
    return tree.Group(tree.Chain((kids[0],), (at[0] + 1, at[1] - 1)), at)


class Path:
    """A dotted name, which becomes part of a Ref, a Call, an Indexed or the name of a setting."""

    __slots__ = ("at", "parts")

    def __init__(self, parts: tuple[str, ...], at: Place) -> None:
        self.parts = parts
        self.at = at


def path(kids: Kids, at: Place) -> Path:
    return Path(tuple(_nfc(token[0].lstrip(".")) for token in kids), at)


def grid(kids: Kids, at: Place) -> tree.Grid:
    return tree.Grid(tuple(kids), at)


def opts(kids: Kids, at: Place) -> tuple[tree.Arg, ...]:
    return tuple(kid for kid in kids if kid is not None)


def arg(kids: Kids, at: Place) -> tree.Arg:
    path_, value = kids
    if path_ is None:
        return tree.Arg((), value, at, at)
    return tree.Arg(path_.parts, value, at, path_.at)


def vmaps(kids: Kids, at: Place) -> tree.TypeText:
    return tree.TypeText(kids[0], kids[1], None, kids[2], at)


def vseq(kids: Kids, at: Place) -> tree.TypeText:
    space = kids[0]
    if not isinstance(space, tree.Grid):
        space = tree.Grid((space,), space.at)
    return tree.TypeText(None, space, None, kids[1], at)


def string(kids: Kids, at: Place) -> tree.Text:
    raw = kids[0][0][1:-1]
    if "\\" in raw:
        raw = _ESCAPE.sub(lambda match: _ESCAPES[match[1]], raw)
    return tree.Text(raw, at)


def list_(kids: Kids, at: Place) -> tree.List:
    return tree.List(tuple(kid for kid in kids if kid is not None), at)


def dots(kids: Kids, at: Place) -> tree.Dots:
    return tree.Dots(at)


# ---- sections


def section(kids: Kids, at: Place) -> tree.Section:
    kind, called, *settings = kids
    end = kind[2] if called is None else called[2]
    return tree.Section(kind[0], None if called is None else name(called), tuple(settings), at, (kind[1], end))


def section_head(kids: Kids, at: Place) -> tree.Section:
    kind, called = kids
    return tree.Section(kind[0], None if called is None else name(called), (), at, at)


def setting(kids: Kids, at: Place) -> tree.Setting:
    key_, value = kids
    return tree.Setting(key_.parts, value, at, key_.at)


def key(kids: Kids, at: Place) -> Path:
    kid = kids[0]
    return kid if isinstance(kid, Path) else Path((kid[0],), at)


# Rules whose function has another name, because the rule's name is taken in Python, or because they share a function.
_RENAMED = {"tuple": tuple_, "input": input_, "type": type_, "list": list_, "dims": grid, "kernel": grid, "vgrid": grid}


def action(rule: str) -> Action:
    """Return the function that builds the syntax object of a rule."""
    found = _RENAMED.get(rule) or globals().get(rule)
    if found is None:
        raise LookupError(f"no builder for grammar rule {rule!r}")
    result: Action = found
    return result
