"""Elaborates a block once for all its instances: each size is open, and has one value for each instance.

The emitted source has one class for each block of the spec. From the graph that is made here, the emitter reads how the
lines of that class compute their numbers from the sizes of the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.diagnostics.model import Fault
from netspec.elaborate.checks import find_cells
from netspec.elaborate.elaborate import Instance, settled
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import Undefined, evaluate
from netspec.elaborate.keys import assign_keys
from netspec.elaborate.program import Definition
from netspec.ir.graph import Counts, Graph, Scope
from netspec.ir.sizes import Formula, divides, is_open, values_of
from netspec.ir.types import Time, Type
from netspec.limits import DEFAULT
from netspec.syntax import tree

Sizes = dict[str, Any]


class Unsuited(Exception):
    """Raised if a block cannot be elaborated with open sizes, for example because its structure depends on them."""


def symbolic(instances: Sequence[Scope], inputs: Sequence[Sequence[Type]]) -> Graph:
    """Return the graph of a block (or net) with a symbol for every size.

    Args:
        instances: the scopes of all instances; the n-th value of a symbol is the size in the n-th instance.
        inputs: for each instance, the types of its inputs, in order.

    Raises:
        Unsuited: no such graph can be made, or its types would differ from those of the instances.
    """
    first = instances[0]
    definition = first.source
    known = {name: _symbol(name, [scope.arguments[name] for scope in instances]) for name in first.arguments}
    instance = Instance(Environment(definition, known), instances=True)
    lines = [line for line in definition.body.statements if isinstance(line, tree.Input)]
    if definition.body.kind == "block":
        sizes = dict(known)
        for line, types in zip(lines, zip(*inputs, strict=True), strict=True):
            instance.inputs[line.label.text] = _input(line.type, types, sizes, definition)
        instance.symbols = {name: value for name, value in sizes.items() if is_open(value)}
    try:
        b, *_ = settled(instance, DEFAULT)
    except (Fault, Undefined):
        raise Unsuited from None
    if b.report.failed:
        raise Unsuited
    assign_keys(b, b.weights)
    nodes = b.nodes
    return Graph(
        definition.body.name.text, "", known, (), nodes, b.layers, b.scopes, [], Counts(), 0,
        inputs=tuple(node.index for node in nodes if node.kind == "input"),
        outputs=tuple(layer.index for layer in b.layers if layer.role == "output" and layer.scope == 0),
        cells=find_cells(nodes) if b.delays else [],
    )  # fmt: skip


def _symbol(name: str, values: list[Any]) -> Any:
    """Return a symbol for an argument that is a number; for other arguments, return that of the first instance."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return Formula.symbol(name, tuple(values))
    return values[0]


def _input(written: tree.TypeText, types: Sequence[Type], known: Sizes, definition: Definition) -> Type:
    """Return the type of an input as its annotation describes it, with a symbol for each name in the annotation."""

    def size(expression: Any, values: list[Any]) -> Any:
        found = _size(expression, values, known, definition)
        if values_of(found, len(values)) != tuple(values):
            raise Unsuited
        return found

    first = types[0]
    dims = [] if written.space is None else list(written.space.sizes)
    time = None
    if first.time is not None:
        lengths = [value.time.length for value in types if value.time is not None]
        length = written.over.length if written.over is not None else None
        time = Time(size(length, lengths), first.time.varying)
    if first.classes is None and written.maps is None and len(dims) == 1:
        return Type(size(dims[0], [value.maps for value in types]), (), time)
    space = tuple(size(dim, [value.space[axis] for value in types]) for axis, dim in enumerate(dims))
    if len(space) != len(first.space):
        raise Unsuited
    if first.classes is not None:
        return Type(1, space, time, size(written.classes, [value.classes for value in types]))
    maps = 1 if written.maps is None else size(written.maps, [value.maps for value in types])
    return Type(maps, space, time)


def _size(expression: Any, values: list[Any], known: Sizes, definition: Definition) -> Any:
    """Return one size of an annotation, as a formula of symbols.

    A new name in `c` or `2*c` becomes a symbol with the values that fit; any other expression is evaluated.
    """
    factor: Any = 1
    name = ""
    match expression:
        case None:
            if len(set(values)) > 1:
                raise Unsuited
            return values[0]
        case tree.Ref():
            name = expression.name
        case tree.Binary(op="*", left=tree.Number() as number, right=tree.Ref() as reference):
            factor, name = number.value, reference.name
    if name and name not in known:
        if not all(isinstance(value, int) and divides(factor, value) for value in values):
            raise Unsuited
        known[name] = Formula.symbol(name, tuple(value // factor for value in values))
    try:
        return evaluate(expression, Environment(definition, known))
    except (Fault, Undefined):
        raise Unsuited from None
