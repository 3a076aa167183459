"""`python -m docs.scoreboard`: figures of textbooks from the specs of docs/boards -> docs/scoreboard*.md, pictures.

A board is one file: its figures by their published names, each with a spec, or with what netspec lacks to draw it. The
originals are no part of this project.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import netspec
from docs.gallery import DOCS
from netspec.figure.backends import Picture

LANGUAGES = ("en", "ko")
MOST = 15  # lines of a spec


@dataclass(frozen=True)
class Figure:
    """A published figure: its name, our spec, and what is to be said of it in both languages.

    `same` names a figure of the board that shows the same net. With neither it is not drawn, and `en` and `ko` say why.
    """

    name: str
    spec: str = ""
    same: str = ""
    title: str = ""
    title_ko: str = ""
    en: str = ""
    ko: str = ""

    @property
    def text(self) -> str:
        """The whole spec."""
        return f"netspec 1\n\n{self.spec}"

    @property
    def lines(self) -> int:
        """How many lines of the spec say something."""
        return sum(1 for line in self.text.splitlines() if line)

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Board:
    """The figures of one book or poster."""

    name: str
    title: str
    title_ko: str
    about: str
    about_ko: str
    figures: tuple[Figure, ...]

    @property
    def drawn(self) -> list[Figure]:
        """The figures that have a spec of their own."""
        return [figure for figure in self.figures if figure.spec]

    @property
    def count(self) -> int:
        """How many of the published figures can be drawn."""
        return sum(1 for figure in self.figures if figure.spec or figure.same)

    @property
    def page(self) -> str:
        """The name of its page, without language and ending."""
        return "scoreboard" if self.name == "zoo" else f"scoreboard-{self.name}"

    @property
    def folder(self) -> Path:
        return DOCS / "pictures" / self.name

    def file(self, language: str) -> Path:
        """Return where its page in a language stands."""
        return DOCS / (f"{self.page}.md" if language == "en" else f"{self.page}.{language}.md")


def _read(path: Path) -> Board:
    held = tomllib.loads(path.read_text(encoding="utf-8"))
    return Board(path.stem, figures=tuple(Figure(**one) for one in held.pop("figure")), **held)


BOARDS = [_read(DOCS / "boards" / f"{name}.toml") for name in ("zoo", "nielsen", "d2l")]


@lru_cache(maxsize=256)
def picture(figure: Figure) -> Picture:
    return netspec.parse(figure.text).net().render()


def row(figure: Figure, language: str) -> str:
    """The line of a figure in the table of its page."""
    name = figure.title if language == "en" else figure.title_ko
    remark = figure.en if language == "en" else figure.ko
    if figure.same:
        return f"| [{figure.name}](#{figure.same}) {name} | = {figure.same} | | | {remark} |"
    if not figure.spec:
        return f"| {figure.name} {name} | – | – | – | {remark} |"
    scene = picture(figure).scene
    nodes = sum(1 for node in scene.nodes if node.shape != "pill")
    return f"| [{figure.name}](#{figure}) {name} | {figure.lines} | {nodes} | {len(scene.wires)} | {remark} |"


def page(board: Board, language: str) -> str:
    """The Markdown of one language: a table of all figures, then each picture with its spec."""
    english = language == "en"
    count = {
        "en": f"{board.count} of {len(board.figures)} are drawn, each from a spec of at most {MOST} lines. "
        "Nodes and wires are\nthose of our figure; where a figure is not drawn, the table says what is missing. "
        "`python -m docs.scoreboard` draws\nthem all.\n",
        "ko": f"{len(board.figures)}개 가운데 {board.count}개를 {MOST}줄이 넘지 않는 명세로 그렸습니다. "
        "노드와 선의 수는 이 그림의\n것이고, 그리지 못한 그림은 무엇이 없어서인지 적었습니다. "
        "`python -m docs.scoreboard`로 모두 다시 그립니다.\n",
    }
    parts = [
        f"# {board.title if english else board.title_ko}\n",
        board.about if english else board.about_ko,
        count[language],
        "| figure | lines | nodes | wires | |" if english else "| 그림 | 줄 | 노드 | 선 | |",
        "|---|---|---|---|---|",
        *(row(figure, language) for figure in board.figures),
    ]
    for figure in board.drawn:
        name = (figure.title if english else figure.title_ko) or figure.name
        parts.append(f"\n## {figure.name}\n\n![{name}](pictures/{board.name}/{figure}.svg)\n\n```net\n{figure.text}```")
    return "\n".join(parts) + "\n"


def main() -> int:
    for board in BOARDS:
        board.folder.mkdir(parents=True, exist_ok=True)
        for old in board.folder.glob("*.svg"):
            old.unlink()
        for figure in board.drawn:
            picture(figure).save(board.folder / f"{figure}.svg")
        for language in LANGUAGES:
            board.file(language).write_text(page(board, language), encoding="utf-8")
        print(f"{board.file('en')}: {board.count} of {len(board.figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
