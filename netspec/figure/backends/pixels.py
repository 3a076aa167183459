"""Rows of colours -> the bytes of a PNG file, without a picture library."""

from __future__ import annotations

import struct
import zlib


def png_of(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """An RGB image from rows of `#rrggbb`."""
    height, width = len(rows), len(rows[0])
    raw = b"".join(b"\0" + b"".join(bytes.fromhex(colour[1:]) for colour in row) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data) for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
