"""Turn the loss and metrics of a train section into functions of a net's outputs and the fields of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from netspec.config.match import logits_of, type_of, value_of
from netspec.config.predictions import Prediction, choice
from netspec.config.vocabulary.losses import Term, loss_function, prediction_of
from netspec.config.vocabulary.metrics import Metric, MetricState, measures
from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic
from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.types import ShapeFault, Type
from netspec.ops.activations import Identity
from netspec.training.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.config.vocabulary.losses import Compute

    Outputs = tuple[Tensor, ...]
    Batch = Mapping[str, Tensor]
    Read = Callable[[Outputs, Batch], Tensor]


@dataclass(slots=True)
class Criterion:
    """A loss or metric of the train section, and how to read its value, target and mask.

    `value`, `target` and `mask` are functions (outputs, batch) -> tensor. `layer` is the type of the layer, `wanted`
    the type of the target, `others` reads what the term's other options name.
    """

    term: Term
    value: Read
    target: Read | None
    mask: Read | None
    layer: Type
    wanted: Type | None
    predicted: Prediction | None = None  # the meaning of the layer's values
    coefficient: float = 1.0
    compute: Compute | None = None
    others: dict[str, Read] = field(default_factory=dict)

    def compared(self, outputs: Outputs, batch: Batch) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the values of the layer, the target that they are compared with, and the mask."""
        assert self.target is not None
        mask = None if self.mask is None else self.mask(outputs, batch)
        return self.value(outputs, batch), self.target(outputs, batch), mask


