"""(name, rows, noise, seed) -> generated examples: points of two or three kinds, a series, pictures of trees.

All random numbers are pure functions of the seed and the example's number, so the same spec means the same data
on every machine and with every version of numpy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.config.rows import Classes, Faults, File, Pictures, Rows, as_classes, reject
from netspec.config.vocabulary.sources import GENERATED, Synthetic
from netspec.source import Span
from netspec.training.data.random_streams import Draw
from netspec.training.sources.trees import trees

if TYPE_CHECKING:
    from netspec.config.rows import Array

    Points = tuple[Array, Array]

_NAMES = {"trees": ("other", "tree")}


@dataclass(slots=True)
class GeneratedRows(Rows):
    names: tuple[str, ...] = ()
    values: Any = None  # (rows, columns)
    kinds: Any = None  # (rows,), where there are classes
    images: Any = None  # (rows, 3, height, width), uint8

    @property
    def columns(self) -> tuple[str, ...]:
        return self.names

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        if name not in self.names:
            self.unknown(name, wanted)
        found: Array = self.values[:, self.names.index(name)]
        return found

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is not None:
            self.unknown(name, wanted)
        if self.kinds is None:
            reject("NS806", wanted, what="label", source=self.name)
        own = _NAMES.get(self.name) or tuple(str(kind) for kind in range(int(self.kinds.max()) + 1))
        if names is None:
            return Classes(self.kinds, own)
        return Classes(*as_classes([own[kind] for kind in self.kinds], names))

    def pictures(
        self,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
        resize: tuple[int, ...] | None = None,
    ) -> Pictures:
        if self.images is None:
            reject("NS806", wanted, what="image", source=self.name)
        own = tuple(self.images.shape[2:])
        if (size is not None and size != own) or maps not in (None, 3):
            want = f"{maps or 3}@{'x'.join(map(str, size or own))}"
            reject("NS840", wanted, where=self.name, have=f"3@{own[0]}x{own[1]}", want=want)
        return Pictures(self.images, 0.0, 255.0)


def generate(source: Synthetic) -> GeneratedRows:
    """The examples of a source as written."""
    import numpy as np

    draw = Draw(source.seed, source.name)
    rows = GeneratedRows(source.rows, source.name)
    if source.name == "trees":
        rows.images, rows.kinds = trees(source.rows, source.noise, draw)
    elif source.name == "waves":
        rows.names, rows.values = GENERATED["waves"].columns or (), _waves(source.rows, source.noise, draw)
    else:
        points, rows.kinds = _POINTS[source.name](source.rows, draw)
        rows.names = GENERATED[source.name].columns or ()
        rows.values = points + source.noise * draw.normal("noise", (source.rows, 2))
    data = rows.images if rows.values is None else rows.values
    digest = hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()
    rows.files = [File(f"synthetic: {source.name}", data.nbytes, digest)]
    return rows


def _kinds(count: int, classes: int) -> Array:
    """As many examples of each kind, in turn."""
    import numpy as np

    return np.arange(count) % classes


def _xor(count: int, draw: Draw) -> Points:
    """The four corners of the unit square: class 1 where exactly one coordinate is 1."""
    import numpy as np

    corner = np.arange(count) % 4
    points = np.stack([corner // 2, corner % 2], axis=1).astype(np.float64)
    return points, (corner // 2) ^ (corner % 2)


def _two_moons(count: int, draw: Draw) -> Points:
    """Two interleaving half circles of radius 1, as scikit-learn's make_moons has them."""
    import numpy as np

    kinds = _kinds(count, 2)
    angle = np.pi * draw.uniform("angle", count)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return np.where(kinds[:, None] == 0, upper, lower), kinds


def _circles(count: int, draw: Draw) -> Points:
    """A circle of radius 1 and one of radius 0.5 inside it."""
    import numpy as np

    kinds = _kinds(count, 2)
    angle = 2 * np.pi * draw.uniform("angle", count)
    radius = np.where(kinds == 0, 1.0, 0.5)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), kinds


def _spirals(count: int, draw: Draw) -> Points:
    """Two arms of a spiral, one and a half turns each, out to radius 3."""
    import numpy as np

    kinds = _kinds(count, 2)
    along = np.sqrt(draw.uniform("along", count))  # as dense outside as inside
    angle = 3 * np.pi * along + np.pi * kinds
    return 3 * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), kinds


def _blobs(count: int, draw: Draw) -> Points:
    """Three clouds around the corners of a triangle, standard deviation 0.5 before the noise."""
    import numpy as np

    kinds = _kinds(count, 3)
    angle = 2 * np.pi * kinds / 3 + np.pi / 2
    middles = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return middles + 0.5 * draw.normal("cloud", (count, 2)), kinds


def _waves(count: int, noise: float, draw: Draw) -> Array:
    """One number a step: a wave of period 25 inside one of period 160 that also moves its height, and noise."""
    import numpy as np

    step = np.arange(count)
    slow = np.sin(2 * np.pi * step / 160)
    values = (1 + 0.5 * slow) * np.sin(2 * np.pi * step / 25) + 0.8 * slow
    return (values + noise * draw.normal("noise", (count,)))[:, None]


_POINTS: dict[str, Callable[[int, Draw], Points]] = {
    "xor": _xor,
    "two_moons": _two_moons,
    "circles": _circles,
    "spirals": _spirals,
    "blobs": _blobs,
}
