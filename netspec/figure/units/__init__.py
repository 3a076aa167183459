"""Turns a graph into groups of units and the links between them; figures that show single units draw these.

An operation that makes new values (perceptrons, filters, pools, `a + b`) starts a group. An operation that works on
the values it gets (activations, dropout, norms, reshapes) stays within the group. A delayed read becomes a link with a
delay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from netspec.figure.notes import NAME, ORDER, structural, titled
from netspec.figure.scene import Weight
from netspec.figure.settings import FigureSettings
from netspec.ir.graph import Edge, Graph, Layer, Node
from netspec.ir.operation import Windows
from netspec.ir.sizes import Size
from netspec.ir.types import Type

Kind = Literal["full", "same", "local"]


class Unsuitable(Exception):
    """Raised if a view cannot draw a node of the net.

    Attributes:
        node: which node.
        turned: whether that is because it fills windows instead of reading them.
    """

    def __init__(self, node: Node, turned: bool = False) -> None:
        super().__init__(node.word)
        self.node, self.turned = node, turned


@dataclass(slots=True, eq=False)
class Group:
    """The units that one operation makes; a figure draws them as one column, row or grid."""

    id: str
    label: str  # the symbol; "" leaves the circles empty
    layer: Layer
    role: str
    type: Type  # the type of one time step
    node: int  # the node that makes the sums
    value: int  # the node that holds the outputs of the units, after the activation
    deep: bool = False  # whether the units belong to a round of a `repeat`
    title: str = ""
    renames: str = ""  # the line of classes whose units it is, which has no circles of its own
    activation: str = ""
    acts: int = -1  # the node of the activation
    across: bool = False  # whether each value of the activation depends on the sums of all units
    bias: bool = False
    bias_key: str = ""
    sign: str = ""  # the sign of a sum, difference or product such as a + b
    timed: bool = False
    backward: bool = False  # whether it runs through the time steps from the last to the first
    flipped: bool = False  # whether `value` has the last time step first
    links: list[Link] = field(default_factory=list)
    cut: tuple[bool, bool] = (False, False)  # whether what it reads, and what reads it, is left out of the figure
    earlier: dict[int, str] = field(default_factory=dict)  # captions of lines that are its values of an earlier step

    @property
    def size(self) -> Size:
        return self.type.classes if self.type.classes is not None else self.type.values

    @property
    def nodes(self) -> range:
        """The steps that make the units, from the sums to the last that changes their values."""
        return range(self.node, self.value + 1)

    @property
    def said(self) -> tuple[str, int]:
        """What an unnamed circle has in it, the sign of its sum or its activation, and the step whose name that is."""
        return (self.sign, self.node) if self.sign else (self.activation, self.acts)

    @property
    def ink(self) -> str:
        """The role that gives the group its colour."""
        if self.role == "loss":
            return "ink"
        return "deep" if self.deep and self.role == "hidden" else self.role

    def bias_weight(self, place: int | None) -> Weight | None:
        return Weight(self.bias_key, (place,)) if self.bias_key and place is not None else None


@dataclass(slots=True, eq=False)
class Link:
    """A link from a group to a source that it reads.

    An operation may read several sources as one row of values; `first` is where in this row the source begins.
    """

    source: Group
    kind: Kind
    delay: int = 0
    first: Size = 0
    key: str = ""  # the key of the array that holds the link's weights
    turned: bool = False  # whether the array has the axis of the source first
    op: Any = None
    windows: Windows | None = None
    over: Type | None = None  # what the windows slide over: the source, perhaps in another arrangement
    filter: str = ""  # the key of the array with the weights that all windows share, and the shape of the array
    shape: tuple[Size, ...] = ()
    starts: tuple[Group, ...] = ()  # what a delayed link reads before the first step
    ended: bool = False  # whether it reads a source at its last step alone
    early: bool = False  # or at its first one

    def weight(self, target: int | None, source: int | None) -> Weight | None:
        """Return the weight that leads from a unit of the source to a unit of the target; None if it is not known."""
        if not self.key or target is None or source is None or not isinstance(self.first, int):
            return None
        place = (target, self.first + source)
        return Weight(self.key, place[::-1] if self.turned else place)


@dataclass(frozen=True, slots=True)
class Part:
    """The values of a group, now (`delay` 0) or some time steps earlier.

    `flipped`: with the last step first; `ended`: those of one step alone, the last one or with `early` the first.
    """

    group: Group
    delay: int = 0
    starts: tuple[Group, ...] = ()
    flipped: bool = False
    ended: bool = False
    early: bool = False


class _Reader:
    def __init__(self, graph: Graph, past: bool) -> None:
        self.graph = graph
        self.past = past
        self.groups: list[Group] = []
        self.held: dict[Edge, tuple[Part, ...]] = {}
        self.line_ends = {edge for layer in graph.layers for edge in layer.values}
        self.ids: dict[str, int] = {}

    def read(self) -> list[Group]:
        for node in self.graph.nodes:
            self.node(node)
        self.name_lines()
        return self.groups

    # ---- one node

    def node(self, node: Node) -> None:
        effect, wiring, edge = node.op.effect, node.op.wiring, Edge(node.index)
        if node.kind == "input":
            self.held[edge] = (Part(self.start(node)),)
        elif node.kind == "delay":
            self.held[edge] = self.delayed(node)
        elif node.kind == "flip":
            self.held[edge] = tuple(replace(part, flipped=not part.flipped) for part in self.of(node.inputs[0], node))
        elif wiring == "side":
            self.held[edge] = tuple(part for read in node.inputs for part in self.of(read, node))
        elif effect == "select" and self.graph.type_of(node.inputs[0]).classes is not None:
            self.held[edge] = self.rename(node)
        elif effect != "new":
            self.held[edge] = self.within(node)
        elif wiring != "none" or node.op.begins or self.reads_all(node):
            group = self.make(node)
            self.held[edge] = (Part(group, flipped=group.backward),)
        else:
            raise Unsuitable(node)

    def reads_all(self, node: Node) -> bool:
        """Whether a step without weights makes one unit of all values that it reads, such as the largest of them."""
        return not node.op.over_time and node.type.step.values == 1 and len(node.inputs) == 1

    def of(self, edge: Edge, node: Node) -> tuple[Part, ...]:
        if edge not in self.held:
            raise Unsuitable(node)
        return self.held[edge]

    def start(self, node: Node) -> Group:
        """Add a new group of units that a node makes, and return this group."""
        layer = self.graph.layers[node.layer]
        rounds = [scope for scope in self.graph.ancestors(node.scope) if scope.kind == "round"]
        base = rounds[0].path if rounds and layer.scope != node.scope and rounds[0].path else layer.path
        count = self.ids[base] = self.ids.get(base, 0) + 1
        group = Group(
            id=base if count == 1 else f"{base}#{count}",
            label="",
            layer=layer,
            # only the last group in the line of an output is the output; `name` finds this group later
            role="input" if node.kind == "input" and layer.scope == 0 else "hidden",
            type=node.type.step,
            node=node.index,
            value=node.index,
            deep=bool(rounds),
            timed=node.type.time is not None,
        )
        self.groups.append(group)
        return group

    def delayed(self, node: Node) -> tuple[Part, ...]:
        """Return the parts of a delayed read; if the line that is read has no group yet, a `_Later` takes its place."""
        steps, edge = node.delay, node.inputs[0]
        read = [part for start in node.inputs[1:] for part in self.held.get(start, ())]
        if any(part.early for part in read):  # an arrow from the first step to a loop's begin
            raise Unsuitable(node)
        starts = tuple(part.group for part in read)
        if edge in self.held:
            return tuple(replace(part, delay=part.delay + steps, starts=starts) for part in self.held[edge])
        return (Part(_Later(edge, node, self.graph), steps, starts),)  # type: ignore[arg-type]

    def rename(self, node: Node) -> tuple[Part, ...]:
        """Name the circles of a class input after the line that turns classes into units, and return them."""
        parts = self.of(node.inputs[0], node)
        layer = self.graph.layers[node.layer]
        if Edge(node.index) in layer.values and len(parts) == 1:
            group = parts[0].group
            group.renames = group.layer.path
            group.layer, group.id, group.value = layer, layer.path, node.index
        return parts

    def within(self, node: Node) -> tuple[Part, ...]:
        """Return the parts that a node reads: it adds no units, except where it changes those of another line."""
        read = node.inputs[0]
        parts = self.of(read, node)
        acts = bool(node.op.activation)
        late = self.graph.nodes[read.node].kind == "delay"
        if makes_own(self.graph, node) and (late or read in self.line_ends):
            group = self.start(node)
            if acts:
                group.activation, group.acts, group.across = node.op.name, node.index, node.op.effect == "across"
            group.sign = "" if acts else node.op.circle or node.op.title()
            kind: Kind = "full" if group.across else "same"
            for one in parts:
                link = Link(one.group, kind, one.delay, starts=one.starts, ended=one.ended, early=one.early)
                group.links.append(link)
            group.backward = group.flipped = _backward(parts, node)
            return (Part(group, flipped=group.backward),)
        over = self.graph.type_of(read).time is not None and node.type.time is None
        for part in parts:
            if not part.delay and not over and not isinstance(part.group, _Later):
                part.group.value, part.group.flipped = node.index, part.flipped
                if acts:
                    own, across = part.group, node.op.effect == "across"
                    own.activation, own.acts, own.across = node.op.name, node.index, across
        first = node.op.only_step == 0
        return tuple(replace(one, ended=True, early=first != one.flipped) for one in parts) if over else parts

    def make(self, node: Node) -> Group:
        """Add a group of new units, with links to the groups that the operation reads, and return the new group."""
        sources = [part for read in node.inputs for part in self.of(read, node)]
        group = self.start(node)
        group.backward = group.flipped = _backward(sources, node)
        group.bias = node.op.dense and self.graph.stores(node, "bias")
        group.bias_key = node.stored("bias") if group.bias else ""
        group.sign = node.op.circle
        kind: Kind = "local" if node.op.wiring == "window" else "same" if node.op.wiring == "pair" else "full"
        windows = node.op.windows(self.graph.type_of(node.inputs[0])) if kind == "local" else None
        back = node.op.looks_back if self.past else ()
        if kind == "local" and (windows is None or windows.turned) and not back:
            raise Unsuitable(node, turned=windows is not None)
        first: Size = 0
        over = self.graph.type_of(node.inputs[0]).step if windows is not None else None
        for steps in back:
            group.links += [Link(one.group, "full", one.delay + steps, starts=one.starts) for one in sources]
        for part in () if back else sources:
            link = Link(part.group, kind, part.delay, first, op=node.op, windows=windows, over=over)
            link.starts, link.ended, link.early = part.starts, part.ended, part.early
            if kind == "local" and node.op.weighted_sum:
                assert over is not None
                shape = next((one.weight.shape for one in self.graph.stored if one.key == node.stored()), ())
                if len(shape) == 2 + len(over.space):  # not an array with the connected pairs of maps alone
                    link.filter, link.shape = node.stored(), shape
            if kind == "full" and node.op.stored:
                link.key = node.stored()
                link.turned = node.op.stored == "in_out"
            group.links.append(link)
            first = 0 if kind == "same" else first + self.size_of(part)
        if node.op.family == "recurrent":
            group.bias = True
            group.links.append(Link(group, "full", 1))
        return group

    def size_of(self, part: Part) -> Size:
        return part.group.size

    # ---- once all groups are known

    def name_lines(self) -> None:
        """Give each line's label and caption to its last group; a line outside a block wins over lines inside."""
        for group in self.groups:
            for link in group.links:
                if isinstance(link.source, _Later):
                    link.source = link.source.found(self.held)
        depth = {layer.index: sum(1 for _ in self.graph.ancestors(layer.scope)) for layer in self.graph.layers}
        for layer in sorted(self.graph.layers, key=lambda layer: -depth[layer.index]):
            for edge in layer.values:
                parts = self.held.get(edge, ())
                if len(parts) == 1 and not parts[0].delay:
                    self.name(parts[0].group, layer)
                elif len(parts) == 1 and layer.caption:
                    own = parts[0].group
                    own = own.found(self.held) if isinstance(own, _Later) else own
                    own.earlier[parts[0].delay] = layer.caption

    def name(self, group: Group, layer: Layer) -> None:
        lines = {group.layer.index} | {scope.layer for scope in self.graph.ancestors(group.layer.scope)}
        ends = layer.scope == 0 and layer.role == "output"
        if layer.index in lines or ends:
            own = layer.index in lines
            group.title = (
                (layer.caption or group.title) if own and not group.renames else _both(group.title, layer.caption)
            )
            group.label = "" if group.deep else layer.label
        elif layer.caption and layer.scope == group.layer.scope:  # the line changes the values of these units
            group.title = _both(group.title, layer.caption)
        if ends:
            group.role = "output"


