"""The metrics: which types they compare, the sums that they accumulate over batches, and the result of these sums."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from netspec.config.entries import incomplete, setting
from netspec.config.predictions import Labels, Numbers, OneOfMany, OneOfTwo, Prediction, choice, require_numbers
from netspec.config.vocabulary.losses import Term, spread
from netspec.ir.types import Type, refuse
from netspec.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Metric(Term):
    """A measure for people, computed over a whole part of the data.

    Only sums are stored; they are added over batches and processes. To add a metric, inherit from this class and define
    `sums`, `result` and, unless there are two sums, `size`.

    Example:
        >>> from typing import Annotated
        >>> class Bias(netspec.Metric):
        ...     word, about, example = "bias", "the mean difference, with its sign", "bias(y, price)"
        ...     target: Annotated[str, netspec.setting("name", "the wanted values")]
        ...
        ...     def sums(self, value, target, mask, predicted):
        ...         return (value - target).new_tensor([(value - target).sum(), value.numel()]).double()
        ...
        ...     def result(self, sums, predicted):
        ...         return float(sums[0] / sums[1])
    """

    @property
    def measure(self) -> str:
        """Return the name of the measure: its word, and the kind of average if one is given."""
        return self.word

    def size(self, predicted: Prediction) -> int:
        """Return the number of sums."""
        return 2

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        """Return what one batch adds to the sums, (size,) in float64.

        Parameters:
            value: the layer's values, (B, [T,] maps, *space).
            target: the target; classes are (B, [T,] *space).
            mask: which values count, (B, [T,] …), 0 or 1; None if all do.
            predicted: what the values mean, and the type of the layer.
        """
        raise NotImplementedError(f"{self.word} has no formula")

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        """Return the metric of a part, given the sums over it; nan if no value counted."""
        raise NotImplementedError(f"{self.word} has no formula")


def _incomplete(metric: type[Metric]) -> str:
    if metric.sums is Metric.sums or metric.result is Metric.result:
        return (
            "it has no formula: define `sums(self, value, target, mask, predicted)` and `result(self, sums, predicted)`"
        )
    return incomplete(metric)


METRICS: Registry[type[Metric]] = Registry("metric", Metric, __package__, key="word", missing=_incomplete)


class MetricState:
    """One metric over one part of the data. It keeps only `sums`, so that processes can add up their sums.

    `predicted` is the meaning of the values of the layer, if a loss decides it; otherwise the values are classes.
    """

    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None = None) -> None:
        import torch

        self.metric = metric
        self.predicted = predicted or choice(layer)
        self.sums = torch.zeros(metric.size(self.predicted), dtype=torch.float64)

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        """Add a batch to the sums."""
        self.sums += self.metric.sums(value, target, mask, self.predicted).cpu()

    def result(self) -> float:
        """Return the metric over all batches that were added so far."""
        return self.metric.result(self.sums, self.predicted)


def measures(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return a name for each metric; if the name is taken, add its layer (`accuracy_other`) or its number."""
    found: list[str] = []
    for number, metric in enumerate(metrics, 1):
        names = (metric.measure, f"{metric.measure}_{metric.layer}", f"{metric.measure}_{number}")
        found.append(next(name for name in names if name not in found))
    return tuple(found)


def is_better_larger(name: str) -> bool:
    """Whether larger values of a measure are better, by its name as `measures` gives it."""
    return any(metric.higher and f"{name}_".startswith(f"{word}_") for word, metric in METRICS.items())


