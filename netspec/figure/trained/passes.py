"""One example through a net and back: every value, the loss, every gradient, and the weights after one step.

Everything is computed by `netspec.compute`, so that no torch is needed; tests compare it with torch's autograd.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from netspec.compute.arrays import Array, filled, given, gradients, whole
from netspec.compute.evaluate import evaluate_numpy
from netspec.diagnostics.errors import SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.trained import Arrays, Run, check_bound
from netspec.figure.trained.values import numbers_of, read_example, shape_of, split_example
from netspec.ir.graph import Edge, Graph
from netspec.ir.types import UNKNOWN_TYPE, Type
from netspec.ir.values import Uncomputed, values_of
from netspec.names import nearest

if TYPE_CHECKING:
    from netspec.config.train import Train, Turn, Weighed
    from netspec.config.vocabulary.losses import Loss, Term
    from netspec.config.vocabulary.optimizers import Optimizer


class Passes:
    """What one example becomes in a net, forward and back.

    Attributes:
        edges: the array of each value.
        stored: the array of each weight, by key.
        terms: for each term of the loss the value of its layer, its target and its mean, as arrays.
        counts: for each term of how many numbers it is the mean or sum.
        loss: the loss as an array of one number; None without targets.
        turn: the section whose loss and optimizer they are.
    """

    def __init__(self, graph: Graph, weights: Arrays, inputs: Mapping[str, list[float]]) -> None:
        self.graph, self.weights = graph, weights
        self.numbers: dict[str, Any] = {f"input {name}": values for name, values in inputs.items()}
        self.numbers |= {stored.key: weights[stored.key].reshape(-1).tolist() for stored in graph.arrays}
        self.stored = {one.key: given(tuple(one.weight.shape), one.key) for one in graph.arrays}  # type: ignore[arg-type]
        arrays = {}
        for index in graph.inputs:
            node = graph.nodes[index]
            label = graph.layers[node.layer].label
            arrays[label] = given(shape_of(node.type), f"input {label}")
        try:
            self.edges = values_of(graph, arrays, self.stored.__getitem__).edges
        except Uncomputed as uncomputed:
            node = uncomputed.node
            raise SpecError(Diagnostic("NS729", node.span, {"step": node.word})) from None
        self.terms: list[tuple[Weighed, Array, Array | None, Array]] = []
        self.counts: list[int] = []
        self.loss: Array | None = None
        self.turn: Turn | None = None

    # ---- the loss

    def compare(self, turn: Turn, losses: list[Any], targets: Mapping[str, Any]) -> None:
        """Compare what the net gives with targets, by the loss of a train section."""
        read = _targets(targets, self._wanted(turn, losses))
        total: Array | None = None
        for item in turn.loss:
            term = item.term
            edge, other = compared(self.graph, term)
            value, layer = self.edges[edge], self.graph.type_of(edge)
            target = self._target(term, layer, value, read) if other is None else self.edges[other]
            each = None if term.others() else term.arrays(value, target, layer)
            if each is None:
                raise SpecError(Diagnostic("NS962", term.at(), {"term": term.word}))
            axes = tuple(range(len(each.shape)))
            mean = (each.sum(*axes) if term.reduce == "sum" else each.mean(*axes)).reshape(1)
            self.terms.append((item, value, target, mean))
            self.counts.append(prod(each.shape))
            part = mean if item.coefficient == 1 else mean * item.coefficient
            total = part if total is None else total + part
        self.loss, self.turn = total, turn

    def _wanted(self, turn: Turn, losses: list[Any]) -> dict[str, tuple[Type, Type, bool]]:
        """Return the type of each target that is no layer of the net, that of the layer that it is compared to, and
        whether its numbers are shares between 0 and 1."""
        from netspec.config.match import value_of
        from netspec.config.vocabulary.losses import prediction_of

        found = {}
        for term in (item.term for item in turn.loss):
            edge = value_of(self.graph, term.layer)
            assert edge is not None
            layer = self.graph.type_of(edge)
            name = term.compared
            if name is not None and value_of(self.graph, name) is None:
                want = term.wants(layer, UNKNOWN_TYPE, prediction_of(term, losses, layer))
                found[name] = (want or layer, layer, term.shares)
        return found

    def _target(self, term: Loss, layer: Type, value: Array, read: Mapping[str, list[float]]) -> Array | None:
        if term.compared is None:
            return None if term.constant is None else filled(term.constant, value.shape)
        found = given(value.shape, f"target {term.compared}")
        self.numbers[f"target {term.compared}"] = _spread(read[term.compared], value.shape, layer)
        return found

    # ---- numbers

    @cached_property
    def _evaluated(self) -> tuple[dict[Edge, Any], dict[Edge, Any], dict[str, Any], float]:
        edges = list(self.edges)
        wholes = [whole(self.edges[edge].node, (self.edges[edge].node.size,)) for edge in edges]
        slopes: list[Array] = []
        if self.loss is not None:
            one = filled(1.0, (1,))
            slopes = gradients([(self.loss, one)], [*wholes, *self.stored.values()])
        seen = [  # of a value that the loss does not read, the zeros are one number that is repeated
            Array(of.node, own.offset, own.steps) if of.contiguous else filled(0.0, own.shape)
            for of, own in zip(slopes, self.edges.values())
        ]
        arrays = [*self.edges.values(), *seen, *slopes[len(edges) :], *([] if self.loss is None else [self.loss])]
        found = evaluate_numpy(arrays, self.numbers)
        count = len(edges)
        values = dict(zip(edges, found[:count], strict=True))
        if self.loss is None:
            return values, {}, {}, 0.0
        back = dict(zip(edges, found[count : 2 * count], strict=True))
        return values, back, dict(zip(self.stored, found[2 * count : -1], strict=True)), float(found[-1][0])

    @property
    def values(self) -> dict[Edge, Any]:
        """All values of the net, (1, [T,] C, *space)."""
        return self._evaluated[0]

    @property
    def slopes(self) -> dict[Edge, Any]:
        """The gradient of the loss by each value; empty without a loss."""
        return self._evaluated[1]

    @property
    def weight_slopes(self) -> dict[str, Any]:
        """The gradient of the loss by each stored array, by key; empty without a loss."""
        return self._evaluated[2]

    @property
    def total(self) -> float:
        return self._evaluated[3]

    def stepped(self) -> dict[str, Any]:
        """Return the weights that the first step of the optimizer moves, after it, by key."""
        from netspec.config.match import trained_by

        turn = self.turn
        assert turn is not None
        moved = [one.key for stored in trained_by(turn.weights, self.graph) for one in stored.each()]
        slopes = {key: self.weight_slopes[key] for key in moved}
        if turn.clip is not None:
            norm = sum(float((slope**2).sum()) for slope in slopes.values()) ** 0.5
            slopes = {key: slope * min(1.0, turn.clip / (norm + 1e-6)) for key, slope in slopes.items()}
        found = {key: _first_step(turn.optimizer, self.weights[key], slope) for key, slope in slopes.items()}
        if any(value is None for value in found.values()):
            raise SpecError(Diagnostic("NS963", turn.places.get("optimizer"), {"optimizer": turn.optimizer.word}))
        return found


def _first_step(optimizer: Optimizer, weight: Any, slope: Any) -> Any:
    """Return weights after the first step of an optimizer; None if it does not say how it moves them."""
    shape = weight.shape
    one, nothing = filled(1.0, (1,)), filled(0.0, shape)
    states = (nothing for _ in optimizer.states)
    moved = optimizer.moved(given(shape, "weight"), given(shape, "slope"), one * optimizer.lr, one, *states)
    return None if moved is None else evaluate_numpy(moved[:1], {"weight": weight, "slope": slope})[0]


def compared(graph: Graph, term: Term) -> tuple[Edge, Edge | None]:
    """Return the value that a term of a loss reads, and the one it is compared with; None for a target from outside."""
    from netspec.config.match import logits_of, value_of

    edge = value_of(graph, term.layer)
    assert edge is not None
    other = None if term.compared is None else value_of(graph, term.compared)
    return (logits_of(graph, edge)[0] if term.classifies else edge), other


def only_turn(train: Train | None) -> Turn | None:
    """Return the section whose loss is drawn; None if there is none, or if several take turns."""
    turns = () if train is None else train.turns
    return turns[0] if len(turns) == 1 and turns[0].loss else None


def passes_of(
    graph: Graph,
    weights: Arrays,
    example: str | Mapping[str, Any],
    targets: str | Mapping[str, Any] | None,
    train: Train | None,
    run: Run | None = None,
) -> Passes:
    """Return the passes of one example; without targets, forward only where the loss needs some.

    Raises NetspecError NS727 for an example that does not fit, NS960 for such a target, NS961 where there is no loss.
    """
    check_bound(graph)
    found = Passes(graph, weights, read_example(graph, example, run, whole=True))
    turn = only_turn(train)
    if train is not None and turn is not None:
        if targets is not None or not found._wanted(turn, train.terms):
            found.compare(turn, train.terms, split_example(targets or {}))
    elif targets is not None:
        hint = Hint("turns") if train is not None and len(train.turns) > 1 else Hint("section")
        raise UsageError(Diagnostic("NS961", None, hints=(hint,)))
    return found


def _targets(written: Mapping[str, Any], wanted: Mapping[str, tuple[Type, Type, bool]]) -> dict[str, list[float]]:
    """Return the numbers of each target; raise UsageError NS960 where they do not fit."""
    if len(wanted) == 1 and list(written) == [""]:
        written = {next(iter(wanted)): written[""]}
    found = {}
    for name in written:
        if name not in wanted:
            hints = [Hint("targets", {"names": Quoted(tuple(wanted))})] if wanted else [Hint("none")]
            guess = nearest(name, wanted)
            raise _unmatched(name, *([Hint("nearest", {"name": guess})] if guess else []), *hints)
    for name, (want, layer, shares) in wanted.items():
        if name not in written:
            raise _unmatched(name, Hint("absent", {"name": name}))
        values = numbers_of(written[name])
        if values is None:
            raise _unmatched(name, Hint("number", {"name": name}))
        places, every = int(want.values), int(layer.values)  # type: ignore[arg-type]
        steps = 1 if layer.time is None else int(layer.time.length)  # type: ignore[arg-type]
        counts = (places * steps, every * steps)
        if want.classes is not None and len(values) == counts[0] and layer.maps != 1:
            classes = int(layer.maps)  # type: ignore[arg-type]
            for value in values:
                if value != int(value) or not 0 <= value < classes:
                    raise _unmatched(name, Hint("class", {"name": name, "value": f"{value:g}", "last": classes - 1}))
        for value in values if shares else ():
            if not 0 <= value <= 1:
                raise _unmatched(name, Hint("share", {"name": name, "value": f"{value:g}"}))
        if len(values) not in counts:
            raise _unmatched(name, Hint("count", {"name": name, "given": len(values), "size": counts[0]}))
        found[name] = values
    return found


def _spread(values: list[float], shape: tuple[int, ...], layer: Type) -> list[float]:
    """Return a target in the shape of the layer: of classes 1 for the right one."""
    if len(values) == prod(shape):
        return values
    axis = 1 if layer.time is None else 2
    inner, classes = prod(shape[axis + 1 :]), shape[axis]
    found = [0.0] * prod(shape)
    for number, value in enumerate(values):
        found[(number // inner * classes + int(value)) * inner + number % inner] = 1.0
    return found


def _unmatched(name: str, *hints: Hint) -> UsageError:
    return UsageError(Diagnostic("NS960", None, {"name": name or "?"}, hints=hints))
