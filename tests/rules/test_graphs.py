"""The whole graph of every rule's accepted spec, kept in graph.txt in the words of dump.py.

What is there was read in review. `./dev test tests/rules/test_graphs.py --refresh` writes it anew after a change.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dump import text_of
from test_rules import RULES, check_golden, slug

from netspec.api import load


@pytest.mark.parametrize("rule", RULES, ids=slug)
def test_graph(rule: Path, monkeypatch: pytest.MonkeyPatch, refresh: bool) -> None:
    monkeypatch.chdir(rule)
    spec = load("accepted.net")
    check_golden(rule / "graph.txt", "".join(text_of(spec.net(name).graph) for name in spec.nets), refresh)
