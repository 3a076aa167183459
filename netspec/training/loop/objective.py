"""The loss and metrics of a train section, put to work on the outputs of a net and the fields of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from netspec.config.match import sums_of, type_of, value_of
from netspec.config.predictions import Prediction
from netspec.config.train import Train
from netspec.config.vocabulary.losses import Term, loss_function, prediction_of
from netspec.config.vocabulary.metrics import Metric, MetricState, measures
from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.types import Type
from netspec.ops.activations import Identity

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.config.vocabulary.losses import Compute

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


def objective(train: Train, graph: Graph, judged: Logits, wanted: Mapping[str, Type], device: Any) -> Objective:
    """The functions of a train section's terms; `wanted` says what each target field holds."""
    losses = []
    for item in train.loss:
        judge = _judge(item.term, train, graph, judged, wanted)
        judge.coefficient = item.coefficient
        judge.compute = loss_function(item.term, judge.layer, judge.wanted, device)
        losses.append(judge)
    return Objective(losses, [_judge(metric, train, graph, judged, wanted) for metric in train.metrics])


def _judge(term: Term, train: Train, graph: Graph, judged: Logits, wanted: Mapping[str, Type]) -> Judge:
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


def _read(name: str, sums: bool, graph: Graph, judged: Logits) -> Read:
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


def _mask(term: Term, layer: Type, graph: Graph, judged: Logits) -> Read | None:
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


# ---- A net and the terms that judge it -> the graph whose forward returns just what they read


@dataclass(slots=True)
class Logits:
    """The graph to train, and for each term's layer which output holds it.

    `activation` names what an output still lacks: terms that want probabilities apply it themselves.
    """

    graph: Graph
    outputs: list[Edge] = field(default_factory=list)
    position: dict[tuple[str, bool], int] = field(default_factory=dict)
    activation: list[str] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)

    def of(self, name: str, classifies: bool) -> int:
        """Which output a term reads: (layer, whether it wants the sums)."""
        return self.position[name, classifies]


def judge(graph: Graph, terms: list[Term], inputs: frozenset[str]) -> Logits:
    """Adds an output for every layer that a term reads; inputs are at hand already."""
    judged = Logits(graph)
    readers = Counter(edge for node in graph.nodes for edge in node.inputs)
    nodes = list(graph.nodes)
    wanted: list[tuple[Edge, str]] = []
    for term in terms:
        for name, sums in _names(term):
            edge = value_of(graph, name)
            if edge is None or (graph.nodes[edge.node].kind == "input"):
                continue
            before, activation = sums_of(graph, edge)
            if activation and not _private(graph, edge, before, readers):
                activation, before = "", before if sums else edge
            elif activation:
                _skip(nodes, edge, before)
            item = (before if activation or sums else edge, activation)
            if item not in wanted:
                wanted.append(item)
                judged.types.append(type_of(graph, edge))
            judged.position[name, sums] = wanted.index(item)
    judged.outputs = [edge for edge, _ in wanted]
    judged.activation = [activation for _, activation in wanted]
    judged.graph = exposing(graph, nodes, judged.outputs)
    return judged


def _names(term: Term) -> list[tuple[str, bool]]:
    """The layers that a term may read, and whether it takes their sums."""
    others = (term.compared, *term.others().values())
    return [(term.layer, term.classifies), *((name, False) for name in others if name is not None)]


def _private(graph: Graph, edge: Edge, before: Edge, readers: Counter[Edge]) -> bool:
    """Whether nothing in the net reads the probabilities, or what only passes them on."""
    while edge != before:
        if readers[edge] > (0 if edge == _last(graph, edge) else 1):
            return False
        edge = graph.nodes[edge.node].inputs[0]
    return True


def _last(graph: Graph, edge: Edge) -> Edge:
    """The end of the chain of steps that pass a value on."""
    for node in graph.nodes:
        if node.op.alias and node.inputs[0] == edge:
            return _last(graph, Edge(node.index))
    return edge


def _skip(nodes: list[Node], edge: Edge, before: Edge) -> None:
    """Softmax or sigmoid becomes the identity: the value is then the sums themselves."""
    while edge != before:
        node = nodes[edge.node]
        if not node.op.alias:
            nodes[edge.node] = replace(node, op=Identity())
            return
        edge = node.inputs[0]


def exposing(graph: Graph, nodes: list[Node], outputs: list[Edge]) -> Graph:
    """The same net, returning these values."""
    layers = [
        replace(layer, role="hidden") if layer.scope == 0 and layer.role == "output" else layer
        for layer in graph.layers
    ]
    for edge in outputs:
        own = graph.layers[graph.nodes[edge.node].layer]
        layers.append(Layer(len(layers), own.label, own.path, "output", 0, values=(edge,), span=own.span))
    chosen = tuple(range(len(graph.layers), len(layers)))
    return replace(graph, nodes=nodes, layers=layers, outputs=chosen)
