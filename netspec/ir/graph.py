"""The graph: what a spec means once names, blocks and types are worked out.

Nodes stand in an order in which each can be computed; only a `delay` node may read a later one. The tree
of scopes (the net, its blocks, repeats and rounds) and the layers (the lines) are kept beside the flat
list, so that figures can fold, source can have classes, and tables can speak of lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.ir.marks import BOX, TOOLTIP, Class, Mark
from netspec.ir.operation import Op, Structure, Weight
from netspec.ir.sizes import Size, is_open, product
from netspec.ir.types import Type
from netspec.source import Span

if TYPE_CHECKING:
    import networkx

    from netspec.diagnostics.model import Diagnostic


class Edge(NamedTuple):
    """One value: the output `output` of node `node`."""

    node: int
    output: int = 0


class Origin(NamedTuple):
    """A step parameter that a step was written for: its block, its name, and where this use begins."""

    scope: int
    name: str
    use: int


Origins = tuple[Origin, ...]  # the innermost block first: a parameter may be handed on


@dataclass(slots=True, eq=False)
class Node:
    """One operation applied once."""

    index: int
    op: Op
    inputs: tuple[Edge, ...]
    types: tuple[Type, ...]
    word: str  # what its step is called in the spec: `perceptrons`, `relu`, `+`
    layer: int
    scope: int
    path: str = ""  # the name of its weights in the language, counted from 1: `h.2.a`; "" where it stores none
    tied: str = ""  # the path of the step whose main weight it uses instead of one of its own
    frozen: bool = False
    again: bool = False  # a further use of weights that another node owns (`same`, `shared`)
    backward: bool = False  # inside `reversed`: what came before in time is still to come
    span: Span | None = None
    key: str = ""  # the module in state_dict that holds its weights, or its one array where `bare`
    tied_key: str = ""  # that of the step it is tied to
    origins: Origins = ()

    @property
    def bare(self) -> bool:
        """Whether its one array is a parameter of the class around it, without a module of its own."""
        return self.op.bare

    @property
    def type(self) -> Type:
        return self.types[0]

    def stored(self, name: str = "weight") -> str:
        """The key in state_dict of one of its arrays, by the name it has in the module."""
        if self.tied and name == "weight":
            return f"{self.tied_key}.weight"
        return self.key if self.bare else f"{self.key}.{name}"

    @property
    def kind(self) -> Structure:
        """`input`, `port`, `delay` or `flip`; "" for an operation."""
        return self.op.structure

    @property
    def delay(self) -> int:
        """How many time steps ago it reads its first input: 0 for all but delayed reads."""
        return self.op.delay

    def looks_across_time(self, position: int) -> bool:
        """Whether it looks at several time steps of one of its inputs."""
        return self.op.looks_across_time(position, len(self.inputs))

    @property
    def inputs_now(self) -> tuple[Edge, ...]:
        """What it reads of the same time step: all inputs, without a delayed one."""
        return self.inputs[1:] if self.op.delay else self.inputs


@dataclass(slots=True, eq=False)
class Layer:
    """One line of a body, expanded: `path` is its name from outside (`r1.2.a`)."""

    index: int
    label: str
    path: str
    role: str
    scope: int
    caption: str = ""
    text: str = ""  # the line as written, without caption
    values: tuple[Edge, ...] = ()
    span: Span | None = None
    section: str = ""  # a caption-like word for figures; "" by default
    expected: bool = False  # its type is written behind it: `is T`


@dataclass(slots=True, eq=False)
class Scope:
    """A net, a block's instance, a repeat or one of its rounds; its nodes are `[first, last)`."""

    index: int
    parent: int
    kind: str  # net, block, repeat, round
    name: str  # the block's or net's name; for a round its number
    path: str  # its name in the language, counted from 1: `r1.2`; "" for the net
    layer: int  # the layer whose line it stands in; -1 for the net
    first: int = 0
    last: int = 0
    shared: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    given: tuple[str, ...] = ()  # those of a block that are parameters; the others are sizes of its inputs
    ports: tuple[int, ...] = ()  # the nodes that stand for its inputs
    port_names: tuple[str, ...] = ()
    results: tuple[Edge, ...] = ()
    result_names: tuple[str, ...] = ()
    children: list[int] = field(default_factory=list)
    again: bool = False
    backward: bool = False  # called inside `reversed`
    key: str = ""  # the module in state_dict; "" for the net
    origins: Origins = ()
    count: Size = 0  # how many rounds a repeat has, as it is written
    source: Any = None  # the definition of a net or block
    arguments: dict[str, Any] = field(default_factory=dict)  # what its parameters are bound to


