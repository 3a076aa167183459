"""`python -m docs.build`: the pages of docs/en and docs/ko, with what the code says of itself -> build/docs/en, …/ko.

Warnings are errors. A page is plain Markdown; the pictures of its `net figure` fences are drawn by netspec now.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from docs import commands, measured, messages, operations, scoreboard, settings, tables
from docs.drawn import with_pictures
from docs.fences import DOCS, LANGUAGES, Fence, fences, pages
from netspec.diagnostics.errors import UsageError
from netspec.serve.site import runtime_of, write

ROOT = DOCS.parent
OUT = ROOT / "build" / "docs"
RUNTIME = ROOT / "dist" / "runtime"


def assembled(language: str, folder: Path, live: bool = False) -> Path:
    """Every page of a language as Sphinx reads it, in `folder`; `live`: with links to a page beside the languages."""
    shutil.rmtree(folder, ignore_errors=True)
    drawn = folder / "_drawn"
    texts = {path.relative_to(DOCS / language).as_posix(): path.read_text(encoding="utf-8") for path in pages(language)}
    texts |= generated(language)
    for name, text in texts.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * name.count("/")
        text = measured.filled(text) if name == "measured.md" else text
        text = with_pictures(text, language, drawn, f"{up}_drawn", f"../{up}live/index.html" if live else "")
        text = re.sub(r"(\(|src=\")(?:\.\./)*pictures/", rf"\1{up}pictures/", text)
        target.write_text(text, encoding="utf-8")
    shutil.copytree(DOCS / "pictures", folder / "pictures")
    return folder


def generated(language: str) -> dict[str, str]:
    """The pages that are written from the code."""
    texts = {f"operations/{name}.md": operations.page(name, language) for name in operations.names()}
    texts["operations/index.md"] = operations.index(language)
    texts["settings.md"] = settings.page(language)
    texts["commands.md"] = commands.page(language)
    texts["messages/index.md"] = messages.index(language)
    for group in messages.GROUPS:
        if messages.codes(group):
            texts[f"messages/NS{group}xx.md"] = messages.page(group, language)
    for name in ("gallery", *(board.page for board in scoreboard.BOARDS)):
        file = f"{name}.ko.md" if language == "ko" else f"{name}.md"
        texts[f"{name}.md"] = (DOCS / file).read_text(encoding="utf-8")
    texts["language.md"] = reference(language)
    return texts


def reference(language: str) -> str:
    """The page of the language. The Korean one names the English one's examples, which are run by a test."""
    english = tables.page()
    if language == "en":
        return english
    examples = {example(fence): english[fence.start : fence.end].rstrip() for fence in fences(english)}
    korean = (DOCS / "language.ko.md").read_text(encoding="utf-8")
    return re.sub(r"<!-- fence: (\w+) -->", lambda match: examples[match[1]], korean)


def example(fence: Fence) -> str:
    """What the Korean page calls an example: the name of its first net or block."""
    found = re.search(r"^(?:net|block) (\w+)", fence.text, re.MULTILINE)
    return found[1] if found else ""


def live(out: Path) -> bool:
    """Write the page on which the examples can be changed, if its runtime was built (`./dev site`)."""
    try:
        write(out / "live", runtime_of(RUNTIME if RUNTIME.is_dir() else None))
    except UsageError as error:
        print(error, file=sys.stderr)
        return False
    return True


def build(language: str, out: Path, lively: bool = False) -> int:
    """HTML of one language; returns Sphinx's exit code."""
    from sphinx.cmd.build import build_main

    source = assembled(language, out / "source" / language, lively)
    command = ["-b", "html", "-q", "-W", "--keep-going", "-E", "-c", str(DOCS), "-D", f"language={language}"]
    return build_main([*command, "-d", str(out / "doctrees" / language), str(source), str(out / language)])


def main(arguments: list[str]) -> int:
    """All languages, or those that are named."""
    failed = 0
    lively = live(OUT)
    for language in arguments or LANGUAGES:
        failed = build(language, OUT, lively) or failed
        print(OUT / language / "index.html")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