@dataclass(slots=True)
class Objective:
    """All losses and metrics of a run."""

    losses: list[Criterion]
    metrics: list[Criterion] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)  # for each metric the one class that it is about, or ""
    # for each target of classes or labels what its table is counted from
    tables: dict[str, tuple[Criterion, Prediction]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metrics' results."""
        return measures(criterion.term for criterion in self.metrics if isinstance(criterion.term, Metric))

    @staticmethod
    def loss(losses: list[Criterion], outputs: Outputs, batch: Batch) -> Tensor:
        """Return the loss of a batch: the sum of the means of some losses, each times its coefficient."""
        total: Any = None
        for criterion in losses:
            mean, _ = Objective.mean(criterion, outputs, batch)
            part = mean if criterion.coefficient == 1.0 else criterion.coefficient * mean
            total = part if total is None else total + part
        found: Tensor = total
        return found

    @staticmethod
    def mean(criterion: Criterion, outputs: Outputs, batch: Batch) -> tuple[Tensor, float | Tensor]:
        """Return the mean of one loss over a batch, and the count by which the mean was divided."""
        value = criterion.value(outputs, batch)
        target = None if criterion.target is None else criterion.target(outputs, batch)
        assert criterion.compute is not None
        others = {name: read(outputs, batch) for name, read in criterion.others.items()}
        mask = None if criterion.mask is None else criterion.mask(outputs, batch)
        return criterion.compute(value, target, mask, **others)

    def measured(self) -> list[tuple[Criterion, Metric]]:
        """Return the metrics, each with its criterion."""
        return [(criterion, criterion.term) for criterion in self.metrics if isinstance(criterion.term, Metric)]

    def states(self) -> list[MetricState]:
        """Return an empty state for each metric."""
        return [MetricState(metric, criterion.layer, criterion.predicted) for criterion, metric in self.measured()]

    def measure(self, states: list[MetricState], outputs: Outputs, batch: Batch) -> None:
        """Add a batch to the state of each metric."""
        for criterion, found in zip(self.metrics, states, strict=True):
            found.add(*criterion.compared(outputs, batch))


def objective(plan: Plan, logits: Logits, device: Any) -> Objective:
    """Return the losses and metrics of a plan, ready to be computed.

    Parameters:
        plan: the plan; its net is as the spec writes it.
        logits: the net whose outputs the terms read.
        device: where the losses keep tensors of their own, such as weights of classes.

    Raises:
        SpecError: a metric is about a class that the data lack (NS719).
    """
    losses = []
    for item in (item for turn in plan.train.turns for item in turn.loss):
        criterion = _criterion(item.term, plan, logits)
        criterion.coefficient = item.coefficient
        counts = plan.facts["fields"].get(item.term.compared, {}).get("counts")
        term = item.term.balanced(counts) if item.term.compared in plan.match.balanced and counts else item.term
        criterion.compute = loss_function(term, criterion.layer, criterion.wanted, device)
        losses.append(criterion)
    found = Objective(losses, [_criterion(metric, plan, logits) for metric in plan.train.metrics])
    for criterion in [*found.losses, *found.metrics]:
        kind = criterion.predicted
        if kind is not None and kind.discrete and criterion.target is not None and criterion.term.compared is not None:
            found.tables.setdefault(criterion.term.compared, (criterion, kind))
    for criterion, metric in found.measured():
        try:
            found.subjects.append(metric.speaks_of(criterion.predicted or choice(criterion.layer)))
        except ShapeFault as fault:
            raise SpecError(Diagnostic(fault.code, metric.at(fault.option or ""), fault.words)) from None
    return found


def _criterion(term: Term, plan: Plan, logits: Logits) -> Criterion:
    train, graph = plan.train, plan.graph
    edge = value_of(graph, term.layer)
    assert edge is not None
    layer = type_of(graph, edge)
    target = term.compared
    rebuilds = target in {graph.layers[graph.nodes[number].layer].label for number in graph.inputs}
    predicted = prediction_of(term, train.terms, layer, rebuilds)
    value = _read(term.layer, term.classifies, graph, logits)
    return Criterion(
        term,
        value,
        _filled(value, term.constant) if target is None else _read(target, False, graph, logits),
        _mask(term, layer, graph, logits),
        layer,
        _type_of_target(target, graph, plan.targets),
        None if predicted is None else plan.meaning(predicted, target),
        others={
            option: _read(name, False, graph, logits) for option, name in term.others().items() if option != "mask"
        },
    )


def _type_of_target(name: str | None, graph: Graph, wanted: Mapping[str, Type]) -> Type | None:
    if name is None:
        return None
    edge = value_of(graph, name)
    return wanted.get(name) if edge is None else type_of(graph, edge)


def _read(name: str, classifies: bool, graph: Graph, logits: Logits) -> Read:
    """Return the function that finds a layer's value among the outputs, or an input or target among the fields."""
    edge = value_of(graph, name)
    if edge is None or graph.nodes[edge.node].kind == "input":
        return lambda outputs, batch: batch[name]
    position = logits.position[name, classifies]
    activation = "" if classifies else logits.activation[position]
    if not activation:
        return lambda outputs, batch: outputs[position]
    axis = 1 if logits.types[position].time is None else 2
    if activation == "sigmoid":
        return lambda outputs, batch: outputs[position].sigmoid()
    return lambda outputs, batch: outputs[position].softmax(axis)


def _filled(value: Read, number: float | None) -> Read | None:
    """Return the function that gives a number as the target of every value of a layer; None without a number."""
    if number is None:
        return None

    def filled(outputs: Outputs, batch: Batch) -> Tensor:
        import torch

        return torch.full_like(value(outputs, batch), number)

    return filled


def _mask(term: Term, layer: Type, graph: Graph, logits: Logits) -> Read | None:
    """Return the function that computes which values count: those in the mask that the term names, and only up to the
    length of each example. Return None if all values count."""
    named = getattr(term, "mask", None)
    chosen = None if named is None else _read(named, False, graph, logits)
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
    """Return the first input whose time varies with the lengths named `varying`."""
    for number in graph.inputs:
        node = graph.nodes[number]
        if node.type.time is not None and node.type.time.varying == varying:
            return graph.layers[node.layer].label
    raise AssertionError(varying)


# ---- Change a net's graph so that its forward returns the values that losses and metrics read


@dataclass(slots=True)
class Logits:
    """The graph to train; a loss or metric that classifies reads logits from its outputs, not probabilities.

    outputs: the edges that the graph returns.
    position: (layer, whether a term reads the layer's logits) -> the number of the output.
    activation: for each output, the activation that was left out; a term that reads probabilities applies it.
    types: for each output, the type of the layer.
    """

    graph: Graph
    outputs: list[Edge] = field(default_factory=list)
    position: dict[tuple[str, bool], int] = field(default_factory=dict)
    activation: list[str] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)

    def read_by(self, term: Term) -> list[int]:
        """Return the numbers of the outputs that a term reads."""
        return [self.position[item] for item in _names(term) if item in self.position]


