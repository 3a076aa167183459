"""Emitted loops over time -> calls of torch's `scan`, which a program keeps as a loop: for any number of steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

NEEDS = "from torch._higher_order_ops.scan import scan as netspec_scan"
LOOP = """
def {step}(carried, now):
    {carried}, = carried
    {items}, = now
    return [{after}], [{kept}]
[{carried}], [{lists}] = netspec_scan({step}, [{begin}], [{over}])
"""


def scanned(tree: ast.Module) -> ast.Module:
    """Return the tree of emitted source in which every loop over time steps is a call of `scan`.

    Such a loop appends the values of its steps to lists, which are stacked after it. A variable that a step reads
    before it writes it is carried to the next step. Lines keep their numbers, so that tracebacks show the source.
    """
    loops = _Loops()
    found: ast.Module = loops.visit(tree)
    if loops.count:
        begin = next(at for at, line in enumerate(found.body) if isinstance(line, (ast.Import, ast.ImportFrom)))
        found.body.insert(begin, ast.parse(NEEDS).body[0])
    return ast.fix_missing_locations(found)


class _Loops(ast.NodeTransformer):
    def __init__(self) -> None:
        self.lists: set[str] = set()
        self.count = 0

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        lists = [name for name, _ in map(_appended, node.body) if name]
        pairs = list(_pairs(node.target, node.iter))
        if not lists or not pairs:
            return node
        self.count += 1
        self.lists.update(lists)
        # a value is kept where the loop appends it: before the carried variables move on
        body = [_assigned(line) if _appended(line)[0] else line for line in node.body]
        carried = _carried(body)
        words = {
            "step": f"step_{self.count}",
            "carried": ", ".join(carried),
            "begin": ", ".join(f"{name}.clone()" for name in carried),
            "items": ", ".join(item for item, _ in pairs),
            "over": ", ".join(values for _, values in pairs),
            "lists": ", ".join(lists),
            "after": ", ".join(f"{name}.clone()" for name in carried),
            "kept": ", ".join(f"{name}_now.clone()" for name in lists),
        }
        step, applied = (_placed(line, node) for line in ast.parse(LOOP.format(**words)).body)
        assert isinstance(step, ast.FunctionDef)
        step.body[2:2] = body
        return [step, applied]

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(attr="stack"), args=[ast.Name(id=name)]) if name in self.lists:
                axis = ast.unparse(node.keywords[0].value)
                return _placed(ast.parse(f"{name}.movedim(0, {axis})", mode="eval").body, node)
        return node


def _placed(made: Any, at: ast.AST) -> Any:
    """Give all of a new tree the line of the statement in whose place it stands."""
    for inner in ast.walk(made):
        ast.copy_location(inner, at)
    return made


def _appended(line: ast.stmt) -> tuple[str, ast.expr | None]:
    """Return the list that a statement appends to, and the value; "" for another statement."""
    match line:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value])):
            return name, value
    return "", None


def _assigned(line: ast.stmt) -> ast.stmt:
    name, value = _appended(line)
    assert value is not None
    return _placed(ast.Assign([ast.Name(f"{name}_now", ast.Store())], value), line)  # type: ignore[no-any-return]


def _pairs(target: ast.expr, over: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield each variable of a loop over time with the tensor that holds its values along axis 0."""
    match target, over:
        case ast.Tuple(elts=[ast.Name(id=counter), inner]), ast.Call(func=ast.Name(id="enumerate"), args=[each]):
            pairs = list(_pairs(inner, each))
            yield from pairs
            if pairs:
                yield counter, f"torch.arange({pairs[0][1]}.shape[0])"
        case ast.Tuple(elts=variables), ast.Call(func=ast.Name(id="zip"), args=values):
            for variable, each in zip(variables, values):
                yield from _pairs(variable, each)
        case ast.Name(id=name), ast.Call(func=ast.Attribute(value=whole, attr="unbind"), args=[axis]):
            yield name, f"{ast.unparse(whole)}.movedim({ast.unparse(axis)}, 0)"
        case ast.Name(id=name), ast.Call(func=ast.Name(id="range"), args=[count]):
            yield name, f"torch.arange({ast.unparse(count)})"


def _carried(body: Sequence[ast.stmt]) -> list[str]:
    """Return the variables that a step reads before it writes them, and writes."""
    read: dict[str, bool] = {}  # by variable: whether it is read first
    written: set[str] = set()
    for line in body:
        names = [inner for inner in ast.walk(line) if isinstance(inner, ast.Name)]
        for name in names:
            if isinstance(name.ctx, ast.Load):
                read.setdefault(name.id, True)
        stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
        for each in stored:
            read.setdefault(each, False)
        written |= stored
    return [name for name, first in read.items() if first and name in written]
