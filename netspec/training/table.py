"""Answers -> rows of a table, beside the rows that they are about; or named arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.sections.rows import Rows
from netspec.training.answers import Answer
from netspec.training.prepare import Dataset
from netspec.training.replay import ALL
from netspec.training.sources.csv_ import CsvRows
from netspec.training.sources.folder import FolderRows

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def as_table(answers: list[Answer], dataset: Dataset, rows: Rows, chances: bool) -> Iterator[list[str]]:
    """A header, then a row for each example: what was given, and `predicted_TARGET` with its probability.

    Of several labels each has a column of 0 and 1. With `chances` the probability of every class or label.
    Raises NetspecError (exit code 2) where an answer is no number or class but a whole picture or sequence.
    """
    for answer in answers:
        if answer.values.ndim > (1 if answer.classes else 2):
            words = {"name": answer.name, "shape": " x ".join(map(str, answer.values.shape[1:]))}
            raise UsageError(Diagnostic("NS875", None, words, hints=(Hint("arrays"),)))
    columns = [_columns(answer, chances) for answer in answers]
    names, given = _given(dataset, rows)
    yield [*names, *(name for column in columns for name in column)]
    for row in range(len(dataset.parts[ALL])):
        yield [*given(row), *(str(values[row]) for column in columns for values in column.values())]


def _given(dataset: Dataset, rows: Rows) -> tuple[list[str], Any]:
    """What stands in front of an answer: the table's own cells, the picture's file, or the row's number."""
    if isinstance(rows, FolderRows):
        return ["file"], lambda row: [rows.shown[row]]
    if isinstance(rows, CsvRows) and not dataset.windowed:
        cells = [cells for sheet in rows.sheets for cells in sheet.cells]
        return list(rows.header), lambda row: cells[row]
    # of a sequence the last row that the net saw
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
    """Arrays by name: `predicted_TARGET`, `probability_TARGET`."""
    found: dict[str, Any] = {}
    for answer in answers:
        found[f"predicted_{answer.name}"] = answer.named
        if answer.probabilities is not None:
            found[f"probability_{answer.name}"] = answer.probabilities
    return found
