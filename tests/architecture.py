"""A package's source -> what the tests of its shape look at: who imports whom, and who asks an operation for its name.

Everything takes the folder of a package, so that each test can be tried on a small made-up one.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import networkx


class Import(NamedTuple):
    """One import of a module of the package: both sides by their path below it (`figure.scene`), and where."""

    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


class Site(NamedTuple):
    """A place in the source that a test objects to."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.text}"


def modules(package: Path) -> dict[str, Path]:
    """Every module by its path below the package; the package itself is called by its own name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join(parts) or package.name] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file, which no test changes after it is read."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(package: Path) -> list[Import]:
    """Every import inside the package: at the top, in functions and under TYPE_CHECKING alike."""
    known = modules(package)
    found = []
    for name, path in known.items():
        for target, line in _imported(parsed(path), package.name, _folder(name, path), known):
            if target != name:
                found.append(Import(name, target, line))
    return found


def _folder(name: str, path: Path) -> str:
    """What `from .` means there."""
    return name if path.stem == "__init__" else name.rpartition(".")[0]


def _imported(tree: ast.AST, package: str, folder: str, known: Collection[str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield alias.name.partition(".")[2] or package, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = folder.split(".")[: len(folder.split(".")) - node.level + 1] if folder != package else []
                inner = ".".join([*above, *([base] if base else [])])
            elif base.split(".")[0] == package:
                inner = base.partition(".")[2]
            else:
                continue
            for alias in node.names:  # `from package.figure import scene` imports a module
                whole = f"{inner}.{alias.name}" if inner else alias.name
                yield (whole if whole in known else inner or package), node.lineno


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The groups in which everyone reaches everyone."""
    graph = networkx.DiGraph(edges)
    return sorted(sorted(group) for group in networkx.strongly_connected_components(graph) if len(group) > 1)


def room(module: str) -> str:
    """The folder or the single file directly below the package."""
    return module.split(".")[0]


def outside(package: Path, rooms: Collection[str]) -> Iterator[tuple[str, ast.Module]]:
    """The files of all other rooms, with their syntax trees."""
    for name, path in modules(package).items():
        if room(name) not in rooms:
            yield path.relative_to(package).as_posix(), parsed(path)


# ---- operations that are asked for their name


def named_operations(package: Path, names: Collection[str], rooms: Collection[str]) -> list[Site]:
    """Comparisons with the name of an operation, `match` over one, and tables that are read by one.

    `names` are the operations' names: a word of them that is compared with `….name` or `….word` counts too.
    """
    found = []
    for path, tree in outside(package, rooms):
        for function in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
            aliases = _aliases(function)
            for node in _own(function):
                if any(_objects(part, aliases, names) for part in _pairs(node)):
                    found.append(Site(path, node.lineno, ast.unparse(node)[:100]))
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    pending = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            pending.extend(ast.iter_child_nodes(node))


def _aliases(scope: ast.AST) -> set[str]:
    """Local names of an operation's name: `name = node.op.name`."""
    found = set()
    for node in _own(scope):
        if isinstance(node, ast.Assign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                found |= {one.id for one, value in pairs if isinstance(one, ast.Name) and _is_name(value)}
    return found


def _is_name(node: ast.AST) -> bool:
    """`op.name`, `node.op.name`, `type(op).name`."""
    if not isinstance(node, ast.Attribute) or node.attr != "name":
        return False
    owner = node.value
    if isinstance(owner, ast.Call):
        owner = owner.args[0] if len(owner.args) == 1 else owner
    return _last(owner) in ("op", "operation")


def _last(node: ast.AST) -> str:
    """The last word of `node.op`, of `op`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _pairs(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """(what is asked, what it is compared with) of a comparison, a case or a look-up."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            for one, sign, other in zip(sides, node.ops, sides[1:], strict=False):
                if not isinstance(sign, ast.Is | ast.IsNot):
                    yield one, other
                    yield other, one
        case ast.Match():
            for case in node.cases:
                yield node.subject, case.pattern
        case ast.Subscript():
            yield node.slice, node.value
        case ast.Call(func=ast.Attribute(attr="get", value=table)) if node.args:
            yield node.args[0], table


def _objects(pair: tuple[ast.AST, ast.AST], aliases: set[str], names: Collection[str]) -> bool:
    asked, other = pair
    if _is_name(asked) or (isinstance(asked, ast.Name) and asked.id in aliases):
        both = _is_name(other) or (isinstance(other, ast.Name) and other.id in aliases)
        return not both
    if _last(asked) not in ("name", "word"):
        return False
    words = {part.value for part in ast.walk(other) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return isinstance(other, ast.Constant | ast.Tuple | ast.Set | ast.List) and bool(words & set(names))


def asked_options(package: Path, rooms: Collection[str]) -> list[Site]:
    """`getattr(op, "option")`: an operation asked for an option that it may not have."""
    found = []
    for path, tree in outside(package, rooms):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("getattr", "hasattr")
            ):
                if _last(node.args[0]) in ("op", "operation") and isinstance(node.args[1], ast.Constant):
                    found.append(Site(path, node.lineno, ast.unparse(node)[:100]))
    return found


def asked_classes(package: Path, rooms: Collection[str], bases: Collection[str] = ("Op",)) -> list[Site]:
    """`isinstance` and class patterns with a class of an operation: imported from their room, or asked of `….op`."""
    found = []
    for path, tree in outside(package, rooms):
        classes = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[:1] == [package.name]
            if (node.module or "").split(".")[1:2] and (node.module or "").split(".")[1] in rooms
            for alias in node.names
            if alias.name not in bases
        }
        for node in ast.walk(tree):
            asked: ast.AST | None = None
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2
            if called and node.func.id in ("isinstance", "issubclass"):
                asked = node.args[1]
            elif isinstance(node, ast.MatchClass):
                asked = node.cls
            if asked is None:
                continue
            words = {part.id for part in ast.walk(asked) if isinstance(part, ast.Name)}
            of_operation = called and _last(node.args[0]) in ("op", "operation") and words - set(bases)
            if words & classes or of_operation:
                found.append(Site(path, node.lineno, ast.unparse(node)[:100]))  # type: ignore[attr-defined]
    return found
