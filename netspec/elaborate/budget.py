"""Computes a lower bound on the number of nodes that an item expands to, before anything is expanded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.model import Fault
from netspec.elaborate.environment import Closure, Environment
from netspec.elaborate.evaluate import ANY, Undefined, evaluate
from netspec.elaborate.program import Definition
from netspec.syntax import tree


class NodeBudget:
    """Counts nodes without making them.

    A block is counted only once for each set of arguments. So forty blocks, each of which calls the block before it
    twice, need forty counts and not 2^40. A repeat count that depends on a type is not known before the expansion; it
    is taken as one.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.known: dict[tuple[int, tuple[tuple[str, int], ...]], int] = {}
        self.open: set[int] = set()
        # node counts, by body, of blocks without `repeat`, calls and step parameters: the same for all arguments
        self.flat: dict[int, int] = {}
        self.asked = 0  # how many calls, step parameters and repeats were met; if none inside a block, it is flat

    def item(self, item: tree.Value, env: Environment) -> int:
        match item:
            case tree.Repeat():
                self.asked += 1
                inside = self.chain(item.chain, env)
                return min(self._rounds(item, env) * max(1, inside), self.limit + 1)
            case tree.Ref() | tree.Call():
                return self._named(item, env)
            case tree.Group():
                return self.chain(item.chain, env)
            case tree.Binary():
                return self._binary(item, env)
            case tree.Join() | tree.Several():
                return min(sum(self.item(part, env) for part in item.parts), self.limit + 1)
        return 1

    def _named(self, item: tree.Ref | tree.Call, env: Environment) -> int:
        found = env.values.get(item.name)
        definition = env.unit.find(item.name)
        if found is not None or definition is not None:
            self.asked += 1
        if isinstance(found, _Counted):
            return found.count
        if isinstance(found, Closure):
            return self.chain(found.chain, found.env)
        if definition is None:
            return 1 if item.step is None else min(1 + self.chain(item.step, env), self.limit + 1)
        return self.block(definition, item, env)

    def _binary(self, item: tree.Binary, env: Environment) -> int:
        """Count the nodes of a run of operators.

        `a + b + c` is parsed as ((a + b) + c). A loop walks down the left sides, since recursion could be too deep.
        """
        total = 1
        value: tree.Value = item
        while isinstance(value, tree.Binary):
            total += self.item(value.right, env)
            value = value.left
        return min(total + self.item(value, env), self.limit + 1)

    def chain(self, chain: tree.Chain, env: Environment) -> int:
        total = 0
        for item in chain.items:
            total += 1 if isinstance(item, (tree.Filters, tree.Perceptrons)) else self.item(item, env)
        return min(total, self.limit + 1)

    def _rounds(self, item: tree.Repeat, env: Environment) -> int:
        if isinstance(item.count, tree.List):
            return max(1, len(item.count.items))
        listed = env.values.get(item.count.name) if isinstance(item.count, tree.Ref) else None
        value = len(listed) if isinstance(listed, tuple) else _whole(item.count, env)
        return value if value is not None and value > 0 else 1

    def block(self, definition: Definition, item: tree.Ref | tree.Call, env: Environment) -> int:
        body = definition.body
        if id(body) in self.flat:
            return self.flat[id(body)]
        sizes = _arguments(definition, item, env)
        steps = self._steps(definition, item, env)
        key = (id(body), tuple(sorted({**sizes, **steps}.items())))
        if key in self.known:
            return self.known[key]
        # stop here: when the call is expanded, it reports the recursion
        if id(body) in self.open or len(self.open) > 100:
            return 1
        self.open.add(id(body))
        asked = self.asked
        values: dict[str, Any] = {**sizes, **{name: _Counted(count) for name, count in steps.items()}}
        inner = Environment(definition, values)
        total = sum(
            self.chain(line.chain, inner) for line in body.statements if isinstance(line, (tree.Layer, tree.Start))
        )
        self.open.discard(id(body))
        self.known[key] = min(total, self.limit + 1)
        if self.asked == asked:
            self.flat[id(body)] = self.known[key]
        return self.known[key]

    def _steps(self, definition: Definition, item: tree.Ref | tree.Call, env: Environment) -> dict[str, int]:
        """Return the number of nodes of each argument that is a step, if it is more than one."""
        names = [param.name.text for param in definition.body.params or ()]
        found: dict[str, int] = {}
        braces = () if item.step is None else (tree.Arg((), item.step),)
        for position, arg in enumerate((*item.args, *braces)):
            name = ".".join(arg.name) if arg.name else names[position] if position < len(names) else ""
            value = arg.value
            if name in names and isinstance(value, tree.Chain):
                found[name] = self.chain(value, env)
            elif name in names and isinstance(value, (tree.Ref, tree.Call, tree.Repeat)):
                found[name] = self.item(value, env)
        return {name: count for name, count in found.items() if count > 1}


@dataclass(frozen=True, slots=True)
class _Counted:
    """Stand-in for a step that is given to a block as an argument; it holds only the number of nodes of the step."""

    count: int


def _whole(value: tree.Value, env: Environment) -> int | None:
    try:
        found = evaluate(value, env, ANY)
    except (Fault, Undefined):
        return None
    return found if isinstance(found, int) else None


def _arguments(definition: Definition, item: tree.Ref | tree.Call, env: Environment) -> dict[str, int]:
    """Return the arguments and defaults of a call that are whole numbers known before the expansion."""
    names = [param.name.text for param in definition.body.params or ()]
    sizes: dict[str, int] = {}
    for param in definition.body.params or ():
        if isinstance(param.default, tree.Number) and isinstance(param.default.value, int):
            sizes[param.name.text] = param.default.value
    for position, arg in enumerate(item.args):
        name = ".".join(arg.name) if arg.name else names[position] if position < len(names) else ""
        found = _whole(arg.value, env) if name in names else None
        if found is not None:
            sizes[name] = found
    return sizes
