"""The steps of a field: what each learns from the training part, and what it does to values.

What is learned is plain JSON, so that a run's folder holds it and `predict` does the same to new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netspec.sections.vocabulary import steps
from netspec.sections.vocabulary.steps import Step
from netspec.training.sources.base import reject
from netspec.training.values import Affine, Values

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

State = dict[str, Any]


def learn(step: Step, values: Values, rows: Array) -> State:
    """What a step takes from the training rows."""
    return _LEARN.get(type(step), _nothing)(step, values, rows)


def act(step: Step, values: Values, state: State) -> Values:
    """The values after a step."""
    return _ACT.get(type(step), _unchanged)(step, values, state)


def _nothing(step: Any, values: Values, rows: Array) -> State:
    return {}


def _unchanged(step: Any, values: Values, state: State) -> Values:
    return values


def _per_map(values: Values) -> tuple[int, ...]:
    """The axes that a statistic runs over: all but the maps."""
    return tuple(axis for axis in range(values.array.ndim) if axis != 1)


def _shaped(numbers: list[float], values: Values) -> Array:
    """One number a map, to be broadcast over the rest."""
    import numpy as np

    found = np.array(numbers, dtype=np.float64)
    return found if values.array.ndim < 2 else found.reshape(-1, *(1,) * (values.array.ndim - 2))


# ---- standardize


def _learn_moments(step: steps.Standardize, values: Values, rows: Array) -> State:
    import numpy as np

    axes = _per_map(values)
    if isinstance(values.array, np.memmap):
        return _moments_in_parts(values, rows, axes)
    chosen = values.array[rows].astype(np.float64)
    std = chosen.std(axis=axes)
    std = np.where(std > 0, std, 1.0)  # a column that never changes becomes 0
    return {"mean": np.atleast_1d(chosen.mean(axis=axes)).tolist(), "std": np.atleast_1d(std).tolist()}


PART = 1024  # rows of a set on the disk that are looked at together


def _moments_in_parts(values: Values, rows: Array, axes: tuple[int, ...]) -> State:
    """Mean and standard deviation of a set on the disk: of the squares of what is left, so that no digits are lost."""
    import numpy as np

    parts = [rows[start : start + PART] for start in range(0, len(rows), PART)]
    count = len(rows) * float(np.prod([values.array.shape[axis] for axis in axes if axis]))
    mean = sum(_late(values, part).sum(axis=axes) for part in parts) / count
    shaped = _shaped(mean.tolist(), values)
    std = np.sqrt(sum(np.square(_late(values, part) - shaped).sum(axis=axes) for part in parts) / count)
    return {"mean": mean.tolist(), "std": np.where(std > 0, std, 1.0).tolist()}


def _late(values: Values, rows: Array) -> Array:
    """Rows of a set on the disk, with all that is pending done."""
    import numpy as np

    found = values.array[rows].astype(np.float64)
    for step in values.pending:
        found = (found - _shaped(list(step.minus), values)) / _shaped(list(step.by), values) * step.times + step.plus
    return found


def _standardize(step: steps.Standardize, values: Values, state: State) -> Values:
    import numpy as np

    if isinstance(values.array, np.memmap):
        later = Affine(tuple(state["mean"]), tuple(state["std"]))
        return values.with_array(values.array, low=None, high=None, pending=(*values.pending, later))
    mean, std = _shaped(state["mean"], values), _shaped(state["std"], values)
    return values.with_array((values.array - mean) / std, low=None, high=None)


# ---- scale


def _learn_range(step: steps.Scale, values: Values, rows: Array) -> State:
    import numpy as np

    if values.low is not None and values.high is not None:
        return {"low": [values.low], "high": [values.high]}
    chosen = values.array[rows]
    axes = _per_map(values)
    low, high = chosen.min(axis=axes), chosen.max(axis=axes)
    return {"low": np.atleast_1d(low).astype(float).tolist(), "high": np.atleast_1d(high).astype(float).tolist()}


def _scale(step: steps.Scale, values: Values, state: State) -> Values:
    import numpy as np

    low, high = _shaped(state["low"], values), _shaped(state["high"], values)
    width = np.where(high > low, high - low, 1.0)
    if isinstance(values.array, np.memmap):
        later = Affine(tuple(state["low"]), tuple(width.ravel().tolist()), step.high - step.low, step.low)
        return values.with_array(values.array, low=step.low, high=step.high, pending=(*values.pending, later))
    # pictures stay in single precision: a large set would not fit twice
    kind = np.float32 if values.array.dtype in (np.uint8, np.float32) else np.float64
    array = (values.array - low.astype(kind)) / width.astype(kind)
    if (step.low, step.high) != (0.0, 1.0):
        array = array * kind(step.high - step.low) + kind(step.low)
    return values.with_array(array, low=step.low, high=step.high)


# ---- and back


def undo(step: Step, array: Array, state: State) -> Array:
    """Numbers (rows, maps, …) as they were before a step; what cannot be undone stays."""
    values = Values(array)
    if isinstance(step, steps.Standardize):
        found: Array = array * _shaped(state["std"], values) + _shaped(state["mean"], values)
    elif isinstance(step, steps.Scale):
        low, high = _shaped(state["low"], values), _shaped(state["high"], values)
        found = (array - step.low) / ((step.high - step.low) or 1.0) * (high - low) + low
    else:
        found = array
    return found


# ---- onehot


def _onehot(step: steps.OneHot, values: Values, state: State) -> Values:
    import numpy as np

    count = step.classes or (len(values.classes) if values.classes is not None else 0)
    codes = values.array.astype(np.int64)
    if codes.size and (codes.min() < 0 or codes.max() >= count):
        reject("NS820", step.at(), value=str(int(codes.max())), count=count)
    array = np.moveaxis(np.eye(count, dtype=np.float32)[codes], -1, 1)
    return values.with_array(array, classes=None)


# ---- pictures


def _resize(step: steps.Resize, values: Values, state: State) -> Values:
    """Bilinear, with antialiasing when it becomes smaller."""
    if tuple(values.array.shape[2:]) == step.size:
        return values
    import torch
    from torch.nn import functional

    source = torch.from_numpy(values.array).to(torch.float32)
    small = source.shape[-2] > step.size[0] or source.shape[-1] > step.size[1]
    found = functional.interpolate(source, size=step.size, mode="bilinear", antialias=small)
    return values.with_array(found.numpy())


def _pad(step: steps.Pad, values: Values, state: State) -> Values:
    import numpy as np

    around = (step.size, step.size)
    return values.with_array(np.pad(values.array, ((0, 0), (0, 0), around, around)))


# ---- sequences


def _window(step: steps.Window, values: Values, state: State) -> Values:
    return replace(values, length=step.length, ahead=step.ahead, stride=step.stride)


_LEARN: dict[type[Step], Callable[[Any, Values, Array], State]] = {
    steps.Standardize: _learn_moments,
    steps.Scale: _learn_range,
}
_ACT: dict[type[Step], Callable[[Any, Values, State], Values]] = {
    steps.Standardize: _standardize,
    steps.Scale: _scale,
    steps.OneHot: _onehot,
    steps.Resize: _resize,
    steps.Pad: _pad,
    steps.Window: _window,
}
