"""The gallery: its pages and pictures are what the code draws now."""

from __future__ import annotations

import re

import pytest

from docs.gallery import ENTRIES, FOLDER, PAGES, Entry, command, page, picture
from tests.conftest import ROOT


def told(svg: str) -> list[str]:
    """What an SVG shows but for where: names, classes and text."""
    return re.findall(r'id="([^"]*)"|class="([^"]*)"|>([^<>]+)<', svg)  # type: ignore[return-value]


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES.values() if not entry.trained], ids=lambda e: e.name)
def test_a_picture_is_drawn_as_it_is_committed(entry: Entry) -> None:
    drawn = picture(entry, {})
    committed = (FOLDER / f"{entry.name}.svg").read_text(encoding="utf-8")
    assert told(drawn.svg()) == told(committed), "run ./dev gallery"
    if drawn.plan is None:  # what `dot` lays out moves from version to version
        assert drawn.svg() == committed, "run ./dev gallery"


@pytest.mark.parametrize("language", PAGES)
def test_a_page_is_written_as_it_is_committed(language: str) -> None:
    assert PAGES[language].read_text(encoding="utf-8") == page(language), "run ./dev gallery"


def test_every_picture_is_on_the_page() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(ENTRIES)
    for entry in ENTRIES.values():
        assert (ROOT / "specs" / f"{entry.spec}.net").exists()
        assert f"pictures/gallery/{entry.name}.svg" in page("en")
        assert entry.en != entry.ko or entry.name == "llama2"


def test_the_commands_are_those_of_the_command_line() -> None:
    assert command(ENTRIES["mlp_dark"]) == "netspec render specs/post/mlp.net --theme dark"
    assert command(ENTRIES["two_moons"]).endswith("--view features --weights runs/two_moons-1")
