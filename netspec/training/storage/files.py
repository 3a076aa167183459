"""Every write of a run goes through here: bytes that are whole or absent, in plain files inside the run's folder.

A file is written beside its place, flushed to the disk, and renamed; the folder is flushed too, so that after a
power cut either the old file is there or the new one. Below the run's folder no link is followed, and nothing but a
regular file is opened: a folder that somebody else prepared cannot make a run write, truncate or delete outside it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NotPlain(OSError):
    """A name of a run's folder that is a link, or no regular file or folder. `filename` says which."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def require_plain(path: Path, root: Path) -> None:
    """Raises NotPlain where `path`, or a folder between `root` and it, is neither absent nor a plain file or folder.

    `root` itself may be a link: it is what the user named.
    """
    between = [path, *path.parents][: len(path.parts) - len(root.parts)]
    for place in reversed(between):
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(mode) and (place != path or not stat.S_ISREG(mode)):
            raise NotPlain(place)


def open_plain(path: Path, mode: str, root: Path) -> Any:
    """A stream to a file of a run, which stays open: mode `ab`, or `a+b` to read, too. Raises NotPlain, OSError.

    The file must have no second name (a hard link), through which another file would be changed.
    """
    require_plain(path, root)
    access = os.O_RDWR if "+" in mode else os.O_WRONLY
    try:
        descriptor = os.open(path, access | os.O_APPEND | os.O_CREAT | _OPEN, 0o666)
    except OSError as error:
        raise NotPlain(path) if error.errno in (errno.ELOOP, errno.ENXIO) else error from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise NotPlain(path)
    return os.fdopen(descriptor, mode)


def read(path: Path) -> bytes:
    """The bytes of a file. Raises OSError, also for a pipe or a device, whose end nobody knows."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        return stream.read()


def write(path: Path, data: bytes, root: Path | None = None) -> None:
    """Puts a file in place, whole or not at all. Raises NotPlain (where `root` is given) and OSError."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    if root is not None:
        require_plain(path, root)
        require_plain(temporary, root)
    try:
        write_through(temporary, data)
        rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_through(path: Path, data: bytes) -> None:
    """Writes a new file, in place of what an interrupted write left there, and waits until the disk has it."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        _write(stream, data)
        stream.flush()
        sync(stream.fileno())


def make_folder(path: Path, root: Path | None = None) -> None:
    """Makes a folder and those it stands in; one that is there will do. Raises NotPlain, OSError."""
    if root is not None:
        require_plain(path, root)
    path.mkdir(parents=True, exist_ok=True)


def make_new_folder(path: Path) -> None:
    """Makes a folder that must not be there yet. Raises FileExistsError, OSError."""
    path.mkdir(parents=True)


def remove_folder(path: Path, root: Path) -> None:
    """Removes a folder of a run with all that it holds; links inside are removed, not followed. Raises NotPlain."""
    require_plain(path, root)
    shutil.rmtree(path, ignore_errors=True)


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


def as_json(document: Any) -> str:
    """JSON that is the same bytes for the same values; numbers keep every digit, NaN is refused."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
