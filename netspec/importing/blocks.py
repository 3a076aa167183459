"""The canonical graph as nets and blocks: modules of one class with equal wiring become one block.

Two modules are one block only if every step, option and wire is the same. Numbers may differ: a number that differs is
a parameter, or follows from the sizes of the block's inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from netspec.importing.steps import Graph, Step
from netspec.ir.graph import Edge
from netspec.ir.operation import Op
from netspec.ir.types import Type

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "")
# by what a number may be a multiple of the maps of an input, and still say something to a reader
FACTORS = [Fraction(factor) for factor in (1, 2, 3, 4, 6, 8)] + [Fraction(1, factor) for factor in (2, 4, 8, 16)]
LEAST = 8  # a number smaller than this may equal a size by chance
FEW = 3  # a chain of at most so many steps is as easy to read as the call of a block


@dataclass(eq=False)
class Leaf:
    """A step, with the numbers of its options, in order."""

    number: int
    step: Step
    path: str

    @property
    def reads(self) -> list[Edge]:
        return [*self.step.inputs]

    @property
    def gives(self) -> list[Edge]:
        return [Edge(self.number, output) for output in range(len(self.step.types))]

    def steps(self) -> Iterator[Leaf]:
        yield self


@dataclass(eq=False)
class Group:
    """What a module computes: its items in order, the values that it reads and those that others read of it."""

    path: str
    cls: str
    items: list[Leaf | Group]
    reads: list[Edge] = field(default_factory=list)
    gives: list[Edge] = field(default_factory=list)
    block: Block | None = None

    def steps(self) -> Iterator[Leaf]:
        for item in self.items:
            yield from item.steps()


@dataclass(eq=False)
class Block:
    """Groups that differ in numbers alone.

    Attributes:
        name: its name in the spec.
        groups: its uses, the first of which is written.
        params: the parameters by name, with their value in each use.
        texts: what is written for each number of the first use, by its place.
    """

    name: str
    groups: list[Group]
    params: dict[str, list[Any]] = field(default_factory=dict)
    texts: dict[tuple[int, str, int], str] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)  # the names of the maps of each input
    outputs: list[str] = field(default_factory=list)  # the names of its outputs, once it is written

    def arguments(self, group: Group) -> list[Any]:
        """Return the values of the parameters in one use."""
        place = self.groups.index(group)
        return [values[place] for values in self.params.values()]


def numbers(op: Op) -> list[tuple[str, int, Any]]:
    """Return the numbers among the options of an operation: the option, the place in its list, the number."""
    found: list[tuple[str, int, Any]] = []
    for name in op.options:
        value = op.__dict__[name]
        for place, each in enumerate(value if isinstance(value, tuple) and not isinstance(value, Type) else (value,)):
            if isinstance(each, int | float) and not isinstance(each, bool):
                found.append((name, place, each))
    return found


def _shape_of_options(op: Op) -> tuple[Any, ...]:
    found: list[Any] = [type(op).__name__]
    for name in op.options:
        value = op.__dict__[name]
        if isinstance(value, tuple) and not isinstance(value, Type):
            found.append(tuple(0 if isinstance(each, int | float) else each for each in value))
        elif isinstance(value, dict):
            found.append(tuple(value.items()))
        else:
            found.append(0 if isinstance(value, int | float) and not isinstance(value, bool) else value)
    return tuple(found)


def recover(graph: Graph, classes: Mapping[str, str]) -> tuple[Group, list[Block]]:
    """Return the net as a group of items, with the blocks that it calls, each before the blocks that call it."""
    live = graph.live()
    leaves = [Leaf(number, graph.steps[number], graph.steps[number].path) for number in live]
    leaves = [leaf for leaf in leaves if not leaf.step.op.structure]
    root = Group("", classes.get("", ""), _grouped(leaves, "", classes))
    while True:
        _connect(graph, root)
        keys = _keys(graph, root)
        kept = _worth(root, keys)
        if not _inline(root, kept):
            break
    _connect(graph, root)
    keys = _keys(graph, root)
    firsts: dict[Any, Group] = {}
    for group in _every(root):
        firsts.setdefault(keys[id(group)], group)
    blocks = {key: Block(name, []) for key, name in _named(firsts).items()}
    for group in _every(root):
        group.block = blocks[keys[id(group)]]
        group.block.groups.append(group)
    order = list(dict.fromkeys(group.block for group in _every(root) if group.block is not None))
    for block in order:
        _parametrise(graph, block)
    return root, order


def _grouped(leaves: Sequence[Leaf], path: str, classes: Mapping[str, str]) -> list[Leaf | Group]:
    """Group steps that lie side by side by the module below `path` that they belong to."""
    found: list[Leaf | Group] = []
    runs: list[tuple[str, list[Leaf]]] = []
    for leaf in leaves:
        child = _child(leaf.path, path)
        if runs and runs[-1][0] == child and child:
            runs[-1][1].append(leaf)
        else:
            runs.append((child, [leaf]))
    for child, inside in runs:
        if not child:
            found += inside
            continue
        items = _grouped(inside, child, classes)
        if len(items) == 1 or classes.get(child, "") in CONTAINERS:
            found += items
        else:
            found.append(Group(child, classes[child], items))
    return found


def _child(path: str, above: str) -> str:
    if above and path != above and not path.startswith(f"{above}."):
        return ""
    rest = path[len(above) :].lstrip(".")
    if not rest:
        return ""
    return f"{above}.{rest.partition('.')[0]}".lstrip(".")


def _every(group: Group) -> Iterator[Group]:
    """Yield the groups inside a group, the innermost first."""
    for item in group.items:
        if isinstance(item, Group):
            yield from _every(item)
            yield item


def _connect(graph: Graph, root: Group) -> None:
    readers: dict[Edge, list[int]] = {}
    for leaf in root.steps():
        for edge in leaf.step.inputs:
            readers.setdefault(edge, []).append(leaf.number)
    ends = set(graph.outputs)
    for group in [*_every(root), root]:
        inside = {leaf.number for leaf in group.steps()}
        group.reads = list(
            dict.fromkeys(edge for leaf in group.steps() for edge in leaf.step.inputs if edge.node not in inside)
        )
        made = [edge for leaf in group.steps() for edge in leaf.gives]
        group.gives = [
            edge for edge in made if edge in ends or any(number not in inside for number in readers.get(edge, ()))
        ]
    root.gives = list(graph.outputs)


def _keys(graph: Graph, root: Group) -> dict[int, Any]:
    """Return for each group what must be equal for two groups to be one block."""
    found: dict[int, Any] = {}
    for group in _every(root):
        places: dict[Edge, Any] = {edge: ("reads", number) for number, edge in enumerate(group.reads)}
        items: list[Any] = []
        for number, item in enumerate(group.items):
            wires = tuple(places[edge] for edge in item.reads)
            if isinstance(item, Leaf):
                items.append((_shape_of_options(item.step.op), wires, tuple(item.step.arrays), len(item.step.types)))
            else:
                items.append((found[id(item)], wires))
            places |= {edge: (number, output) for output, edge in enumerate(item.gives)}
        gives = tuple(places[edge] for edge in group.gives)
        kinds = tuple(_kind(graph.type(edge)) for edge in group.reads)
        found[id(group)] = (group.cls, tuple(items), gives, kinds)
    return found


def _kind(value: Type) -> tuple[Any, ...]:
    return (len(value.space), value.time is None, value.classes is None)


def _worth(root: Group, keys: Mapping[int, Any]) -> set[int]:
    """Return the groups that are better a block than written out: those that several places call."""
    places: dict[Any, set[Any]] = {}
    for group in [root, *_every(root)]:
        for number, item in enumerate(group.items):
            if isinstance(item, Group):
                places.setdefault(keys[id(item)], set()).add((keys.get(id(group), ""), number))
    found = set()
    for group in _every(root):
        if len(places[keys[id(group)]]) > 1 and not _short(group) and group.gives:
            found.add(id(group))
    return found


def _short(group: Group) -> bool:
    """Whether a group is a chain with one sum of weights at most: it is read more easily where it stands."""
    steps = [*group.steps()]
    nouns = sum(leaf.step.op.noun or leaf.step.op.depth > 0 for leaf in steps)
    single = all(len(leaf.step.inputs) == 1 for leaf in steps) and len(group.reads) == 1 == len(group.gives)
    return single and nouns <= 1 and len(steps) <= FEW


def _inline(group: Group, kept: set[int]) -> bool:
    changed = False
    items: list[Leaf | Group] = []
    for item in group.items:
        if isinstance(item, Group):
            changed |= _inline(item, kept)
            if id(item) not in kept:
                items += item.items
                changed = True
                continue
        items.append(item)
    group.items = items
    return changed


def _named(groups: Mapping[Any, Group]) -> dict[Any, str]:
    """Return the names of blocks: after their class, and after the part that the others of the class lack."""
    found: dict[Any, str] = {}
    for key, group in groups.items():
        name = re.sub(r"\W", "", "".join(part[:1].upper() + part[1:] for part in group.cls.split("_"))) or "Part"
        kin = [other for other in groups.values() if other.cls == group.cls and other is not group]
        own = _parts(group)
        extra = [part for part in own if all(part not in _parts(other) for other in kin)]
        if kin and extra and any(not set(_parts(other)) - set(own) for other in kin):
            name += "".join(word.capitalize() for word in extra[0].split("_"))
        elif _skips(group) and any(not _skips(other) for other in kin):
            name += "Skip"
        longer, letters = name, iter("BCDEFGHIJKLMNOPQRSTUVWXYZ")
        while longer in found.values():
            longer = f"{name}{next(letters, 'More')}"
        found[key] = longer
    return found


def _skips(group: Group) -> bool:
    """Whether the first input is read twice: a connection goes past the rest."""
    return bool(group.reads) and sum(item.reads.count(group.reads[0]) for item in group.items) > 1


def _parts(group: Group) -> list[str]:
    """Return the names of the modules inside a group."""
    inner = (part for leaf in group.steps() for part in leaf.path[len(group.path) :].split("."))
    return list(dict.fromkeys(part for part in inner if part and not part.isdigit()))


# ---- numbers


def places_of(group: Group) -> Iterator[tuple[tuple[int, str, int], Any, Any]]:
    """Yield each number of a group: its place, the number, and the option that it is a value of (None in a call)."""
    for number, item in enumerate(group.items):
        if isinstance(item, Leaf):
            for name, place, value in numbers(item.step.op):
                yield (number, name, place), value, item.step.op.options[name]
        elif item.block is not None:
            for place, (name, value) in enumerate(zip(item.block.params, item.block.arguments(item), strict=True)):
                yield (number, name, place), value, None


def _parametrise(graph: Graph, block: Block) -> None:
    """Decide for each number of a block whether it is written out, follows from an input's size, or is a parameter."""
    first = block.groups[0]
    maps = [[graph.type(group.reads[port]).maps for group in block.groups] for port in range(len(first.reads))]
    block.sizes = _size_names(graph, first, maps)
    vectors = [[*places_of(group)] for group in block.groups]
    for entries in zip(*vectors, strict=True):
        place, _, option = entries[0]
        values = [entry[1] for entry in entries]
        block.texts[place] = _written(block, values, option, place[1], maps)


