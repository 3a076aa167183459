"""The whole graph of every rule's accepted spec, kept in graph.txt: nodes, types, scopes, lines and stored arrays.

What is there was read in review. `pytest --refresh tests/rules/test_graphs.py` writes it anew after a change.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_rules import RULES, check_golden, slug

from netspec.api import load
from netspec.elaborate.environment import Closure
from netspec.ir.graph import Graph, Layer, Node, Scope, Stored

FLAGS = ("frozen", "again", "backward", "shared", "expected")


def flags(item: Node | Layer | Scope) -> str:
    return "".join(f" {name}" for name in FLAGS if getattr(item, name, False))


def described(graph: Graph) -> Iterator[str]:
    """One line for each thing that a graph holds."""
    depth, counts = graph.depth, graph.counts
    yield f"net {graph.name}: depth {depth}, {counts.trainable} + {counts.frozen} weights, {counts.buffers} buffers"
    yield f"  params {settings(graph.params)}; open {graph.open} lists {graph.lists} cells {graph.cells}"
    yield f"  inputs {graph.inputs} outputs {graph.outputs}"
    yield from map(scope, graph.scopes)
    yield from map(layer, graph.layers)
    for node in graph.nodes:
        yield step(node, graph)
    yield from map(array, graph.stored)


def settings(params: dict[str, Any]) -> str:
    steps = {name: "a step" for name, value in params.items() if isinstance(value, Closure)}
    return ", ".join(f"{name} = {value}" for name, value in (params | steps).items())


def scope(item: Scope) -> str:
    ports = f"{item.port_names} {item.ports}"
    results = f"{item.result_names} {' '.join(f'{edge.node}.{edge.output}' for edge in item.results)}"
    return (
        f"  scope {item.index} in {item.parent}: {item.kind} {item.name} {item.path!r} of line {item.layer},"
        f" [{item.first}, {item.last}) ({settings(item.params)}) given {item.given}"
        f" ports {ports} results {results}{flags(item)}"
    )


def layer(item: Layer) -> str:
    values = " ".join(f"{edge.node}.{edge.output}" for edge in item.values)
    return f"  {item.role} {item.path}: {values} in {item.scope} {item.caption!r} {item.section!r}{flags(item)}"


def step(node: Node, graph: Graph) -> str:
    inputs = " ".join(f"{edge.node}.{edge.output}" for edge in node.inputs)
    known = [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    asked = tuple(known if node.op.over_time else [value.step for value in known])
    made = node.types if node.op.over_time else tuple(value.step for value in node.types)
    macs = node.op.macs(asked, made) if asked else 0
    types = ", ".join(map(str, node.types))
    names = " ".join(filter(None, (node.path, node.tied and f"tied to {node.tied}")))
    return (
        f"  {node.index} {node.word} {node.op!r} of {inputs or '-'}: {types}; line {node.layer}, scope {node.scope},"
        f" {macs} multiply-adds {names}{flags(node)}"
    )


def array(item: Stored) -> str:
    weight = item.weight
    shape = "x".join(map(str, weight.shape))
    fans = f"{weight.fan_in} in {weight.fan_out} out {weight.fans or ''}"
    return f"  {item.kind} {item.key}: {shape} {weight.init.name}{weight.init.numbers} {fans} of {item.node}"


@pytest.mark.parametrize("rule", RULES, ids=slug)
def test_graph(rule: Path, monkeypatch: pytest.MonkeyPatch, refresh: bool) -> None:
    monkeypatch.chdir(rule)
    spec = load("accepted.net")
    lines = [line.rstrip() for name in spec.nets for line in described(spec.net(name).graph)]
    check_golden(rule / "graph.txt", "\n".join(lines) + "\n", refresh)
