"""Write the `__init__` of a class: a constructor call for each attribute, lists for repeats, then initial values.

The keys say the structure: `r_batchnorm.2` is the third of a list, and `h.0.1` the second in the first of a list of
lists. Only torch's own containers are used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from netspec.codegen import initial
from netspec.codegen.order import elements_of
from netspec.codegen.python import (
    UNKNOWN,
    Assign,
    Do,
    For,
    Progression,
    Statement,
    Value,
    call,
    fill,
    flat,
    name,
    parse,
    rebuilt,
    walk,
)
from netspec.codegen.site import Run, Site, relative, runs
from netspec.ir.graph import Node, Scope


@dataclass(slots=True)
class Place:
    """The content of one part of a module's key: a constructor call, or further places below it."""

    code: ast.expr | None = None
    bare: bool = False
    repeat: Scope | None = None  # the repeat whose round this is
    rounds: dict[int, Place] = field(default_factory=dict)
    below: dict[str, Place] = field(default_factory=dict)


@dataclass(slots=True)
class Start:
    """A statement about an array or module after it is made: initial values, freezing."""

    path: list[str]
    template: str  # `nn.init.normal_({w}, {0}, {1})`
    numbers: list[ast.expr]
    array: str = ""  # the array's name in its module; "" for the module or parameter itself
    kind: str = ""  # the class of the module


@dataclass(slots=True)
class GivenModule:
    """A parameter that stands for a step with weights: its module is an argument of the class."""

    name: str
    holder: Node | Scope


@dataclass(slots=True)
class Modules:
    """All modules and arrays that `__init__` makes, and the statements about them."""

    root: Place = field(default_factory=Place)
    starts: list[Start] = field(default_factory=list)
    given: list[GivenModule] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def expressions(self) -> Iterator[ast.expr]:
        """Yield the code of each attribute, then the numbers in the statements after them."""
        for attribute in self.root.below:
            yield self.made(attribute)
        for start in self.starts:
            yield from start.numbers

    def made(self, attribute: str) -> ast.expr:
        """Return the expression that makes an attribute."""
        sequential = any(run.attribute == attribute for run in self.runs)
        return _expression(self.root.below[attribute], "nn.Sequential" if sequential else "nn.ModuleList")


def leaf(value: Any, name: str = "") -> ast.expr:
    """Return the expression of a value; a tuple or list becomes one of such expressions."""
    if isinstance(value, tuple | list):
        return (ast.Tuple if isinstance(value, tuple) else ast.List)([leaf(item, name) for item in value])
    return Value(value, name=name)


def construct(site: Site, node: Node) -> ast.expr:
    """Return the constructor call of a node's module: `nn.Conv2d(3, 64, 7, stride=2)`; its copies come first."""
    made = site.lowering(node).module
    assert made is not None, node.op.name
    copies = [_copies(site, site.graph.scopes[number]) for number in node.copies]
    keywords: list[tuple[str, ast.expr]] = []
    for key, value in made.kwargs.items():
        if isinstance(value, tuple | list):
            keywords.append((key, leaf(value, key)))
        else:
            keywords.append((key, Value(value, made.defaults.get(key), key)))
    return call(made.call, [*copies, *(leaf(value) for value in made.args)], keywords)


def _copies(site: Site, scope: Scope) -> ast.expr:
    """Return the list of the copies of a block: `[SwiGLU(64, 256) for _ in range(8)]`."""
    assert scope.copies is not None
    one = _comprehension(site.definition(scope).construct(site, scope), "_", Value(scope.copies.number, name="experts"))
    return ast.List([one])


def collect(site: Site, scope: Scope) -> Modules:
    """Return the modules of a net, or of one instance of a block."""
    found = Modules()
    holders = list(_holders(site, scope))
    found.given = _given(site, scope, [holder for holder, _ in holders])
    arguments = {id(item.holder): item.name for item in found.given}
    found.runs = runs(site, scope, [(holder, relative(holder.key, scope)) for holder, _ in holders])
    for holder, repeats in holders:
        path = relative(holder.key, scope)
        place = found.root
        depth = 0
        for part in path:
            if part.isdigit():
                place = place.rounds.setdefault(int(part), Place())
                place.repeat = repeats[depth] if depth < len(repeats) else place.repeat
                depth += 1
            else:
                place = place.below.setdefault(part, Place())
        argument = arguments.get(id(holder), "")
        if argument:
            place.code = name(argument)
        elif isinstance(holder, Scope):
            place.code = site.definition(holder).construct(site, holder)
        else:
            _module(site, holder, path, place, found)
    return found


def given(site: Site, scope: Scope) -> list[GivenModule]:
    """Return the modules that a block takes as arguments for its step parameters."""
    return _given(site, scope, [holder for holder, _ in _holders(site, scope)])


