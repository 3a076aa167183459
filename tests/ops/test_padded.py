"""Every operation on a batch of different lengths: it equals its examples run one by one, or it refuses with a code."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import netspec
from netspec.api import Net
from ops.audit import Enough, Trial, checked, several, trial
from ops.oracles import BY_HAND as ORACLES
from ops.shapes import Shape

# what a step that looks over time, or keeps statistics, answers to `over up to T`
REFUSALS = frozenset(("NS308", "NS304", "NS328", "NS362"))
NO_TIME = ("learned", "relative", "zeros", "noise", "carried", "unpatches", "patches")
BATCH = 3
# the soak draws many times as many, and others
TIMES = int(os.environ.get("NETSPEC_EXAMPLES", "1"))
MANY = {
    "attention": 80,
    "join": 40,
    "filters": 40,
    "expand": 40,
    "maxpool": 60,
    "avgpool": 60,
    "rmsnorm": 40,
    "subsample": 120,
    "instancenorm": 50,
    "matmul": 30,
    "crop": 30,
    "upsample": 60,
}


def varying(found: Trial) -> Trial:
    shapes = tuple(s if s.time is None else s._replace(varying=True) for s in found.shapes)
    return replace(found, shapes=shapes)


def text_of(found: Trial) -> str:
    """Inputs of as many steps have the same lengths."""
    lines = found.text().split("\n")
    return "\n".join(
        f"{line} as n{line.rsplit(' ', 1)[1]}" if line.lstrip().startswith("input") and "up to" in line else line
        for line in lines
    )


def ends_of(shapes: tuple[Shape, ...]) -> dict[int, Tensor]:
    """Lengths for each number of steps: the longest, then shorter, at least one."""
    return {s.time: torch.tensor([max(1, s.time - row) for row in range(BATCH)]) for s in shapes if s.time is not None}


def one_by_one(net: Net, found: Trial) -> None:
    torch.manual_seed(0)
    module = net.module(dtype=torch.float64).eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn_like(weight))
    shapes, ends = found.shapes, ends_of(found.shapes)
    inputs = [shape.tensor(number, BATCH) for number, shape in enumerate(shapes)]
    order = list(dict.fromkeys(shape.time for shape in shapes if shape.time is not None))
    with torch.no_grad():
        whole = several(module(*inputs, *(ends[time] for time in order)))
        for row in range(BATCH):
            alone = [
                x[row : row + 1] if s.time is None else x[row : row + 1, : int(ends[s.time][row])]
                for x, s in zip(inputs, shapes, strict=True)
            ]
            if "scores" in found.values:  # heads @ queries x keys: a score for each pair of steps
                queries, keys = (int(ends[size][row]) for size in shapes[-1].space)
                alone[-1] = alone[-1][..., :queries, :keys]
            single = several(module(*alone, *(ends[time][row : row + 1] for time in order)))
            for mine, theirs in zip(whole, single, strict=True):
                part = mine[row]
                for axis, size in enumerate(theirs.shape[1:]):  # its own steps; all other axes are equal
                    assert size <= part.shape[axis]
                    part = part.narrow(axis, 0, size)
                assert torch.allclose(part, theirs[0], rtol=1e-6, atol=1e-6, equal_nan=True), (row, text_of(found))


@pytest.mark.parametrize("name", [name for name in ORACLES if name not in NO_TIME])
def test_a_padded_batch_equals_its_examples_or_is_refused(name: str) -> None:
    answers: Counter[str] = Counter()
    most = MANY.get(name, 24)

    @settings(max_examples=TIMES * most)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            answers[judge(trial(data.draw, name, ORACLES[name]))] += 1
        finally:
            torch.set_default_dtype(before)
        if TIMES == 1 and answers["equal"] >= most // 3:
            raise Enough

    with suppress(Enough):
        sweep()
    told = {code for code in answers if code.startswith("NS")}
    assert told <= REFUSALS, answers
    assert answers["equal"] or told, answers
    print(name, dict(answers))


def judge(found: Trial) -> str:
    """`equal`, the code of a refusal, or `neither` where the step is no step with one length for all either."""
    if all(shape.time is None for shape in found.shapes):
        return "no time"
    if not isinstance(found.net(), Net):
        return "neither"
    changed = varying(found)
    net: Any = checked(text_of(changed))
    if not isinstance(net, Net):
        return str(net[0])
    one_by_one(net, changed)
    return "equal"


def test_scores_have_places_that_a_short_batch_does_not_fill() -> None:
    """`scores` are as large as the longest sequence; a batch whose examples are all shorter is cut to its longest."""
    text = "net n {\n  input a: 4 over up to 3\n  input d: 1@3x3\n  output y: a -> attention(2, scores = d)\n}\n"
    module = netspec.parse(text).net().module().eval()
    values, scores, lengths = torch.randn(2, 3, 4), torch.randn(2, 1, 3, 3), torch.tensor([3, 2])
    whole, short = module(values, scores, lengths), module(values[1:, :2], scores[1:], lengths[1:])
    assert torch.allclose(whole[1, :2], short[0], rtol=1e-6, atol=1e-6)


def test_steps_are_the_rows_of_a_product_and_may_be_missing() -> None:
    """Only the second value of `matmul` is summed along time; a row of the first is a result of its own."""
    text = "net n {\n  input a: 4 over up to 3\n  input b: 2 over 4\n  output y: a, b -> matmul -> mean(time)\n}\n"
    module = netspec.parse(text).net().module().eval()
    rows, table, lengths = torch.randn(2, 3, 4), torch.randn(2, 4, 2), torch.tensor([3, 2])
    whole, short = module(rows, table, lengths), module(rows[1:, :2], table[1:], lengths[1:])
    assert torch.allclose(whole[1], short[0], rtol=1e-6, atol=1e-6)
