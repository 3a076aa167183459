"""Decides for the blocks view which nodes of a graph each box stands for.

A block that lies deeper than a given depth is one closed box. If all rounds of a repeat are equal, only the first
round is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from netspec.figure.blocks.plan import LIGHT
from netspec.figure.notes import marks_of
from netspec.figure.settings import FigureSettings, Fit
from netspec.ir.graph import Edge, Graph, Layer, Node, Scope
from netspec.ir.types import Type


def line_name(layer: Layer) -> str:
    """Return the name of a line in a drawing: its path, or `start s` for the first value of a loop `s`."""
    return f"start {layer.path}" if layer.role == "start" else layer.path


WIDEST, NARROW = 52.0, 25.0  # mm: the width of the lines of text in a box, and what remains of it on a page
STEP = 3.9  # mm: the size of the text of a step
NEVER = 1 << 30  # a depth at which nothing is open
START = -1  # stands in place of a delay (a number of time steps) for the value before the first step


@dataclass(slots=True, eq=False)
class NodeGroup:
    """The nodes that one box stands for.

    These are all nodes of a closed line, all nodes of a closed scope (a block or a repeat), or a few steps in a row.
    """

    id: str
    layer: Layer
    nodes: list[Node] = field(default_factory=list)
    scope: Scope | None = None  # the closed block or repeat that the box stands for
    line: bool = False  # whether the box stands for a closed line, or for a call among boxes for lines
    times: int = 1  # how many rounds the box stands for
    sign: str = ""  # the operator sign that the box shows, such as +
    fork: bool = False  # whether the box is the dot where a value enters an open block and goes to several readers
    outside: bool = False  # whether the box stands for a value from outside the drawn part of the net
    port: str = ""  # the name of the drawn block's input that the box stands for
    cluster: int = -1  # the innermost open scope that is drawn as a cluster


@lru_cache(maxsize=4096)  # a page is laid out many times
def _look(graph: Graph, scope: Scope) -> tuple[tuple[str, ...], ...]:
    """Return what the boxes of all nodes of a scope say."""
    nodes = graph.nodes[scope.first : scope.last]
    return tuple(tuple(mark.text for mark in marks_of(graph, node, "en")) for node in nodes)


@lru_cache(maxsize=4096)
def _alone(graph: Graph, scope: Scope) -> bool:
    """Whether a block lies in a round of a repeat and that round has no other steps."""
    parent = graph.scopes[scope.parent] if scope.parent >= 0 else None
    if parent is None or parent.kind != "round":
        return False
    inside = range(parent.first, parent.last)
    return all(graph.nodes[index].kind == "port" or scope.first <= index < scope.last for index in inside)


def brief(graph: Graph, scope: Scope) -> list[Node]:
    """Return the steps of a copy without a name that are one chain, so that a line of text says all of them."""
    if scope.copies is None or scope.source is not None or scope.children:
        return []
    nodes = graph.nodes[scope.first : scope.last]
    chain = all([edge.node for edge in node.inputs] == [before.index] for before, node in pairwise(nodes))
    return nodes[1:] if chain else []


class CollapsedGraph:
    """The groups of nodes, the group of each node, and the open scopes that are drawn with a frame.

    `part`: the nodes that are drawn, with the scope in which they lie; None for the whole net. `joined`: whether lines
    that join values are open at depth 0, too, except those of the paths `closed`. `copies`: whether copies among which
    an operation chooses are opened as blocks are; else they stand side by side, with numbers.
    """

    def __init__(
        self,
        graph: Graph,
        depth: int,
        unfold: bool = False,
        part: Part | None = None,
        joined: bool = False,
        closed: frozenset[str] = frozenset(),
        copies: bool = False,
    ) -> None:
        self.graph = graph
        self.depth = depth
        self.unfold = unfold
        self.copies = copies
        self.settings = FigureSettings()
        self.steps: dict[int, Node] = {}  # the nodes that boxes name one by one, as the boxes name them
        self.left_out: list[str] = []  # closed blocks that the figure does not open
        self.unheard: list[str] = []  # settings that change nothing in this net
        self.part = part or whole(graph)
        self.around = {scope.index for scope in graph.ancestors(self.part.scope)}
        self.joining = self._joining(closed) if joined else frozenset()
        self.groups: list[NodeGroup] = []
        self.of: dict[int, NodeGroup] = {}
        self._by_key: dict[tuple[str, int], NodeGroup] = {}
        self._images: dict[int, int] = {}
        self.rounds: dict[int, list[int]] = {}  # for a node that is drawn: this node of all rounds that it stands for
        self._counts: dict[str, int] = {}
        self._steps: dict[int, list[str]] = {}
        self.levels = [self._level(scope) for scope in graph.scopes]
        self.readers: dict[int, set[int]] = {}
        for node in graph.nodes:
            for edge in node.inputs:
                self.readers.setdefault(edge.node, set()).add(node.index)
        self.named = {edge.node for layer in graph.layers for edge in layer.values}
        self.equal = {scope.index: self._equal_rounds(scope) for scope in graph.scopes if scope.kind == "repeat"}
        for index in sorted(self.part.nodes):
            self.rounds.setdefault(self.image(index), []).append(index)
        for index in sorted(self.rounds):
            self._hold(graph.nodes[index])
        used = {one.index for h in self.groups if h.cluster >= 0 for one in graph.ancestors(h.cluster)}
        self.clusters = [scope for scope in graph.scopes if scope.index in used and self.drawn(scope)]

    # ---- scopes

    @property
    def lang(self) -> str:
        return self.settings.lang

    @property
    def fit(self) -> Fit:
        return self.settings.fit

    def _level(self, scope: Scope) -> int:
        """Return how many scopes, this one included, must be open before a reader sees inside this one.

        A repeat and the one block that its rounds consist of count as one scope together. If each round is to be
        drawn, all repeats are open.
        """
        level = 0
        for one in self.graph.ancestors(scope.index):
            if one.index in self.around:
                break
            if one.kind == "round" or (one.kind == "block" and _alone(self.graph, one) and not self.unfold):
                continue
            if one.kind == "repeat" and (self.unfold or self.block_of(one) is None):
                continue  # this repeat is always open, because its closed box would show nothing
            if self.choice(one) is not None:
                continue  # so is a choice among copies
            if one.copies is not None and not self.copies and self.choice(self.graph.scopes[one.parent]) is not None:
                return NEVER
            level += 1
        return level

    def choice(self, scope: Scope) -> Node | None:
        """Return the node of an operation that chooses among the copies in its scope; None for other scopes."""
        node = self.graph.nodes[scope.last - 1] if scope.kind == "call" else None
        return node if node is not None and node.copies and node.op.chooser() is not None else None

    def block_of(self, repeat: Scope) -> Scope | None:
        """Return the block that a round of a repeat consists of; None if a round is more than one block."""
        first = self.graph.scopes[repeat.children[0]]
        blocks = [self.graph.scopes[child] for child in first.children]
        return blocks[0] if len(blocks) == 1 and _alone(self.graph, blocks[0]) else None

    def _equal_rounds(self, scope: Scope) -> bool:
        """Whether all rounds of a repeat do the same steps, so that the first round can stand for all of them."""
        rounds = [self.graph.scopes[index] for index in scope.children if self.graph.scopes[index].kind == "round"]
        if self.unfold or len(rounds) < 2 or any(one.index in self.around for one in rounds):
            return False
        return len({_look(self.graph, one) for one in rounds}) == 1

    def alike(self, scope: Scope) -> list[Scope]:
        """Return all calls of the block of a scope that have the same steps, the scope itself first."""
        names = self.steps_of(scope)
        calls = [one for one in self.graph.scopes if one.kind == "block" and one.name == scope.name]
        return [scope, *(one for one in calls if one is not scope and self.steps_of(one) == names)]

    def kind(self, scope: Scope) -> int:
        """Return the number of a call's kind among the calls of the same block: those with the same steps are one."""
        calls = [one for one in self.graph.scopes if one.kind == "block" and one.name == scope.name]
        return list(dict.fromkeys(tuple(self.steps_of(one)) for one in calls)).index(tuple(self.steps_of(scope)))

    def steps_of(self, scope: Scope) -> list[str]:
        """Return the names of the operations in a scope."""
        if scope.index not in self._steps:
            self._steps[scope.index] = [node.op.name for node in self.graph.nodes[scope.first : scope.last]]
        return self._steps[scope.index]

    @property
    def widest(self) -> float:
        """The width of the lines into which a text in a box is broken."""
        return self.fit.space(WIDEST, NARROW) * self.step / STEP

    @property
    def step(self) -> float:
        """The size of the text of a step: on a page with little room smaller in a block that stands beside the net."""
        return self.fit.space(STEP, LIGHT) if self.part.name else STEP

    def is_open(self, scope: Scope) -> bool:
        return scope.index in self.around or self.levels[scope.index] < self.depth

    def drawn(self, scope: Scope) -> bool:
        """Whether a scope is open and has a frame of its own.

        A repeat has a frame if its rounds are equal, else each round has one. A block has one unless its round has no
        other steps.
        """
        if scope.index in self.around or not self.is_open(scope):
            return False
        if scope.kind == "repeat":
            return self.equal[scope.index]
        if scope.kind == "round":
            inner = self.graph.scopes[scope.children[0]] if len(scope.children) == 1 else None
            closed = inner is not None and _alone(self.graph, inner) and not self.is_open(inner)
            return not self.equal[scope.parent] and not closed
        return not _alone(self.graph, scope)

    def cluster_of(self, scope: int) -> int:
        """Return the innermost scope with a frame that is or contains the given scope; -1 if there is none."""
        return next((one.index for one in self.graph.ancestors(scope) if self.drawn(one)), -1)

    def image(self, index: int) -> int:
        """Return the node that is drawn for a node: in a repeat of equal rounds, the same node of the first round."""
        asked = index
        if asked in self._images:
            return self._images[asked]
        changed = True
        while changed:
            changed = False
            for scope in reversed(list(self.graph.ancestors(self.graph.nodes[index].scope))):
                if scope.kind != "round" or not self.equal[scope.parent]:
                    continue
                first = self.graph.scopes[self.graph.scopes[scope.parent].children[0]]
                if scope is not first:
                    index += first.first - scope.first
                    changed = True
                    break
        self._images[asked] = index
        return index

    # ---- groups

    def _hold(self, node: Node) -> None:
        if node.index in self.part.ports:
            name = self.part.ports[node.index]
            port = NodeGroup(self._id(name), self.graph.layers[node.layer], port=name)
            self._join(self._new(port, node), node)
            return
        if node.kind == "delay" or (node.kind == "port" and not self._forks(node)):
            return
        if self.depth == 0 and self.line_of(node).index not in self.joining:
            if node.kind != "port":
                self._line(node)
            return
        for scope in reversed(list(self.graph.ancestors(node.scope))):
            if scope.kind != "round" and not self.is_open(scope):
                if node.kind != "port":
                    self._closed(node, scope)
                return
        if not self.folds(node):
            self._step(node)

    def folds(self, node: Node) -> bool:
        """Whether a step only repeats a value for the sign that reads it, so that a word on its arrow says it."""
        readers = self.readers.get(node.index, set())
        if not node.op.repeats or len(readers) != 1 or node.index in self.named:
            return False
        reader = self.graph.nodes[next(iter(readers))]
        others = [self.graph.nodes[edge.node] for edge in reader.inputs if edge.node != node.index]
        # it combines them value by value, and the other is as large as the result
        whole = [one for one in others if one.type._replace(time=None) == reader.type._replace(time=None)]
        return bool(reader.op.circle) and not all(one.op.repeats for one in whole)

    def folded(self, edge: Edge) -> list[str]:
        """Return the titles of the steps without a box through which a drawn value comes on an edge."""
        found, node = list[str](), self.graph.nodes[self.image(edge.node)]
        while node.index not in self.of and node.index in self.part.nodes and node.kind in ("", "port"):
            found += [node.op.title(self.lang)] if self.folds(node) else []
            node = self.graph.nodes[self.image(node.inputs[0].node)]
        return found[::-1]

    def _forks(self, node: Node) -> bool:
        """Whether a port brings a value into a frame from outside, and several steps in the frame read that value."""
        cluster = self.cluster_of(node.scope)
        if cluster < 0 or len(self.readers.get(node.index, ())) < 2:
            return False
        inside = self.graph.scopes[cluster]
        source = node.inputs[0].node
        while self.graph.nodes[source].kind == "port" and inside.first <= source < inside.last:
            source = self.graph.nodes[source].inputs[0].node
        return not inside.first <= source < inside.last

    def _line(self, node: Node) -> None:
        """Put a node into the one box of its line, the line of the net or of the part that is drawn."""
        line = self.line_of(node)
        group = self._by_key.get(("line", line.index))
        if group is None:
            group = self._by_key["line", line.index] = self._new(
                NodeGroup(self._id(line_name(line)), line, line=True), node
            )
        self._join(group, node)

    def _joining(self, closed: frozenset[str]) -> frozenset[int]:
        """Return the lines of the drawn part that join values on their way: `x + (x -> relu)`, `a & b -> relu`."""
        found = set()
        for index in self.part.nodes:
            node = self.graph.nodes[index]
            line = self.line_of(node)
            if node.kind or line.path in closed or node.scope != line.scope:
                continue
            inner = any(self.line_of(self.graph.nodes[edge.node]) is line for edge in node.inputs)
            if node.op.circle or (inner and len(set(node.inputs)) > 1):
                found.add(line.index)
        return frozenset(found)

    def line_of(self, node: Node) -> Layer:
        """Return the line to which a node belongs, among the lines of the net or of the part that is drawn."""
        outer = [scope for scope in self.graph.ancestors(node.scope) if scope.index not in self.around]
        return self.graph.layers[outer[-1].layer if outer else node.layer]

    def _closed(self, node: Node, scope: Scope) -> None:
        group = self._by_key.get(("scope", scope.index))
        if group is None:
            layer = self.graph.layers[scope.layer]
            times = len(scope.children) if scope.kind == "repeat" else 1
            new = NodeGroup(self._id(scope.path or f"{layer.path}.{scope.name}"), layer, scope=scope, times=times)
            new.line = self.depth == 0
            group = self._by_key["scope", scope.index] = self._new(new, node)
        self._join(group, node)

    def _step(self, node: Node) -> None:
        layer = self.graph.layers[node.layer]
        group = self._carrier(node)
        if node.kind == "port":
            group = self._new(NodeGroup(self._id(f"{layer.path}.in"), layer, fork=True), node)
        elif node.op.circle:
            group = self._sum(node) or self._new(
                NodeGroup(self._id(f"{layer.path}.{node.op.name}"), layer, sign=node.op.circle), node
            )
        elif group is None:
            group = self._new(NodeGroup(self._id(f"{layer.path}.{node.op.name}"), layer), node)
        self._join(group, node)

    def _carrier(self, node: Node) -> NodeGroup | None:
        """Return the group of the step before, if the node shares that step's box; None if the node gets a new box."""
        if len(node.inputs) != 1 or node.op.effect in ("new", "select"):
            return None
        read = node.inputs[0].node
        before = self.of.get(self.image(read))
        if before is None or before.scope is not None or before.sign or before.fork or before.port:
            return None
        if before.nodes[0].kind == "input" or before.outside:
            return None
        last = before.nodes[-1]
        same = (last.index, last.layer, last.scope) == (read, node.layer, node.scope)
        return before if same and len(self.readers[read]) == 1 else None

    def _sum(self, node: Node) -> NodeGroup | None:
        """Return the sign of a sum or product that a node goes on with: `a + b + c` is one sign with three inputs.

        A box whose value is read twice would have one arrow to the sign, so the sum stays in two parts.
        """
        found = None
        for read in (self.image(edge.node) for edge in node.inputs):
            before = self.of.get(read)
            if before is None or not before.sign or len(self.readers[read]) > 1 or node.op.roles(2):
                continue
            last = before.nodes[-1]
            if (type(last.op), last.layer, last.scope) != (type(node.op), node.layer, node.scope) or last.index != read:
                continue
            inner = {one.index for one in (*before.nodes, *(found.nodes if found else ()), node)}
            read_by = [edge for index in inner for edge in self.graph.nodes[index].inputs]
            reads = [
                self.of.get(one.node) for edge in read_by for one, _ in self.sources(edge) if one.node not in inner
            ]
            if len(set(map(id, reads))) < len(reads):
                continue
            if found is not None:
                found.nodes[:0] = before.nodes
                self.of |= dict.fromkeys((one.index for one in before.nodes), found)
                self.groups.remove(before)
            else:
                found = before
        if found is not None:  # it stands where its last input is known
            self.groups.remove(found)
            self.groups.append(found)
        return found

    def _id(self, base: str) -> str:
        """Return an id that no box has yet: `base`, and from the second box with that base on `base.2`, `base.3`, …"""
        count = self._counts[base] = self._counts.get(base, 0) + 1
        return base if count == 1 else f"{base}.{count}"

    def _new(self, group: NodeGroup, node: Node) -> NodeGroup:
        scope = node.scope if group.scope is None else group.scope.parent
        group.cluster = -1 if group.line else self.cluster_of(scope)
        self.groups.append(group)
        return group

    def _join(self, group: NodeGroup, node: Node) -> None:
        group.nodes.append(node)
        self.of[node.index] = group

    def named_in_boxes(self) -> set[int]:
        """Return the nodes that boxes name, with those of all rounds and calls that they stand for."""
        rounds = [other for index in self.steps for other in self.rounds.get(index, (index,))]
        return {index + shift for index in rounds for shift in self._shifts()}

    # ---- values

    def sources(self, edge: Edge, seen: frozenset[int] = frozenset(), shift: int = 0) -> list[tuple[Edge, int]]:
        """Return the drawn values that an edge reads, each with its delay in time steps.

        Ports and delays have no box, so the edge is followed through them to the nodes that have one. The delays are
        those of the nodes `shift` places later: of another call of the block that is drawn.
        """
        node = self.graph.nodes[self.image(edge.node)]
        if node.index in seen:
            return []
        if node.index in self.of:
            return [(Edge(node.index, edge.output), 0)]
        if node.index in self.part.nodes and (node.kind == "port" or self.folds(node)):
            return self.sources(node.inputs[0], seen | {node.index}, shift)
        if node.kind == "delay":
            found = self.sources(node.inputs[0], seen | {node.index}, shift)
            steps = self.graph.nodes[node.index + shift].delay if node.index in self.part.nodes else node.delay
            found = [(source, delay + steps) for source, delay in found]
            for start in node.inputs[1:]:
                found += [(source, START) for source, _ in self.sources(start, seen | {node.index})]
            return found
        if node.index not in self.part.nodes:
            self._outside(node)
        return [(Edge(node.index, edge.output), 0)]

    def in_calls(self, edge: Edge) -> list[tuple[Edge, tuple[int, ...]]]:
        """Return the drawn values that an edge reads, each with its delays in all calls that the drawing stands for."""
        every = [self.sources(edge, shift=shift) for shift in self._shifts()]
        return [(found[0][0], tuple(delay for _, delay in found)) for found in zip(*every, strict=True)]

    def round_read(self, edge: Edge, reader: int = -1, start: bool = False) -> int:
        """Return after which round of a repeat a value leaves it to a reader outside; 0 if after the last.

        That is so only where one box stands for all rounds: else the arrow comes from the box of its own round.

        Parameters:
            edge: the value, as the reader reads it.
            reader: the node that reads it; -1 if it leaves the drawing or the reader is known to be outside.
            start: whether the value is the one before the first time step.
        """
        node = self.graph.nodes[edge.node]
        while (group := self.of.get(self.image(node.index))) is None and node.inputs:
            node = self.graph.nodes[node.inputs[-1 if start and node.kind == "delay" else 0].node]
        for scope in self.graph.ancestors(node.scope):
            repeat = self.graph.scopes[scope.parent]
            if group is None or scope.kind != "round" or repeat.index in self.around:
                continue
            if repeat.first <= reader < repeat.last:
                continue
            whole = group.line or (group.scope is not None and group.scope.first <= repeat.first < group.scope.last)
            number = repeat.children.index(scope.index) + 1
            if (whole or self.equal[repeat.index]) and number < len(repeat.children):
                return number
        return 0

    def _shifts(self) -> list[int]:
        """Return for all calls that the drawing stands for how many places later their nodes are; 0 is the first."""
        scope = self.graph.scopes[self.part.scope]
        return [call.first - scope.first for call in self.alike(scope)] if self.part.name else [0]

    def type_read(self, node: Node, position: int, source: Edge) -> Type | None:
        """Return the type of a drawn value that a drawn node reads; None if it has others in other rounds or calls.

        Behind a repeat that is the type of its last round, before a repeat that of the value that the first one reads.
        """
        nodes, found = self.graph.nodes, set()
        for index in self.rounds[node.index]:
            edge = nodes[index].inputs[position]
            while self.image(edge.node) != source.node and len(nodes[edge.node].inputs) == 1:
                edge = nodes[edge.node].inputs[0]
            if self.image(edge.node) == source.node:  # else this round reads what the one before leaves
                found |= {nodes[edge.node + shift].types[edge.output] for shift in self._shifts()}
        return found.pop() if len(found) == 1 else None

    def type_left(self, edge: Edge) -> Type | None:
        """Return the type of a result of the drawn part; None if it has others in other calls."""
        found = {self.graph.nodes[edge.node + shift].types[edge.output] for shift in self._shifts()}
        return found.pop() if len(found) == 1 else None

    def recurs(self, node: int, source: int) -> bool:
        """Whether a value depends on the node that reads it, so that the read is a true loop."""
        seen, waiting = {source}, [source]
        while waiting and node not in seen:
            reads = {edge.node for edge in self.graph.nodes[waiting.pop()].inputs} - seen
            seen |= reads
            waiting += reads
        return node in seen

    def has_twin(self, group: NodeGroup) -> bool:
        """Whether an earlier box stands for the same calls of blocks, but neither box reads what the other computes."""
        calls = self._calls(group)
        for other in reversed(self.groups[: self.groups.index(group)] if calls else []):
            if self._calls(other) == calls:
                first, last = group.nodes[0].index, other.nodes[-1].index
                return not (self.recurs(other.nodes[0].index, group.nodes[-1].index) or self.recurs(first, last))
        return False

    def _calls(self, group: NodeGroup) -> list[tuple[str, str]]:
        """Return the blocks, with their arguments, of which a closed box consists."""
        inside = {node.scope for node in group.nodes if group.line or group.scope is not None}
        blocks = [one for one in self.graph.scopes if one.kind == "block" and one.index in inside]
        return [(one.name, str(one.arguments)) for one in blocks]

    def _outside(self, node: Node) -> None:
        """Make a box for a node outside the drawn part whose value the drawn part reads."""
        layer = self.graph.layers[node.layer]
        group = NodeGroup(self._id(f"{layer.path}.outside"), layer, nodes=[node], outside=True)
        self.groups.insert(0, group)
        self.of[node.index] = group


