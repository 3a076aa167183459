"""Compiled modules of random specs: they compute what their graphs say, node by node, with and without time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Spec, specs
from torch import Tensor

import netspec
from proof.interpreter import Interpreter
from proof.running import BATCH, close, examples, inputs_of, run
from proof.transplant import default_dtype


@settings(max_examples=examples(30))
@given(specs(), st.booleans())
def test_the_module_computes_what_its_graph_says(spec: Spec, nasty: bool) -> None:
    same_as_its_graph(spec)


@settings(max_examples=examples(12))
@given(specs(nasty=True))
def test_labels_that_are_names_of_the_source_change_nothing(spec: Spec) -> None:
    same_as_its_graph(spec)


def same_as_its_graph(spec: Spec) -> None:
    net = netspec.parse(spec.text).net()
    with default_dtype(torch.float64):
        module = net.module(dtype=torch.float64).eval()
        mine = run(module, spec)
        values, lengths = inputs_of(spec)
        with torch.no_grad():
            wanted = Interpreter(net.graph, module.state_dict()).run(values, lengths)
    assert len(mine) == len(wanted)
    for place, (one, other) in enumerate(zip(mine, wanted, strict=True)):
        for row in range(BATCH):  # beyond an example's end nothing is promised
            steps = valid_steps(spec, place, row, lengths)
            close(one[row, :steps], other[row, :steps], spec.text)


def valid_steps(spec: Spec, place: int, row: int, lengths: dict[str, Tensor]) -> int | None:
    shape = list(spec.outputs.values())[place]
    return int(lengths[shape.varying][row]) if shape.varying else None


# ---- a padded batch equals its examples, one by one


@settings(max_examples=examples(20))
@given(specs(padded=True))
def test_a_padded_batch_equals_its_examples_one_by_one(spec: Spec) -> None:
    one_by_one(netspec.parse(spec.text).net(), spec)


def one_by_one(net: Any, spec: Spec) -> None:
    """Each example alone, cut to its own lengths; and garbage behind the ends of the padded ones."""
    with default_dtype(torch.float64), torch.no_grad():
        module = net.module(dtype=torch.float64).eval()
        values, lengths = inputs_of(spec)
        outputs = several(module(*values.values(), *lengths.values()))
        for label, ends in lengths.items():
            values[label] = scribbled(values[label], ends)
        scribbles = several(module(*values.values(), *lengths.values()))
        for row in range(BATCH):
            alone = [cut(spec, label, values[label][row : row + 1], lengths, row) for label in values]
            ends = [length[row : row + 1] for length in lengths.values()]
            single = several(module(*alone, *ends))
            for place, wanted in enumerate(single):
                steps = valid_steps(spec, place, row, lengths)
                close(outputs[place][row, :steps], wanted[0, :steps], f"example {row} of\n{spec.text}")
                close(scribbles[place][row, :steps], wanted[0, :steps], f"garbage behind example {row} of\n{spec.text}")


def several(value: Any) -> list[Tensor]:
    return list(value) if isinstance(value, tuple) else [value]


def scribbled(value: Tensor, ends: Tensor) -> Tensor:
    found = value.clone()
    for row, end in enumerate(ends.tolist()):
        found[row, end:] = 0 if not value.is_floating_point() else 1e6
    return found


def cut(spec: Spec, label: str, value: Tensor, lengths: dict[str, Tensor], row: int) -> Tensor:
    shape = spec.inputs[label]
    return value[:, : int(lengths[shape.varying][row])] if shape.varying else value


# ---- two halves with the state between equal the whole


@settings(max_examples=examples(25))
@given(specs(causal=True, varying=False).filter(lambda spec: any(s.time for s in spec.inputs.values())), st.data())
def test_a_sequence_in_two_halves_equals_the_whole(spec: Spec, data: st.DataObject) -> None:
    net = netspec.parse(spec.text).net()
    assume("return_state" in net.source())
    two_halves(net, spec, data.draw(st.integers(1, 3)))


def two_halves(net: Any, spec: Spec, at: int) -> None:
    """Steps [0, at) and then the rest, the state handed on."""
    with default_dtype(torch.float64), torch.no_grad():
        module = net.module(dtype=torch.float64).eval()
        values, _ = inputs_of(spec)
        whole = several(module(*values.values()))
        timed = [label for label, shape in spec.inputs.items() if shape.time is not None]
        at = min([at, *(values[label].shape[1] - 1 for label in timed)])
        first = [value[:, :at] if label in timed else value for label, value in values.items()]
        rest = [value[:, at:] if label in timed else value for label, value in values.items()]
        begun, state = module(*first, return_state=True)
        ended, _ = module(*rest, state=state, return_state=True)
    for place, (one, other) in enumerate(zip(several(begun), several(ended), strict=True)):
        timed_output = list(spec.outputs.values())[place].time is not None
        joined = torch.cat([one, other], dim=1) if timed_output else other
        close(joined, whole[place], spec.text)


@pytest.mark.parametrize(
    "steps", ["reversed(gru(2))", "gru(2, bidirectional = true)", "reversed(Elman(3) -> lstm(2)) -> lstm(2)"]
)
def test_what_runs_backwards_takes_no_state_of_the_batch_before(steps: str) -> None:
    """Its past is the end of the sequence: a state from an earlier batch would be from the wrong side."""
    text = f"net n {{\n  input x: 3 over 4\n  hidden a: x & a[t-1] -> 2 perceptrons -> tanh\n  output y: {steps}\n}}\n"
    module = netspec.parse(text).net().module().eval()
    x = torch.randn(2, 4, 3)
    with torch.no_grad():
        _, state = module(x, return_state=True)
    assert list(state) == (["a", "y"] if steps.endswith("-> lstm(2)") else ["a"])
