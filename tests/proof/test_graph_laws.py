"""Random valid specs: typed as an independent checker types them, and the same net however they are said."""

from __future__ import annotations

import re
from typing import Any

import networkx
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Spec, specs
from torch import Tensor, nn

import netspec
from netspec.api import Net
from proof.rewriting import inlined, picture, renamed, reordered, unrolled
from proof.running import close, examples, inputs_of, run
from proof.transplant import default_dtype


def type_of(net: Net, label: str) -> str:
    layer = next(layer for layer in net.graph.top if layer.label == label)
    edge = layer.values[0]
    return str(net.graph.nodes[edge.node].types[edge.output])


@settings(max_examples=examples(16))
@given(specs())
def test_every_random_spec_is_accepted_and_its_outputs_have_the_types_of_the_rules(spec: Spec) -> None:
    net = netspec.parse(spec.text).net()
    labels = [net.graph.layers[index].label for index in net.graph.outputs]
    assert labels == list(spec.outputs)
    assert {label: type_of(net, label) for label in labels} == {
        label: str(shape) for label, shape in spec.outputs.items()
    }


@settings(max_examples=examples(20))
@given(specs())
def test_other_labels_make_the_same_graph(spec: Spec) -> None:
    def new(label: str) -> str:
        return f"L_{label}" if label in labels else label

    labels = {*spec.body.inputs, *(line.label for line in spec.body.lines)}
    labels |= {name for block in spec.blocks for name in (*block.inputs, *(line.label for line in block.lines))}
    text = renamed(spec, new)
    assert text != spec.text
    assert picture(netspec.parse(text).net()) == picture(netspec.parse(spec.text).net(), new)


@settings(max_examples=examples(12))
@given(specs(), st.data())
def test_independent_lines_may_stand_in_any_order(spec: Spec, data: st.DataObject) -> None:
    text = reordered(spec, lambda ready: data.draw(st.sampled_from(ready)))
    assume(text != spec.text)
    one, other = netspec.parse(spec.text).net(), netspec.parse(text).net()
    assert networkx.is_isomorphic(one.to_networkx(), other.to_networkx(), node_match=dict.__eq__, edge_match=same_edges)
    assert {stored.key for stored in one.graph.stored} == {stored.key for stored in other.graph.stored}
    with default_dtype(torch.float64):
        found, wanted = (
            dict(zip(order(net), run(net.module(dtype=torch.float64).eval(), spec), strict=True))
            for net in (one, other)
        )
    assert found.keys() == wanted.keys()
    for label, value in found.items():
        close(value, wanted[label], label)


def same_edges(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    def key(edge: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(sorted(edge.items()))

    return sorted(map(key, one.values())) == sorted(map(key, other.values()))


def order(net: Net) -> list[str]:
    return [net.graph.layers[index].label for index in net.graph.outputs]


@settings(max_examples=examples(10))
@given(specs().filter(lambda spec: re.search(r"-> B\d", spec.text)))
def test_a_block_written_in_place_equals_its_call(spec: Spec) -> None:
    text = inlined(spec)
    assert not re.search(r"-> B\d", text.partition("net n")[2])
    same_function(spec, text)


@settings(max_examples=examples(12))
@given(specs().filter(lambda spec: "repeat" in spec.text))
def test_a_repeat_equals_as_many_copies(spec: Spec) -> None:
    text = unrolled(spec.text)
    assert "repeat" not in text
    same_function(spec, text)


def same_function(spec: Spec, text: str) -> None:
    """The two texts with the same weights, handed over in the order of the graph, compute the same."""
    one, other = netspec.parse(spec.text).net(), netspec.parse(text).net()
    with default_dtype(torch.float64):
        first, second = (net.module(dtype=torch.float64) for net in (one, other))
        carry_in_order(one, first, other, second)
        for mine, theirs in zip(run(first.eval(), spec), run(second.eval(), spec), strict=True):
            close(mine, theirs, text)


def carry_in_order(one: Net, first: nn.Module, other: Net, second: nn.Module) -> None:
    """Copies every array of `first` to where `second` has its counterpart, in the order of their nodes.

    Weights that `one` shares between rounds stand several times in `other`.
    """
    state, target = first.state_dict(), second.state_dict()
    rows = list(uses(one)), list(uses(other))
    assert [array[1] for array in rows[0]] == [array[1] for array in rows[1]]
    for (mine, _), (theirs, _) in zip(*rows, strict=True):
        target[theirs] = state[mine].clone()
    second.load_state_dict(target)


def uses(net: Net) -> list[tuple[str, tuple[str, tuple[int, ...]]]]:
    """(key, (name, shape)) of every array, once for each node that uses it."""
    by_node: dict[str, list[Any]] = {}
    for stored in net.graph.stored:
        by_node.setdefault(net.graph.nodes[stored.node].key, []).append(stored)
    found = []
    for node in net.graph.nodes:
        for stored in by_node.get(node.key, []) if node.key else []:
            found.append((stored.key, (stored.key.removeprefix(node.key), tuple(stored.weight.shape))))
    return found


@settings(max_examples=examples(10))
@given(specs())
def test_inputs_of_random_specs_differ_from_each_other(spec: Spec) -> None:
    """The laws above compare results on these: they must not be constant."""
    values: list[Tensor] = [value for value in inputs_of(spec)[0].values() if value.is_floating_point()]
    assert all(value.unique().numel() > 1 for value in values)
