"""What code generation must know of a graph: which nodes are in loops, the classes of blocks, the code of steps."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Protocol

from netspec.codegen.order import called_in_loops, inlined
from netspec.codegen.pynames import class_name
from netspec.ir.graph import Edge, Graph, Node, Scope
from netspec.ir.operation import Lowering, Part
from netspec.ir.structure import COUNTED
from netspec.ir.types import Type


class Callee(Protocol):
    """What code that calls a block must know about the block's class or function."""

    @property
    def name(self) -> str: ...

    @property
    def function(self) -> bool:
        """Whether the block is written as a function, because it stores no weights."""

    @property
    def stateful(self) -> bool: ...

    @property
    def trains(self) -> bool:
        """Whether the block behaves differently in training."""

    @property
    def lengths(self) -> list[str]:
        """The names of the varying lengths that the block takes as arguments."""

    def values(self, site: Site, scope: Scope) -> Iterator[ast.expr]:
        """Yield the values that an instance passes for the arguments of its class."""

    def construct(self, site: Site, scope: Scope) -> ast.expr:
        """Return the constructor call of an instance."""


@dataclass(slots=True)
class Run:
    """A chain of blocks or modules that is written as one `nn.Sequential`: each reads only the result before it."""

    attribute: str
    members: list[Node | Scope]
    source: Edge  # the value that the first member reads
    result: Edge  # the value that the last member gives


