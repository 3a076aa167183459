"""The values in which instances of a class differ -> its constructor's parameters, with telling names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netspec.elaborate.keys import MODULE_ATTRIBUTES
from netspec.ir.operation import Argument
from netspec.lower.pynames import Namer

if TYPE_CHECKING:
    from netspec.lower.body import Draft

Vector = tuple[Argument, ...]  # one value for each instance


@dataclass(slots=True)
class Parameters:
    """What a constructor takes."""

    vectors: dict[str, Vector] = field(default_factory=dict)  # by name, in order
    shown: dict[int, str] = field(default_factory=dict)  # how the n-th value of the class is written
    stored: list[str] = field(default_factory=list)  # parameters that forward uses: kept as attributes

    def annotation(self, name: str) -> str:
        kinds = {type(value) for value in self.vectors[name]}
        if kinds <= {int}:
            return "int"
        if kinds <= {int, float}:
            return "float"
        if kinds == {bool}:
            return "bool"
        if kinds == {str}:
            return "str"
        if kinds == {tuple}:
            return "tuple[int, ...]"
        return "Any"


def name_parameters(drafts: list[Draft]) -> Parameters:
    """Names the differing values: by the block's own sizes where they agree, by formulas of these, else anew."""
    found = Parameters()
    vectors = [
        tuple(draft.holes.items[number].value for draft in drafts) for number in range(len(drafts[0].holes.items))
    ]
    differing = [number for number, vector in enumerate(vectors) if len(set(map(repr, vector))) > 1]
    if not differing:
        return found
    sizes = _sizes(drafts)
    # a parameter that forward uses becomes an attribute: beside those of nn.Module and the modules of the class
    namer = Namer((*MODULE_ATTRIBUTES, *drafts[0].places.below))
    taken: dict[Vector, str] = {}
    for number in differing:  # first what a size of the block says outright
        name = next((key for key, vector in sizes.items() if vector == vectors[number]), None)
        if name is not None and vectors[number] not in taken:
            taken[vectors[number]] = namer.fresh(name)
    for number in differing:
        vector = vectors[number]
        shown = taken.get(vector) or _formula(vector, taken)
        hole = drafts[0].holes.items[number]
        if shown is None or (hole.stored and vector not in taken):
            shown = taken[vector] = namer.fresh(_invented(hole.keyword))
        found.shown[number] = shown
        if hole.stored and shown not in found.stored:
            found.stored.append(shown)
    order = [name for key in sizes for vector, name in taken.items() if sizes[key] == vector]
    for name in [*dict.fromkeys(order), *taken.values()]:
        found.vectors.setdefault(name, next(vector for vector, other in taken.items() if other == name))
    return found


def _sizes(drafts: list[Draft]) -> dict[str, Vector]:
    """The numbers that every instance has under the same name: parameters first, then sizes of its types."""
    names = [name for name in drafts[0].scope.params if all(name in draft.scope.params for draft in drafts)]
    vectors = {name: tuple(draft.scope.params[name] for draft in drafts) for name in names}
    return {
        name: vector
        for name, vector in vectors.items()
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in vector)
    }


def _invented(keyword: str) -> str:
    return keyword or "size"


def _formula(vector: Vector, taken: dict[Vector, str]) -> str | None:
    """`4*c`, `c // 2`, `k + g`: a small formula of the parameters that is right for every instance."""
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in vector):
        return None
    for other, name in taken.items():
        if not all(isinstance(value, int) and not isinstance(value, bool) and value for value in other):
            continue
        for text, values in _of_one(other, name):
            if values == vector:
                return text
    names = list(taken.items())
    for position, (left, a) in enumerate(names):
        for right, b in names[position + 1 :]:
            for text, values in _of_two(left, a, right, b):
                if values == vector:
                    return text
    return None


def _of_one(vector: Vector, name: str) -> Iterator[tuple[str, Vector]]:
    numbers = [int(value) for value in vector]  # type: ignore[arg-type]
    for factor in (2, 3, 4, 6, 8, 16):
        yield f"{factor} * {name}", tuple(factor * value for value in numbers)
    for divisor in (2, 3, 4, 8, 16):
        if all(value % divisor == 0 for value in numbers):
            yield f"{name} // {divisor}", tuple(value // divisor for value in numbers)


def _of_two(left: Vector, a: str, right: Vector, b: str) -> Iterator[tuple[str, Vector]]:
    if not all(isinstance(value, int) for value in (*left, *right)):
        return
    pairs = [(int(x), int(y)) for x, y in zip(left, right, strict=True)]  # type: ignore[arg-type]
    yield f"{a} + {b}", tuple(x + y for x, y in pairs)
    yield f"{a} * {b}", tuple(x * y for x, y in pairs)
