"""What the `graph` view draws: a circle for each operation, boxes for inputs, weights and the loss.

Of an example each operation is on single numbers, else on the values of lines. Both say of each value where it comes
from; `netspec.figure.units.computation` places and draws them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from netspec.compute.arrays import Array, ordered
from netspec.compute.evaluate import places
from netspec.compute.scalars import Number, TooMany, Trace, backward, made_of
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.blocks.boxes import type_words
from netspec.figure.scene import Value, Weight
from netspec.figure.scene.tex import Atom, Line, plain
from netspec.figure.scene.typeset import math, symbol, upright, words
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.trained.overlay import number, numeral
from netspec.figure.trained.passes import Passes, compared, only_turn
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Edge, Graph, Layer, Node, Stored
from netspec.ir.sizes import Size
from netspec.names import nearest

if TYPE_CHECKING:
    from netspec.config.train import Train, Turn

MOST = 160  # circles and boxes that somebody can follow
FEW = 4  # given weights that are written into the box of their array
FACTORS, PATHS = 8, 3  # of an equation of a path: how many factors and paths are written out
LOSS = math("L")


@dataclass(slots=True, eq=False)
class Spot:
    """A circle or box. `reads` has what it is made of, in order.

    Attributes:
        kind: operation, input, weight, target, constant, loss or output.
        sign: what stands in it.
        name: what its value is called, above it.
        above, below: its value, and the gradient by it.
        more: a further line in a box: the weight after the update, or numbers that the spec gives.
        on_path: whether it lies on the path that is asked for.
    """

    id: str
    kind: str
    sign: Line
    layer: str
    reads: list[Spot] = field(default_factory=list)
    name: Line = ()
    above: Line = ()
    below: Line = ()
    more: Line = ()
    value: Value | None = None
    weight: Weight | None = None
    on_path: bool = False


@dataclass(slots=True)
class Computation:
    """The spots of a figure, each after those that it reads, and what stands below it."""

    spots: list[Spot]
    equations: list[Line] = field(default_factory=list)
    slopes: bool = False  # whether there are gradients
    numbers: bool = False
    loss: str = ""  # what is to be said of the loss
    framed: bool = False  # whether what is read stands at the left of a frame, and what goes out at its right


# ---- single numbers


class _Numbers:
    """The operations on single numbers of one example."""

    def __init__(self, passes: Passes, settings: FigureSettings) -> None:
        self.passes, self.settings, self.graph = passes, settings, passes.graph
        graph = self.graph
        self.outputs = [] if passes.loss is not None else [graph.layers[index] for index in graph.outputs]
        roots = [passes.edges[layer.values[0]] for layer in self.outputs] if passes.loss is None else [passes.loss]
        try:
            every = [*roots, *passes.edges.values()]  # inside a loop nothing else reads what it has at all steps
            self.trace = Trace(every, passes.numbers, spelled_out=bool(settings.details))
        except TooMany:
            raise _too_large(f"{MOST}+") from None
        self.roots = [one for array in roots for one in self.trace.of(array)]
        self.slopes = backward(self.roots[0]) if passes.loss is not None else {}
        self.owner = {one: node for node in graph.nodes for one in self.made(node)}
        self.names = self._named()
        self.operands = self._operands()
        self.stepped = passes.stepped() if settings.update and passes.loss is not None else {}
        self.spots: dict[Number, Spot] = {}
        self.counts: dict[str, int] = {}

    def numbers(self, array: Array) -> list[tuple[int, Number]]:
        """Return the numbers of an array that the computation uses, with their places in the array."""
        found = [self.trace.at.get((array.node, place)) for place in places(array.offset, array.steps)]
        return [(at, one) for at, one in enumerate(found) if one is not None]

    def made(self, node: Node) -> list[Number]:
        """Return the numbers of a step's results."""
        arrays = [self.passes.edges.get(Edge(node.index, output)) for output in range(len(node.types))]
        return [one for array in arrays if array is not None for _, one in self.numbers(array)]

    # ---- names

    def _named(self) -> dict[Number, tuple[Line, Value, Layer]]:
        """Return what the values of lines are called."""
        found: dict[Number, tuple[Line, Value, Layer]] = {}
        for layer in self.graph.layers:
            if layer.role == "start" or len(layer.values) != 1:
                continue
            edge = layer.values[0]
            array = self.passes.edges.get(edge)
            name = self.settings.of(layer.path).symbol or layer.label
            if array is None or not name:
                continue
            timed = self.graph.type_of(edge).time is not None
            for at, one in self.numbers(array):
                found.setdefault(one, (_unit_symbol(name, array.shape, at, timed), Value(edge.node, at), layer))
        return found

    def _leaf(self, one: Number) -> tuple[str, Line, str]:
        """Return the kind, the symbol and the layer of a number from outside."""
        if one in self.names:
            name, _, layer = self.names[one]
            return "input", name, layer.path
        if one.name in self.passes.stored:
            return ("weight", *self._weight(one))
        if one.name:  # a target
            return "target", self._target(one), ""
        return "constant", numeral(one.value), ""

    def _target(self, one: Number) -> Line:
        name = one.name.partition(" ")[2]
        term, target = next(
            (item.term, target)
            for item, _, target, _ in self.passes.terms
            if target and getattr(target.node, "name", "") == one.name
        )
        value, _ = compared(self.graph, term)  # a target has the places of the value that it is compared with
        timed = self.graph.type_of(value).time is not None
        return _unit_symbol(name, target.shape, one.place, timed)

    def _loss(self) -> str:
        """Return what the circle of a loss does not show: of how many numbers it is the mean, and what it reads."""
        said = []
        for (item, *_), count in zip(self.passes.terms, self.passes.counts, strict=True):
            name, lang = item.term.word.replace("_", " "), self.settings.lang
            if item.term.classifies:
                name = say("of logits", lang).format(name=name)
            if count > 1:
                name = say(f"loss {item.term.reduce}", lang).format(count=count, name=name)
            said += [name] if count > 1 or item.term.classifies else []
        return say("loss is", self.settings.lang).format(names=", ".join(said)) if said else ""

    def _weight(self, one: Number) -> tuple[Line, str]:
        stored = next(each for each in self.graph.arrays if each.key == one.name)
        owners = [other for other in self.graph.arrays if _letter(other.weight.name) == _letter(stored.weight.name)]
        layer = self.graph.layers[self.graph.nodes[stored.node].layer]
        letter, rest = _letter(stored.weight.name)
        above = rest if len(owners) == 1 else ",".join(filter(None, (rest, layer.label)))
        sup: Line = math(above) if above else ()
        sizes: Any = stored.weight.shape
        index = [str(at + 1) for at, size in zip(_unravelled(one.place, sizes), sizes) if size > 1]
        return (Atom(letter, "italic", math(_index(index)), sup),), layer.path

    # ---- what each number is made of

    def _operands(self) -> dict[Number, tuple[Line, list[Number]]]:
        """Return the sign and the operands of each operation that is drawn.

        A step that changes each value, and a loss, are one circle, unless their parts are asked for.
        """
        closed: dict[Number, tuple[Line, list[Number]]] = {}
        if not self.settings.details:
            for node in self.graph.nodes:
                if (sign := sign_of(node, self.settings.lang)) and node.index:
                    stops = {one for edge in node.inputs for _, one in self.numbers(self.passes.edges[edge])}
                    for one in self.made(node):
                        leaves = _leaves(one, stops)
                        if leaves and (node.op.activation or len(_region(one, stops)) > 1):
                            closed.setdefault(one, (sign, leaves))
            for item, value, target, mean in self.passes.terms:
                arrays = [value, *([] if target is None else [target])]
                stops = {one for array in arrays for _, one in self.numbers(array)}
                for _, one in self.numbers(mean):
                    if len(_region(one, stops)) > 1:
                        closed.setdefault(one, (words(item.term.word.replace("_", " ")), _leaves(one, stops)))
        found: dict[Number, tuple[Line, list[Number]]] = {}
        users: dict[Number, int] = {}
        pending = list(self.roots)
        while pending:
            one = pending.pop()
            if one in found or not one.function:
                continue
            found[one] = closed.get(one) or (sign_line(one.sign), list(one.operands))
            for operand in found[one][1]:
                users[operand] = users.get(operand, 0) + 1
                pending.append(operand)

        def flat(one: Number) -> list[Number]:
            """Return the terms of a sum whose parts are sums that nothing else reads."""
            terms, pending = list[Number](), [one]
            while pending:
                part = pending.pop()
                kept = part.function != "add" or len(part.operands) < 2 or part in closed or part in self.names
                if part not in found or (part is not one and (kept or users.get(part) != 1)):
                    terms.append(part)
                else:
                    pending += reversed(part.operands)
            return terms

        return {
            one: (sign, flat(one) if one.function == "add" and one not in closed else reads)
            for one, (sign, reads) in found.items()
        }

    # ---- spots

    def spot(self, one: Number, around: str = "") -> Spot:
        """Return the spot of a number; `around` is the layer of what reads it, to which an inner operation belongs."""
        if one in self.spots:
            return self.spots[one]
        if one in self.operands:
            sign, reads = self.operands[one]
            name, value, layer = self.names.get(one, ((), None, None))
            node = self.owner.get(one)
            path = layer.path if layer else self.graph.layers[node.layer].path if node else around
            found = Spot(self._id(path, "op"), "operation", sign, path, [self.spot(read, path) for read in reads], name)
            found.value = value
        else:
            kind, sign, path = self._leaf(one)
            found = Spot(self._id(path, plain(sign) if kind != "constant" else kind), kind, sign, path)
            if one in self.names:
                found.value = self.names[one][1]
            if kind == "weight":
                found.weight = Weight(one.name, tuple(_unravelled(one.place, self.passes.stored[one.name].shape)))
            if one.name in self.stepped:
                after = self.stepped[one.name].reshape(-1)[one.place]
                found.more = (*upright("→ "), *numeral(float(after)))
        if found.kind != "constant":
            found.above = numeral(one.value)
            if one in self.slopes and found.kind != "target":
                found.below = numeral(self.slopes[one])
        self.spots[one] = found
        return found

    def _id(self, path: str, word: str) -> str:
        base = f"{path or 'loss'}.{word}"
        self.counts[base] = self.counts.get(base, 0) + 1
        return base if self.counts[base] == 1 else f"{base}.{self.counts[base]}"

    def computation(self) -> Computation:
        drawn = ordered(self.roots, lambda one: self.operands[one][1] if one in self.operands else [])
        _check_count(len(self.roots) + len(drawn))  # what is refused later would need too deep calls
        ends = [Spot("loss", "loss", LOSS, "", [self.spot(one)]) for one in self.roots]
        if self.passes.loss is None:
            for end, one in zip(ends, self.roots, strict=True):
                name, _, layer = self.names[one]
                end.id, end.kind, end.sign, end.layer = f"{layer.path}.{plain(name)}", "output", name, layer.path
                self.spots[one].name = ()
        found = Computation(ordered(ends, lambda spot: spot.reads), slopes=bool(self.slopes), numbers=True)
        found.loss = "" if self.settings.details or self.settings.notes == "none" else self._loss()
        if self.settings.path is not None:
            found.equations = self._traced(self.settings.path, ends)
        return found

    # ---- one path

    def _traced(self, asked: str, ends: list[Spot]) -> list[Line]:
        """Mark the ways from a number to the loss, and return its gradient as their sum."""
        named = {
            plain(spot.name or spot.sign): one
            for one, spot in self.spots.items()
            if spot.kind in ("input", "weight") or spot.name
        }
        start = named.get(asked)
        if start is None:
            guess = nearest(asked, named)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("names", {"names": Quoted(tuple(named))}))
            raise UsageError(Diagnostic("NS965", None, {"name": asked}, hints=tuple(hints)))
        users: dict[Number, list[Number]] = {}
        for one in self.spots:
            for read in dict.fromkeys(self.operands[one][1] if one in self.operands else ()):
                users.setdefault(read, []).append(one)
        counts: dict[Number, int] = {}  # of the ways from a number to the loss, and how many numbers the longest has
        longest: dict[Number, int] = {}
        for one in ordered([start], lambda one: users.get(one, [])):
            after = users.get(one, [])
            counts[one] = sum(counts[user] for user in after) or 1
            longest[one] = 1 + max((longest[user] for user in after), default=0)
            self.spots[one].on_path = True
        for end in ends:
            end.on_path = end.reads[0].on_path
        if not self.slopes:
            return []
        own = self.spots[start].name or self.spots[start].sign
        left: Line = (*upright("∂"), *LOSS, *upright("/∂"), *own, *upright(" = "))
        total = (*upright(" = "), *numeral(self.slopes[start]))
        if counts[start] > PATHS or longest[start] > FACTORS + 1:
            text = say("paths", self.settings.lang).format(count=counts[start])
            return [(*left, *words(text), *total)]
        ways: list[list[Number]] = []
        pending = [[start]]
        while pending:
            way = pending.pop()
            after = users.get(way[-1], [])
            if not after:
                ways.append(way)
            pending += [[*way, one] for one in after]
        products: list[Line] = []
        for way in reversed(ways):
            factors = [self._factor(read, one) for read, one in pairwise(way)]
            factors = [one for one in reversed(factors) if one != 1]
            product: Line = ()
            for factor in factors or [1.0]:
                shown = (*upright("("), *numeral(factor), *upright(")")) if factor < 0 else numeral(factor)
                product = (*product, *(upright(" × ") if product else ()), *shown)
            products.append(product)
        if len(ways) == 1:
            return [(*left, *products[0], *total)]
        lines = [(*(left if not at else upright(" + ")), *product) for at, product in enumerate(products)]
        return [*lines[:-1], (*lines[-1], *total)]

    def _factor(self, read: Number, one: Number) -> float:
        """Return the derivative of an operation that is drawn by one of its operands."""
        inner = {one: 1.0}
        stops = set(self.operands[one][1])
        found = 0.0
        for part in reversed(made_of(one)):
            slope = inner.get(part, 0.0)
            if not slope or (part in stops and part is not one):
                continue
            for operand, by in zip(part.operands, part.slopes() if part.operands else (), strict=True):
                inner[operand] = inner.get(operand, 0.0) + slope * by
                found += slope * by if operand is read else 0.0
        return found


