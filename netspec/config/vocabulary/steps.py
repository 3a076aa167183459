"""The steps of a field: the first one reads from the source, the others transform the values.

`type` returns the type after a step, as far as it is known before the data are read; UNKNOWN parts are resolved later.
What a step learns from the training part is plain JSON. It is stored in the run's folder, so that `predict` transforms
new rows in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from netspec.config.arrays import Affine, Values
from netspec.config.dates import ORDERS, PARTS, date_of, orders_of
from netspec.config.entries import Entry, incomplete, setting
from netspec.config.rows import Classes, Faults, Rows, asked, reject
from netspec.config.vocabulary.sources import Facts
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.ir.types import UNKNOWN, UNKNOWN_TYPE, Time, Type, Unknown, refuse
from netspec.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Array = np.ndarray[Any, np.dtype[Any]]
    Draw = Callable[[], Tensor]

State = dict[str, Any]


class Unlearned(Exception):
    """Raised for a state of a step that the step cannot have learned: the file of a run that holds it is damaged."""

    def __init__(self, value: Any) -> None:
        super().__init__(str(value))
        self.value = value


@dataclass(frozen=True, slots=True)
class Taking:
    """What the first step of a field reads: the rows of a source.

    Attributes:
        rest: the columns that no other field names.
        resize: the size that the next step gives to pictures.
    """

    rows: Rows
    faults: Faults
    rest: tuple[str, ...] = ()
    resize: tuple[int, ...] | None = None


class FieldStep(Entry):
    """One step of a field.

    To add a step, inherit from this class and define one of: `take`, for the first step of a field; `transform`, with
    `fit` if it learns from the training part and `inverse` if it can be undone; or `augment`.

    Attributes:
        takes: whether it reads from the source, and so is the first step of a field.
        fills: whether it stands for missing values; such a step comes directly after the one that reads the source.
        training: whether it acts only in training.
        batched: whether it acts on each batch, after all other steps.
        learns: the keys of its state, if each of them has a list of numbers: one for each map, or one for all.

    Example:
        >>> class Halve(netspec.FieldStep):
        ...     word, about, example = "halve", "half of each number", "halve"
        ...
        ...     def transform(self, values, state):
        ...         return values.with_array(values.array / 2)
        ...
        ...     def inverse(self, array, state):
        ...         return array * 2
        >>> Halve().inverse(3, {})
        6
    """

    takes: ClassVar[bool] = False
    training: ClassVar[bool] = False
    batched: ClassVar[bool] = False
    learns: ClassVar[tuple[str, ...]] = ()

    @property
    def fills(self) -> bool:
        return False

    def type(self, before: Type, facts: Facts) -> Type:
        """Return the type after this step; raise ShapeFault if the step does not fit."""
        return before

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that a first step takes; `rest` are those that no field names."""
        return ()

    def take(self, taking: Taking) -> Values:
        """Read the raw values of all rows. Mistakes are collected; raises DataError if reading must stop."""
        raise NotImplementedError(f"{self.word} takes nothing from a source")

    def fit(self, values: Values, rows: Array) -> State:
        """Return what the step learns from the training rows, as plain JSON."""
        return {}

    def recall(self, stored: Mapping[str, Any]) -> State:
        """Return what the step learned, from its entry in `data.json`; raise Unlearned if it cannot be that."""
        state = {key: value for key, value in stored.items() if key != "word"}
        if stored.get("word") != self.word:
            raise Unlearned(stored.get("word"))
        for numbers in state.values() if self.learns else ():
            if not isinstance(numbers, list) or not numbers or not all(map(_is_number, numbers)):
                raise Unlearned(numbers)
        if self.learns and set(state) != set(self.learns):
            raise Unlearned(list(state))
        return state

    def transform(self, values: Values, state: State) -> Values:
        """Return the values after the step, given what it learned."""
        raise NotImplementedError(f"{self.word} acts on single batches")

    def inverse(self, array: Array, state: State) -> Array:
        """Undo the step for numbers (rows, maps, …); what cannot be undone stays."""
        return array

    def augment(self, pictures: Tensor, draw: Draw | None) -> Tensor:
        """Return a batch of pictures (B, C, H, W) after the step.

        `draw()` returns a random number in [0, 1) for each example, new ones at every call; `draw` is None outside
        training.
        """
        raise NotImplementedError(f"{self.word} acts on whole fields")

    def as_found(self, stored: Mapping[str, Any], resized: bool) -> Self:
        """Return this first step with what the run found in its source: columns, classes, the size of pictures.

        `stored` is the field's entry in `data.json`; `resized` says that the next step resizes pictures.
        """
        return self


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _incomplete(step: type[FieldStep]) -> str:
    wanted = "take" if step.takes else "augment" if step.training or step.batched else "transform"
    if getattr(step, wanted) is getattr(FieldStep, wanted):
        return f"it does nothing: define `{wanted}`"
    return incomplete(step)


