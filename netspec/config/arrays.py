"""The values of a field: an array with its type, classes, range and lengths, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.ir.types import Time, Type

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


class Affine(NamedTuple):
    """`(x - minus) / by * times + plus`, the first two one number a map (or one for all)."""

    minus: tuple[float, ...]
    by: tuple[float, ...]
    times: float = 1.0
    plus: float = 0.0


@dataclass(frozen=True, slots=True)
class Values:
    """Rows of a field.

    array: (rows, maps), (rows, maps, height, width), for classes (rows,), or as the caller gave it (`raw`).
    """

    array: Array
    classes: tuple[str, ...] | None = None
    low: float | None = None  # the range that the values can have, for pictures
    high: float | None = None
    raw: bool = False  # its shape is still to be read against a type
    length: int | None = None  # cut into sequences of so many rows
    ahead: int = 0
    stride: int | None = None
    lengths: Array | None = None  # how many steps each row has, where they differ
    # of arrays too large for memory: what is still to be done to each batch, (x - minus) / by * times + plus per map
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
    """The shape of one example of a type: time, maps, space; classes have no maps."""
    time: tuple[Any, ...] = () if value.time is None else (value.time.length,)
    maps: tuple[Any, ...] = () if value.classes is not None else (value.maps,)
    return (*time, *maps, *value.space)
