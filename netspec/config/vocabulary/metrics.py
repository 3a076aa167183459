"""The metrics: which types they compare, the sums that they accumulate over batches, and the result of these sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from netspec.config.entries import incomplete, setting
from netspec.config.predictions import Labels, Numbers, OneOfMany, OneOfTwo, Prediction, choice, require_numbers
from netspec.config.vocabulary.losses import Term, spread
from netspec.diagnostics.model import Quoted
from netspec.ir.types import Type, refuse
from netspec.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.compute.arrays import Array


class Metric(Term):
    """A measure for people, computed over a whole part of the data.

    Only sums are stored; they are added over batches and processes. To add a metric, inherit from this class and define
    `sums`, `result` and, unless there are two sums, `size`.

    keeps_rows: no sums are enough: `sums` gives rows (n, size), of which all batches' are kept.

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

    keeps_rows: ClassVar[bool] = False

    @property
    def measure(self) -> str:
        """Return the name of the measure: its word, and the kind of average if one is given."""
        return self.word

    def speaks_of(self, predicted: Prediction) -> str:
        """The name of the one class or label that the number is about; "" where it is about all."""
        return ""

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

    def arrays(self, value: Array, target: Array, predicted: Prediction) -> Array | None:
        """Describe by `netspec.compute` numbers whose mean is the metric, for pages that train without torch.

        Parameters:
            value: the layer's values, (B, [T,] maps, *space).
            target: the target in the same shape: of classes 1 for the right one and 0 for all others.
            predicted: what the values mean, and the type of the layer.

        Returns:
            A number for each value, time step or example; None if it is no such mean.
        """
        return None

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
    """One metric over one part of the data.

    It keeps only `sums`, so that processes can add up their sums; if the metric asks for them, it keeps `rows`.

    `predicted` is the meaning of the values of the layer, if a loss decides it; otherwise the values are classes.
    """

    def __init__(self, metric: Metric, layer: Type, predicted: Prediction | None = None) -> None:
        import torch

        self.metric = metric
        self.predicted = predicted or choice(layer)
        size = metric.size(self.predicted)
        self.sums = torch.zeros((0, size) if metric.keeps_rows else size, dtype=torch.float64)
        self.rows = [self.sums]

    def add(self, value: Tensor, target: Tensor, mask: Tensor | None) -> None:
        """Add a batch."""
        found = self.metric.sums(value, target, mask, self.predicted).cpu()
        if self.metric.keeps_rows:
            self.rows.append(found)
        else:
            self.sums += found

    def share(self, add: Callable[[Tensor], Tensor], join: Callable[[Tensor], Tensor]) -> None:
        """Put the sums or the rows of all processes together, with functions that add up or join a tensor of each."""
        import torch

        if self.metric.keeps_rows:
            self.rows = [join(torch.cat(self.rows))]
        else:
            self.sums = add(self.sums)

    def result(self) -> float:
        """Return the metric over all batches that were added so far."""
        import torch

        return self.metric.result(torch.cat(self.rows) if self.metric.keeps_rows else self.sums, self.predicted)


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
    target: Annotated[str | float, setting("target", "the right classes, or 0 and 1 for each label")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return (predicted or choice(layer)).target(self.word, self.layer, target)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return choice(layer)


@METRICS.register
class Accuracy(Decided):
    word = "accuracy"
    about = (
        "the share of right answers: the class with the largest value is the right one; with one map, and for labels, "
        "a value above 0 means yes"
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

    def arrays(self, value: Array, target: Array, predicted: Prediction) -> Array | None:
        if self.top > 1 or not predicted.discrete:
            return None
        if isinstance(predicted, OneOfMany):
            chosen, right = (_first_largest(array.move(predicted.axis, -1)) for array in (value, target))
            return (chosen * right).sum(-1)
        return (value > 0).equals(1 - (-target > -0.5))

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        return _mean(sums)


def _first_largest(array: Array) -> Array:
    """Return 1 for the first of the largest values along the last axis, 0 for all others."""
    from netspec.compute.arrays import Winner, whole

    return whole(Winner(array, False), array.shape)


def tally(value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
    """Return four counts (4, classes) of each class or label, from which the scores of classes follow.

    They are: how often it is answered rightly, how often it is answered, how often it is right, and how many answers
    there are.
    """
    import torch

    count = predicted.count
    answer, right = predicted.decide(value), predicted.right(target)
    if isinstance(predicted, Labels):
        kept = torch.ones_like(answer) if mask is None else spread(mask, answer).long()
        counts = [(found * kept).movedim(predicted.axis, 0) for found in (answer * right, answer, right)]
        every = kept.expand_as(answer).movedim(predicted.axis, 0)
        return torch.stack([each.reshape(count, -1).sum(1) for each in (*counts, every)]).double()
    answer, right = answer.flatten(), right.flatten()
    if mask is not None:
        inside = _kept(mask, answer)
        answer, right = answer[inside], right[inside]
    counts = [each.bincount(minlength=count) for each in (right[answer == right], answer, right)]
    return torch.stack([*counts, torch.full_like(counts[0], len(right))]).double()


class Tallied(Decided):
    """Metrics of the counts of `tally`."""

    def size(self, predicted: Prediction) -> int:
        return 4 * predicted.count

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        return tally(value, target, mask, predicted).flatten()


class Counted(Tallied):
    """Precision, recall and F1, as scikit-learn computes them."""

    average: Annotated[
        str | None,
        setting(
            "word",
            "`macro`: the mean over all classes or labels; `micro`: all of them counted together",
            choices=("macro", "micro"),
        ),
    ] = None
    positive: Annotated[
        str | None, setting("text", "the class or label that it is about; left out: of two classes the second")
    ] = None

    @property
    def measure(self) -> str:
        return self.word if self.average is None else f"{self.word}_{self.average}"

    def check(self) -> None:
        if self.average is not None and self.positive is not None:
            refuse("NS718", option="positive", average=self.average, positive=self.positive)

    def speaks_of(self, predicted: Prediction) -> str:
        number = self._chosen(predicted)
        return "" if number is None else predicted.name(number)

    def _chosen(self, predicted: Prediction) -> int | None:
        """Return the number of the one class or label that the score is about; None for a mean."""
        if self.positive is not None:
            legal = tuple(map(predicted.name, range(predicted.count)))
            if self.positive not in legal:
                refuse("NS719", option="positive", name=self.positive, target=self.target, legal=Quoted(legal[:30]))
            return legal.index(self.positive)
        # for two classes, the score of the second class, as is usual
        return 1 if self.average is None and predicted.chooses and predicted.count == 2 else None

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        hits, answered, right, every = sums.reshape(4, predicted.count)
        if self.average == "micro":
            return float(self.score(hits.sum(), answered.sum(), right.sum(), every.sum()))
        values = self.score(hits, answered, right, every)
        chosen = self._chosen(predicted)
        if chosen is not None:
            return float(values[chosen])
        if predicted.chooses:  # a class that never occurs and is never predicted has no score
            values = values[(answered + right) > 0]
        return float(values.mean())

    def score(self, hits: Tensor, answered: Tensor, right: Tensor, every: Tensor) -> Tensor:
        """Return the score of each class or label, from its counts."""
        raise NotImplementedError


@METRICS.register
class Precision(Counted):
    word = "precision"
    about = "of the answers for a class the share that is right; the mean over labels, and over more than two classes"
    example = "precision(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor, every: Tensor) -> Tensor:
        return hits / answered.clamp_min(1e-300)


@METRICS.register
class Recall(Counted):
    word = "recall"
    about = "of a class's examples the share that is found; the mean over labels, and over more than two classes"
    example = "recall(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor, every: Tensor) -> Tensor:
        return hits / right.clamp_min(1e-300)


@METRICS.register
class F1(Counted):
    word = "f1"
    about = "the harmonic mean of precision and recall; the mean over labels, and over more than two classes"
    example = "f1(y, label)"

    def score(self, hits: Tensor, answered: Tensor, right: Tensor, every: Tensor) -> Tensor:
        return 2 * hits / (answered + right).clamp_min(1e-300)


@METRICS.register
class BalancedAccuracy(Tallied):
    word = "balanced_accuracy"
    about = "the mean over classes of the share that is found; for labels, over having and lacking each"
    example = "balanced_accuracy(y, label)"

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        hits, answered, right, every = sums.reshape(4, predicted.count)
        found = hits[right > 0] / right[right > 0]
        if not predicted.chooses:
            lacking = every - right
            rightly = every - answered - right + hits
            with_both = (right > 0) & (lacking > 0)
            found = (hits / right + rightly / lacking)[with_both] / 2
        return float(found.mean()) if len(found) else math.nan


@METRICS.register
class Auc(Decided):
    word = "auc"
    about = (
        "how often an example of a class gets a higher probability of it than another example; the mean over labels, "
        "and over more than two classes (one against the rest)"
    )
    example = "auc(y, label)"
    keeps_rows = True

    def size(self, predicted: Prediction) -> int:
        return 2 * predicted.count

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        """Rows (n, 2 * classes): the probability of each class or label, then 1 where it is right, else 0."""
        import torch
        from torch.nn import functional

        found, right = predicted.probabilities(value.float()), predicted.right(target)
        assert found is not None
        if isinstance(predicted, OneOfTwo):
            found = torch.stack([1 - found, found], predicted.axis)
        if predicted.chooses:
            right = functional.one_hot(right.long(), predicted.count).movedim(-1, predicted.axis)
        flat = [each.movedim(predicted.axis, -1).flatten(0, -2) for each in (found, right)]
        if mask is not None:
            inside = spread(mask, found).movedim(predicted.axis, -1).flatten(0, -2).all(1)
            flat = [each[inside] for each in flat]
        return torch.cat([each.double() for each in flat], 1)

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        found = [_ranked(*pair) for pair in zip(*sums.T.chunk(2), strict=True)]
        found = [value for value in found if not math.isnan(value)]
        return math.fsum(found) / len(found) if found else math.nan


def _ranked(score: Tensor, right: Tensor) -> float:
    """Return the area under the ROC curve by Mann and Whitney's ranks; equal scores share their mean rank."""
    _, inverse, counts = score.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    ranks = (counts.cumsum(0) - (counts - 1) / 2.0)[inverse]
    inside, outside = float(right.sum()), float((1 - right).sum())
    if not inside or not outside:
        return math.nan
    return (float((ranks * right).sum()) - inside * (inside + 1) / 2) / (inside * outside)


# ---- numbers


class Measured(Metric):
    """Metrics of differences in the target's own unit, as scikit-learn computes them: the mean over the maps.

    They come from running sums for each map: of squares, absolute values, targets, their squares, and a count.
    """

    target: Annotated[str, setting("name", "the wanted values")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer)

    def size(self, predicted: Prediction) -> int:
        return 5 * int(predicted.layer.maps)  # type: ignore[arg-type]

    def sums(self, value: Tensor, target: Tensor, mask: Tensor | None, predicted: Prediction) -> Tensor:
        import torch

        kept = torch.ones_like(value, dtype=torch.bool) if mask is None else spread(mask, value)
        # what lies outside the mask may be anything, also infinite
        value, target = (predicted.in_units(each).masked_fill(~kept, 0) for each in (value, target))
        gap = value - target
        found = (gap.square(), gap.abs(), target, target.square(), kept.double())
        return torch.stack([each.movedim(predicted.axis, 0).flatten(1).sum(1) for each in found]).flatten()

    def result(self, sums: Tensor, predicted: Prediction) -> float:
        squares, gaps, total, square, count = sums.reshape(5, -1)
        return float(self.score(squares, gaps, square - total * total / count, count).mean())

    def score(self, squares: Tensor, gaps: Tensor, spread: Tensor, count: Tensor) -> Tensor:
        """Return the score of each map.

        Parameters:
            squares, gaps: the sums of the squared and of the absolute differences, (maps,).
            spread: the sums of the targets' squared distances from their mean.
            count: how many values there are.
        """
        raise NotImplementedError


@METRICS.register
class Mse(Measured):
    word = "mse"
    about = "the mean squared difference, in the square of the target's own unit"
    example = "mse(y, price)"

    def score(self, squares: Tensor, gaps: Tensor, spread: Tensor, count: Tensor) -> Tensor:
        return squares / count


@METRICS.register
class Rmse(Measured):
    word = "rmse"
    about = "the root of the mean squared difference, in the target's own unit"
    example = "rmse(y, price)"

    def score(self, squares: Tensor, gaps: Tensor, spread: Tensor, count: Tensor) -> Tensor:
        return (squares / count).sqrt()


@METRICS.register
class Mae(Measured):
    word = "mae"
    about = "the mean absolute difference, in the target's own unit"
    example = "mae(y, price)"

    def score(self, squares: Tensor, gaps: Tensor, spread: Tensor, count: Tensor) -> Tensor:
        return gaps / count


@METRICS.register
class R2(Measured):
    word = "r2"
    about = "the share of the target's variance that is explained: 1 is perfect, 0 no better than the mean"
    example = "r2(y, price)"
    higher = True

    def score(self, squares: Tensor, gaps: Tensor, spread: Tensor, count: Tensor) -> Tensor:
        found = 1 - squares / spread
        return found.masked_fill(spread <= 0, math.nan)


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
