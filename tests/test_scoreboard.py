"""The scoreboards: pages and pictures are what the code draws now, and no two figures of a board look alike.

Every fifth is drawn; `./dev soak long` draws all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest

import netspec
from docs.scoreboard import BOARDS, LANGUAGES, MOST, Board, Figure, page, picture, row
from tests.figure.law import look

AT_LEAST = {"zoo": (22, 27), "nielsen": (41, 45), "d2l": (65, 93)}
SAMPLE = 5
EVERY = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)


def agree(board: Board, figures: Sequence[Figure]) -> None:
    """Compare what is committed with what is drawn now."""
    for figure in figures:
        spec = netspec.parse(figure.text)
        assert spec.format() == figure.text, figure.name
        found = {warning.code for warning in spec.check()}
        assert found <= {"NS330"}, figure.name  # sums of sums, as the book has them
        if picture(figure).plan is None:  # what `dot` lays out moves from version to version
            committed = (board.folder / f"{figure}.svg").read_text(encoding="utf-8")
            assert picture(figure).svg() == committed, "run python -m docs.scoreboard"
        for language in LANGUAGES:
            assert row(figure, language) in board.file(language).read_text(encoding="utf-8"), figure.name
    for one, two in combinations(figures, 2):
        assert look(picture(one)) != look(picture(two)), f"{one.name} and {two.name}"


@EVERY
def test_every_figure_has_a_short_spec_or_a_reason(board: Board) -> None:
    least, every = AT_LEAST[board.name]
    names = [figure.name for figure in board.figures]
    assert len(set(names)) == len(names) == every
    assert board.count >= least
    assert {path.stem for path in board.folder.glob("*.svg")} == {str(figure) for figure in board.drawn}
    for figure in board.figures:
        assert figure.same in ("", *(one.name for one in board.drawn))
        assert bool(figure.en) == bool(figure.ko)
        assert figure.spec or figure.same or figure.en, f"{figure.name}: it is not said why it is not drawn"
    for figure in board.drawn:
        assert figure.lines <= MOST, figure.name


@EVERY
def test_what_is_committed_is_what_is_drawn(board: Board) -> None:
    agree(board, board.drawn[::SAMPLE])


@pytest.mark.soak
@EVERY
def test_all_that_is_committed_is_what_is_drawn(board: Board) -> None:
    agree(board, board.drawn)
    for language in LANGUAGES:
        committed = board.file(language).read_text(encoding="utf-8")
        assert committed == page(board, language), "run python -m docs.scoreboard"
