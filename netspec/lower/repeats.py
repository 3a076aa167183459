"""Repeats -> a loop where all rounds are written alike, else one round after another."""

from __future__ import annotations

import re

from netspec.ir.graph import Edge, Scope
from netspec.lower.body import Body
from netspec.lower.expressions import NAME, Expr
from netspec.lower.holes import MARK, Holes, literal
from netspec.lower.order import items


class Repeats(Body):
    """Adds repeats."""

    loops = 0  # loops around the place that is written
    numbers: tuple[str, ...] = ()  # their counters, for the names of states

    def repeat(self, scope: Scope) -> None:
        rounds = [self.graph.scopes[child] for child in scope.children]
        self.settle_all()
        names = self.enter(rounds[0])
        if not self.loop(scope, rounds, names):
            for inner in rounds:
                number = inner.name
                if not scope.shared:
                    self.access.append((inner.key, f"{self.path(scope.key)}[{number}]"))
                self.round(inner, names)
                if not scope.shared:
                    self.access.pop()

    def enter(self, first: Scope) -> list[str]:
        """The variables that go round: each is given what the first round reads."""
        edges = [self.graph.nodes[number].inputs[0] for number in first.ports]
        base = self.variable(self.layer)
        names: list[str] = []
        for position, edge in enumerate(edges, 1):
            held = self.left.get(edge, 0)
            self.left[edge] = held - 1  # a value that only goes round gives its variable up
            name = self.temporary(base if len(edges) == 1 else f"{base}_{position}")
            self.left[edge] = held
            self.assign(name, self.values[edge])
            names.append(name)
        return names

    def loop(self, scope: Scope, rounds: list[Scope], names: list[str]) -> bool:
        """Tries one loop for all rounds; leaves everything as it was where they differ."""
        if len(rounds) < 2:
            return False
        kept = (len(self.draft.lines), len(self.draft.holes.items), self.left.copy(), self.values.copy(), [*self.line])
        assigned, layer = self.assigned.copy(), self.layer
        self.loops += 1
        variable = "step" if self.loops == 1 else f"step{self.loops}"
        counter = "number" if self.loops == 1 else f"number{self.loops}"
        before, numbers = self.indent, self.numbers
        self.indent, self.numbers = before + "    ", (*numbers, counter)
        texts: list[list[str]] = []
        holes = 0
        for inner in rounds:
            begin = len(self.draft.lines)
            if not scope.shared:
                self.access.append((inner.key, variable))
            self.round(inner, names)
            if not scope.shared:
                self.access.pop()
            texts.append([resolve(line, self.draft.holes) for line in self.draft.lines[begin:]])
            if len(texts) == 1:
                holes = len(self.draft.holes.items)
            else:
                del self.draft.lines[begin:], self.draft.holes.items[holes:]
        self.loops -= 1
        self.indent, self.numbers = before, numbers
        wanted = any(self.left.get(edge, 0) > 0 for inner in rounds[:-1] for edge in inner.results)
        if not wanted and all(text == texts[0] for text in texts) and texts[0]:
            head = self.head(scope, variable, counter, texts[0], len(rounds))
            self.draft.lines.insert(kept[0], before + head)
            return True
        del self.draft.lines[kept[0] :], self.draft.holes.items[kept[1] :]
        self.left, self.values, self.line = kept[2:]
        self.assigned, self.layer = assigned, layer
        return False

    def head(self, scope: Scope, variable: str, counter: str, lines: list[str], count: int) -> str:
        modules = self.path(scope.key)
        text = "\n".join(lines)
        if f"{{{counter}}}" in text and scope.shared:
            return f"for {counter} in range(1, {count + 1}):"
        if f"{{{counter}}}" in text:
            return f"for {counter}, {variable} in enumerate({modules}, 1):"
        if scope.shared or not re.search(rf"(?<![\w.]){variable}(?!\w)", text):
            return f"for _ in range({count}):"
        return f"for {variable} in {modules}:"

    def round(self, scope: Scope, names: list[str]) -> None:
        """One round: its ports are the variables that go round, its results go back into them."""
        for number, name in zip(scope.ports, names, strict=True):
            source = self.graph.nodes[number].inputs[0]
            self.left[source] = self.left.get(source, 1) - 1
            self.values[Edge(number)] = Expr(name, NAME)
            self.line.append(Edge(number))
        for item in items(self.graph, scope):
            self.item(item)
        exprs = [self.values[edge] for edge in scope.results]
        if len(exprs) == 1:
            self.assign(names[0], exprs[0])
        else:
            texts = [expr.text for expr in exprs]
            if texts != names:
                self.emit(f"{', '.join(names)} = {', '.join(texts)}")
        for edge, name in zip(scope.results, names, strict=True):
            self.values[edge] = Expr(name, NAME)


def resolve(line: str, holes: Holes) -> str:
    """A line with its values as they are in this instance."""
    return MARK.sub(lambda match: literal(holes.items[int(match[1])].value), line)
