"""Says what the values of a layer predict: one of two classes, one of many classes, several labels, or numbers.

The loss decides this (`Loss.predicts`), not the width of the layer: three values under `cross_entropy` are one class
of three, under `binary_cross_entropy` three labels. Metrics, `predict`, pictures and sampling use the classes here.
Their methods only call methods of tensors, so that this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from netspec.ir.types import Type, refuse

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Prediction:
    """The meaning of the values (B, [T,] maps, *space) of a layer.

    layer: the type of the layer.
    names: the classes or labels by their names, once the data are known.
    inverse: turns an array (B, maps, *space) of the target into the target's own unit; None if it is in it already.
    """

    layer: Type
    names: tuple[str, ...] = ()
    inverse: Callable[[Any], Any] | None = field(default=None, compare=False)
    chooses: ClassVar[bool] = False  # whether the values choose one class among several, at each place
    squash: ClassVar[str] = "sigmoid"  # the function that turns the logits of the layer into probabilities
    discrete: ClassVar[bool] = True  # whether the answers are classes or labels, which are right or wrong

    @property
    def axis(self) -> int:
        """The number of the axis of a batch along which the maps lie."""
        return 1 if self.layer.time is None else 2

    @property
    def count(self) -> int:
        """The number of classes or labels."""
        return int(self.layer.maps)  # type: ignore[arg-type]

    def target(self, word: str, name: str, given: Type | None) -> Type:
        """Return the type that the target of the term `word(name, …)` must have. Raises ShapeFault for a wrong layer.

        `given` is the type of the target as far as it is known.
        """
        require_numbers(word, name, self.layer)
        return self.layer

    def probabilities(self, values: Tensor) -> Tensor | None:
        """Return the probability of each class or label; None if the values are numbers."""
        return None

    def decide(self, values: Tensor) -> Tensor:
        """Return the predicted classes (B, [T,] *space), or the labels or numbers in the shape of the values."""
        return values

    def right(self, target: Tensor) -> Tensor:
        """Return the target in the form that `decide` returns, so that the two can be compared."""
        return target

    def name(self, number: int) -> str:
        """Return the name of a class or label; its number if the data give it no name."""
        return self.names[number] if self.names else str(number)

    def in_units(self, values: Tensor) -> Tensor:
        """Return values or targets (B, [T,] maps, *space) in the target's own unit, in float64."""
        values = values.double()
        if self.inverse is None:
            return values
        steps = values.flatten(0, self.axis - 1)  # each time step is a row of its own
        found = values.new_tensor(self.inverse(steps.cpu().numpy()))
        return found.reshape(values.shape)


@dataclass(frozen=True, slots=True)
class Numbers(Prediction):
    """Numbers in the unit of the target; if `squashed`, the answer is the sigmoid of the layer's logits."""

    discrete: ClassVar[bool] = False
    squashed: bool = False

    def decide(self, values: Tensor) -> Tensor:
        return values.sigmoid() if self.squashed else values


@dataclass(frozen=True, slots=True)
class OneOfTwo(Prediction):
    """One logit for two classes: the second class if it is above 0; its sigmoid is the probability of that class."""

    chooses: ClassVar[bool] = True

    @property
    def count(self) -> int:
        return 2

    def target(self, word: str, name: str, given: Type | None) -> Type:
        require_numbers(word, name, self.layer)
        classes = given is not None and given.classes is not None
        return Type(1, self.layer.space, self.layer.time, 2) if classes else self.layer

    def probabilities(self, values: Tensor) -> Tensor:
        return values.sigmoid().squeeze(self.axis)

    def decide(self, values: Tensor) -> Tensor:
        return (values > 0).long().squeeze(self.axis)

    def right(self, target: Tensor) -> Tensor:
        if not target.dtype.is_floating_point:
            return target
        return (target >= 0.5).long().squeeze(self.axis)


@dataclass(frozen=True, slots=True)
class OneOfMany(Prediction):
    """A value for each class; the largest value is chosen. `normalized`: the values are probabilities."""

    chooses: ClassVar[bool] = True
    squash: ClassVar[str] = "softmax"
    normalized: bool = False

    def target(self, word: str, name: str, given: Type | None) -> Type:
        """Return the type of the target: class numbers, or a probability for each class if `given` has as many maps."""
        require_numbers(word, name, self.layer)
        layer = self.layer
        if layer.maps == 1:
            known = None if given is None else given.classes
            hint = "many" if isinstance(known, int) and known > 2 else "binary"
            refuse("NS763", term=word, layer=name, type=str(layer), hint=hint, count=str(known))
        soft = given is not None and given.classes is None and given.known and given.maps == layer.maps
        return layer if soft else Type(1, layer.space, layer.time, layer.maps)

    def probabilities(self, values: Tensor) -> Tensor:
        return values if self.normalized else values.softmax(self.axis)

    def decide(self, values: Tensor) -> Tensor:
        return values.argmax(self.axis)

    def right(self, target: Tensor) -> Tensor:
        return target.argmax(self.axis) if target.dtype.is_floating_point else target


@dataclass(frozen=True, slots=True)
class Labels(Prediction):
    """A logit for each label: the answer has the label if its logit is above 0. Labels do not exclude each other."""

    def probabilities(self, values: Tensor) -> Tensor:
        return values.sigmoid()

    def decide(self, values: Tensor) -> Tensor:
        return (values > 0).long()

    def right(self, target: Tensor) -> Tensor:
        return (target >= 0.5).long()


def choice(layer: Type) -> Prediction:
    """Return the prediction of one class: of two classes if the layer has one map, else of one class per map."""
    return OneOfTwo(layer) if layer.maps == 1 else OneOfMany(layer)


def require_numbers(word: str, name: str, layer: Type) -> None:
    """Raise ShapeFault NS763 if the layer `name` of a term holds classes instead of numbers."""
    if layer.classes is not None:
        refuse("NS763", term=word, layer=name, type=str(layer), hint="numbers")
