"""What the `gates` view draws: the inside of a recurrent cell, between its states of two time steps."""

from __future__ import annotations

from netspec.compute.arrays import ordered
from netspec.figure.blocks.boxes import type_words
from netspec.figure.scene import Scene
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import math, symbol, upright, words
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Unsuitable
from netspec.figure.units.computation import computation
from netspec.figure.units.operations import Computation, Spot, Spots, sign_of
from netspec.ir.graph import Edge, Graph, Node


def cell_of(graph: Graph, only: str | None = None) -> list[Node]:
    """Return the steps of a cell, in order, and what only they read of their own lines.

    Of several cells it is the first, or the first with a step of the line `only`. Raises Unsuitable if there is none.
    """
    found = [set(cell) for cell in graph.cells if any(_is_of(graph, graph.nodes[at], only) for at in cell)]
    if not found:
        raise Unsuitable(graph.nodes[-1])
    inside = min(found, key=min)
    lines = {graph.nodes[at].layer for at in inside}
    users = _users(graph)
    for node in reversed(graph.nodes):  # such as the sums of the input alone in `(x -> H perceptrons) + …`
        readers = {one.index for one in users.get(node.index, ())}
        if node.layer in lines and node.kind == "" and readers and readers <= inside:
            inside.add(node.index)
    return [node for node in graph.nodes if node.index in inside]


def _is_of(graph: Graph, node: Node, path: str | None) -> bool:
    """Whether a step belongs to a line, or to a block that this line calls."""
    own = graph.layers[node.layer].path
    return path is None or own == path or own.startswith(f"{path}.")


def _users(graph: Graph) -> dict[int, list[Node]]:
    """Return for each node that others read these others."""
    found: dict[int, list[Node]] = {}
    for node in graph.nodes:
        for index in dict.fromkeys(edge.node for edge in node.inputs):
            found.setdefault(index, []).append(node)
    return found


class _Gates(Spots):
    """The spots of a cell."""

    def __init__(self, graph: Graph, settings: FigureSettings) -> None:
        super().__init__(graph, settings)
        self.cell = cell_of(graph, settings.only)
        self.within = {node.index for node in self.cell}
        entering = [edge for node in self.cell for edge in node.inputs if edge.node not in self.within]
        self.step = "+" if any(map(self._is_flipped, entering)) else "-"  # where the state comes from: t-1, or t+1
        self.users = _users(graph)
        self.states: dict[tuple[Edge, int], Spot] = {}

    def symbol(self, edge: Edge, when: str) -> Line:
        """Return what a value is called: its line's symbol, and below it the time step."""
        layer = self.named.get(edge) or self.graph.layers[self.graph.nodes[edge.node].layer]
        return symbol(self.settings.of(layer.path).symbol or layer.label, math(when) if when else ())

    def _is_flipped(self, edge: Edge) -> bool:
        """Whether a value comes with the last time step first."""
        pending, seen = [(edge, False)], set[Edge]()
        while pending:
            edge, flipped = pending.pop()
            node = self.graph.nodes[edge.node]
            flipped ^= node.kind == "flip"
            timed = [one for one in node.inputs if self.graph.type_of(one).time is not None]
            if flipped and not timed:
                return True
            pending += [(one, flipped) for one in timed if node.kind != "delay" and one not in seen]
            seen.update(timed)
        return False

    def _source(self, edge: Edge) -> Edge:
        """Return the value that an edge brings: each time step of a flipped one is a step of the value before."""
        edge = self.graph.through(edge)
        while self.graph.nodes[edge.node].kind == "flip":
            edge = self.graph.through(self.graph.nodes[edge.node].inputs[0])
        return edge

    def _summed(self, node: Node) -> Node:
        """Return the step that the spot of a step begins with: a gate is a weighted sum with its activation."""
        if node.op.activation and len(node.inputs) == 1:
            before = self.graph.nodes[self.graph.through(node.inputs[0]).node]
            if before.op.weighted_sum and before.layer == node.layer and self.users[before.index] == [node]:
                return before
        return node

    def _reads(self, edge: Edge) -> tuple[Edge, ...]:
        node = self.graph.nodes[edge.node]
        return () if node.kind == "delay" or node.index not in self.within else self._summed(node).inputs

    def _made(self, edge: Edge) -> Spot:
        node = self.graph.nodes[edge.node]
        if node.kind == "delay":
            state = self.graph.through(node.inputs[0]), node.delay
            if state not in self.states:
                sign = self.symbol(state[0], f"t{self.step}{node.delay}")
                self.states[state] = self._new("input", sign, node, [], "before")
            return self.states[state]
        if node.index not in self.within:
            when = "" if self._is_read_whole(edge) else "t"
            return self._new("input", self.symbol(edge, when), node, [], "read")
        if len(node.types) > 1:
            raise Unsuitable(node)
        summed, sign = self._summed(node), sign_of(node, self.settings.lang)
        reads = [self.spot(one) for one in summed.inputs]
        if summed.op.weighted_sum:
            found = self._new("gate", sign or upright("Σ"), node, reads, "gate")
            found.above = words(type_words(self.graph.type_of(edge).step, self.settings.lang))
        else:
            title = upright(node.op.circle) if node.op.circle else words(node.op.title(self.settings.lang))
            found = self._new("operation", sign or title, node, reads, "op")
        if edge in self.named:
            found.name = self.symbol(edge, "t")
        return found

    def _is_read_whole(self, edge: Edge) -> bool:
        """Whether the cell reads all time steps of a value at each of its own: keys and values of attention."""
        if self.graph.type_of(edge).time is None:
            return True
        reads = [(node, at) for node in self.cell for at, one in enumerate(node.inputs) if self._source(one) == edge]
        return all(node.looks_across_time(at) for node, at in reads)

    def computation(self) -> Computation:
        """Return the spots in order: what enters the cell, what is in it, what leaves it."""
        states = [self.graph.through(node.inputs[0]) for node in self.cell if node.kind == "delay"]
        kept = [
            Edge(node.index)
            for node in self.cell
            if node.kind == "" and any(user.index not in self.within for user in self.users.get(node.index, ()))
        ]
        ends = []
        for edge in dict.fromkeys((*states, *kept)):
            last = self.spot(edge)
            end = self._new("output", self.symbol(edge, "t"), self.graph.nodes[edge.node], [last], "output")
            last.name = ()
            ends.append(end)
        return Computation(ordered(ends, lambda spot: spot.reads), framed=True)


def gates(graph: Graph, settings: FigureSettings) -> Scene:
    """Draw the cell of a net: its states come in at the left and go out at the right.

    Raises:
        Unsuitable: the net has no loop over time, or the loop a step with several results.
    """
    return computation(_Gates(graph, settings).computation(), settings)
