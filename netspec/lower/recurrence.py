"""Recurrences -> a loop over time: what is delayed is a variable, what is read later is collected."""

from __future__ import annotations

from netspec.ir.graph import Edge, Node, Scope
from netspec.ir.operation import Lowering
from netspec.ir.types import Time, Type
from netspec.lower.expressions import CALL, NAME, Expr, fill
from netspec.lower.order import Cell
from netspec.lower.repeats import Repeats


class Recurrence(Repeats):
    """Adds loops through delayed reads, and the state that goes in and comes out."""

    def state_key(self, name: str) -> str:
        """Where a recurrence keeps its state: the line's name, and the numbers of the rounds it stands in."""
        key = name
        number = 2
        while key in self.state_keys:
            key, number = f"{name}.{number}", number + 1
        if not self.loops:
            self.state_keys.add(key)
        return 'f"' + key + "".join(f".{{{counter}}}" for counter in self.numbers) + '"' if self.numbers else f'"{key}"'

    @property
    def state_keys(self) -> set[str]:
        keys: set[str] = self.__dict__.setdefault("_state_keys", set())
        return keys

    def stateful_call(self, scope: Scope, arguments: list[str]) -> None:
        """`z, after["z"] = self.z(x, before.get("z"))`."""
        if scope.backward:  # an earlier batch is its future, not its past
            self.results([*scope.results], f"{self.path(scope.key)}({', '.join(arguments)})[0]")
            return
        names = self.several_names(len(scope.results))
        self.assigned.update(names)
        target = names[0] if len(names) == 1 else f"({', '.join(names)})"
        self.draft.stateful = True
        key = self.state_key(self.graph.layers[self.layer].label)
        call = f"{self.path(scope.key)}({', '.join([*arguments, f'before.get({key})'])})"
        self.emit(f"{target}, after[{key}] = {call}")
        for edge, name in zip(scope.results, names, strict=True):
            self.values[edge] = Expr(name, NAME)
            self.line.append(edge)

    def several_names(self, count: int) -> list[str]:
        base = self.temporary(self.variable(self.layer))
        return [base] if count == 1 else [self.locals.other(f"{base}_{number}") for number in range(1, count + 1)]

    # ---- a delayed read outside a loop: a shift along time

    def node(self, node: Node) -> None:
        lowering = self.lowering(node)
        if "{before}" not in lowering.forward or self.stepwise:
            super().node(node)
            return
        delayed = node.kind == "delay"
        self.draft.stateful = True
        self.draft.parts.update({part.name: part for part in lowering.parts})
        owner = self.value_name(node.inputs[0]) if delayed else self.graph.layers[self.layer].label
        key = self.state_key(owner)
        source = self.settle(node.inputs[0])
        texts = {"0": source, "x": source, "before": Expr(f"before.get({key})", CALL)}
        if len(node.inputs) > 1:
            texts["1"] = self.settle(node.inputs[1])
        time = node.type.time
        if time is not None and time.varying:
            texts["lengths"] = Expr(self.lengths[time.varying], NAME)
        for slot, value in lowering.values.items():
            texts[slot] = Expr(self.draft.holes.put(value, stored=True), CALL)
        if node.key:
            texts["self"] = Expr(self.path(node.key), CALL)
        for edge in node.inputs:
            self.left[edge] = self.left.get(edge, 1) - 1
        base = self.variable(self.layer)
        if delayed:
            base = self.locals.other(f"{self.value_name(node.inputs[0])}_before")
        name = self.temporary(base)
        self.assigned.add(name)
        self.emit(f"{name}, after[{key}] = {fill(lowering.forward, texts).text}")
        self.values[Edge(node.index)] = Expr(name, NAME)
        self.line.append(Edge(node.index))

    # ---- loops over time

    def cell(self, cell: Cell) -> None:
        self.draft.stateful = True
        delays = [node for node in self.members(cell) if node.kind == "delay"]
        first = self.graph.nodes[delays[0].inputs[0].node]
        if len({self.graph.nodes[index].layer for index in cell.members}) == 1:
            self.comment(first.layer)
        self.layer, self.line = first.layer, []
        time = delays[0].types[0].time
        assert time is not None
        source = self.timed_source(cell, time)
        groups: dict[Edge, list[Node]] = {}
        for node in delays:
            groups.setdefault(node.inputs[0], []).append(node)
        befores = {edge: self.before(edge, nodes, source) for edge, nodes in groups.items()}
        outside = self.read_after(cell)
        lists = {edge: self.locals.other(f"{self.value_name(edge)}_steps") for edge in outside}
        for name in lists.values():
            self.emit(f"{name} = []")
        self.work_ahead(cell)
        self.emit(f"for t in range({f'{source}.shape[1]' if source else time.length}):")
        self.inside(cell, befores, lists, self.lengths.get(time.varying, "") if time.varying else "")
        for edge, name in lists.items():
            self.values[edge] = self.assign(self.value_name(edge), Expr(f"torch.stack({name}, dim=1)", CALL))
        for edge, names in befores.items():
            key = self.state_key(self.value_name(edge))
            kept = names[0] if len(names) == 1 else f"({', '.join(names)})"
            self.emit(f"after[{key}] = {kept}")

    def work_ahead(self, cell: Cell) -> None:
        """What the loop's steps work out of values from outside alone: once, before the first time step."""
        for node in cell.items:
            if not isinstance(node, Node) or node.kind == "delay":
                continue
            lowering = self.lowering(node)
            if not lowering.ahead:
                continue
            name = self.temporary(f"{self.variable(node.layer)}_memory")
            text = super().ahead(node, lowering).text
            self.emit(f"{name} = {text}")
            self.known_ahead[node.index] = Expr(name, NAME)

    def ahead(self, node: Node, lowering: Lowering) -> Expr:
        return self.known_ahead.get(node.index) or super().ahead(node, lowering)

    @property
    def known_ahead(self) -> dict[int, Expr]:
        known: dict[int, Expr] = self.__dict__.setdefault("_known_ahead", {})
        return known

    def inside(self, cell: Cell, befores: dict[Edge, list[str]], lists: dict[Edge, str], lengths: str) -> None:
        """One time step."""
        values, left = self.values.copy(), self.left
        self.indent += "    "
        self.stepwise = True
        for edge in self.outside(cell):
            self.whole[edge] = self.values[edge]
            if self.graph.nodes[edge.node].types[edge.output].time is not None:
                self.values[edge] = Expr(f"{self.values[edge].text}[:, t]", CALL)
        for node in self.members(cell):
            if node.kind == "delay":
                names = befores[node.inputs[0]]
                self.values[Edge(node.index)] = Expr(names[node.delay - 1], NAME)
        for item in cell.items:
            if not (isinstance(item, Node) and item.kind == "delay"):
                self.item(item)
        for edge, name in lists.items():
            self.emit(f"{name}.append({self.values[edge].text})")
        for edge, names in befores.items():
            current = self.values[edge].text
            if lengths:
                shape = ", None" * (len(self.graph.nodes[edge.node].types[edge.output].space) + 1)
                current = f"torch.where((t < {lengths})[:{shape}], {current}, {names[0]})"
            shifted = [current, *names[:-1]]
            self.emit(f"{', '.join(names)} = {', '.join(shifted)}")
        self.stepwise = False
        self.indent = self.indent[:-4]
        self.values, self.left = values, left
        self.line = []

    def before(self, edge: Edge, nodes: list[Node], source: str) -> list[str]:
        """The variables that hold a layer's last values, newest first: from the state given, or the start."""
        base = self.value_name(edge)
        steps = max(node.delay for node in nodes)
        numbers = [""] if steps == 1 else range(1, steps + 1)
        names = [self.locals.other(f"{base}_before{number}") for number in numbers]
        node = self.graph.nodes[edge.node]
        start = nodes[0].inputs[1] if len(nodes[0].inputs) > 1 else None
        value = node.types[edge.output]
        if start is not None:
            initial = expanded(value, self.settle(start).text, source or self.first_argument())
        else:
            initial = zeros(value, source) if source else self.fresh_zeros(value)
        key = f'"{base}"'
        if steps == 1:
            self.emit(f"{names[0]} = before[{key}] if {key} in before else {initial}")
        else:
            first = self.locals.other(f"{base}_first")
            self.emit(f"{first} = {initial}")
            self.emit(f"{', '.join(names)} = before[{key}] if {key} in before else ({first},) * {steps}")
        return names

    def fresh_zeros(self, value: Type) -> str:
        """Zeros for a loop that reads nothing over time: as many examples as come in."""
        given = self.first_argument()
        sizes = ", ".join(str(size) for size in (f"{given}.shape[0]", value.maps, *value.space))
        return f"torch.zeros({sizes}, device={given}.device, dtype={self.dtype()})"

    def value_name(self, edge: Edge) -> str:
        """The name of a layer's value; a loop may hold lines of an inner block."""
        return self.variable(self.graph.nodes[edge.node].layer)

    def timed_source(self, cell: Cell, time: Time) -> str:
        """A value from outside that has the time axis the loop runs over, "" where there is none.

        Keys of attention may have another time axis.
        """
        for edge in self.outside(cell):
            self.whole[edge] = self.values[edge]
            if self.graph.nodes[edge.node].types[edge.output].time == time:
                return self.settle(edge).text
        return ""

    def members(self, cell: Cell) -> list[Node]:
        return [self.graph.nodes[index] for index in sorted(cell.members)]

    def outside(self, cell: Cell) -> list[Edge]:
        """The values a loop reads from outside, starts left out; each settled in a variable."""
        found: list[Edge] = []
        for node in self.members(cell):
            for edge in () if node.kind == "delay" else node.inputs:
                if edge.node not in cell.members and edge not in found:
                    found.append(edge)
        for edge in found:
            self.hold(edge)
        return found

    def hold(self, edge: Edge) -> None:
        """Gives a value that is computed once, before a loop, a variable that no line in the loop writes."""
        node, text = self.graph.nodes[edge.node], self.values[edge].text
        if node.kind in ("input", "port") or edge in self.graph.layers[node.layer].values:
            self.settle(edge)
            return
        base = f"{self.variable(self.layer)}_ahead"
        taken = {value.text for value in self.values.values()}
        name, number = self.locals.other(base), 2
        if text.startswith(base) and self.values[edge].simple:
            return
        while name in taken:
            name, number = self.locals.other(f"{base}_{number}"), number + 1
        self.values[edge] = self.assign(name, self.values[edge])

    def read_after(self, cell: Cell) -> list[Edge]:
        """The loop's values that are read outside it."""
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


def zeros(value: Type, source: str) -> str:
    shape = ", ".join(str(size) for size in (value.maps, *value.space))
    return f"{source}.new_zeros({source}.shape[0], {shape})"


def expanded(value: Type, start: str, source: str) -> str:
    """A start value for each example: one that is the same for all has a batch of one."""
    return f"{start}.expand({source}.shape[0], {', '.join('-1' for _ in (value.maps, *value.space))})"
