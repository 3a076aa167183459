"""A data section and its source -> the fields of every part, ready for the net. All mistakes are reported together."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.config.arrays import Values
from netspec.config.data import Data, Field
from netspec.config.match import Match, agrees, misfit
from netspec.config.rows import Faults, File, Rows, reject
from netspec.config.vocabulary import steps
from netspec.config.vocabulary.steps import FieldStep, State
from netspec.diagnostics.errors import DataError, NetspecError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.documents import Called, DataFacts, DataFile, FieldFacts, TableForm
from netspec.names import nearest
from netspec.training.data.fields import check_shape, coerce, extract, from_array, rest
from netspec.training.data.random_streams import split

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

PARTS = ("training", "validation", "test")
FEW = 10  # rows; so few may be another file than was meant


@dataclass(slots=True)
class Prepared:
    """One field: its values as the net reads them, and what its steps learned from the training part."""

    name: str
    values: Values
    learned: list[tuple[FieldStep, State]] = field(default_factory=list)
    training: tuple[FieldStep, ...] = ()  # augmentation of batches in training: flips, shifts, crops
    timed: bool = True  # False for a window of one row that the net reads without a time axis
    classes: tuple[str, ...] | None = None  # as the source has them, even if a step makes numbers of them
    columns: tuple[str, ...] = ()  # the names of the columns, if the step `columns` names none
    range: tuple[float, float] | None = None  # the range of the pictures' values
    picture: tuple[int, ...] = ()  # maps, rows and columns of a picture in the source
    counts: list[list[int]] = field(default_factory=list)  # the rows of training by class, for balanced weights


@dataclass(slots=True)
class Dataset:
    """All fields, and the rows of each part; for windows, the first row of each example."""

    fields: dict[str, Prepared]
    parts: dict[str, Array]
    source: str
    files: list[File]
    rows: int
    windowed: bool = False
    stratified: str | None = None  # the field whose classes every part has in equal shares
    form: dict[str, Any] = field(default_factory=dict)  # how the source is written, as far as it was found out
    notes: tuple[Diagnostic, ...] = ()  # what was decided about the source

    def document(self) -> DataFacts:
        """Return the facts about the data, for the folder of a run."""
        return DataFacts(
            source=self.source,
            files=[DataFile(name=file.name, bytes=file.bytes, sha256=file.sha256) for file in self.files],
            form=TableForm(**self.form) if self.form else None,
            rows=self.rows,
            parts={name: len(rows) for name, rows in self.parts.items()},
            stratified=self.stratified,
            fields={
                name: FieldFacts(
                    steps=[Called(word=step.word, **state) for step, state in item.learned],
                    classes=None if item.classes is None else list(item.classes),
                    columns=list(item.columns),
                    counts=item.counts,
                    range=item.range,
                    picture=(item.picture or None) if item.range else None,
                )
                for name, item in self.fields.items()
            },
        )


def prepare(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    seed: int,
    stored: Mapping[str, Any] | None = None,
) -> Dataset:
    """Extract every field, split the rows into parts, fit the steps of each field and apply them.

    Parameters:
        data: the data section.
        match: what the net and the train section need from each field.
        rows: the rows of the source; None if the caller gives arrays for all fields.
        given: the caller's arrays by field.
        seed: the seed of the split.
        stored: the data.json of a run, to repeat its split; None for a new run.

    Returns:
        The data set.

    Raises:
        NetspecError: with all mistakes of the data (exit code 3).
    """
    return _collected(data, rows, lambda faults: _prepare(data, match, rows, given, seed, stored, faults))


def _collected(data: Data, rows: Rows | None, prepare: Callable[[Faults], Dataset]) -> Dataset:
    """Return the data set that `prepare` makes; raise all faults together, with the notes on how a table was read."""
    faults = Faults(() if rows is None else rows.faults)
    if rows is not None:
        named = (name for item in data.fields.values() for step in item.steps[:1] for name in step.columns_of(()))
        rows.wanted = tuple(dict.fromkeys(named))
    found: Dataset | None = None
    stopped: tuple[Diagnostic, ...] = ()
    try:
        found = prepare(faults)
    except NetspecError as error:
        known = {fault.code for fault in faults.found}  # where a class is empty, the number of classes follows from it
        follows = ("NS760",) if "NS846" in known else ()
        stopped = tuple(one for one in error.diagnostics if one not in faults.found and one.code not in follows)
    if found is None or faults.found:  # what is wrong in cells is said first: what stopped may follow from it
        raise DataError(*faults.found, *stopped, *(() if rows is None else rows.notes))
    return found


def _prepare(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    seed: int,
    stored: Mapping[str, Any] | None,
    faults: Faults,
) -> Dataset:
    raw = _extract_all(data, match, rows, given, faults)
    count = _count(raw, data)
    windows = windows_of(data, raw)
    classes = None if windows is not None else _strata(data, match, raw)
    # a run of an earlier version keeps its parts, which were split without regard to classes
    if stored is not None and "stratified" not in stored:
        classes = None
    parts = _parts(data, rows, count, seed, windows is not None, classes)
    begins = parts if windows is None else {name: starts(found, windows, data) for name, found in parts.items()}
    fields: dict[str, Prepared] = {}
    unfit: list[Diagnostic] = []
    for name, values in raw.items():
        item = data.fields.get(name) or Field(name)
        fields[name] = _steps(item, values, parts["training"])
        fields[name].classes = values.classes
        first = item.steps[0] if item.steps else None
        if isinstance(first, steps.Columns) and not first.names and rows is not None:
            fields[name].columns = rest(data, rows)
        if values.low is not None and values.high is not None:
            fields[name].range, fields[name].picture = (values.low, values.high), values.array.shape[1:]
        try:
            fits(item, fields[name], match)
        except DataError as error:
            unfit += [_with_classes(fault, values, item, data, rows) for fault in error.diagnostics]
            continue
        fields[name].values = coerce(item, fields[name].values, match, rows, faults)
        if name in match.balanced:
            fields[name].counts = _class_counts(fields[name].values, parts["training"], match.wanted[name].classes)
    if unfit:
        raise DataError(*unfit)
    same_lengths(fields, match, rows, faults)
    name = rows.name if rows is not None else "arrays"
    files = [*(rows.files if rows is not None else ()), *(_as_file(name, raw[name]) for name in given)]
    stratified = None if classes is None else match.classes
    form, notes = ({}, []) if rows is None else (rows.form, rows.notes)
    return Dataset(fields, begins, name, files, count, windows is not None, stratified, form, tuple(notes))


def _class_counts(values: Values, rows: Array, classes: Any) -> list[list[int]]:
    """Counts the values of each class among some rows; of numbers those that are 0 and 1, in each map."""
    import numpy as np

    array = values.array[rows]
    if values.lengths is not None:  # what lies behind an example's end counts nowhere
        array = array[np.arange(array.shape[1]) < values.lengths[rows, None]]
    if classes is not None:
        return [[int(count)] for count in np.bincount(array.reshape(-1), minlength=int(classes))[: int(classes)]]
    array = np.moveaxis(array, 1, 0).reshape(array.shape[1], -1)
    positive = (array >= 0.5).sum(axis=1)
    return [(array.shape[1] - positive).tolist(), positive.tolist()]


def _as_file(name: str, values: Values) -> File:
    """Describe an array of the caller like a file, so that resuming can check that the array is the same."""
    import numpy as np

    digest = hashlib.sha256(np.ascontiguousarray(values.array).data)
    if values.lengths is not None:
        digest.update(np.ascontiguousarray(values.lengths).data)
    return File(f"array: {name}", values.array.nbytes, digest.hexdigest())


def same_lengths(fields: dict[str, Prepared], match: Match, rows: Rows | None, faults: Faults) -> None:
    """Checks that fields with the same varying time have the same length in every row (NS849)."""
    import numpy as np

    first: dict[str, Prepared] = {}
    for name, item in fields.items():
        want = match.wanted.get(name)
        if item.values.lengths is None or want is None or want.time is None:
            continue
        other = first.setdefault(want.time.varying, item)
        own, shared = item.values.lengths, other.values.lengths
        assert shared is not None

        def fault(
            at: Any, name: str = name, other: Prepared = other, own: Array = own, shared: Array = shared
        ) -> Diagnostic:
            where = f"{name}[{at[0]}]" if rows is None else rows.where(int(at[0]), name)
            lengths: Words = {"length": int(own[at]), "wanted": int(shared[at])}
            return Diagnostic("NS849", None, {"where": where, "name": name, "other": other.name, **lengths})

        faults.add_each(np.argwhere(own != shared), fault)


# ---- extraction


def _extract_all(
    data: Data, match: Match, rows: Rows | None, given: Mapping[str, Any], faults: Faults
) -> dict[str, Values]:
    wanted = dict.fromkeys([*match.inputs, *match.wanted])
    for name in given:
        if name not in wanted:
            guess = nearest(name, wanted)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            reject("NS821", None, *hints, name=name, legal=Quoted(tuple(wanted)))
    if rows is not None:
        rows.leave_out(_needed(data, wanted.keys() - given.keys(), rows))
    found: dict[str, Values] = {}
    for name in wanted:
        if name in given:
            found[name] = from_array(name, given[name])
        elif name in data.fields and rows is not None:
            found[name] = extract(data.fields[name], data, rows, faults, match.wanted.get(name))
        elif name not in match.inputs and name in match.wanted and name not in data.fields:
            reject("NS822", match.places.get(name), name=name)
        else:
            reject("NS822", match.places.get(name), name=name)
    return found


def _needed(data: Data, names: Iterable[str], rows: Rows) -> Iterator[str]:
    """Yield the columns without which a row cannot be used, where the source leaves out such rows.

    A field that fills its gaps needs none.
    """
    if getattr(data.source, "missing", None) is None:
        return
    for name in names:
        item = data.fields.get(name)
        if item is not None and not any(step.fills for step in item.steps[:2]):
            yield from item.steps[0].columns_of(rest(data, rows))


def _count(raw: dict[str, Values], data: Data) -> int:
    counts = {name: len(values.array) for name, values in raw.items()}
    if len(set(counts.values())) > 1:
        reject("NS819", None, file="data", counts=", ".join(f"{name}: {count}" for name, count in counts.items()))
    count = next(iter(counts.values()), 0)
    if count == 0:
        reject("NS824", data.span)
    return count


# ---- parts


def _strata(data: Data, match: Match, raw: Mapping[str, Values]) -> Array | None:
    """Return the class of each row, if `split` is given and the target has one class per row."""
    import numpy as np

    if match.classes is None or len(data.split) < 2 or match.classes not in raw:
        return None
    array = raw[match.classes].array
    if array.size != len(array):  # the target has a probability for each class instead of one class
        return None
    codes: Array = array.reshape(-1)
    return codes if (np.floor(codes) == codes).all() else None


def _parts(
    data: Data, rows: Rows | None, count: int, seed: int, ordered: bool, classes: Array | None
) -> dict[str, Array]:
    """Return the rows of each part; `split` divides all rows except the source's own test part."""
    import numpy as np

    own = None if rows is None else rows.tested
    shares = data.split or (1.0,)
    divided = split(seed, count if own is None else own, shares, ordered, None if classes is None else classes[:own])
    found = dict(zip(PARTS, divided))
    if own is not None:
        found["test"] = np.arange(own, count)
    for position, share in enumerate(shares):
        if share > 0 and not len(found[PARTS[position]]):
            few = [] if rows is None or count > FEW else [Hint("few", {"file": rows.name})]
            reject("NS825", data.split_span, *few, Hint("share"), part=PARTS[position], rows=count, share=f"{share:g}")
    return {name: part for name, part in found.items() if len(part)}


