"""Arrays -> single numbers: every sum and product of a small computation, with its value and its gradient.

Where `arrays` has few nodes of many values each, this is the graph that textbooks draw: a circle for each operation on
numbers. `traced` makes it of the values of some arrays, and `backward` gives each number the derivative of one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.compute.arrays import Array, Each, Given, Node, Stop, Sum, Winner, order, ordered, whole
from netspec.compute.evaluate import evaluate, places
from netspec.compute.formula import (
    FUNCTIONS,
    Applied,
    Constant,
    Formula,
    Symbol,
    derivative,
    number,
    simplified,
    text,
)

MOST = 20_000  # numbers; a figure of more is too large to read
Place = tuple[Node, int]


class TooMany(Exception):
    """Raised for a computation of more numbers than MOST."""


class Number:
    """One number of a computation.

    Attributes:
        function: the function of `netspec.compute.formula.FUNCTIONS` that makes it, `largest` or `stop`; "" for a
            number from outside.
        operands: the numbers that it is made of; of `add` and `multiply` any number of them.
        formula: the function with its constants, of the operands `a0`, `a1`, …
        name: of a number from outside the name of its array, "" for a constant; `place` is its place there.
        value: what it is.
    """

    __slots__ = ("formula", "function", "name", "operands", "place", "value")

    def __init__(
        self,
        function: str,
        operands: tuple[Number, ...],
        value: float,
        formula: Formula | None = None,
        name: str = "",
        place: int = 0,
    ) -> None:
        self.function, self.operands, self.formula = function, operands, formula
        self.value, self.name, self.place = float(value), name, place

    @property
    def constant(self) -> bool:
        return not self.function and not self.name

    @property
    def sign(self) -> str:
        """How a formula writes the function: `+`, `tanh`, `1 / x`; of several operands it is without them."""
        signs = {"add": "+", "multiply": "×", "subtract": "−", "divide": "÷", "power": "^", "largest": "max"}
        if self.formula is None or len(self.operands) > 1:
            return signs.get(self.function, self.function)
        shown = text(_renamed(self.formula)).replace("*", "×").replace("-", "−")
        return shown.removesuffix("(x)") if self.function not in ("negative",) else "× (−1)"

    def slopes(self) -> list[float]:
        """Return the derivative of this number by each operand."""
        values = [operand.value for operand in self.operands]
        match self.function:
            case "add" if self.formula is None:
                return [1.0] * len(values)
            case "multiply" if self.formula is None:
                return [math.prod(values[:at] + values[at + 1 :]) for at in range(len(values))]
            case "largest" | "stop":
                return [0.0] * len(values)
        assert self.formula is not None
        names = {f"a{at}": value for at, value in enumerate(values)}
        return [number(derivative(self.formula, name), **names) for name in names]


def _renamed(tree: Formula) -> Formula:
    if isinstance(tree, Applied):
        return Applied(tree.function, tuple(map(_renamed, tree.operands)))
    return Symbol("x") if isinstance(tree, Symbol) else tree


class Trace:
    """The numbers that some values are made of. `at` has them by their places in the nodes of the arrays.

    `spelled_out`: whether a function that has a definition, such as sigmoid, is made by the functions in this.
    """

    def __init__(
        self, arrays: Sequence[Array], given: Mapping[str, Sequence[float]], spelled_out: bool = False
    ) -> None:
        self.at: dict[Place, Number] = {}
        self.spelled_out = spelled_out
        nodes = order(arrays)
        needed: dict[Node, set[int]] = {node: set() for node in nodes}
        for array in arrays:
            needed[array.node].update(places(array.offset, array.steps))
        reads: dict[Node, Any] = {}
        for node in reversed(nodes):
            if sum(map(len, needed.values())) > MOST:
                raise TooMany
            reads[node] = self._reads(node, needed[node])
            for found in reads[node].values():
                for one in found:
                    for other, place in one:
                        needed[other].add(place)
        values = dict(zip(nodes, evaluate([whole(node, (node.size,)) for node in nodes], given), strict=True))
        for node in nodes:
            for place in sorted(needed[node]):
                self.at[node, place] = self._number(node, place, reads[node].get(place, []), values[node][place])

    def of(self, array: Array) -> list[Number]:
        """Return the numbers of an array, in reading order."""
        return [self.at[array.node, place] for place in places(array.offset, array.steps)]

    @staticmethod
    def _reads(node: Node, wanted: set[int]) -> dict[int, list[tuple[Place, ...]]]:
        """Return for each place of a node what it reads: of a sum the factors of each product, else all in one."""
        found: dict[int, list[tuple[Place, ...]]] = {place: [] for place in wanted}
        match node:
            case Each():
                seen = [places(operand.offset, operand.steps) for operand in node.operands]
                for place in wanted:
                    found[place] = [tuple((one.node, at[place]) for one, at in zip(node.operands, seen, strict=True))]
            case Sum():
                for term in node.terms:
                    factors = [places(factor.offset, factor.steps) for factor in term.factors]
                    for goes, *at in zip(places(term.offset, term.steps), *factors, strict=True):
                        if goes in wanted:
                            found[goes].append(
                                tuple((one.node, own) for one, own in zip(term.factors, at, strict=True))
                            )
            case Winner():
                seen, length = [places(node.of.offset, node.of.steps)], node.of.shape[-1]
                for place in wanted:
                    begin = place // length * length
                    found[place] = [tuple((node.of.node, at) for at in seen[0][begin : begin + length])]
            case Stop():
                seen = [places(node.of.offset, node.of.steps)]
                found = {place: [((node.of.node, seen[0][place]),)] for place in wanted}
        return found

    def _number(self, node: Node, place: int, reads: list[tuple[Place, ...]], value: float) -> Number:
        operands = [tuple(self.at[one] for one in product) for product in reads]
        match node:
            case Given():
                return Number("", (), value, name="" if node.numbers is not None else node.name, place=place)
            case Each():
                return self._formula(node.formula, operands[0])
            case Sum():
                terms = [self._product(one) for one in operands]
                terms = [one for one in terms if not (one.constant and one.value == 0)]
                if len(terms) == 1:
                    return terms[0]
                return Number("add" if terms else "", tuple(terms), value)
            case Winner():
                return Number("largest", operands[0], value)
        return Number("stop", operands[0], value)

    @staticmethod
    def _product(factors: tuple[Number, ...]) -> Number:
        left = tuple(one for one in factors if not (one.constant and one.value == 1))
        if any(one.constant and one.value == 0 for one in left):
            return Number("", (), 0.0)
        if len(left) == 1:
            return left[0]
        value = math.prod(one.value for one in left)
        return Number("multiply" if left else "", left, value)

    def _formula(self, tree: Formula, operands: tuple[Number, ...]) -> Number:
        known: dict[Formula, Number] = {}

        def made(part: Formula) -> Number:
            if part not in known:
                known[part] = new(part)
            return known[part]

        def new(part: Formula) -> Number:
            if isinstance(part, Constant):
                return Number("", (), part.value)
            if isinstance(part, Symbol):
                return operands[int(part.name[1:])]
            assert isinstance(part, Applied)
            meaning = FUNCTIONS[part.function].meaning if self.spelled_out else None
            if meaning is not None:
                return made(meaning(part.operands[0]))
            inner = [made(one) for one in part.operands]
            numbers = [one for one in inner if not one.constant]
            names = (Symbol(f"a{at}") for at in range(len(numbers)))
            own = simplified(
                part.function, tuple(Constant(one.value) if one.constant else next(names) for one in inner)
            )
            if isinstance(own, Symbol):
                return numbers[int(own.name[1:])]
            if not isinstance(own, Applied):
                return Number("", (), number(own))
            value = FUNCTIONS[part.function].plain(*(one.value for one in inner))
            return Number(own.function, tuple(numbers), value, own)

        return made(tree)


def made_of(result: Number) -> list[Number]:
    """Return all numbers that a number is made of, each after its operands, and last itself."""
    return ordered([result], lambda one: one.operands)


def backward(total: Number) -> dict[Number, float]:
    """Return the derivative of a number by each number that it is made of."""
    numbers = made_of(total)
    slopes = dict.fromkeys(numbers, 0.0)
    slopes[total] = 1.0
    for one in reversed(numbers):
        if slopes[one]:
            for operand, slope in zip(one.operands, one.slopes() if one.operands else (), strict=True):
                slopes[operand] += slopes[one] * slope
    return slopes