def made_alone(site: Site, holder: Node | Scope) -> ast.expr:
    """Return the constructor call of a step that is handed to a block as its step parameter."""
    if isinstance(holder, Scope):
        return site.definition(holder).construct(site, holder)
    return construct(site, holder)


def _holders(site: Site, scope: Scope) -> Iterator[tuple[Node | Scope, list[Scope]]]:
    """Yield the nodes and blocks that have a module or an array in a class, each with the repeats around it."""

    def walk_scope(inner: Scope, repeats: list[Scope]) -> Iterator[tuple[Node | Scope, list[Scope]]]:
        for item in elements_of(site.graph, inner):
            if isinstance(item, Scope) and item.copies is not None:
                continue  # the module that owns the copies makes them
            if not isinstance(item, Scope) or (item.kind == "block" and item.index not in site.inlined):
                if item.key and (scope.again or not item.again):
                    yield item, repeats
            elif item.kind == "repeat" and not item.shared:
                for number in item.children:
                    yield from walk_scope(site.graph.scopes[number], [*repeats, item])
            else:
                yield from walk_scope(item, repeats)

    yield from walk_scope(scope, [])


def _given(site: Site, scope: Scope, holders: list[Node | Scope]) -> list[GivenModule]:
    """Return the modules that a block takes as arguments: those of step parameters that are one step with weights."""
    uses: dict[tuple[str, int], list[Node | Scope]] = {}
    for holder in holders:
        for origin in holder.origins:
            if origin.scope == scope.index:
                uses.setdefault((origin.name, origin.use), []).append(holder)
    found: list[GivenModule] = []
    counts: dict[str, int] = {}
    for (word, _), inside in uses.items():
        outer = inside[0].parent if isinstance(inside[0], Scope) else inside[0].scope
        if len(inside) > 1 or outer != scope.index or getattr(inside[0], "bare", False):
            continue
        counts[word] = counts.get(word, 0) + 1
        found.append(GivenModule(word if counts[word] == 1 else f"{word}{counts[word]}", inside[0]))
    return found


def _module(site: Site, node: Node, path: list[str], place: Place, found: Modules) -> None:
    lowering = site.lowering(node)
    weights = node.op.weights(*site.types(node))
    if node.bare:
        weight = next(item for item in weights if not (node.tied and item.name == "weight"))
        function, start = initial.parameter(weight)
        place.bare = True
        place.code = call("nn.Parameter", [call(function, [Value(size) for size in weight.shape])])
        if start is not None:
            found.starts.append(Start(path, start[0], [leaf(number) for number in start[1]]))
    else:
        assert lowering.module is not None, node.op.name
        place.code = construct(site, node)
        for weight in weights:
            part = weight.name.rpartition(".")[2]
            begun = initial.start(weight, node.op.sets_initial(part) or weight.init.name == "given")
            if begun is not None and not weight.buffer:
                kind = "nn.Linear" if "." in weight.name else lowering.module.call
                found.starts.append(Start(path, begun[0], [leaf(each) for each in begun[1]], weight.name, kind))
    if node.frozen:
        found.starts.append(Start(path, "{w}.requires_grad_(False)", []))


# ---- expressions


def _expression(place: Place, container: str) -> ast.expr:
    if place.code is not None:
        return place.code
    if place.below:  # this block has no class of its own, because a loop over time runs through it
        return call("nn.Module", [])
    rounds = [place.rounds[number] for number in sorted(place.rounds)]
    if all(item.bare for item in rounds):
        container = "nn.ParameterList"
    groups = [_grouped(group) for group in _by_repeat(rounds)]
    if len(groups) == 1 and len(groups[0]) == 1 and isinstance(groups[0][0], ast.GeneratorExp):
        only = groups[0][0]
        return call(container, [ast.Starred(only) if container == "nn.Sequential" else only])
    flat_items = [
        ast.Starred(item) if isinstance(item, ast.GeneratorExp) else item for group in groups for item in group
    ]
    return call(container, flat_items if container == "nn.Sequential" else [ast.List(flat_items)])


def _by_repeat(rounds: list[Place]) -> Iterator[list[Place]]:
    """Yield the items of a list in groups: the items of one repeat are one group, any other item is a group alone."""
    group: list[Place] = []
    for item in rounds:
        if group and (item.repeat is None or item.repeat is not group[0].repeat):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _grouped(group: list[Place]) -> list[ast.expr]:
    """Return one comprehension if the rounds are equal or their numbers grow evenly; else return each item."""
    items = [_expression(item, "nn.ModuleList") for item in group]
    repeat = group[0].repeat
    if repeat is None or len(items) < 2:
        return items
    count = Value(repeat.count)
    texts = [flat(item) for item in items]
    if len(set(texts)) == 1:
        return [_comprehension(items[0], "_", count)]
    grown = _growing(items) if len(items) > 2 else None
    return items if grown is None else [_comprehension(grown, "i", count)]


