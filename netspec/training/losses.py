"""Terms of the loss -> functions of tensors: each gives a mean, and how much that mean counts.

Shapes are the net's: (B, [T,] maps, *space) for sums and values, (B, [T,] *space) for classes. The weight of a
mean is what it divides by (examples, or the sum of class weights or of a mask), so that means of uneven batches
and processes can be put together exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.ir.types import Type
from netspec.sections import losses
from netspec.sections.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor

    Mean = tuple[Tensor, float | Tensor]
    Compute = Callable[[Tensor, Tensor | None, Tensor | None], Mean]


def loss_function(term: Loss, layer: Type, target: Type | None, device: Any) -> Compute:
    """The function (value, target, mask) -> (mean, weight) of a term; mask is (B, [T,] …) of 0 and 1, or None."""
    compute = _MAKERS[type(term)](term, layer, target, device)

    def counted(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        if mask is None:
            return compute(value, target, None)
        return compute(_inside(value, mask), None if target is None else _inside(target, mask), mask)

    return counted


def _inside(value: Tensor, mask: Tensor) -> Tensor:
    """Zeros where the mask has none: behind an example's end a value, and its gradient, may be anything."""
    return value.masked_fill(~spread(mask, value), 0)


def spread(mask: Tensor, value: Tensor) -> Tensor:
    """The mask as flags in the shape of the value: it may lack the value's trailing axes, or its maps."""
    if mask.numel() == value.numel():
        mask = mask.reshape(value.shape)
    elif mask.shape == value.shape[: mask.dim()]:
        mask = mask.reshape(*mask.shape, *(1,) * (value.dim() - mask.dim()))
    else:
        maps = next(axis for axis, size in enumerate(value.shape) if mask.shape[axis : axis + 1] != (size,))
        mask = mask.unsqueeze(maps)
    return (mask != 0).expand(value.shape)


def _cross_entropy(term: losses.CrossEntropy, layer: Type, target: Type | None, device: Any) -> Compute:
    import torch
    from torch.nn import functional

    weight = None if term.weight is None else torch.tensor(term.weight, dtype=torch.float32, device=device)
    smoothing = term.smoothing
    soft = target is not None and target.classes is None
    whole = term.reduce == "mean"

    def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        assert target is not None
        if layer.time is not None:
            value, target = value.flatten(0, 1), target.flatten(0, 1)
        if mask is None and whole and (weight is None or soft):
            return functional.cross_entropy(value, target, weight, label_smoothing=smoothing), float(len(target))
        each = functional.cross_entropy(value, target, weight, reduction="none", label_smoothing=smoothing)
        counts = torch.ones_like(each) if weight is None or soft else weight[target]
        return _reduced(each, counts, mask, whole, layer)

    return mean


def _reduced(each: Tensor, counts: Tensor, mask: Tensor | None, whole: bool, layer: Type) -> Mean:
    """Values with their weights -> a mean over all that counts, or the sum of each example, averaged."""
    if mask is not None:
        mask = mask.to(each.dtype)
        if mask.numel() != each.numel():  # a step counts with all its places
            mask = mask.reshape(len(each), *(1,) * (each.dim() - 1)).expand(each.shape)
        mask = mask.reshape(each.shape)
        each, counts = each * mask, counts * mask
    if whole:
        total = counts.sum()
        return each.sum() / total.clamp_min(1e-12), total
    examples = each.shape[0] // (layer.time.length if layer.time is not None else 1)
    return each.sum() / examples, float(examples)


def _binary(term: losses.BinaryCrossEntropy, layer: Type, target: Type | None, device: Any) -> Compute:
    import torch
    from torch.nn import functional

    positive = None if term.weight == 1.0 else torch.tensor(term.weight, device=device)
    smoothing = term.smoothing
    classes = target is not None and target.classes is not None
    axis = 1 if layer.time is None else 2

    def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        assert target is not None
        if classes:
            target = target.unsqueeze(axis)
        target = target.to(value.dtype)
        if smoothing:
            target = target * (1 - smoothing) + smoothing / 2
        if mask is None and term.reduce == "mean":
            return functional.binary_cross_entropy_with_logits(value, target, pos_weight=positive), float(len(value))
        each = functional.binary_cross_entropy_with_logits(value, target, reduction="none", pos_weight=positive)
        return _elements(each, mask, term)

    return mean


def _elements(each: Tensor, mask: Tensor | None, term: Loss) -> Mean:
    """Values (B, …) -> their mean, or the sum of each example, averaged; a mask lacks trailing axes only."""
    if mask is None:
        return (each.mean() if term.reduce == "mean" else each.sum() / len(each)), float(len(each))
    mask = mask.to(each.dtype).reshape(*mask.shape, *(1,) * (each.dim() - mask.dim()))
    if term.reduce == "sum":
        return (each * mask).sum() / len(each), float(len(each))
    total = mask.expand_as(each).sum()
    return (each * mask).sum() / total.clamp_min(1e-12), total


def _nll(term: losses.Nll, layer: Type, target: Type | None, device: Any) -> Compute:
    def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        assert target is not None
        axis = 1 if layer.time is None else 2
        chosen = value.gather(axis, target.unsqueeze(axis)).squeeze(axis)
        return _elements(-chosen.clamp_min(1e-38).log(), mask, term)

    return mean


def _difference(each: Callable[[Tensor], Tensor]) -> Callable[[Any, Type, Type | None, Any], Compute]:
    def make(term: losses.Squared, layer: Type, target: Type | None, device: Any) -> Compute:
        def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
            return _elements(each(value if target is None else value - target), mask, term)

        return mean

    return make


def _huber(term: losses.Huber, layer: Type, target: Type | None, device: Any) -> Compute:
    import torch
    from torch.nn import functional

    def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        wanted = torch.zeros_like(value) if target is None else target
        return _elements(functional.huber_loss(value, wanted, reduction="none", delta=term.delta), mask, term)

    return mean


def _kl(term: losses.Kl, layer: Type, target: Type | None, device: Any) -> Compute:
    def mean(value: Tensor, target: Tensor | None, mask: Tensor | None) -> Mean:
        assert target is not None  # Kingma & Welling 2013, appendix B
        return _elements(0.5 * (value.square() + target.exp() - 1 - target), mask, term)

    return mean


def triplet(term: losses.Triplet, anchor: Tensor, same: Tensor, other: Tensor) -> Mean:
    """max(0, d(anchor, same) - d(anchor, other) + margin), Euclidean, averaged over the batch."""
    from torch.nn import functional

    flat = (anchor.flatten(1), same.flatten(1), other.flatten(1))
    return functional.triplet_margin_loss(flat[0], flat[1], flat[2], margin=term.margin), float(len(anchor))


_MAKERS: dict[type[Loss], Callable[[Any, Type, Type | None, Any], Compute]] = {
    losses.CrossEntropy: _cross_entropy,
    losses.BinaryCrossEntropy: _binary,
    losses.Nll: _nll,
    losses.Squared: _difference(lambda value: value.square()),
    losses.L1: _difference(lambda value: value.abs()),
    losses.Huber: _huber,
    losses.Kl: _kl,
}
