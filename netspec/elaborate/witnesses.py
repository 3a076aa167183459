"""Finds witnesses for open sizes: a few sets of numbers that satisfy the `require` lines of the body.

Two formulas of open sizes count as equal if they have the same value at every witness. The numbers are large and have
no common factors, as far as the requirements allow, so that different formulas hardly ever agree by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Fault, Hint
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import ANY, Undefined, evaluate
from netspec.ir.sizes import Formula, values_of
from netspec.ir.types import Type
from netspec.syntax import tree

COUNT = 3
TRIES = 6000
_PRIMES = (1009, 1223, 1451, 1657, 1877, 2081, 2297, 2521, 2729, 2953, 3181, 3389, 3607, 3823, 4049, 4261)
_FACTORS = (1, 2, 4, 8, 16, 32, 64, 3, 6, 12, 24, 48, 96, 5, 10, 20, 40, 60, 7, 14, 28, 56, 112, 120, 224, 840)
_SMALL = (7, 11, 13, 5, 8, 16, 32, 64, 3, 2, 4, 1, 12, 24, 48, 28, 224, 96, 128, 256, 512, 1024)

COMPARE = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def find(names: list[str], env: Environment, statements: tuple[tree.Statement, ...]) -> list[dict[str, int]]:
    """Return at most COUNT sets of numbers for the open names; [] if no set that was tried satisfies the body."""
    found: list[dict[str, int]] = []
    for candidate in _candidates(names):
        if candidate not in found and _satisfies(candidate, env, statements):
            found.append(candidate)
            if len(found) == COUNT:
                break
    return found


def _candidates(names: list[str]) -> Iterator[dict[str, int]]:
    """Yield sets of numbers to try.

    First come large primes, then multiples of them, then pseudorandom mixtures: primes, small numbers, and multiples,
    fractions and copies of each other.
    """
    for shift in range(4):
        yield {name: _PRIMES[(3 * index + shift) % len(_PRIMES)] for index, name in enumerate(names)}
    for factor in _FACTORS[1:]:
        for shift in range(3):
            yield {name: factor * _PRIMES[(index + shift) % len(_PRIMES)] for index, name in enumerate(names)}
    state = 1
    for _ in range(TRIES):
        chosen: dict[str, int] = {}
        for name in names:
            state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
            draw = state >> 33
            chosen[name] = _draw(draw, list(chosen.values()))
        yield chosen


def _draw(draw: int, others: list[int]) -> int:
    kind, draw = draw % 6, draw // 6
    factor = _FACTORS[draw % len(_FACTORS)]
    prime = _PRIMES[(draw // 32) % len(_PRIMES)]
    if kind == 0:
        return prime
    if kind == 1:
        return factor * prime
    if kind == 2:
        return _SMALL[draw % len(_SMALL)]
    if not others:
        return factor * _SMALL[(draw // 32) % len(_SMALL)]
    other = others[(draw // 512) % len(others)]
    if kind == 3:
        return other * factor
    if kind == 4:
        return max(1, other // factor)
    return other


def _satisfies(candidate: dict[str, int], env: Environment, statements: tuple[tree.Statement, ...]) -> bool:
    """Whether all `require` lines hold with these numbers; those that cannot be evaluated yet are skipped."""
    trial = Environment(env.definition, {**env.values, **candidate})
    for statement in statements:
        if isinstance(statement, tree.Let) and not isinstance(statement.value, tree.List):
            try:
                trial.values[statement.name.text] = evaluate(statement.value, trial, ANY)
            except (Fault, Undefined):
                continue
        elif isinstance(statement, tree.Require) and not statement.defaults:
            try:
                left = evaluate(statement.left, trial, ANY)
                right = evaluate(statement.right, trial, ANY)
            except (Fault, Undefined):
                continue
            if not COMPARE[statement.op](left, right):
                return False
    return True


def shown(symbols: dict[str, Formula], left: Any, right: Any) -> Hint | None:
    """Return a hint with numbers for which two sizes differ, such as `for example with S = 1009: 504 against 505`."""
    opened = next((side for side in (left, right) if isinstance(side, Formula)), None)
    if opened is None:
        return None
    count = len(opened.values)
    pairs = list(zip(values_of(left, count), values_of(right, count), strict=True))
    index = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
    if index is None:
        return None
    texts = f"{left} {right}"
    used = {name: symbol for name, symbol in symbols.items() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", texts)}
    binding = ", ".join(f"{name} = {symbol.values[index]}" for name, symbol in (used or symbols).items())
    a, b = pairs[index]
    return Hint("witness", {"binding": binding, "a": str(a), "b": str(b)})


def differing(left: Type, right: Type) -> tuple[Any, Any]:
    """Return the first pair of sizes in which two types differ; (0, 0) if there is none."""
    pairs: list[tuple[Any, Any]] = [(left.maps, right.maps), *zip(left.space, right.space, strict=False)]
    if left.classes is not None and right.classes is not None:
        pairs.append((left.classes, right.classes))
    if left.time is not None and right.time is not None:
        pairs.append((left.time.length, right.time.length))
    return next(((a, b) for a, b in pairs if a != b), (0, 0))
