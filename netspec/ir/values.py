"""Graph, inputs and weights -> the value of every node, as arrays of `netspec.compute`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netspec.compute.arrays import Array, filled, join
from netspec.ir.call import Noise, applied
from netspec.ir.graph import Edge, Graph, Node
from netspec.ir.types import Type


class Uncomputed(Exception):
    """Raised for a step that does not define how it computes its values."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.word)
        self.node = node


class Values:
    """The arrays of all values of a net, made by `values_of`.

    Attributes:
        edges: the array of each value, (B, [T,] C, *space).
        updates: arrays to store after a training pass (running statistics), by key.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Mapping[str, Array],
        weight: Callable[[str], Array],
        examples: int,
        training: bool,
        lengths: Mapping[str, Sequence[int]],
        draw: Noise | None,
        one_step: bool,
    ) -> None:
        self.graph = graph
        self.edges: dict[Edge, Array] = {}
        self.updates: dict[str, Array] = {}
        self._inputs, self._weight, self._examples = inputs, weight, examples
        self._training, self._lengths, self._draw, self._one_step = training, lengths, draw, one_step
        self._numbers: tuple[int, ...] = ()  # which copies are being computed, the outermost first
        self._inside: dict[int, list[Node]] = {number: [] for node in graph.nodes for number in node.copies}
        for node in graph.nodes if self._inside else ():
            around = next((one.index for one in graph.ancestors(node.scope) if one.index in self._inside), None)
            if around is not None:
                self._inside[around].append(node)
        copied = {node.index for nodes in self._inside.values() for node in nodes}
        cells = [] if one_step else [sorted(cell) for cell in graph.cells]
        looped = {index for cell in cells for index in cell}
        # A node between two nodes of a loop may need the loop's result, so whatever cannot be computed yet is retried.
        cells = [[index for index in cell if index not in copied] for cell in cells]
        waiting = cells + [[node.index] for node in graph.nodes if node.index not in looped | copied]
        waiting.sort(key=lambda part: part[-1])
        while waiting:
            later = [part for part in waiting if not self._done(part, part[0] in looped)]
            if len(later) == len(waiting):
                raise Uncomputed(graph.nodes[waiting[0][0]])
            waiting = later

    def _done(self, part: list[int], loop: bool) -> bool:
        """Compute a node or a loop if its inputs are known. Return whether it was computed."""
        nodes = [self.graph.nodes[index] for index in part]
        if any(edge not in self.edges and not (loop and edge.node in part) for node in nodes for edge in node.reads):
            return False
        if loop:
            self._loop(part)
        else:
            self._node(nodes[0], self.edges, self._types(nodes[0]), ())
        return True

    def _types(self, node: Node) -> tuple[Type, ...]:
        types = [self.graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
        if not self._one_step:
            return tuple(types)
        looks = any(own.time is not None and node.looks_across_time(at) for at, own in enumerate(types))
        if node.delay or looks:
            raise Uncomputed(node)
        return tuple(own.step for own in types)

    def _node(self, node: Node, read: dict[Edge, Array], types: tuple[Type, ...], whole: Sequence[int]) -> None:
        """Compute one node. `whole` lists the inputs of which a loop passes all time steps at once."""
        found: tuple[Array, ...] | None
        if node.kind == "input":
            found = (self._inputs[self.graph.layers[node.layer].label],)
        else:
            inputs = [(self.edges if at in whole else read)[edge] for at, edge in enumerate(node.reads)]
            types = types[: len(inputs)]
            for number, edge in zip(node.copies, node.inputs[len(node.reads) :], strict=True):
                made = self._copies(node, number, edge, read, types[: len(node.reads)])
                inputs += made
                types += (self.graph.type_of(edge).over(types[0].time),) * len(made)
            found = self._applied(node, types, inputs)
        if found is None:
            raise Uncomputed(node)
        for output, value in enumerate(found):
            read[Edge(node.index, output)] = value

    def _applied(
        self,
        node: Node,
        types: tuple[Type, ...],
        inputs: list[Array],
        compute: Callable[..., Array] | None = None,
    ) -> tuple[Array, ...] | None:
        updates: dict[str, Array] = {}
        varying = next((value.time.varying for value in types if value.time is not None and value.time.varying), "")

        found = applied(
            node.op, types, inputs, self._examples, lambda name: self._weight(self._key(node.stored(name))), compute,
            training=self._training, lengths=self._lengths.get(varying), draw=self._draw, updates=updates,
        )  # fmt: skip
        self.updates.update({self._key(node.stored(name)): value for name, value in updates.items()})
        return found

    # ---- the copies of a step in braces

    def _copies(
        self, owner: Node, number: int, result: Edge, read: dict[Edge, Array], given: tuple[Type, ...]
    ) -> list[Array]:
        """Return what each copy of the owner's step makes of the tokens of its inputs, whose types are given."""
        copies = self.graph.scopes[number].copies
        assert copies is not None
        found, around = [], self._numbers
        for copy in range(int(copies.number)):  # type: ignore[arg-type]
            handed = self._applied(
                owner, given, [read[edge] for edge in owner.reads],
                lambda call, x, copy=copy: owner.op.handed(call, copies.name, copy, x),
            )  # fmt: skip
            assert handed is not None
            self._numbers = (*around, copy)
            own = {**read, owner.reads[0]: handed[0]}
            for node in self._inside[number]:
                types = self._types(node)
                self._node(node, own, tuple(one.step for one in types) if given[0].time is None else types, ())
            found.append(own[result])
        self._numbers = around
        return found

    def _key(self, key: str) -> str:
        """Return the key of an array of the copies that are being computed."""
        for number in self._numbers:
            key = key.replace("*", str(number), 1)
        return key

    def _loop(self, cell: list[int]) -> None:
        """Compute the nodes of a recurrence for one time step after another."""
        nodes = [self.graph.nodes[index] for index in cell]
        time: Any = nodes[0].type.time
        rows: list[dict[Edge, Array]] = []
        for step in range(time.length):
            row: dict[Edge, Array] = {}
            for node in nodes:
                for at, edge in enumerate(node.inputs):
                    if edge.node not in cell and edge in self.edges and not node.looks_across_time(at):
                        value, own = self.edges[edge], self.graph.nodes[edge.node].types[edge.output]
                        row[edge] = value if own.time is None else value.at(1, step)
                if node.delay:
                    row[Edge(node.index)] = self._earlier(node, rows, step)
            for node in nodes:
                if node.delay:
                    continue
                types = [own if node.looks_across_time(at) else own.step for at, own in enumerate(self._types(node))]
                self._node(node, row, tuple(types), [at for at in range(len(types)) if node.looks_across_time(at)])
            rows.append(row)
        for node in nodes:
            for output in range(len(node.types)):
                edge = Edge(node.index, output)
                self.edges[edge] = join(1, *(row[edge].add_axis(1) for row in rows))

    def _earlier(self, node: Node, rows: list[dict[Edge, Array]], step: int) -> Array:
        if step >= node.delay:
            return rows[step - node.delay][node.inputs[0]]
        if len(node.inputs) > 1:
            return self.edges[node.inputs[1]]
        own: Any = node.type
        return filled(0.0, (self._examples, own.maps, *own.space))


def values_of(
    graph: Graph,
    inputs: Mapping[str, Array],
    weight: Callable[[str], Array],
    examples: int = 1,
    *,
    training: bool = False,
    lengths: Mapping[str, Sequence[int]] | None = None,
    draw: Noise | None = None,
    one_step: bool = False,
) -> Values:
    """Describe the computation of every node of a net.

    Parameters:
        graph: the net; all its sizes must be set.
        inputs: an array for each input line, by its label: (B, [T,] C, *space), class indices without C.
        weight: a function from the key of a stored array to the array.
        examples: B.
        training: whether batch statistics and dropout are used, as in training.
        lengths: the number of time steps of each example, by the name of the lengths (`Time.varying`).
        draw: random numbers, as for `Call.noise`.
        one_step: whether the inputs are a single time step, without T; steps that read other time steps are errors.

    Returns:
        The values of all nodes.

    Raises:
        Uncomputed: a step does not define how it computes its values.
    """
    return Values(graph, inputs, weight, examples, training, lengths or {}, draw, one_step)
