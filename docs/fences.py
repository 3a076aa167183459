"""A Markdown page -> its fences, each with what its info string says: read by the build and by the tests.

```net figure view=planes        a spec: checked, and drawn below it
```net file=first.net            a spec that the page's commands use
```net error=NS302               a spec that fails with exactly this code
```sh                            commands: the lines that begin with `netspec` are run
```sh exit=1                     … and leave with this exit code
```sh shown                      … and are not run: they need what the tests do not install
```text output                   what the commands above it print; `…` stands for anything
```python                        run, in order, in one namespace a page
```csv file=shops.csv            a file that the page's commands use
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent
LANGUAGES = ("en", "ko")
_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=ticks)[ \t]*$\n?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fence:
    """One fence: its kind (`net`, `sh`, …), flags, text, line, and where it ends in the page."""

    kind: str
    flags: dict[str, str]
    text: str
    line: int
    start: int
    end: int


def fences(page: str) -> list[Fence]:
    """The fences of a page's text, in order."""
    found = []
    for match in _FENCE.finditer(page):
        kind, *words = shlex.split(match["info"]) or [""]
        flags = {name: value for name, _, value in (word.partition("=") for word in words)}
        line = page.count("\n", 0, match.start()) + 1
        found.append(Fence(kind, flags, match["text"], line, match.start(), match.end()))
    return found


def pages(language: str) -> list[Path]:
    """The hand-written pages of a language."""
    return sorted((DOCS / language).rglob("*.md"))


def commands(text: str) -> list[list[str]]:
    """The commands of a `sh` fence as words; a line that ends with a backslash goes on."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip() and not line.startswith("#")]
