"""Published networks, written from docs/language.md alone: each is accepted without a warning and has its count.

A count is the published one, or arithmetic on the paper's sizes written out in the file's `require`. The networks
of specs/ are held to the same.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from networks.test_references import CASES as REFERENCES

import netspec
from netspec.syntax import tree

ROOT = Path(__file__).resolve().parents[2]
OWN = sorted(Path(__file__).parent.glob("*.net"))
REFERENCED = {case.partition(" ")[0] for case in REFERENCES}
loaded = cache(netspec.load)  # read and checked once for all of the tests
SPECS = [*OWN, *sorted(ROOT.glob("specs/[!l]*/*.net"))]  # specs/llm: test_language_models.py


def name(path: Path) -> str:
    return path.stem if path in OWN else f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", SPECS, ids=name)
def test_no_message_and_canonical_text(path: Path) -> None:
    spec = loaded(path)
    assert [diagnostic.code for diagnostic in spec.check()] == []
    assert spec.format() == path.read_text(encoding="utf-8"), f"netspec fmt {path.name}"


@pytest.mark.parametrize("path", [path for path in SPECS if path in OWN or path.parent.name == "zoo"], ids=name)
def test_says_its_count_and_its_paper(path: Path) -> None:
    program = loaded(path).program
    required = [
        statement.left.name
        for net in program.nets
        for statement in net.body.statements
        if isinstance(statement, tree.Require) and isinstance(statement.left, tree.Ref)
    ]
    assert "weights" in required
    assert path not in OWN or re.search(r"^# .*(19|20)\d\d", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=name(path), marks=[pytest.mark.soak] * (number % 4 > 0))
        for number, path in enumerate(path for path in OWN if path.stem not in REFERENCED)
    ],
)
def test_becomes_source_that_is_python(path: Path) -> None:
    """Of the others the module is made of its source, and compared."""
    spec = loaded(path)
    for net in spec.nets:
        compile(spec.net(net).source(), path.name, "exec")