def windows_of(data: Data, raw: dict[str, Values]) -> tuple[int, int] | None:
    """Return (rows of the longest example, distance between the first rows of examples); None without windows."""
    cut = {
        name: step
        for name in raw
        for step in (data.fields[name].steps if name in data.fields else ())
        if isinstance(step, steps.Window)
    }
    if not cut:
        return None
    whole = [name for name in raw if name not in cut]
    if whole:
        first = next(iter(cut.values()))
        reject("NS826", data.fields[whole[0]].span, name=whole[0], step=first.word)
    strides = {step.stride for step in cut.values() if step.stride is not None}
    if len(strides) > 1:
        reject("NS827", next(iter(cut.values())).at("stride"), strides=", ".join(map(str, sorted(strides))))
    span = max(step.ahead + step.length for step in cut.values())
    return span, strides.pop() if strides else max(step.length for step in cut.values())


def starts(rows: Array, windows: tuple[int, int], data: Data) -> Array:
    """Return the first row of each example that windows cut from consecutive rows."""
    import numpy as np

    needed, stride = windows
    if len(rows) < needed:
        cut = [step for item in data.fields.values() for step in item.steps if isinstance(step, steps.Window)]
        longest = max(cut, key=lambda step: step.ahead + step.length)
        most = len(rows) - longest.ahead
        hints = [Hint("shorter", {"most": most}) if most > 0 else Hint("together")]
        reject("NS828", longest.at() or data.span, *hints, Hint("rows"), rows=len(rows), needed=needed)
    return np.arange(int(rows[0]), int(rows[-1]) - needed + 2, stride)


