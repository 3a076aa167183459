"""A folder of benchmarks -> the modules in it that have a `main()`, run by name."""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path


def main(package: str, names: list[str]) -> int:
    """Runs each; returns the number of those that did not hold (a `main` returns False then)."""
    found = listing(package)
    if not names:
        width = max(map(len, found), default=0)
        for name, line in found.items():
            print(f"{name:{width}}  {line}")
        return 0
    unknown = [name for name in names if name not in found]
    if unknown:
        print(f"there is no {', '.join(unknown)}; there is {', '.join(found)}", file=sys.stderr)
        return 2
    return sum(import_module(f"{package}.{name}").main() is False for name in names)


def listing(package: str) -> dict[str, str]:
    """Name -> first line of the docstring, of every module with a `main()`."""
    folder = Path(__file__).resolve().parent.parent.joinpath(*package.split("."))
    found = {}
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
        name = path.parent.name if path.stem == "__init__" else path.stem
        tree = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(item, ast.FunctionDef) and item.name == "main" for item in tree.body)
        if has_main and name != "runner":
            found[name] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found
