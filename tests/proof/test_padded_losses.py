"""Every loss and metric of a padded batch equals that of its examples: what is behind an end counts nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from netspec.config.vocabulary.losses import LOSSES, loss_function
from netspec.config.vocabulary.metrics import METRICS, MetricState
from netspec.ir.types import Time, Type

T, ENDS = 5, (5, 3, 1)
SHAPES = {
    "flat": Type(3, (), Time(T, "n")),
    "space": Type(3, (2, 2), Time(T, "n")),
    "one map": Type(1, (), Time(T, "n")),
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "cross_entropy": [{}, {"weight": (0.2, 1.0, 3.0)}, {"smoothing": 0.1}, {"reduce": "sum"}],
    "binary_cross_entropy": [{}, {"weight": 2.5}, {"smoothing": 0.2}, {"reduce": "sum"}],
    "nll": [{}, {"reduce": "sum"}],
    "squared": [{}, {"reduce": "sum"}],
    "l1": [{}, {"reduce": "sum"}],
    "huber": [{"delta": 0.5}, {"reduce": "sum"}],
    "kl": [{}, {"reduce": "sum"}],
}
CLASSES = ("cross_entropy", "nll", "accuracy", "precision", "recall", "f1", "perplexity", "balanced_accuracy", "auc")
NEED_MAPS = ("cross_entropy", "nll", "perplexity")  # one map holds no classes to tell apart: refused
TRIALS = [
    (word, options, shape)
    for word in LOSSES
    if word != "triplet"  # of three layers: test_torch_agrees.py
    for options in OPTIONS.get(word, [{}])
    for shape in SHAPES
    if not (word in NEED_MAPS and shape == "one map")
]


def data(word: str, layer: Type) -> tuple[Tensor, Tensor, Type]:
    """Values and targets of a batch whose padding is not a number, or a class like any other."""
    torch.manual_seed(0)
    sizes = (len(ENDS), T, layer.maps, *layer.space)
    value = torch.randn(sizes)
    target: Tensor
    if word in CLASSES and layer.maps != 1:
        target = torch.randint(3, (len(ENDS), T, *layer.space))
        wanted = Type(1, layer.space, layer.time, 3)
        value = value.softmax(2) if word == "nll" else value
    elif word in CLASSES or word == "binary_cross_entropy":
        target, wanted = torch.rand(sizes).round(), layer
    else:
        target, wanted = torch.randn(sizes), layer
    for row, end in enumerate(ENDS):
        value[row, end:] = math.nan
        if target.is_floating_point():
            target[row, end:] = math.nan
    return value, target, wanted


def inside() -> Tensor:
    return torch.arange(T) < torch.tensor(ENDS)[:, None]


def of(layer: Type, length: int) -> Type:
    return layer._replace(time=Time(length))


@pytest.mark.parametrize(("word", "options", "shape"), TRIALS)
def test_a_padded_loss_is_that_of_its_examples(word: str, options: dict[str, Any], shape: str) -> None:
    layer = SHAPES[shape]
    value, target, wanted = data(word, layer)
    value.requires_grad_()
    named = {"target": "t"} if "target" in LOSSES[word].options() else {}
    term = LOSSES[word](layer="y", **named, **options)
    mean, weight = loss_function(term, layer, wanted, "cpu")(value, target, inside())
    singles = []
    for row, end in enumerate(ENDS):
        compute = loss_function(term, of(layer, end), of(wanted, end), "cpu")
        alone, counts = compute(value[row : row + 1, :end], target[row : row + 1, :end], None)
        singles.append((alone, torch.as_tensor(counts)))
    if options.get("reduce") == "sum":
        together = torch.stack([alone for alone, _ in singles]).mean()
    else:  # each example counts as much as it has steps, or their classes' weights
        weights = [row_weight(term, target[row, :end]) for row, end in enumerate(ENDS)]
        together = sum(a * w for (a, _), w in zip(singles, weights, strict=True)) / sum(weights)
    assert torch.allclose(mean, together, rtol=1e-6)
    (gradient,) = torch.autograd.grad(mean, value)
    assert torch.equal(gradient[~inside()], torch.zeros_like(gradient[~inside()]))
    assert float(torch.as_tensor(weight)) > 0


def row_weight(term: Any, target: Tensor) -> float:
    classes = getattr(term, "weight", None)
    if isinstance(classes, tuple):
        return float(torch.tensor(classes)[target].sum())
    return float(len(target))


@pytest.mark.parametrize(
    ("word", "shape"),
    [(word, shape) for word in METRICS for shape in SHAPES if (word, shape) != ("perplexity", "one map")],
)
def test_a_padded_metric_is_that_of_its_examples(word: str, shape: str) -> None:
    layer = SHAPES[shape]
    value, target, _ = data(word, layer)
    metric = METRICS[word](layer="y", target="t")
    padded = MetricState(metric, layer)
    padded.add(value, target, inside())
    alone = MetricState(metric, layer)
    for row, end in enumerate(ENDS):
        alone.add(value[row : row + 1, :end], target[row : row + 1, :end], None)
    assert math.isfinite(padded.result())
    assert padded.result() == pytest.approx(alone.result(), rel=1e-6)
