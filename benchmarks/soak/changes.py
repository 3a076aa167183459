"""Python source -> its mutants: one comparison, sum, condition or number becomes another; and who reaches them."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "netspec"
_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip
_ORDERS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
REACHED = "_mutant_is_reached"


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the expression that is the `index`-th node of its tree becomes `new`."""

    part: str
    file: str  # below netspec/
    line: int
    index: int
    new: str
    what: str  # its file, the text of its line, and the change: unique, and independent of the line's number


def mutants(part: str, path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    lines, tree = _text(path).splitlines(), _parsed(path)
    places = {node: index for index, node in enumerate(ast.walk(tree))}
    file = path.relative_to(PACKAGE).as_posix()
    times: Counter[str] = Counter()
    for node in _code(tree):
        for new in _changes(node):
            what = f"{file}: {lines[node.lineno - 1].strip()}: {_short(ast.unparse(node))} -> {_short(new)}"
            times[what] += 1
            again = f" ({times[what]})" if times[what] > 1 else ""
            yield Mutant(part, file, node.lineno, places[node], new, what + again)


def mutated(mutant: Mutant) -> CodeType:
    """The module's code with the change in it; every line keeps its number."""
    tree = _parsed(PACKAGE / mutant.file)
    target = list(ast.walk(tree))[mutant.index]
    new = ast.parse(mutant.new, mode="eval").body
    for inner in ast.walk(new):
        ast.copy_location(inner, target)
    return _compiled(_Swap({target: lambda node: new}).visit(tree), mutant.file)


def probed(file: str, chosen: Iterable[tuple[int, Mutant]]) -> CodeType:
    """The module's code where each mutant's place calls `REACHED(number)` when a change there could make a difference.

    A comparison of order differs only at equality; everything else differs wherever it is computed.
    """
    tree = _parsed(PACKAGE / file)
    nodes = list(ast.walk(tree))
    patterns = {inner for node in nodes if isinstance(node, ast.pattern) for inner in ast.walk(node)}
    probes: dict[ast.AST, Callable[[ast.expr], ast.expr]] = {}
    for number, mutant in chosen:
        target = nodes[mutant.index]
        if target in patterns:  # no place for a call: the whole function counts
            _function(tree, target).body.insert(0, ast.Expr(_call(number)))
        else:
            probes[target] = partial(_probe, number)
    return _compiled(_Swap(probes).visit(tree), file)


def reached(notice: Callable[[int], None]) -> Callable[..., object]:
    """What `REACHED` stands for while the probes are in: `notice` gets the numbers."""

    def at(number: int, order: str = "", left: object = None, right: object = None) -> object:
        if not order or left == right:
            notice(number)
        return getattr(operator, order)(left, right) if order else None

    return at


def _probe(number: int, node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _ORDERS:
        return _call(number, ast.Constant(_ORDERS[type(node.ops[0])]), node.left, node.comparators[0])
    return ast.Subscript(ast.Tuple([_call(number), node], ast.Load()), ast.Constant(1), ast.Load())


def _call(number: int, *more: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(REACHED, ast.Load()), [ast.Constant(number), *more], [])


class _Swap(ast.NodeTransformer):
    """Puts other expressions in the place of some, from the innermost outwards."""

    def __init__(self, new: Mapping[ast.AST, Callable[[ast.expr], ast.expr]]) -> None:
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        return self.new[node](node) if node in self.new and isinstance(node, ast.expr) else node


def _function(tree: ast.Module, target: ast.AST) -> ast.FunctionDef:
    """The outermost function that the node is in."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return next(function for function in functions if any(inner is target for inner in ast.walk(function)))


@cache
def _text(path: Path) -> str:
    """Read once: a file may be edited while its mutants are tried."""
    return path.read_text(encoding="utf-8")


def _parsed(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def _compiled(tree: ast.AST, file: str) -> CodeType:
    assert isinstance(tree, ast.Module)
    return compile(ast.fix_missing_locations(tree), str(PACKAGE / file), "exec", dont_inherit=True)


def _short(text: str) -> str:
    return " ".join(text.split())[:80]


def _changes(node: ast.expr) -> Iterator[str]:
    """What an expression may become; annotations and texts stay."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARE:
            yield ast.unparse(ast.Compare(node.left, [_COMPARE[type(op)]()], node.comparators))
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC and not _is_text(node):
            yield ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(op)](), node.right))
        case ast.BoolOp(op=op):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), node.values))
        case ast.UnaryOp(op=ast.Not()):
            yield ast.unparse(node.operand)
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.Constant(value=int(value)) if 0 <= value <= 9:
            yield str(value + 1)


def _code(tree: ast.Module) -> Iterator[ast.expr]:
    """The expressions of function bodies that compute: no annotations, defaults, decorators or asserts."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    nested = {inner for function in functions for inner in ast.walk(function) if inner is not function}
    for function in functions:
        if function in nested or function.name in ("__repr__", "glyph"):
            continue
        pending: list[ast.AST] = list(function.body)
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Assert):
                continue
            if isinstance(node, ast.AnnAssign):
                pending += [node.value] if node.value is not None else []
                continue
            if isinstance(node, ast.FunctionDef):
                pending += node.body
                continue
            if isinstance(node, ast.expr):
                yield node
            pending += ast.iter_child_nodes(node)


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.Tuple)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
