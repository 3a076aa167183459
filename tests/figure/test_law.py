"""The law of true figures over the registry: two nets that differ in one option never have one figure in silence."""

from __future__ import annotations

import pytest

import netspec
from netspec.figure.views import VIEWS
from netspec.ir.marks import structure
from netspec.ir.operation import Elementwise, option
from netspec.ops.registry import OPERATIONS
from tests.figure.law import DRAWS_NETS, FACTS, WHOLE_NETS, checked, drawn, draws, faults, look, operations, pairs
from tests.figure.pairs import PAIRS

NAMES = [cls.name for cls in operations()]


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_seen_or_said(name: str) -> None:
    cls = next(one for one in operations() if one.name == name)
    covered = set()
    for pair in pairs(cls, 1):
        covered.add(pair.option)
        for view in DRAWS_NETS:
            assert faults(pair, view) == "", f"{pair.step}({pair.option}) in {view}:\n{pair.first}\n{pair.second}"
    assert covered == set(cls.options), "an option without two nets that differ in it: see WRITTEN"


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_of_the_structure_is_seen(name: str) -> None:
    first, second = FACTS[name]
    netspec.parse(first)
    netspec.parse(second)
    views = 0
    for view in WHOLE_NETS:
        figures = drawn(first, view), drawn(second, view)
        if figures[0] is None or figures[1] is None or not draws(checked(first), figures[0]):
            continue
        views += 1
        assert look(figures[0]) != look(figures[1]), f"{name} is drawn alike in {view}"
    assert views


# some pairs of tests/figure/pairs.py that were drawn alike; `./dev soak law` takes all
ONCE_ALIKE = (
    "add or multiply", "norm before or after the activation", "norm before or after the sum", "a longer skip",
    "no gradient into one branch", "which of two runs back", "a block called with other steps",
)  # fmt: skip


@pytest.mark.parametrize("name", ONCE_ALIKE)
def test_nets_that_differ_in_no_option_are_drawn_differently(name: str) -> None:
    for view in WHOLE_NETS:
        figures = [drawn(text, view) for text in PAIRS[name]]
        assert None in figures or look(figures[0]) != look(figures[1]), view  # type: ignore[arg-type]


def test_the_law_sees_a_mark_that_a_view_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that claims to show what it does not draw is found."""
    view = VIEWS["neurons"]
    (pair,) = [one for one in pairs(next(c for c in operations() if c.name == "lstm"), 1) if one.option == "layers_"]
    assert faults(pair, "neurons") == ""
    monkeypatch.setattr(view, "shows", lambda self, drawing, node: frozenset({"layers_", "title", "units"}))
    assert faults(pair, "neurons") == "drawn alike"


def test_the_law_sees_an_operation_whose_mark_says_nothing() -> None:
    class Muffled(Elementwise):
        name = "muffled"
        summary = "a number that no figure says"
        call = "{x}"
        gap: int = option("integer", "a gap", default=1, least=1, mark=structure({9: "nine"}))

    with OPERATIONS.temporarily(Muffled):
        assert [faults(pair, "blocks") for pair in pairs(Muffled, 1)] == ["drawn alike"]
