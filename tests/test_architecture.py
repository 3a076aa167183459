"""The house keeps its shape: imports point one way, heavy parts load late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "netspec"
FILES = sorted(PACKAGE.rglob("*.py"))

# A part may import from parts of the same or a lower rank.
RANK = {
    "version": 0, "source": 0, "names": 0, "limits": 0, "registry": 0,
    "diagnostics": 1,
    "compute": 1, "ir": 2,
    "syntax": 3, "ops": 3, "parts": 3,
    "elaborate": 4,
    "sections": 5,
    "show": 6, "lower": 6, "figure": 6, "draw": 6,
    "spec": 7, "training": 8, "api": 9, "notebook": 9,
    "cli": 9, "__init__": 9, "__main__": 9,
}  # fmt: skip
HEAVY = ("torch", "numpy", "sklearn", "matplotlib", "rich", "networkx", "pydantic", "graphviz", "pygraphviz", "lark")
# which parts may name torch at all
TORCH = ("lower", "sections", "training", "parts", "cli", "spec")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST, top_only: bool = False) -> Iterator[tuple[str, int]]:
    """Every module that is imported outside `if TYPE_CHECKING:`, with its line."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
        pending.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_backwards(path: Path) -> None:
    own = RANK[part_of(path)]
    for name, line in imports(ast.parse(path.read_text(encoding="utf-8"))):
        if name.startswith("netspec."):
            other = name.split(".")[1]
            if other != "grammar":
                assert RANK[other] <= own, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_modules_are_imported_late(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {name.split(".")[0] for name, _ in imports(tree, top_only=True)}
    allowed = {"pydantic"} if part_of(path) in ("sections", "training") else set()
    assert not (top & set(HEAVY)) - allowed
    anywhere = {name.split(".")[0] for name, _ in imports(tree)}
    if part_of(path) not in TORCH:
        assert "torch" not in anywhere


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_manners(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what it turns into what"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("exec", "eval", "compile") and path.name != "live.py":
                raise AssertionError(f"{path}:{node.lineno} calls {node.func.id}")
            if node.func.id == "print":
                assert part_of(path) == "cli", f"{path}:{node.lineno} prints"
        if isinstance(node, ast.Attribute) and node.attr in ("pickle", "loads") and "pickle" in ast.unparse(node):
            raise AssertionError(f"{path}:{node.lineno} pickles")


def test_no_room_for_odds_and_ends() -> None:
    names = {path.stem for path in FILES} | {path.parent.name for path in FILES}
    assert not names & {"utils", "util", "helpers", "common", "misc", "manager"}


def loaded_by(code: str) -> set[str]:
    """The modules in memory after some code, in a fresh process."""
    script = f"{code}\nimport sys; print('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return {line.split(".")[0] for line in done.stdout.split()}


def test_the_command_line_starts_light() -> None:
    assert not loaded_by("import netspec.cli") & set(HEAVY)


def test_check_loads_only_what_it_needs() -> None:
    loaded = loaded_by("from netspec.cli import main; main(['check', '-q', 'specs/zoo/resnet18.net'])")
    assert not loaded & set(HEAVY)


def test_an_operation_is_imported_when_a_spec_names_it() -> None:
    code = "import netspec; netspec.parse('net a {\\n  input x: 3\\n  output y: 2 perceptrons\\n}\\n')"
    script = f"{code}\nimport sys; print([name for name in sys.modules if name.startswith('netspec.ops.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "perceptrons" in done.stdout
    assert "filters" not in done.stdout


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5, such as Debian 12's, matches `(…)*+` wrongly (gh-106052); `(?>(…)*)` it matches right."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "(?" in node.value:
                assert not re.search(r"(?<!\\)\)[*+?]\+", node.value), f"{path}:{node.lineno}"