# ---- steps


def _steps(item: Field, values: Values, training: Array) -> Prepared:
    """Fit and apply the steps of a field, except the augmentation of batches, which comes last."""
    learned: list[tuple[FieldStep, State]] = []
    late: list[FieldStep] = []
    for step in item.steps[1:]:
        if step.batched:
            late.append(step)
            continue
        if late:
            reject("NS829", step.at(), step=step.word, late=late[0].word)
        state = step.fit(values, training)
        values = step.transform(values, state)
        learned.append((step, state))
    return Prepared(item.name, values, learned, tuple(late))


def _with_classes(fault: Diagnostic, values: Values, item: Field, data: Data, rows: Rows | None) -> Diagnostic:
    """Return the fault of a field with what was read: its columns, or its classes, which may be numbers or a slip."""
    import numpy as np

    start = item.steps[0] if item.steps else None
    if isinstance(start, steps.Columns) and not start.names and rows is not None:
        read = rest(data, rows)
        return fault._replace(hints=(Hint("column_names", {"names": Quoted(read[:20])}), *fault.hints))
    if values.classes is None or values.array.ndim > 1 or not any(hint.text == "classes" for hint in fault.hints):
        return fault
    names, count = values.classes, len(values.classes)
    column = start.columns_of(()) if start is not None else ()
    if column and (2 * count > len(values.array) or any("." in name for name in names)) and all(map(_is_number, names)):
        return fault._replace(hints=(Hint("regression", {"column": column[0]}), *fault.hints))
    more = [Hint("class_names", {"names": Quoted(names[:20])})]
    counts = np.bincount(values.array[values.array >= 0], minlength=count)
    for number in np.flatnonzero(counts == 1)[:3].tolist() if len(values.array) >= FEW else ():
        row = int(np.flatnonzero(values.array == number)[0])
        place = rows.place(row, column[0]) if rows is not None and column else None
        where = f"{item.name}[{row}]" if rows is None else rows.where(row, item.name)
        more.append(Hint("rare", {"class": names[number], "where": str(place or where)}))
    return fault._replace(hints=(*fault.hints, *more))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def fits(item: Field, found: Prepared, match: Match) -> None:
    """Check the type of a prepared field against the type that the net needs; raise DataError."""
    want = match.wanted.get(item.name)
    values = found.values
    if want is None or values.raw:
        return
    if values.lengths is not None and want.time is not None and not want.time.varying:
        lengths = values.lengths
        reject("NS848", item.span, name=item.name, least=int(lengths.min()), longest=int(lengths.max()))
    have = values.type
    for step in found.training:
        if not step.training:
            have = step.type(have, _NO_FACTS)
    if not agrees(have, want):
        diagnostic: Diagnostic = misfit(item, have, want, match)
        raise DataError(diagnostic)
    found.timed = values.length != 1 or want.time is not None


