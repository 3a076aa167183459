"""The tables of losses and metrics: what they compare, and which types fit.

A term names a layer and what it is compared with: a field of `data`, or another layer. `wants` says what the
second must be, given the first; it is how a column of numbers becomes class indices for `cross_entropy`.
`predicts` says what the layer's values mean: one class, several labels, numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from netspec.ir.types import Type, refuse
from netspec.sections.entries import Entry, option, table
from netspec.sections.predictions import (
    Labels,
    Numbers,
    OneOfMany,
    OneOfTwo,
    Prediction,
    choice,
    require_numbers,
)


class Term(Entry):
    """A loss or metric of one layer, mostly against a target."""

    classifies: ClassVar[bool] = False  # softmax and sigmoid in front are undone: it computes from the sums
    higher: ClassVar[bool] = False  # better when larger
    positional: ClassVar[tuple[str, ...]] = ("layer", "target")
    layer: str = option("name", "the layer that is judged")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        """The type the target must have; None where there is no target. Raises ShapeFault for a wrong layer.

        `predicted` is what the layer predicts, as `prediction_of` finds it.
        """
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        """What the values of the layer mean; None where they answer nothing.

        `rebuilds` says that the target is an input of the net, which the layer is to reproduce.
        """
        return None

    @property
    def compared(self) -> str | None:
        """The name of the target, where there is one."""
        found: str | None = getattr(self, "target", None)
        return found


class Loss(Term):
    """A term of the loss: its mean over the examples of a batch."""

    mask: str | None = option("name", "a field or layer of 0 and 1: what counts", default=None)
    reduce: str = option(
        "word", "mean of all values, or their sum within each example", default="mean", choices=("mean", "sum")
    )


class CrossEntropy(Loss):
    word = "cross_entropy"
    about = "-log of the probability of the right class; the layer holds a sum for each class"
    example = "cross_entropy(y, label)"
    classifies = True
    target: str = option("name", "the classes, or a probability for each")
    weight: tuple[float, ...] | None = option("numbers", "how much each class counts", default=None, least=0)
    smoothing: float = option("number", "how much probability all classes share", default=0.0, least=0, most=1)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        wanted = OneOfMany(layer).target(self.word, self.layer, target)
        if self.weight is not None and isinstance(layer.maps, int) and len(self.weight) != layer.maps:
            refuse("NS777", option="weight", name="weight", count=len(self.weight), wanted=layer.maps)
        return wanted

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return choice(layer)


class BinaryCrossEntropy(Loss):
    word = "binary_cross_entropy"
    about = "-log of the probability of the right one of two answers, for each value of the layer"
    example = "binary_cross_entropy(f, repaid)"
    classifies = True
    target: str = option("name", "0 or 1 (or between) for each value; or a class of two")
    weight: float = option("number", "how much the positive examples count", default=1.0, above=0)
    smoothing: float = option("number", "how far 0 and 1 move to the middle", default=0.0, least=0, most=1)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return self._kind(layer).target(self.word, self.layer, target)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer, squashed=True) if rebuilds else self._kind(layer)

    @staticmethod
    def _kind(layer: Type) -> Prediction:
        return OneOfTwo(layer) if layer.maps == 1 else Labels(layer)


class Nll(Loss):
    word = "nll"
    about = "-log of a probability that the net gives itself: for averaged or mixed probabilities"
    example = "nll(p, label)"
    target: str = option("name", "the classes")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return OneOfMany(layer).target(self.word, self.layer, None)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return OneOfMany(layer, normalized=True)


class Squared(Loss):
    word = "squared"
    about = "the squared difference; without a target the squared values themselves"
    example = "squared(y, price)"
    target: str | None = option("name", "the wanted values; left out: 0", default=None)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return None if self.target is None else layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return None if self.target is None else Numbers(layer)


class L1(Squared):
    word = "l1"
    about = "the absolute difference; without a target the absolute values themselves"
    example = "l1(y, price)"


class Huber(Squared):
    word = "huber"
    about = "squared up to `delta`, absolute beyond it"
    example = "huber(y, price)"
    delta: float = option("number", "where it turns from squared to absolute", default=1.0, above=0)


class Kl(Loss):
    word = "kl"
    about = "how far normal values with mean `layer` and log-variance `target` are from normal(0, 1)"
    example = "kl(mu, logvar, reduce = sum)"
    target: str = option("name", "the layer of log-variances")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer


class Triplet(Loss):
    word = "triplet"
    about = "how much nearer `layer` is to `target` than to `other`, up to a margin"
    example = "triplet(a, p, n)"
    positional = ("layer", "target", "other")
    target: str = option("name", "the layer of the same kind of example")
    other: str = option("name", "the layer of another kind of example")
    margin: float = option("number", "the wanted difference of distances", default=1.0, above=0)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer


class Metric(Term):
    """A number that people read; computed over a whole part at once."""

    @property
    def measure(self) -> str:
        """What the number is called: the word, and how it is averaged where that is said."""
        return self.word


class _Decided(Metric):
    """Metrics of answers that are right or wrong."""

    classifies = True
    higher = True
    target: str = option("name", "the right classes, or 0 and 1 for each label")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return (predicted or choice(layer)).target(self.word, self.layer, target)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return choice(layer)


class Accuracy(_Decided):
    word = "accuracy"
    about = (
        "the share of right answers: the largest sum is the right class; with one map, and for labels, the side of 0"
    )
    example = "accuracy(y, label)"
    top: int = option("integer", "right is also who is among the `top` largest", default=1, least=1)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        classes = 2 if isinstance(predicted, Labels) else layer.maps
        if isinstance(classes, int) and self.top > (most := max(1, classes - 1)):
            refuse("NS782", option="top", top=self.top, classes=max(2, classes), most=most)
        return super().wants(layer, target, predicted)


class _Counted(_Decided):
    """Metrics that count hits, answers and examples of each class or label."""

    average: str | None = option(
        "word",
        "`macro`: the mean over all classes or labels; `micro`: all of them counted together",
        default=None,
        choices=("macro", "micro"),
    )

    @property
    def measure(self) -> str:
        return self.word if self.average is None else f"{self.word}_{self.average}"


class Precision(_Counted):
    word = "precision"
    about = "of the answers for a class the share that is right; the mean over labels, and over more than two classes"
    example = "precision(y, label)"


class Recall(_Counted):
    word = "recall"
    about = "of a class's examples the share that is found; the mean over labels, and over more than two classes"
    example = "recall(y, label)"


class F1(_Counted):
    word = "f1"
    about = "the harmonic mean of precision and recall; the mean over labels, and over more than two classes"
    example = "f1(y, label)"


class _Measured(Metric):
    """Metrics of differences."""

    target: str = option("name", "the wanted values")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer)


class Mse(_Measured):
    word = "mse"
    about = "the mean squared difference"
    example = "mse(y, price)"


class Rmse(_Measured):
    word = "rmse"
    about = "the root of the mean squared difference, in the unit that the target's field gives it"
    example = "rmse(y, price)"


class Mae(_Measured):
    word = "mae"
    about = "the mean absolute difference, in the unit that the target's field gives it"
    example = "mae(y, price)"


class R2(_Measured):
    word = "r2"
    about = "the share of the target's variance that is explained: 1 is perfect, 0 no better than the mean"
    example = "r2(y, price)"
    higher = True


class Perplexity(Metric):
    word = "perplexity"
    about = "e to the mean cross-entropy: among how many equally likely answers the net hesitates"
    example = "perplexity(y, next)"
    classifies = True
    target: str = option("name", "the right classes")

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return OneOfMany(layer).target(self.word, self.layer, None)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return OneOfMany(layer)


LOSSES: dict[str, type[Loss]] = table(CrossEntropy, BinaryCrossEntropy, Nll, Squared, L1, Huber, Kl, Triplet)
METRICS: dict[str, type[Metric]] = table(Accuracy, Precision, Recall, F1, Mse, Rmse, Mae, R2, Perplexity)


def prediction_of(term: Term, losses: Iterable[Loss], layer: Type, rebuilds: bool = False) -> Prediction | None:
    """What a layer predicts: as the loss of the same target or layer says, else as the term takes it by itself."""
    if isinstance(term, Loss) or not term.classifies:
        return term.predicts(layer, rebuilds)

    def distance(loss: Loss) -> int:
        return 2 * (loss.compared != term.compared) + (loss.layer != term.layer)

    near = sorted((loss for loss in losses if distance(loss) < 3), key=distance)
    kinds = (loss.predicts(layer) for loss in near)
    return next((kind for kind in kinds if kind is not None and kind.discrete), None) or term.predicts(layer)


def measures(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """What each metric is called: a second one of a name adds its layer, `accuracy_other`, or its number."""
    found: list[str] = []
    for number, metric in enumerate(metrics, 1):
        names = (metric.measure, f"{metric.measure}_{metric.layer}", f"{metric.measure}_{number}")
        found.append(next(name for name in names if name not in found))
    return tuple(found)


def is_better_larger(name: str) -> bool:
    """Whether larger values of a measure are better, by its name as `measures` gives it."""
    return any(metric.higher and f"{name}_".startswith(f"{word}_") for word, metric in METRICS.items())
