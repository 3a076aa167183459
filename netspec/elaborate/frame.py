"""The names that one body's expansion sees: sizes and options on one side, layers on the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic
from netspec.elaborate.program import Definition, Unit
from netspec.ir.graph import Edge
from netspec.ir.sizes import Formula
from netspec.ir.types import Type
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.lost import Lost


class Value(NamedTuple):
    """One value on its way through a chain; None stands for one that is broken (reported already)."""

    edge: Edge
    type: Type


Flow = list[Value | None]


@dataclass(slots=True)
class Closure:
    """A step given as an argument: its syntax, and the frame in which its names are looked up."""

    chain: tree.Chain
    frame: Frame


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word as a value: `kind = sine`; `at` is where it was written, None if outside."""

    text: str
    at: Span | None = field(default=None, compare=False)


@dataclass(slots=True)
class Bound:
    """A layer's name in a frame: what it stands for, and by which names its parts are read."""

    values: Flow
    at: tree.Place
    role: str
    index: int  # the Layer in the graph
    path: str = ""  # that of its main step
    parts: dict[str, Flow] = field(default_factory=dict)
    order: int = 0  # the number of its line


@dataclass(slots=True, eq=False)
class Frame:
    """One expansion of a net's or block's body."""

    unit: Unit
    definition: Definition
    scope: int
    path: str  # what the paths of its layers and weights begin with: "" or "r1.2."
    env: dict[str, Any] = field(default_factory=dict)  # sizes, numbers, flags, words, lists, closures
    layers: dict[str, Bound] = field(default_factory=dict)
    labels: dict[str, tree.Statement] = field(default_factory=dict)  # every label of the body, also below
    starts: dict[str, Value | None] = field(default_factory=dict)
    defaults: list[tree.Default] = field(default_factory=list)  # the body's own, so far
    parent: Frame | None = None  # where it is called
    call: Span | None = None
    last: str = ""  # the nearest layer above
    inputs: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # names of lines that could not be read
    given: dict[str, Flow] = field(default_factory=dict)  # a block's inputs, as it is called
    misnamed: bool = False  # a label is given twice or cannot be one: some layer lacks the name by which it is read
    timed: bool = False  # an input's type names time
    names_at: dict[str, tree.Place] = field(default_factory=dict)
    notes: list[tuple[str, tree.Place, dict[str, str]]] = field(default_factory=list)  # warnings found on the way
    symbols: dict[str, Formula] = field(default_factory=dict)  # the net's open sizes, for examples in messages
    stand_ins: dict[str, Type] = field(default_factory=dict)  # types of the inputs of a block that is checked alone
    faults: list[Diagnostic] = field(default_factory=list)  # of such a block's defaults

    def span(self, at: tree.Place) -> Span:
        return tuple.__new__(Span, (self.unit.source, *at))  # asked for every node: half as fast by Span(…)

    def name_of(self, value: Value | None) -> str:
        """By what name a value is read on its own: `a`, or `p.left` where a line has several; "" where by none."""
        for label, bound in self.layers.items():
            if bound.values == [value]:
                return label
            for part, flow in bound.parts.items():
                if flow == [value]:
                    return f"{label}.{part}"
        return ""

    @property
    def poisoned(self) -> Lost:
        return self.unit.poisoned