def _both(*captions: str) -> str:
    return "\n".join(caption for caption in captions if caption)  # `filter` is a module of this package


def _backward(parts: Iterable[Part], node: Node) -> bool:
    """Whether values come with the last time step first; raise Unsuitable if only some of them do."""
    found = {part.flipped for part in parts if not isinstance(part.group, _Later) and part.group.timed}
    if len(found) > 1:
        raise Unsuitable(node)
    return found == {True}


class _Later:
    """A stand-in for a group that a delayed read names before the group is made."""

    def __init__(self, edge: Edge, node: Node, graph: Graph) -> None:
        self.edge = edge
        self.node = node
        self.type = graph.nodes[edge.node].types[edge.output].step
        self.size = self.type.values

    def found(self, held: dict[Edge, tuple[Part, ...]]) -> Group:
        parts = held.get(self.edge, ())
        if len(parts) != 1 or parts[0].delay:
            raise Unsuitable(self.node)
        return parts[0].group


def groups_of(graph: Graph, past: bool = False) -> list[Group]:
    """Return the groups of a net in the order in which they are computed; raise Unsuitable if a node has no units.

    Parameters:
        past: whether a causal filter along time becomes links with delays, one for each step that it reads.
    """
    return _Reader(graph, past).read()


def with_renamed(graph: Graph, settings: FigureSettings) -> FigureSettings:
    """Return settings in which units also have the hints of the line of classes whose units they are."""
    layers = dict(settings.layers)
    try:
        groups = groups_of(graph) if layers else []
    except Unsuitable:
        return settings
    for group in groups:
        own, named = settings.of(group.layer.path), layers.pop(group.renames, None)
        if named is not None:
            usual = type(own)()
            given = {one.name: getattr(own, one.name) for one in fields(own)}
            given = {name: value for name, value in given.items() if value != getattr(usual, name)}
            layers[group.layer.path] = replace(named, **given)
    return replace(settings, layers=layers)


