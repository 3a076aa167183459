"""What is written and made once: the source of a graph, the values of a module."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import netspec
from netspec.codegen import live, source
from netspec.training.loop.objective import exposing
from tests.conftest import ROOT

ODD = sorted((ROOT / "tests/hostile/odd").glob("*.net"))

TEXT = """net n(H = 3) {
  input  x: 4
  hidden h: H perceptrons -> relu
  output y: 2 perceptrons
}
"""


def test_equal_graphs_are_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = netspec.parse(TEXT).net().source()
    monkeypatch.setattr(source, "Classes", None)
    assert netspec.parse(TEXT).net().source() == first


def test_another_graph_of_the_same_text_has_its_own_source() -> None:
    net = netspec.parse(TEXT).net()
    graph = net.graph
    hidden = graph.top[1].values[0]
    frozen = [replace(node, frozen=bool(node.key)) for node in graph.nodes]
    renamed = [replace(layer, text="another line") if layer.text else layer for layer in graph.layers]
    others = [
        netspec.parse(TEXT).net(H=5).graph,
        exposing(graph, list(graph.nodes), [hidden, *graph.layers[graph.outputs[0]].values]),
        replace(graph, nodes=frozen),
        replace(graph, layers=renamed),
        replace(graph, caption="Another title"),
    ]
    sources = [net.source(), *(source.emit(other) for other in others)]
    assert len(set(sources)) == len(sources)


class Masked(nn.Module):
    """A module that keeps numbers which no checkpoint holds, and does not say how to make them."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(3), persistent=False)


def test_a_buffer_that_nothing_fills_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = replace(netspec.parse(TEXT).net().graph, stored=[])
    monkeypatch.setattr(live, "load_class", lambda graph: Masked)
    with pytest.raises(TypeError, match="Masked has buffers that are not stored, and no reset_buffers"):
        live.build(graph)


@pytest.mark.parametrize("path", ODD, ids=lambda path: path.stem)
def test_whatever_is_accepted_has_a_source(path: Path) -> None:
    spec = netspec.load(path)
    for name in spec.nets:
        net = spec.net(name)
        if not net.graph.open:
            compile(net.source(), path.name, "exec")


def test_without_an_input_there_is_one_example() -> None:
    text = "net n {\n  hidden a: learned(3)\n  hidden b: noise(3)\n  output y: a & b\n}\n"
    module = netspec.parse(text).net().module(dtype=torch.float64)
    (a,) = module.parameters()
    y = module()
    assert (y.shape, y.dtype) == ((1, 6), torch.float64)
    assert torch.equal(y[0, :3], a)
