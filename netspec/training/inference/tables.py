"""Predictions -> rows of a table, next to the input rows; or named arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import files
from netspec.config.rows import Rows, reject
from netspec.config.vocabulary.sources import Csv, Npz, Text
from netspec.diagnostics.errors import DataError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.training.data.dataset import ALL, Dataset
from netspec.training.sources.csv_ import CsvRows
from netspec.training.sources.folder import ENDINGS, FolderRows

if TYPE_CHECKING:
    import numpy as np

    from netspec.config.vocabulary.sources import Source

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(slots=True)
class Answer:
    """The predictions of one target.

    Attributes:
        values: class numbers (rows, …); labels (rows, labels, …), 0 or 1; or numbers (rows, …) in the target's original
            unit.
        probabilities: (rows, classes, …); for two classes with one logit (rows, …), of the second class; for labels
            (rows, labels, …).
    """

    name: str
    values: Array
    probabilities: Array | None = None
    classes: tuple[str, ...] = ()  # class names, by class number
    labels: tuple[str, ...] = ()  # the names of the labels

    @property
    def named(self) -> Array:
        """Return the predictions for people: class names, 0 and 1 for each label, or numbers."""
        import numpy as np

        return np.array(self.classes)[self.values] if self.classes else self.values


def as_table(answers: list[Answer], dataset: Dataset, rows: Rows, chances: bool) -> Iterator[list[str]]:
    """Yield the rows of a table: a header, then for each example its input and its predictions.

    Parameters:
        answers: the predictions; each of several labels has a column of 0 and 1.
        dataset: the data set of the rows.
        rows: the rows as read from the source.
        chances: whether to add the probability of every class or label.

    Raises:
        NetspecError: a prediction is a whole picture or sequence (NS875).
    """
    for answer in answers:
        require_flat(answer.name, answer.values, 1 if answer.classes else 2)
    columns = [_columns(answer, chances) for answer in answers]
    names, given = _given(dataset, rows)
    yield [*names, *(name for column in columns for name in column)]
    for row in range(len(dataset.parts[ALL])):
        yield [*given(row), *(str(values[row]) for column in columns for values in column.values())]


def require_flat(name: str, values: Array, most: int) -> None:
    """Raise UsageError (NS875) if values have more than `most` axes, and so do not fit into a table."""
    if values.ndim > most:
        words = {"name": name, "shape": " x ".join(map(str, values.shape[1:]))}
        raise UsageError(Diagnostic("NS875", None, words, hints=(Hint("arrays"),)))


def _given(dataset: Dataset, rows: Rows) -> tuple[list[str], Any]:
    """Return the columns before a prediction: the cells of a table, the file of a picture, or the row number."""
    if isinstance(rows, FolderRows):
        return ["file"], lambda row: [rows.shown[row]]
    if isinstance(rows, CsvRows) and not dataset.windowed:
        cells = [cells for sheet in rows.sheets for cells in sheet.cells]
        return list(rows.head.names), lambda row: cells[row]
    # for a sequence: the number of the last row that the net reads
    ends = dataset.parts[ALL] + (_span(dataset) - 1 if dataset.windowed else 0)
    return ["row"], lambda row: [str(int(ends[row]) + 1)]


def _span(dataset: Dataset) -> int:
    return max(item.values.ahead + (item.values.length or 1) for item in dataset.fields.values())


def _columns(answer: Answer, chances: bool) -> dict[str, list[str]]:
    name = answer.name
    if answer.labels:
        found = {f"predicted_{name}_{label}": _cells(answer.values[:, at]) for at, label in enumerate(answer.labels)}
        if chances and answer.probabilities is not None:
            for at, label in enumerate(answer.labels):
                found[f"probability_{name}_{label}"] = [f"{row:.4f}" for row in answer.probabilities[:, at]]
        return found
    if not answer.classes:
        wide = answer.values.reshape(len(answer.values), -1)
        if wide.shape[1] == 1:
            return {f"predicted_{name}": [f"{value:.6g}" for value in wide[:, 0]]}
        return {f"predicted_{name}.{at + 1}": [f"{value:.6g}" for value in wide[:, at]] for at in range(wide.shape[1])}
    found = {f"predicted_{name}": [str(value) for value in answer.named]}
    assert answer.probabilities is not None
    probabilities = answer.probabilities
    if probabilities.ndim == 1:
        import numpy as np

        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    found[f"probability_{name}"] = [f"{row.max():.4f}" for row in probabilities]
    if chances:
        for at, kind in enumerate(answer.classes):
            found[f"probability_{name}_{kind}"] = [f"{row[at]:.4f}" for row in probabilities]
    return found


def _cells(values: Array) -> list[str]:
    return [str(value) for value in values.tolist()]


def as_arrays(answers: list[Answer]) -> dict[str, Array]:
    """Return arrays by name: `predicted_TARGET`, `probability_TARGET`."""
    found: dict[str, Any] = {}
    for answer in answers:
        found[f"predicted_{answer.name}"] = answer.named
        if answer.probabilities is not None:
            found[f"probability_{answer.name}"] = answer.probabilities
    return found


# ---- Files from the command line -> rows for a trained run: a table, arrays, pictures, a text


NO_FORM: Mapping[str, Any] = {}
TABLES = frozenset((".csv", ".tsv", ".txt"))


def open_given(paths: list[Path], source: Source | None, fit: bool = False, form: Mapping[str, Any] = NO_FORM) -> Rows:
    """The rows in files of one kind.

    Parameters:
        paths: the files.
        source: the run's own source; tables are written in its way.
        fit: whether pictures of other sizes are resized.
        form: what the run found about its own table.

    Raises:
        DataError: files are not there, of no known kind, or of several kinds (exit code 3).
    """
    for path in paths:
        if not path.exists():
            reject("NS800", None, file=path.name, folder=str(path.parent))
    kinds = {_kind(path, source) for path in paths}
    if len(kinds) > 1 or (len(paths) > 1 and kinds != {"pictures"}):
        reject("NS870", None, Hint("several"), file=str(paths[-1]))
    (kind,) = kinds
    if kind == "pictures":
        return _pictures(paths, fit)
    (path,) = paths
    if kind == "npz":
        from netspec.training.sources.arrays import open_npz

        return open_npz(Npz(file=path.name), path, None)
    if kind == "text":
        from netspec.training.sources.text import open_text

        return open_text(Text(file=path.name), path, None)
    return _table(path, source, form)


def _kind(path: Path, source: Source | None) -> str:
    ending = path.suffix.lower()
    if path.is_dir() or ending in ENDINGS:
        return "pictures"
    if ending == ".npz":
        return "npz"
    if isinstance(source, Text):
        return "text"
    if ending in TABLES:
        return "table"
    raise DataError(Diagnostic("NS870", None, {"file": str(path)}, hints=(Hint("kinds"),)))


def _pictures(paths: list[Path], fit: bool) -> Rows:
    from netspec.training.sources.folder import picture_rows

    found: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS) if path.is_dir() else [path]
        if not inside:
            reject("NS870", None, Hint("empty"), file=str(path))
        found += inside
    return picture_rows(found, fit)


def _table(path: Path, source: Source | None, form: Mapping[str, Any]) -> Rows:
    from netspec.training.sources.csv_ import table_of

    try:
        return table_of(files.read(path), table_form(path.name, source, form), form.get("delimiter"))
    except OSError as error:
        reject("NS801", None, file=path.name, reason=reason(error))


def table_form(name: str, source: Source | None, form: Mapping[str, Any]) -> Csv:
    """How a table is written: as the run's own, where that was one."""
    if not isinstance(source, Csv):
        return Csv(file=name)
    names = source.names or form.get("names")
    found = {"header": source.header or form.get("header"), "names": names and tuple(names)}
    return source.changed(file=name, test=None, **found)


def standard_input(data: bytes, source: Source | None, form: Mapping[str, Any] = NO_FORM) -> Rows:
    """The table that comes in on standard input."""
    from netspec.training.sources.csv_ import table_of

    return table_of(data, table_form("<stdin>", source, form), form.get("delimiter"))
