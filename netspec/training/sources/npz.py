"""npz files -> rows: named numpy arrays whose first axis counts the examples. Pickled objects are refused."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.config.rows import Classes, Faults, File, Rows, as_classes, asked, reject
from netspec.config.vocabulary.sources import Npz
from netspec.diagnostics.errors import reason
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.config.rows import Array


@dataclass(slots=True)
class ArrayRows(Rows):
    """Arrays by their names."""

    arrays: dict[str, Array] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        if name not in self.arrays:
            self.unknown(name, wanted)
        if self.arrays[name].dtype.kind not in "biuf":
            reject("NS823", wanted, name=name)
        return self.arrays[name]

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is None:
            reject("NS806", wanted, Hint("column"), what="label", source=self.name)
        if name not in self.arrays:
            self.unknown(name, wanted)
        values = self.arrays[name]
        if values.ndim != 1:
            reject("NS816", wanted, name=name, shape=str(tuple(values.shape)))
        codes, known = as_classes([str(value) for value in values.tolist()], names)
        for row in (codes < 0).nonzero()[0]:
            words = {"value": str(values[row]), "where": self.where(int(row), name)}
            faults.add(Diagnostic("NS817", None, words, labels=asked(wanted)))
        return Classes(codes, known)

    def where(self, row: int, name: str) -> str:
        return f"{self.name}: {name}[{row}]"


def open_npz(source: Npz, find: Path, test: Path | None) -> ArrayRows:
    """Reads the arrays, the test part's after them; raises NetspecError for a file that holds none."""
    import numpy as np

    arrays, file = _read(find, source.file, source, "file")
    files = [file]
    tested = None
    if test is not None and source.test is not None:
        tested = count_rows(arrays, source.file, source.at("file"))
        more, file = _read(test, source.test, source, "test")
        count_rows(more, source.test, source.at("test"))
        for name in arrays:
            if name not in more or more[name].shape[1:] != arrays[name].shape[1:]:
                reject("NS818", source.at("test"), name=name, file=source.test)
        arrays = {name: np.concatenate([values, more[name]]) for name, values in arrays.items()}
        files.append(file)
    count = count_rows(arrays, source.file, source.at("file"))
    return ArrayRows(count, source.file, tested, files, arrays=arrays)


def _read(path: Path, written: str, source: Npz, option: str) -> tuple[dict[str, Array], File]:
    import numpy as np

    try:
        data = path.read_bytes()
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files} if hasattr(found, "files") else {}
    except OSError as error:
        reject("NS801", source.at(option), file=written, reason=reason(error))
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError, TypeError):
        reject("NS803", source.at(option), file=written, kind="npz")
    if not arrays:
        reject("NS811", source.at(option), file=written)
    return arrays, File(written, len(data), hashlib.sha256(data).hexdigest())


def count_rows(arrays: dict[str, Array], name: str, span: Span | None) -> int:
    """How many examples the arrays have; all must agree."""
    counts = {key: len(values) if values.ndim else 0 for key, values in arrays.items()}
    if len(set(counts.values())) != 1:
        shown = ", ".join(f"{key}: {count}" for key, count in counts.items())
        reject("NS819", span, file=name, counts=shown)
    return next(iter(counts.values()))
