"""The values of a field -> the array that an input or a loss reads. Values that do not fit are reported as mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.config.arrays import Values, shape_of
from netspec.config.data import Data, Field
from netspec.config.match import Match
from netspec.config.rows import Faults, Rows, as_classes, asked, reject
from netspec.config.vocabulary import steps
from netspec.config.vocabulary.sources import Facts
from netspec.config.vocabulary.steps import FieldStep, Resize, Taking
from netspec.diagnostics.errors import DataError
from netspec.diagnostics.model import Diagnostic, Hint, Label, Words
from netspec.ir.types import ShapeFault, Type, Unknown, type_text
from netspec.source import Span

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def coerce(item: Field, values: Values, match: Match, rows: Rows | None, faults: Faults) -> Values:
    """Convert the values of a field to the type that the net needs.

    Returns:
        Class numbers below K as int64, or finite numbers as float32; pictures may stay bytes.
    """
    want = match.wanted.get(item.name)
    if want is None or isinstance(want.maps, Unknown):
        return _numbers(item, values, rows, faults)
    if values.raw and values.lengths is None and want.time is not None and want.time.varying:
        values = values.with_array(values.array, lengths=_all_whole(values))
    if values.lengths is not None:
        values = _padded(item, values, want, rows, faults)
    if values.raw:
        values = values.with_array(_reshaped(item, values.array, want, match), raw=False)
    if want.classes is not None:
        return _classes(item, values, int(want.classes), match, rows, faults)  # type: ignore[arg-type]
    found = _numbers(item, values, rows, faults)
    asking = match.terms.get(item.name)
    if asking is not None and asking.shares:
        _probabilities(item, found, rows, faults)
    return found


def _all_whole(values: Values) -> Array:
    """Return equal lengths for all rows of an array."""
    import numpy as np

    steps = values.array.shape[1] if values.array.ndim > 1 else 1
    return np.full(len(values.array), steps, dtype=np.int64)


def _padded(item: Field, values: Values, want: Type, rows: Rows | None, faults: Faults) -> Values:
    """Pad sequences to the longest length that the net reads; report longer ones (NS847)."""
    import numpy as np

    lengths = values.lengths
    assert lengths is not None
    if want.time is None or not want.time.varying:
        reject("NS848", item.span, name=item.name, least=int(lengths.min()), longest=int(lengths.max()))
    most = int(want.time.length)  # type: ignore[arg-type]

    def fault(at: Any) -> Diagnostic:
        span, where = _place(item, int(at[0]), rows)
        words: Words = {"where": where, "length": int(lengths[at]), "most": most}
        return Diagnostic("NS847", span, words, labels=asked(item.span))

    faults.add_each(np.argwhere(lengths > most), fault)
    array = values.array[:, :most]
    short = most - array.shape[1]
    if short > 0:
        array = np.pad(array, ((0, 0), (0, short), *((0, 0),) * (array.ndim - 2)))
    return values.with_array(array, lengths=np.minimum(lengths, most))


def _reshaped(item: Field, array: Array, want: Type, match: Match) -> Array:
    """Reshape an array of the caller, (rows, …), to the wanted type; the axis of a single map may be missing."""
    time: Any = want.time
    wanted = shape_of(want if not _cut(item) else want.step)
    have = tuple(array.shape[1:])
    if have == wanted:
        return array
    if want.classes is None and want.maps == 1:
        at = 1 + (1 if time is not None and not _cut(item) else 0)
        bare = wanted[: at - 1] + wanted[at:]
        if have == bare:
            found: Array = array.reshape(len(array), *wanted)
            return found
    if want.classes is not None and have == (*wanted, 1):
        return array[..., 0]
    place = match.places.get(item.name)
    labels = () if place is None else (Label(place, "wanted", {"want": type_text(want)}),)
    words = {"name": item.name, "have": _shape_text(have), "want": _shape_text(wanted)}
    one_hot = want.classes is not None and have == (*wanted, want.classes)
    hints = (Hint("one_hot", {"name": item.name}),) if one_hot else ()
    raise DataError(Diagnostic("NS830", item.span, words, labels=labels, hints=hints))


def check_shape(item: Field, values: Values, match: Match) -> None:
    """Raise DataError NS830 if a caller's array has not its input's shape, unless a step of the field changes it."""
    want = match.wanted.get(item.name)
    if not values.raw or values.lengths is not None or want is None or (want.time is not None and want.time.varying):
        return
    try:
        kept = all(step.batched or step.type(want.step, Facts()) == want.step for step in item.steps[1:])
    except ShapeFault:  # the step changes what the net reads, so it does not take this type itself
        return
    if kept and not isinstance(want.maps, Unknown):
        _reshaped(item, values.array, want, match)


def _cut(item: Field) -> bool:
    return any(isinstance(step, steps.Window) for step in item.steps)


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"(rows{''.join(f', {size}' for size in shape)})"


def _classes(item: Field, values: Values, count: int, match: Match, rows: Rows | None, faults: Faults) -> Values:
    """Return class numbers 0 … K - 1; a column of integers already contains them."""
    import numpy as np

    array = values.array
    if values.classes is None and array.ndim > 1 and array.shape[-1] == 1:
        array = array.reshape(array.shape[:-1])
    whole = array if array.dtype.kind in "biu" else np.floor(array)
    wrong = (whole != array) | (whole < 0) | (whole >= count)
    if values.classes is not None:
        wrong &= array >= 0  # -1 stands for a name that the source reported

    def fault(at: Any) -> Diagnostic:
        span, where = _place(item, int(at[0]), rows)
        words: Words = {"value": f"{array[at]:g}", "count": count, "most": count - 1, "where": where}
        hint = Hint("value")
        if _counts_from_one(array, count):
            hint = Hint("subtract", {"name": item.name}) if rows is None else Hint("from_one", {"name": item.name})
        return Diagnostic("NS831", span, words, labels=asked(match.places.get(item.name)), hints=(hint,))

    faults.add_each(np.argwhere(wrong), fault)
    return values.with_array(whole.astype(np.int64))


def _counts_from_one(array: Array, count: int) -> bool:
    return bool(array.min() >= 1 and array.max() == count)


def _numbers(item: Field, values: Values, rows: Rows | None, faults: Faults) -> Values:
    import numpy as np

    array = values.array
    if array.dtype == np.uint8:
        return values
    array = array.astype(np.float32)

    def fault(at: Any) -> Diagnostic:
        span, where = _place(item, int(at[0]), rows)
        words = {"where": where, "value": str(values.array[at])}
        return Diagnostic("NS832", span, words, labels=asked(item.span))

    faults.add_each(np.argwhere(~np.isfinite(array)), fault)
    return values.with_array(array)


def _probabilities(item: Field, values: Values, rows: Rows | None, faults: Faults) -> None:
    import numpy as np

    def fault(at: Any) -> Diagnostic:
        span, where = _place(item, int(at[0]), rows)
        words = {"where": where, "value": f"{values.array[at]:g}"}
        return Diagnostic("NS833", span, words, labels=asked(item.span), hints=(Hint("two_classes"),))

    faults.add_each(np.argwhere((values.array < 0) | (values.array > 1)), fault)


def _place(item: Field, row: int, rows: Rows | None) -> tuple[Span | None, str]:
    """Return the place of a value in the text of the source, if there is a text, and in words."""
    names = item.steps[0].columns_of(()) if item.steps else ()
    name = names[0] if len(names) == 1 else None
    span = rows.place(row, name) if rows is not None and name else None
    where = rows.where(row, name or item.name) if rows is not None else f"{item.name}[{row}]"
    return span, where


# ---- A source or arrays of the caller -> the raw values of one field


def from_array(name: str, values: Any) -> Values:
    """Return the raw values of an array of the caller, (rows, …)."""
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
    """Pad rows of different lengths, [(steps, …), …], with zeros to the longest."""
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


def extract(item: Field, data: Data, rows: Rows, faults: Faults, want: Type | None = None) -> Values:
    """Return the values that the first step of a field extracts; `want` is the type that the net needs."""
    step, *after = item.steps
    rows.norm = _norm(after, want)
    rows.filled = any(one.fills for one in item.steps[:2])
    resize = after[0].size if after and isinstance(after[0], Resize) else None
    return step.take(Taking(rows, faults, rest(data, rows), resize))


def _norm(after: list[FieldStep], want: Type | None) -> tuple[int, ...] | None:
    """Return the size of pictures that the net needs, if the steps of the field do not change it; else None."""
    space: Any = None if want is None else want.space
    if not isinstance(space, tuple) or len(space) != 2:
        return None
    plain = Type(1, space)
    return space if all(step.type(plain, Facts()) == plain for step in after) else None


def rest(data: Data, rows: Rows) -> tuple[str, ...]:
    """Return the columns that no field names; `columns` without names reads these."""
    taken = {name for item in data.fields.values() for name in item.steps[0].columns_of(())}
    return tuple(name for name in rows.columns if name not in taken)
