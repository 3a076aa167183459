"""What README, docs/language.md and the other pages beside them show is so: specs, Python, commands, links, tables.

The pages below docs/en and docs/ko have tests of their own.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from docs import tables
from netspec.api import Spec
from netspec.cli.main import COMMANDS
from netspec.cli.main import netspec as group
from netspec.elaborate.program import parse_program
from netspec.source import SourceFile
from netspec.syntax.read import read

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def fences(kind: str) -> list[tuple[str, str, str]]:
    """Where a fence stands, what its head says, and its text."""
    found = []
    for path in PAGES:
        if path.name.startswith("scoreboard"):  # their specs are those of docs/boards, which another test reads
            continue
        page = text_of(path)
        for match in FENCE.finditer(page):
            if match[1] == kind:
                found.append((f"{path.name}:{page.count(chr(10), 0, match.start()) + 1}", match[2].strip(), match[3]))
    return found


def named(found: list[tuple[str, str, str]]) -> list[object]:
    return [pytest.param(head, text, id=place) for place, head, text in found]


# ---- specs


@pytest.mark.parametrize(("head", "text"), named(fences("net")))
def test_spec(head: str, text: str) -> None:
    """Right ones have no message and stand in canonical text; `error=NS302` fails with exactly that code."""
    spec = Spec(parse_program(text, "example.net"))
    wanted = re.findall(r"error=(NS\d{3})", head)
    assert [diagnostic.code for diagnostic in spec.check()] == wanted
    assert spec.format() == text


def test_language_shows_enough() -> None:
    shown = [place for place, _, _ in fences("net") if place.startswith("language.md")]
    assert len(shown) >= 28


def cells() -> list[object]:
    """The code in the tables of patterns, each with whether a line stands there or what follows an arrow."""
    section = text_of(ROOT / "docs/language.md").partition("## 18. Patterns")[2]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    codes = [code for row in rows if len(row) == 2 for code in re.findall(r"`([^`]+)`", row[1])]
    return [pytest.param(code, id=code) for code in codes if "…" not in code and "over" not in code]


@pytest.mark.parametrize("code", cells())
def test_patterns_are_in_the_language(code: str) -> None:
    line = code if re.match(r"(?:input|hidden|output|start) ", code) else f"hidden line: {code}"
    if re.fullmatch(r"[\w ]*@[\w ]*|one of \w+", code):
        line = f"input line: {code}"
    if re.match(r"\w+ = |\d+x\d+$", code):  # an option, or the size of a filter
        line = f"hidden line: f({code})"
    parsed = read(SourceFile("pattern", f"net n {{\n  {line}\n}}\n"))
    assert [diagnostic.code for diagnostic in parsed.diagnostics] == []


# ---- Python and commands


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=lambda path: path.name)
def test_python(page: Path, inside: Path) -> None:
    """A page's Python runs in order, in one namespace; the README's is run with the pages of docs/en."""
    code = [match for match in FENCE.finditer(text_of(page)) if match[1] == "python"]
    if code:
        pytest.importorskip("torch")
    (inside / "specs").symlink_to(ROOT / "specs")
    space: dict[str, object] = {"__name__": "example"}
    for match in code:
        exec(compile(match[3], page.name, "exec"), space)


def commands() -> list[object]:
    found = {}
    for path in PAGES:
        page = text_of(path)
        blocks = [match[3] for match in FENCE.finditer(page) if match[1] in ("", "sh", "shell", "console")]
        for block in [*blocks, *INDENTED.findall(FENCE.sub("", page)), *re.findall(r"`([^`\n]+)`", page)]:
            for line in block.splitlines():
                words = line.partition("  #")[0].strip().removeprefix("$ ")
                if re.match(r"(?:\./dev )?netspec \w", words) and words != "netspec 1":
                    found[words.removeprefix("./dev ")] = path.name
    return [pytest.param(line, id=f"{page}: {line}") for line, page in found.items()]


@pytest.mark.parametrize("line", commands())
def test_command_and_flags_exist(line: str) -> None:
    words = shlex.split(line.replace("…", ""))[1:]
    assert words[0] in COMMANDS, f"there is no command {words[0]}"
    command = group.get_command(click.Context(group), words[0])
    assert command is not None
    flags = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    for word in words[1:]:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in {*flags, "-h", "--help"}


def test_every_command_is_named_in_the_readme() -> None:
    assert {"new", "check", "render", "show", "compile", "train", "explain", "lsp", "doctor"} <= set(
        re.findall(r"netspec (\w+)", text_of(ROOT / "README.md"))
    )


@pytest.mark.parametrize(
    "line", sorted({word for path in PAGES for word in re.findall(r"\./dev (\w+)", text_of(path))})
)
def test_dev_knows(line: str) -> None:
    usage = subprocess.run(["sh", ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    assert f"./dev {line} " in usage


# ---- links and tables


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# language.ko.md stands in the site at docs/ko: the site's own test follows its links
@pytest.mark.parametrize("path", [page for page in PAGES if ".ko" not in page.name], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(FENCE.sub("", text_of(path))):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, place = target.partition("#")
        page = path.parent / name if name else path
        assert page.exists(), target
        if place and page.suffix == ".md":
            assert place in {anchor(heading) for heading in HEADING.findall(text_of(page))}, target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    for name in re.findall(r"`((?:docs|specs|grammar|tests|netspec|benchmarks|examples)/[\w./-]+)`", text_of(path)):
        assert (ROOT / name).exists(), name


def test_tables_are_what_the_code_says() -> None:
    assert tables.page() == text_of(ROOT / "docs/language.md"), "python -m docs.tables writes them anew"


def prelude_lines() -> list[object]:
    """What the table of section 9 says of each block of the prelude: the block, and code that stands in it."""
    rows = re.findall(r"^\| `([A-Z]\w*)\([^|]*\)` \| (.*) \|$", text_of(ROOT / "docs/language.md"), re.MULTILINE)
    found = [(name, code) for name, told in rows for code in re.findall(r"`([^`]+)`", told)]
    return [pytest.param(name, code, id=f"{name}: {code}") for name, code in found if re.search(r"->|\[t", code)]


@pytest.mark.parametrize(("name", "code"), prelude_lines())
def test_the_prelude_is_as_the_table_says(name: str, code: str) -> None:
    assert code in " ".join(text_of(ROOT / f"netspec/prelude/{name}.net").split())


def test_the_table_tells_of_every_block_of_the_prelude() -> None:
    told = {parameter.values[0] for parameter in prelude_lines()}  # type: ignore[attr-defined]
    assert told == {path.stem for path in (ROOT / "netspec/prelude").glob("*.net")}
