"""A spec with other numbers in it: smaller inputs, so that a proof takes a second and not a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netspec
from netspec.api import Net
from netspec.source import SourceFile
from netspec.syntax import tree
from netspec.syntax.parser import parse

HERE = Path(__file__).parent / "specs"
ZOO = Path(__file__).parents[2] / "specs" / "zoo"


def edited(path: Path, swaps: dict[str, str], net: str | None = None, **sizes: Any) -> Net:
    """The net of a file, without the promises (`is`, `require weights`) that hold for its own numbers alone.

    `swaps` replaces text by text; each must be there.
    """
    text = without_promises(path.read_text(encoding="utf-8"))
    for old, new in swaps.items():
        assert old in text, f"{path.name} does not say {old!r}"
        text = text.replace(old, new)
    return netspec.parse(text, name=path.name, folder=path.parent).net(net, **sizes)


def without_promises(text: str) -> str:
    """Cuts every `is T` and every `require` that speaks of weights or depth, by the places of the syntax tree."""
    file = parse(SourceFile("edited.net", text))
    cuts: list[tuple[int, int]] = []
    for body in file.declarations:
        if not isinstance(body, tree.Body):
            continue
        for line in body.statements:
            if isinstance(line, tree.Layer) and line.expect is not None:
                cuts.append((text.rindex("is", 0, line.expect.at[0]), line.expect.at[1]))
            elif isinstance(line, tree.Require) and any(word in text[slice(*line.at)] for word in ("weights", "depth")):
                cuts.append(line.at)
    for begin, end in sorted(cuts, reverse=True):
        text = text[:begin] + text[end:]
    return text
