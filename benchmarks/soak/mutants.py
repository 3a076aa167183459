"""200 fixed mutants of type rules, elaboration and escaping: how many the tests notice."""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT = 200
SEED = 20240229
WANTED = 0.85
SLOWEST = 600  # seconds for one round of tests; a mutant that takes longer is caught
# the parts that decide what is right, and what keeps a spec's text from becoming code or markup
PARTS = {
    "type rules": ("ops/*.py", "types.py", "sizes.py"),
    "elaboration": ("elaborate/*.py",),
    "escaping": (
        "diagnostics/display.py", "draw/svg.py", "draw/dot.py", "draw/text.py", "lower/pynames.py", "syntax/text.py",
        "syntax/characters.py", "diagnostics/fixes.py",
    ),
}  # fmt: skip
# quick ones first: most mutants die there
ROUNDS = (
    ("tests/hostile/test_corpus.py", "tests/diagnostics", "tests/rules", "tests/networks"),
    ("tests/hostile", "tests/elaborate", "tests/lower", "tests/show", "tests/figure", "tests/draw", "tests/api"),
    ("tests/ops", "tests/proof", "tests/laws"),
)
_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the characters `[begin, end)` of its text become `new`."""

    part: str
    file: str
    line: int
    begin: int
    end: int
    new: str
    what: str


def main() -> bool:
    chosen = sample()
    begun = time.monotonic()
    alive: list[Mutant] = []
    with tempfile.TemporaryDirectory() as name:
        package = Path(name) / "netspec"
        shutil.copytree(ROOT / "netspec", package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "grammar", Path(name) / "grammar")
        if not all(_passes(Path(name), tests) for tests in ROUNDS):
            print("the tests fail without a mutant", file=sys.stderr)
            return False
        for number, mutant in enumerate(chosen, 1):
            path = package / mutant.file
            text = path.read_text(encoding="utf-8")
            path.write_text(text[: mutant.begin] + mutant.new + text[mutant.end :], encoding="utf-8")
            lives = all(_passes(Path(name), tests) for tests in ROUNDS)
            path.write_text(text, encoding="utf-8")
            if lives:
                alive.append(mutant)
            print(f"{number:3} {'LIVES' if lives else 'dies '} {mutant.file}:{mutant.line} {mutant.what}", flush=True)
    return _publish(chosen, alive, time.monotonic() - begun)


def _publish(chosen: list[Mutant], alive: list[Mutant], seconds: float) -> bool:
    lines = ["| part | mutants | die | share |", "|---|---|---|---|"]
    for part in (*PARTS, "all"):
        own = [mutant for mutant in chosen if part in (mutant.part, "all")]
        living = [mutant for mutant in alive if part in (mutant.part, "all")]
        share = 1 - len(living) / max(1, len(own))
        lines.append(f"| {part} | {len(own)} | {len(own) - len(living)} | {share:.1%} |")
    lines += ["", f"Seed {SEED}, {seconds / 60:.0f} minutes. Those that live:", ""]
    lines += [f"- `{mutant.file}:{mutant.line}` {mutant.what}" for mutant in alive] or ["- none"]
    publish("mutants", "Mutants: changes of the code that the tests notice", lines)
    return len(alive) <= (1 - WANTED) * len(chosen)


def sample() -> list[Mutant]:
    """The same mutants on every run, of each part as many as its share of all that could be made."""
    every = list(mutants())
    return random.Random(SEED).sample(every, min(COUNT, len(every)))


def mutants() -> Iterator[Mutant]:
    for part, patterns in PARTS.items():
        for pattern in patterns:
            for path in sorted((ROOT / "netspec").glob(pattern)):
                yield from _of_file(part, path)


def _of_file(part: str, path: Path) -> Iterator[Mutant]:
    text = path.read_text(encoding="utf-8")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    encoded = text.splitlines(keepends=True)
    name = path.relative_to(ROOT / "netspec").as_posix()

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(encoded[line - 1].encode()[:column].decode())

    for node, new in _changes(ast.parse(text)):
        begin = offset(node.lineno, node.col_offset)
        end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        old = text[begin:end]
        if old != new:
            short = " ".join(old.split())[:60]
            yield Mutant(part, name, node.lineno, begin, end, new, f"`{short}` -> `{' '.join(new.split())[:60]}`")


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every expression that may be changed, and what it becomes; annotations and texts stay."""
    for node in _code(tree):
        match node:
            case ast.Compare(ops=[op]) if type(op) in _COMPARE:
                other = ast.Compare(node.left, [_COMPARE[type(op)]()], node.comparators)
                yield node, f"({ast.unparse(other)})"
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC and not _is_text(node):
                yield node, f"({ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(op)](), node.right))})"
            case ast.BoolOp(op=ast.And()):
                yield node, f"({ast.unparse(ast.BoolOp(ast.Or(), node.values))})"
            case ast.BoolOp(op=ast.Or()):
                yield node, f"({ast.unparse(ast.BoolOp(ast.And(), node.values))})"
            case ast.UnaryOp(op=ast.Not()):
                yield node, f"({ast.unparse(node.operand)})"
            case ast.Constant(value=bool(value)):
                yield node, str(not value)
            case ast.Constant(value=int(value)) if 0 <= value <= 9:
                yield node, str(value + 1)


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


def _passes(package: Path, tests: tuple[str, ...]) -> bool:
    there = [test for test in tests if (ROOT / test).exists()]
    environment = {**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *there]
    try:
        done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, timeout=SLOWEST, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in (0, 5)
