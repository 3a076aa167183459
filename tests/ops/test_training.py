"""What is drawn at random: in training alone, with the rate that is given, and nothing without one."""

from __future__ import annotations

import pytest
import torch

import netspec

STEPS = {
    "dropout({p})": "64 over 9",
    "dropout({p}, maps)": "64@2x2 over 9",
    "droppath({p})": "8 over 3",
    "attention(2, dropout = {p})": "8 over 16",
    "attention(2, dropout = {p}, causal = true)": "8 over 16",
    "attention(2, dropout = {p}, project = false)": "8 over 16",
    "attention(2, dropout = {p}, project = false, causal = true)": "8 over 16",
    "attention(2, dropout = {p}, kv_heads = 1, rotary = 10000, scale = 0.5)": "8 over 16",
}


def outputs(step: str, shape: str, rate: float, training: bool) -> list[torch.Tensor]:
    net = netspec.parse(f"net n {{\n  input  x: {shape}\n  output y: {step.format(p=rate)}\n}}\n").net()
    torch.manual_seed(0)
    module = net.module(dtype=torch.float64).train(training)
    type_ = net.graph.nodes[0].type
    time = () if type_.time is None else (type_.time.length,)
    x = torch.randn(256, *time, type_.maps, *type_.space, dtype=torch.float64)
    return [module(x), module(x), x]


@pytest.mark.parametrize("step", STEPS)
def test_chance_has_a_part_in_training_alone(step: str) -> None:
    shape = STEPS[step]
    one, two, _ = outputs(step, shape, 0.5, training=True)
    assert not torch.equal(one, two)
    one, two, _ = outputs(step, shape, 0.5, training=False)
    assert torch.equal(one, two)
    assert torch.allclose(outputs(step, shape, 0.0, training=True)[0], one)


@pytest.mark.parametrize("rate", [0.25, 0.75])
@pytest.mark.parametrize(("step", "kept"), [("dropout({p})", 0), ("dropout({p}, maps)", 3), ("droppath({p})", 1)])
def test_as_many_are_dropped_as_asked_and_the_rest_is_scaled(step: str, kept: int, rate: float) -> None:
    """`kept`: from which axis on values are dropped together."""
    y, _, x = outputs(step, STEPS[step], rate, training=True)
    dropped = y == 0
    # droppath draws once for each of 256 examples
    assert dropped.double().mean().item() == pytest.approx(rate, abs=0.1)
    assert torch.allclose(y[~dropped], x[~dropped] / (1 - rate))
    groups = dropped.flatten(kept) if kept else dropped[..., None]
    assert torch.equal(groups.all(-1), groups.any(-1))
    assert groups.all(-1).any()
    assert not groups.all(-1).all()
    if kept == 3:  # and not more than that together
        assert not torch.equal(dropped[:, :, 0], dropped[:, :, 1])
