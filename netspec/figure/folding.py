"""Graph -> which nodes one box of the blocks view stands for: blocks closed below a depth, equal rounds once."""

from __future__ import annotations

from dataclasses import dataclass, field

from netspec.graph import Edge, Graph, Layer, Node, Scope
from netspec.ops.base import Elementwise

# what hangs on to the step before it: no box of its own
_LIGHT = frozenset((
    "batchnorm", "layernorm", "rmsnorm", "groupnorm", "instancenorm", "lrn", "dropout", "droppath", "gain", "softmax",
    "flatten", "unflatten", "reshape", "normalize", "stop", "number", "identity",
))  # fmt: skip


@dataclass(slots=True, eq=False)
class Holder:
    """A box to be: a closed line, a closed scope (or several equal ones in a row), or a run of steps."""

    id: str
    layer: Layer
    nodes: list[Node] = field(default_factory=list)
    scope: Scope | None = None  # the closed block or repeat
    line: bool = False  # a whole line, closed
    times: int = 1
    sign: str = ""
    cluster: int = -1  # the innermost open scope that is drawn as a cluster


class Fold:
    """The holders, which node each belongs to, and the open scopes that are drawn."""

    def __init__(self, graph: Graph, depth: int, unfold: bool = False) -> None:
        self.graph = graph
        self.depth = depth
        self.unfold = unfold
        self.holders: list[Holder] = []
        self.of: dict[int, Holder] = {}
        self._by_key: dict[tuple[str, int], Holder] = {}
        self._images: dict[int, int] = {}
        self._counts: dict[str, int] = {}
        self.levels = [self._level(scope) for scope in self.graph.scopes]
        self.readers: dict[int, int] = {}
        for node in self.graph.nodes:
            for edge in node.inputs:
                self.readers[edge.node] = self.readers.get(edge.node, 0) + 1
        self.results = {edge.node for layer in self.graph.layers for edge in layer.values}
        self.equal = {scope.index: self._equal_rounds(scope) for scope in self.graph.scopes if scope.kind == "repeat"}
        for node in self.graph.nodes:
            if self.image(node.index) == node.index and node.op.name not in ("port", "delay"):
                self._hold(node)
        used = {scope.index for holder in self.holders if holder.cluster >= 0 for scope in self.graph.ancestors(holder.cluster)}
        self.clusters = [scope for scope in self.graph.scopes if scope.index in used and self.drawn(scope)]

    # ---- scopes

    def _level(self, scope: Scope) -> int:
        """How often one must open to see inside: a repeat of one block counts once."""
        level = 0
        for one in self.graph.ancestors(scope.index):
            if one.kind == "round" or one.kind == "net":
                continue
            if one.kind == "block" and self._alone(one):
                continue
            level += 1
        return level

    def _alone(self, scope: Scope) -> bool:
        """Whether a block is all that a round consists of."""
        parent = self.graph.scopes[scope.parent] if scope.parent >= 0 else None
        if parent is None or parent.kind != "round":
            return False
        inside = range(parent.first, parent.last)
        return all(
            self.graph.nodes[index].op.name == "port" or scope.first <= index < scope.last for index in inside
        )

    def _equal_rounds(self, scope: Scope) -> bool:
        """Whether all rounds do the same steps, so that one of them may stand for all."""
        rounds = [self.graph.scopes[index] for index in scope.children if self.graph.scopes[index].kind == "round"]
        shapes = {
            tuple(node.op.name for node in self.graph.nodes[one.first : one.last]) for one in rounds
        }
        return len(rounds) > 1 and len(shapes) == 1 and not self.unfold

    def is_open(self, scope: Scope) -> bool:
        return scope.kind == "net" or self.levels[scope.index] < self.depth

    def drawn(self, scope: Scope) -> bool:
        """Whether an open scope has a frame of its own: repeats, and blocks that are not all of a round."""
        if scope.kind == "net" or not self.is_open(scope):
            return False
        if scope.kind == "repeat":
            return self.equal[scope.index]
        if scope.kind == "round":
            return not self.equal[scope.parent]
        return not self._alone(scope)

    def image(self, index: int) -> int:
        """The node that is drawn for a node: in folded repeats its like in the first round."""
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

    # ---- holders

    def _hold(self, node: Node) -> None:
        if self.depth == 0:
            self._line(node)
            return
        for scope in reversed(list(self.graph.ancestors(node.scope))):
            if scope.kind != "round" and not self.is_open(scope):
                self._closed(node, scope)
                return
        self._step(node)

    def _line(self, node: Node) -> None:
        """A line of the net as one box."""
        top = self.top_line(node)
        holder = self._by_key.get(("line", top.index))
        if holder is None:
            holder = self._by_key["line", top.index] = self._new(Holder(top.path, top, line=True), node)
        self._join(holder, node)

    def top_line(self, node: Node) -> Layer:
        scopes = list(self.graph.ancestors(node.scope))
        outer = [scope for scope in scopes if scope.parent == 0]
        return self.graph.layers[outer[0].layer if outer else node.layer]

    def _closed(self, node: Node, scope: Scope) -> None:
        holder = self._by_key.get(("scope", scope.index))
        if holder is None:
            layer = self.graph.layers[scope.layer]
            times = len(scope.children) if scope.kind == "repeat" else 1
            new = Holder(self._id(scope.key or f"{layer.path}.{scope.name}"), layer, scope=scope, times=times)
            holder = self._by_key["scope", scope.index] = self._new(new, node)
        self._join(holder, node)

    def _step(self, node: Node) -> None:
        glyph = node.op.glyph()
        layer = self.graph.layers[node.layer]
        before = self._carrier(node)
        if glyph.kind in ("sum", "product", "join"):
            self._join(self._new(Holder(self._id(f"{layer.path}.{node.op.name}"), layer, sign=glyph.caption), node), node)
        elif before is not None:
            self._join(before, node)
        else:
            self._join(self._new(Holder(self._id(f"{layer.path}.{node.op.name}"), layer), node), node)

    def _carrier(self, node: Node) -> Holder | None:
        """The box of the step that a light one hangs on to."""
        if len(node.inputs) != 1 or not (node.op.name in _LIGHT or isinstance(node.op, Elementwise)):
            return None
        read = node.inputs[0].node
        before = self.of.get(self.image(read))
        if before is None or before.scope is not None or before.sign or before.nodes[0].op.name == "input":
            return None
        last = before.nodes[-1]
        return before if last.index == read and last.scope == node.scope and self.readers[read] == 1 else None

    def _id(self, base: str) -> str:
        """From the layer's path; a second one of the same name in a line is numbered."""
        count = self._counts[base] = self._counts.get(base, 0) + 1
        return base if count == 1 else f"{base}.{count}"

    def _new(self, holder: Holder, node: Node) -> Holder:
        cluster = node.scope if holder.scope is None else holder.scope.parent
        while cluster >= 0 and not self.drawn(self.graph.scopes[cluster]):
            cluster = self.graph.scopes[cluster].parent
        holder.cluster = -1 if holder.line else cluster
        self.holders.append(holder)
        return holder

    def _join(self, holder: Holder, node: Node) -> None:
        holder.nodes.append(node)
        self.of[node.index] = holder

    # ---- values

    def sources(self, edge: Edge, seen: frozenset[int] = frozenset()) -> list[tuple[Edge, int]]:
        """The drawn values an edge stands for, each with its delay: ports and delays are looked through."""
        node = self.graph.nodes[self.image(edge.node)]
        if node.index in seen:
            return []
        if node.op.name == "port":
            return self.sources(node.inputs[0], seen | {node.index})
        if node.op.name == "delay":
            found = self.sources(node.inputs[0], seen | {node.index})
            return [(source, delay + node.op.steps) for source, delay in found]  # type: ignore[attr-defined]
        return [(Edge(node.index, edge.output), 0)]
