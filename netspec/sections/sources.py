"""The table of data sources: what `source = …` may say, and what is known of a source before it is read."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from netspec.sections.entries import Entry, option, table
from netspec.types import Type


class Facts(NamedTuple):
    """What a source holds, as far as it is known without reading it."""

    columns: tuple[str, ...] | None = None  # None: known when it is read
    image: Type | None = None
    classes: int | None = None
    has_image: bool | None = None  # None: known when it is read
    has_label: bool | None = None
    has_chars: bool = False


class Source(Entry):
    """Where the examples come from."""

    @property
    def facts(self) -> Facts:
        return Facts()

    @property
    def brings_test(self) -> bool:
        """Whether it names a test part of its own, so that `split` divides the rest."""
        return False


_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
_WINE = (
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
    "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
)  # fmt: skip
_PIXELS = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
_DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
_SETS = {
    "digits": Facts(_PIXELS, Type(1, (8, 8)), 10, True, True),
    "iris": Facts(_IRIS, None, 3, False, True),
    "wine": Facts(_WINE, None, 3, False, True),
    "breast_cancer": Facts(None, None, 2, False, True),
    "diabetes": Facts((*_DIABETES, "target"), None, None, False, False),
}


class Sklearn(Source):
    word = "sklearn"
    about = "a data set that scikit-learn brings along: nothing is downloaded"
    example = 'sklearn("digits")'
    positional = ("name",)
    name: str = option("text", "which set", choices=tuple(_SETS))

    @property
    def facts(self) -> Facts:
        return _SETS[self.name]


class Csv(Source):
    word = "csv"
    about = "a table of text, one row an example; its first line names the columns"
    example = 'csv("loans.csv")'
    positional = ("file",)
    file: str = option("text", "the file, from the spec's folder or --data")
    test: str | None = option("text", "a file whose rows are the test part", default=None)
    delimiter: str = option("text", "what separates cells", default=",")
    names: tuple[str, ...] | None = option("texts", "the columns' names, where no line has them", default=None)
    encoding: str = option("text", "how the text is stored", default="utf-8")

    @property
    def facts(self) -> Facts:
        return Facts(self.names, None, None, False, False)

    @property
    def brings_test(self) -> bool:
        return self.test is not None


class Npz(Source):
    word = "npz"
    about = "named numpy arrays in one file, the first axis the examples; a column is an array"
    example = 'npz("points.npz")'
    positional = ("file",)
    file: str = option("text", "the file, from the spec's folder or --data")
    test: str | None = option("text", "a file whose rows are the test part", default=None)

    @property
    def facts(self) -> Facts:
        return Facts(None, None, None, None, None)

    @property
    def brings_test(self) -> bool:
        return self.test is not None


class Given(Source):
    """Arrays that the caller hands over; never written in a spec."""

    word: ClassVar[str] = "arrays"
    about = "arrays handed over in Python"
    example = 'netspec.train(spec, data={"x": X})'


SOURCES: dict[str, type[Source]] = table(Sklearn, Csv, Npz)
