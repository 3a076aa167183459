"""Lazy arrays: operations on arrays build a graph of computations, which is evaluated later.

The method `compute` of an operation is ordinary code with these arrays: `w.total("ji,bi->bj", x) + bias`. It builds a
graph of five kinds of nodes:
- Given: values from outside (inputs, weights, constants);
- Each: a formula that is applied element by element;
- Sum: sums of products, which express all wiring (perceptrons, filters, joins, transposes);
- Winner: which value of a window is the largest;
- Stop: the same values without a gradient.
`gradients` adds nodes of the same kinds. `netspec.compute.evaluate` evaluates a graph with plain Python or numpy. Each
node could also be written as loops in another language.

Why not a tape that records every single addition and multiplication? It was tried on LSTM layers in two directions,
attention, grouped filters and batchnorm in training. Its core has only 50 lines, but that LSTM (32 units, 20 steps)
needs 434,341 records, takes 3.9 s with its gradient, would be as many lines of JavaScript, and its loops cannot be
recovered. With these arrays it has 1,433 nodes, each of them one loop, and takes 0.4 s.

An array is a view of the values of a node: an offset and, for each axis, the distance of every index from the first
one. Slices, transposes, sliding windows, groups and repeated axes are views of the same values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from netspec.compute.formula import Applied, Constant, Formula, Numbers, Symbol, derivative, formula

T = TypeVar("T")
# for each axis, the distance of every index from the first; a range if the distances are regular
Steps = tuple[Sequence[int], ...]


class Node:
    """A one-dimensional array of `size` values, and how they are computed."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    @property
    def reads(self) -> tuple[Array, ...]:
        """The arrays that it is computed from."""
        return ()


class Given(Node):
    """Values from outside: an input or a weight (`name`), or constants (`numbers`)."""

    __slots__ = ("name", "numbers")

    def __init__(self, size: int, name: str = "", numbers: tuple[float, ...] | None = None) -> None:
        super().__init__(size)
        self.name, self.numbers = name, numbers


class Each(Node):
    """A formula applied element by element. Its variables `a0`, `a1`, … are the operands, all of one shape."""

    __slots__ = ("formula", "operands")

    def __init__(self, function: Formula, operands: tuple[Array, ...]) -> None:
        super().__init__(math.prod(operands[0].shape))
        self.formula, self.operands = function, operands

    @property
    def reads(self) -> tuple[Array, ...]:
        return self.operands


class Term(NamedTuple):
    """One term of a Sum: for each index of a loop, the product of all factors is added to one element of the result.

    Every factor has the axes of the loop. `offset` and `steps` say which element each product is added to.
    """

    offset: int
    steps: Steps
    factors: tuple[Array, ...]


class Sum(Node):
    """The sum of its terms; elements that no term reaches are 0."""

    __slots__ = ("terms",)

    def __init__(self, size: int, terms: tuple[Term, ...]) -> None:
        super().__init__(size)
        self.terms = terms

    @property
    def reads(self) -> tuple[Array, ...]:
        return tuple(factor for term in self.terms for factor in term.factors)


class Winner(Node):
    """1 where a value is the largest along the last axis, else 0. Of equal values the first is 1; with `ties`, all."""

    __slots__ = ("of", "ties")

    def __init__(self, of: Array, ties: bool) -> None:
        super().__init__(math.prod(of.shape))
        self.of, self.ties = of, ties

    @property
    def reads(self) -> tuple[Array, ...]:
        return (self.of,)


class Stop(Node):
    """The same values, without a gradient."""

    __slots__ = ("of",)

    def __init__(self, of: Array) -> None:
        super().__init__(math.prod(of.shape))
        self.of = of

    @property
    def reads(self) -> tuple[Array, ...]:
        return (self.of,)


