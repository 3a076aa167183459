"""Arrays -> a program: small steps on buffers of numbers that another language runs, as JSON.

    {"sizes": [4, 1], "given": {"x": 0}, "constants": [[1, [0.5]]], "steps": [["map", "multiply", 2, [...]]], …}

A buffer is made once and filled by one step: `map` applies a function of `netspec.compute.formula.FUNCTIONS` to every
value, `copy` reads a view, `sum` adds up products, `winner` marks the largest. What is computed alike is computed once:
a gradient reads the same `tanh` as the value. `page/src/program.ts` runs programs; it knows no operation and no loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.compute.arrays import Array, Each, Given, Node, Stop, Sum, Term, Winner, order
from netspec.compute.formula import evaluated

Operand = tuple[int, int, int]  # a buffer, the place of the first value, and the distance to the next


class Program:
    """The steps that compute some arrays.

    Attributes:
        sizes: the number of values of each buffer.
        given: the buffers of the values from outside, by name.
        constants: buffers with known values.
        steps: what fills the other buffers, in order.
        results: the buffer of each result, by name.
        products: how many products all sums have together: nearly all of the time that a large program takes.
    """

    def __init__(self, results: Mapping[str, Array]) -> None:
        self.sizes: list[int] = []
        self.given: dict[str, int] = {}
        self.constants: list[tuple[int, list[float]]] = []
        self.steps: list[list[Any]] = []
        self.products = 0
        self._known: dict[object, int] = {}
        self._of: dict[Node, Operand] = {}
        for node in order(list(results.values())):
            self._of[node] = self._filled(node)
        self.results = {name: self._whole(array) for name, array in results.items()}

    def document(self) -> dict[str, Any]:
        """Return the program as JSON."""
        names = ("sizes", "given", "constants", "steps", "results")
        return {name: getattr(self, name) for name in names}

    # ---- buffers

    def _new(self, size: int) -> int:
        self.sizes.append(size)
        return len(self.sizes) - 1

    def _step(self, kind: str, size: int, *rest: Any) -> int:
        """Return the buffer that a step fills; the same step is made once."""
        key = repr((kind, size, rest))
        if key not in self._known:
            self._known[key] = to = self._new(size)
            self.steps.append([kind, to, *rest])
        return self._known[key]

    def _constant(self, values: Sequence[float]) -> int:
        key = tuple(values)
        if key not in self._known:
            self._known[key] = self._new(len(key))
            self.constants.append((self._known[key], list(key)))
        return self._known[key]

    def _filled(self, node: Node) -> Operand:
        match node:
            case Given():
                if node.numbers is not None:
                    return (self._constant(node.numbers), 0, 1)
                if node.name not in self.given:
                    self.given[node.name] = self._new(node.size)
                return (self.given[node.name], 0, 1)
            case Each():
                return self._formula(node)
            case Sum():
                return self._sum(node)
            case Winner():
                return (self._step("winner", node.size, self._whole(node.of), node.of.shape[-1], node.ties), 0, 1)
            case Stop():
                return self._operand(node.of)
        raise TypeError(node)

    # ---- views

    def _operand(self, array: Array) -> Operand:
        """Return a view whose values have one distance, copied if they have not."""
        buffer, begin, distance = self._of[array.node]
        line = (0, 0) if distance == 0 else _line(array)
        if line is not None:
            return (buffer, begin + line[0] * distance, line[1] * distance)
        return (self._step("copy", math.prod(array.shape), self._view(array)), 0, 1)

    def _whole(self, array: Array) -> int:
        """Return a buffer that holds the values of a view and no others."""
        buffer, offset, distance = self._operand(array)
        size = math.prod(array.shape)
        if (offset, self.sizes[buffer]) == (0, size) and (distance == 1 or size == 1):
            return buffer
        return self._step("copy", size, self._view(array))

    def _view(self, array: Array) -> list[Any]:
        buffer, begin, distance = self._of[array.node]
        axes = [_axis(own, distance) for own in array.steps]
        return [buffer, begin + array.offset * distance, axes]

    # ---- formulas

    def _formula(self, node: Each) -> Operand:
        def apply(function: str, operands: list[Operand]) -> Operand:
            return self._mapped(function, node.size, operands)

        values = {f"a{place}": self._operand(operand) for place, operand in enumerate(node.operands)}
        found = evaluated(node.formula, values, apply, lambda value: (self._constant((float(value),)), 0, 0))
        assert isinstance(found, tuple)
        return found

    def _mapped(self, function: str, size: int, operands: list[Operand]) -> Operand:
        """Return a function of some values; of values that repeat one number, the number is computed once."""
        if function == "power" and operands[1] == (self._constant((2.0,)), 0, 0):
            function, operands = "multiply", [operands[0]] * 2  # x², as torch computes it
        one = (self._constant((1.0,)), 0, 0)
        if function == "multiply" and one in operands:
            return operands[1 - operands.index(one)]
        same = all(distance == 0 for _, _, distance in operands)
        return (self._step("map", 1 if same else size, function, operands), 0, 0 if same else 1)

    # ---- sums

    def _sum(self, node: Sum) -> Operand:
        if node.terms and all(_in_order(term, node.size) for term in node.terms):
            total, *others = [self._product(term, node.size) for term in node.terms]
            for other in others:
                total = self._mapped("add", node.size, [total, other])
            return total
        self.products += sum(math.prod(map(len, term.steps)) for term in node.terms)
        terms = [
            [term.offset, [_axis(own) for own in term.steps], [self._view(factor) for factor in term.factors]]
            for term in node.terms
        ]
        return (self._step("sum", node.size, terms), 0, 1)

    def _product(self, term: Term, size: int) -> Operand:
        """Return the products of a term that has one for each place of a buffer, in order."""
        total, *others = [self._operand(factor) for factor in term.factors]
        for other in others:
            total = self._mapped("multiply", size, [total, other])
        return total


def _in_order(term: Term, size: int) -> bool:
    """Whether a term has one product for each place of a buffer, in the order of the places."""
    goal = Array(Given(size), term.offset, term.steps)
    return math.prod(goal.shape) == size and _line(goal) == (0, int(size > 1))


def _line(array: Array) -> tuple[int, int] | None:
    """Return the place of the first value of a view and the distance to each next one; None if it is not always one."""
    offset, step, length = array.offset, 0, 1
    for own in reversed(array.steps):
        offset += own[0] if own else 0
        if len(own) <= 1:
            continue
        distance = own[1] - own[0]
        regular = isinstance(own, range) or all(place == own[0] for place in own)
        if not regular or (length > 1 and distance != step * length):
            return None
        step = distance if length == 1 else step
        length *= len(own)
    return offset, step


def _axis(own: Sequence[int], distance: int = 1) -> Any:
    """Return an axis of a view: [first, distance, count] where it is regular, else {"at": […]}."""
    if isinstance(own, range):
        return [own.start * distance, own.step * distance if len(own) > 1 else 0, len(own)]
    if not (distance and any(own)):
        return [0, 0, len(own)]
    return {"at": [place * distance for place in own]}
