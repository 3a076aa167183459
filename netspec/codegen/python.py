"""Python source as objects: expressions are `ast` nodes, statements know what they import and how they are laid out.

Templates of operations are parsed, never searched: `"F.relu({x})"` becomes a tree with a hole, and filling holes puts
trees into a tree, so parentheses follow from the operators alone. Lines break at 100 columns where ruff breaks them.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from string import Formatter
from typing import Any

from netspec.ir.sizes import Formula

WIDTH = 100
# `width` counts every value as 4 characters, so that expressions are split in the same way in all instances of a block
VALUE_WIDTH = 4


class Value(ast.expr):
    """A number, flag or word of a net in the code of a class: a literal, or written with the class's arguments.

    Args:
        value: the value in this instance; a Formula or UNKNOWN if the class is elaborated with open sizes.
        default: torch's default of a keyword argument; an argument that equals it is left out.
        name: the name of the argument that the class gets if this value must become one.
    """

    _fields = ()

    def __init__(self, value: Any, default: Any = None, name: str = "") -> None:
        super().__init__()
        self.value = value
        self.default = default
        self.name = name


class Progression(ast.expr):
    """An arithmetic progression, `start + step * i`, in a comprehension over the rounds of a repeat."""

    _fields = ("start", "step")

    def __init__(self, start: ast.expr, step: ast.expr) -> None:
        super().__init__()
        self.start = start
        self.step = step


class Unknown:
    """The type of UNKNOWN, which stands for a value that open sizes do not determine."""

    def __str__(self) -> str:
        return "?"


UNKNOWN = Unknown()
Show = Callable[[Value], str]


# ---- templates


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """Return the syntax tree of a Python expression."""
    return ast.parse(text, mode="eval").body


@lru_cache(maxsize=4096)
def _template(text: str) -> tuple[ast.expr, tuple[str, ...]]:
    pieces = list(Formatter().parse(text))
    slots = tuple(slot for _, slot, _, _ in pieces if slot is not None)
    return parse("".join(before + (f"__{slot}__" if slot is not None else "") for before, slot, _, _ in pieces)), slots


def slots(template: str) -> tuple[str, ...]:
    """Return the slots of a template in order; a slot that occurs twice is listed twice."""
    return _template(template)[1]


def fill(template: str, values: Mapping[str, ast.expr]) -> ast.expr:
    """Return the syntax tree of a template with its slots replaced by expressions."""
    tree, names = _template(template)
    return _put(tree, {f"__{name}__": values[name] for name in names}) if names else tree


def _put(node: Any, values: Mapping[str, ast.expr]) -> Any:
    if isinstance(node, ast.Name):
        return values.get(node.id, node)
    if isinstance(node, (Value, ast.Constant)):
        return node
    return _straight(rebuilt(node, lambda inner: _put(inner, values)))


def _straight(node: Any) -> Any:
    """Remove two transpositions of the same axes that follow one another.

    Filters over time begin and end with `.transpose(1, 2)`, so a chain of filters has such pairs.
    """
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(value=inner, attr="transpose"), args=first), attr="transpose"
            ),
            args=second,
        ) if [flat(arg) for arg in first] == [flat(arg) for arg in second] == ["1", "2"]:
            return inner
    return node


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a node whose direct parts are replaced by what `change` returns for them."""
    if isinstance(node, list):
        return [change(item) for item in node]
    if not isinstance(node, ast.AST) or isinstance(node, (ast.operator, ast.unaryop, ast.expr_context, ast.cmpop)):
        return node
    parts = {name: getattr(node, name, None) for name in node._fields}
    made = {
        name: [change(item) for item in part]
        if isinstance(part, list)
        else change(part)
        if isinstance(part, ast.AST)
        else part
        for name, part in parts.items()
    }
    return type(node)(**made)


def name(text: str) -> ast.expr:
    """Return the expression that reads a variable."""
    return parse(text)


