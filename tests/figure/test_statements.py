"""Every numbered statement about the post's figures is asserted by a test; deviations have a reason and a test too."""

from __future__ import annotations

import importlib

from tests.figure.statements import ASSERTED, COUNTS, DEVIATIONS

for part in ("perceptrons", "neurons", "grids", "stacks"):
    importlib.import_module(f"tests.figure.test_post_{part}")
ALL = [f"{figure}.{number}" for figure, count in COUNTS.items() for number in range(1, count + 1)]


def test_every_statement_is_asserted() -> None:
    assert [statement for statement in ALL if statement not in ASSERTED] == []


def test_nothing_is_asserted_that_no_figure_says() -> None:
    assert set(ASSERTED) <= set(ALL)


def test_deviations_have_reasons() -> None:
    assert set(DEVIATIONS) <= set(ALL)
    assert all(len(reason) > 40 for reason in DEVIATIONS.values())
