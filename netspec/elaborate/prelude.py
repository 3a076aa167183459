"""Blocks that every spec can call: written in the language, one to a file, read when first named."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path

from netspec.elaborate.program import Definition, Unit
from netspec.syntax import tree
from netspec.syntax.lost import Lost
from netspec.syntax.read import read
from netspec.syntax.text import read_file

FOLDER = Path(__file__).parent.parent / "prelude"


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """The prelude's blocks; a file is named as its block."""
    return frozenset(entry[:-4] for entry in os.listdir(FOLDER) if entry.endswith(".net"))


@cache
def block(name: str) -> Definition | None:
    """A block of the prelude, or None; a file's own names and those it uses come before."""
    if name not in names():
        return None
    parsed = read(read_file(FOLDER / f"{name}.net", f"<prelude>/{name}.net"))
    unit = Unit(parsed.source, parsed.file, Lost())
    for item in parsed.file.declarations:
        if isinstance(item, tree.Body):
            unit.own[item.name.text] = Definition(item, unit)
    return unit.own[name]
