"""The documents of a run's folder. Each is one model, and is checked as a whole when it is read.

A folder may come from somebody else, from another version of netspec, or from a disk that failed. So nothing of a
document is used before all of it is checked: its format, that no field is unknown and none is missing, and that every
value is one that a run writes.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError, from_json, to_json

from netspec import files
from netspec.diagnostics.display import inert_json
from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint, Words
from netspec.version import RUN_FORMAT, VERSION

LARGEST = 256_000_000  # bytes of a document; the largest is that of a net of 100,000 operations, about 50 MB
MOST_THREADS = 4096
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")  # pydantic's words for a field that no model has
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

Count = Annotated[int, Field(ge=0, le=2**53)]
Size = Annotated[int, Field(ge=1, le=2**31)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _below(value: str) -> str:
    path = PurePath(value)
    if not path.parts or path.anchor or ".." in path.parts or "\0" in value:
        raise PydanticCustomError("outside", "not a path below the run")
    return value


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] >= value[1]:
        raise PydanticCustomError("range", "low is not below high")
    return value


def _own_format(value: int) -> int:
    if value != RUN_FORMAT:
        raise PydanticCustomError("format", "another format")
    return value


def _or_nan(value: Any) -> Any:
    return math.nan if value is None else value


# loss and metrics by name; NaN, which JSON lacks, is written as null
Figures = dict[str, Annotated[float, Field(allow_inf_nan=True), BeforeValidator(_or_nan)]]
Below = Annotated[str, AfterValidator(_below)]  # a path inside the run's folder


class Piece(BaseModel):
    """A part of a document."""

    model_config = STRICT


class Document(Piece):
    """A file of a run's folder, in JSON."""

    file: ClassVar[str]
    format: Annotated[int, AfterValidator(_own_format)] = RUN_FORMAT


@dataclass
class Request:
    """The options of a run besides its spec; the run's folder stores them."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    net: str | None = None
    sizes: dict[str, bool | int | float | str] = field(default_factory=dict)
    assignments: list[tuple[str, str]] = field(default_factory=list)  # overrides: ("train.epochs", "5")
    data: str | None = None  # the folder of --data
    folder: str | None = None  # the folder that relative data paths start from if there is no --data
    device: str = "auto"
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)] | None = None
    compile: Literal["off", "on", "auto"] = "off"
    # threads that fetch the fields stored off the device; None: as the machine has cores
    workers: Annotated[int, Field(ge=1, le=MOST_THREADS)] | None = None
    save_seconds: Seconds = 60.0
    save_steps: Annotated[int, Field(ge=1)] | None = None
    pictures: bool = True


class Settings(Document):
    """How the run was called, and which of its files are its specs."""

    file = "settings.json"
    netspec: str  # the release that made the run
    spec: Below  # below the run's folder `spec`, as `others` are
    others: list[Below]
    net: str
    request: Request


class Status(Document):
    """Where the run stands."""

    file = "status.json"
    state: Literal["running", "finished", "stopped", "diverged", "failed"]
    step: Count
    seconds: Seconds | None = None
    reason: str | None = None  # why it failed
    process: Count
    host: str


class Environment(Document):
    """What the run ran on."""

    file = "environment.json"
    netspec: str
    python: str
    torch: str
    platform: str
    device: str
    threads: Count
    command: list[str]
    began: str
    cores: int | None


class Scores(Document):
    """The loss and metrics of the chosen weights, by part."""

    file = "scores.json"
    chosen: Literal["last", "best"]
    epoch: Count
    scores: dict[str, Figures]
    # by part and target: a row for each class, with its name, counts and figures
    classes: dict[str, dict[str, list[dict[str, str | int | float | None]]]] = {}


class Warnings(Document):
    """The warnings that the run has given, in the form of `netspec check --format json`."""

    file = "warnings.json"
    warnings: list[dict[str, JsonValue]]


class DataFile(Piece):
    """A file, or an array of the caller, that the data came from."""

    name: str
    bytes: Count
    sha256: Digest


class Called(BaseModel):
    """A word of a section with its options; or a step of a field with what it learned."""

    model_config = STRICT | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]
    word: str


class FieldFacts(Piece):
    """What is known of a field: what its steps learned, and what they found in the source."""

    steps: list[Called]
    classes: list[str] | None = None
    columns: list[str] = []
    counts: list[list[Count]] = []
    range: Annotated[tuple[float, float], AfterValidator(_rising)] | None = None
    picture: tuple[Size, Size, Size] | None = None  # maps, rows and columns


class TableForm(Piece):
    """How a table is written, as far as it was found out; new rows are read in the same way."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header: Literal["first", "none"] | None = None
    names: list[str] | None = None


class DataFacts(Document):
    """The facts of the data: files with their hashes, rows of each part, fields."""

    file = "data.json"
    source: str
    files: list[DataFile]
    form: TableForm | None = None
    rows: Count
    parts: dict[str, Count]
    stratified: str | None = None
    fields: dict[str, FieldFacts]

    @property
    def facts(self) -> dict[str, Any]:
        """What is known, without what is not."""
        return self.model_dump(exclude={"format"}, exclude_defaults=True)


class Weighed(Called):
    coefficient: float


class DataSection(Piece):
    source: Called | None
    split: list[float]
    fields: dict[str, list[Called]]


