"""The house keeps its shape: imports point one way, heavy parts load late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest
from architecture import (
    Import,
    Site,
    asked_classes,
    asked_options,
    circles,
    imports,
    modules,
    named_operations,
    parsed,
    room,
)

from netspec.ops.registry import step_names
from tests.conftest import ROOT

PACKAGE = ROOT / "netspec"
FILES = sorted(PACKAGE.rglob("*.py"))

# A room may import from the rooms before it.
ORDER = (
    "version source names limits registry files diagnostics foreign parts documents plugins compute ir ops syntax"
    " elaborate edits repairs mends config summary codegen"
    " figure proposals spec editor training importing serve notebook cli api netspec __main__"
).split()  # fmt: skip
FACE = ("api", "netspec")  # what users import; `netspec` is the package's own __init__
ABOVE = ("api", "netspec", "notebook", "cli", "__main__")
# To be brought to nothing: where a figure falls, it is lowered here.
BACKWARDS = 0  # imports of a room that comes later
ROOMS_IN_CIRCLES, MODULES_IN_CIRCLES = 0, 0
ASKED_FOR_NAMES, ASKED_FOR_OPTIONS, ASKED_FOR_CLASSES = 1, 0, 0
OPERATIONS = ("ops",)
# words that are more than the name of a step: a function of arithmetic, initial values, what a weight may be tied with
WORDS = {"sqrt", "zeros", "transpose"}
HEAVY = (
    "torch",
    "numpy",
    "sklearn",
    "matplotlib",
    "rich",
    "networkx",
    "pydantic",
    "graphviz",
    "pygraphviz",
    "lark",
    "starlette",
    "uvicorn",
    "websockets",
)
# what a room that is itself imported late may import at the top
LIGHTER = {
    **{room: {"pydantic"} for room in ("training", "documents")},
    "serve": {"starlette", "uvicorn", "websockets"},
}
# which parts may name torch at all
TORCH = ("codegen", "config", "training", "importing", "parts", "cli", "spec")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def listed(found: Sequence[object]) -> str:
    return "\n".join(map(str, found))


# ---- who imports whom


def backwards(package: Path, order: Sequence[str]) -> list[Import]:
    """Imports of a room that does not come before the importer's own, TYPE_CHECKING and functions included."""
    rank = {name: number for number, name in enumerate(order)}
    found = imports(package)
    unknown = {room(name) for name in modules(package)} - set(order)
    assert not unknown, f"a room without a place in the order: {unknown}"
    return [
        one for one in found if room(one.source) != room(one.target) and rank[room(one.target)] > rank[room(one.source)]
    ]


def in_circles(package: Path, rooms: bool) -> list[list[str]]:
    """Groups of rooms (or of single modules) that import each other."""
    pairs = [(one.source, one.target) for one in imports(package)]
    return circles((room(a), room(b)) for a, b in pairs if room(a) != room(b)) if rooms else circles(pairs)


def test_imports_point_backwards() -> None:
    found = backwards(PACKAGE, ORDER)
    assert len(found) <= BACKWARDS, listed(found)


@pytest.mark.parametrize(("rooms", "most"), [(True, ROOMS_IN_CIRCLES), (False, MODULES_IN_CIRCLES)])
def test_no_import_circles(rooms: bool, most: int) -> None:
    found = in_circles(PACKAGE, rooms)
    assert sum(map(len, found)) <= most, listed(found)


def from_below(package: Path, face: Collection[str], above: Collection[str]) -> list[Import]:
    return [one for one in imports(package) if room(one.target) in face and room(one.source) not in above]


def test_nothing_below_imports_the_face() -> None:
    assert not from_below(PACKAGE, FACE, ABOVE), listed(from_below(PACKAGE, FACE, ABOVE))


# ---- generic code asks an operation; it knows none by name


def names() -> set[str]:
    blocks = {path.stem for path in (PACKAGE / "prelude").glob("*.net")}
    return (step_names() | blocks | {"input", "port", "delay", "flip"}) - WORDS


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (lambda: named_operations(PACKAGE, names(), OPERATIONS), ASKED_FOR_NAMES),
        (lambda: asked_options(PACKAGE, OPERATIONS), ASKED_FOR_OPTIONS),
        (lambda: asked_classes(PACKAGE, OPERATIONS), ASKED_FOR_CLASSES),
    ],
    ids=["names", "options", "classes"],
)
def test_generic_code_knows_no_operation(asked: Callable[[], list[Site]], most: int) -> None:
    found = asked()
    assert len(found) <= most, listed(found)


CHANGES = {"setdefault", "pop", "popitem", "append", "add", "update", "discard", "remove", "next"}


def asserted_changes(package: Path) -> list[str]:
    """Asserts that change something: a page runs netspec without its asserts."""
    found = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(parsed(path)):
            inside = ast.walk(node.test) if isinstance(node, ast.Assert) else ()
            for one in inside:
                called = one.func if isinstance(one, ast.Call) else None
                name = getattr(called, "attr", getattr(called, "id", ""))
                if isinstance(one, ast.NamedExpr) or name in CHANGES:
                    found.append(f"{path.relative_to(package)}:{node.lineno}")
    return found


def test_asserts_change_nothing() -> None:
    assert not asserted_changes(PACKAGE), listed(asserted_changes(PACKAGE))


# ---- each of these tests sees what it is there for


@pytest.fixture
def made_up(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """A package `house` of the given files."""

    def make(files: dict[str, str]) -> Path:
        package = tmp_path / "house"
        for name, text in {"__init__.py": "", **files}.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return package

    return make


TYPING = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}\n"
LATE = "def f():\n    {}\n"


