"""Arrays of a run or a file -> those of a net: by their names, by a map, or by the order in which nets apply them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from netspec import files
from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.figure.trained import is_run, read_weights
from netspec.ir.graph import Graph
from netspec.names import nearest

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, "np.ndarray[Any, Any]"]

LARGEST = 4_000_000  # bytes of a map
SHOWN = 8  # names in a message
LINE = re.compile(r"\s*(?P<own>\S+)\s*=\s*(?P<other>\S+)\s*(#.*)?")


@dataclass(frozen=True)
class Pairing:
    """Which arrays a net takes from elsewhere.

    pairs: by the keys of the net, the keys of the arrays there.
    how: whether their names, a map or their order paired them.
    new: the keys of the net that begin as the spec says.
    left: the keys there that the net does not take.
    arrays: the arrays, by the keys of the net.
    """

    pairs: dict[str, str]
    how: Literal["names", "map", "order"]
    new: tuple[str, ...]
    left: tuple[str, ...]
    arrays: dict[str, np.ndarray[Any, Any]]

    def text(self) -> str:
        """Return the map as a file that `--map` reads."""
        wide = max(map(len, (*self.pairs, *self.new)))
        return "".join(
            f"{own:{wide}} = {other}\n" for own, other in [*self.pairs.items(), *((key, "-") for key in self.new)]
        )


def pair(graph: Graph, source: Path, by: Path | None = None) -> Pairing:
    """Pair the arrays of a run's folder or of a safetensors file with those of a net.

    Without a map, arrays of equal names belong together; if no name is in both, those of a run are taken in the order
    in which the two nets apply them.

    Parameters:
        graph: the net.
        source: the folder of a run, or a safetensors file.
        by: a map: a line `OURS = THEIRS` for each array, or for several with `*`; `-` leaves an array as it begins.

    Raises:
        UsageError: there are no arrays (NS726), or they are not finite (NS882); two that belong together differ in
            their shapes (NS891); none belong together (NS892); the map names what is not there (NS893).
    """
    arrays = read_weights(source)
    shapes = {stored.key: tuple(stored.weight.shape) for stored in graph.arrays if not stored.weight.outside}
    how: Literal["names", "map", "order"] = "names"
    if by is not None:
        how, pairs = "map", _mapped(by, shapes, arrays)
    else:
        pairs = {key: key for key in shapes if key in arrays}
        if not pairs and is_run(source):
            how, pairs = "order", _in_order(graph, source)
    if not pairs:
        ours, theirs = (Quoted(tuple(keys)[:SHOWN]) for keys in (shapes, arrays))
        hints = (Hint("has", {"ours": ours, "theirs": theirs}), Hint("map"))
        raise UsageError(Diagnostic("NS892", None, {"file": str(source), "net": graph.name}, hints=hints))
    wrong = [(own, other) for own, other in pairs.items() if arrays[other].shape != shapes[own]]
    if wrong:
        own, other = wrong[0]
        given, wanted = ("×".join(map(str, sizes)) or "1" for sizes in (arrays[other].shape, shapes[own]))
        words: Words = {
            "own": own,
            "other": other,
            "given": given,
            "wanted": wanted,
            "count": len(wrong),
            "of": len(pairs),
        }
        raise UsageError(Diagnostic("NS891", None, words, hints=(Hint("apart", {"own": own}),)))
    found = {own: arrays[other].astype("float32") for own, other in pairs.items()}
    new = tuple(key for key in shapes if key not in pairs)
    return Pairing(pairs, how, new, tuple(key for key in arrays if key not in set(pairs.values())), found)


def _in_order(graph: Graph, source: Path) -> dict[str, str]:
    """Pair the arrays of two nets in their order; nothing unless all shapes are known and equal."""
    from netspec.training.record import Record

    nets = graph, Record(source).net.graph
    if any(one.weight.outside for net in nets for one in net.stored):
        return {}
    ours, theirs = ([(one.key, tuple(one.weight.shape)) for one in net.arrays] for net in nets)
    if [shape for _, shape in ours] != [shape for _, shape in theirs]:
        return {}
    return {own: other for (own, _), (other, _) in zip(ours, theirs)}


def _mapped(path: Path, shapes: Mapping[str, Any], arrays: Arrays) -> dict[str, str]:
    """Read a map. A `*` stands for the same text at both sides of its line."""
    try:
        text = files.read(path, most=LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "UTF-8"
        raise UsageError(
            Diagnostic("NS893", None, {"file": str(path), "line": 0, "text": why}, hints=(Hint("form"),))
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words: Words = {"file": str(path), "line": number, "text": line.strip()}
        match = LINE.fullmatch(line)
        if match is None or match["own"].count("*") > 4:
            raise UsageError(Diagnostic("NS893", None, words, hints=(Hint("form"),)))
        own, other = match["own"], match["other"]
        here = _matching(own, shapes)
        if not here:
            raise UsageError(
                Diagnostic("NS893", None, words, hints=(Hint("ours", {"name": own, "names": _near(own, shapes)}),))
            )
        for key, stars in here.items():
            if other == "-":
                found.pop(key, None)
                continue
            if own.count("*") != other.count("*"):
                raise UsageError(Diagnostic("NS893", None, words, hints=(Hint("stars"),)))
            parts = other.split("*")
            there = "".join(part + star for part, star in zip(parts, (*stars, "")))
            if there not in arrays:
                raise UsageError(
                    Diagnostic(
                        "NS893", None, words, hints=(Hint("theirs", {"name": there, "names": _near(there, arrays)}),)
                    )
                )
            found[key] = there
    return found


def _matching(pattern: str, names: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the names that a pattern fits, and what each `*` stands for."""
    form = re.compile("(.*)".join(map(re.escape, pattern.split("*"))))
    return {name: match.groups() for name in names if (match := form.fullmatch(name))}


def _near(name: str, names: Mapping[str, Any]) -> Quoted:
    guess = nearest(name, names)
    return Quoted((guess,) if guess is not None else tuple(names)[:SHOWN])
