"""Draws the outputs of the last hidden layer for many examples as points, with the output layer's straight boundary.

The net as a whole makes bent boundaries between classes in the space of its inputs. The output layer alone is a linear
model, so if the net works, the layers before have made the classes linearly separable: they have learned a
representation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.figure.scene import BOLD, HAIR, Pen, Point, Rect, Scene
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Line, plain
from netspec.figure.scene.typeset import line_width, symbol, upright, words
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.trained.contours import contours

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SIDE = 72.0  # mm, side of a plot
APART = 16.0  # mm between two plots
DOT, BADGE = 0.75, 2.7  # radius of an example's dot, and of the circle with the name of a class
TITLE, NAME, AXIS = 5.0, 3.6, 4.2  # font sizes of a plot's title, a class's name and an axis
EDGE = 0.07  # this part of the range of the points is added as free room on every side
# each class has a colour; if there are more classes than colours, the colours repeat
ROLES = ("input", "hidden", "output", "group3", "group5", "group4", "filter", "guide", "equals", "ink")


@dataclass(slots=True)
class Features:
    """The outputs of the last hidden layer for some examples, and the output layer that reads them.

    values has the shape (examples, d), classes (examples,) with numbers of classes; names has one name for each class;
    weight has the shape (classes, d), bias (classes,).
    If the net has two input values, inputs has the shape (examples, 2) and grid holds xs, ys and the output layer's
    sums at each place, of shape (classes, rows, columns); else both are None.
    """

    layer: str
    values: Array
    classes: Array
    names: tuple[str, ...]
    weight: Array
    bias: Array
    input_label: str = ""
    inputs: Array | None = None
    grid: tuple[Array, Array, Array] | None = None


@dataclass(slots=True)
class Plot:
    """A square plot of examples: their points, the boundaries between classes, and the labels of the axes."""

    id: str
    title: str
    points: Array  # (examples, 2)
    across: Line
    up: Line
    lines: list[list[tuple[float, float]]]
    low: Any
    high: Any


def features_scene(found: Features, settings: FigureSettings) -> Scene:
    """Return the figure: the features with straight boundaries, and, if they are pairs, the inputs with bent ones."""
    canvas = Canvas()
    plots = [plot for plot in (_inputs(found, settings), _features(found, settings)) if plot is not None]
    for number, plot in enumerate(plots):
        _draw(canvas, plot, found, Point(number * (SIDE + APART), 0.0))
    _legend(canvas, found, len(plots) * (SIDE + APART) - APART)
    return canvas.scene("features")


# ---- what is plotted


def _inputs(found: Features, settings: FigureSettings) -> Plot | None:
    if found.inputs is None or found.grid is None:
        return None
    xs, ys, sums = found.grid
    lines = []
    for number in range(1 if len(sums) == 2 else 0, len(sums)):
        others = [sums[other] for other in range(len(sums)) if other != number]
        lines += contours(xs, ys, sums[number] - _largest(others))
    low, high = (float(xs[0]), float(ys[0])), (float(xs[-1]), float(ys[-1]))
    title = say("features input", settings.lang).format(label=found.input_label)
    across, up = (_indexed(found.input_label, number) for number in (1, 2))
    return Plot("input", title, found.inputs, across, up, lines, low, high)


def _largest(arrays: list[Array]) -> Array:
    import numpy as np

    found: Array = np.max(np.stack(arrays), axis=0)
    return found


def _features(found: Features, settings: FigureSettings) -> Plot:
    """Return the plot of the features; more than two features are projected on two directions that `_axes` chooses."""
    count = found.values.shape[1]
    axes, centre = _axes(found)
    points = (found.values - centre) @ axes.T
    low, high = _bounds(points)
    # within the plane of the two axes, the sums of the output layer are linear functions, too
    slopes, starts = found.weight @ axes.T, found.weight @ centre + found.bias
    lines = _straight(slopes, starts, low, high)
    title = say("features hidden", settings.lang).format(label=found.layer, count=count)
    if count <= 2:
        across, up = _indexed(found.layer, 1), _indexed(found.layer, 2) if count == 2 else ()
    else:
        names = ("direction classes", "direction rest") if len(found.weight) == 2 else ("direction 1", "direction 2")
        across, up = (words(say(name, settings.lang)) for name in names)
    return Plot("features", title, points, across, up, lines, low, high)


def _indexed(label: str, number: int) -> Line:
    return symbol(label, upright(str(number)))


def _axes(found: Features) -> tuple[Array, Array]:
    """Return two directions in the space of the features, of shape (2, d), and the point they start from.

    With two classes, the first direction is the one that the output layer measures; the second is the one at a right
    angle to it in which the examples vary most. The boundary is then exact for every example. With more classes, both
    are the directions in which the classes lie farthest apart, among those that change the differences of the output
    layer's sums. The boundaries are then those in the plane through the mean.
    """
    import numpy as np

    values, count = found.values.astype(np.float64), found.values.shape[1]
    if count <= 2:
        return np.eye(2, count), np.zeros(count)
    mean = values.mean(axis=0)
    spread = values - mean
    if len(found.weight) == 2:
        first = found.weight[1] - found.weight[0]
        first = first / (np.linalg.norm(first) or 1.0)
        return np.stack([first, _main(spread - np.outer(spread @ first, first), 1)[0]]), mean
    seen = np.linalg.svd(found.weight - found.weight.mean(axis=0), full_matrices=False)[2]
    means = [values[found.classes == number].mean(axis=0) for number in np.unique(found.classes)]
    between = (np.stack(means) - mean) @ seen.T
    return _main(between, 2) @ seen, mean


def _main(rows: Array, count: int) -> Array:
    """Return the first principal directions of centred rows, (count, d); the largest entry of each is positive."""
    import numpy as np

    found = np.linalg.svd(rows, full_matrices=False)[2][:count]
    found = np.concatenate([found, np.zeros((count - len(found), rows.shape[1]))])
    largest = np.abs(found).argmax(axis=1)
    signs = np.sign(found[np.arange(count), largest])
    return found * np.where(signs == 0, 1, signs)[:, None]


def _bounds(points: Array) -> tuple[Any, Any]:
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, high - low, 1.0) * EDGE
    return low - room, high + room


def _straight(slopes: Array, starts: Array, low: Any, high: Any) -> list[list[tuple[float, float]]]:
    """Return lines at which another linear function becomes the largest: for each pair, where both are the largest."""
    found = []
    for one in range(len(starts)):
        for other in range(one + 1, len(starts)):
            normal, offset = slopes[one] - slopes[other], starts[one] - starts[other]
            piece = _across(normal, float(offset), low, high)
            for third in range(len(starts)):
                if piece and third not in (one, other):
                    piece = _kept(piece, slopes[one] - slopes[third], float(starts[one] - starts[third]))
            if piece:
                found.append(piece)
    return found


def _across(normal: Any, offset: float, low: Any, high: Any) -> list[tuple[float, float]]:
    """Return the part of the line `normal . p + offset = 0` that lies within a rectangle."""
    length = float(normal @ normal)
    if not length:
        return []
    foot = normal * (-offset / length)
    along = (float(-normal[1]), float(normal[0]))
    first, last = float("-inf"), float("inf")
    for start, step, least, most in zip(foot, along, low, high, strict=True):
        if abs(step) < 1e-12:
            if not least <= start <= most:
                return []
            continue
        ends = sorted(((least - start) / step, (most - start) / step))
        first, last = max(first, ends[0]), min(last, ends[1])
    if first >= last:
        return []
    return [(float(foot[0] + along[0] * t), float(foot[1] + along[1] * t)) for t in (first, last)]


def _kept(piece: list[tuple[float, float]], normal: Any, offset: float) -> list[tuple[float, float]]:
    """Return the part of a line segment at which `normal . p + offset >= 0`."""
    (a, b), (u, v) = ((float(normal[0] * x + normal[1] * y + offset) for x, y in piece), piece)
    if a < 0 and b < 0:
        return []
    if a >= 0 and b >= 0:
        return piece
    part = a / (a - b)
    cut = (u[0] + (v[0] - u[0]) * part, u[1] + (v[1] - u[1]) * part)
    return [u, cut] if a >= 0 else [cut, v]


# ---- drawing


def _draw(canvas: Canvas, plot: Plot, found: Features, corner: Point) -> None:
    frame = Rect(corner.x, corner.y, corner.x + SIDE, corner.y + SIDE)
    low, high = plot.low, plot.high

    def at(x: float, y: float) -> Point:
        return Point(
            frame.left + (x - low[0]) / ((high[0] - low[0]) or 1.0) * SIDE,
            frame.bottom - (y - low[1]) / ((high[1] - low[1]) or 1.0) * SIDE,
        )

    canvas.polygon(f"{plot.id}.frame", frame.corners, pen=Pen(ink="faint", width=HAIR), classes=("frame",))
    for number, ((x, y), kind) in enumerate(zip(plot.points.tolist(), found.classes.tolist(), strict=True), 1):
        point = at(x, y if plot.up else (low[1] + high[1]) / 2)
        _dot(canvas, f"{plot.id}.{number}", point, int(kind), DOT, ("example",), found.names[int(kind)])
    for number, line in enumerate(plot.lines, 1):
        points = [at(x, y) for x, y in line]
        canvas.wire(
            "", "", points, head=False, pen=Pen(width=BOLD), id=f"{plot.id}.boundary.{number}",
            classes=("boundary",), over=True,
        )  # fmt: skip
    if len(found.names) > 2:
        _badges(canvas, plot, found, at)
    title = words(plot.title, "bold")
    canvas.text(f"{plot.id}.title", (title,), frame.middle.x, frame.top - 3.2, TITLE, classes=("title",))
    below = frame.bottom + 2.2 - boxed((plot.across,), AXIS).top
    canvas.text(f"{plot.id}.across", (plot.across,), frame.middle.x, below, AXIS, classes=("axis",))
    if plot.up and len(plain(plot.up)) <= 6:
        canvas.text(f"{plot.id}.up", (plot.up,), frame.left - 2.0, frame.middle.y, AXIS, align="end", classes=("axis",))


def _dot(
    canvas: Canvas, name: str, at: Point, kind: int, radius: float, classes: tuple[str, ...], tip: str = ""
) -> None:
    """Draw an example in its class's colour; classes 1, 3, 5 … are hollow, for readers who cannot see colours."""
    role = ROLES[kind % len(ROLES)]
    ink, width, fill = (role, 0.36, "paper") if kind % 2 else ("paper", 0.12, role)
    canvas.node(name, at.x, at.y, radius, ink=ink, width=width, fill=fill, classes=classes, tip=tip)