@pytest.mark.parametrize("form", ["{}\n", TYPING, LATE], ids=["top", "typing", "late"])
@pytest.mark.parametrize(
    "line",
    ["from house.upper.b import B", "import house.upper.b", "from house.upper import b", "from ..upper import b"],
)
def test_an_import_of_a_later_room_and_a_circle_are_seen(
    made_up: Callable[[dict[str, str]], Path], line: str, form: str
) -> None:
    files = {"lower/__init__.py": "", "upper/__init__.py": "", "upper/b.py": "from house.lower.a import A\n"}
    package = made_up(files | {"lower/a.py": form.format(line)})
    [found] = backwards(package, ["lower", "upper", "house"])
    assert (found.source, found.target) == ("lower.a", "upper.b")
    assert in_circles(package, rooms=True) == [["lower", "upper"]]
    assert in_circles(package, rooms=False) == [["lower.a", "upper.b"]]


def test_a_circle_inside_a_room_is_seen(made_up: Callable[[dict[str, str]], Path]) -> None:
    package = made_up(
        {"one/a.py": LATE.format("from .b import B"), "one/b.py": "from .a import A\n", "one/__init__.py": ""}
    )
    assert in_circles(package, rooms=False) == [["one.a", "one.b"]]
    assert not in_circles(package, rooms=True)


def test_a_room_without_a_place_is_an_error(made_up: Callable[[dict[str, str]], Path]) -> None:
    with pytest.raises(AssertionError, match="attic"):
        backwards(made_up({"attic.py": ""}), ["house"])


@pytest.mark.parametrize(
    "line", ["from house import load", "import house.api", "from house.api import load", "import house"]
)
def test_an_import_of_the_face_is_seen(made_up: Callable[[dict[str, str]], Path], line: str) -> None:
    package = made_up({"api.py": "", "low.py": LATE.format(line), "cli.py": "import house.api\n"})
    assert [one.source for one in from_below(package, ("api", "house"), ("api", "house", "cli"))] == ["low"]


@pytest.mark.parametrize(
    "line",
    [
        "node.op.name == 'relu'",
        "'relu' != op.name",
        "node.op.name in ('relu', 'tanh')",
        "node.op.name not in LISTED",
        "TABLE[node.op.name]",
        "TABLE.get(op.name, 0)",
        "node.word == 'relu'",
        "item.name in {'relu'}",
        "(name := node.op.name) and name == 'relu'",
        "type(op).name == 'relu'",
        "item.name == 'Attention'",
    ],
)
def test_an_operation_that_is_known_by_name_is_seen(made_up: Callable[[dict[str, str]], Path], line: str) -> None:
    package = made_up({"ops/__init__.py": "x = op.name == 'relu'\n", "view.py": f"def f(node):\n    return {line}\n"})
    assert [site.path for site in named_operations(package, {"relu", "tanh", "Attention"}, ("ops",))] == ["view.py"]


def test_a_match_over_names_is_seen_and_other_words_are_not(made_up: Callable[[dict[str, str]], Path]) -> None:
    match = "def f(node):\n    match node.op.name:\n        case 'relu':\n            pass\n"
    other = "def f(node, view):\n    return view == 'relu' or node.op.name == node.op.name or node.role == 'maps'\n"
    package = made_up({"a.py": match, "b.py": other})
    assert [site.path for site in named_operations(package, {"relu"}, ("ops",))] == ["a.py"]


@pytest.mark.parametrize("line", ["getattr(node.op, 'stride', 1)", "hasattr(op, 'pad')"])
def test_an_option_that_may_be_missing_is_seen(made_up: Callable[[dict[str, str]], Path], line: str) -> None:
    package = made_up({"view.py": f"def f(node, op):\n    return {line}\n", "other.py": "x = getattr(node, 'op')\n"})
    assert [site.path for site in asked_options(package, ("ops",))] == ["view.py"]


@pytest.mark.parametrize(
    "line", ["isinstance(op, Relu)", "issubclass(op, (int, Relu))", "[x for x in op if isinstance(x, int | Relu)]"]
)
def test_a_class_of_an_operation_is_seen(made_up: Callable[[dict[str, str]], Path], line: str) -> None:
    head = "from house.ops.relu import Relu\nfrom house.ops.base import Op\n"
    files = {"ops/__init__.py": "", "ops/relu.py": "", "view.py": f"{head}def f(op):\n    return {line}\n"}
    match = f"{head}def f(op):\n    match op:\n        case Relu():\n            pass\n    return isinstance(op, Op)\n"
    package = made_up(files | {"other.py": match})
    assert {site.path for site in asked_classes(package, ("ops",))} == {"view.py", "other.py"}


# ---- heavy parts load late


def imported(tree: ast.AST, top_only: bool = False) -> Iterator[str]:
    """The first word of every module that is imported outside `if TYPE_CHECKING:`."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        pending.extend(ast.iter_child_nodes(node))


def test_heavy_modules_are_imported_late() -> None:
    for path in FILES:
        tree = parsed(path)
        allowed = LIGHTER.get(part_of(path), set())
        assert not (set(imported(tree, top_only=True)) & set(HEAVY)) - allowed, path
        if part_of(path) not in TORCH:
            assert "torch" not in set(imported(tree)), path


def test_manners() -> None:
    for path in FILES:
        check_manners(path)


def check_manners(path: Path) -> None:
    tree = parsed(path)
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
    assert "netspec.ops.dense" in done.stdout
    assert "filters" not in done.stdout


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5, such as Debian 12's, matches `(…)*+` wrongly (gh-106052); `(?>(…)*)` it matches right."""
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "(?" in node.value:
                assert not re.search(r"(?<!\\)\)[*+?]\+", node.value), f"{path}:{node.lineno}"
