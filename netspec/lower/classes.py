"""Instances of blocks -> classes: those that are written alike share one, and what differs is a parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from netspec.ir.graph import Edge, Graph, Node, Scope
from netspec.ir.operation import Argument, Lowering
from netspec.lower.body import Draft
from netspec.lower.holes import MARK, literal
from netspec.lower.order import called_in_loops, inlined
from netspec.lower.parameters import Parameters, name_parameters
from netspec.lower.places import collect, lowering_of
from netspec.lower.pynames import Namer, class_name
from netspec.lower.recurrence import Recurrence


@dataclass(slots=True)
class Definition:
    """One class of the emitted source."""

    name: str
    drafts: list[Draft]  # every instance that is written like this
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def draft(self) -> Draft:
        return self.drafts[0]

    @property
    def stateful(self) -> bool:
        return self.draft.stateful

    def values(self, scope: Scope) -> list[Argument]:
        """What an instance passes to the constructor."""
        position = next(number for number, draft in enumerate(self.drafts) if draft.scope.index == scope.index)
        return [vector[position] for vector in self.parameters.vectors.values()]

    def fill(self, code: str, forward: bool) -> str:
        """Code with its marks replaced: by constants, or by the parameters of the class."""

        def put(match: Any) -> str:
            number = int(match[1])
            hole = self.draft.holes.items[number]
            shown = self.parameters.shown.get(number)
            if shown is None:
                if hole.keyword and hole.value == hole.default and type(hole.value) is type(hole.default):
                    return ""
                shown = literal(hole.value)
            elif forward:
                shown = f"self.{shown}"
            return f", {hole.keyword}={shown}" if hole.keyword else shown

        return MARK.sub(put, code)


class Classes:
    """All classes of one net, callees before callers."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.lowerings: dict[int, Lowering] = {}
        self.uses: Counter[Edge] = Counter(edge for node in graph.nodes for edge in node.inputs)
        self.inlined = inlined(graph)
        self.looped = frozenset(index for cell in graph.cells for index in cell)
        self.stepwise = called_in_loops(graph) - self.inlined
        self.reserved = frozenset(self._part_names())
        self.namer = Namer((*self.reserved, "Rounds"))
        self.definitions: list[Definition] = []
        self.by_scope: dict[int, Definition] = {}
        for scopes in self._levels():
            self._group(scopes)
        self.net = self._define(graph.scopes[0])

    def of(self, scope: Scope) -> Definition:
        return self.by_scope[scope.index]

    def lowering(self, node: Node) -> Lowering:
        """How a node is written: for one time step inside the loop of a recurrence, else for all."""
        found = self.lowerings.get(node.index)
        if found is None:
            found = self.lowerings[node.index] = lowering_of(self.graph, node, node.index in self.looped)
        return found

    def _part_names(self) -> Iterator[str]:
        """What the classes and functions are called that the source carries along."""
        pending = [part for node in self.graph.nodes for part in self.lowering(node).parts]
        while pending:
            part = pending.pop()
            yield part.name
            pending += part.needs

    def _levels(self) -> list[list[Scope]]:
        """Blocks by the height of what they call: a class is there before it is called."""
        heights: dict[int, int] = {}
        for scope in reversed(self.graph.scopes):
            inner = [heights[child] for child in scope.children]
            own = scope.kind == "block" and scope.index not in self.inlined
            heights[scope.index] = max(inner, default=0) + (1 if own else 0)
        levels: dict[int, list[Scope]] = {}
        for scope in self.graph.scopes:
            if scope.kind == "block" and scope.index not in self.inlined:
                levels.setdefault(heights[scope.index], []).append(scope)
        return [levels[height] for height in sorted(levels)]

    def _group(self, scopes: list[Scope]) -> None:
        groups: dict[tuple[object, ...], list[Draft]] = {}
        for scope in scopes:
            draft = self._draft(scope)
            groups.setdefault((scope.name, draft.signature()), []).append(draft)
        for (name, _), drafts in groups.items():
            definition = Definition(self.namer.fresh(class_name(str(name))), drafts)
            definition.parameters = name_parameters(drafts)
            self.definitions.append(definition)
            for draft in drafts:
                self.by_scope[draft.scope.index] = definition

    def _draft(self, scope: Scope) -> Draft:
        draft = Draft(scope)
        draft.places = collect(self.graph, scope, self, draft.holes)
        Recurrence(self.graph, scope, self, draft).write()
        return draft

    def _define(self, scope: Scope) -> Definition:
        definition = Definition(self.namer.fresh(class_name(scope.name)), [self._draft(scope)])
        self.definitions.append(definition)
        self.by_scope[scope.index] = definition
        return definition