def _badges(canvas: Canvas, plot: Plot, found: Features, at: Any) -> None:
    """Write each class's name in the middle of its points, because ten classes are hard to tell apart by colour."""
    for kind, name in _present(found):
        x, y = plot.points[found.classes == kind].mean(axis=0).tolist()
        middle: Point = at(x, y)
        role = ROLES[kind % len(ROLES)]
        node = canvas.node(
            f"{plot.id}.class.{kind}", middle.x, middle.y, BADGE, ink=role, width=BOLD, fill="paper", classes=("class",)
        )
        canvas.nodes.remove(node)
        canvas.front.append(node)
        canvas.label(node, words(name, "bold"), NAME)


def _present(found: Features) -> Iterator[tuple[int, str]]:
    for kind, name in enumerate(found.names):
        if (found.classes == kind).any():
            yield kind, name


def _legend(canvas: Canvas, found: Features, wide: float) -> None:
    """Draw the legend, in rows below the plots: the colour and the name of each class."""
    entries = [(kind, name, words(name)) for kind, name in _present(found)]
    size = max(line_width(line, NAME) for _, _, line in entries) + 7.0
    each = max(1, min(len(entries), int(wide // size)))
    left, top = (wide - each * size) / 2, canvas.box().bottom + 5.5
    for number, (kind, _, line) in enumerate(entries):
        row, column = divmod(number, each)
        x, y = left + column * size + 2, top + row * NAME * 1.7
        _dot(canvas, f"legend.{kind}", Point(x, y), kind, DOT * 1.3, ("legend",))
        canvas.text(f"legend.{kind}.text", (line,), x + 2.4, y + NAME * 0.35, NAME, align="start", classes=("legend",))
