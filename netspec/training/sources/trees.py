"""Random numbers -> pictures with a tree in the middle, and others made of the same things in other places.

A tree is green above brown. Every other picture has as much green and brown as a tree has, so that neither colour
alone tells the classes apart: what counts is where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from netspec.training.data.random_streams import Draw

    Array = np.ndarray[Any, np.dtype[Any]]

HEIGHT, WIDTH = 100, 150
_SKY, _GROUND = (0.62, 0.77, 0.92), (0.78, 0.72, 0.55)
_GREEN, _BROWN = (0.16, 0.50, 0.18), (0.42, 0.27, 0.13)
# where crown and trunk of the others stand: (down, right) of the crown, and whether the trunk is above it
_PLACES = ((0.0, -48.0, False), (0.0, 48.0, False), (34.0, 0.0, True), (34.0, -44.0, True), (34.0, 44.0, True))


def trees(count: int, noise: float, draw: Draw) -> tuple[Array, Array]:
    """Pictures (count, 3, 100, 150) of bytes, and their classes: 1 is a tree. `noise` is in parts of white."""
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