def call(function: str, args: Sequence[ast.expr], keywords: Sequence[tuple[str, ast.expr]] = ()) -> ast.expr:
    """Return the expression of a call: `function(a, b, key=c)`."""
    return ast.Call(parse(function), list(args), [ast.keyword(key, value) for key, value in keywords])


def is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Name)


def walk(node: Any) -> Iterator[Any]:
    """Yield a node and all nodes below it, in the order of the text."""
    pending = [node]  # no recursion: deep generators cost a third of the time that emitting takes
    while pending:
        node = pending.pop()
        yield node
        below: list[Any] = []
        for key in node._fields:
            part = getattr(node, key, None)
            if isinstance(part, list):
                below += [item for item in part if isinstance(item, ast.AST)]
            elif isinstance(part, ast.AST):
                below.append(part)
        pending += reversed(below)


def names_in(node: ast.expr) -> set[str]:
    """Return the names of the variables that an expression reads."""
    return {inner.id for inner in walk(node) if isinstance(inner, ast.Name)}


# ---- expressions as text


_BINARY: dict[type[ast.AST], tuple[str, int]] = {
    ast.BitOr: ("|", 6), ast.BitAnd: ("&", 8), ast.Add: ("+", 10), ast.Sub: ("-", 10), ast.Mult: ("*", 11),
    ast.Div: ("/", 11), ast.FloorDiv: ("//", 11), ast.Mod: ("%", 11), ast.MatMult: ("@", 11), ast.Pow: ("**", 13),
}  # fmt: skip
_COMPARED: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_UNARY: dict[type[ast.AST], str] = {ast.USub: "-", ast.Invert: "~", ast.UAdd: "+", ast.Not: "not "}
_CONDITION, _COMPARE, _SIGN, _ATOM = 1, 5, 12, 15