@dataclass(frozen=True, slots=True)
class Part:
    """The nodes that are drawn, and the scope that contains them."""

    nodes: frozenset[int]
    scope: int
    results: tuple[tuple[str, Edge], ...]  # the values that leave the part, each with a name
    # a node that stands for an input of the block -> the name of this input
    ports: Mapping[int, str] = field(default_factory=dict)
    name: str = ""  # the name of the block, if the part is a block that is drawn beside the net


def part_of(graph: Graph, path: str) -> Part | None:
    """Return the part of a net that a path names; None if the net has nothing of that name.

    The path names a layer (`r1`, `h.3.a`), a block or round (`h.3`), or the first block of a definition (`Basic`).
    """
    for layer in graph.layers:
        if layer.path == path:
            results = tuple((layer.path, edge) for edge in layer.values)
            return Part(frozenset(node.index for node in graph.nodes_of(layer)), layer.scope, results)
    for scope in graph.scopes:
        if scope.index and path == scope.path:
            return inside(scope)
    return next((inside(scope) for scope in graph.scopes if scope.kind == "block" and scope.name == path), None)


def inside(scope: Scope, name: str = "") -> Part:
    """Return the part that consists of all nodes in a block, a repeat or a round."""
    results = tuple((scope.path or scope.name, edge) for edge in scope.results)
    ports = dict(zip(scope.ports, scope.port_names, strict=False)) if scope.kind == "block" else {}
    return Part(frozenset(range(scope.first, scope.last)), scope.index, results, ports, name)


def whole(graph: Graph) -> Part:
    """Return the part that consists of all nodes of a net."""
    lines = [graph.layers[index] for index in graph.outputs]
    results = tuple((line.path, edge) for line in lines for edge in line.values)
    return Part(frozenset(range(len(graph.nodes))), 0, results)
