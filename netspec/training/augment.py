"""What is done to single batches: crops, shifts and flips, drawn for each example from (seed, epoch, index)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from netspec.sections.arrays import Affine
from netspec.sections.vocabulary.steps import Step
from netspec.training.streams import uniform

if TYPE_CHECKING:
    from torch import Tensor

    Augment = Callable[[Tensor, tuple[int, Tensor] | None], Tensor]


def augments(late: tuple[Step, ...]) -> list[Augment]:
    """The functions (pictures (B, C, H, W), drawn) -> pictures of a field's late steps.

    `drawn` is (key, index of each example) in training passes and None everywhere else.
    """
    return [_augment(step, position) for position, step in enumerate(late)]


def _augment(step: Step, position: int) -> Augment:
    def act(pictures: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        if drawn is None:
            return step.augment(pictures, None)
        import torch

        key, index = drawn
        streams = count(3 * position + 1)

        def draw() -> Tensor:
            """A number in [0, 1) for each example of the batch."""
            stream = next(streams) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
            return torch.from_numpy(uniform(key ^ stream, index.numpy())).to(pictures.device)

        return step.augment(pictures, draw)

    return act


def affine(pending: tuple[Affine, ...]) -> list[Augment]:
    """What is done to each batch (B, maps, …) of a set that is too large to be prepared as a whole."""
    return [_affine(step) for step in pending]


def _affine(step: Affine) -> Augment:
    import torch

    def act(values: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        shape = (-1, *(1,) * (values.dim() - 2))
        minus, by = (torch.tensor(numbers, device=values.device).reshape(shape) for numbers in step[:2])
        found = (values - minus.to(values.dtype)) / by.to(values.dtype)
        return found if (step.times, step.plus) == (1.0, 0.0) else found * step.times + step.plus

    return act
