"""`python -m docs.pictures`: the README's pictures, drawn from its own spec and from specs/ -> docs/pictures/.

A test draws them again and compares: a picture that the code no longer draws so fails.
"""

from __future__ import annotations

from pathlib import Path

import netspec
from docs.fences import DOCS, fences

ROOT = DOCS.parent
FOLDER = DOCS / "pictures"
# picture -> the spec in specs/ it is drawn from, and what differs from its own figure section
FROM_SPECS = {
    "lenet.svg": ("post/lenet.net", {}),
    "filter.svg": ("post/filter.net", {"lang": "en"}),
    "unrolled.svg": ("post/rnn_unrolled.net", {"lang": "en"}),
}


def drawn() -> dict[str, str]:
    """Every picture by its file's name, as the code draws it now."""
    readme = next(fence for fence in fences((ROOT / "README.md").read_text(encoding="utf-8")) if fence.kind == "net")
    found = {"readme.svg": netspec.parse(readme.text).render().svg()}
    for name, (spec, settings) in FROM_SPECS.items():
        found[name] = netspec.load(ROOT / "specs" / spec).render(**settings).svg()
    return found


def stale(folder: Path = FOLDER) -> list[str]:
    """The committed pictures that differ from what is drawn now."""
    return [
        name
        for name, svg in drawn().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != svg
    ]


if __name__ == "__main__":
    for name, svg in drawn().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
        print(FOLDER / name)
