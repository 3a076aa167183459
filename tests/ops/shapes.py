"""Types as a test writes them down, and tensors of them: independent of netspec's own."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

BATCH = 2


class Shape(NamedTuple):
    """`maps @ space over time`, or class indices; `varying`: `over up to`."""

    maps: int
    space: tuple[int, ...] = ()
    time: int | None = None
    classes: int | None = None
    varying: bool = False

    def __str__(self) -> str:
        over = "" if self.time is None else f" over {'up to ' if self.varying else ''}{self.time}"
        space = "x".join(map(str, self.space))
        if self.classes is not None:
            return f"one of {self.classes}" + (f" @ {space}" if space else "") + over
        return f"{self.maps}@{space}{over}" if space else f"{self.maps}{over}"

    @property
    def values(self) -> int:
        return self.maps * math.prod(self.space)

    @property
    def step(self) -> Shape:
        return self._replace(time=None, varying=False)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The axes of a tensor after the batch."""
        time = () if self.time is None else (self.time,)
        return (*time, *self.space) if self.classes is not None else (*time, self.maps, *self.space)

    def tensor(self, seed: int, batch: int = BATCH) -> Tensor:
        """Random values, the same for the same seed; never exactly representable sums by accident."""
        source = torch.Generator().manual_seed(seed)
        if self.classes is not None:
            return torch.randint(self.classes, (batch, *self.sizes), generator=source)
        return torch.randn(batch, *self.sizes, generator=source, dtype=torch.float64)


def of_tensor(value: Tensor, axes: int, timed: bool) -> tuple[int, ...]:
    """What a tensor's axes say, the batch left out."""
    assert value.dim() == 1 + timed + 1 + axes
    return tuple(value.shape[1:])


MAPS = st.sampled_from((1, 2, 3, 4, 6, 8))


@st.composite
def shapes(
    draw: Any, *, axes: tuple[int, ...] = (0, 1, 2, 3), time: bool | None = None, classes: bool = False
) -> Shape:
    """A value of any kind; `time`: True always, False never, None as it comes."""
    space = tuple(draw(st.integers(1, 7)) for _ in range(draw(st.sampled_from(axes))))
    timed = draw(st.booleans()) if time is None else time
    steps = draw(st.integers(1, 4)) if timed else None
    if classes:
        return Shape(1, space, steps, draw(st.integers(2, 5)))
    return Shape(draw(MAPS), space, steps)
