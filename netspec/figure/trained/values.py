"""Reads the numbers of an example from text (`x=1,0`), and computes the value of every node for these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.compute.arrays import given
from netspec.compute.evaluate import evaluate_numpy
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.trained import Arrays
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.ir.values import values_of
from netspec.names import nearest


def compute(graph: Graph, weights: Arrays, inputs: Mapping[str, Any]) -> dict[int, Any]:
    """Return the values of all nodes for one example at one time step.

    Parameters:
        graph: the net; it must have no open size.
        weights: every stored array by its key.
        inputs: the numbers of each input line by its label, in reading order.

    Returns:
        For each node the flattened value of its first output, float64.

    Raises:
        Uncomputed: a step does not say what it computes, or needs other time steps.
    """
    arrays, numbers = {}, {}
    for index in graph.inputs:
        node = graph.nodes[index]
        label = graph.layers[node.layer].label
        arrays[label] = given(_shape(node.type), f"input {label}")
        numbers[f"input {label}"] = inputs[label]
    stored = {item.key: given(tuple(item.weight.shape), item.key) for item in graph.stored}  # type: ignore[arg-type]
    values = values_of(graph, arrays, stored.__getitem__, one_step=True)
    first = {edge.node: array for edge, array in values.edges.items() if edge.output == 0}
    found = evaluate_numpy(list(first.values()), numbers | {key: weights[key] for key in stored})
    return {index: value.reshape(-1) for index, value in zip(first, found, strict=True)}


def _shape(own: Type) -> tuple[int, ...]:
    """Return the shape of an input for one example: (1, C, *space), but without C for class indices."""
    sizes: Any = (1, *own.space) if own.classes is not None else (1, own.maps, *own.space)
    return tuple(sizes)


# ---- the example as a user writes it


def read_example(graph: Graph, given: str | Mapping[str, Any]) -> dict[str, list[float]]:
    """Return for each input its list of numbers; raise NetspecError NS727 if names or counts don't fit the net."""
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
    """Return the parts of a text such as `x=1,0; y=2` by name; the name of a part without `=` is ""."""
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
    """Return the numbers of a nested list or array, in reading order."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return [values]
    return [number for value in values for number in _flat(value)]


def _unfit(name: str, *hints: Hint) -> NetspecError:
    return UsageError(Diagnostic("NS727", None, {"name": name or "?"}, hints=hints))
