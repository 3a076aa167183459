"""Make the plan of a run from a spec, its sections, the data and the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.codegen.outside import permit
from netspec.config.check import names_of, net_of
from netspec.config.data import Data, read_data
from netspec.config.match import Match, match
from netspec.config.predictions import Prediction
from netspec.config.settings import Sections, gather, merge, override
from netspec.config.train import Train, read_train
from netspec.config.vocabulary.steps import Columns
from netspec.diagnostics.errors import DataError, SpecError
from netspec.diagnostics.model import Diagnostic, Report
from netspec.documents import Request
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.parts import need, require
from netspec.training.data.batches import default_workers
from netspec.training.data.dataset import Dataset, prepare
from netspec.training.data.remarks import data_remarks
from netspec.training.loop.devices import require_device
from netspec.training.sources.open import Places, open_source

if TYPE_CHECKING:
    from netspec.spec import Net, Spec

MODULES = ("torch", "numpy", "safetensors")


@dataclass
class Plan:
    """All that a run needs before its first step."""

    spec: Spec
    net: Net
    data: Data
    train: Train
    match: Match
    dataset: Dataset
    request: Request
    others: Sequence[Spec] = ()  # the specs of `--with`, whose sections override those of `spec`
    remarks: list[Diagnostic] = field(default_factory=list)  # warnings about the sections and the data
    stored: Mapping[str, Any] | None = None  # the data.json of a run whose net is to answer new rows
    allow: tuple[str, ...] = ()  # modules that the caller allows to be imported

    @property
    def graph(self) -> Graph:
        return self.net.graph

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What is known of the data that the net learns or has learned from, as data.json holds it."""
        return self.stored or self.dataset.document().facts

    def meaning(self, predicted: Prediction, target: str | None) -> Prediction:
        """Return what a layer predicts, with the names of its target's classes or labels and the target's unit."""
        item = self.data.fields.get(target or "")
        known = self.facts["fields"].get(target, {})
        names = known.get("classes") or ()
        if not predicted.chooses and item is not None and isinstance(item.steps[0], Columns):
            names = item.steps[0].names or known.get("columns", ())
        steps = () if item is None else [step for step in item.steps[1:] if not step.batched]
        learned = [(step, step.recall(state)) for step, state in zip(steps, known.get("steps", ()))]

        def inverse(array: Any) -> Any:
            for step, state in reversed(learned):
                array = step.inverse(array, state)
            return array

        undone = learned and not predicted.discrete
        return replace(
            predicted,
            names=tuple(names) if predicted.discrete and len(names) == predicted.count else (),
            inverse=inverse if undone else None,
        )

    @property
    def workers(self) -> int:
        """How many threads fetch the fields that are stored off the device."""
        return self.request.workers or default_workers()

    @property
    def targets(self) -> dict[str, Type]:
        """The type that the net or a loss wants of each field."""
        return self.match.wanted


def read_sections(spec: Spec, request: Request, others: Sequence[Spec] = ()) -> tuple[Net, Data, Train, Match]:
    """Return the net and its sections, after `--with` and `--set` have changed them.

    Parameters:
        spec: the spec with the net.
        request: the net, its sizes and the overrides.
        others: specs whose sections override those of `spec`.

    Raises:
        SpecError: the sections have mistakes; the error holds all of them.
    """
    report = Report()
    sections = _sections(spec, request, others, report)
    name = request.net or net_of(spec.program, sections, report)
    if report.failed:
        raise SpecError(*report.diagnostics)
    net = spec.net(name, **request.sizes)
    if net.graph.open:
        net.source()  # this raises an error, because sizes are open
    names = names_of(net.graph)
    data = read_data(sections.data, names, report)
    train = read_train(sections, names, report)
    if not sections.trains:
        report.add(Diagnostic("NS775", None, {"file": spec.name}))
    found = match(data, train, net.graph, report)
    if report.failed:
        raise SpecError(*report.diagnostics)
    found.warnings = report.diagnostics
    return net, data, train, found


def _sections(spec: Spec, request: Request, others: Sequence[Spec], report: Report) -> Sections:
    main = spec.program.main
    sections = gather(((main.source, section) for section in main.sections), report)
    for other in others:
        unit = other.program.main
        sections = merge(sections, gather(((unit.source, section) for section in unit.sections), report))
    return override(sections, request.assignments)


def make_plan(
    spec: Spec,
    request: Request,
    given: Mapping[str, Any] | None = None,
    others: Sequence[Spec] = (),
    allow: Sequence[str] = (),
    stored: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan of a run: read the sections, and the data that they name.

    Parameters:
        spec: the spec with the net.
        request: the options of the run.
        given: the caller's arrays by field.
        others: specs whose sections override those of `spec`.
        allow: modules that `python("pkg:fn")` and `extern("pkg:Class")` may import; a run never stores them.
        stored: the data.json of the run that is resumed, whose split is made again; None for a new run.

    Raises:
        SpecError: the sections have mistakes (exit code 1).
        NetspecError: the data has faults (3), or a package is missing (5).
    """
    # What costs little is refused first: torch and matplotlib are imported when the data is known to fit.
    net, data, train, found = read_sections(spec, request, others)
    allowed = (*spec.allow, *allow)
    permit(net.graph, allowed)
    modules = (*MODULES, "matplotlib") if request.pictures else MODULES
    require(*modules)
    require_device(request.device)
    places = places_of(request, spec, allowed)
    dataset = load_data(data, found, places, given or {}, train.seed, spec, stored)
    for module in modules:
        need(module)
    net.admit(allowed)
    plan = Plan(spec, net, data, train, found, dataset, request, others, allow=allowed)
    plan.remarks = [*found.warnings, *data_remarks(net.graph, data, train, found, dataset)]
    return plan


def places_of(request: Request, spec: Spec, allow: Sequence[str] = ()) -> Places:
    """Return the folders from which a run may read."""
    folder = None if request.folder is None else Path(request.folder)
    data = None if request.data is None else Path(request.data)
    return Places(folder, spec.program.root, data, tuple(allow))


def load_data(
    data: Data,
    found: Match,
    places: Places,
    given: Mapping[str, Any],
    seed: int,
    spec: Spec,
    stored: Mapping[str, Any] | None = None,
) -> Dataset:
    """Read the source, unless the caller gives arrays for all fields, and prepare every field."""
    rows = None
    if data.source is not None and not set(found.wanted) <= set(given):
        rows = open_source(data.source, places)
    elif data.source is None and not given:
        raise DataError(Diagnostic("NS836", None, {"file": spec.name}))
    return prepare(data, found, rows, given, seed, stored)


# ---- Write settings of the caller as a spec writes them


def short_keys(short: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings `epochs`, `batch`, `seed` and `lr` by their full names, without those that are None."""
    homes = {"lr": "train.optimizer.lr"}
    return {homes.get(key, f"train.{key}"): value for key, value in short.items() if value is not None}


def assignments(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return settings as pairs of the key and the value's text."""
    return [(key, value if isinstance(value, str) else as_text(value)) for key, value in settings.items()]


def as_text(value: Any) -> str:
    """Return the text with which a spec writes a Python value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(as_text(item) for item in value)}]"
    return repr(value) if isinstance(value, float) else str(value)