def with_logits(graph: Graph, terms: list[Term], inputs: frozenset[str]) -> Logits:
    """Return the net with an output for every layer that a term reads. Inputs need none: they are fields of a batch."""
    logits = Logits(graph)
    readers = Counter(edge for node in graph.nodes for edge in node.inputs)
    nodes = list(graph.nodes)
    wanted: list[tuple[Edge, str]] = []
    for term in terms:
        for name, classifies in _names(term):
            edge = value_of(graph, name)
            if edge is None or (graph.nodes[edge.node].kind == "input"):
                continue
            before, activation = logits_of(graph, edge)
            if activation and not _private(graph, edge, before, readers):
                activation, before = "", before if classifies else edge
            elif activation:
                _skip(nodes, edge, before)
            item = (before if activation or classifies else edge, activation)
            if item not in wanted:
                wanted.append(item)
                logits.types.append(type_of(graph, edge))
            logits.position[name, classifies] = wanted.index(item)
    logits.outputs = [edge for edge, _ in wanted]
    logits.activation = [activation for _, activation in wanted]
    logits.graph = exposing(graph, nodes, logits.outputs)
    return logits


def _names(term: Term) -> list[tuple[str, bool]]:
    """Return the names that a term may read, each with whether the term reads the logits."""
    others = (term.compared, *term.others().values())
    return [(term.layer, term.classifies), *((name, False) for name in others if name is not None)]


def _private(graph: Graph, edge: Edge, before: Edge, readers: Counter[Edge]) -> bool:
    """Whether nothing in the net reads the probabilities `edge`, neither directly nor through an identity."""
    while edge != before:
        if readers[edge] > (0 if edge == _last(graph, edge) else 1):
            return False
        edge = graph.nodes[edge.node].inputs[0]
    return True


def _last(graph: Graph, edge: Edge) -> Edge:
    """Return the end of the chain of identities that begins with a value; the value itself if there is no chain."""
    for node in graph.nodes:
        if node.op.alias and node.inputs[0] == edge:
            return _last(graph, Edge(node.index))
    return edge


def _skip(nodes: list[Node], edge: Edge, before: Edge) -> None:
    """Replace softmax or sigmoid by the identity, so that the value holds the logits."""
    while edge != before:
        node = nodes[edge.node]
        if not node.op.alias:
            nodes[edge.node] = replace(node, op=Identity())
            return
        edge = node.inputs[0]


def exposing(graph: Graph, nodes: list[Node], outputs: list[Edge]) -> Graph:
    """Return the same net, changed so that its outputs are the given values."""
    layers = [
        replace(layer, role="hidden") if layer.scope == 0 and layer.role == "output" else layer
        for layer in graph.layers
    ]
    for edge in outputs:
        own = graph.layers[graph.nodes[edge.node].layer]
        layers.append(Layer(len(layers), own.label, own.path, "output", 0, values=(edge,), span=own.span))
    chosen = tuple(range(len(graph.layers), len(layers)))
    return replace(graph, nodes=nodes, layers=layers, outputs=chosen)
