"""The scoreboard: its pages and pictures are what the code draws now, and no two cells look alike."""

from __future__ import annotations

from itertools import combinations

from docs.scoreboard import CELLS, DRAWN, FOLDER, PAGES, page, picture
from tests.figure.law import look


def test_the_pages_and_pictures_are_those_that_are_committed() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == {cell.short.lower() for cell in DRAWN}
    for cell in DRAWN:
        if picture(cell).plan is None:  # what `dot` lays out moves from version to version
            committed = (FOLDER / f"{cell.short.lower()}.svg").read_text(encoding="utf-8")
            assert picture(cell).svg() == committed, "run python -m docs.scoreboard"
    for language, path in PAGES.items():
        assert path.read_text(encoding="utf-8") == page(language), "run python -m docs.scoreboard"


def test_cells_are_short_and_told_apart() -> None:
    assert len({cell.short for cell in CELLS}) == 27
    assert len(DRAWN) >= 22
    assert max(len(cell.spec.strip().splitlines()) for cell in DRAWN) <= 15
    for one, two in combinations(DRAWN, 2):
        assert look(picture(one)) != look(picture(two)), f"{one.short} and {two.short}"
    for cell in CELLS:
        assert cell.lines or (cell.en and cell.ko), f"{cell.short}: it is not said why it is not drawn"
