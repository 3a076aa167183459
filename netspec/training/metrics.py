"""Metrics: sums that grow batch by batch, and the number they come to over a whole part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from netspec.ir.types import Type
from netspec.sections import losses
from netspec.sections.losses import Metric

if TYPE_CHECKING:
    from torch import Tensor


class Meter:
    """One metric over one part. `sums` is all it keeps, so that processes can add theirs up."""

    def __init__(self, metric: Metric, layer: Type, target: Type | None, size: int) -> None:
        import torch

        self.metric = metric
        self.layer = layer
        self.target = target
        self.sums = torch.zeros(size, dtype=torch.float64)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        raise NotImplementedError

    def result(self) -> float:
        raise NotImplementedError

    def _classes(self, value: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The class that the net answers and the right one, flat; with one map the side of 0."""
        axis = 1 if self.layer.time is None else 2
        if self.layer.maps == 1:
            answer = (value > 0).long().flatten()
            right = target if target.dtype.is_floating_point is False else (target >= 0.5).long()
            return answer, right.flatten()
        right = target.argmax(axis) if target.dtype.is_floating_point else target
        return value.argmax(axis).flatten(), right.flatten()


def _kept(mask: Tensor, found: Tensor) -> Tensor:
    """Which of the flat values count: a step counts with all its places."""
    return mask.flatten().bool().repeat_interleave(found.numel() // mask.numel())


class AccuracyMeter(Meter):
    def __init__(self, metric: losses.Accuracy, layer: Type, target: Type | None) -> None:
        super().__init__(metric, layer, target, 2)
        self.top = metric.top

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        if self.top > 1 and self.layer.maps != 1:
            axis = 1 if self.layer.time is None else 2
            right = target.argmax(axis) if target.dtype.is_floating_point else target
            chosen = value.topk(min(self.top, value.shape[axis]), axis).indices
            hit = (chosen == right.unsqueeze(axis)).any(axis).flatten()
        else:
            answer, right = self._classes(value, target)
            hit = answer == right
        if mask is not None:
            hit = hit[_kept(mask, hit)]
        self.sums[0] += float(hit.sum())
        self.sums[1] += hit.numel()

    def result(self) -> float:
        return float(self.sums[0] / self.sums[1]) if self.sums[1] else math.nan


class TableMeter(Meter):
    """Precision, recall and F1 from the table of right and answered classes, as scikit-learn computes them."""

    def __init__(self, metric: Metric, layer: Type, target: Type | None) -> None:
        self.count = max(2, int(layer.maps))  # type: ignore[arg-type]
        super().__init__(metric, layer, target, self.count**2)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        answer, right = self._classes(value, target)
        if mask is not None:
            kept = _kept(mask, answer)
            answer, right = answer[kept], right[kept]
        self.sums += (right * self.count + answer).bincount(minlength=self.count**2).double().cpu()

    @property
    def table(self) -> Tensor:
        """(right, answered)."""
        return self.sums.reshape(self.count, self.count)

    def result(self) -> float:
        table = self.table
        hits, answered, right = table.diagonal(), table.sum(0), table.sum(1)
        precision, recall = hits / answered.clamp_min(1e-300), hits / right.clamp_min(1e-300)
        found = {"precision": precision, "recall": recall, "f1": 2 * hits / (answered + right).clamp_min(1e-300)}
        values = found[self.metric.word]
        if self.count == 2:
            return float(values[1])  # of the second class, the one that is looked for
        seen = (answered + right) > 0
        return float(values[seen].mean())


class DifferenceMeter(Meter):
    """mse, rmse, mae and r2 from running sums in double precision."""

    def __init__(self, metric: Metric, layer: Type, target: Type | None) -> None:
        super().__init__(metric, layer, target, 5)

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
    def __init__(self, metric: Metric, layer: Type, target: Type | None) -> None:
        super().__init__(metric, layer, target, 2)

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
    "precision": TableMeter,
    "recall": TableMeter,
    "f1": TableMeter,
    "mse": DifferenceMeter,
    "rmse": DifferenceMeter,
    "mae": DifferenceMeter,
    "r2": DifferenceMeter,
    "perplexity": PerplexityMeter,
}


def meter(metric: Metric, layer: Type, target: Type | None) -> Meter:
    """An empty meter for a metric of a layer."""
    found: Meter = _METERS[metric.word](metric, layer, target)
    return found
