"""Plots of a run: matplotlib without a display, one style; equal values give equal bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from netspec.diagnostics.display import inert
from netspec.parts import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
LONGEST = 24  # the longest name of a class or column beside a plot

# colours that differ in lightness as well as in hue (Okabe & Ito 2008)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_STYLE = {
    "svg.hashsalt": "netspec",
    "svg.fonttype": "none",  # text stays text, because the reader's machine has the fonts for Korean class names
    "text.parse_math": False,  # a class may have a name such as `$$x$$`
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def styled(draw: Callable[P, str]) -> Callable[P, str]:
    """Decorate a function to draw in the style of all plots; the caller's matplotlib settings stay unchanged."""

    @wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> str:
        need("matplotlib")
        import matplotlib

        with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
            return draw(*args, **options)

    return drawn


def short(name: str) -> str:
    """Shorten a name from the data to the room beside a plot."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Create a figure of a size in inches, and its axes; call it inside `styled`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Made

    found = Made(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(found)
    return found, found.subplots(rows, columns, squeeze=False, **options)


def as_svg(made: Figure) -> str:
    stream = io.StringIO()
    with warnings.catch_warnings():
        # matplotlib only measures the text; the SVG viewer draws it
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        made.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return inert(stream.getvalue())


# ---- True classes and predictions -> a confusion matrix as a picture


@styled
def confusion(table: Sequence[Sequence[int]], names: Sequence[str], title: str) -> str:
    """Return an SVG of a confusion matrix: rows are true classes, columns predictions, colours shares of the row."""
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


# ---- metrics.jsonl of one or several runs -> curves over the epochs


Rows = Sequence[Mapping[str, Any]]


@styled
def curves(runs: Mapping[str, Rows], best: Mapping[str, int] | None = None) -> str:
    """Return an SVG with a panel for the loss and one for each metric; training is dashed if both parts are shown.

    `runs` maps the name of a run to its rows; `best` to the epoch whose weights it kept.
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
    """Whether the loss falls by more than a factor of 50, so that a logarithmic axis is better."""
    values = [value for line in axis.get_lines() for value in line.get_ydata() if axis.get_title() == "loss"]
    values = [value for value in values if isinstance(value, float)]
    return bool(values) and min(values) > 0 and max(values) / min(values) > 50