def makes_own(graph: Graph, node: Node) -> bool:
    """Whether a step has circles of its own although it makes no sums: an activation, or `1 - t`, of another line."""
    op = node.op
    changes = bool(op.activation) or (op.family == "arithmetic" and len(node.inputs) == 1)
    if not changes or not (op.effect == "each" or (op.effect == "across" and not node.type.space)):
        return False
    read = graph.nodes[node.inputs[0].node]
    return read.kind == "delay" or read.layer != node.layer


def shown_by_units(graph: Graph, node: Node, bias: bool, most: int) -> frozenset[str]:
    """Return the marks of a step that circles and their wires show.

    A circle with wires to all it reads is a weighted sum; other steps have wires alike, so their name is left to say.
    Windows show in wires as long as all units are drawn.

    Parameters:
        bias: whether the figure draws a circle for the constant 1.
        most: up to how many units of a layer all are drawn.
    """
    op = node.op
    shown = {"delay"}
    if op.circle and op.effect == "new":  # a sum or product has its sign in circles without a name: `Scene.named`
        shown |= titled(op) - {NAME}
    elif op.effect == "order" and titled(op) == {NAME}:
        shown |= titled(op)  # values in the same order are the same circles
    elif op.wiring == "full":
        shown |= titled(op) if op.dense else titled(op) - {NAME}
    elif op.wiring == "window":
        values = [node.type.values, *(graph.type_of(edge).values for edge in node.inputs)]
        if all(isinstance(value, int) and value <= most for value in values):
            shown |= structural(op)  # the name says what wires cannot: that all windows share their weights
    if op.wiring == "side":
        shown |= titled(op) | {ORDER}
    elif not op.activation and makes_own(graph, node):
        shown |= titled(op) - {NAME} | {ORDER}
    if bias and op.dense:
        shown.add("bias")
    return frozenset(shown)