def _kept(mask: Tensor, found: Tensor) -> Tensor:
    """Return flags that say which of the flattened values count; all places of a step share the flag of the step."""
    return mask.flatten().bool().repeat_interleave(found.numel() // mask.numel())


def _pair(total: Tensor, count: int) -> Tensor:
    """Return a sum and the number of values in it, as one tensor."""
    import torch

    return torch.tensor([float(total), float(count)], dtype=torch.float64)


def _mean(sums: Tensor) -> float:
    return float(sums[0] / sums[1]) if sums[1] else math.nan


# ---- classes and labels


class Decided(Metric):
    """Metrics of predictions that are right or wrong."""

    classifies = True
    higher = True
    target: Annotated[str, setting("name", "the right classes, or 0 and 1 for each label")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return (predicted or choice(layer)).target(self.word, self.layer, target)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return choice(layer)


@METRICS.register
class Accuracy(Decided):
    word = "accuracy"
    about = (
        "the share of right answers: the largest sum is the right class; with one map, and for labels, the side of 0"
    )
    example = "accuracy(y, label)"
    top: Annotated[int, setting("whole", "right is also who is among the `top` largest", least=1)] = 1

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        classes = 2 if isinstance(predicted, Labels) else layer.maps
        if isinstance(classes, int) and self.top > (most := max(1, classes - 1)):
            refuse("NS782", option="top", top=self.top, classes=max(2, classes), most=most)
        return super().wants(layer, target, predicted)

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        right = predicted.right(target)
        if self.top > 1 and isinstance(predicted, OneOfMany):
            axis = predicted.axis
            chosen = value.topk(min(self.top, value.shape[axis]), axis).indices
            hit = (chosen == right.unsqueeze(axis)).any(axis)
        else:
            hit = predicted.decide(value) == right
        if mask is not None:
            hit = hit[spread(mask, hit)] if isinstance(predicted, Labels) else hit.flatten()[_kept(mask, hit)]
        return _pair(hit.sum(), hit.numel())

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        return _mean(sums)


class Counted(Decided):
    """Precision, recall and F1 as in scikit-learn, computed from three counts for each class or label:

    how often it is predicted correctly, how often it is predicted, and how often it is true.
    """

    average: Annotated[
        str | None,
        setting(
            "word",
            "`macro`: the mean over all classes or labels; `micro`: all of them counted together",
            choices=("macro", "micro"),
        ),
    ] = None

    @property
    def measure(self) -> str:
        return self.word if self.average is None else f"{self.word}_{self.average}"

    def size(self, predicted: Prediction) -> int:
        return 3 * predicted.count

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        import torch

        count = predicted.count
        answer, right = predicted.decide(value), predicted.right(target)
        if isinstance(predicted, Labels):
            kept = torch.ones_like(answer) if mask is None else spread(mask, answer).long()
            counts = [(found * kept).movedim(predicted.axis, 0) for found in (answer * right, answer, right)]
            found = torch.stack([each.reshape(count, -1).sum(1) for each in counts])
        else:
            answer, right = answer.flatten(), right.flatten()
            if mask is not None:
                inside = _kept(mask, answer)
                answer, right = answer[inside], right[inside]
            found = torch.stack([each.bincount(minlength=count) for each in (right[answer == right], answer, right)])
        return found.flatten().double()

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        hits, answered, right = sums.reshape(3, predicted.count)
        if self.average == "micro":
            return float(self.score(hits.sum(), answered.sum(), right.sum()))
        values = self.score(hits, answered, right)
        if self.average is None and isinstance(predicted, OneOfTwo):
            return float(values[1])  # for two classes, usually the score of the second one is meant
        if predicted.chooses:  # a class that never occurs and is never predicted has no score
            values = values[(answered + right) > 0]
        return float(values.mean())

    def score(self, hits: Tensor, answered: Tensor, right: Tensor) -> Tensor:
        """Return the score of each class or label, from its three counts."""
        raise NotImplementedError


@METRICS.register
class Precision(Counted):
    word = "precision"
    about = "of the answers for a class the share that is right; the mean over labels, and over more than two classes"
    example = "precision(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor) -> Tensor:
        return hits / answered.clamp_min(1e-300)


@METRICS.register
class Recall(Counted):
    word = "recall"
    about = "of a class's examples the share that is found; the mean over labels, and over more than two classes"
    example = "recall(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor) -> Tensor:
        return hits / right.clamp_min(1e-300)


@METRICS.register
class F1(Counted):
    word = "f1"
    about = "the harmonic mean of precision and recall; the mean over labels, and over more than two classes"
    example = "f1(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor) -> Tensor:
        return 2 * hits / (answered + right).clamp_min(1e-300)


# ---- numbers


class Measured(Metric):
    """Metrics of differences, from running sums: of squares, absolute values, targets, their squares, and a count."""

    target: Annotated[str, setting("name", "the wanted values")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer)

    def size(self, predicted: Prediction) -> int:
        return 5

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        import torch

        value, target = value.double(), target.double()
        if mask is not None:
            kept = mask.reshape(*mask.shape, *(1,) * (value.dim() - mask.dim())).expand_as(value).bool()
            value, target = value[kept], target[kept]
        gap = value - target
        found = [gap.square().sum(), gap.abs().sum(), target.sum(), target.square().sum()]
        return torch.stack([*found, found[0].new_tensor(float(value.numel()))])


@METRICS.register
class Mse(Measured):
    word = "mse"
    about = "the mean squared difference"
    example = "mse(y, price)"

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        return float(sums[0]) / float(sums[4]) if sums[4] else math.nan


@METRICS.register
class Rmse(Mse):
    word = "rmse"
    about = "the root of the mean squared difference, in the unit that the target's field gives it"
    example = "rmse(y, price)"

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        return math.sqrt(super().result(sums, predicted))


@METRICS.register
class Mae(Measured):
    word = "mae"
    about = "the mean absolute difference, in the unit that the target's field gives it"
    example = "mae(y, price)"

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        return float(sums[1]) / float(sums[4]) if sums[4] else math.nan


@METRICS.register
class R2(Measured):
    word = "r2"
    about = "the share of the target's variance that is explained: 1 is perfect, 0 no better than the mean"
    example = "r2(y, price)"
    higher = True

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        squares, _, total, square, count = (float(item) for item in sums)
        spread = square - total * total / count if count else 0.0
        return 1 - squares / spread if spread > 0 else math.nan


@METRICS.register
class Perplexity(Metric):
    word = "perplexity"
    about = "e to the mean cross-entropy: among how many equally likely answers the net hesitates"
    example = "perplexity(y, next)"
    classifies = True
    target: Annotated[str, setting("name", "the right classes")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return OneOfMany(layer).target(self.word, self.layer, None)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return OneOfMany(layer)

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        from torch.nn import functional

        if predicted.layer.time is not None:
            value, target = value.flatten(0, 1), target.flatten(0, 1)
        each = functional.cross_entropy(value, target, reduction="none").double()
        if mask is not None:
            each = each.flatten()[_kept(mask, each)]
        return _pair(each.sum(), each.numel())

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        mean = _mean(sums)
        return math.exp(mean) if mean < 700 else math.inf