@dataclass(slots=True, eq=False)
class Stored:
    """One array of the net: its key as in state_dict, and what it is."""

    key: str
    weight: Weight
    node: int
    frozen: bool = False

    @property
    def kind(self) -> str:
        if self.weight.buffer:
            return "buffer"
        return "frozen" if self.frozen else "trainable"


@dataclass(slots=True, eq=False)
class Counts:
    """Numbers stored: trainable and frozen make up `weights`; buffers are neither."""

    trainable: Size = 0
    frozen: Size = 0
    buffers: Size = 0

    @property
    def weights(self) -> Size:
        return self.trainable + self.frozen

    @classmethod
    def of(cls, stored: Iterable[Stored]) -> Counts:
        """The numbers that some arrays hold."""
        totals: dict[str, Any] = {"trainable": 0, "frozen": 0, "buffer": 0}
        opened: dict[tuple[int, str], list[Weight]] = {}  # arrays of open sizes and their neighbours, by node and kind
        last = -1
        for item in stored:
            if item.weight.integer:
                continue
            total = item.weight.total
            if item.node == last or not isinstance(total, int):
                last = item.node
                opened.setdefault((item.node, item.kind), []).append(item.weight)
            else:
                totals[item.kind] += total
        for (_, kind), weights in opened.items():
            totals[kind] = totals[kind] + _together(weights)
        return cls(totals["trainable"], totals["frozen"], totals["buffer"])


def _together(weights: list[Weight]) -> Size:
    """The numbers of one node's arrays; open sizes keep the form people write: `H*(d+1)`."""
    first = weights[0].shape[:1]
    total: Any = sum((weight.total for weight in weights[1:]), weights[0].total)
    if is_open(total) and all(weight.shape[:1] == first for weight in weights):
        rest: Any = sum((product(weight.shape[1:]) for weight in weights[1:]), product(weights[0].shape[1:]))
        return first[0] * rest  # type: ignore[no-any-return]
    return total  # type: ignore[no-any-return]


def longest_path(nodes: Sequence[Node]) -> int:
    """The depth of a net: the longest path, counted in layers that compute (rule 22); delayed edges don't count."""
    longest = [0] * len(nodes)
    for node in nodes:
        before = max((longest[edge.node] for edge in node.inputs_now), default=0)
        longest[node.index] = before + node.op.layers()
    return max(longest, default=0)


