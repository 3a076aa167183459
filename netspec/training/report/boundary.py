"""The decision boundary of a net with two inputs: predictions, examples, and the equation of a linear net."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.config.arrays import Values
from netspec.config.vocabulary import steps
from netspec.training.data.dataset import Prepared
from netspec.training.loop.engine import EVALUATION_BATCH, Engine
from netspec.training.report.plots import COLOURS, as_svg, figure, short, styled

if TYPE_CHECKING:
    import numpy as np

    from netspec.training.loop.objective import Criterion
    from netspec.training.plan import Plan

    Array = np.ndarray[Any, np.dtype[Any]]

SIDE = 240  # points of the grid along each axis
MARGIN = 0.08  # the margin around the examples, relative to their range
MOST_POINTS = 3000
MOST_TERMS = 8


class Plane(NamedTuple):
    """The examples (n, 2) in the units of the data, their classes and parts, and the predictions of the net."""

    points: Array
    right: Array
    part: Array  # 0 for training, 1 for other parts
    # (n, 2) -> (n, classes): the margin by which each class exceeds the best other class
    lead: Callable[[Array], Array]
    axes: tuple[str, str]
    classes: tuple[str, ...]
    equation: str
    target: str


class View:
    """A net as a function from its only input, in the units of the data, to the values of a layer."""

    def __init__(self, plan: Plan, engine: Engine, criterion: Criterion) -> None:
        (self.name,) = plan.match.inputs
        self.item: Prepared = plan.dataset.fields[self.name]
        self.engine = engine
        self.criterion = criterion
        field = plan.data.fields.get(self.name)
        first = field.steps[0] if field is not None and field.steps else None
        given = self.item.columns or (first.names if isinstance(first, steps.Columns) else ())
        count = int(self.item.values.array.shape[1])
        self.axes = given if len(given) == count else tuple(f"{self.name}{at + 1}" for at in range(count))

    def raw(self, array: Array) -> Array:
        """Convert prepared values back to the units of the data."""
        for step, state in reversed(self.item.learned):
            array = step.inverse(array, state)
        return array

    def values(self, raw: Array) -> Array:
        """Return the layer's values (n, maps) for inputs in the units of the data."""
        import numpy as np
        import torch

        prepared = Values(raw.astype(np.float64))
        for step, state in self.item.learned:
            prepared = step.transform(prepared, state)
        found = []
        self.engine.model.eval()
        with torch.inference_mode():
            for part in torch.split(torch.from_numpy(prepared.array), EVALUATION_BATCH):
                batch = {self.name: part.to(self.engine.device, self.engine.dtype)}
                found.append(self.criterion.value(self.engine.outputs(batch), batch).double().cpu())
        result: Array = torch.cat(found).numpy()
        return result

    def lead(self, raw: Array) -> Array:
        """Return by how much each class exceeds the best other class, (n, classes); its region ends where this is 0."""
        import numpy as np

        values = self.values(raw)
        if values.shape[1] == 1:
            values = np.concatenate([-values, values], axis=1) / 2
        order = np.sort(values, axis=1)
        first, second = order[:, -1:], order[:, -2:-1]
        found: Array = np.where(values == first, values - second, values - first)
        return found


def fits(plan: Plan, criterion: Criterion | None) -> bool:
    """Whether the net predicts a class from one row of numbers."""
    if criterion is None or len(plan.match.inputs) != 1:
        return False
    (wanted,) = plan.match.inputs.values()
    plain = wanted.classes is None and not wanted.space and wanted.time is None
    return plain and not criterion.layer.space and criterion.layer.time is None


def equation_of(view: View) -> str:
    """Return the equation, `f = -50 - 1 age + 2 salary`, if the layer has one value that is linear in the data; else
    ''.

    Linearity is tested with values at many points, not derived from the kinds of layers.
    """
    import numpy as np

    raw = view.raw(view.item.values.array.astype(np.float64))
    count = raw.shape[1]
    if view.criterion.layer.maps != 1 or count > MOST_TERMS:
        return ""
    middle, spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-12)
    ends = np.stack([middle, *(middle + spread[at] * np.eye(count)[at] for at in range(count))])
    values = view.values(ends)[:, 0]
    slope = (values[1:] - values[0]) / spread
    start = values[0] - slope @ middle
    probe = middle + spread * np.random.default_rng(0).uniform(-3, 3, (64, count))
    seen = view.values(probe)[:, 0]
    if not np.allclose(seen, start + probe @ slope, rtol=1e-3, atol=1e-3 * float(np.abs(seen).max() + 1e-12)):
        return ""
    text = f"{start:.4g}"
    for weight, name in zip(slope, view.axes):
        shown = name if name.isidentifier() else f"({name})"
        text += f" {'-' if weight < 0 else '+'} {abs(weight):.4g} {shown}"
    return f"{view.criterion.term.layer} = {text}"


