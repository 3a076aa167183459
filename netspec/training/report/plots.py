"""What all plots of a run share: matplotlib without a display, one look, the same bytes for the same values."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from netspec.parts import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
LONGEST = 24  # characters of a class or column that have room beside a plot

# colours that differ in lightness as well as in hue (Okabe & Ito 2008)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_STYLE = {
    "svg.hashsalt": "netspec",
    "svg.fonttype": "none",  # text stays text: whoever looks has the fonts for Korean class names
    "text.parse_math": False,  # a class may be called `$$x$$`
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
    """Draws in the look of all plots, and leaves the caller's own matplotlib settings alone."""

    @wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> str:
        need("matplotlib")
        import matplotlib

        with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
            return draw(*args, **options)

    return drawn


def short(name: str) -> str:
    """A name from the data that has room beside the plot, however long it is."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure in inches and its axes, to be drawn inside `styled`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Made

    found = Made(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(found)
    return found, found.subplots(rows, columns, squeeze=False, **options)


def as_svg(made: Figure) -> str:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # only measured here, drawn elsewhere
        made.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()