def lone_links(group: Group) -> list[Link]:
    """Return the links of a group, with links that read the same values joined: `x + x` has one wire for each unit.

    Several weights belong to a joined link, so it names no array of weights.
    """
    found: dict[tuple[Group, int, bool], Link] = {}
    for link in group.links:
        key = (link.source, link.delay, link.early)
        found[key] = link if key not in found else replace(found[key], key="")
    return list(found.values())


def read_by(link: Link, target: Type, to: int) -> list[int]:
    """Return the values of its source that a filter or pool reads to compute value `to`; all sizes must be numbers."""
    windows, source = link.windows, link.over
    assert windows is not None
    assert source is not None
    channel, place = _places(target, to)
    maps, space = int(source.maps), [int(size) for size in source.space]  # type: ignore[arg-type]
    found = [one for one in range(maps) if link.op.joins_maps(channel, one, maps)]
    for axis, (at, size) in enumerate(zip(place, space, strict=True)):
        inside = [one for one in windows.read(axis, at) if 0 <= one < size]
        found = [value * size + one for value in found for one in inside]
    return found


def shared_weight(link: Link, target: Type, to: int, value: int) -> Weight | None:
    """Return the weight of a filter with which value `to` reads a value of its source; None for other operations."""
    if not link.filter:
        return None
    assert link.windows is not None
    assert link.over is not None
    (channel, place), (read, at) = _places(target, to), _places(link.over, value)
    kernel = (link.windows.read(axis, pair).index(one) for axis, (pair, one) in enumerate(zip(place, at, strict=True)))
    return Weight(link.filter, (channel, read % int(link.shape[1]), *kernel))  # type: ignore[arg-type]


def reads(link: Link, target: Type, to: int, value: int) -> bool:
    """Whether `read_by` has a value; few are asked for where a filter reads thousands."""
    assert link.windows is not None
    assert link.over is not None
    (channel, place), (read, at) = _places(target, to), _places(link.over, value)
    inside = all(one in link.windows.read(axis, pair) for axis, (pair, one) in enumerate(zip(place, at, strict=True)))
    return inside and link.op.joins_maps(channel, read, int(link.over.maps))  # type: ignore[arg-type]


def _places(value: Type, place: int) -> tuple[int, tuple[int, ...]]:
    """Return the map of a value, and its position on each axis of space."""
    found = []
    for size in reversed(value.space):
        place, rest = divmod(place, int(size))  # type: ignore[arg-type]
        found.append(rest)
    return place, tuple(reversed(found))
