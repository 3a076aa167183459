"""60 broken inputs; `./dev soak fuzz` tries thousands of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import fuzz
from benchmarks.soak.fuzz import run, tried
from netspec.api import train
from netspec.diagnostics.errors import DataError


def test_only_diagnostics_come_of_broken_inputs() -> None:
    failures, slow, codes, _ = run(60, 2)
    assert failures == []
    assert slow == []
    assert len(codes) > 20


@pytest.mark.parametrize(("attempt", "count"), [(fuzz._data, 40), (fuzz._command, 40), (fuzz._cell, 20)])
def test_only_diagnostics_come_of_data_commands_and_cells(attempt: fuzz.Try, count: int) -> None:
    failures, _, codes, _ = run(count, 2, attempt)
    assert failures == []
    assert len(codes) > 8


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_end_of_line_gives_the_place_of_a_wrong_cell(end: str, inside: Path) -> None:
    """Found by fuzzing: a table whose lines end as old Macs wrote them had its faults beyond its only line."""
    (inside / "d.csv").write_bytes(end.join(["a,k", "1,u", "2,v", "x,u", ""]).encode())
    text = 'net n {\n  input x: 1\n  output y: 2 perceptrons\n}\ndata {\n  source = csv("d.csv")\n  x = columns("a")\n'
    text += '  k = label(column = "k")\n}\ntrain {\n  loss = cross_entropy(y, k)\n}\n'
    (inside / "n.net").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        train("n.net")
    found = caught.value.diagnostic
    assert (found.code, found.line, found.column) == ("NS807", 4, 1)


def test_a_word_as_an_argument_of_a_block() -> None:
    """Found by fuzzing: a default that is no step is a word, and two calls of the block are compared by it."""
    text = (
        "block Act(n, act = rela) {\n  input  x: c\n  output y: n perceptrons -> act\n}\n\n"
        "net first {\n  input  x: 4\n  hidden a: Act(3)\n  output y: a -> Act(2, act = leaky(0.1))\n}\n"
    )
    assert tried(text.encode()) == ["NS202", "NS620"]
