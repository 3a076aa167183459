"""The losses: what they compare, which types fit, and their formulas as functions of tensors.

A term names a layer and its target: a field of `data`, or another layer. `wants` returns the type of the target for the
type of the layer; because of it a column of numbers becomes class indices for `cross_entropy`. `predicts` says what the
values of the layer mean: one class, several labels, or numbers.

Shapes are those of the net: (B, [T,] maps, *space) for logits and values, (B, [T,] *space) for classes. A mean comes
with its weight, the number that it was divided by (examples, or the sum of class weights or of a mask), so that the
means of uneven batches and of several processes can be combined exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from netspec.config.entries import Entry, incomplete, setting
from netspec.config.predictions import Labels, Numbers, OneOfMany, OneOfTwo, Prediction, choice, require_numbers
from netspec.ir.types import Type, refuse
from netspec.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.compute.arrays import Array

    Mean = tuple[Tensor, float | Tensor]
    Compute = Callable[..., Mean]  # (value, target, mask, **others) -> (mean, weight)


class Term(Entry):
    """A loss or metric of one layer, usually compared with a target. Options of kind `name` are layers or fields; those
    of kind `target` may be numbers, too.

    Attributes:
        classifies: whether it computes from logits, so that a softmax or sigmoid at the end of the layer is skipped.
        higher: whether larger values are better.
        shares: whether a target of numbers must be between 0 and 1.
        instead: the loss for logits, if this one takes probabilities only; "" if it takes both.
    """

    classifies: ClassVar[bool] = False
    higher: ClassVar[bool] = False
    shares: ClassVar[bool] = False
    instead: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ("layer", "target")
    layer: Annotated[str, setting("name", "the layer whose values are compared")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        """Return the type that the target must have; None if there is no target. Raises ShapeFault for a wrong layer.

        `predicted` is what the layer predicts, as `prediction_of` finds it.
        """
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        """Return what the values of the layer mean; None if they predict nothing.

        `rebuilds` says that the target is an input of the net, as in an autoencoder.
        """
        return None

    @property
    def compared(self) -> str | None:
        """Return the name of the target, if there is one."""
        found = getattr(self, "target", None)
        return found if isinstance(found, str) else None

    @property
    def constant(self) -> float | None:
        """Return the target that is one number for all values, if it is a number."""
        found = getattr(self, "target", None)
        return found if isinstance(found, float) else None

    def others(self) -> dict[str, str]:
        """Return what the loss reads besides its layer and target (a mask, the third layer of a triplet), by option."""
        options = [name for name, option in self.options().items() if option.kind == "name"]
        names = {name: getattr(self, name) for name in options if name not in ("layer", "target")}
        return {name: value for name, value in names.items() if value is not None}


class Loss(Term):
    """A term of the loss: its mean over the examples of a batch.

    To add a loss, inherit from this class and define `each`, the loss of every value; masks, `reduce` and the mean then
    work. If the loss needs another kind of mean, define `function` instead.

    Attributes:
        draws: whether it uses random numbers.
        mixes_batch: whether the loss of an example depends on other examples of its batch.

    Example:
        >>> from typing import Annotated
        >>> class Charbonnier(netspec.Loss):
        ...     word = "charbonnier"
        ...     about = "a smooth absolute difference"
        ...     example = "charbonnier(y, price)"
        ...     target: Annotated[str, netspec.setting("name", "the wanted values")]
        ...
        ...     def each(self, value, target, layer):
        ...         return ((value - target).square() + 1e-6).sqrt()
        >>> Charbonnier.usage()
        'charbonnier(layer, target, mask = …, reduce = mean)'
    """

    draws: ClassVar[bool] = False
    mixes_batch: ClassVar[bool] = False
    mask: Annotated[str | None, setting("name", "a field or layer of 0 and 1: what counts")] = None
    reduce: Annotated[
        str, setting("word", "mean of all values, or their sum within each example", choices=("mean", "sum"))
    ] = "mean"

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        """Return the loss of each value.

        Parameters:
            value: the layer's values, (B, [T,] maps, *space).
            target: the target; classes are (B, [T,] *space).
            layer: the type of the layer.
            others: further layers and fields, by the option that names them.

        Returns:
            (B, …): a number for each value, each time step or each example.
        """
        raise NotImplementedError(f"{self.word} has no formula")

    def arrays(self, value: Array, target: Array | None, layer: Type) -> Array | None:
        """Describe the loss of each value by `netspec.compute`, for figures of a computation, which need no torch.

        By default `each`, if it uses only operators and methods that these arrays have as well as tensors.

        Parameters:
            value: the layer's values of one example, (1, [T,] maps, *space).
            target: the target in the same shape: of classes 1 for the right one and 0 for all others.
            layer: the type of the layer.

        Returns:
            A number for each value, time step or example; None if it cannot be described.
        """
        try:
            return self.each(value, target, layer)  # type: ignore[arg-type, return-value]
        except (AttributeError, TypeError, NotImplementedError):
            return None

    def balanced(self, counts: Sequence[Sequence[int]]) -> Self:
        """This loss with weights that make all classes count alike, where `weight = balanced`.

        Parameters:
            counts: the rows of training by class: [[n of class 0], [n of class 1], …]; of targets of 0 and 1
                [[n of 0 in each map], [n of 1 in each map]].
        """
        return self

    def function(self, layer: Type, target: Type | None, device: Any) -> Compute:
        """Return the function (value, target, mask, **others) -> (mean, weight); mask is (B, [T,] …), 0 or 1."""

        def mean(value: Tensor, target: Tensor | None, mask: Tensor | None, **others: Tensor) -> Mean:
            return mean_of(self.each(value, target, layer, **others), mask, self.reduce)

        return mean


def _incomplete(loss: type[Loss]) -> str:
    if loss.each is Loss.each and loss.function is Loss.function:
        return "it has no formula: define `each(self, value, target, layer)`"
    return incomplete(loss)


LOSSES: Registry[type[Loss]] = Registry("loss", Loss, __package__, key="word", missing=_incomplete)


def loss_function(term: Loss, layer: Type, target: Type | None, device: Any) -> Compute:
    """Return the function of a term; it sets the value and the target to 0 outside the mask first."""
    compute = term.function(layer, target, device)

    def counted(value: Tensor, target: Tensor | None, mask: Tensor | None, **others: Tensor) -> Mean:
        if mask is None:
            return compute(value, target, None, **others)
        inside = {name: _inside(other, mask) for name, other in others.items()}
        return compute(_inside(value, mask), None if target is None else _inside(target, mask), mask, **inside)

    return counted


def _inside(value: Tensor, mask: Tensor) -> Tensor:
    """Set a value to 0 outside the mask: after the end of an example, the value and its gradient may be anything."""
    return value.masked_fill(~spread(mask, value), 0)


def spread(mask: Tensor, value: Tensor) -> Tensor:
    """Return the mask as flags in the shape of the value; the mask may lack the last axes or the axis of maps."""
    if mask.numel() == value.numel():
        mask = mask.reshape(value.shape)
    elif mask.shape == value.shape[: mask.dim()]:
        mask = mask.reshape(*mask.shape, *(1,) * (value.dim() - mask.dim()))
    else:
        maps = next(axis for axis, size in enumerate(value.shape) if mask.shape[axis : axis + 1] != (size,))
        mask = mask.unsqueeze(maps)
    return (mask != 0).expand(value.shape)


def mean_of(each: Tensor, mask: Tensor | None, reduce: str = "mean") -> Mean:
    """Return the mean of values (B, …), or the mean over examples of their sums; a mask may lack the last axes."""
    if mask is None:
        return (each.mean() if reduce == "mean" else each.sum() / len(each)), float(len(each))
    mask = mask.to(each.dtype).reshape(*mask.shape, *(1,) * (each.dim() - mask.dim()))
    if reduce == "sum":
        return (each * mask).sum() / len(each), float(len(each))
    total = mask.expand_as(each).sum()
    return (each * mask).sum() / total.clamp_min(1e-12), total


def maps_axis(layer: Type) -> int:
    """Return the number of the axis of maps in a value (B, [T,] maps, *space)."""
    return 1 if layer.time is None else 2


# ---- losses of classes


@LOSSES.register
class CrossEntropy(Loss):
    word = "cross_entropy"
    about = "-log of the probability of the right class; the layer gives a logit for each class"
    example = "cross_entropy(y, label)"
    classifies = True
    target: Annotated[str, setting("name", "the classes, or a probability for each")]
    weight: Annotated[
        tuple[float, ...] | str | None,
        setting("weights", "how much each class counts; `balanced`: all alike, however many rows they have", least=0),
    ] = None
    smoothing: Annotated[float, setting("number", "how much probability all classes share", least=0, most=1)] = 0.0

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        wanted = OneOfMany(layer).target(self.word, self.layer, target)
        if isinstance(self.weight, tuple) and isinstance(layer.maps, int) and len(self.weight) != layer.maps:
            refuse("NS777", option="weight", name="weight", count=len(self.weight), wanted=layer.maps)
        return wanted

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return choice(layer)

    def balanced(self, counts: Sequence[Sequence[int]]) -> Self:
        rows = [row for (row,) in counts]
        present = sum(1 for row in rows if row)
        weight = tuple(sum(rows) / (present * row) if row else 1.0 for row in rows)
        return self.changed(weight=weight)

    def arrays(self, value: Array, target: Array | None, layer: Type) -> Array | None:
        if target is None or self.weight is not None:
            return None
        axis = maps_axis(layer)
        wanted = target * (1 - self.smoothing) + self.smoothing / value.shape[axis] if self.smoothing else target
        shifted = value - value.largest(axis).stop()
        return (wanted * (shifted.exp().sum(axis).log() - shifted)).sum(axis)

    def function(self, layer: Type, target: Type | None, device: Any) -> Compute:
        import torch
        from torch.nn import functional

        weight = None if self.weight is None else torch.tensor(self.weight, dtype=torch.float32, device=device)
        smoothing = self.smoothing
        soft = target is not None and target.classes is None
        whole = self.reduce == "mean"

        def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
            assert target is not None
            if layer.time is not None:
                value, target = value.flatten(0, 1), target.flatten(0, 1)
            if mask is None and whole and (weight is None or soft):
                return functional.cross_entropy(value, target, weight, label_smoothing=smoothing), float(len(target))
            each = functional.cross_entropy(value, target, weight, reduction="none", label_smoothing=smoothing)
            counts = torch.ones_like(each) if weight is None or soft else weight[target]
            return _weighted_mean(each, counts, mask, whole, layer)

        return mean


def _weighted_mean(each: Tensor, counts: Tensor, mask: Tensor | None, whole: bool, layer: Type) -> Mean:
    """Return the weighted mean of all values that count, or (not `whole`) the mean over examples of their sums."""
    if mask is not None:
        mask = mask.to(each.dtype)
        if mask.numel() != each.numel():  # all places of a step share the flag of the step
            mask = mask.reshape(len(each), *(1,) * (each.dim() - 1)).expand(each.shape)
        mask = mask.reshape(each.shape)
        each, counts = each * mask, counts * mask
    if whole:
        total = counts.sum()
        return each.sum() / total.clamp_min(1e-12), total
    examples = each.shape[0] // (layer.time.length if layer.time is not None else 1)
    return each.sum() / examples, float(examples)


@LOSSES.register
class BinaryCrossEntropy(Loss):
    word = "binary_cross_entropy"
    about = "-log of the probability of the right one of two answers, for each value of the layer"
    example = "binary_cross_entropy(f, repaid)"
    classifies = True
    shares = True
    target: Annotated[str | float, setting("target", "0 or 1 (or between) for each value; or a class of two")]
    weight: Annotated[
        float | str,
        setting("weight", "how much the positive examples count; `balanced`: as much as the others together", above=0),
    ] = 1.0
    _each: ClassVar[tuple[float, ...]] = ()  # for each map, if the weight is balanced
    smoothing: Annotated[float, setting("number", "how far 0 and 1 move to the middle", least=0, most=1)] = 0.0

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return self._kind(layer).target(self.word, self.layer, target)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer, squashed=True) if rebuilds else self._kind(layer)

    def balanced(self, counts: Sequence[Sequence[int]]) -> Self:
        each = tuple(lacking / having if lacking and having else 1.0 for lacking, having in zip(*counts))
        return self.changed(_each=each)

    def arrays(self, value: Array, target: Array | None, layer: Type) -> Array | None:
        if target is None or isinstance(self.weight, str):
            return None
        wanted = target * (1 - self.smoothing) + self.smoothing / 2 if self.smoothing else target
        return self.weight * wanted * (-value).softplus() + (1 - wanted) * value.softplus()

    @staticmethod
    def _kind(layer: Type) -> Prediction:
        return OneOfTwo(layer) if layer.maps == 1 else Labels(layer)

    def function(self, layer: Type, target: Type | None, device: Any) -> Compute:
        import torch
        from torch.nn import functional

        smoothing = self.smoothing
        classes = target is not None and target.classes is not None
        axis = maps_axis(layer)
        positive = None if self.weight == 1.0 else torch.tensor(self._each or self.weight, device=device)
        if self._each and positive is not None:
            positive = positive.reshape(-1, *(1,) * len(layer.space))

        def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
            assert target is not None
            if classes:
                target = target.unsqueeze(axis)
            target = target.to(value.dtype)
            if smoothing:
                target = target * (1 - smoothing) + smoothing / 2
            if mask is None and self.reduce == "mean":
                found = functional.binary_cross_entropy_with_logits(value, target, pos_weight=positive)
                return found, float(len(value))
            each = functional.binary_cross_entropy_with_logits(value, target, reduction="none", pos_weight=positive)
            return mean_of(each, mask, self.reduce)

        return mean


@LOSSES.register
class Nll(Loss):
    word = "nll"
    about = "-log of a probability that the net gives itself: for averaged or mixed probabilities"
    example = "nll(p, label)"
    instead = "cross_entropy"
    target: Annotated[str, setting("name", "the classes")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        return OneOfMany(layer).target(self.word, self.layer, None)

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return OneOfMany(layer, normalized=True)

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        assert target is not None
        axis = maps_axis(layer)
        chosen = value.gather(axis, target.unsqueeze(axis)).squeeze(axis)
        return -chosen.clamp_min(1e-38).log()

    def arrays(self, value: Array, target: Array | None, layer: Type) -> Array | None:
        return None if target is None else -(target * value).sum(maps_axis(layer)).max(1e-38).log()


# ---- losses of numbers


@LOSSES.register
class Squared(Loss):
    word = "squared"
    about = "the squared difference; without a target the squared values themselves"
    example = "squared(y, price)"
    target: Annotated[str | float | None, setting("target", "the wanted values; left out: 0")] = None

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return None if self.target is None else layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return None if self.target is None else Numbers(layer)

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        return (value if target is None else value - target).square()


@LOSSES.register
class L1(Squared):
    word = "l1"
    about = "the absolute difference; without a target the absolute values themselves"
    example = "l1(y, price)"

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        return (value if target is None else value - target).abs()


@LOSSES.register
class Huber(Squared):
    word = "huber"
    about = "squared up to `delta`, absolute beyond it"
    example = "huber(y, price)"
    delta: Annotated[float, setting("number", "where it turns from squared to absolute", above=0)] = 1.0

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        wanted = torch.zeros_like(value) if target is None else target
        return functional.huber_loss(value, wanted, reduction="none", delta=self.delta)

    def arrays(self, value: Array, target: Array | None, layer: Type) -> Array | None:
        away = (value if target is None else value - target).abs()
        return (away > self.delta).where(self.delta * (away - 0.5 * self.delta), 0.5 * away.square())


@LOSSES.register
class Kl(Loss):
    word = "kl"
    about = "how far normal values with mean `layer` and log-variance `target` are from normal(0, 1)"
    example = "kl(mu, logvar, reduce = sum)"
    target: Annotated[str, setting("name", "the layer of log-variances")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        assert target is not None  # Kingma & Welling 2013, appendix B
        return 0.5 * (value.square() + target.exp() - 1 - target)


@LOSSES.register
class Value(Loss):
    word = "value"
    about = "the layer's own values, for a loss that the net computes itself: `- value(likelihood)`"
    example = "value(energy)"
    positional = ("layer",)

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return None

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        return value


@LOSSES.register
class Triplet(Loss):
    word = "triplet"
    about = "how much nearer `layer` is to `target` than to `other`, up to a margin"
    example = "triplet(a, p, n)"
    positional = ("layer", "target", "other")
    target: Annotated[str, setting("name", "the layer of the same kind of example")]
    other: Annotated[str, setting("name", "the layer of another kind of example")]
    margin: Annotated[float, setting("number", "the wanted difference of distances", above=0)] = 1.0

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        """max(0, d(layer, target) - d(layer, other) + margin), Euclidean, (B,)."""
        from torch.nn import functional

        assert target is not None
        anchor, same, other = value.flatten(1), target.flatten(1), others["other"].flatten(1)
        return functional.triplet_margin_loss(anchor, same, other, margin=self.margin, reduction="none")


def prediction_of(term: Term, losses: Iterable[Loss], layer: Type, rebuilds: bool = False) -> Prediction | None:
    """Return what a layer predicts: the loss with the same target or layer decides, else the term itself."""
    if isinstance(term, Loss) or not term.classifies:
        return term.predicts(layer, rebuilds)

    def distance(loss: Loss) -> int:
        return 2 * (loss.compared != term.compared) + (loss.layer != term.layer)

    near = sorted((loss for loss in losses if distance(loss) < 3), key=distance)
    kinds = (loss.predicts(layer) for loss in near)
    return next((kind for kind in kinds if kind is not None and kind.discrete), None) or term.predicts(layer)