@dataclass(slots=True, eq=False)
class Graph:
    """A checked net."""

    name: str
    caption: str
    params: dict[str, Any]  # every parameter with its value; open sizes are formulas
    open: tuple[str, ...]  # names of the sizes that are not bound
    nodes: list[Node]
    layers: list[Layer]
    scopes: list[Scope]
    stored: list[Stored]
    counts: Counts
    depth: int
    inputs: tuple[int, ...]  # nodes
    outputs: tuple[int, ...]  # layers
    cells: list[tuple[int, ...]] = field(default_factory=list)  # nodes of each recurrence
    lists: dict[str, Any] = field(default_factory=dict)  # `let` lists and sizes, for sections
    warnings: list[Diagnostic] = field(default_factory=list)

    def layer(self, path: str) -> Layer:
        """The layer of a path such as `r1.2.a`; KeyError where there is none."""
        for layer in self.layers:
            if layer.path == path:
                return layer
        raise KeyError(path)

    @property
    def top(self) -> list[Layer]:
        """The lines of the net itself, in order."""
        return [layer for layer in self.layers if layer.scope == 0]

    def type_of(self, edge: Edge) -> Type:
        """The type of a value."""
        return self.nodes[edge.node].types[edge.output]

    def types_asked(self, node: Node) -> list[Type]:
        """The types of a node's inputs as its operation sees them: of one time step, unless it looks over time."""
        types = [self.type_of(edge) for edge in node.inputs]
        return types if node.op.over_time else [value.step for value in types]

    def stores(self, node: Node, name: str) -> bool:
        """Whether a node's operation stores an array of this name."""
        return any(weight.name == name for weight in node.op.weights(*self.types_asked(node)))

    def through(self, edge: Edge) -> Edge:
        """The value behind blocks' inputs and `identity`: the same numbers, with the same gradient."""
        node = self.nodes[edge.node]
        while node.op.alias:
            edge = node.inputs[0]
            node = self.nodes[edge.node]
        return edge

    def nodes_of(self, layer: Layer) -> list[Node]:
        """The nodes a line stands for, those in its blocks included."""
        chosen = {layer.index}
        for scope in self.scopes:
            if scope.layer in chosen:
                chosen.update(inner.index for inner in self.layers if inner.scope == scope.index)
        return [node for node in self.nodes if node.layer in chosen]

    def ancestors(self, scope: int) -> Iterator[Scope]:
        """A scope and all around it, innermost first."""
        while scope >= 0:
            yield self.scopes[scope]
            scope = self.scopes[scope].parent

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The nodes as a networkx.MultiDiGraph: attributes op, type, layer; edges carry `input`, `delay`."""
        import networkx

        graph = networkx.MultiDiGraph(name=self.name)
        for node in self.nodes:
            graph.add_node(
                node.index,
                op=node.op.name,
                word=node.word,
                type=str(node.type),
                layer=self.layers[node.layer].path,
                key=node.key,
            )
        for node in self.nodes:
            for position, edge in enumerate(node.inputs):
                delay = node.delay if position == 0 else 0
                graph.add_edge(edge.node, node.index, input=position, output=edge.output, delay=delay)
        return graph


def node_marks(graph: Graph, node: Node, lang: str = "en") -> tuple[Mark, ...]:
    """What must be seen of a node: the marks of its operation, and what it shares with other nodes.

    Parameters:
        graph: the net.
        node: one of its nodes.
        lang: `en` or `ko`.

    Returns:
        Its marks: those of the structure first, then kinds, then what belongs in a tooltip.
    """
    ties = {name for name, declared in node.op.options.items() if declared.kind == "tie"}
    types = [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    found = [mark for mark in node.op.marks(lang, *types) if not (node.tied and mark.option in ties)]

    def fact(name: str, en: str, ko: str, is_a: Class = "structure", rank: int = BOX, **words: Any) -> None:
        found.append(Mark(name, is_a, (ko if lang == "ko" else en).format(**words), rank))

    if node.tied:
        turned = any(node.op.__dict__[name] == "turned" for name in ties)
        label = _label(graph, node.tied)
        if turned:
            fact("tied", "weights of {label}, transposed", "{label}의 가중치, 전치", label=label)
        else:
            fact("tied", "weights of {label}", "{label}의 가중치", label=label)
    if any(scope.shared for scope in graph.ancestors(node.scope)) and node.path:
        fact("shared", "shared weights", "가중치 공유")
    elif node.again and node.path:
        fact("again", "same weights as {label}", "{label}과 같은 가중치", label=_label(graph, node.path))
    if node.backward and node.op.over_time and node.kind != "port":
        fact("backward", "backwards in time", "시간을 거꾸로")
    if node.delay > 1:
        fact("delay", "{steps} steps ago", "{steps}시점 전", steps=node.delay)
    if node.frozen and all(mark.option != "frozen" for mark in found):
        fact("frozen", "frozen", "고정", "training", TOOLTIP)
    return tuple(sorted(found, key=lambda mark: ("structure", "kind", "training").index(mark.is_a)))


def _label(graph: Graph, path: str) -> str:
    """The label of the line that owns the weights of a path."""
    owner = next((node for node in graph.nodes if node.path == path and not node.again), None)
    return path if owner is None else graph.layers[owner.layer].label
