"""A trained run and new rows -> predictions: class names, probabilities, numbers in their original unit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.config.predictions import Numbers
from netspec.config.rows import Rows
from netspec.config.vocabulary.sources import Folder
from netspec.config.vocabulary.steps import Unlearned
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.documents import DataFacts, damaged
from netspec.parts import need, require
from netspec.training.data.dataset import ALL, Dataset, transform_new_rows
from netspec.training.inference.tables import Answer, open_given
from netspec.training.loop.devices import require_device
from netspec.training.loop.engine import EVALUATION_BATCH, Engine, build_engine
from netspec.training.loop.loop import Evaluation, evaluation
from netspec.training.plan import MODULES, Plan, places_of, read_sections
from netspec.training.record import Record
from netspec.training.sources.folder import open_folder

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from netspec.training.loop.objective import Criterion

    Array = np.ndarray[Any, np.dtype[Any]]


class Predictor:
    """Predicts new rows with a finished run.

    Parameters:
        run: the record of the run.
        device: the device of the computation.
    """

    def __init__(self, run: Record, device: str = "cpu") -> None:
        require(*MODULES)
        require_device(device)
        self.run = run
        self.request = run.request
        self.request.device, self.request.compile = device, "off"
        self.net, self.data, self.train, self.match = read_sections(run.spec, self.request, run.others)
        self.net.admit(run.allow)
        self.stored = run.data

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self.match.inputs)

    @property
    def form(self) -> Mapping[str, Any]:
        """What the run found about how its table is written; new tables are read in the same way."""
        form: Mapping[str, Any] = self.stored.get("form", {})
        return form

    def dataset(self, rows: Rows | None, given: Mapping[str, Any], names: Iterable[str]) -> Dataset:
        """Prepare new rows with the transformations of the run."""
        if rows is not None:
            rows.new = True
        with self.recalling():
            return transform_new_rows(self.data, self.match, rows, given, names, self.stored)

    @contextlib.contextmanager
    def recalling(self) -> Iterator[None]:
        """Raise UsageError NS880 if what the run says that its steps learned cannot be so."""
        try:
            yield
        except Unlearned as fault:
            raise UsageError(damaged(self.run.folder, DataFacts.file, "fields", fault.value)) from None

    def plan(self, dataset: Dataset) -> Plan:
        return Plan(
            self.run.spec,
            self.net,
            self.data,
            self.train,
            self.match,
            dataset,
            self.request,
            self.run.others,
            stored=self.stored,
        )

    def engine(self, dataset: Dataset) -> Engine:
        """Return an engine with the trained net for the rows of a data set."""
        weights = self.run.weights(self.net)  # before torch is imported: they may be damaged
        for module in MODULES:
            need(module)
        import torch

        engine = build_engine(self.plan(dataset))
        state = {key: torch.from_numpy(value) for key, value in weights.items()}
        engine.model.load_state_dict(state, strict=True)
        engine.model.eval()
        return engine

    def own(self) -> Dataset:
        """Return the run's own data with its parts."""
        from netspec.training.plan import load_data

        places = places_of(self.request, self.run.spec, self.run.allow)
        return load_data(self.data, self.match, places, {}, self.train.seed, self.run.spec, self.stored)

    def answers(self, dataset: Dataset) -> list[Answer]:
        """Return the predictions for all rows, one Answer per target."""
        plan = self.plan(dataset)
        with self.recalling():
            return [_answer(plan, criterion, values) for criterion, values in _values(self.engine(dataset))]


def _answer(plan: Plan, criterion: Criterion, values: Tensor) -> Answer:
    name = criterion.term.compared or criterion.term.layer
    predicted = criterion.predicted or plan.meaning(Numbers(criterion.layer), name)
    decided = predicted.decide(values)
    if not predicted.discrete:
        return Answer(name, predicted.in_units(decided).numpy())
    found = Answer(name, decided.numpy(), predicted.probabilities(values).numpy())  # type: ignore[union-attr]
    named = tuple(map(predicted.name, range(predicted.count)))
    if predicted.chooses:
        found.classes = named
    else:
        found.labels = named
    return found


def _values(engine: Engine) -> list[tuple[Criterion, Tensor]]:
    """Return for each target its first loss or metric, and the layer's values for all rows."""
    import torch

    criteria = [criterion for criterion in engine.objective.losses if criterion.predicted is not None]
    criteria += [criterion for criterion in engine.objective.metrics if criterion.target is not None]
    chosen: dict[str, Criterion] = {}
    for criterion in criteria or engine.objective.losses:
        chosen.setdefault(criterion.term.compared or criterion.term.layer, criterion)
    found: dict[str, list[Tensor]] = {name: [] for name in chosen}
    part = engine.parts[ALL]
    with torch.inference_mode():
        for index in torch.split(torch.arange(part.count), EVALUATION_BATCH):
            batch = part.take(index)
            outputs = engine.outputs(batch)
            for name, criterion in chosen.items():
                found[name].append(criterion.value(outputs, batch).detach().float().cpu())
    return [(chosen[name], torch.cat(values)) for name, values in found.items()]


# ---- A finished run -> its loss and metrics, for its own parts or for rows of another file


def evaluate(trained: Predictor, paths: list[Path] | None = None) -> tuple[dict[str, Evaluation], list[Diagnostic]]:
    """Compute the scores of a trained net.

    Parameters:
        trained: the run.
        paths: files to score instead of the run's own data.

    Returns:
        The scores and tables of classes by part (`given` for the rows of `paths`), and warnings about the data.

    Raises:
        NetspecError: the data has mistakes (exit code 3), or the run has no source (NS873).
    """
    remarks: list[Diagnostic] = []
    if paths:
        rows = _open(paths, trained)
        dataset = trained.dataset(rows, {}, trained.match.wanted)
        remarks += dataset.notes
        return {"given": evaluation(trained.engine(dataset), ALL)}, remarks
    if trained.data.source is None:
        words = {"folder": str(trained.run.folder)}
        raise UsageError(Diagnostic("NS873", None, words, hints=(Hint("file"),)))
    dataset = trained.own()
    remarks += dataset.notes
    before, now = trained.stored["files"], dataset.document().files
    if [file["sha256"] for file in before] != [file.sha256 for file in now]:
        remarks.append(Diagnostic("NS874", None, {"source": dataset.source}, severity="warning"))
    engine = trained.engine(dataset)
    return {name: evaluation(engine, name) for name in engine.parts}, remarks


def _open(paths: list[Path], trained: Predictor) -> Rows:
    """Read rows from files. A folder of pictures has a folder for each class, like the run's own data."""
    if len(paths) == 1 and paths[0].is_dir() and isinstance(trained.data.source, Folder):
        classes = trained.data.source.classes
        return open_folder(Folder(folder=str(paths[0]), classes=classes), paths[0], None)
    return open_given(paths, trained.data.source, form=trained.form)