STEPS: Registry[type[FieldStep]] = Registry("step of a field", FieldStep, __package__, key="word", missing=_incomplete)


# ---- steps that read from the source


@STEPS.register
class Columns(FieldStep):
    word = "columns"
    about = "columns of numbers side by side; without names all that no other field takes"
    example = 'columns("age", "salary")'
    takes = True
    gathers = "names"
    names: Annotated[tuple[str, ...], setting("texts", "which columns, in order")] = ()

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(len(self.names) if self.names else UNKNOWN)

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        return self.names or rest

    def take(self, taking: Taking) -> Values:
        import numpy as np

        rows = taking.rows
        columns = []
        for position, name in enumerate(self.names or taking.rest):
            asked = self.at(f"names.{position}")
            columns.append(rows.numbers(name, asked, taking.faults))
        wide = [column.reshape(len(column), -1) for column in columns]
        return Values(np.concatenate(wide, axis=1) if wide else np.zeros((rows.count, 0)))

    def as_found(self, stored: Mapping[str, Any], resized: bool) -> Self:
        columns = stored.get("columns")
        return self.changed(names=tuple(columns)) if columns else self


@STEPS.register
class Column(FieldStep):
    word = "column"
    about = "one column of numbers; of an npz file one array"
    example = 'column("repaid")'
    takes = True
    positional = ("name",)
    name: Annotated[str, setting("text", "which column")]

    def type(self, before: Type, facts: Facts) -> Type:
        return UNKNOWN_TYPE if facts.columns is None and facts.has_label is None else Type(1)

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name,)

    def take(self, taking: Taking) -> Values:
        array = taking.rows.numbers(self.name, self.at("name"), taking.faults)
        return Values(array[:, None] if array.ndim == 1 else array, raw=array.ndim != 1)


OTHER = "other"  # the class of all values that have none of their own


@STEPS.register
class Label(FieldStep):
    word = "label"
    about = "the class of each example: the source's own, or a column's distinct values in sorted order"
    example = "label"
    takes = True
    positional = ("column",)
    column: Annotated[str | None, setting("text", "a column that holds the classes")] = None
    classes: Annotated[tuple[str, ...] | None, setting("texts", "all classes, in the order of the outputs")] = None
    other: Annotated[
        int | None,
        setting(
            "whole",
            "adds the class `other`, the last: values of fewer rows than this, missing cells, and values that only new "
            "rows have",
            least=1,
        ),
    ] = None

    @property
    def fills(self) -> bool:
        return self.other is not None

    def type(self, before: Type, facts: Facts) -> Type:
        known = facts.classes if self.column is None else None
        count = len(self.classes) if self.classes else known
        if count is not None and self.other is not None and OTHER not in (self.classes or ()):
            count += 1
        return Type(1, classes=UNKNOWN if count is None else count)

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        return () if self.column is None else (self.column,)

    def take(self, taking: Taking) -> Values:
        classes = taking.rows.classes(self.column, self.classes, self.at("column"), taking.faults)
        return Values(classes.values, classes.names) if self.other is None else self._with_other(classes, self.other)

    def _with_other(self, classes: Classes, least: int) -> Values:
        import numpy as np

        counts = np.bincount(classes.values[classes.values >= 0], minlength=len(classes.names))
        own = [
            number
            for number, name in enumerate(classes.names)
            if name != OTHER and (self.classes is not None or counts[number] >= least)
        ]
        codes = np.full(len(classes.names) + 1, len(own), dtype=np.int64)  # the last one stands for -1
        codes[own] = np.arange(len(own))
        return Values(codes[classes.values], (*(classes.names[number] for number in own), OTHER))

    def as_found(self, stored: Mapping[str, Any], resized: bool) -> Self:
        classes = stored.get("classes")
        return self.changed(classes=tuple(classes)) if classes and self.classes is None else self


