"""What is written and made once: the source of a graph, the values of a module."""

from __future__ import annotations

import re
import subprocess
import sys
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
    monkeypatch.setattr(live, "load_class", lambda graph, change=None: Masked)
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


FORMS = """net forms {
  input  x: 32 over up to 9
  default attention (causal = true, bias = false)
  hidden a: attention(4, width = 6, latent = 10, query_latent = 12, rotary_width = 4, rotary = 100, pairs = neighbours)
  hidden b: attention(4, rotary = 100, stretch = 4, stretching = yarn, trained = 64, rounded = false, sinks = true)
  hidden c: attention(4, rotary = 100, qk_norm = head, norm_rotated = true, norm_affine = false, chunk = 3)
  hidden d: attention(4, grow = 0.1, grow_steps = 2, value_width = 3) -> attention(4)
  hidden e: mixture(6, groups = 3, top_groups = 2, weigh = inputs) { 32 perceptrons -> tanh }
  output y: mixture(6, correction = true, counted = true) { 32 perceptrons -> tanh } -> Attention
}
block Attention {
  input  x: d over n
  output y: d perceptrons
}
"""


def test_helpers_are_called_after_what_tells_them_apart(tmp_path: Path) -> None:
    source = netspec.parse(FORMS).net("forms").source()
    (tmp_path / "forms.py").write_text(source, encoding="utf-8")
    names = re.findall(r"^class (\w*(?:Attention|Mixture))\(", source, re.M)
    assert names == [
        "LatentAttention", "SinkAttention", "ChunkedAttention", "GrowingAttention", "CausalAttention", "GroupedMixture",
        "CorrectedMixture", "Attention",
    ]  # fmt: skip
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "100", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_helper_of_a_kind_has_the_plain_name() -> None:
    text = "net n {\n  input  x: 8 over 5\n  output y: attention(2, causal = true, rotary = 100, window = 3)\n}"
    assert "self.y = Attention(8, 2, window=3, base=100.0)" in netspec.parse(text).net().source()
