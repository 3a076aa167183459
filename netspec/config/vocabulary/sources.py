"""The data sources: the values of `source = …`, and what is known about a source before it is read."""

from __future__ import annotations

from encodings.aliases import aliases
from typing import Annotated, Any, ClassVar, NamedTuple

from netspec.config.entries import Entry, incomplete, setting
from netspec.config.rows import Rows
from netspec.ir.types import Type, refuse
from netspec.registry import Registry


class Facts(NamedTuple):
    """The contents of a source, as far as they are known before the source is read."""

    columns: tuple[str, ...] | None = None  # None: unknown until the source is read
    image: Type | None = None
    classes: int | None = None
    has_image: bool | None = None  # None: unknown until the source is read
    has_label: bool | None = None
    has_chars: bool | None = False


class Source(Entry):
    """A source of examples.

    To add a source, inherit from this class and define `open`.

    Example:
        >>> class Ramp(netspec.Source):
        ...     word, about, example = "ramp", "the numbers 0 to 9", "ramp"
        ...
        ...     def open(self, places):
        ...         from netspec.config.rows import Rows
        ...
        ...         return Rows(10, "ramp")
        >>> Ramp().open(None).count
        10
    """

    def open(self, places: Any) -> Rows:
        """Return the rows of the source: an object with `columns`, `numbers`, `classes` and so on, as far as it has
        them.

        `places.find(self, "file")` returns the path that an option names, after a check that the spec may read it.
        Raises DataError. The built-in sources do not define this method: netspec.training.sources reads them.
        """
        raise NotImplementedError(f"{self.word} is read nowhere")

    @property
    def facts(self) -> Facts:
        return Facts()

    @property
    def brings_test(self) -> bool:
        """Whether the source has a test part of its own, so that `split` divides only the other rows."""
        return getattr(self, "test", None) is not None


def _incomplete(source: type[Source]) -> str:
    if source.open is Source.open and not source.__module__.startswith(__package__):
        return "it reads nothing: define `open(self, places)`"
    return incomplete(source)


SOURCES: Registry[type[Source]] = Registry("source", Source, __package__, key="word", missing=_incomplete)

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


@SOURCES.register
class Sklearn(Source):
    word = "sklearn"
    about = "a data set that scikit-learn brings along: nothing is downloaded"
    example = 'sklearn("digits")'
    positional = ("name",)
    name: Annotated[str, setting("text", "which set", choices=tuple(_SETS))]

    @property
    def facts(self) -> Facts:
        return _SETS[self.name]


_NO_TEXT = frozenset("base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs".split())
_FURTHER = frozenset("utf_8_sig iso8859_1 koi8_t koi8_u cp720 cp737 cp874 cp875 mac_arabic mac_croatian".split())


def _encoding(name: str) -> None:
    """Reject an encoding that Python does not have. It is looked up in a table, since Python would import a module."""
    folded = name.lower().replace("-", "_").replace(" ", "_")
    known = aliases.get(folded) or aliases.get(folded.replace("_", "")) or folded
    if known in _NO_TEXT or known not in {*aliases.values(), *_FURTHER}:
        refuse("NS781", option="encoding", encoding=name)


@SOURCES.register
class Csv(Source):
    word = "csv"
    about = (
        "a table of text, one row an example; its first line names the columns. What is left out of `delimiter`, "
        "`header` and `encoding` is found in the file and said"
    )
    example = 'csv("loans.csv")'
    positional = ("file",)
    file: Annotated[str, setting("path", "the file, from the spec's folder or --data")]
    test: Annotated[str | None, setting("path", "a file whose rows are the test part")] = None
    delimiter: Annotated[str | None, setting("text", "what separates cells: one sign, such as `;`")] = None
    decimal: Annotated[str, setting("text", "what stands before decimals", choices=(".", ","))] = "."
    thousands: Annotated[str | None, setting("text", "what stands between thousands in numbers")] = None
    units: Annotated[tuple[str, ...], setting("texts", 'texts that are left out of numbers, such as "$" and "%"')] = ()
    missing: Annotated[
        str | None,
        setting(
            "word",
            "rows with missing cells: `drop` leaves them out; `mean` fills inputs with the mean of the training part, "
            "`flag` also adds columns of 0 and 1 that say where; rows without a target are left out",
            choices=("drop", "mean", "flag"),
        ),
    ] = None
    header: Annotated[
        str | None, setting("word", "whether the first line names the columns", choices=("first", "none"))
    ] = None
    names: Annotated[tuple[str, ...] | None, setting("texts", "the columns' names, in place of the first line's")] = (
        None
    )
    encoding: Annotated[
        str | None, setting("text", "how the text is stored; left out: UTF-8, or CP949 where it is not UTF-8")
    ] = None

    def check(self) -> None:
        for option in ("delimiter", "thousands"):
            value = getattr(self, option)
            if value is not None and (len(value) != 1 or value in '\n\r"'):
                refuse("NS813", option=option, value=value)
        if self.decimal in (self.delimiter, self.thousands):
            same = "delimiter" if self.decimal == self.delimiter else "thousands"
            refuse("NS788", option="decimal", other=same, value=self.decimal)
        if self.encoding is not None:
            _encoding(self.encoding)

    @property
    def facts(self) -> Facts:
        return Facts(self.names, None, None, False, False)