@STEPS.register
class Date(FieldStep):
    word = "date"
    about = "a column of dates as numbers: days since 1970, or the parts that are named"
    example = 'date("ordered")'
    takes = True
    positional = ("column",)
    column: Annotated[str, setting("text", "which column")]
    parts: Annotated[
        tuple[str, ...],
        setting("texts", f"what to take, in order: {', '.join(PARTS)}; a weekday counts from Monday, 0"),
    ] = ("days",)
    order: Annotated[
        str, setting("word", "how dates are written: 2024-03-31 is ymd, 31.3.2024 dmy, 3/31/2024 mdy", choices=ORDERS)
    ] = "ymd"

    def check(self) -> None:
        for part in self.parts or ("",):
            if part not in PARTS:
                refuse("NS786", option="parts", part=part, legal=Quoted(tuple(PARTS)))

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(len(self.parts))

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        return (self.column,)

    def take(self, taking: Taking) -> Values:
        import numpy as np

        rows = taking.rows
        cells = rows.texts(self.column, self.at("column"))
        found = np.full((len(cells), len(self.parts)), np.nan)
        orders: tuple[str, ...] | None = None
        for row, cell in enumerate(cells):
            when = date_of(cell, self.order)
            if when is not None:
                found[row] = [PARTS[part](when) for part in self.parts]
                continue
            span, labels = rows.place(row, self.column), asked(self.at("column"))
            words = {"value": cell, "column": self.column, "order": self.order}
            if not (rows.filled and rows.misses(cell)):
                found[row] = 0.0  # the fault is said here
            if not rows.misses(cell):
                orders = orders_of(cell for cell in cells if not rows.misses(cell)) if orders is None else orders
                others = [self.changed(order=order).written() for order in orders]
                hints = rows.advice(*(Hint("order", {"text": text}) for text in others))
                taking.faults.add(Diagnostic("NS787", span, words, labels=labels, hints=hints))
            elif not rows.filled:
                fill = rows.advice(Hint("fill_date", {"text": self.written()}))
                taking.faults.add(Diagnostic("NS808", span, words, labels=labels, hints=fill))
        return Values(found)


@STEPS.register
class Image(FieldStep):
    word = "image"
    about = "the picture of each example, maps first; every picture must have this size"
    example = "image(28x28)"
    takes = True
    positional = ("size",)
    size: Annotated[tuple[int, ...] | None, setting("shape", "rows x columns that every picture has")] = None
    maps: Annotated[int | None, setting("whole", "1: grey, 3: colour; left out: as they are", least=1, most=3)] = None

    def type(self, before: Type, facts: Facts) -> Type:
        if facts.image is not None:
            return facts.image
        return Type(self.maps or UNKNOWN, self.size if self.size else UNKNOWN)

    def take(self, taking: Taking) -> Values:
        pictures = taking.rows.pictures(self.size, self.maps, self.at("size"), taking.faults, taking.resize)
        return Values(pictures.values, low=pictures.low, high=pictures.high)

    def as_found(self, stored: Mapping[str, Any], resized: bool) -> Self:
        if not stored.get("picture"):
            return self
        maps, *size = stored["picture"]
        return self.changed(maps=maps, size=None if resized else tuple(size))


@STEPS.register
class Chars(FieldStep):
    word = "chars"
    about = (
        "the characters of a text as classes: its distinct characters, sorted, or those of `alphabet`; of a column of "
        "a table the characters of each cell, each row with a length of its own"
    )
    example = "chars"
    takes = True
    positional = ("column",)
    column: Annotated[str | None, setting("text", "a column of texts")] = None
    alphabet: Annotated[str | None, setting("text", "every character that may occur, in the order of the outputs")] = (
        None
    )

    def type(self, before: Type, facts: Facts) -> Type:
        count = UNKNOWN if self.alphabet is None else len(self.alphabet)
        return Type(1, classes=count, time=None if self.column is None else UNKNOWN)

    def columns_of(self, rest: tuple[str, ...]) -> tuple[str, ...]:
        return () if self.column is None else (self.column,)

    def take(self, taking: Taking) -> Values:
        texts = taking.rows.chars(self.column, self.alphabet, self.at("column"), taking.faults)
        return Values(texts.values, texts.names, lengths=texts.lengths)

    def as_found(self, stored: Mapping[str, Any], resized: bool) -> Self:
        classes = stored.get("classes")
        if classes and any(len(sign) != 1 for sign in classes):
            raise Unlearned(classes)
        return self.changed(alphabet="".join(classes)) if classes else self


# ---- steps that transform values


