"""A net and the terms that judge it -> the graph whose forward returns just what they read.

A layer that ends in softmax or sigmoid is judged by the sums before them: there the logarithm of a probability
can be computed without losing its digits. Where nothing else reads the probabilities, they are not computed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.types import Type
from netspec.ops.identity import Identity
from netspec.sections.match import sums_of, type_of, value_of
from netspec.sections.vocabulary.losses import Term


@dataclass(slots=True)
class Judged:
    """The graph to train, and for each term's layer which output holds it.

    `activation` names what an output still lacks: terms that want probabilities apply it themselves.
    """

    graph: Graph
    outputs: list[Edge] = field(default_factory=list)
    position: dict[tuple[str, bool], int] = field(default_factory=dict)
    activation: list[str] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)

    def of(self, name: str, classifies: bool) -> int:
        """Which output a term reads: (layer, whether it wants the sums)."""
        return self.position[name, classifies]


def judge(graph: Graph, terms: list[Term], inputs: frozenset[str]) -> Judged:
    """Adds an output for every layer that a term reads; inputs are at hand already."""
    judged = Judged(graph)
    readers = Counter(edge for node in graph.nodes for edge in node.inputs)
    nodes = list(graph.nodes)
    wanted: list[tuple[Edge, str]] = []
    for term in terms:
        for name, sums in _names(term):
            edge = value_of(graph, name)
            if edge is None or (graph.nodes[edge.node].kind == "input"):
                continue
            before, activation = sums_of(graph, edge)
            if activation and not _private(graph, edge, before, readers):
                activation, before = "", before if sums else edge
            elif activation:
                _skip(nodes, edge, before)
            item = (before if activation or sums else edge, activation)
            if item not in wanted:
                wanted.append(item)
                judged.types.append(type_of(graph, edge))
            judged.position[name, sums] = wanted.index(item)
    judged.outputs = [edge for edge, _ in wanted]
    judged.activation = [activation for _, activation in wanted]
    judged.graph = exposing(graph, nodes, judged.outputs)
    return judged


def _names(term: Term) -> list[tuple[str, bool]]:
    """The layers that a term may read, and whether it takes their sums."""
    others = (term.compared, *term.others().values())
    return [(term.layer, term.classifies), *((name, False) for name in others if name is not None)]


def _private(graph: Graph, edge: Edge, before: Edge, readers: Counter[Edge]) -> bool:
    """Whether nothing in the net reads the probabilities, or what only passes them on."""
    while edge != before:
        if readers[edge] > (0 if edge == _last(graph, edge) else 1):
            return False
        edge = graph.nodes[edge.node].inputs[0]
    return True


def _last(graph: Graph, edge: Edge) -> Edge:
    """The end of the chain of steps that pass a value on."""
    for node in graph.nodes:
        if node.op.name in ("identity", "port") and node.inputs[0] == edge:
            return _last(graph, Edge(node.index))
    return edge


def _skip(nodes: list[Node], edge: Edge, before: Edge) -> None:
    """Softmax or sigmoid becomes the identity: the value is then the sums themselves."""
    while edge != before:
        node = nodes[edge.node]
        if node.op.name not in ("identity", "port"):
            nodes[edge.node] = replace(node, op=Identity())
            return
        edge = node.inputs[0]


def exposing(graph: Graph, nodes: list[Node], outputs: list[Edge]) -> Graph:
    """The same net, returning these values."""
    layers = [
        replace(layer, role="hidden") if layer.scope == 0 and layer.role == "output" else layer
        for layer in graph.layers
    ]
    for edge in outputs:
        own = graph.layers[graph.nodes[edge.node].layer]
        layers.append(Layer(len(layers), own.label, own.path, "output", 0, values=(edge,), span=own.span))
    chosen = tuple(range(len(graph.layers), len(layers)))
    return replace(graph, nodes=nodes, layers=layers, outputs=chosen)
