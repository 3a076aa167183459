"""What a file is by its first bytes, where it is not what the source reads: with the way to what the source reads."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NoReturn

from netspec.config.rows import reject
from netspec.diagnostics.model import Hint
from netspec.source import Span

HEAD = 512  # bytes that are looked at
_SIGNS: tuple[tuple[bytes, Hint], ...] = (
    (b"\xd0\xcf\x11\xe0", Hint("office")),
    (b"{\\rtf", Hint("office")),
    (b"\x1f\x8b", Hint("packed")),
    (b"BZh", Hint("packed")),
    (b"\xfd7zXZ", Hint("packed")),
    (b"\x28\xb5\x2f\xfd", Hint("packed")),
    (b"7z\xbc\xaf", Hint("packed")),
    (b"Rar!", Hint("packed")),
    (b"PAR1", Hint("pandas", {"format": "Parquet", "reader": "read_parquet"})),
    (b"ARROW1", Hint("pandas", {"format": "Feather", "reader": "read_feather"})),
    (b"FEA1", Hint("pandas", {"format": "Feather", "reader": "read_feather"})),
    (b"\x89HDF", Hint("pandas", {"format": "HDF5", "reader": "read_hdf"})),
    (b"$FL2", Hint("pandas", {"format": "SPSS", "reader": "read_spss"})),
    (b"<stata_dta>", Hint("pandas", {"format": "Stata", "reader": "read_stata"})),
    (b"\x80\x03", Hint("pandas", {"format": "pickle", "reader": "read_pickle"})),
    (b"\x80\x04", Hint("pandas", {"format": "pickle", "reader": "read_pickle"})),
    (b"\x80\x05", Hint("pandas", {"format": "pickle", "reader": "read_pickle"})),
    (b"SQLite format 3", Hint("database")),
    (b"\x93NUMPY", Hint("npy")),
    (b"\x89PNG", Hint("picture")),
    (b"\xff\xd8\xff", Hint("picture")),
    (b"GIF8", Hint("picture")),
    (b"II*\0", Hint("picture")),
    (b"MM\0*", Hint("picture")),
    (b"%PDF", Hint("pdf")),
    (b"version https://git-lfs", Hint("lfs")),
)
_JSON = re.compile(rb"\s*(?:\{\s*\"|\[\s*[\[{\"])")
_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|table|meta|\?xml|script)\b", re.IGNORECASE)


def hint_of(head: bytes, tail: bytes, file: str) -> Hint | None:
    """Return the hint that says what a file is, if it is of a known kind that no table and no text has.

    Parameters:
        head: its first bytes.
        tail: its last bytes.
        file: its name.
    """
    name = PurePath(file).name
    words = {"file": name, "stem": PurePath(name).stem}
    for sign, hint in _SIGNS:
        if head.startswith(sign):
            return hint._replace(words={**words, **hint.words})
    if head.startswith(b"PK\x03\x04"):
        inside = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        if inside.endswith(b".npy"):
            return Hint("npz", words)
        parts = (b"[Content_Types]", b"_rels", b"docProps", b"xl/", b"word/", b"mimetype")
        return Hint("office", words) if inside.startswith(parts) else Hint("packed", words)
    if head[4:8] == b"ftyp":
        return Hint("phone", words)
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _PAGE.match(text):
        return Hint("svg", words) if b"<svg" in text else Hint("page", words)
    if _JSON.match(text) and tail.rstrip().endswith((b"}", b"]")):
        return Hint("pandas", {**words, "format": "JSON", "reader": "read_json"})
    return None


def reject_kind(data: bytes, file: str, kind: str, span: Span | None) -> NoReturn:
    """Raise DataError NS803 for a file that is not of a kind; say what it is, if that is known."""
    hint = hint_of(data[:HEAD], data[-HEAD:], file)
    if hint is None and kind != "csv" and data and b"\0" not in data[:HEAD]:
        hint = Hint("text", {"file": PurePath(file).name})
    reject("NS803", span, *([hint] if hint else ()), file=file, kind=kind)
