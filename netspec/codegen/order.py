"""The order in which the nodes, inner scopes and recurrences of a scope are emitted."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from netspec.ir.graph import Graph, Node, Scope


@dataclass(slots=True)
class Cell:
    """A recurrence: items that are computed in this order at every time step."""

    members: frozenset[int]  # the nodes of the loop, those in inner scopes included
    items: list[Item] = field(default_factory=list)
    layer: int = -1


Item = Node | Scope | Cell


def items(graph: Graph, scope: Scope) -> list[Item]:
    """Return the direct contents of a scope, each after what it reads; a recurrence is one item."""
    elements: list[Item] = [*elements_of(graph, scope)]
    if not any(node.kind == "delay" for node in graph.nodes[scope.first : scope.last]):
        return elements
    cells = [cell for cell in graph.cells if _home(graph, cell) == scope.index]
    grouped: list[Item] = []
    taken: set[int] = set()
    for cell in cells:
        members = frozenset(cell)
        inside = [item for item in elements if _overlaps(item, members)]
        taken.update(id(item) for item in inside)
        parts = [part for item in inside for part in _opened(graph, item, members)]
        looped = [part for part in parts if _overlaps(part, members)]
        grouped.append(Cell(members, sort(graph, looped, members), graph.nodes[cell[0]].layer))
        grouped += [part for part in parts if not _overlaps(part, members)]
    return sort(graph, [*grouped, *(item for item in elements if id(item) not in taken)], frozenset())


def elements_of(graph: Graph, scope: Scope) -> list[Node | Scope]:
    """Return the nodes and inner scopes that are directly in a scope, in the order of their nodes."""
    out: list[Node | Scope] = []
    index = scope.first
    inner = {graph.scopes[child].first: graph.scopes[child] for child in scope.children if _filled(graph, child)}
    while index < scope.last:
        if index in inner:
            out.append(inner[index])
            index = inner[index].last
        else:
            out.append(graph.nodes[index])
            index += 1
    return out


def _filled(graph: Graph, child: int) -> bool:
    return graph.scopes[child].last > graph.scopes[child].first


def _home(graph: Graph, cell: tuple[int, ...]) -> int:
    """Return the innermost scope that contains all nodes of a recurrence."""
    chains = [[scope.index for scope in graph.ancestors(graph.nodes[index].scope)] for index in cell]
    common = set(chains[0]).intersection(*chains[1:])
    return next(index for index in chains[0] if index in common)


def _overlaps(item: Item, members: frozenset[int]) -> bool:
    return any(index in members for index in indices(item))


def indices(item: Item) -> range | frozenset[int]:
    """Return the nodes of an item."""
    if isinstance(item, Scope):
        return range(item.first, item.last)
    return item.members if isinstance(item, Cell) else range(item.index, item.index + 1)


def inlined(graph: Graph) -> frozenset[int]:
    """Return the scopes that a recurrence enters only partly. Their nodes are emitted in the enclosing class."""
    found: set[int] = set()
    for cell in graph.cells:
        members = frozenset(cell)
        home = graph.scopes[_home(graph, cell)]
        pending = [graph.scopes[child] for child in home.children]
        while pending:
            scope = pending.pop()
            if _overlaps(scope, members) and _opened(graph, scope, members) != [scope]:
                found.add(scope.index)
                pending += [graph.scopes[child] for child in scope.children]
    return frozenset(found)


def called_in_loops(graph: Graph) -> frozenset[int]:
    """Return the scopes inside a recurrence, which are called with one time step at a time."""
    found: set[int] = set()
    for cell in graph.cells:
        home = _home(graph, cell)
        for index in cell:
            for scope in graph.ancestors(graph.nodes[index].scope):
                if scope.index == home:
                    break
                found.add(scope.index)
    return frozenset(found)


def _opened(graph: Graph, item: Item, members: frozenset[int]) -> list[Item]:
    """Return a scope as one item if the loop contains all of it, and if it has no state and reads only one time step.

    Otherwise return its items.
    """
    if not isinstance(item, Scope):
        return [item]
    nodes = graph.nodes[item.first : item.last]
    whole = all(node.index in members or node.kind == "port" for node in nodes)
    around = any(node.delay or any(map(node.looks_across_time, range(len(node.inputs)))) for node in nodes)
    if whole and not around:
        return [item]
    return [part for inner in elements_of(graph, item) for part in _opened(graph, inner, members)]


def sort(graph: Graph, parts: list[Item], loop: frozenset[int]) -> list[Item]:
    """Sort topologically, as close to the order of the spec as possible; delayed reads inside `loop` do not count."""
    owner: dict[int, int] = {}
    for position, part in enumerate(parts):
        for index in indices(part):
            owner[index] = position
    needs: list[set[int]] = [set() for _ in parts]
    for position, part in enumerate(parts):
        for index in indices(part):
            node = graph.nodes[index]
            edges = node.inputs[1:] if node.kind == "delay" and index in loop else node.inputs
            needs[position].update(owner[edge.node] for edge in edges if owner.get(edge.node, position) != position)
    firsts = [min(indices(part)) for part in parts]
    ready = [(firsts[position], position) for position, need in enumerate(needs) if not need]
    heapq.heapify(ready)
    readers: list[list[int]] = [[] for _ in parts]
    for position, need in enumerate(needs):
        for other in need:
            readers[other].append(position)
    out: list[Item] = []
    while ready:
        _, position = heapq.heappop(ready)
        out.append(parts[position])
        for reader in readers[position]:
            needs[reader].discard(position)
            if not needs[reader]:
                heapq.heappush(ready, (firsts[reader], reader))
    if len(out) != len(parts):
        raise AssertionError("a loop without a delayed read")
    return out
