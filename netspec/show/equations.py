"""What a line computes, as equations: of a textbook's kind, from the operations' own formulas."""

from __future__ import annotations

from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.types import Type

_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "join": "&"}


def equation_lines(graph: Graph, layer: Layer) -> list[str]:
    """`z = sigmoid(W x + b),  W: H x d`: one expression for the line, then the sizes of what it stores."""
    if layer.role == "input" or not layer.values:
        return []
    writer = _Writer(graph, layer)
    right = ", ".join(writer.value(edge) for edge in layer.values)
    stored = [f"{name}: {shape}" for name, shape in writer.stored]
    return [f"{_symbol(layer)} = {right}" + (f"    {', '.join(stored)}" if stored else "")]


def _symbol(layer: Layer) -> str:
    return layer.label


class _Writer:
    """Writes the expression of one line; values of other lines are their labels."""

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
        name = node.op.name
        if node.kind == "delay":
            return node.word
        if node.kind == "port":
            return self.value(node.inputs[0], level + 1) if node.layer == self.layer.index else self.label_of(node)
        if node.layer != self.layer.index:
            return self.block(node, level)
        inner = [self.value(source, level + 1) for source in node.inputs]
        if name in _SIGNS:
            return _joined(_SIGNS[name], inner)
        if name == "number":
            number, first = f"{node.op.value:g}", node.op.first  # type: ignore[attr-defined]
            return _joined(node.op.sign, [number, *inner] if first else [*inner, number])  # type: ignore[attr-defined]
        if name == "perceptrons":
            return self.sums(node, inner[0], "")
        if name == "filters":
            return self.sums(node, inner[0], " * ")
        if name == "identity":
            return inner[0]
        return f"{node.word}({', '.join(inner)})"

    def sums(self, node: Node, inner: str, sign: str) -> str:
        """`W x + b`, or `W * x + b` for filters that slide."""
        name = self.fresh("W")
        bias = bool(getattr(node.op, "bias", True))
        shape = _shape(node, self.graph.nodes[node.inputs[0].node].types[node.inputs[0].output])
        self.stored.append((name, shape))
        text = f"{name}{sign or ' '}{inner if _binds(inner) > 2 else f'({inner})'}"
        return f"{text} + {self.fresh('b')}" if bias else text

    def fresh(self, name: str) -> str:
        number = self.counts.get(name, 0) + 1
        self.counts[name] = number
        return name if number == 1 else f"{name}{number}"

    def label_of(self, node: Node) -> str:
        return self.graph.layers[node.layer].label

    def block(self, node: Node, level: int) -> str:
        """A value from inside a block: the block applied to what it reads."""
        for scope in self.graph.ancestors(node.scope):
            if scope.kind == "block" and scope.layer == self.layer.index:
                inner = [self.value(self.graph.nodes[port].inputs[0], level + 1) for port in scope.ports]
                return f"{scope.name}({', '.join(inner)})"
        return self.label_of(node)


_BINDS = {"&": 0, "+": 1, "-": 1, "*": 2}


def _binds(text: str) -> int:
    """How strongly an expression holds together: 3 for a name or call, else as its weakest operator."""
    depth, weakest = 0, 3
    for before, sign, after in zip(text, text[1:], text[2:]):
        depth += (before in "([") - (before in ")]")
        if depth == 0 and before == after == " ":
            weakest = min(weakest, _BINDS.get(sign, 3))
    return weakest


def _joined(sign: str, parts: list[str]) -> str:
    """`f*c + i*g`: brackets only where something weaker stands beside the sign, or behind a minus."""
    own = _BINDS[sign]
    shown = [
        f"({part})" if _binds(part) < own or (sign == "-" and place and _binds(part) == own) else part
        for place, part in enumerate(parts)
    ]
    return f" {sign} ".join(shown)


def _shape(node: Node, source: Type) -> str:
    weight = next((item for item in node.op.weights(source.step) if item.name == "weight"), None)
    return "" if weight is None else " x ".join(str(size) for size in weight.shape)