def _comprehension(item: ast.expr, variable: str, count: Value) -> ast.GeneratorExp:
    loop = ast.comprehension(name(variable), call("range", [count]), [], 0)
    return ast.GeneratorExp(item, [loop])


def _growing(items: list[ast.expr]) -> ast.expr | None:
    """Return an expression such as `Dense(64 + 32 * i, 32)` if each number is constant or grows evenly, else None."""
    if len({flat(item, lambda _: "?") for item in items}) > 1:
        return None
    rows = [[node for node in walk(item) if isinstance(node, Value)] for item in items]
    changes: dict[int, ast.expr] = {}
    for column in zip(*rows, strict=True):
        values = [value.value for value in column]
        if all(value is values[0] or (type(value) is type(values[0]) and value == values[0]) for value in values):
            continue
        if any(isinstance(value, (bool, str)) or value is None or value is UNKNOWN for value in values):
            return None
        step = values[1] - values[0]
        if any(value != values[0] + number * step for number, value in enumerate(values)):
            return None
        changes[id(column[0])] = Progression(Value(values[0]), Value(step))

    def put(node: Any) -> Any:
        return changes.get(id(node), node) if isinstance(node, Value) else rebuilt(node, put)

    grown: ast.expr = put(items[0])
    return grown


# ---- statements


def target(path: list[str]) -> str:
    """Return the code with which `__init__` and `forward` reach a module: `self.r[0].y`."""
    text = f"self.{path[0]}"
    for position, part in enumerate(path[1:], 1):
        if part.isdigit():
            text += f"[{part}]"
        else:
            return f'{text}.get_submodule("{".".join(path[position:])}")'
    return text


def statements(modules: Modules, everywhere: set[tuple[str, str]]) -> list[Statement]:
    """Return the statements of `__init__`.

    Args:
        modules: the modules and arrays that are made.
        everywhere: pairs of (class of module, array) that the net itself initialises in a loop over all its modules.
    """
    lines: list[Statement] = []
    for attribute in modules.root.below:
        lines.append(Assign(f"self.{attribute}", modules.made(attribute)))
        lines += _below(modules.root.below[attribute], f"self.{attribute}")
    groups: dict[tuple[str, str, str], list[Start]] = {}
    for start in modules.starts:
        if (start.kind, start.array.rpartition(".")[2]) not in everywhere or not start.kind:
            key = (start.array, start.template, " ".join(map(flat, start.numbers)))
            groups.setdefault(key, []).append(start)
    for (array, _, _), starts in groups.items():
        lines += _started(array, starts)
    return lines


def _below(place: Place, owner: str) -> Iterator[Statement]:
    """Yield the statements that add the modules of a block without a class of its own."""
    for word, inner in place.below.items():
        made = _expression(inner, "nn.ModuleList")
        add = "register_parameter" if inner.bare else "add_module"
        yield Do(call(f"{owner}.{add}", [Value(word), made]))
        if inner.below:
            yield from _below(inner, f'{owner}.get_submodule("{word}")')


def _started(array: str, starts: list[Start]) -> Iterator[Statement]:
    """Yield the statements that initialise an array: one line for a module, a loop for several modules."""
    whole: dict[str, list[Start]] = {}
    for start in starts:
        whole.setdefault(start.path[0], []).append(start)
    single = [start for group in whole.values() if len(group) == 1 and len(group[0].path) == 1 for start in group]
    if len(single) > 2:
        modules = ast.Tuple([parse(target(start.path)) for start in single])
        yield For("module", modules, [Do(_start(single[0], parse(_part("module", array))))])
    else:
        for start in single:
            optional = array == "bias" and "Conv" in start.kind  # torch says it may be None
            owner = target(start.path)
            yield Do(_start(start, parse(f"{owner}.{array}" if array and not optional else _part(owner, array))))
    for group in whole.values():
        if group[0] in single:
            continue
        if all(len(start.path) == 2 and start.path[1].isdigit() for start in group) and len(group) > 1:
            body: list[Statement] = [Do(_start(group[0], parse(_part("module", array))))]
            yield For("module", parse(f"self.{group[0].path[0]}"), body)
            continue
        for start in group:
            yield Do(_start(start, parse(_part(target(start.path), array))))


def _part(owner: str, array: str) -> str:
    """Return code that reads an array of a module whose class type checkers do not know."""
    return f'{owner}.get_parameter("{array}")' if array else owner


def _start(start: Start, array: ast.expr) -> ast.expr:
    return fill(start.template, {"w": array, **{str(at): number for at, number in enumerate(start.numbers)}})
