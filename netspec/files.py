"""File operations: only regular files are opened, every write is atomic, and a run stays inside its folder.

A file is written under a temporary name, flushed to the disk and renamed. The folder is flushed too, so after a power
failure there is either the old file or the new one. A pipe, a device or a socket is refused before it is opened,
because opening or reading one may never end. Inside the folder of a run no link is followed, so that a manipulated
folder cannot make a run read, write, truncate or delete files outside of it.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from netspec.names import nearest

TEMPORARY = ".tmp"
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OPEN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NotPlain(OSError):
    """A path inside a run's folder is a link, or not a regular file or folder. `filename` is the path."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


class NotRegular(OSError):
    """A pipe, a device or a socket. `filename` says which."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ENXIO, os.strerror(errno.ENXIO), str(path))


def require_regular(path: Path, mode: int) -> None:
    """Raise IsADirectoryError or NotRegular if `mode`, a value of stat, is not that of a regular file."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotRegular(path)


def require_writable(path: Path) -> None:
    """Raise IsADirectoryError or NotRegular if an output would take the place of something that is not a file.

    A link to a file is allowed: the output replaces the link, and the file that it points to does not change.
    """
    try:
        mode = path.stat().st_mode
    except OSError:  # nothing is there, or a link to nothing
        return
    require_regular(path, mode)


def require_plain(path: Path, root: Path) -> None:
    """Raise NotPlain if `path`, or a folder between `root` and it, exists and is not a regular file or folder.

    `root` itself may be a link, because the user chose it.
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
    """Open a file of a run for appending.

    Parameters:
        mode: `ab`, or `a+b` to read the file, too.

    Raises:
        NotPlain: the path has a link, or the file has a second name, so that another file would be changed.
        OSError: the file cannot be opened.
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


def open_regular(path: Path, root: Path | None = None) -> Any:
    """Open a regular file for reading.

    Parameters:
        path: the file.
        root: the folder of a run, if the file belongs to one; then no link is followed.

    Raises:
        OSError: the file cannot be opened. IsADirectoryError: it is a folder. NotRegular: it is neither a file nor
            a folder. NotPlain: it is a link in the folder of a run.
    """
    if root is not None:
        require_plain(path, root)
    require_regular(path, path.stat().st_mode)  # before it is opened: a device may act on that alone
    descriptor = os.open(path, _READ | (0 if root is None else _OPEN))
    try:
        require_regular(path, os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read(path: Path, root: Path | None = None, most: int | None = None) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        OSError: as in `open_regular`, or the file has more than `most` bytes.
    """
    with open_regular(path, root) as stream:
        data: bytes = stream.read(-1 if most is None else most + 1)
    if most is not None and len(data) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


def size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if there is no file."""
    return path.lstat().st_size if os.path.lexists(path) else 0


def similar(folder: Path, name: str) -> str | None:
    """Return the file below `folder` that a wrong name probably means; None if no file is near.

    A file fits if its name differs only in capitals or in its ending, or is spelled nearly the same, or if it has this
    name and lies in a folder inside.
    """
    try:
        there = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        stem = name.partition(".")[0].casefold()
        alike = [other for other in there if other.partition(".")[0].casefold() == stem]
        guess = alike[0] if len(alike) == 1 else nearest(name, alike or there)
        inside = [inner for inner in there if (folder / inner / name).is_file()] if guess is None else []
    except OSError:
        return None
    return f"{inside[0]}/{name}" if len(inside) == 1 else guess


def ends_line(path: Path) -> bool:
    """Whether a file is there, is not empty, and ends with the end of a line."""
    if not size(path):
        return False
    with open_regular(path) as stream:
        stream.seek(-1, os.SEEK_END)
        return bool(stream.read(1) == b"\n")


def digest_of(stream: Any) -> tuple[int, str]:
    """Return the size of an open file and its SHA-256 in hexadecimal, and move the stream back to its start."""
    import hashlib

    found = hashlib.file_digest(stream, "sha256").hexdigest()
    size: int = stream.tell()
    stream.seek(0)
    return size, found


def write(path: Path, data: bytes, root: Path | None = None) -> None:
    """Write a file atomically. Raises OSError, and NotPlain if `root` is given."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    if root is None:
        require_writable(path)
    else:
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
    """Write a new file, replacing the remains of an interrupted write, and wait until it is on the disk."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        _write(stream, data)
        stream.flush()
        sync(stream.fileno())


def make_folder(path: Path, root: Path | None = None) -> None:
    """Create a folder and its parents if they do not exist. Raises NotPlain, OSError."""
    if root is not None:
        require_plain(path, root)
    path.mkdir(parents=True, exist_ok=True)


def make_new_folder(path: Path) -> None:
    """Create a folder that must not exist yet. Raises FileExistsError, OSError."""
    path.mkdir(parents=True)


def remove_folder(path: Path, root: Path) -> None:
    """Remove a folder of a run with its contents; links inside are removed, not followed. Raises NotPlain."""
    require_plain(path, root)
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def append(stream: Any, data: bytes) -> None:
    """Append complete lines to an open file."""
    _write(stream, data)
    stream.flush()


def _write(stream: Any, data: bytes) -> None:
    stream.write(data)


def sync(descriptor: int) -> None:
    os.fsync(descriptor)


def rename(old: Path, new: Path) -> None:
    os.replace(old, new)


def sync_folder(path: Path) -> None:
    """Wait until the entries of a folder are on the disk; not every system supports this."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