class Array(Numbers):
    """A view of the values of a node.

    Operators and functions act element by element, with numpy's broadcasting: an axis of length 1, or a missing axis at
    the front, is repeated.
    """

    __slots__ = ("node", "offset", "steps")

    def __init__(self, node: Node, offset: int, steps: Steps) -> None:
        self.node, self.offset, self.steps = node, offset, steps

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.steps))

    @property
    def contiguous(self) -> bool:
        """Whether it is all values of its node, in their order."""
        return self.offset == 0 and self.node.size == math.prod(self.shape) and self.steps == even(self.shape)

    def apply(self, function: str, *operands: Any) -> Array:
        return each(Applied(function, tuple(map(_symbol, operands, itertools.count()))), *operands)

    # ---- views of the same values

    def permute(self, *axes: int) -> Array:
        """Reorder the axes: `x.permute(0, 2, 1)`."""
        return Array(self.node, self.offset, tuple(self.steps[axis] for axis in axes))

    def swap(self, first: int, second: int) -> Array:
        """Swap two axes."""
        axes = list(range(len(self.steps)))
        axes[first], axes[second] = axes[second], axes[first]
        return self.permute(*axes)

    def move(self, start: int, end: int) -> Array:
        """Move one axis to another position."""
        steps = list(self.steps)
        moved = steps.pop(start)
        steps.insert(end if end >= 0 else len(steps) + 1 + end, moved)
        return Array(self.node, self.offset, tuple(steps))

    def pick(self, axis: int, indices: Sequence[int]) -> Array:
        """Select indices of an axis in the given order: a slice, a flip, repeats."""
        own = self.steps[axis]
        if isinstance(own, range) and isinstance(indices, range):
            start = own.start + own.step * indices.start
            step = own.step * indices.step
            return self._with(axis, range(start, start + step * len(indices), step) if step else [start] * len(indices))
        return self._with(axis, _evened([own[index] for index in indices]))

    def at(self, axis: int, index: int) -> Array:
        """Select one index of an axis and remove the axis."""
        steps = list(self.steps)
        gone = steps.pop(axis)
        return Array(self.node, self.offset + gone[index], tuple(steps))

    def add_axis(self, axis: int, length: int = 1) -> Array:
        """Insert a new axis along which the values repeat."""
        steps = list(self.steps)
        steps.insert(axis if axis >= 0 else len(steps) + 1 + axis, _repeat(length))
        return Array(self.node, self.offset, tuple(steps))

    def split(self, axis: int, *lengths: int) -> Array:
        """Split an axis into several, whose product is its length: `(B, 6)` by `split(1, 2, 3)` becomes `(B, 2, 3)`."""
        own = self._even(axis)
        parts = []
        for position, length in enumerate(lengths):
            stride = math.prod(lengths[position + 1 :])
            parts.append(_evened([own.steps[axis][index * stride] - own.steps[axis][0] for index in range(length)]))
        axis %= len(own.steps)
        return Array(own.node, own.offset + own.steps[axis][0], (*own.steps[:axis], *parts, *own.steps[axis + 1 :]))

    def window(self, axis: int, count: int, stride: int, kernel: int, dilation: int) -> Array:
        """Return sliding windows along an axis; the values of each window become a new last axis.

        Parameters:
            axis: the axis along which windows slide; its index becomes the number of the window.
            count: the number of windows.
            stride: the distance between the first values of neighbouring windows.
            kernel: the number of values in a window.
            dilation: the distance between neighbouring values of a window.
        """
        own = self._even(axis)
        steps = own.steps[axis]
        places = _evened([steps[index * stride] for index in range(count)])
        inside = _evened([steps[index * dilation] - steps[0] for index in range(kernel)])
        axis %= len(own.steps)
        return Array(own.node, own.offset, (*own.steps[:axis], places, *own.steps[axis + 1 :], inside))

    def _even(self, axis: int) -> Array:
        """Return the array, copied if the distances along an axis are irregular."""
        if isinstance(self.steps[axis], range) or not any(self.steps[axis]):
            return self
        return place(self.shape, (self, (0,) * len(self.steps)))

    def _with(self, axis: int, steps: Sequence[int]) -> Array:
        axis %= len(self.steps)
        return Array(self.node, self.offset, (*self.steps[:axis], steps, *self.steps[axis + 1 :]))

    def broadcast(self, shape: tuple[int, ...]) -> Array:
        """Broadcast to a shape, as numpy does."""
        steps = [_repeat(length) for length in shape[: len(shape) - len(self.steps)]]
        for own, length in zip(self.steps, shape[len(steps) :], strict=True):
            assert len(own) in (1, length), f"{self.shape} as {shape}"
            steps.append(own if len(own) == length else [own[0]] * length if own[0] else _repeat(length))
        return Array(self.node, self.offset, tuple(steps))

    # ---- new values

    def each(self, function: Callable[[Any], Any]) -> Array:
        """Apply a function of one value element by element, as one formula."""
        return each(formula(function(Symbol("a0"))), self)

    def pad(self, axis: int, before: int, after: int, value: float = 0.0) -> Array:
        """Add elements of a constant value before and after an axis."""
        if not (before or after):
            return self
        axis %= len(self.steps)
        length = len(self.steps[axis])
        shape = (*self.shape[:axis], before + length + after, *self.shape[axis + 1 :])
        found = place(shape, (self, tuple(before if other == axis else 0 for other in range(len(shape)))))
        if value == 0:
            return found
        edge = [value] * before + [0.0] * length + [value] * after
        return found + constants(edge, (len(edge), *(1 for _ in shape[axis + 1 :])))

    def reshape(self, *shape: int) -> Array:
        """Return the same values in another shape. One length may be -1: it follows from the others."""
        known = -math.prod(shape) if -1 in shape else 1
        shape = tuple(math.prod(self.shape) // known if length == -1 else length for length in shape)
        whole = self if self.contiguous else place(self.shape, (self, (0,) * len(self.steps)))
        assert whole.node.size == math.prod(shape), f"{self.shape} as {shape}"
        return Array(whole.node, 0, even(shape))

    def total(self, wiring: str, *others: Array) -> Array:
        """Sum products, with a letter for each axis as in einsum: `w.total("ji,bi->bj", x)` sums over i."""
        return total(wiring, self, *others)

    def sum(self, *axes: int) -> Array:
        """Sum over axes, which keep length 1."""
        gone = {axis % len(self.steps) for axis in axes}
        letters = _letters(len(self.steps))
        kept = "".join(letter for axis, letter in enumerate(letters) if axis not in gone)
        found = total(f"{letters}->{kept}", self)
        return found.reshape(*(1 if axis in gone else length for axis, length in enumerate(self.shape)))

    def mean(self, *axes: int) -> Array:
        """Average over axes, which keep length 1."""
        return self.sum(*axes) / math.prod(self.shape[axis] for axis in axes)

    def largest(self, *axes: int) -> Array:
        """Return the maximum over axes, which keep length 1. Equal maxima share the gradient."""
        order = [axis for axis in range(len(self.steps)) if axis not in {axis % len(self.steps) for axis in axes}]
        chosen = [axis % len(self.steps) for axis in axes]
        window = self.permute(*order, *chosen)
        flat = window.reshape(
            *(len(self.steps[axis]) for axis in order), math.prod(self.shape[axis] for axis in chosen)
        )
        winner = whole(Winner(flat, True), flat.shape)
        share = winner / winner.sum(-1)
        found = (share * flat).sum(-1)
        return found.reshape(*(1 if axis in chosen else length for axis, length in enumerate(self.shape)))

    def first_largest(self) -> Array:
        """Return the maximum over the last axis, which is removed. Of equal maxima the first gets the gradient."""
        letters = _letters(len(self.steps))
        winner = whole(Winner(self, False), self.shape)
        return total(f"{letters},{letters}->{letters[:-1]}", winner, self)

    def stop(self) -> Array:
        """Return the same values without a gradient."""
        return whole(Stop(self), self.shape)


# ---- creating arrays


def whole(node: Node, shape: tuple[int, ...]) -> Array:
    """Return all values of a node in a shape."""
    return Array(node, 0, even(shape))


def given(shape: tuple[int, ...], name: str = "") -> Array:
    """Create an array of values from outside."""
    return whole(Given(math.prod(shape), name), shape)


def constants(numbers: Iterable[float], shape: tuple[int, ...]) -> Array:
    """Create an array of known values."""
    listed = tuple(map(float, numbers))
    return whole(Given(len(listed), numbers=listed), shape)


def filled(value: float, shape: tuple[int, ...]) -> Array:
    """Create an array with the same value everywhere."""
    return constants((value,), (1,)).broadcast(shape)


def each(function: Formula, *operands: Any) -> Array:
    """Apply a formula of `a0`, `a1`, … element by element; operands that are numbers become part of the formula."""
    arrays = [operand for operand in operands if isinstance(operand, Array)]
    shape: tuple[int, ...] = ()
    for array in arrays:
        axes = itertools.zip_longest(reversed(shape), reversed(array.shape), fillvalue=1)
        shape = tuple(reversed([a if b == 1 else b for a, b in axes]))
    names = [f"a{place}" for place, operand in enumerate(operands) if isinstance(operand, Array)]
    if len(names) != len(operands):
        renamed = {name: Symbol(f"a{place}") for place, name in enumerate(names)}
        function = _replaced(function, renamed)
    return whole(Each(function, tuple(array.broadcast(shape) for array in arrays)), shape)


def _replaced(tree: Formula, names: Mapping[str, Formula]) -> Formula:
    if isinstance(tree, Symbol):
        return names[tree.name]
    if isinstance(tree, Applied):
        return Applied(tree.function, tuple(_replaced(operand, names) for operand in tree.operands))
    return tree


def _symbol(operand: Any, place: int) -> Formula:
    return Symbol(f"a{place}") if isinstance(operand, Array) else formula(operand)


def total(wiring: str, *factors: Array) -> Array:
    """Sum products of arrays, with a letter for each axis as in einsum: `total("ji,bi->bj", w, x)`."""
    lengths = dict(
        zip(wiring.partition("->")[0].replace(",", ""), (n for each_ in factors for n in each_.shape), strict=True)
    )
    return onto(tuple(lengths[letter] for letter in wiring.partition("->")[2]), lambda whole_: whole_, wiring, *factors)


def onto(shape: tuple[int, ...], seen: Callable[[Array], Array], wiring: str, *factors: Array) -> Array:
    """Add sums of products to zeros of a shape, through a view: `seen` maps the zeros to the view that they are added
    to.

    The view has the axes after `->`. If it contains an element several times, all products for that element are added.
    """
    reads, _, kept = wiring.partition("->")
    lengths: dict[str, int] = {}
    for letters, factor in zip(reads.split(","), factors, strict=True):
        assert len(letters) == len(factor.shape), f"{wiring} of {factor.shape}"
        for letter, length in zip(letters, factor.shape, strict=True):
            known = lengths.setdefault(letter, length)
            assert known == length, f"{wiring}: {letter} is {known}, not {length}"
    loop = kept + "".join(letter for letter in lengths if letter not in kept)
    spread = []
    for letters, factor in zip(reads.split(","), factors, strict=True):
        steps = [
            factor.steps[letters.index(letter)] if letter in letters else _repeat(lengths[letter]) for letter in loop
        ]
        spread.append(Array(factor.node, factor.offset, tuple(steps)))
    goal = seen(Array(Given(math.prod(shape)), 0, even(shape)))
    assert goal.shape == tuple(lengths[letter] for letter in kept), f"{wiring} onto {goal.shape}"
    goes = (*goal.steps, *(_repeat(lengths[letter]) for letter in loop[len(kept) :]))
    return whole(Sum(math.prod(shape), (Term(goal.offset, goes, tuple(spread)),)), shape)


def place(shape: tuple[int, ...], *parts: tuple[Array, tuple[int | Sequence[int], ...]]) -> Array:
    """Insert arrays into zeros of a shape: for each axis the first index, or a list of indices. Overlaps are added."""
    terms = []
    for array, where in parts:
        strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        offset = 0
        steps: list[Sequence[int]] = []
        for at, stride, length in zip(where, strides, array.shape, strict=True):
            if isinstance(at, int):
                offset += at * stride
                steps.append(range(0, stride * length, stride))
            else:
                steps.append(_evened([index * stride for index in at]))
        terms.append(Term(offset, tuple(steps), (array,)))
    return whole(Sum(math.prod(shape), tuple(terms)), shape)


def join(axis: int, *arrays: Array) -> Array:
    """Concatenate arrays along an axis."""
    axis %= len(arrays[0].shape)
    parts, length = [], 0
    for array in arrays:
        where = [0] * len(array.shape)
        where[axis] = length
        length += array.shape[axis]
        parts.append((array, tuple(where)))
    shape = list(arrays[0].shape)
    shape[axis] = length
    return place(tuple(shape), *parts)


def even(shape: tuple[int, ...]) -> Steps:
    """Return the steps of values that are in row-major order."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return tuple(
        range(0, stride * length, stride) if length else range(0) for stride, length in zip(strides, shape, strict=True)
    )


def _repeat(length: int) -> Sequence[int]:
    return range(1) if length == 1 else [0] * length


def _evened(steps: list[int]) -> Sequence[int]:
    """Return regular distances as a range, others unchanged."""
    if len(steps) == 1 and steps[0] == 0:
        return range(1)
    if len(steps) > 1:
        step = steps[1] - steps[0]
        even_ = range(steps[0], steps[0] + step * len(steps), step) if step else None
        if even_ is not None and list(even_) == steps:
            return even_
    return steps


def _letters(count: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[:count]


# ---- gradients


def order(arrays: Iterable[Array]) -> list[Node]:
    """Return all nodes that arrays are computed from, each after the nodes that it reads."""
    return ordered([array.node for array in arrays], lambda node: [read.node for read in node.reads])


def ordered(ends: Sequence[T], reads: Callable[[T], Sequence[T]]) -> list[T]:
    """Return all that `ends` are made of, each after what it reads. Long chains need no deep calls."""
    found: dict[T, None] = {}
    pending = [(end, False) for end in reversed(ends)]
    while pending:
        one, ready = pending.pop()
        if one in found:
            continue
        if ready:
            found[one] = None
            continue
        pending.append((one, True))
        pending += [(read, False) for read in reversed(reads(one)) if read not in found]
    return list(found)


def gradients(outputs: Sequence[tuple[Array, Array]], wanted: Sequence[Array]) -> list[Array]:
    """Return the derivatives of a total by some arrays.

    Args:
        outputs: arrays on which the total depends, each with the derivative of the total by that array.
        wanted: arrays that contain all values of their nodes.

    Returns:
        An array for each of `wanted`, in its shape; zeros if the total does not depend on it.
    """
    terms: dict[Node, list[Term]] = {}
    for output, slope in outputs:
        terms.setdefault(output.node, []).append(Term(output.offset, output.steps, (slope.broadcast(output.shape),)))
    targets = {array.node for array in wanted}
    found: dict[Node, Array] = {}
    for node in reversed(order([output for output, _ in outputs])):
        if node not in terms:
            continue
        slope = whole(Sum(node.size, tuple(terms[node])), (node.size,))
        if node in targets:
            found[node] = slope
        for read, factors in _slopes(node, slope):
            terms.setdefault(read.node, []).append(Term(read.offset, read.steps, factors))
    return [
        Array(found[array.node].node, 0, array.steps) if array.node in found else filled(0.0, array.shape)
        for array in wanted
    ]


def _slopes(node: Node, slope: Array) -> Iterable[tuple[Array, tuple[Array, ...]]]:
    """Yield the gradient of each array that a node reads, as factors with the axes of that array."""
    match node:
        case Each():
            by_place = Array(slope.node, 0, even(node.operands[0].shape))
            for place_, operand in enumerate(node.operands):
                inner = derivative(node.formula, f"a{place_}")
                if isinstance(inner, Constant) and inner.value == 0:
                    continue
                if isinstance(inner, Constant) and inner.value == 1:
                    yield operand, (by_place,)
                else:
                    yield operand, (each(inner, *node.operands), by_place)
        case Sum():
            for term in node.terms:
                back = Array(slope.node, term.offset, term.steps)
                for place_, factor in enumerate(term.factors):
                    yield factor, (back, *term.factors[:place_], *term.factors[place_ + 1 :])
