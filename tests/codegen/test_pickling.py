"""Modules go through pickles, copies and other processes."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
from typing import Any

import torch

import netspec

TEXT = """
block Cell(c) {
  input  x: c
  output y: x + (x -> c perceptrons -> relu -> dropout(0.5))
}
net n {
  input  x: 3
  hidden h: repeat 2 { Cell(3) }
  output y: 2 perceptrons
}
"""


def answer(module: Any, x: torch.Tensor, results: Any) -> None:
    results.put(module(x).tolist())


def test_a_module_is_saved_whole_and_copied() -> None:
    module, x = netspec.parse(TEXT).module().eval(), torch.randn(4, 3)
    stream = io.BytesIO()
    torch.save(module, stream)
    stream.seek(0)
    for other in (torch.load(stream, weights_only=False), pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert type(other) is type(module)
        assert torch.equal(other(x), module(x))
        assert not other.training


def test_a_module_is_handed_to_a_new_process() -> None:
    context = multiprocessing.get_context("spawn")
    module, x = netspec.parse(TEXT).module().eval(), torch.randn(4, 3)
    results = context.Queue()
    process = context.Process(target=answer, args=(module, x, results))
    process.start()
    found = results.get(timeout=120)
    process.join()
    assert torch.allclose(torch.tensor(found), module(x))
