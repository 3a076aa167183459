"""`x=1,0` -> one example's values by the labels of the input lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.ir.graph import Graph
from netspec.names import nearest

USAGE = 2


def read_example(graph: Graph, given: str | Mapping[str, Any]) -> dict[str, list[float]]:
    """A list of numbers for each input, as many as it has values. Raises NetspecError NS727."""
    written = _split(given) if isinstance(given, str) else dict(given)
    sizes: dict[str, int] = {}
    for index in graph.inputs:
        node = graph.nodes[index]
        size = node.type.step.values
        assert isinstance(size, int)
        sizes[graph.layers[node.layer].label] = size
    if len(sizes) == 1 and list(written) == [""]:
        written = {next(iter(sizes)): written[""]}
    for name in written:
        if name not in sizes:
            guess = nearest(name, sizes)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            raise _unfit(name, *hints, Hint("inputs", {"names": Quoted(tuple(sizes))}))
    found = {}
    for name, size in sizes.items():
        if name not in written:
            raise _unfit(name, Hint("absent", {"name": name}))
        found[name] = _numbers(name, written[name], size)
    return found


def _split(text: str) -> dict[str, Any]:
    """`x=1,0; y=2`: the parts by name; a single part needs none."""
    found: dict[str, Any] = {}
    for part in text.split(";"):
        if part.strip():
            name, sign, values = part.partition("=")
            found[name.strip() if sign else ""] = values if sign else part
    return found


def _numbers(name: str, values: Any, size: int) -> list[float]:
    items = [item for item in values.replace(",", " ").split() if item] if isinstance(values, str) else _flat(values)
    try:
        numbers = [float(item) for item in items]
    except (TypeError, ValueError):
        raise _unfit(name, Hint("number", {"name": name})) from None
    if len(numbers) != size:
        raise _unfit(name, Hint("count", {"name": name, "given": len(numbers), "size": size}))
    return numbers


def _flat(values: Any) -> list[Any]:
    """Numbers of a nested list or array, in reading order."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return [values]
    return [number for value in values for number in _flat(value)]


def _unfit(name: str, *hints: Hint) -> NetspecError:
    return UsageError(Diagnostic("NS727", None, {"name": name or "?"}, hints=hints))
