"""Reads the numbers of an example from text (`x=1,0`), and computes the value of every node for these numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from netspec.compute.arrays import given
from netspec.compute.evaluate import evaluate_numpy
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.trained import Arrays, Run
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.ir.values import values_of
from netspec.names import nearest


def compute(graph: Graph, weights: Arrays, inputs: Mapping[str, Any], whole: bool = False) -> dict[int, Any]:
    """Return the values of all nodes for one example at one time step, or at all its steps.

    Parameters:
        graph: the net; it must have no open size.
        weights: every stored array by its key.
        inputs: the numbers of each input line by its label, in reading order.
        whole: whether the example has all time steps, one after the other, instead of a single one.

    Returns:
        For each node the flattened value of its first output, float64.

    Raises:
        Uncomputed: a step does not say what it computes, or needs other time steps.
    """
    arrays, numbers = {}, {}
    for index in graph.inputs:
        node = graph.nodes[index]
        label = graph.layers[node.layer].label
        arrays[label] = given(shape_of(node.type if whole else node.type.step), f"input {label}")
        numbers[f"input {label}"] = inputs[label]
    stored = {item.key: given(tuple(item.weight.shape), item.key) for item in graph.arrays}  # type: ignore[arg-type]
    values = values_of(graph, arrays, stored.__getitem__, one_step=not whole)
    first = {edge.node: array for edge, array in values.edges.items() if edge.output == 0}
    found = evaluate_numpy(list(first.values()), numbers | {key: weights[key] for key in stored})
    return {index: value.reshape(-1) for index, value in zip(first, found, strict=True)}


def shape_of(own: Type) -> tuple[int, ...]:
    """Return the shape of an input for one example: (1, [T,] C, *space), but without C for class indices."""
    steps: Any = () if own.time is None else (own.time.length,)
    sizes: Any = (1, *steps, *own.space) if own.classes is not None else (1, *steps, own.maps, *own.space)
    return tuple(sizes)


# ---- the example as a user writes it


def read_example(
    graph: Graph, given: str | Mapping[str, Any], run: Run | None = None, whole: bool = False
) -> dict[str, list[float]]:
    """Return for each input its list of numbers; raise NetspecError NS727 if names or counts don't fit the net.

    With a run, what is given are raw values, which the steps of its fields turn into the numbers that the net reads.

    Parameters:
        whole: whether the example has all time steps of the inputs, one after the other, instead of a single one.
    """
    written = split_example(given)
    types: dict[str, Type] = {}
    for index in graph.inputs:
        node = graph.nodes[index]
        types[graph.layers[node.layer].label] = node.type if whole else node.type.step
    if len(types) == 1 and list(written) == [""]:
        written = {next(iter(types)): written[""]}
    for name in written:
        if name not in types:
            guess = nearest(name, types)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            raise _unfit(name, *hints, Hint("inputs", {"names": Quoted(tuple(types))}))
    for name in types:
        if name not in written:
            raise _unfit(name, Hint("absent", {"name": name}))
    if run is not None:
        written = dict(run.prepared({name: _raw(name, written[name], own) for name, own in types.items()}))
    return {name: _numbers(name, written[name], math.prod(shape_of(own))) for name, own in types.items()}


def _raw(name: str, values: Any, own: Type) -> Any:
    """Return a row of raw values, (1, …): the name of a class, or numbers in the input's shape or the caller's own."""
    import numpy as np

    if isinstance(values, str) and len(values.split()) == 1 and "," not in values and not _is_number(values):
        return np.array([values.strip()])
    numbers = np.array(_parsed(name, values))
    if numbers.size == math.prod(shape_of(own)):
        return numbers.reshape(shape_of(own))
    if numbers.size == 1:
        return numbers
    return numbers[None] if isinstance(values, str) else np.asarray(values, dtype=float)[None]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def split_example(text: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a text such as `x=1,0; y=2` by name; the name of a part without `=` is ""."""
    if not isinstance(text, str):
        return dict(text)
    found: dict[str, Any] = {}
    for part in text.split(";"):
        if part.strip():
            name, sign, values = part.partition("=")
            found[name.strip() if sign else ""] = values if sign else part
    return found


def _numbers(name: str, values: Any, size: int) -> list[float]:
    numbers = _parsed(name, values)
    if len(numbers) != size:
        raise _unfit(name, Hint("count", {"name": name, "given": len(numbers), "size": size}))
    return numbers


def _parsed(name: str, values: Any) -> list[float]:
    found = numbers_of(values)
    if found is None:
        raise _unfit(name, Hint("number", {"name": name}))
    return found


def numbers_of(values: Any) -> list[float] | None:
    """Return the numbers of a text such as `1, 0.5`, or of a nested list or array; None if some are no numbers."""
    items = values.replace(",", " ").split() if isinstance(values, str) else _flat(values)
    try:
        return [float(item) for item in items]
    except (TypeError, ValueError):
        return None


def _flat(values: Any) -> list[Any]:
    """Return the numbers of a nested list or array, in reading order."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return [values]
    return [number for value in values for number in _flat(value)]


def _unfit(name: str, *hints: Hint) -> NetspecError:
    return UsageError(Diagnostic("NS727", None, {"name": name or "?"}, hints=hints))
