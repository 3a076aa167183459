"""Files that a user names on the command line -> rows for a trained run: a table, arrays, pictures, a text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netspec.diagnostics.errors import DataError, reason
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.sections.rows import Rows, reject
from netspec.sections.vocabulary.sources import Csv, Npz, Text
from netspec.training.sources.folder import ENDINGS

if TYPE_CHECKING:
    from netspec.sections.vocabulary.sources import Source

TABLES = frozenset((".csv", ".tsv", ".txt"))


def open_given(paths: list[Path], source: Source | None, fit: bool = False) -> Rows:
    """The rows in files of one kind; `source` is the run's own, whose way of writing tables holds here, too.
    With `fit` pictures of other sizes are resized.

    Raises NetspecError (exit code 3) for files that are not there, of no known kind, or of several kinds.
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
        from netspec.training.sources.npz import open_npz

        return open_npz(Npz(file=path.name), path, None)
    if kind == "text":
        from netspec.training.sources.text import open_text

        return open_text(Text(file=path.name), path, None)
    return _table(path, source)


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


def _table(path: Path, source: Source | None) -> Rows:
    from netspec.training.sources.csv_ import table_of

    try:
        return table_of(path.read_bytes(), table_form(path.name, source))
    except OSError as error:
        reject("NS801", None, file=path.name, reason=reason(error))


def table_form(name: str, source: Source | None) -> Csv:
    """How a table is written: as the run's own, where that was one; else by its name."""
    if isinstance(source, Csv):
        return Csv(file=name, delimiter=source.delimiter, names=source.names, encoding=source.encoding)
    return Csv(file=name, delimiter="\t" if name.lower().endswith(".tsv") else ",")


def standard_input(data: bytes, source: Source | None) -> Rows:
    """The table that comes in on standard input."""
    from netspec.training.sources.csv_ import table_of

    return table_of(data, table_form("<stdin>", source))