@STEPS.register
class Fill(FieldStep):
    word = "fill"
    learns = ("values",)
    about = (
        "missing numbers become the mean or median of the column in the training part; `flag` adds, after all other "
        "columns, one of 0 and 1 for each, which says where numbers were missing"
    )
    example = "fill(mean)"
    positional = ("by",)
    by: Annotated[str, setting("word", "what they become", choices=("mean", "median"))] = "mean"
    flag: Annotated[bool, setting("flag", "whether to add columns that say where")] = False

    @property
    def fills(self) -> bool:
        return True

    def type(self, before: Type, facts: Facts) -> Type:
        found = _numbers(before, self.word)
        maps: Any = found.maps
        return found if isinstance(maps, Unknown) else Type(maps * (1 + self.flag), before.space, before.time)

    def fit(self, values: Values, rows: Array) -> State:
        import numpy as np

        chosen = values.array[rows].astype(np.float64)
        axes = _all_but_maps(values)
        known = ~np.isnan(chosen)
        middle = np.nanmean if self.by == "mean" else np.nanmedian
        # a column without any value in the training part becomes 0
        filled = middle(np.where(known.any(axis=axes, keepdims=True), chosen, 0.0), axis=axes)
        return {"values": np.atleast_1d(filled).tolist()}

    def transform(self, values: Values, state: State) -> Values:
        import numpy as np

        gaps = np.isnan(values.array)
        array = np.where(gaps, _per_map(state["values"], values.array), values.array)
        return values.with_array(np.concatenate([array, gaps], axis=1) if self.flag else array)


@STEPS.register
class Standardize(FieldStep):
    word = "standardize"
    learns = ("mean", "std")
    about = "minus the mean, over the standard deviation, both of the training part, column by column"
    example = "standardize"

    def type(self, before: Type, facts: Facts) -> Type:
        return _numbers(before, self.word)

    def fit(self, values: Values, rows: Array) -> State:
        import numpy as np

        axes = _all_but_maps(values)
        if isinstance(values.array, np.memmap):
            return self._fit_in_parts(values, rows, axes)
        chosen = values.array[rows].astype(np.float64)
        std = chosen.std(axis=axes)
        std = np.where(std > 0, std, 1.0)  # a constant column becomes 0 instead of 0 / 0
        return {"mean": np.atleast_1d(chosen.mean(axis=axes)).tolist(), "std": np.atleast_1d(std).tolist()}

    def _fit_in_parts(self, values: Values, rows: Array, axes: tuple[int, ...]) -> State:
        """Do the same as `fit` for data on the disk. The mean is subtracted before squaring, to keep precision."""
        import numpy as np

        parts = [rows[start : start + PART] for start in range(0, len(rows), PART)]
        count = len(rows) * float(np.prod([values.array.shape[axis] for axis in axes if axis]))
        mean = sum(_rows_now(values, part).sum(axis=axes) for part in parts) / count
        shaped = _per_map(mean.tolist(), values.array)
        std = np.sqrt(sum(np.square(_rows_now(values, part) - shaped).sum(axis=axes) for part in parts) / count)
        return {"mean": mean.tolist(), "std": np.where(std > 0, std, 1.0).tolist()}

    def transform(self, values: Values, state: State) -> Values:
        import numpy as np

        if isinstance(values.array, np.memmap):
            later = Affine(tuple(state["mean"]), tuple(state["std"]))
            return values.with_array(values.array, low=None, high=None, pending=(*values.pending, later))
        mean, std = _per_map(state["mean"], values.array), _per_map(state["std"], values.array)
        return values.with_array((values.array - mean) / std, low=None, high=None)

    def inverse(self, array: Array, state: State) -> Array:
        found: Array = array * _per_map(state["std"], array) + _per_map(state["mean"], array)
        return found