def _leaves(one: Number, stops: set[Number]) -> list[Number]:
    """Return what a number is made of, back to given numbers and those from outside; without constants."""
    if one in stops:
        return []
    found: dict[Number, None] = {}
    for part in _region(one, stops):
        for operand in part.operands:
            if (operand in stops or not operand.function) and not operand.constant:
                found[operand] = None
    order = {other: at for at, other in enumerate(made_of(one))}
    return sorted(found, key=order.__getitem__)


def _region(one: Number, stops: set[Number]) -> list[Number]:
    """Return the operations between a number and given ones, its own included."""
    found: dict[Number, None] = {}
    pending = [one]
    while pending:
        part = pending.pop()
        if part in found or part in stops or not part.function:
            continue
        found[part] = None
        pending += part.operands
    return list(found)


def _flat(given: Any) -> list[float]:
    return [one for part in given for one in _flat(part)] if isinstance(given, tuple | list) else [float(given)]


def _size(size: Size) -> str:
    shown = size_label(size)
    return f"({shown})" if re.search("[+−-]", shown) else shown


def _letter(name: str) -> tuple[str, str]:
    """Return the letter of a stored array and what tells it from others: ("w", "hh") for weight_hh_l0."""
    head, _, rest = name.partition("_")
    short = {"weight": "w", "bias": "b"}.get(head, head[:1])
    return short, rest.removesuffix("_l0") if head in ("weight", "bias") else rest or head[1:]


