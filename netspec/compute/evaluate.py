"""Arrays and input values -> numbers, computed by plain Python or by numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any

from netspec.compute.arrays import Array, Each, Given, Node, Steps, Stop, Sum, Term, Winner, order
from netspec.compute.formula import FUNCTIONS, evaluated


def evaluate(arrays: Sequence[Array], values: Mapping[str, Sequence[float]] | None = None) -> list[list[float]]:
    """Evaluate arrays by plain Python.

    Args:
        arrays: the arrays to evaluate.
        values: the values of the arrays that `given` created, by name.

    Returns:
        The values of each array, in row-major order.
    """
    done: dict[Node, Sequence[float]] = {}
    for node in order(arrays):
        done[node] = _plain(node, done, values or {})
    return [list(_seen(array, done)) for array in arrays]


def places(offset: int, steps: Steps) -> list[int]:
    """Return the positions of a view's values in its node, in row-major order."""
    found = [offset]
    for own in steps:
        found = found if len(own) == 1 and own[0] == 0 else [begin + step for begin in found for step in own]
    return found


def _seen(array: Array, done: Mapping[Node, Sequence[float]]) -> Sequence[float]:
    numbers = done[array.node]
    return numbers if array.contiguous else [numbers[at] for at in places(array.offset, array.steps)]


def _plain(node: Node, done: Mapping[Node, Sequence[float]], values: Mapping[str, Sequence[float]]) -> Sequence[float]:
    match node:
        case Given():
            return node.numbers if node.numbers is not None else values[node.name]
        case Each():
            named = {f"a{place}": _seen(operand, done) for place, operand in enumerate(node.operands)}

            def apply(function: str, given: list[Any]) -> Any:
                return list(map(FUNCTIONS[function].plain, *given))

            found: Sequence[float] = evaluated(node.formula, named, apply, lambda value: [value] * node.size)
            return found
        case Sum():
            sums = [0.0] * node.size
            for term in node.terms:
                _add_plain(term, sums, done)
            return sums
        case Winner():
            seen, length = _seen(node.of, done), node.of.shape[-1]
            wins: list[float] = []
            for begin in range(0, node.size, length):
                window = seen[begin : begin + length]
                best = max(window)
                first = window.index(best)
                wins += [float(value == best if node.ties else place == first) for place, value in enumerate(window)]
            return wins
        case Stop():
            return _seen(node.of, done)
    raise TypeError(node)


def _add_plain(term: Term, sums: list[float], done: Mapping[Node, Sequence[float]]) -> None:
    """Add the products of a term. The axes along which products are added to the same element form the inner loop."""
    inner = [axis for axis, own in enumerate(term.steps) if not any(own)]
    outer = [axis for axis in range(len(term.steps)) if axis not in inner]
    goes = places(term.offset, tuple(term.steps[axis] for axis in outer))
    begins, insides = [], []
    for factor in term.factors:
        begins.append(places(factor.offset, tuple(factor.steps[axis] for axis in outer)))
        insides.append(places(0, tuple(factor.steps[axis] for axis in inner)))
    numbers = [done[factor.node] for factor in term.factors]
    if len(insides[0]) == 1 and all(inside == [0] for inside in insides):
        for to, *at in zip(goes, *begins, strict=True):
            sums[to] += math.prod([own[begin] for own, begin in zip(numbers, at, strict=True)])
    elif len(numbers) == 1:
        (own,), (inside,) = numbers, insides
        for to, begin in zip(goes, begins[0], strict=True):
            sums[to] += sum([own[begin + step] for step in inside])
    else:
        (first, second), (one, two) = numbers, insides
        for to, left, right in zip(goes, *begins, strict=True):
            sums[to] += sum(map(mul, [first[left + step] for step in one], [second[right + step] for step in two]))


# ---- by numpy


def evaluate_numpy(arrays: Sequence[Array], values: Mapping[str, Any] | None = None) -> list[Any]:
    """Evaluate arrays by numpy. Returns float64 arrays in their shapes."""
    import numpy as np

    done: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in order(arrays):
            done[node] = _by_numpy(node, done, values or {}, np)
    return [np.ascontiguousarray(_view(array, done, np)) for array in arrays]


