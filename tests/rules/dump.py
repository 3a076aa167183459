"""A checked net as text for golden files: in the language's words, whatever its parts are called in the code.

    net NAME (PARAMETER = VALUE, …): depth D; weights trainable + frozen, buffers
      open SIZES · constants NAME = VALUE · recurrences [NODES]
      scope N in PARENT: net | block | repeat | round NAME "PATH", nodes FIRST to LAST, line L (NAMES)
          reads NAME = NODE … gives NAME = VALUE … FLAGS
      line N in SCOPE: ROLE PATH = VALUES "CAPTION" FLAGS
      node N in SCOPE, line L: STEP (OPTION = VALUE, …) of VALUES: TYPES; M multiply-adds; weights PATH FLAGS
      array KEY: KIND SHAPE from DISTRIBUTION, fans IN to OUT, of node N

A value is NODE.OUTPUT. Options stand there under the language's names where they differ from what is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from netspec.ir.graph import Edge, Graph, Layer, Node, Scope, Stored
from netspec.ir.operation import Init, Op
from netspec.ir.sizes import Formula
from netspec.ir.types import Type


def text_of(graph: Graph) -> str:
    """The whole net, one line for each thing that it holds."""
    return "\n".join(line.rstrip() for line in _lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    counts = graph.counts
    yield (
        f"net {graph.name} ({_named(graph.params)}): depth {graph.depth};"
        f" {counts.trainable} + {counts.frozen} weights, {counts.buffers} buffers"
    )
    for word, value in (("open", " ".join(graph.open)), ("constants", _named(graph.lists))):
        if value:
            yield f"  {word} {value}"
    yield from (f"  recurrence {' '.join(map(str, cell))}" for cell in graph.cells)
    yield from map(_scope, graph.scopes)
    yield from map(_line, graph.layers)
    yield from (_node(node, graph) for node in graph.nodes)
    yield from map(_array, graph.stored)


def _named(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    """As the language writes it."""
    match value:
        case bool():
            return str(value).lower()
        case Init():
            return value.name + (f"({', '.join(map(_value, value.numbers))})" if value.numbers else "")
        case str() | int() | float() | Type():
            return str(value)
        case dict():
            return " ".join(f"{name}: {_value(one)}" for name, one in value.items())
        case tuple() if value and all(isinstance(one, int) for one in value):
            return "x".join(map(str, value))
        case tuple() | list():
            return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, Formula) else "a step"


def _edges(edges: tuple[Edge, ...]) -> str:
    return " ".join(f"{edge.node}.{edge.output}" for edge in edges)


def _flags(**flags: bool) -> str:
    return "".join(f" {name}" for name, stands in flags.items() if stands)


def _pairs(names: Sequence[str], values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Names beside what they stand for; a repeat has values without names."""
    return zip_longest(names, values, fillvalue="")


def _scope(item: Scope) -> str:
    reads = "".join(f" {name} = {node}" if name else f" {node}" for name, node in _pairs(item.port_names, item.ports))
    gives = "".join(
        f" {name} = {_edges((edge,))}" if name else f" {_edges((edge,))}"
        for name, edge in _pairs(item.result_names, item.results)
    )
    given = "".join(f" {name}" for name in item.given)
    parts = (("given", given), ("reads", reads), ("gives", gives))
    return (
        f'  scope {item.index} in {item.parent}: {item.kind} {item.name} "{item.path}", nodes {item.first} to'
        f" {item.last - 1}, line {item.layer} ({_named(item.params)})"
        + "".join(f" {word}{words}" for word, words in parts if words)
        + _flags(shared=item.shared, again=item.again, backward=item.backward)
    )


def _line(item: Layer) -> str:
    said = "".join(f' "{text}"' for text in (item.caption, item.section) if text)
    return f"  line {item.index} in {item.scope}: {item.role} {item.path} = {_edges(item.values)}{said}" + _flags(
        typed=item.expected
    )


def _node(node: Node, graph: Graph) -> str:
    known = [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    asked = tuple(known if node.op.over_time else [value.step for value in known])
    made = node.types if node.op.over_time else tuple(value.step for value in node.types)
    macs = node.op.macs(asked, made) if asked else 0
    types = ", ".join(map(str, node.types))
    weights = f"; weights {node.path}" if node.path else ""
    weights += f" tied to {node.tied}" if node.tied else ""
    return (
        f"  node {node.index} in {node.scope}, line {node.layer}: {node.kind or node.op.name} {node.word}"
        f"{_options(node.op)} of {_edges(node.inputs) or '-'}: {types}; {macs} multiply-adds{weights}"
        + _flags(frozen=node.frozen, again=node.again, backward=node.backward)
    )


def _options(op: Op) -> str:
    given = {
        declared.shown: value
        for name, declared in op.options.items()
        if (value := getattr(op, name)) != declared.default
    }
    return f" ({_named(given)})" if given else ""


def _array(item: Stored) -> str:
    weight = item.weight
    shape = "x".join(map(str, weight.shape))
    rows = f" {weight.fans}" if weight.fans else ""
    return (
        f"  array {item.key}: {item.kind} {shape} from {_value(weight.init)},"
        f" fans {weight.fan_in} to {weight.fan_out}{rows}, of node {item.node}"
    )
