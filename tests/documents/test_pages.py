"""Every fenced spec, command and Python line of the documents is run; both languages have the same pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.build import example
from docs.fences import DOCS, LANGUAGES, Fence, fences, pages
from docs.runner import Page, shows
from netspec.config.vocabulary.losses import LOSSES
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS
from netspec.ops.registry import OPERATIONS
from tests.conftest import ROOT

pytest.importorskip("torch")

README = ROOT / "README.md"
PAGES = [(language, path) for language in LANGUAGES for path in pages(language)] + [("en", README)]


@pytest.fixture(autouse=True)
def _own() -> Iterator[None]:
    """A page may register operations, losses, themes and views; the next one starts without them."""
    with OPERATIONS.temporarily(), LOSSES.temporarily(), THEMES.temporarily(), VIEWS.temporarily():
        yield


@pytest.mark.parametrize(("language", "path"), PAGES, ids=lambda value: str(value).removeprefix(str(ROOT)))
@pytest.mark.filterwarnings("default")
def test_what_a_page_shows_is_so(language: str, path: Path, tmp_path: Path) -> None:
    for fence, printed in Page(path, tmp_path, language).run():
        assert shows(fence.text, printed), f"{path}:{fence.line} shows what is not printed now; printed:\n{printed}"


def names(language: str) -> set[str]:
    return {path.relative_to(DOCS / language).as_posix() for path in pages(language)}


def test_both_languages_have_the_same_pages() -> None:
    assert names("en") == names("ko")


def bare(fence: Fence) -> tuple[str, tuple[str, ...], str]:
    """A fence without what may differ between the languages: strings, comments, what is printed."""
    text = "" if "output" in fence.flags else re.sub(r'"""[^"]*"""|"[^"\n]*"|#[^\n]*', "", fence.text)
    return fence.kind, tuple(fence.flags.items()), re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", sorted(names("en") & names("ko")))
def test_both_languages_have_the_same_fences(name: str) -> None:
    english, korean = (
        [bare(fence) for fence in fences((DOCS / language / name).read_text(encoding="utf-8"))]
        for language in ("en", "ko")
    )
    assert english == korean


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_written_in_its_language(language: str) -> None:
    for path in pages(language):
        text = path.read_text(encoding="utf-8")
        prose = text
        for fence in reversed(fences(text)):
            prose = prose[: fence.start] + prose[fence.end :]
        assert (len(re.findall(r"[가-힣]", prose)) > 20) == (language == "ko"), path


def test_the_korean_page_of_the_language_follows_the_english_one() -> None:
    english = [example(fence) for fence in fences((DOCS / "language.md").read_text(encoding="utf-8"))]
    korean = re.findall(r"<!-- fence: (\w+) -->", (DOCS / "language.ko.md").read_text(encoding="utf-8"))
    assert [name for name in english if name in korean] == korean
    # a new example may be translated later, a page that falls behind may not
    assert len(set(english) - {""} - set(korean)) <= 3


def test_both_pages_of_the_language_have_the_same_sections() -> None:
    english, korean = (
        re.findall(r"^## (\d+)\.", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("language.md", "language.ko.md")
    )
    assert english == korean


def test_shows() -> None:
    assert shows("a …\nc\n", "a b\nc")
    assert not shows("a\n", "b\n")
    assert not shows("a\n", "a\nb\n")
