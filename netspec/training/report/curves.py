"""metrics.jsonl of one run or of several -> curves over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.training.report.plots import COLOURS, as_svg, figure, styled

Rows = Sequence[Mapping[str, Any]]


@styled
def curves(runs: Mapping[str, Rows], best: Mapping[str, int] | None = None) -> str:
    """SVG: a panel for the loss and one for each metric; training dashed where both parts are shown.

    `runs` maps a name to its rows; `best` the epoch whose weights a run chose.
    """
    panels = _panels(runs)
    made, axes = figure(
        4.2 * min(len(panels), 3), 3.0 * -(-len(panels) // 3), -(-len(panels) // 3), min(len(panels), 3)
    )
    for panel, axis in zip(panels, axes.flat):
        for number, (name, measured) in enumerate(runs.items()):
            _lines(axis, panel, measured, COLOURS[number % len(COLOURS)], name if len(runs) > 1 else "")
            chosen = (best or {}).get(name)
            if chosen:
                axis.axvline(chosen, color="#999999", linewidth=0.8, linestyle=":")
        axis.set_title(panel)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        if _spans_decades(axis):
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.yaxis.set_minor_formatter(lambda value, _: "")
        axis.legend()
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    return as_svg(made)


def _panels(runs: Mapping[str, Rows]) -> list[str]:
    names: dict[str, None] = {"loss": None}
    for rows in runs.values():
        for row in rows[:1]:
            names.update(dict.fromkeys([*row["training"], *row["validation"]]))
    return list(names)


def _lines(axis: Any, panel: str, rows: Rows, colour: str, name: str) -> None:
    both = any(panel in row["validation"] for row in rows)
    for part, style in (("training", "--" if both else "-"), ("validation", "-")):
        points = [(row["epoch"], row[part][panel]) for row in rows if row[part].get(panel) is not None]
        if points:
            marker = "o" if len(points) == 1 else None
            label = f"{name} {part}".strip()
            axis.plot(*zip(*points), style, color=colour, label=label, linewidth=1.3, marker=marker, markersize=3)


def _spans_decades(axis: Any) -> bool:
    """A loss that falls by more than a factor of 50 is read better on a logarithmic axis."""
    values = [value for line in axis.get_lines() for value in line.get_ydata() if axis.get_title() == "loss"]
    values = [value for value in values if isinstance(value, float)]
    return bool(values) and min(values) > 0 and max(values) / min(values) > 50