@SOURCES.register
class Npz(Source):
    word = "npz"
    about = "named numpy arrays in one file, the first axis the examples; a column is an array"
    example = 'npz("points.npz")'
    positional = ("file",)
    file: Annotated[str, setting("path", "the file, from the spec's folder or --data")]
    test: Annotated[str | None, setting("path", "a file whose rows are the test part")] = None

    @property
    def facts(self) -> Facts:
        return Facts(None, None, None, None, None)


@SOURCES.register
class Idx(Source):
    word = "idx"
    about = (
        "pictures and their classes in the files of MNIST and its kin: PREFIX-images-idx3-ubyte and "
        "PREFIX-labels-idx1-ubyte, also with .gz"
    )
    example = 'idx("train", test = "t10k")'
    positional = ("prefix",)
    prefix: Annotated[str, setting("path", "how the names of the two files begin")]
    test: Annotated[str | None, setting("path", "how the names of the test part's files begin")] = None

    @property
    def facts(self) -> Facts:
        return Facts((), None, None, True, True)


@SOURCES.register
class Folder(Source):
    word = "folder"
    about = "a folder of pictures: each folder in it is a class and holds that class's pictures (PNG, JPEG, …)"
    example = 'folder("leaves")'
    positional = ("folder",)
    folder: Annotated[str, setting("path", "the folder, from the spec's folder or --data")]
    classes: Annotated[
        tuple[str, ...] | None,
        setting("texts", "the folders that are classes, in the order of the outputs; left out: all, sorted"),
    ] = None
    test: Annotated[str | None, setting("path", "a folder of the same classes whose pictures are the test part")] = None

    @property
    def facts(self) -> Facts:
        return Facts((), None, None if self.classes is None else len(self.classes), True, True)


@SOURCES.register
class Text(Source):
    word = "text"
    about = "a text, character by character: cut it into sequences with `window`"
    example = 'text("book.txt")'
    positional = ("file",)
    file: Annotated[str, setting("path", "the file, from the spec's folder or --data")]
    test: Annotated[str | None, setting("path", "a file that is the test part")] = None
    encoding: Annotated[str, setting("text", "how the text is stored")] = "utf-8"

    def check(self) -> None:
        _encoding(self.encoding)

    @property
    def facts(self) -> Facts:
        return Facts((), None, None, False, False, True)


_POINTS = Facts(("x1", "x2"), None, 2, False, True)
GENERATED = {
    "xor": _POINTS,
    "two_moons": _POINTS,
    "circles": _POINTS,
    "spirals": _POINTS,
    "blobs": _POINTS._replace(classes=3),
    "waves": Facts(("value",), None, None, False, False),
    "trees": Facts((), Type(3, (100, 150)), 2, True, True),
}


@SOURCES.register
class Synthetic(Source):
    word = "synthetic"
    about = "examples that are generated: the same ones for the same seed, on every machine"
    example = 'synthetic("two_moons", rows = 400, noise = 0.15)'
    positional = ("name",)
    name: Annotated[str, setting("text", "what is generated", choices=tuple(GENERATED))]
    rows: Annotated[int, setting("whole", "how many examples", least=1, most=10_000_000)] = 400
    noise: Annotated[float, setting("number", "the standard deviation of what is added to every number", least=0)] = 0.1
    seed: Annotated[
        int, setting("whole", "other examples of the same kind; apart from the training's seed", least=0)
    ] = 0

    @property
    def facts(self) -> Facts:
        return GENERATED[self.name]


@SOURCES.register
class Python(Source):
    word = "python"
    about = (
        "arrays by name from a function of yours, called without arguments: only where the caller allows the module, "
        "`--allow pkg`"
    )
    example = 'python("pkg:load")'
    positional = ("function",)
    function: Annotated[str, setting("text", "module:function")]

    def check(self) -> None:
        module, colon, name = self.function.partition(":")
        if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
            refuse("NS888", option="function", function=self.function)

    @property
    def facts(self) -> Facts:
        return Facts(None, None, None, None, None)


class Given(Source):
    """Arrays from the caller; a spec cannot name this source."""

    word: ClassVar[str] = "arrays"
    about = "arrays handed over in Python"
    example = 'netspec.train(spec, data={"x": X})'