def _unravelled(place: int, shape: Iterable[int]) -> list[int]:
    found = []
    for size in reversed(list(shape)):
        place, own = divmod(place, size)
        found.append(own)
    return found[::-1]


def _index(parts: list[str]) -> str:
    """Return places as an index: 12, or with larger ones 1,12."""
    return ("" if all(len(part) == 1 for part in parts) else ",").join(parts)


def _unit_symbol(name: str, shape: tuple[int, ...], at: int, timed: bool) -> Line:
    """Return the symbol of one value of a line: x_1, or with a time step h_1^(2)."""
    index = _unravelled(at, shape)[1:]
    sizes = list(shape)[1:]
    sup: Line = ()
    if timed:
        sup = upright(f"({index.pop(0) + 1})")
        sizes.pop(0)
    parts = [str(own + 1) for own, size in zip(index, sizes) if size > 1]
    return symbol(name, math(_index(parts)) if parts else (), sup)


def sign_line(sign: str) -> Line:
    """Return a sign such as `tanh`, `1 / x` or `x^2` as mathematics."""
    base, power, rest = sign.partition("^")
    if power and base in ("x", "e") and "(" not in rest:
        return (Atom(base, "italic" if base == "x" else "upright", sup=math(rest)),)
    return math(sign) if re.search(r"\bx\b", sign) else upright(sign)


