"""A source as written -> its rows, from files that the spec may read."""

from __future__ import annotations

from pathlib import Path

from netspec.diagnostics.model import Hint
from netspec.sections.sources import Csv, Npz, Sklearn, Source
from netspec.training.sources.base import Rows, reject


class Places:
    """Where data files may lie: `--data DIR`, else the spec's folder and all below the root of `use`."""

    def __init__(self, folder: Path | None, root: Path | None, data: Path | None) -> None:
        self.base = data or folder
        self.limits = [limit.resolve() for limit in ((data,) if data else (folder, root)) if limit is not None]

    def find(self, source: Source, option: str) -> Path:
        """The file that an option names; raises NetspecError where it lies outside or is not there."""
        written: str = getattr(source, option)
        span = source.at(option)
        if self.base is None:
            reject("NS834", span, Hint("data"), file=written)
        path = Path(written)
        if "\0" in written or path.is_absolute() or written.startswith("~"):
            reject("NS835", span, Hint("data"), file=written)
        found = (self.base / path).resolve()
        if not any(found.is_relative_to(limit) for limit in self.limits):
            reject("NS835", span, Hint("data"), file=written)
        if not found.exists():
            reject("NS800", span, Hint("data"), file=written, folder=str(self.base))
        return found


def open_source(source: Source, places: Places) -> Rows:
    """Reads a source; raises NetspecError (exit code 3) for what is wrong with it, 5 for a missing package."""
    if isinstance(source, Sklearn):
        from netspec.training.sources.sklearn_ import open_bundle

        return open_bundle(source)
    if isinstance(source, Csv):
        from netspec.training.sources.csv_ import open_csv

        return open_csv(source, places.find(source, "file"), _test(source, source.test, places))
    if isinstance(source, Npz):
        from netspec.training.sources.npz import open_npz

        return open_npz(source, places.find(source, "file"), _test(source, source.test, places))
    raise AssertionError(source.word)


def _test(source: Source, written: str | None, places: Places) -> Path | None:
    return None if written is None else places.find(source, "test")
