"""Output files: the whole file or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic, Quoted


def output_for(path: Path, endings: tuple[str, ...], read: Iterable[str | Path]) -> None:
    """Before the work: an output has one of its endings and is none of the files that the command reads.

    Raises NetspecError NS917 and NS916.
    """
    if endings and path.suffix.lower() not in endings:
        words: dict[str, Any] = {"file": str(path), "endings": Quoted(endings)}
        raise UsageError(Diagnostic("NS917", None, words))
    for other in read:
        try:
            same = os.path.samefile(path, other)
        except OSError:  # one of them is not there
            same = False
        if same:
            raise UsageError(Diagnostic("NS916", None, {"file": str(path)}))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes beside the target and renames; raises NetspecError NS906 where that is not possible."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent or Path("."), prefix=f".{path.name}", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        words: dict[str, Any] = {"file": str(path), "reason": reason(error)}
        raise UsageError(Diagnostic("NS906", None, words)) from None


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
