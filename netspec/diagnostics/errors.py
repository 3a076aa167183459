"""Every error that netspec raises on purpose, as one tree.

    NetspecError                  all of them: `except netspec.NetspecError` catches each error below
    ├── SpecError                 the spec is wrong: names, sizes, types or settings
    ├── UsageError                an argument, an option or a path cannot be used
    ├── DataError                 the data cannot be read, or do not fit the spec
    ├── TrainError                a run ended before its last epoch
    │   ├── DivergedError         the loss or a weight became infinite or not a number
    │   └── StoppedError          a signal or a full disk stopped the run; `netspec.resume` continues it
    ├── MissingPackageError       a Python package is not installed
    └── UnforeseenError           a mistake in netspec or in code of yours that it called; `__cause__` has it

A wrong argument from Python (a number where a path is expected) is a TypeError or ValueError, as everywhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

from netspec.diagnostics.model import Diagnostic, Hint, Language, Phrase, Word, Words, plain
from netspec.version import VERSION


class NetspecError(Exception):
    """The base of all errors of netspec.

    Attributes:
        diagnostics: every mistake that was found, in the order of its place.
        exit_code: what the command line ends with.

    Example:
        >>> import netspec
        >>> try:
        ...     netspec.parse("net a {\\n  input x: 3\\n  output y: z -> relu\\n}")
        ... except netspec.NetspecError as error:
        ...     print(error.diagnostic.code, error.diagnostic.line, error.diagnostic.column)
        NS205 3 13
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = list(diagnostics)

    @property
    def diagnostic(self) -> Diagnostic:
        """The first diagnostic."""
        return self.diagnostics[0]

    def proposed(self) -> list[Diagnostic]:
        """The diagnostics with the statements as they must be written, where these are known."""
        return self.diagnostics

    def text(self, lang: Language = "en") -> str:
        """All diagnostics as `netspec check` prints them, in English (`en`) or Korean (`ko`)."""
        return plain(self.proposed(), lang)

    def __str__(self) -> str:
        return self.text()

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message says all, and a traceback through netspec would bury it."""
        return self.text().splitlines()


class SpecError(NetspecError):
    """The spec is wrong. `diagnostics` holds every mistake that was found, and the warnings beside them.

    Its text says how wrong statements must be written. That takes up to a hundred checks, so it is worked out when the
    text is asked for.
    """

    _propose: Callable[[], list[Diagnostic]] | None = None

    @classmethod
    def proposing(cls, found: list[Diagnostic], propose: Callable[[], list[Diagnostic]]) -> Self:
        """Return the error for these diagnostics; `propose` returns them with the statements to write."""
        error = cls(*found)
        error._propose = propose
        return error

    def proposed(self) -> list[Diagnostic]:
        if self._propose is not None:
            self.diagnostics, self._propose = self._propose(), None
        return self.diagnostics

    def __reduce__(self) -> tuple[type[SpecError], tuple[Diagnostic, ...]]:
        return type(self), tuple(self.proposed())


class UsageError(NetspecError):
    """An argument, an option or a path cannot be used: an unknown view, a folder that holds no run."""

    exit_code = 2


class DataError(NetspecError):
    """The data cannot be read, or do not fit the spec: a missing column, a row that is too short."""

    exit_code = 3


class TrainError(NetspecError):
    """A run ended before its last epoch. Its folder stays, with everything that was measured."""

    exit_code = 4


class DivergedError(TrainError):
    """The loss or a weight became infinite or not a number; the diagnostic names the layer and a remedy."""


class StoppedError(TrainError):
    """A signal or a full disk stopped the run. `netspec.resume` continues it from its newest checkpoint."""

    exit_code = 130


class MissingPackageError(NetspecError):
    """A Python package is not installed; the diagnostic names the command that installs it."""

    exit_code = 5


class UnforeseenError(NetspecError):
    """netspec, or code of yours that it called, raised an unexpected exception; the diagnostic names a file with the
    traceback. Only the command line and cells of notebooks make one: from Python calls the exception comes as it is."""

    exit_code = 70

    @classmethod
    def of(cls, error: Exception) -> UnforeseenError:
        """The error for an exception, whose traceback is written to a file unless `record` has done that."""
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = f"{Path(last[0].filename).name}:{last[0].lineno}" if last else "?"
        words: Words = {"kind": type(error).__name__, "reason": str(error)[:300] or "?", "place": place}
        path = record(error)
        hint = Hint("unwritten") if path is None else Hint("report", {"file": str(path)})
        found = cls(Diagnostic("NS923", None, words, hints=(hint,)))
        found.__cause__ = error
        return found


def record(error: BaseException, folder: Path | None = None) -> Path | None:
    """Write the traceback of an exception to a file, once.

    Parameters:
        error: the exception; it remembers the file.
        folder: where the file is made; a folder for temporary files when left out.

    Returns:
        the file; None if none can be written.
    """
    import platform
    import tempfile
    import traceback

    known: Path | None = getattr(error, "_netspec_record", None)
    if known is not None:
        return known
    lines = [f"netspec {VERSION}, Python {platform.python_version()}, {platform.platform()}\n"]
    text = "".join([*lines, *traceback.format_exception(error)])
    try:
        handle, name = tempfile.mkstemp(".txt", "netspec-failure-", folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        return None
    with contextlib.suppress(AttributeError):
        error._netspec_record = Path(name)  # type: ignore[attr-defined]
    return Path(name)


# ---- what the operating system refuses

_REASONS = {
    errno.ENOENT: Phrase("reason gone"),
    errno.EACCES: Phrase("reason forbidden"),
    errno.EPERM: Phrase("reason forbidden"),
    errno.EISDIR: Phrase("reason folder"),
    errno.ENOTDIR: Phrase("reason no folder"),
    errno.ENOSPC: Phrase("reason full"),
    errno.EDQUOT: Phrase("reason full"),
    errno.EROFS: Phrase("reason readonly"),
    errno.ENAMETOOLONG: Phrase("reason long"),
    errno.ELOOP: Phrase("reason loop"),
    errno.EMFILE: Phrase("reason files"),
    errno.EIO: Phrase("reason device"),
    errno.ENXIO: Phrase("reason special"),
    errno.EFBIG: Phrase("reason large"),
}


def reason(error: OSError) -> Word:
    """Why a file could not be opened, read or written, as a word of a message; else the system's own words."""
    known = _REASONS.get(error.errno or 0)
    return known if known is not None else error.strerror or str(error)
