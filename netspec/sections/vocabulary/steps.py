"""The table of a field's steps: first what is taken from the source, then what is done with it.

`type` follows a field's type as far as it is known without reading anything; UNKNOWN parts are settled when
the data is there.
"""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.ir.types import UNKNOWN, UNKNOWN_TYPE, Time, Type, Unknown, refuse
from netspec.registry import Registry
from netspec.sections.entries import Entry, incomplete, option
from netspec.sections.vocabulary.sources import Facts


class Step(Entry):
    """One item of a field's chain."""

    takes: ClassVar[bool] = False  # takes something from the source: the first item of every chain
    training: ClassVar[bool] = False  # acts in training passes only

    def type(self, before: Type, facts: Facts) -> Type:
        """The type after this step; raises ShapeFault where the step cannot act."""
        return before


STEPS: Registry[type[Step]] = Registry("step of a field", Step, __package__, key="word", missing=incomplete)


# ---- what is taken from the source


@STEPS.register
class Columns(Step):
    word = "columns"
    about = "columns of numbers side by side; without names all that no other field takes"
    example = 'columns("age", "salary")'
    takes = True
    gathers = "names"
    names: tuple[str, ...] = option("texts", "which columns, in order", default=())

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(len(self.names) if self.names else UNKNOWN)


@STEPS.register
class Column(Step):
    word = "column"
    about = "one column of numbers; of an npz file one array"
    example = 'column("repaid")'
    takes = True
    positional = ("name",)
    name: str = option("text", "which column")

    def type(self, before: Type, facts: Facts) -> Type:
        return UNKNOWN_TYPE if facts.columns is None and facts.has_label is None else Type(1)


@STEPS.register
class Label(Step):
    word = "label"
    about = "the class of each example: the source's own, or a column's distinct values in sorted order"
    example = "label"
    takes = True
    positional = ("column",)
    column: str | None = option("text", "a column that holds the classes", default=None)
    classes: tuple[str, ...] | None = option("texts", "all classes, in the order of the outputs", default=None)

    def type(self, before: Type, facts: Facts) -> Type:
        known = facts.classes if self.column is None else None
        count = len(self.classes) if self.classes else known
        return Type(1, classes=UNKNOWN if count is None else count)


@STEPS.register
class Image(Step):
    word = "image"
    about = "the picture of each example, maps first; every picture must have this size"
    example = "image(28x28)"
    takes = True
    positional = ("size",)
    size: tuple[int, ...] | None = option("extent", "rows x columns that every picture has", default=None)
    maps: int | None = option("integer", "1: grey, 3: colour; left out: as they are", default=None, least=1, most=3)

    def type(self, before: Type, facts: Facts) -> Type:
        if facts.image is not None:
            return facts.image
        return Type(self.maps or UNKNOWN, self.size if self.size else UNKNOWN)


@STEPS.register
class Chars(Step):
    word = "chars"
    about = (
        "the characters of a text as classes: its distinct characters, sorted, or those of `alphabet`; of a column of "
        "a table the characters of each cell, each row with a length of its own"
    )
    example = "chars"
    takes = True
    positional = ("column",)
    column: str | None = option("text", "a column of texts", default=None)
    alphabet: str | None = option("text", "every character that may occur, in the order of the outputs", default=None)

    def type(self, before: Type, facts: Facts) -> Type:
        count = UNKNOWN if self.alphabet is None else len(self.alphabet)
        return Type(1, classes=count, time=None if self.column is None else UNKNOWN)


# ---- what is done with it


@STEPS.register
class Standardize(Step):
    word = "standardize"
    about = "minus the mean, over the standard deviation, both of the training part, column by column"
    example = "standardize"

    def type(self, before: Type, facts: Facts) -> Type:
        return _numbers(before, self.word)


