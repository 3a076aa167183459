"""Writes what a line computes as an equation, as a textbook does, from the formulas that the operations define."""

from __future__ import annotations

from netspec.ir.graph import Edge, Graph, Layer, Node


def equation_lines(graph: Graph, layer: Layer) -> list[str]:
    """Return the equation of a line, then the sizes of the stored arrays: `z = sigmoid(W x + b)    W: H x d`."""
    if layer.role == "input" or not layer.values:
        return []
    writer = _Writer(graph, layer)
    right = ", ".join(writer.value(edge) for edge in layer.values)
    stored = [f"{name}: {shape}" for name, shape in writer.stored]
    return [f"{_symbol(layer)} = {right}" + (f"    {', '.join(stored)}" if stored else "")]


def _symbol(layer: Layer) -> str:
    return layer.label


class _Writer:
    """Writes the expression of one line; a value of another line appears as the label of that line."""

    def __init__(self, graph: Graph, layer: Layer) -> None:
        self.graph = graph
        self.layer = layer
        self.stored: list[tuple[str, str]] = []
        self.counts: dict[str, int] = {}
        self.names = {edge: other.label for other in graph.layers for edge in other.values if other is not layer}

    def value(self, edge: Edge, level: int = 0) -> str:
        node = self.graph.nodes[edge.node]
        if edge in self.names and (node.layer != self.layer.index or level):
            if self.graph.layers[node.layer].scope == self.layer.scope or node.kind == "input":
                return self.names[edge]
        if level > 60:
            return "…"
        return self.node(node, edge, level)

    def node(self, node: Node, edge: Edge, level: int) -> str:
        if node.kind == "delay":
            return node.word
        if node.kind == "port":
            return self.value(node.inputs[0], level + 1) if node.layer == self.layer.index else self.label_of(node)
        if node.layer != self.layer.index:
            return self.block(node, level)
        inner = [self.value(source, level + 1) for source in node.inputs]
        said = node.op.equation(inner, self.fresh, *self.graph.types_asked(node))
        return f"{node.word}({', '.join(inner)})" if said is None else said

    def fresh(self, name: str, shape: str) -> str:
        """Return a symbol for a stored array: `W`, then `W2`; its shape is written after the equation."""
        number = self.counts.get(name, 0) + 1
        self.counts[name] = number
        symbol = name if number == 1 else f"{name}{number}"
        if shape:
            self.stored.append((symbol, shape))
        return symbol

    def label_of(self, node: Node) -> str:
        return self.graph.layers[node.layer].label

    def block(self, node: Node, level: int) -> str:
        """Return the expression of a value from inside a block: the block's name and, in brackets, what it reads."""
        for scope in self.graph.ancestors(node.scope):
            if scope.kind == "block" and scope.layer == self.layer.index:
                inner = [self.value(self.graph.nodes[port].inputs[0], level + 1) for port in scope.ports]
                return f"{scope.name}({', '.join(inner)})"
        return self.label_of(node)