@STEPS.register
class Scale(FieldStep):
    word = "scale"
    learns = ("low", "high")
    about = (
        "linear, so that the smallest becomes `low` and the largest `high`: of the values that a picture can have, "
        "else of the training part's, column by column"
    )
    example = "scale(0, 1)"
    positional = ("low", "high")
    low: Annotated[float, setting("number", "where the smallest goes")] = 0.0
    high: Annotated[float, setting("number", "where the largest goes")] = 1.0

    def check(self) -> None:
        if self.low >= self.high:
            refuse("NS433", option="low", low=f"{self.low:g}", high=f"{self.high:g}")

    def type(self, before: Type, facts: Facts) -> Type:
        return _numbers(before, self.word)

    def fit(self, values: Values, rows: Array) -> State:
        import numpy as np

        if values.low is not None and values.high is not None:
            return {"low": [values.low], "high": [values.high]}
        chosen = values.array[rows]
        axes = _all_but_maps(values)
        low, high = chosen.min(axis=axes), chosen.max(axis=axes)
        return {"low": np.atleast_1d(low).astype(float).tolist(), "high": np.atleast_1d(high).astype(float).tolist()}

    def transform(self, values: Values, state: State) -> Values:
        import numpy as np

        low, high = _per_map(state["low"], values.array), _per_map(state["high"], values.array)
        width = np.where(high > low, high - low, 1.0)
        if isinstance(values.array, np.memmap):
            later = Affine(tuple(state["low"]), tuple(width.ravel().tolist()), self.high - self.low, self.low)
            return values.with_array(values.array, low=self.low, high=self.high, pending=(*values.pending, later))
        # pictures stay in single precision, since a large set in double precision would not fit into memory
        kind = np.float32 if values.array.dtype in (np.uint8, np.float32) else np.float64
        array = (values.array - low.astype(kind)) / width.astype(kind)
        if (self.low, self.high) != (0.0, 1.0):
            array = array * kind(self.high - self.low) + kind(self.low)
        return values.with_array(array, low=self.low, high=self.high)

    def inverse(self, array: Array, state: State) -> Array:
        low, high = _per_map(state["low"], array), _per_map(state["high"], array)
        found: Array = (array - self.low) / ((self.high - self.low) or 1.0) * (high - low) + low
        return found


@STEPS.register
class OneHot(FieldStep):
    word = "onehot"
    about = "a class as K numbers, one of them 1 and the others 0"
    example = "onehot(10)"
    positional = ("classes",)
    classes: Annotated[int | None, setting("whole", "how many classes", least=2)] = None

    def type(self, before: Type, facts: Facts) -> Type:
        if before.classes is None and before.known:
            refuse("NS751", step=self.word, type=str(before), hint="classes")
        maps = before.classes if self.classes is None else self.classes
        return Type(UNKNOWN if maps is None else maps, before.space, before.time)

    def transform(self, values: Values, state: State) -> Values:
        import numpy as np

        count = self.classes or (len(values.classes) if values.classes is not None else 0)
        codes = values.array.astype(np.int64)
        if codes.size and (codes.min() < 0 or codes.max() >= count):
            reject("NS820", self.at(), value=str(int(codes.max())), count=count)
        array = np.moveaxis(np.eye(count, dtype=np.float32)[codes], -1, 1)
        return values.with_array(array, classes=None)


@STEPS.register
class Resize(FieldStep):
    word = "resize"
    about = "pictures to another size, by bilinear interpolation"
    example = "resize(32x32)"
    positional = ("size",)
    size: Annotated[tuple[int, ...], setting("shape", "rows x columns")]

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(_picture(before, self.word).maps, self.size, before.time)

    def transform(self, values: Values, state: State) -> Values:
        """Resize pictures bilinearly, with antialiasing if they become smaller."""
        if tuple(values.array.shape[2:]) == self.size:
            return values
        import torch
        from torch.nn import functional

        source = torch.from_numpy(values.array).to(torch.float32)
        small = source.shape[-2] > self.size[0] or source.shape[-1] > self.size[1]
        found = functional.interpolate(source, size=self.size, mode="bilinear", antialias=small)
        return values.with_array(found.numpy())


@STEPS.register
class Crop(FieldStep):
    word = "crop"
    about = "a part of each picture: in training at a random place, else the middle; `pad` adds zeros around it first"
    example = "crop(28x28, pad = 2)"
    batched = True
    positional = ("size",)
    size: Annotated[tuple[int, ...], setting("shape", "rows x columns")]
    pad: Annotated[int, setting("whole", "rows and columns of zeros added on every side first", least=0)] = 0

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(_picture(before, self.word).maps, self.size, before.time)

    def augment(self, pictures: Tensor, draw: Draw | None) -> Tensor:
        height, width = self.size
        pictures = _padded(pictures, self.pad)
        down, right = pictures.shape[2] - height, pictures.shape[3] - width
        if draw is None:
            top, left = down // 2, right // 2
            return pictures[:, :, top : top + height, left : left + width]
        rows, columns = (draw() * (down + 1)).long(), (draw() * (right + 1)).long()
        return _windows(pictures, rows, columns, height, width)


