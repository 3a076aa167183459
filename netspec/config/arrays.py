"""Holds the values of a field: an array with its type, classes, range and lengths, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.ir.types import Time, Type

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


class Affine(NamedTuple):
    """The change `(x - minus) / by * times + plus`; `minus` and `by` hold one number per map, or one for all maps."""

    minus: tuple[float, ...]
    by: tuple[float, ...]
    times: float = 1.0
    plus: float = 0.0


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a field for all rows.

    array: (rows, maps), or (rows, maps, height, width), or (rows,) for classes; if `raw`, the caller's own shape.
    """

    array: Array
    classes: tuple[str, ...] | None = None
    low: float | None = None  # the range that the values can have, for pictures
    high: float | None = None
    raw: bool = False  # whether the array still has the shape in which the caller passed it
    length: int | None = None  # how many rows make one sequence, if the rows are cut into sequences
    ahead: int = 0
    stride: int | None = None
    lengths: Array | None = None  # how many time steps each row has, if the rows differ
    # an array that is too large for memory stays on the disk; these changes are then made to each batch
    pending: tuple[Affine, ...] = ()

    def with_array(self, array: Array, **changes: Any) -> Values:
        return replace(self, array=array, **changes)

    @property
    def type(self) -> Type:
        """The type of one example."""
        time = None if self.length is None else Time(self.length)
        shape = self.array.shape[1:]
        if self.lengths is not None:
            time, shape = Time(int(shape[0])), shape[1:]
        if self.classes is not None and not self.raw:
            return Type(1, tuple(shape), time, len(self.classes))
        if not shape:
            return Type(1, (), time)
        return Type(int(shape[0]), tuple(int(size) for size in shape[1:]), time)


def shape_of(value: Type) -> tuple[int, ...]:
    """Return the shape of one example of a type: time, maps, space; classes have no axis of maps."""
    time: tuple[Any, ...] = () if value.time is None else (value.time.length,)
    maps: tuple[Any, ...] = () if value.classes is not None else (value.maps,)
    return (*time, *maps, *value.space)
