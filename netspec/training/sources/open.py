"""A source in a data section -> its rows, from files that the spec may read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

from netspec import files
from netspec.config.rows import Rows, reject
from netspec.config.vocabulary.sources import Csv, Folder, Idx, Npz, Python, Sklearn, Source, Synthetic, Text
from netspec.diagnostics.model import Hint


class Places:
    """The folders from which data may be read: `--data DIR`, else the spec's folder and the root of `use`.

    `allowed` names the modules that `python("pkg:fn")` may import.
    """

    def __init__(
        self, folder: Path | None, root: Path | None, data: Path | None, allowed: tuple[str, ...] = ()
    ) -> None:
        self.allowed = allowed
        self.base = data or folder
        self.limits = [limit.resolve() for limit in ((data,) if data else (folder, root)) if limit is not None]

    def test(self, source: Source) -> Path | None:
        """Return the file or folder of the test part, if the source names one."""
        return None if getattr(source, "test", None) is None else self.find(source, "test")

    def find(self, source: Source, option: str, ending: str = "", also: tuple[str, ...] = ()) -> Path:
        """Return the file of an option, with `ending` added; raise NetspecError if it is missing or not allowed.

        `also` has endings of compressed forms, which are accepted too.
        """
        written = f"{getattr(source, option)}{ending}"
        span = source.at(option)
        if self.base is None:
            reject("NS834", span, Hint("data"), file=written)
        path = Path(written)
        if "\0" in written or path.is_absolute() or PureWindowsPath(written).drive or written.startswith("~"):
            reject("NS835", span, Hint("data"), file=written)
        found = (self.base / path).resolve()
        if not any(found.is_relative_to(limit) for limit in self.limits):
            reject("NS835", span, Hint("data"), file=written)
        there = [path for path in (found, *(found.with_name(found.name + packed) for packed in also)) if path.exists()]
        if not there:
            reject("NS800", span, *_instead(found, written), Hint("data"), file=written, folder=str(self.base))
        return there[0]


def _instead(path: Path, written: str) -> tuple[Hint, ...]:
    """Return the hint that names a file in place of an absent one, or says how a workbook is read."""
    guess = files.similar(path.parent, path.name)
    if "\\" in written:  # as Windows writes folders
        guess = written.replace("\\", "/")
    if guess is not None:
        return (Hint("column", {"guess": (Path(written).parent / guess).as_posix()}),)
    if path.suffix.lower() in (".xls", ".xlsx", ".xlsm", ".ods", ".hwp", ".numbers"):
        return (Hint("office", {"stem": path.stem}),)
    return ()


def open_source(source: Source, places: Places) -> Rows:
    """Read a source. Raises NetspecError: exit code 3 for mistakes in the data, 5 for a missing package."""
    opener = _OPEN.get(type(source))
    return source.open(places) if opener is None else opener(source, places)


def _sklearn(source: Sklearn, places: Places) -> Rows:
    from netspec.training.sources.sklearn_ import open_bundle

    return open_bundle(source)


def _csv(source: Csv, places: Places) -> Rows:
    from netspec.training.sources.csv_ import open_csv

    return open_csv(source, places.find(source, "file"), places.test(source))


def _npz(source: Npz, places: Places) -> Rows:
    from netspec.training.sources.arrays import open_npz

    return open_npz(source, places.find(source, "file"), places.test(source))


def _idx(source: Idx, places: Places) -> Rows:
    from netspec.training.sources.idx import IMAGES, LABELS, Files, open_idx

    parts = [
        Files(*(places.find(source, option, ending, also=(".gz",)) for ending in (IMAGES, LABELS)))
        for option in ("prefix", "test")
        if getattr(source, option) is not None
    ]
    return open_idx(source, parts[0], parts[1] if len(parts) > 1 else None)


def _folder(source: Folder, places: Places) -> Rows:
    from netspec.training.sources.folder import open_folder

    return open_folder(source, places.find(source, "folder"), places.test(source))


def _text(source: Text, places: Places) -> Rows:
    from netspec.training.sources.text import open_text

    return open_text(source, places.find(source, "file"), places.test(source))


def _synthetic(source: Synthetic, places: Places) -> Rows:
    from netspec.training.sources.synthetic import generate

    return generate(source)


def _python(source: Python, places: Places) -> Rows:
    from netspec.training.sources.arrays import open_python

    return open_python(source, places.allowed)


_OPEN: dict[type[Source], Callable[[Any, Places], Rows]] = {
    Sklearn: _sklearn,
    Csv: _csv,
    Npz: _npz,
    Idx: _idx,
    Folder: _folder,
    Text: _text,
    Synthetic: _synthetic,
    Python: _python,
}
