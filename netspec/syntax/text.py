"""Bytes -> SourceFile; reports files that are missing, too large or not UTF-8."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from netspec import files
from netspec.diagnostics.errors import reason
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Word
from netspec.names import nearest
from netspec.source import SourceFile, Span

MAX_BYTES = 1_000_000


def read_file(path: Path, name: str | None = None, limit: int = MAX_BYTES, used: bool = False) -> SourceFile:
    """Read the text of a spec.

    Args:
        path: the file.
        name: its name in messages; by default its path.
        limit: the most bytes that it may have.
        used: whether a `use` line names the file.

    Returns:
        The source file.

    Raises:
        Fault: the file cannot be read, is too large, or is not UTF-8 (NS001 to NS005, NS008).
    """
    shown = name or str(path)
    try:
        data = files.read(path, most=limit)
    except (IsADirectoryError, files.NotRegular) as error:
        kind = Phrase("a directory" if isinstance(error, IsADirectoryError) else "a device")
        raise _fault("NS008", file=shown, kind=kind) from None
    except OSError as error:  # some files, such as /proc/self/mem, can be opened but not read
        if error.errno == errno.EFBIG:
            raise _fault("NS005", file=shown, limit=limit) from None
        raise Fault(_closed(error, path, shown, used)) from None
    return decode(data, shown, path, limit)


def _like(path: Path) -> list[str]:
    """The file of the same folder whose name is the nearest to that of a file that is not there."""
    try:
        names = [name for name in os.listdir(path.parent) if name.endswith(".net")]
    except OSError:
        return []
    guess = nearest(path.name, names[:500]) or (names[0] if len(names) == 1 else None)
    return [guess] if guess else []


def _closed(error: OSError, path: Path, shown: str, used: bool) -> Diagnostic:
    """Report a file that cannot be opened (NS001), with a suggestion of a similar file name."""
    hints: tuple[Hint, ...] = ()
    if used:
        hints = (Hint("used"),)
    elif "\n" in shown:
        hints = (Hint("text"),)
    elif path.name and not path.suffix and path.with_name(f"{path.name}.net").is_file():
        hints = (Hint("nearest", {"name": f"{shown}.net"}),)
    elif isinstance(error, FileNotFoundError):
        hints = tuple(Hint("nearest", {"name": os.path.join(os.path.dirname(shown), name)}) for name in _like(path))
    return Diagnostic("NS001", None, {"file": shown, "reason": _reason(error)}, hints=hints)


def _reason(error: OSError) -> Word:
    if isinstance(error, FileNotFoundError):
        return Phrase("no file")
    return Phrase("no permission") if isinstance(error, PermissionError) else reason(error)


def decode(data: bytes, name: str, path: Path | None = None, limit: int = MAX_BYTES) -> SourceFile:
    """Decode UTF-8 bytes, with or without a byte order mark; raise Fault as `read_file` does."""
    if len(data) > limit:
        raise _fault("NS005", file=name, limit=limit)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        span = Span(SourceFile(name, data.decode("utf-16", "replace"), path), 0, 1)
        raise _fault("NS002", span, file=name, line="1", byte=f"0x{data[0]:02x}", encoding="UTF-16")
    if b"\x00" in data:
        raise _fault("NS003", _place(data, data.index(b"\x00"), name, path), file=name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "EUC-KR / CP949" if _decodes(data, "cp949") else Phrase("another encoding")
        span, byte = _place(data, error.start, name, path), f"0x{data[error.start]:02x}"
        raise _fault("NS002", span, file=name, line=str(line), byte=byte, encoding=encoding) from None
    return SourceFile(name, text.removeprefix("\ufeff"), path)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _place(data: bytes, at: int, name: str, path: Path | None) -> Span:
    """Return the place of a byte, in a text in which wrong bytes are replaced."""
    before = data[:at].decode("utf-8", "replace")
    source = SourceFile(name, before + data[at:].decode("utf-8", "replace"), path)
    return Span(source, len(before), len(before) + 1)


def _fault(code: str, span: Span | None = None, **words: Word) -> Fault:
    return Fault(Diagnostic(code, span, words))
