"""What a file is by its first bytes, where it is not what the source reads: with the way to what the source reads."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NoReturn

from netspec.config.rows import reject
from netspec.diagnostics.model import Hint
from netspec.source import Span

HEAD = 512  # bytes that are looked at
# the first bytes of files of each kind
_SIGNS: tuple[tuple[Hint, tuple[bytes, ...]], ...] = (
    (Hint("office"), (b"\xd0\xcf\x11\xe0", b"{\\rtf")),
    (Hint("packed"), (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")),
    (Hint("pandas", {"format": "Parquet", "reader": "read_parquet"}), (b"PAR1",)),
    (Hint("pandas", {"format": "Feather", "reader": "read_feather"}), (b"ARROW1", b"FEA1")),
    (Hint("pandas", {"format": "HDF5", "reader": "read_hdf"}), (b"\x89HDF",)),
    (Hint("pandas", {"format": "SPSS", "reader": "read_spss"}), (b"$FL2",)),
    (Hint("pandas", {"format": "Stata", "reader": "read_stata"}), (b"<stata_dta>",)),
    (Hint("pandas", {"format": "pickle", "reader": "read_pickle"}), (b"\x80\x03", b"\x80\x04", b"\x80\x05")),
    (Hint("database"), (b"SQLite format 3",)),
    (Hint("npy"), (b"\x93NUMPY",)),
    (Hint("picture"), (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")),
    (Hint("pdf"), (b"%PDF",)),
    (Hint("lfs"), (b"version https://git-lfs",)),
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
    for hint, signs in _SIGNS:
        if head.startswith(signs):
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
