"""Metrics: sums that grow batch by batch, and the number they come to over a whole part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from netspec.ir.types import Type
from netspec.sections import losses
from netspec.sections.losses import Metric
from netspec.sections.predictions import Labels, OneOfMany, OneOfTwo, Prediction, choice
from netspec.training.losses import spread

if TYPE_CHECKING:
    from torch import Tensor


class Meter:
    """One metric over one part. `sums` is all it keeps, so that processes can add theirs up."""

    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None, size: int) -> None:
        import torch

        self.metric = metric
        self.layer = layer
        self.predicted = predicted or choice(layer)
        self.sums = torch.zeros(size, dtype=torch.float64)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        raise NotImplementedError

    def result(self) -> float:
        raise NotImplementedError


def _kept(mask: Tensor, found: Tensor) -> Tensor:
    """Which of the flat values count: a step counts with all its places."""
    return mask.flatten().bool().repeat_interleave(found.numel() // mask.numel())


class AccuracyMeter(Meter):
    """The share of right classes, or of right labels."""

    def __init__(self, metric: losses.Accuracy, layer: Type, predicted: Prediction | None) -> None:
        super().__init__(metric, layer, predicted, 2)
        self.top = metric.top

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        predicted = self.predicted
        right = predicted.right(target)
        if self.top > 1 and isinstance(predicted, OneOfMany):
            axis = predicted.axis
            chosen = value.topk(min(self.top, value.shape[axis]), axis).indices
            hit = (chosen == right.unsqueeze(axis)).any(axis)
        else:
            hit = predicted.decide(value) == right
        if mask is not None:
            hit = hit[spread(mask, hit)] if isinstance(predicted, Labels) else hit.flatten()[_kept(mask, hit)]
        self.sums[0] += float(hit.sum())
        self.sums[1] += hit.numel()

    def result(self) -> float:
        return float(self.sums[0] / self.sums[1]) if self.sums[1] else math.nan


class CountMeter(Meter):
    """Precision, recall and F1, as scikit-learn computes them, from three counts of each class or label:

    how often it is answered rightly, how often it is answered, how often it is right.
    """

    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None) -> None:
        self.count = (predicted or choice(layer)).count
        super().__init__(metric, layer, predicted, 3 * self.count)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        import torch

        answer, right = self.predicted.decide(value), self.predicted.right(target)
        if isinstance(self.predicted, Labels):
            kept = torch.ones_like(answer) if mask is None else spread(mask, answer).long()
            counts = [(found * kept).movedim(self.predicted.axis, 0) for found in (answer * right, answer, right)]
            found = torch.stack([each.reshape(self.count, -1).sum(1) for each in counts])
        else:
            answer, right = answer.flatten(), right.flatten()
            if mask is not None:
                inside = _kept(mask, answer)
                answer, right = answer[inside], right[inside]
            found = torch.stack(
                [each.bincount(minlength=self.count) for each in (right[answer == right], answer, right)]
            )
        self.sums += found.flatten().double().cpu()

    def result(self) -> float:
        average = getattr(self.metric, "average", None)
        hits, answered, right = self.sums.reshape(3, self.count)
        if average == "micro":
            hits, answered, right = hits.sum(), answered.sum(), right.sum()
        precision, recall = hits / answered.clamp_min(1e-300), hits / right.clamp_min(1e-300)
        found = {"precision": precision, "recall": recall, "f1": 2 * hits / (answered + right).clamp_min(1e-300)}
        values = found[self.metric.word]
        if average == "micro":
            return float(values)
        if average is None and isinstance(self.predicted, OneOfTwo):
            return float(values[1])  # of the second class, the one that is looked for
        if self.predicted.chooses:  # a class that nothing is, and that is never answered, has no score
            values = values[(answered + right) > 0]
        return float(values.mean())


class DifferenceMeter(Meter):
    """mse, rmse, mae and r2 from running sums in double precision."""

    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None) -> None:
        super().__init__(metric, layer, predicted, 5)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        import torch

        value, target = value.double(), target.double()
        if mask is not None:
            kept = mask.reshape(*mask.shape, *(1,) * (value.dim() - mask.dim())).expand_as(value).bool()
            value, target = value[kept], target[kept]
        gap = value - target
        found = torch.stack([gap.square().sum(), gap.abs().sum(), target.sum(), target.square().sum()])
        self.sums[:4] += found.cpu()
        self.sums[4] += value.numel()

    def result(self) -> float:
        squares, absolute, total, square, count = (float(item) for item in self.sums)
        if not count:
            return math.nan
        spread = square - total * total / count
        found: dict[str, float] = {
            "mse": squares / count,
            "rmse": math.sqrt(squares / count),
            "mae": absolute / count,
            "r2": 1 - squares / spread if spread > 0 else math.nan,
        }
        return found[self.metric.word]


class PerplexityMeter(Meter):
    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None) -> None:
        super().__init__(metric, layer, predicted, 2)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        from torch.nn import functional

        if self.layer.time is not None:
            value, target = value.flatten(0, 1), target.flatten(0, 1)
        each = functional.cross_entropy(value, target, reduction="none").double()
        if mask is not None:
            each = each.flatten()[_kept(mask, each)]
        self.sums[0] += float(each.sum())
        self.sums[1] += each.numel()

    def result(self) -> float:
        mean = float(self.sums[0] / self.sums[1]) if self.sums[1] else math.nan
        return math.exp(mean) if mean < 700 else math.inf


_METERS: dict[str, Any] = {
    "accuracy": AccuracyMeter,
    "precision": CountMeter,
    "recall": CountMeter,
    "f1": CountMeter,
    "mse": DifferenceMeter,
    "rmse": DifferenceMeter,
    "mae": DifferenceMeter,
    "r2": DifferenceMeter,
    "perplexity": PerplexityMeter,
}


def meter(metric: Metric, layer: Type, predicted: Prediction | None = None) -> Meter:
    """An empty meter for a metric of a layer; `predicted` is what its values mean where a loss says it."""
    found: Meter = _METERS[metric.word](metric, layer, predicted)
    return found
