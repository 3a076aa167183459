"""A run's preparation done again to other rows, with what it learned from its own training part.

Columns, class names, characters, means and ranges come from the run's `data.json`; nothing is learned anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import NetspecError
from netspec.sections.arrays import Values
from netspec.sections.data import Data, Field
from netspec.sections.match import Match
from netspec.sections.rows import Faults, Rows, reject
from netspec.sections.vocabulary import steps
from netspec.sections.vocabulary.steps import State, Step
from netspec.training.fit import settle
from netspec.training.prepare import Dataset, Prepared, fits, starts, windows_of
from netspec.training.take import from_array, take

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

ALL = "training"  # the one part of a replayed data set, called as the loop's machinery expects it


def replay(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    names: Iterable[str],
    stored: Mapping[str, Any],
) -> Dataset:
    """The fields `names` of new rows; `stored` is the run's data.json. Raises NetspecError (exit code 3)."""
    faults = Faults(() if rows is None else rows.faults)
    try:
        found = _replay(data, match, rows, given, names, stored, faults)
    except NetspecError as error:
        faults.found += [fault for fault in error.diagnostics if fault not in faults.found]
        faults.raise_all()
        raise
    faults.raise_all()
    return found


def _replay(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    names: Iterable[str],
    stored: Mapping[str, Any],
    faults: Faults,
) -> Dataset:
    import numpy as np

    fields: dict[str, Prepared] = {}
    for name in names:
        item = _known(data.fields.get(name) or Field(name), stored["fields"].get(name, {}))
        if name in given:
            values = _named(from_array(name, given[name]), item)
        elif rows is not None and item.steps:
            values = take(item, data, rows, faults)
        else:
            reject("NS822", match.places.get(name), name=name)
        values = _ranged(values, stored["fields"].get(name, {}).get("range"))
        fields[name] = _steps(item, values, stored["fields"].get(name, {}))
        fits(item, fields[name], match)
        fields[name].values = settle(item, fields[name].values, match, rows, faults)
    counts = {name: len(field.values.array) for name, field in fields.items()}
    if len(set(counts.values())) > 1:
        reject("NS819", None, file="data", counts=", ".join(f"{name}: {count}" for name, count in counts.items()))
    count = next(iter(counts.values()), 0)
    if count == 0:
        reject("NS824", None)
    order = np.arange(count)
    windows = windows_of(data, {name: field.values for name, field in fields.items()})
    if windows is not None:
        order = starts(order, windows, data)
    source, files = ("arrays", []) if rows is None else (rows.name, rows.files)
    return Dataset(fields, {ALL: order}, source, files, count, windows is not None)


def _known(item: Field, stored: Mapping[str, Any]) -> Field:
    """The field with its columns, classes and alphabet as the run found them."""
    if not item.steps:
        return item
    resized = len(item.steps) > 1 and isinstance(item.steps[1], steps.Resize)
    first = item.steps[0].as_found(stored, resized)
    return Field(item.name, (first, *item.steps[1:]), item.type, item.span)


def _named(values: Values, item: Field) -> Values:
    """Texts that were handed over, as the numbers of the classes that the run knows."""
    if values.classes is None or not item.steps:
        return values
    first = item.steps[0]
    known = first.classes if isinstance(first, steps.Label) else None
    if known is None:
        return values
    import numpy as np

    index = {name: number for number, name in enumerate(known)}
    own = np.array([index.get(name, -1) for name in values.classes], dtype=np.int64)
    return Values(own[values.array], known)


def _ranged(values: Values, wanted: list[float] | None) -> Values:
    """Pictures of another kind of file, brought to the range of values that the run's own have."""
    if wanted is None or values.low is None or values.high is None or [values.low, values.high] == wanted:
        return values
    import numpy as np

    low, high = wanted
    share = (values.array.astype(np.float32) - values.low) / (values.high - values.low)
    return values.with_array(share * (high - low) + low, low=low, high=high)


def _steps(item: Field, values: Values, stored: Mapping[str, Any]) -> Prepared:
    learned: list[tuple[Step, State]] = []
    late: list[Step] = []
    states = iter(stored.get("steps", ()))
    for step in item.steps[1:]:
        if step.batched:
            late.append(step)
            continue
        state = {key: value for key, value in next(states).items() if key != "word"}
        values = step.transform(values, state)
        learned.append((step, state))
    return Prepared(item.name, values, learned, tuple(late))
