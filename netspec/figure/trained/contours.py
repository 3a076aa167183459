"""Finds the lines along which values on a grid are zero, by the method called marching squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

Place = tuple[float, float]
Side = tuple[int, int, str]  # a grid edge: row, column, and whether it leads right or down

# For each sum of the corners above zero (upper left counts 1, upper right 2, lower right 4, lower left 8): the sides of
# the cell (Left, Top, Right, Bottom) that a line joins, two letters for each line.
_JOINED = {
    1: "LT", 2: "TR", 3: "LR", 4: "RB", 5: "LTRB", 6: "TB", 7: "LB", 8: "LB", 9: "TB", 10: "TRLB", 11: "RB", 12: "LR",
    13: "TR", 14: "LT",
}  # fmt: skip


def contours(xs: Array, ys: Array, values: Array) -> list[list[Place]]:
    """Return the lines along which `values` change their sign; its rows belong to `ys`, its columns to `xs`."""
    joined: dict[Side, list[Side]] = {}
    above = values > 0
    mixed = _mixed(above)
    for row, column in mixed:
        corners = (above[row, column], above[row, column + 1], above[row + 1, column + 1], above[row + 1, column])
        sides = _JOINED[sum(1 << bit for bit, corner in enumerate(corners) if corner)]
        for one, other in zip(sides[::2], sides[1::2], strict=True):
            a, b = _side(row, column, one), _side(row, column, other)
            joined.setdefault(a, []).append(b)
            joined.setdefault(b, []).append(a)
    return [[_place(xs, ys, values, side) for side in chain] for chain in _chains(joined)]


def _mixed(above: Array) -> list[tuple[int, int]]:
    """Return the cells that have both a corner above zero and a corner that is not."""
    import numpy as np

    total = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, 1:] + above[1:, :-1]
    return [(int(row), int(column)) for row, column in np.argwhere((total > 0) & (total < 4))]


def _side(row: int, column: int, name: str) -> Side:
    match name:
        case "T":
            return row, column, "right"
        case "B":
            return row + 1, column, "right"
        case "L":
            return row, column, "down"
    return row, column + 1, "down"


def _chains(joined: dict[Side, list[Side]]) -> list[list[Side]]:
    """Return each line as a chain of grid edges from end to end; a closed line ends at the edge where it began."""
    found = []
    ends = [side for side, others in joined.items() if len(others) == 1]
    for start in [*ends, *joined]:
        if not joined[start]:
            continue
        chain = [start]
        while joined[chain[-1]]:
            after = joined[chain[-1]].pop()
            joined[after].remove(chain[-1])
            chain.append(after)
        found.append(chain)
    return found


def _place(xs: Array, ys: Array, values: Array, side: Side) -> Place:
    """Return the point of a grid edge at which the values cross zero."""
    row, column, way = side
    other = (row, column + 1) if way == "right" else (row + 1, column)
    a, b = float(values[row, column]), float(values[other])
    part = a / (a - b) if a != b else 0.5
    x, y = float(xs[column]), float(ys[row])
    return x + (float(xs[other[1]]) - x) * part, y + (float(ys[other[0]]) - y) * part