def _by_numpy(node: Node, done: Mapping[Node, Any], values: Mapping[str, Any], np: Any) -> Any:
    match node:
        case Given():
            numbers = values[node.name] if node.numbers is None else node.numbers
            return np.asarray(numbers, dtype=np.float64).reshape(-1)
        case Each():
            named = {f"a{place}": _view(operand, done, np) for place, operand in enumerate(node.operands)}

            def apply(function: str, given: list[Any]) -> Any:
                found = FUNCTIONS[function].numpy
                return getattr(np, found)(*given) if isinstance(found, str) else found(np, *given)

            result = evaluated(node.formula, named, apply, np.float64)
            return np.ascontiguousarray(np.broadcast_to(result, node.operands[0].shape)).reshape(-1)
        case Sum():
            sums = np.zeros(node.size)
            for term in node.terms:
                _add_numpy(term, sums, done, np)
            return sums
        case Winner():
            seen = _view(node.of, done, np)
            if node.ties:
                return (seen == seen.max(-1, keepdims=True)).astype(np.float64).reshape(-1)
            return (np.arange(seen.shape[-1]) == seen.argmax(-1)[..., None]).astype(np.float64).reshape(-1)
        case Stop():
            return np.ascontiguousarray(_view(node.of, done, np)).reshape(-1)
    raise TypeError(node)


def _places_numpy(offset: int, steps: Steps, np: Any) -> Any:
    found = np.asarray(offset)
    for own in steps:
        found = found[..., None] + np.asarray(own, dtype=np.int64)
    return found


def _view(array: Array, done: Mapping[Node, Any], np: Any, into: Any = None) -> Any:
    """Return a view of the values, without a copy if its distances are regular; a view of `into` can be written to."""
    numbers = done[array.node] if into is None else into
    even = [own for own in array.steps if isinstance(own, range) or not any(own)]
    if len(even) != len(array.steps) or not numbers.size:
        return numbers[_places_numpy(array.offset, array.steps, np)]
    begin = array.offset + sum(own[0] for own in array.steps)
    ends = [own[-1] - own[0] for own in array.steps]
    inside = begin + sum(min(end, 0) for end in ends) >= 0 and begin + sum(max(end, 0) for end in ends) < numbers.size
    assert inside, "a view has places that its node has not"  # as_strided would read memory outside the array
    strides = [(own.step if isinstance(own, range) and len(own) > 1 else 0) * numbers.itemsize for own in array.steps]
    return np.lib.stride_tricks.as_strided(numbers[begin:], array.shape, strides, writeable=into is not None)


def _add_numpy(term: Term, sums: Any, done: Mapping[Node, Any], np: Any) -> None:
    """Multiply by einsum over the axes along which factors change, then add each product to its element."""
    kept = [axis for axis, own in enumerate(term.steps) if len(own) > 1 and any(own)]
    offset = term.offset + sum(own[0] for own in term.steps if len(own) == 1)
    moving = [
        [axis for axis, own in enumerate(factor.steps) if any(step != own[0] for step in own)]
        for factor in term.factors
    ]
    # No factor changes along this axis. It must still be part of einsum: the result repeats along it or is summed over
    # it.
    for axis in range(len(term.steps)):
        if len(term.steps[axis]) > 1 and not any(axis in own for own in moving):
            moving[0] = sorted([*moving[0], axis])
    operands: list[Any] = []
    for factor, own in zip(term.factors, moving, strict=True):
        gone = [axis for axis in range(len(factor.steps)) if axis not in own]
        begin = factor.offset + sum(factor.steps[axis][0] for axis in gone)
        operands += [_view(Array(factor.node, begin, tuple(factor.steps[axis] for axis in own)), done, np), own]
    products = np.einsum(*operands, kept, optimize=len(term.factors) > 1)
    steps = tuple(term.steps[axis] for axis in kept)  # the steps of all other axes are 0
    if _apart(steps):
        window = _view(Array(Given(sums.size), offset, steps), {}, np, sums)
        window += products
    else:
        goes = _places_numpy(offset, steps, np)
        sums += np.bincount(goes.reshape(-1), products.reshape(-1), sums.size)


def _apart(steps: Steps) -> bool:
    """Whether a view contains no element twice: each distance exceeds the total reach of all smaller ones."""
    if not all(isinstance(own, range) for own in steps):
        return False
    reach = 0
    for own in sorted((own for own in steps if len(own) > 1), key=lambda own: abs(own.step)):  # type: ignore[attr-defined]
        if abs(own.step) <= reach:  # type: ignore[attr-defined]
            return False
        reach += abs(own.step) * (len(own) - 1)  # type: ignore[attr-defined]
    return True
