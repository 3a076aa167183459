"""Rows of items with edges between them: an order in which few edges cross, and places that keep the order."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Mapping
from itertools import accumulate, pairwise
from typing import TypeVar

SWEEPS = 8  # how often rows are ordered and moved
Key = TypeVar("Key", bound=Hashable)
Near = tuple[Mapping[Key, list[Key]], Mapping[Key, list[Key]]]  # what each item is joined to in the rows around it


def with_few_crossings(layers: list[list[Key]], near: Near[Key]) -> list[list[Key]]:
    """Return rows in an order in which few edges cross, by moving each item to the mean of what it is joined to.

    Parameters:
        layers: the rows, in their first order.
        near: of each item what it is joined to in the row before, and in the row after.
    """
    layers = [*map(list, layers)]
    best, least = [*map(list, layers)], crossings(layers, near[1])
    for number in range(SWEEPS):
        down = not number % 2
        for layer in layers if down else layers[::-1]:
            place = {spot: at for other in layers for at, spot in enumerate(other)}
            beside = near[not down]
            layer.sort(key=lambda spot: mean([place[one] for one in beside.get(spot, [spot])]))
        if (crossed := crossings(layers, near[1])) < least:
            best, least = [*map(list, layers)], crossed
    return best


def crossings(layers: list[list[Key]], below: Mapping[Key, list[Key]]) -> int:
    """Return how often edges between rows cross."""
    count = 0
    for upper, lower in pairwise(layers):
        place = {spot: at for at, spot in enumerate(lower)}
        ends: list[int] = []
        for spot in upper:
            reached = sorted(place[one] for one in below.get(spot, ()) if one in place)
            count += sum(len(ends) - bisect_right(ends, one) for one in reached)
            for one in reached:
                insort(ends, one)
    return count


def apart_from(wanted: list[float], apart: list[float], heavy: list[float]) -> list[float]:
    """Return the places nearest to those that are wanted that keep their order and distances; heavy ones move least."""
    starts = [0.0, *accumulate(apart)]
    blocks: list[tuple[float, float, int]] = []  # of those that push each other: the place of the first, weight, number
    for at, start, weight in zip(wanted, starts, heavy, strict=True):
        block = at - start, weight, 1
        while blocks and blocks[-1][0] > block[0]:
            place_, more, count = blocks.pop()
            both = more + block[1]
            block = (place_ * more + block[0] * block[1]) / both, both, count + block[2]
        blocks.append(block)
    firsts = [place_ for place_, _, count in blocks for _ in range(count)]
    return [first + start for first, start in zip(firsts, starts, strict=True)]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)