class TurnSection(Piece):
    """A section that moves weights; it has a name if the sections take turns."""

    loss: list[Weighed]
    optimizer: Called
    schedule: Called
    clip: float | None
    weights: list[str] = []
    name: str = ""
    every: Count = 1


class TrainSection(TurnSection):
    metrics: list[Called]
    turns: list[TurnSection] = []
    meant: list[str] = []
    net: str | None
    epochs: Count
    batch: Count
    seed: Count
    accumulate: Count
    best: str | None
    patience: int | None
    precision: str


class Sections(Document):
    """The sections as they hold, after `--with` and `--set`."""

    file = "sections.json"
    data: DataSection
    train: TrainSection


class NetFacts(Document):
    """The net as `show --json` describes it; `steps` has every operation with its options, by line."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]
    file = "graph.json"
    steps: dict[str, list[str]]


def written(document: Document) -> bytes:
    """Return the bytes of a document: equal values give equal bytes, numbers keep every digit, NaN becomes null."""
    return (inert_json(to_json(document, indent=1, inf_nan_mode="null").decode()) + "\n").encode()


# ---- reading


D = TypeVar("D", bound=Document)
T = TypeVar("T")


def read(folder: Path, model: type[D], root: Path | None = None) -> D:
    """Read and check a document of a run; `root` is the run's folder if the document lies in a folder inside it.

    Raises:
        UsageError: it is not there or cannot be read (NS850), is a link or no file (NS866), is damaged (NS880), was
            written by a newer version (NS881), or has another format (NS867).
    """
    return checked(content(folder, model.file, root), TypeAdapter(model), folder, model.file)


def content(folder: Path, file: str, root: Path | None = None, most: int = LARGEST) -> bytes:
    """Return the bytes of a file of a run, at most `most`. Raise UsageError NS850 and NS866 as `read`."""
    try:
        return files.read(folder / file, root or folder, most)
    except files.NotPlain as error:
        raise UsageError(Diagnostic("NS866", None, {"file": str(error.filename)})) from None
    except OSError as error:
        words: Words = {"folder": str(folder), "file": file, "reason": reason(error)}
        whole = file == Settings.file or not os.path.lexists(folder / Settings.file)
        raise UsageError(Diagnostic("NS850", None, words, hints=(Hint("run" if whole else "part"),))) from None


def checked(data: bytes, form: TypeAdapter[T], folder: Path, file: str) -> T:
    """Return the document in a JSON text. Raise UsageError as `read`; messages call the text `file`."""
    try:
        from_json(data, allow_inf_nan=False)  # the models allow NaN where they take any JSON
        found = form.validate_json(data)
    except ValidationError as error:
        raise UsageError(_fault(error, folder, file)) from None
    except ValueError:
        raise UsageError(_no_object(folder, file)) from None
    if isinstance(found, Document) and "format" not in found.model_fields_set:  # as version 1 wrote it
        raise UsageError(_other_format(1, folder))
    return found


def _fault(error: ValidationError, folder: Path, file: str) -> Diagnostic:
    """Return one diagnostic of a document: its format first, since a document of another format has many faults."""
    first = min(error.errors(), key=lambda item: (item["loc"] != ("format",), item["type"] not in UNKNOWN))
    kind, value = first["type"], first["input"]
    if kind == "format":
        return _other_format(value, folder)
    if not first["loc"]:
        return _no_object(folder, file)
    # a type of several that a value may have ends the path, too
    parts = first["loc"][:-1] if first["loc"][-1] in ("bool", "int", "float", "str") else first["loc"]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    words: Words = {"folder": str(folder), "file": file, "field": place}
    if kind in UNKNOWN and _release(folder) == VERSION:
        return Diagnostic("NS880", None, words, hints=(Hint("unknown"), Hint("restore")))
    if kind in UNKNOWN:
        return Diagnostic("NS881", None, {**words, "own": VERSION, "release": _release(folder)})
    if kind == "missing":
        return Diagnostic("NS880", None, words, hints=(Hint("missing"), Hint("restore")))
    return damaged(folder, file, place, value)


def _no_object(folder: Path, file: str) -> Diagnostic:
    return Diagnostic("NS880", None, {"folder": str(folder), "file": file}, hints=(Hint("syntax"), Hint("restore")))


def cut_off(folder: Path, file: str) -> Diagnostic:
    """Return NS880 for the measurements of a finished run that do not end with a whole line."""
    return Diagnostic("NS880", None, {"folder": str(folder), "file": file}, hints=(Hint("cut"),))


def damaged(folder: Path, file: str, place: str, value: Any) -> Diagnostic:
    """Return NS880 for a value that a run does not write at this place of a document."""
    shown = to_json(value, fallback=str).decode()
    short = shown if len(shown) <= 60 else f"{shown[:57]}..."
    words: Words = {"folder": str(folder), "file": file, "field": place, "value": short}
    return Diagnostic("NS880", None, words, hints=(Hint("value"), Hint("restore")))


def _other_format(number: Any, folder: Path) -> Diagnostic:
    newer = isinstance(number, int | float) and number > RUN_FORMAT
    words: Words = {"folder": str(folder), "release": _release(folder), "own": VERSION}
    return Diagnostic("NS867", None, words, hints=(Hint("newer" if newer else "older"),))


def _release(folder: Path) -> str:
    """Return the release that made a run; "?" if its settings cannot be read."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(from_json(files.read(folder / Settings.file, folder, LARGEST))["netspec"])
    return "?"
