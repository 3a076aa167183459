"""A checked spec -> what a page without torch needs to train it: programs, initial weights, orders and rates as JSON.

The programs are the operations' own arithmetic (`netspec.compute`) with its gradient; `page/src/training.ts` runs them.
Weights begin as those of `netspec train` where they are uniform or given, and batches come in the same order.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from math import prod
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from netspec.codegen.initial import ends_of, flat, number_of, numbers_of, spread_of
from netspec.compute.arrays import Array, even, filled, given, gradients
from netspec.compute.program import Program
from netspec.config.check import matched
from netspec.config.match import trained_by
from netspec.config.predictions import Numbers, choice
from netspec.config.vocabulary.losses import prediction_of
from netspec.config.vocabulary.schedules import Rate
from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Hint, Report
from netspec.figure.trained.passes import compared
from netspec.figure.trained.values import shape_of
from netspec.ir.graph import Graph, Stored
from netspec.ir.operation import Weight
from netspec.ir.types import Type, type_text
from netspec.ir.values import Uncomputed, values_of
from netspec.source import Span
from netspec.training.data.random_streams import key_of

if TYPE_CHECKING:
    from netspec.config.data import Data
    from netspec.config.match import Match
    from netspec.config.train import Train, Turn
    from netspec.config.vocabulary.losses import Loss, Term
    from netspec.config.vocabulary.metrics import Metric
    from netspec.spec import Spec
    from netspec.training.data.dataset import Dataset

Prepared = Callable[[str], Mapping[str, Any] | None]
MOST_PRODUCTS = 20_000_000  # of a batch; a page takes some 30 ms for them
MOST_STEPS = 1_000_000
EVALUATED = 512  # rows that are scored at once
SIDE, LINE = 48, 160  # places of the input at which a picture of the net is computed: along each of two axes, along one


def page_plan(spec: Spec, prepared: Prepared) -> dict[str, Any]:
    """Return the plan with which a page trains a spec.

    Parameters:
        spec: the spec; its graphs are made by `check`.
        prepared: returns the data of `prepared_of`, by what `data_key` returns; None where the page has none.

    Raises:
        SpecError: the sections have mistakes, or something in them, or in the net, is not trained in a page (NS894).
    """
    report = Report()
    found = matched(spec.program, spec.graphs, report)
    if report.failed or found is None:
        raise SpecError(*report.diagnostics)
    data, train, graph, match = found
    if not train.loss:
        if not train.named:
            raise SpecError(Diagnostic("NS775", None, {"file": spec.name}))
        raise _untrained(train.named[0].title, train.named[0].span)
    _check(train, graph)
    rows = prepared(data_key(data, train, match))
    if rows is None:
        source = data.source
        raise _untrained(
            "data" if source is None else source.written(), source.at() if source else data.span, Hint("data")
        )
    return _Page(data, train, graph, match, rows).document()


def _untrained(what: str, span: Span | None, *hints: Hint) -> SpecError:
    return SpecError(Diagnostic("NS894", span, {"what": what}, hints=hints))


def _check(train: Train, graph: Graph) -> None:
    """Refuse what the programs of a page do not describe."""
    for name, plain in (("accumulate", 1), ("patience", None), ("best", None)):
        if getattr(train, name) != plain:
            raise _untrained(f"{name} = {getattr(train, name)}", train.places.get(name))
    if train.precision == "bfloat16":
        raise _untrained("precision = bfloat16", train.places.get("precision"))
    if train.schedule.waits:
        raise _untrained(train.schedule.word, train.places.get("schedule"))
    for node in graph.nodes:
        varying = node.kind == "input" and node.type.time is not None and node.type.time.varying
        if node.op.draws or node.op.carries or node.carried or node.copies or varying:
            raise _untrained(node.word, node.span)


# ---- data


def data_key(data: Data, train: Train, match: Match) -> str:
    """Return a name for the rows that a data section gives a net: the same for sections that read the same."""
    wanted = {name: type_text(own) for name, own in match.wanted.items()}
    text = json.dumps([data.document(), train.seed, wanted], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepared_of(dataset: Dataset) -> dict[str, Any] | None:
    """Return the rows of a data set as JSON; None for what a page does not take: windows, augmentation, lengths."""
    fields = {}
    for name, item in dataset.fields.items():
        values = item.values
        if item.training or values.lengths is not None or values.length is not None or values.pending:
            return None
        array = values.array.reshape(len(values.array), -1)
        fields[name] = {"each": array.shape[1], "values": array.reshape(-1).tolist()}
    return {"fields": fields, "parts": {name: rows.tolist() for name, rows in dataset.parts.items() if len(rows)}}


# ---- the plan


class _Page:
    """Makes the programs of one spec. All weights that move lie in one array, so that an optimizer is a few steps."""

    def __init__(self, data: Data, train: Train, graph: Graph, match: Match, rows: Mapping[str, Any]) -> None:
        self.data, self.train, self.graph, self.match, self.rows = data, train, graph, match, rows
        self.turn: Turn = train.turns[0]
        moved = {one.key for stored in trained_by(self.turn.weights, graph) for one in stored.each()}
        self.places: dict[str, tuple[str, int]] = {}  # of each stored array: in which array it lies, and where
        self.sizes = {"weights": 0, "fixed": 0}
        for stored in graph.arrays:
            home = "weights" if stored.key in moved else "fixed"
            self.places[stored.key] = (home, self.sizes[home])
            self.sizes[home] += prod(_shape(stored))
        self.targets: dict[str, tuple[int, int]] = {}  # of each target that becomes 0 and 1: the classes, values each

    def document(self) -> dict[str, Any]:
        train, parts = self.train, self.rows["parts"]
        count = len(parts["training"])
        sizes = {min(train.batch, count), count % train.batch} - {0}
        batches = -(-count // train.batch)
        if train.epochs * batches > MOST_STEPS:
            words = {"count": f"{train.epochs * batches:,}", "most": f"{MOST_STEPS:,}"}
            raise _untrained(f"epochs = {train.epochs}", train.places.get("epochs"), Hint("steps", words))
        chunks = {size for rows in parts.values() for size in (min(EVALUATED, len(rows)), len(rows) % EVALUATED)} - {0}
        scores = {size: self.program(size, False) for size in sorted(chunks)}
        names = list(scores[min(scores)]["results"])  # the loss, and the metrics that say how they are computed
        return {
            "net": self.graph.name,
            "steps": {size: self.program(size, True) for size in sorted(sizes)},
            "scores": scores,
            "names": names,
            "left": [name for name in train.measures if name not in names],
            "states": len(self.turn.optimizer.states),
            "weights": self.initial("weights"),
            "fixed": self.initial("fixed"),
            "arrays": {
                stored.key: {"at": list(self.places[stored.key]), "shape": list(_shape(stored))}
                for stored in self.graph.arrays
            },
            "targets": self.targets,
            "space": self.space(),
            "rows": self.rows,
            "batch": train.batch,
            "precision": train.precision,
            "epochs": train.epochs,
            "orders": [f"{key_of(train.seed, 'order', epoch):016x}" for epoch in range(train.epochs)],
            **self.rates(train.epochs, batches),
        }

    def rates(self, epochs: int, batches: int) -> dict[str, Any]:
        """Return the learning rates, and whether each is that of an epoch or of a step."""
        optimizer, schedule = self.turn.optimizer, self.turn.schedule
        rate = Rate(schedule, optimizer.lr, epochs * batches, epochs)
        if rate.moves:
            return {"rates": [rate.at(step, step // batches, 1.0) for step in range(epochs * batches)], "each": "step"}
        return {"rates": [rate.at(epoch * batches, epoch, 1.0) for epoch in range(epochs)], "each": "epoch"}

    # ---- programs

    def program(self, size: int, steps: bool) -> dict[str, Any]:
        """Return the program of a step with a batch, or of the scores of some rows."""
        edges, weights = self._values(size, steps)
        losses = [self._mean(item.term, edges, size) for item in self.turn.loss]
        total = losses[0] * self.turn.loss[0].coefficient
        for item, mean in zip(self.turn.loss[1:], losses[1:], strict=True):
            total = total + mean * item.coefficient
        if not steps:
            measured = [total, *(self._score(metric, edges) for metric in self.train.metrics)]
            scores = zip(self.train.measures, measured, strict=True)
            program = Program({name: one for name, one in scores if one is not None})
        else:
            program = Program({"loss": total, **self._step(total, weights)})
        if program.products > MOST_PRODUCTS:
            words = {"count": f"{program.products:,}", "most": f"{MOST_PRODUCTS:,}"}
            raise _untrained(self.graph.name, self.train.span, Hint("large", words))
        return program.document()

    def _values(self, size: int, steps: bool) -> tuple[Mapping[Any, Array], Array]:
        """Return the values of the net for some rows, and the weights that move."""
        own = {name: given((count,), name) for name, count in self.sizes.items()}
        inputs = {}
        for index in self.graph.inputs:
            node = self.graph.nodes[index]
            label = self.graph.layers[node.layer].label
            inputs[label] = given((size, *shape_of(node.type)[1:]), label)
        shapes = {stored.key: _shape(stored) for stored in self.graph.arrays}

        def weight(key: str) -> Array:
            home, at = self.places[key]
            return Array(own[home].node, at, even(shapes[key]))

        try:
            found = values_of(self.graph, inputs, weight, size, training=steps)
        except Uncomputed as uncomputed:
            raise _untrained(uncomputed.node.word, uncomputed.node.span) from None
        if found.updates:
            node = next(node for node in self.graph.nodes if node.op.mixes_batch)
            raise _untrained(node.word, node.span)
        return found.edges, own["weights"]

    def space(self) -> dict[str, Any] | None:
        """Return what draws the net over its input: classes over two values, a number over one; None for other nets."""
        if len(self.match.inputs) != 1:
            return None
        ((name, wanted),) = self.match.inputs.items()
        term = self.turn.loss[0].term  # the report of a run draws that of its first loss, too
        plain = wanted.classes is None and not wanted.space and wanted.time is None
        field = self.rows["fields"].get(str(term.compared))
        if not plain or field is None or field["each"] != 1:
            return None
        edges, _ = self._values(SIDE * SIDE if wanted.maps == 2 else LINE, False)
        value, _, layer = self._compared(term, edges)
        predicted = prediction_of(term, self.train.terms, layer)
        if layer.space or layer.time is not None or predicted is None:
            return None
        classes = wanted.maps == 2 and predicted.chooses
        if not classes and (wanted.maps, layer.maps, predicted) != (1, 1, Numbers(layer)):
            return None
        program = Program({"value": value})
        if program.products > MOST_PRODUCTS // 10:  # it is computed beside the training
            return None
        steps = self.data.fields[name].steps
        columns = steps[0].columns_of(()) if steps else ()
        numbered = (f"{name}1", f"{name}2") if classes else (name,)
        axes = columns if len(columns) == len(numbered) else numbered
        return {"input": name, "target": term.compared, "axes": axes, "maps": layer.maps, "program": program.document()}

    def _mean(self, term: Loss, edges: Mapping[Any, Array], size: int) -> Array:
        """Return a term of the loss over a batch, one number."""
        value, target, layer = self._compared(term, edges)
        each = None if term.others() else term.arrays(value, target, layer)
        if each is None:
            raise _untrained(term.word, term.at())
        axes = tuple(range(len(each.shape)))
        return (each.sum(*axes) / size if term.reduce == "sum" else each.mean(*axes)).reshape(1)

    def _score(self, metric: Metric, edges: Mapping[Any, Array]) -> Array | None:
        """Return a metric over a batch, one number; None if it does not say how."""
        value, target, layer = self._compared(metric, edges)
        predicted = prediction_of(metric, self.train.terms, layer) or choice(layer)
        each = None if target is None or metric.others() else metric.arrays(value, target, predicted)
        return None if each is None else each.mean(*range(len(each.shape))).reshape(1)

    def _compared(self, term: Term, edges: Mapping[Any, Array]) -> tuple[Array, Array | None, Type]:
        edge, other = compared(self.graph, term)
        value = edges[edge]
        return value, edges[other] if other is not None else self._target(term, value), self.graph.type_of(edge)

    def _target(self, term: Term, value: Array) -> Array | None:
        name = term.compared
        if name is None:
            return None if term.constant is None else filled(term.constant, value.shape)
        each = prod(value.shape[1:])
        if self.rows["fields"][name]["each"] == each:
            return given(value.shape, name)
        wanted = self.match.wanted[name]
        axis = 1 if wanted.time is None else 2
        self.targets[name] = (value.shape[axis], prod(value.shape[axis + 1 :]))
        return given(value.shape, f"{name} =")

    def _step(self, loss: Array, weights: Array) -> dict[str, Array]:
        """Return the weights and the states of the optimizer after a step."""
        turn = self.turn
        (slope,) = gradients([(loss, filled(1.0, (1,)))], [weights])
        if turn.clip is not None:
            norm = (slope * slope).sum(0).sqrt()
            slope = slope * (turn.clip / (norm + 1e-6)).min(1.0)
        states = [given(weights.shape, f"state {number}") for number in range(len(turn.optimizer.states))]
        moved = turn.optimizer.moved(weights, slope, given((1,), "rate"), given((1,), "count"), *states)
        if moved is None:
            raise _untrained(turn.optimizer.word, turn.places.get("optimizer"))
        return {f"new {name}": one for name, one in zip(("weights", *range(len(states))), moved, strict=True)}

    # ---- initial weights

    def initial(self, home: str) -> list[float]:
        """Return the first values of the arrays that move, or of those that do not."""
        found: list[float] = []
        for stored in self.graph.arrays:
            if self.places[stored.key][0] == home:
                found += self._drawn(stored)
        return list(array("f", found))  # as torch draws them: a net that computes with more digits begins with these

    def _drawn(self, stored: Stored) -> list[float]:
        weight, count = stored.weight, prod(_shape(stored))
        if weight.init.name == "given":
            return list(flat(weight.given))
        if weight.init.name == "constant":
            return [float(weight.init.numbers[0])] * count
        bits = _sfc64(number_of(self.train.seed, stored.key))
        ends = None if weight.fans else ends_of(weight)
        if ends is not None:
            least, most = ends
            scale, middle = (most - least) * 2.0**-32, (most + least) / 2
            return [number * scale + middle for number in _halves(bits, count)]
        normal = _normal(weight)
        if normal is None:
            node = self.graph.nodes[stored.node]
            raise _untrained(node.word, node.span)
        distribution, least, most = normal
        low, high = distribution.cdf(least), distribution.cdf(most)
        shares = (low + (high - low) * ((number + 0.5) * 2.0**-32 + 0.5) for number in _halves(bits, count))
        return [distribution.inv_cdf(share) for share in shares]


def _shape(stored: Stored) -> tuple[int, ...]:
    return tuple(stored.weight.shape)  # type: ignore[arg-type]


def _normal(weight: Weight) -> tuple[NormalDist, float, float] | None:
    """Return the normal distribution of the initial values, and the bounds between which they lie."""
    name, spread = weight.init.name, spread_of(weight)
    numbers = numbers_of(weight)
    if name in ("normal", "embedding", "truncated_normal"):
        mean, std, *bounds = numbers or (0.0, 1.0)
    elif name == "lecun" or spread is not None:
        mean, std, bounds = 0.0, spread or numbers[0], []
    else:
        return None
    least, most = bounds or (mean - 10 * std, mean + 10 * std)
    return (NormalDist(mean, std), least, most) if std > 0 else None


_32, _64 = (1 << 32) - 1, (1 << 64) - 1


def _halves(bits: Iterator[int], count: int) -> Iterator[int]:
    """Yield whole numbers from -2^31 to 2^31 - 1, two of each 64 bits."""
    for number in range(0, count, 2):
        both = next(bits)
        for half in (both & _32, both >> 32)[: count - number]:
            yield half - (half >> 31 << 32)


def _sfc64(seed: int) -> Iterator[int]:
    """Yield the numbers of numpy's generator SFC64, seeded as numpy seeds it (O'Neill's seed_seq, 2015)."""
    constant = 0x43B0D7E5

    def hashed(value: int, factor: int) -> int:
        nonlocal constant
        value ^= constant
        constant = constant * factor & _32
        value = value * constant & _32
        return value ^ value >> 16

    pool = [hashed(seed >> 32 * place & _32, 0x931E8875) for place in range(4)]
    for source in range(4):
        for place in range(4):
            if source != place:
                mixed = 0xCA01F9DD * pool[place] - 0x4973F715 * hashed(pool[source], 0x931E8875) & _32
                pool[place] = mixed ^ mixed >> 16
    constant = 0x8B51F9DD
    words = [hashed(pool[place % 4], 0x58F38DED) for place in range(6)]
    a, b, c = (words[2 * place] | words[2 * place + 1] << 32 for place in range(3))
    counter, skipped = 1, 12
    while True:
        found = a + b + counter & _64
        counter += 1
        a = b ^ b >> 11
        b = c + (c << 3) & _64
        c = (c << 24 & _64 | c >> 40) + found & _64
        if skipped:
            skipped -= 1
        else:
            yield found
