"""A net's own arithmetic against its module's: values, gradients, what training leaves behind."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.api import Net
from netspec.compute.arrays import Array, gradients
from netspec.compute.arrays import given as from_outside
from netspec.compute.evaluate import evaluate, evaluate_numpy
from netspec.ir.graph import Edge
from netspec.ir.values import Values, values_of
from ops.audit import Enough, trial
from ops.oracles import oracle

ENOUGH = 8
VALUE, SLOPE = 1e-12, 1e-10  # how near the values and the gradients of float64 must be
# torch's kernels hold a constant in float32: 1/6 in the gradient, rotary angles in its part
COARSE = {"hardsigmoid": 1e4, "rotary": 1e6}


def traced(net: Net, examples: int, **given_: Any) -> tuple[Values, dict[str, Array], dict[str, Array]]:
    """The net's values as arrays, with its inputs and weights by name."""
    graph = net.graph
    inputs, stored = {}, {}
    for index in graph.inputs:
        node, own = graph.nodes[index], graph.nodes[index].type
        time = () if own.time is None else (own.time.length,)
        maps: tuple[Any, ...] = () if own.classes is not None else (own.maps,)
        label = graph.layers[node.layer].label
        inputs[label] = from_outside((examples, *time, *maps, *own.space), f"input {label}")
    for item in graph.arrays:
        stored[item.key] = from_outside(tuple(item.weight.shape), item.key)
    return values_of(graph, inputs, stored.__getitem__, examples, **given_), inputs, stored


def near(mine: Any, theirs: torch.Tensor, bound: float, what: str) -> None:
    found, wanted = torch.tensor(mine, dtype=torch.float64).flatten(), theirs.detach().double().flatten()
    assert found.shape == wanted.shape, f"{what}: {found.shape} against {wanted.shape}"
    scale = max(1.0, float(wanted[wanted.isfinite()].abs().max()) if wanted.isfinite().any() else 1.0)
    assert torch.allclose(found, wanted, rtol=0, atol=bound * scale, equal_nan=True), (
        f"{what}: differs by {(found - wanted).abs().max():.3g}"
    )


def compare(net: Net, text: str, tensors: list[torch.Tensor], training: bool = False, loose: float = 1.0) -> None:
    """Values and gradients of every input and weight, plain Python and numpy against torch."""
    module = net.module(dtype=torch.float64).train(training)
    for key, value in module.state_dict().items():
        if key.endswith(("running_mean", "running_var")):
            value.uniform_(0.5, 1.5)
    state = {key: value.clone() for key, value in module.state_dict().items()}
    values, inputs, stored = traced(net, len(tensors[0]) if tensors else 2, training=training)
    graph = net.graph
    results = [values.edges[Edge(*edge)] for index in graph.outputs for edge in graph.layers[index].values]
    wanted_of = [x.clone().requires_grad_() if x.is_floating_point() else x for x in tensors]
    found = module(*wanted_of)
    outputs = list(found) if isinstance(found, tuple) else [found]
    numbers: dict[str, list[float]] = {}
    for name, tensor in zip(inputs, tensors, strict=True):
        numbers[f"input {name}"] = tensor.double().flatten().tolist()
    for key, value in state.items():
        numbers[key] = value.double().flatten().tolist()
    sources = {f"input {name}": x for name, x in zip(inputs, wanted_of, strict=True) if x.requires_grad}
    sources |= {key: value for key, value in module.named_parameters() if value.requires_grad}
    arrays = {f"input {name}": array for name, array in inputs.items()} | stored
    # the same weighting on both sides: each output's own values, moved off 0
    slopes = [2 * (each + 0.5) for each in results]
    mine = gradients(list(zip(results, slopes, strict=True)), [arrays[name] for name in sources])
    total = sum(((each + 0.5) ** 2).sum() for each in outputs)
    theirs: Any = [None] * len(sources)
    if sources and isinstance(total, torch.Tensor) and total.requires_grad:
        theirs = torch.autograd.grad(total, list(sources.values()), allow_unused=True)
    for by in (evaluate, evaluate_numpy):
        computed: Any = by([*results, *mine, *values.updates.values()], numbers)
        for array, tensor, array_of in zip(computed, outputs, results, strict=False):
            assert array_of.shape == tuple(tensor.shape), text
            near(array, tensor, VALUE * loose, f"the value of\n{text}")
        rest = computed[len(results) :]
        for (name, source), array, tensor in zip(sources.items(), rest, theirs, strict=False):
            near(
                array,
                torch.zeros_like(source) if tensor is None else tensor,
                SLOPE * loose,
                f"the gradient of {name} of\n{text}",
            )
        after = module.state_dict()
        for key, array in zip(values.updates, rest[len(mine) :], strict=True):
            near(array, after[key], VALUE, f"{key} after training of\n{text}")


def evaluated(
    net: Net, values: Values, inputs: dict[str, torch.Tensor], state: dict[str, torch.Tensor] | None = None
) -> list[list[float]]:
    """The outputs of a traced net by plain Python."""
    numbers = {f"input {name}": x.double().flatten().tolist() for name, x in inputs.items()}
    numbers |= {key: value.double().flatten().tolist() for key, value in (state or {}).items()}
    edges = [edge for index in net.graph.outputs for edge in net.graph.layers[index].values]
    return evaluate([values.edges[edge] for edge in edges], numbers)


def hold(name: str) -> None:
    """Raises AssertionError where an operation's torch expression is not what it says it computes."""
    asked = oracle(name)
    seen = 0
    found: list[Exception] = []

    @settings(max_examples=25)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        nonlocal seen
        drawn = trial(data.draw, name, asked)
        net = drawn.net()
        if not isinstance(net, Net) or math.prod(drawn.shapes[0].sizes) > 400:
            return
        seen += 1
        loose = COARSE.get(name, COARSE["rotary"] if "rotary" in drawn.values else 1.0)
        # what is drawn by chance in training has tests of its own; torch's batch norm wants an eps there
        chance = name in ("dropout", "droppath", "sample") or "dropout" in drawn.text()
        chance = chance or drawn.values.get("eps") == 0
        try:
            compare(net, drawn.text(), drawn.inputs(), seen % 2 == 1 and not chance, loose)
        except Exception as error:  # said after the sweep: a trial that is repeated is one of those left out
            found.append(error)
        if seen == ENOUGH:
            raise Enough

    with suppress(Enough):
        sweep()
    if found:
        raise found[0]
    assert seen, f"{name}: no trial was legal"
