"""A trained run and new rows -> what the net answers: classes by their names, probabilities, numbers in their units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.parts import need
from netspec.sections.predictions import Numbers
from netspec.sections.rows import Rows
from netspec.sections.vocabulary.steps import Columns
from netspec.training.engine import EVALUATION_BATCH, Engine, build_engine
from netspec.training.plan import Plan, places_of, read_sections
from netspec.training.prepare import Dataset
from netspec.training.replay import ALL, replay
from netspec.training.run import Run

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from netspec.training.objective import Judge

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(slots=True)
class Answer:
    """What the net says of one target.

    values: classes (rows, …) as numbers; labels (rows, labels, …) of 0 and 1; or numbers (rows, …) in the target's
    own unit.
    probabilities: (rows, classes, …), or (rows, …) of the second of two classes; (rows, labels, …) of labels.
    """

    name: str
    values: Array
    probabilities: Array | None = None
    classes: tuple[str, ...] = ()  # what each class number is called
    labels: tuple[str, ...] = ()  # what each label is called

    @property
    def named(self) -> Array:
        """The answers as people read them: names of classes, 0 and 1 for each label, or numbers."""
        import numpy as np

        return np.array(self.classes)[self.values] if self.classes else self.values


class Trained:
    """A finished run, ready for new rows."""

    def __init__(self, run: Run, device: str = "cpu", allow: Iterable[str] = ()) -> None:
        for module in ("torch", "numpy", "safetensors"):
            need(module)
        self.run = run
        self.request = run.request
        self.request.device, self.request.compile = device, "off"
        self.allow = tuple(allow)
        self.net, self.data, self.train, self.match = read_sections(run.spec, self.request, run.others)
        self.stored = run.data

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self.match.inputs)

    def dataset(self, rows: Rows | None, given: Mapping[str, Any], names: Iterable[str]) -> Dataset:
        """New rows, prepared as the run's own were."""
        return replay(self.data, self.match, rows, given, names, self.stored)

    def plan(self, dataset: Dataset) -> Plan:
        return Plan(self.run.spec, self.net, self.data, self.train, self.match, dataset, self.request, self.run.others)

    def engine(self, dataset: Dataset) -> Engine:
        """The net with its trained weights, and the rows beside it."""
        import torch

        engine = build_engine(self.plan(dataset))
        state = {key: torch.from_numpy(value) for key, value in self.run.weights().items()}
        engine.model.load_state_dict(state, strict=True)
        engine.model.eval()
        return engine

    def own(self) -> Dataset:
        """The run's own data, with the parts that it had."""
        from netspec.training.plan import load_data

        places = places_of(self.request, self.run.spec, self.allow)
        return load_data(self.data, self.match, places, {}, self.train.seed, self.run.spec)

    # ---- answers

    def answers(self, dataset: Dataset) -> list[Answer]:
        """The answers for every row, one Answer a target."""
        engine = self.engine(dataset)
        return [self._answer(judge, values) for judge, values in _values(engine)]

    def _answer(self, judge: Judge, values: Tensor) -> Answer:
        name = judge.term.compared or judge.term.layer
        field = self.stored["fields"].get(name, {})
        predicted = judge.predicted or Numbers(judge.layer)
        decided = predicted.decide(values)
        if not predicted.discrete:
            return Answer(name, self._in_units(name, decided.double().numpy(), field))
        found = Answer(name, decided.numpy(), predicted.probabilities(values).numpy())  # type: ignore[union-attr]
        numbers = [str(number) for number in range(predicted.count)]
        if predicted.chooses:
            found.classes = tuple(field.get("classes") or numbers)
        else:
            found.labels = self._columns(name, field) or tuple(numbers)
        return found

    def _columns(self, name: str, field: Mapping[str, Any]) -> tuple[str, ...]:
        """The columns that a field's numbers came from, which are what its labels are called."""
        item = self.data.fields.get(name)
        first = item.steps[0] if item is not None and item.steps else None
        if not isinstance(first, Columns):
            return ()
        return first.names or tuple(field.get("columns", ()))

    def _in_units(self, name: str, array: Array, field: Mapping[str, Any]) -> Array:
        """What standardize and scale did to a target, undone."""
        item = self.data.fields.get(name)
        if item is None:
            return array
        done = [step for step in item.steps[1:] if not step.batched]
        for step, stored in reversed(list(zip(done, field.get("steps", ())))):
            array = step.inverse(array, {key: value for key, value in stored.items() if key != "word"})
        return array


def _values(engine: Engine) -> list[tuple[Judge, Tensor]]:
    """What each target's term reads, over all rows; a target is answered once, as its first loss says."""
    import torch

    judges = [judge for judge in engine.objective.losses if judge.predicted is not None]
    judges += [judge for judge in engine.objective.metrics if judge.target is not None]
    chosen: dict[str, Judge] = {}
    for judge in judges or engine.objective.losses:
        chosen.setdefault(judge.term.compared or judge.term.layer, judge)
    found: dict[str, list[Tensor]] = {name: [] for name in chosen}
    part = engine.parts[ALL]
    with torch.inference_mode():
        for index in torch.split(torch.arange(part.count), EVALUATION_BATCH):
            batch = part.take(index)
            outputs = engine.outputs(batch)
            for name, judge in chosen.items():
                found[name].append(judge.value(outputs, batch).detach().float().cpu())
    return [(chosen[name], torch.cat(values)) for name, values in found.items()]