_NO_FACTS: Any = None


# ---- New rows -> fields, transformed with the state that the steps learned in training


ALL = "training"  # the only part of new rows; the engine needs a part with this name


def transform_new_rows(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    names: Iterable[str],
    stored: Mapping[str, Any],
) -> Dataset:
    """Prepare new rows for a trained net.

    Parameters:
        data: the data section of the run.
        match: what the net needs from each field.
        rows: the new rows; None if the caller gives arrays for all fields.
        given: the caller's arrays by field.
        names: the fields to prepare.
        stored: the run's data.json, with the learned state of each step.

    Returns:
        The data set of the new rows.

    Raises:
        NetspecError: with all mistakes of the rows (exit code 3).
    """
    return _collected(data, rows, lambda faults: _transform_new_rows(data, match, rows, given, names, stored, faults))


def _transform_new_rows(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    names: Iterable[str],
    stored: Mapping[str, Any],
    faults: Faults,
) -> Dataset:
    import numpy as np

    fields = _new_fields(data, match, rows, given, names, stored, faults)
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
    notes = () if rows is None else tuple(rows.notes)
    return Dataset(fields, {ALL: order}, source, files, count, windows is not None, notes=notes)


def _new_fields(
    data: Data,
    match: Match,
    rows: Rows | None,
    given: Mapping[str, Any],
    names: Iterable[str],
    stored: Mapping[str, Any],
    faults: Faults,
) -> dict[str, Prepared]:
    fields: dict[str, Prepared] = {}
    names = list(names)
    if rows is not None:
        rows.leave_out(_needed(data, [name for name in names if name not in given], rows))
    for name in names:
        item = _known(data.fields.get(name) or Field(name), stored["fields"].get(name, {}))
        if name in given:
            values = _named(from_array(name, given[name]), item)
            check_shape(item, values, match)
        elif rows is not None and item.steps:
            values = extract(item, data, rows, faults, match.wanted.get(name))
        else:
            reject("NS822", match.places.get(name), name=name)
        values = _ranged(values, stored["fields"].get(name, {}).get("range"))
        fields[name] = _transformed(item, values, stored["fields"].get(name, {}))
        fits(item, fields[name], match)
        fields[name].values = coerce(item, fields[name].values, match, rows, faults)
    return fields