def plane_of(plan: Plan, engine: Engine, view: View, classes: tuple[str, ...], equation: str) -> Plane:
    """Return examples of all parts, at most MOST_POINTS, with their true classes."""
    import numpy as np

    parts = plan.dataset.parts
    rows = np.concatenate(list(parts.values()))
    part = np.concatenate([np.full(len(found), name != "training") for name, found in parts.items()])
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), MOST_POINTS)).astype(int)
    rows, part = rows[chosen], part[chosen]
    name = view.criterion.term.compared or ""
    target = plan.dataset.fields[name].values.array[rows]
    right = target.reshape(len(rows), -1)
    right = right.argmax(1) if right.shape[1] > 1 else (right[:, 0] > 0.5 if right.dtype.kind == "f" else right[:, 0])
    points = view.raw(view.item.values.array[rows].astype(np.float64))
    axes = (view.axes[0], view.axes[1])
    return Plane(points, right.astype(int), part, view.lead, axes, classes, equation, name)


@styled
def boundary(plane: Plane) -> str:
    """Return an SVG: the background is the predicted class, each mark an example in the colour of its true class."""
    import numpy as np
    from matplotlib.colors import ListedColormap

    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    edge = MARGIN * np.maximum(high - low, 1e-9)
    across = np.linspace(low[0] - edge[0], high[0] + edge[0], SIDE)
    up = np.linspace(low[1] - edge[1], high[1] + edge[1], SIDE)
    grid = np.stack([found.ravel() for found in np.meshgrid(across, up)], axis=1)
    lead = plane.lead(grid)
    made, axes = figure(4.6, 4.0)
    axis = axes[0][0]
    count = len(plane.classes)
    colours = [COLOURS[kind % len(COLOURS)] for kind in range(count)]
    axis.imshow(
        lead.argmax(1).reshape(SIDE, SIDE),
        origin="lower",
        extent=(across[0], across[-1], up[0], up[-1]),
        aspect="auto",
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=count - 0.5,
        alpha=0.18,
        interpolation="nearest",
    )
    for kind in range(1 if count == 2 else 0, count):
        region = lead[:, kind].reshape(SIDE, SIDE)
        if region.min() < 0 < region.max():
            axis.contour(across, up, region, levels=[0.0], colors="#333333", linewidths=1.0)
    marks, names = _marks(axis, plane, colours)
    axis.grid(False)
    axis.set_xlabel(short(plane.axes[0]))
    axis.set_ylabel(short(plane.axes[1]))
    if plane.equation:
        axis.set_title(f"{plane.equation} = 0", fontsize=9)
    # explicit names, because matplotlib's automatic legend skips names that begin with an underscore
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    axis.legend(marks, names, title=plane.target, **beside)
    return as_svg(made)


def _marks(axis: Any, plane: Plane, colours: list[str]) -> tuple[list[Any], list[str]]:
    """Draw the examples. Return a mark of each kind and its name, for the legend."""
    signs = "oXs^Dvp*"  # classes differ by shape as well as by colour
    size = 34 if len(plane.points) <= 60 else 12
    marks, names = [], []
    for kind, name in enumerate(plane.classes):
        drawn = []
        for other, edge in ((False, "white"), (True, "black")):
            chosen = (plane.right == kind) & (plane.part == other)
            if chosen.any():
                points = plane.points[chosen]
                look = {"s": size, "c": colours[kind], "marker": signs[kind % len(signs)], "linewidths": 0.5}
                drawn.append(axis.scatter(points[:, 0], points[:, 1], edgecolors=edge, **look))
        if drawn:
            marks.append(drawn[0])
            names.append(short(name))
    if plane.part.any():
        marks.append(axis.scatter([], [], s=20, c="none", edgecolors="black", linewidths=0.8))
        names.append("not trained on")
    return marks, names
