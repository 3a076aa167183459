"""A block that was expanded before is copied: the graph is the very one that working it out again gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from strategies import Spec, specs

import netspec
from netspec.elaborate.templates import Templates
from netspec.ir.graph import Graph
from proof.running import examples
from proof.test_text_laws import FILES


def everything(graph: Graph) -> list[Any]:
    """Every field of every node, layer and scope."""
    parts = [*graph.nodes, *graph.layers, *graph.scopes]
    fields = [
        {name: getattr(part, name) for name in type(part).__slots__ if name != "arguments"}  # steps bring their frames
        for part in parts
    ]
    stored = [(item.key, item.weight, item.node, item.frozen) for item in graph.stored]
    return [*fields, *stored, graph.depth, graph.cells, graph.warnings]


def both(text: str, folder: Any = None) -> int:
    """Compares the graphs of every net with and without copies; returns how many copies were made."""
    copied = 0
    original = Templates.copy

    def counting(self: Templates, *args: Any) -> Any:
        nonlocal copied
        copied += 1
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Templates, "copy", counting)
        spec = netspec.parse(text, folder=folder)
        graphs = [everything(spec.net(name).graph) for name in spec.nets]
        patch.setattr(Templates, "key", lambda self, definition, arguments: None)
        before = copied
        # of the same syntax: spans and operations are compared, too
        anew = netspec.api.Spec(spec.program)
        assert graphs == [everything(anew.net(name).graph) for name in spec.nets]
        assert copied == before
    return copied


def test_copies_in_the_zoo_and_other_specs() -> None:
    chosen = [path for path in FILES if "networks" not in path.parts]
    assert sum(both(path.read_text(encoding="utf-8"), path.parent) for path in chosen) > 60


@settings(max_examples=examples(40))
@given(specs(lines=8))
def test_copies_in_random_specs(spec: Spec) -> None:
    both(spec.text)


def test_random_specs_do_copy() -> None:
    text = "block B(K) {\n  input x: m\n  output y: K perceptrons -> relu\n}\n"
    net = "net n {\n  input x: 3\n  hidden a: x -> B(3) -> B(3) -> repeat 3 { B(3) }\n  output y: a -> B(4)\n}\n"
    assert both(text + net) == 4
