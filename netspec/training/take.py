"""A source, or arrays of the caller's -> the raw values of one field."""

from __future__ import annotations

from typing import Any

from netspec.sections.arrays import Values
from netspec.sections.data import Data, Field
from netspec.sections.rows import Faults, Rows, as_classes, reject
from netspec.sections.vocabulary.steps import Resize, Taking


def from_array(name: str, values: Any) -> Values:
    """An array of the caller's, (rows, …), whose shape is still to be read against a type."""
    import numpy as np

    if hasattr(values, "detach"):  # a torch tensor
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError:
        return _ragged(name, values)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        if array.dtype.kind in "US" and array.ndim == 1:
            return Values(*as_classes([str(cell) for cell in array.tolist()], None))
        reject("NS823", None, name=name)
    return Values(array, raw=True)


def _ragged(name: str, values: Any) -> Values:
    """Rows of different lengths, [(steps, …), …], padded with zeros to the longest."""
    import numpy as np

    try:
        rows = [np.asarray(row) for row in values]
    except ValueError:
        reject("NS823", None, name=name)
    inner = {(row.shape[1:], row.dtype.kind in "biuf") for row in rows if row.ndim}
    if len(inner) != 1 or any(row.ndim == 0 for row in rows) or not next(iter(inner))[1]:
        reject("NS823", None, name=name)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    if lengths.min() == 0:
        reject("NS823", None, name=name)
    array = np.zeros((len(rows), int(lengths.max()), *rows[0].shape[1:]), dtype=np.result_type(*rows))
    for place, row in zip(array, rows):
        place[: len(row)] = row
    return Values(array, raw=True, lengths=lengths)


def take(item: Field, data: Data, rows: Rows, faults: Faults) -> Values:
    """What a field's first step takes from the source."""
    step, *after = item.steps
    resize = after[0].size if after and isinstance(after[0], Resize) else None
    return step.take(Taking(rows, faults, rest(data, rows), resize))


def rest(data: Data, rows: Rows) -> tuple[str, ...]:
    """Every column that no other field takes, for `columns` without names."""
    taken: set[str] = set()
    for item in data.fields.values():
        first = item.steps[0]
        taken.update(getattr(first, "names", None) or ())
        taken.add(getattr(first, "name", None) or getattr(first, "column", None) or "")
    return tuple(name for name in rows.columns if name not in taken)
