"""The canonical graph: steps of the language with their types and arrays, and where in the module each was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.ir.graph import Edge
from netspec.ir.operation import Op
from netspec.ir.types import Type
from netspec.ops.registry import operation

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Fixed:
    """A tensor that does not depend on the net's inputs.

    Attributes:
        value: its numbers.
        sources: the names of the arrays of the module that it was computed from; none for a constant.
    """

    value: Tensor
    sources: tuple[str, ...] = ()


@dataclass(eq=False)
class Step:
    """One use of an operation.

    Attributes:
        op: the operation with its options.
        inputs: the values that it reads.
        types: the types of its results.
        path: the module that it belongs to, by its name in the whole module.
        arrays: the arrays that it stores, by their names in the operation.
        label: the name of an input of the net.
        facts: what later steps of the import must know of it.
    """

    op: Op
    inputs: tuple[Edge, ...]
    types: tuple[Type, ...]
    path: str
    arrays: dict[str, Fixed] = field(default_factory=dict)
    label: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Graph:
    """The steps in the order of the program."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.steps: list[Step] = []
        self.outputs: list[Edge] = []
        self.path = ""  # the module whose step is being added
        self.known: dict[tuple[Any, ...], int] = {}
        self.absent: dict[int, set[int]] = {}  # for each input, the classes that the spec expects not to come in it

    def type(self, edge: Edge) -> Type:
        return self.steps[edge.node].types[edge.output]

    def add(
        self,
        name: str,
        inputs: Sequence[Edge] = (),
        arrays: Mapping[str, Fixed] | None = None,
        facts: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Edge:
        """Add a step of an operation, unless one that stores nothing is there already; return its first result."""
        op = operation(name)(**options)
        types = op.shape(*(self.type(edge) if op.over_time else self.type(edge).step for edge in inputs))
        found = types if isinstance(types[0], Type) else (types,)
        if not op.over_time and inputs:
            time = self.type(inputs[0]).time
            found = tuple(each.over(time) for each in found)
        key = (op, tuple(inputs), self.path)
        if not arrays and not facts and not op.draws and key in self.known:
            return Edge(self.known[key])
        self.known[key] = len(self.steps)
        self.steps.append(Step(op, tuple(inputs), found, self.path, dict(arrays or {}), facts=dict(facts or {})))
        return Edge(len(self.steps) - 1)

    def holder(self, array: Tensor) -> int | None:
        """Return the step that stores an array already, whole and as it is."""
        for number, step in enumerate(self.steps):
            if any(
                own.value.data_ptr() == array.data_ptr() and own.value.shape == array.shape
                for own in step.arrays.values()
            ):
                return number
        return None

    def live(self) -> list[int]:
        """Return the numbers of the steps that the outputs depend on, in order; inputs always count."""
        needed = {edge.node for edge in self.outputs}
        for number in range(len(self.steps) - 1, -1, -1):
            if number in needed:
                needed.update(edge.node for edge in self.steps[number].inputs)
        return [number for number, step in enumerate(self.steps) if number in needed or step.op.structure]
