"""A block that was expanded before, with equal parameters and types -> a copy, without working it out again.

Most blocks of a deep net stand there many times. Nothing of a block depends on where it is called but its paths,
its indices and what its ports read, so a copy is the expansion itself with these moved.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from netspec.elaborate.arguments import Arguments
from netspec.elaborate.core import Core
from netspec.elaborate.frame import Flow, Value, Word
from netspec.elaborate.program import Definition
from netspec.ir.graph import Edge, Layer, Node, Origin, Origins, Scope
from netspec.ir.sizes import Formula


class Mark(NamedTuple):
    """How much of an expansion there is: what a block adds is what comes after its mark."""

    nodes: int
    layers: int
    scopes: int
    reports: int
    delays: int
    unresolved: int
    late: int


class Template(NamedTuple):
    """One expansion: from `begin` to `end`, and what it gave."""

    begin: Mark
    end: Mark
    flow: Flow


class Templates:
    """The expansions of one pass over a net."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.known: dict[Hashable, Template] = {}

    def mark(self) -> Mark:
        core = self.core
        counts = (len(core.nodes), len(core.layers), len(core.scopes), len(core.report))
        return Mark(*counts, len(core.delays), len(core.unresolved), len(core.late))

    def key(self, definition: Definition, arguments: Arguments) -> Hashable:
        """What makes two calls equal; None where they cannot be compared."""
        if self.core.again or self.core.partial:
            return None
        inputs = [value.type for flow in arguments.inputs.values() for value in flow if value is not None]
        sizes = arguments.env.items()
        if any(not isinstance(value, (int, float, str, Word, Formula)) for _, value in sizes):
            return None  # a step of the caller's brings the caller's names along
        return (id(definition.body), *((name, type(value), value) for name, value in sizes), *inputs)

    def keep(self, key: Hashable, begin: Mark, flow: Flow) -> None:
        """Remembers the expansion since `begin`, unless it said something: a body reads nothing around it but ports."""
        core, end = self.core, self.mark()
        if end[3:] != begin[3:] or core.partial or None in flow:
            return
        self.known[key] = Template(begin, end, flow)

    def copy(self, template: Template, name: str, path: str, parent: int, arguments: Arguments) -> Flow:
        """The template's nodes, layers and scopes once more, under `path`, reading the inputs of this call."""
        core, begin, end = self.core, template.begin, template.end
        now = self.mark()
        up = (now.nodes - begin.nodes, now.layers - begin.layers, now.scopes - begin.scopes)
        old = core.scopes[begin.scopes]
        move = _Move(up, old.path, path)
        for scope in core.scopes[begin.scopes : end.scopes]:
            core.scopes.append(move.scope(scope))
        for layer in core.layers[begin.layers : end.layers]:
            core.layers.append(move.layer(layer))
        for number in range(begin.nodes, end.nodes):
            core.nodes.append(move.node(core.nodes[number]))
            if number in core.weights:
                core.weights[number + up[0]] = core.weights[number]
        top = core.scopes[now.scopes]
        top.name, top.parent, top.layer, top.backward = name, parent, core.layer_index, core.backward
        top.origins = core.origins
        core.scopes[parent].children.append(top.index)
        for port, flow in zip(top.ports, arguments.inputs.values(), strict=True):
            assert flow[0] is not None  # key() says so
            core.nodes[port].inputs = (flow[0].edge,)
        return [None if value is None else Value(move.edge(value.edge), value.type) for value in template.flow]


class _Move:
    """Indices and paths of a template -> those of its copy."""

    def __init__(self, up: tuple[int, int, int], old: str, new: str) -> None:
        self.nodes, self.layers, self.scopes = up
        self.cut = len(old)
        self.new = new

    def name(self, text: str) -> str:
        return self.new + text[self.cut :] if text else ""

    def edge(self, edge: Edge) -> Edge:
        return Edge(edge.node + self.nodes, edge.output)

    def edges(self, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
        if len(edges) == 1:
            return (Edge(edges[0].node + self.nodes, edges[0].output),)
        return tuple(Edge(edge.node + self.nodes, edge.output) for edge in edges)

    def origins(self, origins: Origins) -> Origins:
        return tuple(Origin(origin.scope + self.scopes, origin.name, origin.use + self.nodes) for origin in origins)

    def node(self, node: Node) -> Node:
        return Node(
            node.index + self.nodes, node.op, self.edges(node.inputs), node.types, node.word, node.layer + self.layers,
            node.scope + self.scopes, self.name(node.path), self.name(node.tied), node.frozen,
            node.again, node.backward, node.span, origins=self.origins(node.origins),
        )  # fmt: skip

    def layer(self, layer: Layer) -> Layer:
        return Layer(
            layer.index + self.layers, layer.label, self.name(layer.path), layer.role, layer.scope + self.scopes,
            layer.caption, layer.text, self.edges(layer.values), layer.span, layer.section, layer.expected,
        )  # fmt: skip

    def scope(self, scope: Scope) -> Scope:
        return Scope(
            scope.index + self.scopes, scope.parent + self.scopes, scope.kind, scope.name, self.name(scope.path),
            scope.layer + self.layers, scope.first + self.nodes, scope.last + self.nodes, scope.shared,
            dict(scope.params), scope.given, tuple(port + self.nodes for port in scope.ports), scope.port_names,
            self.edges(scope.results), scope.result_names, [child + self.scopes for child in scope.children],
            scope.again, scope.backward, origins=self.origins(scope.origins), count=scope.count, source=scope.source,
            arguments=scope.arguments,
        )  # fmt: skip