@dataclass(slots=True)
class Site:
    """One graph: a net, or a block that is elaborated with open sizes.

    Args:
        definition: returns the class or function of a block.
        taken: the names of helper functions; no variable may have such a name.
        names: the names of helpers that are called otherwise than the operations say; by default those of this graph.
        stepwise: whether the whole graph is inside the loop of a recurrence.
        onward: whether the whole net hands a state to the next batch; by default whether this graph does.
    """

    graph: Graph
    definition: Callable[[Scope], Callee]
    taken: frozenset[str] = frozenset()
    stepwise: bool = False
    names: dict[str, str] | None = None
    onward: bool | None = None
    uses: Counter[Edge] = field(init=False)
    inlined: frozenset[int] = field(init=False)
    looped: frozenset[int] = field(init=False)
    in_loops: frozenset[int] = field(init=False)  # the scopes that a loop calls with one time step at a time
    owned: list[int] = field(init=False)  # for each node: how many nodes before it have a key, thus store something
    shared: frozenset[str] = field(init=False)  # the keys of modules that are used more than once
    lowerings: dict[int, Lowering] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.graph
        self.uses = Counter(edge for node in graph.nodes for edge in node.inputs)
        self.inlined = inlined(graph)
        if self.stepwise:
            self.looped = frozenset(range(len(graph.nodes)))
            self.in_loops = frozenset(range(len(graph.scopes)))
        else:
            self.looped = frozenset(index for cell in graph.cells for index in cell)
            self.in_loops = called_in_loops(graph) - self.inlined
        copied = [scope for scope in graph.scopes if any(one.copies for one in graph.ancestors(scope.index))]
        self.looped |= {index for scope in copied for index in range(scope.first, scope.last)}
        self.in_loops |= {scope.index for scope in copied}
        self.owned = [0]
        for node in graph.nodes:
            self.owned.append(self.owned[-1] + bool(node.key))
        again = [node.key for node in graph.nodes if node.again and node.key]
        self.shared = frozenset([*again, *(scope.key for scope in graph.scopes if scope.again and scope.key)])

    def lowering(self, node: Node) -> Lowering:
        """Return the code of a node: for one time step if the node is in the loop of a recurrence, else for all."""
        found = self.lowerings.get(node.index)
        if found is None:
            found = self._named(node.op.torch(*self.types(node)))
            if node.backward and node.kind != "delay" and "{before}" in found.forward:
                # a layer that runs backwards in time starts at the end, so it neither takes nor gives a state
                found = found._replace(forward=f"{found.forward.replace('{before}', 'None')}[0]")
            if node.op.counts_steps and not node.backward and self.goes_on:
                found = found._replace(forward=found.onward, shared="", parts=(*found.parts, COUNTED))
            self.lowerings[node.index] = found
        return found

    @property
    def goes_on(self) -> bool:
        """Whether a step of the net hands a state to the next batch."""
        if self.onward is None:
            self.onward = any(
                "{before}" in self.lowering(node).forward
                for node in self.graph.nodes
                if not node.backward and not node.op.counts_steps
            )
        return self.onward

    def _named(self, found: Lowering) -> Lowering:
        """Return the code of a node with the names that its helpers have in the source."""
        if all(not part.kind for part in _all(found.parts)):
            return found
        if self.names is None:
            used = (part for node in self.graph.nodes for part in _all(node.op.torch(*self.types(node)).parts))
            blocks = {class_name(scope.name) for scope in self.graph.scopes if scope.kind in ("net", "block")}
            self.names = short_names({part.name: part for part in used if part.kind}, blocks)
        names = self.names

        def called(name: str) -> str:
            return names.get(name, name)

        def again(part: Part) -> Part:
            return (
                part
                if part.again is None
                else part._replace(name=called(part.name), source=part.again(called(part.name)))
            )

        module = found.module and found.module._replace(call=called(found.module.call))
        forward = re.sub(r"(?<![\w{.])\w+(?=\()", lambda match: called(match[0]), found.forward)
        return found._replace(forward=forward, module=module, parts=tuple(map(again, found.parts)))

    def types(self, node: Node) -> list[Type]:
        """Return the input types for the code of a node: those of one time step, unless the operation needs all."""
        types = [self.graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
        inside = node.index in self.looped
        if inside or not node.op.over_time:
            return [value if inside and node.looks_across_time(at) else value.step for at, value in enumerate(types)]
        return types

    def stores(self, scope: Scope) -> bool:
        """Whether some node in a scope has a module or an array of its own."""
        return self.owned[scope.first] < self.owned[scope.last]

    def home(self, index: int) -> Scope:
        """Return the net or block in whose class the code of a scope is written.

        Repeats and inlined blocks have no class of their own, so the search goes on to the scope around them.
        """
        scope = self.graph.scopes[index]
        while scope.kind not in ("net", "block") or scope.index in self.inlined:
            scope = self.graph.scopes[scope.parent]
        return scope

    def part_names(self) -> Iterator[str]:
        """Yield the names of the helper classes and functions that are copied into the source."""
        for node in self.graph.nodes:
            yield from (part.name for part in _all(self.lowering(node).parts))


def _all(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield helpers and the helpers that they need."""
    for part in parts:
        yield part
        yield from _all(part.needs)


def short_names(parts: Mapping[str, Part], taken: Collection[str]) -> dict[str, str]:
    """Return what each helper is called: after the fewest options that tell it from the others of its kind.

    A helper that has all options of another one and more is called after these; the other one need not differ from it.
    """
    found: dict[str, str] = {}
    for name, part in parts.items():
        others = [set(one.words) for one in parts.values() if one.kind == part.kind]
        others = [words for words in others if not words.issuperset(part.words)]
        chosen = (
            words
            for count in range(len(part.words) + 1)
            for words in combinations(part.words, count)
            if not any(other.issuperset(words) for other in others)
        )
        short = (part.kind.format(_joined(part.kind, words)).strip("_") for words in chosen)
        free = (each for each in short if each not in taken and each not in found.values())
        found[name] = next(free, name)
    return found


def _joined(kind: str, words: tuple[str, ...]) -> str:
    return "_".join(map(str.lower, words)) if kind.islower() else "".join(words)


def relative(key: str, scope: Scope) -> list[str]:
    """Return the parts of a module's key, without the key of the scope that holds the module."""
    return key[len(scope.key) + 1 if scope.key else 0 :].split(".")


def runs(site: Site, scope: Scope, holders: list[tuple[Node | Scope, list[str]]]) -> list[Run]:
    """Return the attributes of a class that are written as an `nn.Sequential`."""
    lists: dict[str, list[Node | Scope]] = {}
    deep: set[str] = set()
    for holder, path in holders:
        # modules that do not lie in the order in which they are applied, as of two blocks in turn, are no chain
        if len(path) == 2 and path[1] == str(len(lists.get(path[0], ()))):
            lists.setdefault(path[0], []).append(holder)
        else:
            deep.add(path[0])
    found = [
        _run(site, scope, attribute, members)
        for attribute, members in lists.items()
        if attribute not in deep and len(members) > 1
    ]
    return [run for run in found if run is not None]


def _run(site: Site, scope: Scope, attribute: str, members: list[Node | Scope]) -> Run | None:
    ends = [_ends(site, holder) for holder in members]
    known = [end for end in ends if end is not None]
    if len(known) < len(members):
        return None
    for (_, result), (source, _) in pairwise(known):
        edges = _passed(site, source)
        if edges[-1] != result or any(site.uses[edge] != 1 for edge in edges):
            return None
    if not _fills_repeats(site, scope, members):
        return None
    source = _passed(site, known[0][0])[-1]
    return Run(attribute, members, source, known[-1][1])


def _fills_repeats(site: Site, scope: Scope, members: list[Node | Scope]) -> bool:
    """Whether the repeats around the members contain nothing but these members."""
    inside: set[int] = set()
    repeats: set[int] = set()
    for holder in members:
        inside.update(range(holder.first, holder.last) if isinstance(holder, Scope) else (holder.index,))
        around = holder.parent if isinstance(holder, Scope) else holder.scope
        while around != scope.index:
            repeats.add(around)
            around = site.graph.scopes[around].parent
    return all(
        index in inside or site.graph.nodes[index].kind == "port"
        for number in repeats
        for index in range(site.graph.scopes[number].first, site.graph.scopes[number].last)
    )


def _passed(site: Site, edge: Edge) -> list[Edge]:
    """Return an edge and the edges before it, back through the ports of rounds to the node that makes the value."""
    edges = [edge]
    node = site.graph.nodes[edge.node]
    while node.kind == "port" and site.graph.scopes[node.scope].kind == "round":
        edges.append(node.inputs[0])
        node = site.graph.nodes[node.inputs[0].node]
    return edges


def _ends(site: Site, holder: Node | Scope) -> tuple[Edge, Edge] | None:
    """Return the one value that a module reads and the one it gives.

    Return None if there are several values, or if `forward` must do more than call the module.
    """
    if holder.key in site.shared or holder.backward:
        return None
    if isinstance(holder, Scope):
        if len(holder.ports) != 1 or len(holder.results) != 1 or holder.index in site.in_loops:
            return None
        if site.definition(holder).stateful or site.definition(holder).lengths:
            return None
        return site.graph.nodes[holder.ports[0]].inputs[0], holder.results[0]
    lowering = site.lowering(holder)
    folds = lowering.folds and holder.type.time is not None
    if holder.index in site.looped or folds or lowering.forward not in ("{self}({x})", "{self}({0})"):
        return None
    return holder.inputs[0], Edge(holder.index)