def literal(value: Any) -> str:
    """Return the Python source of a number, boolean, None, string, or tuple of these."""
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return repr(value)
    if isinstance(value, float):
        finite = value == value and value not in (float("inf"), float("-inf"))
        return repr(value) if finite else f'float("{value}")'
    if isinstance(value, str):
        return '"' + ascii(value)[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    raise TypeError(f"no literal for {type(value).__name__}")


def shown(value: Value) -> str:
    """Return the source of a value in this instance."""
    if isinstance(value.value, (Formula, Unknown)):
        return str(value.value)
    return literal(value.value)


def flat(node: ast.expr, show: Show = shown) -> str:
    """Return an expression as text on one line."""
    return _text(node, 0, show)


def width(node: ast.expr) -> int:
    """Return the length of an expression on one line, with every value counted as VALUE_WIDTH characters."""
    return len(flat(node, lambda _: "0" * VALUE_WIDTH))


def _text(node: ast.expr, level: int, show: Show) -> str:
    text, own = _expression(node, show)
    return f"({text})" if own < level else text


def _expression(node: Any, show: Show) -> tuple[str, int]:
    """Return the source of an expression and its precedence: a higher number binds tighter."""
    match node:
        case ast.Name():
            return node.id, _ATOM
        case Value():
            text = show(node)
            return text, _SIGN if text.startswith("-") else _ATOM
        case Progression():
            return f"{_text(node.start, 10, show)} + {_text(node.step, 11, show)} * i", 10
        case ast.Constant():
            text = literal(node.value) if node.value is not Ellipsis else "..."
            return text, _SIGN if text.startswith("-") else _ATOM
        case ast.Attribute():
            return f"{_text(node.value, _ATOM, show)}.{node.attr}", _ATOM
        case ast.Call():
            return f"{_text(node.func, _ATOM, show)}({', '.join(items(node, show))})", _ATOM
        case ast.Subscript():
            return f"{_text(node.value, _ATOM, show)}[{', '.join(items(node, show))}]", _ATOM
        case ast.Slice():
            ends = [end for end in (node.lower, node.upper) if end is not None]
            colon = ":" if not any(isinstance(end, ast.Attribute) or not _is_simple(end) for end in ends) else " : "
            lower, upper = ("" if end is None else _text(end, _CONDITION, show) for end in (node.lower, node.upper))
            return f"{lower}{colon}{upper}".strip(" ") if not (lower and upper) else f"{lower}{colon}{upper}", 0
        case ast.Tuple():
            inner = items(node, show)
            return (f"({inner[0]},)" if len(inner) == 1 else f"({', '.join(inner)})"), _ATOM
        case ast.List():
            return f"[{', '.join(items(node, show))}]", _ATOM
        case ast.BinOp():
            sign, own = _BINARY[type(node.op)]
            power = type(node.op) is ast.Pow
            left, right = _text(node.left, own + power, show), _text(node.right, _SIGN if power else own + 1, show)
            tight = power and all(_is_simple(side) for side in (node.left, node.right))
            return (f"{left}{sign}{right}" if tight else f"{left} {sign} {right}"), own
        case ast.UnaryOp():
            return f"{_UNARY[type(node.op)]}{_text(node.operand, _SIGN, show)}", _SIGN
        case ast.Compare():
            right = "".join(
                f" {_COMPARED[type(sign)]} {_text(side, _COMPARE + 1, show)}"
                for sign, side in zip(node.ops, node.comparators, strict=True)
            )
            return f"{_text(node.left, _COMPARE + 1, show)}{right}", _COMPARE
        case ast.IfExp():
            body, test = _text(node.body, _CONDITION + 1, show), _text(node.test, _CONDITION + 1, show)
            return f"{body} if {test} else {_text(node.orelse, _CONDITION, show)}", _CONDITION
        case ast.BoolOp():
            word, own = (" or ", 2) if type(node.op) is ast.Or else (" and ", 3)
            return word.join(_text(value, own + 1, show) for value in node.values), own
        case ast.GeneratorExp():
            loop = node.generators[0]
            return f"({flat(node.elt, show)} for {flat(loop.target, show)} in {flat(loop.iter, show)})", _ATOM
        case ast.Starred():
            return f"*{_text(node.value, _COMPARE, show)}", 0
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return "{" + ", ".join(
                f"{flat(key, show)}: {flat(value, show)}" for key, value in pairs if key
            ) + "}", _ATOM
        case ast.JoinedStr():
            return 'f"' + "".join(_piece(part, show) for part in node.values) + '"', _ATOM
    raise TypeError(f"no source for {type(node).__name__}")


def _piece(part: ast.expr, show: Show) -> str:
    if isinstance(part, ast.FormattedValue):
        return "{" + flat(part.value, show) + "}"
    return literal(part.value)[1:-1] if isinstance(part, ast.Constant) else ""


def _is_simple(node: ast.expr) -> bool:
    """Whether the formatter writes `**` and `:` without blanks beside this operand."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, (ast.Constant, ast.Name))
    if isinstance(node, ast.Attribute):
        return _is_simple(node.value)
    return isinstance(node, (ast.Name, ast.Constant, Value))


def parts_of(node: ast.expr) -> list[ast.expr | ast.keyword]:
    """Return the parts between the brackets with which an expression ends, such as the arguments of a call."""
    match node:
        case ast.Call():
            return [*node.args, *node.keywords]
        case ast.Subscript(slice=ast.Tuple(elts=elements)):
            return [*elements]
        case ast.Subscript():
            return [node.slice]
        case ast.Tuple() | ast.List():
            return [*node.elts]
    return []


def items(node: ast.expr, show: Show = shown) -> list[str]:
    """Return the text of each part that `parts_of` returns."""
    parts = parts_of(node)
    if isinstance(node, (ast.Call, ast.List)) and len(parts) == 1 and isinstance(parts[0], ast.GeneratorExp):
        return [flat(parts[0], show)[1:-1]]
    return [
        f"{part.arg}={_text(part.value, _CONDITION, show)}" if isinstance(part, ast.keyword)
        else _text(part, 0 if isinstance(part, (ast.Slice, ast.Starred)) else _CONDITION, show)
        for part in parts
    ]  # fmt: skip


# ---- statements


@dataclass(slots=True)
class Assign:
    """`target = value`, or `target: annotation = value`."""

    target: str
    value: ast.expr
    annotation: str = ""


@dataclass(slots=True)
class Return:
    value: ast.expr


@dataclass(slots=True)
class Do:
    """An expression as a statement: it is evaluated for its effect, and its value is not used."""

    value: ast.expr


@dataclass(slots=True)
class For:
    """`for target in over:`."""

    target: str
    over: ast.expr
    body: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class If:
    test: ast.expr
    body: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class Comment:
    text: str


@dataclass(slots=True)
class Parameter:
    """One argument of a function: `x: Tensor`, `d: int = 768`."""

    name: str
    annotation: str = ""
    default: str = ""

    def __str__(self) -> str:
        annotated = f"{self.name}: {self.annotation}" if self.annotation else self.name
        return f"{annotated} = {self.default}" if self.default else annotated


@dataclass(slots=True)
class Function:
    name: str
    parameters: list[Parameter]
    returns: str
    body: list[Statement]
    about: str = ""


@dataclass(slots=True)
class Class:
    name: str
    base: str
    body: list[Function]
    about: str = ""


@dataclass(slots=True)
class Helper:
    """A helper class or function whose text is copied unchanged into the emitted source."""

    source: str


Statement = Assign | Return | Do | For | If | Comment | Function | Class | Helper


def expressions(statement: Statement) -> Iterator[ast.expr]:
    """Yield every expression of a statement and of its body, in order."""
    match statement:
        case Assign() | Return() | Do():
            yield statement.value
        case For():
            yield statement.over
        case If():
            yield statement.test
    for inner in getattr(statement, "body", ()):
        yield from expressions(inner)


def changed(statement: Statement, change: Callable[[ast.expr], ast.expr]) -> Statement:
    """Return a copy of a statement with each expression replaced by what `change` returns for it."""
    match statement:
        case Assign():
            return Assign(statement.target, change(statement.value), statement.annotation)
        case Return():
            return Return(change(statement.value))
        case Do():
            return Do(change(statement.value))
        case For():
            body = [changed(inner, change) for inner in statement.body]
            return For(statement.target, change(statement.over), body)
        case If():
            return If(change(statement.test), [changed(inner, change) for inner in statement.body])
    return statement


def imported(statements: Iterable[Statement]) -> set[str]:
    """Return the names that statements use, also in annotations and helpers; some of them must be imported."""
    found: set[str] = set()
    for statement in statements:
        match statement:
            case Helper():
                found |= _roots(statement.source, "exec")
            case Function():
                notes = [statement.returns, *(item.annotation for item in statement.parameters)]
                found |= {root for note in notes if note for root in _roots(note, "eval")}
                found |= imported(statement.body)
            case Class():
                found |= _roots(statement.base, "eval") | imported(statement.body)
            case _:
                if isinstance(statement, Assign) and statement.annotation:
                    found |= _roots(statement.annotation, "eval")
                for expression in expressions(statement):
                    found |= names_in(expression)
    return found


@lru_cache(maxsize=1024)
def _roots(source: str, mode: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(source, mode=mode)) if isinstance(node, ast.Name))


# ---- layout


def render(statements: Iterable[Statement], indent: str = "", show: Show = shown) -> list[str]:
    """Return the lines of text of some statements."""
    lines: list[str] = []
    for statement in statements:
        lines += _lines(statement, indent, show)
    return lines


def _lines(statement: Statement, indent: str, show: Show) -> list[str]:
    inner = indent + "    "
    match statement:
        case Assign():
            annotation = f": {statement.annotation}" if statement.annotation else ""
            return _broken(f"{statement.target}{annotation} = ", statement.value, "", indent, show, assigned=True)
        case Return():
            return _broken("return ", statement.value, "", indent, show, assigned=True)
        case Do():
            return _broken("", statement.value, "", indent, show)
        case For():
            head = _broken(f"for {statement.target} in ", statement.over, ":", indent, show)
            return [*head, *render(statement.body, inner, show)]
        case If():
            return [*_broken("if ", statement.test, ":", indent, show), *render(statement.body, inner, show)]
        case Comment():
            return comment(statement.text, indent)
        case Helper():
            return statement.source.split("\n")
        case Function():
            about = [docstring(statement.about, inner)] if statement.about else []
            return [*_head(statement, indent), *about, *render(statement.body, inner, show)]
        case Class():
            lines = [f"{indent}class {statement.name}({statement.base}):"]
            if statement.about:
                lines += [docstring(statement.about, inner), ""]
            for number, method in enumerate(statement.body):
                lines += [""] * bool(number) + _lines(method, inner, show)
            return lines


def _head(function: Function, indent: str) -> list[str]:
    takes = [str(item) for item in function.parameters]
    tail = f") -> {function.returns}:"
    line = f"{indent}def {function.name}({', '.join(takes)}{tail}"
    if len(line) <= WIDTH:
        return [line]
    inner = indent + "    "
    inside = f"{inner}{', '.join(takes)}"
    rows = [inside] if len(inside) <= WIDTH else [f"{inner}{each}," for each in takes]
    return [f"{indent}def {function.name}(", *rows, f"{indent}{tail}"]


def _broken(head: str, node: ast.expr, tail: str, indent: str, show: Show, assigned: bool = False) -> list[str]:
    """Return the lines for `head`, an expression and `tail`; a line that is too long is broken in its last bracket."""
    if assigned and isinstance(node, ast.Tuple) and len(node.elts) > 1:  # brackets only where it is broken
        text = f"{indent}{head}{', '.join(items(node, show))}{tail}"
        if len(text) <= WIDTH:
            return [text]
    text = f"{indent}{head}{flat(node, show)}{tail}"
    if len(text) <= WIDTH:
        return [text]
    inner = indent + "    "
    terms = _terms(node) if assigned else []
    if len(terms) > 1:
        whole = inner + " ".join(f"{sign}{flat_term(term, show)}" for sign, term in terms)
        rows = [whole] if len(whole) <= WIDTH else []
        if not rows:
            for sign, term in terms:
                rows += _broken(sign, term, "", inner, show)
        return [f"{indent}{head}(", *rows, f"{indent}){tail}"]
    if assigned and isinstance(node, ast.IfExp):
        whole = f"{inner}{flat(node, show)}"
        pieces = [flat(node.body, show), f"if {flat(node.test, show)}", f"else {flat(node.orelse, show)}"]
        rows = [whole] if len(whole) <= WIDTH else [inner + piece for piece in pieces]
        return [f"{indent}{head}(", *rows, f"{indent}){tail}"]
    opened = _open(node, show)
    if opened is None:
        return [text]
    before, bracket, after = opened
    if len(indent) + len(head) + len(before) > WIDTH and isinstance(bracket, ast.Subscript):
        inside_owner = _open(bracket.value, show)
        if inside_owner is not None:
            after = f"{inside_owner[2]}[{', '.join(items(bracket, show))}]{after[1:]}"
            before, bracket = inside_owner[:2]
    inside = ", ".join(items(bracket, show))
    lines = [f"{indent}{head}{before}"]
    if len(inner) + len(inside) <= WIDTH:
        return [*lines, inner + inside, f"{indent}{after}{tail}"]
    generator = parts_of(bracket)[0]
    if len(parts_of(bracket)) == 1 and isinstance(generator, ast.GeneratorExp):
        loop = generator.generators[0]
        lines += _broken("", generator.elt, "", inner, show)
        lines.append(f"{inner}for {flat(loop.target, show)} in {flat(loop.iter, show)}")
        return [*lines, f"{indent}{after}{tail}"]
    for part in parts_of(bracket):
        comma = "" if isinstance(bracket, ast.Subscript) and len(parts_of(bracket)) == 1 else ","
        if isinstance(part, ast.keyword):
            lines += _broken(f"{part.arg}=", part.value, comma, inner, show)
        elif isinstance(part, ast.Starred):
            lines += _broken("*", part.value, comma, inner, show)
        else:
            lines += _broken("", part, comma, inner, show)
    return [*lines, f"{indent}{after}{tail}"]


def flat_term(node: ast.expr, show: Show) -> str:
    """Return the text of a term of a sum or product."""
    return _text(node, 11, show)


def _terms(node: ast.expr) -> list[tuple[str, ast.expr]]:
    """Return the terms of a sum or the factors of a product, each with the operator before it."""
    if not isinstance(node, ast.BinOp):
        return []
    level = _BINARY[type(node.op)][1]
    found: list[tuple[str, ast.expr]] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and _BINARY[type(current.op)][1] == level:
        found.append((f"{_BINARY[type(current.op)][0]} ", current.right))
        current = current.left
    return [("", current), *reversed(found)] if len(found) > 1 else []


def _open(node: ast.expr, show: Show) -> tuple[str, ast.expr, str] | None:
    """Find the last pair of brackets in an expression that is not inside other brackets.

    Return the text up to the opening bracket, the node that owns the brackets, and the text from the closing bracket.
    """
    match node:
        case ast.Call() | ast.Subscript():
            if not parts_of(node):
                return None
            left, right = ("(", ")") if isinstance(node, ast.Call) else ("[", "]")
            owner = node.func if isinstance(node, ast.Call) else node.value
            return f"{_text(owner, _ATOM, show)}{left}", node, right
        case ast.Tuple() | ast.List():
            left, right = "()" if isinstance(node, ast.Tuple) else "[]"
            return (left, node, right) if node.elts else None
        case ast.Attribute():
            found = _open(node.value, show)
            return found and (found[0], found[1], f"{found[2]}.{node.attr}")
        case ast.BinOp():
            sign = _BINARY[type(node.op)][0]
            found = _open(node.right, show)
            if found is not None and not flat_term(node.right, show).startswith("("):
                return f"{flat(node.left, show)} {sign} {found[0]}", found[1], found[2]
            found = _open(node.left, show)
            return found and (found[0], found[1], f"{found[2]} {sign} {flat_term(node.right, show)}")
        case ast.Starred():
            found = _open(node.value, show)
            return found and (f"*{found[0]}", found[1], found[2])
        case ast.UnaryOp():
            found = _open(node.operand, show)
            return found and (f"{_UNARY[type(node.op)]}{found[0]}", found[1], found[2])
        case ast.IfExp():
            found = _open(node.orelse, show)
            if found is not None:
                test = f"{flat(node.body, show)} if {flat(node.test, show)} else "
                return f"{test}{found[0]}", found[1], found[2]
            found = _open(node.body, show)
            rest = f" if {flat(node.test, show)} else {flat(node.orelse, show)}"
            return found and (found[0], found[1], f"{found[2]}{rest}")
    return None


def docstring(text: str, indent: str) -> str:
    """Return the source of a docstring whose content is `text`; special characters are escaped."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    safe = "".join(char if char == "\n" or char.isprintable() else f"\\u{ord(char):04x}" for char in safe)
    if safe.endswith('"'):
        safe = safe[:-1] + '\\"'
    lines = safe.split("\n")
    if len(lines) == 1:
        return f'{indent}"""{safe}."""' if not safe.endswith((".", "!", "?")) else f'{indent}"""{safe}"""'
    body = [f"{indent}{line}" if line else "" for line in lines[1:]]
    return "\n".join([f'{indent}"""{lines[0]}', *body, f'{indent}"""'])


def comment(text: str, indent: str) -> list[str]:
    """Return the lines of a wrapped comment; each line begins with `# `."""
    plain = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    rows = textwrap.wrap(plain, WIDTH - len(indent) - 2, break_long_words=True, break_on_hyphens=False)
    return [f"{indent}# {row}" for row in rows] or [f"{indent}#"]
