"""Output files: the whole file or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from netspec.diagnostics.model import Diagnostic, NetspecError


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
        words = {"file": str(path), "reason": error.strerror or str(error)}
        raise NetspecError(Diagnostic("NS906", None, words), 2) from None


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
