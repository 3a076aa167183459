"""The graph of a net: the result of resolving names, blocks and types.

Nodes are in an order in which each can be computed; only a `delay` node may read a later one. Beside this flat list,
the graph keeps the tree of scopes (the net, its blocks, its repeats and their rounds) and the layers (lines of the
spec): figures collapse scopes, emitted source has classes for them, and tables have a row for each layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.ir.marks import BOX, TOOLTIP, Class, Mark
from netspec.ir.operation import Copies, Op, Structure, Weight
from netspec.ir.sizes import Size, is_open, product
from netspec.ir.types import Type
from netspec.source import Span

if TYPE_CHECKING:
    import networkx

    from netspec.diagnostics.model import Diagnostic


class Edge(NamedTuple):
    """One value: output number `output` of node number `node`."""

    node: int
    output: int = 0


class Origin(NamedTuple):
    """A step was passed to a block as a parameter: the block, the parameter, and the node where this use begins."""

    scope: int
    name: str
    use: int


Origins = tuple[Origin, ...]  # from the innermost block outwards, since a block may pass its parameter on to another


@dataclass(slots=True, eq=False)
class Node:
    """One use of an operation."""

    index: int
    op: Op
    inputs: tuple[Edge, ...]
    types: tuple[Type, ...]
    word: str  # the word of the spec for the step: `perceptrons`, `relu`, `+`
    layer: int
    scope: int
    path: str = ""  # the name of its weights in the spec, counted from 1: `h.2.a`; "" if it stores none
    tied: str = ""  # the path of the step whose main weight it uses instead of its own
    frozen: bool = False
    again: bool = False  # whether it reuses weights that another node owns (`same`, `shared`)
    backward: bool = False  # whether it is inside `reversed`, where time runs backwards
    carried: bool = False  # whether its own state is carried from batch to batch
    span: Span | None = None
    key: str = ""  # the module in state_dict that holds its weights, or its only array if `bare`
    tied_key: str = ""  # the key of the step that it is tied to
    origins: Origins = ()
    copies: tuple[int, ...] = ()  # the scopes of the step in its braces, one for each kind of copies

    @property
    def bare(self) -> bool:
        """Whether its only array is a parameter of the enclosing class instead of a module of its own."""
        return self.op.bare

    @property
    def type(self) -> Type:
        return self.types[0]

    def stored(self, name: str = "weight") -> str:
        """Return the key in state_dict of an array, given its name in the module."""
        if self.tied and name == "weight":
            return f"{self.tied_key}.weight"
        return self.key if self.bare else f"{self.key}.{name}"

    @property
    def kind(self) -> Structure:
        """`input`, `port`, `delay` or `flip`; "" for an operation."""
        return self.op.structure

    @property
    def delay(self) -> int:
        """By how many time steps its first input is delayed; 0 unless the node is a delayed read."""
        return self.op.delay

    def looks_across_time(self, position: int) -> bool:
        """Whether the node reads several time steps of the input at `position`."""
        return self.op.looks_across_time(position, len(self.inputs))

    @property
    def reads(self) -> tuple[Edge, ...]:
        """The inputs that it reads itself: all but what the copies of the step in its braces make."""
        return self.inputs[: len(self.inputs) - len(self.copies)]

    @property
    def inputs_now(self) -> tuple[Edge, ...]:
        """The inputs of the same time step: all inputs except a delayed one."""
        return self.inputs[1:] if self.op.delay else self.inputs


@dataclass(slots=True, eq=False)
class Layer:
    """One line of a net or block after expansion; `path` is its full name (`r1.2.a`)."""

    index: int
    label: str
    path: str
    role: str
    scope: int
    caption: str = ""
    text: str = ""  # the line as written, without its caption
    values: tuple[Edge, ...] = ()
    span: Span | None = None
    section: str = ""  # a heading for figures; "" if there is none
    expected: bool = False  # whether the line declares its type with `is T`


@dataclass(slots=True, eq=False)
class Scope:
    """A net, an instance of a block, a repeat or one of its rounds. It holds the nodes from `first` up to `last`."""

    index: int
    parent: int
    kind: str  # net, block, repeat, round, call (of an operation with a step in braces)
    name: str  # the name of the block or net; the number of a round
    path: str  # its name in the spec, counted from 1: `r1.2`; "" for the net
    layer: int  # the layer that it belongs to; -1 for the net
    first: int = 0
    last: int = 0
    shared: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    # the names in `params` that are parameters of the block; the others are sizes of its inputs
    given: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()  # the nodes that represent its inputs
    port_names: tuple[str, ...] = ()
    results: tuple[Edge, ...] = ()
    result_names: tuple[str, ...] = ()
    children: list[int] = field(default_factory=list)
    again: bool = False
    backward: bool = False  # whether it is inside `reversed`
    key: str = ""  # its module in state_dict; "" for the net
    origins: Origins = ()
    count: Size = 0  # the number of rounds of a repeat, as written
    copies: Copies | None = None  # if it stands for several copies, each with weights of its own
    source: Any = None  # the definition of the net or block in the spec
    arguments: dict[str, Any] = field(default_factory=dict)  # the arguments of the call, by parameter


def copies_of(scopes: Sequence[Scope], scope: int) -> tuple[Copies, ...]:
    """Return the copies that a scope and the scopes around it stand for, the outermost first."""
    found = []
    while scope >= 0:
        copies = scopes[scope].copies
        if copies is not None:
            found.append(copies)
        scope = scopes[scope].parent
    return tuple(reversed(found))


@dataclass(slots=True, eq=False)
class Stored:
    """One array of the net: its key in state_dict, its shape and its kind.

    An array of a step that has copies stands for the arrays of all copies: its key has `*` for the number of the copy.
    `copies` lists, for each `*`, the copies; the innermost stands last.
    """

    key: str
    weight: Weight
    node: int
    frozen: bool = False
    copies: tuple[Copies, ...] = ()

    @property
    def kind(self) -> str:
        if self.weight.buffer:
            return "buffer"
        return "frozen" if self.frozen or self.weight.fixed else "trainable"

    def each(self) -> Iterator[Stored]:
        """Yield the arrays of all copies, by their keys in state_dict."""
        if not self.copies:
            yield self
            return
        for number in range(int(self.copies[0].number)):  # type: ignore[arg-type]
            key = self.key.replace("*", str(number), 1)
            yield from Stored(key, self.weight, self.node, self.frozen, self.copies[1:]).each()


@dataclass(slots=True, eq=False)
class Counts:
    """Numbers of stored values. Trainable and frozen values are `weights`; buffers are not."""

    trainable: Size = 0
    frozen: Size = 0
    buffers: Size = 0
    idle: Size = 0  # the weights of copies that a token does not use
    unknown: int = 0  # how many classes of other packages there are whose weights nothing counts

    @property
    def active(self) -> Size:
        """How many weights one token uses."""
        return self.weights - self.idle

    @property
    def weights(self) -> Size:
        return self.trainable + self.frozen

    @classmethod
    def of(cls, stored: Iterable[Stored]) -> Counts:
        """Count the values of some arrays."""
        idle: Any
        totals: dict[str, Any] = {"trainable": 0, "frozen": 0, "buffer": 0}
        opened: dict[tuple[int, str], list[Weight]] = {}  # arrays with open sizes, and the other arrays of their nodes
        last, idle, unknown = -1, 0, 0
        for item in stored:
            unknown += item.weight.outside == "unknown"
            if item.weight.integer:
                continue
            total = item.weight.total
            if item.copies:
                every, used = _copied(item.copies)
                totals[item.kind] = totals[item.kind] + every * total
                if item.kind != "buffer":
                    idle = idle + (every - used) * total
            elif item.node == last or not isinstance(total, int):
                last = item.node
                opened.setdefault((item.node, item.kind), []).append(item.weight)
            else:
                totals[item.kind] += total
        for (_, kind), weights in opened.items():
            totals[kind] = totals[kind] + _together(weights)
        return cls(totals["trainable"], totals["frozen"], totals["buffer"], idle, unknown)


class Memory(NamedTuple):
    """What a net keeps of earlier time steps to compute the next one, in numbers of values.

    Attributes:
        bounds: how many for each time step, by the number of steps that are kept; None stands for all steps.
        fixed: how many whose number does not grow.
    """

    bounds: dict[Size | None, Size]
    fixed: Size

    @property
    def step(self) -> Size:
        """How many values a time step adds."""
        found: Any = sum(self.bounds.values())
        return found  # type: ignore[no-any-return]


def _copied(copies: Sequence[Copies]) -> tuple[Any, Any]:
    """Return how many copies there are of a step in copies of a step, and how many of them a token uses."""
    every: Any = product(tuple(one.number for one in copies))
    used: Any = product(tuple(one.used for one in copies))
    return every, used


def _together(weights: list[Weight]) -> Size:
    """Return how many values the arrays of one node have; open sizes keep the usual form, `H*(d+1)`."""
    first = weights[0].shape[:1]
    total: Any = sum((weight.total for weight in weights[1:]), weights[0].total)
    if is_open(total) and all(weight.shape[:1] == first for weight in weights):
        rest: Any = sum((product(weight.shape[1:]) for weight in weights[1:]), product(weights[0].shape[1:]))
        return first[0] * rest  # type: ignore[no-any-return]
    return total  # type: ignore[no-any-return]


def longest_path(nodes: Sequence[Node]) -> int:
    """Return the depth of a net: how many layers its longest path has (rule 22), without delayed edges."""
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
    params: dict[str, Any]  # every parameter with its value, which is a formula if sizes are open
    open: tuple[str, ...]  # the names of the sizes that are not set
    nodes: list[Node]
    layers: list[Layer]
    scopes: list[Scope]
    stored: list[Stored]
    counts: Counts
    depth: int
    inputs: tuple[int, ...]  # the nodes of the input lines
    outputs: tuple[int, ...]  # the layers of the output lines
    cells: list[tuple[int, ...]] = field(default_factory=list)  # the nodes of each recurrence
    # lists and sizes that `let` defines, for the data, train and figure sections
    lists: dict[str, Any] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    admitted: bool = False  # whether the classes of other packages that it applies were imported, if there are any
    _lines: tuple[dict[int, list[Node]], dict[int, list[int]]] | None = field(default=None, init=False, repr=False)

    def layer(self, path: str) -> Layer:
        """Return the layer with a path such as `r1.2.a`; raise KeyError if there is none."""
        for layer in self.layers:
            if layer.path == path:
                return layer
        raise KeyError(path)

    @property
    def top(self) -> list[Layer]:
        """The lines of the net itself, in order."""
        return [layer for layer in self.layers if layer.scope == 0]

    def type_of(self, edge: Edge) -> Type:
        """Return the type of a value."""
        return self.nodes[edge.node].types[edge.output]

    @property
    def arrays(self) -> Iterator[Stored]:
        """The arrays of `state_dict`: those of `stored`, with one for each copy of a step that has copies."""
        return (one for item in self.stored for one in item.each())

    def copies(self, scope: int) -> tuple[Copies, ...]:
        """Return the copies that a scope and the scopes around it stand for, the outermost first."""
        return copies_of(self.scopes, scope)

    def used(self, node: Node) -> Size:
        """How many copies of a node a token uses; 1 for a node that has no copies."""
        used: Any = _copied(self.copies(node.scope))[1]
        return used  # type: ignore[no-any-return]

    def types_asked(self, node: Node) -> list[Type]:
        """Return the input types as the operation sees them: of one time step, unless it looks across time."""
        types = [self.type_of(edge) for edge in node.inputs]
        return types if node.op.over_time else [value.step for value in types]

    def kept(self, nodes: Iterable[Node]) -> Memory:
        """Return what some nodes keep of earlier time steps to compute the next one; `reversed` ones keep nothing."""
        bounds: dict[Size | None, Any] = {}
        fixed: Any = 0
        forwards = [node for node in nodes if not node.backward]
        # `z[t-1]` and `z[t-3]` read one memory of three steps
        delays = sorted((node for node in forwards if node.delay), key=lambda node: node.delay)
        longest = {self.through(node.inputs[0]): node for node in delays}
        for node in forwards:
            if node.delay and longest[self.through(node.inputs[0])] is not node:
                continue
            step, bound, own = node.op.kept(*map(self.type_of, node.inputs))
            fixed = fixed + own
            if step != 0:
                bounds[bound] = bounds.get(bound, 0) + step
        return Memory(bounds, fixed)

    @property
    def outside(self) -> list[Node]:
        """The nodes that apply a class of another package."""
        return [node for node in self.nodes if node.op.outside is not None]

    @property
    def uncounted(self) -> list[str]:
        """The paths of the layers whose weights are not known."""
        nodes = (self.nodes[item.node] for item in self.stored if item.weight.outside == "unknown")
        return list(dict.fromkeys(self.layers[node.layer].path for node in nodes))

    def least_examples(self, node: Node) -> int:
        """How many examples a batch must have in training for a node."""
        return node.op.least_examples(*map(self.type_of, node.inputs))

    def stores(self, node: Node, name: str) -> bool:
        """Whether the operation of a node stores an array of this name."""
        return any(weight.name == name for weight in node.op.weights(*self.types_asked(node)))

    def through(self, edge: Edge) -> Edge:
        """Follow a value back through block inputs and `identity`, which change neither the value nor its gradient."""
        node = self.nodes[edge.node]
        while node.op.alias:
            edge = node.inputs[0]
            node = self.nodes[edge.node]
        return edge

    def nodes_of(self, layer: Layer) -> list[Node]:
        """Return the nodes of a line, including those in the blocks that it calls."""
        if self._lines is None:
            self._lines = self._by_line()
        nodes, inside = self._lines
        found: list[Node] = []
        waiting = [layer.index]
        while waiting:
            index = waiting.pop()
            found += nodes.get(index, ())
            waiting += inside.get(index, ())
        return sorted(found, key=lambda node: node.index)

    def _by_line(self) -> tuple[dict[int, list[Node]], dict[int, list[int]]]:
        """Return the nodes of each line, and the lines of the blocks that it calls, both by the line's index."""
        nodes: dict[int, list[Node]] = {}
        inside: dict[int, list[int]] = {}
        for node in self.nodes:
            nodes.setdefault(node.layer, []).append(node)
        for layer in self.layers:
            inside.setdefault(self.scopes[layer.scope].layer, []).append(layer.index)
        return nodes, inside

    def ancestors(self, scope: int) -> Iterator[Scope]:
        """Yield a scope and then the scopes around it, from the innermost outwards."""
        while scope >= 0:
            yield self.scopes[scope]
            scope = self.scopes[scope].parent

    def to_networkx(self) -> networkx.MultiDiGraph:
        """Return a networkx.MultiDiGraph: nodes have `op`, `type` and `layer`, edges have `input` and `delay`."""
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
    """Return what a figure must show of a node: the marks of its operation, and which weights it shares.

    Parameters:
        graph: the net.
        node: one of its nodes.
        lang: `en` or `ko`.

    Returns:
        The marks, sorted: structure first, then kinds, then what belongs in a tooltip.
    """
    ties = {name for name, declared in node.op.options.items() if declared.kind == "tie"}
    types = [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    found = [mark for mark in node.op.marks(lang, *types) if not (node.tied and mark.option in ties)]

    def fact(name: str, en: str, ko: str, is_a: Class = "structure", rank: int = BOX, **words: Any) -> None:
        found.append(Mark(name, is_a, (ko if lang == "ko" else en).format(**words), rank))

    if node.tied:
        turned = any(node.op.__dict__[name] == "turned" for name in ties)
        label = _label(graph, node, node.tied)
        if turned:
            fact("tied", "weights of {label}, transposed", "{label}의 가중치, 전치", label=label)
        else:
            fact("tied", "weights of {label}", "{label}의 가중치", label=label)
    if any(scope.shared for scope in graph.ancestors(node.scope)) and node.path:
        fact("shared", "shared weights", "가중치 공유")
    elif node.again and node.path:
        fact("again", "same weights as {label}", "{label}의 가중치를 함께 씀", label=_label(graph, node, node.path))
    if node.backward and node.op.over_time and node.kind != "port":
        fact("backward", "backwards in time", "시간을 거꾸로")
    if node.carried:
        fact("carried", "starts from the batch before", "앞 배치의 상태에서 시작")
    if node.delay:
        fact("delay", "one step ago" if node.delay == 1 else "{steps} steps ago", "{steps}시점 전", steps=node.delay)
        for start in node.inputs[1:]:
            source = graph.nodes[start.node]
            label = source.op.title(lang) if source.op.begins else graph.layers[source.layer].label
            fact("start", "starts from {label}", "{label}에서 시작", label=label)
    if not node.kind and (
        any(node.op.roles(len(node.inputs))) or (node.op.family == "arithmetic" and node.op.effect == "each")
    ):
        text = graph.layers[node.layer].text.partition(":")[2].strip().replace("->", "→")
        fact("order", "{text}", "{text}", text=text)
    if node.frozen and all(mark.option != "frozen" for mark in found):
        fact("frozen", "frozen", "고정", "training", TOOLTIP)
    return tuple(sorted(found, key=lambda mark: ("structure", "kind", "training").index(mark.is_a)))


def _label(graph: Graph, reader: Node, path: str) -> str:
    """Return what the line that owns the weights with this path is called; with its block if that is another one."""
    owner = next((node for node in graph.nodes if node.path == path and not node.again), None)
    if owner is None:
        return path
    layer = graph.layers[owner.layer]
    return layer.label if owner.scope == reader.scope else layer.path
