"""Steps of single batches: crops, shifts and flips, drawn for each example from (seed, epoch, index)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.sections.vocabulary import steps
from netspec.sections.vocabulary.steps import Step
from netspec.training.streams import uniform
from netspec.training.values import Affine

if TYPE_CHECKING:
    from torch import Tensor

    Augment = Callable[[Tensor, tuple[int, Tensor] | None], Tensor]


def augments(late: tuple[Step, ...]) -> list[Augment]:
    """The functions (pictures (B, C, H, W), drawn) -> pictures of a field's late steps.

    `drawn` is (key, index of each example) in training passes and None everywhere else.
    """
    return [_MAKERS[type(step)](step, position) for position, step in enumerate(late)]


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


def _numbers(drawn: tuple[int, Tensor], stream: int, device: Any) -> Tensor:
    """A number in [0, 1) for each example of the batch."""
    import torch

    key, index = drawn
    return torch.from_numpy(uniform(key ^ (stream * 0x9E3779B97F4A7C15 & (1 << 64) - 1), index.numpy())).to(device)


def _flip(step: steps.Flip, stream: int) -> Augment:
    def act(pictures: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        if drawn is None:
            return pictures
        chosen = _numbers(drawn, 3 * stream + 1, pictures.device) < step.p
        import torch

        return torch.where(chosen.view(-1, 1, 1, 1), pictures.flip(-1), pictures)

    return act


def _windows(pictures: Tensor, rows: Tensor, columns: Tensor, height: int, width: int) -> Tensor:
    """The part (height, width) of each picture that begins at its row and column."""
    import torch

    device = pictures.device
    batch = torch.arange(len(pictures), device=device).view(-1, 1, 1, 1)
    maps = torch.arange(pictures.shape[1], device=device).view(1, -1, 1, 1)
    down = (rows.view(-1, 1) + torch.arange(height, device=device)).view(-1, 1, height, 1)
    right = (columns.view(-1, 1) + torch.arange(width, device=device)).view(-1, 1, 1, width)
    return pictures[batch, maps, down, right]


def _padded(pictures: Tensor, pad: int) -> Tensor:
    from torch.nn import functional

    return functional.pad(pictures, (pad, pad, pad, pad)) if pad else pictures


def _shift(step: steps.Shift, stream: int) -> Augment:
    span = 2 * step.pixels + 1

    def act(pictures: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        if drawn is None:
            return pictures
        rows = (_numbers(drawn, 3 * stream + 1, pictures.device) * span).long()
        columns = (_numbers(drawn, 3 * stream + 2, pictures.device) * span).long()
        return _windows(_padded(pictures, step.pixels), rows, columns, pictures.shape[2], pictures.shape[3])

    return act


def _crop(step: steps.Crop, stream: int) -> Augment:
    height, width = step.size

    def act(pictures: Tensor, drawn: tuple[int, Tensor] | None) -> Tensor:
        pictures = _padded(pictures, step.pad)
        down, right = pictures.shape[2] - height, pictures.shape[3] - width
        if drawn is None:
            top, left = down // 2, right // 2
            return pictures[:, :, top : top + height, left : left + width]
        rows = (_numbers(drawn, 3 * stream + 1, pictures.device) * (down + 1)).long()
        columns = (_numbers(drawn, 3 * stream + 2, pictures.device) * (right + 1)).long()
        return _windows(pictures, rows, columns, height, width)

    return act


_MAKERS: dict[type[Step], Callable[[Any, int], Augment]] = {
    steps.Flip: _flip,
    steps.Shift: _shift,
    steps.Crop: _crop,
}