def transform_example(
    data: Data, match: Match, given: Mapping[str, Array], stored: Mapping[str, Any]
) -> dict[str, Array]:
    """Prepare one example of one time step, as `transform_new_rows` prepares rows.

    Parameters:
        data, match, stored: see `transform_new_rows`.
        given: for each input one raw row, (1, …) without an axis of time.

    Returns:
        For each input the values that the net reads at this time step.

    Raises:
        NetspecError: with all mistakes of the example (exit code 3).
    """
    import numpy as np

    faults = Faults()
    rows: dict[str, Array] = {}
    timed = set()
    for name, row in given.items():
        time: Any = match.inputs[name].time
        item = data.fields.get(name)
        if time is not None and not any(isinstance(step, steps.Window) for step in (item.steps if item else ())):
            timed.add(name)
            row = np.repeat(row[:, None], int(time.length), axis=1)  # steps of a field treat all time steps alike
        rows[name] = row
    found = _new_fields(data, match, None, rows, rows, stored, faults)
    faults.raise_all()
    return {name: item.values.array[0, 0] if name in timed else item.values.array[0] for name, item in found.items()}


def _known(item: Field, stored: Mapping[str, Any]) -> Field:
    """Return the field with the columns, classes and alphabet of the run."""
    if not item.steps:
        return item
    resized = len(item.steps) > 1 and isinstance(item.steps[1], steps.Resize)
    first = item.steps[0].as_found(stored, resized)
    return Field(item.name, (first, *item.steps[1:]), item.type, item.span)


def _named(values: Values, item: Field) -> Values:
    """Replace the caller's class names by the class numbers of the run."""
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
    """Scale pictures of another file format to the value range of the run's pictures."""
    if wanted is None or values.low is None or values.high is None or [values.low, values.high] == wanted:
        return values
    import numpy as np

    low, high = wanted
    share = (values.array.astype(np.float32) - values.low) / (values.high - values.low)
    return values.with_array(share * (high - low) + low, low=low, high=high)


def _transformed(item: Field, values: Values, stored: Mapping[str, Any]) -> Prepared:
    learned: list[tuple[FieldStep, State]] = []
    late: list[FieldStep] = []
    states = iter(stored.get("steps", ()))
    for step in item.steps[1:]:
        if step.batched:
            late.append(step)
            continue
        state = step.recall(next(states, {}))
        values = step.transform(values, state)
        learned.append((step, state))
    return Prepared(item.name, values, learned, tuple(late))
