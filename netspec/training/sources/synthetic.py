"""(name, rows, noise, seed) -> generated examples: points of two or three classes, a time series, pictures of trees.

All random numbers depend only on the seed and the number of the example, so the same spec gives the same data on every
machine and with every version of numpy.
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

if TYPE_CHECKING:
    from netspec.config.rows import Array

    Points = tuple[Array, Array]

_NAMES = {"trees": ("other", "tree")}


@dataclass(slots=True)
class GeneratedRows(Rows):
    names: tuple[str, ...] = ()
    values: Any = None  # (rows, columns)
    kinds: Any = None  # (rows,), if there are classes
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
        return Pictures(self.pictures_of(self.images, size, maps, wanted), 0.0, 255.0)


def generate(source: Synthetic) -> GeneratedRows:
    """Generate the examples of a source."""
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
    """Return class numbers in turn, so that all classes are equally frequent."""
    import numpy as np

    return np.arange(count) % classes


def _xor(count: int, draw: Draw) -> Points:
    """The four corners of the unit square: class 1 if exactly one coordinate is 1."""
    import numpy as np

    corner = np.arange(count) % 4
    points = np.stack([corner // 2, corner % 2], axis=1).astype(np.float64)
    return points, (corner // 2) ^ (corner % 2)


def _two_moons(count: int, draw: Draw) -> Points:
    """Two interleaving half circles of radius 1, like scikit-learn's make_moons."""
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
    along = np.sqrt(draw.uniform("along", count))  # the square root makes the density the same outside as inside
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
    """One number per time step: a wave of period 25, multiplied and shifted by one of period 160, with noise."""
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


# ---- Pictures of a tree in the middle, and other pictures of the same parts in other places
#
# A tree is green above brown. Every other picture has the same amounts of green and brown, so that only their places
# distinguish the classes.


HEIGHT, WIDTH = 100, 150
_SKY, _GROUND = (0.62, 0.77, 0.92), (0.78, 0.72, 0.55)
_GREEN, _BROWN = (0.16, 0.50, 0.18), (0.42, 0.27, 0.13)
# in the other pictures: (down, right) of the crown, and whether the trunk is above it
_PLACES = ((0.0, -48.0, False), (0.0, 48.0, False), (34.0, 0.0, True), (34.0, -44.0, True), (34.0, 44.0, True))


def trees(count: int, noise: float, draw: Draw) -> tuple[Array, Array]:
    """Return pictures (count, 3, 100, 150) of bytes and their classes; 1 is a tree. `noise` is relative to white."""
    import numpy as np

    kinds = np.arange(count) % 2
    numbers = draw.uniform("scene", (count, 10))
    images = np.empty((count, 3, HEIGHT, WIDTH), dtype=np.uint8)
    grain = draw.part("grain")
    for row in range(count):
        scene = _scene(int(kinds[row]), numbers[row])
        if noise:
            scene = scene + noise * grain.normal(row, scene.shape)
        images[row] = np.clip(scene * 255, 0, 255).astype(np.uint8)
    return images, kinds


def _scene(kind: int, numbers: Array) -> Array:
    import numpy as np

    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = 0.85 + 0.3 * numbers[0]
    horizon = 68 + 14 * numbers[1]
    scene = np.where(rows[None] < horizon, _colour(_SKY), _colour(_GROUND))
    down, right, turned = (0.0, 0.0, False) if kind else _PLACES[int(numbers[2] * len(_PLACES))]
    middle = 75 + right + 6 * (numbers[3] - 0.5)
    crown = 28 + down + 5 * (numbers[4] - 0.5)
    radius = 17 + 5 * numbers[5]
    width = 6 + 3 * numbers[6]
    begin, end = (crown - radius - 40, crown - radius + 6) if turned else (crown + radius - 6, crown + radius + 40)
    trunk = (abs(columns - middle) < width) & (rows > begin) & (rows < end)
    round_ = ((rows - crown) / (radius * (0.9 + 0.3 * numbers[7]))) ** 2 + ((columns - middle) / radius) ** 2 < 1
    scene = np.where(trunk[None], _colour(_BROWN), scene)
    scene = np.where(round_[None], _colour(_GREEN) * (0.85 + 0.3 * numbers[8]), scene)
    found: Array = scene * light
    return found


def _colour(colour: tuple[float, float, float]) -> Array:
    import numpy as np

    return np.array(colour).reshape(3, 1, 1)
