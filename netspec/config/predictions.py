"""What the values of a layer predict: one of two classes, one of many, several labels, or numbers.

The loss decides it (`Loss.predicts`), not the width of the layer: three values under `cross_entropy` are one class
of three, under `binary_cross_entropy` three labels. Metrics, `predict`, pictures and sampling ask the prediction.
Its methods call tensors' own methods, so that this module needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from netspec.ir.types import Type, refuse

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the values (B, [T,] maps, *space) of a layer stand for; `layer` is their type."""

    layer: Type
    chooses: ClassVar[bool] = False  # one class among several, at each place
    discrete: ClassVar[bool] = True  # classes or labels, that can be counted as right or wrong

    @property
    def axis(self) -> int:
        """The axis of the maps in a batch."""
        return 1 if self.layer.time is None else 2

    @property
    def count(self) -> int:
        """How many classes or labels there are."""
        return int(self.layer.maps)  # type: ignore[arg-type]

    def target(self, word: str, name: str, given: Type | None) -> Type:
        """The type that the target of the term `word(name, …)` must have. Raises ShapeFault for a wrong layer.

        `given` is what is known of the target.
        """
        require_numbers(word, name, self.layer)
        return self.layer

    def probabilities(self, values: Tensor) -> Tensor | None:
        """The probability of each class or label; None for numbers."""
        return None

    def decide(self, values: Tensor) -> Tensor:
        """The predicted classes (B, [T,] *space), or labels or numbers in the shape of the values."""
        return values

    def right(self, target: Tensor) -> Tensor:
        """The target in the form of `decide`."""
        return target


@dataclass(frozen=True, slots=True)
class Numbers(Prediction):
    """Numbers in the unit of the target; `squashed` where the layer's sums stand for their sigmoid."""

    discrete: ClassVar[bool] = False
    squashed: bool = False

    def decide(self, values: Tensor) -> Tensor:
        return values.sigmoid() if self.squashed else values


@dataclass(frozen=True, slots=True)
class OneOfTwo(Prediction):
    """One sum: the second of two classes where it is above 0, with its probability (B, [T,] *space)."""

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
    """A value for each class: the largest wins. `normalized` where the values are probabilities already."""

    chooses: ClassVar[bool] = True
    normalized: bool = False

    def target(self, word: str, name: str, given: Type | None) -> Type:
        """Class numbers, or a probability for each class."""
        require_numbers(word, name, self.layer)
        layer = self.layer
        if layer.maps == 1:
            refuse("NS763", term=word, layer=name, type=str(layer), hint="binary")
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
    """A sum for each label: it is given where the sum is above 0, whatever the others are."""

    def probabilities(self, values: Tensor) -> Tensor:
        return values.sigmoid()

    def decide(self, values: Tensor) -> Tensor:
        return (values > 0).long()

    def right(self, target: Tensor) -> Tensor:
        return (target >= 0.5).long()


def choice(layer: Type) -> Prediction:
    """One class: of two where the layer has one map, else one for each map."""
    return OneOfTwo(layer) if layer.maps == 1 else OneOfMany(layer)


def require_numbers(word: str, name: str, layer: Type) -> None:
    """Raises ShapeFault NS763 where the layer `name` of a term holds classes."""
    if layer.classes is not None:
        refuse("NS763", term=word, layer=name, type=str(layer), hint="numbers")