def _size_names(graph: Graph, group: Group, maps: list[list[Any]]) -> list[str]:
    names: list[str] = []
    pending = (f"{letter}{number}" for number in ("", *range(2, 99)) for letter in "cdefgabuvpq")
    for port, values in enumerate(maps):
        same = next((names[before] for before in range(port) if maps[before] == values), None)
        names.append(same if same is not None else next(pending))
    return names


def _written(block: Block, values: list[Any], option: Any, name: str, maps: list[list[Any]]) -> str:
    whole = all(isinstance(value, int) for value in values)
    counts = (
        option is None or option.kind == "size" or (option.kind == "extent" and not option.written and name != "kernel")
    )
    if whole and counts and (min(values) >= LEAST or len(set(values)) > 1):
        for size, vector in zip(block.sizes, maps, strict=True):
            text = _multiple(values, vector, size)
            if text:
                return text
    if len(set(values)) == 1:
        return number_text(values[0])
    for param, vector in block.params.items():
        # a stride that doubles with the maps does not follow from them
        ratio = whole and counts and min(values) >= LEAST
        text = _multiple(values, vector, param) if ratio else (param if values == vector else "")
        if text:
            return text
    called = name
    number = 2
    while called in block.params or called in block.sizes:
        called, number = f"{name}{number}", number + 1
    block.params[called] = values
    return called


def _multiple(values: list[Any], vector: list[Any], name: str) -> str:
    if not all(isinstance(size, int) and size for size in vector):
        return ""
    factors = {Fraction(value, size) for value, size in zip(values, vector, strict=True)}
    factor = factors.pop()
    if factors or factor not in FACTORS:
        return ""
    if factor.denominator == 1:
        return name if factor == 1 else f"{factor.numerator}*{name}"
    return f"{name}/{factor.denominator}"


def number_text(value: Any) -> str:
    if isinstance(value, float):
        text = f"{value:.12g}"
        return re.sub(
            r"e([+-])0*(?=\d)", lambda match: f"e{match[1].strip('+')}", text if float(text) == value else repr(value)
        )
    return str(value)
