"""Turn the nodes of one net or block into the lines of its `forward`: chains, calls, repeats, and loops over time."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from netspec.codegen.modules import GivenModule, Modules, leaf, target
from netspec.codegen.order import Cell, Item, elements_of, indices, items
from netspec.codegen.pynames import Locals
from netspec.codegen.python import (
    WIDTH,
    Assign,
    Comment,
    Do,
    For,
    Statement,
    Value,
    call,
    expressions,
    fill,
    flat,
    is_name,
    name,
    names_in,
    parse,
    render,
    slots,
    walk,
    width,
)
from netspec.codegen.site import Callee, Run, Site, relative
from netspec.ir.graph import Edge, Layer, Node, Scope
from netspec.ir.operation import Lowering, Part
from netspec.ir.types import Time, Type

ROOM = WIDTH - 12  # characters; an expression that is longer is split into several lines with variables
STATE = "dict[str, Any]"


@dataclass
class Draft:
    """The code of a class, or of a function if a block has no weights, with the way its values are written still open.

    A value may become a literal or an argument of the class; `netspec.codegen.classes.settle` decides that later.
    What is asked of the whole code (`leaves`, `signature`, `trains`) is worked out once, after `Forward` wrote it.
    """

    scope: Scope
    function: bool = False
    arguments: list[str] = field(default_factory=list)  # the names of the tensors that `forward` takes, in order
    # the graph's names of the lengths that vary from example to example: `forward` takes these lengths too
    lengths: list[str] = field(default_factory=list)
    modules: Modules = field(default_factory=Modules)
    init: list[Statement] = field(default_factory=list)
    lines: list[Statement] = field(default_factory=list)
    returns: list[ast.expr] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # the names that `forward` uses: its local variables and globals
    stateful: bool = False

    @property
    def given(self) -> list[GivenModule]:
        return self.modules.given

    @cached_property
    def trains(self) -> bool:
        """Whether the code reads `self.training`, that is, behaves differently in training."""
        return any(
            isinstance(node, ast.Attribute) and node.attr == "training"
            for line in self.lines
            for expression in expressions(line)
            for node in walk(expression)
        )

    @cached_property
    def leaves(self) -> list[Value]:
        """Return every value in the code in the order of the text; the values of `__init__` come first."""
        statements = (*self.init, *self.lines)
        code = [*(found for line in statements for found in expressions(line)), *self.returns]
        return [node for found in code for node in walk(found) if isinstance(node, Value)]

    @cached_property
    def signature(self) -> tuple[object, ...]:
        """Return what must be equal if two instances are to share a class.

        The values of numbers and flags are left out, because they can become arguments of the class.
        """
        lines = [*render(self.init, show=_kind), *render(self.lines, show=_kind)]
        returns = [flat(value, _kind) for value in self.returns]
        defaults = [repr(value.default) for value in self.leaves]
        arguments = [*self.arguments, *self.lengths, *(item.name for item in self.given)]
        return (self.function, self.stateful, tuple(arguments), tuple(lines), tuple(returns), tuple(defaults))


def _kind(value: Value) -> str:
    """Return a text that stands for the kind of a value: equal for all numbers and flags, but not for strings."""
    return f'"{value.value}"' if isinstance(value.value, str) else "None" if value.value is None else "0"


@dataclass(frozen=True, slots=True)
class Pass:
    """A part of a net's forward pass.

    nodes: what it computes, whole lines of the net.
    given: the values of other lines that it takes as arguments, after the net's inputs.
    returned: the values that it returns, always as a tuple.
    """

    nodes: frozenset[int]
    given: tuple[Edge, ...]
    returned: tuple[Edge, ...]


class Forward:
    """Write the `forward` of a net or block.

    Args:
        site: the graph, and what code generation knows of it.
        scope: the net or block whose `forward` is written.
        draft: the draft that receives the lines; its modules are already collected.
    """

    def __init__(self, site: Site, scope: Scope, draft: Draft) -> None:
        self.site = site
        self.graph = site.graph
        self.scope = scope
        self.draft = draft
        self.lines = draft.lines  # new lines are added here: the body of the function, or of the innermost open loop
        self.depth = 0  # the number of Python loops around the line that is being written
        self.left = site.uses.copy()  # for each value: how many of its readers are not written yet
        self.values: dict[Edge, ast.expr] = {}
        labels = (layer.label for layer in self.graph.layers if layer.scope == scope.index and layer.role != "start")
        self.locals = Locals(labels, site.taken)
        self.lengths: dict[str, ast.expr] = {}
        self.layer = -1
        self.line: list[Edge] = []  # the values of the spec's line that is being written
        # pairs of a module's key and the variable of a loop that holds this module
        self.access: list[tuple[str, ast.expr]] = []
        self.assigned: set[str] = set()
        self.typed: set[str] = set()  # variables that `forward` returns; type checkers must see that they are tensors
        # by variable: its first assignment, if this needs no annotation because a call of torch gives the type
        self.untyped: dict[str, Assign] = {}
        self.stepwise = scope.index in site.in_loops  # whether this code is inside a loop over time steps
        self.whole: dict[Edge, ast.expr] = {}  # inside a loop over time: outer values with all their time steps
        self.counters: tuple[str, ...] = ()  # the counters of the loops around; keys of states contain them
        self.state_keys: set[str] = set()
        # the values that one round of a repeat hands to the next round
        self.rounded = {edge for each in self.graph.scopes if each.kind == "round" for edge in each.results}
        # by node in a loop over time: the value that was computed for this node once, before the loop
        self.ahead_of_loop: dict[int, ast.expr] = {}
        self.runs: dict[int, Run] = {id(member): run for run in draft.modules.runs for member in run.members}
        self.done: set[int] = set()

    def write(self, only: Pass | None = None) -> None:
        """Write the whole code, or of a net only a pass."""
        self.ports()
        outputs = [layer for layer in self.graph.layers if layer.scope == self.scope.index and layer.role == "output"]
        returned = tuple(layer.values[0] for layer in outputs) if only is None else only.returned
        self.left.update(returned)
        self.typed = {
            self.locals.line(layer.label)
            for layer in self.graph.layers
            if layer.scope == self.scope.index
            and layer.role in ("hidden", "output")
            and {*returned} & {*layer.values}  # two names can share one value, as in `b = a`
        }
        for number, edge in enumerate(() if only is None else only.given, 1):
            variable = self.locals.other(f"given_{number}")
            self.draft.arguments.append(variable)
            self.values[edge] = name(variable)
        for item in items(self.graph, self.scope):
            if only is None or not only.nodes.isdisjoint(indices(item)):
                self.item(item)
        self.draft.returns = [self.values[edge] for edge in returned]
        code = [*(found for line in self.draft.lines for found in expressions(line)), *self.draft.returns]
        self.draft.names = self.locals.given() | {word for found in code for word in names_in(found)}

    def ports(self) -> None:
        """Name the arguments of `forward`: first the inputs of the net or block, then the lengths that vary."""
        for number in self.graph.inputs if self.scope.kind == "net" else self.scope.ports:
            node = self.graph.nodes[number]
            label = self.graph.layers[node.layer].label
            variable = self.locals.line(label)
            self.draft.arguments.append(variable)
            self.values[Edge(number)] = name(variable)
            time = node.type.time
            if time is not None and time.varying and time.varying not in self.lengths and not self.stepwise:
                self.lengths[time.varying] = name(self.locals.other(f"{label}_length"))
                self.draft.lengths.append(time.varying)
        self.draft.arguments += [flat(self.lengths[varying]) for varying in self.draft.lengths]

    # ---- items

    def item(self, item: Item) -> None:
        if isinstance(item, Cell):
            self.cell(item)
        elif isinstance(item, Scope) and item.kind == "call":
            self.applied(item)
        elif isinstance(item, Scope):
            run = self.run_of(item)
            if run is not None:
                self.run(run, item.layer)
                return
            self.comment(item.layer)
            if item.kind == "repeat":
                self.repeat(item)
            else:
                self.call(item)
        elif id(item) in self.runs:
            self.run(self.runs[id(item)], item.layer)
        elif item.kind == "port":
            if Edge(item.index) not in self.values:
                self.values[Edge(item.index)] = self.values[item.inputs[0]]
        elif item.kind != "input":
            self.comment(item.layer)
            self.node(item)

    def applied(self, scope: Scope) -> None:
        """Write the call of a module that owns the copies of a step: what the copies compute, it calls itself."""
        copies = [self.graph.scopes[child] for child in scope.children if self.graph.scopes[child].copies]
        inside = {index for one in copies for index in range(one.first, one.last)}
        for index in inside:
            for edge in self.graph.nodes[index].inputs:
                if edge.node not in inside:
                    self.left[edge] -= 1
        for number in range(scope.first, scope.last):
            if number not in inside:
                self.item(self.graph.nodes[number])

    def run_of(self, scope: Scope) -> Run | None:
        """Return the `nn.Sequential` that a block belongs to or that a repeat is written as, or None."""
        if id(scope) in self.runs:
            return self.runs[id(scope)]
        if scope.kind != "repeat" or not self.runs:
            return None
        inside = [self.graph.scopes[child] for number in scope.children for child in self.graph.scopes[number].children]
        nodes = [node for node in self.graph.nodes[scope.first : scope.last] if id(node) in self.runs]
        return next((self.runs[id(member)] for member in (*inside, *nodes) if id(member) in self.runs), None)

    def run(self, run: Run, layer: int) -> None:
        """Write the call of an `nn.Sequential`: `r2 = self.r2(r1)`."""
        if id(run) in self.done:
            return
        self.done.add(id(run))
        self.comment(layer)
        source = self.values[run.source]
        if width(source) > ROOM - 20:
            source = self.settle(run.source)
        self.left[run.source] -= 1
        self.keep(run.result, fill("{self}({x})", {"self": parse(f"self.{run.attribute}"), "x": source}))

    def comment(self, number: int) -> None:
        """Write a line of the spec as a comment above the code that it becomes."""
        if number == self.layer or number < 0:
            return
        self.layer = number
        self.line = []
        self.lines.append(Comment(comment_text(self.graph.layers[number])))

    # ---- values

    def assign(self, variable: str, value: ast.expr) -> ast.expr:
        if not (isinstance(value, ast.Name) and value.id == variable):
            # type checkers know without an annotation that a call such as `torch.cat(...)` gives a Tensor
            shows = isinstance(value, ast.Call) and flat(value.func).startswith("torch.")
            line = Assign(variable, value)
            if variable in self.typed and variable not in self.assigned:
                if shows:
                    self.untyped[variable] = line
                else:
                    line.annotation = "Tensor"
            # A type checker takes the result of a module as Any. The variable gets such a value now,
            # so its first assignment must say that it is a Tensor.
            elif variable in self.untyped and not shows:
                self.untyped.pop(variable).annotation = "Tensor"
            self.assigned.add(variable)
            self.lines.append(line)
        return name(variable)

    def temporary(self, wanted: str) -> str:
        """Return a variable for an intermediate value: the wanted name, or a new one if the old value is still read."""
        variable, number = wanted, 2
        while not self.is_free(variable):
            variable, number = self.locals.other(f"{wanted}_{number}"), number + 1
        return variable

    def is_free(self, variable: str) -> bool:
        return not any(self.left.get(edge, 0) > 0 and variable in names_in(self.values[edge]) for edge in self.line)

    def settle(self, edge: Edge) -> ast.expr:
        """Return the variable of a value; if the value is still an expression, first assign it to a variable."""
        value = self.values[edge]
        if not is_name(value):
            held = self.left.get(edge, 0)
            # the value may replace a variable that its own expression reads: `x = F.relu(x)`
            self.left[edge] = 0
            variable = self.temporary(self.variable(self.layer))
            self.left[edge] = held
            self.values[edge] = value = self.assign(variable, value)
        return value

    def settle_all(self) -> None:
        """Assign all pending values to variables, so that a loop that follows does not compute them in each round."""
        for edge in self.line:
            if self.left.get(edge, 0) > 0:
                self.settle(edge)

    def variable(self, number: int) -> str:
        """Return the variable of a line of the spec."""
        layer = self.graph.layers[number]
        if layer.role == "start":
            return self.locals.other(f"{layer.label}_start")
        if layer.scope == self.scope.index:
            return self.locals.line(layer.label)
        # the line belongs to a block whose code is written here, because a loop over time runs through this block
        path = layer.path[len(self.scope.path) + 1 :] if self.scope.path else layer.path
        return self.locals.other(path.replace(".", "_"))

    def value_name(self, edge: Edge) -> str:
        """Return the variable of the line that makes a value; in a loop this line may belong to an inner block."""
        return self.variable(self.graph.nodes[edge.node].layer)

    def keep(self, edge: Edge, value: ast.expr) -> None:
        """Store a new value.

        The result of a line is assigned to the line's variable. Another value stays an expression, so that the code
        that reads it contains it; if it has several readers, it gets a variable too.
        """
        layer = self.graph.layers[self.layer]
        self.line.append(edge)
        self.values[edge] = value
        if edge in layer.values:
            variable = self.variable(self.layer)
            if len(layer.values) > 1:
                variable = self.locals.other(f"{variable}_{layer.values.index(edge) + 1}")
            self.values[edge] = self.assign(variable, value)
        elif self.left.get(edge, 0) != 1:
            self.settle(edge)

    def results(self, edges: Sequence[Edge], value: ast.expr) -> None:
        """Store the results of a call or step; several results are assigned to variables in one line."""
        if len(edges) == 1:
            self.keep(edges[0], value)
            return
        base = self.variable(self.layer)
        names = [
            self.locals.other(f"{base}_{number}") if self.left.get(edge, 0) > 0 or edge in self.rounded else "_"
            for number, edge in enumerate(edges, 1)
        ]
        self.lines.append(Assign(", ".join(names), value))
        self.hold_names(edges, names)

    def hold_names(self, edges: Sequence[Edge], names: Sequence[str]) -> None:
        for edge, variable in zip(edges, names, strict=True):
            self.values[edge] = name(variable)
            self.line.append(edge)

    # ---- nodes

    def node(self, node: Node) -> None:
        lowering = self.site.lowering(node)
        self.draft.parts.update({part.name: part for part in lowering.parts})
        if "{before}" in lowering.forward and not self.stepwise:
            self.handing_on(node, lowering)
            return
        template = lowering.shared if lowering.shared and self.broadcast(node) else lowering.forward
        places = {"x": 0, **{str(position): position for position in range(len(node.reads))}}
        wanted = slots(template)
        fold = lowering.folds and node.type.time is not None and not self.stepwise
        for position, edge in enumerate(node.reads):
            if fold or sum(places.get(slot) == position for slot in wanted) > 1:
                self.settle(edge)
        self.shorten(node, template)
        filled = {slot: self.slot(slot, node, lowering, places) for slot in dict.fromkeys(wanted)}
        value = self.folded(template, filled, places) if fold else fill(template, filled)
        for edge in node.reads:
            self.left[edge] = self.left.get(edge, 1) - 1
        self.results([Edge(node.index, position) for position in range(len(node.types))], value)

    def broadcast(self, node: Node) -> bool:
        """Whether every reader of a node's value broadcasts it against a value of the same type with a batch axis."""
        edge = Edge(node.index)
        readers = [other for other in self.graph.nodes if edge in other.inputs]
        at_end = any(edge in layer.values for layer in self.graph.layers if layer.role == "output")
        return not at_end and all(
            reader.op.broadcasts
            and all(
                self.graph.nodes[other.node].types[other.output]._replace(classes=None) == node.type
                and not self.site.lowering(self.graph.nodes[other.node]).shared
                for other in reader.inputs
                if other != edge
            )
            and sum(other == edge for other in reader.inputs) < len(reader.inputs)
            for reader in readers
        )

    def folded(self, template: str, filled: dict[str, ast.expr], places: dict[str, int]) -> ast.expr:
        """Return the code of a step that knows no time axis: the time axis is merged into the batch axis around it."""
        sources = {slot: value for slot, value in filled.items() if slot in places}
        flat_ = {slot: fill("{x}.flatten(0, 1)", {"x": value}) for slot, value in sources.items()}
        inner = fill(template, {**filled, **flat_})
        return fill("torch.unflatten({inner}, 0, {x}.shape[:2])", {"inner": inner, "x": next(iter(sources.values()))})

    def shorten(self, node: Node, template: str) -> None:
        """Assign operands to variables, the longest first, until the expression of a node fits on one line."""
        own = width(fill(template, {slot: name("x") for slot in slots(template)}))
        while True:
            edges = [edge for edge in node.reads if not is_name(self.values[edge])]
            total = own + sum(width(self.values[edge]) for edge in node.reads)
            if not edges or total <= ROOM - 4 * self.depth:
                return
            self.settle(max(edges, key=lambda edge: width(self.values[edge])))

    def slot(self, slot: str, node: Node, lowering: Lowering, places: dict[str, int]) -> ast.expr:
        if slot in places:
            edge = node.inputs[places[slot]]
            whole = self.stepwise and node.looks_across_time(places[slot])
            return self.whole[edge] if whole else self.values[edge]
        if slot == "ahead":
            return self.ahead_of_loop.get(node.index) or self.ahead(node, lowering)
        if slot == "self":
            return self.path(node.key)
        if slot == "tied":
            return fill("{owner}.weight", {"owner": self.path(node.tied_key)})
        if slot == "batch":
            return parse(f"{self.draft.arguments[0]}.shape[0]" if self.draft.arguments else "1")
        if slot == "device":
            return parse(f"{self.draft.arguments[0] if self.draft.arguments else 'next(self.parameters())'}.device")
        if slot == "dtype":
            return self.dtype()
        if slot == "counted":
            return self.counted(node)
        if slot.startswith("lengths"):
            edge = node.inputs[int(slot[7:] or 0)]
            time = self.graph.nodes[edge.node].types[edge.output].time
            assert time is not None
            return self.lengths[time.varying]
        return leaf(lowering.values[slot], slot)

    def ahead(self, node: Node, lowering: Lowering) -> ast.expr:
        """Return the expression that a step can compute once, before the loop over time steps."""
        places = {str(position): position for position in range(len(node.inputs))}
        wanted = slots(lowering.ahead)
        return fill(lowering.ahead, {slot: self.slot(slot, node, lowering, places) for slot in wanted})

    def dtype(self) -> ast.expr:
        """Return code for the dtype of a new tensor, such as zeros: that of an input, or else that of the weights."""
        for number in self.graph.inputs if self.scope.kind == "net" else self.scope.ports:
            if self.graph.nodes[number].type.classes is None:
                return fill("{x}.dtype", {"x": self.values[Edge(number)]})
        trained = any(
            node.key and any(not weight.buffer for weight in node.op.weights(*self.site.types(node)))
            for node in self.graph.nodes[self.scope.first : self.scope.last]
        )
        return parse("next(self.parameters()).dtype" if trained else "torch.get_default_dtype()")

    def path(self, key: str) -> ast.expr:
        """Return the expression with which `forward` reaches a module: `self.stem_batchnorm`, or a loop's variable."""
        for prefix, owner in reversed(self.access):
            if key == prefix:
                return owner
            if key.startswith(f"{prefix}."):
                rest = key[len(prefix) + 1 :].split(".")
                found = owner
                for position, part in enumerate(rest):
                    if not part.isdigit():
                        below = ".".join(rest[position:])
                        return fill("{owner}.get_submodule({below})", {"owner": found, "below": ast.Constant(below)})
                    found = fill("{owner}[{at}]", {"owner": found, "at": ast.Constant(int(part))})
                return found
        return parse(target(relative(key, self.scope)))

    # ---- blocks

    def call(self, scope: Scope) -> None:
        """Write the call of a block: `up = self.up(low, skip)`, or a call of its function if it stores nothing."""
        definition = self.site.definition(scope)
        edges = [self.graph.nodes[number].inputs[0] for number in scope.ports]
        lengths = [self.lengths[varying] for varying in self.inner_lengths(scope)]
        values = [self.values[edge] for edge in edges]
        if sum(width(value) + 2 for value in (*values, *lengths)) > ROOM - 20:
            values = [self.settle(edge) for edge in edges]
        for edge in edges:
            self.left[edge] = self.left.get(edge, 1) - 1
        # a block may read its own results; these reads are not written here, so they are not counted
        for node in self.graph.nodes[scope.first : scope.last]:
            for edge in node.inputs:
                if edge in scope.results:
                    self.left[edge] -= 1
        function = name(definition.name) if definition.function else self.path(scope.key)
        arguments = [*values, *lengths, *self.passed(definition, scope)]
        if not definition.stateful:
            self.results([*scope.results], ast.Call(function, arguments, []))
        elif scope.backward:  # the block reads time backwards, so the state of an earlier batch is of no use to it
            self.results([*scope.results], parse_item(ast.Call(function, arguments, [])))
        else:
            self.stateful_call(scope, function, arguments)

    def passed(self, definition: Callee, scope: Scope) -> list[ast.expr]:
        """Return the arguments that a function needs besides its tensors; a class keeps these values as attributes."""
        if not definition.function:
            return []
        values: list[ast.expr] = list(definition.values(self.site, scope))
        return [*values, parse("self.training")] if definition.trains else values

    def inner_lengths(self, scope: Scope) -> list[str]:
        """Return the varying lengths of a block's inputs, in the order in which the block takes them."""
        found: list[str] = []
        for number in () if scope.index in self.site.in_loops else scope.ports:
            time = self.graph.nodes[number].type.time
            if time is not None and time.varying and time.varying not in found:
                found.append(time.varying)
        return found

    # ---- repeats

    def repeat(self, scope: Scope) -> None:
        rounds = [self.graph.scopes[child] for child in scope.children]
        self.settle_all()
        names = self.enter(rounds[0])
        if not self.loop(scope, rounds, names):
            for inner in rounds:
                self.round(inner, names)

    def enter(self, first: Scope) -> list[str]:
        """Return the variables that one round hands to the next, and assign to them what the first round reads."""
        edges = [self.graph.nodes[number].inputs[0] for number in first.ports]
        base = self.variable(self.layer)
        names: list[str] = []
        for position, edge in enumerate(edges, 1):
            held = self.left.get(edge, 0)
            self.left[edge] = held - 1  # if only the rounds read the value, they may overwrite its variable
            variable = self.temporary(base if len(edges) == 1 else f"{base}_{position}")
            self.left[edge] = held
            self.assign(variable, self.values[edge])
            names.append(variable)
        return names

    def loop(self, scope: Scope, rounds: list[Scope], names: list[str]) -> bool:
        """Try to write all rounds as one loop.

        Return False and restore everything if the code of the rounds differs.
        """
        if len(rounds) < 2:
            return False
        lists = [] if scope.shared else self.lists(rounds)
        if lists is None:
            return False
        kept = (self.left.copy(), self.values.copy(), [*self.line], self.assigned.copy(), self.layer, self.lines)
        outer, counters = self.access, self.counters
        variables = self.loop_names(lists)
        counter = "number" if not counters else f"number{len(counters) + 1}"
        self.counters = (*counters, counter)
        self.depth += 1
        bodies: list[list[Statement]] = []
        for position, inner in enumerate(rounds):
            self.lines = []
            self.access = [
                *outer,
                *((prefixes[position], name(each)) for prefixes, each in zip(lists, variables, strict=True)),
            ]
            self.round(inner, names)
            bodies.append(self.lines)
        self.depth -= 1
        self.access, self.counters, self.lines = outer, counters, kept[-1]
        texts = [render(body) for body in bodies]
        wanted = any(self.left.get(edge, 0) > 0 for inner in rounds[:-1] for edge in inner.results)
        if not wanted and texts[0] and all(text == texts[0] for text in texts):
            self.lines.append(self.head(scope, lists, variables, counter, bodies[0]))
            return True
        self.left, self.values, self.line, self.assigned, self.layer, _ = kept
        return False

    def lists(self, rounds: list[Scope]) -> list[list[str]] | None:
        """Return the lists of modules that a loop iterates over; each list holds one key for each round.

        Return None if some round does not have exactly one item in each list.
        """
        depth = 0
        around = self.graph.scopes[self.graph.scopes[rounds[0].parent].parent]
        while around.kind == "round":
            repeat = self.graph.scopes[around.parent]
            depth += not repeat.shared
            around = self.graph.scopes[repeat.parent]
        found: list[list[str]] = []
        for position, scope in enumerate(rounds):
            prefixes = list(dict.fromkeys(self.prefix(key, depth) for key in self.own_keys(scope)))
            if position and len(prefixes) != len(found):
                return None
            for number, prefix in enumerate(prefixes):
                if position == 0:
                    found.append([prefix])
                elif prefix.rpartition(".")[0] != found[number][0].rpartition(".")[0]:
                    return None
                else:
                    found[number].append(prefix)
        return found

    def own_keys(self, scope: Scope) -> list[str]:
        """Return the keys of the modules and arrays in a scope, in order."""
        keys: list[str] = []
        for item in elements_of(self.graph, scope):
            if isinstance(item, Scope) and item.copies is not None:
                continue
            if isinstance(item, Scope) and (item.kind != "block" or item.index in self.site.inlined):
                keys += self.own_keys(item)
            elif item.key and (self.scope.again or not item.again):
                keys.append(item.key)
        return keys

    def prefix(self, key: str, depth: int) -> str:
        """Return the part of a key that ends with the number of the round; `depth` repeats around come before it."""
        parts = relative(key, self.scope)
        numbers = [position for position, part in enumerate(parts) if part.isdigit()]
        end = numbers[depth] + 1 if len(numbers) > depth else len(parts)
        return ".".join([*([self.scope.key] if self.scope.key else []), *parts[:end]])

    def loop_names(self, lists: list[list[str]]) -> list[str]:
        """Return a variable for the items of each list: it is named after their class, and no loop around uses it."""
        taken = {owner.id for _, owner in self.access if isinstance(owner, ast.Name)}
        found: list[str] = []
        for prefixes in lists:
            word = self.loop_name(prefixes[0])
            variable, number = self.locals.other(word), 2
            while variable in taken:
                variable, number = self.locals.other(f"{word}{number}"), number + 1
            taken.add(variable)
            found.append(variable)
        return found

    def loop_name(self, key: str) -> str:
        """Return a name after the class of the module with this key: `linear`, `norm`, `transformer`."""
        for scope in self.graph.scopes:
            if scope.key == key:
                return self.site.definition(scope).name.lower()
        node = next((node for node in self.graph.nodes if node.key == key), None)
        if node is None:
            return "modules"
        made = self.site.lowering(node).module
        if made is None:
            return "weight"
        word = made.call.rpartition(".")[2].rstrip("123d").lower()
        return "norm" if word.endswith("norm") else word

    def head(
        self, scope: Scope, lists: list[list[str]], variables: list[str], counter: str, body: list[Statement]
    ) -> For:
        used = {inner for line in body for expression in expressions(line) for inner in names_in(expression)}
        used |= {inner for line in body if isinstance(line, Assign) for inner in _target_names(line.target)}
        over = [self.whole_list(prefixes) for prefixes in lists]
        target_text = variables[0] if len(variables) == 1 else ", ".join(variables)
        zipped = over[0] if len(over) == 1 else None
        if len(over) > 1:
            zipped = call("zip", over, [("strict", ast.Constant(True))])
        if zipped is None:
            if counter in used:
                return For(counter, fill("range(1, {count} + 1)", {"count": Value(scope.count)}), body)
            return For("_", call("range", [Value(scope.count)]), body)
        if counter in used:
            inner = f"({target_text})" if len(variables) > 1 else target_text
            return For(f"{counter}, {inner}", call("enumerate", [zipped, ast.Constant(1)]), body)
        return For(target_text, zipped, body)

    def whole_list(self, prefixes: list[str]) -> ast.expr:
        """Return the code for the list that holds these keys: the whole list, or a slice if it holds other keys too."""
        owner, _, first = prefixes[0].rpartition(".")
        found = self.path(owner)
        total = len(
            {
                self.prefix(key, 0) if owner.count(".") == 0 else key
                for key in self.own_keys(self.scope)
                if key.startswith(f"{owner}.")
            }
        )
        begin = int(first)
        if begin == 0 and total <= len(prefixes):
            node = next((node for node in self.graph.nodes if node.key == prefixes[0]), None)
            listed = node is not None and self.site.lowering(node).module is None  # a list of parameters
            # the variable of a loop around is a module of some kind: types know no items of it, only its children
            return fill("{owner}.children()", {"owner": found}) if isinstance(found, ast.Name) and not listed else found
        return fill(f"{{owner}}[{begin}:{begin + len(prefixes)}]", {"owner": found})

    def round(self, scope: Scope, names: list[str]) -> None:
        """Write one round: it reads the variables of `names` and assigns its results to them."""
        for number, variable in zip(scope.ports, names, strict=True):
            source = self.graph.nodes[number].inputs[0]
            self.left[source] = self.left.get(source, 1) - 1
            self.values[Edge(number)] = name(variable)
            self.line.append(Edge(number))
        for item in items(self.graph, scope):
            self.item(item)
        values = [self.values[edge] for edge in scope.results]
        if len(values) == 1:
            self.assign(names[0], values[0])
        elif [flat(value) for value in values] != names:
            self.lines.append(Assign(", ".join(names), ast.Tuple(values)))
        for edge, variable in zip(scope.results, names, strict=True):
            self.values[edge] = name(variable)

    # ---- state that goes in and comes out

    def state_key(self, label: str) -> str:
        """Return the code of the key under which a recurrence stores its state in `after`.

        The key is the label of the line, followed by the counters of the loops around it.
        """
        key, number = label, 2
        while key in self.state_keys:
            key, number = f"{label}.{number}", number + 1
        if not self.counters:
            self.state_keys.add(key)
            return f'"{key}"'
        return 'f"' + key + "".join(f".{{{counter}}}" for counter in self.counters) + '"'

    def stateful_call(self, scope: Scope, function: ast.expr, arguments: list[ast.expr]) -> None:
        """Write the call of a block that has a state: `z, after["z"] = self.z(x, before.get("z"))`."""
        base = self.temporary(self.variable(self.layer))
        numbers = range(1, len(scope.results) + 1)
        names = [base] if len(numbers) == 1 else [self.locals.other(f"{base}_{number}") for number in numbers]
        self.assigned.update(names)
        before = names[0] if len(names) == 1 else f"({', '.join(names)})"
        self.draft.stateful = True
        key = self.state_key(self.graph.layers[self.layer].label)
        arguments = [*arguments, parse(f"before.get({key})")]
        self.lines.append(Assign(f"{before}, after[{key}]", ast.Call(function, arguments, [])))
        self.hold_names(scope.results, names)

    def handing_on(self, node: Node, lowering: Lowering) -> None:
        """Write a step over time that hands its state to the next batch: a delay, or a recurrent layer of torch."""
        delayed = node.kind == "delay"
        self.draft.stateful = True
        owner = self.value_name(node.inputs[0]) if delayed else self.graph.layers[self.layer].label
        key = self.state_key(owner)
        source = self.settle(node.inputs[0]) if delayed else self.values[node.inputs[0]]
        values = {"0": source, "x": source, "before": parse(f"before.get({key})")}
        values |= {str(at): self.settle(edge) for at, edge in enumerate(node.inputs) if at}
        time = node.type.time
        if time is not None and time.varying:
            values["lengths"] = self.lengths[time.varying]
        for slot, value in lowering.values.items():
            values[slot] = leaf(value, slot)
        if node.key:
            values["self"] = self.path(node.key)
        for edge in node.inputs:
            self.left[edge] = self.left.get(edge, 1) - 1
        base = self.variable(self.layer)
        if delayed:
            base = self.locals.other(f"{self.value_name(node.inputs[0])}_before")
        variable = self.temporary(base)
        self.assigned.add(variable)
        self.lines.append(Assign(f"{variable}, after[{key}]", fill(lowering.forward, values)))
        self.hold_names([Edge(node.index)], [variable])

    def counted(self, node: Node) -> ast.expr:
        """Write the count of the time steps, which goes on where the batch before ended; return its variable."""
        self.draft.stateful = True
        key = self.state_key(f"{self.graph.layers[self.layer].label} steps")
        time = node.type.time
        assert time is not None
        lengths = [self.lengths[time.varying]] if time.varying else []
        arguments = [self.settle(node.inputs[0]), parse(f"before.get({key})"), *lengths]
        variable = self.temporary("steps")
        self.assigned.add(variable)
        self.lines.append(Assign(f"{variable}, after[{key}]", ast.Call(name("counted"), arguments, [])))
        return name(variable)

    # ---- loops over time

    def cell(self, cell: Cell) -> None:
        """Write a recurrence as a loop over time.

        Each delayed value is a variable that the loop updates. A value that is read after the loop is collected in a
        list and stacked.
        """
        self.draft.stateful = True
        members = [self.graph.nodes[index] for index in sorted(cell.members)]
        delays = [node for node in members if node.kind == "delay"]
        first = self.graph.nodes[delays[0].inputs[0].node]
        if len({node.layer for node in members}) == 1:
            self.comment(first.layer)
        self.layer, self.line = first.layer, []
        time = delays[0].types[0].time
        assert time is not None
        source = self.timed_source(cell, members, time)
        groups: dict[Edge, list[Node]] = {}
        for node in delays:
            groups.setdefault(node.inputs[0], []).append(node)
        befores = {edge: self.before(edge, nodes, source) for edge, nodes in groups.items()}
        outside = self.read_after(cell)
        lists = {edge: self.locals.other(f"{self.value_name(edge)}_steps") for edge in outside}
        for variable in lists.values():
            self.lines.append(Assign(variable, ast.List([])))
        self.work_ahead(cell)
        self.inside(cell, members, befores, lists, time)
        for edge, variable in lists.items():
            stacked = fill("torch.stack({steps}, dim=1)", {"steps": name(variable)})
            self.values[edge] = self.assign(self.value_name(edge), stacked)
        for edge, names in befores.items():
            key = self.state_key(self.value_name(edge))
            kept = name(names[0]) if len(names) == 1 else ast.Tuple([name(each) for each in names])
            self.lines.append(Assign(f"after[{key}]", kept))

    def work_ahead(self, cell: Cell) -> None:
        """Write, before the loop, what its steps can compute from outer values alone."""
        for node in cell.items:
            if not isinstance(node, Node) or node.kind == "delay":
                continue
            lowering = self.site.lowering(node)
            if lowering.ahead:
                variable = self.temporary(f"{self.variable(node.layer)}_memory")
                self.lines.append(Assign(variable, self.ahead(node, lowering)))
                self.ahead_of_loop[node.index] = name(variable)

    def inside(
        self, cell: Cell, members: list[Node], befores: dict[Edge, list[str]], lists: dict[Edge, str], time: Time
    ) -> None:
        """Write the loop over time.

        The inputs are unbound along time instead of indexed at each step: the backward pass of indexing would make a
        gradient as large as the whole input for each time step.
        """
        values, left, outer = self.values.copy(), self.left, self.lines
        self.lines, self.stepwise = [], True
        self.depth += 1
        steps: list[tuple[str, ast.expr]] = []
        for edge in self.outside(members, cell):
            self.whole[edge] = whole = self.values[edge]
            if self.graph.nodes[edge.node].types[edge.output].time is not None and self.read_by_step(edge, members):
                assert isinstance(whole, ast.Name)
                variable = self.locals.other(f"{whole.id}_t")
                if all(variable != known for known, _ in steps):
                    steps.append((variable, fill("{x}.unbind(1)", {"x": whole})))
                self.values[edge] = name(variable)
        for node in members:
            if node.kind == "delay":
                names = befores[node.inputs[0]]
                self.values[Edge(node.index)] = name(names[node.delay - 1])
        for item in cell.items:
            if not (isinstance(item, Node) and item.kind == "delay"):
                self.item(item)
        for edge, variable in lists.items():
            append = fill("{list}.append({value})", {"list": name(variable), "value": self.values[edge]})
            self.lines.append(Do(append))
        lengths = self.lengths[time.varying] if time.varying else None
        for edge, names in befores.items():
            current = self.values[edge]
            if lengths is not None:
                shape = ", None" * (len(self.graph.nodes[edge.node].types[edge.output].space) + 1)
                slots_ = {"lengths": lengths, "now": current, "before": name(names[0])}
                current = fill(f"torch.where((t < {{lengths}})[:{shape}], {{now}}, {{before}})", slots_)
            shifted = [current, *map(name, names[:-1])]
            self.lines.append(Assign(", ".join(names), shifted[0] if len(shifted) == 1 else ast.Tuple(shifted)))
        body, self.lines, self.stepwise = self.lines, outer, False
        self.depth -= 1
        self.lines.append(self.over_time(steps, body, time, lengths is not None))
        self.values, self.left = values, left
        self.line = []

    def over_time(self, steps: list[tuple[str, ast.expr]], body: list[Statement], time: Time, counted: bool) -> For:
        """Return the loop over time: `for x_t, c_t in zip(x.unbind(1), c.unbind(1), strict=True):`."""
        if not steps:
            return For("t" if counted else "_", call("range", [Value(time.length)]), body)
        names = ", ".join(variable for variable, _ in steps)
        over = steps[0][1]
        if len(steps) > 1:
            over = call("zip", [values for _, values in steps], [("strict", ast.Constant(True))])
        if not counted:
            return For(names, over, body)
        return For(f"t, ({names})" if len(steps) > 1 else f"t, {names}", call("enumerate", [over]), body)

    def read_by_step(self, edge: Edge, members: list[Node]) -> bool:
        """Whether some node of a loop reads a value step by step; other nodes may read all its time steps at once."""
        return any(
            self.given(inner) == edge and not node.looks_across_time(position)
            for node in members
            for position, inner in enumerate(node.inputs)
        )

    def before(self, edge: Edge, nodes: list[Node], source: ast.expr | None) -> list[str]:
        """Return the variables that hold the last values of a layer, newest first.

        Also write their first values: from the state of the batch before, or else from the start value or zeros.
        """
        base = self.value_name(edge)
        steps = max(node.delay for node in nodes)
        numbers = [""] if steps == 1 else range(1, steps + 1)
        names = [self.locals.other(f"{base}_before{number}") for number in numbers]
        node = self.graph.nodes[edge.node]
        start = nodes[0].inputs[1] if len(nodes[0].inputs) > 1 else None
        value = node.types[edge.output]
        given = source if source is not None else name(self.draft.arguments[0])
        if start is not None:
            rest = ", -1" * (1 + len(value.space))
            initial = fill(f"{{start}}.expand({{x}}.shape[0]{rest})", {"start": self.settle(start), "x": given})
        elif source is not None:
            initial = self.zeros("{x}.new_zeros({x}.shape[0], {sizes})", value, given)
        else:
            initial = self.zeros("torch.zeros({x}.shape[0], {sizes}, device={x}.device, dtype={dtype})", value, given)
        key = f'"{base}"'
        if steps == 1:
            test = parse(f"{key} in before")
            self.lines.append(Assign(names[0], ast.IfExp(test, parse(f"before[{key}]"), initial)))
        else:
            first = self.locals.other(f"{base}_first")
            self.lines.append(Assign(first, initial))
            kept = f"before[{key}] if {key} in before else ({first},) * {steps}"
            self.lines.append(Assign(", ".join(names), parse(kept)))
        return names

    def zeros(self, template: str, value: Type, given: ast.expr) -> ast.expr:
        """Return code that makes zeros of a type, for as many examples as `given` has."""
        sizes = {f"size{number}": leaf(size) for number, size in enumerate((value.maps, *value.space))}
        filled = template.replace("{sizes}", ", ".join(f"{{{slot}}}" for slot in sizes))
        return fill(filled, {**sizes, "x": given, "dtype": self.dtype()})

    def timed_source(self, cell: Cell, members: list[Node], time: Time) -> ast.expr | None:
        """Return the variable of an outer value whose time axis is the one of the loop, or None if there is none.

        Not every outer value will do: keys of attention may have another time axis.
        """
        for edge in self.outside(members, cell):
            self.whole[edge] = self.values[edge]
            if self.graph.nodes[edge.node].types[edge.output].time == time:
                return self.settle(edge)
        return None

    def outside(self, members: list[Node], cell: Cell) -> list[Edge]:
        """Return the outer values that a loop reads, without start values, and assign each to a variable."""
        found: list[Edge] = []
        for node in members:
            for edge in map(self.given, () if node.kind == "delay" else node.inputs):
                if edge.node not in cell.members and edge not in found:
                    found.append(edge)
        for edge in found:
            self.hold(edge)
        return found

    def given(self, edge: Edge) -> Edge:
        """Return what a call in a loop gives to its block, if a value is an input of that block."""
        while edge not in self.values and self.graph.nodes[edge.node].kind == "port":
            edge = self.graph.nodes[edge.node].inputs[0]
        return edge

    def hold(self, edge: Edge) -> None:
        """Assign a value to a variable before a loop; no line in the loop writes this variable."""
        node, value = self.graph.nodes[edge.node], self.values[edge]
        if node.kind in ("input", "port") or edge in self.graph.layers[node.layer].values:
            self.settle(edge)
            return
        base = f"{self.variable(self.layer)}_ahead"
        if isinstance(value, ast.Name) and value.id.startswith(base):
            return
        taken = {other.id for other in self.values.values() if isinstance(other, ast.Name)}
        variable, number = self.locals.other(base), 2
        while variable in taken:
            variable, number = self.locals.other(f"{base}_{number}"), number + 1
        self.values[edge] = self.assign(variable, value)

    def read_after(self, cell: Cell) -> list[Edge]:
        """Return the values of the loop that are read outside the loop."""
        wanted: list[Edge] = []
        for node in self.graph.nodes:
            if node.index in cell.members:
                continue
            for edge in node.inputs:
                if edge.node in cell.members and edge not in wanted:
                    wanted.append(edge)
        for layer in self.graph.layers:
            if layer.role == "output" and layer.scope == self.scope.index:
                wanted += [edge for edge in layer.values if edge.node in cell.members and edge not in wanted]
        return wanted


def parse_item(value: ast.expr) -> ast.expr:
    """Return code for the first item of what a call returns."""
    return fill("{value}[0]", {"value": value})


def _target_names(text: str) -> set[str]:
    """Return the names in the target of an assignment; the key of a state in it may contain the counter of a loop."""
    return names_in(parse(f"({text},)")) if text else set()


def comment_text(layer: Layer) -> str:
    """Return the text of a layer as a single line, without comments and repeated blanks; strings stay unchanged."""
    pieces: list[str] = []
    quoted, skipped, previous = False, False, ""
    for char in layer.text:
        if skipped:
            skipped = char != "\n"
            char = " " if not skipped else ""
        elif char == '"' and previous != "\\":
            quoted = not quoted
        elif char == "#" and not quoted:
            skipped, char = True, ""
        if char.isspace() and not quoted:
            char = "" if pieces and pieces[-1] == " " else " "
        if char:
            pieces.append(char)
        previous = char
    return "".join(pieces).strip()
