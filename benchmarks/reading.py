"""Thirty docstrings, comments and messages, drawn at random, for a reader who has never seen the project."""

from __future__ import annotations

import ast
import io
import random
import tokenize
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNT = 10  # of each kind
SEED = 1201


def docstrings(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and (
            said := ast.get_docstring(node)
        ):
            found.append(f"{path.relative_to(ROOT)}: {node.name}: {said}")
    return found


def comments(path: Path) -> list[str]:
    """Each comment with its line of code, for one says little without the other."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        f"{path.relative_to(ROOT)}:{token.start[0]}: {' / '.join(lines[token.start[0] - 1 : token.start[0] + 1])}"
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
        and "fmt:" not in token.string
        and "noqa" not in token.string
        and "type: ignore" not in token.string
    ]


def messages() -> list[str]:
    found = []
    for path in sorted((ROOT / "netspec" / "diagnostics" / "catalogue").glob("*.toml")):
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(entry, dict) and isinstance(entry.get("en"), (str, dict)):
                found.append(f"{code}: {entry['en']}")
    return found


def main() -> bool:
    """Prints the sample: the same one for the same tree."""
    paths = sorted((ROOT / "netspec").rglob("*.py"))
    draw = random.Random(SEED)
    for kind, found in (
        ("Docstrings", [item for path in paths for item in docstrings(path)]),
        ("Comments", [item for path in paths for item in comments(path)]),
        ("Messages", messages()),
    ):
        print(f"\n## {kind}\n")
        for item in draw.sample(found, COUNT):
            print(f"- {item}\n")
    return True