@STEPS.register
class Scale(Step):
    word = "scale"
    about = (
        "linear, so that the smallest becomes `low` and the largest `high`: of the values that a picture can have, "
        "else of the training part's, column by column"
    )
    example = "scale(0, 1)"
    positional = ("low", "high")
    low: float = option("number", "where the smallest goes", default=0.0)
    high: float = option("number", "where the largest goes", default=1.0)

    def vet(self) -> None:
        if self.low >= self.high:
            refuse("NS433", option="low", low=f"{self.low:g}", high=f"{self.high:g}")

    def type(self, before: Type, facts: Facts) -> Type:
        return _numbers(before, self.word)


@STEPS.register
class OneHot(Step):
    word = "onehot"
    about = "a class as K numbers, one of them 1 and the others 0"
    example = "onehot(10)"
    positional = ("classes",)
    classes: int | None = option("integer", "how many classes", default=None, least=2)

    def type(self, before: Type, facts: Facts) -> Type:
        if before.classes is None and before.known:
            refuse("NS751", step=self.word, type=str(before), hint="classes")
        maps = before.classes if self.classes is None else self.classes
        return Type(UNKNOWN if maps is None else maps, before.space, before.time)


@STEPS.register
class Resize(Step):
    word = "resize"
    about = "pictures to another size, by bilinear interpolation"
    example = "resize(32x32)"
    positional = ("size",)
    size: tuple[int, ...] = option("extent", "rows x columns")

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(_picture(before, self.word).maps, self.size, before.time)


@STEPS.register
class Crop(Step):
    word = "crop"
    about = "a part of each picture: in training at a random place, else the middle; `pad` adds zeros around it first"
    example = "crop(28x28, pad = 2)"
    positional = ("size",)
    size: tuple[int, ...] = option("extent", "rows x columns")
    pad: int = option("integer", "rows and columns of zeros added on every side first", default=0, least=0)

    def type(self, before: Type, facts: Facts) -> Type:
        return Type(_picture(before, self.word).maps, self.size, before.time)


@STEPS.register
class Pad(Step):
    word = "pad"
    about = "rows and columns of zeros around each picture"
    example = "pad(2)"
    positional = ("size",)
    size: int = option("integer", "how many on every side", least=1)

    def type(self, before: Type, facts: Facts) -> Type:
        picture = _picture(before, self.word)
        space: Any = picture.space
        if isinstance(space, Unknown):
            return picture
        return Type(picture.maps, tuple(size + 2 * self.size for size in space), before.time)


@STEPS.register
class Flip(Step):
    word = "flip"
    about = "in training, pictures mirrored left to right with probability p"
    example = "flip(0.5)"
    training = True
    positional = ("p",)
    p: float = option("number", "the probability", default=0.5, least=0, most=1)

    def type(self, before: Type, facts: Facts) -> Type:
        return _picture(before, self.word)


@STEPS.register
class Shift(Step):
    word = "shift"
    about = "in training, pictures moved by up to `pixels` in each direction; zeros come in"
    example = "shift(2)"
    training = True
    positional = ("pixels",)
    pixels: int = option("integer", "how far at most", default=2, least=1)

    def type(self, before: Type, facts: Facts) -> Type:
        return _picture(before, self.word)


@STEPS.register
class Window(Step):
    word = "window"
    about = "rows in a sequence: an example is `length` rows in order; the parts of `split` are then stretches of it"
    example = "window(128, ahead = 1)"
    positional = ("length",)
    length: int = option("integer", "how many rows an example has", least=1)
    ahead: int = option("integer", "how many rows later it begins", default=0, least=0)
    stride: int | None = option("integer", "rows between examples; left out: the longest window", default=None, least=1)

    def type(self, before: Type, facts: Facts) -> Type:
        if isinstance(before.time, Time):
            refuse("NS751", step=self.word, type=str(before), hint="time")
        return Type(before.maps, before.space, Time(self.length), before.classes)


def _numbers(before: Type, step: str) -> Type:
    if before.classes is not None:
        refuse("NS751", step=step, type=str(before), hint="numbers")
    return before


def _picture(before: Type, step: str) -> Type:
    space: Any = before.space
    if before.known and len(space) != 2:
        refuse("NS751", step=step, type=str(before), hint="picture")
    return before