def sign_of(node: Node, lang: str) -> Line:
    """Return the sign of a step that is one circle for each of its values; () for one whose sums are drawn."""
    op = node.op
    if node.kind or op.alias or op.weighted_sum or op.circle:
        return ()
    if op.activation:
        return sign_line(op.activation)
    if op.gathers not in ("", "sum"):
        return upright(op.gathers)
    return words(op.title(lang)) if op.effect in ("each", "across") else ()


def _check_count(count: int) -> None:
    """Raise UsageError NS964 for more circles and boxes than somebody can follow."""
    if count > MOST:
        raise _too_large(str(count))


def _too_large(count: str) -> UsageError:
    """NS964: a graph of so many operations is not drawn."""
    return UsageError(Diagnostic("NS964", None, {"count": count, "most": MOST}))


def of_numbers(passes: Passes, settings: FigureSettings) -> Computation:
    """Return the operations on the numbers of one example.

    Raises:
        UsageError: there are too many (NS964), `path` names none of them (NS965), or an update has no loss (NS961).
    """
    if settings.update and passes.loss is None:
        raise UsageError(Diagnostic("NS961", None, hints=(Hint("target"),)))
    return _Numbers(passes, settings).computation()


# ---- whole values


class Spots:
    """The spots of values, each of which is made once and after those that it reads."""

    def __init__(self, graph: Graph, settings: FigureSettings) -> None:
        self.graph, self.settings = graph, settings
        self.spots: dict[Edge, Spot] = {}
        self.counts: dict[str, int] = {}
        self.named = {
            graph.through(layer.values[0]): layer
            for layer in reversed(graph.layers)
            if len(layer.values) == 1 and layer.role != "start"
        }

    def _new(self, kind: str, sign: Line, node: Node, reads: list[Spot], word: str = "op") -> Spot:
        base = f"{self.graph.layers[node.layer].path}.{word}"
        self.counts[base] = self.counts.get(base, 0) + 1
        name = base if self.counts[base] == 1 else f"{base}.{self.counts[base]}"
        return Spot(name, kind, sign, self.graph.layers[node.layer].path, reads)

    def spot(self, edge: Edge) -> Spot:
        """Return the spot of a value; that of a value of an earlier time step is a box."""
        edge = self._source(edge)
        for one in ordered([edge], self._unmade):  # long chains need no deep calls
            if one not in self.spots:
                self.spots[one] = self._made(one)
        return self.spots[edge]

    def _unmade(self, edge: Edge) -> list[Edge]:
        """Return what the spot of a value reads, as long as there is no such spot."""
        return [] if edge in self.spots else [self._source(read) for read in self._reads(edge)]

    def _source(self, edge: Edge) -> Edge:
        """Return the value that an edge brings."""
        return self.graph.through(edge)

    def _reads(self, edge: Edge) -> tuple[Edge, ...]:
        """Return the values that the spot of a value reads."""
        raise NotImplementedError

    def _made(self, edge: Edge) -> Spot:
        """Return a new spot for a value; what it reads has one."""
        raise NotImplementedError


