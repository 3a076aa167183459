"""One scope's nodes -> the lines of its class's `forward`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netspec.ir.graph import Edge, Graph, Layer, Node, Scope
from netspec.ir.operation import Lowering, Part
from netspec.lower.expressions import CALL, NAME, Expr, fill, slots
from netspec.lower.holes import Holes, code_width
from netspec.lower.modules import Place
from netspec.lower.order import Cell, Item, items, reads_whole
from netspec.lower.places import relative
from netspec.lower.pynames import Locals

if TYPE_CHECKING:
    from netspec.lower.classes import Classes

WIDTH = 88  # a longer expression is broken into steps
_TURNED_TWICE = ".transpose(1, 2).transpose(1, 2)"  # filters over time, one after another


@dataclass(slots=True)
class Draft:
    """A class before it is known which of its values differ between instances."""

    scope: Scope
    arguments: list[str] = field(default_factory=list)  # forward's, in order
    places: Place = field(default_factory=Place)
    lines: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    holes: Holes = field(default_factory=Holes)
    parts: dict[str, Part] = field(default_factory=dict)
    stateful: bool = False

    def signature(self) -> tuple[object, ...]:
        return (
            tuple(self.arguments),
            self.places.shape(),
            tuple(self.lines),
            tuple(self.returns),
            tuple(hole.shape for hole in self.holes.items),
        )


class Body:
    """Writes the forward of a net or block; repeats and recurrences follow in the subclasses."""

    def __init__(self, graph: Graph, scope: Scope, classes: Classes, draft: Draft) -> None:
        self.graph = graph
        self.scope = scope
        self.classes = classes
        self.draft = draft
        self.left = classes.uses.copy()  # how many readers of a value have not read it yet
        self.values: dict[Edge, Expr] = {}
        labels = (layer.label for layer in graph.layers if layer.scope == scope.index and layer.role != "start")
        self.locals = Locals(labels, classes.reserved)
        self.lengths: dict[str, str] = {}
        self.indent = ""
        self.layer = -1
        self.line: list[Edge] = []  # the values of the line that is being written
        self.access: list[tuple[str, str]] = []  # module paths that a loop's variable stands for
        self.assigned: set[str] = set()
        self.typed: set[str] = set()  # variables that are returned: their first assignment says Tensor
        self.untyped: dict[str, int] = {}  # those whose first assignment shows that it is one, by its line
        self.stepwise = scope.index in classes.stepwise  # inside a recurrence: values have no time axis
        self.whole: dict[Edge, Expr] = {}  # there, the values from outside with all their steps

    def write(self) -> None:
        self.ports()
        outputs = self.outputs()
        self.left.update(edge for layer in outputs for edge in layer.values)
        self.typed = {self.locals.line(layer.label) for layer in outputs}
        for item in items(self.graph, self.scope):
            self.item(item)
        self.draft.returns = [self.values[layer.values[0]].text for layer in outputs]

    def outputs(self) -> list[Layer]:
        return [layer for layer in self.graph.layers if layer.scope == self.scope.index and layer.role == "output"]

    def ports(self) -> None:
        """The arguments of forward: a net's inputs, or what a block is given; then the lengths they bring."""
        lengths = []
        for number in self.graph.inputs if self.scope.kind == "net" else self.scope.ports:
            node = self.graph.nodes[number]
            label = self.graph.layers[node.layer].label
            name = self.locals.line(label)
            self.draft.arguments.append(f"{name}: Tensor")
            self.values[Edge(number)] = Expr(name, NAME)
            time = node.type.time
            if time is not None and time.varying and time.varying not in self.lengths and not self.stepwise:
                self.lengths[time.varying] = self.locals.other(f"{label}_length")
                lengths.append(f"{self.lengths[time.varying]}: Tensor")
        self.draft.arguments += lengths

    # ---- items

    def item(self, item: Item) -> None:
        if isinstance(item, Cell):
            self.cell(item)
            return
        if isinstance(item, Scope):
            self.comment(item.layer)
            if item.kind == "repeat":
                self.repeat(item)
            else:
                self.call(item)
        elif item.kind == "port":
            if Edge(item.index) not in self.values:
                self.values[Edge(item.index)] = self.values[item.inputs[0]]
        elif item.kind != "input":
            self.comment(item.layer)
            self.node(item)

    def cell(self, cell: Cell) -> None:
        raise NotImplementedError

    def repeat(self, scope: Scope) -> None:
        raise NotImplementedError

    def comment(self, number: int) -> None:
        """The spec's line, above what it becomes."""
        if number == self.layer or number < 0:
            return
        self.layer = number
        self.line = []
        self.emit(f"# {comment_text(self.graph.layers[number])}")

    def emit(self, line: str) -> None:
        self.draft.lines.append(self.indent + line)

    # ---- values

    def assign(self, name: str, expr: Expr) -> Expr:
        if expr.text != name:
            shown = expr.text.startswith("torch.") and expr.binds == CALL  # the text itself says Tensor
            typed = ""
            if name in self.typed and name not in self.assigned:
                if shown:
                    self.untyped[name] = len(self.draft.lines)
                else:
                    typed = ": Tensor"
            elif name in self.untyped and not shown:  # what a module returns would take the name's type away
                place = self.untyped.pop(name)
                self.draft.lines[place] = self.draft.lines[place].replace(f"{name} =", f"{name}: Tensor =", 1)
            self.assigned.add(name)
            self.emit(f"{name}{typed} = {expr.text}")
        return Expr(name, NAME)

    def temporary(self, wanted: str) -> str:
        """A variable for a value on its way: the line's own name, unless something still needs that."""
        name, number = wanted, 2
        while not self.is_free(name):
            name, number = self.locals.other(f"{wanted}_{number}"), number + 1
        return name

    def is_free(self, name: str) -> bool:
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        return not any(self.left.get(edge, 0) > 0 and pattern.search(self.values[edge].text) for edge in self.line)

    def settle(self, edge: Edge) -> Expr:
        """Makes sure a value is a plain name."""
        expr = self.values[edge]
        if not expr.simple:
            held = self.left.get(edge, 0)
            self.left[edge] = 0  # its own text may name the variable it gets
            name = self.temporary(self.variable(self.layer))
            self.left[edge] = held
            self.values[edge] = expr = self.assign(name, expr)
        return expr

    def settle_all(self) -> None:
        """Before a loop: what is computed once is computed now."""
        for edge in self.line:
            if self.left.get(edge, 0) > 0:
                self.settle(edge)

    def variable(self, number: int) -> str:
        layer = self.graph.layers[number]
        if layer.role == "start":
            return self.locals.other(f"{layer.label}_start")
        if layer.scope == self.scope.index:
            return self.locals.line(layer.label)
        # a line of a block whose text stands here, because a loop runs through it
        path = layer.path[len(self.scope.path) + 1 :] if self.scope.path else layer.path
        return self.locals.other(path.replace(".", "_"))

    def keep(self, edge: Edge, expr: Expr) -> None:
        """A new value: a line's result gets the line's name, others stay inside the next expression."""
        layer = self.graph.layers[self.layer]
        self.line.append(edge)
        self.values[edge] = expr
        if edge in layer.values:
            number = layer.values.index(edge) + 1
            name = self.variable(self.layer)
            if len(layer.values) > 1:
                name = self.locals.other(f"{name}_{number}")
            self.values[edge] = self.assign(name, expr)
        elif self.left.get(edge, 0) != 1:
            self.settle(edge)

    def results(self, edges: list[Edge], text: str) -> None:
        """What a call or a step with several results gives."""
        if len(edges) == 1:
            self.keep(edges[0], Expr(text, CALL))
            return
        base = self.variable(self.layer)
        names = [self.locals.other(f"{base}_{number}") for number in range(1, len(edges) + 1)]
        self.emit(f"{', '.join(names)} = {text}")
        for edge, name in zip(edges, names, strict=True):
            self.values[edge] = Expr(name, NAME)
            self.line.append(edge)

    # ---- nodes

    def node(self, node: Node) -> None:
        lowering = self.lowering(node)
        for part in lowering.parts:
            self.draft.parts[part.name] = part
        template = lowering.forward
        names = {"x": 0, **{str(position): position for position in range(len(node.inputs))}}
        wanted = slots(template)
        fold = lowering.folds and node.type.time is not None and not self.stepwise
        for position, edge in enumerate(node.inputs):
            if fold or sum(names.get(slot) == position for slot in wanted) > 1:
                self.settle(edge)
        self.shorten(node, template)
        filled = {slot: self.slot(slot, node, lowering, names) for slot in dict.fromkeys(wanted)}
        expr = self.folded(template, filled) if fold else fill(template, filled)
        expr = Expr(expr.text.replace(_TURNED_TWICE, ""), expr.binds)
        for edge in node.inputs:
            self.left[edge] = self.left.get(edge, 1) - 1
        if len(node.types) > 1:
            self.results([Edge(node.index, position) for position in range(len(node.types))], expr.text)
        else:
            self.keep(Edge(node.index), expr)

    def folded(self, template: str, filled: dict[str, Expr]) -> Expr:
        """A step that knows no time axis: time is folded into the batch around it."""
        source = filled["x"].text
        filled["x"] = Expr(f"{source}.flatten(0, 1)", CALL)
        inner = fill(template, filled)
        return Expr(f"torch.unflatten({inner.text}, 0, {source}.shape[:2])", CALL)

    def lowering(self, node: Node) -> Lowering:
        return self.classes.lowering(node)

    def shorten(self, node: Node, template: str) -> None:
        """Gives operands names until the expression fits on a line."""
        while True:
            edges = [edge for edge in node.inputs if not self.values[edge].simple]
            total = code_width(template) + sum(code_width(self.values[edge].text) for edge in node.inputs)
            if not edges or total <= WIDTH - len(self.indent):
                return
            self.settle(max(edges, key=lambda edge: code_width(self.values[edge].text)))

    def slot(self, slot: str, node: Node, lowering: Lowering, names: dict[str, int]) -> Expr:
        if slot in names:
            edge = node.inputs[names[slot]]
            whole = self.stepwise and reads_whole(node, names[slot])
            return self.whole[edge] if whole else self.values[edge]
        if slot == "ahead":
            return self.ahead(node, lowering)
        if slot == "self":
            return Expr(self.path(node.key), CALL)
        if slot == "tied":
            return Expr(f"{self.path(node.tied)}.weight", CALL)
        if slot == "batch":
            return Expr(f"{self.first_argument()}.shape[0]", CALL)
        if slot == "device":
            return Expr(f"{self.first_argument()}.device", CALL)
        if slot == "dtype":
            return Expr(self.dtype(), CALL)
        if slot.startswith("lengths"):
            edge = node.inputs[int(slot[7:] or 0)]
            time = self.graph.nodes[edge.node].types[edge.output].time
            assert time is not None
            return Expr(self.lengths[time.varying], NAME)
        return Expr(self.draft.holes.put(lowering.values[slot], stored=True), CALL)

    def ahead(self, node: Node, lowering: Lowering) -> Expr:
        """What a step works out before it is told the time step."""
        names = {str(position): position for position in range(len(node.inputs))}
        return fill(lowering.ahead, {slot: self.slot(slot, node, lowering, names) for slot in slots(lowering.ahead)})

    def dtype(self) -> str:
        """The kind of numbers that a value made of none should have: that of the inputs, or of the weights."""
        for number in self.graph.inputs if self.scope.kind == "net" else self.scope.ports:
            if self.graph.nodes[number].type.classes is None:
                return f"{self.values[Edge(number)].text}.dtype"
        prefix = f"{self.scope.key}." if self.scope.key else ""
        if any(stored.key.startswith(prefix) and not stored.weight.buffer for stored in self.graph.stored):
            return "next(self.parameters()).dtype"
        return "torch.get_default_dtype()"

    def first_argument(self) -> str:
        """Some tensor from outside, for what reads nothing itself: its batch and device are everybody's."""
        return self.draft.arguments[0].partition(":")[0]

    def path(self, key: str) -> str:
        """How forward reaches a module: `self.stem.batchnorm`, or through a loop's variable."""
        for prefix, name in reversed(self.access):
            if key == prefix or key.startswith(prefix + "."):
                return name + key[len(prefix) :]
        return f"self.{relative(key, self.scope)}"

    # ---- blocks

    def call(self, scope: Scope) -> None:
        """`r2 = self.r2(r1)`."""
        edges = [self.graph.nodes[number].inputs[0] for number in scope.ports]
        texts = [self.values[edge].text for edge in edges] + self.inner_lengths(scope)
        total = sum(code_width(text) + 2 for text in texts)
        if total > WIDTH - 20:
            texts[: len(edges)] = [self.settle(edge).text for edge in edges]
        for edge in edges:
            self.left[edge] = self.left.get(edge, 1) - 1
        if self.classes.of(scope).stateful:
            self.stateful_call(scope, texts)
        else:
            self.results([*scope.results], f"{self.path(scope.key)}({', '.join(texts)})")

    def stateful_call(self, scope: Scope, arguments: list[str]) -> None:
        raise NotImplementedError

    def inner_lengths(self, scope: Scope) -> list[str]:
        """The lengths that a block's inputs bring along, in the order of its own arguments."""
        found: list[str] = []
        for number in () if scope.index in self.classes.stepwise else scope.ports:
            time = self.graph.nodes[number].type.time
            if time is not None and time.varying and time.varying not in found:
                found.append(time.varying)
        return [self.lengths[name] for name in found]


_LAYOUT = re.compile(r'("(?>(?:[^"\\\n]++|\\.)*)")|\s*#[^\n]*|\s+')


def comment_text(layer: Layer) -> str:
    """A line of the spec on one line: comments left out, blanks closed up, strings as they are."""
    text = _LAYOUT.sub(lambda match: match[1] or " ", layer.text)
    return " ".join(text.split()) if '"' not in text else text.strip()