@STEPS.register
class Pad(FieldStep):
    word = "pad"
    about = "rows and columns of zeros around each picture"
    example = "pad(2)"
    positional = ("size",)
    size: Annotated[int, setting("whole", "how many on every side", least=1)]

    def type(self, before: Type, facts: Facts) -> Type:
        picture = _picture(before, self.word)
        space: Any = picture.space
        if isinstance(space, Unknown):
            return picture
        return Type(picture.maps, tuple(size + 2 * self.size for size in space), before.time)

    def transform(self, values: Values, state: State) -> Values:
        import numpy as np

        around = (self.size, self.size)
        return values.with_array(np.pad(values.array, ((0, 0), (0, 0), around, around)))


@STEPS.register
class Flip(FieldStep):
    word = "flip"
    about = "in training, pictures mirrored left to right with probability p"
    example = "flip(0.5)"
    training = batched = True
    positional = ("p",)
    p: Annotated[float, setting("number", "the probability", least=0, most=1)] = 0.5

    def type(self, before: Type, facts: Facts) -> Type:
        return _picture(before, self.word)

    def augment(self, pictures: Tensor, draw: Draw | None) -> Tensor:
        if draw is None:
            return pictures
        import torch

        chosen = draw() < self.p
        return torch.where(chosen.view(-1, 1, 1, 1), pictures.flip(-1), pictures)


@STEPS.register
class Shift(FieldStep):
    word = "shift"
    about = "in training, pictures moved by up to `pixels` in each direction; zeros come in"
    example = "shift(2)"
    training = batched = True
    positional = ("pixels",)
    pixels: Annotated[int, setting("whole", "how far at most", least=1)] = 2

    def type(self, before: Type, facts: Facts) -> Type:
        return _picture(before, self.word)

    def augment(self, pictures: Tensor, draw: Draw | None) -> Tensor:
        if draw is None:
            return pictures
        span = 2 * self.pixels + 1
        rows, columns = (draw() * span).long(), (draw() * span).long()
        return _windows(_padded(pictures, self.pixels), rows, columns, pictures.shape[2], pictures.shape[3])


@STEPS.register
class Window(FieldStep):
    word = "window"
    about = "rows in a sequence: an example is `length` rows in order; the parts of `split` are then stretches of it"
    example = "window(128, ahead = 1)"
    positional = ("length",)
    length: Annotated[int, setting("whole", "how many rows an example has", least=1)]
    ahead: Annotated[int, setting("whole", "how many rows later it begins", least=0)] = 0
    stride: Annotated[int | None, setting("whole", "rows between examples; left out: the longest window", least=1)] = (
        None
    )

    def type(self, before: Type, facts: Facts) -> Type:
        if isinstance(before.time, Time):
            refuse("NS751", step=self.word, type=str(before), hint="time")
        return Type(before.maps, before.space, Time(self.length), before.classes)

    def transform(self, values: Values, state: State) -> Values:
        return replace(values, length=self.length, ahead=self.ahead, stride=self.stride)


def _numbers(before: Type, step: str) -> Type:
    if before.classes is not None:
        refuse("NS751", step=step, type=str(before), hint="numbers")
    return before


def _picture(before: Type, step: str) -> Type:
    space: Any = before.space
    if before.known and len(space) != 2:
        refuse("NS751", step=step, type=str(before), hint="picture")
    return before


PART = 1024  # how many rows of data on the disk are read at once


def _all_but_maps(values: Values) -> tuple[int, ...]:
    """Return the axes over which a mean or deviation is computed: all axes but the axis of maps."""
    return tuple(axis for axis in range(values.array.ndim) if axis != 1)


def _per_map(numbers: list[float], array: Array) -> Array:
    """Return one number per map, in a shape that broadcasts over the other axes of an array."""
    import numpy as np

    found = np.array(numbers, dtype=np.float64)
    if array.ndim > 1 and len(found) not in (1, array.shape[1]):
        raise Unlearned(numbers)
    return found if array.ndim < 2 else found.reshape(-1, *(1,) * (array.ndim - 2))


def _rows_now(values: Values, rows: Array) -> Array:
    """Return rows of data on the disk, after all pending changes."""
    import numpy as np

    found = values.array[rows].astype(np.float64)
    for step in values.pending:
        minus, by = _per_map(list(step.minus), values.array), _per_map(list(step.by), values.array)
        found = (found - minus) / by * step.times + step.plus
    return found


def _windows(pictures: Tensor, rows: Tensor, columns: Tensor, height: int, width: int) -> Tensor:
    """Cut a window (height, width) out of each picture; each picture has its own first row and column."""
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