class _Steps(Spots):
    """The operations on the values of lines, where no numbers are asked for."""

    def __init__(self, graph: Graph, settings: FigureSettings, turn: Turn | None) -> None:
        super().__init__(graph, settings)
        self.turn = turn
        self.stored: dict[str, Spot] = {}
        self.parts: dict[int, Spot] = {}

    def _reads(self, edge: Edge) -> tuple[Edge, ...]:
        node = self.graph.nodes[edge.node]
        return () if node.kind == "delay" else node.inputs

    def _symbol(self, edge: Edge) -> Line:
        layer = self.named.get(edge)
        return () if layer is None else symbol(self.settings.of(layer.path).symbol or layer.label)

    def _made(self, edge: Edge) -> Spot:
        node = self.graph.nodes[edge.node]
        if node.kind == "input":
            found = self._new("input", self._symbol(edge), node, [], "input")
        elif node.kind == "delay":
            before = self._symbol(self.graph.through(node.inputs[0]))
            *inner, last = before or (Atom("h", "italic"),)
            found = self._new("input", (*inner, last._replace(sup=math(f"(t-{node.delay})"))), node, [], "before")
        elif len(node.types) > 1:  # a step with several results is drawn once, and each result that is read
            if edge.node not in self.parts:
                self.parts[edge.node] = self._operation(node, [self.spot(read) for read in node.inputs])
            part = (*words(self.graph.layers[node.layer].label), *upright(f".{edge.output + 1}"))
            found = self._new("operation", part, node, [self.parts[edge.node]], "part")
        else:
            found = self._operation(node, [self.spot(read) for read in node.inputs])
            found.name = self._symbol(edge)
        found.above = words(type_words(self.graph.type_of(edge), self.settings.lang))
        found.value = Value(edge.node, 0) if not edge.output else None
        return found

    def _operation(self, node: Node, reads: list[Spot]) -> Spot:
        """Return the operation of a step, before which a weighted sum has a product with its weights."""
        op, lang = node.op, self.settings.lang
        weights = [self._weight(stored) for stored in self.graph.arrays if stored.node == node.index]
        own = [self.stored[node.stored()]] if node.tied and node.stored() in self.stored else []
        weights = [*own, *[one for one in weights if one not in own]]
        if op.weighted_sum and weights:
            matrix, *rest = weights
            sign = upright("×" if op.wiring == "full" else "∗")
            product = self._new("operation", sign, node, [matrix, *reads])
            return self._new("operation", upright("+"), node, [product, *rest]) if rest else product
        sign = sign_of(node, lang) or (upright(op.circle) if op.circle else words(op.title(lang)))
        return self._new("operation", sign, node, [*reads, *weights])

    def _weight(self, stored: Stored) -> Spot:
        if stored.key not in self.stored:
            node = self.graph.nodes[stored.node]
            label = self.graph.layers[node.layer].label
            letter, rest = _letter(stored.weight.name)
            above = ",".join(filter(None, (rest, label)))
            sign = (Atom(letter.upper() if len(stored.weight.shape) > 1 else letter, "italic", sup=math(above)),)
            found = self._new("weight", sign, node, [], stored.weight.name)
            found.above = words("×".join(map(_size, stored.weight.shape)))
            given = _flat(stored.weight.given)
            if given:
                few = len(given) <= FEW
                found.more = upright(", ".join(map(number, given))) if few else words(say("given", self.settings.lang))
            self.stored[stored.key] = found
        return self.stored[stored.key]

    def computation(self) -> Computation:
        turn = self.turn
        ends = []
        for index in self.graph.outputs if turn is None else ():
            layer = self.graph.layers[index]
            for edge in layer.values:
                last = self.spot(edge)
                node = self.graph.nodes[self.graph.through(edge).node]
                end = self._new("output", symbol(layer.label), node, [last], "output")
                end.layer, last.name = layer.path, ()
                ends.append(end)
        if turn is not None:
            ends.append(Spot("loss", "loss", LOSS, "", [self._loss(turn)]))
        found = Computation(ordered(ends, lambda spot: spot.reads), slopes=turn is not None)
        _check_count(len(found.spots))
        if turn is not None:
            for spot in found.spots:
                called = spot.name or (spot.sign if spot.kind in ("input", "weight") else ())
                if called and spot.kind != "target":
                    spot.below = (*upright("∂"), *LOSS, *upright("/∂"), *called)
        return found

    def _loss(self, turn: Turn) -> Spot:
        parts: list[Spot] = []
        for item in turn.loss:
            edge, other = compared(self.graph, item.term)
            reads, name = [self.spot(edge)], item.term.compared
            if other is not None:
                reads.append(self.spot(other))
            elif name is not None:
                if name not in self.stored:
                    self.stored[name] = Spot(f"target.{name}", "target", symbol(name), "")
                reads.append(self.stored[name])
            found = Spot(f"loss.{len(parts)}", "operation", words(item.term.word.replace("_", " ")), "", reads)
            if item.coefficient != 1:
                scale = Spot(f"loss.{len(parts)}.times", "constant", numeral(item.coefficient), "")
                found = Spot(f"loss.{len(parts)}.product", "operation", upright("×"), "", [scale, found])
            parts.append(found)
        return parts[0] if len(parts) == 1 else Spot("loss.sum", "operation", upright("+"), "", parts)


def of_steps(graph: Graph, settings: FigureSettings, train: Train | None) -> Computation:
    """Return the operations on the values of the net's lines, and its loss, if one section says it.

    Raises UsageError NS964 if there are too many.
    """
    return _Steps(graph, settings, only_turn(train)).computation()


def is_drawn(graph: Graph, passes: Passes | None, train: Train | None, node: Node) -> bool:
    """Whether a step is part of the computation that is drawn: a loss of logits does not read the activation behind."""
    turn = only_turn(train) if passes is None else passes.turn
    pending = [graph.layers[index].values[0].node for index in graph.outputs]
    if turn is not None:
        pending = [edge.node for item in turn.loss for edge in compared(graph, item.term) if edge is not None]
    found: set[int] = set()
    while pending:
        index = pending.pop()
        if index not in found:
            found.add(index)
            pending += [edge.node for edge in graph.nodes[index].inputs]
    return node.index in found
