"""Right classes against the net's answers -> a table as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.training.report.plots import as_svg, figure, short, styled


@styled
def confusion(table: Sequence[Sequence[int]], names: Sequence[str], title: str) -> str:
    """SVG of a confusion matrix: rows are the right classes, columns the answers; colour is the row's share."""
    count = len(table)
    names = [short(name) for name in names]
    size = min(8.0, 1.6 + 0.42 * count)
    made, axes = figure(size, size)
    axis = axes[0][0]
    shares = [[value / max(1, sum(row)) for value in row] for row in table]
    axis.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
    axis.set_aspect("equal")
    axis.invert_yaxis()
    axis.grid(False)
    if count <= 26:
        _numbers(axis, table, shares)
    middles = [position + 0.5 for position in range(count)]
    axis.set_xticks(middles, names, rotation=0 if max(map(len, names)) < 4 else 90)
    axis.set_yticks(middles, names)
    axis.set_xlabel("answer")
    axis.set_ylabel("right class")
    axis.set_title(title)
    return as_svg(made)


def _numbers(axis: Any, table: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]) -> None:
    for row, values in enumerate(table):
        for column, value in enumerate(values):
            if value:
                colour = "white" if shares[row][column] > 0.5 else "black"
                axis.text(column + 0.5, row + 0.5, str(value), ha="center", va="center", color=colour, fontsize=7)
