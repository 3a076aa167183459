"""The loss and metrics of a train section, put to work on the outputs of a net and the fields of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.sections.match import type_of, value_of
from netspec.sections.predictions import Prediction
from netspec.sections.train import Train
from netspec.sections.vocabulary.losses import Term, loss_function, prediction_of
from netspec.sections.vocabulary.metrics import Metric, MetricState, measures
from netspec.training.judged import Judged

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.sections.vocabulary.losses import Compute

    Outputs = tuple[Tensor, ...]
    Batch = Mapping[str, Tensor]
    Read = Callable[[Outputs, Batch], Tensor]


@dataclass(slots=True)
class Judge:
    """One term with the ways to its value, target and mask."""

    term: Term
    value: Read
    target: Read | None
    mask: Read | None
    layer: Type
    wanted: Type | None
    predicted: Prediction | None = None  # what the layer's values mean
    coefficient: float = 1.0
    compute: Compute | None = None
    others: dict[str, Read] = field(default_factory=dict)


@dataclass(slots=True)
class Objective:
    """All terms of a run."""

    losses: list[Judge]
    metrics: list[Judge] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """What each metric is called."""
        return measures(judge.term for judge in self.metrics if isinstance(judge.term, Metric))

    def loss(self, outputs: Outputs, batch: Batch) -> Tensor:
        """The loss of a batch: the sum of its terms' means."""
        total: Any = None
        for judge in self.losses:
            mean, _ = self.mean(judge, outputs, batch)
            part = mean if judge.coefficient == 1.0 else judge.coefficient * mean
            total = part if total is None else total + part
        found: Tensor = total
        return found

    def mean(self, judge: Judge, outputs: Outputs, batch: Batch) -> tuple[Tensor, float | Tensor]:
        """One term's mean over a batch, and what it counts."""
        value = judge.value(outputs, batch)
        target = None if judge.target is None else judge.target(outputs, batch)
        assert judge.compute is not None
        others = {name: read(outputs, batch) for name, read in judge.others.items()}
        return judge.compute(value, target, None if judge.mask is None else judge.mask(outputs, batch), **others)

    def states(self) -> list[MetricState]:
        """Empty states, one a metric."""
        metrics = [(judge, judge.term) for judge in self.metrics if isinstance(judge.term, Metric)]
        return [MetricState(metric, judge.layer, judge.predicted) for judge, metric in metrics]

    def measure(self, states: list[MetricState], outputs: Outputs, batch: Batch) -> None:
        for judge, found in zip(self.metrics, states, strict=True):
            assert judge.target is not None
            mask = None if judge.mask is None else judge.mask(outputs, batch)
            found.add(judge.value(outputs, batch), judge.target(outputs, batch), mask)


def objective(train: Train, graph: Graph, judged: Judged, wanted: Mapping[str, Type], device: Any) -> Objective:
    """The functions of a train section's terms; `wanted` says what each target field holds."""
    losses = []
    for item in train.loss:
        judge = _judge(item.term, train, graph, judged, wanted)
        judge.coefficient = item.coefficient
        judge.compute = loss_function(item.term, judge.layer, judge.wanted, device)
        losses.append(judge)
    return Objective(losses, [_judge(metric, train, graph, judged, wanted) for metric in train.metrics])


def _judge(term: Term, train: Train, graph: Graph, judged: Judged, wanted: Mapping[str, Type]) -> Judge:
    edge = value_of(graph, term.layer)
    assert edge is not None
    layer = type_of(graph, edge)
    target = term.compared
    rebuilds = target in {graph.layers[graph.nodes[number].layer].label for number in graph.inputs}
    return Judge(
        term,
        _read(term.layer, term.classifies, graph, judged),
        None if target is None else _read(target, False, graph, judged),
        _mask(term, layer, graph, judged),
        layer,
        _type_of_target(target, graph, wanted),
        prediction_of(term, [item.term for item in train.loss], layer, rebuilds),
        others={
            option: _read(name, False, graph, judged) for option, name in term.others().items() if option != "mask"
        },
    )


def _type_of_target(name: str | None, graph: Graph, wanted: Mapping[str, Type]) -> Type | None:
    if name is None:
        return None
    edge = value_of(graph, name)
    return wanted.get(name) if edge is None else type_of(graph, edge)


def _read(name: str, sums: bool, graph: Graph, judged: Judged) -> Read:
    """The way to a layer's value among the outputs, to an input or a target among the fields."""
    edge = value_of(graph, name)
    if edge is None or graph.nodes[edge.node].kind == "input":
        return lambda outputs, batch: batch[name]
    position = judged.of(name, sums)
    activation = "" if sums else judged.activation[position]
    if not activation:
        return lambda outputs, batch: outputs[position]
    axis = 1 if judged.types[position].time is None else 2
    if activation == "sigmoid":
        return lambda outputs, batch: outputs[position].sigmoid()
    return lambda outputs, batch: outputs[position].softmax(axis)


def _mask(term: Term, layer: Type, graph: Graph, judged: Judged) -> Read | None:
    """What counts: a mask that the term names, and the steps that each example has."""
    named = getattr(term, "mask", None)
    chosen = None if named is None else _read(named, False, graph, judged)
    if layer.time is None or not layer.time.varying:
        return chosen
    lengths = f"{_owner(graph, layer.time.varying)}_length"
    steps = layer.time.length

    def within(outputs: Outputs, batch: Batch) -> Tensor:
        import torch

        ends = batch[lengths]
        mask = torch.arange(int(steps), device=ends.device) < ends[:, None]  # type: ignore[arg-type]
        return mask if chosen is None else mask & chosen(outputs, batch).bool().reshape(mask.shape)

    return within


def _owner(graph: Graph, varying: str) -> str:
    """The first input whose lengths a time has."""
    for number in graph.inputs:
        node = graph.nodes[number]
        if node.type.time is not None and node.type.time.varying == varying:
            return graph.layers[node.layer].label
    raise AssertionError(varying)
