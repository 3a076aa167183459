"""Bytes on disk that are whole or absent: every write of a run goes through here.

A file is written beside its place, flushed to the disk, and renamed; the folder is flushed too, so that after a
power cut either the old file is there or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"


def write(path: Path, data: bytes) -> None:
    """Puts a file in place, whole or not at all; raises OSError."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        write_through(temporary, data)
        rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    write(path, text.encode("utf-8"))


def write_json(path: Path, document: Any) -> None:
    write_text(path, as_json(document))


def as_json(document: Any) -> str:
    """JSON that is the same bytes for the same values; numbers keep every digit, NaN is refused."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def write_through(path: Path, data: bytes) -> None:
    """Writes a file and waits until the disk has it."""
    with open(path, "wb") as stream:
        _write(stream, data)
        stream.flush()
        sync(stream.fileno())


def append(stream: Any, data: bytes) -> None:
    """Adds whole lines to a file that stays open."""
    _write(stream, data)
    stream.flush()


def _write(stream: Any, data: bytes) -> None:
    stream.write(data)


def sync(descriptor: int) -> None:
    os.fsync(descriptor)


def rename(old: Path, new: Path) -> None:
    os.replace(old, new)


def sync_folder(path: Path) -> None:
    """Waits until the disk has the folder's own entries; not every system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
