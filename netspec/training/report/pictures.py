"""A trained run -> the pictures in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netspec.training.data.batches import Part
from netspec.training.loop.engine import Engine
from netspec.training.plan import Plan
from netspec.training.report.boundary import View, boundary, equation_of, fits, plane_of
from netspec.training.report.plots import confusion, curves
from netspec.training.run import Run
from netspec.training.storage import folder as names
from netspec.training.storage.folder import Folder
from netspec.training.storage.writer import rows_of

if TYPE_CHECKING:
    from netspec.training.loop.objective import Criterion

MOST_CLASSES = 60


class Drawn(NamedTuple):
    """The files of the pictures, and the equation of a linear net."""

    names: tuple[str, ...]
    equation: str = ""


def draw(plan: Plan, engine: Engine, folder: Folder) -> Drawn:
    """Write every picture for which the run has values."""
    drawn = [names.CURVES]
    equation = ""
    folder.write(names.CURVES, curves({plan.graph.name: rows_of(folder)}))
    part = next(name for name in ("test", "validation", "training") if name in engine.parts)
    criterion = _classifier(engine)
    if criterion is not None:
        table, labels = table_of(engine, engine.parts[part], criterion, plan)
        folder.write(names.CONFUSION, confusion(table, labels, part))
        drawn.append(names.CONFUSION)
        if fits(plan, criterion):
            view = View(plan, engine, criterion)
            equation = equation_of(view)
            if len(view.axes) == 2:
                folder.write(names.BOUNDARY, boundary(plane_of(plan, engine, view, tuple(labels), equation)))
                drawn.append(names.BOUNDARY)
    folder.write(names.FIGURE, Run(folder.path).render().svg())
    return Drawn((*drawn, names.FIGURE), equation)


def _classifier(engine: Engine) -> Criterion | None:
    """Return the first metric or loss of a layer that predicts one of a few classes."""
    for criterion in [*engine.objective.metrics, *engine.objective.losses]:
        predicted = criterion.predicted
        if (
            not criterion.term.classifies
            or criterion.term.compared is None
            or criterion.mask is not None
            or predicted is None
        ):
            continue
        plain = not criterion.layer.space and criterion.layer.time is None
        classes = criterion.wanted is not None and criterion.wanted.classes is not None
        single = predicted.chooses and (classes or (plain and criterion.layer.maps == 1))
        if single and predicted.count <= MOST_CLASSES:
            return criterion
    return None


def table_of(engine: Engine, part: Part, criterion: Criterion, plan: Plan) -> tuple[list[list[int]], list[str]]:
    """Return the confusion matrix of a part, and the names of the classes."""
    import torch

    predicted = criterion.predicted
    assert predicted is not None
    assert criterion.target is not None
    count = predicted.count
    table = torch.zeros(count, count, dtype=torch.int64)
    engine.model.eval()
    engine.carried.reset()
    with torch.inference_mode():
        for index in engine.chunks(part.count):
            batch = part.take(index)
            outputs = engine.outputs(batch)
            answer = predicted.decide(criterion.value(outputs, batch)).flatten()
            right = predicted.right(criterion.target(outputs, batch)).flatten()
            table += (right * count + answer).bincount(minlength=count**2).cpu().reshape(count, count)
    return table.tolist(), [predicted.name(number) for number in range(count)]
